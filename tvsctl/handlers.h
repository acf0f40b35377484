/* What phrases do: one function a row of phrase_table.c. Each returns enum tvsctl_exit and has said why if it
 * is not TVSCTL_DONE. args are what stands behind the keywords; the grammar has seen to their number. */
#ifndef TVSCTL_HANDLERS_H
#define TVSCTL_HANDLERS_H

#include "tvsctl.h"

/* show_list.c */
int show_ctl(struct tvsctl *ctl, char *const *args, size_t count);
int show_itl(struct tvsctl *ctl, char *const *args, size_t count);

/* show_status.c, show_clients.c, trace_phrase.c, service_phrases.c: what the running tvsd is asked */
int show_status(struct tvsctl *ctl, char *const *args, size_t count);
int show_tvs_clients(struct tvsctl *ctl, char *const *args, size_t count);
int set_trace_level(struct tvsctl *ctl, char *const *args, size_t count);
int service_reload(struct tvsctl *ctl, char *const *args, size_t count);

/* show_cert.c */
int show_cert_list_own(struct tvsctl *ctl, char *const *args, size_t count);
int show_cert_list_trust(struct tvsctl *ctl, char *const *args, size_t count);
int show_cert_own(struct tvsctl *ctl, char *const *args, size_t count);
int show_cert_trust(struct tvsctl *ctl, char *const *args, size_t count);

/* show_token.c */
int show_token(struct tvsctl *ctl, char *const *args, size_t count);

/* cert_own.c, cert_import.c, cert_import_trust.c, cert_regen.c, cert_delete.c */
int cert_own(struct tvsctl *ctl, char *const *args, size_t count);
int cert_import_own(struct tvsctl *ctl, char *const *args, size_t count);
int cert_import_trust(struct tvsctl *ctl, char *const *args, size_t count);
int cert_regen(struct tvsctl *ctl, char *const *args, size_t count);
int cert_delete(struct tvsctl *ctl, char *const *args, size_t count);

/* csr_phrases.c, node_phrases.c, node_list.c, hostname.c */
int csr_generate(struct tvsctl *ctl, char *const *args, size_t count);
int csr_list(struct tvsctl *ctl, char *const *args, size_t count);
int csr_show(struct tvsctl *ctl, char *const *args, size_t count);
int node_add(struct tvsctl *ctl, char *const *args, size_t count);
int node_delete(struct tvsctl *ctl, char *const *args, size_t count);
int node_list(struct tvsctl *ctl, char *const *args, size_t count);
int set_hostname(struct tvsctl *ctl, char *const *args, size_t count);

/* run_sql.c, import_usecallmanager.c */
int run_sql(struct tvsctl *ctl, char *const *args, size_t count);
int import_usecallmanager(struct tvsctl *ctl, char *const *args, size_t count);

/* store_phrases.c */
int store_update(struct tvsctl *ctl, char *const *args, size_t count);

/* backup.c, restore.c */
int utils_backup(struct tvsctl *ctl, char *const *args, size_t count);
int utils_restore(struct tvsctl *ctl, char *const *args, size_t count);

/* rollout_show.c, rollout_close.c */
int rollout_show(struct tvsctl *ctl, char *const *args, size_t count);
int rollout_close(struct tvsctl *ctl, char *const *args, size_t count);

/* rehearse.c, migrate.c, diagnose.c */
int utils_rehearse(struct tvsctl *ctl, char *const *args, size_t count);
int migrate_check(struct tvsctl *ctl, char *const *args, size_t count);
int itl_diagnose(struct tvsctl *ctl, char *const *args, size_t count);

/* ctl_phrases.c */
int ctl_mixed_mode(struct tvsctl *ctl, char *const *args, size_t count);
int ctl_non_secure_mode(struct tvsctl *ctl, char *const *args, size_t count);
int ctl_update(struct tvsctl *ctl, char *const *args, size_t count);

/* ctl_sign.c */
int ctl_sign(struct tvsctl *ctl, char *const *args, size_t count);

/* itl_phrases.c */
int itl_update(struct tvsctl *ctl, char *const *args, size_t count);
int itl_rollback_on(struct tvsctl *ctl, char *const *args, size_t count);
int itl_rollback_off(struct tvsctl *ctl, char *const *args, size_t count);

/* reset_phrases.c */
int ctl_reset_localkey(struct tvsctl *ctl, char *const *args, size_t count);
int itl_reset_localkey(struct tvsctl *ctl, char *const *args, size_t count);
int itl_reset_remotekey(struct tvsctl *ctl, char *const *args, size_t count);

/* history_phrases.c */
int show_published(struct tvsctl *ctl, char *const *args, size_t count);
int ctl_restore(struct tvsctl *ctl, char *const *args, size_t count);
int itl_restore(struct tvsctl *ctl, char *const *args, size_t count);

/* file_list.c, file_get.c, file_delete.c, file_sign.c, file_verify.c */
int file_list_tftp(struct tvsctl *ctl, char *const *args, size_t count);
int file_get_tftp(struct tvsctl *ctl, char *const *args, size_t count);
int file_delete_tftp(struct tvsctl *ctl, char *const *args, size_t count);
int file_delete_activelog(struct tvsctl *ctl, char *const *args, size_t count);
int file_sign(struct tvsctl *ctl, char *const *args, size_t count);
int file_verify(struct tvsctl *ctl, char *const *args, size_t count);

#endif
