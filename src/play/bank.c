// The play bank: cards with money, a four-element check with a code by SMS, and every way in which
// a bank can let its caller down.
// Invariants: (1) one request id is decided once; asked again, it gets the stored answer without a
// fault, and another content under the same id is refused; (2) money moves in the same transaction
// that stores the request as done; (3) a reversal that came first makes the debit that comes later
// impossible; (4) a wrong amount is only told, never booked.
#include "play/play_bank_priv.h"

#include <stdio.h>
#include <string.h>

enum { STATEMENT_PAGE = 50 };
static const int64_t AMOUNT_MAX = INT64_C(100000000000);
static const int64_t DAY_US = INT64_C(86400000000);

enum code play_refuse(struct play_request *request, const char *code)
{
    request->state = PLAY_REFUSED;
    (void)text_copy(request->code, sizeof request->code, code);
    return OK;
}

enum code play_done(struct play_request *request)
{
    request->state = PLAY_DONE;
    return OK;
}

// --- money
// ----------------------------------------------------------------------------------------

static enum code prepare_money(struct play *play, const struct play_asked *asked,
                               struct play_request *out)
{
    out->amount = asked->amount;
    (void)text_copy(out->currency, sizeof out->currency, asked->currency);
    GUARD(play_token_card(play, asked->card_token, out->card_number));
    if (out->card_number[0] == '\0')
        return play_refuse(out, "card_not_usable");
    return text_equal(asked->currency, "CNY") ? OK : play_refuse(out, "currency");
}

static enum code book_money(struct play *play, const struct play_asked *asked,
                            struct play_request *request)
{
    struct play_account account;
    bool found;
    const bool debit = text_equal(request->operation, "debit");
    (void)asked;
    GUARD(play_account_get(play, request->card_number, &account, &found));
    if (!found)
        return play_refuse(request, "card_not_usable");
    if (debit && account.balance < request->amount)
        return play_refuse(request, "insufficient_funds");
    if (!debit && account.balance > INT64_MAX - request->amount)
        return play_refuse(request, "limit");
    GUARD(
        play_account_move(play, request->card_number, debit ? -request->amount : request->amount));
    return play_done(request);
}

static enum code prepare_reversal(struct play *play, const struct play_asked *asked,
                                  struct play_request *out)
{
    struct play_request original;
    bool found;
    out->amount = asked->amount;
    (void)text_copy(out->currency, sizeof out->currency, asked->currency);
    GUARD(play_request_get(play, &asked->original, &original, &found));
    if (!found)
        return OK;
    (void)text_copy(out->card_number, sizeof out->card_number, original.card_number);
    const bool whole = text_equal(original.operation, "debit") &&
                       original.amount == asked->amount &&
                       text_equal(original.currency, asked->currency);
    return whole ? OK : play_refuse(out, "other_request");
}

// The debit was never here: its id is taken, so that it cannot come after its reversal.
static enum code take_id_of_debit(struct play *play, const struct play_asked *asked)
{
    struct play_request never = {.id = asked->original,
                                 .operation = "debit",
                                 .code = PLAY_NOT_BOOKED,
                                 .amount = asked->amount,
                                 .at_us = play_now(play),
                                 .state = PLAY_REVERSED};
    (void)text_copy(never.currency, sizeof never.currency, asked->currency);
    return play_request_put(play, &never);
}

static enum code book_reversal(struct play *play, const struct play_asked *asked,
                               struct play_request *request)
{
    struct play_request original;
    bool found;
    GUARD(play_request_get(play, &asked->original, &original, &found));
    const bool booked = found && original.state == PLAY_DONE;
    const bool waiting = found && original.state == PLAY_PENDING;
    if (!found)
        GUARD(take_id_of_debit(play, asked));
    if (booked)
        GUARD(play_account_move(play, original.card_number, original.amount));
    if (!booked)
        (void)text_copy(request->code, sizeof request->code, PLAY_NOT_BOOKED);
    if (waiting)
        (void)text_copy(original.code, sizeof original.code, PLAY_NOT_BOOKED);
    if (booked || waiting) {
        original.state = PLAY_REVERSED;
        GUARD(play_request_put(play, &original));
    }
    return play_done(request);
}

// --- cards
// ----------------------------------------------------------------------------------------

