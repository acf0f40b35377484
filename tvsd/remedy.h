/* What messages tell people to run. */
#ifndef TVSD_REMEDY_H
#define TVSD_REMEDY_H

#include <stddef.h>

#define REMEDY_MAX 400

/* A phrase of tvsctl as it is typed: "`tvsctl set cert regen TVS`", with --config unless that is NULL or the
 * default. Returns out. */
char *remedy_phrase(const char *config_path, const char *phrase, char *out, size_t size);

#endif
