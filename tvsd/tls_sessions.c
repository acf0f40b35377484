/* The sessions of TLS 1.2 and older that are kept for phones that know no tickets.
 *
 * OpenSSL's own cache holds on to each session's many small allocations among those of the connection, which
 * leaves holes in the heap that every later handshake pays for: some 2 % of it. Here a session is its DER, in
 * a place of fixed size. Ids are random and chosen by the server, so that they are hashes of themselves: an
 * id's first bytes name a set of places, which is a queue. */
#include "tls_internal.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SETS 1024
#define WAYS 32 /* so many that of the last 20 000 sessions hardly one gives way before its time */

struct place {
    int64_t over; /* when it may not be resumed any more */
    uint16_t len; /* 0: nothing is kept here */
    uint8_t id[SSL_MAX_SSL_SESSION_ID_LENGTH];
    uint8_t der[214]; /* a session without a client's certificate has some 150 bytes */
};
static_assert(sizeof(struct place) == 256, "a place is a few cache lines");

/* Of a set: count places in use from the oldest on. One that was forgotten is in use, and empty. */
struct queue {
    uint8_t oldest, count;
};

struct tls_sessions {
    atomic_uint references;
    pthread_mutex_t mutex; /* of what follows */
    struct queue queues[SETS];
    struct place places[SETS][WAYS];
};

struct tls_sessions *tls_sessions_new(void)
{
    struct tls_sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL)
        return NULL;
    if (pthread_mutex_init(&sessions->mutex, NULL) != 0) {
        free(sessions);
        return NULL;
    }
    atomic_init(&sessions->references, 1);
    return sessions;
}

struct tls_sessions *tls_sessions_ref(struct tls_sessions *sessions)
{
    atomic_fetch_add_explicit(&sessions->references, 1, memory_order_relaxed);
    return sessions;
}

void tls_sessions_free(struct tls_sessions *sessions)
{
    if (sessions == NULL || atomic_fetch_sub(&sessions->references, 1) != 1)
        return;
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++)
            if (sessions->places[set][way].len != 0)
                OPENSSL_cleanse(&sessions->places[set][way], sizeof(struct place));
    pthread_mutex_destroy(&sessions->mutex);
    free(sessions);
}

static size_t set_of(const uint8_t id[SSL_MAX_SSL_SESSION_ID_LENGTH])
{
    return (size_t)(id[0] | id[1] << 8) % SETS;
}

/* NULL: it is not kept. The caller has the mutex. */
static struct place *find(struct tls_sessions *sessions, const uint8_t *id, size_t len)
{
    if (len != SSL_MAX_SSL_SESSION_ID_LENGTH)
        return NULL;
    struct place *places = sessions->places[set_of(id)];
    for (size_t way = 0; way < WAYS; way++)
        if (places[way].len != 0 && memcmp(places[way].id, id, len) == 0)
            return &places[way];
    return NULL;
}

/* Where the next one of that set goes. A key is not kept longer than it is of use. The caller has the mutex.
 */
static struct place *place_for(struct tls_sessions *sessions, size_t set, int64_t now)
{
    struct queue *queue = &sessions->queues[set];
    struct place *places = sessions->places[set];
    while (queue->count > 0 && (queue->count == WAYS || places[queue->oldest].over <= now)) {
        OPENSSL_cleanse(&places[queue->oldest], sizeof places[0]);
        queue->oldest = (queue->oldest + 1) % WAYS;
        queue->count--;
    }
    return &places[(queue->oldest + queue->count++) % WAYS];
}

/* Seconds since 1970. */
static int64_t begun(const SSL_SESSION *session)
{
#if OPENSSL_VERSION_NUMBER >= 0x30300000L
    return SSL_SESSION_get_time_ex(session);
#else
    return SSL_SESSION_get_time(session);
#endif
}

void tls_sessions_keep(struct tls_sessions *sessions, const SSL_SESSION *session)
{
    struct place place = {0};
    unsigned len;
    const uint8_t *id = SSL_SESSION_get_id(session, &len);
    if (len != sizeof place.id)
        return;
    memcpy(place.id, id, len);
    place.over = begun(session) + SSL_SESSION_get_timeout(session);
    unsigned char *end = place.der;
    int size = i2d_SSL_SESSION(session, NULL);
    if (size > 0 && (size_t)size <= sizeof place.der && i2d_SSL_SESSION(session, &end) == size) {
        place.len = (uint16_t)size;
        pthread_mutex_lock(&sessions->mutex);
        *place_for(sessions, set_of(place.id), time(NULL)) = place;
        pthread_mutex_unlock(&sessions->mutex);
    }
    OPENSSL_cleanse(&place, sizeof place);
}

SSL_SESSION *tls_sessions_find(struct tls_sessions *sessions, const uint8_t *id, size_t len)
{
    struct place place = {0};
    pthread_mutex_lock(&sessions->mutex);
    const struct place *found = find(sessions, id, len);
    if (found != NULL)
        place = *found;
    pthread_mutex_unlock(&sessions->mutex);
    if (place.len == 0)
        return NULL;
    const unsigned char *cursor = place.der;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &cursor, place.len);
    OPENSSL_cleanse(&place, sizeof place);
    return session;
}

void tls_sessions_forget(struct tls_sessions *sessions, const SSL_SESSION *session)
{
    unsigned len;
    const uint8_t *id = SSL_SESSION_get_id(session, &len);
    pthread_mutex_lock(&sessions->mutex);
    struct place *found = find(sessions, id, len);
    if (found != NULL)
        OPENSSL_cleanse(found, sizeof *found);
    pthread_mutex_unlock(&sessions->mutex);
}

/* What OpenSSL calls. That a session is not kept, or not found, for want of memory is no failure of the
 * handshake. */
static int on_new(SSL *ssl, SSL_SESSION *session)
{
    const struct tls *tls = SSL_get_app_data(ssl);
    ERR_set_mark();
    if (SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION) /* that has tickets */
        tls_sessions_keep(tls->sessions, session);
    ERR_pop_to_mark();
    return 0; /* no reference was kept */
}

static SSL_SESSION *on_get(SSL *ssl, const unsigned char *id, int len, int *copy)
{
    const struct tls *tls = SSL_get_app_data(ssl);
    *copy = 0; /* the reference is OpenSSL's */
    ERR_set_mark();
    SSL_SESSION *session = tls_sessions_find(tls->sessions, id, (size_t)len);
    ERR_pop_to_mark();
    return session;
}

static void on_remove(SSL_CTX *ctx, SSL_SESSION *session)
{
    tls_sessions_forget(SSL_CTX_get_app_data(ctx), session);
}

bool tls_sessions_serve(struct tls_sessions *sessions, SSL_CTX *ctx)
{
    if (SSL_CTX_set_app_data(ctx, sessions) != 1)
        return false;
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_new);
    SSL_CTX_sess_set_get_cb(ctx, on_get);
    SSL_CTX_sess_set_remove_cb(ctx, on_remove);
    return true;
}
