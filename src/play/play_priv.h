// play_priv: the state of the sandbox and its rows; stays inside this room.
#ifndef PLAY_PLAY_PRIV_H
#define PLAY_PLAY_PRIV_H

#include "db/db.h"
#include "net/net.h"
#include "play/play.h"

#include <pthread.h>

enum play_fault {
    FAULT_NONE,
    FAULT_REFUSE,
    FAULT_TIMEOUT_BEFORE,
    FAULT_TIMEOUT_AFTER,
    FAULT_LATE_SUCCESS,
    FAULT_LATE_FAIL,
    FAULT_DOWN,
    FAULT_SLOW,
    FAULT_WRONG_AMOUNT,
    FAULT_MISMATCH,
    FAULTS
};
extern const char *const PLAY_FAULT_NAMES[FAULTS];
enum play_operation { PLAY_DEBIT, PLAY_CREDIT, PLAY_VERIFY, PLAY_OPERATIONS };
extern const char *const PLAY_OPERATION_NAMES[PLAY_OPERATIONS];
enum play_face { FACE_PASS, FACE_FAIL, FACE_SLOW, FACE_DOWN, FACES };
extern const char *const PLAY_FACE_NAMES[FACES];
enum play_sms { SMS_DELIVER, SMS_DROP, SMS_DELAY, SMS_MODES };
extern const char *const PLAY_SMS_NAMES[SMS_MODES];

// Where a message is found on the phone.
enum play_folder { FOLDER_INBOX, FOLDER_NONE, FOLDER_SPAM, FOLDER_CALL };
enum { PLAY_LINES = 256, PLAY_REPORTS = 512 };
struct play_line { // what becomes of messages to one number
    char phone[12], script[256];
    int64_t sent[3]; // on routes a, b, voice
};
struct play_report { // on its way back; at_us 0 = none
    int64_t at_us;
    char url[256], code[24];
};

// How long things take, in milliseconds.
enum {
    PLAY_TIMEOUT_MS = 7000, // longer than any caller waits
    PLAY_SLOW_MS = 2500,
    PLAY_LATE_MS = 4000, // until a pending request is settled
    PLAY_FACE_SLOW_MS = 8000,
    PLAY_SMS_DELAY_MS = 20000,
    PLAY_CODE_LIFE_MS = 300000,
    PLAY_CODE_TRIES = 3,
};

struct play {
    struct db *db;
    const struct env *env;
    pthread_mutex_t lock; // of everything in this structure
    enum play_fault faults[PLAY_OPERATIONS];
    bool once[PLAY_OPERATIONS];
    enum play_face face;
    enum play_sms sms;
    struct play_line lines[PLAY_LINES];
    struct play_report reports[PLAY_REPORTS];
    bool stopping;       // ends every sleep
    pthread_cond_t wake; // of the sleepers, monotonic clock
};
static inline struct play *play_of(struct net_exchange *x)
{
    return net_context(x);
}
// Sleeps without the lock; returns early when the sandbox stops.
void play_sleep_ms(struct play *play, int64_t ms);
int64_t play_now(const struct play *play);
// Runs one change under the lock in one transaction, rolled back unless it returns OK.
enum code play_change(struct play *play, enum code (*run)(struct play *play, void *context),
                      void *context);

// Takes the fault planned for an operation; with `once` it is used up. Under the lock.
enum play_fault play_take_fault(struct play *play, enum play_operation operation);
// Does that fault mean anything for that operation? (Elements match or not; amounts are right or
// wrong.)
bool play_fault_fits(enum play_operation operation, enum play_fault fault);
// Makes the pending requests of the bank final whose time has come. Under the lock, in a
// transaction.
enum code play_settle_due(struct play *play, void *unused);
// A message on its way to a phone, as the mode of the SMS network wants it. Under the lock.
enum code play_deliver(struct play *play, const struct id *id, const char *phone,
                       const char *sender, const char *text);

// --- carriers (carrier.c); all but the last two under the lock ---

bool play_script_valid(const char *script);
// False: no room, or too long.
bool play_script_set(struct play *play, const char *phone, const char *script);
void play_scripts_clear(struct play *play);
void play_known_numbers(bool (*visit)(void *context, const char *phone, const char *cause,
                                      const char *script),
                        void *context);
struct play_sending {
    const char *phone, *route, *report_url; // report_url NULL = none is wanted
    bool voice;
};
struct play_taken {
    char refused[24]; // "" = taken
    bool timeout;     // taken, but the caller shall not hear of it
    enum play_folder folder;
    int64_t shown_us;
};
void play_carry(struct play *play, const struct play_sending *in, struct play_taken *out);
void play_send_reports(struct play *play);
bool play_report_url_valid(const char *url);

