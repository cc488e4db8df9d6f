// Tries of the password and the PIN, and the locks they lead to.
// T1 A try is reserved before the hash is computed, so that parallel requests never get more tries
// than the rule allows. T2 A try is counted only when the hash was compared and did not match;
// during a lock nothing is counted or compared. T3 Unknown logins cost, count and lock like known
// ones. T4 Tries from browsers that are not known share one counter; each known one has its own.
#include "guard/device_priv.h"
#include "guard/lock_priv.h"

#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = INT64_C(86400000000);
static const int64_t OPEN_US =
    INT64_C(60) * 1000000; // a reservation that nobody gave back is void after this

void guard_case_number(const struct env *env, char out[16])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t bytes[8];
    env->entropy(env->context, bytes, sizeof bytes);
    for (size_t i = 0, at = 0; i < 8; i++) {
        if (i == 4)
            out[at++] = '-';
        out[at++] = letters[bytes[i] & 31];
    }
    out[9] = '\0';
}

// Wrong tries that still count: of the last 24 h for the log-in, of the business day for the PIN.
static void forget_old(struct tries_row *row, const struct tries_rule *rule, int64_t now_us)
{
    const int64_t since =
        rule->kind == TRIES_PIN ? time_business_day_start(now_us) : now_us - rule->window_us;
    size_t kept = 0;
    for (size_t i = 0; i < row->wrong_count; i++)
        if (row->wrong_us[i] >= since)
            row->wrong_us[kept++] = row->wrong_us[i];
    row->wrong_count = kept;
    if (row->open_us + OPEN_US < now_us)
        row->open = 0;
}

static struct tries_rule rule_of(const struct guard_profiles *profiles, enum tries_kind kind,
                                 int64_t now_us)
{
    const struct guard_lock_rules *lock = guard_lock_rules(profiles, time_business_date(now_us));
    struct tries_rule rule = {.kind = kind};
    const bool pin = kind == TRIES_PIN;
    rule.tries = pin ? lock->pin_tries : lock->login_tries;
    rule.window_us = lock->login_window_s * SECOND_US;
    rule.lock_us = (pin ? lock->pin_lock_first_s : lock->login_lock_s) * SECOND_US;
    rule.again_us = pin ? lock->pin_lock_again_s * SECOND_US : rule.lock_us;
    rule.again_within_us = lock->pin_again_days * DAY_US;
    rule.identity_after = pin ? lock->pin_identity_after : 0;
    rule.identity_within_us = lock->pin_identity_days * DAY_US;
    for (size_t i = 0; !pin && i < GUARD_DELAYS_MAX; i++)
        rule.delay_us[i] = lock->login_delay_s[i] * SECOND_US;
    if (rule.tries > TRIES_MAX)
        rule.tries = TRIES_MAX;
    return rule;
}

static enum code locked(const struct tries *tries, const struct guard_lock *lock,
                        struct problem *problem)
{
    enum code code = CODE_ACCOUNT_LOCKED;
    if (tries->rule.kind == TRIES_PIN)
        code = lock->until_us == GUARD_LOCK_OPEN ? CODE_PIN_IDENTITY : CODE_PIN_LOCKED;
    else if (text_equal(lock->code, "L03"))
        code = CODE_LOGIN_UNCONFIRMED;
    else if (!text_equal(lock->code, "L01"))
        code = CODE_LOGIN_PAUSED;
    (void)problem_set(problem, code,
                      tries->rule.kind == TRIES_PIN ? CHARGED_NO : CHARGED_NOT_INVOLVED);
    guard_lock_fill(tries->gate->vault, lock, tries->now_us, problem);
    return code;
}

// --- reserve ---

// Locks of the same scope that tries did not cause: a new place, an order, our own fault. What a
// stranger's new place leads to does not touch a browser that is known.
static bool stands_in_the_way(const struct tries *tries, const struct guard_lock *lock)
{
    if (tries->rule.kind == TRIES_PIN)
        return text_equal(lock->scope, "pay");
    return text_equal(lock->scope, "login") && !text_equal(lock->code, "L01") &&
           !(tries->device && text_equal(lock->code, "L03"));
}

static enum code find_lock(struct db *db, const struct tries *tries, struct guard_lock *out,
                           bool *out_found)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    size_t count = 0;
    const enum code code =
        lock_of_subject(db, &tries->subject, tries_lock_code(tries->rule.kind), tries->now_us, out);
    *out_found = code == OK;
    if (code == OK || code != CODE_NOT_FOUND || tries->person == 0 || tries->password_only)
        return code == CODE_NOT_FOUND ? OK : code;
    GUARD(lock_of_person(db, tries->person, tries->now_us, locks, GUARD_LOCKS_MAX, &count));
    for (size_t i = 0; i < count && !*out_found; i++)
        if (stands_in_the_way(tries, &locks[i])) {
            *out = locks[i];
            *out_found = true;
        }
    return OK;
}

