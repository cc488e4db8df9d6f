// guard_workdays: the working-day clock. Its calendars are the profile "workdays", one edition a
// year: days off, and weekend days that are worked.
#ifndef GUARD_GUARD_WORKDAYS_H
#define GUARD_GUARD_WORKDAYS_H

#include "guard/guard.h"

// When something opened at `opened_us` is due in `working_days` (0 … 260): opened in office hours
// of a working day, at the same time of the n-th following working day; otherwise the clock starts
// at the next opening. *out_exact (may be NULL) = false: a year that it reaches has no calendar and
// was counted Monday to Friday; this is logged and counted.
void guard_deadline(const struct guard_profiles *profiles, int64_t opened_us, int32_t working_days,
                    int64_t *out_due_us, bool *out_exact);
// Is this business date (yyyymmdd) worked? *out_known (may be NULL) = its year has a calendar.
bool guard_is_workday(const struct guard_profiles *profiles, int32_t date, bool *out_known);
// Deadlines since the start that a missing calendar made inexact.
int64_t guard_deadlines_inexact(void);

#endif
