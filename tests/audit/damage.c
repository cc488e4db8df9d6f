// rooms: base money ledger db books audit
// Does the auditor name each way in which the database can be wrong? A good database is made,
// copied, damaged in one way (after the protections are taken off), and audited: the damage's own
// name must be among the findings.
#include "damage_kit.h"
#include "property/books_load.h"

static const char *const TABLES[] = {"ledger_sequence", "ledger_book", "ledger_account",
                                     "ledger_transfer", "ledger_hold", "journal"};
#define TABLE_COUNT (sizeof TABLES / sizeof TABLES[0])

// Sub-queries choose rows that exist in any run: no fixed numbers.
static const struct damage DAMAGES[] = {
    {"a transfer deleted", "sequence-gap", {"DELETE FROM ledger_transfer WHERE seq = 5"}},
    {"the newest transfer deleted",
     "last-transfer-differs",
     {"DELETE FROM ledger_transfer WHERE seq = (SELECT MAX(seq) FROM ledger_transfer)"}},
    {"an amount raised",
     "credits-posted-differ",
     {"UPDATE ledger_transfer SET amount = amount + 1 WHERE seq = 5"}},
    {"an amount raised, seen at the payer",
     "debits-posted-differ",
     {"UPDATE ledger_transfer SET amount = amount + 1 WHERE seq = 5"}},
    {"an amount of zero",
     "transfer-amount-range",
     {"UPDATE ledger_transfer SET amount = 0 WHERE seq = 5"}},
    {"an amount above the largest",
     "transfer-amount-range",
     {"UPDATE ledger_transfer SET amount = 9007199254740992 WHERE seq = 5"}},
    {"a transfer to oneself",
     "transfer-self",
     {"UPDATE ledger_transfer SET credit = debit WHERE seq = 5"}},
    {"a transfer between two books",
     "transfer-cross-currency",
     {"UPDATE ledger_transfer SET currency = 840 WHERE seq = 5"}},
    {"an account moved to another book",
     "transfer-cross-currency",
     {"UPDATE ledger_account SET currency = 840 WHERE id = 1000000003"}},
    {"a transfer of an unknown kind",
     "transfer-kind-unknown",
     {"UPDATE ledger_transfer SET kind = 9 WHERE seq = 5"}},
    {"a transfer to an account that is not there",
     "transfer-account-missing",
     {"UPDATE ledger_transfer SET credit = 4711 WHERE seq = 5"}},
    {"payer and payee exchanged",
     "chain-debit-broken",
     {"UPDATE ledger_transfer SET debit = credit, credit = debit WHERE seq = 20"}},
    {"the payer's chain cut",
     "chain-debit-broken",
     {"UPDATE ledger_transfer SET debit_prev = 0 WHERE seq = (SELECT MAX(seq) FROM ledger_transfer "
      "WHERE debit_prev > 0)"}},
    {"the payee's chain cut",
     "chain-credit-broken",
     {"UPDATE ledger_transfer SET credit_prev = 0 WHERE seq = (SELECT MAX(seq) FROM "
      "ledger_transfer WHERE credit_prev > 0)"}},
    {"another business date",
     "transfer-business-date",
     {"UPDATE ledger_transfer SET business_date = business_date + 1 WHERE seq = 5"}},
    {"another time",
     "transfer-business-date",
     {"UPDATE ledger_transfer SET at_us = at_us + 86400000000 WHERE seq = 5"}},
    {"the same id twice",
     "transfer-id-repeated",
     {"UPDATE ledger_transfer SET id = (SELECT id FROM ledger_transfer WHERE seq = 6) WHERE seq = "
      "5"}},
    {"an id cut short",
     "transfer-id-malformed",
     {"UPDATE ledger_transfer SET id = X'0102' WHERE seq = 5"}},
    {"a transfer linked to one that is no head",
     "transfer-link-unknown",
     {"UPDATE ledger_transfer SET link = (SELECT MIN(seq) FROM ledger_transfer WHERE code = 21 AND "
      "link <> seq) WHERE seq = (SELECT MAX(seq) FROM ledger_transfer WHERE code = 21 AND link <> "
      "seq)"}},
    {"a transfer linked to nothing",
     "transfer-link-unknown",
     {"UPDATE ledger_transfer SET link = 0 WHERE seq = 5"}},
    {"a balance raised",
     "credits-posted-differ",
     {"UPDATE ledger_account SET credits_posted = credits_posted + 1 WHERE id = 1000000003"}},
    {"a balance lowered",
     "debits-posted-differ",
     {"UPDATE ledger_account SET debits_posted = debits_posted + 1 WHERE id = 1000000003"}},
    {"a reservation forgotten",
     "debits-pending-differ",
     {"UPDATE ledger_account SET debits_pending = 0 WHERE id = (SELECT MIN(id) FROM ledger_account "
      "WHERE debits_pending > 0)"}},
    {"money on its way forgotten",
     "credits-pending-differ",
     {"UPDATE ledger_account SET credits_pending = 0 WHERE id = (SELECT MIN(id) FROM "
      "ledger_account WHERE credits_pending > 0)"}},
    {"a balance raised, seen in the book",
     "book-posted-unequal",
     {"UPDATE ledger_account SET credits_posted = credits_posted + 1 WHERE id = 1000000003"}},
    {"a reservation forgotten, seen in the book",
     "book-pending-unequal",
     {"UPDATE ledger_account SET debits_pending = 0 WHERE id = (SELECT MIN(id) FROM ledger_account "
      "WHERE debits_pending > 0)"}},
    {"a wallet below zero",
     "balance-overdrawn",
     {"UPDATE ledger_account SET debits_posted = credits_posted + 1 WHERE id = 1000000003"}},
    {"a wallet was below zero for a while",
     "account-overdrawn",
     {"UPDATE ledger_transfer SET amount = 1 WHERE seq = 1"}},
    {"a counter below zero",
     "counter-negative",
     {"UPDATE ledger_account SET debits_pending = -1 WHERE id = 1000000003"}},
    {"a customer allowed to go below zero",
     "customer-may-overdraw",
     {"UPDATE ledger_account SET flags = flags & ~1 WHERE id = 1000000003"}},
    {"the last transfer of an account",
     "last-transfer-differs",
     {"UPDATE ledger_account SET last_seq = last_seq - 1 WHERE id = 1000000003"}},
    {"two accounts of one owner",
     "account-owner-repeated",
     {"UPDATE ledger_account SET owner = 1001 WHERE owner = 1002"}},
    {"an account of the chart is gone",
     "chart-account-missing",
     {"DELETE FROM ledger_account WHERE id = 156040"}},
    {"the sign of a chart account",
     "chart-sign-differs",
     {"UPDATE ledger_account SET flags = flags & ~1 WHERE id = 156020"}},
    {"a book is gone", "account-without-book", {"DELETE FROM ledger_book WHERE currency = 840"}},
    {"a hold's row is gone",
     "hold-row-missing",
     {"DELETE FROM ledger_hold WHERE seq = (SELECT MIN(seq) FROM ledger_hold)"}},
    {"a hold from nowhere",
     "hold-without-transfer",
     {"INSERT INTO ledger_hold (seq, amount, captured, state, expires_us) VALUES (1, 5, 0, 1, "
      "99)"}},
    {"a hold of more money",
     "hold-amount-differs",
     {"UPDATE ledger_hold SET amount = amount + 1 WHERE seq = (SELECT MIN(seq) FROM ledger_hold)"}},
    {"a hold captured only on paper",
     "hold-state-differs",
     {"UPDATE ledger_hold SET state = 2, captured = amount WHERE seq = (SELECT MIN(seq) FROM "
      "ledger_hold WHERE state = 1)"}},
    {"a captured hold opened again",
     "hold-state-differs",
     {"UPDATE ledger_hold SET state = 1, captured = 0 WHERE seq = (SELECT MIN(seq) FROM "
      "ledger_hold WHERE state = 2)"}},
    {"another captured amount",
     "hold-captured-differs",
     {"UPDATE ledger_hold SET captured = captured - 1 WHERE seq = (SELECT MIN(seq) FROM "
      "ledger_hold WHERE captured > 1)"}},
    {"more captured than held",
     "hold-captured-exceeds",
     {"UPDATE ledger_transfer SET amount = amount + 1000000 WHERE seq = (SELECT MIN(seq) FROM "
      "ledger_transfer WHERE kind = 3)"}},
    {"less released than held",
     "hold-released-differs",
     {"UPDATE ledger_transfer SET amount = amount + 1 WHERE seq = (SELECT MIN(seq) FROM "
      "ledger_transfer WHERE kind = 4)"}},
    {"a hold ended twice",
     "hold-ended-twice",
     {"UPDATE ledger_transfer SET hold_seq = (SELECT MIN(hold_seq) FROM ledger_transfer WHERE kind "
      "= 3) WHERE seq = (SELECT MAX(seq) FROM ledger_transfer WHERE kind = 3)"}},
    {"the end of a hold that never was",
     "hold-end-without-hold",
     {"UPDATE ledger_transfer SET hold_seq = 1 WHERE seq = (SELECT MIN(seq) FROM ledger_transfer "
      "WHERE kind = 3)"}},
    {"a hold ended for somebody else",
     "hold-end-other-accounts",
     {"UPDATE ledger_transfer SET debit = 156041 WHERE seq = (SELECT MIN(seq) FROM ledger_transfer "
      "WHERE kind = 4)"}},
    {"a hold expired early",
     "hold-expired-early",
     {"UPDATE ledger_hold SET expires_us = expires_us + 864000000000000 WHERE seq = (SELECT "
      "MIN(hold_seq) FROM ledger_transfer WHERE kind = 5)"}},
    {"a hold without a deadline",
     "hold-deadline-missing",
     {"UPDATE ledger_hold SET expires_us = 0 WHERE seq = (SELECT MIN(seq) FROM ledger_hold)"}},
    {"an open hold nobody looks after",
     "hold-overdue",
     {"UPDATE ledger_hold SET expires_us = 1 WHERE seq = (SELECT MIN(seq) FROM ledger_hold WHERE "
      "state = 1)"}},
    {"an operation of more money",
     "operation-amount-differs",
     {"UPDATE journal SET amount = amount + 1 WHERE seq = (SELECT MIN(seq) FROM journal WHERE "
      "state = 10)"}},
    {"an operation between others",
     "operation-accounts-differ",
     {"UPDATE journal SET payer_account = 156041 WHERE seq = (SELECT MIN(seq) FROM journal WHERE "
      "state = 10)"}},
    {"an operation in another currency",
     "operation-currency-differs",
     {"UPDATE journal SET currency = 392 WHERE seq = (SELECT MIN(seq) FROM journal WHERE state = "
      "10)"}},
    {"another fee",
     "operation-fee-differs",
     {"UPDATE journal SET fee = fee + 1 WHERE seq = (SELECT MIN(seq) FROM journal WHERE state = "
      "10)"}},
    {"another settled amount",
     "operation-settled-differs",
     {"UPDATE journal SET settled = settled - 1 WHERE seq = (SELECT MIN(seq) FROM journal WHERE "
      "settled > 1 AND refunded = 0)"}},
    {"success without money",
     "operation-without-money",
     {"UPDATE journal SET state = 10, settled = amount, done_us = at_us WHERE seq = (SELECT "
      "MIN(seq) FROM journal WHERE state = 2)"}},
    {"failure although the money moved",
     "operation-open-but-moved",
     {"UPDATE journal SET state = 11 WHERE seq = (SELECT MIN(seq) FROM journal WHERE state = 10 "
      "AND hold = 0)"}},
    {"failure although the money is still held",
     "operation-failed-but-held",
     {"UPDATE journal SET state = 11, done_us = at_us WHERE seq = (SELECT MIN(seq) FROM journal "
      "WHERE state < 10 AND hold > 0)"}},
    {"still open although the hold was released",
     "operation-released-but-not-failed",
     {"UPDATE journal SET state = 3, done_us = 0 WHERE seq = (SELECT MIN(seq) FROM journal WHERE "
      "state = 11)"}},
    {"the hold of another operation",
     "operation-hold-differs",
     {"UPDATE journal SET hold = 0 WHERE seq = (SELECT MIN(seq) FROM journal WHERE hold > 0)"}},
    {"done without a time",
     "operation-times-differ",
     {"UPDATE journal SET done_us = 0 WHERE seq = (SELECT MIN(seq) FROM journal WHERE state = "
      "10)"}},
    {"one operation id twice",
     "operation-id-repeated",
     {"UPDATE journal SET id = (SELECT id FROM journal ORDER BY seq LIMIT 1) WHERE seq = (SELECT "
      "MAX(seq) FROM journal)"}},
    {"an operation moved money twice",
     "operation-moved-twice",
     {"UPDATE ledger_transfer SET link = (SELECT MIN(link) FROM ledger_transfer WHERE kind = 3) "
      "WHERE seq = (SELECT MAX(seq) FROM ledger_transfer WHERE kind = 3)"}},
    {"an operation deleted that had not moved money",
     "sequence-gap",
     {"DELETE FROM journal WHERE seq = (SELECT MIN(seq) FROM journal WHERE state = 2)"}},
    {"a refund forgotten",
     "refunds-differ",
     {"UPDATE journal SET refunded = 0 WHERE seq = (SELECT MIN(seq) FROM journal WHERE refunded > "
      "0)"}},
    {"more refunded than paid",
     "refunds-exceed",
     {"UPDATE journal SET refunded = settled + 1 WHERE seq = (SELECT MIN(seq) FROM journal WHERE "
      "settled > 0)"}},
    {"a refund of nothing",
     "refund-of-nothing",
     {"UPDATE journal SET related = X'00000000000000000000000000000001' WHERE seq = (SELECT "
      "MIN(seq) FROM journal WHERE kind = 5)"}},
    {"the sequence set back",
     "sequence-next-differs",
     {"UPDATE ledger_sequence SET next = next - 1"}},
    {"the sequence ran ahead",
     "sequence-next-differs",
     {"UPDATE ledger_sequence SET next = next + 1"}},
    {"the sequence row is gone", "sequence-row-missing", {"DELETE FROM ledger_sequence"}},
    {"a repayment beyond the debt",
     "account-overpaid",
     {"UPDATE ledger_account SET flags = 2 WHERE id = 1000000003"}},
    {"a counter beyond its range",
     "counter-overflow",
     {"UPDATE ledger_transfer SET amount = 9223372036854775807 WHERE seq IN (1, 2)",
      "UPDATE ledger_transfer SET credit = (SELECT credit FROM ledger_transfer WHERE seq = 1) "
      "WHERE seq = 2"}},
};
#define DAMAGE_COUNT (sizeof DAMAGES / sizeof DAMAGES[0])

