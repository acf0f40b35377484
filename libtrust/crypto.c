/* OpenSSL's errors, turned into ours, and PEM. */
#include "internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Besides saying so, OpenSSL says these of a context that it could not allocate. */
static bool is_no_memory(unsigned long code)
{
    return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ||
           (ERR_GET_LIB(code) == ERR_LIB_EVP && ERR_GET_REASON(code) == EVP_R_NOT_ABLE_TO_COPY_CTX);
}

int crypto_error(struct trust_error *err, int code, const char *format, ...)
{
    /* The oldest entry is the cause; the ones behind it say who passed it on. */
    unsigned long first = ERR_get_error();
    bool no_memory = ERR_GET_LIB(first) == ERR_LIB_EVP && ERR_GET_REASON(first) == EVP_R_INITIALIZATION_ERROR;
    for (unsigned long next = first; next != 0; next = ERR_get_error())
        no_memory |= is_no_memory(next);
    if (no_memory)
        code = TRUST_ENOMEM;
    if (err == NULL)
        return code;
    char text[sizeof err->text];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *reason = no_memory ? "out of memory" : ERR_reason_error_string(first);
    if (n < 0)
        text[0] = '\0';
    if (reason == NULL)
        return trust_error_set(err, code, TRUST_NO_OFFSET, "%s", text);
    return trust_error_set(err, code, TRUST_NO_OFFSET, "%s: %s", text, reason);
}

int crypto_no_memory(struct trust_error *err, const char *what)
{
    ERR_clear_error();
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s: out of memory", what);
}

int crypto_to_pem(const char *label, struct trust_bytes der, const char *what, char **out,
                  struct trust_error *err)
{
    int code;
    char *pem;
    *out = NULL;
    BIO *bio = BIO_new(BIO_s_mem()); /* wiped when freed */
    if (bio == NULL || PEM_write_bio(bio, label, "", der.data, (long)der.len) <= 0) {
        code = crypto_error(err, TRUST_ENOMEM, "%s: cannot be written as PEM", what);
        goto out;
    }
    long len = BIO_get_mem_data(bio, &pem);
    *out = strndup(pem, (size_t)len);
    code = *out != NULL ? 0 : crypto_no_memory(err, what);
out:
    BIO_free(bio);
    return code;
}
