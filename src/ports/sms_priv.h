// sms_priv: an opened SMS route; stays inside this room.
#ifndef PORTS_SMS_PRIV_H
#define PORTS_SMS_PRIV_H

#include "ports/ports_priv.h"

enum { SMS_HEADERS_MAX = 12 };

enum sms_driver { SMS_SANDBOX, SMS_KANNEL, SMS_TEMPLATE };
struct ports_sms {
    enum sms_driver driver;
    struct ports_peer peer; // base_url: of the sandbox, of sendsms, the template's whole URL
    char route[16];
    char username[64], from[32], smsc[32]; // Kannel
    char secret[256];
    json_t *config; // the template's part of the file
    bool form;      // the body is a form, not JSON
};

#endif
