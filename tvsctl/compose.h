/* Which records a trust list holds: from the store to a signed list. */
#ifndef TVSCTL_COMPOSE_H
#define TVSCTL_COMPOSE_H

#include "state.h"
#include "token.h"

enum compose_kind { COMPOSE_CTL, COMPOSE_ITL };

/* "CTLFile.tlv" or "ITLFile.tlv". Static storage. */
const char *compose_file_name(enum compose_kind kind);

/* Build and sign a list in the style that the configuration asks for.
 *
 * Both begin with the signer as SAST, the other anchor next if it is CallManager, our CallManager as
 * CCM+TFTP, and end with ITLRecovery as SAST if it is the second anchor. Between them a tokenless CTL has
 * CAPF and the other nodes' CallManagers as CCM+TFTP (in a cluster that is not in mixed mode every CCM+TFTP
 * record is hollow); an ITL has each node's TVS and TVS-ECDSA, and CAPF. An ITL of a cluster that is prepared
 * for rollback has four blank records.
 *
 * ITLRecovery is the cluster's: every node of a state folder puts the same into its lists, with the name and
 * address of the node under which it stands.
 *
 * The result is verified as a phone would. Errors: TRUST_ENOTFOUND says which certificate is missing and how
 * to make it; TRUST_ETOOLARGE (phones would not load it); the key's and trust_list_build's. The caller frees
 * *out with trust_list_free. */
int compose_list(struct state *state, enum compose_kind kind, time_t now, struct trust_list **out,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Who signs a CTL file with tokens, and which tokens stand in it. */
struct compose_tokens {
    const struct token_set *tokens; /* the first becomes record 1, the rest stand behind the servers */
    struct trust_signer *signer;    /* of one of them; NULL: ours, for a list that is only compared */
    enum token_style style;
};

/* The same for a CTL file with tokens: a System Administrator Security Token record for each token and none
 * for our own anchors. In the CTL client's style servers have their addresses as DNSNAME, nowhere is a
 * SIGNATURE, and the tokens are in the client's spelling (token.h), in the header too. */
int compose_token_list(struct state *state, const struct compose_tokens *by, time_t now,
                       struct trust_list **out, struct trust_error *err) TRUST_MUST_CHECK;

/* The style of a CTL file with tokens that is there. */
enum token_style compose_style_of(const struct trust_list *list);

/* A header as the configuration wants it. */
struct trust_header_spec compose_header(const struct config *config, const char *filename, time_t now);

/* Check that a list that was built is verified by the signer's certificate and not too large for phones. */
int compose_check(const struct trust_list *list, const struct trust_cert *signer,
                  struct trust_error *err) TRUST_MUST_CHECK;

#endif
