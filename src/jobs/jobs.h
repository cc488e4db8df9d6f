// jobs: worker loops over the outbox, and timers. Each slow outside party has a queue and a thread
// of its own, so that a slow bank never delays a code SMS. A row is leased in one transaction, the
// outside is called outside any transaction, the result is written in another; a crash in between
// leaves the row to be taken again when its lease runs out. All writes go through the committer.
#ifndef JOBS_JOBS_H
#define JOBS_JOBS_H

#include "funds/funds.h"
#include "onboard/onboard_trouble.h"
#include "ports/ports.h"
#include "recover/recover.h"

// The calls to the bank as a table, so that a test can put a fake in. jobs_bank_ports() makes the
// real one.
struct jobs_bank {
    void *context;
    void (*verify)(void *context, const struct id *request_id, const struct ports_bank_card *card,
                   struct ports_bank_answer *out);
    void (*confirm)(void *context, const struct id *request_id, const struct id *challenge,
                    const char *code, struct ports_bank_answer *out);
    void (*debit)(void *context, const struct ports_bank_money *money,
                  struct ports_bank_answer *out);
    void (*credit)(void *context, const struct ports_bank_money *money,
                   struct ports_bank_answer *out);
    void (*reversal)(void *context, const struct id *request_id, const struct id *original,
                     int64_t amount, const char *currency, struct ports_bank_answer *out);
    void (*inquire)(void *context, const struct id *request_id, int64_t amount,
                    const char *currency, struct ports_bank_answer *out);
    void (*probe)(void *context, const struct id *request_id, const struct ports_bank_card *card,
                  int64_t amount, int32_t business_date, struct ports_bank_answer *out);
    void (*probe_return)(void *context, const struct id *request_id, const struct id *original,
                         int64_t amount, struct ports_bank_answer *out);
};
struct jobs_bank jobs_bank_ports(struct ports_bank *bank);

// A periodic change by another room, for example pay's expiry of waiting charges.
struct jobs_timer {
    const char *name; // constant, for the log
    int64_t every_us;
    enum code (*run)(struct db *db, int64_t now_us, void *context); // inside a transaction
    void *context;
};

struct jobs_options {
    struct db_committer *committer;
    struct db_pool *pool; // read connections
    const struct vault *vault;
    const struct guard_profiles *profiles;
    const struct env *env;
    const struct onboard *onboard;
    const struct recover *recover; // NULL = no resets in this process
    const struct funds *funds;
    // What is NULL has no queue in this process.
    struct ports_sms *sms;           // route A of codes, and news
    struct ports_sms *sms_b, *voice; // the other routes of codes
    const char *report_base;         // where gateways send reports to; NULL = they send none
    struct ports_face *face;
    struct ports_identity *identity;
    const struct jobs_bank *bank;
    const char *signature, *signature_en; // of SMS texts: "通宝" -> 【通宝】
    const struct jobs_timer *timers;
    size_t timer_count;
    int64_t poll_us;       // pause of an idle loop; 0 = 200 ms
    int64_t event_keep_us; // finished outbox rows are pruned after this; 0 = 1 day
};

struct jobs;
// Starts one thread per queue and one for timers. What the options point to must outlive the jobs.
enum code jobs_start(struct jobs **out, const struct jobs_options *options);
// Lets running calls end (at most their deadline), joins.
void jobs_stop(struct jobs **jobs);
// Wakes all idle loops now: call after a commit that added outbox rows. From any thread; may be
// NULL.
void jobs_nudge(struct jobs *jobs);

// Without threads: takes each queue and each timer once. Out (may be NULL): rows handled. For tests
// and `tongbao jobs --once`.
enum code jobs_run_once(const struct jobs_options *options, size_t *out_handled);

// The SMS text of a code, signature first. Purposes: those of guard's challenges.
void jobs_sms_code_text(struct buffer *out, const struct jobs_options *options, const char *purpose,
                        const char *code, int32_t life_minutes, bool english);

#endif
