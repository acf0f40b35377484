#include "failing_malloc.h"

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#elif __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif

/* Who really allocates: the sanitizer, or the C library under the names that it keeps for those who replace
 * malloc. */
#if defined(HAS_ASAN)
#define REAL(name) __interceptor_##name
#elif defined(__GLIBC__) && !defined(HAS_TSAN)
#define REAL(name) __libc_##name
#endif

/* All of this is changed by a test that makes allocations fail and by nobody else: other threads only see
 * that it is zero. */
static bool watching;
static long countdown;     /* allocations until one fails; 0: none does */
static long seen;          /* what the last countdown came to */
static const void *caller; /* who asked for the one that failed */
static long blocks;        /* allocated less freed, while watching */

#if defined(REAL)
extern void *REAL(malloc)(size_t size);
extern void *REAL(calloc)(size_t count, size_t size);
extern void *REAL(realloc)(void *old, size_t size);
extern void REAL(free)(void *block);

static bool fails_now(const void *from)
{
    if (countdown == 0 || --countdown != 0)
        return false;
    caller = from;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    if (watching && block != NULL)
        blocks++;
    return block;
}

void *malloc(size_t size)
{
    return fails_now(__builtin_return_address(0)) ? NULL : counted(REAL(malloc)(size));
}

void *calloc(size_t count, size_t size)
{
    return fails_now(__builtin_return_address(0)) ? NULL : counted(REAL(calloc)(count, size));
}

void *realloc(void *old, size_t size)
{
    if (fails_now(__builtin_return_address(0)))
        return NULL;
    if (old == NULL)
        return counted(REAL(realloc)(NULL, size));
    void *block = REAL(realloc)(old, size);
    if (watching && block == NULL && size == 0)
        blocks--;
    return block;
}

void free(void *block)
{
    if (watching && block != NULL)
        blocks--;
    REAL(free)(block);
}
#endif

bool failing_malloc_works(void)
{
#if defined(REAL)
    void *(*volatile ask)(size_t) = malloc; /* volatile: no compiler leaves it out */
    failing_malloc_start(1);
    void *block = ask(1);
    failing_malloc_stop();
    free(block);
    return block == NULL;
#else
    return false;
#endif
}

/* What is allocated, in blocks or bytes: only the difference matters. OpenSSL's queue keeps the texts of old
 * errors until their places in the ring are used again. */
#if defined(HAS_ASAN)
#define IN_USE_UNIT "bytes"
#else
#define IN_USE_UNIT "blocks"
#endif
static long in_use(void)
{
    for (int i = 0; i < 16; i++)
        ERR_raise_data(ERR_LIB_USER, 1, "%s", "nothing");
    ERR_clear_error();
#if defined(HAS_ASAN)
    extern size_t __sanitizer_get_current_allocated_bytes(void);
    return (long)__sanitizer_get_current_allocated_bytes();
#else
    return blocks;
#endif
}

void failing_malloc_start(long n)
{
    caller = NULL;
    countdown = n;
}

bool failing_malloc_stop(void)
{
    bool reached = countdown == 0;
    seen = FAILING_NONE - countdown;
    countdown = 0;
    return reached;
}

long failing_malloc_count(void)
{
    return seen;
}

bool failing_malloc_hit_openssl(void)
{
    Dl_info info;
    return caller != NULL && dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
           (strstr(info.dli_fname, "libcrypto") != NULL || strstr(info.dli_fname, "libssl") != NULL);
}

long failing_malloc_next(long n, long total)
{
    const char *every = getenv("TVS_EVERY_ALLOCATION");
    if (every != NULL && strcmp(every, "yes") == 0)
        return n + 1;
    long from_end = n < total ? total - n : 0;
    return n + 1 + (n < from_end ? n : from_end) / 32;
}

/* ---- One act */

/* What the process in which memory ran out tells its parent. */
enum outcome { DIED, REFUSED, HIDDEN, CAME_THROUGH, NOT_REACHED, WRONG, OUTCOMES };
struct report {
    enum outcome outcome;
    char text[600];
};

static const char *broken; /* the first thing expected that did not hold */

void failing_malloc_expect(bool holds, const char *what)
{
    if (!holds && broken == NULL)
        broken = what;
}

/* More is allocated than before: a leak, or a cache of OpenSSL's? LeakSanitizer knows, and says where.
 * Without it: each further failure there adds to a leak. By now the same place may have another number, as
 * what is cached is not allocated again. */
