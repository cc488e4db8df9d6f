// The steps of the person. Nothing here says whether an ID number or a phone is known: that is told
// by the decision only, after phone and face were proved.
// 1. What a later step was checked against may not change behind it: another identity takes back
// the face check, another identity or phone takes back password and PIN. Once a decision has found
// that the phone is not the one on file, the number on file takes back nothing: it is proved by its
// code, and nothing is asked again.
// 2. A refusal has written nothing but the counters of guard.
#include "onboard/onboard_priv.h"

#include <string.h>

// --- checks of what was typed ---

enum code onboard_check_phone(const struct onboard *onboard, const char *phone,
                              char out[PARTY_PHONE_MAX], struct problem *problem)
{
    const int32_t today = time_business_date(env_now(onboard->env));
    if (party_phone_normalise(out, phone) != OK)
        return problem_field(problem, "/phone", CODE_PHONE_INVALID, "");
    if (guard_phone_class(onboard->profiles, out, today) == GUARD_PHONE_REFUSED)
        return problem_field(problem, "/phone", CODE_PHONE_NOT_SUPPORTED, "");
    return OK;
}

static void drop_secrets(struct onboard_row *row)
{
    mem_wipe(row->password, sizeof row->password);
    mem_wipe(row->pin, sizeof row->pin);
}

// --- identity ---

enum code onboard_put_identity(struct db *db, const struct onboard *onboard, int64_t number,
                               const char *name, const char *id_number, struct problem *problem)
{
    const struct onboard_document in = {
        .kind = PARTY_RESIDENT_ID, .name = name, .id_number = id_number};
    return onboard_put_document(db, onboard, number, &in, problem);
}

enum code onboard_put_document(struct db *db, const struct onboard *onboard, int64_t number,
                               const struct onboard_document *in, struct problem *problem)
{
    struct onboard_row row;
    struct party_identity identity;
    char clean[PARTY_NAME_MAX];
    struct onboard_application *application = &row.application;
    GUARD(onboard_begin_step(db, onboard, number, STEP_IDENTITY, &row));
    GUARD(onboard_check_document(onboard, in, clean, &identity, problem));
    application->document_until = in->valid_until;
    if (application->document == in->kind && text_equal(application->name, clean) &&
        text_equal(application->id_number, identity.id_number) &&
        application->birth_date == identity.birth_date && application->sex == identity.sex)
        return onboard_store_update(db, onboard, &row);
    // The answer on its way is about the face of the one typed before.
    ENSURE(application->face != ONBOARD_FACE_CHECKING, CODE_REQUEST_RUNNING);
    ENSURE(application->review != ONBOARD_REVIEW_WAITING, CODE_REQUEST_RUNNING);
    (void)text_copy(application->name, sizeof application->name, clean);
    (void)text_copy(application->id_number, sizeof application->id_number, identity.id_number);
    application->document = in->kind;
    application->birth_date = identity.birth_date;
    application->sex = identity.sex;
    application->face = ONBOARD_FACE_NONE;
    application->review = ONBOARD_REVIEW_NONE;
    drop_secrets(&row);
    onboard_derive(&row, onboard);
    GUARD(onboard_settle(db, &row));
    return onboard_store_update(db, onboard, &row);
}

// --- phone ---

struct otp onboard_otp(const struct onboard *onboard)
{
    return (struct otp){.profiles = onboard->profiles,
                        .vault = onboard->vault,
                        .env = onboard->env,
                        .second_route = onboard->second_route,
                        .voice = onboard->voice};
}

static struct otp_request request_of(const struct onboard_application *application,
                                     const struct onboard_wish *wish)
{
    return (struct otp_request){.purpose = ONBOARD_PURPOSE,
                                .subject = application->number,
                                .phone = wish->phone != NULL ? wish->phone : application->phone,
                                .language = application->language,
                                .stream = onboard_stream_key(application->number),
                                .address = wish->address,
                                .device = wish->device,
                                .attempt_key = wish->attempt_key,
                                .by_voice = wish->by_voice,
                                .voice_allowed = wish->voice_allowed};
}

enum code onboard_send_code(struct db *db, const struct onboard *onboard, int64_t number,
                            const struct onboard_wish *wish, struct problem *problem)
{
    struct onboard_row row;
    struct otp_challenge challenge;
    char normal[PARTY_PHONE_MAX] = "";
    struct onboard_application *application = &row.application;
    const struct otp otp = onboard_otp(onboard);
    GUARD(onboard_begin_step(db, onboard, number, STEP_PHONE, &row));
    ENSURE(wish->phone != NULL || application->phone[0] != '\0', CODE_STEP_ORDER);
    const struct otp_request request = request_of(application, wish);
    const bool same = party_phone_normalise(normal, request.phone) == OK &&
                      text_equal(application->phone, normal);
    if (same && row.phone_verified_us != 0)
        return OK; // nothing to prove any more
    GUARD(otp_send(db, &otp, &request, &challenge, problem));
    if (same)
        return OK;
    (void)text_copy(application->phone, sizeof application->phone, challenge.phone);
    row.phone_verified_us = 0;
    if (application->trouble.kind == ONBOARD_TROUBLE_NONE)
        drop_secrets(&row);
    GUARD(onboard_settle(db, &row));
    return onboard_store_update(db, onboard, &row);
}

