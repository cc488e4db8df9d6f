// audit: recomputes everything from the tables and names what is wrong. Writes nothing, and shares
// no code with ledger/ or books/: a bug there must not agree with itself.
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "base/base.h"
#include "db/db.h"

#include <stdio.h>

// One thing that is wrong. Names are stable; docs/LEDGER.md lists them.
struct audit_finding {
    const char *name;      // for example "credits-posted-differ"
    const char *invariant; // "L1" … "L13", "W1" … "W5", "D1" of docs/LEDGER.md
    int64_t account;       // account id; 0 = not about one account
    int64_t seq;           // transfer, hold or operation; 0 = not about one
    int64_t expected;      // what the recomputation gives (minor units, or a number)
    int64_t found;         // what is stored
};
typedef void (*audit_report)(void *context, const struct audit_finding *finding);

struct audit_options {
    int64_t
        now_us; // for deadlines: open holds more than a day past theirs are named; 0 = not checked
    audit_report report; // called once per finding, may be NULL
    void *context;
    // For a database that books/ alone has written: no people, no answers, no orders. The program
    // never sets it.
    bool ledger_only;
};

struct audit_result {
    int64_t findings; // 0 = clean
    int64_t accounts, transfers, holds, operations;
    int64_t last_seq; // highest number given out
};

// Audits one consistent snapshot on `db` (opens and ends its own read transaction). Returns OK also
// when there are findings; another code when the database could not be read, which is no verdict.
enum code audit_run(struct audit_result *out, struct db *db, const struct audit_options *options);

// A ready-made report: one line per finding on the FILE * given as context.
void audit_print_finding(void *file, const struct audit_finding *finding);
// The closing line: "audit: clean, …" or "audit: N findings, …".
void audit_print_result(FILE *file, const struct audit_result *result);

#endif
