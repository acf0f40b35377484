/* utils rollout show, utils rollout close. */
#include "config/phone_file.h"
#include "helper_lists.h"
#include "tests/check_main.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct bench bench;

static void set_up(void)
{
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
}

static void tear_down(void)
{
    bench_close(&bench);
}

static void open_one(void)
{
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, "roll-out 1 (", NULL);
}

static void open_another(void)
{
    bench_run(&bench, "utils itl reset localkey --yes --force");
    bench_expect(&bench, TVSCTL_DONE, NULL, "roll-out 2 (");
}

/* What a tvsd left: lines as phone.h tells. */
static void put_phones(const char *lines, int count)
{
    char *text, path[300];
    ck_assert_int_gt(asprintf(&text, PHONE_FILE_HEAD "1700000900\n%s" PHONE_FILE_FOOT "%d\n", lines, count),
                     0);
    snprintf(path, sizeof path, "%s/" PHONE_FILE, bench.state);
    bench_write(&bench, path, helper_bytes(text));
    free(text);
}

#define PHONE(name, address, followed)                                                                       \
    "name=" name " address=" address                                                                         \
    " first=1700000000 last=1700000300 tls=TLSv1.2 class=strict asked=query "                                \
    "result=trusted count=3 about=0000000000000000 shown=0000000000000000 followed=\"" followed "\"\n"

#define THREE                                                                                                \
    PHONE("CP-8861-SEP000000000003", "192.0.2.3", "1:1700000200")                                            \
    PHONE("CP-8861-SEP000000000001", "192.0.2.1", "")                                                        \
    PHONE("CP-8861-SEP000000000002", "192.0.2.2", "7:1700000100")

START_TEST(none_yet)
{
    bench_run(&bench, "utils rollout show");
    bench_expect(&bench, TVSCTL_DONE, "There has been no roll-out yet.\n", "");
    bench_run(&bench, "utils rollout show --json");
    bench_expect(&bench, TVSCTL_DONE, "[]\n", "");
    bench_run(&bench, "utils rollout close --phones-are-back");
    bench_expect(&bench, TVSCTL_REFUSED, "", "no roll-out is open, so there is nothing to close");
}
END_TEST

START_TEST(shown_with_its_phones)
{
    open_one();
    put_phones(THREE, 3);
    bench_run(&bench, "utils rollout show");
    bench_expect(&bench, TVSCTL_DONE, "NUMBER STATE LIST WHAT OPENED BY CLOSED CLOSED BY ASKED\n", NULL);
    bench_expect(&bench, TVSCTL_DONE, "\n1 open 3 ITLFile.tlv is signed by CallManager of cucm-1051-a-pub (",
                 NULL);
    bench_expect(&bench, TVSCTL_DONE, " - - 1 of 3\n", NULL);
    bench_expect(&bench, TVSCTL_DONE,
                 "\n\nRoll-out 1: ITLFile.tlv is signed by CallManager of cucm-1051-a-pub (", NULL);
    bench_expect(&bench, TVSCTL_DONE, "...), since list 3\nOpened: 20", NULL);
    bench_expect(&bench, TVSCTL_DONE, "Z by set cert regen CallManager, ", NULL);
    bench_expect(&bench, TVSCTL_DONE,
                 "Phones that have asked about that signer: 1 of 3\n"
                 "PHONE ADDRESS LAST SEEN ASKED\n"
                 "======================= ========= ==================== ====================\n"
                 "CP-8861-SEP000000000003 192.0.2.3 2023-11-14T22:18:20Z 2023-11-14T22:16:40Z\n"
                 "Phones that have not: 2\n",
                 NULL);
    bench_expect(&bench, TVSCTL_DONE,
                 "CP-8861-SEP000000000001 192.0.2.1 2023-11-14T22:18:20Z -\n"
                 "CP-8861-SEP000000000002 192.0.2.2 2023-11-14T22:18:20Z -\n"
                 "A phone that knows the signer from its own lists need not ask, and cannot be seen "
                 "here.\nNote: no tvsd answers; the "
                 "phones are as one saw them until 2023-11-14T22:28:20Z: ",
                 "");
    bench_run(&bench, "utils rollout show 1 --json");
    bench_expect(&bench, TVSCTL_DONE, "\"state\": \"open\",\n\"kind\": \"signer\",", NULL);
    bench_expect(&bench, TVSCTL_DONE, "\"counted\": true,\n\"known\": 3,\n\"asked\": 1,", NULL);
    bench_expect(&bench, TVSCTL_DONE, "\"asked\": \"2023-11-14T22:16:40Z\"\n", NULL);
    ck_assert(helper_is_json(bench.out));
}
END_TEST

