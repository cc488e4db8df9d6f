// Going on elsewhere: a one-time code for another device, a ticket for a branch.
// H1 The key of a pass is made here, told once and kept nowhere, but for the copy that the person
// agreed to (branch) or that the typed code stands for (hand-over).
// H2 One use: what was used, cancelled or replaced holds nothing any more.
// H3 A hand-over moves the draft: the cookie of the old device ends in the same transaction.
#include "onboard/pass_priv.h"

#include <stdio.h>
#include <string.h>

static const int64_t SECOND_US = 1000000;
enum { TICKET_ATTEMPTS = 8, CODE_CHARACTERS = 16 };

// --- the copy: name, ID number, phone, a line each ---

static size_t write_copy(char *out, size_t capacity, const struct onboard_application *a)
{
    const int size = snprintf(out, capacity, "%s\n%s\n%s", a->name, a->id_number, a->phone);
    return size > 0 && (size_t)size < capacity ? (size_t)size : 0;
}

static bool take_line(char *out, size_t capacity, const char **at)
{
    const size_t size = strcspn(*at, "\n");
    if (size >= capacity)
        return false;
    memcpy(out, *at, size);
    out[size] = '\0';
    *at += size + ((*at)[size] == '\n' ? 1 : 0);
    return true;
}

static bool read_copy(struct onboard_ticket_copy *out, const struct pass_row *row,
                      const uint8_t key[VAULT_PASS_KEY])
{
    char text[PASS_SEALED_MAX];
    const char *at = text;
    if (row->sealed_size <= VAULT_PASS_OVERHEAD ||
        !vault_pass_open(text, key, &row->pass.id, row->sealed, row->sealed_size))
        return false;
    text[row->sealed_size - VAULT_PASS_OVERHEAD] = '\0';
    const bool good = take_line(out->name, sizeof out->name, &at) &&
                      take_line(out->id_number, sizeof out->id_number, &at) &&
                      take_line(out->phone, sizeof out->phone, &at);
    mem_wipe(text, sizeof text);
    return good;
}

// --- findings ---

static void write_findings(char out[512], struct db *db, const struct onboard *onboard,
                           const struct onboard_row *row)
{
    const struct onboard_application *a = &row->application;
    struct onboard_link link;
    const bool linking = onboard_link_load(db, onboard, a->number, &link) == OK;
    (void)snprintf(out, 512,
                   "step=%s\nmismatches=%d\nphone=%s\nface=%s\nface_tries=%d\nlink=%s\n"
                   "password=%s\npin=%s",
                   a->step, a->trouble.misses, a->phone_verified ? "proved" : "not-proved",
                   onboard_face_name(a->face), row->face_tries,
                   linking ? onboard_link_state_name(link.state) : "none",
                   a->has_password ? "set" : "not-set", a->has_pin ? "set" : "not-set");
}

// --- a new one ---

// Crockford base32 in groups of four: no I, L, O, U.
static void new_code(const struct env *env, char out[ONBOARD_CODE_TEXT])
{
    static const char DIGITS[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t bytes[CODE_CHARACTERS];
    env->entropy(env->context, bytes, sizeof bytes);
    size_t at = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i > 0 && i % 4 == 0)
            out[at++] = '-';
        out[at++] = DIGITS[bytes[i] & 31];
    }
    out[at] = '\0';
    mem_wipe(bytes, sizeof bytes);
}

// As people type it: spaces and hyphens anywhere, small letters, O for 0, I and L for 1.
static bool normal_code(char out[CODE_CHARACTERS + 1], const char *typed)
{
    size_t size = 0;
    for (; *typed != '\0'; typed++) {
        char c = *typed;
        if (c == ' ' || c == '-')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c == 'O')
            c = '0';
        if (c == 'I' || c == 'L')
            c = '1';
        if (size == CODE_CHARACTERS || strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", c) == NULL)
            return false;
        out[size++] = c;
    }
    out[size] = '\0';
    return size == CODE_CHARACTERS;
}

// Seven digits, not 0 at first so that nobody leaves it out, and the one that checks them.
static void new_ticket(const struct env *env, char out[9])
{
    uint32_t value;
    do
        env->entropy(env->context, &value, sizeof value);
    while (value >= UINT32_C(4293000000));
    (void)snprintf(out, 9, "%07u", (unsigned)(value % 9000000 + 1000000));
    out[7] = text_luhn(out, 7);
    out[8] = '\0';
}

static enum code insert(struct db *db, const struct onboard *onboard, struct pass_row *row)
{
    bool inserted = false;
    for (int i = 0; !inserted && i < TICKET_ATTEMPTS; i++) {
        if (row->pass.kind == ONBOARD_TICKET)
            new_ticket(onboard->env, row->pass.ticket);
        GUARD(pass_store_insert(db, row, &inserted));
    }
    return inserted ? OK : CODE_INTERNAL;
}

