/* UTF-8 from anybody: decoded strictly, and told apart into what may be shown as it is and what may not. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_INVALID UINT32_MAX

/* The code point at the start of text (len is at least 1) and its bytes in *size. Overlong forms, surrogates,
 * what is beyond U+10FFFF and what is cut give TEXT_INVALID and a size of 1. */
uint32_t text_decode(const char *text, size_t len, size_t *size);

/* Whether a code point can be shown without harm: no control character (terminals act on them), nothing that
 * is invisible, ends a line or turns the direction of writing. */
bool text_is_plain(uint32_t code);

/* Put text into out as it can be shown in a message: what is not plain as \xNN, cut with "…" if it does not
 * fit. size is at least 16. Returns out. */
char *text_show(const char *text, size_t len, char *out, size_t size);

#endif
