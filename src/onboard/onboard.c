// An application as a whole: making it, finding it, what is the next step, giving it up.
#include "onboard/onboard_priv.h"

#include <stdio.h>
#include <string.h>

enum { CASE_NUMBER_ATTEMPTS = 5 };

const char *onboard_state_name(enum onboard_state state)
{
    static const char *const NAMES[] = {"", "draft", "submitted", "checking", "opened", "refused"};
    return state >= ONBOARD_DRAFT && state <= ONBOARD_REFUSED ? NAMES[state] : "";
}

const char *onboard_review_name(enum onboard_review review)
{
    static const char *const NAMES[] = {"none", "waiting", "approved", "refused"};
    return review >= ONBOARD_REVIEW_NONE && review <= ONBOARD_REVIEW_REFUSED ? NAMES[review] : "";
}

const char *onboard_face_name(enum onboard_face face)
{
    static const char *const NAMES[] = {"none", "checking", "passed", "failed"};
    return face >= ONBOARD_FACE_NONE && face <= ONBOARD_FACE_FAILED ? NAMES[face] : "";
}

// --- what follows from the row ---

enum onboard_step onboard_step_of(const struct onboard_row *row)
{
    const struct onboard_application *application = &row->application;
    if (application->state == ONBOARD_OPENED)
        return STEP_OPENED;
    if (application->state == ONBOARD_REFUSED)
        return STEP_REFUSED;
    if (application->state != ONBOARD_DRAFT)
        return STEP_SUBMITTED;
    const bool anonymous = application->wallet_class == ONBOARD_CLASS_ANONYMOUS;
    const bool upgrade = application->upgrade_of != 0;
    if (!anonymous && (application->id_number[0] == '\0' || application->photos_missing))
        return STEP_IDENTITY;
    if (!upgrade && (application->phone[0] == '\0' || row->phone_verified_us == 0))
        return STEP_PHONE;
    if (!anonymous && application->face != ONBOARD_FACE_PASSED)
        return STEP_FACE;
    if (!upgrade && row->password[0] == '\0')
        return STEP_PASSWORD;
    if (!upgrade && row->pin[0] == '\0')
        return STEP_PIN;
    return application->trouble.kind != ONBOARD_TROUBLE_NONE ? STEP_TROUBLE : STEP_REVIEW;
}

bool onboard_derives(const struct onboard *onboard, enum party_document kind)
{
    const struct party_document_rule *rule =
        guard_document_rule(onboard->profiles, kind, time_business_date(env_now(onboard->env)));
    return rule == NULL || rule->derives;
}

uint32_t onboard_photos_of(enum party_document kind)
{
    if (kind == PARTY_NO_DOCUMENT)
        return 0;
    const uint32_t sides = UINT32_C(1) << DESK_ID_FRONT | UINT32_C(1) << DESK_ID_BACK;
    return kind == PARTY_PASSPORT ? UINT32_C(1) << DESK_PASSPORT : sides;
}

static void derive_identity(struct onboard_application *application, const struct onboard *onboard)
{
    const char *number = application->id_number;
    const int32_t today = time_business_date(env_now(onboard->env));
    const enum party_policy policy =
        guard_open_rules(onboard->profiles, today)->photos[application->document];
    const uint32_t photos = onboard_photos_of(application->document);
    application->has_identity = number[0] != '\0';
    application->photos_asked = policy == PARTY_POLICY_NONE ? 0 : photos;
    application->photos_missing =
        policy == PARTY_POLICY_REQUIRE && (application->photos & photos) != photos;
    if (!application->has_identity || !onboard_derives(onboard, application->document))
        return;
    application->birth_date = 0;
    for (int i = 6; i < 14; i++)
        application->birth_date = application->birth_date * 10 + (number[i] - '0');
    application->sex = (number[16] - '0') % 2 == 1 ? PARTY_MALE : PARTY_FEMALE;
}

