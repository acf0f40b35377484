/* Lines of key=value, spelt as tvsd's log spells them: a value that is no plain word is quoted, with \" \\ \n
 * and \xNN in it. */
#ifndef CONFIG_LINE_H
#define CONFIG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_field {
    const char *key;
    char *value; /* unescaped, with a NUL behind it; it may hold others */
    size_t len;
};

/* Split a line (without its newline) in place into at most max fields. false: it is no such line, or has
 * more.
 */
bool line_split(char *line, struct line_field *fields, size_t max, size_t *count);

/* The value of a key, "" if the line has none. */
const char *line_value(const struct line_field *fields, size_t count, const char *key);

/* The value of a key, if it is a whole number from min to max; fallback if the line has none. false: it is
 * none. */
bool line_number(const struct line_field *fields, size_t count, const char *key, int64_t min, int64_t max,
                 int64_t fallback, int64_t *out);

#endif
