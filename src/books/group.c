// books: the working set of one transaction. Rows come in by bulk reads, are changed in memory by
// decisions, and go out by bulk writes. Everything lives in the caller's arena; nothing is
// allocated one by one outside it.
//
// Invariants: a row is in its map at most once; a row that is `dirty` is in its dirty list exactly
// once.
#include "books/books_priv.h"

#include <assert.h>
#include <string.h>

char BOOKS_ABSENT[1];

// --- map --------------------------------------------------------------------------------------

struct id books_key(int64_t number)
{
    struct id key = {{0}};
    memcpy(key.bytes + 8, &number, sizeof number);
    return key;
}

static size_t slot_of(const struct books_map *map, const struct id *key)
{
    uint64_t high = 0;
    uint64_t low = 0;
    memcpy(&high, key->bytes, sizeof high);
    memcpy(&low, key->bytes + 8, sizeof low);
    const uint64_t hash =
        (high * UINT64_C(0xD6E8FEB86659FD93) ^ low) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(hash >> 32) & (map->capacity - 1);
}

static struct books_slot *find_slot(const struct books_map *map, const struct id *key)
{
    size_t i = slot_of(map, key);
    while (map->slots[i].value != NULL && !id_equal(&map->slots[i].key, key))
        i = (i + 1) & (map->capacity - 1);
    return &map->slots[i];
}

void *books_map_find(const struct books_map *map, const struct id *key)
{
    return map->count == 0 ? NULL : find_slot(map, key)->value;
}

static void map_grow(struct books_map *map, struct arena *arena)
{
    const struct books_map old = *map;
    map->capacity = old.capacity == 0 ? 64 : old.capacity * 4;
    map->slots = arena_alloc(arena, map->capacity * sizeof *map->slots);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].value != NULL)
            *find_slot(map, &old.slots[i].key) = old.slots[i];
}

void books_map_put(struct books_map *map, struct arena *arena, const struct id *key, void *value)
{
    if (map->count * 2 >= map->capacity)
        map_grow(map, arena);
    struct books_slot *slot = find_slot(map, key);
    map->count += slot->value == NULL;
    *slot = (struct books_slot){*key, value};
}

void *books_list_add(struct books_list *list, struct arena *arena, size_t item_size)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 32 : list->capacity * 2;
        void *items = arena_alloc(arena, capacity * item_size);
        if (list->count > 0)
            memcpy(items, list->items, list->count * item_size);
        list->items = items;
        list->capacity = capacity;
    }
    return (char *)list->items + item_size * list->count++;
}

// --- group ------------------------------------------------------------------------------------

enum code books_group_begin(struct books_group **out, struct db *db, struct arena *arena,
                            int64_t now_us)
{
    struct books_group *group = arena_alloc(arena, sizeof *group);
    group->db = db;
    group->arena = arena;
    group->now_us = now_us;
    group->business_date = time_business_date(now_us);
    GUARD(books_store_begin(group));
    *out = group;
    return OK;
}

static void want_number(struct books_group *group, const struct books_map *map,
                        struct books_list *list, int64_t number)
{
    const struct id key = books_key(number);
    if (number <= 0 || books_map_find(map, &key) != NULL)
        return;
    *(int64_t *)books_list_add(list, group->arena, sizeof number) = number;
}

void books_group_want_account(struct books_group *group, int64_t account)
{
    want_number(group, &group->accounts, &group->want_accounts, account);
}

void books_group_want_hold(struct books_group *group, int64_t seq)
{
    want_number(group, &group->holds, &group->want_holds, seq);
}

void books_group_want_journal(struct books_group *group, int64_t seq)
{
    want_number(group, &group->entries, &group->want_entries, seq);
}

void books_group_want_id(struct books_group *group, const struct id *operation_id)
{
    if (books_map_find(&group->entries_by_id, operation_id) == NULL)
        *(struct id *)books_list_add(&group->want_ids, group->arena, sizeof *operation_id) =
            *operation_id;
}

enum code books_group_load(struct books_group *group)
{
    assert(!group->written);
    return books_store_load(group);
}

enum code books_group_write(struct books_group *group)
{
    assert(!group->written);
    group->written = true;
    return group->changed ? books_store_write(group) : OK;
}

// --- rows -------------------------------------------------------------------------------------

struct work_account *books_adopt_account(struct books_group *group, const struct books_account *row)
{
    struct work_account *account = arena_alloc(group->arena, sizeof *account);
    account->row = *row;
    const struct id key = books_key(row->ledger.id);
    books_map_put(&group->accounts, group->arena, &key, account);
    return account;
}

