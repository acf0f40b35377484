/* What fits at the cursor of a typed line. What is offered comes from the grammar, the table of options and
 * the table of units; values, such as the names of nodes, from whoever asks; file names from complete_files.
 */
#ifndef TVSCTL_COMPLETE_H
#define TVSCTL_COMPLETE_H

#include "phrase.h"

struct candidate {
    char *text;        /* the word; a folder ends in '/' */
    const char *shown; /* the part of text to show */
    char *help;        /* "" if there is nothing to say */
    bool is_hint;      /* stands for what cannot be typed as it is: "<UNIT>", "--days N", "<Enter>" */
    bool goes_on;      /* no blank follows: a folder, an option with = */
};

struct completion {
    struct candidate *list;
    size_t count;
    char *typed;     /* the word at the cursor as far as it goes, without quoting; "" between words */
    size_t from;     /* the byte of the line where it begins */
    char quote;      /* the quote that it begins with, or 0 */
    bool is_text;    /* nothing is special here: in quotes, behind a backslash, in a statement */
    bool wants_file; /* a file name fits */
    char *wrong;     /* the word before, which does not fit, and so nothing fits here; or NULL */
};

/* Where a value is wanted: the last argument of a phrase, or the value of an option. */
struct complete_place {
    const struct phrase *phrase; /* NULL: the option's */
    enum flag_id option;
    const char *before;        /* the word before, such as the unit; "" if there is none */
    const struct flags *flags; /* the options before the cursor */
};

/* Who knows values: values offers them with complete_offer. false if memory ran out. */
struct complete_source {
    bool (*values)(void *arg, const struct complete_place *place, struct completion *out);
    void *arg;
};

/* What fits in the first `cursor` bytes of line. source NULL: no values. Nothing else looks at the disk.
 * false if memory ran out. Free with complete_free, after a failure too. */
bool complete_line(const struct grammar *of, const struct complete_source *source, const char *line,
                   size_t cursor, struct completion *out);
void complete_free(struct completion *completion);

/* If a file name fits, add those that begin with what is typed. Names that cannot be typed (control
 * characters, no UTF-8) are left out, and those that begin with a dot unless one is typed. false if memory
 * ran out. */
bool complete_files(struct completion *completion);

/* Add a value if it begins with what is typed, can be typed, and is not there yet. false if memory ran out.
 */
bool complete_offer(struct completion *completion, const char *value);

/* Add a candidate; text and help are copied. false if memory ran out. For the above. */
bool complete_add(struct completion *completion, const char *text, const char *help);

/* What to type in place of what stands between from and the cursor: as much as all candidates but the hints
 * have in common, with the blank behind it if there is one alone. *text is a new string, NULL if there is
 * nothing to add. false if memory ran out. */
bool complete_insertion(const struct completion *completion, char **text);

#endif
