/* Lines of key=value as the log spells them, into a buffer of one's own: what config/line.h reads. */
#ifndef TVSD_LINE_WRITER_H
#define TVSD_LINE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line under way. A value that has no room left is cut, and one that has none at all is left out: no line
 * is longer than its buffer, or unreadable. */
struct line_writer {
    char *out;
    size_t size, len; /* there is always room for the newline */
};

/* size is 256 at least. */
void line_begin(struct line_writer *line, char *out, size_t size);

/* key: lower-case letters, digits, '_', '.' and '-'. Empty texts are left out. */
void line_bytes(struct line_writer *line, const char *key, const char *text, size_t len);
void line_text(struct line_writer *line, const char *key, const char *text);
void line_integer(struct line_writer *line, const char *key, int64_t number);
void line_hex(struct line_writer *line, const char *key, const uint8_t *data, size_t len);

/* A word alone, with nothing before it but other words: "done". */
void line_word(struct line_writer *line, const char *word);

/* Ends it with a newline. Returns its length. */
size_t line_end(struct line_writer *line);

#endif
