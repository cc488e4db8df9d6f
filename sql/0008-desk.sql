-- Operators, their sessions, cases, approvals by a second person, the audit trail. What may hold personal data is sealed
-- (columns of type BLOB named as in vault contexts).

-- kind: 1 review, 2 unlock, 3 ticket. state: 1 open, 2 taken, 3 waits for a second operator, 4 done. level: 0 clerk, 1 lead, 2 head.
-- next_us: when it moves up by itself; 0 = no more. exact: 0 = a year without calendar was counted Monday to Friday.
CREATE TABLE desk_case (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    number {TEXT} NOT NULL CHECK (length(number) BETWEEN 8 AND 15),
    kind {INT} NOT NULL CHECK (kind BETWEEN 1 AND 3),
    state {INT} NOT NULL CHECK (state BETWEEN 1 AND 4),
    level {INT} NOT NULL CHECK (level BETWEEN 0 AND 2),
    topic {TEXT} NOT NULL,
    ref {BLOB} NOT NULL CHECK (length(ref) = 16),
    person {INT} NOT NULL,
    application {INT} NOT NULL,
    four_eyes {INT} NOT NULL CHECK (four_eyes IN (0, 1)),
    working_days {INT} NOT NULL,
    exact {INT} NOT NULL CHECK (exact IN (0, 1)),
    opened_us {INT} NOT NULL,
    due_us {INT} NOT NULL,
    next_us {INT} NOT NULL,
    decided_us {INT} NOT NULL,
    operator_taken {INT} NOT NULL,
    outcome {TEXT} NOT NULL
) {STRICT};
CREATE UNIQUE INDEX desk_case_live ON desk_case (kind, ref) WHERE state < 4;
CREATE INDEX desk_case_ref ON desk_case (kind, ref, opened_us);
CREATE INDEX desk_case_number ON desk_case (number, opened_us);
CREATE INDEX desk_case_queue ON desk_case (due_us, id) WHERE state < 4;
CREATE INDEX desk_case_next ON desk_case (next_us) WHERE state < 4 AND next_us > 0;
CREATE INDEX desk_case_done ON desk_case (decided_us, id) WHERE state = 4;

-- roles: bits of desk_role. state: 1 invited, 2 active, 3 closed. totp: the sealed key; totp_step: the last code used.
CREATE TABLE desk_operator (
    id {INT} PRIMARY KEY CHECK (id > 0),
    login {TEXT} NOT NULL UNIQUE,
    name {TEXT} NOT NULL,
    roles {INT} NOT NULL CHECK (roles >= 0),
    state {INT} NOT NULL CHECK (state BETWEEN 1 AND 3),
    password {TEXT} NOT NULL,
    totp {BLOB} NOT NULL,
    totp_step {INT} NOT NULL,
    setup_hash {BLOB} UNIQUE CHECK (length(setup_hash) = 32),
    setup_expires_us {INT} NOT NULL,
    wrong {INT} NOT NULL,
    locked_until_us {INT} NOT NULL,
    created_us {INT} NOT NULL,
    signed_in_us {INT} NOT NULL
) {STRICT};

-- A session is born after password and one-time code.
CREATE TABLE desk_session (
    token_hash {BLOB} PRIMARY KEY CHECK (length(token_hash) = 32),
    id {BLOB} NOT NULL UNIQUE CHECK (length(id) = 16),
    operator {INT} NOT NULL REFERENCES desk_operator (id),
    device {TEXT} NOT NULL,
    address_masked {TEXT} NOT NULL,
    created_us {INT} NOT NULL,
    last_used_us {INT} NOT NULL,
    expires_us {INT} NOT NULL,
    ended_us {INT} NOT NULL
) {STRICT};
CREATE INDEX desk_session_operator ON desk_session (operator) WHERE ended_us = 0;

-- What needs a second person. state: 1 waits, 2 carried out, 3 refused, 4 taken back or too old. The two are never the same person.
CREATE TABLE desk_approval (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    action {TEXT} NOT NULL,
    parameters {BLOB} NOT NULL,
    case_number {TEXT} NOT NULL,
    person {INT} NOT NULL,
    state {INT} NOT NULL CHECK (state BETWEEN 1 AND 4),
    reason {TEXT} NOT NULL,
    asked_by {INT} NOT NULL REFERENCES desk_operator (id),
    asked_us {INT} NOT NULL,
    decided_by {INT} NOT NULL,
    decided_us {INT} NOT NULL,
    expires_us {INT} NOT NULL,
    CHECK (decided_by <> asked_by OR state IN (1, 4)),
    CHECK (state = 1 OR decided_us > 0)
) {STRICT};
CREATE INDEX desk_approval_waiting ON desk_approval (asked_us, id) WHERE state = 1;
CREATE INDEX desk_approval_asked ON desk_approval (asked_us, id);

