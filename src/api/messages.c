// The inbox.
#include "api/api.h"

enum { PAGE_DEFAULT = 20, PAGE_MAX = 100 };

struct page {
    struct net_exchange *x;
    struct net_json_writer *w;
    size_t limit, count;
    struct id last;
    bool more;
};

static void write_notice(struct page *page, const struct party_notice *notice)
{
    struct net_json_writer *w = page->w;
    struct buffer title = {0}, body = {0};
    party_notice_text(notice, net_english(page->x), &title, &body);
    net_json_begin_object(w, NULL);
    net_json_id(w, "id", "msg", &notice->id);
    net_json_string(w, "group", party_notice_group_name(notice->group));
    net_json_string(w, "kind", notice->kind);
    net_json_string(w, "title", title.data != NULL ? title.data : "");
    net_json_string(w, "body", body.data != NULL ? body.data : "");
    net_json_time(w, "at", notice->at_us);
    net_json_bool(w, "read", notice->read_us != 0);
    net_json_string(w, "link", notice->link[0] != '\0' ? notice->link : NULL);
    net_json_end_object(w);
    buffer_free(&title);
    buffer_free(&body);
}

// One more than asked for is read: it only says that there is more.
static bool visit(void *context, const struct party_notice *notice)
{
    struct page *page = context;
    if (page->count == page->limit) {
        page->more = true;
        return false;
    }
    write_notice(page, notice);
    page->last = notice->id;
    page->count++;
    return true;
}

static bool read_limit(struct net_exchange *x, size_t *out)
{
    const char *text = net_query(x, "limit");
    int64_t limit = PAGE_DEFAULT;
    if (text != NULL && (!text_to_int64(&limit, text) || limit < 1 || limit > PAGE_MAX)) {
        (void)net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
        return false;
    }
    *out = (size_t)limit;
    return true;
}

static bool read_cursor(struct net_exchange *x, int64_t person, struct id *out)
{
    const char *cursor = net_query(x, "cursor");
    if (cursor == NULL)
        return true;
    if (vault_opaque_open(api_of(x)->vault, out->bytes, sizeof out->bytes, "messages", person,
                          cursor))
        return true;
    (void)net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    return false;
}

static enum net_step list_messages(struct net_exchange *x)
{
    struct party_session session;
    struct page page = {.x = x};
    struct id before = {{0}};
    if (!api_session(x, &session) || !read_limit(x, &page.limit) ||
        !read_cursor(x, session.person, &before))
        return NET_DONE;
    page.w = net_reply_writer(x);
    net_json_begin_object(page.w, NULL);
    net_json_begin_array(page.w, "data");
    struct db *db = api_take(x);
    const enum code code = party_notices_list(db, api_of(x)->vault, session.person, &before,
                                              page.limit + 1, visit, &page);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    net_json_end_array(page.w);
    char cursor[VAULT_OPAQUE_TEXT(sizeof page.last.bytes)];
    vault_opaque_make(api_of(x)->vault, cursor, "messages", session.person, page.last.bytes,
                      sizeof page.last.bytes);
    net_json_string(page.w, "next_cursor", page.more ? cursor : NULL);
    net_json_end_object(page.w);
    return net_reply_json(x, 200);
}

struct reading {
    int64_t person, now_us;
};

static enum code read_run(struct db *db, void *context, struct problem *problem)
{
    const struct reading *reading = context;
    (void)problem;
    return party_notices_read(db, reading->person, reading->now_us);
}

static enum net_step read_messages(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session(x, &session) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    struct reading reading = {session.person, net_started_us(x)};
    struct api_change change = {.run = read_run, .context = &reading};
    const enum code code = api_change(x, &change);
    return code == OK ? net_reply_empty(x, 204) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/messages", "listMessages", list_messages, 0, 0, NULL},
    {"POST", "/api/v1/messages/read", "readMessages", read_messages, 0, 0, NULL},
};
API_TABLE(API_MESSAGES, ROUTES);
