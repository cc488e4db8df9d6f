// The person and the wallet: who I am, what I have, limits, freezing, changing the two secrets.
#include "api/api.h"

#include <string.h>

// --- GET /me ---

static void write_nopin(struct net_json_writer *w, struct net_exchange *x,
                        const struct guard_wallet *wallet)
{
    const struct api *api = api_of(x);
    const int64_t now_us = net_started_us(x);
    net_json_begin_object(w, "nopin");
    net_json_bool(w, "enabled", wallet->nopin);
    api_money(w, "limit", guard_nopin_limits(api->profiles, time_business_date(now_us), NULL)->tx,
              MONEY_CNY);
    net_json_int(w, "left_today", guard_nopin_left(wallet, api->profiles, now_us));
    net_json_end_object(w);
}

static void write_person(struct net_json_writer *w, const struct party_person *person)
{
    char masked[PARTY_NAME_MAX];
    party_mask_name(masked, person->name);
    net_json_string(w, "name_masked", masked);
    party_mask_phone(masked, person->phone);
    net_json_string(w, "phone_masked", masked);
    net_json_string(w, "wallet_number", person->wallet.number);
    net_json_int(w, "wallet_class", person->wallet.wallet_class);
    net_json_string(w, "language", person->wallet.language == PARTY_EN ? "en" : "zh-CN");
    net_json_time(w, "opened_at", person->opened_us);
    net_json_bool(w, "frozen", person->wallet.state == PARTY_FROZEN);
}

