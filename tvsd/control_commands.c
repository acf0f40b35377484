/* What the control socket answers: status, phones, trace LEVEL, reload. */
#include "config/options.h"
#include "control_parts.h"
#include "control_status.h"
#include "line_writer.h"
#include "log.h"
#include "phone_line.h"

#include <string.h>

static void say_who(const struct control_client *client, const char *command, const char *argument)
{
    int64_t uid, pid;
    control_client_who(client, &uid, &pid);
    LOG_SAY(CONTROL, log_text("command", command), log_text("argument", argument), log_number("uid", uid),
            log_number("pid", pid));
}

/* ---- phones */

static size_t make_phones(void *arg, size_t *at, char out[static CONTROL_CHUNK])
{
    struct control *control = arg;
    const struct phones *phones = control_phones_table(control->phones);
    const struct phone *phone;
    size_t len = 0;
    while (CONTROL_CHUNK - len >= PHONE_LINE_MAX && (phone = phones_at(phones, *at)) != NULL) {
        len += phone_line(phone, out + len);
        ++*at;
    }
    return len;
}

/* ---- trace */

static const struct option_choice *level_by_name(const char *name)
{
    const struct option_choice *level = option_find("log", "level", strlen("level"))->choices;
    while (level->name != NULL && strcmp(level->name, name) != 0)
        level++;
    return level->name != NULL ? level : NULL;
}

static size_t make_trace(void *arg, size_t *at, char out[static CONTROL_CHUNK])
{
    const struct control *control = arg;
    struct line_writer line;
    if ((*at)++ > 0)
        return 0;
    line_begin(&line, out, CONTROL_CHUNK);
    control_status_log(control, &line);
    return line_end(&line);
}

/* Said while the line can be seen, before or after. */
static void set_trace(struct control *control, struct control_client *client, const char *name)
{
    const struct option_choice *level = level_by_name(name);
    if (level == NULL) {
        control_refuse(client, "there is no such level", "debug, info, warning or error would do");
        return;
    }
    bool quieter = level->value > (int64_t)log_level();
    if (quieter)
        say_who(client, "trace", name);
    log_set_level((enum config_log_level)level->value);
    if (!quieter)
        say_who(client, "trace", name);
    control_answer(client, make_trace, control);
}

/* ---- reload */

static size_t make_reloaded(void *arg, size_t *at, char out[static CONTROL_CHUNK])
{
    const struct control *control = arg;
    struct line_writer line;
    char status[STATUS_MAX];
    if ((*at)++ > 0)
        return 0;
    line_begin(&line, out, CONTROL_CHUNK);
    line_text(&line, "file", control->config_path);
    line_text(&line, "status", control_how_it_is(control, status));
    line_text(&line, "needs-restart", control->needs_restart);
    return line_end(&line);
}

void control_reload_is_over(struct control *control)
{
    if (control->socket == NULL)
        return;
    if (control->refused)
        control_refuse_waiting(control->socket, control->refusal.text, control->remedy);
    else
        control_answer_waiting(control->socket, make_reloaded, control);
}

/* ---- Commands */

static void on_command(void *arg, struct control_client *client, char *command)
{
    struct control *control = arg;
    char *argument = command + strcspn(command, " ");
    if (*argument != '\0')
        *argument++ = '\0';
    if (strcmp(command, "status") == 0 && *argument == '\0') {
        control_answer(client, control_status_make, control);
    } else if (strcmp(command, "phones") == 0 && *argument == '\0') {
        control_answer(client, make_phones, control);
    } else if (strcmp(command, "trace") == 0) {
        set_trace(control, client, argument);
    } else if (strcmp(command, "reload") == 0 && *argument == '\0') {
        say_who(client, command, "");
        control_wait(client);
        event_active(control->hangup, EV_TIMEOUT, 0);
    } else {
        control_refuse(client, "there is no such command", "status, phones, trace LEVEL or reload would do");
    }
}

void control_open_socket(struct control *control)
{
    const struct config *config = control->world.config;
    struct trust_error why = {0};
    if (control_listen_open(config, &control->listen, &why) != 0)
        LOG_SAY(
            CONTROL_REFUSED, log_text("socket", config->control.socket), log_text("reason", why.text),
            log_text("remedy",
                     "phones are answered; correct it and restart, so that tvsctl can ask tvsd how it is"));
}

int control_serve_socket(struct control *control, struct trust_error *err)
{
    if (control->listen.fd < 0)
        return 0;
    control->socket = control_socket_new(control->base, control->listen.fd, NULL, on_command, control);
    return control->socket != NULL ? 0 : control_no_memory(err);
}
