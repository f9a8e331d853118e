/* mtaclient.c - the MTA's side of the milter protocol over one connection to a filter. */
#include "tests/mta/mtaclient.h"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"

#define VERSION        6
#define CLIENT_PORT    40000
#define DATA_MAX       ((size_t)1 << 26)
#define LINE_MAX_BYTES 998 /* RFC 5322 section 2.1.1 */
#define NO_STAGE       (-1)

/* What each step sends, and the bits by which a filter declines it or promises no answer. */
static const struct {
    const char *name;
    char command;
    int stage;
    unsigned long declined, silent;
} steps[] = {
    [MTA_NEGOTIATE] = {"negotiate", SMFIC_OPTNEG, NO_STAGE, 0, 0},
    [MTA_CONNECT] = {"connect", SMFIC_CONNECT, SMFIM_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN},
    [MTA_HELO] = {"helo", SMFIC_HELO, SMFIM_HELO, SMFIP_NOHELO, SMFIP_NR_HELO},
    [MTA_MAIL] = {"mail", SMFIC_MAIL, SMFIM_ENVFROM, SMFIP_NOMAIL, SMFIP_NR_MAIL},
    [MTA_RCPT] = {"rcpt", SMFIC_RCPT, SMFIM_ENVRCPT, SMFIP_NORCPT, SMFIP_NR_RCPT},
    [MTA_DATA] = {"data", SMFIC_DATA, SMFIM_DATA, SMFIP_NODATA, SMFIP_NR_DATA},
    [MTA_HEADER] = {"header", SMFIC_HEADER, NO_STAGE, SMFIP_NOHDRS, SMFIP_NR_HDR},
    [MTA_EOH] = {"eoh", SMFIC_EOH, SMFIM_EOH, SMFIP_NOEOH, SMFIP_NR_EOH},
    [MTA_BODY] = {"body", SMFIC_BODY, NO_STAGE, SMFIP_NOBODY, SMFIP_NR_BODY},
    [MTA_EOM] = {"eom", SMFIC_BODYEOB, SMFIM_EOM, 0, 0},
};

/* Macros that go with a stage unless the filter names others: Postfix's defaults. */
static const char *const usual_macros[MTA_STAGES] = {
    [SMFIM_CONNECT] = "j {daemon_name} v _",
    [SMFIM_ENVFROM] = "i {auth_authen} {mail_addr}",
    [SMFIM_ENVRCPT] = "i {rcpt_addr}",
    [SMFIM_DATA] = "i",
    [SMFIM_EOH] = "i",
    [SMFIM_EOM] = "i",
};

int mta_step_of(const char *name)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].name, name) == 0)
            return (int)i;
    return -1;
}

void mta_options_default(struct mta_options *o)
{
    static const char *const recipient[] = {"<recipient@example.org>"};
    *o = (struct mta_options){.client = "192.0.2.1",
                              .helo = "client.example.net",
                              .sender = "<sender@example.net>",
                              .recipient = recipient,
                              .n_recipients = 1,
                              .chunk = MILTER_CHUNK_SIZE,
                              .actions = SMFI_CURR_ACTS,
                              .protocol = SMFI_CURR_PROT,
                              .timeout_ms = 30000};
}

bool mta_reply_accepts(const struct mta_reply *r)
{
    return r->code == SMFIR_ACCEPT || r->code == SMFIR_CONTINUE;
}

const char *mta_reply_line(const struct mta_reply *r)
{
    switch (r->code) {
    case SMFIR_ACCEPT:
    case SMFIR_CONTINUE:
        return r->hold[0] ? r->hold : "accept";
    case SMFIR_REJECT:
        return "550 5.7.1 Command rejected";
    case SMFIR_TEMPFAIL:
        return "451 4.7.1 Service unavailable - try again later";
    case SMFIR_DISCARD:
        return "discard";
    case SMFIR_REPLYCODE:
        return r->text;
    default:
        return "no answer";
    }
}

/* ---- Sending --------------------------------------------------------------------------------- */

/* A string with its NUL into the packet that is being made; the reason to fail is memory alone. */
static bool put_string(struct mta *m, const char *s)
{
    return bt_buf_append(&m->data, s, strlen(s) + 1);
}

