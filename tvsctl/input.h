/* Files that the operator names: certificates, keys, passwords, units. Read with the operator's own rights.
 */
#ifndef TVSCTL_INPUT_H
#define TVSCTL_INPUT_H

#include "state.h"
#include "tvsctl.h"

/* The unit of that name, own or trust as wanted. NULL if there is none, or it is of the other kind; said,
 * with the names that would do. */
const struct trust_unit_info *input_unit(struct tvsctl *ctl, const char *name, bool own);

/* A unit of either kind, or 0 for the word "imported" (certificates in no unit). false: said. */
bool input_any_unit(struct tvsctl *ctl, const char *name, int *unit);

/* The name of a unit, "imported" for 0. */
const char *input_unit_name(int unit);

/* The node of --node, our own without it. TVSCTL_DONE, or said: there is none. */
int input_node(struct tvsctl *ctl, struct state *state, struct state_node *node);

/* What a phrase about what a node has in an own unit begins with. */
struct input_own {
    const struct trust_unit_info *unit;
    struct state state;
    struct state_node node; /* of --node, our own without it */
};

/* Find the unit of that name, open the state, find the node. TVSCTL_DONE: own->state is the caller's to
 * close; else it was said what is wrong, and nothing is open. */
int input_own(struct tvsctl *ctl, const char *unit, enum trust_store_mode mode, struct input_own *own);

/* A number from 1 on, in digits alone. false: it is none; nothing is said. */
bool input_number(const char *text, int64_t *number);

/* The first line of the file of --password-file; NULL without the option. Free with input_wipe. */
int input_password(struct tvsctl *ctl, char **password, struct trust_error *err) TRUST_MUST_CHECK;

/* Wipe and free. NULL is legal. */
void input_wipe(char *password);

struct input_file {
    const char *path;
    struct trust_bundle *bundle;
};

/* What several files hold together. */
struct input {
    struct input_file *files;
    size_t count;
};

/* Read them all, with the password of --password-file; a "pkcs11:" URI is the certificate of a security
 * token. 0, or a code with the file's name in the error. Free with input_free, after a failure too. */
int input_read(struct tvsctl *ctl, char *const *paths, size_t count, struct input *input,
               struct trust_error *err) TRUST_MUST_CHECK;
void input_free(struct input *input);

#endif
