/* What tells one published list from another. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsctl/published.h"

#include <string.h>

static struct trust_list *read_list(const char *name)
{
    struct trust_bytes bytes = fixture_read(name);
    struct trust_list *list = NULL;
    ck_assert_int_eq(trust_list_parse(bytes, &list, NULL), 0);
    fixture_free(bytes);
    return list;
}

START_TEST(same)
{
    struct trust_list *ctl = read_list("good/peer-ctl-sha1.tlv"),
                      *again = read_list("good/peer-ctl-sha1.tlv"),
                      *other = read_list("good/peer-ctl-etokens.tlv");
    ck_assert(published_same(ctl, ctl) && published_same(ctl, again) && published_same(NULL, NULL));
    ck_assert(!published_same(ctl, other) && !published_same(ctl, NULL) && !published_same(NULL, ctl));
    /* One byte of it, wherever it stands, makes it another list. */
    static uint8_t bytes[TRUST_LIST_MAX];
    struct trust_list changed = {.file = {bytes, ctl->file.len}};
    memcpy(bytes, ctl->file.data, ctl->file.len);
    ck_assert(published_same(ctl, &changed));
    bytes[ctl->file.len - 1] ^= 1;
    ck_assert(!published_same(ctl, &changed));
    trust_list_free(ctl);
    trust_list_free(again);
    trust_list_free(other);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("published");
    TCase *tests = tcase_create("published");
    tcase_add_test(tests, same);
    suite_add_tcase(suite, tests);
    return suite;
}
