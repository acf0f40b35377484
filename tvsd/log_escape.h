/* Values as they stand in a line: quoted and escaped, cut if need be. */
#ifndef TVSD_LOG_ESCAPE_H
#define TVSD_LOG_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

enum log_style {
    LOG_STYLE_LOGFMT, /* quoted unless it is a plain word; \" \\ \n \xNN */
    LOG_STYLE_JSON,   /* always quoted; what is no UTF-8 becomes U+FFFD */
    LOG_STYLE_LINE,   /* a whole line, never quoted; \n \xNN, a backslash stays one */
};

/* The least room that log_escape cuts a value down to. */
#define LOG_ESCAPE_LEAST 8

/* Bytes that the value needs, quotes included. */
size_t log_escape_size(enum log_style style, const char *value, size_t len);

/* No value of len bytes needs more than that. */
size_t log_escape_most(size_t len);

/* Write the value into at most room bytes of out (no NUL), cut and marked with "…" if it needs more. Returns
 * the bytes written. */
size_t log_escape(enum log_style style, const char *value, size_t len, char *out, size_t room);

#endif
