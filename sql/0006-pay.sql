-- Paying: pay codes, merchants' orders, charges that wait for the payer, contacts.

-- Only the keyed hash of a code is stored. state: 1 live, 2 used, 3 void.
CREATE TABLE pay_code (
    hash {BLOB} NOT NULL PRIMARY KEY,
    person {INT} NOT NULL,
    account {INT} NOT NULL,
    created_us {INT} NOT NULL,
    expires_us {INT} NOT NULL,
    state {INT} NOT NULL CHECK (state IN (1, 2, 3)),
    used_by {BLOB}
){STRICT};
CREATE INDEX pay_code_live ON pay_code (person) WHERE state = 1;
CREATE INDEX pay_code_old ON pay_code (expires_us);

-- A merchant's order, shown as a dynamic code. state: 1 open, 2 paid, 3 closed.
CREATE TABLE pay_order (
    id {BLOB} NOT NULL PRIMARY KEY,
    merchant {INT} NOT NULL,
    account {INT} NOT NULL,
    amount {INT} NOT NULL CHECK (amount > 0),
    currency {INT} NOT NULL,
    order_text {TEXT} NOT NULL,
    state {INT} NOT NULL CHECK (state IN (1, 2, 3)),
    created_us {INT} NOT NULL,
    expires_us {INT} NOT NULL,
    paid_by {BLOB}
){STRICT};

-- A charge by pay code: what the till sees. code = 0 or the refusal (spec/errors.csv name). Its money is the journal's.
CREATE TABLE pay_charge (
    id {BLOB} NOT NULL PRIMARY KEY,
    merchant {INT} NOT NULL,
    merchant_account {INT} NOT NULL,
    person {INT} NOT NULL,
    account {INT} NOT NULL,
    amount {INT} NOT NULL CHECK (amount > 0),
    currency {INT} NOT NULL,
    order_text {TEXT} NOT NULL,
    state {INT} NOT NULL,
    refusal {TEXT} NOT NULL,
    journal_seq {INT} NOT NULL,
    created_us {INT} NOT NULL,
    expires_us {INT} NOT NULL,
    finished_us {INT} NOT NULL
){STRICT};
CREATE INDEX pay_charge_waiting ON pay_charge (expires_us) WHERE state = 2;
CREATE INDEX pay_charge_of_merchant ON pay_charge (merchant, created_us);

-- Whom a person has paid before.
CREATE TABLE pay_contact (
    person {INT} NOT NULL,
    peer {INT} NOT NULL,
    last_us {INT} NOT NULL,
    last_amount {INT} NOT NULL,
    PRIMARY KEY (person, peer)
)
-- @sqlite
STRICT, WITHOUT ROWID
-- @both
;
