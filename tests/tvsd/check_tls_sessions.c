/* The sessions that are kept for phones without tickets. */
#include "tests/check_main.h"
#include "tvsd/tls_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define ID_SIZE  SSL_MAX_SSL_SESSION_ID_LENGTH
#define CROWDED  100 /* more than a set has places */
#define THREADS  4
#define EACH     500
#define KEY_SIZE 48
#define SECONDS  1000 /* that a session is good for */

static struct tls_sessions *sessions;
static SSL_CTX *context;

static void begin(void)
{
    sessions = tls_sessions_new();
    ck_assert_ptr_nonnull(sessions);
    context = SSL_CTX_new(TLS_server_method());
    ck_assert_ptr_nonnull(context);
}

static void end(void)
{
    SSL_CTX_free(context);
    tls_sessions_free(sessions);
    tls_sessions_free(NULL);
}

/* Ids of one `set` are in each other's way; `number` tells them apart. */
static void id_of(int set, int number, uint8_t id[ID_SIZE])
{
    memset(id, 0xa5, ID_SIZE);
    memcpy(id, &(uint16_t){(uint16_t)set}, 2);
    memcpy(id + ID_SIZE - sizeof number, &number, sizeof number);
}

/* As a handshake makes them, with a key that says which it is. */
static SSL_SESSION *session_make(int set, int number, size_t id_len)
{
    uint8_t id[ID_SIZE], key[KEY_SIZE] = {0};
    SSL_SESSION *session = SSL_SESSION_new();
    SSL *ssl = SSL_new(context);
    id_of(set, number, id);
    memcpy(key, &number, sizeof number);
    ck_assert_int_eq(SSL_SESSION_set_protocol_version(session, TLS1_2_VERSION), 1);
    ck_assert_int_eq(SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, (const uint8_t *)"\xc0\x30")), 1);
    ck_assert_int_eq(SSL_SESSION_set1_master_key(session, key, sizeof key), 1);
    ck_assert_int_eq(SSL_SESSION_set1_id(session, id, (unsigned)id_len), 1);
    ck_assert_int_eq(SSL_SESSION_set_timeout(session, SECONDS), 1);
    SSL_free(ssl);
    return session;
}

static void keep(int set, int number)
{
    SSL_SESSION *session = session_make(set, number, ID_SIZE);
    tls_sessions_keep(sessions, session);
    SSL_SESSION_free(session);
}

/* Whether it is kept; then it is the one that it should be. */
static bool is_kept(int set, int number)
{
    uint8_t id[ID_SIZE], key[KEY_SIZE];
    int found = -1;
    id_of(set, number, id);
    SSL_SESSION *session = tls_sessions_find(sessions, id, sizeof id);
    if (session == NULL)
        return false;
    ck_assert_uint_eq(SSL_SESSION_get_master_key(session, key, sizeof key), KEY_SIZE);
    memcpy(&found, key, sizeof found);
    ck_assert_int_eq(found, number);
    ck_assert_int_eq(SSL_SESSION_get_protocol_version(session), TLS1_2_VERSION);
    ck_assert_int_eq(SSL_SESSION_get_timeout(session), SECONDS);
    SSL_SESSION_free(session);
    return true;
}

START_TEST(what_is_kept_is_found)
{
    for (int i = 0; i < CROWDED; i++)
        keep(i, i);
    for (int i = 0; i < CROWDED; i++)
        ck_assert_msg(is_kept(i, i), "session %d", i);
    ck_assert(!is_kept(0, CROWDED));
    ck_assert(!is_kept(CROWDED, 0));
}
END_TEST

START_TEST(what_is_forgotten_is_not)
{
    SSL_SESSION *session = session_make(1, 1, ID_SIZE);
    tls_sessions_forget(sessions, session);
    keep(1, 1);
    keep(1, 2);
    tls_sessions_forget(sessions, session);
    ck_assert(!is_kept(1, 1));
    ck_assert(is_kept(1, 2));
    SSL_SESSION_free(session);
}
END_TEST

