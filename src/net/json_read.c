// JSON in: a strict reader over the library, and the filling of C structs by tables.
// Invariants: (1) the scan refuses depth, reals and a byte-order mark before the library sees a
// byte, so no real number is ever made; (2) memory of parsed values is wiped when freed, it may
// hold a PIN.
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "net/net_priv.h"

enum { DEPTH_MAX = 16, KEYS_MAX = 64, TEXT_MAX = 1024, INPUT_MAX = 4 * 1024 * 1024 };

static void *json_alloc(size_t size)
{
    return mem_alloc(size);
}

static void json_release(void *block)
{
    if (block != NULL)
        mem_free_secret(block, malloc_usable_size(block));
}

static void use_own_memory(void)
{
    json_set_alloc_funcs(json_alloc, json_release);
}

static pthread_once_t memory_once = PTHREAD_ONCE_INIT;

static size_t skip_string(const char *text, size_t size, size_t at)
{
    for (at++; at < size && text[at] != '"'; at++)
        if (text[at] == '\\')
            at++;
    return at;
}

// Numbers outside strings are integers: no '.', no exponent. Words keep their letters: true, false.
static bool scan(const char *text, size_t size)
{
    size_t depth = 0;
    bool number = false;
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        // The library takes a NUL for the end of the text.
        if (c == '\0')
            return false;
        if (c == '"') {
            i = skip_string(text, size, i);
            number = false;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return false;
            number = false;
        } else if (c == '}' || c == ']') {
            if (depth-- == 0)
                return false;
            number = false;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            number = true;
        } else if (number && (c == '.' || c == 'e' || c == 'E')) {
            return false;
        } else {
            number = false;
        }
    }
    return depth == 0;
}

static bool few_keys(const json_t *value)
{
    const char *key;
    json_t *member;
    size_t index;
    if (json_is_real(value))
        return false;
    if (json_is_object(value)) {
        if (json_object_size(value) > KEYS_MAX)
            return false;
        json_object_foreach((json_t *)(uintptr_t)value, key,
                            member) if (!few_keys(member)) return false;
    }
    json_array_foreach(value, index, member) if (!few_keys(member)) return false;
    return true;
}

enum code net_json_parse(struct net_json **out, const char *text, size_t size)
{
    pthread_once(&memory_once, use_own_memory);
    ENSURE(size > 0 && size <= INPUT_MAX && scan(text, size), CODE_REQUEST_INVALID);
    json_error_t error;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    ENSURE(root != NULL, CODE_REQUEST_INVALID);
    if (!few_keys(root)) {
        json_decref(root);
        return CODE_REQUEST_INVALID;
    }
    *out = (struct net_json *)root;
    return OK;
}

void net_json_free(struct net_json **json)
{
    json_decref((json_t *)*json);
    *json = NULL;
}

static const json_t *tree(const struct net_json *json)
{
    return (const json_t *)(const void *)json;
}

static const struct net_json *ours(const json_t *value)
{
    return (const struct net_json *)(const void *)value;
}

const struct net_json *net_json_member(const struct net_json *object, const char *name)
{
    return object != NULL ? ours(json_object_get(tree(object), name)) : NULL;
}

size_t net_json_size(const struct net_json *array)
{
    return array != NULL ? json_array_size(tree(array)) : 0;
}

const struct net_json *net_json_item(const struct net_json *array, size_t index)
{
    return array != NULL ? ours(json_array_get(tree(array), index)) : NULL;
}

const char *net_json_as_text(const struct net_json *value)
{
    return value != NULL ? json_string_value(tree(value)) : NULL;
}

bool net_json_as_int(int64_t *out, const struct net_json *value)
{
    if (value == NULL || !json_is_integer(tree(value)))
        return false;
    *out = json_integer_value(tree(value));
    return true;
}

bool net_json_as_bool(bool *out, const struct net_json *value)
{
    if (value == NULL || !json_is_boolean(tree(value)))
        return false;
    *out = json_is_true(tree(value));
    return true;
}

