// SQL of the inbox.
#include "party/party_priv.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *party_notice_group_name(enum party_notice_group group)
{
    static const char *const names[] = {"", "money", "security", "service"};
    return names[group];
}

// The title is a constant of the kind: an event holds no personal data.
static enum code announce(struct db *db, const struct vault *vault, const struct env *env,
                          const struct party_notice *notice)
{
    struct party_wallet wallet;
    GUARD(party_wallet_load(db, notice->person, &wallet));
    struct buffer title = {NULL, 0, 0}, payload = {NULL, 0, 0};
    char id[40];
    id_format(id, "msg", &notice->id);
    party_notice_text(notice, wallet.language == PARTY_EN, &title, NULL);
    buffer_format(&payload, "{\"id\":\"%s\",\"group\":\"%s\",\"title\":\"%s\"}", id,
                  party_notice_group_name(notice->group), title.size > 0 ? title.data : "");
    const struct party_outbox event = {.queue = "event",
                                       .person1 = notice->person,
                                       .ref = "message",
                                       .ref_size = 7,
                                       .payload = payload.data,
                                       .payload_size = payload.size};
    const enum code code = party_outbox_add(db, vault, env, &event);
    buffer_free(&title);
    buffer_free(&payload);
    return code;
}

enum code party_notice_add(struct db *db, const struct vault *vault, const struct env *env,
                           const struct party_notice *notice)
{
    struct party_notice stored = *notice;
    if (id_is_zero(&stored.id))
        stored.id = id_new(env);
    if (stored.at_us == 0)
        stored.at_us = env_now(env);
    const struct party_sealed params =
        party_seal_text(vault, PARTY_SEAL_NOTICE, stored.person, stored.params);
    int64_t changes;
    const struct db_value values[] = {db_id(&stored.id),           db_int(stored.person),
                                      db_int(stored.group),        db_text(stored.kind),
                                      party_sealed_value(&params), db_text(stored.link),
                                      db_int(stored.at_us)};
    GUARD(db_exec(db,
                  "INSERT INTO party_notice (id, person, topic, kind, params, link, at_us, "
                  "read_us) VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT DO NOTHING",
                  values, COUNT(values), &changes));
    return changes == 1 ? announce(db, vault, env, &stored) : OK;
}

struct list {
    const struct vault *vault;
    int64_t person;
    bool (*visit)(void *context, const struct party_notice *notice);
    void *context;
    enum code code;
};

static bool visit_notice(void *context, const struct db_row *row)
{
    struct list *list = context;
    struct party_notice out = {.id = db_get_id(row, 0), .person = list->person};
    size_t size;
    out.group = (enum party_notice_group)db_get_int(row, 1);
    text_copy(out.kind, sizeof out.kind, db_get_text(row, 2));
    const void *params = db_get_blob(row, 3, &size);
    list->code = vault_open_text(list->vault, out.params, sizeof out.params, PARTY_SEAL_NOTICE,
                                 list->person, params, size);
    text_copy(out.link, sizeof out.link, db_get_text(row, 4));
    out.at_us = db_get_int(row, 5);
    out.read_us = db_get_int(row, 6);
    return list->code == OK && list->visit(list->context, &out);
}

enum code party_notices_list(struct db *db, const struct vault *vault, int64_t person,
                             const struct id *before, size_t limit,
                             bool (*visit)(void *context, const struct party_notice *notice),
                             void *context)
{
    struct list list = {vault, person, visit, context, OK};
    struct id from = *before;
    if (id_is_zero(&from))
        memset(from.bytes, 0xFF, sizeof from.bytes);
    const struct db_value values[] = {db_int(person), db_id(&from), db_int((int64_t)limit)};
    GUARD(db_query(db,
                   "SELECT id, topic, kind, params, link, at_us, read_us FROM party_notice "
                   "WHERE person = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                   values, COUNT(values), visit_notice, &list));
    return list.code;
}

enum code party_notices_unread(struct db *db, int64_t person, int64_t *out)
{
    const struct db_value values[] = {db_int(person)};
    return db_query_int(db, out,
                        "SELECT count(*) FROM party_notice WHERE person = $1 AND read_us = 0",
                        values, COUNT(values), 0);
}

enum code party_notices_read(struct db *db, int64_t person, int64_t now_us)
{
    const struct db_value values[] = {db_int(now_us), db_int(person)};
    return db_exec(db, "UPDATE party_notice SET read_us = $1 WHERE person = $2 AND read_us = 0",
                   values, COUNT(values), NULL);
}
