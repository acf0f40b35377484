#include "token_agent.h"

#include "token_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a module may take: loading one, and a person who types a PIN on the token or touches it. */
#define PATIENCE_MS  (60 * 1000)
#define WITH_HAND_MS (180 * 1000)
#define ENDING_MS    (5 * 1000)

#define NOT_SET_UP 127 /* exit status of a process that did not come to its work */

struct token_agent {
    pid_t process; /* 0: it is gone */
    int fd;
    char *uri;
    char module[256];
    struct trust_token_info info;
};

/* ---- The process */

/* The rights that the run works with become its only ones; the folder's owner has his own groups. */
static bool keep_rights(void)
{
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    if (getuid() != 0 || uid == 0)
        return true;
    const struct passwd *user = getpwuid(uid);
    return seteuid(0) == 0 &&
           (user != NULL ? initgroups(user->pw_name, gid) == 0 : setgroups(0, NULL) == 0) &&
           setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

/* Nothing that a module prints is for the operator, nothing that is open is its business, and no PIN goes
 * into a core dump. */
static bool shut_off(int fd)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        return false;
    if (fd > 3)
        close_range(3, (unsigned)fd - 1, 0);
    close_range((unsigned)fd + 1, ~0u, 0);
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        signal(crashes[i], SIG_DFL);
    return prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

static int start(struct token_agent *agent, struct trust_error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "no process for the security token: %s",
                               strerror(errno));
    agent->process = fork();
    if (agent->process == 0) {
        if (keep_rights() && shut_off(pair[1]))
            token_server_run(pair[1]);
        _exit(NOT_SET_UP);
    }
    close(pair[1]);
    agent->fd = pair[0];
    if (agent->process > 0)
        return 0;
    agent->process = 0;
    return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "no process for the security token: %s",
                           strerror(errno));
}

static int reap(struct token_agent *agent)
{
    int status = 0;
    while (agent->process > 0 && waitpid(agent->process, &status, 0) < 0 && errno == EINTR)
        continue;
    agent->process = 0;
    return status;
}

/* Its end of the line is closed when it ends, and so this end of it tells. */
static void end(struct token_agent *agent)
{
    if (agent->fd >= 0) {
        struct pollfd line = {.fd = agent->fd, .events = POLLIN};
        shutdown(agent->fd, SHUT_WR);
        if (agent->process > 0 && poll(&line, 1, ENDING_MS) <= 0)
            kill(agent->process, SIGKILL);
        close(agent->fd);
        agent->fd = -1;
    }
    reap(agent);
}

void token_agent_close(struct token_agent *agent)
{
    if (agent == NULL)
        return;
    end(agent);
    free(agent->uri);
    free(agent);
}

/* ---- Questions */

static const char *const doings[] = {
    [TOKEN_OPEN] = "was started",         [TOKEN_CERT] = "was asked for the certificate",
    [TOKEN_LOG_IN] = "was given the PIN", [TOKEN_KEY] = "looked for the key",
    [TOKEN_SIGN] = "was asked to sign",   [TOKEN_LIST] = "was asked for its tokens",
};

static const char *module_of(const struct token_agent *agent)
{
    return agent->module[0] != '\0' ? agent->module : "of the token";
}

static int say_gone(struct token_agent *agent, enum token_op op, struct trust_error *err)
{
    const int status = reap(agent);
    if (WIFSIGNALED(status))
        return trust_error_set(
            err, TRUST_ECRYPTO, TRUST_NO_OFFSET,
            "PKCS#11 module %.150s crashed (%s) when it %s; the module is faulty, or not made "
            "for this system",
            module_of(agent), strsignal(WTERMSIG(status)), doings[op]);
    return trust_error_set(
        err, TRUST_ECRYPTO, TRUST_NO_OFFSET,
        "PKCS#11 module %.150s ended its process (exit status %d) when it %s; the module is "
        "faulty, or not made for this system",
        module_of(agent), WEXITSTATUS(status), doings[op]);
}

static int say_hangs(struct token_agent *agent, enum token_op op, int waited, struct trust_error *err)
{
    kill(agent->process, SIGKILL);
    reap(agent);
    return trust_error_set(
        err, TRUST_ECRYPTO, TRUST_NO_OFFSET,
        "PKCS#11 module %.150s did not answer for %d s when it %s; see that the token and its "
        "service (pcscd) are well",
        module_of(agent), waited / 1000, doings[op]);
}

