// The list of passwords that leaked: a text file beside the profiles, one entry a line, sorted by
// bytes; searched by halving.
#include "guard/profiles_priv.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 2 * 1024 * 1024, ENTRIES_MIN = 10000 };

static bool fail(char *reason, const char *name, const char *what)
{
    snprintf(reason, 256, "%.100s: %s", name, what);
    return false;
}

static bool read_file(struct blocklist *list, const char *path, size_t *out_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    list->bytes = mem_alloc(FILE_MAX + 1);
    *out_size = fread(list->bytes, 1, FILE_MAX + 1, file);
    (void)fclose(file);
    return *out_size <= FILE_MAX;
}

// Cuts the lines; "#" begins a comment. False: not sorted, or an entry twice.
static bool cut_lines(struct blocklist *list, size_t size)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += list->bytes[i] == '\n' ? 1 : 0;
    list->lines = mem_alloc((lines + 1) * sizeof *list->lines);
    list->bytes[size] = '\0';
    for (char *at = list->bytes, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = '\0';
        if (at[0] == '#' || at[0] == '\0')
            continue;
        if (list->count > 0 && strcmp(list->lines[list->count - 1], at) >= 0)
            return false;
        list->lines[list->count++] = at;
    }
    return true;
}

bool blocklist_load(struct blocklist **out, const char *folder, const char *name, char *reason)
{
    char path[1024];
    size_t size = 0;
    if (strchr(name, '/') != NULL)
        return fail(reason, name, "is not a name in the profiles' folder");
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct blocklist *list = mem_alloc(sizeof *list);
    bool good = read_file(list, path, &size) || fail(reason, name, "cannot be read, or too large");
    good = good && (cut_lines(list, size) || fail(reason, name, "is not sorted"));
    good = good && (list->count >= ENTRIES_MIN || fail(reason, name, "has too few entries"));
    if (!good)
        blocklist_free(&list);
    *out = list;
    return good;
}

void blocklist_free(struct blocklist **list)
{
    if (*list == NULL)
        return;
    mem_free((*list)->bytes);
    mem_free((*list)->lines);
    mem_free(*list);
    *list = NULL;
}

bool blocklist_holds(const struct blocklist *list, const char *text)
{
    size_t from = 0, to = list->count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int order = strcmp(text, list->lines[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}
