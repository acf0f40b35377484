/* From an event and its fields to a line: pure, so that it can be tested without a log. Everything that
 * comes from outside is escaped here and nowhere else: control characters, invisible ones and what is no
 * UTF-8 never leave as they are. */
#ifndef TVSD_LOG_RENDER_H
#define TVSD_LOG_RENDER_H

#include "log.h"

#include <time.h>

/* With a priority before it and a newline behind it, a line has at most PIPE_BUF (4096) bytes, which a pipe
 * takes whole or not at all. */
#define LOG_LINE_MAX   4080
#define LOG_FIELDS_MAX 96

struct log_line {
    enum config_log_level level;
    size_t len;
    size_t body; /* where the text behind time and program starts: syslog has these of its own */
    char text[LOG_LINE_MAX];
};

struct log_stamp {
    struct timespec when; /* wall clock */
    long pid;
};

/* Of the catalogue. Static storage. */
const char *log_event_id(enum log_event event);
enum config_log_level log_event_level(enum log_event event);

/* Whether the fields are those that the catalogue gives the event, in its order; some may be left out. */
bool log_event_takes(enum log_event event, const struct log_field *fields, size_t count);

/* Render an event. Values that would make the line too long are cut, the longest first, and end in "…". */
void log_render_event(enum config_log_format format, const struct log_stamp *stamp, enum log_event event,
                      const struct log_field *fields, size_t count, struct log_line *out);

/* Render a line of CUCM's traces. */
void log_render_trace(const struct log_stamp *stamp, const char *text, size_t len, struct log_line *out);

#endif
