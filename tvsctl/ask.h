/* The questions before a change, in the forms that CUCM has. */
#ifndef TVSCTL_ASK_H
#define TVSCTL_ASK_H

#include "tvsctl.h"

/* Whether a question could be answered at all: --yes, or a terminal. Refuses otherwise, in one line that
 * holds the question's sentence and says what to do, so that a phrase can stop before it has printed or done
 * anything. TVSCTL_DONE or TVSCTL_REFUSED. */
int ask_is_possible(struct tvsctl *ctl, const char *what);

/* "This operation will … Do you want to continue? (y/n):" - the way of `utils ctl`. what is the sentence
 * before the question. TVSCTL_DONE: go on; TVSCTL_REFUSED: the answer was no, or there is nobody to ask;
 * said. */
int ask_continue(struct tvsctl *ctl, const char *what);

/* "WARNING: …", "Proceed with regeneration (yes|no)? " - the way of `set cert`. what: "regeneration". */
int ask_proceed(struct tvsctl *ctl, const char *warning, const char *what);

/* Passwords that were typed, each under its question: a phrase that is rehearsed before it is run asks once.
 */
#define ASK_TYPED_MAX 8
struct ask_typed {
    const struct tvsctl_io *io; /* where to ask, in place of the run's own; NULL: there */
    struct {
        char *question, *password;
    } items[ASK_TYPED_MAX];
    size_t count;
};
void ask_typed_fini(struct ask_typed *typed); /* wipes them */

/* Ask for a password without showing it, twice if it is a new one. *password is the caller's to wipe and free
 * (input_wipe). Without a terminal it refuses and names --password-file. TVSCTL_DONE or TVSCTL_REFUSED; said.
 */
int ask_password(struct tvsctl *ctl, bool is_new, char **password);

/* Ask for the password of a file that exists. false: there is no terminal, or nothing was typed; nothing is
 * said. *password is the caller's to wipe and free (input_wipe). */
bool ask_password_of(struct tvsctl *ctl, const char *path, char **password);

/* Ask for the PIN of a token, without showing it. false: there is no terminal, or nothing was typed; nothing
 * is said. pin is the caller's to wipe. */
bool ask_pin(struct tvsctl *ctl, const struct trust_token_info *token, char pin[TRUST_PIN_SIZE]);

/* "Have all phones fetched list 12? (y/n):", which --yes does not answer, but --phones-are-back does: only
 * who looks after the phones can know. First whether it could be answered at all, in one line if not; then
 * the question. TVSCTL_DONE, or TVSCTL_REFUSED and said. */
int ask_can_phones_be_back(struct tvsctl *ctl);
int ask_are_phones_back(struct tvsctl *ctl, int64_t list);

/* "Delete the File CTLFile.tlv?", "Enter "y" followed by return to continue: " - the way of `file`. what is
 * the first line, made safe for a terminal here. */
int ask_enter_y(struct tvsctl *ctl, const char *what);

#endif
