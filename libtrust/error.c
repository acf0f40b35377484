#include "trust/error.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct error_word {
    const char *name, *meaning;
};

static const struct error_word words[] = {
#define X(constant, name, meaning) {name, meaning},
    TRUST_ERRORS(X)
#undef X
};

#define WORD_COUNT  (sizeof words / sizeof words[0])
#define CODE_OF(i)  ((int)(i) + TRUST_ERRNO_BASE + 1)
#define INDEX_OF(c) ((c)-TRUST_ERRNO_BASE - 1)

static const struct error_word *word_of(int code)
{
    return code > TRUST_ERRNO_BASE && code < TRUST_ERRNO_END ? &words[INDEX_OF(code)] : NULL;
}

/* Formatted apart from err->text, since an argument may well be that very text. What comes out is one line of
 * valid UTF-8, whatever went in. */
static void set_text(struct trust_error *err, char *text, int formatted)
{
    if (formatted < 0)
        text[0] = '\0';
    size_t len = strlen(text);
    if (len + 1 == sizeof err->text) {
        /* Cut: do not leave half a character. */
        while (len > 0 && ((uint8_t)text[len - 1] & 0xc0) == 0x80)
            len--;
        if (len > 0 && (uint8_t)text[len - 1] >= 0xc0)
            len--;
        text[len] = '\0';
    }
    utf8_clean(text);
    memcpy(err->text, text, strlen(text) + 1);
}

int trust_error_set(struct trust_error *err, int code, size_t offset, const char *format, ...)
{
    if (err == NULL)
        return code;
    char text[sizeof err->text];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err->code = code;
    err->offset = offset;
    set_text(err, text, n);
    return code;
}

int trust_error_prefix(struct trust_error *err, int code, const char *format, ...)
{
    if (err == NULL)
        return code;
    char text[sizeof err->text];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n >= 0) {
        size_t len = strlen(text);
        n = snprintf(text + len, sizeof text - len, ": %s", err->text);
    }
    set_text(err, text, n);
    return err->code;
}

const char *trust_error_name(int code)
{
    if (code == TRUST_OK)
        return "ok";
    const struct error_word *word = word_of(code);
    return word != NULL ? word->name : "unknown";
}

const char *trust_error_meaning(int code)
{
    if (code == TRUST_OK)
        return "no error";
    const struct error_word *word = word_of(code);
    return word != NULL ? word->meaning : "an error that this version does not know";
}

int trust_error_code(const char *name)
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (strcmp(words[i].name, name) == 0)
            return CODE_OF(i);
    return 0;
}
