// rooms: net base
// Static files: types, precompressed forms, caching, fallback, policies, and no way out of the
// folder.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <cmocka.h>

#include "net/net.h"
#include "peer/wire.h"

static struct wire_result result;
static struct net_server *server;
static char root[] = "/tmp/tongbao-files-XXXXXX";
static char app[300], docs[300], secret[300];

static void put(const char *folder, const char *name, const char *text)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static enum net_step api(struct net_exchange *x)
{
    return net_reply(x, 200, "text/plain", "api", 3);
}

static const struct net_route ROUTES[] = {{"GET", "/api/v1/x", "x", api, NET_INLINE, 0, NULL}};

static void get(const char *path, const char *headers)
{
    struct buffer text = {0};
    buffer_format(&text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, headers);
    const int fd = wire_connect(net_server_port(server));
    assert_true(fd >= 0);
    wire_send(fd, text.data, text.size, 0);
    wire_read(fd, &result, 2000, 50);
    close(fd);
    buffer_free(&text);
    assert_int_equal(result.answers, 1);
}

static bool has(const char *text)
{
    return strstr(result.bytes, text) != NULL;
}

static void serves_pages_and_assets(void **state)
{
    (void)state;
    get("/", "");
    assert_true(has("<p>app</p>") && has("Content-Type: text/html; charset=utf-8\r\n"));
    assert_true(has("Cache-Control: no-cache\r\n") && has("trusted-types vue tongbao-sw"));
    assert_true(has("Permissions-Policy: camera=(self)") &&
                has("X-Content-Type-Options: nosniff\r\n"));
    get("/sw.js", "");
    assert_true(has("Cache-Control: no-cache\r\n") && has("text/javascript"));
    get("/assets/index-BxK3a9_Z.js", "");
    assert_true(has("Cache-Control: public, max-age=31536000, immutable\r\n") && has("plain"));
    get("/assets/plain.js", "");
    assert_true(has("Cache-Control: no-cache\r\n"));
    get("/zxing.wasm", "");
    assert_true(has("Content-Type: application/wasm\r\n"));
    get("/manifest.webmanifest", "");
    assert_true(has("Content-Type: application/manifest+json\r\n"));
}

static void chooses_the_precompressed_form(void **state)
{
    (void)state;
    static const struct {
        const char *accept, *body, *coding;
    } cases[] = {
        {"gzip, deflate, br", "brotli", "Content-Encoding: br\r\n"},
        {"gzip", "gzipped", "Content-Encoding: gzip\r\n"},
        {"br;q=0, gzip;q=0.5", "gzipped", "Content-Encoding: gzip\r\n"},
        {"br;q=0", "plain", NULL},
        {"deflate", "plain", NULL},
        {"brx", "plain", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[80];
        (void)snprintf(header, sizeof header, "Accept-Encoding: %s\r\n", cases[i].accept);
        get("/assets/index-BxK3a9_Z.js", header);
        assert_true(has(cases[i].body) && has("Vary: Accept-Encoding\r\n"));
        assert_true(cases[i].coding != NULL ? has(cases[i].coding) : !has("Content-Encoding"));
    }
    get("/assets/index-BxK3a9_Z.js.br", "");
    assert_int_equal(result.status[0], 404);
}

static void knows_what_the_client_has(void **state)
{
    (void)state;
    get("/", "");
    const char *at = strstr(result.bytes, "ETag: ");
    assert_non_null(at);
    char header[80];
    (void)snprintf(header, sizeof header, "If-None-Match: %.18s\r\n", at + 6);
    get("/", header);
    assert_int_equal(result.status[0], 304);
    assert_false(has("<p>"));
    get("/", "If-None-Match: \"0000000000000000\"\r\n");
    assert_int_equal(result.status[0], 200);
}

static void falls_back_only_for_pages(void **state)
{
    (void)state;
    get("/bills/txn_1", "");
    assert_true(has("<p>app</p>"));
    get("/missing.js", "");
    assert_int_equal(result.status[0], 404);
    get("/api/v1/none", "");
    assert_int_equal(result.status[0], 404);
    assert_true(has("application/problem+json"));
    get("/api/v1/x", "");
    assert_true(has("\r\n\r\napi"));
    get("/docs/none", "");
    assert_int_equal(result.status[0], 404);
    get("/docs/", "");
    assert_true(has("<p>docs</p>") && has("style-src 'self' 'unsafe-inline'"));
}

static void nothing_outside_the_folder(void **state)
{
    (void)state;
    static const char *const paths[] = {"/../secret.txt",
                                        "/%2e%2e/secret.txt",
                                        "/docs/../../secret.txt",
                                        "/docs/..%2fsecret.txt",
                                        "/link.txt",
                                        "/.hidden",
                                        "/assets/..%5c..%5csecret.txt",
                                        "//etc/passwd.x",
                                        "/assets/%2e%2e/%2e%2e/secret.txt"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        get(paths[i], "");
        assert_false(has("TOPSECRET"));
        assert_true(result.status[0] == 404);
    }
}

static void a_missing_folder_does_not_start(void **state)
{
    (void)state;
    const struct net_static gone = {"/", "/nonexistent", NULL, NULL};
    const struct net_options options = {
        .routes = ROUTES, .route_count = 1, .statics = &gone, .static_count = 1};
    struct net_server *other = NULL;
    log_set_level(LOG_ERROR + 1);
    assert_int_equal(net_server_start(&other, &options), CODE_INTERNAL);
    log_set_level(LOG_ERROR);
}

static int start(void **state)
{
    (void)state;
    char path[400];
    log_set_level(LOG_ERROR);
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(app, sizeof app, "%s/app", root);
    (void)snprintf(docs, sizeof docs, "%s/docs", root);
    (void)snprintf(path, sizeof path, "%s/assets", app);
    if (mkdir(app, 0700) != 0 || mkdir(docs, 0700) != 0 || mkdir(path, 0700) != 0)
        return -1;
    put(root, "secret.txt", "TOPSECRET");
    put(app, "index.html", "<p>app</p>");
    put(app, "sw.js", "sw");
    put(app, ".hidden", "TOPSECRET");
    put(app, "zxing.wasm", "wasm");
    put(app, "manifest.webmanifest", "{}");
    put(app, "assets/plain.js", "1");
    put(app, "assets/index-BxK3a9_Z.js", "plain");
    put(app, "assets/index-BxK3a9_Z.js.br", "brotli");
    put(app, "assets/index-BxK3a9_Z.js.gz", "gzipped");
    put(docs, "index.html", "<p>docs</p>");
    (void)snprintf(secret, sizeof secret, "%s/secret.txt", root);
    (void)snprintf(path, sizeof path, "%s/link.txt", app);
    if (symlink(secret, path) != 0)
        return -1;
    static struct net_static mounts[2];
    mounts[0] = (struct net_static){"/", app, "index.html", NULL};
    mounts[1] = (struct net_static){"/docs/", docs, NULL, net_csp_docs};
    const struct net_options options = {
        .routes = ROUTES, .route_count = 1, .statics = mounts, .static_count = 2};
    return net_server_start(&server, &options) == OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    char command[400];
    net_server_stop(&server);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_pages_and_assets),
        cmocka_unit_test(chooses_the_precompressed_form),
        cmocka_unit_test(knows_what_the_client_has),
        cmocka_unit_test(falls_back_only_for_pages),
        cmocka_unit_test(nothing_outside_the_folder),
        cmocka_unit_test(a_missing_folder_does_not_start),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
