// tongbao admin: what must be possible before anybody can sign in to the console.
#include "cmd/cmd.h"
#include "desk/desk_operator.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "Usage: tongbao admin operator add --data DIR [--database URL] --login LOGIN --name NAME\n"
    "                                  --role ROLE[,ROLE…]\n"
    "Adds an operator and prints a set-up code, once: within 24 hours the operator opens\n"
    "/console/setup with it and sets password and one-time-code key there. Roles: clerk, lead,\n"
    "risk, reviewer, administrator, auditor. Later operators are added in the console, by two\n"
    "administrators.\n"
    "'tongbao admin lock --help' tells how locks are placed and ended here.\n";

struct adding {
    const char *data, *database, *profiles, *login, *name;
    int64_t roles;
};

static int64_t parse_roles(char *text)
{
    int64_t roles = 0;
    char *rest = NULL;
    for (char *name = strtok_r(text, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        const int64_t role = desk_role_parse(name);
        if (role == 0)
            return 0;
        roles |= role;
    }
    return roles;
}

static bool read_options(struct adding *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"data", required_argument, NULL, 'D'},  {"database", required_argument, NULL, 'd'},
        {"login", required_argument, NULL, 'l'}, {"name", required_argument, NULL, 'n'},
        {"role", required_argument, NULL, 'r'},  {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'D')
            a->data = optarg;
        else if (option == 'd')
            a->database = optarg;
        else if (option == 'l')
            a->login = optarg;
        else if (option == 'n')
            a->name = optarg;
        else if (option == 'r')
            a->roles = parse_roles(optarg);
        else
            return false;
    }
    return optind == argc && a->data != NULL && a->login != NULL && a->name != NULL &&
           a->roles != 0;
}

static enum code add(struct db *db, const struct adding *a, const struct vault *vault)
{
    const struct desk desk = {NULL, vault, env_system()};
    const struct desk_new_operator in = {
        .login = a->login, .name = a->name, .roles = a->roles, .reason = "command-line"};
    struct desk_operator made;
    char setup_code[VAULT_TOKEN_TEXT];
    GUARD(db_begin(db));
    enum code code = desk_operator_add(db, &desk, &in, &made, setup_code);
    if (code != OK) {
        db_rollback(db);
        return code;
    }
    GUARD(db_commit(db));
    (void)printf("%s\n", setup_code);
    mem_wipe(setup_code, sizeof setup_code);
    return OK;
}

static enum code run(const struct adding *a)
{
    char url[1024];
    struct vault *vault = NULL;
    struct db *db = NULL;
    const struct vault_options options = {.data_folder = a->data, .env = env_system()};
    (void)snprintf(url, sizeof url, "%s/wallet.db", a->data);
    GUARD(vault_load(&vault, &options));
    enum code code = db_open(&db, a->database != NULL ? a->database : url, false);
    if (code == OK)
        code = db_migrate(db, env_now(env_system()), &(int){0});
    if (code == OK)
        code = add(db, a, vault);
    if (db != NULL)
        db_close(&db);
    vault_free(&vault);
    return code;
}

int cmd_admin(int argc, char **argv)
{
    struct adding adding = {0};
    if (argc > 1 && text_equal(argv[1], "lock"))
        return cmd_admin_lock(argc - 1, argv + 1);
    if (argc < 3 || !text_equal(argv[1], "operator") || !text_equal(argv[2], "add")) {
        fputs(HELP, argc > 1 && text_equal(argv[1], "--help") ? stdout : stderr);
        return argc > 1 && text_equal(argv[1], "--help") ? CMD_DONE : CMD_USAGE;
    }
    if (!read_options(&adding, argc - 2, argv + 2)) {
        fputs(HELP, stderr);
        return CMD_USAGE;
    }
    const enum code code = run(&adding);
    if (code == OK)
        return CMD_DONE;
    (void)fprintf(stderr, "tongbao admin: %s\n", error_text(code, true));
    return CMD_FAILED;
}
