// rooms: money ledger
// Reads tests/table/ledger.txt and asks the ledger each row's question.
#include "ledger/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAYER = 1, PAYEE = 2, SOMEBODY_ELSE = 9, NOW = 1000, COLUMNS = 7 };

struct row {
    int number;
    char *columns[COLUMNS];
};

struct word_value {
    const char *word;
    int64_t value;
};

static int64_t value_of(const struct word_value *words, const char *word, int64_t otherwise)
{
    for (; words->word != NULL; words++)
        if (strcmp(words->word, word) == 0)
            return words->value;
    return otherwise;
}

// "60", "-1", "MAX+1", "TOP-5"
static int64_t number_of(const char *text)
{
    int64_t base = 0;
    if (strncmp(text, "MAX", 3) == 0)
        base = MONEY_MAX;
    else if (strncmp(text, "TOP", 3) == 0)
        base = INT64_MAX;
    else
        return strtoll(text, NULL, 10);
    return text[3] == '\0' ? base : base + strtoll(text + 3, NULL, 10);
}

static void read_counters(struct ledger_account *account, char *text)
{
    int64_t *const counters[] = {&account->debits_pending, &account->debits_posted,
                                 &account->credits_pending, &account->credits_posted};
    char *rest = NULL;
    char *part = strtok_r(text, "/", &rest);
    for (size_t i = 0; i < 4 && part != NULL; i++, part = strtok_r(NULL, "/", &rest))
        *counters[i] = number_of(part);
}

static void read_account_word(struct ledger_account *account, char *word)
{
    static const struct word_value flags[] = {
        {"wallet", LEDGER_CREDIT_ONLY},
        {"bank", 0},
        {"loan", LEDGER_DEBIT_ONLY},
        {"frozen-out", LEDGER_FROZEN_OUT},
        {"frozen-in", LEDGER_FROZEN_IN},
        {"closed", LEDGER_CLOSED},
        {NULL, 0},
    };
    const int64_t flag = value_of(flags, word, -1);
    if (flag >= 0)
        account->flags |= (uint32_t)flag;
    else if (strcmp(word, "usd") == 0)
        account->currency = MONEY_USD;
    else if (strcmp(word, "other") == 0)
        account->id = SOMEBODY_ELSE;
    else if (strcmp(word, "missing") == 0)
        account->id = 0;
    else if (strchr(word, '/') != NULL)
        read_counters(account, word);
    else
        fail_msg("account: unknown word %s", word);
}

static struct ledger_account read_account(char *text, int64_t id)
{
    struct ledger_account account = {.id = id, .currency = MONEY_CNY};
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        read_account_word(&account, word);
    return account;
}

static struct ledger_transfer read_transfer(char *text)
{
    static const struct word_value kinds[] = {
        {"none", 0},
        {"post", LEDGER_POST},
        {"hold", LEDGER_HOLD},
        {"capture", LEDGER_CAPTURE},
        {"release", LEDGER_RELEASE},
        {"expire", LEDGER_EXPIRE},
        {"six", 6},
        {NULL, 0},
    };
    char *rest = NULL;
    struct ledger_transfer transfer = {
        .debit = PAYER, .credit = PAYEE, .currency = MONEY_CNY, .at_us = NOW};
    transfer.kind = (int32_t)value_of(kinds, strtok_r(text, " ", &rest), -1);
    assert_true(transfer.kind >= 0);
    transfer.amount = number_of(strtok_r(NULL, " ", &rest));
    for (char *word; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
        if (strncmp(word, "until=", 6) == 0)
            transfer.expires_us = number_of(word + 6);
        else if (strcmp(word, "usd") == 0)
            transfer.currency = MONEY_USD;
        else if (strcmp(word, "same") == 0)
            transfer.credit = PAYER;
        else
            fail_msg("transfer: unknown word %s", word);
    }
    return transfer;
}

static const struct word_value HOLD_STATES[] = {
    {"open", LEDGER_HOLD_OPEN},
    {"captured", LEDGER_HOLD_CAPTURED},
    {"released", LEDGER_HOLD_RELEASED},
    {"expired", LEDGER_HOLD_EXPIRED},
    {NULL, 0},
};

