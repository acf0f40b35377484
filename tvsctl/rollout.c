#include "rollout.h"

#include "person.h"
#include "print.h"
#include "rollout_before.h"
#include "rollout_subject.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BIT(unit) (UINT32_C(1) << (unit))

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* ---- Opening and closing */

struct follow {
    struct change *change;
    enum compose_kind kind;
    const struct trust_list *list;
    int64_t publication;
    struct rollouts *rollouts;
    struct rollout_certs *certs;
    struct trust_error *err;
};

/* Those of the store that a list of this kind can concern: open, or of a TVS-ECDSA certificate that is rolled
 * out. */
struct rollouts {
    const char *filename;
    struct rollout {
        int64_t number;
        enum trust_rollout_kind kind;
        int unit;
        char server_name[TRUST_NODE_NAME_SIZE];
        uint8_t sha256[TRUST_SHA256_SIZE];
        bool is_open, is_back; /* neither: it was superseded just now */
    } * items;
    size_t count;
};

static int take_rollout(void *arg, const struct trust_rollout *row)
{
    struct rollouts *all = arg;
    const bool is_back =
        row->end == TRUST_ROLLOUT_BACK && row->unit == TRUST_UNIT_TVS_ECDSA && row->withdrawn == 0;
    if (strcmp(row->filename, all->filename) != 0 || (row->end != TRUST_ROLLOUT_OPEN && !is_back))
        return 0;
    struct rollout *items = reallocarray(all->items, all->count + 1, sizeof *items);
    if (items == NULL)
        return TRUST_ENOMEM;
    all->items = items;
    struct rollout *item = &items[all->count++];
    *item = (struct rollout){
        .number = row->number, .kind = row->kind, .unit = row->unit, .is_open = !is_back, .is_back = is_back};
    snprintf(item->server_name, sizeof item->server_name, "%s", row->server_name);
    memcpy(item->sha256, row->sha256, sizeof item->sha256);
    return 0;
}

static int supersede(const struct follow *follow, struct rollout *item)
{
    const struct trust_rollout_close end = {
        .when = follow->change->ctl->now, .person = person_name(), .end = TRUST_ROLLOUT_SUPERSEDED};
    item->is_open = false;
    return trust_store_close_rollout(follow->change->state->store, item->number, &end, follow->err);
}

/* One of the same sort comes: the others go, unless their certificates matter still. */
static int supersede_others(const struct follow *follow, const struct trust_rollout *fresh)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < follow->rollouts->count; i++) {
        struct rollout *item = &follow->rollouts->items[i];
        bool matters,
            is_same_sort = fresh->kind == TRUST_ROLLOUT_SIGNER ||
                           (item->unit == fresh->unit && strcmp(item->server_name, fresh->server_name) == 0);
        if (!item->is_open || item->kind != fresh->kind || !is_same_sort)
            continue;
        code = rollout_still_matters(follow->certs, follow->list, item->sha256, &matters, follow->err);
        if (code == 0 && !matters)
            code = supersede(follow, item);
    }
    return code;
}

static bool is_open_already(const struct follow *follow, const struct trust_rollout *fresh)
{
    for (size_t i = 0; i < follow->rollouts->count; i++) {
        const struct rollout *item = &follow->rollouts->items[i];
        if (item->is_open && item->kind == fresh->kind && trust_rollout_is_of(fresh, item->sha256))
            return true;
    }
    return false;
}

static int open_rollout(const struct follow *follow, enum trust_rollout_kind kind, int unit,
                        const struct rollout_subject *subject)
{
    struct change *change = follow->change;
    char text[ROLLOUT_TEXT_SIZE];
    struct trust_rollout fresh = {
        .kind = kind,
        .filename = compose_file_name(follow->kind),
        .publication = follow->publication,
        .unit = unit,
        .server_name = subject->server_name,
        .subject = subject->name,
        .issuer = subject->issuer,
        .serial = subject->serial,
        .opened = change->ctl->now,
        .phrase = change->ctl->said,
        .person = person_name(),
    };
    if (subject->cert != NULL)
        memcpy(fresh.sha256, trust_cert_sha256(subject->cert), sizeof fresh.sha256);
    if (subject->cert != NULL && is_open_already(follow, &fresh))
        return 0;
    int code = supersede_others(follow, &fresh);
    if (code == 0)
        code = trust_store_add_rollout(change->state->store, &fresh, &fresh.number, follow->err);
    if (code == 0)
        deeds_add_rollout(&change->deeds, fresh.number, rollout_text(&fresh, text));
    return code;
}

