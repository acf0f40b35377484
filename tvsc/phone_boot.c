#include "phone_boot.h"

#include "phone_signer.h"
#include "phone_store.h"

#include <stdlib.h>
#include <string.h>

struct download {
    enum phone_fetched result;
    char name[48]; /* of the file that came, or that was looked for last */
    uint8_t *data;
    size_t len;
    struct trust_error err;
};

static struct trust_bytes bytes_of(const struct download *file)
{
    return (struct trust_bytes){file->data, file->len};
}

/* The first of the files that is there. The caller frees out->data. */
static void download(struct phone *phone, char names[][48], size_t count, size_t max, struct download *out)
{
    struct phone_console *console = &phone->console;
    *out = (struct download){.result = PHONE_FETCH_MISSING};
    for (size_t i = 0; i < count && out->result == PHONE_FETCH_MISSING; i++) {
        unsigned number = phone->transfer++;
        snprintf(out->name, sizeof out->name, "%s", names[i]);
        phone_notice(console, "TFTP", "[%u]:Requesting %s from %s", number, names[i],
                     phone->plan->source.where);
        out->result = phone_fetch(&phone->plan->source, names[i], max, &out->data, &out->len, &out->err);
        if (out->result == PHONE_FETCHED)
            phone_notice(console, "TFTP", "[%u]:Finished --> rcvd %zu bytes", number, out->len);
        else if (out->result == PHONE_FETCH_MISSING)
            phone_notice(console, "TFTP", "[%u]:File Not Found <%s>", number, names[i]);
        else
            phone_fault(console, "TFTP", "[%u]:Failed: %s", number, out->err.text);
    }
}

/* ---- Lists */

/* One of the two lists. */
struct kind {
    const char *label, *shared; /* "CTL", "CTLFile.tlv" */
    struct trust_list **held;
    struct phone_verdict *verdict;
};

/* Nothing to check a list with: no CTL, and no ITL, or an empty one. An empty ITL does not blank the CTL. */
static bool holds_nothing(const struct phone *phone)
{
    return phone->ctl == NULL && (phone->itl == NULL || phone_itl_is_empty(phone->itl));
}

static void flush_cache(struct phone *phone)
{
    struct phone_console *console = &phone->console;
    if (!phone->family->itl)
        return;
    phone_notice(console, "SECD", "tvsReqFlushTvsCertCache: Sent Request to TVS proxy, len: 3708");
    phone_notice(console, "SECD", "processTvsClntReq: TVS Certificate cache flush request received");
    phone_cache_flush(&phone->cache);
    phone_notice(console, "SECD", "tvsFlushCertCache: Completed TVS Certificate cache flush request");
}

static bool is_held(const struct trust_list *held, const struct download *file)
{
    return held != NULL && held->file.len == file->len &&
           (file->len == 0 || memcmp(held->file.data, file->data, file->len) == 0);
}

static bool judge_list(struct phone *phone, const struct download *file, struct trust_list **out,
                       struct phone_verdict *verdict)
{
    struct trust_error err;
    if (file->len > TRUST_LIST_PHONE_MAX)
        return phone_refuse(verdict, PHONE_WHY_TOO_LARGE, "%zu bytes: phones load no list above %d",
                            file->len, TRUST_LIST_PHONE_MAX);
    if (trust_list_parse(bytes_of(file), out, &err) != 0)
        return phone_refuse(verdict, PHONE_WHY_UNREADABLE, "%s", err.text);
    if (holds_nothing(phone)) {
        phone_notice(&phone->console, "SECD", "Using leap of faith to accept TL file");
        return phone_accept(verdict, PHONE_BY_BLIND);
    }
    if (!phone_signer_judge(phone, *out, PHONE_FILE_LIST, verdict))
        return false;
    phone_notice(&phone->console, "SECD",
                 "validate_file_envelope: File sign verify SUCCESS; header length <%u>",
                 (*out)->header.length);
    return true;
}

/* Hold the new list, and forget what was answered under the old one. */
static void take_list(struct phone *phone, const struct kind *kind, struct trust_list *take)
{
    trust_list_free(*kind->held);
    *kind->held = take;
    flush_cache(phone);
    if (!phone_store_list(phone, kind->shared, take))
        phone_fail(kind->verdict, PHONE_WHY_STATE, phone->state_verdict.reason);
}

static void update_list(struct phone *phone, const struct kind *kind, const struct download *file)
{
    struct trust_list *list = NULL;
    if (is_held(*kind->held, file)) {
        phone_notice(&phone->console, "SECD", "%s: Found identical existing certificate; no update made.",
                     kind->label);
        kind->verdict->outcome = PHONE_SAME;
        return;
    }
    if (judge_list(phone, file, &list, kind->verdict)) {
        take_list(phone, kind, list);
        return;
    }
    trust_list_free(list);
    phone_fault(&phone->console, "SECD", "Trust List update failed, verification failure <%s>: %s",
                file->name, kind->verdict->reason);
}

