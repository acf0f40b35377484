/* The daemon's main loop: start, signals, reload, changes, end. Main thread. */
#ifndef TVSD_CONTROL_H
#define TVSD_CONTROL_H

/* Run until a signal ends it. Returns the exit status: 0 ended, 1 the start was refused (and the log says
 * why). */
int control_run(const char *config_path);

#endif
