// cmd: one file per subcommand; each parses its options and calls one room.
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/base.h"

// Exit codes (docs/OPERATING.md).
enum { CMD_DONE = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

// Returns an exit code.
int cmd_admin(int argc, char **argv);
int cmd_admin_lock(int argc, char **argv); // of cmd_admin
int cmd_audit(int argc, char **argv);
int cmd_jobs(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_routes(int argc, char **argv);
int cmd_sandbox(int argc, char **argv);
int cmd_serve(int argc, char **argv);

#endif
