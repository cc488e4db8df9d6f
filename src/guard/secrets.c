// Rules for new passwords and payment PINs. Everything is decided from the secret and what is known
// of the person; nothing is stored.
// S1 Length is counted in characters. S2 A password is common when words of the list, runs, rows of
// the keyboard, digits and signs are all that it consists of. S3 The refusal names the rule, never
// the list entry.
#include "guard/profiles_priv.h"
#include "guard/secrets_priv.h"

#include <string.h>

enum { PASSWORD_WINDOW = 6, WALLET_WINDOW = 8, RUN_MIN = 3, PIN_DIGITS = 6 };

// --- what is known of the person ---

static const char *known_text(const char *text)
{
    return text != NULL ? text : "";
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void lower_copy(char *out, size_t capacity, const char *text)
{
    (void)text_copy(out, capacity, text);
    for (char *p = out; *p != '\0'; p++)
        *p = lower(*p);
}

// Does `text`, in lower case, hold any `window` neighbouring characters of `known`?
static bool holds_window(const char *text, const char *known, size_t window)
{
    char piece[PARTY_ID_NUMBER_MAX];
    const size_t size = strlen(known);
    for (size_t i = 0; i + window <= size; i++) {
        lower_copy(piece, window + 1, known + i);
        if (strstr(text, piece) != NULL)
            return true;
    }
    return false;
}

static bool holds_name(const char *password, const char *name)
{
    char folded[PARTY_NAME_MAX];
    lower_copy(folded, sizeof folded, name);
    return folded[0] != '\0' && strstr(password, folded) != NULL;
}

// --- common passwords ---

// Letters for which a digit or sign is commonly written.
static const char *leet(char c)
{
    switch (c) {
    case '0':
        return "o";
    case '1':
    case '!':
        return "il";
    case '3':
        return "e";
    case '4':
    case '@':
        return "a";
    case '5':
    case '$':
        return "s";
    case '7':
    case '+':
        return "t";
    case '8':
        return "b";
    case '9':
        return "g";
    default:
        return "";
    }
}

// Bytes of `text` that the word takes at its begin; 0 = does not match.
static size_t word_at(const char *text, const char *word)
{
    size_t i = 0;
    for (; word[i] != '\0'; i++)
        if (text[i] == '\0' || (text[i] != word[i] && strchr(leet(text[i]), word[i]) == NULL))
            return 0;
    return i;
}

// Length of "abcd", "dcba" or "aaaa" at the begin.
static size_t run_at(const char *text)
{
    if (text[0] == '\0' || text[1] == '\0')
        return text[0] == '\0' ? 0 : 1;
    const int step = text[1] - text[0];
    size_t size = 2;
    if (step < -1 || step > 1)
        return 1;
    while (text[size] != '\0' && text[size] - text[size - 1] == step)
        size++;
    return size;
}

// Length of a piece of a keyboard row at the begin, in either direction.
static size_t row_at(const char *text)
{
    static const char *const rows[] = {"qwertyuiop", "asdfghjkl", "zxcvbnm",
                                       "poiuytrewq", "lkjhgfdsa", "mnbvcxz"};
    size_t best = 0;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const char *at = strchr(rows[r], text[0]);
        size_t size = 0;
        while (at != NULL && at[size] != '\0' && text[size] == at[size])
            size++;
        if (size > best)
            best = size;
    }
    return best;
}

static bool is_filler(char c)
{
    return (c > ' ' && c < 'A') || (c > 'Z' && c < 'a') || (c > 'z' && c < 0x7F) || c == ' ';
}

static void reach(bool *reached, size_t at, size_t longest)
{
    for (size_t size = RUN_MIN; size <= longest; size++)
        reached[at + size] = true;
}

// `text` in lower case. reached[i]: the first i bytes are covered.
static bool is_common(const char *text)
{
    bool reached[VAULT_SECRET_MAX + 1] = {true};
    const size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (!reached[i])
            continue;
        if (is_filler(text[i]))
            reached[i + 1] = true;
        reach(reached, i, run_at(text + i));
        reach(reached, i, row_at(text + i));
        for (const char *const *word = SECRETS_WORDS; *word != NULL; word++)
            reached[i + word_at(text + i, *word)] = true;
    }
    return reached[size];
}

// --- password ---

struct shape {
    size_t characters;
    bool letter, digit, printable;
};

static struct shape shape_of(const char *password)
{
    struct shape shape = {.printable = true};
    if (!text_valid_utf8(password, strlen(password), NULL))
        return (struct shape){0};
    for (const char *cursor = password; *cursor != '\0'; shape.characters++) {
        const uint32_t c = text_next(&cursor);
        const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) ||
                             (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
        shape.printable = shape.printable && !control;
        shape.digit = shape.digit || (c >= '0' && c <= '9');
        shape.letter =
            shape.letter || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0xC0;
    }
    return shape;
}

