// SQL of guard_lock and of the columns that the payment path reads.
#include "guard/lock_priv.h"

#include <string.h>

static const char SELECT_PERSON[] =
    "SELECT id, subject, code, case_number, scope, from_us, until_us, automatic, evidence, tries, "
    "asked_us, ended_us, outcome FROM guard_lock WHERE subject >= $1 AND subject <= $2 AND "
    "ended_us = 0 AND (automatic = 0 OR until_us > $3) ORDER BY until_us DESC";
static const char SELECT_SUBJECT[] =
    "SELECT id, subject, code, case_number, scope, from_us, until_us, automatic, evidence, tries, "
    "asked_us, ended_us, outcome FROM guard_lock WHERE subject = $1 AND code = $2 AND ended_us = 0 "
    "AND (automatic = 0 OR until_us > $3) ORDER BY until_us DESC LIMIT 1";
static const char SELECT_CASE[] =
    "SELECT id, subject, code, case_number, scope, from_us, until_us, automatic, evidence, tries, "
    "asked_us, ended_us, outcome FROM guard_lock WHERE case_number = $1";
static const char SELECT_DUE[] =
    "SELECT id, subject, code, case_number, scope, from_us, until_us, automatic, evidence, tries, "
    "asked_us, ended_us, outcome FROM guard_lock WHERE ended_us = 0 AND automatic = 1 AND "
    "until_us <= $1 ORDER BY until_us LIMIT $2";

// A person's subject is 8 bytes, or 24 with the device; that of an unknown log-in is 32 bytes.
static int64_t person_of(const uint8_t *subject, size_t size)
{
    uint64_t person = 0;
    for (size_t i = 0; (size == 8 || size == 24) && i < 8; i++)
        person = person << 8 | subject[i];
    return (int64_t)person;
}

static void take(struct guard_lock *out, const struct db_row *row)
{
    size_t size;
    const uint8_t *subject = db_get_blob(row, 1, &size);
    *out = (struct guard_lock){.id = db_get_id(row, 0),
                               .person = person_of(subject, size),
                               .from_us = db_get_int(row, 5),
                               .until_us = db_get_int(row, 6),
                               .automatic = db_get_int(row, 7) != 0,
                               .tries = (int32_t)db_get_int(row, 9),
                               .asked_us = db_get_int(row, 10),
                               .ended_us = db_get_int(row, 11)};
    (void)text_copy(out->code, sizeof out->code, db_get_text(row, 2));
    (void)text_copy(out->case_number, sizeof out->case_number, db_get_text(row, 3));
    (void)text_copy(out->scope, sizeof out->scope, db_get_text(row, 4));
    (void)text_copy(out->evidence, sizeof out->evidence, db_get_text(row, 8));
    (void)text_copy(out->outcome, sizeof out->outcome, db_get_text(row, 12));
}

struct found {
    struct guard_lock *out;
    size_t count, max;
};

static bool visit(void *context, const struct db_row *row)
{
    struct found *found = context;
    take(&found->out[found->count++], row);
    return found->count < found->max;
}

enum code lock_of_person(struct db *db, int64_t person, int64_t now_us, struct guard_lock *out,
                         size_t max, size_t *out_count)
{
    struct tries_subject first, last;
    tries_subject_person(&first, person);
    tries_subject_person(&last, person);
    memset(last.bytes + 8, 0xFF, 16);
    const struct db_value values[] = {db_blob(first.bytes, 8), db_blob(last.bytes, 24),
                                      db_int(now_us)};
    struct found found = {out, 0, max};
    *out_count = 0;
    if (max > 0)
        GUARD(db_query(db, SELECT_PERSON, values, 3, visit, &found));
    *out_count = found.count;
    return OK;
}

// The begin of a lock is not asked for: to a request that began a moment before it, or after the
// clock was set back, it is in force as well.
enum code lock_of_subject(struct db *db, const struct tries_subject *subject, const char *code,
                          int64_t now_us, struct guard_lock *out)
{
    const struct db_value values[] = {db_blob(subject->bytes, subject->size), db_text(code),
                                      db_int(now_us)};
    struct found found = {out, 0, 1};
    GUARD(db_query(db, SELECT_SUBJECT, values, 3, visit, &found));
    return found.count == 1 ? OK : CODE_NOT_FOUND;
}

enum code lock_due(struct db *db, int64_t now_us, struct guard_lock *out, size_t max,
                   size_t *out_count)
{
    const struct db_value values[] = {db_int(now_us), db_int((int64_t)max)};
    struct found found = {out, 0, max};
    GUARD(db_query(db, SELECT_DUE, values, 2, visit, &found));
    *out_count = found.count;
    return OK;
}

