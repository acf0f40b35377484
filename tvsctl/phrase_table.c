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
#define CHANGES       PHRASE_CHANGES
#define REHEARSE                                                                                             \
    (JSON | NODE | KEY | DAYS | PASSWORD_FILE | FLAG_BIT(FLAG_ALL) | FLAG_BIT(FLAG_FAMILY) |                 \
     FLAG_BIT(FLAG_INSTALLED) | TOKEN)

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
    {"show csr list", JSON, PHRASE_CONFIG_NEEDED, false, csr_list,
     "the requests that wait for a certificate"},
    {"show csr own <UNIT>", OWN | JSON | NODE, PHRASE_CONFIG_NEEDED, false, csr_show,
     "the request of a unit, for the authority that shall sign it"},
    {"set cert regen <UNIT>", OWN | NODE | KEY | DAYS | CHANGES, PHRASE_CONFIG_NEEDED, false, cert_regen,
     "make a new key and a self-signed certificate for an own unit"},
    {"set cert import own <UNIT> <FILE>…", OWN | NODE | PASSWORD_FILE | CHANGES, PHRASE_CONFIG_NEEDED, false, cert_import_own,
     "take a certificate and its key for an own unit: PEM, DER, PKCS#7, PKCS#12"},
    {"set cert import trust <UNIT> <FILE>…", TRUST | PASSWORD_FILE | CHANGES, PHRASE_CONFIG_NEEDED, false, cert_import_trust,
     "take every certificate of the files into a trust unit"},
    {"set cert delete <UNIT> <NAME>", CHANGES, PHRASE_CONFIG_NEEDED, false, cert_delete,
     "take a certificate out of a unit"},
    {"set csr gen <UNIT>", OWN | NODE | KEY | CHANGES, PHRASE_CONFIG_NEEDED, false, csr_generate,
     "make a new key and a signing request for an own unit; `set cert import own` takes the certificate"},
    {"set network hostname <NAME>", NODE | CHANGES, PHRASE_CONFIG_NEEDED, false, set_hostname,
     "give our node another name, and regenerate its certificates"},
    {"file list tftp", JSON, PHRASE_CONFIG_NEEDED, false, file_list_tftp,
     "the files that phones can fetch: size, date, what each is, and who signed it"},
    {"file get tftp <NAME> [FILE]", 0, PHRASE_CONFIG_NEEDED, false, file_get_tftp,
     "copy a file out of the TFTP folder, to ./NAME or FILE"},
    {"file delete tftp <NAME>", CHANGES, PHRASE_CONFIG_NEEDED, false, file_delete_tftp,
     "take a file out of the TFTP folder"},
    {"file delete activelog <FILE>", CHANGES, PHRASE_CONFIG_NEEDED, false, file_delete_activelog,
     "take away cm/tftpdata/CTLFile.tlv (or ITLFile.tlv), left over in a cluster that is not in mixed mode"},
    {"file sign [FILE]…", FLAG_BIT(FLAG_ALL) | CHANGES, PHRASE_CONFIG_NEEDED, false, file_sign,
     "sign configuration files: FILE.sgn beside each; --all: every .sgn of the TFTP folder anew"},
    {"file verify <FILE>…", JSON, PHRASE_CONFIG_NEEDED, false, file_verify,
     "whether a phone could believe a signed file: by whom, and which list holds the signer"},
    {"run sql <STATEMENT>…", JSON, PHRASE_CONFIG_NEEDED, true, run_sql,
     "ask the store with a SELECT; all words after it are the statement"},
    {"utils import usecallmanager <DB>", CHANGES, PHRASE_CONFIG_NEEDED, false, import_usecallmanager,
     "take over the certificates of the open Python tools' database"},
    {"utils backup <FILE>", PASSWORD_FILE, PHRASE_CONFIG_NEEDED, false, utils_backup,
     "save certificates, keys and trust lists in FILE, under a password"},
    {"utils restore <FILE>", PASSWORD_FILE | CHANGES, PHRASE_CONFIG_NEEDED, false, utils_restore,
     "restore what `utils backup` saved: all of it or nothing"},
    {"utils rehearse <PHRASE>…", REHEARSE, PHRASE_CONFIG_NEEDED, false, utils_rehearse,
     "what that phrase would do to phones: who follows, waits or is stranded; nothing is changed"},
    {"utils migrate-check [FILE]…", JSON | FLAG_BIT(FLAG_TO) | FLAG_BIT(FLAG_FAMILY), PHRASE_CONFIG_NEEDED, false, migrate_check,
     "whether phones may move to the cluster whose CTL, ITL and signed files are given: --to FILE…"},
    {"utils ctl set-cluster mixed-mode", CHANGES, PHRASE_CONFIG_NEEDED, false, ctl_mixed_mode,
     "build, sign and publish a CTL file, and set ClusterSecurityMode to 1"},
    {"utils ctl set-cluster non-secure-mode", CHANGES, PHRASE_CONFIG_NEEDED, false, ctl_non_secure_mode,
     "set ClusterSecurityMode to 0, and publish a CTL file whose CCM+TFTP records are hollow"},
    {"utils ctl update CTLFile", CHANGES, PHRASE_CONFIG_NEEDED, false, ctl_update,
     "build, sign and publish the CTL file again"},
    {"utils ctl sign", CHANGES | TOKEN | PASSWORD_FILE, PHRASE_CONFIG_NEEDED, false, ctl_sign,
     "build and publish the CTL file, signed by a security token; `utils ctl update CTLFile` goes back"},
    {"utils ctl reset localkey", CHANGES, PHRASE_CONFIG_NEEDED, false, ctl_reset_localkey,
     "sign the present CTL file with the anchor that is not trust_lists.signer"},
    {"utils ctl restore <N>", CHANGES, PHRASE_CONFIG_NEEDED, false, ctl_restore,
     "publish a CTL file of the history again, by its number in `show published`"},
    {"utils itl update", CHANGES, PHRASE_CONFIG_NEEDED, false, itl_update,
     "build, sign and publish the ITL file again"},
    {"utils itl reset localkey", CHANGES, PHRASE_CONFIG_NEEDED, false, itl_reset_localkey,
     "sign the present ITL file with the anchor that is not trust_lists.signer"},
    {"utils itl reset remotekey <FILE>", PASSWORD_FILE | CHANGES, PHRASE_CONFIG_NEEDED, false, itl_reset_remotekey,
     "sign the present ITL file with the ITLRecovery of another cluster or of a backup (PKCS#12)"},
    {"utils itl restore <N>", CHANGES, PHRASE_CONFIG_NEEDED, false, itl_restore,
     "publish an ITL file of the history again, by its number in `show published`"},
    {"utils itl rollback on", CHANGES, PHRASE_CONFIG_NEEDED, false, itl_rollback_on,
     "prepare the cluster for rollback to pre 8.0: publish an empty, signed ITL file"},
    {"utils itl rollback off", CHANGES, PHRASE_CONFIG_NEEDED, false, itl_rollback_off,
     "publish the ITL file with its content again"},
    {"utils itl diagnose <FILE> [BACKUP]", PASSWORD_FILE, PHRASE_CONFIG_NEEDED, false, itl_diagnose,
     "whether the ITL file of a phone must be deleted by hand: the four conditions, one by one"},
    {"utils node add <NAME> [ADDRESS]", CHANGES, PHRASE_CONFIG_NEEDED, false, node_add,
     "make another node known, or give it another address"},
    {"utils node delete <NAME>", CHANGES, PHRASE_CONFIG_NEEDED, false, node_delete,
     "take another node and its certificates out of the cluster"},
    {"utils node list", JSON, PHRASE_CONFIG_NEEDED, false, node_list,
     "the nodes of the cluster and the certificates that each has"},
};
/* clang-format on */

const struct grammar grammar = {rows, sizeof rows / sizeof rows[0]};