static enum code prepare_verify(struct play *play, const struct play_asked *asked,
                                struct play_request *out)
{
    struct play_account account;
    bool found;
    (void)text_copy(out->card_number, sizeof out->card_number, asked->card_number);
    GUARD(play_account_get(play, asked->card_number, &account, &found));
    const bool match = found && text_equal(account.name, asked->name) &&
                       text_equal(account.id_number, asked->id_number) &&
                       text_equal(account.phone, asked->phone);
    return match ? OK : play_refuse(out, "mismatch");
}

static enum code send_code(struct play *play, const struct play_account *account, const char *code)
{
    char text[320];
    const char *last4 = account->card_number + strlen(account->card_number) - 4;
    const struct id id = id_new(play->env);
    snprintf(text, sizeof text,
             "【%s】验证码 %s，用于绑定尾号 %s 的银行卡，5 分钟内有效。任何人索要都是诈骗。Code %s "
             "to add your card ending in %s, valid 5 min.",
             account->bank, code, last4, code, last4);
    return play_deliver(play, &id, account->phone, account->bank, text);
}

static enum code book_verify(struct play *play, const struct play_asked *asked,
                             struct play_request *request)
{
    struct play_account account;
    bool found;
    uint32_t random;
    (void)asked;
    GUARD(play_account_get(play, request->card_number, &account, &found));
    if (!found)
        return play_refuse(request, "mismatch");
    struct play_challenge challenge = {.id = request->id,
                                       .tries_left = PLAY_CODE_TRIES,
                                       .expires_us =
                                           play_now(play) + INT64_C(1000) * PLAY_CODE_LIFE_MS};
    (void)text_copy(challenge.card_number, sizeof challenge.card_number, request->card_number);
    play->env->entropy(play->env->context, &random, sizeof random);
    snprintf(challenge.code, sizeof challenge.code, "%06u", (unsigned)(random % 1000000));
    GUARD(play_challenge_put(play, &challenge));
    GUARD(send_code(play, &account, challenge.code));
    return play_done(request);
}

static enum code prepare_confirm(struct play *play, const struct play_asked *asked,
                                 struct play_request *out)
{
    struct play_challenge challenge;
    bool found;
    GUARD(play_challenge_get(play, &asked->challenge, &challenge, &found));
    if (!found)
        return play_refuse(out, "no_challenge");
    (void)text_copy(out->card_number, sizeof out->card_number, challenge.card_number);
    return OK;
}

// The agreement is named after the request, so that the same request gets the same answer.
static void token_of(char out[56], const struct id *request)
{
    char id[40];
    id_format(id, "", request);
    snprintf(out, 56, "agreement-%s", id);
}

static enum code book_confirm(struct play *play, const struct play_asked *asked,
                              struct play_request *request)
{
    struct play_challenge challenge;
    bool found;
    char token[56];
    GUARD(play_challenge_get(play, &asked->challenge, &challenge, &found));
    if (!found || challenge.used || challenge.tries_left <= 0 ||
        challenge.expires_us <= play_now(play))
        return play_refuse(request, "no_challenge");
    if (!text_equal(challenge.code, asked->code)) {
        challenge.tries_left--;
        request->amount = challenge.tries_left;
        GUARD(play_challenge_put(play, &challenge));
        return play_refuse(request, "wrong_code");
    }
    challenge.used = true;
    GUARD(play_challenge_put(play, &challenge));
    token_of(token, &request->id);
    GUARD(play_token_put(play, token, request->card_number));
    return play_done(request);
}

static const struct play_bank_operation OPERATIONS[] = {
    {"debit", PLAY_DEBIT, true, prepare_money, book_money},
    {"credit", PLAY_CREDIT, true, prepare_money, book_money},
    {"reversal", PLAY_OPERATIONS, true, prepare_reversal, book_reversal},
    {"verify_identity", PLAY_VERIFY, false, prepare_verify, book_verify},
    {"confirm_binding", PLAY_OPERATIONS, false, prepare_confirm, book_confirm},
    {"probe", PLAY_CREDIT, true, play_prepare_probe, play_book_probe},
    {"probe_return", PLAY_DEBIT, true, play_prepare_probe_return, play_book_probe_return},
};

static const struct play_bank_operation *operation_of(const char *name)
{
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++)
        if (text_equal(OPERATIONS[i].name, name))
            return &OPERATIONS[i];
    return NULL;
}

// --- answers
// --------------------------------------------------------------------------------------

static const char *outcome_name(enum play_state state)
{
    static const char *const NAMES[] = {"", "pending", "done", "refused", "reversed"};
    return NAMES[state];
}

