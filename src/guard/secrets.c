// Rules for new passwords and payment PINs. Everything is decided from the secret and what is known
// of the person.
// Of the secret itself nothing is stored here.
// S1 Length is counted in characters. S2 A password is common when words of the list, runs, rows of
// the keyboard, digits and signs are all that it consists of. S3 The refusal names the rule, never
// the list entry.
#include "guard/profiles_priv.h"
#include "guard/secrets_priv.h"

#include <string.h>

enum { PASSWORD_WINDOW = 6, WALLET_WINDOW = 8, RUN_MIN = 3, STEM_MIN = 4, PIN_DIGITS = 6 };

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
static bool is_covered(const char *text)
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

// Digits and signs read as the letters they are commonly written for; `one` is what 1 and ! stand
// for.
static void unleet(char *out, const char *text, char one)
{
    for (; *text != '\0'; text++) {
        const char *letters = leet(*text);
        *out++ = letters[0] == 'i' ? one : letters[0] != '\0' ? letters[0] : *text;
    }
    *out = '\0';
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

// The text itself, or what stays of it without digits and signs at its ends.
static bool listed(const struct blocklist *list, const char *text)
{
    char stem[VAULT_SECRET_MAX + 1];
    size_t from = 0, to = strlen(text);
    if (blocklist_holds(list, text))
        return true;
    while (from < to && is_filler(text[from]))
        from++;
    while (to > from && is_filler(text[to - 1]))
        to--;
    if (to - from < STEM_MIN || !is_letter(text[from]))
        return false;
    memcpy(stem, text + from, to - from);
    stem[to - from] = '\0';
    const bool found = blocklist_holds(list, stem);
    mem_wipe(stem, sizeof stem);
    return found;
}

// Digits at the end are cut before letters are read out of them: "Passw0rd2026" is "password".
static bool is_listed(const struct blocklist *list, const char *text)
{
    char cut[VAULT_SECRET_MAX + 1], read[VAULT_SECRET_MAX + 1];
    size_t size = strlen(text);
    bool found = listed(list, text);
    memcpy(cut, text, size + 1);
    for (int round = 0; round < 2 && !found; round++) {
        unleet(read, cut, 'i');
        found = listed(list, read);
        unleet(read, cut, 'l');
        found = found || listed(list, read);
        while (size > 0 && is_filler(cut[size - 1]))
            cut[--size] = '\0';
    }
    mem_wipe(cut, sizeof cut);
    mem_wipe(read, sizeof read);
    return found;
}

static bool is_common(const struct blocklist *list, const char *text)
{
    return is_covered(text) || is_listed(list, text);
}

// --- how far from the old one ---

static size_t points_of(uint32_t out[VAULT_SECRET_MAX], const char *text)
{
    size_t count = 0;
    while (*text != '\0' && count < VAULT_SECRET_MAX)
        out[count++] = text_next(&text);
    return count;
}

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

// Levenshtein: characters put in, taken out or replaced.
static size_t edits(const char *from, const char *to)
{
    uint32_t a[VAULT_SECRET_MAX], b[VAULT_SECRET_MAX];
    size_t row[VAULT_SECRET_MAX + 1];
    const size_t a_count = points_of(a, from), b_count = points_of(b, to);
    for (size_t j = 0; j <= b_count; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_count; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_count; j++) {
            const size_t above = row[j];
            row[j] = least(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1] ? 1 : 0));
            diagonal = above;
        }
    }
    mem_wipe(a, sizeof a);
    mem_wipe(b, sizeof b);
    return row[b_count];
}

static bool is_similar(const char *password, const char *old, int32_t distance)
{
    char plain[VAULT_SECRET_MAX + 1];
    if (old == NULL || !text_nfkc(plain, sizeof plain, old))
        return false;
    const bool similar = edits(plain, password) < (size_t)distance;
    mem_wipe(plain, sizeof plain);
    return similar;
}

// --- password ---

struct shape {
    size_t characters;
    bool letter, digit, sign, printable;
};

static struct shape shape_of(const char *password)
{
    struct shape shape = {.printable = true};
    for (const char *cursor = password; *cursor != '\0'; shape.characters++) {
        const uint32_t c = text_next(&cursor);
        const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) ||
                             (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
        shape.printable = shape.printable && !control;
        shape.digit = shape.digit || (c >= '0' && c <= '9');
        shape.letter =
            shape.letter || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0xC0;
        shape.sign = shape.sign || (c < 0x7F && is_filler((char)c) && !(c >= '0' && c <= '9'));
    }
    return shape;
}

