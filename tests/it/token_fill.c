/* Put a private key and its certificate into a token that is initialized, as its owner's program would:
 * token_fill MODULE LABEL PIN KEY.pem CERT.pem ID, ID a number. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <p11-kit/p11-kit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS 8

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "token_fill: %s\n", what);
    exit(1);
}

static CK_SESSION_HANDLE open_session(CK_FUNCTION_LIST *module, const char *label, char *pin)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = sizeof slots / sizeof slots[0];
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    must(module->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK, "no slots");
    for (CK_ULONG i = 0; i < count && session == CK_INVALID_HANDLE; i++) {
        CK_TOKEN_INFO info;
        char padded[sizeof info.label];
        memset(padded, ' ', sizeof padded);
        memcpy(padded, label, strnlen(label, sizeof padded));
        if (module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            memcmp(info.label, padded, sizeof padded) == 0)
            must(module->C_OpenSession(slots[i], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) ==
                     CKR_OK,
                 "no session");
    }
    must(session != CK_INVALID_HANDLE, "no such token");
    must(module->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)) == CKR_OK, "wrong PIN");
    return session;
}

static void put_cert(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, const char *path, CK_BYTE id)
{
    FILE *file = fopen(path, "r");
    X509 *cert = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    unsigned char *der = NULL, *subject = NULL;
    must(cert != NULL, "no certificate");
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_CERTIFICATE_TYPE type = CKC_X_509;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_OBJECT_HANDLE object;
    int der_len = i2d_X509(cert, &der), subject_len = i2d_X509_NAME(X509_get_subject_name(cert), &subject);
    CK_ATTRIBUTE attributes[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_CERTIFICATE_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &no, sizeof no},
        {CKA_ID, &id, 1},
        {CKA_SUBJECT, subject, (CK_ULONG)subject_len},
        {CKA_VALUE, der, (CK_ULONG)der_len},
    };
    must(module->C_CreateObject(session, attributes, sizeof attributes / sizeof attributes[0], &object) ==
             CKR_OK,
         "the certificate was refused");
    OPENSSL_free(der);
    OPENSSL_free(subject);
    X509_free(cert);
    fclose(file);
}

static void put_key(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, const char *path, CK_BYTE id)
{
    static const char *const names[NUMBERS] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    static const CK_ATTRIBUTE_TYPE types[NUMBERS] = {
        CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
        CKA_PRIME_2, CKA_EXPONENT_1,      CKA_EXPONENT_2,       CKA_COEFFICIENT,
    };
    static unsigned char numbers[NUMBERS][1024];
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BBOOL yes = CK_TRUE;
    CK_OBJECT_HANDLE object;
    FILE *file = fopen(path, "r");
    EVP_PKEY *key = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    must(key != NULL, "no key");
    CK_ATTRIBUTE attributes[7 + NUMBERS] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes},
        {CKA_SIGN, &yes, sizeof yes},
        {CKA_ID, &id, 1},
    };
    for (size_t i = 0; i < NUMBERS; i++) {
        BIGNUM *number = NULL;
        must(EVP_PKEY_get_bn_param(key, names[i], &number) == 1, "no RSA key");
        attributes[7 + i] = (CK_ATTRIBUTE){types[i], numbers[i], (CK_ULONG)BN_bn2bin(number, numbers[i])};
        BN_clear_free(number);
    }
    must(module->C_CreateObject(session, attributes, sizeof attributes / sizeof attributes[0], &object) ==
             CKR_OK,
         "the key was refused");
    EVP_PKEY_free(key);
    fclose(file);
}

int main(int argc, char **argv)
{
    must(argc == 7, "usage: token_fill MODULE LABEL PIN KEY.pem CERT.pem ID");
    CK_FUNCTION_LIST *module = p11_kit_module_load(argv[1], 0);
    must(module != NULL && p11_kit_module_initialize(module) == CKR_OK, "no module");
    CK_SESSION_HANDLE session = open_session(module, argv[2], argv[3]);
    put_cert(module, session, argv[5], (CK_BYTE)atoi(argv[6]));
    put_key(module, session, argv[4], (CK_BYTE)atoi(argv[6]));
    p11_kit_module_finalize(module);
    p11_kit_module_release(module);
    return 0;
}