/* Value of a macro at this moment, or NULL. Addresses lose their brackets. */
static const char *macro_value(const struct mta *m, const char *name, const char *address,
                               char *room, size_t size)
{
    const struct {
        const char *name, *value;
    } known[] = {{"j", "mx.example.org"},
                 {"{daemon_name}", "mx.example.org"},
                 {"v", "fakemta"},
                 {"_", m->o->client},
                 {"{client_addr}", m->o->client},
                 {"{auth_authen}", m->o->login},
                 {"i", m->queue_id[0] ? m->queue_id : NULL}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].value;
    if (!address || (strcmp(name, "{mail_addr}") != 0 && strcmp(name, "{rcpt_addr}") != 0))
        return NULL;
    size_t n = strlen(address);
    bool brackets = n > 1 && address[0] == '<' && address[n - 1] == '>';
    snprintf(room, size, "%.*s", (int)(brackets ? n - 2 : n), address + brackets);
    return room;
}

/* Define the macros of a step. address is that of MAIL or RCPT, or NULL. */
static bolter_status put_macros(struct mta *m, enum mta_step step, const char *address,
                                bolter_error *err)
{
    int stage = steps[step].stage;
    const char *names = stage == NO_STAGE  ? NULL
                        : m->macros[stage] ? m->macros[stage]
                                           : usual_macros[stage];
    char name[64], room[512];
    bt_buf b;
    bt_buf_init(&b, DATA_MAX);
    bool ok = bt_buf_append_char(&b, steps[step].command);
    for (const char *p = names; ok && p && *(p += strspn(p, " ,")); p += strcspn(p, " ,")) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(p, " ,"), p);
        const char *value = macro_value(m, name, address, room, sizeof room);
        ok = !value || (bt_buf_append(&b, name, strlen(name) + 1) &&
                        bt_buf_append(&b, value, strlen(value) + 1));
    }
    bolter_status s = ok ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "no memory for macros");
    if (ok && b.len > 1)
        s = mta_wire_put(&m->wire, SMFIC_MACRO, b.data, b.len, err);
    bt_buf_free(&b);
    return s;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static bolter_status unexpected(const struct mta *m, char code, enum mta_step step,
                                bolter_error *err)
{
    return bt_fail(err, BOLTER_E_FORMAT, "answer '%c' with %zu bytes does not belong to %s", code,
                   m->wire.in.len, steps[step].name);
}

/* Take an answer that ends a message, or fail. */
static bolter_status take_verdict(struct mta *m, char code, enum mta_step step, struct mta_reply *r,
                                  bolter_error *err)
{
    switch (code) {
    case SMFIR_REPLYCODE:
        if (m->wire.in.len < 4 || m->wire.in.data[m->wire.in.len - 1] != '\0' ||
            (m->wire.in.data[0] != '4' && m->wire.in.data[0] != '5'))
            return unexpected(m, code, step, err);
        snprintf(r->text, sizeof r->text, "%s", m->wire.in.data);
        break;
    case SMFIR_ACCEPT:
    case SMFIR_REJECT:
    case SMFIR_TEMPFAIL:
    case SMFIR_DISCARD:
        break;
    default:
        return unexpected(m, code, step, err);
    }
    r->code = code;
    r->step = step;
    return BOLTER_OK;
}

/* The answer to a step before the end. *skip is set when the rest of the body is not wanted. */
static bolter_status read_answer(struct mta *m, enum mta_step step, bool *skip, struct mta_reply *r,
                                 bolter_error *err)
{
    char code;
    bolter_status s = mta_wire_get(&m->wire, &code, err);
    if (s != BOLTER_OK || code == SMFIR_CONTINUE)
        return s;
    if (code == SMFIR_SKIP && step == MTA_BODY && (m->protocol & SMFIP_SKIP)) {
        *skip = true;
        return BOLTER_OK;
    }
    return take_verdict(m, code, step, r, err);
}

/* A field that a filter may add: no carriage return, no line over the limit, folds begin with a
 * blank. */
static bool field_is_sound(const char *name, const char *value)
{
    size_t line = strlen(name) + 2;
    for (const char *p = value; *p; p++) {
        line = *p == '\n' ? 0 : line + 1;
        if (*p == '\r' || line > LINE_MAX_BYTES)
            return false;
        if (*p == '\n' && p[1] != ' ' && p[1] != '\t')
            return false;
    }
    return *name != '\0' && !strpbrk(name, " \t\n:");
}

