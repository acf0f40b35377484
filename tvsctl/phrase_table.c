/* Every phrase, once. A new one is a row here, a function in handlers.h and a paragraph in man/tvsctl.1. */
#include "handlers.h"
#include "phrase.h"

#define JSON          FLAG_BIT(FLAG_JSON)
#define NODE          FLAG_BIT(FLAG_NODE)
#define KEY           FLAG_BIT(FLAG_KEY)
#define DAYS          FLAG_BIT(FLAG_DAYS)
#define PASSWORD_FILE FLAG_BIT(FLAG_PASSWORD_FILE)
#define TOKEN         FLAG_BIT(FLAG_TOKEN)
#define OWN           PHRASE_OWN_UNIT
#define TRUST         PHRASE_TRUST_UNIT
#define STYLE         FLAG_BIT(FLAG_STYLE)
#define CHANGES       PHRASE_CHANGES
/* Guard rails look at it first. */
#define GUARDED (CHANGES | FLAG_BIT(FLAG_FORCE))
#define REHEARSE                                                                                             \
    (JSON | NODE | KEY | DAYS | PASSWORD_FILE | FLAG_BIT(FLAG_ALL) | FLAG_BIT(FLAG_FAMILY) |                 \
     FLAG_BIT(FLAG_INSTALLED) | FLAG_BIT(FLAG_PHONES_ARE_BACK) | TOKEN | STYLE)

