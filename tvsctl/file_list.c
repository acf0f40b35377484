/* file list tftp: what phones can fetch. */
#include "handlers.h"
#include "json.h"
#include "known_signers.h"
#include "print.h"
#include "say.h"
#include "table.h"
#include "tftp_folder.h"

#include <stdlib.h>
#include <string.h>

/* Whether our present key signed a file. */
enum ours { OURS_NO, OURS_YES, OURS_UNKNOWN, OURS_UNSIGNED };

/* A file, and what is to be said of it. */
struct listed {
    const char *name;
    struct stat info;
    struct trust_list *file; /* NULL: it is not signed, or is damaged: see err */
    bool is_list;
    struct trust_error err; /* code 0: nothing was wrong */
    enum ours ours;
};

struct listing {
    struct tvsctl *ctl;
    struct known_signers known;
    bool knows; /* the store could be read, or there is none */
    size_t folders, files;
};

static bool is_signed_name(const char *name)
{
    return known_signers_ends(name, ".tlv") || known_signers_ends(name, ".sgn");
}

static void look_inside(const struct listing *listing, struct listed *listed)
{
    uint8_t *data;
    size_t len;
    const struct known_signer *signer = NULL;
    int code = tftp_folder_read(listing->ctl->config, listed->name, TRUST_SIGNED_FILE_MAX, &data, &len,
                                &listed->err);
    if (code == 0)
        code = known_signers_parse(listed->name, (struct trust_bytes){data, len}, &listed->file,
                                   &listed->is_list, &listed->err);
    free(data);
    listed->ours = code != 0 ? OURS_UNSIGNED : listing->knows ? OURS_NO : OURS_UNKNOWN;
    if (code == 0)
        signer = known_signers_find(&listing->known, listed->file, listed->is_list, NULL);
    if (signer != NULL && signer->is_present)
        listed->ours = OURS_YES;
}

/* A link is what it points to; one that points nowhere is a link. false: it went meanwhile. */
static bool look_at(const struct listing *listing, const char *name, struct listed *listed)
{
    *listed = (struct listed){.name = name, .ours = OURS_UNSIGNED};
    if (tftp_folder_look(listing->ctl->config, name, &listed->info, NULL) != 0)
        return false;
    if (S_ISLNK(listed->info.st_mode))
        tftp_folder_follow(listing->ctl->config, name, &listed->info);
    if (S_ISREG(listed->info.st_mode) && is_signed_name(name))
        look_inside(listing, listed);
    return true;
}

/* Returns out, or static storage. */
static const char *kind_of(const struct listed *listed, char *out, size_t size)
{
    const mode_t mode = listed->info.st_mode;
    if (S_ISDIR(mode))
        return "folder";
    if (!S_ISREG(mode))
        return S_ISLNK(mode) ? "broken link" : "no file";
    if (listed->file != NULL)
        return known_signers_kind(listed->file, listed->is_list);
    if (listed->err.code == 0)
        return "file";
    const int code = listed->err.code;
    bool was_read =
        code != TRUST_EDENIED && code != TRUST_ESYSTEM && code != TRUST_ENOTFOUND && code != TRUST_ENOMEM;
    snprintf(out, size, "%s (%s)", was_read ? "damaged" : "unreadable", trust_error_name(code));
    return out;
}

static bool add_row(struct table *table, const struct listed *listed)
{
    static const char *const ours[] = {"no", "yes", "?", "-"};
    char size[24], time[PRINT_TIME_SIZE], kind[64];
    const struct trust_bytes name =
        listed->file != NULL ? listed->file->header.signer_name : (struct trust_bytes){NULL, 0};
    char *signer =
        strndup(name.data != NULL ? (const char *)name.data : "-", name.data != NULL ? name.len : 1);
    snprintf(size, sizeof size, "%lld", (long long)listed->info.st_size);
    const char *const cells[] = {listed->name,
                                 size,
                                 print_time(listed->info.st_mtime, time),
                                 kind_of(listed, kind, sizeof kind),
                                 ours[listed->ours],
                                 signer};
    bool added = signer != NULL && table_add_row(table, cells);
    free(signer);
    return added;
}

static void write_row(struct json *json, const struct listed *listed)
{
    char kind[64];
    json_object(json, NULL);
    json_string(json, "name", listed->name);
    json_number(json, "size", listed->info.st_size);
    json_time(json, "modified", listed->info.st_mtime);
    json_string(json, "kind", kind_of(listed, kind, sizeof kind));
    if (listed->file != NULL)
        json_text(json, "signer_name", listed->file->header.signer_name);
    else
        json_null(json, "signer_name");
    if (listed->ours == OURS_YES || listed->ours == OURS_NO)
        json_bool(json, "present_key", listed->ours == OURS_YES);
    else
        json_null(json, "present_key");
    json_string(json, "error", listed->err.code != 0 ? trust_error_name(listed->err.code) : NULL);
    json_string(json, "reason", listed->err.code != 0 ? listed->err.text : NULL);
    json_object_end(json);
}

/* json NULL: into the table. false: memory ran out. */
static bool list_one(struct listing *listing, const char *name, struct table *table, struct json *json)
{
    struct listed listed;
    bool done = true;
    if (!look_at(listing, name, &listed))
        return true;
    *(S_ISDIR(listed.info.st_mode) ? &listing->folders : &listing->files) += 1;
    if (json != NULL)
        write_row(json, &listed);
    else
        done = add_row(table, &listed);
    trust_list_free(listed.file);
    return done;
}

static int list_all(struct listing *listing, const struct tftp_names *names)
{
    static const char *const columns[] = {"name", "size", "modified", "kind", "ours", "signer"};
    struct tvsctl *ctl = listing->ctl;
    const bool for_programs = flag_given(&ctl->flags, FLAG_JSON);
    struct table table;
    struct json json;
    table_init(&table, sizeof columns / sizeof columns[0]);
    json_init(&json, ctl->io.out);
    bool done = table_add_row(&table, columns);
    if (for_programs)
        json_array(&json, NULL);
    for (size_t i = 0; done && i < names->count; i++)
        done = list_one(listing, names->name[i], &table, for_programs ? &json : NULL);
    if (for_programs)
        json_array_end(&json);
    if (done && !for_programs) {
        if (table_rows(&table) > 0)
            table_print(&table, ctl->io.out);
        fprintf(ctl->io.out, "dir count = %zu, file count = %zu\n", listing->folders, listing->files);
    }
    table_fini(&table);
    return done ? TVSCTL_DONE : say_no_memory(ctl);
}

int file_list_tftp(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct listing listing = {.ctl = ctl};
    struct tftp_names names;
    struct trust_error err = {0};
    (void)args, (void)count;
    if (tftp_folder_names(ctl->config, NULL, &names, &err) != 0)
        return say_error(ctl, &err);
    listing.knows = known_signers_read(ctl, &listing.known, &err) == 0;
    if (!listing.knows)
        say_warning(ctl, "whether our present key signed a file is not known: %s", err.text);
    int result = list_all(&listing, &names);
    known_signers_free(&listing.known);
    tftp_folder_names_free(&names);
    return result;
}
