// tongbao admin lock: operators on the machine place and end locks. Both operators and the reason
// stand in the audit trail, as in the console.
#include "cmd/cmd.h"
#include "desk/desk_lock.h"
#include "desk/desk_operator.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "Usage: tongbao admin lock place --data DIR --wallet NUMBER --code CODE --operator LOGIN\n"
    "                                [--second LOGIN] --reason TEXT [options]\n"
    "       tongbao admin lock lift --data DIR --case NUMBER --operator LOGIN [--second LOGIN]\n"
    "                                --reason TEXT [options]\n"
    "  --database URL    [sqlite:DIR/wallet.db]\n"
    "  --share DIR       folder that holds spec/ [.]\n"
    "  --scope SCOPE     login, pay, transfer_out, limits, all_out [of the code]\n"
    "  --until TIME      end, 2026-12-31T08:00:00Z [by the code's rule]\n"
    "  --authority NAME  who ordered it (L09)\n"
    "  --number TEXT     number of the order (L09)\n"
    "  --trace TEXT      reference of the fault (L10)\n"
    "Prints the case number. L04, L08 and L09 need a second operator.\n";

struct locking {
    const char *data, *database, *share, *wallet, *case_number, *operator, * second, *reason;
    const char *code, *scope, *until, *authority, *number, *trace;
    bool lift;
};

static bool read_options(struct locking *l, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 0},
                                            {"database", required_argument, NULL, 1},
                                            {"share", required_argument, NULL, 2},
                                            {"wallet", required_argument, NULL, 3},
                                            {"case", required_argument, NULL, 4},
                                            {"operator", required_argument, NULL, 5},
                                            {"second", required_argument, NULL, 6},
                                            {"reason", required_argument, NULL, 7},
                                            {"code", required_argument, NULL, 8},
                                            {"scope", required_argument, NULL, 9},
                                            {"until", required_argument, NULL, 10},
                                            {"authority", required_argument, NULL, 11},
                                            {"number", required_argument, NULL, 12},
                                            {"trace", required_argument, NULL, 13},
                                            {NULL, 0, NULL, 0}};
    const char **const places[] = {
        &l->data,   &l->database, &l->share, &l->wallet, &l->case_number, &l->operator, & l->second,
        &l->reason, &l->code,     &l->scope, &l->until,  &l->authority,   &l->number,
        &l->trace};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option < 0 || option > 13)
            return false;
        *places[option] = optarg;
    }
    return optind == argc && l->data != NULL &&
           l->operator!= NULL && l->reason !=
           NULL &&(l->lift ? l->case_number != NULL : l->wallet != NULL && l->code != NULL);
}

struct finding {
    const char *login;
    int64_t id;
};

static bool found_one(void *context, const struct desk_operator *operator)
{
    struct finding *finding = context;
    if (text_equal(operator->login, finding->login) && operator->state == DESK_ACTIVE)
        finding->id = operator->id;
    return true;
}

static enum code find_operator(struct db *db, const char *login, int64_t *out)
{
    struct finding finding = {login, 0};
    *out = 0;
    if (login == NULL)
        return OK;
    GUARD(desk_operators_list(db, 1000, found_one, &finding));
    *out = finding.id;
    return finding.id != 0 ? OK : CODE_NOT_FOUND;
}

static enum code place(struct db *db, const struct desk *desk, const struct locking *l,
                       const struct desk_lock_act *act, struct guard_lock *out)
{
    struct buffer detail = {0};
    struct guard_lock_order order = {.code = l->code, .scope = l->scope};
    ENSURE(l->until == NULL || time_parse_utc(&order.until_us, l->until), CODE_REQUEST_INVALID);
    GUARD(party_find_by_wallet_number(db, l->wallet, &order.person));
    if (l->authority != NULL)
        buffer_format(&detail, "authority=%s\n", l->authority);
    if (l->number != NULL)
        buffer_format(&detail, "number=%s\n", l->number);
    if (l->trace != NULL)
        buffer_format(&detail, "trace=%s\n", l->trace);
    order.detail = detail.data;
    const enum code code = desk_lock_place(db, desk, &order, act, out);
    buffer_free(&detail);
    return code;
}

static enum code carry_out(struct db *db, const struct desk *desk, const struct locking *l)
{
    struct desk_lock_act act = {.reason = "command-line", .note = l->reason};
    struct guard_lock lock;
    GUARD(find_operator(db, l->operator, & act.actor));
    GUARD(find_operator(db, l->second, &act.second));
    GUARD(db_begin(db));
    const enum code code = l->lift ? desk_lock_lift(db, desk, l->case_number, &act, &lock)
                                   : place(db, desk, l, &act, &lock);
    if (code != OK) {
        db_rollback(db);
        return code;
    }
    GUARD(db_commit(db));
    (void)printf("%s\n", lock.case_number);
    return OK;
}

static enum code run(const struct locking *l)
{
    char url[1024], profiles_folder[1024];
    struct vault *vault = NULL;
    struct guard_profiles *profiles = NULL;
    struct db *db = NULL;
    const struct env *env = env_system();
    const struct vault_options options = {.data_folder = l->data, .env = env};
    (void)snprintf(url, sizeof url, "%s/wallet.db", l->data);
    (void)snprintf(profiles_folder, sizeof profiles_folder, "%s/spec/profiles",
                   l->share != NULL ? l->share : ".");
    GUARD(guard_profiles_load(&profiles, profiles_folder, time_business_date(env_now(env)), NULL));
    enum code code = vault_load(&vault, &options);
    if (code == OK)
        code = db_open(&db, l->database != NULL ? l->database : url, false);
    const struct desk desk = {profiles, vault, env};
    if (code == OK)
        code = carry_out(db, &desk, l);
    if (db != NULL)
        db_close(&db);
    if (vault != NULL)
        vault_free(&vault);
    guard_profiles_free(&profiles);
    return code;
}

int cmd_admin_lock(int argc, char **argv)
{
    struct locking locking = {.lift = argc > 1 && text_equal(argv[1], "lift")};
    const bool known = argc > 1 && (locking.lift || text_equal(argv[1], "place"));
    if (!known || !read_options(&locking, argc - 1, argv + 1)) {
        const bool help = argc > 1 && text_equal(argv[1], "--help");
        fputs(HELP, help ? stdout : stderr);
        return help ? CMD_DONE : CMD_USAGE;
    }
    const enum code code = run(&locking);
    if (code == OK)
        return CMD_DONE;
    (void)fprintf(stderr, "tongbao admin lock: %s\n", error_text(code, true));
    return CMD_FAILED;
}
