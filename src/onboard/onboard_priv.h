// onboard_priv: the stored row of an application and the helpers of this room; stays inside.
#ifndef ONBOARD_ONBOARD_PRIV_H
#define ONBOARD_ONBOARD_PRIV_H

#include "onboard/onboard_trouble.h"

// In the order of the pages; TROUBLE comes after a decision, the last three are no steps of the
// person.
enum onboard_step {
    STEP_IDENTITY,
    STEP_PHONE,
    STEP_FACE,
    STEP_PASSWORD,
    STEP_PIN,
    STEP_REVIEW,
    STEP_TROUBLE,
    STEP_SUBMITTED,
    STEP_OPENED,
    STEP_REFUSED
};

struct onboard_row {
    struct onboard_application application;
    bool has_token;
    struct vault_hash token_hash; // read only to be written: has_token tells whether there is one
    int64_t phone_verified_us;    // 0 = not yet
    int32_t face_tries;           // used
    char password[VAULT_STORED_TEXT], pin[VAULT_STORED_TEXT]; // "" = none
    int64_t seen_us;                                          // the person's last step
};

// --- store: all SQL of this room

// *out_inserted false: the case number is taken.
enum code onboard_store_insert(struct db *db, const struct onboard *onboard,
                               const struct onboard_row *row, bool *out_inserted);
// Opens what is sealed and derives the rest. `lock`: nobody else changes the row until the
// transaction ends. CODE_NOT_FOUND.
enum code onboard_store_load(struct db *db, const struct onboard *onboard, int64_t number,
                             bool lock, struct onboard_row *out);
// CODE_NOT_FOUND.
enum code onboard_store_by_token(struct db *db, const struct vault_hash *token_hash,
                                 int64_t *out_number);
enum code onboard_store_by_id(struct db *db, const struct id *id, int64_t *out_number);
// All that changes after the insert. has_token false ends the draft of the browser.
enum code onboard_store_update(struct db *db, const struct onboard *onboard,
                               const struct onboard_row *row);
// Deletes a draft; takes the token off a decided one. *out_changes 0: neither.
enum code onboard_store_give_up(struct db *db, int64_t number, int64_t *out_changes);
enum code onboard_store_exists(struct db *db, int64_t number, bool *out);
enum code onboard_store_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted);

// What a decision found. Load: none = no trouble. Store: a row that says it.
enum code onboard_store_trouble_load(struct db *db, int64_t number, struct onboard_trouble *out);
enum code onboard_store_trouble(struct db *db, int64_t number, const struct onboard_trouble *in);
// The draft lives until `until_us` at least.
enum code onboard_store_prolong(struct db *db, int64_t number, int64_t until_us);

// Of applications decided in [from, to), oldest first.
enum code onboard_store_times(struct db *db, int64_t from_us, int64_t to_us, size_t limit,
                              void (*visit)(void *context, bool opened, int64_t whole_us,
                                            int64_t own_us),
                              void *context);

// --- rules

// The trouble is settled by the person: the step is "review" again.
enum code onboard_settle(struct db *db, struct onboard_row *row);
const struct guard_record_rules *onboard_record_rules(const struct onboard *onboard);
// Opens the wallet of a row and closes the application; refused when ID number or phone have one by
// now.
enum code onboard_accept(struct db *db, const struct onboard *onboard, struct onboard_row *row,
                         int32_t wallet_class);
enum code onboard_close(struct db *db, const struct onboard *onboard, struct onboard_row *row,
                        enum code refusal);

// Everything of the application that follows from the stored columns.
void onboard_derive(struct onboard_row *row, const struct onboard *onboard);
enum onboard_step onboard_step_of(const struct onboard_row *row);
// Submitted applications wait for their decision however long it takes.
bool onboard_expired(const struct onboard_application *application, int64_t now_us);
// Loads and locks a live one. CODE_NOT_FOUND.
enum code onboard_begin(struct db *db, const struct onboard *onboard, int64_t number,
                        struct onboard_row *out);
// The same for a step of a draft: CODE_STEP_ORDER when an earlier step is not done.
enum code onboard_begin_step(struct db *db, const struct onboard *onboard, int64_t number,
                             enum onboard_step step, struct onboard_row *out);
// Stores a change that the person's streams are told.
enum code onboard_moved(struct db *db, const struct onboard *onboard, struct onboard_row *row);
// A row of queue "face" or "decide" for this application.
enum code onboard_ask(struct db *db, const struct onboard *onboard, const char *queue,
                      const struct onboard_row *row);
// Name and ID number as typed; refusals name the field. The age is that of self-service opening.
enum code onboard_check_identity(const struct onboard *onboard, const char *name,
                                 const char *id_number, char out_name[PARTY_NAME_MAX],
                                 struct party_identity *out, struct problem *problem);
// The same for any document; `in->kind` decides. Fills birth date and sex of those who have it in
// the number, else takes them from `in`.
enum code onboard_check_document(const struct onboard *onboard, const struct onboard_document *in,
                                 char out_name[PARTY_NAME_MAX], struct party_identity *out,
                                 struct problem *problem);
// Does the number of this kind hold birth date and sex?
bool onboard_derives(const struct onboard *onboard, enum party_document kind);
// Adds the time since the person's last step, unless it was a pause.
void onboard_spend(struct onboard_row *row, int64_t now_us);
enum code onboard_check_phone(const struct onboard *onboard, const char *phone,
                              char out[PARTY_PHONE_MAX], struct problem *problem);

#endif
