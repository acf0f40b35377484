#include "reader.h"

#include "options.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the last one; deleted by the next */
    const char *text;
    size_t len;
    const char *name;
    struct config *config;
    size_t option_line[OPTIONS_MAX],
        section_line[OPTIONS_MAX]; /* 0: not yet seen; a section by its first option */
    struct trust_error *err;
};

/* Where a message points to: libyaml counts from 0, editors from 1. */
static int fail(struct reader *reader, int code, yaml_mark_t at, const char *format, ...) TRUST_PRINTF(4, 5);
static int fail(struct reader *reader, int code, yaml_mark_t at, const char *format, ...)
{
    char what[sizeof reader->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return trust_error_set(reader->err, code, TRUST_NO_OFFSET, "%s:%zu:%zu: %s", reader->name, at.line + 1,
                           at.column + 1, what);
}

/* The line and column of a byte, for errors of which libyaml tells the offset alone. */
static yaml_mark_t mark_of_offset(const struct reader *reader, size_t offset)
{
    yaml_mark_t at = {0};
    for (size_t i = 0; i < offset && i < reader->len; i++) {
        unsigned char byte = (unsigned char)reader->text[i];
        if (byte == '\n') {
            at.line++;
            at.column = 0;
        } else if ((byte & 0xc0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

static char byte_at(const struct reader *reader, yaml_mark_t at)
{
    size_t line = 0, i = 0;
    while (i < reader->len && line < at.line)
        line += reader->text[i++] == '\n';
    for (size_t column = 0; i < reader->len && column < at.column; i++)
        column += ((unsigned char)reader->text[i] & 0xc0) != 0x80;
    return i < reader->len ? reader->text[i] : '\0';
}

static int fail_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return trust_error_set(reader->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s: out of memory", reader->name);
    const char *problem = parser->problem != NULL ? parser->problem : "something else";
    if (parser->error == YAML_READER_ERROR)
        return fail(reader, TRUST_EVALUE, mark_of_offset(reader, parser->problem_offset),
                    "no text: %s; save the file as UTF-8 without control characters", problem);
    char byte = byte_at(reader, parser->problem_mark);
    if (byte == '\t')
        return fail(reader, TRUST_EVALUE, parser->problem_mark, "a tab; YAML is indented with blanks");
    if (byte == ':' && parser->context != NULL && strstr(parser->context, "flow") != NULL)
        return fail(reader, TRUST_EVALUE, parser->problem_mark,
                    "a colon in brackets; an IPv6 address needs quotes, like \"[::]:2445\"");
    char context[120] = "";
    if (parser->context != NULL)
        snprintf(context, sizeof context, " %s that starts in line %zu", parser->context,
                 parser->context_mark.line + 1);
    return fail(reader, TRUST_EVALUE, parser->problem_mark,
                "no YAML: %s%s; look at indentation, brackets and quotes here and in the line above", problem,
                context);
}

static int next(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return fail_syntax(reader);
    return 0;
}

/* Anchors, aliases and tags have no use here, and a reader of the file would have to know them. */
static int check_plain(struct reader *reader, const char *key)
{
    const yaml_event_t *event = &reader->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    const char *blank = key[0] == '\0' ? "" : ": ";
    if (event->type == YAML_ALIAS_EVENT)
        anchor = event->data.alias.anchor;
    else if (event->type == YAML_SCALAR_EVENT)
        anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
    else if (event->type == YAML_MAPPING_START_EVENT)
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
    if (anchor != NULL)
        return fail(reader, TRUST_EUNSUPPORTED, event->start_mark,
                    "%s%sanchors (&) and aliases (*) are not taken; write the value itself, in quotes if it "
                    "starts so",
                    key, blank);
    if (tag != NULL)
        return fail(reader, TRUST_EUNSUPPORTED, event->start_mark,
                    "%s%stags (!) are not taken; write the value itself, in quotes if it starts so", key,
                    blank);
    return 0;
}

/* Nothing at all behind a colon. */
static bool is_nothing(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 0 &&
           event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static const char *kind_of(const yaml_event_t *event)
{
    return event->type == YAML_SEQUENCE_START_EVENT  ? "a list"
           : event->type == YAML_MAPPING_START_EVENT ? "a section"
                                                     : "a value";
}

static int read_scalar(struct reader *reader, const struct option *option)
{
    const yaml_event_t *event = &reader->event;
    const yaml_mark_t at = event->start_mark;
    char range[200];
    int rc = check_plain(reader, option->key);
    if (rc != 0)
        return rc;
    if (event->type != YAML_SCALAR_EVENT)
        return fail(reader, TRUST_EVALUE, at, "%s: %s, where one value is due; %s", option->key,
                    kind_of(event),
                    option->kind == OPTION_LIST ? "put it in quotes if it starts with [ or {"
                                                : "write it behind the colon");
    if (is_nothing(event))
        return fail(reader, TRUST_EVALUE, at,
                    "%s: no value; %s would do, or leave the line out for the default", option->key,
                    option_range(option, range, sizeof range));
    struct trust_error why = {0};
    rc = option_set(option, (const char *)event->data.scalar.value, event->data.scalar.length, reader->config,
                    &why);
    return rc == 0 ? 0 : fail(reader, rc, at, "%s: %s", option->key, why.text);
}

static int read_option(struct reader *reader, const struct option *option)
{
    const yaml_mark_t at = reader->event.start_mark;
    if (option->kind != OPTION_LIST || reader->event.type != YAML_SEQUENCE_START_EVENT)
        return read_scalar(reader, option);
    int rc = check_plain(reader, option->key);
    for (int64_t items = 0; rc == 0; items++) {
        rc = next(reader);
        if (rc == 0 && reader->event.type == YAML_SEQUENCE_END_EVENT)
            return items >= option->min
                       ? 0
                       : fail(reader, TRUST_EVALUE, at,
                              "%s: an empty list; name one, or leave the line out for the default",
                              option->key);
        if (rc == 0)
            rc = read_scalar(reader, option);
    }
    return rc;
}

/* Note that a key was met, or refuse the second one. */
static int check_first(struct reader *reader, size_t *line, const char *section, const char *key, size_t len)
{
    if (*line != 0)
        return fail(reader, TRUST_EDUPLICATE, reader->event.start_mark,
                    "%s%s%.*s: a second time, first in line %zu; leave one out", section,
                    section[0] == '\0' ? "" : ".", (int)len, key, *line);
    *line = reader->event.start_mark.line + 1;
    return 0;
}

static int fail_unknown(struct reader *reader, const char *section, const char *key, size_t len)
{
    char shown[48], hint[200];
    return fail(reader, TRUST_ETAG, reader->event.start_mark, "%s%s%s: no such key; %s", section,
                section[0] == '\0' ? "" : ".", len == 0 ? "\"\"" : text_show(key, len, shown, sizeof shown),
                option_suggest(section, key, len, hint, sizeof hint));
}

static int read_section(struct reader *reader, const char *section);

/* What stands behind the name of a section. With nothing under it, it may as well not be there. */
static int read_section_value(struct reader *reader, const char *section)
{
    int rc = next(reader);
    if (rc == 0)
        rc = check_plain(reader, section);
    if (rc != 0 || is_nothing(&reader->event))
        return rc;
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return fail(reader, TRUST_EVALUE, reader->event.start_mark,
                    "%s: %s, where a section is due; write its keys below it, indented", section,
                    kind_of(&reader->event));
    return read_section(reader, section);
}

static int read_entry(struct reader *reader, const char *section)
{
    size_t count;
    const struct option *all = option_table(&count);
    int rc = check_plain(reader, section);
    if (rc != 0)
        return rc;
    if (reader->event.type != YAML_SCALAR_EVENT)
        return fail(reader, TRUST_EVALUE, reader->event.start_mark,
                    "%s, where a key is due; write key: value", kind_of(&reader->event));
    const char *key = (const char *)reader->event.data.scalar.value;
    size_t len = reader->event.data.scalar.length;
    const struct option *option = option_find(section, key, len);
    if (option != NULL) {
        rc = check_first(reader, &reader->option_line[option - all], section, key, len);
        if (rc == 0)
            rc = next(reader);
        return rc == 0 ? read_option(reader, option) : rc;
    }
    const struct option *first = section[0] == '\0' ? option_find_section(key, len) : NULL;
    if (first == NULL)
        return fail_unknown(reader, section, key, len);
    rc = check_first(reader, &reader->section_line[first - all], section, key, len);
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)option_section_length(first), first->key);
    return rc == 0 ? read_section_value(reader, name) : rc;
}

static int read_section(struct reader *reader, const char *section)
{
    for (;;) {
        int rc = next(reader);
        if (rc != 0 || reader->event.type == YAML_MAPPING_END_EVENT)
            return rc;
        rc = read_entry(reader, section);
        if (rc != 0)
            return rc;
    }
}

static int read_document(struct reader *reader)
{
    int rc = next(reader);
    if (rc == 0)
        rc = check_plain(reader, "");
    if (rc == 0 && reader->event.type == YAML_MAPPING_START_EVENT)
        rc = read_section(reader, "");
    else if (rc == 0 && !is_nothing(&reader->event))
        rc = fail(reader, TRUST_EVALUE, reader->event.start_mark,
                  "%s, where sections are due; write key: value, as the sample file does",
                  kind_of(&reader->event));
    return rc == 0 ? next(reader) : rc; /* the document's end */
}

static int read_stream(struct reader *reader)
{
    int rc = next(reader); /* the stream's start */
    if (rc == 0)
        rc = next(reader);
    if (rc != 0 || reader->event.type == YAML_STREAM_END_EVENT)
        return rc;
    rc = read_document(reader);
    if (rc == 0)
        rc = next(reader);
    if (rc == 0 && reader->event.type != YAML_STREAM_END_EVENT)
        rc = fail(reader, TRUST_EDUPLICATE, reader->event.start_mark,
                  "a second document; a configuration is one, without --- in the middle");
    return rc;
}

int reader_read(const char *text, size_t len, const char *name, struct config *config, bool *seen,
                struct trust_error *err)
{
    struct reader reader = {.text = text, .len = len, .name = name, .config = config, .err = err};
    size_t count;
    option_table(&count);
    if (!yaml_parser_initialize(&reader.parser))
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s: out of memory", name);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, len);
    int rc = read_stream(&reader);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    for (size_t i = 0; i < count; i++)
        seen[i] = reader.option_line[i] != 0;
    return rc;
}