START_TEST(nobody_knows_any_phone)
{
    open_one();
    bench_run(&bench, "utils rollout show 1");
    bench_expect(&bench, TVSCTL_DONE, "Phones: nobody counted them\n", "");
    bench_expect(&bench, TVSCTL_DONE, "Note: no tvsd answers, and none has left word of its phones: ", "");
    put_phones("", 0);
    bench_run(&bench, "utils rollout show 1");
    bench_expect(&bench, TVSCTL_DONE, "Phones that have asked about that signer: 0 of 0\nA phone", NULL);
}
END_TEST

START_TEST(numbers_that_are_none)
{
    open_one();
    bench_run(&bench, "utils rollout show 2");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no roll-out 2; `utils rollout show` lists them");
    bench_run(&bench, "utils rollout show two");
    bench_expect(&bench, TVSCTL_USAGE, "", "two is no number of a roll-out");
    bench_run(&bench, "utils rollout close 1 0 --phones-are-back");
    bench_expect(&bench, TVSCTL_USAGE, "", "0 is no number of a roll-out");
    bench_run(&bench, "utils rollout close 1 2 --phones-are-back");
    bench_expect(&bench, TVSCTL_REFUSED, "", "roll-out 2 is not open");
    bench_run(&bench, "run sql select count(*) as n from rollout where closed = 0");
    bench_expect(&bench, TVSCTL_DONE, "n\n=\n1\n", NULL);
}
END_TEST

START_TEST(only_a_person_can_say_it)
{
    static const char *const phrases[] = {"utils rollout close", "utils rollout close --yes",
                                          "utils rollout close 1 --yes"};
    open_one();
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        bench_run(&bench, "%s", phrases[i]);
        bench_expect(
            &bench, TVSCTL_REFUSED, "",
            "asks whether all phones have fetched the list, which --yes does not answer, and there is no "
            "terminal to ask on; nothing was changed. If they have, repeat it with --phones-are-back\n");
        ck_assert_int_eq(helper_count(bench.err, "\n"), 1);
    }
    bench_run_answered(&bench, "n\n", "utils rollout close --yes");
    bench_expect(&bench, TVSCTL_REFUSED,
                 "Have all phones fetched list 3? (y/n):", "the answer was not y: nothing was changed");
    bench_run_answered(&bench, "", "utils rollout close");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "the answer was not y: nothing was changed");
    bench_run(&bench, "run sql select closed, how from rollout");
    bench_expect(&bench, TVSCTL_DONE, "\n0", NULL);
    bench_run_answered(&bench, "y\n", "utils rollout close");
    bench_expect(&bench, TVSCTL_DONE, "roll-out 1 is closed\n", NULL);
    bench_run(&bench, "run sql select how from rollout");
    bench_expect(&bench, TVSCTL_DONE, "back", NULL);
}
END_TEST

