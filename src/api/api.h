// api: the endpoints of /api/v1. One file per group; each handler has the phases PARSE (JSON ->
// struct), AUTH (cookie -> person), RUN (one call into one pillar), REPLY. No SQL, no rules.
#ifndef API_API_H
#define API_API_H

#include "activity/activity.h"
#include "desk/desk.h"
#include "funds/funds.h"
#include "guard/guard_device.h"
#include "guard/guard_idempotency.h"
#include "guard/guard_limits.h"
#include "net/net.h"
#include "onboard/onboard.h"
#include "party/party.h"
#include "pay/pay.h"
#include "recover/recover.h"

// Brand and profile of the operator: texts and names are configuration.
struct api_brand {
    const char *name, *name_en; // "通宝", "Tongbao"
    const char *signature;      // of SMS, without brackets
};

// What all handlers share: net_context() of the server. Everything outlives the server.
struct api {
    const struct env *env;
    struct vault *vault;
    struct db_committer *committer;
    struct db_pool *pool;
    const struct guard_profiles *profiles;
    struct party_cache *cache;
    struct net_rate *rate;
    _Atomic int64_t closed_until_us;   // maintenance of everything; 0 = open (api_maintenance.h)
    _Atomic int hashing;               // requests between api_hashing_begin and api_hashing_end
    struct net_server *_Atomic server; // set after the start, when requests may come already
    struct pay_world pay;
    struct guard_gate gate;
    struct onboard onboard;
    struct recover recover;
    struct funds funds;
    struct activity activity;
    struct desk desk;
    struct api_brand brand;
    const char *public_url;     // "http://localhost:8080", no slash at the end
    const char *sandbox_url;    // base of the sandbox process; NULL = production
    const char *shop_file;      // sandbox: where the seed left the shop's key; NULL = none
    const char *people_file;    // sandbox: the play people
    const char *operators_file; // sandbox: the play operators
    const char *terms_folder;   // spec/terms
    const char *terms_version;
    const char *version;
    struct api_tail *_Atomic tail; // set after the start, when requests may come already
    void (*nudge)(void *jobs);     // after a commit that added outbox rows for the workers
    void *jobs;
};

static inline struct api *api_of(const struct net_exchange *x)
{
    return net_context(x);
}

// All routes of the program, in one table; *out_count rows.
const struct net_route *api_routes(size_t *out_count);
// Without those of the sandbox: all below /sandbox is unknown there.
const struct net_route *api_production_routes(size_t *out_count);
// Health and metrics, for the admin listener.
const struct net_route *api_admin_routes(size_t *out_count);

// GET /metrics: brings the figures of committer, outbox, hash pool and ledger up to date, then
// writes all of api->server.
enum net_step api_get_metrics(struct net_exchange *x);

// --- phases
// ---------------------------------------------------------------------------------------

#define API_SESSION_COOKIE "__Host-tongbao"
#define API_DRAFT_COOKIE "__Host-tongbao-open"
#define API_DEVICE_COOKIE "__Host-tongbao-device" // of the browser; a year

// AUTH. True and *out; false: the reply is set (401). `use` = prolongs the idle time.
bool api_session(struct net_exchange *x, struct party_session *out);
bool api_session_quiet(struct net_exchange *x, struct party_session *out); // does not prolong
bool api_merchant(struct net_exchange *x, struct party_merchant *out);
// After the commit that ended log-ins of this person: forgets what is remembered of them and ends
// the event streams. Those whose log-in lives on come back at once.
void api_sessions_ended(struct api *api, int64_t person);
// Of an exchange that may have none: false without a reply.
bool api_session_peek(struct net_exchange *x, struct party_session *out);
// Sets or clears a cookie: HttpOnly, Secure, SameSite=Lax, Path=/. token NULL = clear.
void api_cookie(struct net_exchange *x, const char *name, const char *token, int64_t max_age_s);

// Token of the browser's cookie into `out`; makes one when there is none, and sets it.
void api_device_token(struct net_exchange *x, char out[VAULT_TOKEN_TEXT]);
struct guard_locker api_locker(const struct api *api);

// PARSE. False: the reply is set (400 …).
bool api_read(struct net_exchange *x, void *out, const struct net_json_field *fields,
              size_t field_count);
#define API_READ(x, out, fields) api_read((x), (out), (fields), sizeof(fields) / sizeof(fields)[0])
// Idempotency-Key -> request (key, actor, route). False: 400 idempotency-missing or
// request-invalid.
bool api_request(struct net_exchange *x, struct guard_request *out, int64_t actor, int32_t route);
// A known currency, 1 … MONEY_MAX minor units. False: 422 amount-invalid at `pointer`.
bool api_amount(struct net_exchange *x, const struct net_json_money *money, int64_t *out_amount,
                enum money_currency *out_currency, const char *pointer);
// As api_amount, where only the wallet's own currency is taken: shops are paid in CNY.
bool api_amount_cny(struct net_exchange *x, const struct net_json_money *money, int64_t *out_amount,
                    const char *pointer);
// A path parameter "txn_…" -> id. False: 404.
bool api_id(struct net_exchange *x, const char *parameter, const char *prefix, struct id *out);
// Rate limit; false: 429 with Retry-After.
bool api_rate(struct net_exchange *x, const char *scope, const char *value, int64_t quota,
              int64_t window_s);

