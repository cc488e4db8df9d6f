// Pay codes: issuer prefix, random body, Luhn check digit. One use, short life; only a keyed hash
// is stored.
#include "pay/pay_priv.h"

#include <string.h>

static const int64_t SECOND_US = 1000000;

// Uniform digits: bytes of 250 and more are thrown away.
static void random_digits(const struct env *env, char *out, size_t count)
{
    size_t made = 0;
    while (made < count) {
        uint8_t bytes[32];
        env->entropy(env->context, bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes && made < count; i++)
            if (bytes[i] < 250)
                out[made++] = (char)('0' + bytes[i] % 10);
    }
}

enum code pay_code_new(struct pay_code *out, struct db *db, const struct pay_world *world,
                       int64_t person, int64_t account, bool automatic)
{
    const int64_t now_us = env_now(world->env);
    const struct guard_paycode_rules *rules =
        guard_paycode_rules(world->profiles, time_business_date(now_us));
    *out = (struct pay_code){.life_s = rules->life_s, .renew_before_s = rules->renew_before_s};
    const size_t length = (size_t)rules->length;
    const size_t prefix = strlen(rules->prefix);
    memcpy(out->digits, rules->prefix, prefix);
    random_digits(world->env, out->digits + prefix, length - prefix - 1);
    out->digits[length - 1] = text_luhn(out->digits, length - 1);
    out->expires_us = now_us + rules->life_s * SECOND_US;
    // The code before stays alive for the grace time, so that a scan in progress succeeds; after a
    // renewal by hand it is void.
    GUARD(pay_codes_end(db, person, automatic ? now_us + rules->grace_s * SECOND_US : 0));
    const struct vault_hash hash = vault_search_hash(world->vault, VAULT_SEARCH_LOGIN, out->digits);
    const struct pay_code_row row = {person, account, out->expires_us, PAY_CODE_LIVE};
    return pay_code_insert(db, &hash, &row, now_us);
}

enum code pay_codes_void(struct db *db, int64_t person)
{
    return pay_codes_end(db, person, 0);
}
