#include "rounds.h"

#include "internal.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>

/* Numbers that do not fit count as the greatest. */
static uint64_t number(const ASN1_INTEGER *integer)
{
    uint64_t value;
    if (integer == NULL)
        return 1;
    return ASN1_INTEGER_get_uint64(&value, integer) == 1 ? value : UINT64_MAX;
}

static int take(uint64_t *left, uint64_t rounds, const char *what, struct trust_error *err)
{
    if (rounds > *left)
        return trust_error_set(
            err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
            "%s: its password takes more than %d rounds to check; write it again with fewer, such as "
            "100000 (openssl's -iter)",
            what, ROUNDS_MAX);
    *left -= rounds;
    return 0;
}

int rounds_take(uint64_t *left, const ASN1_INTEGER *n, const char *what, struct trust_error *err)
{
    int code = take(left, number(n), what, err);
    ERR_clear_error();
    return code;
}

/* scrypt's N, r and p: what a round of PBKDF2 costs, N * r * p of these cost about as well. */
static uint64_t scrypt_rounds(const SCRYPT_PARAMS *params)
{
    uint64_t product = number(params->costParameter);
    const uint64_t others[] = {number(params->blockSize), number(params->parallelizationParameter)};
    for (size_t i = 0; i < 2; i++)
        product = others[i] != 0 && product > UINT64_MAX / others[i] ? UINT64_MAX : product * others[i];
    return product;
}

/* Of the key derivation function of PBES2 or PBMAC1. */
static uint64_t derivation_rounds(const X509_ALGOR *function)
{
    uint64_t rounds = 0;
    const ASN1_OBJECT *object;
    X509_ALGOR_get0(&object, NULL, NULL, function);
    if (OBJ_obj2nid(object) == NID_id_pbkdf2) {
        PBKDF2PARAM *params = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), function->parameter);
        rounds = params != NULL ? number(params->iter) : 0;
        PBKDF2PARAM_free(params);
    } else if (OBJ_obj2nid(object) == NID_id_scrypt) {
        SCRYPT_PARAMS *params = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), function->parameter);
        rounds = params != NULL ? scrypt_rounds(params) : 0;
        SCRYPT_PARAMS_free(params);
    }
    return rounds;
}

int rounds_take_algorithm(uint64_t *left, const X509_ALGOR *algorithm, const char *what,
                          struct trust_error *err)
{
    uint64_t rounds = 0;
    const ASN1_OBJECT *object;
    ERR_clear_error();
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    const int nid = OBJ_obj2nid(object);
    if (nid == NID_pbes2 || nid == NID_pbmac1) { /* RFC 8018 A.5: its parameters are built alike */
        PBE2PARAM *params = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
        rounds = params != NULL ? derivation_rounds(params->keyfunc) : 0;
        PBE2PARAM_free(params);
    } else {
        PBEPARAM *params = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
        rounds = params != NULL ? number(params->iter) : 0;
        PBEPARAM_free(params);
    }
    /* What could not be decoded because memory ran out would be taken for nothing. */
    if (ERR_peek_error() != 0 && crypto_error(NULL, TRUST_EKEY, "%s", what) == TRUST_ENOMEM)
        return crypto_no_memory(err, what);
    ERR_clear_error();
    return take(left, rounds, what, err);
}

int rounds_check_key(struct trust_bytes der, struct trust_error *err)
{
    uint64_t left = ROUNDS_MAX;
    const unsigned char *at = der.data;
    const X509_ALGOR *algorithm;
    ERR_clear_error();
    X509_SIG *encrypted = d2i_X509_SIG(NULL, &at, (long)der.len);
    int code = 0;
    if (encrypted == NULL && crypto_error(NULL, TRUST_EKEY, "a key") == TRUST_ENOMEM)
        code = crypto_no_memory(err, "a key");
    if (encrypted != NULL) {
        X509_SIG_get0(encrypted, &algorithm, NULL);
        code = rounds_take_algorithm(&left, algorithm, "the private key", err);
    }
    X509_SIG_free(encrypted);
    ERR_clear_error();
    return code;
}
