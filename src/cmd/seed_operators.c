// The play operators of a sandbox: one or two of each role, with passwords and keys that the
// sandbox's page shows. Never in production: the server reads the file only with --seed.
#include "cmd/seed.h"

#include "desk/desk_operator.h"

#include <stdio.h>
#include <string.h>

enum { OPERATORS_MAX = 16, FILE_MAX = 16384 };

struct seeding {
    struct db_change change;
    struct api *api;
    size_t count;
    struct desk_new_operator operators[OPERATORS_MAX];
    uint8_t keys[OPERATORS_MAX][DESK_TOTP_KEY];
    char stored[OPERATORS_MAX][VAULT_STORED_TEXT];
};

static enum code seed_run(struct db *db, struct db_change *change)
{
    struct seeding *s = (struct seeding *)change;
    for (size_t i = 0; i < s->count; i++) {
        struct desk_operator made;
        GUARD(desk_operator_seed(db, &s->api->desk, &s->operators[i], s->stored[i], s->keys[i],
                                 &made));
    }
    return OK;
}

static int64_t roles_of(const struct net_json *list)
{
    int64_t roles = 0;
    for (size_t i = 0; i < net_json_size(list); i++)
        roles |= desk_role_parse(net_json_as_text(net_json_item(list, i)));
    return roles;
}

static enum code read_one(struct seeding *s, const struct net_json *row)
{
    struct desk_new_operator *o = &s->operators[s->count];
    const char *key = net_json_as_text(net_json_member(row, "key"));
    const char *password = net_json_as_text(net_json_member(row, "password"));
    *o = (struct desk_new_operator){.login = net_json_as_text(net_json_member(row, "login")),
                                    .name = net_json_as_text(net_json_member(row, "name")),
                                    .roles = roles_of(net_json_member(row, "roles")),
                                    .reason = "sandbox"};
    ENSURE(o->login != NULL && o->name != NULL && key != NULL && password != NULL, CODE_INTERNAL);
    ENSURE(hex_decode(s->keys[s->count], DESK_TOTP_KEY, key), CODE_INTERNAL);
    return vault_password_hash(s->api->vault, VAULT_PASSWORD, password, s->stored[s->count++]);
}

static bool found_one(void *context, const struct desk_operator *found)
{
    (void)found;
    *(bool *)context = true;
    return false;
}

static enum code seed_all(struct seeding *s, const char *text, size_t size)
{
    struct net_json *json = NULL;
    bool there = false;
    struct db *db = db_pool_take(s->api->pool);
    enum code code = desk_operators_list(db, 1, found_one, &there);
    db_pool_give(s->api->pool, db);
    if (code != OK || there)
        return code;
    GUARD(net_json_parse(&json, text, size));
    const struct net_json *rows = net_json_member(json, "operators");
    for (size_t i = 0; code == OK && i < net_json_size(rows) && i < OPERATORS_MAX; i++)
        code = read_one(s, net_json_item(rows, i));
    s->change.run = seed_run;
    if (code == OK)
        code = db_committer_run(s->api->committer, &s->change);
    net_json_free(&json);
    return code;
}

enum code seed_operators(struct api *api)
{
    FILE *file = fopen(api->operators_file, "rb");
    ENSURE(file != NULL, CODE_INTERNAL);
    char *text = mem_alloc(FILE_MAX);
    const size_t size = fread(text, 1, FILE_MAX - 1, file);
    (void)fclose(file);
    struct seeding *s = mem_alloc(sizeof *s);
    s->api = api;
    const enum code code = seed_all(s, text, size);
    mem_free_secret(s, sizeof *s);
    mem_free_secret(text, FILE_MAX);
    return code;
}
