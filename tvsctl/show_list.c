/* show ctl, show itl. */
#include "show_list.h"

#include "ctl_left.h"
#include "handlers.h"
#include "history.h"
#include "phrase.h"
#include "print.h"
#include "say.h"
#include "state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool shown_list_signed_by(const struct shown_list *shown, const struct trust_list_record *record)
{
    if (shown->signer == NULL)
        return false;
    struct trust_bytes der = trust_cert_der(shown->signer);
    return record->certificate.len == der.len && der.len > 0 &&
           memcmp(record->certificate.data, der.data, der.len) == 0;
}

char *shown_list_digest(enum trust_digest digest, struct trust_bytes bytes, char separator,
                        char out[SHOWN_HEX_SIZE])
{
    uint8_t value[TRUST_DIGEST_MAX];
    out[0] = '\0';
    if (trust_digest_pieces(digest, &bytes, 1, value, NULL) == 0)
        trust_hex((struct trust_bytes){value, trust_digest_size(digest)}, separator, separator != 0, out);
    return out;
}

static int take_signer(void *arg, const struct trust_store_row *row)
{
    struct shown_list *shown = arg;
    shown->signer_from = "store";
    shown->verified = trust_list_verify(shown->list, row->cert, &shown->err) == 0;
    if (shown->verified)
        shown->signer = trust_cert_ref(row->cert);
    return shown->verified;
}

/* The signer of an empty ITL stands in no list: see whether the store has it. A store that is not there or
 * may not be read leaves the answer as it is. */
static void verify_by_store(struct tvsctl *ctl, struct shown_list *shown)
{
    struct state state;
    struct trust_error ignored;
    if (ctl->config == NULL || state_open(ctl->config, TRUST_STORE_READ, &state, &ignored) != 0)
        return;
    int code = trust_store_each_signer(state.store, shown->list, take_signer, shown, &ignored);
    if (code < 0)
        say_warning(ctl, "%s", ignored.text);
    state_close(&state);
}

static void parse_and_verify(struct tvsctl *ctl, struct shown_list *shown)
{
    if (trust_list_parse(shown->file, &shown->list, &shown->err) != 0)
        return;
    int code = trust_list_verify_self(shown->list, &shown->signer, &shown->err);
    shown->verified = code == 0;
    shown->signer_from = code == TRUST_ESIGNER ? NULL : "list";
    if (code == TRUST_ESIGNER)
        verify_by_store(ctl, shown);
}

/* The phrase that makes another list of the kind; NULL: none is needed. Without mixed mode only a CTL file
 * that was published here is published again. */
static const char *maker(struct state *state, bool is_ctl)
{
    bool mixed = true, was = true;
    if (!is_ctl)
        return "itl update";
    if (state_is_mixed(state, &mixed, NULL) != 0 || mixed)
        return "ctl update CTLFile";
    return ctl_left_was_published(state, &was, NULL) != 0 || was ? "ctl set-cluster non-secure-mode" : NULL;
}

/* What puts another in the place of a list of the TFTP folder that phones cannot use; "" without a store. */
#define REMEDY_SIZE 200
static const char *remedy(struct tvsctl *ctl, const struct shown_list *shown, char out[REMEDY_SIZE])
{
    struct state state;
    int64_t number;
    const bool is_ctl = strcmp(shown->kind, "CTL") == 0;
    out[0] = '\0';
    if (state_open(ctl->config, TRUST_STORE_READ, &state, NULL) == 0 &&
        history_last_good(&state, is_ctl ? COMPOSE_CTL : COMPOSE_ITL, &number, NULL) == 0) {
        const char *phrase = maker(&state, is_ctl);
        int used =
            phrase != NULL
                ? snprintf(out, REMEDY_SIZE, "; `utils %s` makes a new one", phrase)
                : snprintf(out, REMEDY_SIZE,
                           "; the cluster is not in mixed mode, where phones need none: `file delete tftp "
                           "CTLFile.tlv` takes it away");
        if (number > 0)
            snprintf(out + used, REMEDY_SIZE - (size_t)used,
                     ", `utils %s restore %" PRId64 "` publishes the last good one again",
                     is_ctl ? "ctl" : "itl", number);
    }
    state_close(&state);
    return out;
}

static void say_about(struct tvsctl *ctl, const struct shown_list *shown, bool is_own)
{
    const struct trust_list *list = shown->list;
    char what[REMEDY_SIZE] = "";
    if (!shown->verified && is_own)
        remedy(ctl, shown, what);
    if (!shown->verified && shown->err.offset != TRUST_NO_OFFSET && list == NULL)
        say_refusal(ctl, "%s: byte %zu: %s%s", shown->path, shown->err.offset, shown->err.text, what);
    else if (!shown->verified)
        say_refusal(ctl, "%s: %s%s", shown->path, shown->err.text, what);
    if (list != NULL && trust_list_is_itl(list) != (strcmp(shown->kind, "ITL") == 0))
        say_warning(ctl, "%s calls itself %.*s; `show %s` prints it in its own words", shown->path,
                    (int)list->header.filename.len, (const char *)list->header.filename.data,
                    trust_list_is_itl(list) ? "itl" : "ctl");
    if (shown->file.len > TRUST_LIST_PHONE_MAX)
        say_warning(ctl, "%s has %zu bytes; phones do not load a list of more than %d", shown->path,
                    shown->file.len, TRUST_LIST_PHONE_MAX);
}

