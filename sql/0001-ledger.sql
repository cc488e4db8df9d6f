-- The ledger. Written only by books/; the invariants L1 … L13 are those of docs/LEDGER.md.

-- One row: the next number. Every group of postings begins by reading it (and locking it on PostgreSQL) and ends by
-- updating it, so that the order of numbers is the order of commits (L13).
CREATE TABLE ledger_sequence (
    one {INT} PRIMARY KEY CHECK (one = 1),
    next {INT} NOT NULL CHECK (next >= 1),
    next_account {INT} NOT NULL CHECK (next_account >= 1000000000)
) {STRICT};
INSERT INTO ledger_sequence (one, next, next_account) VALUES (1, 1, 1000000000);

CREATE TABLE ledger_book (
    currency {INT} PRIMARY KEY,
    code {TEXT} NOT NULL UNIQUE,
    exponent {INT} NOT NULL CHECK (exponent BETWEEN 0 AND 4),
    opened_us {INT} NOT NULL
) {STRICT};

-- flags: 1 credit-only (L6), 2 debit-only, 4 frozen out, 8 frozen in, 16 closed, 32 normal side is debit.
CREATE TABLE ledger_account (
    id {INT} PRIMARY KEY,
    currency {INT} NOT NULL REFERENCES ledger_book (currency),
    kind {INT} NOT NULL,
    owner {INT} NOT NULL,
    debits_pending {INT} NOT NULL CHECK (debits_pending >= 0),
    debits_posted {INT} NOT NULL CHECK (debits_posted >= 0),
    credits_pending {INT} NOT NULL CHECK (credits_pending >= 0),
    credits_posted {INT} NOT NULL CHECK (credits_posted >= 0),
    last_seq {INT} NOT NULL CHECK (last_seq >= 0),
    flags {INT} NOT NULL CHECK (flags BETWEEN 0 AND 63),
    opened_us {INT} NOT NULL,
    CHECK (id > 0),
    CHECK ((flags & 1) = 0 OR debits_pending + debits_posted <= credits_posted),
    CHECK ((flags & 2) = 0 OR credits_pending + credits_posted <= debits_posted),
    CHECK (kind < 100 OR kind > 102 OR (flags & 1) = 1)
) {STRICT};
CREATE UNIQUE INDEX ledger_account_owner ON ledger_account (owner, kind, currency);

-- kind: 1 post, 2 hold, 3 capture, 4 release, 5 expire. code: what for. link: number of the operation or of the set's head.
-- debit_prev, credit_prev: the account's transfer before this one; a statement walks them by primary key.
CREATE TABLE ledger_transfer (
    seq {INT} PRIMARY KEY CHECK (seq >= 1),
    id {BLOB} NOT NULL UNIQUE CHECK (length(id) = 16),
    kind {INT} NOT NULL CHECK (kind BETWEEN 1 AND 5),
    code {INT} NOT NULL,
    debit {INT} NOT NULL,
    credit {INT} NOT NULL,
    amount {INT} NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    currency {INT} NOT NULL,
    hold_seq {INT} NOT NULL,
    link {INT} NOT NULL,
    debit_prev {INT} NOT NULL,
    credit_prev {INT} NOT NULL,
    at_us {INT} NOT NULL,
    business_date {INT} NOT NULL,
    CHECK (debit <> credit),
    CHECK ((kind >= 3) = (hold_seq > 0)),
    CHECK (hold_seq < seq AND link BETWEEN 1 AND seq),
    CHECK (debit_prev < seq AND credit_prev < seq)
) {STRICT};

-- state: 1 open, 2 captured, 3 released, 4 expired.
CREATE TABLE ledger_hold (
    seq {INT} PRIMARY KEY,
    amount {INT} NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    captured {INT} NOT NULL CHECK (captured BETWEEN 0 AND amount),
    state {INT} NOT NULL CHECK (state BETWEEN 1 AND 4),
    expires_us {INT} NOT NULL,
    CHECK ((state = 2) = (captured > 0))
) {STRICT};
CREATE INDEX ledger_hold_due ON ledger_hold (expires_us) WHERE state = 1;

