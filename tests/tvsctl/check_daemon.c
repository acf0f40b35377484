/* The client's half of the control socket, against servers of every kind; and the phones that it brings. */
#include "config/phone_file.h"
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsctl/daemon.h"
#include "tvsctl/known_phones.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bench bench;
static struct config *config;
static pid_t server;

static void set_up(void)
{
    struct trust_error err = {0};
    bench_open(&bench, "");
    ck_assert_int_eq(mkdir(bench.state, 0700), 0);
    ck_assert_msg(config_load(bench.config, &config, &err) == 0, "%s", err.text);
}

static void tear_down(void)
{
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    server = 0;
    config_free(config);
    bench_close(&bench);
}

static int listen_there(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/control", bench.state);
    ck_assert(len > 0 && (size_t)len < sizeof address.sun_path);
    unlink(address.sun_path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 5), 0);
    return fd;
}

/* A server that hears a command, says this to each who comes, and closes; answer NULL: it says nothing, and
 * keeps the connection. */
static void serve(const char *answer, size_t len)
{
    int fd = listen_there();
    server = fork();
    if (server == 0) {
        for (;;) {
            char command[100];
            int client = accept(fd, NULL, NULL);
            if (recv(client, command, sizeof command, 0) <= 0 || answer == NULL)
                continue;
            for (size_t sent = 0; sent < len;) {
                ssize_t n = send(client, answer + sent, len - sent, MSG_NOSIGNAL);
                if (n <= 0)
                    break;
                sent += (size_t)n;
            }
            close(client);
        }
    }
    close(fd);
}

static int count_line(void *arg, const struct line_field *fields, size_t count)
{
    ck_assert_uint_gt(count, 0);
    ck_assert_str_eq(line_value(fields, count, "a"), "1");
    ++*(size_t *)arg;
    return 0;
}

static int stop_at_once(void *arg, const struct line_field *fields, size_t count)
{
    (void)arg, (void)fields, (void)count;
    return 5;
}

static int ask(daemon_each each, void *arg, struct trust_error *err)
{
    struct daemon *daemon = NULL;
    int rc = daemon_open(config, &daemon, err);
    if (rc == 0)
        rc = daemon_ask(daemon, "x", 1, each, arg, err);
    daemon_close(daemon);
    return rc;
}

/* What the server says, what the client makes of it. */
static const struct {
    const char *answer;
    int code;
    size_t lines;
    const char *error;
} servers[] = {
    {"done\n", 0, 0, NULL},
    {"a=1\na=1 b=2\ndone\n", 0, 2, NULL},
    {"a=1\ndone\nbehind it\n", 0, 1, NULL},
    {"refused reason=\"no \\\"such\\\" thing\" remedy=\"try again\"\n", TRUST_EVALUE, 0,
     "no \"such\" thing; try again"},
    {"refused reason=no\n", TRUST_EVALUE, 0, "no"},
    {"a=1\nrefused\n", TRUST_EVALUE, 1, ""},
    {"", TRUST_ESYSTEM, 0, "before its answer was whole"},
    {"a=1\n", TRUST_ESYSTEM, 1, "before its answer was whole"},
    {"a=1\na=1", TRUST_ETRUNCATED, 1, "no answer of tvsd"},
    {"rubbish\n", TRUST_ETRUNCATED, 0, "no answer of tvsd"},
    {"HTTP/1.1 400 Bad Request\r\n\r\n", TRUST_ETRUNCATED, 0, "no answer of tvsd"},
    {NULL, TRUST_ESYSTEM, 0, "has said nothing for 1 seconds"},
};

START_TEST(servers_of_every_kind)
{
    size_t lines = 0;
    struct trust_error err = {0};
    serve(servers[_i].answer, servers[_i].answer != NULL ? strlen(servers[_i].answer) : 0);
    int rc = ask(count_line, &lines, &err);
    ck_assert_int_eq(rc, servers[_i].code);
    ck_assert_uint_eq(lines, servers[_i].lines);
    if (servers[_i].error != NULL)
        ck_assert_msg(strstr(err.text, servers[_i].error) != NULL, "%s", err.text);
}
END_TEST

START_TEST(an_endless_line)
{
    static char line[100000];
    struct trust_error err = {0};
    memset(line, 'a', sizeof line);
    line[1] = '=';
    serve(line, sizeof line);
    ck_assert_int_eq(ask(count_line, NULL, &err), TRUST_ETRUNCATED);
}
END_TEST

START_TEST(who_asks_may_stop)
{
    serve("a=1\na=1\ndone\n", 13);
    ck_assert_int_eq(ask(stop_at_once, NULL, NULL), 5);
    ck_assert_int_eq(ask(NULL, NULL, NULL), 0);
}
END_TEST

