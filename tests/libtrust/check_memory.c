/* Running out of memory in whatever needs no store (check_store_memory.c has that): see
 * tests/failing_malloc.h for what is held against each act. */
#include "tests/check_main.h"
#include "tests/failing_malloc.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW             1700000000
#define PAYLOAD         "<device/>"
#define SEALED          "seal/small.hex"
#define SEALED_PASSWORD "correct horse"

/* Made before memory runs out. */
static struct {
    struct trust_bytes ctl, signed_file, frame, leaf, chain, pem, p12, key_pem;
    struct trust_cert *rsa, *ec, *own;
    struct trust_key *key;
    struct trust_signer *signer;
    struct trust_list *list;
    struct trust_index *index;
    char *folder, sealed[1100], opened[1100];
} scene;

static int act_name(void *arg, struct trust_error *err)
{
    static const char text[] = "CN=#0C045A6FC3AB;OU=\"a;b\";O=#x;DC=local;1.2.3.4=five";
    struct trust_name *name;
    (void)arg;
    int rc = trust_name_parse(text, strlen(text), &name, err);
    MEMORY_EXPECT((rc == 0) == (name != NULL));
    MEMORY_EXPECT(rc != 0 || strstr(trust_name_cucm(name), "1.2.3.4=five") != NULL);
    trust_name_free(name);
    return rc;
}

/* Never one whose key is said to be of a kind that it is not. */
static int parse_cert(struct trust_bytes der, enum trust_key_type type, int bits, struct trust_error *err)
{
    struct trust_cert *cert;
    int rc = trust_cert_from_der(der, &cert, err);
    MEMORY_EXPECT((rc == 0) == (cert != NULL));
    MEMORY_EXPECT(rc != 0 || (trust_cert_key_type(cert) == type && trust_cert_key_bits(cert) == bits));
    trust_cert_free(cert);
    return rc;
}

static int act_cert_rsa(void *arg, struct trust_error *err)
{
    (void)arg;
    return parse_cert(trust_cert_der(scene.rsa), TRUST_KEY_RSA, trust_cert_key_bits(scene.rsa), err);
}

static int act_cert_ec(void *arg, struct trust_error *err)
{
    (void)arg;
    return parse_cert(trust_cert_der(scene.ec), TRUST_KEY_EC, trust_cert_key_bits(scene.ec), err);
}

static int act_cert_pem(void *arg, struct trust_error *err)
{
    char *pem;
    (void)arg;
    int rc = trust_cert_to_pem(scene.rsa, &pem, err);
    MEMORY_EXPECT((rc == 0) == (pem != NULL));
    MEMORY_EXPECT(rc != 0 || strstr(pem, "-----END CERTIFICATE-----") != NULL);
    free(pem);
    return rc;
}

static int read_bundle(struct trust_bytes file, size_t certs, bool key, struct trust_error *err)
{
    struct trust_bundle *bundle;
    int rc = trust_bundle_read(file, "secret", &bundle, err);
    MEMORY_EXPECT((rc == 0) == (bundle != NULL));
    MEMORY_EXPECT(rc != 0 || (bundle->cert_count == certs && (bundle->key != NULL) == key));
    trust_bundle_free(bundle);
    return rc;
}

static int act_bundle_der(void *arg, struct trust_error *err)
{
    (void)arg;
    return read_bundle(scene.leaf, 1, false, err);
}

static int act_bundle_pem(void *arg, struct trust_error *err)
{
    (void)arg;
    return read_bundle(scene.pem, 2, true, err);
}

static int act_bundle_pkcs7(void *arg, struct trust_error *err)
{
    (void)arg;
    return read_bundle(scene.chain, 2, false, err);
}

static int act_bundle_pkcs12(void *arg, struct trust_error *err)
{
    (void)arg;
    return read_bundle(scene.p12, 2, true, err);
}

static int act_key(void *arg, struct trust_error *err)
{
    struct trust_key *key;
    char *pem;
    (void)arg;
    int rc = trust_key_parse(scene.key_pem, "secret", &key, err);
    MEMORY_EXPECT((rc == 0) == (key != NULL));
    if (rc != 0)
        return rc;
    rc = trust_key_to_pem(key, &pem, err);
    MEMORY_EXPECT((rc == 0) == (pem != NULL));
    free(pem);
    trust_key_free(key);
    return rc;
}

