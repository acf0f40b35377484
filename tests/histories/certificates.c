#include "certificates.h"

#include "tests/fixture.h"
#include "tests/tvsctl/helper_lists.h"

#include <check.h>
#include <stdio.h>

static struct bench shared; /* its folder alone */
static char paths[CERTIFICATES][300];

static const struct {
    const char *file;
    struct lists_cert spec;
} certificates[] = {
    {"token1.pem",
     {.subject = "CN=SAST-ADN0054f509;OU=IPCBU;O=Cisco Systems",
      .issuer = "CN=Cisco Manufacturing CA;O=Cisco Systems",
      .serial = "45DAA2AF00000027F93C",
      .bits = 1024,
      .issuer_bits = 1024}},
    {"token2.pem",
     {.subject = "CN=SAST-ADN008580ef;OU=IPCBU;O=Cisco Systems",
      .issuer = "CN=Cisco Manufacturing CA;O=Cisco Systems",
      .serial = "31AF455500000008E983",
      .bits = 1024,
      .issuer_bits = 1024}},
    {"far.pem", {.subject = "CN=another cluster", .serial = "0BADCAFE", .bits = 1024}},
    {"own1.pem", {.subject = "CN=own one;O=Cisco", .serial = "1001", .bits = 1024}},
    {"own2.pem", {.subject = "CN=own two;O=Cisco", .serial = "0110", .bits = 2048}},
    {"own3.pem", {.subject = "CN=own three;O=Cisco", .serial = "2002", .bits = 3072}},
    {"own4.pem", {.subject = "CN=own four;O=Cisco", .serial = "3003", .bits = 512}},
};
_Static_assert(sizeof certificates / sizeof certificates[0] == CERTIFICATES, "each has a name");

void certificates_make(void)
{
    shared.folder = fixture_folder();
    for (size_t i = 0; i < CERTIFICATES; i++)
        snprintf(paths[i], sizeof paths[i], "%s",
                 lists_write_cert(&shared, certificates[i].file, &certificates[i].spec));
}

void certificates_remove(void)
{
    fixture_folder_remove(shared.folder);
}

const char *certificates_path(size_t which)
{
    ck_assert_uint_lt(which, CERTIFICATES);
    return paths[which];
}

const char *certificates_serial(size_t which)
{
    ck_assert_uint_lt(which, CERTIFICATES);
    return certificates[which].spec.serial;
}