void onboard_derive(struct onboard_row *row, const struct onboard *onboard)
{
    static const char *const STEPS[] = {"identity", "phone",   "face",      "password", "pin",
                                        "review",   "trouble", "submitted", "opened",   "refused"};
    struct onboard_application *application = &row->application;
    derive_identity(application, onboard);
    application->has_phone = application->phone[0] != '\0';
    application->phone_verified = application->has_phone && row->phone_verified_us != 0;
    application->phone_class = application->has_phone
                                   ? guard_phone_class(onboard->profiles, application->phone,
                                                       time_business_date(env_now(onboard->env)))
                                   : GUARD_PHONE_UNKNOWN;
    application->face_tries_left =
        row->face_tries < ONBOARD_FACE_TRIES ? ONBOARD_FACE_TRIES - row->face_tries : 0;
    application->has_password = row->password[0] != '\0';
    application->has_pin = row->pin[0] != '\0';
    const int32_t tries = onboard_record_rules(onboard)->tries;
    application->trouble.tries_left =
        application->trouble.misses < tries ? tries - application->trouble.misses : 0;
    application->step = STEPS[onboard_step_of(row)];
}

bool onboard_expired(const struct onboard_application *application, int64_t now_us)
{
    const bool waits =
        application->state == ONBOARD_SUBMITTED || application->state == ONBOARD_CHECKING;
    return !waits && application->expires_us <= now_us;
}

// --- create ---

enum code onboard_create(struct db *db, const struct onboard *onboard, const struct onboard_new *in,
                         struct onboard_application *out, char token[VAULT_TOKEN_TEXT])
{
    const int64_t now_us = env_now(onboard->env);
    struct onboard_row row = {.has_token = true, .seen_us = now_us};
    bool inserted = false;
    ENSURE(text_equal(in->terms_version, onboard->terms_version), CODE_TERMS_CHANGED);
    const int32_t wallet_class = in->wallet_class != 0 ? in->wallet_class : ONBOARD_CLASS;
    const struct guard_open_rules *rules =
        guard_open_rules(onboard->profiles, time_business_date(now_us));
    const bool offered = wallet_class >= ONBOARD_CLASS && wallet_class <= ONBOARD_CLASS_ANONYMOUS &&
                         (in->upgrade_of != 0 ? rules->upgrades : rules->classes)[wallet_class];
    ENSURE(offered, CODE_CLASS_NOT_OFFERED);
    row.application = (struct onboard_application){
        .id = id_new(onboard->env),
        .number = party_id_new(onboard->env),
        .state = ONBOARD_DRAFT,
        .language = in->language,
        .consent_face = in->consent_face,
        .wallet_class = wallet_class,
        .upgrade_of = in->upgrade_of,
        .document = wallet_class == ONBOARD_CLASS ? PARTY_RESIDENT_ID : PARTY_NO_DOCUMENT,
        .created_us = now_us,
        .expires_us = now_us + ONBOARD_LIFE_US};
    ENSURE(text_copy(row.application.terms_version, sizeof row.application.terms_version,
                     in->terms_version),
           CODE_INTERNAL);
    vault_token_new(onboard->vault, token);
    row.token_hash = vault_token_hash(onboard->vault, VAULT_TOKEN_DRAFT, token);
    for (int attempt = 0; attempt < CASE_NUMBER_ATTEMPTS && !inserted; attempt++) {
        guard_case_number(onboard->env, row.application.case_number);
        GUARD(onboard_store_insert(db, onboard, &row, &inserted));
    }
    ENSURE(inserted, CODE_INTERNAL);
    onboard_derive(&row, onboard);
    *out = row.application;
    return OK;
}

// --- find ---

static enum code load_challenge(struct db *db, const struct onboard *onboard,
                                struct onboard_application *application)
{
    if (application->state != ONBOARD_DRAFT || application->phone_verified)
        return OK;
    const struct otp otp = onboard_otp(onboard);
    const enum code code =
        otp_load(db, &otp, ONBOARD_PURPOSE, application->number, &application->challenge);
    application->has_challenge = code == OK;
    return code == CODE_NOT_FOUND ? OK : code;
}

static enum code load_review(struct db *db, struct onboard_application *application)
{
    struct desk_case found;
    if (application->review != ONBOARD_REVIEW_WAITING)
        return OK;
    const enum code code = desk_case_of(db, DESK_REVIEW, &application->id, &found);
    if (code == OK)
        application->review_due_us = found.due_us;
    return code == CODE_NOT_FOUND ? OK : code;
}

