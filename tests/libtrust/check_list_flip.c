#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include <stdlib.h>
#include <string.h>

/* Every single bit of every good list, turned over: what comes out does not parse or does not verify. Each
 * half of a file is a test of its own, so that one timeout fits small and large. TVS_FLIP_EVERY=N: every Nth
 * bit alone, for what makes each of them slow. */

static const char *const *good; /* kept, since its texts are files' too */
static const char **files;
static size_t count;

START_TEST(flip)
{
    struct trust_bytes file = fixture_read(files[_i / 2]);
    struct trust_list *list = helper_parse(file);
    struct trust_cert *signer;
    struct trust_error err = {0};
    helper_ok(trust_list_verify_self(list, &signer, &err), &err);
    trust_list_free(list);

    uint8_t *changed = malloc(file.len);
    memcpy(changed, file.data, file.len);
    const char *every = getenv("TVS_FLIP_EVERY");
    const size_t step = every != NULL && atoi(every) > 0 ? (size_t)atoi(every) : 1;
    const size_t half = file.len / 2;
    const size_t first = _i % 2 == 0 ? 0 : half, end = _i % 2 == 0 ? half : file.len;
    size_t parsed = 0, tried = 0;
    for (size_t bit = first * 8; bit < end * 8; bit += step, tried++) {
        const uint8_t mask = (uint8_t)(1 << bit % 8);
        changed[bit / 8] ^= mask;
        enum helper_verdict verdict = helper_verdict((struct trust_bytes){changed, file.len}, signer);
        ck_assert_msg(verdict != HELPER_VERIFIED, "%s: byte %zu, bit %zu may be changed", files[_i / 2],
                      bit / 8, bit % 8);
        parsed += verdict == HELPER_PARSED;
        changed[bit / 8] ^= mask;
    }
    /* Most bits are those of values: were they all refused by the parser, this would test nothing. */
    ck_assert_uint_gt(parsed, tried / 2);
    free(changed);
    trust_cert_free(signer);
    fixture_free(file);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("list_flip");
    TCase *tcase = tcase_create("flip");
    good = helper_files("good/*.tlv", &count);
    const char *extra = helper_extra_list("cisco-built-ctl.tlv");
    files = calloc(count + 1, sizeof *files);
    if (files == NULL)
        abort();
    memcpy(files, good, count * sizeof *files);
    if (extra != NULL)
        files[count++] = extra;
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, flip, 0, (int)count * 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