// H1
static void seal_copy(struct pass_row *row, const struct onboard *onboard,
                      const struct onboard_application *application, bool agreed,
                      struct onboard_pass_secret *out_secret)
{
    char copy[PASS_SEALED_MAX - VAULT_PASS_OVERHEAD], code[CODE_CHARACTERS + 1];
    uint8_t key[VAULT_PASS_KEY], code_key[VAULT_PASS_KEY];
    vault_pass_key_new(onboard->vault, key);
    const size_t size = write_copy(copy, sizeof copy, application);
    row->sealed_size = vault_pass_seal(onboard->vault, row->sealed, key, &row->pass.id, copy, size);
    if (row->pass.kind == ONBOARD_HANDOVER) {
        new_code(onboard->env, out_secret->code);
        (void)normal_code(code, out_secret->code);
        row->has_code = true;
        row->code_hash = vault_pass_code_hash(onboard->vault, code);
        vault_pass_code_key(onboard->vault, code, code_key);
        row->wrapped_size =
            vault_pass_seal(onboard->vault, row->wrapped, code_key, &row->pass.id, key, sizeof key);
    } else if (agreed) {
        vault_branch_wrap(onboard->vault, row->wrapped, key);
        row->wrapped_size = VAULT_BRANCH_WRAPPED;
    }
    vault_pass_key_text(key, out_secret->key);
    mem_wipe(key, sizeof key);
    mem_wipe(code_key, sizeof code_key);
    mem_wipe(copy, sizeof copy);
    mem_wipe(code, sizeof code);
}

static enum code open_case(struct db *db, const struct onboard *onboard,
                           const struct onboard_pass *pass)
{
    const struct desk desk = {onboard->profiles, onboard->vault, onboard->env};
    struct desk_case opened;
    struct desk_new_case in = {.kind = DESK_TICKET,
                               .ref = pass->id,
                               .application = pass->number,
                               .due_us = pass->expires_us};
    in.topic = onboard_trouble_name(pass->cause);
    return desk_case_open(db, &desk, &in, &opened);
}

static enum code end_open(struct db *db, const struct onboard *onboard, int64_t number,
                          enum onboard_pass_kind kind, enum onboard_pass_ending ending)
{
    const struct desk desk = {onboard->profiles, onboard->vault, onboard->env};
    struct pass_row row;
    const enum code code = pass_store_newest(db, number, kind, &row);
    if (code == CODE_NOT_FOUND || (code == OK && row.pass.ending != ONBOARD_PASS_OPEN))
        return OK;
    GUARD(code);
    GUARD(pass_store_end(db, number, kind, ending, env_now(onboard->env), NULL));
    return kind == ONBOARD_TICKET ? desk_case_withdraw(db, &desk, DESK_TICKET, &row.pass.id) : OK;
}

enum code onboard_pass_new(struct db *db, const struct onboard *onboard, int64_t number,
                           enum onboard_pass_kind kind, bool agreed, struct onboard_pass *out,
                           struct onboard_pass_secret *out_secret)
{
    const struct guard_record_rules *rules = onboard_record_rules(onboard);
    const int64_t now_us = env_now(onboard->env);
    const int64_t life_s = kind == ONBOARD_TICKET ? rules->ticket_s : rules->handover_s;
    struct onboard_row row;
    GUARD(onboard_begin(db, onboard, number, &row));
    const bool known = kind == ONBOARD_HANDOVER || row.application.has_identity;
    ENSURE(row.application.state == ONBOARD_DRAFT && known, CODE_STEP_ORDER);
    GUARD(end_open(db, onboard, number, kind, ONBOARD_PASS_REPLACED));
    struct pass_row pass = {.pass = {.id = id_new(onboard->env),
                                     .kind = kind,
                                     .number = number,
                                     .agreed = kind == ONBOARD_TICKET && agreed,
                                     .cause = row.application.trouble.kind,
                                     .created_us = now_us,
                                     .expires_us = now_us + life_s * SECOND_US}};
    (void)text_copy(pass.pass.case_number, sizeof pass.pass.case_number,
                    row.application.case_number);
    write_findings(pass.pass.findings, db, onboard, &row);
    *out_secret = (struct onboard_pass_secret){0};
    seal_copy(&pass, onboard, &row.application, agreed, out_secret);
    mem_wipe(&row, sizeof row);
    GUARD(insert(db, onboard, &pass));
    GUARD(onboard_store_prolong(db, number, pass.pass.expires_us));
    *out = pass.pass;
    return kind == ONBOARD_TICKET ? open_case(db, onboard, out) : OK;
}