// After the second, third … wrong try the next one waits a little, and is not counted when it does
// not. Tries on their way count as wrong ones: sending them all at once gains nothing.
static int64_t must_wait_us(const struct tries *tries, const struct tries_row *row)
{
    const size_t behind = row->wrong_count + (size_t)row->open;
    const int64_t delay_us =
        tries->rule.delay_us[behind < GUARD_DELAYS_MAX ? behind : GUARD_DELAYS_MAX - 1];
    const int64_t passed_us = tries->now_us - row->last_us;
    return passed_us >= 0 && passed_us < delay_us ? delay_us - passed_us : 0;
}

enum code tries_reserve(struct db *db, struct tries *tries, struct problem *problem)
{
    struct guard_lock lock;
    bool found;
    GUARD(find_lock(db, tries, &lock, &found));
    if (found)
        return locked(tries, &lock, problem);
    struct tries_row row;
    GUARD(tries_load(db, &tries->subject, tries->rule.kind, &row));
    forget_old(&row, &tries->rule, tries->now_us);
    const int64_t wait_us = must_wait_us(tries, &row);
    if (wait_us > 0) {
        (void)problem_set(problem, CODE_LOGIN_DELAY, CHARGED_NOT_INVOLVED);
        if (problem != NULL)
            problem->retry_after_s = (wait_us + SECOND_US - 1) / SECOND_US;
        return CODE_LOGIN_DELAY;
    }
    if ((int32_t)row.wrong_count + row.open >= tries->rule.tries)
        return problem_set(problem, CODE_REQUEST_RUNNING, CHARGED_NO);
    row.open++;
    row.open_us = row.last_us = tries->now_us;
    return tries_write(db, &tries->subject, tries->rule.kind, &row);
}

// --- settle ---

// The first lock of a PIN is short, the next one within the week is longer, and one more within the
// month waits for documents.
static enum code end_of_lock(struct db *db, const struct tries *tries, struct guard_lock *lock)
{
    const struct tries_rule *rule = &tries->rule;
    int64_t in_week = 0, in_month = 0;
    lock->automatic = true;
    lock->until_us = tries->now_us + rule->lock_us;
    if (rule->kind != TRIES_PIN)
        return OK;
    GUARD(tries_locks_since(db, &tries->subject, "L02", tries->now_us - rule->again_within_us,
                            &in_week));
    GUARD(tries_locks_since(db, &tries->subject, "L02", tries->now_us - rule->identity_within_us,
                            &in_month));
    if (in_week > 0)
        lock->until_us = tries->now_us + rule->again_us;
    if (in_month + 1 >= rule->identity_after) {
        lock->automatic = false;
        lock->until_us = GUARD_LOCK_OPEN;
    }
    return OK;
}

static enum code make_lock(struct db *db, struct tries *tries, struct guard_lock *out)
{
    const struct guard_gate *gate = tries->gate;
    const bool pin = tries->rule.kind == TRIES_PIN;
    *out = (struct guard_lock){.id = id_new(gate->env),
                               .person = tries->person,
                               .from_us = tries->now_us,
                               .tries = tries->rule.tries};
    GUARD(end_of_lock(db, tries, out));
    (void)text_copy(out->code, sizeof out->code, tries_lock_code(tries->rule.kind));
    (void)text_copy(out->scope, sizeof out->scope, pin ? "pay" : "login");
    (void)text_copy(out->evidence, sizeof out->evidence, pin ? "wrong-pins" : "wrong-passwords");
    guard_case_number(gate->env, out->case_number);
    GUARD(lock_insert(db, gate->vault, &tries->subject, out, NULL));
    if (tries->person == 0)
        return OK;
    const struct guard_locker locker = {gate->profiles, gate->vault, gate->env};
    return lock_tell(db, &locker, out, pin ? "lock.L02" : "lock.L01", NULL);
}

// A wrong password is an entry in the person's history of log-ins.
static enum code record(struct db *db, const struct tries *tries, bool full)
{
    const struct guard_login *origin = tries->origin;
    if (origin == NULL || tries->person == 0)
        return OK;
    const struct signin_row row = {.person = tries->person,
                                   .at_us = tries->now_us,
                                   .result = full ? GUARD_SIGNIN_LOCKED : GUARD_SIGNIN_WRONG,
                                   .device = origin->device != NULL ? origin->device : "",
                                   .address = origin->address != NULL ? origin->address : ""};
    return signin_add(db, tries->gate->vault, tries->gate->env, &row);
}