int token_agent_patience_ms;

static int patience(enum token_op op)
{
    if (token_agent_patience_ms > 0)
        return token_agent_patience_ms;
    return op == TOKEN_LOG_IN || op == TOKEN_SIGN ? WITH_HAND_MS : PATIENCE_MS;
}

/* One message of the process. *data (with a NUL behind it) is the caller's to free. */
static int hear(struct token_agent *agent, enum token_op op, struct token_reply *head, uint8_t **data,
                struct trust_error *err)
{
    struct pollfd line = {.fd = agent->fd, .events = POLLIN};
    const int wait = patience(op);
    int ready;
    *data = NULL;
    do
        ready = poll(&line, 1, wait);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return say_hangs(agent, op, wait, err);
    if (!token_wire_read(agent->fd, head, sizeof *head) || head->len > TOKEN_BYTES_MAX)
        return say_gone(agent, op, err);
    *data = calloc(1, (size_t)head->len + 1);
    if (*data == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    if (token_wire_read(agent->fd, *data, head->len))
        return 0;
    free(*data);
    *data = NULL;
    return say_gone(agent, op, err);
}

struct call {
    enum token_op op;
    enum trust_digest digest;
    struct trust_bytes bytes;
    /* TOKEN_LIST: gets each part. Non-zero ends the call and is returned. */
    int (*part)(void *arg, enum token_kind kind, struct trust_bytes bytes);
    void *arg;
};

/* A message that is not the answer. */
static int take_part(struct token_agent *agent, const struct call *call, const struct token_reply *head,
                     const uint8_t *data)
{
    if (head->kind == TOKEN_LOADING && head->len > 0)
        snprintf(agent->module, sizeof agent->module, "%s", (const char *)data);
    if (head->kind == TOKEN_LOADING || call->part == NULL)
        return 0;
    return call->part(call->arg, head->kind, (struct trust_bytes){data, head->len});
}

/* Ask, and wait for the answer: its bytes into *data, which is the caller's to free, and *len. */
static int ask(struct token_agent *agent, const struct call *call, uint8_t **data, size_t *len,
               struct trust_error *err)
{
    const struct token_request request = {call->op, call->digest, (uint32_t)call->bytes.len};
    struct token_reply head;
    *data = NULL;
    *len = 0;
    if (agent->process == 0)
        return trust_error_set(err, TRUST_ECRYPTO, TRUST_NO_OFFSET, "PKCS#11 module %.150s is gone",
                               module_of(agent));
    if (!token_wire_write(agent->fd, &request, sizeof request) ||
        !token_wire_write(agent->fd, call->bytes.data, call->bytes.len))
        return say_gone(agent, call->op, err);
    for (;;) {
        int code = hear(agent, call->op, &head, data, err);
        if (code == 0 && head.kind != TOKEN_ANSWER) {
            code = take_part(agent, call, &head, *data);
            free(*data);
            *data = NULL;
            if (code == 0)
                continue;
        }
        if (code != 0)
            return code;
        if (head.code != 0)
            trust_error_set(err, head.code, head.err.offset, "%s", head.err.text);
        *len = head.len;
        return head.code;
    }
}

/* An answer that is taken into out, or whose content does not matter (NULL). */
static int ask_into(struct token_agent *agent, const struct call *call, void *out, size_t size,
                    struct trust_error *err)
{
    uint8_t *data;
    size_t len;
    int code = ask(agent, call, &data, &len, err);
    if (code == 0 && out != NULL && len == size)
        memcpy(out, data, size);
    free(data);
    return code;
}

static struct trust_bytes bytes_of(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

static int agent_new(const char *uri, struct token_agent **out, struct trust_error *err)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL || ((*out)->uri = strdup(uri != NULL ? uri : "")) == NULL) {
        free(*out);
        *out = NULL;
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    }
    (*out)->fd = -1;
    int code = start(*out, err);
    if (code == 0)
        return 0;
    token_agent_close(*out);
    *out = NULL;
    return code;
}

