/* The table of options, and what is done with one of them. Everything that the project knows of an option
 * stands in its row: to add one, add the member to struct config, a row here, a line to conf/tvsd.yaml and an
 * item to man/tvsd.yaml.5 (a test compares them). */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_TEXT,    /* char * */
    OPTION_PATH,    /* char *; relative to the configuration file's folder, unless it is one of the choices */
    OPTION_LIST,    /* struct config_strings */
    OPTION_INTEGER, /* int64_t */
    OPTION_DURATION, /* int64_t, milliseconds */
    OPTION_SWITCH,   /* bool */
    OPTION_CHOICE,   /* int */
};

/* A word, and what it stands for. A table of them ends with a NULL name. */
struct option_choice {
    const char *name;
    int64_t value;
};

struct option {
    const char *key; /* "section.name", or a name alone at the top level */
    enum option_kind kind;
    size_t offset;       /* of the member in struct config */
    const char *initial; /* the default as the file would say it, a list's items separated by blanks; NULL:
                            taken from the machine */
    /* Of a number its range, of text its length in bytes, of a list the number of its items. */
    int64_t min, max;
    const struct option_choice *choices; /* of a number the words that it may be instead */
    int (*check)(const char *value, struct trust_error *err); /* NULL: none; of a list for each item */
    bool needs_restart;
};

#define OPTIONS_MAX 64

/* All rows, sections together; *count of them. Static storage. */
const struct option *option_table(size_t *count);

/* The name behind the section, and the section's length (0: none). */
const char *option_name(const struct option *option);
size_t option_section_length(const struct option *option);

/* The row with that name in a section ("": top level), or NULL. Text need not end with NUL. */
const struct option *option_find(const char *section, const char *name, size_t len);

/* The first row of a section, or NULL if there is no such section: it stands for the section. */
const struct option *option_find_section(const char *name, size_t len);

/* For a key that is not known: what the writer may have meant ("; did you mean listen?"), else the keys that
 * would do. Returns out. */
char *option_suggest(const char *section, const char *name, size_t len, char *out, size_t size);

/* What would do as a value: "1 to 64, or auto". Returns out. */
char *option_range(const struct option *option, char *out, size_t size);

/* Check a value as it stands in the file and put it into config; of a list it becomes one item more. Errors:
 * TRUST_EVALUE with "why; what would do", TRUST_ENOMEM. */
int option_set(const struct option *option, const char *value, size_t len, struct config *config,
               struct trust_error *err) TRUST_MUST_CHECK;

/* Give an option that the file leaves out its default (nothing if there is none). */
int option_set_initial(const struct option *option, struct config *config,
                       struct trust_error *err) TRUST_MUST_CHECK;

bool option_equal(const struct option *option, const struct config *a, const struct config *b);
void option_print(const struct option *option, const struct config *config, FILE *out);
void option_clear(const struct option *option, struct config *config);

/* The member that an option describes: what its kind says. */
void *option_member(const struct option *option, struct config *config);

/* A duration, or a number that may be a word, as the file would say it. Returns out. */
char *option_number_text(const struct option *option, int64_t number, char *out, size_t size);

#endif
