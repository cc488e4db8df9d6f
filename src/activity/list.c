// Bills: pages of operations and the sums of a month. Both walk the account's chain of transfers,
// newest first; operations without a transfer (open or ended) are put in where their own number
// belongs.
// A1 A page never repeats or skips an operation when new ones come in: the cursor is a place in the
// chain. The place of an operation is the number of its line: a top-up that was asked for long
// before it came stands where it came.
// A2 Sums leave out refunds, the person's own top-ups and withdrawals, and corrections.
#include "activity/activity_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, WALK_MAX = 5000, CURSOR_BYTES = 24, UNMOVED_MAX = 500 };
static const int64_t DAY_US = INT64_C(86400000000);

bool activity_month_bounds(int32_t month, int64_t *out_from_us, int64_t *out_to_us)
{
    char text[32];
    int64_t noon;
    const int32_t y = month / 100, m = month % 100;
    if (y < 2000 || y > 9999 || m < 1 || m > 12)
        return false;
    snprintf(text, sizeof text, "%04d-%02d-01T04:00:00Z", y % 10000, m % 100);
    if (!time_parse_utc(&noon, text))
        return false;
    *out_from_us = time_business_day_start(noon);
    int64_t end = *out_from_us + 28 * DAY_US;
    while (time_business_date(end) / 100 == month)
        end += DAY_US;
    *out_to_us = end;
    return true;
}

// --- cursor: the last chain line looked at, the last number given out, and a mark of the filters
// ---

struct place {
    int64_t line_seq;  // before_seq of the statement; 0 = from the newest
    int64_t given_seq; // everything from here on was given out; 0 = nothing
};

