/* tvsctl alone on a terminal: the `admin:` prompt. */
#ifndef TVSCTL_CONSOLE_H
#define TVSCTL_CONSOLE_H

#include "tvsctl.h"

/* Whether a run without words is to become a console: there is a terminal to type and to print on, and no
 * option that is for a phrase alone. */
bool console_is_wanted(const struct tvsctl *ctl);

/* Greet, and do line after line until `exit`, `quit` or the end of input. Each phrase runs in a process of
 * its own, so that Ctrl-C ends that phrase alone. The options of ctl hold for every line that gives none of
 * its own. TVSCTL_DONE, whatever the phrases came to; TVSCTL_REFUSED if there can be no console; said. */
int console_run(struct tvsctl *ctl);

#endif
