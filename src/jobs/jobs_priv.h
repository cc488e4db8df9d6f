// jobs_priv: shared by the files of this room.
#ifndef JOBS_JOBS_PRIV_H
#define JOBS_JOBS_PRIV_H

#include "jobs/jobs.h"

// Runs a change through the committer and waits for it.
struct jobs_change {
    struct db_change change;
    enum code (*run)(struct db *db, void *context);
    void *context;
};
enum code jobs_commit(const struct jobs_options *options, enum code (*run)(struct db *, void *),
                      void *context);

// One outbox row of a queue: speaks to the outside, then writes the result and finishes or
// re-schedules the row.
typedef void (*jobs_handler)(const struct jobs_options *options, const struct party_outbox *row,
                             struct arena *arena);
void jobs_handle_sms(const struct jobs_options *options, const struct party_outbox *row,
                     struct arena *arena);
void jobs_handle_ladder(const struct jobs_options *options, const struct party_outbox *row,
                        struct arena *arena);
void jobs_handle_face(const struct jobs_options *options, const struct party_outbox *row,
                      struct arena *arena);
void jobs_handle_reset_face(const struct jobs_options *options, const struct party_outbox *row,
                            struct arena *arena);
void jobs_handle_decide(const struct jobs_options *options, const struct party_outbox *row,
                        struct arena *arena);
void jobs_handle_bank(const struct jobs_options *options, const struct party_outbox *row,
                      struct arena *arena);
void jobs_handle_link(const struct jobs_options *options, const struct party_outbox *row,
                      struct arena *arena);
// Finishes a row, or puts it off: 1 s, 2, 4 … 60 s. After `attempts_max` it is parked for an
// operator: finished, with a log line.
void jobs_finish(const struct jobs_options *options, const struct party_outbox *row);
void jobs_put_off(const struct jobs_options *options, const struct party_outbox *row,
                  int32_t attempts_max);

// All timers of this room and the caller's, each at most once per its period. `last_us` holds one
// time per timer.
enum { JOBS_TIMERS_MAX = 32 };
void jobs_run_timers(const struct jobs_options *options, int64_t last_us[JOBS_TIMERS_MAX]);

#endif
