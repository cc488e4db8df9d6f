// Identity documents of an opening: how they come in and how they are shown.
#include "api/api_opening.h"

static void write_date(struct net_json_writer *w, const char *key, int32_t date,
                       struct arena *arena)
{
    net_json_string(
        w, key, arena_format(arena, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100));
}

void api_write_identity(struct net_json_writer *w, const struct onboard_application *a,
                        struct arena *arena)
{
    char masked[PARTY_NAME_MAX];
    if (!a->has_identity) {
        net_json_null(w, "identity");
        return;
    }
    net_json_begin_object(w, "identity");
    party_mask_name(masked, a->name);
    net_json_string(w, "name_masked", masked);
    party_mask_id_number(masked, a->id_number);
    net_json_string(w, "id_masked", masked);
    net_json_string(w, "sex", a->sex == PARTY_FEMALE ? "female" : "male");
    write_date(w, "birth_date", a->birth_date, arena);
    net_json_string(w, "document", party_document_name(a->document));
    if (a->document_until == 0)
        net_json_null(w, "valid_until");
    else if (a->document_until == PARTY_LONG_TERM)
        net_json_string(w, "valid_until", "long-term");
    else
        write_date(w, "valid_until", a->document_until, arena);
    net_json_end_object(w);
}

static void write_photos(struct net_json_writer *w, const char *key, uint32_t kinds)
{
    net_json_begin_array(w, key);
    for (int kind = DESK_ID_FRONT; kind <= DESK_OTHER; kind++)
        if ((kinds >> kind & 1) != 0)
            net_json_string(w, NULL, desk_document_kind_name((enum desk_document_kind)kind));
    net_json_end_array(w);
}

void api_write_photos(struct net_json_writer *w, const struct onboard_application *a)
{
    net_json_begin_object(w, "photos");
    write_photos(w, "asked", a->photos_asked);
    write_photos(w, "have", a->photos);
    net_json_bool(w, "missing", a->photos_missing);
    net_json_end_object(w);
}

struct identity_body {
    const char *name, *id_number, *document, *valid_until, *birth_date, *sex;
};
static const struct net_json_field IDENTITY_FIELDS[] = {
    {"name", NET_JSON_TEXT, true, offsetof(struct identity_body, name), 1, PARTY_NAME_MAX, NULL,
     NULL, 0},
    {"id_number", NET_JSON_TEXT, true, offsetof(struct identity_body, id_number), 1, 64, NULL, NULL,
     0},
    {"document", NET_JSON_TEXT, false, offsetof(struct identity_body, document), 1, 32, NULL, NULL,
     0},
    {"valid_until", NET_JSON_TEXT, false, offsetof(struct identity_body, valid_until), 1, 16, NULL,
     NULL, 0},
    {"birth_date", NET_JSON_TEXT, false, offsetof(struct identity_body, birth_date), 1, 16, NULL,
     NULL, 0},
    {"sex", NET_JSON_CHOICE, false, offsetof(struct identity_body, sex), 0, 0, "male|female", NULL,
     0},
};

static void take_document(struct onboard_document *out, const struct identity_body *body)
{
    *out = (struct onboard_document){
        .kind = body->document == NULL ? PARTY_RESIDENT_ID : party_document_parse(body->document),
        .name = body->name,
        .id_number = body->id_number,
        .valid_until = api_date(body->valid_until),
        .birth_date = api_date(body->birth_date)};
    if (body->valid_until != NULL && text_equal(body->valid_until, "long-term"))
        out->valid_until = PARTY_LONG_TERM;
    if (body->sex != NULL)
        out->sex = text_equal(body->sex, "female") ? PARTY_FEMALE : PARTY_MALE;
}

bool api_read_document(struct net_exchange *x, struct onboard_document *out)
{
    struct identity_body body = {0};
    if (!API_READ(x, &body, IDENTITY_FIELDS))
        return false;
    take_document(out, &body);
    return true;
}
