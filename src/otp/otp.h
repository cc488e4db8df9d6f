// otp: one-time codes and their ways to a person — the challenge, its attempts over the ladder of
// routes, what the carriers reported, and the radar: where a code is and why it does not arrive.
//
// One challenge = one code + one expiry + one purpose + one subject + one phone. Every route
// carries that same code; a resend never invalidates a code on its way and never prolongs the
// expiry. A new code is made only after expiry, success, or when its tries ran out. Stages only
// move forward; of several reports the strongest counts: delivered > number failure > route failure
// > silent. Generic over purpose and subject: "otp.open" with a draft's number, "otp.reset",
// "otp.login" … No oracle: a flow whose person types the number sends to THAT number, whoever it
// belongs to; one that does not show the number asks with `blind`, and its radar tells nothing of
// the delivery.
//
// Outbox: queue "sms" (ref = challenge id and attempt), queue "ladder" (ref = challenge id and
// attempt, by run_at); events of type "code", payload {}, to the stream key of the request.
#ifndef OTP_OTP_H
#define OTP_OTP_H

#include "guard/guard_maintenance.h"
#include "guard/guard_sms.h"

#define OTP_CODE_TEXT 9 // six or eight digits and NUL

// What the functions need; made once at the start.
struct otp {
    const struct guard_profiles *profiles;
    const struct vault *vault;
    const struct env *env;
    bool second_route; // a second SMS route is there
    bool voice;        // codes can be spoken
};

enum otp_route { OTP_SMS_A = 1, OTP_SMS_B, OTP_VOICE, OTP_COUNTER };
const char *otp_route_name(enum otp_route route); // "sms-a", "sms-b", "voice", "counter"

// --- the challenge
// --------------------------------------------------------------------------------------

struct otp_challenge {
    struct id id;
    char phone[PARTY_PHONE_MAX];
    int64_t sent_us;    // last message that the person asked for
    int64_t resend_us;  // when the next one may be asked
    int64_t expires_us; // from the first message
    int32_t tries_left;
    int32_t codes_left_today, messages_left_today; // of this number, over all routes
    int32_t digits;                                // 6; 8 while codes are being guessed widely
    bool voice_allowed;
};

struct otp_request {
    const char *purpose; // "otp.open" …: names the text of the message
    int64_t subject;     // who asked: draft number, person, or a flow of its own
    const char *phone;   // as typed (otp_send), else normalised
    enum party_language language;
    // The rest is for otp_send only.
    int64_t stream;      // event stream that hears of each change; 0 = none
    const char *address; // of the client, counted per hour; NULL = not counted
    const char *device;  // opaque value of the browser, counted per day; NULL = not counted
    struct id
        attempt_key;    // made by the client for one wish: the same again sends nothing; 0 = none
    bool by_voice;      // the person wants to hear it
    bool voice_allowed; // call by itself when no SMS arrives
    bool blind;         // the radar shall not tell of the delivery
    bool decoy;         // with blind: makes a challenge that nothing is sent for
};
// Sends the code, or the one that is valid again. OK and *out. CODE_PHONE_INVALID,
// CODE_PHONE_NOT_SUPPORTED (by number class), CODE_OTP_TOO_MANY with retry_after_s,
// CODE_MAINTENANCE with until_us: nothing is sent, the radar knows why: set change->keep.
enum code otp_send(struct db *db, const struct otp *otp, const struct otp_request *request,
                   struct otp_challenge *out, struct problem *problem);
// OK (the challenge is used up and its code wiped); CODE_OTP_WRONG with tries_left: set
// change->keep, the try is counted; CODE_OTP_EXPIRED: no live challenge or its tries ran out. What
// has not the length of the code counts no try: CODE_OTP_WRONG.
enum code otp_verify(struct db *db, const struct otp *otp, const struct otp_request *request,
                     const char *code, struct problem *problem);
