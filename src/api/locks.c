// Locks as their owner sees them: the passport of each, the ways out, the key that proves our
// statements; the history of log-ins and the check-up after a lock.
#include "api/api.h"
#include "desk/desk_lock.h"

#include <string.h>

// --- one lock ---

static const struct guard_lock_kind *kind_of(const struct net_exchange *x,
                                             const struct guard_lock *lock)
{
    return guard_lock_kind(api_of(x)->profiles, lock->code, time_business_date(net_started_us(x)));
}

// A PIN that was locked too often waits for documents: another way out than of the first lock.
static bool waits_for_documents(const struct guard_lock *lock)
{
    return text_equal(lock->code, "L02") && !lock->automatic;
}

static void write_exits(struct net_json_writer *w, const struct guard_lock *lock,
                        const struct guard_lock_kind *kind)
{
    net_json_begin_array(w, "exits");
    if (waits_for_documents(lock))
        net_json_string(w, NULL, "documents");
    for (size_t i = 0; !waits_for_documents(lock) && i < kind->exit_count; i++)
        net_json_string(w, NULL, kind->exits[i]);
    net_json_end_array(w);
}

static void write_until(struct net_json_writer *w, const char *key, int64_t at_us)
{
    if (at_us == 0 || at_us == GUARD_LOCK_OPEN)
        net_json_null(w, key);
    else
        net_json_time(w, key, at_us);
}

static void write_statement(struct net_json_writer *w, const struct net_exchange *x,
                            const struct guard_lock *lock)
{
    struct problem proof = {0};
    guard_lock_fill(api_of(x)->vault, lock, net_started_us(x), &proof);
    net_json_begin_object(w, "statement");
    net_json_string(w, "case_number", lock->case_number);
    net_json_string(w, "code", lock->code);
    net_json_int(w, "tries", lock->tries);
    write_until(w, "until", lock->until_us);
    net_json_time(w, "at", lock->from_us);
    net_json_string(w, "signature", proof.signature);
    net_json_end_object(w);
}

// The value of one line of the detail, or null.
static void write_detail(struct net_json_writer *w, const char *key, const char *detail)
{
    const size_t size = strlen(key);
    for (const char *line = detail; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        if (length > size && line[size] == '=' && strncmp(line, key, size) == 0) {
            net_json_string_n(w, key, line + size + 1, length - size - 1);
            return;
        }
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    net_json_null(w, key);
}

void api_write_lock(struct net_json_writer *w, struct net_exchange *x, struct db *db,
                    const struct guard_lock *lock, bool own)
{
    const struct guard_lock_kind *kind = kind_of(x, lock);
    char detail[256] = "";
    // What an order says is for its owner only; an unreadable detail is not shown.
    if (own && guard_lock_detail(db, api_of(x)->vault, lock, detail) != OK)
        detail[0] = '\0';
    const bool documents = waits_for_documents(lock);
    net_json_begin_object(w, NULL);
    net_json_string(w, "code", lock->code);
    net_json_string(w, "case_number", lock->case_number);
    net_json_string(w, "scope", lock->scope);
    net_json_string(w, "cause", documents ? "pin-tries-again" : kind->cause);
    net_json_string(w, "evidence", lock->evidence[0] != '\0' ? lock->evidence : kind->evidence);
    net_json_string(w, "basis", kind->basis);
    net_json_string(w, "decides", documents ? "reviewer" : kind->decides);
    net_json_bool(w, "four_eyes", kind->four_eyes);
    net_json_bool(w, "automatic", lock->automatic);
    net_json_int(w, "working_days", lock->automatic && !documents ? 0 : kind->working_days);
    net_json_int(w, "tries", lock->tries);
    net_json_time(w, "from", lock->from_us);
    write_until(w, "until", lock->until_us);
    write_until(w, "asked_at", lock->asked_us);
    write_until(w, "ended_at", lock->ended_us);
    net_json_bool(w, "in_force", guard_lock_in_force(lock, net_started_us(x)));
    net_json_string(w, "outcome", lock->outcome);
    write_exits(w, lock, kind);
    write_detail(w, "authority", detail);
    write_detail(w, "number", detail);
    write_detail(w, "trace", detail);
    write_statement(w, x, lock);
    net_json_end_object(w);
}

void api_write_locks(struct net_json_writer *w, struct net_exchange *x, struct db *db,
                     int64_t person, const char *key)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    size_t count = 0;
    if (guard_locks_ranked(db, person, net_started_us(x), locks, GUARD_LOCKS_MAX, &count) != OK)
        count = 0;
    net_json_begin_array(w, key);
    for (size_t i = 0; i < count; i++)
        api_write_lock(w, x, db, &locks[i], true);
    net_json_end_array(w);
}

// --- GET /locks, /locks/{case_number} ---