static void broken(struct problem *problem, enum code *code, const char *reason)
{
    *code = problem_field(problem, "/password", CODE_PASSWORD_WEAK, reason);
}

static bool classes_met(const struct shape *shape, const struct guard_password_policy *policy)
{
    if (policy->composition == GUARD_COMPOSITION_STRICT)
        return shape->letter && shape->digit && shape->sign;
    return shape->characters >= (size_t)policy->any_length || (shape->letter && shape->digit);
}

static enum code own_rules(const char *folded, const struct guard_known *known,
                           struct problem *problem)
{
    enum code code = OK;
    if (holds_window(folded, known_text(known->phone), PASSWORD_WINDOW))
        broken(problem, &code, "password.phone");
    if (holds_window(folded, known_text(known->id_number), PASSWORD_WINDOW))
        broken(problem, &code, "password.id");
    if (holds_name(folded, known_text(known->name)))
        broken(problem, &code, "password.name");
    return code;
}

enum code guard_password_rules(const struct guard_profiles *profiles, const char *password,
                               const struct guard_known *known, struct problem *problem)
{
    const int32_t today = time_business_date(env_now(env_system()));
    const struct profile *profile = profile_on(profiles, PROFILE_PASSWORD, today);
    const struct guard_password_policy *policy = &profile->password;
    char plain[VAULT_SECRET_MAX + 1], folded[VAULT_SECRET_MAX + 1];
    enum code code = OK;
    // What is no text, or longer than any password, is refused by its length: it becomes "".
    const bool text = text_nfkc(plain, sizeof plain, password);
    const struct shape shape = text ? shape_of(plain) : (struct shape){0};
    if (shape.characters < (size_t)policy->mixed_length ||
        shape.characters > (size_t)policy->max_length)
        broken(problem, &code, "password.length");
    if (!shape.printable || !classes_met(&shape, policy))
        broken(problem, &code, "password.classes");
    lower_copy(folded, sizeof folded, plain);
    const bool common = (text && is_common(profile->blocklist, folded)) ||
                        holds_window(folded, known_text(known->wallet_number), WALLET_WINDOW);
    if (common)
        broken(problem, &code, "password.common");
    const enum code own = own_rules(folded, known, problem);
    if (is_similar(plain, known->old_password, policy->distance))
        broken(problem, &code, "password.similar");
    mem_wipe(plain, sizeof plain);
    mem_wipe(folded, sizeof folded);
    return code != OK ? code : own;
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

// Of a bound card only the last four digits are kept: a PIN that ends with them may be its tail.
static bool pin_card(const char *pin, const struct guard_known *known)
{
    for (size_t i = 0; i < known->card_tail_count; i++) {
        const size_t size = strlen(known->card_tails[i]);
        if (size <= PIN_DIGITS && text_equal(pin + PIN_DIGITS - size, known->card_tails[i]))
            return true;
    }
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

// --- history ---

static bool add_past(void *context, const char *stored)
{
    struct guard_history *history = context;
    (void)text_copy(history->stored[history->count++], VAULT_STORED_TEXT, stored);
    return history->count < GUARD_HISTORY_MAX;
}

enum code guard_history_load(struct db *db, const struct guard_profiles *profiles, int64_t person,
                             enum vault_secret kind, int32_t date, struct guard_history *out)
{
    struct party_credentials now;
    const int32_t kept = kind == VAULT_PIN ? profile_on(profiles, PROFILE_PIN, date)->pin_history
                                           : guard_password_policy(profiles, date, NULL)->history;
    GUARD(party_credentials_load(db, person, &now));
    out->count = 0;
    (void)add_past(out, kind == VAULT_PIN ? now.pin : now.password);
    mem_wipe(&now, sizeof now);
    return kept < 2 ? OK : party_secrets_past(db, person, kind, (size_t)kept - 1, add_past, out);
}

enum code guard_history_check(struct vault *vault, enum vault_secret kind, const char *secret,
                              const struct guard_history *history, struct problem *problem)
{
    for (size_t i = 0; i < history->count; i++) {
        bool match = false;
        const enum code code =
            vault_password_verify(vault, kind, secret, history->stored[i], &match, NULL);
        ENSURE(code == OK, code);
        if (match)
            return kind == VAULT_PIN
                       ? problem_field(problem, "/pin", CODE_PIN_WEAK, "pin.used")
                       : problem_field(problem, "/password", CODE_PASSWORD_WEAK, "password.used");
    }
    return OK;
}