enum code onboard_pass_of(struct db *db, int64_t number, enum onboard_pass_kind kind,
                          struct onboard_pass *out)
{
    struct pass_row row;
    GUARD(pass_store_newest(db, number, kind, &row));
    *out = row.pass;
    return OK;
}

enum code onboard_pass_cancel(struct db *db, const struct onboard *onboard, int64_t number,
                              enum onboard_pass_kind kind)
{
    return end_open(db, onboard, number, kind, ONBOARD_PASS_CANCELLED);
}

// --- another device ---

static enum code find_handover(struct db *db, const struct onboard *onboard, const struct id *id,
                               const char *key_text, const char *typed, struct pass_row *out,
                               uint8_t key[VAULT_PASS_KEY])
{
    char code[CODE_CHARACTERS + 1];
    uint8_t code_key[VAULT_PASS_KEY];
    if (typed == NULL) {
        ENSURE(vault_pass_key_parse(key, key_text), CODE_HANDOVER_INVALID);
        return pass_store_by_id(db, id, out);
    }
    ENSURE(normal_code(code, typed), CODE_HANDOVER_INVALID);
    const struct vault_hash hash = vault_pass_code_hash(onboard->vault, code);
    GUARD(pass_store_by_code(db, &hash, out));
    vault_pass_code_key(onboard->vault, code, code_key);
    (void)vault_pass_open(key, code_key, &out->pass.id, out->wrapped, out->wrapped_size);
    mem_wipe(code_key, sizeof code_key);
    mem_wipe(code, sizeof code);
    return OK;
}

static enum code usable(const struct onboard_pass *pass, int64_t now_us)
{
    ENSURE(pass->kind == ONBOARD_HANDOVER, CODE_HANDOVER_INVALID);
    ENSURE(pass->ending != ONBOARD_PASS_USED, CODE_HANDOVER_USED);
    ENSURE(pass->ending == ONBOARD_PASS_OPEN, CODE_HANDOVER_INVALID);
    return pass->expires_us > now_us ? OK : CODE_HANDOVER_EXPIRED;
}

enum code onboard_handover_take(struct db *db, const struct onboard *onboard, const struct id *id,
                                const char *key_text, const char *code,
                                struct onboard_application *out, char token[VAULT_TOKEN_TEXT])
{
    struct pass_row pass;
    struct onboard_row row;
    struct onboard_ticket_copy copy;
    uint8_t key[VAULT_PASS_KEY] = {0};
    const int64_t now_us = env_now(onboard->env);
    const enum code found = find_handover(db, onboard, id, key_text, code, &pass, key);
    ENSURE(found != CODE_NOT_FOUND, CODE_HANDOVER_INVALID);
    GUARD(found);
    GUARD(usable(&pass.pass, now_us));
    const bool opens = read_copy(&copy, &pass, key);
    mem_wipe(key, sizeof key);
    mem_wipe(&copy, sizeof copy);
    ENSURE(opens, CODE_HANDOVER_INVALID);
    const enum code begun = onboard_begin(db, onboard, pass.pass.number, &row);
    ENSURE(begun != CODE_NOT_FOUND, CODE_HANDOVER_EXPIRED);
    GUARD(begun);
    GUARD(pass_store_end(db, pass.pass.number, ONBOARD_HANDOVER, ONBOARD_PASS_USED, now_us, NULL));
    vault_token_new(onboard->vault, token); // H3
    row.has_token = true;
    row.token_hash = vault_token_hash(onboard->vault, VAULT_TOKEN_DRAFT, token);
    GUARD(onboard_moved(db, onboard, &row));
    *out = row.application;
    mem_wipe(&row, sizeof row);
    return OK;
}

// --- the branch ---

enum code onboard_ticket_by_number(struct db *db, const char *ticket, struct onboard_pass *out)
{
    struct pass_row row;
    ENSURE(strlen(ticket) == 8 && text_all_digits(ticket) && text_luhn_valid(ticket),
           CODE_NOT_FOUND);
    GUARD(pass_store_by_ticket(db, ticket, &row));
    *out = row.pass;
    return OK;
}

enum code onboard_ticket_by_id(struct db *db, const struct id *id, struct onboard_pass *out)
{
    struct pass_row row;
    GUARD(pass_store_by_id(db, id, &row));
    ENSURE(row.pass.kind == ONBOARD_TICKET, CODE_NOT_FOUND);
    *out = row.pass;
    return OK;
}