struct fixture {
    struct load_folder folder;
    struct load *load;
    struct damage_kit kit;
};

static int set_up(void **state)
{
    struct fixture *fixture = mem_alloc(sizeof *fixture);
    struct damage_kit *kit = &fixture->kit;
    *state = fixture;
    fixture->load = mem_alloc(sizeof *fixture->load);
    load_generate(fixture->load, load_seed());
    if (!load_folder_make(&fixture->folder) || !load_sqlite(&kit->db, &fixture->folder, "a") ||
        !load_open(fixture->load, kit->db) || !load_run(fixture->load, kit->db, true))
        return -1;
    kit->tables = TABLES;
    kit->table_count = TABLE_COUNT;
    // Just after the load, so that only a damaged deadline is overdue.
    kit->options = (struct audit_options){.now_us = LOAD_START_US, .ledger_only = true};
    damage_take_protection_off(kit);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    db_close(&fixture->kit.db);
    damage_texts_free();
    mem_free(fixture->load);
    load_folder_remove(&fixture->folder);
    mem_free(fixture);
    return 0;
}

static void the_good_database_is_clean(void **state)
{
    struct fixture *fixture = *state;
    damage_assert_clean(&fixture->kit);
}

// REQ-003
static void each_damage_is_named(void **state)
{
    struct fixture *fixture = *state;
    damage_assert_all_named(&fixture->kit, DAMAGES, DAMAGE_COUNT);
}

