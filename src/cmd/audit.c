// tongbao audit --database URL: exit 0 = clean, 1 = findings or no verdict.
#include "audit/audit.h"
#include "cmd/cmd.h"

#include <getopt.h>

static const char HELP[] =
    "Usage: tongbao audit --database URL\n"
    "Recomputes independently everything that has to do with money: ledger and journal, whose\n"
    "accounts they are, limits, stored answers, orders and charges, orders at the bank; and the\n"
    "chain of the operators' audit trail. Names each difference with its account and amounts. "
    "Writes nothing. Exit 0: clean; 1: findings, or the\n"
    "database could not be read.\n";

int cmd_audit(int argc, char **argv)
{
    static const struct option options[] = {{"database", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *url = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h') {
            fputs(HELP, stdout);
            return CMD_DONE;
        }
        if (option != 'd')
            return CMD_USAGE;
        url = optarg;
    }
    if (url == NULL || optind < argc) {
        fputs(HELP, stderr);
        return CMD_USAGE;
    }
    struct db *db = NULL;
    if (db_open(&db, url, true) != OK)
        return CMD_FAILED;
    struct audit_result result;
    const struct audit_options how = {
        .now_us = env_now(env_system()), .report = audit_print_finding, .context = stdout};
    const enum code code = audit_run(&result, db, &how);
    db_close(&db);
    if (code != OK) {
        fputs("audit: no verdict: the database could not be read\n", stderr);
        return CMD_FAILED;
    }
    audit_print_result(stdout, &result);
    return result.findings == 0 ? CMD_DONE : CMD_FAILED;
}
