/* file verify FILE…: whether phones could believe a signed file. */
#include "handlers.h"
#include "json.h"
#include "known_signers.h"
#include "print.h"
#include "say.h"
#include "tftp_folder.h"

#include <stdlib.h>
#include <string.h>

/* One file, and what is to be said of it. */
struct verdict {
    const char *path; /* as the operator named it */
    uint8_t *data;
    size_t len;
    struct trust_list *file; /* NULL: not parseable, see err */
    bool is_list;
    const struct known_signer *signer; /* NULL: not verified, see err */
    struct trust_error err;
};

/* A bare name is one of the TFTP folder. What keeps a file from being read is its verdict's error, too. */
static int read_file(struct tvsctl *ctl, struct verdict *verdict)
{
    struct trust_error err = {0};
    int code;
    if (strchr(verdict->path, '/') != NULL)
        code =
            trust_file_read(verdict->path, TRUST_SIGNED_FILE_MAX, &verdict->data, &verdict->len, NULL, &err);
    else if ((code = tftp_folder_check_name(verdict->path, &err)) == 0)
        code = tftp_folder_read(ctl->config, verdict->path, TRUST_SIGNED_FILE_MAX, &verdict->data,
                                &verdict->len, &err);
    verdict->err = err;
    if (code == TRUST_ENOTFOUND && strchr(verdict->path, '/') == NULL)
        return say_refusal(ctl, "%s; a file of the present folder is ./%s", err.text, verdict->path);
    return code == 0 ? TVSCTL_DONE : say_error(ctl, &err);
}

static void judge(const struct known_signers *known, struct verdict *verdict)
{
    const struct trust_bytes bytes = {verdict->data, verdict->len};
    const char *slash = strrchr(verdict->path, '/');
    verdict->err.offset = TRUST_NO_OFFSET;
    if (known_signers_parse(slash != NULL ? slash + 1 : verdict->path, bytes, &verdict->file,
                            &verdict->is_list, &verdict->err) == 0)
        verdict->signer = known_signers_find(known, verdict->file, verdict->is_list, &verdict->err);
}

static void print_places(FILE *out, const struct known_signer *signer)
{
    const char *const names[] = {signer->in_ctl ? "CTL" : NULL, signer->in_itl ? "ITL" : NULL,
                                 signer->in_store ? "store" : NULL,
                                 known_signers_is_former(signer) ? "published lists" : NULL};
    const char *between = "Signer found in: ";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i] == NULL)
            continue;
        fprintf(out, "%s%s", between, names[i]);
        between = ", ";
    }
    fputc('\n', out);
}

static void print_header(FILE *out, const struct trust_list *file, bool is_list)
{
    char time[PRINT_TIME_SIZE], *serial = print_hex(file->header.serial, ':', true);
    const char *digest = trust_digest_name((enum trust_digest)file->header.digest);
    fprintf(out, "Kind: %s\nFile name in the header: ", known_signers_kind(file, is_list));
    print_text(out, file->header.filename);
    fputs("\nSigner: ", out);
    print_text(out, file->header.signer_name);
    fprintf(out, "\nSerial number: %s\nIssuer: ", serial != NULL ? serial : "");
    print_text(out, file->header.ca_name);
    fprintf(out, "\nDigest: %s\nSigned on %s\n", digest != NULL ? digest : "unknown",
            print_time((time_t)file->header.timestamp, time));
    free(serial);
}

static void print_verdict(struct tvsctl *ctl, const struct verdict *verdict)
{
    FILE *out = ctl->io.out;
    print_text(out, print_bytes(verdict->path));
    fputc('\n', out);
    if (verdict->file != NULL)
        print_header(out, verdict->file, verdict->is_list);
    if (verdict->signer != NULL)
        print_places(out, verdict->signer);
    fputs(verdict->signer != NULL ? "The file was verified successfully.\n"
                                  : "Verification of the file failed.\n",
          out);
}

static void write_header(struct json *json, const struct trust_list *file, bool is_list)
{
    json_string(json, "kind", known_signers_kind(file, is_list));
    json_text(json, "filename", file->header.filename);
    json_text(json, "signer_name", file->header.signer_name);
    json_serial(json, "serial", file->header.serial);
    json_text(json, "ca_name", file->header.ca_name);
    json_string(json, "digest", trust_digest_name((enum trust_digest)file->header.digest));
    json_time(json, "signed", file->header.timestamp);
}

static void write_verdict(struct json *json, const struct verdict *verdict)
{
    const struct known_signer *signer = verdict->signer;
    json_object(json, NULL);
    json_string(json, "file", verdict->path);
    json_number(json, "length", (int64_t)verdict->len);
    json_bool(json, "verified", signer != NULL);
    json_string(json, "error", signer != NULL ? NULL : trust_error_name(verdict->err.code));
    json_string(json, "reason", signer != NULL ? NULL : verdict->err.text);
    if (verdict->file != NULL)
        write_header(json, verdict->file, verdict->is_list);
    json_array(json, "signer_found_in");
    if (signer != NULL && signer->in_ctl)
        json_string(json, NULL, "CTL");
    if (signer != NULL && signer->in_itl)
        json_string(json, NULL, "ITL");
    if (signer != NULL && signer->in_store)
        json_string(json, NULL, "store");
    if (signer != NULL && known_signers_is_former(signer))
        json_string(json, NULL, "published lists");
    json_array_end(json);
    json_bool(json, "present_key", signer != NULL && signer->is_present);
    json_object_end(json);
}

/* json NULL: for people. */
static int verify_one(struct tvsctl *ctl, const struct known_signers *known, const char *path,
                      struct json *json)
{
    struct verdict verdict = {.path = path};
    int result = read_file(ctl, &verdict);
    if (result != TVSCTL_DONE && json != NULL)
        write_verdict(json, &verdict);
    if (result != TVSCTL_DONE)
        return result;
    judge(known, &verdict);
    if (json != NULL)
        write_verdict(json, &verdict);
    else
        print_verdict(ctl, &verdict);
    if (verdict.signer == NULL && verdict.file == NULL && verdict.err.offset != TRUST_NO_OFFSET)
        say_refusal(ctl, "%s: byte %zu: %s", path, verdict.err.offset, verdict.err.text);
    else if (verdict.signer == NULL)
        say_refusal(ctl, "%s: %s", path, verdict.err.text);
    result = verdict.signer != NULL ? TVSCTL_DONE : TVSCTL_NO;
    trust_list_free(verdict.file);
    free(verdict.data);
    return result;
}

/* All are looked at. One that could not be read outweighs one that is not verified, since the question is not
 * wholly answered then. */
int file_verify(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct known_signers known;
    struct trust_error err = {0};
    struct json json;
    const bool for_programs = flag_given(&ctl->flags, FLAG_JSON);
    int result = TVSCTL_DONE;
    if (known_signers_read(ctl, &known, &err) != 0) {
        known_signers_free(&known);
        return say_error(ctl, &err);
    }
    json_init(&json, ctl->io.out);
    if (for_programs)
        json_array(&json, NULL);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !for_programs)
            fputc('\n', ctl->io.out);
        int one = verify_one(ctl, &known, args[i], for_programs ? &json : NULL);
        result = one == TVSCTL_REFUSED || result == TVSCTL_DONE ? one : result;
    }
    if (for_programs)
        json_array_end(&json);
    known_signers_free(&known);
    return result;
}
