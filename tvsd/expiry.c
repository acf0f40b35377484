#include "expiry.h"

#include "log.h"
#include "remedy.h"

#include <stdio.h>
#include <string.h>

#define DAY          86400
#define SERIAL_SHOWN 20 /* RFC 5280, 4.1.2.2: no serial number is longer */

enum stage { STAGE_NONE, STAGE_NOTICE, STAGE_WARNING, STAGE_URGENT, STAGE_EXPIRED };

/* Whole days until then; less than 0 afterwards. */
static int64_t days_until(time_t then, time_t now)
{
    const int64_t left = (int64_t)then - now;
    return left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY);
}

static enum stage stage_of(time_t end, time_t now)
{
    const int64_t days = days_until(end, now);
    return days < 0     ? STAGE_EXPIRED
           : days <= 7  ? STAGE_URGENT
           : days <= 30 ? STAGE_WARNING
           : days <= 90 ? STAGE_NOTICE
                        : STAGE_NONE;
}

static void say(enum stage stage, const char *unit, const struct trust_cert *cert, const char *remedy,
                time_t now)
{
    static const enum log_event events[] = {[STAGE_NOTICE] = LOG_EV_EXPIRY_NOTICE,
                                            [STAGE_WARNING] = LOG_EV_EXPIRY_WARNING,
                                            [STAGE_URGENT] = LOG_EV_EXPIRY_URGENT,
                                            [STAGE_EXPIRED] = LOG_EV_EXPIRED};
    char hex[2 * SERIAL_SHOWN + 1], day[16] = "";
    struct tm when;
    const time_t end = trust_cert_not_after(cert);
    struct trust_bytes serial = trust_cert_serial(cert);
    if (serial.len > SERIAL_SHOWN)
        serial.len = SERIAL_SHOWN;
    if (gmtime_r(&end, &when) != NULL)
        strftime(day, sizeof day, "%Y-%m-%d", &when);
    const struct log_field fields[] = {
        log_text("unit", unit),
        log_text("subject", trust_name_cucm(trust_cert_subject(cert))),
        log_text("serial", trust_hex(serial, 0, true, hex)),
        log_text("expires", day),
        log_number("days", days_until(end, now)),
        log_text("remedy", remedy),
    };
    log_say(events[stage], fields, sizeof fields / sizeof fields[0]);
}

/* true: there is something to say of that place, which counts as said now. */
static bool is_due(struct expiry_said *said, const struct trust_cert *cert, enum stage stage)
{
    if (memcmp(said->sha256, trust_cert_sha256(cert), sizeof said->sha256) != 0) {
        memcpy(said->sha256, trust_cert_sha256(cert), sizeof said->sha256);
        said->stage = STAGE_NONE;
    }
    /* A clock that was wrong at the start is set back: then it is said again when the day comes. */
    const bool is_due = (int)stage > said->stage;
    said->stage = (int)stage;
    return is_due;
}

static bool is_self_signed(const struct trust_cert *cert)
{
    return strcmp(trust_name_cucm(trust_cert_subject(cert)), trust_name_cucm(trust_cert_issuer(cert))) == 0;
}

static void look_unit(struct expiry *expiry, const struct world *world, const struct trust_unit_info *unit,
                      const struct trust_cert *cert, time_t now)
{
    char phrase[96], command[REMEDY_MAX], remedy[REMEDY_MAX + 100];
    const enum stage stage = stage_of(trust_cert_not_after(cert), now);
    if (!is_due(&expiry->said[unit->unit], cert, stage))
        return;
    snprintf(phrase, sizeof phrase,
             is_self_signed(cert) ? "set cert regen %s" : "set cert import own %s FILE", unit->name);
    snprintf(
        remedy, sizeof remedy,
        "%s puts another in its place: one unit at a time, the next when all phones have the lists with it",
        remedy_phrase(world->config_path, phrase, command, sizeof command));
    say(stage, unit->name, cert, remedy, now);
}

static void look_signer(struct expiry *expiry, const struct world *world, time_t now)
{
    char command[REMEDY_MAX], remedy[REMEDY_MAX + 100];
    const struct trust_cert *cert = world->ctl.signer;
    const enum stage stage = stage_of(trust_cert_not_after(cert), now);
    if (!is_due(&expiry->said[0], cert, stage))
        return;
    snprintf(remedy, sizeof remedy,
             "%s signs it with the signer that is configured now; renew that one before",
             remedy_phrase(world->config_path, "utils ctl update CTLFile", command, sizeof command));
    say(stage, "CTL", cert, remedy, now);
}

void expiry_look(struct expiry *expiry, const struct world *world, time_t now)
{
    char node[TRUST_NODE_NAME_SIZE];
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    const struct trust_cert *signer = world->ctl.list != NULL ? world->ctl.signer : NULL;
    if (trust_store_node_name(world->store.db, world->config->node.name, node, NULL) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct trust_cert *cert;
        if (!units[i].own || trust_store_own(world->store.db, node, units[i].unit, &cert, NULL) != 0)
            continue;
        look_unit(expiry, world, &units[i], cert, now);
        if (signer != NULL && trust_cert_equal(signer, cert))
            signer = NULL; /* it was said by its unit */
        trust_cert_free(cert);
    }
    if (signer != NULL)
        look_signer(expiry, world, now);
}
