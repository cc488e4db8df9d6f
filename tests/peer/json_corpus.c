// rooms: net base
// JSONTestSuite (a selection, ../shared/corpora/json) against the strict reader: y_ taken, n_
// refused in at most 1 ms, i_ (implementation-defined) refused, all of them.
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/net.h"

// Valid JSON that we refuse: reals (money is text) and duplicate keys.
static const char *const STRICTER[] = {
    "y_number_0e1.json",
    "y_number_real_capital_e_neg_exp.json",
    "y_number_real_fraction_exponent.json",
    "y_number_real_neg_exp.json",
    "y_number_simple_real.json",
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
};

static int passed, failed;

static bool in_list(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(list[i], name))
            return true;
    return false;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void try(const char *folder, const char *name)
{
    static char bytes[1 << 20];
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        failed++;
        return;
    }
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    int64_t took = INT64_MAX;
    bool taken = false;
    // The best of three: another program may hold the processor for longer than the bound.
    for (int i = 0; i < 3; i++) {
        struct net_json *json = NULL;
        const int64_t start = now_us();
        taken = net_json_parse(&json, bytes, size) == OK;
        const int64_t once = now_us() - start;
        took = once < took ? once : took;
        if (taken)
            net_json_free(&json);
    }
    const bool wanted =
        name[0] == 'y' && !in_list(STRICTER, sizeof STRICTER / sizeof STRICTER[0], name);
    const bool good = taken == wanted && (taken || size > 65536 || took <= 1000);
    *(good ? &passed : &failed) += 1;
    if (!good)
        printf("FAIL %s: %s in %lld us\n", name, taken ? "taken" : "refused", (long long)took);
}

int main(void)
{
    static const char folder[] = SOURCE_DIR "/../shared/corpora/json";
    DIR *list = opendir(folder);
    if (list == NULL) {
        printf("skipped: ../shared/corpora/json is absent\n");
        return 77;
    }
    struct dirent *entry;
    while ((entry = readdir(list)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot != NULL && text_equal(dot, ".json"))
            try(folder, entry->d_name);
    }
    closedir(list);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 100 ? 0 : 1;
}
