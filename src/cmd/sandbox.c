// tongbao sandbox: the world outside as one process — phones, a play bank, face decisions, the
// identity register.
#include "cmd/cmd.h"
#include "play/play.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char HELP[] = "Usage: tongbao sandbox --data DIR [options]\n"
                           "  --listen 127.0.0.1:PORT  [127.0.0.1:8081]\n"
                           "  --people FILE            [spec/play/people.json]\n";

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static bool should_stop(void *context)
{
    (void)context;
    return stopping != 0;
}

int cmd_sandbox(int argc, char **argv)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"data", required_argument, NULL, 'D'},
                                            {"people", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    char listen[64] = "127.0.0.1";
    struct play_options play = {.listen = listen,
                                .seed_file = "spec/play/people.json",
                                .env = env_system(),
                                .stop = should_stop};
    int64_t port = 8081;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        char *colon;
        if (option == 'h') {
            fputs(HELP, stdout);
            return CMD_DONE;
        }
        if (option == 'D') {
            play.data_folder = optarg;
        } else if (option == 'p') {
            play.seed_file = optarg;
        } else if (option == 'l' && text_copy(listen, sizeof listen, optarg) &&
                   (colon = strrchr(listen, ':')) != NULL && text_to_int64(&port, colon + 1)) {
            *colon = '\0';
        } else {
            fputs(HELP, stderr);
            return CMD_USAGE;
        }
    }
    if (play.data_folder == NULL || port > 65535) {
        fputs(HELP, stderr);
        return CMD_USAGE;
    }
    play.port = (uint16_t)port;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    return play_run(&play) == OK ? CMD_DONE : CMD_FAILED;
}
