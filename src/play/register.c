// The identity register of the sandbox, and the phones that the play bank has on file.
#include "play/play_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct asked {
    struct id id;
    const char *name, *id_number, *phone;
};

struct answer {
    const char *status, *class; // class NULL = match
};

static struct answer compare(const struct asked *asked, const char *name, const char *on_file)
{
    if (name[0] == '\0')
        return (struct answer){"not_found", "document"};
    if (!text_equal(name, asked->name))
        return (struct answer){"mismatch", "name"};
    if (asked->phone != NULL && !text_equal(on_file, asked->phone))
        return (struct answer){"mismatch", "phone"};
    return (struct answer){"match", NULL};
}

static enum net_step post_identity(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {{.name = "id",
                                                    .kind = NET_JSON_ID,
                                                    .required = true,
                                                    .offset = offsetof(struct asked, id),
                                                    .choices = ""},
                                                   {.name = "name",
                                                    .kind = NET_JSON_TEXT,
                                                    .required = true,
                                                    .offset = offsetof(struct asked, name),
                                                    .min = 1,
                                                    .max = 127},
                                                   {.name = "id_number",
                                                    .kind = NET_JSON_TEXT,
                                                    .required = true,
                                                    .offset = offsetof(struct asked, id_number),
                                                    .min = 1,
                                                    .max = 18},
                                                   {.name = "phone",
                                                    .kind = NET_JSON_TEXT,
                                                    .offset = offsetof(struct asked, phone),
                                                    .min = 1,
                                                    .max = 20}};
    struct play *play = play_of(x);
    struct asked asked = {0};
    struct problem problem = {0};
    char name[128], on_file[12] = "";
    if (net_read_json(x, &asked, fields, COUNT(fields), &problem) != OK)
        return net_reply_problem(x, &problem);
    pthread_mutex_lock(&play->lock);
    enum code code = play_identity_name(play, asked.id_number, name);
    if (code == OK)
        code = play_on_file(play, asked.id_number, on_file);
    pthread_mutex_unlock(&play->lock);
    if (code != OK)
        return net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    const struct answer answer = compare(&asked, name, on_file);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_id(w, "id", "", &asked.id);
    net_json_string(w, "status", answer.status);
    if (answer.class != NULL)
        net_json_string(w, "class", answer.class);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- what the sandbox pages read and set
// ------------------------------------------------------------

static bool write_registered(void *context, const struct play_registered *person)
{
    struct net_json_writer *w = context;
    net_json_begin_object(w, NULL);
    net_json_string(w, "id_number", person->id_number);
    net_json_string(w, "name", person->name);
    net_json_string(w, "phone", person->phone);
    net_json_end_object(w);
    return true;
}

static enum net_step get_register(struct net_exchange *x)
{
    struct play *play = play_of(x);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    pthread_mutex_lock(&play->lock);
    const enum code code = play_register(play, write_registered, w);
    pthread_mutex_unlock(&play->lock);
    net_json_end_array(w);
    net_json_end_object(w);
    return code == OK ? net_reply_json(x, 200) : net_reply_code(x, code, CHARGED_NOT_INVOLVED);
}

static enum code set_on_file(struct play *play, void *context)
{
    const struct asked *wish = context;
    char name[128];
    GUARD(play_identity_name(play, wish->id_number, name));
    ENSURE(name[0] != '\0', CODE_NOT_FOUND);
    return play_on_file_set(play, wish->id_number, wish->phone);
}

static enum net_step put_on_file(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {{.name = "id_number",
                                                    .kind = NET_JSON_TEXT,
                                                    .required = true,
                                                    .offset = offsetof(struct asked, id_number),
                                                    .min = 18,
                                                    .max = 18},
                                                   {.name = "phone",
                                                    .kind = NET_JSON_TEXT,
                                                    .required = true,
                                                    .offset = offsetof(struct asked, phone),
                                                    .min = 11,
                                                    .max = 11}};
    struct asked wish = {0};
    struct problem problem = {0};
    if (net_read_json(x, &wish, fields, COUNT(fields), &problem) != OK)
        return net_reply_problem(x, &problem);
    const enum code code = text_all_digits(wish.phone) ? play_change(play_of(x), set_on_file, &wish)
                                                       : CODE_REQUEST_INVALID;
    return code == OK ? get_register(x) : net_reply_code(x, code, CHARGED_NOT_INVOLVED);
}

const struct net_route PLAY_REGISTER_ROUTES[] = {
    {"POST", "/identity", "identity", post_identity, 0, 0, NULL},
    {"GET", "/sandbox/api/register", "register", get_register, NET_NO_LOG, 0, NULL},
    {"PUT", "/sandbox/api/register", "setOnFile", put_on_file, 0, 0, NULL},
};
const size_t PLAY_REGISTER_ROUTE_COUNT = COUNT(PLAY_REGISTER_ROUTES);
