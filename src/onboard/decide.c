// What the services answered, and what follows: the opened wallet or the refusal, and the first
// log-in.
// 1. A decision is made once; the same answer again changes nothing.
// 2. When it is made, the application keeps no personal data: they live with the person or nowhere.
#include "onboard/onboard_priv.h"

#include "books/books.h"
#include "guard/guard_limits.h"

#include <stdio.h>
#include <string.h>

// Loads the application of a queue's row. An expired or deleted draft needs no answer.
static enum code begin_by_id(struct db *db, const struct onboard *onboard, const struct id *id,
                             struct onboard_row *out)
{
    int64_t number;
    GUARD(onboard_store_by_id(db, id, &number));
    return onboard_begin(db, onboard, number, out);
}

// --- face, checking ---

enum code onboard_face_result(struct db *db, const struct onboard *onboard, const struct id *id,
                              enum onboard_outcome outcome)
{
    struct onboard_row row;
    if (outcome == ONBOARD_LATER)
        return OK;
    const enum code code = begin_by_id(db, onboard, id, &row);
    if (code == CODE_NOT_FOUND)
        return OK;
    GUARD(code);
    if (row.application.state != ONBOARD_DRAFT || row.application.face != ONBOARD_FACE_CHECKING)
        return OK;
    row.application.face = outcome == ONBOARD_YES ? ONBOARD_FACE_PASSED : ONBOARD_FACE_FAILED;
    return onboard_moved(db, onboard, &row);
}

enum code onboard_checking(struct db *db, const struct onboard *onboard, const struct id *id)
{
    struct onboard_row row;
    const enum code code = begin_by_id(db, onboard, id, &row);
    if (code == CODE_NOT_FOUND)
        return OK;
    GUARD(code);
    if (row.application.state != ONBOARD_SUBMITTED)
        return OK;
    row.application.state = ONBOARD_CHECKING;
    row.application.checking_us = env_now(onboard->env);
    return onboard_moved(db, onboard, &row);
}

// --- opening ---

static enum code taken(enum code found, enum code refusal)
{
    if (found == CODE_NOT_FOUND)
        return OK;
    return found == OK ? refusal : found;
}

// Asked before anything is written, so that a refusal leaves no accounts behind.
static enum code check_free(struct db *db, const struct onboard *onboard,
                            const struct party_new_person *person)
{
    int64_t other;
    if (person->id_number[0] != '\0')
        GUARD(taken(party_find_by_id_number(db, onboard->vault, person->id_number, &other),
                    CODE_IDENTITY_IN_USE));
    if (person->phone[0] == '\0') // an upgrade: the person keeps the phone
        return OK;
    return taken(party_find_by_phone(db, onboard->vault, person->phone, &other), CODE_PHONE_IN_USE);
}

static enum code open_accounts(struct db *db, const struct onboard *onboard,
                               struct party_new_person *person)
{
    struct arena *arena = arena_new();
    struct books_group *books;
    enum code code = books_group_begin(&books, db, arena, env_now(onboard->env));
    if (code == OK)
        code = books_open_chart(books, MONEY_CNY);
    if (code == OK)
        code = books_open_chart(books, MONEY_USD);
    if (code == OK)
        code = books_account_open(&person->account_cny, books, BOOKS_WALLET, person->id, MONEY_CNY);
    if (code == OK)
        code = books_account_open(&person->account_usd, books, BOOKS_WALLET, person->id, MONEY_USD);
    if (code == OK)
        code = books_group_write(books);
    arena_free(&arena);
    return code;
}

static enum code welcome(struct db *db, const struct onboard *onboard,
                         const struct party_wallet *wallet)
{
    struct party_notice notice = {.person = wallet->person,
                                  .group = PARTY_NOTICE_SERVICE,
                                  .kind = "wallet.opened",
                                  .link = "/cards",
                                  .at_us = env_now(onboard->env)};
    (void)snprintf(notice.params, sizeof notice.params, "number=%s", wallet->number);
    return party_notice_add(db, onboard->vault, onboard->env, &notice);
}

// Told by SMS as well, because the person may have left the page: the form of guard's messages,
// with
// "-" for the code that this one has not, worth reading for a day.
static enum code welcome_by_sms(struct db *db, const struct onboard *onboard,
                                const struct onboard_application *application)
{
    struct buffer payload = {0};
    buffer_format(&payload, "wallet.opened\n%s\n-\n%s\n%d", application->phone,
                  application->language == PARTY_EN ? "en" : "zh-CN", 24 * 60);
    const struct party_outbox message = {.queue = "sms",
                                         .ref = application->id.bytes,
                                         .ref_size = sizeof application->id.bytes,
                                         .payload = payload.data,
                                         .payload_size = payload.size,
                                         .sealed = true};
    const enum code code = party_outbox_add(db, onboard->vault, onboard->env, &message);
    mem_wipe(payload.data, payload.size);
    buffer_free(&payload);
    return code;
}

