/* What the command `status` of the control socket answers: a line for each thing there is to tell of, `what`
 * first. Main thread. */
#ifndef TVSD_CONTROL_STATUS_H
#define TVSD_CONTROL_STATUS_H

#include "control_parts.h"
#include "line_writer.h"

/* For control_answer; arg is the control. */
size_t control_status_make(void *arg, size_t *at, char out[static CONTROL_CHUNK]);

/* The log: its level, that of the configuration, format, target, lines lost. */
void control_status_log(const struct control *control, struct line_writer *line);

#endif
