/* Options stand before or after the phrase; the table in flags.c describes each once. */
#ifndef TVSCTL_FLAGS_H
#define TVSCTL_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum flag_id {
    FLAG_CONFIG,
    FLAG_YES,
    FLAG_HELP,
    FLAG_VERSION,
    FLAG_JSON,
    FLAG_PASSWORD_FILE,
    FLAG_NODE,
    FLAG_KEY,
    FLAG_DAYS,
    FLAG_ALL,
    FLAG_FAMILY,
    FLAG_INSTALLED,
    FLAG_TO,
    FLAG_TOKEN,
    FLAG_PIN_FILE,
    FLAG_STYLE,
    FLAG_FORCE,
    FLAG_PHONES_ARE_BACK,
    FLAG_COUNT,
};

#define FLAG_BIT(id) (1u << (id))
/* What every phrase takes. */
#define FLAGS_GENERAL                                                                                        \
    (FLAG_BIT(FLAG_CONFIG) | FLAG_BIT(FLAG_YES) | FLAG_BIT(FLAG_HELP) | FLAG_BIT(FLAG_VERSION) |             \
     FLAG_BIT(FLAG_PIN_FILE))

/* How often the options that can be given several times are given, in all. */
#define FLAGS_FURTHER_MAX 16

struct flags {
    unsigned given; /* FLAG_BIT of each that was */
    const char *value[FLAG_COUNT];
    struct {
        enum flag_id id;
        const char *value;
    } further[FLAGS_FURTHER_MAX]; /* what stands behind the first of an option that can be given again */
    size_t further_count;
    const char *unknown; /* the first word that looks like an option and is none; it stays a word */
};

/* Sort the arguments (without the program's name) into options and the words of the phrase, which are put
 * into words (room for argc) in their order. Unknown options become words, because a statement of `run sql`
 * may hold such words. Returns NULL, or what is wrong with an option, in text. */
const char *flags_parse(int argc, char **argv, struct flags *flags, char **words, size_t *word_count,
                        char *text, size_t size);

bool flag_given(const struct flags *flags, enum flag_id id);

/* The value of the option where it stands for the (n + 1)th time; NULL if it stands there less often. */
const char *flag_value(const struct flags *flags, enum flag_id id, size_t n);

/* "--node NAME" and so on. Static storage. */
const char *flag_usage(enum flag_id id);

/* One line of help. Static storage. */
const char *flag_help(enum flag_id id);

#endif
