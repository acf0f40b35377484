#include "ctl_file.h"

#include "config/ctl_published.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ctl_file_read(const char *path, struct trust_list **out, struct trust_error *err)
{
    uint8_t *data = NULL;
    size_t len = 0;
    *out = NULL;
    int rc = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, err);
    if (rc == 0)
        rc = trust_list_parse((struct trust_bytes){data, len}, out, err);
    free(data);
    return rc;
}

bool ctl_file_is_trouble(int code)
{
    return code == TRUST_ENOMEM || code == TRUST_ESYSTEM || code == TRUST_ESTORE || code == TRUST_ESTOREBUSY;
}

/* Whether the certificate signed a published list; what is no such list vouches for nobody. The signer of
 * that list is the certificate in it, compared by its bytes: that another one's key verifies an old signature
 * proves nothing, wherever it was found, since a key can be made to fit a signature that is already there. */
static int signed_published(const char *path, const struct trust_cert *cert, bool *is_signer,
                            struct trust_error *err)
{
    struct trust_list *list = NULL;
    struct trust_cert *signer = NULL;
    int rc = ctl_file_read(path, &list, err);
    if (rc != 0)
        return ctl_file_is_trouble(rc) ? rc : 0;
    rc = trust_list_verify_self(list, &signer, NULL);
    *is_signer = rc == 0 && trust_cert_equal(signer, cert);
    trust_cert_free(signer);
    trust_list_free(list);
    return rc == TRUST_ENOMEM ? trust_error_set(err, rc, TRUST_NO_OFFSET, "out of memory") : 0;
}

static int published_vouches(const char *folder, const struct trust_cert *cert, bool *vouches,
                             struct trust_error *err)
{
    struct ctl_published published;
    int rc = ctl_published_vouching(folder, &published, err);
    for (size_t i = 0; rc == 0 && !*vouches && i < published.count; i++)
        rc = signed_published(published.paths[i], cert, vouches, err);
    ctl_published_fini(&published);
    return rc;
}

/* Keys of 512 bits are factored in hours; tokens of old have 1024. That a certificate has expired, or how it
 * is signed itself, is no reason: it is known by its bytes, phones do not look, and lists outlive both. */
#define RSA_LEAST 1024

/* 0: this certificate may sign; TRUST_ESIGNER: it is a stranger's, or too weak. */
static int may_sign(const struct ctl_rule *rule, const struct trust_cert *cert, struct trust_error *err)
{
    if (rule->any_signer)
        return 0;
    bool vouches = false;
    const int bits = trust_cert_key_bits(cert);
    if (trust_cert_key_type(cert) == TRUST_KEY_RSA && bits < RSA_LEAST)
        return trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                               "the signature verifies, but its signer \"%.160s\" has an RSA key of %d bits, "
                               "which anybody can break: sign with another one",
                               trust_name_cucm(trust_cert_subject(cert)), bits);
    int rc = trust_store_vouches(rule->store, cert, &vouches, err);
    if (rc == 0 && !vouches)
        rc = published_vouches(rule->published, cert, &vouches, err);
    if (rc != 0 || vouches)
        return rc;

    struct trust_bytes serial = trust_cert_serial(cert);
    char hex[2 * 20 + 1]; /* RFC 5280 4.1.2.2: at most 20 bytes */
    if (serial.len > 20)
        serial.len = 20;
    trust_hex(serial, 0, true, hex);
    return trust_error_set(
        err, TRUST_ESIGNER, TRUST_NO_OFFSET,
        "the signature verifies, but its signer \"%.160s\" (serial number %s) has role 0 nowhere in the "
        "store and did not sign the last lists published here; if you know it, `tvsctl set cert import trust "
        "Phone-SAST-trust FILE`",
        trust_name_cucm(trust_cert_subject(cert)), hex);
}

/* The certificates of the store that verify the list. */
struct store_search {
    const struct trust_list *list;
    struct trust_cert **tried;
    size_t tried_count;
};

static int gather_candidate(void *arg, const struct trust_store_row *row)
{
    struct store_search *search = arg;
    int rc = trust_list_verify(search->list, row->cert, NULL);
    if (rc != 0)
        return rc == TRUST_ENOMEM ? rc : 0;
    struct trust_cert **grown = reallocarray(search->tried, search->tried_count + 1, sizeof *grown);
    if (grown == NULL)
        return TRUST_ENOMEM;
    search->tried = grown;
    search->tried[search->tried_count++] = trust_cert_ref(row->cert);
    return 0;
}

