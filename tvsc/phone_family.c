#include "phone_family.h"

#include <string.h>

#define SHA1   (1u << TRUST_DIGEST_SHA1)
#define SHA512 (1u << TRUST_DIGEST_SHA512)

/* 79xx and 88xx: what captured sessions show; AES128-SHA and the GCM suites are inferred. */
#define AES256     "AES256-SHA"
#define AES_EITHER "AES256-SHA:AES128-SHA"
#define GCM_OR_AES256                                                                                        \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                             \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA"

static const struct phone_family families[] = {
    {"79xx", "CP-7965G", true, true, {OPTIONS_TLS_1_0, AES256}, SHA1, 2048},
    {"69xx", "CP-6921", true, true, {OPTIONS_TLS_1_0, AES_EITHER}, SHA1, 2048},
    {"89xx", "CP-8961", true, true, {OPTIONS_TLS_1_0, AES_EITHER}, SHA1, 2048},
    {"99xx", "CP-9971", true, true, {OPTIONS_TLS_1_0, AES_EITHER}, SHA1, 2048},
    {"894x", "CP-8945", true, true, {OPTIONS_TLS_1_0_TO_1_2, AES_EITHER}, SHA1, 2048}, /* from 9.4(2)SR2 */
    {"78xx", "CP-7841", true, true, {OPTIONS_TLS_1_0_TO_1_2, GCM_OR_AES256}, SHA1 | SHA512, 4096},
    {"88xx", "CP-8861", true, true, {OPTIONS_TLS_1_0_TO_1_2, GCM_OR_AES256}, SHA1 | SHA512, 4096},
    {"7940", "CP-7940G", false, false, {OPTIONS_TLS_ANY, NULL}, SHA1, 2048},
    {"7960", "CP-7960G", false, false, {OPTIONS_TLS_ANY, NULL}, SHA1, 2048},
    {"telepresence", "CTS-EX90", false, false, {OPTIONS_TLS_ANY, NULL}, SHA1, 2048},
    {"jabber", "CSF", false, false, {OPTIONS_TLS_ANY, NULL}, SHA1, 2048},
};
#define FAMILY_COUNT (sizeof families / sizeof families[0])

const struct phone_family *phone_families(size_t *count)
{
    *count = FAMILY_COUNT;
    return families;
}

const struct phone_family *phone_family_by_name(const char *text, size_t len)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (strlen(families[i].name) == len && strncmp(families[i].name, text, len) == 0)
            return &families[i];
    }
    return NULL;
}

bool phone_family_can(const struct phone_family *family, unsigned digest)
{
    return digest < 32 && (family->digests & 1u << digest) != 0;
}