static int act_list(void *arg, struct trust_error *err)
{
    struct trust_list *list;
    uint8_t *bytes;
    size_t len;
    (void)arg;
    int rc = trust_list_parse(scene.ctl, &list, err);
    MEMORY_EXPECT((rc == 0) == (list != NULL));
    if (rc != 0)
        return rc;
    rc = trust_list_encode(list, &bytes, &len, err);
    MEMORY_EXPECT((rc == 0) == (bytes != NULL));
    MEMORY_EXPECT(rc != 0 || (len == scene.ctl.len && memcmp(bytes, scene.ctl.data, len) == 0));
    free(bytes);
    trust_list_free(list);
    return rc;
}

static int act_signed_file(void *arg, struct trust_error *err)
{
    struct trust_list *list;
    (void)arg;
    int rc = trust_signed_file_parse(scene.signed_file, &list, err);
    MEMORY_EXPECT((rc == 0) == (list != NULL));
    trust_list_free(list);
    return rc;
}

static int act_verify(void *arg, struct trust_error *err)
{
    struct trust_cert *signer;
    (void)arg;
    int rc = trust_list_verify_self(scene.list, &signer, err);
    MEMORY_EXPECT((rc == 0) == (signer != NULL));
    trust_cert_free(signer);
    return rc;
}

static int build_list(struct trust_list **list, struct trust_error *err)
{
    const struct trust_header_spec header = {
        .filename = "CTLFile.tlv", .timestamp = NOW, .digest = TRUST_DIGEST_SHA1, .minor = 2};
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, scene.own, .dns_name = "a"},
        {TRUST_RECORD_CLIENT, TRUST_ROLE_CCM_TFTP, scene.ec, .dns_name = "b"},
        {TRUST_RECORD_HASH, TRUST_ROLE_TVS, scene.own, "a", .hash = TRUST_DIGEST_SHA256},
    };
    return trust_list_build(&header, records, 3, scene.signer, list, err);
}

static int act_build(void *arg, struct trust_error *err)
{
    struct trust_list *list;
    (void)arg;
    int rc = build_list(&list, err);
    MEMORY_EXPECT((rc == 0) == (list != NULL));
    MEMORY_EXPECT(rc != 0 || list->file.len == scene.ctl.len);
    MEMORY_EXPECT(rc != 0 || memcmp(list->file.data, scene.ctl.data, scene.ctl.len) == 0);
    trust_list_free(list);
    return rc;
}

static int act_resign(void *arg, struct trust_error *err)
{
    const struct trust_header_spec header = {
        .filename = "ITLFile.tlv", .timestamp = NOW, .digest = TRUST_DIGEST_SHA256, .minor = 2};
    const struct trust_record_spec first = {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, scene.own,
                                            .dns_name = "new"};
    struct trust_list *list;
    (void)arg;
    int rc = trust_list_resign(scene.list, &header, &first, 1, scene.signer, &list, err);
    MEMORY_EXPECT((rc == 0) == (list != NULL));
    MEMORY_EXPECT(rc != 0 || list->record_count == 4);
    MEMORY_EXPECT(rc != 0 || helper_is(list->records[0].dns_name, "new"));
    trust_list_free(list);
    return rc;
}

static int act_signed_file_build(void *arg, struct trust_error *err)
{
    const struct trust_header_spec header = {
        .filename = "SEP.cnf.xml.sgn", .timestamp = NOW, .digest = TRUST_DIGEST_SHA512};
    struct trust_list *list;
    (void)arg;
    int rc = trust_signed_file_build(&header, (struct trust_bytes){(const uint8_t *)PAYLOAD, strlen(PAYLOAD)},
                                     scene.signer, &list, err);
    MEMORY_EXPECT((rc == 0) == (list != NULL));
    MEMORY_EXPECT(rc != 0 || helper_is(list->payload, PAYLOAD));
    trust_list_free(list);
    return rc;
}