/* ---- By the signer */

static int follow_signer(const struct follow *follow, const struct rollout_before *before)
{
    struct rollout_subject subject = {0};
    const struct trust_list *list = follow->list;
    if (before->list == NULL)
        return 0;
    int code = rollout_subject_of_signer(follow->change->state, follow->certs, list, &subject, follow->err);
    const bool is_same =
        code == 0 && subject.cert != NULL && trust_list_verify(before->list, subject.cert, NULL) == 0;
    if (code == 0 && !is_same)
        code = open_rollout(follow, TRUST_ROLLOUT_SIGNER, rollout_own_unit(subject.units), &subject);
    rollout_subject_fini(&subject);
    return code;
}

/* ---- By TVS certificates */

static bool is_tvs(const struct trust_list_record *record)
{
    return record->function == TRUST_ROLE_TVS && (record->certificate.len > 0 || record->cert_hash.len > 0);
}

/* Which of the two units a certificate is of. One that was replaced is in none; by its key it can be told. */
static enum trust_unit tvs_unit(const struct rollout_subject *subject)
{
    if ((subject->units & BIT(TRUST_UNIT_TVS)) != 0)
        return TRUST_UNIT_TVS;
    if ((subject->units & BIT(TRUST_UNIT_TVS_ECDSA)) != 0)
        return TRUST_UNIT_TVS_ECDSA;
    return subject->cert != NULL && trust_cert_key_type(subject->cert) == TRUST_KEY_EC ? TRUST_UNIT_TVS_ECDSA
                                                                                       : TRUST_UNIT_TVS;
}

static bool same_bytes(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && a.len > 0 && memcmp(a.data, b.data, a.len) == 0;
}

/* subject: what is known of the other one's certificate; NULL: nothing. */
static bool is_certificate_of(const struct trust_list_record *record, const struct trust_list_record *other,
                              const struct rollout_subject *subject)
{
    const struct trust_list one = rollout_only(record);
    return same_bytes(record->certificate, other->certificate) ||
           same_bytes(record->cert_hash, other->cert_hash) ||
           (subject != NULL && subject->cert != NULL && trust_list_holds(&one, subject->cert));
}

/* Without a look into the store: nearly all are as they were. */
static bool is_unchanged(const struct trust_list *content, const struct trust_list_record *record)
{
    for (size_t i = 0; content != NULL && i < content->record_count; i++)
        if (is_tvs(&content->records[i]) && is_certificate_of(&content->records[i], record, NULL))
            return true;
    return false;
}

/* What the list before says of a TVS certificate. */
struct tvs_before {
    bool has_it;   /* the very certificate */
    bool had_node; /* a TVS certificate of its node, as far as anybody still knows whose they are */
};

static int look_before(const struct follow *follow, const struct trust_list *content,
                       const struct trust_list_record *record, const struct rollout_subject *subject,
                       struct tvs_before *out)
{
    int code = 0;
    *out = (struct tvs_before){false, false};
    for (size_t i = 0; code == 0 && content != NULL && i < content->record_count; i++) {
        struct rollout_subject other = {0};
        if (!is_tvs(&content->records[i]))
            continue;
        code = rollout_subject_of_record(follow->certs, &content->records[i], &other, follow->err);
        out->has_it |= is_certificate_of(&content->records[i], record, subject);
        out->had_node |=
            !other.is_stored || !subject->is_stored ||
            (tvs_unit(&other) == TRUST_UNIT_TVS && strcmp(other.server_name, subject->server_name) == 0);
        rollout_subject_fini(&other);
    }
    return code;
}

