#include "buf.h"
#include "list_tags.h"

/* Write the elements of one part. The element with length_tag carries the length of the part. */
static void encode_part(struct buf_writer *out, enum list_part part, const struct trust_element *elements,
                        size_t count, uint8_t length_tag)
{
    const size_t start = out->len;
    size_t length_at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct trust_element *element = &elements[i];
        const struct list_tag *info = list_tag_info(part, element->tag);
        buf_write_u8(out, element->tag);
        if (info != NULL && info->kind == LIST_PADDING)
            continue;
        const size_t at = out->len;
        buf_write_u16(out, 0);
        if (element->tag == length_tag)
            length_at = out->len;
        buf_write_bytes(out, element->value);
        const bool measure = info != NULL && info->kind == LIST_MEASURE;
        buf_patch_u16(out, at, measure ? list_measure(elements, count, i) : element->value.len);
    }
    buf_patch_u16(out, length_at, out->len - start);
}

int trust_list_encode(const struct trust_list *list, uint8_t **out, size_t *len, struct trust_error *err)
{
    struct buf_writer writer;
    *out = NULL;
    *len = 0;
    buf_writer_init(&writer, TRUST_SIGNED_FILE_MAX);
    encode_part(&writer, LIST_HEADER, list->header.elements, list->header.element_count, TRUST_HEADER_LENGTH);
    for (size_t i = 0; i < list->record_count; i++)
        encode_part(&writer, LIST_RECORD, list->records[i].elements, list->records[i].element_count,
                    TRUST_RECORD_LENGTH);
    buf_write_bytes(&writer, list->payload);
    int rc = buf_writer_take(&writer, "the list", out, len, err);
    buf_writer_fini(&writer);
    return rc;
}
