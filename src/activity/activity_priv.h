// activity_priv: shared by the files of this room.
#ifndef ACTIVITY_ACTIVITY_PRIV_H
#define ACTIVITY_ACTIVITY_PRIV_H

#include "activity/activity.h"

// First microsecond of a month (yyyymm) in Shanghai, and of the month after it. False: not a month.
bool activity_month_bounds(int32_t month, int64_t *out_from_us, int64_t *out_to_us);

// Numbers of an account's operations that failed or closed without a transfer, below `before_seq`
// (0 = all), newest first. *io_count: room in, found out.
enum code activity_store_unmoved(struct db *db, int64_t account, int64_t before_seq, int64_t *out,
                                 size_t *io_count);

#endif
