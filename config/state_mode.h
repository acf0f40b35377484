/* Who may write the state folder: what lies in it decides what phones trust. */
#ifndef CONFIG_STATE_MODE_H
#define CONFIG_STATE_MODE_H

#include "trust.h"

/* Whether everybody may write the folder, keys/ or published/ in it, the store with SQLite's files beside it,
 * or a published list that vouches for signers: TRUST_EDENIED names the first that is so, and the chmod. A
 * sticky bit is no excuse: it keeps nobody from making files. What is not there, or may not be seen, is left
 * to those who open it. Others: TRUST_ENOMEM, TRUST_ESYSTEM. */
int state_mode_check(const char *state, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether everybody may write a folder above, where he could put another in its place, and no sticky bit
 * keeps him from that: TRUST_EDENIED. Looked at are the way that the path names, and the one to the same
 * folder without links. Others: TRUST_ENOMEM. */
int state_mode_check_above(const char *state, struct trust_error *err) TRUST_MUST_CHECK;

#endif
