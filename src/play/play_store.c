// SQL of the sandbox: its own small database, apart from the wallet's.
#include "play/play_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const TABLES[] = {
    "CREATE TABLE IF NOT EXISTS play_account (card_number TEXT PRIMARY KEY, name TEXT NOT NULL, "
    "id_number TEXT NOT NULL, phone TEXT NOT NULL, bank TEXT NOT NULL, "
    "balance INTEGER NOT NULL CHECK (balance >= 0)) STRICT",
    "CREATE TABLE IF NOT EXISTS play_request (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, "
    "operation TEXT NOT NULL, card_number TEXT NOT NULL, code TEXT NOT NULL, "
    "currency TEXT NOT NULL, amount INTEGER NOT NULL, at_us INTEGER NOT NULL, "
    "state INTEGER NOT NULL, settle_us INTEGER NOT NULL, settle_done INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS play_request_pending ON play_request (settle_us) WHERE state = 1",
    "CREATE TABLE IF NOT EXISTS play_challenge (id BLOB PRIMARY KEY, card_number TEXT NOT NULL, "
    "code TEXT NOT NULL, tries_left INTEGER NOT NULL, expires_us INTEGER NOT NULL, "
    "used INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS play_token (token TEXT PRIMARY KEY, card_number TEXT NOT NULL) "
    "STRICT",
    "CREATE TABLE IF NOT EXISTS play_message (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, "
    "phone TEXT NOT NULL, sender TEXT NOT NULL, text TEXT NOT NULL, at_us INTEGER NOT NULL, "
    "dropped INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS play_message_phone ON play_message (phone, seq)",
    "CREATE TABLE IF NOT EXISTS play_face (id BLOB PRIMARY KEY, passed INTEGER NOT NULL, "
    "ready_us INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS play_face_rule (id_number TEXT PRIMARY KEY, "
    "decision INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS play_identity (id_number TEXT PRIMARY KEY, name TEXT NOT NULL) "
    "STRICT",
    "CREATE TABLE IF NOT EXISTS play_on_file (id_number TEXT PRIMARY KEY, phone TEXT NOT NULL) "
    "STRICT",
};

static enum code seed_person(struct play *play, const struct play_person *person)
{
    const struct db_value values[] = {db_text(person->id_number), db_text(person->name)};
    GUARD(db_exec(play->db,
                  "INSERT INTO play_identity (id_number, name) VALUES ($1, $2) "
                  "ON CONFLICT DO NOTHING",
                  values, COUNT(values), NULL));
    const struct db_value on_file[] = {db_text(person->id_number), db_text(person->phone)};
    GUARD(db_exec(play->db,
                  "INSERT INTO play_on_file (id_number, phone) VALUES ($1, $2) "
                  "ON CONFLICT DO NOTHING",
                  on_file, COUNT(on_file), NULL));
    for (size_t i = 0; i < person->card_count; i++) {
        struct play_account account = {.balance = person->cards[i].balance};
        (void)text_copy(account.card_number, sizeof account.card_number,
                        person->cards[i].card_number);
        (void)text_copy(account.bank, sizeof account.bank, person->cards[i].bank);
        (void)text_copy(account.name, sizeof account.name, person->name);
        (void)text_copy(account.id_number, sizeof account.id_number, person->id_number);
        (void)text_copy(account.phone, sizeof account.phone, person->phone);
        GUARD(play_account_add(play, &account));
    }
    return OK;
}

static enum code seed(struct play *play, const struct play_world *world)
{
    for (size_t i = 0; i < COUNT(TABLES); i++)
        GUARD(db_exec(play->db, TABLES[i], NULL, 0, NULL));
    for (size_t i = 0; i < world->person_count; i++)
        GUARD(seed_person(play, &world->people[i]));
    return OK;
}

enum code play_store_open(struct play *play, const char *path, const struct play_world *world)
{
    GUARD(db_open(&play->db, path, false));
    GUARD(db_begin(play->db));
    const enum code code = seed(play, world);
    if (code == OK)
        return db_commit(play->db);
    db_rollback(play->db);
    return code;
}

