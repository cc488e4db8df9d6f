// Filling struct problem: the one form in which a refusal travels upwards.
#include "base/base.h"

enum code problem_set(struct problem *problem, enum code code, enum charged charged)
{
    if (problem == NULL)
        return code;
    *problem = (struct problem){.code = code, .charged = charged};
    return code;
}

enum code problem_field(struct problem *problem, const char *pointer, enum code code,
                        const char *reason)
{
    if (problem == NULL)
        return code;
    if (problem->code == OK)
        problem->code = code;
    if (problem->field_count == PROBLEM_FIELDS_MAX)
        return code;
    struct problem_field *field = &problem->fields[problem->field_count++];
    field->code = code;
    (void)text_copy(field->pointer, sizeof field->pointer, pointer);
    (void)text_copy(field->reason, sizeof field->reason, reason != NULL ? reason : "");
    return code;
}
