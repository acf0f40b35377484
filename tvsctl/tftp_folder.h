/* Files of the TFTP folder, by their bare names. */
#ifndef TVSCTL_TFTP_FOLDER_H
#define TVSCTL_TFTP_FOLDER_H

#include "tvsctl.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Whether it is the name of a file in the folder: no slash, and no dot in front, since such names are those
 * of files that lie ready and of nobody else's business. Otherwise TRUST_EARGUMENT says why. */
int tftp_folder_check_name(const char *name, struct trust_error *err) TRUST_MUST_CHECK;

/* "FOLDER/NAME", which the caller frees; NULL if memory ran out. */
char *tftp_folder_path(const struct config *config, const char *name);

/* Look at a file itself, not at what a link points to. With the rights of the folder's owner where the
 * process has them, as all of these. TRUST_ENOTFOUND, TRUST_EDENIED, TRUST_ESYSTEM. */
int tftp_folder_look(const struct config *config, const char *name, struct stat *info,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Read a file as trust_file_read does. A link that leads out of the folder is refused with TRUST_EARGUMENT:
 * others may write there, and what root may read is not for phones. */
int tftp_folder_read(const struct config *config, const char *name, size_t max, uint8_t **data, size_t *len,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* *info becomes that of what a link points to; it stays if that is nothing. */
void tftp_folder_follow(const struct config *config, const char *name, struct stat *info);

/* Whether it is a symbolic link to a file of the folder: what happens to that one happens to it. */
bool tftp_folder_is_alias(const struct config *config, const char *name);

/* Whether a file can take that name, or be taken away by it: a folder that stands there cannot be replaced.
 * TRUST_EEXISTS says so; else as tftp_folder_look, but for TRUST_ENOTFOUND. */
int tftp_folder_check_place(const struct config *config, const char *name,
                            struct trust_error *err) TRUST_MUST_CHECK;

/* Whether files can be put there and taken away: to be asked before an operator is. */
int tftp_folder_check_writable(const struct config *config, struct trust_error *err) TRUST_MUST_CHECK;

/* The names that are no dot files, in alphabetical order; ending: only those that end so (NULL: all). A
 * folder that is not there is TRUST_ENOTFOUND. Free with tftp_folder_names_free. */
struct tftp_names {
    char **name;
    size_t count;
};
int tftp_folder_names(const struct config *config, const char *ending, struct tftp_names *names,
                      struct trust_error *err) TRUST_MUST_CHECK;
void tftp_folder_names_free(struct tftp_names *names);

#endif