enum code onboard_verify_code(struct db *db, const struct onboard *onboard, int64_t number,
                              const char *code, struct problem *problem)
{
    struct onboard_row row;
    const struct onboard_wish none = {0};
    const struct otp otp = onboard_otp(onboard);
    GUARD(onboard_begin_step(db, onboard, number, STEP_PHONE, &row));
    ENSURE(row.application.phone[0] != '\0', CODE_STEP_ORDER);
    if (row.phone_verified_us != 0)
        return OK;
    const struct otp_request request = request_of(&row.application, &none);
    GUARD(otp_verify(db, &otp, &request, code, problem));
    row.phone_verified_us = env_now(onboard->env);
    return onboard_store_update(db, onboard, &row);
}

// --- face ---

static enum code refuse_rule(struct problem *problem, const char *rule)
{
    (void)problem_set(problem, CODE_NOT_ALLOWED, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        (void)text_copy(problem->rule, sizeof problem->rule, rule);
    return CODE_NOT_ALLOWED;
}

enum code onboard_start_face(struct db *db, const struct onboard *onboard, int64_t number,
                             struct problem *problem)
{
    struct onboard_row row;
    GUARD(onboard_begin_step(db, onboard, number, STEP_FACE, &row));
    if (row.application.face == ONBOARD_FACE_CHECKING ||
        row.application.face == ONBOARD_FACE_PASSED)
        return OK;
    if (!row.application.consent_face)
        return refuse_rule(problem, "face.consent");
    if (row.face_tries >= ONBOARD_FACE_TRIES)
        return refuse_rule(problem, "face.tries");
    row.application.face = ONBOARD_FACE_CHECKING;
    row.face_tries++;
    GUARD(onboard_store_update(db, onboard, &row));
    return onboard_ask(db, onboard, "face", &row);
}

// --- password and PIN ---

// The rules need the identity and the phone: without them there is nothing to check against.
static bool known_of(const struct onboard_application *application, struct guard_known *out)
{
    const bool anonymous = application->wallet_class == ONBOARD_CLASS_ANONYMOUS;
    const bool proved =
        anonymous || (application->has_identity && application->face == ONBOARD_FACE_PASSED);
    *out = (struct guard_known){.name = application->name,
                                .phone = application->phone,
                                .id_number = application->id_number,
                                .birth_date = application->birth_date};
    return application->state == ONBOARD_DRAFT && application->upgrade_of == 0 && proved &&
           application->phone_verified;
}

enum code onboard_password_rules(const struct onboard *onboard,
                                 const struct onboard_application *application,
                                 const char *password, struct problem *problem)
{
    struct guard_known known;
    ENSURE(known_of(application, &known), CODE_STEP_ORDER);
    return guard_password_rules(onboard->profiles, password, &known, problem);
}

enum code onboard_pin_rules(const struct onboard *onboard,
                            const struct onboard_application *application, const char *pin,
                            struct problem *problem)
{
    struct guard_known known;
    ENSURE(known_of(application, &known) && application->has_password, CODE_STEP_ORDER);
    return guard_pin_rules(onboard->profiles, pin, &known, problem);
}

enum code onboard_put_password(struct db *db, const struct onboard *onboard, int64_t number,
                               const char *stored)
{
    struct onboard_row row;
    GUARD(onboard_begin_step(db, onboard, number, STEP_PASSWORD, &row));
    ENSURE(text_copy(row.password, sizeof row.password, stored), CODE_INTERNAL);
    return onboard_store_update(db, onboard, &row);
}

enum code onboard_put_pin(struct db *db, const struct onboard *onboard, int64_t number,
                          const char *stored)
{
    struct onboard_row row;
    GUARD(onboard_begin_step(db, onboard, number, STEP_PIN, &row));
    ENSURE(text_copy(row.pin, sizeof row.pin, stored), CODE_INTERNAL);
    return onboard_store_update(db, onboard, &row);
}

// --- submit ---

enum code onboard_submit(struct db *db, const struct onboard *onboard, int64_t number,
                         struct problem *problem)
{
    struct onboard_row row;
    GUARD(onboard_begin(db, onboard, number, &row));
    if (row.application.state != ONBOARD_DRAFT)
        return OK;
    ENSURE(onboard_step_of(&row) == STEP_REVIEW, CODE_STEP_ORDER);
    if (row.application.trouble.tries_left == 0)
        return refuse_rule(problem, "record.tries");
    if (!text_equal(row.application.terms_version, onboard->terms_version))
        return problem_set(problem, CODE_TERMS_CHANGED, CHARGED_NOT_INVOLVED);
    onboard_spend(&row, env_now(onboard->env));
    row.application.state = ONBOARD_SUBMITTED;
    row.application.submitted_us = env_now(onboard->env);
    GUARD(onboard_ask(db, onboard, "decide", &row));
    return onboard_moved(db, onboard, &row);
}