static enum code open_wallet(struct db *db, const struct onboard *onboard,
                             struct party_new_person *person, struct party_wallet *out,
                             struct problem *problem)
{
    GUARD(open_accounts(db, onboard, person));
    GUARD(party_person_add(db, onboard->vault, onboard->env, person, out, problem));
    GUARD(guard_wallet_open(db, person->account_cny, person->wallet_class));
    GUARD(guard_wallet_open(db, person->account_usd, person->wallet_class));
    return welcome(db, onboard, out);
}

enum code onboard_open(struct db *db, const struct onboard *onboard,
                       const struct onboard_person *in, struct party_wallet *out,
                       struct problem *problem)
{
    char name[PARTY_NAME_MAX] = "", phone[PARTY_PHONE_MAX];
    struct party_identity identity = {.birth_date = 0};
    const int32_t wallet_class = in->wallet_class != 0 ? in->wallet_class : ONBOARD_CLASS;
    const struct onboard_document document = {
        .kind = in->document != PARTY_NO_DOCUMENT ? in->document : PARTY_RESIDENT_ID,
        .name = in->name,
        .id_number = in->id_number,
        .valid_until = in->document_until,
        .birth_date = in->birth_date,
        .sex = in->sex};
    if (wallet_class != ONBOARD_CLASS_ANONYMOUS)
        GUARD(onboard_check_document(onboard, &document, name, &identity, problem));
    GUARD(onboard_check_phone(onboard, in->phone, phone, problem));
    struct party_new_person person = {.id = party_id_new(onboard->env),
                                      .wallet_class = wallet_class,
                                      .name = name,
                                      .id_number = identity.id_number,
                                      .phone = phone,
                                      .document = (int32_t)document.kind,
                                      .document_until = in->document_until,
                                      .birth_date = identity.birth_date,
                                      .sex = identity.sex,
                                      .language = in->language,
                                      .password_stored = in->password_stored,
                                      .pin_stored = in->pin_stored};
    const enum code code = check_free(db, onboard, &person);
    if (code != OK)
        return problem_set(problem, code, CHARGED_NOT_INVOLVED);
    return open_wallet(db, onboard, &person, out, problem);
}

// --- decision ---

enum code onboard_close(struct db *db, const struct onboard *onboard, struct onboard_row *row,
                        enum code refusal)
{
    struct onboard_application *application = &row->application;
    application->state = refusal == OK ? ONBOARD_OPENED : ONBOARD_REFUSED;
    application->refusal = refusal;
    application->decided_us = env_now(onboard->env);
    mem_wipe(application->name, sizeof application->name);
    mem_wipe(application->id_number, sizeof application->id_number);
    mem_wipe(application->phone, sizeof application->phone);
    mem_wipe(row->password, sizeof row->password);
    mem_wipe(row->pin, sizeof row->pin);
    application->birth_date = 0;
    application->document = PARTY_NO_DOCUMENT;
    if (refusal != OK)
        GUARD(desk_documents_drop(db, application->number));
    return onboard_moved(db, onboard, row);
}

static enum code tell_upgrade(struct db *db, const struct onboard *onboard, int64_t person,
                              int32_t wallet_class)
{
    struct party_notice notice = {.person = person,
                                  .group = PARTY_NOTICE_SERVICE,
                                  .kind = "wallet.upgraded",
                                  .link = "/me/limits",
                                  .at_us = env_now(onboard->env)};
    (void)snprintf(notice.params, sizeof notice.params, "class=%d", (int)wallet_class);
    return party_notice_add(db, onboard->vault, onboard->env, &notice);
}

enum code onboard_set_class(struct db *db, const struct onboard *onboard, int64_t person,
                            int32_t wallet_class)
{
    struct party_wallet wallet;
    GUARD(party_wallet_load(db, person, &wallet));
    ENSURE(wallet.state != PARTY_CLOSED && wallet_class < wallet.wallet_class, CODE_NOT_ALLOWED);
    GUARD(party_set_class(db, person, wallet_class));
    GUARD(guard_wallet_set_class(db, wallet.account_cny, wallet_class));
    GUARD(guard_wallet_set_class(db, wallet.account_usd, wallet_class));
    return tell_upgrade(db, onboard, person, wallet_class);
}

// Wallet number, accounts and history stay as they are.
static enum code upgrade(struct db *db, const struct onboard *onboard, struct onboard_row *row)
{
    const struct onboard_application *application = &row->application;
    const struct desk desk = {onboard->profiles, onboard->vault, onboard->env};
    const int64_t person = application->upgrade_of;
    struct party_wallet wallet;
    GUARD(party_wallet_load(db, person, &wallet));
    const struct party_new_person identity = {.wallet_class = wallet.wallet_class,
                                              .name = application->name,
                                              .id_number = application->id_number,
                                              .document = (int32_t)application->document,
                                              .document_until = application->document_until,
                                              .birth_date = application->birth_date,
                                              .sex = application->sex};
    const enum code code = party_person_identify(db, onboard->vault, person, &identity, NULL);
    if (code == CODE_IDENTITY_IN_USE || code == CODE_NOT_ALLOWED)
        return onboard_close(db, onboard, row, CODE_IDENTITY_IN_USE);
    GUARD(code);
    GUARD(onboard_set_class(db, onboard, person, application->wallet_class));
    GUARD(desk_documents_move(db, &desk, application->number, person));
    return onboard_close(db, onboard, row, OK);
}