-- Views of one field by one operator on one business day.
CREATE TABLE desk_quota (
    operator {INT} NOT NULL REFERENCES desk_operator (id),
    day {INT} NOT NULL,
    used {INT} NOT NULL CHECK (used >= 0),
    PRIMARY KEY (operator, day)
) {STRICT};

-- The audit trail: each row's hash covers the row and the hash before it. operator 0 = the program itself.
CREATE TABLE desk_audit (
    seq {INT} PRIMARY KEY CHECK (seq > 0),
    at_us {INT} NOT NULL,
    operator {INT} NOT NULL,
    action {TEXT} NOT NULL,
    reason {TEXT} NOT NULL,
    note {BLOB} NOT NULL,
    case_number {TEXT} NOT NULL,
    person {INT} NOT NULL,
    target {TEXT} NOT NULL,
    before_class {TEXT} NOT NULL,
    after_class {TEXT} NOT NULL,
    previous {BLOB} NOT NULL CHECK (length(previous) = 32),
    hash {BLOB} NOT NULL CHECK (length(hash) = 32)
) {STRICT};
CREATE INDEX desk_audit_case ON desk_audit (case_number, seq) WHERE case_number <> '';
CREATE INDEX desk_audit_person ON desk_audit (person, seq) WHERE person <> 0;
CREATE INDEX desk_audit_operator ON desk_audit (operator, seq);
-- Its end: one row, locked by whoever writes the next one.
CREATE TABLE desk_audit_head (
    one {INT} PRIMARY KEY CHECK (one = 1),
    seq {INT} NOT NULL,
    hash {BLOB} NOT NULL CHECK (length(hash) = 32)
) {STRICT};
-- @sqlite
INSERT INTO desk_audit_head (one, seq, hash) VALUES (1, 0, zeroblob(32));
-- @begin
CREATE TRIGGER desk_audit_no_update BEFORE UPDATE ON desk_audit
BEGIN SELECT RAISE(ABORT, 'desk_audit is append-only'); END;
-- @end
-- @begin
CREATE TRIGGER desk_audit_no_delete BEFORE DELETE ON desk_audit
BEGIN SELECT RAISE(ABORT, 'desk_audit is append-only'); END;
-- @end
-- @begin
CREATE TRIGGER desk_audit_head_grows BEFORE UPDATE ON desk_audit_head WHEN NEW.seq < OLD.seq
BEGIN SELECT RAISE(ABORT, 'desk_audit only grows'); END;
-- @end
-- @begin
CREATE TRIGGER desk_approval_final BEFORE UPDATE ON desk_approval
WHEN OLD.state <> 1 OR NEW.asked_by <> OLD.asked_by OR NEW.parameters <> OLD.parameters OR NEW.action <> OLD.action
BEGIN SELECT RAISE(ABORT, 'an approval is decided once, as it was asked'); END;
-- @end
-- @postgres
INSERT INTO desk_audit_head (one, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
-- @begin
CREATE FUNCTION desk_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused', TG_OP, TG_TABLE_NAME;
END $$;
-- @end
CREATE TRIGGER desk_audit_no_update BEFORE UPDATE ON desk_audit
    FOR EACH ROW EXECUTE FUNCTION desk_refuse();
CREATE TRIGGER desk_audit_no_delete BEFORE DELETE ON desk_audit
    FOR EACH ROW EXECUTE FUNCTION desk_refuse();
CREATE TRIGGER desk_audit_no_truncate BEFORE TRUNCATE ON desk_audit
    FOR EACH STATEMENT EXECUTE FUNCTION desk_refuse();
CREATE TRIGGER desk_audit_head_grows BEFORE UPDATE ON desk_audit_head
    FOR EACH ROW WHEN (NEW.seq < OLD.seq) EXECUTE FUNCTION desk_refuse();
CREATE TRIGGER desk_approval_final BEFORE UPDATE ON desk_approval
    FOR EACH ROW WHEN (OLD.state <> 1 OR NEW.asked_by <> OLD.asked_by OR NEW.parameters <> OLD.parameters
    OR NEW.action <> OLD.action) EXECUTE FUNCTION desk_refuse();
