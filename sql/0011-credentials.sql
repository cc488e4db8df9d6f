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
