// The seed file: play people, their cards, one shop.
#include "play/play_priv.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 65536 };

static bool take_text(char *out, size_t capacity, const struct net_json *object, const char *name)
{
    const char *text = net_json_as_text(net_json_member(object, name));
    return text != NULL && text_copy(out, capacity, text);
}

static bool take_card(struct play_card *out, const struct net_json *card)
{
    return take_text(out->card_number, sizeof out->card_number, card, "card_number") &&
           take_text(out->bank, sizeof out->bank, card, "bank") &&
           net_json_as_int(&out->balance, net_json_member(card, "balance")) && out->balance >= 0 &&
           text_luhn_valid(out->card_number);
}

static bool take_person(struct play_person *out, const struct net_json *person)
{
    const struct net_json *cards = net_json_member(person, "cards");
    out->card_count = net_json_size(cards);
    if (!take_text(out->name, sizeof out->name, person, "name") ||
        !take_text(out->id_number, sizeof out->id_number, person, "id_number") ||
        !take_text(out->phone, sizeof out->phone, person, "phone") ||
        !take_text(out->password, sizeof out->password, person, "password") ||
        !take_text(out->pin, sizeof out->pin, person, "pin") ||
        !net_json_as_bool(&out->opened, net_json_member(person, "opened")) ||
        !net_json_as_int(&out->balance, net_json_member(person, "balance")) ||
        out->card_count > sizeof out->cards / sizeof out->cards[0])
        return false;
    (void)take_text(out->document, sizeof out->document, person, "document");
    (void)take_text(out->valid_until, sizeof out->valid_until, person, "valid_until");
    (void)take_text(out->birth_date, sizeof out->birth_date, person, "birth_date");
    (void)take_text(out->sex, sizeof out->sex, person, "sex");
    for (size_t i = 0; i < out->card_count; i++)
        if (!take_card(&out->cards[i], net_json_item(cards, i)))
            return false;
    return true;
}

static bool take_world(struct play_world *out, const struct net_json *root)
{
    const struct net_json *people = net_json_member(root, "people");
    const struct net_json *shop = net_json_member(root, "shop");
    *out = (struct play_world){.person_count = net_json_size(people)};
    if (out->person_count == 0 || out->person_count > sizeof out->people / sizeof out->people[0])
        return false;
    for (size_t i = 0; i < out->person_count; i++)
        if (!take_person(&out->people[i], net_json_item(people, i)))
            return false;
    return shop != NULL && take_text(out->shop.name, sizeof out->shop.name, shop, "name") &&
           take_text(out->shop.name_en, sizeof out->shop.name_en, shop, "name_en") &&
           take_text(out->shop.merchant_key, sizeof out->shop.merchant_key, shop, "merchant_key");
}

enum code play_world_load(struct play_world *out, const char *seed_file)
{
    FILE *file = fopen(seed_file, "rb");
    if (file == NULL) {
        log_event(LOG_ERROR, "play.seed_file_missing", LOG_TEXT("path", seed_file));
        return CODE_INTERNAL;
    }
    char *text = mem_alloc(FILE_MAX);
    const size_t size = fread(text, 1, FILE_MAX - 1, file);
    fclose(file);
    struct net_json *root = NULL;
    const bool good = net_json_parse(&root, text, size) == OK && take_world(out, root);
    net_json_free(&root);
    mem_free(text);
    if (!good)
        log_event(LOG_ERROR, "play.seed_file_bad", LOG_TEXT("path", seed_file));
    return good ? OK : CODE_INTERNAL;
}
