// What a decision found, and what the person can do about it without typing the rest again.
#include "onboard/onboard_priv.h"

#include <string.h>

const char *onboard_trouble_name(enum onboard_trouble_kind kind)
{
    static const char *const NAMES[] = {"none", "name", "document", "phone-not-linked", "branch"};
    return kind >= ONBOARD_TROUBLE_NONE && kind <= ONBOARD_TROUBLE_BRANCH ? NAMES[kind] : "";
}

const struct guard_record_rules *onboard_record_rules(const struct onboard *onboard)
{
    return guard_record_rules(onboard->profiles, time_business_date(env_now(onboard->env)));
}

enum code onboard_settle(struct db *db, struct onboard_row *row)
{
    struct onboard_trouble *trouble = &row->application.trouble;
    if (trouble->kind == ONBOARD_TROUBLE_NONE)
        return OK;
    trouble->kind = ONBOARD_TROUBLE_NONE;
    return onboard_store_trouble(db, row->application.number, trouble);
}

// The face was compared with the picture of the ID number, which stays; whether the name belongs to
// it is what the register is asked once more.
enum code onboard_correct_name(struct db *db, const struct onboard *onboard, int64_t number,
                               const char *name, struct problem *problem)
{
    struct onboard_row row;
    char clean[PARTY_NAME_MAX];
    GUARD(onboard_begin(db, onboard, number, &row));
    ENSURE(row.application.state == ONBOARD_DRAFT && onboard_step_of(&row) >= STEP_REVIEW,
           CODE_STEP_ORDER);
    if (party_name_check(clean, name) != OK)
        return problem_field(problem, "/name", CODE_NAME_INVALID, "");
    if (text_equal(row.application.name, clean))
        return OK;
    ENSURE(row.application.trouble.kind == ONBOARD_TROUBLE_NAME, CODE_STEP_ORDER);
    (void)text_copy(row.application.name, sizeof row.application.name, clean);
    GUARD(onboard_settle(db, &row));
    return onboard_moved(db, onboard, &row);
}