// The live challenge of that purpose and subject; CODE_NOT_FOUND.
enum code otp_load(struct db *db, const struct otp *otp, const char *purpose, int64_t subject,
                   struct otp_challenge *out);
// For a clerk who has identified the person: the code that is valid now (a new one when there is
// none), to be read to them. Leaves an attempt on route "counter"; the caller leaves the audit row.
enum code otp_counter_code(struct db *db, const struct otp *otp, const struct otp_request *request,
                           char out[OTP_CODE_TEXT], struct otp_challenge *out_challenge,
                           struct problem *problem);
// What the client told of itself: "typed", "submit_started", "submit_failed", "seen_page".
enum otp_client_event { OTP_TYPED = 1, OTP_SUBMIT_STARTED, OTP_SUBMIT_FAILED, OTP_SEEN_PAGE };
enum code otp_client_told(struct db *db, const struct otp *otp, const char *purpose,
                          int64_t subject, enum otp_client_event event,
                          const struct id *attempt_key);
// Wipes codes that expired and deletes what is older than two days. At most `limit`.
enum code otp_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted);

// What carriers said of a number: hints for the recycled-number guard. 0 = never.
struct otp_number {
    int64_t empty_us;     // last "empty number"
    int64_t delivered_us; // last delivery
    int64_t ported_us;    // last "ported"
    int64_t proved_us;    // last time that its code was typed
};
enum code otp_number_history(struct db *db, const struct otp *otp, const char *phone,
                             struct otp_number *out);

// --- the radar
// --------------------------------------------------------------------------------------

enum otp_stage {
    OTP_STAGE_TYPED,
    OTP_STAGE_NUMBER,
    OTP_STAGE_QUEUE,
    OTP_STAGE_ACCEPTED,
    OTP_STAGE_CARRIER,
    OTP_STAGE_PHONE,
    OTP_STAGES
};
enum otp_state { OTP_WAITING, OTP_DONE, OTP_FAILED, OTP_UNKNOWN };
const char *otp_stage_name(enum otp_stage stage); // "typed", "number", "queue" …
const char *otp_state_name(enum otp_state state); // "waiting", "done" …

enum otp_action {     // bits
    OTP_CHANGE = 1,   // another number
    OTP_CALL = 2,     // voice
    OTP_AGAIN = 4,    // the same code again ("I am back")
    OTP_RETRY = 8,    // the request that did not reach us, never doubled
    OTP_LIFT = 16,    // how to lift a complaint or unsubscription
    OTP_DESK = 32,    // counter code at a branch
    OTP_FOUND = 64,   // found it
    OTP_REMIND = 128, // tell me when it is back
    OTP_GO_ON = 256,  // send all the same
};
enum { OTP_ACTIONS = 9 };
const char *otp_action_name(unsigned action); // one bit: "change", "voice", "again" …

#define OTP_ATTEMPTS_MAX 16
struct otp_attempt {
    int32_t seq; // 1 …
    enum otp_route route;
    bool by_itself;       // the ladder's own; false = the person asked
    int64_t queued_us;    // always known
    int64_t accepted_us;  // by the gateway
    int64_t carrier_us;   // accepted by the carrier
    int64_t report_us;    // of the strongest report
    char report_code[24]; // raw; "" = none
    enum guard_receipt_class report_class;
    int32_t report_cause; // 5 … 12; 0 = none
    char gateway_id[48];
};

// Everything that the radar depends on; no clock, no database.
struct otp_radar_input {
    int64_t now_us;
    enum guard_phone_class phone_class;
    enum guard_phone_policy policy; // of that class
    bool has_challenge, closed;     // closed = used up
    int64_t created_us, expires_us;
    const struct otp_attempt *attempts; // by seq
    size_t attempt_count;
    int32_t refused_cause; // of the newest wish, refused before sending: 1, 2, 5, 13; 0 = none
    int64_t refused_us, refused_until_us;
    enum otp_client_event client; // newest that the client told, with a wish that never came; 0
    int64_t client_us;
    bool day_limit; // no further message today
    bool voice;     // can be spoken
    bool blind;
    int64_t silent_after_us;   // profile: no report at all means "off or no coverage"
    int64_t unmapped_after_us; // profile: the same for a report that nobody can read
};

