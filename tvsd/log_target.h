/* Where lines go: stderr, syslog or a file. Main thread only.
 *
 * A target never makes the program wait for long: one that takes nothing (a full pipe, a terminal that was
 * stopped, a syslog daemon that hangs) costs at most a fifth of a second in each second, and the lines that
 * it does not take are lost. */
#ifndef TVSD_LOG_TARGET_H
#define TVSD_LOG_TARGET_H

#include "log_render.h"

struct log_target;

/* name: "stderr", "syslog" or a file's path, which is copied; the file is created (0640) and appended to.
 * Ignores SIGPIPE from then on. Errors: TRUST_ESYSTEM, TRUST_EDENIED, TRUST_ENOTFOUND, TRUST_ENOMEM. */
int log_target_open(const char *name, struct log_target **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether log_target_open could open it, without making or changing a file (`tvsd -t` may run as somebody
 * else). Same errors. */
int log_target_check(const char *name, struct trust_error *err) TRUST_MUST_CHECK;

/* A syslog daemon's datagram socket at that path. Same errors. */
int log_target_open_syslog(const char *path, struct log_target **out,
                           struct trust_error *err) TRUST_MUST_CHECK;

/* stderr, which needs no memory: what is there before anything was opened. Not to be freed. */
struct log_target *log_target_default(void);

void log_target_free(struct log_target *target);

/* What it was opened as; a syslog daemon's is "syslog". */
const char *log_target_name(const struct log_target *target);

/* Write a line. false: it was not taken, and *why (may be NULL) is the reason, in static words. */
bool log_target_write(struct log_target *target, const struct log_line *line, const char **why);

/* Lines that come together are written together, which costs a call of the system for all of them. hold: keep
 * a line for flush. false: it was not kept, since there are enough: flush, and it will be. flush: write those
 * that were kept. Returns how many of them were not taken, the last ones; *why is the reason then. Not for
 * targets that want lines one by one: log_target_holds. */
bool log_target_holds(const struct log_target *target);
bool log_target_hold(struct log_target *target, const struct log_line *line);
size_t log_target_flush(struct log_target *target, const char **why);

/* Whether lines on that descriptor are read by systemd, which takes a <n> before them for their priority. The
 * texts are the environment's JOURNAL_STREAM and INVOCATION_ID (NULL: not set). */
bool log_target_is_journal(int fd, const char *journal_stream, const char *invocation_id);

#endif