static uint64_t filter_mark(const struct activity_query *query)
{
    uint64_t mark = UINT64_C(1469598103934665603);
    char text[64];
    snprintf(text, sizeof text, "%lld %d %d %d ", (long long)query->account, query->month,
             (int)query->kind, query->direction);
    for (const char *p = text; *p != '\0'; p++)
        mark = (mark ^ (unsigned char)*p) * UINT64_C(1099511628211);
    for (const char *p = query->text != NULL ? query->text : ""; *p != '\0'; p++)
        mark = (mark ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return mark;
}

static const char *make_cursor(const struct activity *activity, struct arena *arena,
                               const struct activity_query *query, const struct place *place)
{
    uint8_t plain[CURSOR_BYTES];
    const uint64_t mark = filter_mark(query);
    memcpy(plain, &place->line_seq, 8);
    memcpy(plain + 8, &place->given_seq, 8);
    memcpy(plain + 16, &mark, 8);
    char *text = arena_alloc(arena, VAULT_OPAQUE_TEXT(sizeof plain));
    vault_opaque_make(activity->vault, text, "bills", query->owner, plain, sizeof plain);
    return text;
}

static enum code read_cursor(struct place *out, const struct activity *activity,
                             const struct activity_query *query, struct problem *problem)
{
    uint8_t plain[CURSOR_BYTES];
    uint64_t mark = 0;
    *out = (struct place){0};
    if (query->cursor == NULL)
        return OK;
    const bool ours = vault_opaque_open(activity->vault, plain, sizeof plain, "bills", query->owner,
                                        query->cursor);
    if (ours)
        memcpy(&mark, plain + 16, 8);
    if (!ours || mark != filter_mark(query)) {
        (void)problem_set(problem, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
        return problem_field(problem, "/cursor", CODE_REQUEST_INVALID, "cursor");
    }
    memcpy(&out->line_seq, plain, 8);
    memcpy(&out->given_seq, plain + 8, 8);
    return OK;
}

// --- filters ---

// ASCII letters match in either case; other characters exactly.
static bool contains(const char *text, const char *part)
{
    const size_t size = strlen(part);
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (i < size && text[i] != '\0' &&
               (text[i] == part[i] || ((text[i] ^ part[i]) == 0x20 && (text[i] | 0x20) >= 'a' &&
                                       (text[i] | 0x20) <= 'z')))
            i++;
        if (i == size)
            return true;
    }
    return size == 0;
}

static bool matches_text(const struct activity_operation *row, const char *text)
{
    char amount[MONEY_TEXT_SIZE], grouped[MONEY_TEXT_SIZE];
    if (text == NULL || text[0] == '\0')
        return true;
    money_format(amount, row->currency, row->amount);
    money_format_grouped(grouped, row->currency, row->amount);
    return contains(row->counterparty.name, text) || contains(row->counterparty.name_en, text) ||
           contains(row->counterparty.detail, text) || contains(row->memo, text) ||
           contains(amount, text) || contains(grouped, text);
}

static bool matches_entry(const struct activity_query *query, const struct books_entry *entry)
{
    if (query->kind != 0 && entry->kind != query->kind)
        return false;
    const bool out = entry->payer == query->account;
    return query->direction == 0 || (query->direction == ACTIVITY_OUT) == out;
}

// --- walking ---

struct walk {
    struct db *db;
    const struct activity *activity;
    struct arena *arena;
    const struct activity_query *query;
    struct activity_page *page;
    struct place place;
    int64_t from_us, to_us;
    struct books_entry *loose; // operations without transfers, newest first
    size_t loose_count, loose_next;
    size_t walked;
    bool full, more;
};

// `place` = number of its line, or its own when it has none.
static enum code give(struct walk *walk, const struct books_entry *entry, int64_t place)
{
    struct activity_operation row;
    if (walk->place.given_seq != 0 && place >= walk->place.given_seq)
        return OK;
    if (entry->at_us < walk->from_us || entry->at_us >= walk->to_us ||
        !matches_entry(walk->query, entry))
        return OK;
    GUARD(activity_view(&row, walk->db, walk->activity, walk->arena, walk->query->account, entry));
    if (!matches_text(&row, walk->query->text))
        return OK;
    if (walk->page->count == walk->query->limit) {
        walk->full = true;
        return OK;
    }
    walk->page->rows[walk->page->count++] = row;
    walk->place.given_seq = place;
    return OK;
}

static enum code give_loose_above(struct walk *walk, int64_t seq)
{
    while (walk->loose_next < walk->loose_count && walk->loose[walk->loose_next].seq > seq) {
        const struct books_entry *entry = &walk->loose[walk->loose_next];
        GUARD(give(walk, entry, entry->seq));
        if (walk->full)
            return OK;
        walk->loose_next++;
    }
    return OK;
}

static int newest_first(const void *a, const void *b)
{
    const int64_t x = ((const struct books_entry *)a)->seq;
    const int64_t y = ((const struct books_entry *)b)->seq;
    return x > y ? -1 : x < y;
}

// Open ones that hold no money, and those that ended without a transfer.
static enum code load_loose(struct walk *walk)
{
    struct books_entry *open;
    size_t open_count, ended_count = UNMOVED_MAX;
    int64_t *ended = arena_alloc(walk->arena, UNMOVED_MAX * sizeof *ended);
    const int64_t account = walk->query->account;
    GUARD(activity_store_unmoved(walk->db, account, walk->place.given_seq, ended, &ended_count));
    GUARD(books_journal_open_of(&open, &open_count, walk->db, walk->arena, account));
    walk->loose = arena_alloc(walk->arena, (open_count + ended_count + 1) * sizeof *walk->loose);
    for (size_t i = 0; i < open_count; i++)
        if (open[i].hold == 0)
            walk->loose[walk->loose_count++] = open[i];
    for (size_t i = 0; i < ended_count; i++)
        GUARD(books_journal_by_seq(&walk->loose[walk->loose_count++], walk->db, walk->arena,
                                   ended[i]));
    qsort(walk->loose, walk->loose_count, sizeof *walk->loose, newest_first);
    return OK;
}

static enum code give_batch(struct walk *walk, const struct books_line *lines, size_t count)
{
    for (size_t i = 0; i < count && !walk->full; i++) {
        GUARD(give_loose_above(walk, lines[i].seq));
        if (!walk->full && lines[i].has_entry)
            GUARD(give(walk, &lines[i].entry, lines[i].seq));
        if (!walk->full)
            walk->place.line_seq = lines[i].seq;
        walk->walked++;
    }
    return OK;
}

static enum code walk_chain(struct walk *walk)
{
    for (;;) {
        struct books_line *lines;
        size_t count;
        const struct books_statement_query query = {.account = walk->query->account,
                                                    .before_seq = walk->place.line_seq,
                                                    .since_us = walk->from_us,
                                                    .limit = BATCH,
                                                    .view = BOOKS_OPERATIONS};
        GUARD(books_statement(&lines, &count, walk->db, walk->arena, &query));
        GUARD(give_batch(walk, lines, count));
        if (walk->full || count < BATCH)
            return walk->full ? OK : give_loose_above(walk, 0);
        if (walk->walked >= WALK_MAX) {
            walk->more = true;
            return OK;
        }
    }
}

enum code activity_list(struct activity_page *out, struct db *db, const struct activity *activity,
                        struct arena *arena, const struct activity_query *query,
                        struct problem *problem)
{
    struct walk walk = {.db = db,
                        .activity = activity,
                        .arena = arena,
                        .query = query,
                        .page = out,
                        .to_us = INT64_MAX};
    *out = (struct activity_page){0};
    out->rows = arena_alloc(arena, query->limit * sizeof *out->rows);
    GUARD(read_cursor(&walk.place, activity, query, problem));
    if (query->month != 0 && !activity_month_bounds(query->month, &walk.from_us, &walk.to_us)) {
        (void)problem_set(problem, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
        return problem_field(problem, "/month", CODE_REQUEST_INVALID, "month");
    }
    GUARD(load_loose(&walk));
    GUARD(walk_chain(&walk));
    out->partial = walk.more;
    if (walk.full || walk.more)
        out->next_cursor = make_cursor(activity, arena, query, &walk.place);
    return OK;
}

// --- month summary ---

static bool counts(const struct books_entry *entry)
{
    return entry->state == BOOKS_SUCCEEDED &&
           (entry->kind == BOOKS_PAYMENT || entry->kind == BOOKS_TRANSFER);
}

static void add_to_day(struct activity_summary *out, const struct books_entry *entry, bool is_out)
{
    const int32_t date = time_business_date(entry->at_us);
    const size_t day = (size_t)(date % 100 - 1);
    if (date / 100 != out->month || day >= out->day_count)
        return;
    int64_t *sum = is_out ? &out->out : &out->in;
    int64_t *day_sum = is_out ? &out->days[day].out : &out->days[day].in;
    if (money_add(sum, *sum, entry->settled) == MONEY_OK)
        (void)money_add(day_sum, *day_sum, entry->settled);
}

enum code activity_month_summary(struct activity_summary *out, struct db *db, struct arena *arena,
                                 int64_t account, int32_t month)
{
    int64_t from_us, to_us, before = 0;
    *out = (struct activity_summary){.month = month};
    ENSURE(activity_month_bounds(month, &from_us, &to_us), CODE_REQUEST_INVALID);
    out->day_count = (size_t)((to_us - from_us) / DAY_US);
    for (size_t i = 0; i < out->day_count; i++)
        out->days[i].date = month * 100 + (int32_t)i + 1;
    for (size_t walked = 0; walked < WALK_MAX; walked += BATCH) {
        struct books_line *lines;
        size_t count;
        const struct books_statement_query query = {.account = account,
                                                    .before_seq = before,
                                                    .since_us = from_us,
                                                    .limit = BATCH,
                                                    .view = BOOKS_OPERATIONS};
        GUARD(books_statement(&lines, &count, db, arena, &query));
        for (size_t i = 0; i < count; i++)
            if (lines[i].has_entry && counts(&lines[i].entry))
                add_to_day(out, &lines[i].entry, lines[i].entry.payer == account);
        if (count < BATCH)
            return OK;
        before = lines[count - 1].seq;
    }
    out->partial = true;
    return OK;
}