START_TEST(nobody_there)
{
    struct trust_error err = {0};
    ck_assert_int_eq(ask(NULL, NULL, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "no tvsd of this configuration runs"));
    close(listen_there()); /* it died */
    ck_assert_int_eq(ask(NULL, NULL, &err), TRUST_ENOTFOUND);
    free(config->control.socket);
    config->control.socket = strdup(CONFIG_CONTROL_OFF);
    ck_assert_int_eq(ask(NULL, NULL, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "control.socket is off"));
    daemon_close(NULL);
}
END_TEST

START_TEST(without_the_right)
{
    struct trust_error err = {0};
    if (geteuid() != 0)
        return;
    serve("done\n", 5);
    ck_assert_int_eq(chmod(bench.folder, 0755), 0);
    ck_assert_int_eq(seteuid(65534), 0);
    int rc = ask(NULL, NULL, &err);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(rc, TRUST_EDENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "run it as root, or as a member of tvsd's group"));
}
END_TEST

/* ---- Phones */

static void write_phones(const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/" PHONE_FILE, bench.state);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

START_TEST(phones_of_a_daemon)
{
    static const char answer[] =
        "name=b address=192.0.2.2 first=1 last=5 followed=\"3:4\"\n"
        "name=a address=192.0.2.1 first=1 last=2\n"
        "address=192.0.2.9 first=1 last=2\n"
        "name=b address=192.0.2.3 first=1 last=3\n" /* was forgotten, and came again */
        "name=a cut=yes address=192.0.2.1 first=1 last=2\n"
        "address=192.0.2.8 first=1 last=2\n"
        "done\n";
    struct known_phones phones;
    struct trust_error err = {0};
    write_phones("damaged");
    serve(answer, sizeof answer - 1);
    ck_assert_msg(known_phones_read(config, &phones, &err) == 0, "%s", err.text);
    ck_assert(!phones.from_file);
    ck_assert_int_eq(phones.damage.code, 0);
    ck_assert_uint_eq(phones.count, 5);
    ck_assert_str_eq(phones.items[0].address, "192.0.2.8");
    ck_assert_str_eq(phones.items[1].address, "192.0.2.9");
    ck_assert_str_eq(phones.items[2].name, "a");
    ck_assert(!phones.items[2].cut && phones.items[3].cut);
    ck_assert_str_eq(phones.items[4].address, "192.0.2.2");
    ck_assert_uint_eq(known_phones_followed(&phones, 3), 1);
    ck_assert_uint_eq(known_phones_followed(&phones, 4), 0);
    known_phones_fini(&phones);
    ck_assert_uint_eq(phones.count, 0);
}
END_TEST

/* What a broken daemon says counts no more than what none says. */
START_TEST(phones_of_the_file)
{
    struct known_phones phones;
    struct trust_error err = {0};
    ck_assert_int_eq(known_phones_read(config, &phones, &err), 0);
    ck_assert(phones.from_file && phones.as_of == 0 && phones.count == 0);
    ck_assert_ptr_nonnull(strstr(phones.why.text, "no tvsd"));
    known_phones_fini(&phones);

    write_phones(PHONE_FILE_HEAD "1700000000\nname=b first=1 last=1\nname=a first=1 last=1\ndone phones=2\n");
    serve("name=x first=1 last=1\nbroken\n", 29);
    ck_assert_int_eq(known_phones_read(config, &phones, &err), 0);
    ck_assert(phones.from_file && phones.as_of == 1700000000 && phones.count == 2);
    ck_assert_str_eq(phones.items[0].name, "a");
    ck_assert_int_eq(phones.why.code, TRUST_ETRUNCATED);
    ck_assert_int_eq(phones.damage.code, 0);
    known_phones_fini(&phones);

    write_phones(PHONE_FILE_HEAD "1700000000\nname=b first=1 last=1\n");
    ck_assert_int_eq(known_phones_read(config, &phones, NULL), 0);
    ck_assert(phones.from_file && phones.count == 1);
    ck_assert_int_eq(phones.damage.code, TRUST_EVALUE);
    known_phones_fini(&phones);
}
END_TEST

/* ---- What is printed of it */

/* Nothing in it that a terminal acts on. */
static void expect_harmless(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        ck_assert_msg(((unsigned char)*at >= ' ' && *at != 0x7f) || *at == '\n', "0x%02x in %s",
                      (unsigned char)*at, text);
    ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
    ck_assert_ptr_null(strstr(text, "\xc2\x9b"));
}

/* Whatever tvsd says, and were it none of ours. */
#define HOSTILE "\"\\x1b[31m\\n\\xff\\xe2\\x80\\xae\\xc2\\x9b\\x7f\\\"\\\\\""

START_TEST(hostile_phones)
{
    static const char answer[] =
        "name=" HOSTILE " address=" HOSTILE " first=1 last=2 tls=\"\\x1b[1m\" class=\"\\n\" asked="
        "\"\\x07\" result=\"\\x1b[2J\" count=3 followed=\"1:2\"\n"
        "address=192.0.2.1 first=1 last=2\ndone\n";
    serve(answer, sizeof answer - 1);
    bench_run(&bench, "show tvs clients");
    bench_expect(&bench, 0, "2 phones.", "");
    expect_harmless(bench.out);
    ck_assert_int_eq(helper_count(bench.out, "\n"), 5);
    bench_run(&bench, "show tvs clients --json");
    ck_assert_int_eq(bench.status, 0);
    expect_harmless(bench.out);
    ck_assert(helper_is_json(bench.out));
    bench_run(&bench, "show tvs clients 192.0.2.1");
    bench_expect(&bench, 0, "1 phone.", "");
}
END_TEST

/* A cluster without mixed mode has no CTL file, and that is as it should be; what cannot be read is not. */
START_TEST(lists_of_the_status)
{
    static const char answer[] = "what=ctl state=absent\ndone\n";
    serve(answer, sizeof answer - 1);
    bench_run(&bench, "show status");
    bench_expect(&bench, 0, "CTLFile.tlv : none\nITLFile.tlv : none\n", "");
    ck_assert_int_eq(mkdir(bench_in_tftp(&bench, "CTLFile.tlv"), 0755), 0);
    bench_run(&bench, "show status");
    bench_expect(&bench, 0, "CTLFile.tlv : none that can be read: ", "");
    bench_expect(&bench, 0, "CTLFile.tlv is a folder, not a file\nITLFile.tlv : none\n", "");
}
END_TEST

START_TEST(hostile_status)
{
    static const char answer[] =
        "what=daemon version=" HOSTILE " pid=x uptime=" HOSTILE " status=" HOSTILE "\n"
        "what=service listen=" HOSTILE " listen=b\n"
        "what=counters accepted=5 new-counter=7\n"
        "what=ctl state=" HOSTILE " md5=" HOSTILE "\n"
        "what=something-new a=1\nnot-what=1\n"
        "what=phones written=99999999999999999999 known=5\n"
        "done\n";
    serve(answer, sizeof answer - 1);
    bench_run(&bench, "show status");
    ck_assert_int_eq(bench.status, 0);
    expect_harmless(bench.out);
    ck_assert(helper_holds(bench.out, "accepted : 5") && helper_holds(bench.out, "new-counter : 7"));
    bench_run(&bench, "show status --json");
    ck_assert_int_eq(bench.status, 0);
    expect_harmless(bench.out);
    ck_assert(helper_is_json(bench.out));
}
END_TEST

START_TEST(hostile_outcomes)
{
    static const char done[] =
        "file=" HOSTILE " status=" HOSTILE " needs-restart=" HOSTILE " level=" HOSTILE "\ndone\n";
    static const char refused[] = "refused reason=" HOSTILE " remedy=" HOSTILE "\n";
    serve(_i == 0 ? done : refused, _i == 0 ? sizeof done - 1 : sizeof refused - 1);
    bench_run(&bench, "utils service reload");
    ck_assert_int_eq(bench.status, _i);
    expect_harmless(bench.out);
    expect_harmless(bench.err);
    bench_run(&bench, "set trace level Info");
    ck_assert_int_eq(bench.status, _i);
    expect_harmless(bench.out);
    expect_harmless(bench.err);
    ck_assert_int_eq(helper_count(bench.err, "\n"), _i);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsd's client");
    TCase *asking = tcase_create("asking"), *phones = tcase_create("phones"),
          *prints = tcase_create("prints");
    tcase_add_checked_fixture(asking, set_up, tear_down);
    tcase_add_loop_test(asking, servers_of_every_kind, 0, sizeof servers / sizeof servers[0]);
    tcase_add_test(asking, an_endless_line);
    tcase_add_test(asking, who_asks_may_stop);
    tcase_add_test(asking, nobody_there);
    tcase_add_test(asking, without_the_right);
    suite_add_tcase(suite, asking);
    tcase_add_checked_fixture(phones, set_up, tear_down);
    tcase_add_test(phones, phones_of_a_daemon);
    tcase_add_test(phones, phones_of_the_file);
    suite_add_tcase(suite, phones);
    tcase_add_checked_fixture(prints, set_up, tear_down);
    tcase_add_test(prints, hostile_phones);
    tcase_add_test(prints, lists_of_the_status);
    tcase_add_test(prints, hostile_status);
    tcase_add_loop_test(prints, hostile_outcomes, 0, 2);
    suite_add_tcase(suite, prints);
    return suite;
}