// --- money grammar: ^(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$ ---

static bool good_money(const char *value)
{
    const size_t whole = strspn(value, "0123456789");
    if (whole == 0 || whole > 13 || (value[0] == '0' && whole > 1))
        return false;
    if (value[whole] == '\0')
        return true;
    const char *places = value + whole + 1;
    const size_t count = strspn(places, "0123456789");
    return value[whole] == '.' && count >= 1 && count <= 2 && places[count] == '\0';
}

bool net_money_minor(int64_t *out, const char *value, int exponent)
{
    if (value == NULL || !good_money(value))
        return false;
    int64_t minor = 0;
    int places = -1;
    for (; *value != '\0'; value++) {
        if (*value == '.') {
            places = 0;
            continue;
        }
        if (places >= 0 && ++places > exponent)
            return false;
        minor = minor * 10 + (*value - '0');
    }
    for (int i = places < 0 ? 0 : places; i < exponent; i++)
        if (__builtin_mul_overflow(minor, 10, &minor))
            return false;
    *out = minor;
    return true;
}

// --- tables ---

struct filling {
    struct arena *arena;
    struct problem *problem;
    const char *pointer;
};

// The name may be the client's own: as long as it likes, '~' and '/' written as RFC 6901 wants.
static enum code wrong(const struct filling *filling, const char *name, const char *reason)
{
    char *escaped = arena_alloc(filling->arena, 2 * strlen(name) + 1);
    size_t used = 0;
    for (const char *at = name; *at != '\0'; at++) {
        const bool special = *at == '~' || *at == '/';
        escaped[used++] = special ? '~' : *at;
        if (special)
            escaped[used++] = *at == '~' ? '0' : '1';
    }
    const char *pointer = arena_format(filling->arena, "%s/%s", filling->pointer, escaped);
    return problem_field(filling->problem, pointer, CODE_REQUEST_INVALID, reason);
}

static bool one_of(const char *text, const char *choices)
{
    const size_t size = strlen(text);
    while (*choices != '\0') {
        const size_t each = strcspn(choices, "|");
        if (each == size && memcmp(choices, text, size) == 0)
            return true;
        choices += each;
        if (*choices == '|')
            choices++;
    }
    return false;
}

static bool has_controls(const char *text)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < 0x20 && *text != '\n') || *text == 0x7F)
            return true;
    return false;
}

// Each taker returns NULL, or the reason of the refusal.
static const char *take_text(void *out, const json_t *value, const struct net_json_field *field,
                             struct arena *arena)
{
    const char *text = json_string_value(value);
    if (text == NULL)
        return "type";
    const size_t size = json_string_length(value);
    if (size < (size_t)field->min)
        return "short";
    if (size > (field->max > 0 ? (size_t)field->max : TEXT_MAX))
        return "long";
    if (strlen(text) != size || has_controls(text) ||
        (field->kind == NET_JSON_LINE && !text_is_line(text)))
        return "format";
    const char *copy = arena_text_n(arena, text, size);
    memcpy(out, &copy, sizeof copy);
    return NULL;
}

static const char *take_choice(void *out, const json_t *value, const struct net_json_field *field,
                               struct arena *arena)
{
    const char *text = json_string_value(value);
    if (text == NULL)
        return "type";
    if (!one_of(text, field->choices))
        return "choice";
    const char *copy = arena_text(arena, text);
    memcpy(out, &copy, sizeof copy);
    return NULL;
}

static const char *take_id(void *out, const json_t *value, const struct net_json_field *field)
{
    const char *text = json_string_value(value);
    struct id id;
    if (text == NULL)
        return "type";
    if (!id_parse(&id, field->choices != NULL ? field->choices : "", text))
        return "format";
    memcpy(out, &id, sizeof id);
    return NULL;
}

static const char *take_int(void *out, const json_t *value, const struct net_json_field *field)
{
    if (!json_is_integer(value))
        return "type";
    const int64_t integer = json_integer_value(value);
    if ((field->min != 0 || field->max != 0) && (integer < field->min || integer > field->max))
        return "range";
    memcpy(out, &integer, sizeof integer);
    return NULL;
}