static void broken(struct problem *problem, enum code *code, const char *reason)
{
    *code = problem_field(problem, "/password", CODE_PASSWORD_WEAK, reason);
}

enum code guard_password_rules(const struct guard_profiles *profiles, const char *password,
                               const struct guard_known *known, struct problem *problem)
{
    const int32_t today = time_business_date(env_now(env_system()));
    const struct profile *rules = profile_on(profiles, PROFILE_PASSWORD, today);
    const struct shape shape = shape_of(password);
    char folded[VAULT_SECRET_MAX + 1];
    enum code code = OK;
    if (shape.characters < (size_t)rules->password.mixed_length ||
        shape.characters > (size_t)rules->password.max_length)
        broken(problem, &code, "password.length");
    if (!shape.printable ||
        (shape.characters < (size_t)rules->password.any_length && !(shape.letter && shape.digit)))
        broken(problem, &code, "password.classes");
    lower_copy(folded, sizeof folded, password);
    if (is_common(folded) || holds_window(folded, known_text(known->wallet_number), WALLET_WINDOW))
        broken(problem, &code, "password.common");
    if (holds_window(folded, known_text(known->phone), PASSWORD_WINDOW))
        broken(problem, &code, "password.phone");
    if (holds_window(folded, known_text(known->id_number), PASSWORD_WINDOW))
        broken(problem, &code, "password.id");
    if (holds_name(folded, known_text(known->name)))
        broken(problem, &code, "password.name");
    mem_wipe(folded, sizeof folded);
    return code;
}

// --- PIN ---

static bool pin_form(const char *pin)
{
    return strlen(pin) == PIN_DIGITS && text_all_digits(pin);
}

// All steps between neighbours the same, modulo ten: 0 = all same, 1 and 9 = runs.
static bool steps(const char *pin, int step)
{
    for (int i = 1; i < PIN_DIGITS; i++)
        if ((pin[i] - pin[i - 1] + 10) % 10 != step)
            return false;
    return true;
}

static bool repeats(const char *pin, int period)
{
    for (int i = period; i < PIN_DIGITS; i++)
        if (pin[i] != pin[i - period])
            return false;
    return true;
}

static bool pin_common(const char *pin)
{
    for (size_t i = 0; i < sizeof SECRETS_PINS / sizeof SECRETS_PINS[0]; i++)
        if (text_equal(SECRETS_PINS[i], pin))
            return true;
    return false;
}

static bool pin_birthday(const char *pin, int32_t birth_date)
{
    const int32_t year = birth_date / 10000 % 100, month = birth_date / 100 % 100,
                  day = birth_date % 100;
    const int32_t forms[] = {year * 10000 + month * 100 + day, month * 10000 + day * 100 + year,
                             day * 10000 + month * 100 + year};
    int64_t value;
    if (birth_date == 0 || !text_to_int64(&value, pin))
        return false;
    return value == forms[0] || value == forms[1] || value == forms[2];
}

static bool pin_card(const char *pin, const struct guard_known *known)
{
    for (size_t i = 0; i < known->card_tail_count; i++)
        if (text_equal(pin, known->card_tails[i]))
            return true;
    return false;
}

static const char *pin_reason(const char *pin, const struct guard_known *known)
{
    if (!pin_form(pin))
        return "pin.form";
    if (steps(pin, 0))
        return "pin.same";
    if (steps(pin, 1) || steps(pin, 9))
        return "pin.run";
    if (repeats(pin, 2))
        return "pin.repeat2";
    if (repeats(pin, 3))
        return "pin.repeat3";
    // What is the person's own is named before the list: the reason then says what to change.
    if (strstr(known_text(known->phone), pin) != NULL)
        return "pin.phone";
    if (pin_birthday(pin, known->birth_date))
        return "pin.birthday";
    if (strstr(known_text(known->id_number), pin) != NULL)
        return "pin.id";
    if (pin_card(pin, known))
        return "pin.card";
    return pin_common(pin) ? "pin.common" : NULL;
}

enum code guard_pin_rules(const struct guard_profiles *profiles, const char *pin,
                          const struct guard_known *known, struct problem *problem)
{
    (void)profiles; // the form is the same in all editions: six digits
    const char *reason = pin_reason(pin, known);
    return reason == NULL ? OK : problem_field(problem, "/pin", CODE_PIN_WEAK, reason);
}