/* Who has not followed is told before the question, and the history keeps it. */
START_TEST(closed_with_its_phones)
{
    open_one();
    put_phones(THREE, 3);
    bench_run(&bench, "utils rollout close --phones-are-back");
    bench_expect(&bench, TVSCTL_DONE, "Roll-out 1: ITLFile.tlv is signed by CallManager of cucm-1051-a-pub (",
                 NULL);
    bench_expect(&bench, TVSCTL_DONE,
                 "...)\n"
                 "2 of 3 known phones were not seen to follow:\nPHONE ADDRESS LAST SEEN ASKED\n",
                 NULL);
    bench_expect(&bench, TVSCTL_DONE,
                 "CP-8861-SEP000000000002 192.0.2.2 2023-11-14T22:18:20Z -\n"
                 "Have all phones fetched list 3? (y/n):y\nroll-out 1 is closed\n",
                 NULL);
    ck_assert_int_eq(helper_count(bench.out, "SEP000000000003"), 0);
    put_phones("", 0);
    bench_run(&bench, "utils rollout show");
    bench_expect(&bench, TVSCTL_DONE, "\n1 back 3 ITLFile.tlv is signed by CallManager of", "");
    bench_expect(&bench, TVSCTL_DONE, " 1 of 3\nNo roll-out is open.\n", "");
    bench_run(&bench, "utils rollout show 1");
    bench_expect(&bench, TVSCTL_DONE, ", who said that all phones had fetched it\n", "");
    bench_expect(&bench, TVSCTL_DONE, "Phones that have asked about that signer: 1 of 3\n", "");
    bench_expect(&bench, TVSCTL_DONE,
                 "CP-8861-SEP000000000003 192.0.2.3 2023-11-14T22:18:20Z 2023-11-14T22:16:40Z\n", "");
    bench_expect(&bench, TVSCTL_DONE, "Phones that have not: 2\n", "");
    bench_run(&bench, "utils rollout close 1 --phones-are-back");
    bench_expect(&bench, TVSCTL_REFUSED, "", "roll-out 1 is not open");
}
END_TEST

START_TEST(several_are_named)
{
    open_one();
    open_another();
    bench_run(&bench, "utils rollout close --phones-are-back");
    bench_expect(
        &bench, TVSCTL_REFUSED, "",
        "2 roll-outs are open: say which ones the phones have followed: `utils rollout close 1 2`, or "
        "--all; nothing was changed");
    /* One no, and none is closed. */
    bench_run_answered(&bench, "y\nn\n", "utils rollout close 1 2");
    bench_expect(&bench, TVSCTL_REFUSED, "list 3? (y/n):", "nothing was changed");
    bench_run(&bench, "run sql select count(*) as n from rollout where closed = 0");
    bench_expect(&bench, TVSCTL_DONE, "n\n=\n2\n", NULL);
    bench_run(&bench, "utils rollout close 2 --phones-are-back");
    bench_expect(&bench, TVSCTL_DONE, "Have all phones fetched list 4? (y/n):y\nroll-out 2 is closed\n",
                 NULL);
    bench_run(&bench, "utils rollout close --phones-are-back");
    bench_expect(&bench, TVSCTL_DONE, "Have all phones fetched list 3? (y/n):y\nroll-out 1 is closed\n",
                 NULL);
}
END_TEST

START_TEST(all_are_closed)
{
    open_one();
    open_another();
    bench_run(&bench, "utils rollout close --all");
    bench_expect(&bench, TVSCTL_REFUSED, "", "--phones-are-back");
    bench_run_answered(&bench, "y\nn\n", "utils rollout close --all");
    bench_expect(&bench, TVSCTL_REFUSED, "list 3? (y/n):", "nothing was changed");
    bench_run(&bench, "utils rollout close --all --phones-are-back");
    bench_expect(&bench, TVSCTL_DONE, "roll-out 1 is closed\nroll-out 2 is closed\n", NULL);
    bench_run(&bench, "utils rollout close --all --phones-are-back");
    bench_expect(&bench, TVSCTL_REFUSED, "", "no roll-out is open, so there is nothing to close");
}
END_TEST

START_TEST(long_lists_are_cut)
{
    char lines[50 * 300] = "", line[300];
    for (int i = 0; i < 45; i++) {
        snprintf(line, sizeof line, "name=SEP%012d address=192.0.2.%d first=1 last=2 followed=\"%s\"\n", i, i,
                 i < 23 ? "1:5" : "");
        strcat(lines, line);
    }
    open_one();
    put_phones(lines, 45);
    bench_run(&bench, "utils rollout show 1");
    bench_expect(&bench, TVSCTL_DONE, "Phones that have asked about that signer: 23 of 45\n", NULL);
    bench_expect(&bench, TVSCTL_DONE, "… and 3 more: --all shows them\nPhones that have not: 22\n", NULL);
    bench_expect(&bench, TVSCTL_DONE, "… and 2 more: --all shows them\n", NULL);
    ck_assert_int_eq(helper_count(bench.out, "SEP0000"), 40);
    bench_run(&bench, "utils rollout show 1 --all");
    ck_assert_int_eq(helper_count(bench.out, "SEP0000"), 45);
    ck_assert_int_eq(helper_count(bench.out, "more"), 0);
    bench_run(&bench, "utils rollout close --phones-are-back");
    bench_expect(&bench, TVSCTL_DONE, "… and 2 more: --all shows them\nHave all phones", NULL);
    bench_run(&bench, "utils rollout show 1 --json");
    ck_assert_int_eq(helper_count(bench.out, "SEP0000"), 45);
}
END_TEST