struct otp_radar {
    struct {
        enum otp_state state;
        int64_t at_us; // 0 = no time
    } stages[OTP_STAGES];
    int32_t cause;        // 1 … 13 = C01 … C13; 0 = on its way
    unsigned actions;     // otp_action bits
    enum otp_route route; // of the attempt that decides; 0 = none
    char raw_code[24];    // for the clerk
    int64_t cause_us;     // when it was known
    int64_t until_us;     // C05: when it is free again; C13: end of the maintenance
    bool switched;        // the ladder has changed the route by itself
};
// Pure. First match of C13 C01 C02 C05 C04 C12 C10 C09 C08 C11 C06 C07 C03.
void otp_radar(const struct otp_radar_input *in, struct otp_radar *out);

// The radar with what it was made from: for the page of the person and for the clerk (who alone is
// shown raw codes and gateway ids).
struct otp_view {
    bool has_challenge, closed; // closed: used up, or ended before its time
    bool voice;                 // codes can be spoken
    struct otp_challenge challenge;
    char phone_class[16]; // "ordinary", "mvno", "unknown", "refused"; "" = no number yet
    struct otp_attempt attempts[OTP_ATTEMPTS_MAX];
    size_t attempt_count;
    struct otp_radar radar;
};
// OK also when nothing was ever asked for (no challenge, all stages waiting). The newest challenge
// of two days is shown, live or not.
enum code otp_view(struct db *db, const struct otp *otp, const char *purpose, int64_t subject,
                   struct otp_view *out);
// The purpose and subject of the newest challenge of a number, for the clerk. CODE_NOT_FOUND.
enum code otp_find_phone(struct db *db, const struct otp *otp, const char *phone,
                         char out_purpose[24], int64_t *out_subject);
// Reports that no row of the receipt table explains, newest first: for the operator's list.
enum code otp_unmapped(struct db *db, size_t limit,
                       void (*visit)(void *context, const char *code, int64_t count,
                                     int64_t last_us),
                       void *context);

// --- for jobs and the report endpoint
// ---------------------------------------------------------------

#define OTP_TOKEN_TEXT 61 // of a message's report address: who it is, signed

struct otp_letter {               // what one attempt sends; wipe it after use
    struct id challenge, message; // message: the same for the same attempt after a crash
    int32_t seq;
    enum otp_route route;
    char purpose[24], phone[PARTY_PHONE_MAX], code[OTP_CODE_TEXT];
    char token[OTP_TOKEN_TEXT];
    enum party_language language;
    int32_t life_minutes;
    int64_t expires_us;
};
// The letter of a row of queue "sms" (ref = challenge and attempt). CODE_NOT_FOUND: not wanted any
// more (expired, used up, delivered on another route).
enum code otp_letter(struct db *db, const struct otp *otp, const void *ref, size_t ref_size,
                     struct otp_letter *out);
enum otp_sending { OTP_ACCEPTED = 1, OTP_REFUSED, OTP_UNCLEAR };
// What the gateway answered. REFUSED: `code` is its reason, read by the receipt table; the other
// route follows at once when the failure is the route's. UNCLEAR is no report: the ladder decides.
enum code otp_sent(struct db *db, const struct otp *otp, const struct otp_letter *letter,
                   enum otp_sending sending, const char *gateway_id, const char *code);
// A row of queue "ladder": the next rung when nothing was reported.
enum code otp_ladder(struct db *db, const struct otp *otp, const void *ref, size_t ref_size);
// A delivery report. `code` as the carrier wrote it, already stripped of any text. Unknown tokens:
// OK, stored and counted. *out_known (may be NULL).
enum code otp_report(struct db *db, const struct otp *otp, const char *token, const char *code,
                     bool *out_known);

#endif