/* Make the change of the header that the last packet asks for. */
static bolter_status change_header(struct mta *m, char code, struct mta_mail *mail,
                                   bolter_error *err)
{
    unsigned long needed = code == SMFIR_CHGHEADER ? SMFIF_CHGHDRS : SMFIF_ADDHDRS;
    size_t skip = code == SMFIR_ADDHEADER ? 0 : 4, n = m->wire.in.len;
    const char *data = m->wire.in.data, *name = data + skip;
    if (!(m->actions & needed) || n < skip + 2 || data[n - 1] != '\0' ||
        strlen(name) + 1 >= n - skip)
        return unexpected(m, code, MTA_EOM, err);
    const char *value = name + strlen(name) + 1;
    if (!field_is_sound(name, value))
        return bt_fail(err, BOLTER_E_FORMAT, "the filter adds a malformed field %s", name);
    size_t index = skip ? mta_get_be32(data) : mail->n_fields;
    bool ok = code == SMFIR_CHGHEADER ? mta_mail_change(mail, index, name, value)
                                      : mta_mail_insert(mail, index, name, value);
    return ok ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "no memory for a field");
}

/* Note a recipient that the filter adds or deletes. */
static bolter_status change_recipients(struct mta *m, char code, struct mta_reply *r,
                                       bolter_error *err)
{
    unsigned long needed = code == SMFIR_ADDRCPT ? SMFIF_ADDRCPT : SMFIF_DELRCPT;
    size_t len = strlen(r->recipients), n = m->wire.in.len;
    if (!(m->actions & needed) || n < 2 || m->wire.in.data[n - 1] != '\0')
        return unexpected(m, code, MTA_EOM, err);
    snprintf(r->recipients + len, sizeof r->recipients - len, " %c%s", code, m->wire.in.data);
    return BOLTER_OK;
}

/* Do what one packet at the end of a message asks for; *over when it is the answer. */
static bolter_status take_end(struct mta *m, char code, struct mta_mail *mail, struct mta_reply *r,
                              bool *over, bolter_error *err)
{
    switch (code) {
    case SMFIR_PROGRESS:
        r->n_progress++;
        return BOLTER_OK;
    case SMFIR_QUARANTINE:
        if (!(m->actions & SMFIF_QUARANTINE) || m->wire.in.len < 2)
            return unexpected(m, code, MTA_EOM, err);
        snprintf(r->hold, sizeof r->hold, "hold: %s", m->wire.in.data);
        return BOLTER_OK;
    case SMFIR_ADDRCPT:
    case SMFIR_DELRCPT:
        return change_recipients(m, code, r, err);
    case SMFIR_ADDHEADER:
    case SMFIR_INSHEADER:
    case SMFIR_CHGHEADER:
        return change_header(m, code, mail, err);
    case SMFIR_CONTINUE:
        *over = true;
        r->code = code;
        r->step = MTA_EOM;
        return BOLTER_OK;
    default:
        *over = true;
        return take_verdict(m, code, MTA_EOM, r, err);
    }
}

