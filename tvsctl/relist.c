#include "relist.h"

#include "history.h"
#include "own_cert.h"
#include "say.h"
#include "signed_files.h"
#include "signing.h"

#include <string.h>

/* The second anchor, without which the loss of CallManager's key strands every phone. */
static int make_anchor(struct change *change, struct trust_error *err)
{
    bool has;
    const struct config *config = change->ctl->config;
    const struct own_cert_request request = own_cert_request(change->state, TRUST_UNIT_ITLRECOVERY);
    bool wanted = config->trust_lists.recovery_anchor || signing_unit(config) == TRUST_UNIT_ITLRECOVERY;
    int code = state_has_own(change->state, change->state->node, TRUST_UNIT_ITLRECOVERY, &has, err);
    if (code != 0 || has || !wanted)
        return code;
    change->deeds.anchor = true;
    return own_cert_make(change, &request, NULL, err);
}

static bool has_role(const struct trust_list *list, uint16_t function)
{
    for (size_t i = 0; i < list->record_count; i++)
        if (list->records[i].function == function)
            return true;
    return false;
}

static int publish(struct change *change, enum compose_kind kind, const struct trust_list *list,
                   struct trust_error *err)
{
    if (kind == COMPOSE_ITL && !has_role(list, TRUST_ROLE_TVS))
        say_warning(change->ctl,
                    "the ITL file holds no TVS certificate, so phones will not ask tvsd; `set cert "
                    "regen TVS` makes one");
    return publish_list(change, kind, list, err);
}

int relist_publish(struct change *change, enum compose_kind kind, struct trust_error *err)
{
    struct trust_list *list = NULL;
    int code = make_anchor(change, err);
    if (code == 0)
        code = compose_list(change->state, kind, change->ctl->now, &list, err);
    if (code == 0)
        code = publish(change, kind, list, err);
    if (code == 0)
        code = signed_files_follow(change, err);
    trust_list_free(list);
    return code;
}

/* Whether two lists hold the same records, whoever signed them and when. */
static bool same_records(const struct trust_list *a, const struct trust_list *b)
{
    size_t at_a = a->header.length, at_b = b->header.length;
    return a->file.len - at_a == b->file.len - at_b &&
           memcmp(a->file.data + at_a, b->file.data + at_b, a->file.len - at_a) == 0;
}

/* Whether phones find a list with these records and this digest already, as we gave it out: others may write
 * into the folder, and records under a signature that does not verify are no list. */
static int is_there(const struct change *change, const struct trust_list *list, bool *is,
                    struct trust_error *err)
{
    int64_t number;
    const struct trust_list *present = publish_present(change, COMPOSE_ITL);
    *is = false;
    if (present == NULL || present->header.digest != list->header.digest || !same_records(present, list))
        return 0;
    return history_is_last(change->state, COMPOSE_ITL, present, is, &number, err);
}

/* What the ITL would be. A token is not asked for its PIN before it is known that the list has to be signed.
 */
static int look_ahead(struct change *change, struct trust_list **list, struct trust_error *err)
{
    *list = NULL;
    int code = trust_pretend_begin(err);
    if (code != 0)
        return code;
    code = compose_list(change->state, COMPOSE_ITL, change->ctl->now, list, err);
    trust_pretend_end();
    return code;
}

static int follow_with_itl(struct change *change, struct trust_error *err)
{
    struct trust_list *list = NULL;
    bool is_done = false;
    int code = make_anchor(change, err);
    if (code == 0)
        code = look_ahead(change, &list, err);
    if (code == 0)
        code = is_there(change, list, &is_done, err);
    if (code == 0 && !is_done)
        code = publish_check(change->ctl->config, err);
    if (code == 0 && !is_done) { /* what was looked at may be signed in pretence: it never goes out */
        trust_list_free(list);
        code = compose_list(change->state, COMPOSE_ITL, change->ctl->now, &list, err);
    }
    if (code == 0 && !is_done)
        code = publish(change, COMPOSE_ITL, list, err);
    trust_list_free(list);
    return code;
}

int relist_follow(struct change *change, struct trust_error *err)
{
    bool has = false;
    struct state *state = change->state;
    int code = state_has_own(state, state->node, TRUST_UNIT_CALLMANAGER, &has, err);
    const bool follows = has && change->ctl->config->trust_lists.itl == CONFIG_ITL_AUTOMATIC;
    if (code == 0 && follows)
        code = follow_with_itl(change, err);
    if (code == 0 && follows)
        code = state_is_rollback(state, &change->deeds.stays_empty, err);
    if (code == 0 && has)
        code = signed_files_follow(change, err);
    return code;
}

