// guard_sms: market facts about SMS as data — what a carrier's report means, the texts, and which
// numbers are sent to (profiles sms-receipts, sms-templates, sms-limits, cn-phone-segments).
#ifndef GUARD_GUARD_SMS_H
#define GUARD_GUARD_SMS_H

#include "guard/guard.h"

// Stronger ones have greater numbers.
enum guard_receipt_class {
    GUARD_RECEIPT_NONE = 0, // nothing known
    GUARD_RECEIPT_ACCEPTED, // by the carrier: on its way
    GUARD_RECEIPT_UNMAPPED, // a report that no row explains
    GUARD_RECEIPT_SILENT,   // the carrier itself has no report
    GUARD_RECEIPT_ROUTE,    // failed: another route may do better
    GUARD_RECEIPT_NUMBER,   // failed: the number cannot receive
    GUARD_RECEIPT_DELIVERED,
};
struct guard_receipt {
    const char *code;
    enum guard_receipt_class class;
    int32_t cause;  // 5 … 12 = C05 … C12; 0 = none
    bool temporary; // of the number: it may come back
    bool alarm;     // our own text or template: the operator must look
    bool empty;     // the number does not exist
    bool ported;    // the number has changed its carrier
};
// NULL = not in the table.
const struct guard_receipt *guard_receipt(const struct guard_profiles *profiles, const char *code,
                                          int32_t date);

// Text of a purpose with {signature}, {code} and {minutes}; an unknown purpose gets the neutral
// one.
const char *guard_sms_template(const struct guard_profiles *profiles, const char *purpose,
                               bool english, int32_t date);
// What is done with a class of numbers before sending.
enum guard_phone_policy guard_phone_policy(const struct guard_profiles *profiles,
                                           enum guard_phone_class class, int32_t date);

#endif
