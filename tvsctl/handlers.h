/* What phrases do: one function a row of phrase_table.c. Each returns enum tvsctl_exit and has said why if it
 * is not TVSCTL_DONE. args are what stands behind the keywords; the grammar has seen to their number. */
#ifndef TVSCTL_HANDLERS_H
#define TVSCTL_HANDLERS_H

#include "tvsctl.h"

/* show_list.c */
int show_ctl(struct tvsctl *ctl, char *const *args, size_t count);
int show_itl(struct tvsctl *ctl, char *const *args, size_t count);

/* show_cert.c */
int show_cert_list_own(struct tvsctl *ctl, char *const *args, size_t count);
int show_cert_list_trust(struct tvsctl *ctl, char *const *args, size_t count);
int show_cert_own(struct tvsctl *ctl, char *const *args, size_t count);
int show_cert_trust(struct tvsctl *ctl, char *const *args, size_t count);

/* cert_import.c, cert_import_trust.c, cert_regen.c, cert_delete.c */
int cert_import_own(struct tvsctl *ctl, char *const *args, size_t count);
int cert_import_trust(struct tvsctl *ctl, char *const *args, size_t count);
int cert_regen(struct tvsctl *ctl, char *const *args, size_t count);
int cert_delete(struct tvsctl *ctl, char *const *args, size_t count);

/* run_sql.c, import_usecallmanager.c */
int run_sql(struct tvsctl *ctl, char *const *args, size_t count);
int import_usecallmanager(struct tvsctl *ctl, char *const *args, size_t count);

/* ctl_phrases.c */
int ctl_mixed_mode(struct tvsctl *ctl, char *const *args, size_t count);
int ctl_update(struct tvsctl *ctl, char *const *args, size_t count);

#endif
