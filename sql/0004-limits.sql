-- Limits and idempotency: what every money change reads and writes in its own transaction.

-- One row per wallet account: its class and what was used of each limit. Periods are days and years in Asia/Shanghai.
CREATE TABLE guard_wallet (
    account {INT} NOT NULL PRIMARY KEY,
    class {INT} NOT NULL CHECK (class BETWEEN 1 AND 4),
    nopin {INT} NOT NULL CHECK (nopin IN (0, 1)),
    day {INT} NOT NULL,
    day_used {INT} NOT NULL CHECK (day_used >= 0),
    year {INT} NOT NULL,
    year_used {INT} NOT NULL CHECK (year_used >= 0),
    grade_b {INT} NOT NULL CHECK (grade_b >= 0),
    grade_c {INT} NOT NULL CHECK (grade_c >= 0),
    grade_d {INT} NOT NULL CHECK (grade_d >= 0),
    nopin_count {INT} NOT NULL CHECK (nopin_count >= 0)
){STRICT};

-- The answer to each money request, kept for ever. key = the client's UUIDv7 (first, so that rows are appended in time order).
-- fields = pairs of (field number, keyed hash of its value): says which field a repetition changed, without storing the values.
CREATE TABLE idempotency (
    key {BLOB} NOT NULL,
    actor {INT} NOT NULL,
    route {INT} NOT NULL,
    fields {BLOB} NOT NULL,
    status {INT} NOT NULL,
    answer {BLOB} NOT NULL,
    at_us {INT} NOT NULL,
    PRIMARY KEY (key, actor)
)
-- @sqlite
STRICT, WITHOUT ROWID
-- @both
;
