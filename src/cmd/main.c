// tongbao: the one executable. Finds the subcommand and runs it.
#include "cmd/cmd.h"

#include <sodium.h>
#include <stdio.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} COMMANDS[] = {
    {"admin", cmd_admin, "add the first operators of the console"},
    {"audit", cmd_audit, "recompute everything from the tables and report each difference"},
    {"jobs", cmd_jobs, "the workers in a process of their own"},
    {"migrate", cmd_migrate, "bring the database to this program's schema"},
    {"routes", cmd_routes, "print the table of the API's routes"},
    {"sandbox", cmd_sandbox, "the play world outside: phones, bank, face and identity checks"},
    {"serve", cmd_serve, "the server"},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print_help(FILE *out)
{
    fputs("Usage: tongbao COMMAND [options]\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].help);
    fputs("\n'tongbao COMMAND --help' tells its options.\n", out);
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        return CMD_FAILED;
    const char *name = argc > 1 ? argv[1] : "--help";
    if (text_equal(name, "--help") || text_equal(name, "help")) {
        print_help(stdout);
        return argc > 1 ? CMD_DONE : CMD_USAGE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (text_equal(name, COMMANDS[i].name))
            return COMMANDS[i].run(argc - 1, argv + 1);
    fprintf(stderr, "tongbao: there is no command '%s'\n\n", name);
    print_help(stderr);
    return CMD_USAGE;
}
