// The operators' audit trail (D1): every number once from 1 on, each row's hash over its own
// columns and the hash before it, the head at the newest row. Written a second time, from the
// description of the chain in sql/0008 and desk_audit.h.
#include "audit/audit_priv.h"

#include <inttypes.h>
#include <string.h>

struct chain {
    struct audit *audit;
    int64_t seq;
    uint8_t hash[32];
};

static void add_piece(struct buffer *out, const void *bytes, size_t size)
{
    buffer_format(out, "%zu:", size);
    buffer_append(out, bytes, size);
}

static void hash_of(const struct db_row *row, uint8_t out[32])
{
    struct buffer text = {NULL, 0, 0};
    buffer_format(&text, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",", db_get_int(row, 0),
                  db_get_int(row, 1), db_get_int(row, 2), db_get_int(row, 3));
    for (int column = 4; column <= 9; column++) {
        const char *value = db_get_text(row, column);
        add_piece(&text, value, strlen(value));
    }
    for (int column = 10; column <= 11; column++) {
        size_t size = 0;
        const void *bytes = db_get_blob(row, column, &size);
        add_piece(&text, bytes != NULL ? bytes : "", size);
    }
    digest_sha256(out, text.data, text.size);
    buffer_free(&text);
}

static bool same(const struct db_row *row, int column, const uint8_t hash[32])
{
    size_t size = 0;
    const void *bytes = db_get_blob(row, column, &size);
    return bytes != NULL && size == 32 && memcmp(bytes, hash, 32) == 0;
}

static bool visit_row(void *context, const struct db_row *row)
{
    struct chain *chain = context;
    const int64_t seq = db_get_int(row, 0);
    uint8_t hash[32];
    size_t size = 0;
    if (seq != chain->seq + 1)
        audit_find(chain->audit, "trail-number-missing", "D1", 0, seq, chain->seq + 1, seq);
    if (!same(row, 11, chain->hash))
        audit_find(chain->audit, "trail-chain-broken", "D1", 0, seq, 0, 0);
    hash_of(row, hash);
    if (!same(row, 12, hash))
        audit_find(chain->audit, "trail-row-changed", "D1", 0, seq, 0, 0);
    const void *stored = db_get_blob(row, 12, &size);
    memset(chain->hash, 0, sizeof chain->hash);
    if (stored != NULL && size == 32)
        memcpy(chain->hash, stored, 32);
    chain->seq = seq;
    return true;
}

static bool visit_head(void *context, const struct db_row *row)
{
    struct chain *chain = context;
    const int64_t seq = db_get_int(row, 0);
    if (seq != chain->seq || !same(row, 1, chain->hash))
        audit_find(chain->audit, "trail-end-differs", "D1", 0, seq, seq, chain->seq);
    return true;
}

enum code audit_store_trail(struct audit *audit)
{
    struct chain chain = {.audit = audit};
    GUARD(db_query(audit->db,
                   "SELECT seq, at_us, operator, person, action, reason, case_number, target, "
                   "before_class, after_class, note, previous, hash FROM desk_audit ORDER BY seq",
                   NULL, 0, visit_row, &chain));
    return db_query(audit->db, "SELECT seq, hash FROM desk_audit_head WHERE one = 1", NULL, 0,
                    visit_head, &chain);
}
