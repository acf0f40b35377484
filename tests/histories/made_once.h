/* What costs most of a history, made once: in place of the library's, by the linker (--wrap). Keys come from
 * a pool that all histories of the process share, in order, so that none comes twice within one history;
 * certificates and keys that were read already are not read again. What comes of it is the same. */
#ifndef TESTS_HISTORIES_MADE_ONCE_H
#define TESTS_HISTORIES_MADE_ONCE_H

/* A history begins: the pool from its start on. What was read is forgotten. */
void made_once_begin(void);

#endif
