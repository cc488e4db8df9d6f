-- Passwords, PINs, resets, second factors.

-- Passwords and PINs that were in use before, so that they are not chosen again: at most ten of each. kind: 1 password, 2 PIN.
CREATE TABLE party_secret_past (
    person {INT} NOT NULL REFERENCES party_person (id),
    kind {INT} NOT NULL CHECK (kind IN (1, 2)),
    version {INT} NOT NULL,
    stored {TEXT} NOT NULL,
    at_us {INT} NOT NULL,
    PRIMARY KEY (person, kind, version)
) {STRICT};

-- After a reset, what leaves the wallet is limited until this moment; transfer_used: transfers and withdrawals of the day.
ALTER TABLE guard_wallet ADD COLUMN lowered_until_us {INT} NOT NULL DEFAULT 0;
ALTER TABLE guard_wallet ADD COLUMN transfer_used {INT} NOT NULL DEFAULT 0 CHECK (transfer_used >= 0);

-- When the phone was last proved to be the person's (a code typed); 0 = when the wallet was opened.
ALTER TABLE party_person ADD COLUMN phone_proved_us {INT} NOT NULL DEFAULT 0;

-- The authenticator app of a person. state: 1 being set up, 2 on. last_step: of the last accepted code. removal_us: when a
-- wanted removal takes effect (0 = none). wrong: times of wrong codes, 8 bytes each.
CREATE TABLE guard_factor (
    person {INT} PRIMARY KEY REFERENCES party_person (id),
    state {INT} NOT NULL CHECK (state IN (1, 2)),
    secret {BLOB} NOT NULL,
    since_us {INT} NOT NULL,
    last_step {INT} NOT NULL,
    removal_us {INT} NOT NULL,
    wrong {BLOB} NOT NULL
) {STRICT};
-- Each works once; what was used is deleted.
CREATE TABLE guard_recovery (
    person {INT} NOT NULL REFERENCES party_person (id),
    code_hash {BLOB} NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (person, code_hash)
) {STRICT};

-- Resets on their way. kind: 1 password, 2 PIN. person 0: nobody has this document and phone; that is told after the code, not
-- before. step: 1 code, 2 factor, 3 secret, 4 done, 5 refused. face: 0 none, 1 checking, 2 passed, 3 failed.
CREATE TABLE recover_reset (
    number {INT} PRIMARY KEY CHECK (number > 0),
    id {BLOB} NOT NULL UNIQUE CHECK (length(id) = 16),
    token_hash {BLOB} NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    kind {INT} NOT NULL CHECK (kind IN (1, 2)),
    person {INT} NOT NULL,
    phone {BLOB} NOT NULL,
    language {INT} NOT NULL,
    step {INT} NOT NULL CHECK (step BETWEEN 1 AND 5),
    factors {INT} NOT NULL,
    face {INT} NOT NULL CHECK (face BETWEEN 0 AND 3),
    face_tries {INT} NOT NULL,
    created_us {INT} NOT NULL,
    expires_us {INT} NOT NULL
) {STRICT};
CREATE INDEX recover_reset_expires ON recover_reset (expires_us);