static struct ledger_hold read_hold(char *text)
{
    struct ledger_hold hold = {0};
    char *rest = NULL;
    char *word = strtok_r(text, " ", &rest);
    if (strcmp(word, "-") == 0)
        return hold;
    hold.state = (int32_t)value_of(HOLD_STATES, word, -1);
    assert_true(hold.state > 0);
    hold.amount = number_of(strtok_r(NULL, " ", &rest));
    hold.captured = hold.state == LEDGER_HOLD_CAPTURED ? hold.amount : 0;
    hold.expires_us = 2000;
    hold.debit = PAYER;
    hold.credit = PAYEE;
    hold.currency = MONEY_CNY;
    while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
        if (strncmp(word, "until=", 6) == 0)
            hold.expires_us = number_of(word + 6);
        else if (strcmp(word, "other-debit") == 0)
            hold.debit = SOMEBODY_ELSE;
        else if (strcmp(word, "other-credit") == 0)
            hold.credit = SOMEBODY_ELSE;
        else if (strcmp(word, "other-currency") == 0)
            hold.currency = MONEY_USD;
        else
            fail_msg("hold: unknown word %s", word);
    }
    return hold;
}

static int same_counters(const struct ledger_account *a, const struct ledger_account *b)
{
    return a->debits_pending == b->debits_pending && a->debits_posted == b->debits_posted &&
           a->credits_pending == b->credits_pending && a->credits_posted == b->credits_posted;
}

// "0/60/0/100 0/0/0/60 captured 60"
static int check_after(const struct ledger_state *after, char *text)
{
    struct ledger_account debit = {0};
    struct ledger_account credit = {0};
    char *rest = NULL;
    char *first = strtok_r(text, " ", &rest);
    char *second = strtok_r(NULL, " ", &rest);
    char *state = strtok_r(NULL, " ", &rest);
    if (first == NULL || second == NULL)
        return 0;
    read_counters(&debit, first);
    read_counters(&credit, second);
    if (!same_counters(&debit, &after->debit) || !same_counters(&credit, &after->credit))
        return 0;
    if (state == NULL)
        return after->hold.state == LEDGER_HOLD_NONE;
    return after->hold.state == value_of(HOLD_STATES, state, -1) &&
           after->hold.captured == number_of(strtok_r(NULL, " ", &rest));
}

// A made hold must say what it reserves, or nobody could end it.
static int check_made_hold(const struct ledger_hold *hold, const struct ledger_transfer *transfer)
{
    return transfer->kind != LEDGER_HOLD ||
           (hold->debit == transfer->debit && hold->credit == transfer->credit &&
            hold->amount == transfer->amount && hold->currency == transfer->currency &&
            hold->expires_us == transfer->expires_us);
}

static int ask(const struct row *row, int *seen)
{
    struct ledger_state in = {.debit = read_account(row->columns[3], PAYER),
                              .credit = read_account(row->columns[4], PAYEE),
                              .hold = read_hold(row->columns[5])};
    const struct ledger_transfer transfer = read_transfer(row->columns[2]);
    struct ledger_state out;
    struct ledger_state untouched;
    memset(&out, 0x5A, sizeof out);
    memset(&untouched, 0x5A, sizeof untouched);
    const enum ledger_result result = ledger_decide(&out, &in, &transfer);
    seen[result]++;
    int good = strcmp(ledger_result_name(result), row->columns[1]) == 0;
    if (good && result == LEDGER_OK)
        good = check_after(&out, row->columns[6]) && check_made_hold(&out.hold, &transfer);
    if (good && result != LEDGER_OK)
        good = memcmp(&out, &untouched, sizeof out) == 0;
    if (!good)
        printf("row %d (%s): expected %s, got %s, or the state afterwards differs\n", row->number,
               row->columns[0], row->columns[1], ledger_result_name(result));
    return good;
}

static char *trim(char *text)
{
    while (*text == ' ')
        text++;
    for (size_t size = strlen(text); size > 0 && strchr(" \n", text[size - 1]) != NULL; size--)
        text[size - 1] = '\0';
    return text;
}

static int split(struct row *row, char *line)
{
    for (int i = 0; i < COLUMNS; i++) {
        char *end = strchr(line, '|');
        if (end != NULL)
            *end = '\0';
        row->columns[i] = trim(line);
        if (end == NULL)
            return i == COLUMNS - 1;
        line = end + 1;
    }
    return 0;
}

static void every_row_answers_as_written(void **state)
{
    (void)state;
    char line[512];
    int seen[LEDGER_RESULT_COUNT] = {0};
    int rows = 0;
    int wrong = 0;
    FILE *file = fopen(SOURCE_DIR "/tests/table/ledger.txt", "r");
    assert_non_null(file);
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        struct row row = {.number = number};
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (!split(&row, line))
            fail_msg("row %d has not %d columns", number, COLUMNS);
        wrong += !ask(&row, seen);
        rows++;
    }
    (void)fclose(file);
    printf("%d rows\n", rows);
    assert_int_equal(wrong, 0);
    assert_true(rows >= 90);
    for (int result = 0; result < LEDGER_RESULT_COUNT; result++)
        if (seen[result] == 0)
            fail_msg("no row for %s", ledger_result_name((enum ledger_result)result));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_answers_as_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
