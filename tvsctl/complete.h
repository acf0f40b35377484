/* What fits at the cursor of a typed line. Everything that is offered comes from the grammar, the table of
 * options and the table of units; file names are added by complete_files. */
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

/* What fits in the first `cursor` bytes of line, without looking at the disk. false if memory ran out. Free
 * with complete_free, after a failure too. */
bool complete_line(const struct grammar *of, const char *line, size_t cursor, struct completion *out);
void complete_free(struct completion *completion);

/* If a file name fits, add those that begin with what is typed. Names that cannot be typed (control
 * characters, no UTF-8) are left out, and those that begin with a dot unless one is typed. false if memory
 * ran out. */
bool complete_files(struct completion *completion);

/* Add a candidate; text and help are copied. false if memory ran out. For the above. */
bool complete_add(struct completion *completion, const char *text, const char *help);

/* What to type in place of what stands between from and the cursor: as much as all candidates but the hints
 * have in common, with the blank behind it if there is one alone. *text is a new string, NULL if there is
 * nothing to add. false if memory ran out. */
bool complete_insertion(const struct completion *completion, char **text);

#endif