// RUN. A read connection for the time of the handler (worker routes).
struct db *api_take(struct net_exchange *x);
void api_give(struct net_exchange *x, struct db *db);
// Runs a change and waits (worker routes): `run` gets `context` as change.context.
struct api_change {
    struct db_change change;
    enum code (*run)(struct db *db, void *context, struct problem *problem);
    void *context;
    struct problem problem;
    bool keep_refusals; // commit although refused: counted tries
};
enum code api_change(struct net_exchange *x, struct api_change *change);
// Tells the event tail that there are events in the outbox; api_nudge tells the workers too. A
// payment writes events only, and asking all queues after each one costs more than the payment's
// own share of the commit.
void api_nudge_events(struct api *api);
void api_nudge(struct api *api);

// Hashing a secret of somebody who has proved nothing yet (log-in, opening) holds a worker thread
// for a while: at most half of them at a time, so that a flood of log-ins leaves the other half to
// those who pay. False: the reply is set (503 busy).
enum { API_WORKERS = 24, API_HASHING_MAX = API_WORKERS / 2 };
bool api_hashing_begin(struct net_exchange *x);
void api_hashing_end(struct net_exchange *x);

// REPLY. Fills in a bare code when the problem is empty; CHARGED as given.
enum net_step api_refuse(struct net_exchange *x, enum code code, struct problem *problem,
                         enum charged charged);

// --- shared pieces
// ------------------------------------------------------------------------------------

// Money member by currency.
void api_money(struct net_json_writer *w, const char *key, int64_t amount,
               enum money_currency currency);
// The Operation object (spec/openapi.yaml) at the writer's place; key NULL inside arrays. `brief` =
// as in lists.
void api_write_operation(struct net_json_writer *w, const char *key,
                         const struct activity_operation *operation, bool brief, bool english);
// {code, title, detail, charged} of a failure, or null.
void api_write_failure(struct net_json_writer *w, const char *key, enum code code,
                       const struct problem *problem, bool english, int64_t now_us);
// The radar of a code (otp.h) as pages draw it; `clerk` adds raw codes and every attempt.
void api_write_radar(struct net_json_writer *w, const char *key, const struct otp_view *view,
                     int64_t now_us, bool clerk);
// Whole handlers for any flow with codes: the radar of that purpose and subject; the client's word
// {"event", "attempt_key"}.
// The challenge of an application, or null. Wishes of one client address, sent or refused, by the
// profile; false: 429.
void api_write_challenge(struct net_json_writer *w, const struct otp_challenge *challenge);
bool api_code_rate(struct net_exchange *x);
enum net_step api_reply_radar(struct net_exchange *x, const char *purpose, int64_t subject);
enum net_step api_take_beacon(struct net_exchange *x, const char *purpose, int64_t subject);
void api_write_session(struct net_json_writer *w, const struct party_session *session,
                       const struct party_person *person);
// The passport of a lock (schema Lock); `own` = with what only its owner may read. And all in
// force.
void api_write_lock(struct net_json_writer *w, struct net_exchange *x, struct db *db,
                    const struct guard_lock *lock, bool own);
void api_write_locks(struct net_json_writer *w, struct net_exchange *x, struct db *db,
                     int64_t person, const char *key);
// What the rules for a new secret need to know of a person. Wipe it after use.
enum { API_TAILS_MAX = 8 };
struct api_known {
    struct guard_known known; // borrows from the rest
    struct party_person person;
    char id_number[PARTY_ID_NUMBER_MAX];
    char tails[API_TAILS_MAX][8];
    const char *tail_texts[API_TAILS_MAX];
};
enum code api_known_load(struct db *db, const struct api *api, int64_t person,
                         struct api_known *out);
// Has this person, whose password was just right, to show a code of the app too? Then the cookie
// for it is set.
enum code api_factor_needed(struct net_exchange *x, int64_t person, bool *out);
// Makes the log-in of a person who has shown everything, and replies.
enum net_step api_log_in(struct net_exchange *x, int64_t person, const char *device_name,
                         const char *browser);
// "Chrome · Android" from a User-Agent; out holds 64 bytes.
void api_device_name(const struct net_exchange *x, char out[64]);

// The event tail: sends new events of the outbox to the open streams, until stopped.
struct api_tail;
enum code api_tail_start(struct api_tail **out, struct api *api);
void api_tail_nudge(struct api_tail *tail);
void api_tail_stop(struct api_tail **tail);

// Route tables of the files of this room.
struct api_table {
    const struct net_route *routes;
    size_t count;
};
extern const struct api_table API_RESETS, API_FACTORS;
extern const struct api_table API_META, API_APPLICATIONS, API_SESSIONS, API_ME, API_MESSAGES,
    API_CARDS, API_FUNDS, API_PAYMENTS, API_PAYCODES, API_MERCHANTS, API_BILLS, API_EVENTS,
    API_CODES, API_REPORTS, API_TROUBLE, API_HANDOVER, API_MAINTENANCE, API_DIAGNOSIS, API_OPENING,
    API_PHOTOS, API_LOCKS, API_CONSOLE_SESSION, API_CONSOLE_CASES, API_CONSOLE_APPROVALS,
    API_CONSOLE_ADMIN, API_SANDBOX;
#define API_TABLE(name, table)                                                                     \
    const struct api_table name = {table, sizeof(table) / sizeof(table)[0]}

#endif