static const char *take_money(void *out, const json_t *value, struct arena *arena)
{
    const char *amount = json_string_value(json_object_get(value, "value"));
    const char *currency = json_string_value(json_object_get(value, "currency"));
    if (amount == NULL || currency == NULL || json_object_size(value) != 2)
        return "type";
    if (!good_money(amount) || strlen(currency) != 3 ||
        strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        return "format";
    struct net_json_money money = {.value = arena_text(arena, amount)};
    (void)text_copy(money.currency, sizeof money.currency, currency);
    memcpy(out, &money, sizeof money);
    return NULL;
}

static const char *take_bool(void *out, const json_t *value)
{
    if (!json_is_boolean(value))
        return "type";
    const bool set = json_is_true(value);
    memcpy(out, &set, sizeof set);
    return NULL;
}

static enum code take_object(void *out, const json_t *value, const struct net_json_field *field,
                             const struct filling *filling)
{
    if (!json_is_object(value))
        return wrong(filling, field->name, "type");
    const char *pointer = arena_format(filling->arena, "%s/%s", filling->pointer, field->name);
    return net_json_fill(out, ours(value), field->fields, field->field_count, filling->arena,
                         pointer, filling->problem);
}

static enum code take(void *out, const json_t *value, const struct net_json_field *field,
                      const struct filling *filling)
{
    const char *reason = NULL;
    switch (field->kind) {
    case NET_JSON_TEXT:
    case NET_JSON_LINE:
        reason = take_text(out, value, field, filling->arena);
        break;
    case NET_JSON_CHOICE:
        reason = take_choice(out, value, field, filling->arena);
        break;
    case NET_JSON_ID:
        reason = take_id(out, value, field);
        break;
    case NET_JSON_BOOL:
        reason = take_bool(out, value);
        break;
    case NET_JSON_INT:
        reason = take_int(out, value, field);
        break;
    case NET_JSON_MONEY:
        reason = take_money(out, value, filling->arena);
        break;
    case NET_JSON_OBJECT:
        return take_object(out, value, field, filling);
    case NET_JSON_VALUE:
        memcpy(out, &value, sizeof(void *));
        break;
    }
    return reason == NULL ? OK : wrong(filling, field->name, reason);
}

static bool known(const char *key, const struct net_json_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, key) == 0)
            return true;
    return false;
}

// All faults are collected, so that a form can mark every field at once.
enum code net_json_fill(void *out, const struct net_json *object,
                        const struct net_json_field *fields, size_t field_count,
                        struct arena *arena, const char *pointer, struct problem *problem)
{
    const struct filling filling = {arena, problem, pointer};
    if (!json_is_object(tree(object)))
        return problem_field(problem, pointer, CODE_REQUEST_INVALID, "type");
    enum code code = OK;
    for (size_t i = 0; i < field_count; i++) {
        const struct net_json_field *field = &fields[i];
        const json_t *value = json_object_get(tree(object), field->name);
        // null means absent: clients send it for what was left empty.
        const bool absent = value == NULL || json_is_null(value);
        if (absent && !field->required)
            continue;
        const enum code one = absent ? wrong(&filling, field->name, "missing")
                                     : take((char *)out + field->offset, value, field, &filling);
        code = one != OK ? one : code;
    }
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)tree(object), key,
                        member) if (!known(key, fields, field_count)) code =
        wrong(&filling, key, "unknown");
    return code;
}

enum code net_read_json(struct net_exchange *x, void *out, const struct net_json_field *fields,
                        size_t field_count, struct problem *problem)
{
    size_t size;
    const char *body = net_body(x, &size);
    if (x->json != NULL)
        net_json_free(&x->json);
    if (net_json_parse(&x->json, body, size) != OK)
        return problem_set(problem, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        (void)problem_set(problem, OK, CHARGED_NOT_INVOLVED);
    return net_json_fill(out, x->json, fields, field_count, x->arena, "", problem);
}
