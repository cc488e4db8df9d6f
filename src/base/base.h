// base: what every room stands on — outcomes, buffers, arenas, the environment, ids, logs.
// No words of the domain live here. Allocation, the clock and entropy are reached only through this
// room.
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gen/errors.h" // enum code { OK = 0, CODE_ID_NUMBER_INVALID, … } from spec/errors.csv

// --- outcomes -------------------------------------------------------------------------------

// Was money moved by a request that failed? Only CHARGED_NO allows the words "not charged".
enum charged { CHARGED_NOT_INVOLVED = 0, CHARGED_NO, CHARGED_UNKNOWN };

#define PROBLEM_FIELDS_MAX 8

// Why something was refused, with the values its text needs (spec/errors.csv names the
// placeholders). A function that refuses returns the code and fills this; on OK it is left
// untouched.
struct problem {
    enum code code;
    enum charged charged;
    int64_t tries_left;    // {n}
    int64_t retry_after_s; // {s}; also the Retry-After header; 0 = none
    int64_t until_us;      // {time}; 0 = none
    int64_t hours;         // {d}
    int64_t amount;        // {amount}, minor units
    int64_t limit;         // {limit}, minor units
    int64_t left;          // {left}, minor units
    int64_t max;           // {max}, minor units
    char currency[4];      // of the amounts above; empty = CNY
    char rule[64];         // which rule refused, for example "limit.day"; empty = none
    char subject[128];     // {bank} or another name, UTF-8; empty = none
    char case_number[16];  // reference of a lock or case; empty = none
    char lock[4];          // code of the lock that refused, "L01"; empty = none
    int64_t tries;         // wrong tries that led to the lock: they do not grow during it
    int64_t from_us;       // when it began
    char signature[88];    // of the statement {case, lock, tries, until, from}; empty = none
    struct problem_field {
        char pointer[64]; // JSON pointer (RFC 6901) into the request body
        enum code code;
        char reason[64]; // which rule of the field was broken, for example "pin.birthday"; empty =
                         // none
    } fields[PROBLEM_FIELDS_MAX];
    size_t field_count;
};

// Fills `problem` (may be NULL) with a bare code. Returns the code, so that a guard can end with
// it.
enum code problem_set(struct problem *problem, enum code code, enum charged charged);
// Adds one field error; silently drops what exceeds PROBLEM_FIELDS_MAX. Returns the code.
enum code problem_field(struct problem *problem, const char *pointer, enum code code,
                        const char *reason);

// GUARD: hand a refusal or failure upwards. ENSURE: their fault, return `code`. assert(): our bug,
// stays on.
#define GUARD(call)                                                                                \
    do {                                                                                           \
        const enum code guard_code_ = (call);                                                      \
        if (guard_code_ != OK)                                                                     \
            return guard_code_;                                                                    \
    } while (0)
#define ENSURE(condition, code)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return (code);                                                                         \
    } while (0)

// --- memory ---------------------------------------------------------------------------------

// Freed memory stays with the process (up to 64 MiB). Once, at the start of a server.
void mem_keep_freed(void);
// Never return NULL: out of memory ends the process (everything acknowledged is durable).
void *mem_alloc(size_t size); // zeroed
void *mem_resize(void *block, size_t size);
char *mem_copy_text(const char *text);
void mem_free(void *block);
// Wipes before freeing; for buffers that held secrets.
void mem_free_secret(void *block, size_t size);
void mem_wipe(void *block, size_t size);
// Constant-time equality.
bool mem_equal_secret(const void *a, const void *b, size_t size);

// An arena: allocations that die together, one per request.
struct arena;
struct arena *arena_new(void);
void *arena_alloc(struct arena *arena, size_t size); // zeroed, 16-byte aligned
char *arena_text(struct arena *arena, const char *text);
char *arena_text_n(struct arena *arena, const char *text, size_t size);
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));
void arena_reset(struct arena *arena); // wipes and keeps one block for reuse
void arena_free(struct arena **arena);

// A growing byte buffer, always NUL-terminated after `size`.
struct buffer {
    char *data;
    size_t size;
    size_t capacity;
};
void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));
void buffer_free(struct buffer *buffer);

// --- environment: clock and entropy, read once at the edge and passed down --------------------

struct env {
    int64_t (*now_us)(void *context);       // wall clock, microseconds since 1970-01-01T00:00:00Z
    int64_t (*monotonic_us)(void *context); // never goes back
    void (*entropy)(void *context, void *out, size_t size);
    void *context;
};
// The real clock and libsodium's generator.
const struct env *env_system(void);
static inline int64_t env_now(const struct env *env)
{
    return env->now_us(env->context);
}

// --- time in Asia/Shanghai (UTC+8, no daylight saving since 1992) -----------------------------