int token_agent_open(const char *uri, struct token_agent **out, struct trust_error *err)
{
    struct trust_token_uri parts;
    *out = NULL;
    int code = trust_token_uri_read(uri, &parts, err);
    trust_token_uri_fini(&parts);
    if (code == 0)
        code = agent_new(uri, out, err);
    if (code == 0)
        code = ask_into(*out, &(struct call){.op = TOKEN_OPEN, .bytes = bytes_of(uri)}, &(*out)->info,
                        sizeof(*out)->info, err);
    if (code == 0)
        return 0;
    token_agent_close(*out);
    *out = NULL;
    return code;
}

const struct trust_token_info *token_agent_info(const struct token_agent *agent)
{
    return &agent->info;
}

const char *token_agent_uri(const struct token_agent *agent)
{
    return agent->uri;
}

int token_agent_cert(struct token_agent *agent, struct trust_cert **out, struct trust_error *err)
{
    uint8_t *data;
    size_t len;
    *out = NULL;
    int code = ask(agent, &(struct call){.op = TOKEN_CERT}, &data, &len, err);
    if (code == 0)
        code = trust_cert_from_der((struct trust_bytes){data, len}, out, err);
    free(data);
    return code;
}

int token_agent_log_in(struct token_agent *agent, const char *pin, struct trust_error *err)
{
    return ask_into(agent, &(struct call){.op = TOKEN_LOG_IN, .bytes = bytes_of(pin)}, &agent->info,
                    sizeof agent->info, err);
}

int token_agent_find_key(struct token_agent *agent, const struct trust_cert *cert, struct trust_error *err)
{
    return ask_into(agent, &(struct call){.op = TOKEN_KEY, .bytes = trust_cert_der(cert)}, NULL, 0, err);
}

/* ---- Signing */

static int agent_sign(void *state, enum trust_digest digest, struct trust_bytes hash, uint8_t *out,
                      size_t *len, struct trust_error *err)
{
    uint8_t *data;
    int code = ask(state, &(struct call){.op = TOKEN_SIGN, .digest = digest, .bytes = hash}, &data, len, err);
    if (code == 0 && *len > TRUST_SIGNATURE_MAX)
        code =
            trust_error_set(err, TRUST_ECRYPTO, TRUST_NO_OFFSET, "the token's signature has %zu bytes", *len);
    if (code == 0)
        memcpy(out, data, *len);
    free(data);
    return code;
}

static void agent_leave(void *state)
{
    (void)state; /* the agent is the run's */
}

int token_agent_signer(struct token_agent *agent, struct trust_cert *cert, struct trust_signer **out,
                       struct trust_error *err)
{
    static const struct trust_signer_ops ops = {agent_sign, agent_leave, true};
    return trust_signer_new(&ops, agent, cert, out, err);
}

/* ---- Lists */

/* A token is complete when the next begins, or the end has come. */
struct listing {
    trust_token_visit visit;
    void *arg;
    bool any;
    struct trust_token_info info;
    struct trust_cert *certs[64];
    size_t count;
};

static int hand_over(struct listing *listing)
{
    int result =
        listing->any ? listing->visit(listing->arg, &listing->info, listing->certs, listing->count) : 0;
    while (listing->count > 0)
        trust_cert_free(listing->certs[--listing->count]);
    listing->any = false;
    return result;
}

static int take_listed(void *arg, enum token_kind kind, struct trust_bytes bytes)
{
    struct listing *listing = arg;
    if (kind == TOKEN_PART_INFO) {
        int result = hand_over(listing);
        if (bytes.len == sizeof listing->info)
            memcpy(&listing->info, bytes.data, bytes.len);
        listing->any = true;
        return result;
    }
    if (listing->count < sizeof listing->certs / sizeof listing->certs[0] &&
        trust_cert_from_der(bytes, &listing->certs[listing->count], NULL) == 0)
        listing->count++;
    return 0;
}

int token_agent_each(const char *uri, trust_token_visit visit, void *arg, struct trust_error *err)
{
    struct token_agent *agent;
    struct listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    listing->visit = visit;
    listing->arg = arg;
    int code = agent_new(uri, &agent, err);
    if (code == 0)
        code = ask_into(
            agent,
            &(struct call){.op = TOKEN_LIST, .bytes = bytes_of(uri), .part = take_listed, .arg = listing},
            NULL, 0, err);
    if (code == 0)
        code = hand_over(listing);
    listing->any = false;
    (void)hand_over(listing);
    token_agent_close(agent);
    free(listing);
    return code;
}