static enum net_step reply_me(struct net_exchange *x, const struct party_session *session)
{
    struct party_person person;
    struct guard_wallet wallet = {0};
    int64_t unread = 0;
    struct db *db = api_take(x);
    enum code code = party_person_load(db, api_of(x)->vault, session->person, &person);
    if (code == OK)
        code = guard_wallet_load(&wallet, db, session->account_cny);
    if (code == OK)
        code = party_notices_unread(db, session->person, &unread);
    struct net_json_writer *w = net_reply_writer(x);
    if (code == OK) {
        net_json_begin_object(w, NULL);
        write_person(w, &person);
        net_json_time(w, "idle_expires_at", session->idle_expires_us);
        net_json_time(w, "server_time", net_started_us(x));
        api_write_locks(w, x, db, session->person, "locks");
        write_nopin(w, x, &wallet);
        net_json_int(w, "unread", unread);
        net_json_end_object(w);
    }
    api_give(x, db);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum net_step get_me(struct net_exchange *x)
{
    struct party_session session;
    return api_session(x, &session) ? reply_me(x, &session) : NET_DONE;
}

// --- settings ---

struct setting {
    const struct api *api;
    struct party_session session;
    bool flag;
    enum party_language language;
    int64_t now_us;
};

static enum code language_run(struct db *db, void *context, struct problem *problem)
{
    const struct setting *setting = context;
    (void)problem;
    return party_set_language(db, setting->session.person, setting->language);
}

struct language_body {
    const char *language;
};
static const struct net_json_field LANGUAGE_FIELDS[] = {
    {"language", NET_JSON_CHOICE, true, offsetof(struct language_body, language), 0, 0, "zh-CN|en",
     NULL, 0},
};

static enum net_step put_language(struct net_exchange *x)
{
    struct setting setting = {.api = api_of(x)};
    struct language_body body = {0};
    if (!api_session(x, &setting.session) || !API_READ(x, &body, LANGUAGE_FIELDS))
        return NET_DONE;
    setting.language = text_equal(body.language, "en") ? PARTY_EN : PARTY_ZH;
    struct api_change change = {.run = language_run, .context = &setting};
    const enum code code = api_change(x, &change);
    party_cache_forget_person(setting.api->cache, setting.session.person,
                              env_now(setting.api->env));
    return code == OK ? net_reply_empty(x, 204) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum code nopin_run(struct db *db, void *context, struct problem *problem)
{
    const struct setting *setting = context;
    (void)problem;
    GUARD(party_set_nopin(db, setting->session.person, setting->flag));
    return guard_wallet_set_nopin(db, setting->session.account_cny, setting->flag);
}

struct nopin_body {
    bool enabled;
    const char *pin;
};
static const struct net_json_field NOPIN_FIELDS[] = {
    {"enabled", NET_JSON_BOOL, true, offsetof(struct nopin_body, enabled), 0, 0, NULL, NULL, 0},
    {"pin", NET_JSON_TEXT, false, offsetof(struct nopin_body, pin), 6, 6, NULL, NULL, 0},
};

// Whoever holds an open session must not be able to make the pay code pay by itself: on needs the
// PIN, off needs nothing.

static enum code may_raise(struct net_exchange *x, int64_t person, struct problem *problem)
{
    const struct guard_locker locker = api_locker(api_of(x));
    struct db *db = api_take(x);
    const enum code code = guard_limits_locked(db, &locker, person, net_started_us(x), problem);
    api_give(x, db);
    return code;
}

static enum net_step put_nopin(struct net_exchange *x)
{
    struct setting setting = {.api = api_of(x)};
    struct nopin_body body = {0};
    struct problem problem = {0};
    enum code code = OK;
    if (!api_session(x, &setting.session) || !API_READ(x, &body, NOPIN_FIELDS))
        return NET_DONE;
    if (body.enabled)
        code = may_raise(x, setting.session.person, &problem);
    if (code == OK && body.enabled)
        code = guard_pin_check(&setting.api->gate, setting.session.person, body.pin, &problem);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    setting.flag = body.enabled;
    struct api_change change = {.run = nopin_run, .context = &setting};
    code = api_change(x, &change);
    return code == OK ? reply_me(x, &setting.session)
                      : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

// --- changing a secret: check the old one, rules, hash, store ---

struct secret_change {
    const struct api *api;
    struct party_session session;
    enum vault_secret kind;
    char stored[VAULT_STORED_TEXT];
    int64_t version, now_us, ended;
};

// A new password ends the other log-ins; both are told to the inbox.
static enum code secret_run(struct db *db, void *context, struct problem *problem)
{
    struct secret_change *change = context;
    const int64_t person = change->session.person;
    const bool pin = change->kind == VAULT_PIN;
    (void)problem;
    GUARD(pin ? party_set_pin(db, person, change->stored, change->version, change->now_us)
              : party_set_password(db, person, change->stored, change->version, change->now_us));
    if (!pin)
        GUARD(party_sessions_end(db, person, &change->session.id, change->now_us, &change->ended));
    struct party_notice notice = {.person = person,
                                  .group = PARTY_NOTICE_SECURITY,
                                  .link = "/security",
                                  .at_us = change->now_us};
    (void)text_copy(notice.kind, sizeof notice.kind, pin ? "pin.changed" : "password.changed");
    return party_notice_add(db, change->api->vault, change->api->env, &notice);
}

struct secret_body {
    const char *current, *secret;
};

static bool add_tail(void *context, const struct funds_card *card)
{
    struct api_known *out = context;
    const size_t at = out->known.card_tail_count++;
    (void)text_copy(out->tails[at], sizeof out->tails[at], card->last4);
    out->tail_texts[at] = out->tails[at];
    return out->known.card_tail_count < API_TAILS_MAX;
}

enum code api_known_load(struct db *db, const struct api *api, int64_t person,
                         struct api_known *out)
{
    *out = (struct api_known){.id_number = ""};
    GUARD(party_person_load(db, api->vault, person, &out->person));
    GUARD(party_id_number_load(db, api->vault, person, out->id_number));
    out->known = (struct guard_known){.name = out->person.name,
                                      .phone = out->person.phone,
                                      .id_number = out->id_number,
                                      .wallet_number = out->person.wallet.number,
                                      .birth_date = out->person.birth_date,
                                      .card_tails = out->tail_texts};
    return funds_cards_list(db, &api->funds, person, add_tail, out);
}

static enum code check_new(struct net_exchange *x, struct secret_change *change,
                           const struct secret_body *body, struct problem *problem)
{
    const bool pin = change->kind == VAULT_PIN;
    const struct api *api = change->api;
    struct guard_history history;
    struct party_credentials credentials;
    struct api_known known;
    struct db *db = api_take(x);
    enum code code = api_known_load(db, api, change->session.person, &known);
    if (code == OK)
        code = party_credentials_load(db, change->session.person, &credentials);
    if (code == OK)
        code = guard_history_load(db, api->profiles, change->session.person, change->kind,
                                  time_business_date(change->now_us), &history);
    api_give(x, db);
    GUARD(code);
    change->version = pin ? credentials.pin_version : credentials.password_version;
    known.known.old_password = pin ? NULL : body->current;
    code = pin ? guard_pin_rules(api->profiles, body->secret, &known.known, problem)
               : guard_password_rules(api->profiles, body->secret, &known.known, problem);
    mem_wipe(&known, sizeof known);
    if (code == OK)
        code = guard_history_check(api->vault, change->kind, body->secret, &history, problem);
    mem_wipe(&history, sizeof history);
    return code;
}

static enum net_step change_secret(struct net_exchange *x, enum vault_secret kind,
                                   const struct net_json_field *fields)
{
    struct secret_change secret = {.api = api_of(x), .kind = kind, .now_us = net_started_us(x)};
    struct secret_body body = {0};
    struct problem problem = {0};
    if (!api_session(x, &secret.session) || !api_read(x, &body, fields, 2))
        return NET_DONE;
    const struct guard_gate *gate = &secret.api->gate;
    enum code code =
        kind == VAULT_PIN
            ? guard_pin_check(gate, secret.session.person, body.current, &problem)
            : guard_password_check(gate, secret.session.person, body.current, &problem);
    if (code == OK)
        code = check_new(x, &secret, &body, &problem);
    if (code == OK)
        code = vault_password_hash(secret.api->vault, kind, body.secret, secret.stored);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    struct api_change change = {.run = secret_run, .context = &secret};
    code = api_change(x, &change);
    api_sessions_ended(api_of(x), secret.session.person);
    return code == OK ? net_reply_empty(x, 204) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum net_step change_password(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"current", NET_JSON_TEXT, true, offsetof(struct secret_body, current), 1, VAULT_SECRET_MAX,
         NULL, NULL, 0},
        {"password", NET_JSON_TEXT, true, offsetof(struct secret_body, secret), 1, VAULT_SECRET_MAX,
         NULL, NULL, 0}};
    return change_secret(x, VAULT_PASSWORD, fields);
}

static enum net_step change_pin(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"current", NET_JSON_TEXT, true, offsetof(struct secret_body, current), 6, 6, NULL, NULL,
         0},
        {"pin", NET_JSON_TEXT, true, offsetof(struct secret_body, secret), 1, 12, NULL, NULL, 0}};
    return change_secret(x, VAULT_PIN, fields);
}