#if defined(HAS_ASAN)
static bool leaks(const struct failing_act *act, void *scene, long n, long total)
{
    extern int __lsan_do_recoverable_leak_check(void);
    (void)act, (void)scene, (void)n, (void)total;
    return __lsan_do_recoverable_leak_check() != 0;
}
#else
static void fail_again(const struct failing_act *act, void *scene, long n)
{
    struct trust_error err = {0};
    failing_malloc_start(n > 0 ? n : 1);
    (void)!act->act(scene, &err);
    failing_malloc_stop();
}

static bool leaks(const struct failing_act *act, void *scene, long n, long total)
{
    fail_again(act, scene, FAILING_NONE);
    long shift = failing_malloc_count() - total;
    long after[3];
    for (int i = 0; i < 3; i++) {
        for (long near = -2; near <= 2; near++) {
            fail_again(act, scene, n + near);
            fail_again(act, scene, n + near + shift);
        }
        after[i] = in_use();
    }
    return after[1] > after[0] && after[2] > after[1];
}
#endif

static bool is_due(const struct failing_act *act, int rc)
{
    bool hidden = rc == TRUST_ECRYPTO || rc == TRUST_ECERT || rc == TRUST_EKEY || rc == act->hidden[0] ||
                  rc == act->hidden[1];
    return rc == 0 || rc == TRUST_ENOMEM || (hidden && failing_malloc_hit_openssl());
}

static void run_out(const struct failing_act *act, void *scene, long n, long total, struct report *report)
{
    struct trust_error err = {0};
    watching = true;
    long before = in_use();
    failing_malloc_start(n);
    int rc = act->act(scene, &err);
    bool reached = failing_malloc_stop();
    bool by_openssl = failing_malloc_hit_openssl();
    unsigned long queued = ERR_peek_error();
    long after = in_use();
    report->outcome = WRONG;
    if (broken != NULL)
        snprintf(report->text, sizeof report->text, "%s: expected %s", trust_error_name(rc), broken);
    else if (!is_due(act, rc) || (rc != 0 && !reached))
        snprintf(report->text, sizeof report->text, "%s%s: %s", by_openssl ? "in OpenSSL: " : "",
                 trust_error_name(rc), err.text);
    else if (queued != 0)
        snprintf(report->text, sizeof report->text, "%s: OpenSSL's queue holds error %lx",
                 trust_error_name(rc), queued);
    else if (after > before && leaks(act, scene, n, total))
        snprintf(report->text, sizeof report->text, "%s: a leak of %ld %s", trust_error_name(rc),
                 after - before, IN_USE_UNIT);
    else if (rc == 0)
        report->outcome = reached ? CAME_THROUGH : NOT_REACHED;
    else
        report->outcome = rc == TRUST_ENOMEM ? REFUSED : HIDDEN;
}

static enum outcome run_out_apart(const struct failing_act *act, void *scene, long n, long total,
                                  struct report *report)
{
    int status;
    *report = (struct report){.outcome = DIED};
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        run_out(act, scene, n, total, report);
        _exit(EXIT_SUCCESS);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(report->outcome != DIED, "%s, allocation %ld: the process died (wait status %x)", act->name,
                  n, (unsigned)status);
    ck_assert_msg(report->outcome != WRONG, "%s, allocation %ld: %s", act->name, n, report->text);
    return report->outcome;
}

/* Libraries set themselves up at their first use, and what goes wrong then is theirs. Returns how often the
 * act allocates after that. */
static long warm_up(const struct failing_act *act, void *scene)
{
    for (int i = 0; i < 2; i++) {
        struct trust_error err = {0};
        failing_malloc_start(FAILING_NONE);
        int rc = act->act(scene, &err);
        failing_malloc_stop();
        ck_assert_msg(rc == 0, "%s: %s: %s", act->name, trust_error_name(rc), err.text);
        ck_assert_msg(broken == NULL, "%s: expected %s", act->name, broken);
    }
    return failing_malloc_count();
}

void failing_malloc_each(const struct failing_act *act, void *scene)
{
    long total = warm_up(act, scene);
    if (!failing_malloc_works())
        return;
    struct report *report =
        mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(report, MAP_FAILED);
    long n = 1, came_to[OUTCOMES] = {0};
    while (run_out_apart(act, scene, n, total, report) != NOT_REACHED) {
        came_to[report->outcome]++;
        n = failing_malloc_next(n, total);
    }
    munmap(report, sizeof *report);
    long refused = came_to[REFUSED] + came_to[HIDDEN];
    ck_assert_msg(refused > 0, "%s: no allocation that matters", act->name);
    printf("%s: fewer than %ld allocations, %ld failed: %ld errors, %ld of them not called memory\n",
           act->name, n, refused + came_to[CAME_THROUGH], refused, came_to[HIDDEN]);
    fflush(stdout);
}