static bolter_status read_end(struct mta *m, struct mta_mail *mail, struct mta_reply *r,
                              bolter_error *err)
{
    bolter_status s = BOLTER_OK;
    for (bool over = false; s == BOLTER_OK && !over;) {
        char code;
        s = mta_wire_get(&m->wire, &code, err);
        if (s == BOLTER_OK)
            s = take_end(m, code, mail, r, &over, err);
    }
    return s;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

/* Send m->data as a step, unless the filter declined it, and read the answer, unless it gives none.
 */
static bolter_status run_step(struct mta *m, enum mta_step step, bool *skip, struct mta_reply *r,
                              bolter_error *err)
{
    if (m->protocol & steps[step].declined)
        return BOLTER_OK;
    bolter_status s = mta_wire_put(&m->wire, steps[step].command, m->data.data, m->data.len, err);
    if (s != BOLTER_OK || (m->protocol & steps[step].silent))
        return s;
    return read_answer(m, step, skip, r, err);
}

/* A step whose data is one string, or nothing for NULL; with its macros. */
static bolter_status string_step(struct mta *m, enum mta_step step, const char *s,
                                 struct mta_reply *r, bolter_error *err)
{
    bool skip = false;
    bt_buf_reset(&m->data);
    if (s && !put_string(m, s))
        return bt_fail(err, BOLTER_E_NOMEM, "no memory for a packet");
    bolter_status st = put_macros(m, step, s, err);
    return st == BOLTER_OK ? run_step(m, step, &skip, r, err) : st;
}

static bolter_status connect_step(struct mta *m, bolter_error *err)
{
    const char *address = m->o->client;
    static const char port[2] = {(char)(CLIENT_PORT >> 8), (char)(CLIENT_PORT & 255)};
    bool skip = false;
    bt_buf_reset(&m->data);
    char family = !address ? SMFIA_UNKNOWN : strchr(address, ':') ? SMFIA_INET6 : SMFIA_INET;
    bool ok = put_string(m, m->o->helo) && bt_buf_append_char(&m->data, family);
    if (ok && address)
        ok = bt_buf_append(&m->data, port, sizeof port) && put_string(m, address);
    if (!ok)
        return bt_fail(err, BOLTER_E_NOMEM, "no memory for a packet");
    bolter_status s = put_macros(m, MTA_CONNECT, NULL, err);
    return s == BOLTER_OK ? run_step(m, MTA_CONNECT, &skip, &m->ended, err) : s;
}

static bolter_status begin_connection(struct mta *m, bolter_error *err)
{
    m->ended = (struct mta_reply){0};
    m->queue_id[0] = '\0';
    bolter_status s = connect_step(m, err);
    return s == BOLTER_OK && !m->ended.code ? string_step(m, MTA_HELO, m->o->helo, &m->ended, err)
                                            : s;
}

/* Keep the lists of macros that follow the three numbers of a filter's answer. */
static bolter_status take_macro_lists(struct mta *m, bolter_error *err)
{
    const char *p = m->wire.in.data + MILTER_OPTLEN, *end = m->wire.in.data + m->wire.in.len;
    while (p < end) {
        uint32_t stage = end - p > 4 ? mta_get_be32(p) : MTA_STAGES;
        if (stage >= MTA_STAGES || end[-1] != '\0' || m->macros[stage])
            return bt_fail(err, BOLTER_E_FORMAT, "malformed list of macros");
        m->macros[stage] = bt_strdup(p + 4);
        if (!m->macros[stage])
            return bt_fail(err, BOLTER_E_NOMEM, "no memory for macros");
        p += 4 + strlen(p + 4) + 1;
    }
    return BOLTER_OK;
}

static bolter_status negotiate(struct mta *m, bolter_error *err)
{
    const uint32_t offer[3] = {VERSION, m->o->actions, m->o->protocol};
    unsigned char data[MILTER_OPTLEN];
    char code;
    for (size_t i = 0; i < 3; i++)
        mta_put_be32(data + 4 * i, offer[i]);
    bolter_status s = mta_wire_put(&m->wire, SMFIC_OPTNEG, data, sizeof data, err);
    if (s == BOLTER_OK)
        s = mta_wire_get(&m->wire, &code, err);
    if (s != BOLTER_OK)
        return s;
    if (code != SMFIC_OPTNEG || m->wire.in.len < MILTER_OPTLEN)
        return unexpected(m, code, MTA_NEGOTIATE, err);
    m->actions = mta_get_be32(m->wire.in.data + 4);
    m->protocol = mta_get_be32(m->wire.in.data + 8);
    if ((m->actions & ~m->o->actions) || (m->protocol & ~m->o->protocol))
        return bt_fail(err, BOLTER_E_FORMAT,
                       "the filter wants actions %lx, protocol %lx: not offered",
                       (unsigned long)m->actions, (unsigned long)m->protocol);
    return take_macro_lists(m, err);
}

bolter_status mta_open(struct mta *m, const struct mta_options *o, bolter_error *err)
{
    *m = (struct mta){.o = o};
    bt_buf_init(&m->data, DATA_MAX);
    bolter_status s = mta_wire_open(&m->wire, o->socket, o->timeout_ms, err);
    if (s == BOLTER_OK)
        s = negotiate(m, err);
    if (s == BOLTER_OK)
        s = begin_connection(m, err);
    if (s != BOLTER_OK)
        mta_close(m, false);
    return s;
}

static bolter_status send_envelope(struct mta *m, enum mta_step last, struct mta_reply *r,
                                   bolter_error *err)
{
    size_t refused = 0;
    m->queue_id[0] = '\0';
    bolter_status s = string_step(m, MTA_MAIL, m->o->sender, r, err);
    for (size_t i = 0; s == BOLTER_OK && !r->code && last >= MTA_RCPT && i < m->o->n_recipients;
         i++) {
        s = string_step(m, MTA_RCPT, m->o->recipient[i], r, err);
        bool refuses = r->code && r->code != SMFIR_ACCEPT && r->code != SMFIR_DISCARD;
        if (refuses && ++refused < m->o->n_recipients)
            r->code = 0; /* this recipient alone */
    }
    if (s != BOLTER_OK || r->code || last < MTA_DATA)
        return s;
    snprintf(m->queue_id, sizeof m->queue_id, "4F%03dM%05u", m->wire.fd, ++m->n_messages);
    return string_step(m, MTA_DATA, NULL, r, err);
}

static bolter_status send_header(struct mta *m, const struct mta_mail *mail, enum mta_step last,
                                 struct mta_reply *r, bolter_error *err)
{
    bool skip = false;
    for (size_t i = 0, sent = 0; !r->code && i < mail->n_fields; i++) {
        if (mail->field[i].trace)
            continue;
        bt_buf_reset(&m->data);
        if (!mta_field_wire(mail->field + i, &m->data))
            return bt_fail(err, BOLTER_E_NOMEM, "no memory for a field");
        bolter_status s = run_step(m, MTA_HEADER, &skip, r, err);
        if (s != BOLTER_OK || (++sent == 1 && last == MTA_HEADER))
            return s;
    }
    return r->code || last < MTA_EOH ? BOLTER_OK : string_step(m, MTA_EOH, NULL, r, err);
}

static bolter_status send_body(struct mta *m, const struct mta_mail *mail, enum mta_step last,
                               struct mta_reply *r, bolter_error *err)
{
    bolter_status s = BOLTER_OK;
    bool skip = false;
    bt_buf body;
    bt_buf_init(&body, DATA_MAX);
    if (!mta_mail_wire_body(mail, &body))
        s = bt_fail(err, BOLTER_E_NOMEM, "no memory for a body");
    for (size_t at = 0, n; s == BOLTER_OK && !r->code && !skip && at < body.len; at += n) {
        n = body.len - at < m->o->chunk ? body.len - at : m->o->chunk;
        bt_buf_reset(&m->data);
        if (!bt_buf_append(&m->data, body.data + at, n))
            s = bt_fail(err, BOLTER_E_NOMEM, "no memory for a packet");
        else
            s = run_step(m, MTA_BODY, &skip, r, err);
        r->body_sent = at + n;
        skip = skip || last == MTA_BODY;
    }
    bt_buf_free(&body);
    return s;
}

static bolter_status send_end(struct mta *m, struct mta_mail *mail, struct mta_reply *r,
                              bolter_error *err)
{
    bolter_status s = put_macros(m, MTA_EOM, NULL, err);
    if (s == BOLTER_OK)
        s = mta_wire_put(&m->wire, SMFIC_BODYEOB, NULL, 0, err);
    return s == BOLTER_OK ? read_end(m, mail, r, err) : s;
}

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

bolter_status mta_send(struct mta *m, struct mta_mail *mail, enum mta_step last,
                       struct mta_reply *r, bolter_error *err)
{
    double start = now_ms();
    *r = m->ended;
    if (r->code)
        return BOLTER_OK;
    bolter_status s = send_envelope(m, last, r, err);
    if (s == BOLTER_OK && !r->code && last >= MTA_HEADER)
        s = send_header(m, mail, last, r, err);
    if (s == BOLTER_OK && !r->code && last >= MTA_BODY)
        s = send_body(m, mail, last, r, err);
    if (s == BOLTER_OK && !r->code && last >= MTA_EOM)
        s = send_end(m, mail, r, err);
    if (s == BOLTER_OK && r->code && r->step < MTA_EOM)
        s = mta_abort(m, err);
    r->ms = now_ms() - start;
    return s == BOLTER_OK ? mta_wire_flush(&m->wire, err) : s;
}

bolter_status mta_abort(struct mta *m, bolter_error *err)
{
    bolter_status s = mta_wire_put(&m->wire, SMFIC_ABORT, NULL, 0, err);
    return s == BOLTER_OK ? mta_wire_flush(&m->wire, err) : s;
}

bolter_status mta_next_connection(struct mta *m, bolter_error *err)
{
    bolter_status s = mta_wire_put(&m->wire, SMFIC_QUIT_NC, NULL, 0, err);
    return s == BOLTER_OK ? begin_connection(m, err) : s;
}

void mta_close(struct mta *m, bool polite)
{
    if (polite && mta_wire_put(&m->wire, SMFIC_QUIT, NULL, 0, NULL) == BOLTER_OK)
        mta_wire_flush(&m->wire, NULL);
    mta_wire_close(&m->wire);
    for (int i = 0; i < MTA_STAGES; i++)
        bt_release(m->macros[i]);
    bt_buf_free(&m->data);
    *m = (struct mta){.wire = {.fd = -1}};
}