enum code guard_lock_by_case(struct db *db, const char *case_number, struct guard_lock *out)
{
    const struct db_value value = db_text(case_number);
    struct found found = {out, 0, 1};
    GUARD(db_query(db, SELECT_CASE, &value, 1, visit, &found));
    return found.count == 1 ? OK : CODE_NOT_FOUND;
}

enum code lock_insert(struct db *db, const struct vault *vault, const struct tries_subject *subject,
                      const struct guard_lock *lock, const char *detail)
{
    uint8_t sealed[LOCK_DETAIL_MAX + VAULT_SEAL_OVERHEAD];
    const size_t size = detail != NULL ? strnlen(detail, LOCK_DETAIL_MAX - 1) : 0;
    const size_t sealed_size =
        size > 0 ? vault_seal(vault, sealed, "guard_lock.detail", lock->person, detail, size) : 0;
    const struct db_value values[] = {db_id(&lock->id),
                                      db_blob(subject->bytes, subject->size),
                                      db_text(lock->code),
                                      db_text(lock->scope),
                                      db_text(lock->case_number),
                                      db_int(lock->from_us),
                                      db_int(lock->until_us),
                                      db_int(lock->automatic),
                                      db_text(lock->evidence),
                                      db_int(lock->tries),
                                      size > 0 ? db_blob(sealed, sealed_size) : db_null()};
    return db_exec(db,
                   "INSERT INTO guard_lock (id, subject, code, scope, case_number, from_us, "
                   "until_us, ended_us, automatic, evidence, tries, detail) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11)",
                   values, 11, NULL);
}

struct sealed {
    const struct vault *vault;
    int64_t person;
    char *out;
    enum code code;
};

static bool visit_detail(void *context, const struct db_row *row)
{
    struct sealed *s = context;
    size_t size;
    const void *bytes = db_get_blob(row, 0, &size);
    s->code = vault_open_text(s->vault, s->out, LOCK_DETAIL_MAX, "guard_lock.detail", s->person,
                              bytes, size);
    return false;
}

enum code guard_lock_detail(struct db *db, const struct vault *vault, const struct guard_lock *lock,
                            char out[256])
{
    const struct db_value value = db_id(&lock->id);
    struct sealed s = {vault, lock->person, out, OK};
    bool found;
    out[0] = '\0';
    GUARD(db_query_one(db, "SELECT detail FROM guard_lock WHERE id = $1", &value, 1, visit_detail,
                       &s, &found));
    return s.code;
}

enum code lock_close(struct db *db, const struct guard_lock *lock, int64_t ended_us,
                     const char *outcome)
{
    const struct db_value values[] = {db_id(&lock->id), db_int(ended_us), db_text(outcome)};
    return db_exec(db,
                   "UPDATE guard_lock SET ended_us = $2, outcome = $3 WHERE id = $1 AND ended_us "
                   "= 0",
                   values, 3, NULL);
}

enum code guard_lock_move(struct db *db, const struct guard_lock *lock, int64_t until_us,
                          bool automatic, int64_t asked_us)
{
    const struct db_value values[] = {db_id(&lock->id), db_int(until_us), db_int(automatic),
                                      db_int(asked_us)};
    return db_exec(db,
                   "UPDATE guard_lock SET until_us = $2, automatic = $3, asked_us = $4 WHERE id = "
                   "$1 AND ended_us = 0",
                   values, 4, NULL);
}

// The two accounts of a wallet; one that has no row of limits is not written.
enum code lock_set_wallet(struct db *db, const struct party_wallet *wallet, int32_t number,
                          int64_t until_us)
{
    const struct db_value values[] = {db_int(wallet->account_cny), db_int(wallet->account_usd),
                                      db_int(number), db_int(until_us)};
    return db_exec(db,
                   "UPDATE guard_wallet SET out_lock = $3, out_lock_us = $4 WHERE account = $1 OR "
                   "account = $2",
                   values, 4, NULL);
}

enum code guard_caution(struct db *db, int64_t person, int64_t until_us)
{
    struct party_wallet wallet;
    GUARD(party_wallet_load(db, person, &wallet));
    const struct db_value values[] = {db_int(wallet.account_cny), db_int(wallet.account_usd),
                                      db_int(until_us)};
    return db_exec(db,
                   "UPDATE guard_wallet SET caution_us = $3 WHERE (account = $1 OR account = $2) "
                   "AND caution_us < $3",
                   values, 3, NULL);
}

enum code guard_caution_end(struct db *db, int64_t person)
{
    struct party_wallet wallet;
    GUARD(party_wallet_load(db, person, &wallet));
    const struct db_value values[] = {db_int(wallet.account_cny), db_int(wallet.account_usd)};
    return db_exec(db, "UPDATE guard_wallet SET caution_us = 0 WHERE account = $1 OR account = $2",
                   values, 2, NULL);
}
