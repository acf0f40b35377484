/* The table of phones over a restart: STATE/phones (config/phone_file.h). Main thread. A file that cannot be
 * read or written is a warning in the log, never more: phones are answered without it. */
#ifndef TVSD_PHONES_FILE_H
#define TVSD_PHONES_FILE_H

#include "config/config.h"
#include "phones.h"

#include <event2/event.h>

struct phones_file;

/* Read what a tvsd before left into phones, and write it from then on: each minute, if it changed, in slices
 * between which the loop turns. The table is borrowed. NULL: out of memory. */
struct phones_file *phones_file_new(struct event_base *base, const struct config *config,
                                    struct phones *phones);

/* Write it in slices from now on, if it changed and no write is under way. */
void phones_file_begin(struct phones_file *file);

/* Write it now, whole, if it changed. */
void phones_file_write(struct phones_file *file);

/* When it was written last, by this process or one before; 0: never. */
time_t phones_file_written(const struct phones_file *file);

/* A write that is under way is given up. */
void phones_file_free(struct phones_file *file);

#endif