/* What CUCM prints when there is no list. */
static void print_missing(struct tvsctl *ctl, const char *kind, const char *path)
{
    if (flag_given(&ctl->flags, FLAG_JSON)) {
        struct json json;
        json_init(&json, ctl->io.out);
        json_object(&json, NULL);
        json_string(&json, "file", path);
        json_string(&json, "kind", kind);
        json_number(&json, "length", 0);
        json_bool(&json, "verified", false);
        json_string(&json, "error", trust_error_name(TRUST_ENOTFOUND));
        json_object_end(&json);
        return;
    }
    fprintf(ctl->io.out, "Length of %s file: 0\n", kind);
    if (strcmp(kind, "CTL") == 0)
        fputs("CTL File not found. Please run CTLClient plugin or run the CLI - utils ctl.. to\ngenerate the "
              "CTL file.\n"
              "Error parsing the CTL File.\n",
              ctl->io.out);
    else
        fputs("ITL File not found.\nError parsing the ITL file!!\n", ctl->io.out);
}

static bool is_hollow(const struct trust_list *list)
{
    for (size_t i = 0; i < list->record_count; i++)
        if (list->records[i].function == TRUST_ROLE_CCM_TFTP && list->records[i].certificate.len > 0)
            return false;
    return true;
}

/* A CTL of mixed mode that phones still find although the cluster has left it. One with hollow CCM+TFTP
 * records is what phones leave mixed mode by. */
static void say_leftover(struct tvsctl *ctl, const struct shown_list *shown)
{
    struct state state;
    bool mixed = true;
    if (shown->list == NULL || strcmp(shown->kind, "CTL") != 0 || is_hollow(shown->list))
        return;
    if (state_open(ctl->config, TRUST_STORE_READ, &state, NULL) == 0 &&
        state_is_mixed(&state, &mixed, NULL) == 0 && !mixed)
        say_warning(ctl,
                    "the cluster is not in mixed mode, and this CTL file is left over from it; `file delete "
                    "activelog cm/tftpdata/CTLFile.tlv` on each node takes it away");
    state_close(&state);
}

/* Why it has no content, which none of the usual phrases gives it. */
static void say_emptied(struct tvsctl *ctl, const struct shown_list *shown)
{
    struct state state;
    bool rollback = false;
    if (shown->list == NULL || strcmp(shown->kind, "ITL") != 0 || !trust_held_is_empty_itl(shown->list))
        return;
    if (state_open(ctl->config, TRUST_STORE_READ, &state, NULL) == 0 &&
        state_is_rollback(&state, &rollback, NULL) == 0 && rollback)
        say_warning(ctl,
                    "the ITL file is empty because the cluster is prepared for rollback; `utils itl rollback "
                    "off` publishes it with its content again");
    state_close(&state);
}

/* The file of the TFTP folder. */
static int say_unreadable(struct tvsctl *ctl, const struct shown_list *shown)
{
    char what[REMEDY_SIZE];
    switch (shown->err.code) {
    case TRUST_ENOTFOUND:
        print_missing(ctl, shown->kind, shown->path);
        return say_refusal(ctl, "%s%s", shown->err.text,
                           strcmp(shown->kind, "CTL") == 0 ? "; `utils ctl set-cluster mixed-mode` makes one"
                                                           : "; `utils itl update` makes one");
    case TRUST_EARGUMENT: /* a folder, a FIFO: no phrase replaces the one, and nobody needs the other */
        return say_refusal(ctl, "%s; take it away: `rm -d %s`", shown->err.text, shown->path);
    case TRUST_ETOOLARGE:
        return say_refusal(ctl, "%s%s", shown->err.text, remedy(ctl, shown, what));
    default:
        return say_error(ctl, &shown->err);
    }
}

static int show_file(struct tvsctl *ctl, const char *kind, const char *path, bool is_own)
{
    struct shown_list shown = {.kind = kind, .path = path, .err.offset = TRUST_NO_OFFSET};
    uint8_t *data;
    int code = trust_file_read(path, TRUST_LIST_MAX, &data, &shown.file.len, NULL, &shown.err);
    if (code != 0)
        return is_own ? say_unreadable(ctl, &shown) : say_error(ctl, &shown.err);
    shown.file.data = data;
    parse_and_verify(ctl, &shown);
    if (flag_given(&ctl->flags, FLAG_JSON))
        show_list_json(&shown, ctl->io.out);
    else
        show_list_print(&shown, ctl->io.out);
    say_about(ctl, &shown, is_own);
    if (is_own) {
        say_leftover(ctl, &shown);
        say_emptied(ctl, &shown);
    }
    trust_cert_free(shown.signer);
    trust_list_free(shown.list);
    free(data);
    return shown.verified ? TVSCTL_DONE : TVSCTL_NO;
}

static int show(struct tvsctl *ctl, const char *kind, char *const *args, size_t count)
{
    char *path;
    if (count > 0)
        return show_file(ctl, kind, args[0], false);
    if (asprintf(&path, "%s/%sFile.tlv", ctl->config->trust_lists.directory, kind) < 0)
        return say_no_memory(ctl);
    int result = show_file(ctl, kind, path, true);
    free(path);
    return result;
}

int show_ctl(struct tvsctl *ctl, char *const *args, size_t count)
{
    return show(ctl, "CTL", args, count);
}

int show_itl(struct tvsctl *ctl, char *const *args, size_t count)
{
    return show(ctl, "ITL", args, count);
}
