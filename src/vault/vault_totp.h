// vault_totp: one-time codes of an authenticator app (RFC 6238 over RFC 4226). Pure: the secret
// comes in opened and goes out through vault_seal; the caller keeps the last used step.
#ifndef VAULT_VAULT_TOTP_H
#define VAULT_VAULT_TOTP_H

#include "base/base.h"

// SHA-1 is what all authenticator apps understand; HMAC does not rest on its collisions.
enum totp_hash { TOTP_SHA1 = 1, TOTP_SHA256, TOTP_SHA512 };

#define TOTP_SECRET_SIZE 20u // bytes of a new secret: as long as the hash, as RFC 4226 asks
#define TOTP_KEY_TEXT 33u    // 32 base32 characters and NUL
enum { TOTP_STEP_S = 30, TOTP_DIGITS = 6 };

// The code of a counter, `digits` 6 … 8. Keys of any length.
uint32_t totp_code(enum totp_hash hash, const void *key, size_t key_size, uint64_t counter,
                   int digits);

void totp_secret_new(const struct env *env, uint8_t out[TOTP_SECRET_SIZE]);
// The secret as people type it into an app: base32 (RFC 4648), upper case, no padding.
void totp_key_text(char out[TOTP_KEY_TEXT], const uint8_t secret[TOTP_SECRET_SIZE]);
// "otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER&algorithm=SHA1&digits=6&period=30",
// appended to `out`; both texts are percent-encoded UTF-8.
void totp_uri(struct buffer *out, const char *issuer, const char *account,
              const uint8_t secret[TOTP_SECRET_SIZE]);

// The step whose six-digit SHA-1 code this is: of now, the step before or the step after, and later
// than `last_step` (the step of the last accepted code; 0 = none yet), so that a code is never
// accepted twice. 0 = none, also for what is not six digits. All three are compared in constant
// time. The caller stores the step in the transaction that accepts it.
int64_t totp_match(const uint8_t secret[TOTP_SECRET_SIZE], const char *code, int64_t now_us,
                   int64_t last_step);

#endif
