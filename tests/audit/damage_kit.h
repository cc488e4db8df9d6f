// Takes a good SQLite database, damages it in one way after the other, and audits each time: the
// damage's own name must be among the findings.
#ifndef AUDIT_DAMAGE_KIT_H
#define AUDIT_DAMAGE_KIT_H

#include "audit/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { DAMAGE_STATEMENTS = 3, DAMAGE_TEXTS = 128 };

struct damage {
    const char *what, *expected; // expected: name of a finding
    const char *sql[DAMAGE_STATEMENTS];
};

// The good database's tables are kept in the same file under other names; each damage starts from
// them again.
struct damage_kit {
    struct db *db;
    const char *const *tables;
    size_t table_count;
    struct audit_options options; // report and context are the kit's
};

struct damage_seen {
    const char *expected;
    bool found;
    int64_t count;
    char others[400];
};

static inline void damage_note(void *context, const struct audit_finding *finding)
{
    struct damage_seen *seen = context;
    const size_t size = strlen(seen->others);
    seen->count++;
    seen->found = seen->found || text_equal(finding->name, seen->expected);
    if (strstr(seen->others, finding->name) == NULL)
        (void)snprintf(seen->others + size, sizeof seen->others - size, " %s", finding->name);
}

// The statement cache keeps the address of a text: each is made once and outlives the connection.
static char *damage_texts[DAMAGE_TEXTS];

static inline const char *damage_text(const char *text)
{
    size_t i = 0;
    while (damage_texts[i] != NULL && !text_equal(damage_texts[i], text))
        i++;
    assert_true(i < DAMAGE_TEXTS - 1);
    if (damage_texts[i] == NULL)
        damage_texts[i] = mem_copy_text(text);
    return damage_texts[i];
}

static inline void damage_texts_free(void)
{
    for (size_t i = 0; damage_texts[i] != NULL; i++)
        mem_free(damage_texts[i]);
}

static inline void damage_run(struct damage_kit *kit, const char *a, const char *b, const char *c,
                              const char *d)
{
    char text[400];
    (void)snprintf(text, sizeof text, "%s%s%s%s", a, b, c, d);
    assert_int_equal(db_exec(kit->db, damage_text(text), NULL, 0, NULL), OK);
}

// Tables as plain copies: no key, no CHECK, no trigger stands between the damage and the data.
static inline void damage_take_protection_off(struct damage_kit *kit)
{
    damage_run(kit, "PRAGMA foreign_keys = OFF", "", "", "");
    for (size_t i = 0; i < kit->table_count; i++)
        damage_run(kit, "CREATE TABLE good_", kit->tables[i], " AS SELECT * FROM ", kit->tables[i]);
    for (size_t i = kit->table_count; i-- > 0;)
        damage_run(kit, "DROP TABLE ", kit->tables[i], "", "");
    for (size_t i = 0; i < kit->table_count; i++)
        damage_run(kit, "CREATE TABLE ", kit->tables[i], " AS SELECT * FROM good_", kit->tables[i]);
}

static inline void damage_make_good_again(struct damage_kit *kit)
{
    for (size_t i = 0; i < kit->table_count; i++) {
        damage_run(kit, "DELETE FROM ", kit->tables[i], "", "");
        damage_run(kit, "INSERT INTO ", kit->tables[i], " SELECT * FROM good_", kit->tables[i]);
    }
}

static inline void damage_audit(struct damage_kit *kit, struct damage_seen *seen)
{
    struct audit_result result;
    kit->options.report = damage_note;
    kit->options.context = seen;
    assert_int_equal(audit_run(&result, kit->db, &kit->options), OK);
    assert_int_equal(result.findings, seen->count);
}

static inline void damage_assert_clean(struct damage_kit *kit)
{
    struct damage_seen seen = {.expected = ""};
    damage_audit(kit, &seen);
    if (seen.count != 0)
        fail_msg("not clean:%s", seen.others);
}

// A damage that changes nothing counts as missed.
static inline int damage_once(struct damage_kit *kit, const struct damage *damage)
{
    struct damage_seen seen = {.expected = damage->expected};
    int missed = 0;
    assert_int_equal(db_begin(kit->db), OK);
    damage_make_good_again(kit);
    for (size_t j = 0; j < DAMAGE_STATEMENTS && damage->sql[j] != NULL; j++) {
        int64_t changes = 0;
        assert_int_equal(db_exec(kit->db, damage->sql[j], NULL, 0, &changes), OK);
        if (changes == 0)
            printf("%s: nothing was damaged\n", damage->what);
        missed += changes == 0;
    }
    assert_int_equal(db_commit(kit->db), OK);
    damage_audit(kit, &seen);
    if (!seen.found)
        printf("MISSED: %s: expected %s, got%s\n", damage->what, damage->expected, seen.others);
    return missed + !seen.found;
}

static inline void damage_assert_all_named(struct damage_kit *kit, const struct damage *damages,
                                           size_t count)
{
    int missed = 0;
    for (size_t i = 0; i < count; i++)
        missed += damage_once(kit, &damages[i]);
    printf("%zu ways of damage\n", count);
    assert_int_equal(missed, 0);
}

#endif