enum code onboard_accept(struct db *db, const struct onboard *onboard, struct onboard_row *row,
                         int32_t wallet_class)
{
    if (row->application.upgrade_of != 0)
        return upgrade(db, onboard, row);
    const struct onboard_application *application = &row->application;
    struct party_wallet wallet;
    struct party_new_person person = {.id = application->number,
                                      .wallet_class = wallet_class,
                                      .name = application->name,
                                      .id_number = application->id_number,
                                      .phone = application->phone,
                                      .document = (int32_t)application->document,
                                      .document_until = application->document_until,
                                      .birth_date = application->birth_date,
                                      .sex = application->sex,
                                      .language = application->language,
                                      .password_stored = row->password,
                                      .pin_stored = row->pin};
    const enum code refusal = check_free(db, onboard, &person);
    if (refusal == CODE_IDENTITY_IN_USE || refusal == CODE_PHONE_IN_USE)
        return onboard_close(db, onboard, row, refusal);
    GUARD(refusal);
    const enum code code = open_wallet(db, onboard, &person, &wallet, NULL);
    // Another process took the ID number or phone since the look: everything is rolled back, and
    // the next attempt sees it.
    ENSURE(code != CODE_IDENTITY_IN_USE && code != CODE_PHONE_IN_USE, CODE_BUSY);
    GUARD(code);
    GUARD(welcome_by_sms(db, onboard, application));
    GUARD(desk_documents_keep(db, application->number));
    return onboard_close(db, onboard, row, OK);
}

// A mismatch is no end: the application goes back to the person with what was found. That ID number
// or phone have a wallet is told first: it is what helps, and both are proved by now.
static enum code find_trouble(struct db *db, const struct onboard *onboard, struct onboard_row *row,
                              enum onboard_outcome identity)
{
    struct onboard_application *application = &row->application;
    const bool phone = identity == ONBOARD_NO_PHONE;
    const struct party_new_person person = {.id_number = application->id_number,
                                            .phone = application->phone};
    const enum code taken_code = phone ? check_free(db, onboard, &person) : OK;
    if (taken_code == CODE_IDENTITY_IN_USE || taken_code == CODE_PHONE_IN_USE)
        return onboard_close(db, onboard, row, taken_code);
    GUARD(taken_code);
    application->state = ONBOARD_DRAFT;
    application->checking_us = 0;
    application->trouble.kind = phone                             ? ONBOARD_TROUBLE_PHONE
                                : identity == ONBOARD_NO_DOCUMENT ? ONBOARD_TROUBLE_DOCUMENT
                                                                  : ONBOARD_TROUBLE_NAME;
    if (!onboard_record_rules(onboard)->reveal_after_proof)
        application->trouble.kind = ONBOARD_TROUBLE_BRANCH;
    application->trouble.misses++;
    application->trouble.found_us = env_now(onboard->env);
    GUARD(onboard_store_trouble(db, application->number, &application->trouble));
    // However old the draft is: there is time to mend it, or to go to a branch.
    GUARD(onboard_store_prolong(db, application->number,
                                application->trouble.found_us + ONBOARD_LIFE_US));
    return onboard_moved(db, onboard, row);
}

enum code onboard_decide(struct db *db, const struct onboard *onboard, const struct id *id,
                         enum onboard_outcome identity)
{
    struct onboard_row row;
    enum code code = begin_by_id(db, onboard, id, &row);
    if (code == CODE_NOT_FOUND)
        return OK;
    GUARD(code);
    const bool waits =
        row.application.state == ONBOARD_SUBMITTED || row.application.state == ONBOARD_CHECKING;
    if (waits && identity != ONBOARD_LATER)
        code = identity == ONBOARD_YES
                   ? onboard_accept(db, onboard, &row, row.application.wallet_class)
                   : find_trouble(db, onboard, &row, identity);
    mem_wipe(&row, sizeof row);
    return code;
}

// --- first log-in ---

enum code onboard_enter(struct db *db, const struct onboard *onboard, int64_t number,
                        const char *device, const char *address, struct party_session *out,
                        char token[VAULT_TOKEN_TEXT])
{
    struct onboard_row row;
    GUARD(onboard_begin(db, onboard, number, &row));
    ENSURE(row.has_token, CODE_NOT_FOUND);
    // Whose wallet was upgraded is logged in already.
    ENSURE(row.application.state == ONBOARD_OPENED && row.application.upgrade_of == 0,
           CODE_STEP_ORDER);
    const struct party_new_session session = {
        .person = number, .device = device, .address = address};
    GUARD(party_session_add(db, onboard->vault, onboard->env, &session, out, token));
    row.has_token = false;
    return onboard_store_update(db, onboard, &row);
}
