-- Locks that explain themselves.

-- automatic: 1 = ends at until_us by itself; 0 = somebody decides, until_us says by when. asked_us: when the person handed in what
-- is needed for the decision (0 = not yet). tries: how many wrong ones led to it. detail: sealed "name=value" lines.
ALTER TABLE guard_lock ADD COLUMN automatic {INT} NOT NULL DEFAULT 1;
ALTER TABLE guard_lock ADD COLUMN evidence {TEXT} NOT NULL DEFAULT '';
ALTER TABLE guard_lock ADD COLUMN tries {INT} NOT NULL DEFAULT 0;
ALTER TABLE guard_lock ADD COLUMN asked_us {INT} NOT NULL DEFAULT 0;
ALTER TABLE guard_lock ADD COLUMN outcome {TEXT} NOT NULL DEFAULT '';
ALTER TABLE guard_lock ADD COLUMN detail {BLOB};
CREATE INDEX guard_lock_due ON guard_lock (until_us) WHERE ended_us = 0 AND automatic = 1;

-- What the payment path reads of locks. out_lock: number of the code that stops transfers (4 = L04), until out_lock_us.
-- caution_us: until then a large transfer to a new payee asks first. The same columns stand still in every other write.
ALTER TABLE guard_wallet ADD COLUMN out_lock {INT} NOT NULL DEFAULT 0;
ALTER TABLE guard_wallet ADD COLUMN out_lock_us {INT} NOT NULL DEFAULT 0;
ALTER TABLE guard_wallet ADD COLUMN caution_us {INT} NOT NULL DEFAULT 0;

-- Browsers that a person logged in from; the cookie's token is known by its keyed hash only. state: 1 known, 2 waits for the owner's
-- word, 3 refused by the owner.
CREATE TABLE guard_device (
    person {INT} NOT NULL REFERENCES party_person (id),
    token_hash {BLOB} NOT NULL CHECK (length(token_hash) = 32),
    state {INT} NOT NULL CHECK (state BETWEEN 1 AND 3),
    name {BLOB} NOT NULL,
    place_hash {BLOB} NOT NULL CHECK (length(place_hash) = 32),
    case_number {TEXT} NOT NULL,
    first_us {INT} NOT NULL,
    last_us {INT} NOT NULL,
    PRIMARY KEY (person, token_hash)
) {STRICT};

-- Log-ins and their failures, for the person's own history. result: 1 logged in, 2 wrong password, 3 locked, 4 waits for the owner's
-- word, 5 refused by the owner. place_hash: keyed hash of the address class.
CREATE TABLE guard_signin (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    person {INT} NOT NULL REFERENCES party_person (id),
    at_us {INT} NOT NULL,
    result {INT} NOT NULL CHECK (result BETWEEN 1 AND 5),
    device {BLOB} NOT NULL,
    place {BLOB} NOT NULL,
    place_hash {BLOB} NOT NULL CHECK (length(place_hash) = 32),
    token_hash {BLOB},
    session {BLOB}
) {STRICT};
CREATE INDEX guard_signin_person ON guard_signin (person, at_us);
CREATE INDEX guard_signin_at ON guard_signin (at_us);
CREATE INDEX guard_signin_place ON guard_signin (person, place_hash) WHERE result = 1;

-- The security check-up after a lock: what was looked at. steps: bits of guard_checkup_step.
CREATE TABLE guard_checkup (
    person {INT} PRIMARY KEY REFERENCES party_person (id),
    case_number {TEXT} NOT NULL,
    steps {INT} NOT NULL,
    due_us {INT} NOT NULL,
    done_us {INT} NOT NULL
) {STRICT};

-- When somebody was paid for the first time: the check-up shows who is new.
ALTER TABLE pay_contact ADD COLUMN first_us {INT} NOT NULL DEFAULT 0;
