/* A world of a state and a TFTP folder of its own, in which "tvs" is the server and "publisher" may sign
 * lists; nobody knows the stranger. All of these fail the test rather than return an error. */
#ifndef TESTS_TVSD_HELPER_WORLD_H
#define TESTS_TVSD_HELPER_WORLD_H

#include "helper_site.h"
#include "tvsd/world.h"

#include <check.h>

extern struct site site;
extern struct person tvs, signer, stranger;
extern struct world world;
extern struct trust_error err; /* of the last start or reload */
extern char config_path[240], good_path[240];

/* A checked fixture. */
void world_set_up(void);
void world_tear_down(void);

/* The configuration; more: what follows in trust_lists. */
void write_config(const char *more);

/* As tvsd starts. */
int start(void);
#define ck_started() ck_assert_msg(start() == 0, "%s", err.text)

/* As SIGHUP does: the new world in the place of the old, or nothing. */
int reload(void);

/* What control_on_change does: world_store_changed, … and then world_announce. */
bool store_changed(void);
bool ctl_changed(void);
bool retry_ctl(void);
bool retry_cert(void);

/* Certificates of the CTL that the next snapshot would hold. */
size_t ctl_count(void);

/* CTLFile.tlv, signed by one, with both in it (also: NULL is nobody); or one that is no list. */
void put_ctl(const struct person *by, const struct person *also);
void garble_ctl(void);

#endif