static int act_signer(void *arg, struct trust_error *err)
{
    struct trust_signer *signer;
    uint8_t signature[TRUST_SIGNATURE_MAX];
    size_t len = 0;
    (void)arg;
    int rc = trust_signer_sign(scene.signer, TRUST_DIGEST_SHA256, &scene.ctl, 1, signature, &len, err);
    if (rc != 0)
        return rc;
    struct trust_bytes made = {signature, len};
    rc = trust_signature_verify(scene.own, TRUST_DIGEST_SHA256, &scene.ctl, 1, made, err);
    if (rc != 0)
        return rc;
    rc = trust_signer_from_key(scene.own, scene.key, &signer, err);
    MEMORY_EXPECT((rc == 0) == (signer != NULL));
    trust_signer_free(signer);
    return rc;
}

static int act_index_build(void *arg, struct trust_error *err)
{
    struct trust_index_builder *builder;
    struct trust_index *index = NULL;
    (void)arg;
    int rc = trust_index_builder_new(&builder, err);
    MEMORY_EXPECT((rc == 0) == (builder != NULL));
    if (rc == 0)
        rc = trust_index_add_list(builder, scene.list, err);
    if (rc == 0)
        rc = trust_index_build(builder, &index, err);
    MEMORY_EXPECT((rc == 0) == (index != NULL));
    MEMORY_EXPECT(rc != 0 || trust_index_count(index) == 2);
    MEMORY_EXPECT(rc != 0 || trust_index_by_der(index, trust_cert_der(scene.ec)) != NULL);
    trust_index_builder_free(builder);
    trust_index_free(index);
    return rc;
}

static int act_index_query(void *arg, struct trust_error *err)
{
    const struct trust_list_record *record = &scene.list->records[1];
    enum trust_found found;
    const struct trust_entry *entry;
    char issuer[256]; /* spelt otherwise than in the index, so that it has to be read */
    size_t len = record->issuer.len;
    (void)arg;
    MEMORY_EXPECT(len < sizeof issuer && memchr(record->issuer.data, ';', len) != NULL);
    for (size_t i = 0; i < len; i++)
        issuer[i] = record->issuer.data[i] == ';' ? ',' : (char)record->issuer.data[i];
    int rc = trust_index_query(scene.index, record->serial, issuer, len, &found, &entry, err);
    MEMORY_EXPECT(found == (rc == 0 ? TRUST_FOUND_ONE : TRUST_FOUND_NONE) && (rc == 0) == (entry != NULL));
    MEMORY_EXPECT(rc != 0 || memcmp(entry->sha256, trust_cert_sha256(scene.ec), sizeof entry->sha256) == 0);
    return rc;
}

static int act_request(void *arg, struct trust_error *err)
{
    struct trust_request request = {0};
    uint8_t *frame;
    size_t len;
    (void)arg;
    int rc = trust_request_decode(scene.frame, &request, err);
    MEMORY_EXPECT(rc != 0 || request.serial.len > 0);
    if (rc == 0)
        rc = trust_request_encode(&request, &frame, &len, err);
    if (rc != 0)
        return rc;
    MEMORY_EXPECT(len == scene.frame.len && memcmp(frame, scene.frame.data, len) == 0);
    free(frame);
    return rc;
}

/* Whatever fails, no file is left over. */
static int act_stage(void *arg, struct trust_error *err)
{
    char staged[TRUST_STAGED_SIZE];
    (void)arg;
    int rc = trust_file_stage(scene.folder, scene.leaf, 0600, (uid_t)-1, (gid_t)-1, true, staged, err);
    MEMORY_EXPECT((rc == 0) == (staged[0] != '\0'));
    if (rc == 0)
        rc = trust_file_place(scene.folder, staged, "placed", err);
    MEMORY_EXPECT(rc == 0 || rc == TRUST_ENOMEM);
    return rc;
}

static int act_key_stage(void *arg, struct trust_error *err)
{
    char staged[TRUST_KEY_NAME_SIZE], name[TRUST_KEY_NAME_SIZE];
    (void)arg;
    int rc = trust_key_stage(scene.folder, "TVS", scene.key, staged, name, err);
    MEMORY_EXPECT((rc == 0) == (staged[0] != '\0' && name[0] != '\0'));
    if (rc != 0)
        return rc;
    rc = trust_key_find(scene.folder, "other", scene.own, name, err);
    MEMORY_EXPECT(rc != 0 || strcmp(name, staged) == 0);
    return rc;
}

static int act_unseal(void *arg, struct trust_error *err)
{
    (void)arg;
    return trust_unseal(scene.sealed, scene.opened, SEALED_PASSWORD, err);
}

