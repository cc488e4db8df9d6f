// api_maintenance: is service closed now? Opening asks the database each time; what people do with
// their wallets asks a value that the event tail keeps fresh (a second old at most).
#ifndef API_API_MAINTENANCE_H
#define API_API_MAINTENANCE_H

#include "api/api.h"
#include "guard/guard_maintenance.h"

// False: the reply is set (503 maintenance with its end). For steps of an opening (worker routes).
bool api_opening_open(struct net_exchange *x);
// The same for everything else: closed only by maintenance of everything. Any thread.
bool api_service_open(struct net_exchange *x);
// Reads it again; called by the tail.
void api_maintenance_look(struct api *api, struct db *db, int64_t now_us);

#endif
