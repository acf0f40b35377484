/* Every phrase, once. A new one is a row here, a function in handlers.h and a paragraph in man/tvsctl.8. */
#include "handlers.h"
#include "phrase.h"

#define JSON          FLAG_BIT(FLAG_JSON)
#define NODE          FLAG_BIT(FLAG_NODE)
#define KEY           FLAG_BIT(FLAG_KEY)
#define DAYS          FLAG_BIT(FLAG_DAYS)
#define PASSWORD_FILE FLAG_BIT(FLAG_PASSWORD_FILE)

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
    {"show cert own <UNIT>", JSON | NODE, PHRASE_CONFIG_NEEDED, false, show_cert_own,
     "one certificate of ours; UNIT or UNIT.pem"},
    {"show cert trust <UNIT> <NAME>", JSON, PHRASE_CONFIG_NEEDED, false, show_cert_trust,
     "one certificate of a trust unit, by common name, subject or serial number; UNIT `imported`: in no unit"},
    {"set cert regen <UNIT>", NODE | KEY | DAYS, PHRASE_CONFIG_NEEDED, false, cert_regen,
     "make a new key and a self-signed certificate for an own unit"},
    {"set cert import own <UNIT> <FILE>…", NODE | PASSWORD_FILE, PHRASE_CONFIG_NEEDED, false, cert_import_own,
     "take a certificate and its key for an own unit: PEM, DER, PKCS#7, PKCS#12"},
    {"set cert import trust <UNIT> <FILE>…", PASSWORD_FILE, PHRASE_CONFIG_NEEDED, false, cert_import_trust,
     "take every certificate of the files into a trust unit"},
    {"set cert delete <UNIT> <NAME>", 0, PHRASE_CONFIG_NEEDED, false, cert_delete,
     "take a certificate out of a unit"},
    {"run sql <STATEMENT>…", JSON, PHRASE_CONFIG_NEEDED, true, run_sql,
     "ask the store with a SELECT; all words after it are the statement"},
    {"utils import usecallmanager <DB>", 0, PHRASE_CONFIG_NEEDED, false, import_usecallmanager,
     "take over the certificates of the open Python tools' database"},
    {"utils ctl set-cluster mixed-mode", 0, PHRASE_CONFIG_NEEDED, false, ctl_mixed_mode,
     "build, sign and publish a CTL file, and set ClusterSecurityMode to 1"},
    {"utils ctl update CTLFile", 0, PHRASE_CONFIG_NEEDED, false, ctl_update,
     "build, sign and publish the CTL file again"},
};
/* clang-format on */

const struct grammar grammar = {rows, sizeof rows / sizeof rows[0]};