static const struct failing_act acts[] = {
    {.name = "name", .act = act_name},
    {.name = "certificate, RSA", .act = act_cert_rsa},
    {.name = "certificate, EC", .act = act_cert_ec},
    {.name = "certificate to PEM", .act = act_cert_pem},
    {.name = "bundle, DER", .act = act_bundle_der},
    {.name = "bundle, PEM", .act = act_bundle_pem},
    {.name = "bundle, PKCS#7", .act = act_bundle_pkcs7},
    {.name = "bundle, PKCS#12", .act = act_bundle_pkcs12, .hidden = {TRUST_EUNSUPPORTED, TRUST_EPASSWORD}},
    {.name = "key", .act = act_key, .hidden = {TRUST_EPASSWORD}},
    {.name = "list parsed, encoded", .act = act_list},
    {.name = "signed file parsed", .act = act_signed_file},
    {.name = "list verified", .act = act_verify},
    {.name = "list built", .act = act_build},
    {.name = "list signed anew", .act = act_resign},
    {.name = "signed file built", .act = act_signed_file_build},
    {.name = "signer", .act = act_signer},
    {.name = "index built", .act = act_index_build},
    {.name = "index asked", .act = act_index_query},
    {.name = "request", .act = act_request},
    {.name = "file staged, placed", .act = act_stage},
    {.name = "key staged, found", .act = act_key_stage},
    {.name = "file unsealed", .act = act_unseal},
};

START_TEST(memory_runs_out)
{
    failing_malloc_each(&acts[_i], NULL);
}
END_TEST

static void set_up(void)
{
    struct trust_error err = {0};
    scene.rsa = helper_cert_file("pub.crt");
    scene.ec = helper_cert_file("tvs-ec.crt");
    scene.key = helper_key("rsa:1024");
    scene.own = helper_cert(&(struct helper_plan){.subject = "CN=own", .serial = "01", .key = scene.key});
    scene.signer = helper_signer(scene.own, scene.key);
    scene.signed_file = fixture_read("SEP0011215A1AE3.cnf.xml.sgn");
    scene.frame = helper_hex("proto/query.hex");
    scene.leaf = fixture_read("bundles/leaf.der");
    scene.pem = fixture_read("bundles/key-between.pem");
    scene.chain = fixture_read("bundles/chain.p7b");
    scene.p12 = fixture_read("bundles/modern.p12");
    scene.key_pem = fixture_read("bundles/key-encrypted.pem");
    helper_ok(build_list(&scene.list, &err), &err);
    scene.ctl = scene.list->file;
    struct trust_index_builder *builder;
    helper_ok(trust_index_builder_new(&builder, &err), &err);
    helper_ok(trust_index_add_list(builder, scene.list, &err), &err);
    helper_ok(trust_index_build(builder, &scene.index, &err), &err);
    trust_index_builder_free(builder);
    scene.folder = fixture_folder();
    snprintf(scene.sealed, sizeof scene.sealed, "%s/sealed", scene.folder);
    snprintf(scene.opened, sizeof scene.opened, "%s/opened", scene.folder);
    struct trust_bytes sealed = helper_hex(SEALED);
    helper_ok(trust_file_replace(scene.sealed, sealed, 0600, (uid_t)-1, (gid_t)-1, &err), &err);
    fixture_free(sealed);
}

static void tear_down(void)
{
    fixture_folder_remove(scene.folder);
    fixture_free(scene.signed_file);
    fixture_free(scene.frame);
    fixture_free(scene.leaf);
    fixture_free(scene.pem);
    fixture_free(scene.chain);
    fixture_free(scene.p12);
    fixture_free(scene.key_pem);
    trust_index_free(scene.index);
    trust_list_free(scene.list);
    trust_signer_free(scene.signer);
    trust_cert_free(scene.own);
    trust_cert_free(scene.rsa);
    trust_cert_free(scene.ec);
    trust_key_free(scene.key);
}

Suite *suite(void)
{
    Suite *s = suite_create("out of memory");
    TCase *memory = tcase_create("out of memory");
    tcase_add_checked_fixture(memory, set_up, tear_down);
    tcase_set_timeout(memory, 120);
    tcase_add_loop_test(memory, memory_runs_out, 0, sizeof acts / sizeof acts[0]);
    suite_add_tcase(s, memory);
    return s;
}
