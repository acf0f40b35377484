/* What a phone keeps from one boot to the next: STATE/SEP<MAC>/ with CTLFile.tlv, ITLFile.tlv, tvs-cache and
 * SEP<MAC>.cnf.xml. Without a state folder these do nothing and succeed. A failure stands in the phone's
 * state_verdict. */
#ifndef TVSC_PHONE_STORE_H
#define TVSC_PHONE_STORE_H

#include "phone.h"

/* Read all of it; with --fresh, remove lists and answers first. */
bool phone_store_open(struct phone *phone);

/* Put a list that was just accepted into its file ("CTLFile.tlv"); the configuration, which also names the
 * TVS servers unless the command line does; the answers, if they changed. */
bool phone_store_list(struct phone *phone, const char *file, const struct trust_list *list);
bool phone_store_config(struct phone *phone, struct trust_bytes config);
bool phone_store_cache(struct phone *phone);

#endif
