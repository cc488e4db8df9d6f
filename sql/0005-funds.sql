-- Bank cards, top-ups and withdrawals; and the index with which bills find operations that ended without moving money.

-- One row per addition of a card. id = the client's key = the request id of the identity check at the bank. The full number
-- stands here as keyed hash only; while the bank is asked it is in the sealed payload of the outbox row.
-- state: 1 verifying, 2 awaiting code, 3 confirming, 4 bound, 5 failed, 6 removed. counted: a failure that uses up an addition.
-- code_us: when the bank sent its code.
CREATE TABLE funds_card (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    person {INT} NOT NULL,
    state {INT} NOT NULL CHECK (state BETWEEN 1 AND 6),
    bin {TEXT} NOT NULL CHECK (length(bin) BETWEEN 6 AND 8),
    last4 {TEXT} NOT NULL CHECK (length(last4) = 4),
    type {TEXT} NOT NULL,
    card_hash {BLOB} NOT NULL CHECK (length(card_hash) = 32),
    phone {BLOB} NOT NULL,
    token {BLOB} NOT NULL,
    confirm_id {BLOB},
    tries_left {INT} NOT NULL,
    failure {TEXT} NOT NULL,
    counted {INT} NOT NULL CHECK (counted IN (0, 1)),
    day {INT} NOT NULL,
    created_us {INT} NOT NULL,
    code_us {INT} NOT NULL
) {STRICT};
CREATE INDEX funds_card_person ON funds_card (person, created_us);
CREATE INDEX funds_card_number_day ON funds_card (card_hash, day);
CREATE INDEX funds_card_waiting ON funds_card (code_us) WHERE state = 2;
-- A card is bound once; one addition of it runs at a time.
CREATE UNIQUE INDEX funds_card_live ON funds_card (person, card_hash) WHERE state <= 4;

-- One row per top-up or withdrawal. id = the operation's id = the request id at the bank, for ever.
-- kind: 3 top-up, 4 withdrawal. state: 1 submitted, 2 processing, 3 unknown, 4 reversing, 10 done, 11 failed.
-- sends: requests that may have reached the bank. sent_us: last one whose fate is not known; 0 = next is to send.
CREATE TABLE funds_order (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    kind {INT} NOT NULL CHECK (kind IN (3, 4)),
    state {INT} NOT NULL CHECK (state IN (1, 2, 3, 4, 10, 11)),
    person {INT} NOT NULL,
    account {INT} NOT NULL,
    card {BLOB} NOT NULL REFERENCES funds_card (id),
    seq {INT} NOT NULL UNIQUE,
    amount {INT} NOT NULL CHECK (amount > 0),
    failure {TEXT} NOT NULL,
    reversal {BLOB},
    sends {INT} NOT NULL CHECK (sends >= 0),
    sent_us {INT} NOT NULL CHECK (sent_us >= 0),
    attempts {INT} NOT NULL CHECK (attempts >= 0),
    bank_ref {TEXT} NOT NULL,
    bank_time_us {INT} NOT NULL,
    created_us {INT} NOT NULL,
    done_us {INT} NOT NULL,
    CHECK ((state >= 10) = (done_us > 0)),
    CHECK (state <> 4 OR (kind = 3 AND reversal IS NOT NULL))
) {STRICT};
CREATE INDEX funds_order_card ON funds_order (card) WHERE state < 10;
CREATE INDEX funds_order_account ON funds_order (account) WHERE state < 10;

-- Calls without a usable answer in a row, per connector. open_until_us: new orders are refused until then.
CREATE TABLE funds_breaker (
    connector {TEXT} PRIMARY KEY,
    failures {INT} NOT NULL CHECK (failures >= 0),
    open_until_us {INT} NOT NULL
) {STRICT};
INSERT INTO funds_breaker (connector, failures, open_until_us) VALUES ('bank', 0, 0);

-- Operations that ended without a transfer stand on no account's chain; few, so these indexes cost the payment path nothing.
CREATE INDEX journal_unmoved_payer ON journal (payer_account, seq) WHERE state > 10 AND hold = 0;
CREATE INDEX journal_unmoved_payee ON journal (payee_account, seq) WHERE state > 10 AND hold = 0;