/* false: nothing can be had from the server; do not go on. */
static bool boot_list(struct phone *phone, const struct kind *kind)
{
    char names[2][48];
    struct download file;
    snprintf(names[0], sizeof names[0], "%s%s.tlv", kind->label, phone->name);
    snprintf(names[1], sizeof names[1], "%s", kind->shared);
    phone_notice(&phone->console, "SECD", "tlRequestFile: Request %s", names[0]);
    download(phone, names, 2, TRUST_LIST_MAX, &file);
    switch (file.result) {
    case PHONE_FETCHED:
        update_list(phone, kind, &file);
        break;
    case PHONE_FETCH_MISSING:
        kind->verdict->outcome = PHONE_MISSING;
        break;
    case PHONE_FETCH_TOO_LARGE:
        phone_refuse(kind->verdict, PHONE_WHY_TOO_LARGE, "%s", file.err.text);
        break;
    case PHONE_FETCH_FAILED:
        phone_fail(kind->verdict, PHONE_WHY_NOT_FETCHED, file.err.text);
        phone_fault(&phone->console, "SECD", "Trust List update failed");
        break;
    }
    free(file.data);
    return kind->verdict->outcome != PHONE_FAILED;
}

/* ---- Configuration */

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static bool judge_config(struct phone *phone, const struct download *file, struct trust_list **out,
                         struct phone_verdict *verdict)
{
    struct trust_error err;
    if (trust_signed_file_parse(bytes_of(file), out, &err) != 0)
        return phone_refuse(verdict, PHONE_WHY_UNREADABLE, "%s", err.text);
    if (phone_itl_is_empty(phone->itl)) /* any configuration will do while it is held */
        return phone_accept(verdict, PHONE_BY_BLIND);
    return phone_signer_judge(phone, *out, PHONE_FILE_CONFIG, verdict);
}

static void take_config(struct phone *phone, struct trust_bytes config)
{
    if (!phone_store_config(phone, config))
        phone_fail(&phone->config_verdict, PHONE_WHY_STATE, phone->state_verdict.reason);
}

static void update_config(struct phone *phone, const struct download *file)
{
    struct phone_verdict *verdict = &phone->config_verdict;
    struct trust_list *list = NULL;
    if (!ends_with(file->name, ".sgn")) {
        *verdict = (struct phone_verdict){.outcome = PHONE_UNSIGNED};
        take_config(phone, bytes_of(file));
    } else if (judge_config(phone, file, &list, verdict)) {
        phone_notice(&phone->console, "SECD", "verifyFile: verify SUCCESS </usr/ram/%s.cnf.xml>",
                     phone->name);
        take_config(phone, list->payload);
    } else {
        phone_fault(
            &phone->console, "SECD",
            "EROR:verifyFile: sgn verify file failed </usr/ram/%s.cnf.xml>, errclass 8, errcode 19 (%s)",
            phone->name,
            verdict->why == PHONE_WHY_SIGNATURE || verdict->why == PHONE_WHY_DIGEST ||
                    verdict->why == PHONE_WHY_UNREADABLE
                ? verdict->reason
                : "signer not in CTL");
        phone_notice(&phone->console, "SECD", "verifyFile: verify FAILED");
    }
    trust_list_free(list);
}

static void boot_config(struct phone *phone)
{
    struct download file;
    char names[3][48];
    size_t first = 0, count = 3;
    snprintf(names[0], sizeof names[0], "%s.cnf.xml.sgn", phone->name);
    snprintf(names[1], sizeof names[1], "%s.cnf.xml.enc.sgn", phone->name);
    snprintf(names[2], sizeof names[2], "%s.cnf.xml", phone->name);
    /* Who holds a list asks for signed files alone; who holds none, for the plain one. An empty ITL leaves it
     * open. */
    if (phone->ctl == NULL && phone->itl == NULL)
        first = 2;
    else if (!phone_itl_is_empty(phone->itl))
        count = 2;
    if (first == 0)
        phone_notice(&phone->console, "tftpClient", "authenticated file approved - add .sgn -- %s", names[0]);
    download(phone, names + first, count - first, PHONE_CONFIG_MAX, &file);
    switch (file.result) {
    case PHONE_FETCHED:
        update_config(phone, &file);
        break;
    case PHONE_FETCH_MISSING:
        phone->config_verdict.outcome = PHONE_MISSING;
        break;
    case PHONE_FETCH_TOO_LARGE:
        phone_refuse(&phone->config_verdict, PHONE_WHY_TOO_LARGE, "%s", file.err.text);
        break;
    case PHONE_FETCH_FAILED:
        phone_fail(&phone->config_verdict, PHONE_WHY_NOT_FETCHED, file.err.text);
        break;
    }
    free(file.data);
}

void phone_boot(struct phone *phone)
{
    const struct kind ctl = {"CTL", "CTLFile.tlv", &phone->ctl, &phone->ctl_verdict};
    const struct kind itl = {"ITL", "ITLFile.tlv", &phone->itl, &phone->itl_verdict};
    if (!boot_list(phone, &ctl))
        return;
    if (!phone->family->itl)
        phone->itl_verdict.outcome = PHONE_IGNORED;
    else if (!boot_list(phone, &itl))
        return;
    boot_config(phone);
}
