/* utils migrate-check: phones of one cluster at the door of another. */
#include "helper_lists.h"
#include "helper_rehearse.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>

struct two {
    struct bench here, there;
    char *ctl, *itl; /* theirs */
};

static void open_two(struct two *two)
{
    bench_open(&two->there, "");
    rehearse_do(&two->there, "set cert regen TVS");
    rehearse_do(&two->there, "set cert regen CallManager");
    rehearse_do(&two->there, "utils ctl set-cluster mixed-mode");
    two->ctl = strdup(lists_tftp(&two->there, "CTLFile.tlv"));
    two->itl = strdup(lists_tftp(&two->there, "ITLFile.tlv"));
    rehearse_open(&two->here, "");
    rehearse_do(&two->here, "set cert regen TVS");
    rehearse_do(&two->here, "set cert regen CallManager");
}

static void close_two(struct two *two)
{
    free(two->ctl);
    free(two->itl);
    rehearse_close(&two->here);
    bench_close(&two->there);
}

/* Give a certificate of theirs to a unit of ours. */
static void import(struct two *two, enum trust_unit unit, const char *into)
{
    char *pem;
    struct trust_cert *cert = lists_own(&two->there, unit);
    ck_assert_int_eq(trust_cert_to_pem(cert, &pem, NULL), 0);
    const char *path = bench_write(&two->here, "theirs.pem", helper_bytes(pem));
    bench_run(&two->here, "set cert import trust %s %s", into, path);
    bench_expect(&two->here, TVSCTL_DONE, NULL, NULL);
    free(pem);
    trust_cert_free(cert);
}

static void check(struct two *two, const char *more, int status, const char *out, const char *err)
{
    char *before = rehearse_snapshot(&two->here);
    bench_run(&two->here, "utils migrate-check --to %s %s %s", two->ctl, two->itl, more);
    bench_expect(&two->here, status, out, err);
    char *after = rehearse_snapshot(&two->here);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
}

/* 16, then 15: nothing of theirs is here; in a unit that is good for nothing; where it belongs. */
START_TEST(uploads)
{
    struct two two;
    open_two(&two);
    check(&two, "--family 88xx", TVSCTL_NO, "They may not all move: of 1 families 0 follow", "");
    ck_assert(helper_holds(two.here.out, "the TVS server does not know it"));
    ck_assert(helper_holds(two.here.out, "Import these certificates from there with `set cert import trust "
                                         "Phone-SAST-trust FILE`:"));
    ck_assert(helper_holds(two.here.out, "CTL, ITL, configuration unknown to our TVS"));
    import(&two, TRUST_UNIT_CALLMANAGER, "CallManager-trust");
    check(&two, "--family 88xx", TVSCTL_NO, "known to our TVS, in no role that signs", "");
    import(&two, TRUST_UNIT_CALLMANAGER, "Phone-SAST-trust");
    check(&two, "--family 88xx", TVSCTL_DONE, "They may move: 1 by TVS.", "");
    ck_assert(helper_holds(two.here.out, "Better import also these certificates"));
    ck_assert(helper_holds(two.here.out, "nothing of these unknown to our TVS"));
    import(&two, TRUST_UNIT_ITLRECOVERY, "Phone-SAST-trust");
    check(&two, "--family 88xx", TVSCTL_DONE, "They may move: 1 by TVS.", "");
    ck_assert_ptr_null(strstr(two.here.out, "mport"));
    ck_assert_ptr_null(strstr(two.here.out, "fare worse"));
    /* Phones that know no TVS cannot be helped so. */
    check(&two, "", TVSCTL_NO, "without TVS stranded 1", "");
    ck_assert(
        helper_holds(two.here.out, "\nSome families fare worse: 79xx, 69xx/89xx/99xx: 2 kinds of phones"));
    check(&two, "--json", TVSCTL_NO, "\"here\": \"known\"", "");
    ck_assert(helper_holds(two.here.out, "\"worse_families\": [\n"));
    ck_assert(helper_is_json(two.here.out));
    close_two(&two);
}
END_TEST

/* Their configuration may be signed by somebody else. */
START_TEST(configuration)
{
    struct two two;
    char more[1024];
    open_two(&two);
    import(&two, TRUST_UNIT_CALLMANAGER, "Phone-SAST-trust");
    bench_write(&two.there, bench_in_tftp(&two.there, "a.cnf.xml"), helper_bytes("<a/>"));
    rehearse_do(&two.there, "file sign a.cnf.xml");
    snprintf(more, sizeof more, "--family 88xx %s", bench_in_tftp(&two.there, "a.cnf.xml.sgn"));
    check(&two, more, TVSCTL_DONE, "They may move: 1 by TVS.", "");
    ck_assert_ptr_null(strstr(two.here.out, "is taken for its signer"));
    char *old = strdup(bench_path(&two.here, "old.sgn"));
    lists_copy_file(bench_in_tftp(&two.there, "a.cnf.xml.sgn"), old);
    rehearse_do(&two.there, "set cert regen CallManager");
    rehearse_do(&two.there, "utils ctl update CTLFile");
    import(&two, TRUST_UNIT_CALLMANAGER, "Phone-SAST-trust");
    rehearse_do(&two.there, "utils itl update");
    snprintf(more, sizeof more, "--family 88xx %s", old);
    check(&two, more, TVSCTL_NO, "configuration", "");
    free(old);
    close_two(&two);
}
END_TEST

START_TEST(wrong_arguments)
{
    struct two two;
    open_two(&two);
    bench_run(&two.here, "utils migrate-check");
    bench_expect(&two.here, TVSCTL_USAGE, "", "the other cluster's files are missing: --to");
    bench_run(&two.here, "utils migrate-check --to /nowhere/CTLFile.tlv");
    bench_expect(&two.here, TVSCTL_REFUSED, "", "/nowhere/CTLFile.tlv");
    bench_run(&two.here, "utils migrate-check --to %s --to %s", two.ctl, two.ctl);
    bench_expect(&two.here, TVSCTL_USAGE, "", "is a second CTL; give one of each");
    bench_run(&two.here, "utils migrate-check --to %s", bench_write(&two.here, "x.tlv", helper_bytes("x")));
    bench_expect(&two.here, TVSCTL_REFUSED, "", "x.tlv");
    bench_run(&two.here, "utils migrate-check --to %s --family x", two.ctl);
    bench_expect(&two.here, TVSCTL_USAGE, "", "there is no family x");
    close_two(&two);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("migrate");
    TCase *t = tcase_create("migrate");
    tcase_add_test(t, uploads);
    tcase_add_test(t, configuration);
    tcase_add_test(t, wrong_arguments);
    suite_add_tcase(s, t);
    return s;
}