/* clang-format off */
static const struct phrase rows[] = {
    {"show ctl [FILE]", JSON, PHRASE_CONFIG_IF_THERE, false, show_ctl,
     "print and verify a CTL file; without FILE, the one of the TFTP folder"},
    {"show itl [FILE]", JSON, PHRASE_CONFIG_IF_THERE, false, show_itl,
     "print and verify an ITL file; without FILE, the one of the TFTP folder"},
    {"show cert list own", JSON, PHRASE_CONFIG_NEEDED, false, show_cert_list_own,
     "the certificates of own units: roles, expiry, and which list they stand in"},
    {"show cert list trust", JSON, PHRASE_CONFIG_NEEDED, false, show_cert_list_trust,
     "the certificates of trust units and the imported ones"},
    {"show cert own <UNIT>", OWN | JSON | NODE, PHRASE_CONFIG_NEEDED, false, show_cert_own,
     "one certificate of ours; UNIT or UNIT.pem"},
    {"show cert trust <UNIT> <NAME>", TRUST | JSON, PHRASE_CONFIG_NEEDED, false, show_cert_trust,
     "one certificate of a trust unit, by common name, subject or serial number; UNIT `imported`: in no unit"},
    {"show published", JSON, PHRASE_CONFIG_NEEDED, false, show_published,
     "the lists that were given out: when, by which phrase, checksums, signer; which one phones find now"},
    {"show token [URI]", JSON, PHRASE_CONFIG_NEEDED, false, show_token,
     "the security tokens that are there: tries left, certificates, and which stand in the CTL file"},
    {"show status", JSON, PHRASE_CONFIG_NEEDED, false, show_status,
     "how the running tvsd is: versions, what it answers from, checksums, expiry, phones, counters"},
    {"show tvs clients [NAME]", JSON, PHRASE_CONFIG_NEEDED, false, show_tvs_clients,
     "the phones that tvsd has answered: when, how, what they asked; NAME: a part of theirs, or an address"},
    {"show csr list", JSON, PHRASE_CONFIG_NEEDED, false, csr_list,
     "the requests that wait for a certificate"},
    {"show csr own <UNIT>", OWN | JSON | NODE, PHRASE_CONFIG_NEEDED, false, csr_show,
     "the request of a unit, for the authority that shall sign it"},
    {"set cert regen <UNIT>", OWN | NODE | KEY | DAYS | GUARDED, PHRASE_CONFIG_NEEDED, false, cert_regen,
     "make a new key and a self-signed certificate for an own unit"},
    {"set cert own <UNIT>", OWN | TOKEN | GUARDED, PHRASE_CONFIG_NEEDED, false, cert_own,
     "take the certificate of a security token, whose key signs from then on: CallManager, ITLRecovery"},
    {"set cert import own <UNIT> <FILE>…", OWN | NODE | PASSWORD_FILE | GUARDED, PHRASE_CONFIG_NEEDED, false, cert_import_own,
     "take a certificate and its key for an own unit: PEM, DER, PKCS#7, PKCS#12"},
    {"set cert import trust <UNIT> <FILE>…", TRUST | PASSWORD_FILE | GUARDED, PHRASE_CONFIG_NEEDED, false, cert_import_trust,
     "take every certificate of the files into a trust unit"},
    {"set cert delete <UNIT> <NAME>", GUARDED, PHRASE_CONFIG_NEEDED, false, cert_delete,
     "take a certificate out of a unit"},
    {"set csr gen <UNIT>", OWN | NODE | KEY | CHANGES, PHRASE_CONFIG_NEEDED, false, csr_generate,
     "make a new key and a signing request for an own unit; `set cert import own` takes the certificate"},
    {"set network hostname <NAME>", NODE | GUARDED, PHRASE_CONFIG_NEEDED, false, set_hostname,
     "give our node another name, and regenerate its certificates"},
    {"set trace level <LEVEL>", 0, PHRASE_CONFIG_NEEDED, false, set_trace_level,
     "what the running tvsd logs, until its next reload: debug, info, warning or error"},
    {"file list tftp", JSON, PHRASE_CONFIG_NEEDED, false, file_list_tftp,
     "the files that phones can fetch: size, date, what each is, and who signed it"},
    {"file get tftp <NAME> [FILE]", 0, PHRASE_CONFIG_NEEDED, false, file_get_tftp,
     "copy a file out of the TFTP folder, to ./NAME or FILE"},
    {"file delete tftp <NAME>", GUARDED, PHRASE_CONFIG_NEEDED, false, file_delete_tftp,
     "take a file out of the TFTP folder"},
    {"file delete activelog <FILE>", GUARDED, PHRASE_CONFIG_NEEDED, false, file_delete_activelog,
     "take away cm/tftpdata/CTLFile.tlv (or ITLFile.tlv), left over in a cluster that is not in mixed mode"},
    {"file sign [FILE]…", FLAG_BIT(FLAG_ALL) | CHANGES, PHRASE_CONFIG_NEEDED, false, file_sign,
     "sign configuration files: FILE.sgn beside each; --all: every .sgn of the TFTP folder anew"},
    {"file verify <FILE>…", JSON, PHRASE_CONFIG_NEEDED, false, file_verify,
     "whether a phone could believe a signed file: by whom, and which list holds the signer"},
    {"run sql <STATEMENT>…", JSON, PHRASE_CONFIG_NEEDED, true, run_sql,
     "ask the store with a SELECT; all words after it are the statement"},
    {"utils import usecallmanager <DB>", GUARDED, PHRASE_CONFIG_NEEDED, false, import_usecallmanager,
     "take over the certificates of the open Python tools' database"},
    {"utils backup <FILE>", PASSWORD_FILE, PHRASE_CONFIG_NEEDED, false, utils_backup,
     "save certificates, keys and trust lists in FILE, under a password"},
    {"utils restore <FILE>", PASSWORD_FILE | GUARDED, PHRASE_CONFIG_NEEDED, false, utils_restore,
     "restore what `utils backup` saved: all of it or nothing"},
    {"utils rehearse <PHRASE>…", REHEARSE, PHRASE_CONFIG_NEEDED, false, utils_rehearse,
     "what that phrase would do to phones: who follows, waits or is stranded; nothing is changed"},
    {"utils rollout show [N]", JSON | FLAG_BIT(FLAG_ALL), PHRASE_CONFIG_NEEDED, false, rollout_show,
     "changes of signer and TVS certificate: which phones have followed those that are open, and the history"},
    {"utils rollout close [N]…", CHANGES | FLAG_BIT(FLAG_ALL) | FLAG_BIT(FLAG_PHONES_ARE_BACK), PHRASE_CONFIG_NEEDED, false, rollout_close,
     "say that all phones have fetched the list that opened a roll-out"},
    {"utils migrate-check [FILE]…", JSON | FLAG_BIT(FLAG_TO) | FLAG_BIT(FLAG_FAMILY), PHRASE_CONFIG_NEEDED, false, migrate_check,
     "whether phones may move to the cluster whose CTL, ITL and signed files are given: --to FILE…"},
    {"utils ctl set-cluster mixed-mode", GUARDED, PHRASE_CONFIG_NEEDED, false, ctl_mixed_mode,
     "build, sign and publish a CTL file, and set ClusterSecurityMode to 1"},
    {"utils ctl set-cluster non-secure-mode", CHANGES, PHRASE_CONFIG_NEEDED, false, ctl_non_secure_mode,
     "set ClusterSecurityMode to 0, and publish a CTL file whose CCM+TFTP records are hollow"},
    {"utils ctl update CTLFile", GUARDED, PHRASE_CONFIG_NEEDED, false, ctl_update,
     "build, sign and publish the CTL file again"},
    {"utils ctl sign", GUARDED | TOKEN | STYLE | PASSWORD_FILE, PHRASE_CONFIG_NEEDED, false, ctl_sign,
     "build and publish the CTL file, signed by a security token; `utils ctl update CTLFile` goes back"},
    {"utils ctl reset localkey", GUARDED, PHRASE_CONFIG_NEEDED, false, ctl_reset_localkey,
     "sign the present CTL file with the anchor that is not trust_lists.signer"},
    {"utils ctl restore <N>", GUARDED, PHRASE_CONFIG_NEEDED, false, ctl_restore,
     "publish a CTL file of the history again, by its number in `show published`"},
    {"utils itl update", GUARDED, PHRASE_CONFIG_NEEDED, false, itl_update,
     "build, sign and publish the ITL file again"},
    {"utils itl reset localkey", GUARDED, PHRASE_CONFIG_NEEDED, false, itl_reset_localkey,
     "sign the present ITL file with the anchor that is not trust_lists.signer"},
    {"utils itl reset remotekey <FILE>", PASSWORD_FILE | GUARDED, PHRASE_CONFIG_NEEDED, false, itl_reset_remotekey,
     "sign the present ITL file with the ITLRecovery of another cluster or of a backup (PKCS#12)"},
    {"utils itl restore <N>", GUARDED, PHRASE_CONFIG_NEEDED, false, itl_restore,
     "publish an ITL file of the history again, by its number in `show published`"},
    {"utils itl rollback on", GUARDED, PHRASE_CONFIG_NEEDED, false, itl_rollback_on,
     "prepare the cluster for rollback to pre 8.0: publish an empty, signed ITL file"},
    {"utils itl rollback off", GUARDED, PHRASE_CONFIG_NEEDED, false, itl_rollback_off,
     "publish the ITL file with its content again"},
    {"utils itl diagnose <FILE> [BACKUP]", PASSWORD_FILE | JSON, PHRASE_CONFIG_NEEDED, false, itl_diagnose,
     "whether the ITL file of a phone must be deleted by hand: the four conditions, one by one"},
    {"utils service reload", 0, PHRASE_CONFIG_NEEDED, false, service_reload,
     "let the running tvsd read everything again, and say what came of it"},
    {"utils store update", 0, PHRASE_CONFIG_NEEDED, false, store_update,
     "bring the store's schema up to date, as the next phrase that writes it would"},
    {"utils node add <NAME> [ADDRESS]", CHANGES, PHRASE_CONFIG_NEEDED, false, node_add,
     "make another node known, or give it another address"},
    {"utils node delete <NAME>", GUARDED, PHRASE_CONFIG_NEEDED, false, node_delete,
     "take another node and its certificates out of the cluster"},
    {"utils node list", JSON, PHRASE_CONFIG_NEEDED, false, node_list,
     "the nodes of the cluster and the certificates that each has"},
};
/* clang-format on */

const struct grammar grammar = {rows, sizeof rows / sizeof rows[0]};
