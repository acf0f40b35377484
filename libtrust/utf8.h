/* UTF-8, as far as names and error texts need it. */
#ifndef LIBTRUST_UTF8_H
#define LIBTRUST_UTF8_H

#include "trust/error.h"

#include <stdbool.h>

/* Decode the character at the start of bytes. Returns how many bytes it has, or 0 if they are not valid UTF-8
 * (overlong forms, surrogates and cut sequences are not) or bytes is empty; *code is set if it is valid. */
size_t utf8_decode(struct trust_bytes bytes, uint32_t *code);

/* Whether a character may go to a terminal or a log as it stands: no control character, no line separator,
 * nothing that changes the direction of the text around it. */
bool utf8_is_printable(uint32_t code);

/* How many bytes at the start of bytes are one printable character; 0 if there is none. */
size_t utf8_printable(struct trust_bytes bytes);

/* Replace, in place, every byte of a C string that is no part of a printable character by '?'. */
void utf8_clean(char *text);

#endif
