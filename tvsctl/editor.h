/* Typing at the console: libedit, with history, completion on Tab and help on `?`. */
#ifndef TVSCTL_EDITOR_H
#define TVSCTL_EDITOR_H

#include "complete.h"

struct editor;

/* history: the file that keeps what was typed, or NULL: memory only. It is read here; that it is missing, is
 * no regular file or cannot be read is no error. source: complete.h. The strings are copied; the grammar, the
 * source and the files of io must live as long. NULL if the terminal cannot be used or memory ran out. */
struct editor *editor_new(const struct tvsctl_io *io, const struct grammar *of,
                          const struct complete_source *source, const char *prompt, const char *history);
void editor_free(struct editor *editor);

enum editor_result {
    EDITOR_LINE,
    EDITOR_DROPPED, /* Ctrl-C, or a signal */
    EDITOR_END,     /* Ctrl-D, or the terminal is gone */
};

/* Let a line be typed. The terminal is in its own mode before and after. *line: without its end, valid until
 * the next call; NULL unless EDITOR_LINE. */
enum editor_result editor_read(struct editor *editor, const char **line);

/* Put a line into the history and its file (0600, 500 lines at most); an equal one before it goes. What
 * cannot be written is not said: the line was done all the same. */
void editor_remember(struct editor *editor, const char *line);

#endif
