/* histories [COUNT [SEED [PROGRAMS]]]: so many histories, one a seed from SEED on. In each, what `utils
 * rehearse` says is compared with what the simulated phones then do: without sockets or, with the folder of
 * the built programs, over TLS. TVS_JOBS processes share them; TVS_HISTORIES_TELL=yes tells each. */
#include "certificates.h"
#include "tests/fixture.h"
#include "tvsd/log.h"
#include "wire.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX 16

static uint64_t first_seed;
static const char *programs; /* NULL: without */
static unsigned long count, job, jobs;
static uint64_t seed_now;

struct totals {
    unsigned long passed, failed;
    unsigned long words, by[4];
    unsigned long guarded, forced, kept;
};
static struct totals totals;

static void play(const struct history *history, FILE *told, struct play_result *result)
{
    if (programs != NULL)
        wire_history(programs, history, told, result);
    else
        play_history(history, told, result);
}

static void tell_failure(struct history *history, struct play_result *result)
{
    struct play_result again;
    size_t before = history->event_count;
    play_shrink(programs, history, result);
    char *text = NULL;
    size_t size;
    FILE *told = open_memstream(&text, &size);
    play(history, told, &again);
    fclose(told);
    printf("FAILED  seed %" PRIu64 ", %zu of %zu events:\n%s%s", history->seed, history->event_count, before,
           text, again.disagrees ? again.what : result->what);
    fflush(stdout);
    free(text);
}

static void play_one(uint64_t seed)
{
    struct history history;
    struct play_result result;
    const bool loud = getenv("TVS_HISTORIES_TELL") != NULL;
    seed_now = seed;
    history_make(seed, &history);
    play(&history, loud ? stdout : NULL, &result);
    totals.words += result.words;
    totals.guarded += result.guarded;
    totals.forced += result.forced;
    totals.kept += result.kept;
    for (size_t i = 0; i < 4; i++)
        totals.by[i] += result.by[i];
    if (!result.disagrees) {
        totals.passed++;
        return;
    }
    totals.failed++;
    tell_failure(&history, &result);
}

/* In a TMPDIR of its own: by a clock that runs ahead, folders of other rehearsals that were made a moment ago
 * would look left over. */
START_TEST(histories)
{
    char *folder = fixture_folder();
    setenv("TMPDIR", folder, 1);
    log_set_level(CONFIG_LOG_ERROR);
    for (unsigned long i = job; i < count; i += jobs)
        play_one(first_seed + i);
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(certificates)
{
    certificates_make();
}
END_TEST

static bool run_test(const TTest *what)
{
    Suite *suite = suite_create("histories");
    TCase *test = tcase_create("histories");
    tcase_add_test(test, what);
    suite_add_tcase(suite, test);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    bool good = srunner_ntests_failed(runner) == 0;
    if (!good)
        srunner_print(runner, CK_NORMAL);
    srunner_free(runner);
    fflush(stdout);
    return good;
}

/* In a process of its own; its totals go through the pipe. */
static bool run_job(int to)
{
    bool good = run_test(histories);
    totals.failed += !good;
    if (!good)
        printf("FAILED  seed %" PRIu64 ": the history could not be played; those after it were not\n",
               seed_now);
    fflush(stdout);
    return write(to, &totals, sizeof totals) == (ssize_t)sizeof totals && good;
}

static void add(const struct totals *more)
{
    totals.passed += more->passed;
    totals.failed += more->failed;
    totals.words += more->words;
    totals.guarded += more->guarded;
    totals.forced += more->forced;
    totals.kept += more->kept;
    for (size_t i = 0; i < 4; i++)
        totals.by[i] += more->by[i];
}

static bool run_jobs(void)
{
    int ends[2], status;
    struct totals more;
    bool good = pipe(ends) == 0;
    for (job = 0; good && job < jobs; job++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(run_job(ends[1]) ? 0 : 1);
        good = pid > 0;
    }
    close(ends[1]);
    while (read(ends[0], &more, sizeof more) == (ssize_t)sizeof more)
        add(&more);
    while (wait(&status) > 0) {
        if (WIFSIGNALED(status))
            printf("FAILED  one of the processes was ended by signal %d\n", WTERMSIG(status));
        good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return good;
}

static unsigned long number_of(const char *text, unsigned long otherwise)
{
    return text != NULL && text[0] != '\0' ? strtoul(text, NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    struct stat info;
    count = number_of(argc > 1 ? argv[1] : NULL, 30);
    first_seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    programs = argc > 3 ? argv[3] : NULL;
    jobs = number_of(getenv("TVS_JOBS"), 2);
    jobs = jobs == 0 || jobs > JOBS_MAX ? 1 : jobs;
    /* Nothing of it need survive a power cut. */
    if (getenv("TMPDIR") == NULL && stat("/dev/shm", &info) == 0 && access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    printf("histories %s: %lu from seed %" PRIu64 " on\n", programs != NULL ? "over TLS" : "in one process",
           count, first_seed);
    fflush(stdout);
    bool good = run_test(certificates) && run_jobs();
    certificates_remove();
    printf("%lu words: %lu follow, %lu wait, %lu are stranded; %lu phrases were refused\n", totals.words,
           totals.by[0], totals.by[1], totals.by[2], totals.by[3]);
    printf("%lu phrases were refused by guard rails, %lu were forced past them; the promise held for %lu "
           "words\n",
           totals.guarded, totals.forced, totals.kept);
    if (!good && totals.failed == 0)
        totals.failed++;
    printf("%lu passed, %lu failed\n", totals.passed, totals.failed);
    return totals.failed == 0 && totals.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
