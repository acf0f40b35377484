/* The daemon's log. Events come from a catalogue (log_events.h) and have typed fields; the three formats
 * (logfmt, json, trace) are renderings of one call, escaped there and nowhere else.
 *
 * Threads: the main thread writes; a worker attaches a ring of its own, into which its lines go and from
 * which the main thread writes them (log_drain). A full ring loses lines, and so does a target that fails;
 * they are counted and reported as log-dropped before the next line that is taken. */
#ifndef TVSD_LOG_H
#define TVSD_LOG_H

#include "config/config.h"
#include "log_events.h"
#include "trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_field_kind { LOG_FIELD_TEXT, LOG_FIELD_BYTES, LOG_FIELD_NUMBER };

/* One key=value of a line. Text and bytes are borrowed for the call, may come from anybody, and are escaped
 * when rendered. */
struct log_field {
    const char *key;
    enum log_field_kind kind;
    const char *text;
    struct trust_bytes bytes;
    int64_t number;
};

#define log_text(k, t)   ((struct log_field){.key = (k), .kind = LOG_FIELD_TEXT, .text = (t)})
#define log_bytes(k, b)  ((struct log_field){.key = (k), .kind = LOG_FIELD_BYTES, .bytes = (b)})
#define log_number(k, n) ((struct log_field){.key = (k), .kind = LOG_FIELD_NUMBER, .number = (n)})

/* Say an event of the catalogue: LOG_SAY(READY, log_text("listen", address)). Dropped below the level in
 * force. */
#define LOG_SAY(event, ...)                                                                                  \
    log_say(LOG_EV_##event, (const struct log_field[]){__VA_ARGS__},                                         \
            sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
void log_say(enum log_event event, const struct log_field *fields, size_t count);

/* A line as CUCM's traces print it, at level debug, in the trace format only; "%s" arguments are escaped
 * line-wise (control bytes), never quoted. Test log_traces() before preparing arguments. */
void log_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool log_traces(void);

/* Main thread. Until log_open succeeded, lines go to stderr in logfmt. log_open is also the reload: on
 * failure (a file that cannot be opened) the log that was in force stays, and err says why. A target that is
 * left for another is told where the log goes on. */
int log_open(const struct config *config, struct trust_error *err) TRUST_MUST_CHECK;

/* Main thread: open the target in force anew, since a file may have been moved away. On failure the one that
 * is open stays. */
int log_reopen(struct trust_error *err) TRUST_MUST_CHECK;

/* Main thread: the same line on stderr, unless the log goes there. */
#define LOG_SAY_STDERR(event, ...)                                                                           \
    log_say_stderr(LOG_EV_##event, (const struct log_field[]){__VA_ARGS__},                                  \
                   sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
void log_say_stderr(enum log_event event, const struct log_field *fields, size_t count);

/* Main thread: why the target takes no lines at the moment, "log.target FILE: reason"; NULL: it does.
 * Borrowed until the next line. */
const char *log_trouble(void);
void log_close(void);

/* The level in force. log_set_level puts another in its place until the next log_open. */
enum config_log_level log_level(void);
void log_set_level(enum config_log_level level);

/* Main thread: the lines that were lost since the start. */
uint64_t log_lost(void);

/* Whether log_open could succeed; opens and makes nothing. */
int log_check(const struct config *config, struct trust_error *err) TRUST_MUST_CHECK;

/* Main thread: readable when workers left lines, at once or, if lines were written just before, ten
 * milliseconds after those (fifty, if those were many), or when a ring is half full: many are written
 * together then. A process that is killed loses so much. */
int log_wakeup_fd(void);
void log_drain(void);

/* Worker thread, first and last thing. */
bool log_attach(void);
void log_detach(void);

#endif
