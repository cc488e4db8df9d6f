// The identity document: what was typed is checked by the rules of its kind; its photos.
#include "onboard/onboard_priv.h"

enum code onboard_check_identity(const struct onboard *onboard, const char *name,
                                 const char *id_number, char out_name[PARTY_NAME_MAX],
                                 struct party_identity *out, struct problem *problem)
{
    const struct onboard_document in = {
        .kind = PARTY_RESIDENT_ID, .name = name, .id_number = id_number};
    return onboard_check_document(onboard, &in, out_name, out, problem);
}

static enum code check_validity(const struct onboard_document *in,
                                const struct party_document_rule *rule, int32_t today,
                                struct problem *problem)
{
    static const char AT[] = "/valid_until";
    if (rule->validity == PARTY_POLICY_NONE)
        return OK;
    if (in->valid_until == 0)
        return rule->validity == PARTY_POLICY_REQUIRE
                   ? problem_field(problem, AT, CODE_DOCUMENT_DATE_INVALID, "missing")
                   : OK;
    if (in->valid_until == PARTY_LONG_TERM)
        return rule->long_term ? OK
                               : problem_field(problem, AT, CODE_DOCUMENT_DATE_INVALID, "range");
    if (!party_date_valid(in->valid_until))
        return problem_field(problem, AT, CODE_DOCUMENT_DATE_INVALID, "format");
    // It is valid on its last day.
    if (in->valid_until < today)
        return problem_field(problem, AT, CODE_DOCUMENT_EXPIRED, "");
    return OK;
}

static enum code check_person(const struct onboard *onboard, const struct onboard_document *in,
                              const struct party_document_rule *rule, struct party_identity *out,
                              struct problem *problem)
{
    const int32_t today = time_business_date(env_now(onboard->env));
    if (!rule->derives) {
        if (!party_birth_date_valid(in->birth_date, today))
            return problem_field(problem, "/birth_date", CODE_BIRTH_DATE_INVALID,
                                 in->birth_date == 0 ? "missing" : "");
        if (in->sex != PARTY_MALE && in->sex != PARTY_FEMALE)
            return problem_field(problem, "/sex", CODE_REQUEST_INVALID, "missing");
        out->birth_date = in->birth_date;
        out->sex = in->sex;
        out->age = party_age(in->birth_date, today);
    }
    if (out->age < guard_minor_rules(onboard->profiles, today)->self_open_age)
        return problem_field(problem, rule->derives ? "/id_number" : "/birth_date",
                             CODE_AGE_NOT_ELIGIBLE, "minors.guardian");
    return OK;
}

enum code onboard_check_document(const struct onboard *onboard, const struct onboard_document *in,
                                 char out_name[PARTY_NAME_MAX], struct party_identity *out,
                                 struct problem *problem)
{
    const int32_t today = time_business_date(env_now(onboard->env));
    const struct party_document_rule *found =
        guard_document_rule(onboard->profiles, in->kind, today);
    const char *reason = "";
    if (found == NULL)
        return problem_field(problem, "/document", CODE_DOCUMENT_NOT_ACCEPTED, "");
    struct party_document_rule rule = *found;
    if (rule.provinces == NULL)
        rule.provinces = guard_provinces(onboard->profiles, today);
    const enum code by_name = party_document_name_check(out_name, in->name, &rule);
    const enum code by_number = party_document_check(out, &rule, in->id_number, today, &reason);
    if (by_name != OK)
        (void)problem_field(problem, "/name", by_name, "");
    if (by_number != OK)
        (void)problem_field(problem, "/id_number", by_number, reason);
    if (by_name != OK || by_number != OK)
        return by_name != OK ? by_name : by_number;
    GUARD(check_person(onboard, in, &rule, out, problem));
    return check_validity(in, &rule, today, problem);
}

enum code onboard_put_photo(struct db *db, const struct onboard *onboard, int64_t number,
                            const struct desk_new_document *photo, struct desk_document *out)
{
    struct onboard_row row;
    const struct desk desk = {onboard->profiles, onboard->vault, onboard->env};
    GUARD(onboard_begin_step(db, onboard, number, STEP_IDENTITY, &row));
    struct desk_new_document in = *photo;
    in.owner = number;
    in.expires_us = row.application.expires_us + INT64_C(86400000000);
    GUARD(desk_document_put(db, &desk, &in, out));
    return onboard_store_update(db, onboard, &row);
}
