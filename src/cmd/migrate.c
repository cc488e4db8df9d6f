// tongbao migrate --database URL: applies the migrations that are missing.
#include "cmd/cmd.h"
#include "db/db.h"

#include <getopt.h>
#include <stdio.h>

static const char HELP[] =
    "Usage: tongbao migrate --database URL\n"
    "Applies what is missing, each step in one transaction. Refuses a newer schema and a\n"
    "changed step.\n";

int cmd_migrate(int argc, char **argv)
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
    if (db_open(&db, url, false) != OK)
        return CMD_FAILED;
    int applied = 0;
    const enum code code = db_migrate(db, env_now(env_system()), &applied);
    db_close(&db);
    if (code != OK)
        return CMD_FAILED;
    printf("migrate: %d applied\n", applied);
    return CMD_DONE;
}