// --- rows (play_store.c); all under the lock ---

enum code play_store_open(struct play *play, const char *path, const struct play_world *world);

struct play_account {
    char card_number[20], name[128], id_number[19], phone[12], bank[64];
    int64_t balance;
};
enum code play_account_get(struct play *play, const char *card_number, struct play_account *out,
                           bool *out_found);
enum code play_account_add(struct play *play, const struct play_account *account);
enum code play_account_move(struct play *play, const char *card_number, int64_t change);
enum code play_accounts(struct play *play,
                        bool (*visit)(void *context, const struct play_account *account),
                        void *context);

// state of a request: what the bank knows of it.
enum play_state { PLAY_PENDING = 1, PLAY_DONE, PLAY_REFUSED, PLAY_REVERSED };
// code: why refused; PLAY_NOT_BOOKED = no money ever moved (a reversal of nothing, or what it undid
// before it was booked). amount: minor units; of confirm_binding: the tries that were left.
#define PLAY_NOT_BOOKED "not_booked"
struct play_request {
    struct id id;
    int64_t seq; // order at the bank
    char operation[24], card_number[20], code[24], currency[4];
    int64_t amount, at_us;
    enum play_state state;
    int64_t settle_us; // of a pending one: when it becomes final
    bool settle_done;  // and how
};
enum code play_request_get(struct play *play, const struct id *id, struct play_request *out,
                           bool *out_found);
enum code play_request_put(struct play *play, const struct play_request *request);
// Pending requests whose time has come.
enum code play_requests_due(struct play *play, int64_t now_us, struct play_request *out, size_t max,
                            size_t *out_count);
// Newest first.
enum code play_requests_last(struct play *play, size_t limit,
                             bool (*visit)(void *context, const struct play_request *request),
                             void *context);
// What moved money in a time span, after `cursor`, in order: debits, credits and reversals.
enum code play_requests_between(struct play *play, int64_t from_us, int64_t until_us,
                                int64_t cursor, size_t limit,
                                bool (*visit)(void *context, const struct play_request *request),
                                void *context);

struct play_challenge {
    struct id id;
    char card_number[20], code[8];
    int64_t tries_left, expires_us;
    bool used;
};
enum code play_challenge_get(struct play *play, const struct id *id, struct play_challenge *out,
                             bool *out_found);
enum code play_challenge_put(struct play *play, const struct play_challenge *challenge);
enum code play_token_put(struct play *play, const char *token, const char *card_number);
// card_number of a token; "" when unknown.
enum code play_token_card(struct play *play, const char *token, char card_number[20]);

struct play_message {
    struct id id;
    char phone[12], sender[64], text[512];
    int64_t at_us; // shown from then on
    enum play_folder folder;
};
// The same id again changes nothing.
enum code play_message_add(struct play *play, const struct play_message *message);
enum code play_messages(struct play *play, const char *phone, int64_t now_us,
                        bool (*visit)(void *context, const struct play_message *message),
                        void *context);

enum code play_face_put(struct play *play, const struct id *id, bool passed, int64_t ready_us);
// 0 = unknown, 1 passed, 2 failed, 3 pending
enum code play_face_get(struct play *play, const struct id *id, int64_t now_us, int *out);
// The decision set for one person; −1 when there is none.
enum code play_face_rule(struct play *play, const char *id_number, int64_t *out);
enum code play_face_rule_set(struct play *play, const char *id_number, enum play_face face);
enum code play_face_rules(struct play *play,
                          bool (*visit)(void *context, const char *id_number, enum play_face face),
                          void *context);
// Of one person; NULL = of everybody.
enum code play_face_rules_clear(struct play *play, const char *id_number);
// Name in the register; "" when the number is not in it.
enum code play_identity_name(struct play *play, const char *id_number, char name[128]);
// The phone that the bank has on file of a person; "" = none.
enum code play_on_file(struct play *play, const char *id_number, char phone[12]);
enum code play_on_file_set(struct play *play, const char *id_number, const char *phone);
struct play_registered {
    char id_number[19], name[128], phone[12];
};
enum code play_register(struct play *play,
                        bool (*visit)(void *context, const struct play_registered *person),
                        void *context);

// --- endpoints ---

extern const struct net_route PLAY_BANK_ROUTES[], PLAY_OTHER_ROUTES[], PLAY_CONTROL_ROUTES[];
extern const size_t PLAY_BANK_ROUTE_COUNT, PLAY_OTHER_ROUTE_COUNT, PLAY_CONTROL_ROUTE_COUNT;
extern const struct net_route PLAY_REGISTER_ROUTES[];
extern const size_t PLAY_REGISTER_ROUTE_COUNT;

#endif