// --- wallet ---

static void write_balance(struct net_json_writer *w, const struct books_account *account)
{
    const enum money_currency currency = (enum money_currency)account->ledger.currency;
    net_json_begin_object(w, NULL);
    net_json_string(w, "currency", money_currency_code(currency));
    api_money(w, "available", ledger_available(&account->ledger), currency);
    api_money(w, "pending_in", account->ledger.credits_pending, currency);
    api_money(w, "pending_out", account->ledger.debits_pending, currency);
    net_json_end_object(w);
}

static enum net_step reply_wallet(struct net_exchange *x, const struct party_session *session)
{
    struct party_wallet wallet;
    struct books_account cny, usd;
    struct db *db = api_take(x);
    enum code code = party_wallet_load(db, session->person, &wallet);
    if (code == OK)
        code = books_read_account(&cny, db, wallet.account_cny);
    if (code == OK)
        code = books_read_account(&usd, db, wallet.account_usd);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "wallet_number", wallet.number);
    net_json_string(w, "state", wallet.state == PARTY_FROZEN ? "frozen" : "active");
    net_json_begin_array(w, "balances");
    write_balance(w, &cny);
    write_balance(w, &usd);
    net_json_end_array(w);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static enum net_step get_wallet(struct net_exchange *x)
{
    struct party_session session;
    return api_session_quiet(x, &session) ? reply_wallet(x, &session) : NET_DONE;
}

// --- freezing oneself: the lock L07 ---

// Is there one, and which. CODE_NOT_FOUND.
static enum code own_freeze(struct db *db, int64_t person, int64_t now_us, struct guard_lock *out)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    size_t count;
    GUARD(guard_locks(db, person, now_us, locks, GUARD_LOCKS_MAX, &count));
    for (size_t i = 0; i < count; i++)
        if (text_equal(locks[i].code, "L07")) {
            *out = locks[i];
            return OK;
        }
    return CODE_NOT_FOUND;
}

// At once: nothing goes out, pay codes are void, the other log-ins end. Freezing again takes back
// an end that was already set.
static enum code freeze_run(struct db *db, void *context, struct problem *problem)
{
    const struct setting *setting = context;
    const struct guard_locker locker = api_locker(setting->api);
    const struct guard_lock_order order = {.person = setting->session.person, .code = "L07"};
    struct guard_lock lock;
    int64_t ended;
    (void)problem;
    GUARD(guard_lock_place(db, &locker, &order, &lock));
    if (lock.automatic)
        GUARD(guard_lock_move(db, &lock, GUARD_LOCK_OPEN, false, 0));
    GUARD(pay_codes_void(db, setting->session.person));
    return party_sessions_end(db, setting->session.person, &setting->session.id, setting->now_us,
                              &ended);
}

// Whoever holds the phone and the PIN does not unfreeze at once: the owner has an hour to hear of
// it and to freeze again.
static enum code unfreeze_run(struct db *db, void *context, struct problem *problem)
{
    const struct setting *setting = context;
    const struct guard_locker locker = api_locker(setting->api);
    const struct guard_lock_rules *rules =
        guard_lock_rules(setting->api->profiles, time_business_date(setting->now_us));
    struct guard_lock lock;
    (void)problem;
    const enum code code = own_freeze(db, setting->session.person, setting->now_us, &lock);
    if (code == CODE_NOT_FOUND || (code == OK && lock.automatic))
        return OK; // not frozen by its owner, or its end is set
    GUARD(code);
    lock.until_us = setting->now_us + INT64_C(1000000) * rules->unfreeze_delay_s;
    if (rules->unfreeze_delay_s == 0)
        return guard_lock_lift(db, &locker, lock.case_number, "unfrozen", &lock);
    GUARD(guard_lock_move(db, &lock, lock.until_us, true, 0));
    return guard_lock_announce(db, &locker, &lock, "unfreeze.planned");
}