static void write_binding(struct net_json_writer *w, const struct play_request *request)
{
    char token[56];
    if (request->state == PLAY_REFUSED && text_equal(request->code, "wrong_code"))
        net_json_int(w, "tries_left", request->amount);
    if (request->state != PLAY_DONE)
        return;
    token_of(token, &request->id);
    net_json_string(w, "card_token", token);
    net_json_string(w, "card_type", "debit");
}

static void write_verified(struct net_json_writer *w, const struct play_request *request)
{
    if (request->state != PLAY_DONE)
        return;
    net_json_string(w, "card_type", "debit");
    net_json_int(w, "tries_left", PLAY_CODE_TRIES);
}

static enum net_step reply_request(struct net_exchange *x, const struct play_request *request)
{
    char ref[32];
    const struct play_bank_operation *operation = operation_of(request->operation);
    struct net_json_writer *w = net_reply_writer(x);
    snprintf(ref, sizeof ref, "PB%012lld", (long long)request->seq);
    net_json_begin_object(w, NULL);
    net_json_id(w, "request_id", "", &request->id);
    net_json_string(w, "outcome", outcome_name(request->state));
    if (request->state == PLAY_REFUSED)
        net_json_string(w, "code", request->code);
    net_json_string(w, "bank_ref", ref);
    net_json_int(w, "bank_time_us", request->at_us);
    if (operation->money) {
        net_json_int(w, "amount", request->amount);
        net_json_string(w, "currency", request->currency);
    } else if (operation->prepare == prepare_confirm) {
        write_binding(w, request);
    } else {
        write_verified(w, request);
    }
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- one request
// ----------------------------------------------------------------------------------

struct call {
    const struct play_bank_operation *operation;
    const struct play_asked *asked;
    struct play_request request; // as answered
    enum play_fault fault;
};

// A debit that its reversal overtook was stored without a card.
static bool same_content(const struct play_bank_operation *operation,
                         const struct play_request *stored, const struct play_request *now)
{
    const bool card =
        stored->card_number[0] == '\0' || text_equal(stored->card_number, now->card_number);
    const bool money = !operation->money || (stored->amount == now->amount &&
                                             text_equal(stored->currency, now->currency));
    return card && money && text_equal(stored->operation, now->operation);
}

static enum code decide(struct play *play, struct call *call)
{
    struct play_request *request = &call->request;
    if (request->state == PLAY_REFUSED)
        return OK;
    if (call->fault == FAULT_REFUSE)
        return play_refuse(request, "refused");
    if (call->fault == FAULT_MISMATCH)
        return play_refuse(request, "mismatch");
    if (call->fault != FAULT_LATE_SUCCESS && call->fault != FAULT_LATE_FAIL)
        return call->operation->book(play, call->asked, request);
    request->state = PLAY_PENDING;
    request->settle_us = request->at_us + INT64_C(1000) * PLAY_LATE_MS;
    request->settle_done = call->fault == FAULT_LATE_SUCCESS;
    return OK;
}

static enum code run_call(struct play *play, void *context)
{
    struct call *call = context;
    struct play_request *request = &call->request, stored;
    bool found;
    *request = (struct play_request){.id = call->asked->request_id, .at_us = play_now(play)};
    (void)text_copy(request->operation, sizeof request->operation, call->operation->name);
    GUARD(call->operation->prepare(play, call->asked, request));
    GUARD(play_request_get(play, &request->id, &stored, &found));
    if (found) {
        ENSURE(same_content(call->operation, &stored, request), CODE_CONFLICT_IDEMPOTENCY);
        *request = stored;
        return OK;
    }
    if (call->operation->faults != PLAY_OPERATIONS)
        call->fault = play_take_fault(play, call->operation->faults);
    if (call->fault == FAULT_DOWN || call->fault == FAULT_TIMEOUT_BEFORE)
        return OK;
    GUARD(decide(play, call));
    GUARD(play_request_put(play, request));
    return play_request_get(play, &request->id, request, &found);
}

static enum net_step closed_now(struct net_exchange *x)
{
    struct problem problem = {.retry_after_s = 60,
                              .until_us = play_now(play_of(x)) + INT64_C(60000000)};
    (void)problem_set(&problem, CODE_MAINTENANCE, CHARGED_NOT_INVOLVED);
    return net_reply_problem(x, &problem);
}

static enum net_step reply_call(struct net_exchange *x, struct call *call)
{
    switch (call->fault) {
    case FAULT_DOWN:
        return closed_now(x);
    case FAULT_TIMEOUT_BEFORE:
    case FAULT_TIMEOUT_AFTER:
        play_sleep_ms(play_of(x), PLAY_TIMEOUT_MS);
        return closed_now(x);
    case FAULT_SLOW:
        play_sleep_ms(play_of(x), PLAY_SLOW_MS);
        break;
    case FAULT_WRONG_AMOUNT:
        call->request.amount += 100;
        break;
    default:
        break;
    }
    return reply_request(x, &call->request);
}

static enum net_step serve(struct net_exchange *x, const char *name,
                           const struct net_json_field *fields, size_t field_count)
{
    struct play_asked asked = {0};
    struct problem problem = {0};
    if (net_read_json(x, &asked, fields, field_count, &problem) != OK)
        return net_reply_problem(x, &problem);
    struct call call = {.operation = operation_of(name), .asked = &asked};
    const enum code code = play_change(play_of(x), run_call, &call);
    return code == OK ? reply_call(x, &call) : net_reply_code(x, code, CHARGED_NOT_INVOLVED);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID_FIELD(member)                                                                           \
    {                                                                                              \
        .name = #member, .kind = NET_JSON_ID, .required = true,                                    \
        .offset = offsetof(struct play_asked, member), .choices = ""                               \
    }
#define TEXT_FIELD(member, longest)                                                                \
    {                                                                                              \
        .name = #member, .kind = NET_JSON_TEXT, .required = true,                                  \
        .offset = offsetof(struct play_asked, member), .max = (longest)                            \
    }
#define AMOUNT_FIELD                                                                               \
    {                                                                                              \
        .name = "amount", .kind = NET_JSON_INT, .required = true,                                  \
        .offset = offsetof(struct play_asked, amount), .min = 1, .max = AMOUNT_MAX                 \
    }

static enum net_step post_verify(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        ID_FIELD(request_id), TEXT_FIELD(name, 127), TEXT_FIELD(id_number, 18),
        TEXT_FIELD(card_number, 19), TEXT_FIELD(phone, 20)};
    return serve(x, "verify_identity", fields, COUNT(fields));
}

static enum net_step post_confirm(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {ID_FIELD(request_id), ID_FIELD(challenge),
                                                   TEXT_FIELD(code, 16)};
    return serve(x, "confirm_binding", fields, COUNT(fields));
}

static enum net_step serve_money(struct net_exchange *x, const char *name)
{
    const struct net_json_field fields[] = {ID_FIELD(request_id),
                                            TEXT_FIELD(card_token, 80),
                                            AMOUNT_FIELD,
                                            TEXT_FIELD(currency, 3),
                                            TEXT_FIELD(text, 512),
                                            {.name = "business_date",
                                             .kind = NET_JSON_INT,
                                             .required = true,
                                             .offset = offsetof(struct play_asked, business_date),
                                             .min = 20000101,
                                             .max = 99991231}};
    return serve(x, name, fields, COUNT(fields));
}

static enum net_step post_debit(struct net_exchange *x)
{
    return serve_money(x, "debit");
}

static enum net_step post_credit(struct net_exchange *x)
{
    return serve_money(x, "credit");
}

static enum net_step post_reversal(struct net_exchange *x)
{
    const struct net_json_field fields[] = {ID_FIELD(request_id), ID_FIELD(original), AMOUNT_FIELD,
                                            TEXT_FIELD(currency, 3)};
    return serve(x, "reversal", fields, COUNT(fields));
}

static enum net_step post_probe(struct net_exchange *x)
{
    const struct net_json_field fields[] = {ID_FIELD(request_id),
                                            TEXT_FIELD(name, 127),
                                            TEXT_FIELD(id_number, 18),
                                            TEXT_FIELD(card_number, 19),
                                            AMOUNT_FIELD,
                                            TEXT_FIELD(currency, 3),
                                            {.name = "business_date",
                                             .kind = NET_JSON_INT,
                                             .required = true,
                                             .offset = offsetof(struct play_asked, business_date),
                                             .min = 20000101,
                                             .max = 99991231}};
    return serve(x, "probe", fields, COUNT(fields));
}

static enum net_step post_probe_return(struct net_exchange *x)
{
    const struct net_json_field fields[] = {ID_FIELD(request_id), ID_FIELD(original), AMOUNT_FIELD,
                                            TEXT_FIELD(currency, 3)};
    return serve(x, "probe_return", fields, COUNT(fields));
}

// --- questions
// ------------------------------------------------------------------------------------

static enum net_step reply_not_found(struct net_exchange *x, const struct id *id)
{
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_id(w, "request_id", "", id);
    net_json_string(w, "outcome", "not_found");
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static enum net_step get_inquire(struct net_exchange *x)
{
    struct id id;
    struct play_request request;
    struct play *play = play_of(x);
    bool found;
    if (!id_parse(&id, "", net_param(x, "request_id")))
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    pthread_mutex_lock(&play->lock);
    const enum code code = play_request_get(play, &id, &request, &found);
    pthread_mutex_unlock(&play->lock);
    if (code != OK)
        return net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    return found ? reply_request(x, &request) : reply_not_found(x, &id);
}

struct page {
    struct net_json_writer *writer;
    int64_t cursor;
    size_t count;
};

static bool write_row(void *context, const struct play_request *request)
{
    struct page *page = context;
    struct net_json_writer *w = page->writer;
    char ref[32];
    snprintf(ref, sizeof ref, "PB%012lld", (long long)request->seq);
    net_json_begin_object(w, NULL);
    net_json_string(w, "bank_ref", ref);
    net_json_id(w, "request_id", "", &request->id);
    // A reversal gives the money back to the card.
    net_json_string(w, "direction", play_takes(request) ? "debit" : "credit");
    net_json_int(w, "amount", request->amount);
    net_json_string(w, "currency", request->currency);
    net_json_int(w, "at_us", request->at_us);
    net_json_end_object(w);
    page->cursor = request->seq;
    page->count++;
    return true;
}

static bool day_of(int64_t *out_us, const char *date)
{
    char text[32];
    int64_t number, noon_us;
    if (date == NULL || strlen(date) != 8 || !text_to_int64(&number, date))
        return false;
    snprintf(text, sizeof text, "%.4s-%.2s-%.2sT04:00:00Z", date, date + 4, date + 6);
    if (!time_parse_utc(&noon_us, text))
        return false;
    *out_us = time_business_day_start(noon_us);
    return true;
}

static enum net_step get_statement(struct net_exchange *x)
{
    struct play *play = play_of(x);
    struct net_json_writer *w = net_reply_writer(x);
    struct page page = {.writer = w};
    int64_t day_us;
    const char *cursor = net_query(x, "cursor");
    if (!day_of(&day_us, net_query(x, "date")) ||
        (cursor != NULL && !text_to_int64(&page.cursor, cursor)))
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "rows");
    pthread_mutex_lock(&play->lock);
    const enum code code = play_requests_between(play, day_us, day_us + DAY_US, page.cursor,
                                                 STATEMENT_PAGE, write_row, &page);
    pthread_mutex_unlock(&play->lock);
    if (code != OK)
        return net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    net_json_end_array(w);
    net_json_int(w, "next_cursor", page.cursor);
    net_json_bool(w, "final", page.count < STATEMENT_PAGE && play_now(play) >= day_us + DAY_US);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- late ones
// ------------------------------------------------------------------------------------

enum code play_settle_due(struct play *play, void *unused)
{
    struct play_request due[16];
    size_t count;
    (void)unused;
    GUARD(play_requests_due(play, play_now(play), due, COUNT(due), &count));
    for (size_t i = 0; i < count; i++) {
        due[i].at_us = play_now(play);
        if (due[i].settle_done)
            GUARD(operation_of(due[i].operation)->book(play, NULL, &due[i]));
        else
            (void)play_refuse(&due[i], "refused");
        GUARD(play_request_put(play, &due[i]));
    }
    return OK;
}

const struct net_route PLAY_BANK_ROUTES[] = {
    {"POST", "/bank/verify_identity", "bankVerify", post_verify, 0, 0, NULL},
    {"POST", "/bank/confirm_binding", "bankConfirm", post_confirm, 0, 0, NULL},
    {"POST", "/bank/debit", "bankDebit", post_debit, 0, 0, NULL},
    {"POST", "/bank/credit", "bankCredit", post_credit, 0, 0, NULL},
    {"POST", "/bank/reversal", "bankReversal", post_reversal, 0, 0, NULL},
    {"POST", "/bank/probe", "bankProbe", post_probe, 0, 0, NULL},
    {"POST", "/bank/probe_return", "bankProbeReturn", post_probe_return, 0, 0, NULL},
    {"GET", "/bank/inquire/{request_id}", "bankInquire", get_inquire, 0, 0, NULL},
    {"GET", "/bank/statement", "bankStatement", get_statement, 0, 0, NULL},
};
const size_t PLAY_BANK_ROUTE_COUNT = COUNT(PLAY_BANK_ROUTES);
