/* A process of its own in which a security token's PKCS#11 module works: such modules are foreign code that
 * may print, hang or crash, and one that was started does not outlive a fork. It has the rights that the run
 * has at that moment, for good: no module gets root's back. */
#ifndef TVSCTL_TOKEN_AGENT_H
#define TVSCTL_TOKEN_AGENT_H

#include "trust.h"

struct token_agent;

/* How long a module may take for one answer; 0: a minute, three where people type or touch. For tests. */
extern int token_agent_patience_ms;

/* Start the process and open the one token that the URI fits (trust/token.h). Errors: trust_token_open's, and
 * TRUST_ECRYPTO says which module crashed or hangs. Close with token_agent_close. */
int token_agent_open(const char *uri, struct token_agent **out, struct trust_error *err) TRUST_MUST_CHECK;
void token_agent_close(struct token_agent *agent);

/* Borrowed. */
const struct trust_token_info *token_agent_info(const struct token_agent *agent);
const char *token_agent_uri(const struct token_agent *agent);

/* As trust_token_cert. The caller frees *out. */
int token_agent_cert(struct token_agent *agent, struct trust_cert **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* As trust_token_log_in and trust_token_find_key: the first of them to be called gives the PIN. pin NULL: the
 * token needs none, or has a pad. */
int token_agent_log_in(struct token_agent *agent, const char *pin, struct trust_error *err) TRUST_MUST_CHECK;
int token_agent_find_key(struct token_agent *agent, const struct trust_cert *cert,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* A signer with the key of cert, which was found. The agent must outlive it. */
int token_agent_signer(struct token_agent *agent, struct trust_cert *cert, struct trust_signer **out,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* As trust_token_each, in such a process. */
int token_agent_each(const char *uri, trust_token_visit visit, void *arg,
                     struct trust_error *err) TRUST_MUST_CHECK;

#endif