static enum code wrong(const struct tries *tries, int32_t left, struct problem *problem)
{
    static const enum code codes[] = {
        [TRIES_LOGIN] = CODE_LOGIN_FAILED, [TRIES_PIN] = CODE_PIN_WRONG};
    const enum code code = tries->password_only ? CODE_PASSWORD_WRONG : codes[tries->rule.kind];
    (void)problem_set(problem, code,
                      tries->rule.kind == TRIES_PIN ? CHARGED_NO : CHARGED_NOT_INVOLVED);
    if (problem == NULL)
        return code;
    const int32_t behind = tries->rule.tries - left;
    problem->tries_left = left;
    if (behind >= 0 && behind < GUARD_DELAYS_MAX)
        problem->retry_after_s = tries->rule.delay_us[behind] / SECOND_US;
    return code;
}

// The reservation is given back; a match forgets the wrong tries, a mismatch is counted and may
// lock.
enum code tries_settle(struct db *db, struct tries *tries, struct problem *problem)
{
    struct tries_row row;
    struct guard_lock lock;
    GUARD(tries_load(db, &tries->subject, tries->rule.kind, &row));
    forget_old(&row, &tries->rule, tries->now_us);
    row.open -= row.open > 0 ? 1 : 0;
    row.last_us = tries->now_us;
    tries->locked_now = false;
    if (tries->match)
        row.wrong_count = 0;
    else if (tries->compared && row.wrong_count < TRIES_MAX)
        row.wrong_us[row.wrong_count++] = tries->now_us;
    const bool full = !tries->match && (int32_t)row.wrong_count >= tries->rule.tries;
    const int32_t left = tries->rule.tries - (int32_t)row.wrong_count;
    if (full)
        row.wrong_count = 0; // the lock takes over; after it the count begins anew
    GUARD(tries_write(db, &tries->subject, tries->rule.kind, &row));
    if (tries->malformed)
        return wrong(tries, left, problem);
    if (tries->match || !tries->compared)
        return OK;
    GUARD(record(db, tries, full));
    if (!full)
        return wrong(tries, left, problem);
    GUARD(make_lock(db, tries, &lock));
    tries->locked_now = true;
    return locked(tries, &lock, problem);
}

// --- the two changes around the hash ---

struct tries_change {
    struct db_change change;
    struct tries *tries;
    struct problem *problem;
};

static enum code reserve_run(struct db *db, struct db_change *change)
{
    const struct tries_change *c = (const struct tries_change *)change;
    return tries_reserve(db, c->tries, c->problem);
}

static enum code settle_run(struct db *db, struct db_change *change)
{
    const struct tries_change *c = (const struct tries_change *)change;
    change->keep = true;
    return tries_settle(db, c->tries, c->problem);
}

static enum code check(const struct guard_gate *gate, struct tries *tries, enum vault_secret kind,
                       const char *secret, const char *stored, struct problem *problem)
{
    struct tries_change reserve = {{.run = reserve_run}, tries, problem};
    struct tries_change settle = {{.run = settle_run}, tries, problem};
    GUARD(db_committer_run(gate->committer, &reserve.change));
    const enum code hashed = tries->malformed ? OK
                                              : vault_password_verify(gate->vault, kind, secret,
                                                                      stored, &tries->match, NULL);
    tries->compared = hashed == OK && !tries->malformed;
    tries->match = tries->match && tries->compared;
    const enum code settled = db_committer_run(gate->committer, &settle.change);
    return hashed != OK ? problem_set(problem, hashed, CHARGED_NO) : settled;
}

// Loads what is stored of a person on the committer's thread: these functions have no read
// connection of their own.
struct lookup {
    struct db_change change;
    const struct guard_gate *gate;
    const char *login, *token;
    int64_t person;
    bool device; // the token is that of a browser known to the person
    struct party_credentials credentials;
};

static enum code lookup_run(struct db *db, struct db_change *change)
{
    struct lookup *lookup = (struct lookup *)change;
    if (lookup->person == 0 && lookup->login != NULL) {
        enum code code =
            party_find_by_phone(db, lookup->gate->vault, lookup->login, &lookup->person);
        if (code == CODE_NOT_FOUND || code == CODE_PHONE_INVALID)
            code = party_find_by_wallet_number(db, lookup->login, &lookup->person);
        GUARD(code);
        GUARD(guard_device_known(db, lookup->gate->vault, lookup->person, lookup->token,
                                 &lookup->device));
    }
    return party_credentials_load(db, lookup->person, &lookup->credentials);
}

