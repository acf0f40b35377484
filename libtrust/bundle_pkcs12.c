/* PKCS#12, bag by bag: PKCS12_parse would lose the order of the certificates and a second key. */
#include "bundle_parts.h"
#include "internal.h"
#include "rounds.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <string.h>

#define NESTING_MAX 4 /* bags in bags */

/* What opens a file, and how much work it may still be. */
struct opening {
    const char *password; /* NULL: none */
    uint64_t rounds_left;
};

/* Find what opens the file: "no password" has two encodings, and writers differ. */
static int check_password(PKCS12 *p12, struct opening *opening, struct trust_error *err)
{
    const char **password = &opening->password;
    bool none = *password == NULL || **password == '\0';
    if (!PKCS12_mac_present(p12)) {
        *password = none ? "" : *password;
        return 0;
    }
    const ASN1_INTEGER *rounds;
    const X509_ALGOR *algorithm;
    PKCS12_get0_mac(NULL, &algorithm, NULL, &rounds, p12);
    int code = rounds_take(&opening->rounds_left, rounds, "PKCS#12", err);
    if (code == 0) /* RFC 9579: PBMAC1 has its own, and those beside it mean nothing */
        code = rounds_take_algorithm(&opening->rounds_left, algorithm, "PKCS#12", err);
    if (code != 0)
        return code;
    if (none) {
        *password = NULL;
        if (PKCS12_verify_mac(p12, NULL, 0) == 1)
            return 0;
        *password = "";
        if (PKCS12_verify_mac(p12, "", 0) == 1)
            return 0;
    } else if (PKCS12_verify_mac(p12, *password, -1) == 1) {
        return 0;
    }
    if (ERR_peek_error() != 0)
        return crypto_error(err, TRUST_EUNSUPPORTED, "PKCS#12: its integrity check cannot be computed");
    return trust_error_set(err, TRUST_EPASSWORD, TRUST_NO_OFFSET, "PKCS#12: %s",
                           none ? "it needs a password" : "the password is wrong, or the file is damaged");
}

/* After a failure to decrypt with a password that the integrity check has confirmed. */
static int decrypt_error(const ASN1_OBJECT *algorithm, struct trust_error *err)
{
    char name[80];
    if (ERR_GET_REASON(ERR_peek_error()) != ERR_R_UNSUPPORTED)
        return crypto_error(err, TRUST_EPASSWORD, "PKCS#12: it does not decrypt; wrong password, or damaged");
    ERR_clear_error();
    if (OBJ_obj2txt(name, sizeof name, algorithm, 0) <= 0)
        memcpy(name, "?", 2);
    return trust_error_set(
        err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
        "a legacy PKCS#12 (%s), which OpenSSL decrypts only with its legacy provider: convert it "
        "with `openssl pkcs12 -legacy -in OLD.p12 -nodes -out NEW.pem`",
        name);
}

static int add_private_key(struct trust_bundle *bundle, const PKCS8_PRIV_KEY_INFO *info,
                           struct trust_error *err)
{
    struct trust_key *key;
    EVP_PKEY *pkey = EVP_PKCS82PKEY(info);
    if (pkey == NULL)
        return crypto_error(err, TRUST_EKEY, "PKCS#12: a private key that cannot be decoded");
    int code = key_from_pkey(pkey, &key, err);
    return code == 0 ? bundle_add_key(bundle, key, err) : code;
}

static int add_shrouded_key(struct trust_bundle *bundle, const PKCS12_SAFEBAG *bag, struct opening *opening,
                            struct trust_error *err)
{
    const char *password = opening->password;
    const X509_ALGOR *algorithm;
    const ASN1_OBJECT *object;
    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
    int code = rounds_take_algorithm(&opening->rounds_left, algorithm, "PKCS#12", err);
    if (code != 0)
        return code;
    PKCS8_PRIV_KEY_INFO *info = PKCS12_decrypt_skey(bag, password, password != NULL ? -1 : 0);
    if (info == NULL) {
        X509_ALGOR_get0(&object, NULL, NULL, algorithm);
        return decrypt_error(object, err);
    }
    code = add_private_key(bundle, info, err);
    PKCS8_PRIV_KEY_INFO_free(info);
    return code;
}