-- One row per money operation that a person sees; memo, related and detail may be empty.
-- seq: the number of its first transfer, or its own when it began without one.
CREATE TABLE journal (
    seq {INT} PRIMARY KEY CHECK (seq >= 1),
    id {BLOB} NOT NULL UNIQUE CHECK (length(id) = 16),
    kind {INT} NOT NULL CHECK (kind BETWEEN 1 AND 19),
    state {INT} NOT NULL CHECK (state BETWEEN 1 AND 12),
    payer_account {INT} NOT NULL,
    payee_account {INT} NOT NULL,
    amount {INT} NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    fee {INT} NOT NULL CHECK (fee >= 0),
    settled {INT} NOT NULL CHECK (settled BETWEEN 0 AND amount),
    refunded {INT} NOT NULL CHECK (refunded BETWEEN 0 AND settled),
    currency {INT} NOT NULL,
    hold {INT} NOT NULL,
    memo {TEXT} NOT NULL,
    related {BLOB} NOT NULL CHECK (length(related) IN (0, 16)),
    at_us {INT} NOT NULL,
    done_us {INT} NOT NULL,
    detail {TEXT} NOT NULL,
    CHECK (payer_account <> payee_account),
    CHECK ((state >= 10) = (done_us > 0)),
    CHECK ((state = 10) = (settled > 0))
) {STRICT};
CREATE INDEX journal_open ON journal (at_us) WHERE state < 10;
CREATE INDEX journal_open_payer ON journal (payer_account) WHERE state < 10;
CREATE INDEX journal_open_payee ON journal (payee_account) WHERE state < 10;

-- L3: transfers are never changed or deleted; posted counters only grow; what is final stays.
-- @sqlite
-- @begin
CREATE TRIGGER ledger_transfer_no_update BEFORE UPDATE ON ledger_transfer
BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only (L3)'); END;
-- @end
-- @begin
CREATE TRIGGER ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer
BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only (L3)'); END;
-- @end
-- @begin
CREATE TRIGGER ledger_account_grows BEFORE UPDATE ON ledger_account
WHEN NEW.debits_posted < OLD.debits_posted OR NEW.credits_posted < OLD.credits_posted
    OR NEW.last_seq < OLD.last_seq OR NEW.id <> OLD.id OR NEW.currency <> OLD.currency
    OR NEW.kind <> OLD.kind OR NEW.owner <> OLD.owner
BEGIN SELECT RAISE(ABORT, 'posted counters only grow (L3)'); END;
-- @end
-- @begin
CREATE TRIGGER ledger_account_no_delete BEFORE DELETE ON ledger_account
BEGIN SELECT RAISE(ABORT, 'accounts are never deleted (L3)'); END;
-- @end
-- @begin
CREATE TRIGGER ledger_hold_ends_once BEFORE UPDATE ON ledger_hold
WHEN OLD.state <> 1 OR NEW.seq <> OLD.seq OR NEW.amount <> OLD.amount
BEGIN SELECT RAISE(ABORT, 'a hold ends once (L8)'); END;
-- @end
-- @begin
CREATE TRIGGER ledger_hold_no_delete BEFORE DELETE ON ledger_hold
BEGIN SELECT RAISE(ABORT, 'holds are never deleted (L8)'); END;
-- @end
-- @begin
CREATE TRIGGER journal_final BEFORE UPDATE ON journal
WHEN NEW.seq <> OLD.seq OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.amount <> OLD.amount
    OR NEW.payer_account <> OLD.payer_account OR NEW.payee_account <> OLD.payee_account
    OR NEW.currency <> OLD.currency OR (OLD.hold <> 0 AND NEW.hold <> OLD.hold)
    OR (OLD.state >= 10 AND NEW.state <> OLD.state)
BEGIN SELECT RAISE(ABORT, 'a final operation stays as it is (L3)'); END;
-- @end
-- @begin
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'operations are never deleted (L3)'); END;
-- @end
-- @postgres
ALTER TABLE ledger_account SET (fillfactor = 60);
-- @begin
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % refused (L3, L8)', TG_OP, TG_TABLE_NAME;
END $$;
-- @end
CREATE TRIGGER ledger_transfer_no_update BEFORE UPDATE ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_transfer_no_truncate BEFORE TRUNCATE ON ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_grows BEFORE UPDATE ON ledger_account FOR EACH ROW
    WHEN (NEW.debits_posted < OLD.debits_posted OR NEW.credits_posted < OLD.credits_posted
    OR NEW.last_seq < OLD.last_seq OR NEW.id <> OLD.id OR NEW.currency <> OLD.currency
    OR NEW.kind <> OLD.kind OR NEW.owner <> OLD.owner)
    EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_no_delete BEFORE DELETE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_no_truncate BEFORE TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_hold_ends_once BEFORE UPDATE ON ledger_hold FOR EACH ROW
    WHEN (OLD.state <> 1 OR NEW.seq <> OLD.seq OR NEW.amount <> OLD.amount)
    EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_hold_no_delete BEFORE DELETE ON ledger_hold
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER journal_final BEFORE UPDATE ON journal FOR EACH ROW
    WHEN (NEW.seq <> OLD.seq OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.amount <> OLD.amount
    OR NEW.payer_account <> OLD.payer_account OR NEW.payee_account <> OLD.payee_account
    OR NEW.currency <> OLD.currency OR (OLD.hold <> 0 AND NEW.hold <> OLD.hold)
    OR (OLD.state >= 10 AND NEW.state <> OLD.state))
    EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
-- @both
