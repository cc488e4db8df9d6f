// The sandbox: never in production. The play shop's key and the play people come from files of the
// seed; phones, bank and face decisions live in the sandbox process, to which the rest is
// forwarded.
#include "api/api.h"
#include "vault/vault_totp.h"

#include <stdio.h>

static enum net_step not_here(struct net_exchange *x)
{
    return net_reply_code(x, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
}

static enum net_step reply_file(struct net_exchange *x, const char *path)
{
    if (api_of(x)->sandbox_url == NULL || path == NULL)
        return not_here(x);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return not_here(x);
    char *text = arena_alloc(net_arena(x), 65536);
    const size_t size = fread(text, 1, 65535, file);
    fclose(file);
    return net_reply(x, 200, "application/json", text, size);
}

static enum net_step get_shop(struct net_exchange *x)
{
    return reply_file(x, api_of(x)->shop_file);
}

static enum net_step get_people(struct net_exchange *x)
{
    return reply_file(x, api_of(x)->people_file);
}

// The play operators, with the one-time code of the moment: nobody needs an authenticator app to
// try the console.
static void write_operator(struct net_json_writer *w, const struct net_json *row, int64_t now_us)
{
    static const char *const names[] = {"login", "name", "password"};
    const char *key = net_json_as_text(net_json_member(row, "key"));
    const struct net_json *roles = net_json_member(row, "roles");
    uint8_t secret[TOTP_SECRET_SIZE];
    char code[16], text[TOTP_KEY_TEXT];
    if (key == NULL || !hex_decode(secret, sizeof secret, key))
        return;
    const uint64_t step = (uint64_t)(now_us / 1000000 / TOTP_STEP_S);
    (void)snprintf(code, sizeof code, "%06u",
                   totp_code(TOTP_SHA1, secret, sizeof secret, step, TOTP_DIGITS));
    totp_key_text(text, secret);
    net_json_begin_object(w, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        net_json_string(w, names[i], net_json_as_text(net_json_member(row, names[i])));
    net_json_string(w, "key", text);
    net_json_string(w, "code", code);
    net_json_begin_array(w, "roles");
    for (size_t i = 0; i < net_json_size(roles); i++)
        net_json_string(w, NULL, net_json_as_text(net_json_item(roles, i)));
    net_json_end_array(w);
    net_json_end_object(w);
}

static enum net_step get_operators(struct net_exchange *x)
{
    struct net_json *json = NULL;
    const enum net_step step = reply_file(x, api_of(x)->operators_file);
    size_t size = 0;
    const char *text = net_reply_body(x, &size);
    if (net_reply_status(x) != 200 || net_json_parse(&json, text, size) != OK)
        return step;
    const struct net_json *rows = net_json_member(json, "operators");
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    for (size_t i = 0; i < net_json_size(rows); i++)
        write_operator(w, net_json_item(rows, i), net_started_us(x));
    net_json_end_array(w);
    net_json_end_object(w);
    net_json_free(&json);
    return net_reply_json(x, 200);
}

static enum net_step forward(struct net_exchange *x)
{
    const char *url = api_of(x)->sandbox_url;
    if (url == NULL)
        return not_here(x);
    return net_proxy(x, arena_format(net_arena(x), "%s/sandbox/api", url));
}

static const struct net_route ROUTES[] = {
    {"GET", "/sandbox/api/shop", "sandboxShop", get_shop, 0, 0, NULL},
    {"GET", "/sandbox/api/people", "sandboxPeople", get_people, 0, 0, NULL},
    {"GET", "/sandbox/api/operators", "sandboxOperators", get_operators, 0, 0, NULL},
    {"GET", "/sandbox/api/{tail*}", "sandboxGet", forward, 0, 0, NULL},
    {"PUT", "/sandbox/api/{tail*}", "sandboxPut", forward, 0, 0, NULL},
    {"POST", "/sandbox/api/{tail*}", "sandboxPost", forward, 0, 0, NULL},
};
API_TABLE(API_SANDBOX, ROUTES);