enum code onboard_load(struct db *db, const struct onboard *onboard, int64_t number,
                       struct onboard_application *out)
{
    struct onboard_row row;
    GUARD(onboard_store_load(db, onboard, number, false, &row));
    ENSURE(!onboard_expired(&row.application, env_now(onboard->env)), CODE_NOT_FOUND);
    *out = row.application;
    mem_wipe(&row, sizeof row);
    GUARD(load_review(db, out));
    return load_challenge(db, onboard, out);
}

enum code onboard_find(struct db *db, const struct onboard *onboard, const char *token,
                       struct onboard_application *out)
{
    int64_t number;
    const struct vault_hash hash = vault_token_hash(onboard->vault, VAULT_TOKEN_DRAFT, token);
    GUARD(onboard_store_by_token(db, &hash, &number));
    return onboard_load(db, onboard, number, out);
}

enum code onboard_by_id(struct db *db, const struct onboard *onboard, const struct id *id,
                        struct onboard_application *out)
{
    int64_t number;
    GUARD(onboard_store_by_id(db, id, &number));
    return onboard_load(db, onboard, number, out);
}

enum code onboard_begin(struct db *db, const struct onboard *onboard, int64_t number,
                        struct onboard_row *out)
{
    GUARD(onboard_store_load(db, onboard, number, true, out));
    return onboard_expired(&out->application, env_now(onboard->env)) ? CODE_NOT_FOUND : OK;
}

enum code onboard_begin_step(struct db *db, const struct onboard *onboard, int64_t number,
                             enum onboard_step step, struct onboard_row *out)
{
    GUARD(onboard_begin(db, onboard, number, out));
    const struct onboard_application *application = &out->application;
    const bool draft = application->state == ONBOARD_DRAFT;
    const bool of_identity = step == STEP_IDENTITY || step == STEP_FACE;
    const bool skipped = application->wallet_class == ONBOARD_CLASS_ANONYMOUS
                             ? of_identity
                             : application->upgrade_of != 0 && !of_identity;
    ENSURE(draft && !skipped && onboard_step_of(out) >= step, CODE_STEP_ORDER);
    onboard_spend(out, env_now(onboard->env));
    return OK;
}

void onboard_spend(struct onboard_row *row, int64_t now_us)
{
    enum { PAUSE_S = 300 };
    const int64_t since = now_us - row->seen_us;
    if (row->seen_us != 0 && since > 0 && since < INT64_C(1000000) * PAUSE_S)
        row->application.own_us += since;
    row->seen_us = now_us;
}

// --- give up ---

enum code onboard_delete(struct db *db, int64_t number)
{
    int64_t changes;
    bool exists;
    GUARD(onboard_store_give_up(db, number, &changes));
    if (changes > 0)
        return desk_documents_drop_draft(db, number);
    GUARD(onboard_store_exists(db, number, &exists));
    return exists ? CODE_STEP_ORDER : CODE_NOT_FOUND;
}

enum code onboard_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted)
{
    return onboard_store_prune(db, now_us, limit, out_deleted);
}

// --- events and questions ---

enum code onboard_moved(struct db *db, const struct onboard *onboard, struct onboard_row *row)
{
    char json[96];
    static const char TYPE[] = "application";
    onboard_derive(row, onboard);
    GUARD(onboard_store_update(db, onboard, row));
    const int size = snprintf(json, sizeof json, "{\"state\":\"%s\",\"step\":\"%s\"}",
                              onboard_state_name(row->application.state), row->application.step);
    const struct party_outbox event = {.queue = "event",
                                       .person1 = onboard_stream_key(row->application.number),
                                       .ref = TYPE,
                                       .ref_size = sizeof TYPE - 1,
                                       .payload = json,
                                       .payload_size = (size_t)size};
    return party_outbox_add(db, onboard->vault, onboard->env, &event);
}

enum code onboard_ask(struct db *db, const struct onboard *onboard, const char *queue,
                      const struct onboard_row *row)
{
    const struct party_outbox question = {.queue = queue,
                                          .ref = row->application.id.bytes,
                                          .ref_size = sizeof row->application.id.bytes};
    return party_outbox_add(db, onboard->vault, onboard->env, &question);
}