// After all that, the good tables are still good: nothing above succeeded by leftovers.
static void the_good_database_is_clean_again(void **state)
{
    struct fixture *fixture = *state;
    damage_make_good_again(&fixture->kit);
    damage_assert_clean(&fixture->kit);
}

// A bug in ledger/ or books/ must not agree with itself: the auditor's library needs nothing of
// theirs.
static void the_auditor_shares_no_code(void **state)
{
    (void)state;
    char line[256];
    int undefined = 0;
    FILE *pipe = popen("cat '" SOURCE_DIR "'/src/audit/*.[ch] | grep '#include'", "r");
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe) != NULL) {
        if (strstr(line, "ledger/") != NULL || strstr(line, "books/") != NULL)
            fail_msg("the auditor includes %s", line);
    }
    assert_int_equal(pclose(pipe), 0);
    pipe =
        popen("nm -u \"$(dirname \"$(readlink -f /proc/$PPID/exe)\")\"/../../libroom_audit.a", "r");
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe) != NULL) {
        undefined++;
        if (strstr(line, " ledger_") != NULL || strstr(line, " books_") != NULL)
            fail_msg("the auditor needs %s", line);
    }
    assert_int_equal(pclose(pipe), 0);
    assert_true(undefined > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_database_is_clean),
        cmocka_unit_test(each_damage_is_named),
        cmocka_unit_test(the_good_database_is_clean_again),
        cmocka_unit_test(the_auditor_shares_no_code),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