// --- accounts
// -------------------------------------------------------------------------------------

#define ACCOUNT_COLUMNS "card_number, name, id_number, phone, bank, balance"

struct account_visit {
    bool (*visit)(void *context, const struct play_account *account);
    void *context;
};

static void read_account(struct play_account *out, const struct db_row *row)
{
    (void)text_copy(out->card_number, sizeof out->card_number, db_get_text(row, 0));
    (void)text_copy(out->name, sizeof out->name, db_get_text(row, 1));
    (void)text_copy(out->id_number, sizeof out->id_number, db_get_text(row, 2));
    (void)text_copy(out->phone, sizeof out->phone, db_get_text(row, 3));
    (void)text_copy(out->bank, sizeof out->bank, db_get_text(row, 4));
    out->balance = db_get_int(row, 5);
}

static bool visit_account(void *context, const struct db_row *row)
{
    read_account(context, row);
    return false;
}

enum code play_account_get(struct play *play, const char *card_number, struct play_account *out,
                           bool *out_found)
{
    const struct db_value values[] = {db_text(card_number)};
    return db_query_one(play->db,
                        "SELECT " ACCOUNT_COLUMNS " FROM play_account WHERE card_number = $1",
                        values, COUNT(values), visit_account, out, out_found);
}

enum code play_account_add(struct play *play, const struct play_account *account)
{
    const struct db_value values[] = {db_text(account->card_number), db_text(account->name),
                                      db_text(account->id_number),   db_text(account->phone),
                                      db_text(account->bank),        db_int(account->balance)};
    return db_exec(play->db,
                   "INSERT INTO play_account (" ACCOUNT_COLUMNS ") "
                   "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                   values, COUNT(values), NULL);
}

enum code play_account_move(struct play *play, const char *card_number, int64_t change)
{
    const struct db_value values[] = {db_int(change), db_text(card_number)};
    return db_exec(play->db,
                   "UPDATE play_account SET balance = balance + $1 WHERE card_number = $2", values,
                   COUNT(values), NULL);
}

static bool visit_each_account(void *context, const struct db_row *row)
{
    const struct account_visit *each = context;
    struct play_account account;
    read_account(&account, row);
    return each->visit(each->context, &account);
}

enum code play_accounts(struct play *play,
                        bool (*visit)(void *context, const struct play_account *account),
                        void *context)
{
    struct account_visit each = {visit, context};
    return db_query(play->db,
                    "SELECT " ACCOUNT_COLUMNS " FROM play_account ORDER BY rowid LIMIT 200", NULL,
                    0, visit_each_account, &each);
}

// --- requests
// -------------------------------------------------------------------------------------

#define REQUEST_COLUMNS                                                                            \
    "id, operation, card_number, code, currency, amount, at_us, state, settle_us, settle_done"

static void read_request(struct play_request *out, const struct db_row *row)
{
    *out = (struct play_request){.id = db_get_id(row, 0)};
    (void)text_copy(out->operation, sizeof out->operation, db_get_text(row, 1));
    (void)text_copy(out->card_number, sizeof out->card_number, db_get_text(row, 2));
    (void)text_copy(out->code, sizeof out->code, db_get_text(row, 3));
    (void)text_copy(out->currency, sizeof out->currency, db_get_text(row, 4));
    out->amount = db_get_int(row, 5);
    out->at_us = db_get_int(row, 6);
    out->state = (enum play_state)db_get_int(row, 7);
    out->settle_us = db_get_int(row, 8);
    out->settle_done = db_get_int(row, 9) != 0;
    out->seq = db_get_int(row, 10);
}

static bool visit_request(void *context, const struct db_row *row)
{
    read_request(context, row);
    return false;
}

enum code play_request_get(struct play *play, const struct id *id, struct play_request *out,
                           bool *out_found)
{
    const struct db_value values[] = {db_id(id)};
    return db_query_one(play->db, "SELECT " REQUEST_COLUMNS ", seq FROM play_request WHERE id = $1",
                        values, COUNT(values), visit_request, out, out_found);
}

enum code play_request_put(struct play *play, const struct play_request *request)
{
    const struct db_value values[] = {db_id(&request->id),           db_text(request->operation),
                                      db_text(request->card_number), db_text(request->code),
                                      db_text(request->currency),    db_int(request->amount),
                                      db_int(request->at_us),        db_int(request->state),
                                      db_int(request->settle_us),    db_int(request->settle_done)};
    return db_exec(play->db,
                   "INSERT INTO play_request (" REQUEST_COLUMNS ") "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE "
                   "SET code = excluded.code, state = excluded.state, at_us = excluded.at_us, "
                   "settle_us = excluded.settle_us",
                   values, COUNT(values), NULL);
}

struct request_list {
    struct play_request *out;
    size_t max, count;
};

static bool visit_list(void *context, const struct db_row *row)
{
    struct request_list *list = context;
    read_request(&list->out[list->count++], row);
    return list->count < list->max;
}

enum code play_requests_due(struct play *play, int64_t now_us, struct play_request *out, size_t max,
                            size_t *out_count)
{
    struct request_list list = {out, max, 0};
    const struct db_value values[] = {db_int(now_us)};
    const enum code code = db_query(play->db,
                                    "SELECT " REQUEST_COLUMNS ", seq FROM play_request "
                                    "WHERE state = 1 AND settle_us <= $1 ORDER BY settle_us",
                                    values, COUNT(values), visit_list, &list);
    *out_count = list.count;
    return code;
}

struct request_visit {
    bool (*visit)(void *context, const struct play_request *request);
    void *context;
};

static bool visit_each_request(void *context, const struct db_row *row)
{
    const struct request_visit *each = context;
    struct play_request request;
    read_request(&request, row);
    return each->visit(each->context, &request);
}

enum code play_requests_last(struct play *play, size_t limit,
                             bool (*visit)(void *context, const struct play_request *request),
                             void *context)
{
    struct request_visit each = {visit, context};
    const struct db_value values[] = {db_int((int64_t)limit)};
    return db_query(play->db,
                    "SELECT " REQUEST_COLUMNS ", seq FROM play_request ORDER BY seq DESC LIMIT $1",
                    values, COUNT(values), visit_each_request, &each);
}

enum code play_requests_between(struct play *play, int64_t from_us, int64_t until_us,
                                int64_t cursor, size_t limit,
                                bool (*visit)(void *context, const struct play_request *request),
                                void *context)
{
    struct request_visit each = {visit, context};
    const struct db_value values[] = {db_int(from_us), db_int(until_us), db_int(cursor),
                                      db_int((int64_t)limit)};
    return db_query(play->db,
                    "SELECT " REQUEST_COLUMNS ", seq FROM play_request "
                    "WHERE at_us >= $1 AND at_us < $2 AND seq > $3 AND state IN (2, 4) "
                    "AND operation IN ('debit', 'credit', 'reversal', 'probe', 'probe_return') "
                    "AND code <> '" PLAY_NOT_BOOKED "' ORDER BY seq LIMIT $4",
                    values, COUNT(values), visit_each_request, &each);
}

// --- challenges and tokens
// ------------------------------------------------------------------------

static bool visit_challenge(void *context, const struct db_row *row)
{
    struct play_challenge *out = context;
    out->id = db_get_id(row, 0);
    (void)text_copy(out->card_number, sizeof out->card_number, db_get_text(row, 1));
    (void)text_copy(out->code, sizeof out->code, db_get_text(row, 2));
    out->tries_left = db_get_int(row, 3);
    out->expires_us = db_get_int(row, 4);
    out->used = db_get_int(row, 5) != 0;
    return false;
}

enum code play_challenge_get(struct play *play, const struct id *id, struct play_challenge *out,
                             bool *out_found)
{
    const struct db_value values[] = {db_id(id)};
    return db_query_one(play->db,
                        "SELECT id, card_number, code, tries_left, expires_us, used "
                        "FROM play_challenge WHERE id = $1",
                        values, COUNT(values), visit_challenge, out, out_found);
}

enum code play_challenge_put(struct play *play, const struct play_challenge *challenge)
{
    const struct db_value values[] = {
        db_id(&challenge->id),         db_text(challenge->card_number), db_text(challenge->code),
        db_int(challenge->tries_left), db_int(challenge->expires_us),   db_int(challenge->used)};
    return db_exec(play->db,
                   "INSERT INTO play_challenge (id, card_number, code, tries_left, expires_us, "
                   "used) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET "
                   "tries_left = excluded.tries_left, used = excluded.used",
                   values, COUNT(values), NULL);
}

enum code play_token_put(struct play *play, const char *token, const char *card_number)
{
    const struct db_value values[] = {db_text(token), db_text(card_number)};
    return db_exec(play->db,
                   "INSERT INTO play_token (token, card_number) VALUES ($1, $2) "
                   "ON CONFLICT DO NOTHING",
                   values, COUNT(values), NULL);
}

struct text_out {
    char *out;
    size_t capacity;
};

static bool visit_text(void *context, const struct db_row *row)
{
    const struct text_out *target = context;
    (void)text_copy(target->out, target->capacity, db_get_text(row, 0));
    return false;
}

enum code play_token_card(struct play *play, const char *token, char card_number[20])
{
    bool found;
    struct text_out target = {card_number, 20};
    const struct db_value values[] = {db_text(token)};
    card_number[0] = '\0';
    return db_query_one(play->db, "SELECT card_number FROM play_token WHERE token = $1", values,
                        COUNT(values), visit_text, &target, &found);
}

// --- phones
// ---------------------------------------------------------------------------------------

enum code play_message_add(struct play *play, const struct play_message *message)
{
    const struct db_value values[] = {db_id(&message->id),      db_text(message->phone),
                                      db_text(message->sender), db_text(message->text),
                                      db_int(message->at_us),   db_int(message->folder)};
    return db_exec(play->db,
                   "INSERT INTO play_message (id, phone, sender, text, at_us, dropped) "
                   "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                   values, COUNT(values), NULL);
}

struct message_visit {
    bool (*visit)(void *context, const struct play_message *message);
    void *context;
};

static bool visit_message(void *context, const struct db_row *row)
{
    const struct message_visit *each = context;
    struct play_message message = {.at_us = db_get_int(row, 2),
                                   .folder = (enum play_folder)db_get_int(row, 3)};
    (void)text_copy(message.sender, sizeof message.sender, db_get_text(row, 0));
    (void)text_copy(message.text, sizeof message.text, db_get_text(row, 1));
    return each->visit(each->context, &message);
}

enum code play_messages(struct play *play, const char *phone, int64_t now_us,
                        bool (*visit)(void *context, const struct play_message *message),
                        void *context)
{
    struct message_visit each = {visit, context};
    const struct db_value values[] = {db_text(phone), db_int(now_us)};
    return db_query(play->db,
                    "SELECT sender, text, at_us, dropped FROM play_message WHERE phone = $1 "
                    "AND dropped <> 1 AND at_us <= $2 ORDER BY seq DESC LIMIT 50",
                    values, COUNT(values), visit_message, &each);
}

// --- face and register
// ------------------------------------------------------------------------------

enum code play_face_put(struct play *play, const struct id *id, bool passed, int64_t ready_us)
{
    const struct db_value values[] = {db_id(id), db_int(passed ? 1 : 0), db_int(ready_us)};
    return db_exec(play->db,
                   "INSERT INTO play_face (id, passed, ready_us) VALUES ($1, $2, $3) "
                   "ON CONFLICT DO NOTHING",
                   values, COUNT(values), NULL);
}

enum code play_face_get(struct play *play, const struct id *id, int64_t now_us, int *out)
{
    int64_t state;
    const struct db_value values[] = {db_id(id), db_int(now_us)};
    GUARD(db_query_int(play->db, &state,
                       "SELECT CASE WHEN ready_us > $2 THEN 3 WHEN passed = 1 THEN 1 ELSE 2 END "
                       "FROM play_face WHERE id = $1",
                       values, COUNT(values), 0));
    *out = (int)state;
    return OK;
}

enum code play_face_rule(struct play *play, const char *id_number, int64_t *out)
{
    const struct db_value values[] = {db_text(id_number)};
    return db_query_int(play->db, out, "SELECT decision FROM play_face_rule WHERE id_number = $1",
                        values, COUNT(values), -1);
}

enum code play_face_rule_set(struct play *play, const char *id_number, enum play_face face)
{
    const struct db_value values[] = {db_text(id_number), db_int(face)};
    return db_exec(play->db,
                   "INSERT INTO play_face_rule (id_number, decision) VALUES ($1, $2) "
                   "ON CONFLICT (id_number) DO UPDATE SET decision = excluded.decision",
                   values, COUNT(values), NULL);
}

struct rule_visit {
    bool (*visit)(void *context, const char *id_number, enum play_face face);
    void *context;
};

static bool visit_rule(void *context, const struct db_row *row)
{
    const struct rule_visit *each = context;
    return each->visit(each->context, db_get_text(row, 0), (enum play_face)db_get_int(row, 1));
}

enum code play_face_rules(struct play *play,
                          bool (*visit)(void *context, const char *id_number, enum play_face face),
                          void *context)
{
    struct rule_visit each = {visit, context};
    return db_query(play->db,
                    "SELECT id_number, decision FROM play_face_rule ORDER BY id_number LIMIT 200",
                    NULL, 0, visit_rule, &each);
}

enum code play_face_rules_clear(struct play *play, const char *id_number)
{
    const struct db_value values[] = {db_text(id_number)};
    return db_exec(play->db, "DELETE FROM play_face_rule WHERE id_number = coalesce($1, id_number)",
                   values, COUNT(values), NULL);
}

enum code play_identity_name(struct play *play, const char *id_number, char name[128])
{
    bool found;
    struct text_out target = {name, 128};
    const struct db_value values[] = {db_text(id_number)};
    name[0] = '\0';
    return db_query_one(play->db, "SELECT name FROM play_identity WHERE id_number = $1", values,
                        COUNT(values), visit_text, &target, &found);
}

// --- phone on file
// --------------------------------------------------------------------------------

static bool visit_phone(void *context, const struct db_row *row)
{
    (void)text_copy(context, 12, db_get_text(row, 0));
    return false;
}

enum code play_on_file(struct play *play, const char *id_number, char phone[12])
{
    const struct db_value value = db_text(id_number);
    bool found;
    phone[0] = '\0';
    return db_query_one(play->db, "SELECT phone FROM play_on_file WHERE id_number = $1", &value, 1,
                        visit_phone, phone, &found);
}

// The cards of a person have one phone: the bank's codes and news go there.
enum code play_on_file_set(struct play *play, const char *id_number, const char *phone)
{
    const struct db_value values[] = {db_text(id_number), db_text(phone)};
    GUARD(db_exec(play->db, "UPDATE play_account SET phone = $2 WHERE id_number = $1", values,
                  COUNT(values), NULL));
    return db_exec(play->db,
                   "INSERT INTO play_on_file (id_number, phone) VALUES ($1, $2) "
                   "ON CONFLICT (id_number) DO UPDATE SET phone = $2",
                   values, COUNT(values), NULL);
}

struct register_visit {
    bool (*visit)(void *context, const struct play_registered *person);
    void *context;
};

static bool visit_registered(void *context, const struct db_row *row)
{
    const struct register_visit *v = context;
    struct play_registered person = {0};
    (void)text_copy(person.id_number, sizeof person.id_number, db_get_text(row, 0));
    (void)text_copy(person.name, sizeof person.name, db_get_text(row, 1));
    (void)text_copy(person.phone, sizeof person.phone, db_get_text(row, 2));
    return v->visit(v->context, &person);
}

enum code play_register(struct play *play,
                        bool (*visit)(void *context, const struct play_registered *person),
                        void *context)
{
    struct register_visit v = {visit, context};
    return db_query(play->db,
                    "SELECT i.id_number, i.name, p.phone FROM play_identity AS i LEFT JOIN "
                    "play_on_file AS p ON p.id_number = i.id_number ORDER BY i.rowid",
                    NULL, 0, visit_registered, &v);
}