struct work_hold *books_adopt_hold(struct books_group *group, const struct work_hold *hold)
{
    struct work_hold *adopted = arena_alloc(group->arena, sizeof *adopted);
    *adopted = *hold;
    const struct id key = books_key(hold->seq);
    books_map_put(&group->holds, group->arena, &key, adopted);
    return adopted;
}

struct work_entry *books_adopt_entry(struct books_group *group, const struct books_entry *row)
{
    struct work_entry *entry = arena_alloc(group->arena, sizeof *entry);
    entry->row = *row;
    const struct id key = books_key(row->seq);
    books_map_put(&group->entries, group->arena, &key, entry);
    books_map_put(&group->entries_by_id, group->arena, &row->id, entry);
    return entry;
}

static void touch(struct books_group *group, struct books_list *list, bool *dirty, void *row)
{
    group->changed = true;
    if (*dirty)
        return;
    *dirty = true;
    *(void **)books_list_add(list, group->arena, sizeof row) = row;
}

void books_touch_account(struct books_group *group, struct work_account *account)
{
    touch(group, &group->dirty_accounts, &account->dirty, account);
}

void books_touch_hold(struct books_group *group, struct work_hold *hold)
{
    touch(group, &group->dirty_holds, &hold->dirty, hold);
}

void books_touch_entry(struct books_group *group, struct work_entry *entry)
{
    touch(group, &group->dirty_entries, &entry->dirty, entry);
}

static void *present(void *value)
{
    return value == BOOKS_ABSENT ? NULL : value;
}

// Reads on demand, so that a row nobody named beforehand costs time but never correctness.
static enum code find(void **out, struct books_group *group, const struct books_map *map,
                      const struct id *key, struct books_list *want, size_t size)
{
    *out = books_map_find(map, key);
    if (*out == NULL) {
        memcpy(books_list_add(want, group->arena, size), key->bytes + (sizeof *key - size), size);
        GUARD(books_group_load(group));
        *out = books_map_find(map, key);
    }
    *out = present(*out);
    return OK;
}

enum code books_find_work_account(struct work_account **out, struct books_group *group, int64_t id)
{
    void *row = NULL;
    const struct id key = books_key(id);
    if (id > 0)
        GUARD(find(&row, group, &group->accounts, &key, &group->want_accounts, sizeof id));
    *out = row;
    return OK;
}

enum code books_find_work_hold(struct work_hold **out, struct books_group *group, int64_t seq)
{
    void *row = NULL;
    const struct id key = books_key(seq);
    if (seq > 0)
        GUARD(find(&row, group, &group->holds, &key, &group->want_holds, sizeof seq));
    *out = row;
    return OK;
}

enum code books_find_work_entry(struct work_entry **out, struct books_group *group, int64_t seq)
{
    void *row = NULL;
    const struct id key = books_key(seq);
    if (seq > 0)
        GUARD(find(&row, group, &group->entries, &key, &group->want_entries, sizeof seq));
    *out = row;
    return OK;
}

enum code books_find_work_entry_by_id(struct work_entry **out, struct books_group *group,
                                      const struct id *id)
{
    void *row = NULL;
    GUARD(find(&row, group, &group->entries_by_id, id, &group->want_ids, sizeof *id));
    *out = row;
    return OK;
}

enum code books_account(const struct books_account **out, struct books_group *group, int64_t id)
{
    struct work_account *account = NULL;
    GUARD(books_find_work_account(&account, group, id));
    ENSURE(account != NULL, CODE_NOT_FOUND);
    *out = &account->row;
    return OK;
}

// Transfers are looked for only by rare callers (treasury, corrections): first among those of this
// group.
static bool find_made(struct work_transfer *out, const struct books_group *group,
                      const struct id *id, int64_t seq)
{
    const struct work_transfer *made = group->transfers.items;
    for (size_t i = 0; i < group->transfers.count; i++) {
        if (id != NULL ? !id_equal(&made[i].id, id) : made[i].seq != seq)
            continue;
        *out = made[i];
        return true;
    }
    return false;
}

enum code books_find_transfer_by_id(struct work_transfer *out, bool *out_found,
                                    struct books_group *group, const struct id *id)
{
    *out_found = find_made(out, group, id, 0);
    return *out_found ? OK : books_store_transfer_by_id(out, out_found, group->db, id);
}

enum code books_find_transfer_by_seq(struct work_transfer *out, bool *out_found,
                                     struct books_group *group, int64_t seq)
{
    *out_found = find_made(out, group, NULL, seq);
    return *out_found ? OK : books_store_transfer(out, out_found, group->db, seq);
}