/* Names come from the wire. */
START_TEST(names_break_nothing)
{
    open_one();
    put_phones("name=\"SEP\\\\x1b[2J\\\\n\\\\xff \\\"x\" address=192.0.2.1 first=1 last=2 followed=\"\"\n",
               1);
    bench_run(&bench, "utils rollout show");
    bench_expect(&bench, TVSCTL_DONE, "0 of 1", NULL);
    ck_assert_ptr_null(strchr(bench.out, '\x1b'));
    bench_run(&bench, "utils rollout show --json");
    ck_assert(helper_is_json(bench.out));
    bench_run(&bench, "utils rollout close --phones-are-back");
    bench_expect(&bench, TVSCTL_DONE, "closed", NULL);
    ck_assert_ptr_null(strchr(bench.out, '\x1b'));
    bench_run(&bench, "utils rollout show 1");
    ck_assert_ptr_null(strchr(bench.out, '\x1b'));
}
END_TEST

START_TEST(what_cannot_be_seen)
{
    bench_run(&bench, "set cert regen TVS --yes");
    bench_run(&bench, "utils rollout show 1");
    bench_expect(&bench, TVSCTL_DONE, "A phone that has nothing to ask of TVS cannot be seen here.\n", NULL);
    bench_run(&bench, "utils rollout close --phones-are-back");
    lists_add_node(&bench, "cucm-2", "192.0.2.2");
    bench_run(&bench, "set cert regen TVS --node cucm-2");
    bench_run(&bench, "set cert regen TVS --node cucm-2 --yes");
    bench_run(&bench, "utils rollout show 2");
    bench_expect(&bench, TVSCTL_DONE, "What phones ask of that node, its own tvsd alone can see.\n", NULL);
    bench_run(&bench, "set cert regen TVS-ECDSA");
    bench_run(&bench, "utils rollout show 3");
    bench_expect(&bench, TVSCTL_DONE,
                 "tvsd shows it to nobody before this roll-out is closed, so no phone can be", NULL);
}
END_TEST

START_TEST(withdrawn_and_superseded)
{
    bench_run(&bench, "set cert regen TVS-ECDSA");
    bench_run(&bench, "utils rollout close --phones-are-back");
    bench_run(&bench, "set cert regen TVS-ECDSA --yes");
    bench_run(&bench, "set cert regen TVS-ECDSA --yes");
    bench_run(&bench, "utils rollout show");
    bench_expect(&bench, TVSCTL_DONE, "\n1 withdrawn 3 ITLFile.tlv has the TVS-ECDSA certificate ", NULL);
    bench_expect(&bench, TVSCTL_DONE, "\n2 superseded 4 ", NULL);
    bench_expect(&bench, TVSCTL_DONE, "\n3 open 5 ", NULL);
    bench_run(&bench, "utils rollout show 1");
    bench_expect(&bench, TVSCTL_DONE, "Withdrawn: 20", "");
    bench_run(&bench, "utils rollout show 2");
    bench_expect(&bench, TVSCTL_DONE, ": a newer one made it pointless\nPhones: nobody counted them\n", "");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("rollout phrases");
    TCase *c = tcase_create("phrases");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, none_yet);
    tcase_add_test(c, shown_with_its_phones);
    tcase_add_test(c, nobody_knows_any_phone);
    tcase_add_test(c, numbers_that_are_none);
    tcase_add_test(c, only_a_person_can_say_it);
    tcase_add_test(c, closed_with_its_phones);
    tcase_add_test(c, several_are_named);
    tcase_add_test(c, all_are_closed);
    tcase_add_test(c, long_lists_are_cut);
    tcase_add_test(c, names_break_nothing);
    tcase_add_test(c, what_cannot_be_seen);
    tcase_add_test(c, withdrawn_and_superseded);
    suite_add_tcase(s, c);
    return s;
}
