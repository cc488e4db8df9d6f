// api_opening: what the endpoints of an opening share (applications.c, trouble.c, handover.c).
#ifndef API_API_OPENING_H
#define API_API_OPENING_H

#include "api/api.h"
#include "onboard/onboard_trouble.h"

#define API_CURRENT "/api/v1/applications/current"

// "1990-01-31" -> 19900131; 0 when it is NULL, -1 when it is no date of that form.
int32_t api_date(const char *text);
// The members "identity" and "photos" of an application.
void api_write_identity(struct net_json_writer *w, const struct onboard_application *a,
                        struct arena *arena);
void api_write_photos(struct net_json_writer *w, const struct onboard_application *a);
// The document of putIdentity; its texts live with the exchange. False: the reply is set.
bool api_read_document(struct net_exchange *x, struct onboard_document *out);
// The wallet that is to become better: the one of the session. False: the reply is set.
bool api_take_upgrade(struct net_exchange *x, struct onboard_new *in);
// The draft of this browser. False: the reply is set (404).
bool api_draft(struct net_exchange *x, struct onboard_application *out);
// The same without a reply. CODE_NOT_FOUND.
enum code api_draft_peek(struct net_exchange *x, struct onboard_application *out);
enum net_step api_reply_application(struct net_exchange *x, const struct onboard_application *a,
                                    int status);

#endif