static int add_certificate(struct trust_bundle *bundle, const PKCS12_SAFEBAG *bag, struct trust_error *err)
{
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
        return 0; /* an SDSI certificate */
    X509 *x509 = PKCS12_SAFEBAG_get1_cert(bag);
    if (x509 == NULL)
        return crypto_error(err, TRUST_ECERT, "PKCS#12: a certificate that cannot be decoded");
    int code = bundle_add_x509(bundle, x509, err);
    X509_free(x509);
    return code;
}

static int add_bags(struct trust_bundle *bundle, const STACK_OF(PKCS12_SAFEBAG) * bags,
                    struct opening *opening, int depth, struct trust_error *err)
{
    int code = 0;
    if (depth > NESTING_MAX)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "PKCS#12: bags nested more than %d deep", NESTING_MAX);
    for (int i = 0; code == 0 && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
        switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_keyBag:
            code = add_private_key(bundle, PKCS12_SAFEBAG_get0_p8inf(bag), err);
            break;
        case NID_pkcs8ShroudedKeyBag:
            code = add_shrouded_key(bundle, bag, opening, err);
            break;
        case NID_certBag:
            code = add_certificate(bundle, bag, err);
            break;
        case NID_safeContentsBag:
            code = add_bags(bundle, PKCS12_SAFEBAG_get0_safes(bag), opening, depth + 1, err);
            break;
        default: /* revocation lists, secrets */
            break;
        }
    }
    return code;
}

static int add_safe(struct trust_bundle *bundle, PKCS7 *safe, struct opening *opening,
                    struct trust_error *err)
{
    const char *password = opening->password;
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    int code;
    if (PKCS7_type_is_data(safe)) {
        bags = PKCS12_unpack_p7data(safe);
        if (bags == NULL)
            return crypto_error(err, TRUST_ECERT, "PKCS#12: damaged content");
    } else if (PKCS7_type_is_encrypted(safe)) {
        if (safe->d.encrypted == NULL)
            return trust_error_set(err, TRUST_ECERT, TRUST_NO_OFFSET, "PKCS#12: damaged content");
        code = rounds_take_algorithm(&opening->rounds_left, safe->d.encrypted->enc_data->algorithm, "PKCS#12",
                                     err);
        if (code != 0)
            return code;
        bags = PKCS12_unpack_p7encdata(safe, password, password != NULL ? -1 : 0);
        if (bags == NULL)
            return decrypt_error(safe->d.encrypted->enc_data->algorithm->algorithm, err);
    } else {
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "PKCS#12: encrypted for a public key, not with a password");
    }
    code = add_bags(bundle, bags, opening, 0, err);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return code;
}

int bundle_read_pkcs12(struct trust_bundle *bundle, PKCS12 *p12, const char *password,
                       struct trust_error *err)
{
    struct opening opening = {.password = password, .rounds_left = ROUNDS_MAX};
    ERR_clear_error();
    int code = check_password(p12, &opening, err);
    if (code != 0)
        return code;
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
    if (safes == NULL)
        return crypto_error(err, TRUST_ECERT, "PKCS#12: damaged content");
    for (int i = 0; code == 0 && i < sk_PKCS7_num(safes); i++)
        code = add_safe(bundle, sk_PKCS7_value(safes, i), &opening, err);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    if (code == 0 && bundle->cert_count == 0 && bundle->key == NULL)
        code = trust_error_set(err, TRUST_ECERT, TRUST_NO_OFFSET,
                               "PKCS#12: neither a certificate nor a key in it");
    return code;
}