// Business date as yyyymmdd, for example 20260228.
int32_t time_business_date(int64_t now_us);
int32_t time_business_year(int64_t now_us);
// Start of the business day that contains `now_us`, in microseconds UTC; add 86400000000 for the
// next.
int64_t time_business_day_start(int64_t now_us);
// "2026-01-02T03:04:05.678Z" (RFC 3339). `out` holds 32 bytes.
void time_format_utc(char out[32], int64_t at_us);
// Parses RFC 3339 with Z and optional fraction. Returns false when it is not that.
bool time_parse_utc(int64_t *out_us, const char *text);

// --- ids ---------------------------------------------------------------------------------------

struct id {
    uint8_t bytes[16];
};
// UUIDv7 (RFC 9562): 48 bits of milliseconds, then random.
struct id id_new(const struct env *env);
bool id_is_zero(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);
// "txn" + id -> "txn_017f22e279b07cc398c4dc0c0c07398f". `out` holds 40 bytes; prefix ≤ 6
// characters, may be empty (then no underscore).
void id_format(char out[40], const char *prefix, const struct id *id);
// Accepts "<prefix>_<32 hex>", 32 hex digits, or the 36-character UUID form (any case). Returns
// false otherwise.
bool id_parse(struct id *out, const char *prefix, const char *text);
void hex_encode(char *out /* 2 × size + 1 */, const void *data, size_t size);
// Returns false unless `text` is exactly 2 × size hex digits.
bool hex_decode(void *out, size_t size, const char *text);

// SHA-256, for chains that somebody else may recompute.
void digest_sha256(uint8_t out[32], const void *data, size_t size);

// --- text ------------------------------------------------------------------------------------

// Bounded copy, always terminated. Returns false when it was cut.
bool text_copy(char *out, size_t capacity, const char *text);
bool text_equal(const char *a, const char *b);
bool text_starts_with(const char *text, const char *prefix);
// Whole text a decimal integer without sign, spaces or overflow?
bool text_to_int64(int64_t *out, const char *text);
bool text_all_digits(const char *text);
// One line that others may be shown: valid UTF-8 without controls (C0, C1, line and paragraph
// separators), without marks that turn the direction of writing (UAX 9), invisible or tag
// characters. The joiner of emoji (U+200D) is allowed.
bool text_is_line(const char *text);
// Strict UTF-8 (no overlong forms, surrogates, beyond U+10FFFF). Counts characters into
// `out_characters` (may be NULL).
bool text_valid_utf8(const char *text, size_t size, size_t *out_characters);
// Decodes the character at *cursor, advances; 0 at the end. Input must be valid UTF-8.
uint32_t text_next(const char **cursor);
// Compatibility composition (NFKC, UAX 15): one text for all ways to type it, as full-width letters
// or with combining accents. False: not valid UTF-8, longer than 1024 bytes, or `out` is too small;
// `out` is then "".
bool text_nfkc(char *out, size_t capacity, const char *text);
// Luhn check digit (ISO/IEC 7812-1) of a string of digits, '0'…'9'.
char text_luhn(const char *digits, size_t count);
bool text_luhn_valid(const char *digits);

// --- log: one JSON object per line on stderr ---------------------------------------------------

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
void log_set_level(enum log_level level);
// Gathers lines below WARN and writes them some at a time; the program calls log_flush() every few
// dozen milliseconds and at its end. Off at first: each line is written at once.
void log_gather(bool on);
void log_flush(void);
// `event` is a dotted constant. Then pairs of (const char *name, struct log_field), ended by NULL
// name. Values are numbers or plain constants and ids; there is no way to log a person's data or a
// secret by type.
struct log_value {
    enum { LOG_VALUE_INT, LOG_VALUE_TEXT, LOG_VALUE_ID } type;
    int64_t integer;
    const char *text;
};
struct log_pair {
    const char *name;
    struct log_value value;
};
#define LOG_INT(name_, value_)                                                                     \
    {                                                                                              \
        (name_),                                                                                   \
        {                                                                                          \
            LOG_VALUE_INT, (int64_t)(value_), NULL                                                 \
        }                                                                                          \
    }
#define LOG_TEXT(name_, value_)                                                                    \
    {                                                                                              \
        (name_),                                                                                   \
        {                                                                                          \
            LOG_VALUE_TEXT, 0, (value_)                                                            \
        }                                                                                          \
    }
void log_write(enum log_level level, const char *event, const struct log_pair *pairs,
               size_t pair_count);
#define log_event(level, event, ...)                                                               \
    do {                                                                                           \
        const struct log_pair pairs_[] = {__VA_ARGS__};                                            \
        log_write((level), (event), pairs_, sizeof pairs_ / sizeof pairs_[0]);                     \
    } while (0)

#endif