static enum net_step set_frozen(struct net_exchange *x, struct setting *setting)
{
    struct api_change change = {.run = setting->flag ? freeze_run : unfreeze_run,
                                .context = setting};
    setting->now_us = net_started_us(x);
    const enum code code = api_change(x, &change);
    api_sessions_ended(api_of(x), setting->session.person);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return reply_wallet(x, &setting->session);
}

static enum net_step freeze_wallet(struct net_exchange *x)
{
    struct setting setting = {.api = api_of(x), .flag = true};
    if (!api_session(x, &setting.session) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    return set_frozen(x, &setting);
}

static enum net_step unfreeze_wallet(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"pin", NET_JSON_TEXT, true, offsetof(struct secret_body, current), 6, 6, NULL, NULL, 0}};
    struct setting setting = {.api = api_of(x)};
    struct secret_body body = {0};
    struct problem problem = {0};
    if (!api_session(x, &setting.session) || !api_read(x, &body, fields, 1))
        return NET_DONE;
    const enum code code =
        guard_pin_check(&setting.api->gate, setting.session.person, body.current, &problem);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    return set_frozen(x, &setting);
}

// --- limits ---

static void write_limit(struct net_json_writer *w, const char *key, int64_t amount)
{
    if (amount == GUARD_NO_LIMIT || amount < 0)
        net_json_null(w, key);
    else
        api_money(w, key, amount, MONEY_CNY);
}

static void write_meter(struct net_json_writer *w, const struct guard_meter *meter)
{
    const int64_t used = meter->used > 0 ? meter->used : 0;
    const int64_t left = meter->limit > used ? meter->limit - used : 0;
    net_json_begin_object(w, NULL);
    net_json_string(w, "rule", meter->rule);
    if (meter->counts) {
        net_json_int(w, "count_limit", meter->limit);
        net_json_int(w, "count_left", left);
        net_json_null(w, "limit");
        net_json_null(w, "used");
        net_json_null(w, "left");
    } else {
        write_limit(w, "limit", meter->limit);
        write_limit(w, "used", meter->used);
        write_limit(w, "left", meter->limit == GUARD_NO_LIMIT ? -1 : left);
    }
    net_json_time(w, "frees_at", meter->frees_at_us);
    net_json_end_object(w);
}

static enum net_step get_limits(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session(x, &session))
        return NET_DONE;
    const struct api *api = api_of(x);
    const int64_t now_us = net_started_us(x);
    struct guard_wallet wallet;
    struct books_account account;
    struct db *db = api_take(x);
    enum code code = guard_wallet_load(&wallet, db, session.account_cny);
    if (code == OK)
        code = books_read_account(&account, db, session.account_cny);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    struct guard_meter meters[GUARD_METERS_MAX];
    const int64_t balance = ledger_balance(&account.ledger) + account.ledger.credits_pending;
    const size_t count = guard_meters(meters, &wallet, api->profiles, balance, now_us);
    const struct guard_edition *edition;
    (void)guard_class_limits(api->profiles, wallet.wallet_class, time_business_date(now_us),
                             &edition);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_object(w, "profile");
    net_json_string(w, "name", edition->profile);
    net_json_string(w, "edition", edition->edition);
    net_json_string(w, "source", edition->source);
    net_json_int(w, "effective", edition->effective);
    net_json_end_object(w);
    net_json_int(w, "class", wallet.wallet_class);
    net_json_begin_array(w, "meters");
    for (size_t i = 0; i < count; i++)
        write_meter(w, &meters[i]);
    net_json_end_array(w);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/me", "getMe", get_me, 0, 0, NULL},
    {"PUT", "/api/v1/me/language", "putLanguage", put_language, 0, 0, NULL},
    {"POST", "/api/v1/me/password", "changePassword", change_password, 0, 0, NULL},
    {"POST", "/api/v1/me/pin", "changePin", change_pin, 0, 0, NULL},
    {"PUT", "/api/v1/me/nopin", "putNopin", put_nopin, 0, 0, NULL},
    {"GET", "/api/v1/wallet", "getWallet", get_wallet, 0, 0, NULL},
    {"POST", "/api/v1/wallet/freeze", "freezeWallet", freeze_wallet, 0, 0, NULL},
    {"POST", "/api/v1/wallet/unfreeze", "unfreezeWallet", unfreeze_wallet, 0, 0, NULL},
    {"GET", "/api/v1/limits", "getLimits", get_limits, 0, 0, NULL},
};
API_TABLE(API_ME, ROUTES);