static int follow_tvs(const struct follow *follow, const struct rollout_before *before,
                      const struct trust_list_record *record)
{
    struct rollout_subject subject;
    struct tvs_before was;
    int code = rollout_subject_of_record(follow->certs, record, &subject, follow->err);
    const enum trust_unit unit = tvs_unit(&subject);
    if (code == 0)
        code = look_before(follow, before->content, record, &subject, &was);
    if (code == 0 && !was.has_it && (unit == TRUST_UNIT_TVS_ECDSA || was.had_node))
        code = open_rollout(follow, TRUST_ROLLOUT_TVS, (int)unit, &subject);
    rollout_subject_fini(&subject);
    return code;
}

/* Phones that take the list could not check TVS-ECDSA certificates that it does not hold; and a TVS that is
 * no more, such as a deleted node's, is nothing to wait for. */
static int withdraw_absent(const struct follow *follow)
{
    struct state *state = follow->change->state;
    int code = 0;
    for (size_t i = 0; code == 0 && i < follow->rollouts->count; i++) {
        struct rollout *item = &follow->rollouts->items[i];
        bool matters = true;
        if (item->kind != TRUST_ROLLOUT_TVS || (!item->is_open && !item->is_back))
            continue;
        if (item->unit == TRUST_UNIT_TVS && rollout_is_in_force(follow->certs, item->unit, item->sha256))
            continue;
        code = rollout_still_matters(follow->certs, follow->list, item->sha256, &matters, follow->err);
        if (code == 0 && !matters)
            code = item->is_open ? supersede(follow, item)
                                 : trust_store_withdraw_rollout(state->store, item->number,
                                                                follow->change->ctl->now, follow->err);
    }
    return code;
}

static int follow_itl(const struct follow *follow, const struct rollout_before *before)
{
    const struct trust_list *list = follow->list;
    int code = 0;
    for (size_t i = 0; code == 0 && i < list->record_count; i++)
        if (is_tvs(&list->records[i]) && !is_unchanged(before->content, &list->records[i]))
            code = follow_tvs(follow, before, &list->records[i]);
    return code == 0 && !trust_held_is_empty_itl(list) ? withdraw_absent(follow) : code;
}

int rollout_follow(struct change *change, enum compose_kind kind, const struct trust_list *list,
                   int64_t publication, struct trust_error *err)
{
    struct rollout_before before;
    struct rollouts rollouts = {.filename = compose_file_name(kind)};
    struct rollout_certs certs = {0};
    const struct follow follow = {change, kind, list, publication, &rollouts, &certs, err};
    int code = rollout_before_find(change, kind, &before, err);
    if (code == 0)
        code =
            trust_store_each_rollout(change->state->store, TRUST_ROLLOUTS_ALL, take_rollout, &rollouts, err);
    if (code == 0)
        code = rollout_certs_read(change->state->store, &certs, err);
    if (code == 0)
        code = follow_signer(&follow, &before);
    if (code == 0 && kind == COMPOSE_ITL)
        code = follow_itl(&follow, &before);
    rollout_certs_fini(&certs);
    free(rollouts.items);
    rollout_before_fini(&before);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

char *rollout_text(const struct trust_rollout *rollout, char out[ROLLOUT_TEXT_SIZE])
{
    const struct trust_unit_info *unit = trust_unit_by_number(rollout->unit);
    const char *subject = rollout->subject[0] != '\0' ? rollout->subject : rollout->serial;
    char serial[PRINT_SHORT_SERIAL_SIZE]; /* one renewal looks like the next without it */
    print_short_serial(rollout->serial, serial);
    if (rollout->kind == TRUST_ROLLOUT_SIGNER && unit != NULL)
        snprintf(out, ROLLOUT_TEXT_SIZE, "%s is signed by %s of %s (%s)", rollout->filename, unit->name,
                 rollout->server_name, serial);
    else if (rollout->kind == TRUST_ROLLOUT_SIGNER)
        snprintf(out, ROLLOUT_TEXT_SIZE, "%s is signed by %s (%s)", rollout->filename, subject, serial);
    else
        snprintf(out, ROLLOUT_TEXT_SIZE, "%s has the %s certificate %s of %s", rollout->filename,
                 unit != NULL ? unit->name : "TVS", rollout->serial,
                 rollout->server_name[0] != '\0' ? rollout->server_name : subject);
    return out;
}
