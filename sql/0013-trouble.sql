-- Mismatches, hand-over, branch tickets, reminders.
-- What a decision found. kind: 0 settled, 1 name, 2 document, 3 phone not linked, 4 told at the branch only.
-- linked: 0 no, 1 the phone was linked by the bound card, 2 at the branch.
CREATE TABLE onboard_trouble (
    number {INT} PRIMARY KEY CHECK (number > 0),
    kind {INT} NOT NULL CHECK (kind BETWEEN 0 AND 4),
    misses {INT} NOT NULL CHECK (misses >= 0),
    found_us {INT} NOT NULL,
    linked {INT} NOT NULL CHECK (linked BETWEEN 0 AND 2)
) {STRICT};
-- A small amount sent to the person's own card, to be typed back.
-- money: 1 to send, 2 sent, 3 credited, 4 refused, 5 to return, 6 return sent, 7 returned, 8 return refused.
-- outcome: 0 open, 1 linked, 2 three misses, 3 expired, 4 card refused.
CREATE TABLE onboard_link (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    return_id {BLOB} NOT NULL UNIQUE CHECK (length(return_id) = 16),
    number {INT} NOT NULL,
    id_hash {BLOB} NOT NULL CHECK (length(id_hash) = 32),
    card {BLOB},
    last4 {TEXT} NOT NULL,
    bank {TEXT} NOT NULL,
    amount {INT} NOT NULL CHECK (amount BETWEEN 1 AND 99),
    money {INT} NOT NULL CHECK (money BETWEEN 1 AND 8),
    outcome {INT} NOT NULL CHECK (outcome BETWEEN 0 AND 4),
    misses {INT} NOT NULL CHECK (misses BETWEEN 0 AND 3),
    sent_us {INT} NOT NULL,
    created_us {INT} NOT NULL,
    until_us {INT} NOT NULL,
    ended_us {INT} NOT NULL
) {STRICT};
CREATE INDEX onboard_link_number ON onboard_link (number);
CREATE INDEX onboard_link_person ON onboard_link (id_hash, created_us);
CREATE INDEX onboard_link_open ON onboard_link (until_us) WHERE outcome = 0;
-- Hand-overs to another device (kind 1) and to a branch (kind 2). The draft's copy is sealed under a key that is not here;
-- `wrapped` holds that key only under the typed code (kind 1) or, if the person agreed, under the branch's key (kind 2).
-- ending: 0 open, 1 used, 2 cancelled, 3 replaced by a newer one.
CREATE TABLE onboard_pass (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    kind {INT} NOT NULL CHECK (kind IN (1, 2)),
    number {INT} NOT NULL,
    code_hash {BLOB} UNIQUE CHECK (length(code_hash) = 32),
    ticket {TEXT} UNIQUE,
    sealed {BLOB},
    wrapped {BLOB},
    cause {INT} NOT NULL,
    findings {TEXT} NOT NULL,
    case_number {TEXT} NOT NULL,
    created_us {INT} NOT NULL,
    expires_us {INT} NOT NULL,
    ending {INT} NOT NULL CHECK (ending BETWEEN 0 AND 3),
    ended_us {INT} NOT NULL
) {STRICT};
CREATE INDEX onboard_pass_number ON onboard_pass (number, kind);
-- The answer of a step by the key of the attempt: the same attempt gets the same answer.
CREATE TABLE onboard_attempt (
    number {INT} NOT NULL,
    attempt {BLOB} NOT NULL CHECK (length(attempt) = 16),
    route {TEXT} NOT NULL,
    status {INT} NOT NULL,
    answer {BLOB},
    at_us {INT} NOT NULL,
    PRIMARY KEY (number, attempt)
) {STRICT};
CREATE INDEX onboard_attempt_at ON onboard_attempt (at_us);
-- Announced maintenance. scope: 1 opening only, 2 everything. At most one is in force.
CREATE TABLE guard_maintenance (
    number {INT} PRIMARY KEY CHECK (number > 0),
    scope {INT} NOT NULL CHECK (scope IN (1, 2)),
    from_us {INT} NOT NULL,
    until_us {INT} NOT NULL CHECK (until_us > from_us),
    ended_us {INT} NOT NULL,
    set_by {INT} NOT NULL,
    approved_by {INT} NOT NULL,
    note_zh {TEXT} NOT NULL,
    note_en {TEXT} NOT NULL
) {STRICT};
CREATE INDEX guard_maintenance_open ON guard_maintenance (from_us) WHERE ended_us = 0;
-- "Tell me when it is back". subject: a person, or minus the number of a draft.
CREATE TABLE guard_reminder (
    subject {INT} PRIMARY KEY,
    phone {BLOB} NOT NULL,
    language {INT} NOT NULL CHECK (language IN (0, 1)),
    created_us {INT} NOT NULL,
    told_us {INT} NOT NULL
) {STRICT};