enum code guard_pin_check(const struct guard_gate *gate, int64_t person, const char *pin,
                          struct problem *problem)
{
    if (pin == NULL || pin[0] == '\0')
        return problem_set(problem, CODE_PIN_REQUIRED, CHARGED_NO);
    struct lookup lookup = {.change = {.run = lookup_run}, .gate = gate, .person = person};
    struct tries tries = {.gate = gate, .person = person, .now_us = env_now(gate->env)};
    GUARD(db_committer_run(gate->committer, &lookup.change));
    tries.rule = rule_of(gate->profiles, TRIES_PIN, tries.now_us);
    tries_subject_person(&tries.subject, person);
    tries.malformed = strlen(pin) != 6 || !text_all_digits(pin);
    const enum code code = check(gate, &tries, VAULT_PIN, pin, lookup.credentials.pin, problem);
    mem_wipe(&lookup.credentials, sizeof lookup.credentials);
    return code;
}

enum code guard_password_check(const struct guard_gate *gate, int64_t person, const char *password,
                               struct problem *problem)
{
    struct lookup lookup = {.change = {.run = lookup_run}, .gate = gate, .person = person};
    struct tries tries = {
        .gate = gate, .person = person, .now_us = env_now(gate->env), .password_only = true};
    GUARD(db_committer_run(gate->committer, &lookup.change));
    tries.rule = rule_of(gate->profiles, TRIES_LOGIN, tries.now_us);
    tries_subject_device(&tries.subject, person, NULL);
    const enum code code =
        check(gate, &tries, VAULT_PASSWORD, password, lookup.credentials.password, problem);
    mem_wipe(&lookup.credentials, sizeof lookup.credentials);
    return code;
}

enum { LOGIN_TEXT = 33 };

// The log-in as it is looked up and counted. However a number is typed it has one counter, known or
// not: else the counters would tell which numbers have a wallet.
static void plain_login(char out[LOGIN_TEXT], const char *typed)
{
    char phone[PARTY_PHONE_MAX];
    size_t used = 0;
    if (party_phone_normalise(phone, typed) == OK) {
        (void)text_copy(out, LOGIN_TEXT, phone);
        return;
    }
    for (const char *at = typed; *at != '\0' && used + 1 < LOGIN_TEXT; at++)
        if (*at != ' ' && *at != '-')
            out[used++] = *at;
    out[used] = '\0';
}

static void subject_of(struct tries *tries, const struct lookup *lookup, const char *token)
{
    tries->person = lookup->person;
    tries->device = lookup->device;
    if (lookup->device) {
        const struct vault_hash hash = vault_device_hash(tries->gate->vault, token);
        tries_subject_device(&tries->subject, lookup->person, &hash);
        return;
    }
    if (lookup->person != 0)
        tries_subject_person(&tries->subject, lookup->person);
    else
        tries_subject_login(&tries->subject, tries->gate->vault, lookup->login);
}

enum code guard_login_check(const struct guard_gate *gate, const struct guard_login *login,
                            int64_t *out_person, struct problem *problem)
{
    char plain[LOGIN_TEXT];
    plain_login(plain, login->login);
    struct lookup lookup = {
        .change = {.run = lookup_run}, .gate = gate, .login = plain, .token = login->token};
    struct tries tries = {.gate = gate, .origin = login, .now_us = env_now(gate->env)};
    enum code code = db_committer_run(gate->committer, &lookup.change);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    const bool known = code == OK;
    if (!known)
        lookup.person = 0;
    tries.rule = rule_of(gate->profiles, TRIES_LOGIN, tries.now_us);
    subject_of(&tries, &lookup, login->token);
    code = check(gate, &tries, VAULT_PASSWORD, login->password,
                 known ? lookup.credentials.password : NULL, problem);
    mem_wipe(&lookup.credentials, sizeof lookup.credentials);
    if (code == OK)
        *out_person = lookup.person;
    return code;
}

enum code guard_pin_tries_left(struct db *db, const struct guard_profiles *profiles, int64_t person,
                               int64_t now_us, int32_t *out)
{
    const struct tries_rule rule = rule_of(profiles, TRIES_PIN, now_us);
    struct tries_subject subject;
    struct tries_row row;
    tries_subject_person(&subject, person);
    GUARD(tries_load(db, &subject, TRIES_PIN, &row));
    forget_old(&row, &rule, now_us);
    *out = rule.tries - (int32_t)row.wrong_count;
    return OK;
}