/* Which certificates of ours a list lacks: not that of the phrase alone, but what was changed before, too. */
struct lag {
    const struct trust_list *present, *wanted;
    char *names;
    size_t used;
};

static int add_lagging(void *arg, const struct trust_store_row *row)
{
    struct lag *lag = arg;
    const bool is = trust_list_holds(lag->present, row->cert);
    const bool wanted = trust_list_holds(lag->wanted, row->cert);
    if (is || !wanted || row->retired)
        return 0;
    for (unsigned unit = 1; unit < 32; unit++) {
        const struct trust_unit_info *info = trust_unit_by_number((int)unit);
        if ((row->units & UINT32_C(1) << unit) == 0 || info == NULL || !info->own)
            continue;
        const size_t room = RELIST_NAMES_SIZE - lag->used;
        int len = snprintf(lag->names + lag->used, room, "%s%s of %s", lag->used > 0 ? ", " : "", info->name,
                           row->server_name);
        if (len < 0 || (size_t)len >= room)
            lag->names[lag->used] = '\0';
        else
            lag->used += (size_t)len;
    }
    return 0;
}

/* A list that cannot be built now is as good as one that is behind: updating it says why. tokens, of the
 * present list, are as they are. names gets what it lacks, as far as certificates of ours are lacking. */
static bool is_behind(struct change *change, enum compose_kind kind, const struct token_set *tokens,
                      char names[RELIST_NAMES_SIZE])
{
    struct trust_list *list = NULL;
    const struct trust_list *present = publish_present(change, kind);
    const time_t now = change->ctl->now;
    if (present == NULL || trust_pretend_begin(NULL) != 0)
        return false;
    const struct compose_tokens by = {tokens, NULL, compose_style_of(present)};
    int code = tokens->count > 0 ? compose_token_list(change->state, &by, now, &list, NULL)
                                 : compose_list(change->state, kind, now, &list, NULL);
    trust_pretend_end();
    bool same = code == 0 && same_records(present, list);
    struct lag lag = {.present = present, .wanted = list, .names = names};
    if (code == 0 && !same && trust_store_each_listed(change->state->store, add_lagging, &lag, NULL) != 0)
        names[0] = '\0';
    trust_list_free(list);
    return !same;
}

/* What a cluster leaves behind when it leaves mixed mode: phones without lists take it first, so who signs
 * what comes next has to stand in it. */
static bool is_hollow(const struct trust_list *ctl)
{
    for (size_t i = 0; ctl != NULL && i < ctl->record_count; i++)
        if (ctl->records[i].function == TRUST_ROLE_CCM_TFTP && ctl->records[i].certificate.len == 0)
            return true;
    return false;
}

int relist_look(struct change *change, struct relist_behind *behind, struct trust_error *err)
{
    const struct trust_list *ctl = publish_present(change, COMPOSE_CTL);
    bool mixed = false, has = false;
    struct token_set tokens = {0};
    const struct token_set none = {0};
    *behind = (struct relist_behind){0};
    int code = state_is_mixed(change->state, &mixed, err);
    if (code == 0)
        code = state_has_own(change->state, change->state->node, TRUST_UNIT_CALLMANAGER, &has, err);
    if (code == 0 && mixed)
        code = token_set_add_list(&tokens, ctl, err);
    behind->tokens = tokens.count > 0;
    behind->hollow = code == 0 && !mixed && is_hollow(ctl);
    behind->ctl = code == 0 && has && (mixed || behind->hollow) &&
                  is_behind(change, COMPOSE_CTL, &tokens, behind->ctl_lacks);
    behind->itl = code == 0 && has && is_behind(change, COMPOSE_ITL, &none, behind->itl_lacks);
    token_set_fini(&tokens);
    return code;
}

void relist_say(struct tvsctl *ctl, const struct relist_behind *behind)
{
    if (behind->ctl)
        fprintf(ctl->io.out, "The CTL file does not hold %s yet: run `utils ctl %s`%s.\n",
                behind->ctl_lacks[0] != '\0' ? behind->ctl_lacks : "the change",
                behind->hollow   ? "set-cluster non-secure-mode"
                : behind->tokens ? "sign --token URI"
                                 : "update CTLFile",
                behind->hollow ? " again" : "");
    if (behind->itl)
        fprintf(ctl->io.out, "The ITL file does not hold %s yet: run `utils itl update`.\n",
                behind->itl_lacks[0] != '\0' ? behind->itl_lacks : "the change");
}