// The row as it is now; what is over or used opens no more.
static enum code live_ticket(const struct onboard *onboard, struct db *db, const struct id *id,
                             struct pass_row *out)
{
    const enum code code = pass_store_by_id(db, id, out);
    ENSURE(code != CODE_NOT_FOUND, CODE_TICKET_INVALID);
    GUARD(code);
    const bool live = out->pass.kind == ONBOARD_TICKET && out->pass.ending == ONBOARD_PASS_OPEN &&
                      out->pass.expires_us > env_now(onboard->env);
    return live ? OK : CODE_TICKET_INVALID;
}

enum code onboard_ticket_open_key(const struct onboard *onboard, const struct onboard_pass *pass,
                                  struct db *db, const char *key_text,
                                  struct onboard_ticket_copy *out)
{
    struct pass_row row;
    uint8_t key[VAULT_PASS_KEY];
    GUARD(live_ticket(onboard, db, &pass->id, &row));
    ENSURE(vault_pass_key_parse(key, key_text), CODE_TICKET_INVALID);
    const bool opens = read_copy(out, &row, key);
    mem_wipe(key, sizeof key);
    return opens ? OK : CODE_TICKET_INVALID;
}

enum code onboard_ticket_open_document(const struct onboard *onboard,
                                       const struct onboard_pass *pass, struct db *db,
                                       const char *id_number, struct onboard_ticket_copy *out)
{
    struct pass_row row;
    uint8_t key[VAULT_PASS_KEY];
    GUARD(live_ticket(onboard, db, &pass->id, &row));
    ENSURE(row.pass.agreed &&
               vault_branch_unwrap(onboard->vault, key, row.wrapped, row.wrapped_size),
           CODE_TICKET_INVALID);
    const bool opens = read_copy(out, &row, key) && text_equal(out->id_number, id_number);
    mem_wipe(key, sizeof key);
    if (!opens)
        mem_wipe(out, sizeof *out);
    return opens ? OK : CODE_TICKET_INVALID;
}

static enum code take_document(const struct onboard *onboard,
                               const struct onboard_ticket_finish *in, struct onboard_row *row,
                               struct problem *problem)
{
    struct party_identity identity;
    char name[PARTY_NAME_MAX];
    GUARD(onboard_check_identity(onboard, in->name, in->id_number, name, &identity, problem));
    (void)text_copy(row->application.name, sizeof row->application.name, name);
    (void)text_copy(row->application.id_number, sizeof row->application.id_number,
                    identity.id_number);
    onboard_derive(row, onboard);
    return OK;
}

// Confirmed in person: the face in front of the clerk, the document in their hand. What the person
// alone may choose (phone by its code, password, PIN) is done before, on their own phone.
static enum code approve(struct db *db, const struct onboard *onboard,
                         const struct onboard_ticket_finish *in, struct onboard_row *row,
                         struct problem *problem)
{
    struct onboard_trouble *trouble = &row->application.trouble;
    const bool complete =
        row->application.phone_verified && row->password[0] != '\0' && row->pin[0] != '\0';
    ENSURE(complete, CODE_STEP_ORDER);
    GUARD(take_document(onboard, in, row, problem));
    row->application.face = ONBOARD_FACE_PASSED;
    row->application.submitted_us = env_now(onboard->env);
    trouble->kind = ONBOARD_TROUBLE_NONE;
    trouble->linked = ONBOARD_LINKED_AT_BRANCH;
    GUARD(onboard_store_trouble(db, row->application.number, trouble));
    GUARD(onboard_accept(db, onboard, row, ONBOARD_CLASS_BRANCH));
    if (row->application.state == ONBOARD_OPENED)
        return OK;
    return problem_set(problem, row->application.refusal, CHARGED_NOT_INVOLVED);
}

enum code onboard_ticket_finish(struct db *db, const struct onboard *onboard,
                                const struct onboard_ticket_finish *in, struct problem *problem)
{
    struct pass_row pass;
    struct onboard_row row;
    GUARD(live_ticket(onboard, db, &in->ticket, &pass));
    const enum code begun = onboard_begin(db, onboard, pass.pass.number, &row);
    ENSURE(begun != CODE_NOT_FOUND, CODE_TICKET_INVALID);
    GUARD(begun);
    ENSURE(row.application.state == ONBOARD_DRAFT, CODE_STEP_ORDER);
    const enum code code = in->approved ? approve(db, onboard, in, &row, problem)
                                        : onboard_close(db, onboard, &row, CODE_IDENTITY_MISMATCH);
    mem_wipe(&row, sizeof row);
    GUARD(code);
    return pass_store_end(db, pass.pass.number, ONBOARD_TICKET, ONBOARD_PASS_USED,
                          env_now(onboard->env), NULL);
}
