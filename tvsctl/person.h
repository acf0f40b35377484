/* Who says a phrase. */
#ifndef TVSCTL_PERSON_H
#define TVSCTL_PERSON_H

/* The user name, behind sudo that of who called it; "" if there is none. Borrowed until the next call. */
const char *person_name(void);

#endif
