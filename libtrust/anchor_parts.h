/* What the files of trust/anchor.h share: who vouches for the signer of one file. */
#ifndef LIBTRUST_ANCHOR_PARTS_H
#define LIBTRUST_ANCHOR_PARTS_H

#include "trust/anchor.h"

/* Around the phone, while it does not change. */
struct anchor_scene {
    const struct trust_family *family;
    const struct trust_site *site;
    time_t now;
    bool all_up; /* as if no server were down */
};

/* anchor_signer.c: how a phone that holds this, and some list, takes a file that is signed: a list
 * (is_list), or a configuration. from is of a file that is signed. */
int anchor_vouch(const struct anchor_scene *scene, const struct trust_held *held,
                 const struct trust_configuration *from, bool is_list, struct trust_step *step,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* anchor_signer.c: whether phones of the family cannot reach a server. */
bool anchor_is_down(const struct anchor_scene *scene, const struct trust_server *server);

/* anchor_signer.c: whether a record of a TVS for the certificate that the server shows to phones of the
 * family stands in a list held. */
int anchor_trusts_server(const struct anchor_scene *scene, const struct trust_held *held,
                         const struct trust_server *server, bool *trusts,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* anchor_signer.c: whether a record lets its certificate sign lists, or configurations too. */
bool anchor_signs(const struct trust_list_record *record, bool is_list);

#endif
