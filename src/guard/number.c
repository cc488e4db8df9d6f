// The recycled-number guard: what a code by SMS proves about who holds the number.
#include "guard/guard_factor.h"

static const int64_t DAY_US = INT64_C(86400000000);

enum guard_trust guard_number_trust(const struct guard_number *number,
                                    const struct guard_reset_rules *rules, int64_t now_us)
{
    const bool was_free = number->empty_us > number->proved_us;
    const bool ported = number->ported_us > number->proved_us;
    const bool stale = now_us - number->proved_us >= rules->stale_days * DAY_US;
    // Unassigned, then alive, then proved by another person: given to somebody else.
    if (number->bound_elsewhere && (was_free || stale))
        return GUARD_TRUST_LOCKED;
    if (stale || was_free || number->bound_elsewhere)
        return GUARD_TRUST_FACTOR;
    // Porting keeps the owner, but it is also how a number is stolen.
    return ported && !number->device_known ? GUARD_TRUST_FACTOR : GUARD_TRUST_ALONE;
}
