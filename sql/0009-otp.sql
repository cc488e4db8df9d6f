-- One-time codes: challenges and their ways to the phone. Codes live for minutes: those of the earlier table are asked for again.
DROP TABLE guard_challenge;
-- closed: 0 live, 1 used, 2 tries ran out, 3 replaced or expired.
CREATE TABLE otp_challenge (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    purpose {TEXT} NOT NULL,
    subject {INT} NOT NULL,
    stream {INT} NOT NULL,
    phone {BLOB} NOT NULL,
    phone_hash {BLOB} NOT NULL CHECK (length(phone_hash) = 32),
    device_hash {BLOB},
    code {BLOB} NOT NULL,
    code_hash {BLOB} NOT NULL CHECK (length(code_hash) = 32),
    digits {INT} NOT NULL CHECK (digits IN (6, 8)),
    language {INT} NOT NULL,
    voice {INT} NOT NULL CHECK (voice IN (0, 1)),
    blind {INT} NOT NULL CHECK (blind IN (0, 1)),
    tries {INT} NOT NULL,
    day {INT} NOT NULL,
    created_us {INT} NOT NULL,
    sent_us {INT} NOT NULL,
    expires_us {INT} NOT NULL,
    closed {INT} NOT NULL CHECK (closed BETWEEN 0 AND 3)
) {STRICT};
CREATE UNIQUE INDEX otp_challenge_live ON otp_challenge (purpose, subject) WHERE closed = 0;
CREATE INDEX otp_challenge_subject ON otp_challenge (purpose, subject, created_us);
CREATE INDEX otp_challenge_phone ON otp_challenge (phone_hash, day);
CREATE INDEX otp_challenge_device ON otp_challenge (device_hash, day);
CREATE INDEX otp_challenge_end ON otp_challenge (expires_us);

-- One message or call. route: 1 SMS A, 2 SMS B, 3 voice, 4 counter. by_itself: the ladder's own.
-- class: 0 nothing known, 1 accepted by the carrier, 2 unmapped, 3 silent, 4 route, 5 number, 6 delivered.
CREATE TABLE otp_attempt (
    challenge {BLOB} NOT NULL CHECK (length(challenge) = 16),
    seq {INT} NOT NULL CHECK (seq BETWEEN 1 AND 16),
    route {INT} NOT NULL CHECK (route BETWEEN 1 AND 4),
    by_itself {INT} NOT NULL CHECK (by_itself IN (0, 1)),
    wish_key {BLOB} NOT NULL,
    phone_hash {BLOB} NOT NULL CHECK (length(phone_hash) = 32),
    day {INT} NOT NULL,
    queued_us {INT} NOT NULL,
    accepted_us {INT} NOT NULL,
    carrier_us {INT} NOT NULL,
    report_us {INT} NOT NULL,
    code {TEXT} NOT NULL,
    class {INT} NOT NULL CHECK (class BETWEEN 0 AND 6),
    cause {INT} NOT NULL CHECK (cause BETWEEN 0 AND 13),
    gateway_id {TEXT} NOT NULL,
    PRIMARY KEY (challenge, seq)
) {STRICT};
CREATE INDEX otp_attempt_phone ON otp_attempt (phone_hash, day);

-- Every report as it came: of a known message (challenge and seq) or of none (challenge NULL).
CREATE TABLE otp_report (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    challenge {BLOB},
    seq {INT} NOT NULL,
    code {TEXT} NOT NULL,
    class {INT} NOT NULL,
    at_us {INT} NOT NULL
) {STRICT};
CREATE INDEX otp_report_at ON otp_report (at_us);
CREATE INDEX otp_report_unmapped ON otp_report (code, at_us) WHERE class = 2;

-- What the client told of itself and why its last wish was refused, by flow.
CREATE TABLE otp_client (
    purpose {TEXT} NOT NULL,
    subject {INT} NOT NULL,
    event {INT} NOT NULL CHECK (event BETWEEN 0 AND 4),
    event_key {BLOB} NOT NULL,
    event_us {INT} NOT NULL,
    refused_cause {INT} NOT NULL CHECK (refused_cause IN (0, 1, 2, 5, 13)),
    refused_us {INT} NOT NULL,
    refused_until_us {INT} NOT NULL,
    PRIMARY KEY (purpose, subject)
) {STRICT};
CREATE INDEX otp_client_event ON otp_client (event_us);

-- What carriers said of a number.
CREATE TABLE otp_number (
    phone_hash {BLOB} PRIMARY KEY CHECK (length(phone_hash) = 32),
    empty_us {INT} NOT NULL,
    delivered_us {INT} NOT NULL,
    ported_us {INT} NOT NULL,
    proved_us {INT} NOT NULL
) {STRICT};

-- Wrong codes of all flows by hour, for the budget of guesses.
CREATE TABLE otp_wrong (
    hour {INT} PRIMARY KEY CHECK (hour > 0),
    count {INT} NOT NULL
) {STRICT};

-- Messages asked for by a client address, by hour.
CREATE TABLE otp_address (
    address_hash {BLOB} NOT NULL CHECK (length(address_hash) = 32),
    hour {INT} NOT NULL,
    count {INT} NOT NULL,
    PRIMARY KEY (address_hash, hour)
) {STRICT};
CREATE INDEX otp_address_hour ON otp_address (hour);