/* Its key goes when the next one of the set comes; what is not over stays. */
START_TEST(what_is_over_goes)
{
    SSL_SESSION *session = session_make(2, 0, ID_SIZE);
    const time_t begun = time(NULL) - SECONDS - 1;
#if OPENSSL_VERSION_NUMBER >= 0x30300000L
    ck_assert_int_eq(SSL_SESSION_set_time_ex(session, begun), begun);
#else
    ck_assert_int_eq(SSL_SESSION_set_time(session, (long)begun), begun);
#endif
    tls_sessions_keep(sessions, session);
    ck_assert(is_kept(2, 0));
    keep(2, 1);
    ck_assert(!is_kept(2, 0));
    keep(2, 2);
    ck_assert(is_kept(2, 1));
    ck_assert(is_kept(2, 2));
    SSL_SESSION_free(session);
}
END_TEST

/* The newest stay, without a gap. */
START_TEST(the_oldest_gives_way)
{
    int oldest = 0;
    for (int newest = 0; newest < CROWDED; newest++) {
        keep(7, newest);
        while (!is_kept(7, oldest))
            ck_assert_int_lt(oldest++, newest);
        for (int i = oldest; i <= newest; i++)
            ck_assert(is_kept(7, i));
    }
    ck_assert_int_gt(oldest, CROWDED / 2);
    ck_assert_int_lt(oldest, CROWDED - 2);
    keep(8, 0);
    ck_assert(is_kept(7, oldest));
}
END_TEST

/* Ids that are not the server's, and a session that is longer than those of phones. */
START_TEST(what_does_not_fit)
{
    char name[256];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    SSL_SESSION *brief = session_make(3, 3, 8), *empty = session_make(4, 4, 0);
    SSL_SESSION *lengthy = session_make(5, 5, ID_SIZE);
    ck_assert_int_eq(SSL_SESSION_set1_hostname(lengthy, name), 1);
    tls_sessions_keep(sessions, brief);
    tls_sessions_keep(sessions, empty);
    tls_sessions_keep(sessions, lengthy);
    ck_assert_ptr_null(tls_sessions_find(sessions, SSL_SESSION_get_id(brief, NULL), 8));
    ck_assert_ptr_null(tls_sessions_find(sessions, (const uint8_t *)"", 0));
    ck_assert(!is_kept(5, 5));
    tls_sessions_forget(sessions, brief);
    tls_sessions_forget(sessions, empty);
    SSL_SESSION_free(brief);
    SSL_SESSION_free(empty);
    SSL_SESSION_free(lengthy);
}
END_TEST

/* It ends with its last reference, not before. */
START_TEST(references)
{
    struct tls_sessions *other = tls_sessions_ref(sessions);
    ck_assert_ptr_eq(other, sessions);
    tls_sessions_free(other);
    keep(1, 1);
    ck_assert(is_kept(1, 1));
}
END_TEST

static atomic_int found;

static void *come_and_go(void *arg)
{
    const int me = *(const int *)arg;
    for (int i = 0; i < EACH; i++) {
        const int number = me * EACH + i;
        keep(number % 2, number);
        found += is_kept(number % 2, number);
        if (i % 3 != 0)
            continue;
        SSL_SESSION *session = session_make(number % 2, number, ID_SIZE);
        tls_sessions_forget(sessions, session);
        SSL_SESSION_free(session);
        ck_assert(!is_kept(number % 2, number));
    }
    return NULL;
}

/* All in two sets: what is found is what was kept, whoever else writes there. */
START_TEST(many_at_a_time)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_gt(found, 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("tls_sessions");
    TCase *kept = tcase_create("kept");
    tcase_add_checked_fixture(kept, begin, end);
    tcase_add_test(kept, what_is_kept_is_found);
    tcase_add_test(kept, what_is_forgotten_is_not);
    tcase_add_test(kept, what_is_over_goes);
    tcase_add_test(kept, the_oldest_gives_way);
    tcase_add_test(kept, what_does_not_fit);
    tcase_add_test(kept, references);
    tcase_add_test(kept, many_at_a_time);
    suite_add_tcase(all, kept);
    return all;
}