static enum net_step list_locks(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session_quiet(x, &session))
        return NET_DONE;
    struct net_json_writer *w = net_reply_writer(x);
    struct db *db = api_take(x);
    net_json_begin_object(w, NULL);
    net_json_time(w, "server_time", net_started_us(x));
    api_write_locks(w, x, db, session.person, "data");
    net_json_end_object(w);
    api_give(x, db);
    return net_reply_json(x, 200);
}

// By its owner, or by whoever was refused by it and kept the statement. Anyone else learns nothing.
static enum code find_lock(struct net_exchange *x, struct db *db, struct guard_lock *out,
                           bool *out_own)
{
    struct party_session session;
    const char *proof = net_query(x, "proof");
    GUARD(guard_lock_by_case(db, net_param(x, "case_number"), out));
    *out_own = api_session_peek(x, &session) && session.person == out->person && out->person != 0;
    if (*out_own)
        return OK;
    return proof != NULL && guard_lock_proved(api_of(x)->vault, out, proof) ? OK : CODE_NOT_FOUND;
}

static enum net_step get_lock(struct net_exchange *x)
{
    struct guard_lock lock;
    bool own = false;
    if (!api_rate(x, "lock.address", net_client(x), 600, 600))
        return NET_DONE;
    struct db *db = api_take(x);
    const enum code code = find_lock(x, db, &lock, &own);
    if (code == OK)
        api_write_lock(net_reply_writer(x), x, db, &lock, own);
    api_give(x, db);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

// --- ways out that the owner goes alone ---

static struct desk desk_of(const struct api *api)
{
    return api->desk;
}

struct own_way {
    const struct api *api;
    struct party_session session;
    const char *case_number;
    bool yes;
    struct guard_lock lock;
};

static enum net_step reply_lock(struct net_exchange *x, const struct own_way *way)
{
    struct guard_lock lock;
    struct db *db = api_take(x);
    const enum code code = guard_lock_by_case(db, way->case_number, &lock);
    if (code == OK)
        api_write_lock(net_reply_writer(x), x, db, &lock, true);
    api_give(x, db);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum code confirm_run(struct db *db, void *context, struct problem *problem)
{
    const struct own_way *way = context;
    const struct guard_locker locker = api_locker(way->api);
    (void)problem;
    return guard_device_answer(db, &locker, way->session.person, way->case_number, way->yes);
}

struct confirm_body {
    bool mine;
};
static const struct net_json_field CONFIRM_FIELDS[] = {
    {"mine", NET_JSON_BOOL, true, offsetof(struct confirm_body, mine), 0, 0, NULL, NULL, 0},
};

// L03: from a device that is logged in.
static enum net_step confirm_device(struct net_exchange *x)
{
    struct own_way way = {.api = api_of(x), .case_number = net_param(x, "case_number")};
    struct confirm_body body = {0};
    if (!api_session(x, &way.session) || !API_READ(x, &body, CONFIRM_FIELDS))
        return NET_DONE;
    way.yes = body.mine;
    struct api_change change = {.run = confirm_run, .context = &way};
    const enum code code = api_change(x, &change);
    return code == OK ? reply_lock(x, &way)
                      : api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
}

static enum code answers_run(struct db *db, void *context, struct problem *problem)
{
    struct own_way *way = context;
    const struct guard_locker locker = api_locker(way->api);
    struct guard_lock lock;
    GUARD(guard_lock_by_case(db, way->case_number, &lock));
    ENSURE(lock.person == way->session.person && text_equal(lock.code, "L04"), CODE_NOT_FOUND);
    if (!way->yes)
        return problem_set(problem, CODE_ANSWERS_RISKY, CHARGED_NO);
    const struct desk desk = desk_of(way->api);
    GUARD(guard_lock_lift(db, &locker, way->case_number, "answered", &lock));
    GUARD(desk_case_withdraw(db, &desk, DESK_UNLOCK, &lock.id));
    return guard_caution_end(db, way->session.person);
}

struct answers_body {
    bool told_to_transfer, screen_shared, payee_checked;
};
static const struct net_json_field ANSWERS_FIELDS[] = {
    {"told_to_transfer", NET_JSON_BOOL, true, offsetof(struct answers_body, told_to_transfer), 0, 0,
     NULL, NULL, 0},
    {"screen_shared", NET_JSON_BOOL, true, offsetof(struct answers_body, screen_shared), 0, 0, NULL,
     NULL, 0},
    {"payee_checked", NET_JSON_BOOL, true, offsetof(struct answers_body, payee_checked), 0, 0, NULL,
     NULL, 0},
};

// L04: three questions. Who was told to transfer, or shares the screen, does not go on alone.
static enum net_step answer_questions(struct net_exchange *x)
{
    struct own_way way = {.api = api_of(x), .case_number = net_param(x, "case_number")};
    struct answers_body body = {0};
    if (!api_session(x, &way.session) || !API_READ(x, &body, ANSWERS_FIELDS))
        return NET_DONE;
    way.yes = !body.told_to_transfer && !body.screen_shared && body.payee_checked;
    struct api_change change = {.run = answers_run, .context = &way};
    const enum code code = api_change(x, &change);
    return code == OK ? reply_lock(x, &way)
                      : api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
}

// --- what somebody has to decide ---

struct request_way {
    struct own_way way;
    const char *statement;
};

static enum code request_run(struct db *db, void *context, struct problem *problem)
{
    struct request_way *request = context;
    const struct desk desk = desk_of(request->way.api);
    (void)problem;
    return desk_unlock_request(db, &desk, request->way.session.person, request->way.case_number,
                               request->statement, &request->way.lock);
}

struct request_body {
    const char *statement;
};
static const struct net_json_field REQUEST_FIELDS[] = {
    {"statement", NET_JSON_TEXT, true, offsetof(struct request_body, statement), 1, 160, NULL, NULL,
     0},
};

static enum net_step request_unlock(struct net_exchange *x)
{
    struct request_way request = {
        .way = {.api = api_of(x), .case_number = net_param(x, "case_number")}};
    struct request_body body = {0};
    if (!api_session(x, &request.way.session) || !API_READ(x, &body, REQUEST_FIELDS))
        return NET_DONE;
    request.statement = body.statement;
    struct api_change change = {.run = request_run, .context = &request};
    const enum code code = api_change(x, &change);
    return code == OK ? reply_lock(x, &request.way)
                      : api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
}

// --- GET /keys ---

static enum net_step get_keys(struct net_exchange *x)
{
    char key[VAULT_STATEMENT_KEY_TEXT];
    struct net_json_writer *w = net_reply_writer(x);
    vault_statement_key(api_of(x)->vault, key);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    net_json_begin_object(w, NULL);
    net_json_string(w, "use", "lock-statement");
    net_json_string(w, "algorithm", "Ed25519");
    net_json_string(w, "public_key", key);
    net_json_end_object(w);
    net_json_end_array(w);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- history of log-ins ---

enum { SIGNINS_PAGE = 50 };

struct signin_listing {
    struct net_json_writer *w;
    const struct id *session;
};

static bool list_signin(void *context, const struct guard_signin *signin)
{
    const struct signin_listing *listing = context;
    struct net_json_writer *w = listing->w;
    net_json_begin_object(w, NULL);
    net_json_id(w, "id", "sgn", &signin->id);
    net_json_time(w, "at", signin->at_us);
    net_json_string(w, "result", guard_signin_result_name(signin->result));
    net_json_string(w, "device", signin->device);
    net_json_string(w, "address_masked", signin->place);
    net_json_bool(w, "current", id_equal(&signin->session, listing->session));
    net_json_end_object(w);
    return true;
}

static enum net_step list_signins(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session(x, &session))
        return NET_DONE;
    struct signin_listing listing = {net_reply_writer(x), &session.id};
    net_json_begin_object(listing.w, NULL);
    net_json_begin_array(listing.w, "data");
    struct db *db = api_take(x);
    const enum code code = guard_signins_list(db, api_of(x)->vault, session.person, 0, SIGNINS_PAGE,
                                              list_signin, &listing);
    api_give(x, db);
    net_json_end_array(listing.w);
    net_json_end_object(listing.w);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

struct disowning {
    const struct api *api;
    struct party_session session;
    struct id id;
    int64_t now_us;
};

static enum code disown_run(struct db *db, void *context, struct problem *problem)
{
    const struct disowning *d = context;
    const struct guard_locker locker = api_locker(d->api);
    struct id ended;
    (void)problem;
    GUARD(guard_signin_disown(db, &locker, d->session.person, &d->id, &ended));
    if (id_is_zero(&ended))
        return OK;
    const enum code code = party_session_end(db, d->session.person, &ended, d->now_us);
    return code == CODE_NOT_FOUND ? OK : code; // it had ended by itself
}

static enum net_step disown_signin(struct net_exchange *x)
{
    struct disowning d = {.api = api_of(x), .now_us = net_started_us(x)};
    if (!api_session(x, &d.session) || !api_read(x, NULL, NULL, 0) ||
        !api_id(x, "id", "sgn", &d.id))
        return NET_DONE;
    struct api_change change = {.run = disown_run, .context = &d};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_sessions_ended(api_of(x), d.session.person);
    return net_reply_empty(x, 204);
}

// --- check-up ---

enum { PAYEES_MAX = 20 };
static const int64_t WEEK_US = INT64_C(604800000000);
static const struct {
    const char *name;
    uint32_t bit;
} STEPS[] = {
    {"password", GUARD_CHECKUP_PASSWORD}, {"devices", GUARD_CHECKUP_DEVICES},
    {"history", GUARD_CHECKUP_HISTORY},   {"second-factor", GUARD_CHECKUP_FACTOR},
    {"limits", GUARD_CHECKUP_LIMITS},     {"payees", GUARD_CHECKUP_PAYEES},
};
enum { STEP_COUNT = sizeof STEPS / sizeof STEPS[0] };

static enum code write_payees(struct net_json_writer *w, struct net_exchange *x, struct db *db,
                              int64_t person)
{
    struct pay_contact contacts[PAYEES_MAX];
    size_t count = 0;
    GUARD(pay_contacts_new(db, person, net_started_us(x) - WEEK_US, PAYEES_MAX, contacts, &count));
    net_json_begin_array(w, "payees");
    for (size_t i = 0; i < count; i++) {
        struct party_person peer;
        char masked[PARTY_NAME_MAX];
        GUARD(party_person_load(db, api_of(x)->vault, contacts[i].peer, &peer));
        party_mask_name(masked, peer.name);
        net_json_begin_object(w, NULL);
        net_json_string(w, "name_masked", masked);
        net_json_time(w, "added_at", contacts[i].last_us);
        net_json_end_object(w);
    }
    net_json_end_array(w);
    return OK;
}

static enum net_step reply_checkup(struct net_exchange *x, const struct party_session *session)
{
    struct guard_checkup checkup;
    struct db *db = api_take(x);
    struct net_json_writer *w = net_reply_writer(x);
    enum code code = guard_checkup_load(db, session->person, &checkup);
    if (code == OK) {
        net_json_begin_object(w, NULL);
        net_json_bool(w, "due", checkup.due_us > 0 && checkup.done_us == 0);
        net_json_string(w, "case_number", checkup.case_number);
        write_until(w, "done_at", checkup.done_us);
        net_json_begin_array(w, "done");
        for (size_t i = 0; i < STEP_COUNT; i++)
            if ((checkup.steps & STEPS[i].bit) != 0)
                net_json_string(w, NULL, STEPS[i].name);
        net_json_end_array(w);
        code = write_payees(w, x, db, session->person);
        net_json_end_object(w);
    }
    api_give(x, db);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum net_step get_checkup(struct net_exchange *x)
{
    struct party_session session;
    return api_session(x, &session) ? reply_checkup(x, &session) : NET_DONE;
}

struct checkup_change {
    int64_t person, now_us;
    uint32_t step;
};

static enum code checkup_run(struct db *db, void *context, struct problem *problem)
{
    const struct checkup_change *change = context;
    struct guard_checkup checkup;
    (void)problem;
    return guard_checkup_step(db, change->person, change->step, change->now_us, &checkup);
}

struct checkup_body {
    const char *step;
};
static const struct net_json_field CHECKUP_FIELDS[] = {
    {"step", NET_JSON_CHOICE, true, offsetof(struct checkup_body, step), 0, 0,
     "password|devices|history|second-factor|limits|payees", NULL, 0},
};

static enum net_step post_checkup(struct net_exchange *x)
{
    struct party_session session;
    struct checkup_body body = {0};
    if (!api_session(x, &session) || !API_READ(x, &body, CHECKUP_FIELDS))
        return NET_DONE;
    struct checkup_change context = {session.person, net_started_us(x), 0};
    for (size_t i = 0; i < STEP_COUNT; i++)
        if (text_equal(STEPS[i].name, body.step))
            context.step = STEPS[i].bit;
    struct api_change change = {.run = checkup_run, .context = &context};
    const enum code code = api_change(x, &change);
    return code == OK ? reply_checkup(x, &session)
                      : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/locks", "listLocks", list_locks, 0, 0, NULL},
    {"GET", "/api/v1/locks/{case_number}", "getLock", get_lock, 0, 0, NULL},
    {"POST", "/api/v1/locks/{case_number}/confirm", "confirmDevice", confirm_device, 0, 0, NULL},
    {"POST", "/api/v1/locks/{case_number}/answers", "answerQuestions", answer_questions, 0, 0,
     NULL},
    {"POST", "/api/v1/locks/{case_number}/request", "requestUnlock", request_unlock, 0, 0, NULL},
    {"GET", "/api/v1/keys", "getKeys", get_keys, 0, 0, NULL},
    {"GET", "/api/v1/signins", "listSignins", list_signins, 0, 0, NULL},
    {"POST", "/api/v1/signins/{id}/disown", "disownSignin", disown_signin, 0, 0, NULL},
    {"GET", "/api/v1/checkup", "getCheckup", get_checkup, 0, 0, NULL},
    {"POST", "/api/v1/checkup", "stepCheckup", post_checkup, 0, 0, NULL},
};
API_TABLE(API_LOCKS, ROUTES);
