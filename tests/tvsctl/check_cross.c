/* Every list that the configuration and the store can ask for: the cross of kind, mode, digest, signer, size
 * of the signing keys, curve of the other keys and number of nodes, with the styles in turn. Each is read,
 * verified, held against the format, printed, rebuilt and damaged. */
#include "helper_cluster.h"
#include "helper_listing.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsctl/compose.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 16

static const char *const curves[] = {"ec:P-256", "ec:P-384", "ec:P-521"};
static const enum trust_digest digests[] = {TRUST_DIGEST_SHA1, TRUST_DIGEST_SHA256, TRUST_DIGEST_SHA512};
static const enum trust_unit signers[] = {TRUST_UNIT_CALLMANAGER, TRUST_UNIT_ITLRECOVERY};

static const struct variant {
    enum compose_kind kind;
    bool mixed, rollback;
    const char *name; /* of a file that is kept */
} variants[] = {
    {COMPOSE_CTL, true, false, "ctl-mixed"}, {COMPOSE_CTL, false, false, "ctl-non-secure"},
    {COMPOSE_ITL, true, false, "itl-mixed"}, {COMPOSE_ITL, false, false, "itl-non-secure"},
    {COMPOSE_ITL, true, true, "itl-empty"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* One list of the cross: what it was asked to be, and what came out. */
struct scene {
    struct cluster *cluster;
    const struct variant *variant;
    size_t size; /* of cluster_sizes */
    enum trust_unit signer_unit;
    struct trust_cert *signer;
    struct trust_list *list;
    size_t number; /* of the list in its program: chooses style and damage */
};

/* A record that the list ought to have. */
struct wanted {
    enum trust_record_form form;
    enum trust_role function;
    size_t node;
    enum trust_unit unit; /* 0: no certificate */
};

struct plan {
    struct wanted records[RECORDS_MAX];
    size_t count;
};

static void add(struct plan *plan, enum trust_record_form form, enum trust_role function, size_t node,
                enum trust_unit unit)
{
    ck_assert_uint_lt(plan->count, RECORDS_MAX);
    plan->records[plan->count++] = (struct wanted){form, function, node, unit};
}

static void plan_ctl(const struct scene *scene, struct plan *plan)
{
    const enum trust_record_form ccm = scene->variant->mixed ? TRUST_RECORD_WHOLE : TRUST_RECORD_HOLLOW;
    add(plan, ccm, TRUST_ROLE_CCM_TFTP, 0, TRUST_UNIT_CALLMANAGER);
    add(plan, TRUST_RECORD_WHOLE, TRUST_ROLE_CAPF, 0, TRUST_UNIT_CAPF);
    for (size_t i = 1; i < scene->cluster->nodes; i++)
        add(plan, ccm, TRUST_ROLE_CCM_TFTP, i, TRUST_UNIT_CALLMANAGER);
}

static void plan_itl(const struct scene *scene, struct plan *plan)
{
    const struct cluster *cluster = scene->cluster;
    const enum trust_record_form form = cluster->config->trust_lists.itl_records == CONFIG_RECORDS_HASH
                                            ? TRUST_RECORD_HASH
                                            : TRUST_RECORD_WHOLE;
    add(plan, TRUST_RECORD_WHOLE, TRUST_ROLE_CCM_TFTP, 0, TRUST_UNIT_CALLMANAGER);
    for (size_t i = 0; i < cluster->nodes; i++)
        add(plan, form, TRUST_ROLE_TVS, i, TRUST_UNIT_TVS);
    for (size_t i = 0; cluster->has_ecdsa && i < cluster->nodes; i++)
        add(plan, form, TRUST_ROLE_TVS, i, TRUST_UNIT_TVS_ECDSA);
    add(plan, form, TRUST_ROLE_CAPF, 0, TRUST_UNIT_CAPF);
}

static void plan_list(const struct scene *scene, struct plan *plan)
{
    const bool by_recovery = scene->signer_unit == TRUST_UNIT_ITLRECOVERY;
    *plan = (struct plan){0};
    if (scene->variant->rollback) {
        add(plan, TRUST_RECORD_BLANK, TRUST_ROLE_SAST, 0, 0);
        add(plan, TRUST_RECORD_BLANK, TRUST_ROLE_CCM_TFTP, 0, 0);
        add(plan, TRUST_RECORD_BLANK, TRUST_ROLE_TVS, 0, 0);
        add(plan, TRUST_RECORD_BLANK, TRUST_ROLE_CAPF, 0, 0);
        return;
    }
    add(plan, TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, 0, scene->signer_unit);
    if (by_recovery)
        add(plan, TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, 0, TRUST_UNIT_CALLMANAGER);
    if (scene->variant->kind == COMPOSE_CTL)
        plan_ctl(scene, plan);
    else
        plan_itl(scene, plan);
    if (!by_recovery && scene->cluster->config->trust_lists.recovery_anchor)
        add(plan, TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, 0, TRUST_UNIT_ITLRECOVERY);
}

/* ---- The format */

/* Bytes of the public key in a record: PKCS#1 of an RSA key, or an uncompressed point. */
static size_t public_key_size(const struct trust_cert *cert)
{
    static const struct {
        int bits;
        size_t size;
    } sizes[] = {{1024, 140}, {2048, 270}, {4096, 526}, {256, 65}, {384, 97}, {521, 133}};
    size_t i = 0;
    while (i + 1 < COUNT(sizes) && sizes[i].bits != trust_cert_key_bits(cert))
        i++;
    return sizes[i].size;
}

static void expect_bytes(struct trust_bytes got, const void *data, size_t len)
{
    ck_assert_uint_eq(got.len, len);
    ck_assert_mem_eq(got.data, data, len);
}

static void expect_text(struct trust_bytes got, const char *text)
{
    expect_bytes(got, text, strlen(text));
}

/* The elements stand in the order of their tags, and add up. */
static void expect_elements(const struct trust_list_record *record, const char *tags)
{
    size_t total = 0;
    ck_assert_uint_eq(record->element_count, strlen(tags));
    for (size_t i = 0; i < record->element_count; i++) {
        ck_assert_uint_eq(record->elements[i].tag, (uint8_t)tags[i]);
        ck_assert_uint_eq(record->elements[i].length, record->elements[i].value.len);
        total += 3 + record->elements[i].value.len;
    }
    ck_assert_uint_eq(total, record->length);
}

static void expect_node(const struct scene *scene, const struct trust_list_record *record, size_t node)
{
    const struct config *config = scene->cluster->config;
    const struct trust_node *wanted = &cluster_nodes[node];
    uint8_t address[4];
    unsigned parts[4];
    ck_assert_int_eq(sscanf(wanted->ipv4, "%u.%u.%u.%u", &parts[0], &parts[1], &parts[2], &parts[3]), 4);
    for (size_t i = 0; i < 4; i++)
        address[i] = (uint8_t)parts[i];
    expect_text(record->dns_name, config->trust_lists.dns_names == CONFIG_DNS_HOST      ? wanted->server_name
                                  : config->trust_lists.dns_names == CONFIG_DNS_ADDRESS ? wanted->ipv4
                                                                                        : " ");
    if (record->has_address)
        ck_assert_mem_eq(record->address, address, sizeof address);
}

static void expect_cert(const struct trust_list_record *record, const struct trust_cert *cert, bool hashed)
{
    uint8_t sha1[20];
    const struct trust_bytes der = trust_cert_der(cert), serial = trust_cert_serial(cert),
                             signature = trust_cert_signature(cert);
    expect_text(record->subject, trust_name_cucm(trust_cert_subject(cert)));
    expect_text(record->issuer, trust_name_cucm(trust_cert_issuer(cert)));
    expect_bytes(record->serial, serial.data, serial.len);
    ck_assert_uint_eq(record->public_key.len, public_key_size(cert));
    expect_bytes(record->signature, signature.data, signature.len);
    ck_assert_int_eq(EVP_Digest(der.data, der.len, sha1, NULL, EVP_sha1(), NULL), 1);
    if (hashed)
        expect_bytes(record->cert_hash, sha1, sizeof sha1);
    else
        expect_bytes(record->certificate, der.data, der.len);
    ck_assert_int_eq(record->hash_algorithm, hashed ? TRUST_DIGEST_SHA1 : 0);
}

static void expect_record(const struct scene *scene, const struct trust_list_record *record,
                          const struct wanted *wanted)
{
    const bool addresses = scene->cluster->config->trust_lists.addresses;
    ck_assert_uint_eq(record->function, (uint16_t)wanted->function);
    switch (wanted->form) {
    case TRUST_RECORD_BLANK:
        expect_elements(record, "\1\2\4");
        ck_assert_uint_eq(record->elements[1].length, 1);
        return;
    case TRUST_RECORD_HOLLOW:
        expect_elements(record, addresses ? "\1\2\4\12" : "\1\2\4");
        expect_node(scene, record, wanted->node);
        return;
    case TRUST_RECORD_HASH:
        expect_elements(record, "\1\2\3\4\5\6\7\10\13\14");
        break;
    default:
        expect_elements(record, addresses ? "\1\2\3\4\5\6\7\10\11\12" : "\1\2\3\4\5\6\7\10\11");
    }
    expect_node(scene, record, wanted->node);
    struct trust_cert *cert = cluster_cert(scene->cluster, wanted->node, wanted->unit);
    expect_cert(record, cert, wanted->form == TRUST_RECORD_HASH);
    trust_cert_free(cert);
}

static size_t element_length(const struct trust_list_header *header, uint8_t tag)
{
    size_t i = 0;
    while (i < header->element_count && header->elements[i].tag != tag)
        i++;
    ck_assert_uint_lt(i, header->element_count);
    return header->elements[i].length;
}

/* 3, 7 and 9 are lengths of what follows them; padding fills up to a multiple of four. */
static void expect_header(const struct scene *scene)
{
    static const char tags[] = "\1\2\3\4\5\6\7\10\11\12\13\14\16\17";
    const struct trust_list_header *header = &scene->list->header;
    size_t total = 0, padding = 0;
    for (size_t i = 0; i < header->element_count; i++) {
        const struct trust_element *element = &header->elements[i];
        padding += element->tag == TRUST_HEADER_PADDING;
        total += element->tag == TRUST_HEADER_PADDING ? 1 : 3 + element->value.len;
        if (i < strlen(tags))
            ck_assert_uint_eq(element->tag, (uint8_t)tags[i]);
    }
    ck_assert_uint_eq(header->element_count, strlen(tags) + padding);
    ck_assert_uint_lt(padding, 4);
    ck_assert_uint_eq(total, header->length);
    ck_assert_uint_eq(header->length % 4, 0);
    ck_assert(header->major == 1 && header->minor == 2);
    ck_assert_uint_eq(element_length(header, TRUST_HEADER_SIGNERID),
                      9 + element_length(header, TRUST_HEADER_SIGNERNAME) +
                          element_length(header, TRUST_HEADER_SERIALNUMBER) +
                          element_length(header, TRUST_HEADER_CANAME));
    ck_assert_uint_eq(element_length(header, TRUST_HEADER_SIGNATUREINFO), 15);
    ck_assert_uint_eq(element_length(header, TRUST_HEADER_ALGOINFO), 8);
    expect_text(header->signer_name, trust_name_cucm(trust_cert_subject(scene->signer)));
    ck_assert_int_eq(header->digest, scene->cluster->config->trust_lists.digest);
    ck_assert_int_eq(header->modulus, (int)scene->size + 1);
    ck_assert_uint_eq(header->signature.len, (size_t)cluster_sizes[scene->size] / 8);
    expect_text(header->filename, scene->variant->kind == COMPOSE_CTL ? "CTLFile.tlv" : "ITLFile.tlv");
    ck_assert_int_eq((time_t)header->timestamp, scene->cluster->ctl.now);
}

static void expect_format(const struct scene *scene)
{
    const struct trust_list *list = scene->list;
    struct plan plan;
    size_t total = list->header.length;
    plan_list(scene, &plan);
    expect_header(scene);
    ck_assert_uint_eq(list->record_count, plan.count);
    for (size_t i = 0; i < plan.count; i++) {
        expect_record(scene, &list->records[i], &plan.records[i]);
        total += list->records[i].length;
    }
    ck_assert_uint_eq(total, list->file.len);
    ck_assert_uint_eq(list->payload.len, 0);
}

/* The file without its signature element is what was signed: asked of OpenSSL, not of the library. */
static void expect_signature(const struct scene *scene)
{
    static const EVP_MD *(*const types[])(void) = {EVP_md5, EVP_sha1, EVP_sha256, EVP_sha512};
    const struct trust_bytes file = scene->list->file, signature = scene->list->header.signature,
                             spki = trust_cert_spki(scene->signer);
    const uint8_t *from = spki.data;
    const size_t before = (size_t)(signature.data - file.data) - 3,
                 behind = file.len - before - 3 - signature.len;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &from, (long)spki.len);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ck_assert(key != NULL && context != NULL);
    const EVP_MD *type = types[scene->list->header.digest]();
    ck_assert_int_eq(EVP_DigestVerifyInit(context, NULL, type, NULL, key), 1);
    ck_assert_int_eq(EVP_DigestVerifyUpdate(context, file.data, before), 1);
    ck_assert_int_eq(EVP_DigestVerifyUpdate(context, file.data + before + 3 + signature.len, behind), 1);
    ck_assert_int_eq(EVP_DigestVerifyFinal(context, signature.data, signature.len), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

/* ---- What is done to each */

static void expect_rebuilt(const struct trust_list *list)
{
    uint8_t *bytes;
    size_t len;
    ck_assert_int_eq(trust_list_encode(list, &bytes, &len, NULL), 0);
    expect_bytes(list->file, bytes, len);
    free(bytes);
}

/* 0 if a phone would take it. */
static int take(struct trust_bytes file, const struct trust_cert *signer)
{
    struct trust_list *list;
    int code = trust_list_parse(file, &list, NULL);
    if (code == 0)
        code = trust_list_verify(list, signer, NULL);
    trust_list_free(list);
    return code;
}

static void expect_refused(const struct scene *scene, uint8_t *bytes, size_t at, unsigned bit)
{
    bytes[at] ^= (uint8_t)(1u << bit);
    ck_assert_msg(take((struct trust_bytes){bytes, scene->list->file.len}, scene->signer) != 0,
                  "bit %u of byte %zu of list %zu is not missed", bit, at, scene->number);
    bytes[at] ^= (uint8_t)(1u << bit);
}

static void expect_printed(const struct scene *scene, const char *path)
{
    const char *kind = scene->variant->kind == COMPOSE_CTL ? "CTL" : "ITL";
    struct bench *bench = &scene->cluster->bench;
    char *plain = listing_of(kind, scene->list->file, scene->signer), *wanted = helper_fold(plain);
    bench_run(bench, "show %s %s", kind, path);
    ck_assert_msg(bench->status == TVSCTL_DONE && bench->err[0] == '\0', "%s", bench->err);
    char *got = helper_fold(bench->out);
    size_t same = 0;
    while (got[same] != '\0' && got[same] == wanted[same])
        same++;
    ck_assert_msg(got[same] == wanted[same], "list %zu: \"%.60s\", not \"%.60s\"", scene->number, got + same,
                  wanted + same);
    bench_run(bench, "show %s %s --json", kind, path);
    ck_assert_int_eq(bench->status, TVSCTL_DONE);
    ck_assert(helper_is_json(bench->out) && strstr(bench->out, "\"verified\": true") != NULL);
    free(got);
    free(wanted);
    free(plain);
}

/* One bit of the signature, which the print must miss, too, and one of each record. */
static void expect_damage_is_seen(const struct scene *scene)
{
    const struct trust_bytes file = scene->list->file, signature = scene->list->header.signature;
    struct bench *bench = &scene->cluster->bench;
    uint8_t *bytes = malloc(file.len);
    size_t begin = scene->list->header.length;
    const size_t at = (size_t)(signature.data - file.data) + scene->number % signature.len;
    memcpy(bytes, file.data, file.len);
    expect_refused(scene, bytes, at, scene->number % 8);
    for (size_t i = 0; i < scene->list->record_count; i++) {
        const size_t length = scene->list->records[i].length;
        expect_refused(scene, bytes, begin + scene->number * 31 % length, (scene->number + i) % 8);
        begin += length;
    }
    bytes[at] ^= 1;
    const char *path = bench_write(bench, "damaged.tlv", (struct trust_bytes){bytes, file.len});
    bench_run(bench, "show %s %s", scene->variant->kind == COMPOSE_CTL ? "ctl" : "itl", path);
    bench_expect(bench, TVSCTL_NO, "file failed.", NULL);
    free(bytes);
}

/* For another reader: TVS_CROSS_LISTS names a folder, into which lists go whose digest and signer such
 * readers know (tests/it/48-certutils.sh). */
static void keep(const struct scene *scene)
{
    char path[512];
    const char *folder = getenv("TVS_CROSS_LISTS");
    const struct trust_list *list = scene->list;
    if (folder == NULL || scene->variant->rollback || list->header.digest == TRUST_DIGEST_SHA256)
        return;
    snprintf(path, sizeof path, "%s/%s-rsa%d-%zu-%03zu.tlv", folder, scene->variant->name,
             cluster_sizes[scene->size], scene->cluster->nodes, scene->number);
    bench_write(&scene->cluster->bench, path, list->file);
}

static void check_list(struct scene *scene)
{
    struct trust_error err = {0};
    struct cluster *cluster = scene->cluster;
    int code = compose_list(&cluster->state, scene->variant->kind, cluster->ctl.now, &scene->list, &err);
    ck_assert_msg(code == 0, "%s", err.text);
    scene->signer = cluster_cert(cluster, 0, scene->signer_unit);
    ck_assert_int_eq(take(scene->list->file, scene->signer), 0);
    expect_format(scene);
    expect_signature(scene);
    expect_rebuilt(scene->list);
    expect_printed(scene, bench_write(&cluster->bench, "list.tlv", scene->list->file));
    expect_damage_is_seen(scene);
    keep(scene);
    trust_cert_free(scene->signer);
    trust_list_free(scene->list);
}

/* Each style in turn; their number has no factor in common with five, so each kind meets each. */
static void choose_style(struct config *config, size_t number)
{
    const size_t style = number % 24;
    config->trust_lists.itl_records = style % 2 == 0 ? CONFIG_RECORDS_HASH : CONFIG_RECORDS_CERTIFICATE;
    config->trust_lists.dns_names =
        (int[]){CONFIG_DNS_HOST, CONFIG_DNS_ADDRESS, CONFIG_DNS_BLANK}[style / 2 % 3];
    config->trust_lists.addresses = style / 6 % 2 == 0;
    config->trust_lists.recovery_anchor = style / 12 == 0;
}

static void check_signers(struct scene *scene)
{
    struct config *config = scene->cluster->config;
    for (size_t i = 0; i < COUNT(signers) * COUNT(digests); i++) {
        scene->signer_unit = signers[i % COUNT(signers)];
        config->trust_lists.signer = (int)scene->signer_unit;
        config->trust_lists.digest = (int)digests[i / COUNT(signers)];
        for (size_t k = 0; k < COUNT(variants); k++) {
            scene->variant = &variants[k];
            cluster_set(scene->cluster, STATE_PARAM_MODE, variants[k].mixed);
            cluster_set(scene->cluster, STATE_PARAM_ROLLBACK, variants[k].rollback);
            choose_style(config, scene->number++);
            check_list(scene);
        }
    }
}

/* _i: the size of the signing keys, and how many nodes. */
START_TEST(cross)
{
    struct cluster cluster;
    struct scene scene = {.cluster = &cluster, .size = (size_t)_i % CLUSTER_SIZES};
    scene.number = (size_t)_i * COUNT(curves) * COUNT(signers) * COUNT(digests) * COUNT(variants);
    cluster_open(&cluster, scene.size, _i < CLUSTER_SIZES ? 1 : CLUSTER_NODES);
    for (size_t i = 0; i < COUNT(curves); i++) {
        cluster_renew(&cluster, curves[i]);
        check_signers(&scene);
    }
    cluster_close(&cluster);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("cross");
    TCase *tests = tcase_create("lists");
    tcase_add_unchecked_fixture(tests, cluster_make_keys, cluster_free_keys);
    tcase_add_loop_test(tests, cross, 0, 2 * CLUSTER_SIZES);
    suite_add_tcase(all, tests);
    return all;
}
