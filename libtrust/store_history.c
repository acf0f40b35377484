/* What was published. */
#include "trust/history.h"

#include "internal.h"
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

int trust_store_next_publication(struct trust_store *store, int64_t *number, struct trust_error *err)
{
    return store_number(store, 1, number, err, "SELECT coalesce(max(number), 0) + 1 FROM publication", "");
}

static int hex_digest(struct trust_bytes file, enum trust_digest algorithm,
                      char out[2 * TRUST_DIGEST_MAX + 1], struct trust_error *err)
{
    uint8_t digest[TRUST_DIGEST_MAX];
    int rc = trust_digest_pieces(algorithm, &file, 1, digest, err);
    if (rc == 0)
        trust_hex((struct trust_bytes){digest, trust_digest_size(algorithm)}, 0, false, out);
    return rc;
}

/* The signer of the header in CUCM's form, or as it stands there if it is no name. The caller frees *out. */
static int signer_text(const struct trust_list_header *header, char **out, struct trust_error *err)
{
    const struct trust_bytes text = header->signer_name;
    struct trust_name *name = NULL;
    *out = NULL;
    int rc = trust_name_parse((const char *)text.data, text.len, &name, NULL);
    if (rc == 0) {
        *out = strdup(trust_name_cucm(name));
    } else if (rc != TRUST_ENOMEM) {
        const size_t size = 3 * text.len + 4; /* each byte can become \XX */
        *out = malloc(size);
        if (*out != NULL)
            utf8_escape(text, *out, size);
    }
    trust_name_free(name);
    return *out != NULL ? 0 : store_no_memory(err);
}

static int serial_text(struct trust_bytes serial, char **out, struct trust_error *err)
{
    *out = malloc(2 * serial.len + 1);
    if (*out == NULL)
        return store_no_memory(err);
    trust_hex(serial, 0, true, *out);
    return 0;
}

static int check_number(struct trust_store *store, int64_t number, struct trust_error *err)
{
    int64_t taken;
    int rc = store_number(store, 0, &taken, err, "SELECT count(*) FROM publication WHERE number = ?1", "i",
                          number);
    if (rc == 0 && taken > 0)
        rc = trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET, "%s: publication %lld is there already",
                             store->path, (long long)number);
    return rc;
}

/* The checksums, signer and serial number of a list as its row has them. */
struct seen {
    char md5[2 * TRUST_DIGEST_MAX + 1], sha1[2 * TRUST_DIGEST_MAX + 1];
    char *signer, *serial;
};

static int look(const struct trust_list *list, struct seen *seen, struct trust_error *err)
{
    *seen = (struct seen){0};
    int rc = hex_digest(list->file, TRUST_DIGEST_MD5, seen->md5, err);
    if (rc == 0)
        rc = hex_digest(list->file, TRUST_DIGEST_SHA1, seen->sha1, err);
    if (rc == 0)
        rc = signer_text(&list->header, &seen->signer, err);
    if (rc == 0)
        rc = serial_text(list->header.serial, &seen->serial, err);
    return rc;
}

int trust_store_copy_publication(struct trust_store *store, const struct trust_publication *publication,
                                 struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = check_number(store, publication->number, err);
    if (rc == 0)
        rc = store_run(store, err,
                       "INSERT INTO publication (number, filename, published, phrase, person, md5, sha1,"
                       " signer, signerserial, size, records)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                       "itittttttii", publication->number, publication->filename,
                       (int64_t)publication->published, publication->phrase, publication->person,
                       publication->md5, publication->sha1, publication->signer, publication->serial,
                       publication->size, publication->records);
    return store_end(store, rc, err);
}

int trust_store_add_publication(struct trust_store *store, int64_t number, const struct trust_list *list,
                                const char *filename, time_t published, const char *phrase,
                                const char *person, struct trust_error *err)
{
    struct seen seen;
    int rc = look(list, &seen, err);
    if (rc == 0) {
        const struct trust_publication publication = {
            .number = number,
            .filename = filename,
            .published = published,
            .phrase = phrase,
            .person = person,
            .md5 = seen.md5,
            .sha1 = seen.sha1,
            .signer = seen.signer,
            .serial = seen.serial,
            .size = (int64_t)list->file.len,
            .records = (int64_t)list->record_count,
        };
        rc = trust_store_copy_publication(store, &publication, err);
    }
    free(seen.signer);
    free(seen.serial);
    return rc;
}

int trust_store_each_publication(struct trust_store *store, trust_publication_visit visit, void *arg,
                                 struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT number, filename, published, phrase, person, md5, sha1, signer,"
                           " signerserial, size, records FROM publication ORDER BY number",
                           "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        const struct trust_publication publication = {
            .number = sqlite3_column_int64(statement, 0),
            .filename = store_column_text(statement, 1),
            .published = (time_t)sqlite3_column_int64(statement, 2),
            .phrase = store_column_text(statement, 3),
            .person = store_column_text(statement, 4),
            .md5 = store_column_text(statement, 5),
            .sha1 = store_column_text(statement, 6),
            .signer = store_column_text(statement, 7),
            .serial = store_column_text(statement, 8),
            .size = sqlite3_column_int64(statement, 9),
            .records = sqlite3_column_int64(statement, 10),
        };
        rc = visit(arg, &publication);
    }
    sqlite3_finalize(statement);
    return rc;
}