/* Look for the signer in the store. TRUST_ESIGNER: not there, or a stranger. */
static int signer_in_store(const struct trust_list *list, const struct ctl_rule *rule,
                           struct trust_cert **out, struct trust_error *err)
{
    struct store_search search = {.list = list};
    int rc = trust_store_each_signer(rule->store, list, gather_candidate, &search, err);
    if (rc == TRUST_ENOMEM)
        trust_error_set(err, rc, TRUST_NO_OFFSET, "out of memory");
    if (rc == 0 && search.tried_count == 0)
        rc =
            trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                            "the signer that its header names has no certificate in it that would verify the "
                            "signature, nor in the store");
    for (size_t i = 0; i < search.tried_count && *out == NULL && (rc == 0 || rc == TRUST_ESIGNER); i++) {
        rc = may_sign(rule, search.tried[i], err);
        if (rc == 0)
            *out = trust_cert_ref(search.tried[i]);
    }
    for (size_t i = 0; i < search.tried_count; i++)
        trust_cert_free(search.tried[i]);
    free(search.tried);
    return rc;
}

/* The certificate that verifies the list and may sign: out of the list itself or, were it not there or a
 * stranger, out of the store. */
static int believed_signer(const struct trust_list *list, const struct ctl_rule *rule,
                           struct trust_cert **out, struct trust_error *err)
{
    struct trust_cert *own = NULL;
    int rc = trust_list_verify_self(list, &own, err);
    if (rc == 0)
        rc = may_sign(rule, own, err);
    if (rc == 0) {
        *out = own;
        return 0;
    }
    bool verified = own != NULL;
    trust_cert_free(own);
    if (ctl_file_is_trouble(rc))
        return rc;

    struct trust_error second = {0};
    int second_rc = signer_in_store(list, rule, out, &second);
    if (second_rc == 0)
        return 0;
    /* What the list's own signer came to says more than that the store does not have it. */
    bool takes_second = ctl_file_is_trouble(second_rc) || (!verified && rc == TRUST_ESIGNER);
    if (takes_second && err != NULL)
        *err = second;
    return takes_second ? second_rc : rc;
}

static int build_index(const struct trust_list *list, struct trust_index **out, struct trust_error *err)
{
    struct trust_index_builder *builder = NULL;
    int rc = trust_index_builder_new(&builder, err);
    if (rc == 0)
        rc = trust_index_add_list(builder, list, err);
    if (rc == 0)
        rc = trust_index_build(builder, out, err);
    trust_index_builder_free(builder);
    return rc;
}

/* Make a CTL of a list, which is used up. */
static int judge(struct trust_list *take_list, const struct ctl_rule *rule, struct ctl_file *ctl,
                 struct trust_error *err)
{
    struct ctl_file made = {.list = take_list};
    int rc = 0;
    if (trust_list_is_itl(made.list))
        rc = trust_error_set(err, TRUST_ETYPE, TRUST_NO_OFFSET,
                             "its header says that it is an ITL; a CTL belongs here");
    if (rc == 0)
        rc = believed_signer(made.list, rule, &made.signer, err);
    if (rc == 0)
        rc = build_index(made.list, &made.index, err);
    if (rc != 0) {
        ctl_file_fini(&made);
        return rc;
    }
    *ctl = made;
    return 0;
}

int ctl_file_load(const char *path, const struct ctl_rule *rule, struct ctl_file *ctl,
                  struct trust_error *err)
{
    struct trust_list *list = NULL;
    *ctl = (struct ctl_file){0};
    int rc = ctl_file_read(path, &list, err);
    return rc == 0 ? judge(list, rule, ctl, err) : rc;
}

int ctl_file_judge(const struct ctl_file *before, const struct ctl_rule *rule, struct ctl_file *ctl,
                   struct trust_error *err)
{
    struct trust_list *list = NULL;
    *ctl = (struct ctl_file){0};
    int rc = trust_list_parse(before->list->file, &list, err);
    return rc == 0 ? judge(list, rule, ctl, err) : rc;
}

void ctl_file_fini(struct ctl_file *ctl)
{
    trust_list_free(ctl->list);
    trust_cert_free(ctl->signer);
    trust_index_free(ctl->index);
    *ctl = (struct ctl_file){0};
}

int ctl_file_keep(const char *path, const struct ctl_file *ctl, struct trust_error *err)
{
    struct trust_bytes file = ctl->list->file;
    uint8_t *data = NULL;
    size_t len = 0;
    bool same = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, NULL) == 0 && len == file.len &&
                memcmp(data, file.data, len) == 0;
    free(data);
    return same ? 0 : trust_file_replace(path, file, 0644, (uid_t)-1, (gid_t)-1, err);
}
