// activity_priv: shared by the files of this room.
#ifndef ACTIVITY_ACTIVITY_PRIV_H
#define ACTIVITY_ACTIVITY_PRIV_H

#include "activity/activity.h"

// First microsecond of a month (yyyymm) in Shanghai, and of the month after it. False: not a month.
bool activity_month_bounds(int32_t month, int64_t *out_from_us, int64_t *out_to_us);

#endif
