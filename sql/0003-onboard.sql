-- Opening a wallet. A draft occupies nothing: neither phone nor ID number are unique here.
-- state: 1 draft, 2 submitted, 3 checking, 4 opened, 5 refused. face: 0 none, 1 checking, 2 passed, 3 failed.
CREATE TABLE onboard_application (
    number {INT} PRIMARY KEY CHECK (number > 0),
    id {BLOB} NOT NULL UNIQUE CHECK (length(id) = 16),
    token_hash {BLOB} UNIQUE CHECK (length(token_hash) = 32),
    case_number {TEXT} NOT NULL UNIQUE,
    state {INT} NOT NULL CHECK (state BETWEEN 1 AND 5),
    language {INT} NOT NULL CHECK (language IN (0, 1)),
    terms_version {TEXT} NOT NULL,
    consent_face {INT} NOT NULL CHECK (consent_face IN (0, 1)),
    name {BLOB},
    id_number {BLOB},
    phone {BLOB},
    phone_verified_us {INT} NOT NULL,
    face {INT} NOT NULL CHECK (face BETWEEN 0 AND 3),
    face_tries {INT} NOT NULL,
    password {TEXT},
    pin {TEXT},
    refusal {TEXT},
    created_us {INT} NOT NULL,
    submitted_us {INT} NOT NULL,
    checking_us {INT} NOT NULL,
    decided_us {INT} NOT NULL,
    expires_us {INT} NOT NULL
) {STRICT};
CREATE INDEX onboard_application_expires ON onboard_application (expires_us);
