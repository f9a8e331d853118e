/*
 * callbacks.c - thin callbacks between libmilter and the rest; the only file that knows libmilter.
 *
 * libmilter keeps one private pointer for each connection. It may be NULL in any callback (there
 * was no memory, or the server skipped a step), and the callbacks of a connection may run on
 * different threads, one after the other. A message lives from envfrom to eom or abort, whichever
 * comes.
 *
 * Steps before the end of a message are never refused, so we ask for those without a reply, which
 * saves a round trip for each header field; libmilter then sends nothing for SMFIS_CONTINUE. The
 * body keeps its replies where the end of long mail is not wanted and the server understands
 * SMFIS_SKIP, by which we spare it the rest.
 */
#include "milter/callbacks.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "milter/answer.h"
#include "milter/log.h"
#include "milter/metrics.h"

#define NEEDED_ACTIONS   (SMFIF_ADDHDRS | SMFIF_CHGHDRS)
#define REDIRECT_ACTIONS (SMFIF_ADDRCPT | SMFIF_DELRCPT)
#define USEFUL_ACTIONS   (REDIRECT_ACTIONS | SMFIF_QUARANTINE | SMFIF_SETSYMLIST)
#define UNUSED_STEPS     (SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOUNKNOWN)
#define SILENT_STEPS     (SMFIP_NR_CONN | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_EOH)

struct connection {
    struct snapshot *snapshot;
    struct mail *mail; /* the message in flight, or NULL */
    struct envelope envelope;
    unsigned long actions; /* SMFIF_* that were negotiated; all where that is not known */
    bool may_skip;
};

/* libmilter passes nothing of ours to the callbacks of a new connection: these two are the
 * program's. */
static struct holder *holder;
static atomic_int answering;

/* libmilter's functions take what they only read without const. */
static char *unconst(const char *s)
{
    union {
        const char *in;
        char *out;
    } u = {.in = s};
    return u.out;
}

static bool insert_header(void *ud, const char *name, const char *value)
{
    return smfi_insheader(ud, 0, unconst(name), unconst(value)) == MI_SUCCESS;
}

static bool change_header(void *ud, const char *name, unsigned long k, const char *value)
{
    return smfi_chgheader(ud, unconst(name), (int)k, unconst(value)) == MI_SUCCESS;
}

/* The list of lines ends with the first NULL. */
static bool reply(void *ud, const char *code, const char *dsn, const char *const *lines, size_t n)
{
    char *l[SETTINGS_REPLY_LINES] = {NULL};
    for (size_t i = 0; i < n && i < SETTINGS_REPLY_LINES; i++)
        l[i] = unconst(lines[i]);
    return smfi_setmlreply(ud, code, dsn, l[0], l[1], l[2], l[3], l[4], l[5], l[6], l[7],
                           (char *)NULL) == MI_SUCCESS;
}

static bool quarantine(void *ud, const char *reason)
{
    return smfi_quarantine(ud, unconst(reason)) == MI_SUCCESS;
}

static bool add_recipient(void *ud, const char *address)
{
    return smfi_addrcpt(ud, unconst(address)) == MI_SUCCESS;
}

static bool delete_recipient(void *ud, const char *address)
{
    return smfi_delrcpt(ud, unconst(address)) == MI_SUCCESS;
}

static bool progress(void *ud)
{
    return smfi_progress(ud) == MI_SUCCESS;
}

/* The connection's context, made when there is none yet; NULL without memory. */
static struct connection *connection_of(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (!c) {
        c = calloc(1, sizeof *c);
        if (c && smfi_setpriv(ctx, c) != MI_SUCCESS) {
            free(c);
            c = NULL;
        }
        if (c)
            c->actions = NEEDED_ACTIONS | USEFUL_ACTIONS;
    }
    if (c && !c->snapshot)
        c->snapshot = snapshot_acquire(holder);
    return c;
}

static void end_message(struct connection *c)
{
    mail_free(c->mail);
    c->mail = NULL;
    envelope_end(&c->envelope);
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
                             unsigned long f3, unsigned long *pf0, unsigned long *pf1,
                             unsigned long *pf2, unsigned long *pf3)
{
    (void)f2;
    (void)f3;
    if ((f0 & NEEDED_ACTIONS) != NEEDED_ACTIONS) {
        log_write(SETTINGS_LOG_ERROR,
                  "the mail server lets us not %s header fields (actions offered: 0x%lx)",
                  f0 & SMFIF_ADDHDRS ? "change" : "add", f0);
        return SMFIS_REJECT;
    }
    struct connection *c = connection_of(ctx);
    bool skip = c && c->snapshot && c->snapshot->settings.max_tail == 0 && (f1 & SMFIP_SKIP);
    *pf0 = f0 & (NEEDED_ACTIONS | USEFUL_ACTIONS);
    if (c) {
        c->may_skip = skip;
        c->actions = *pf0;
    }
    *pf1 = f1 & (UNUSED_STEPS | SILENT_STEPS | (skip ? SMFIP_SKIP : SMFIP_NR_BODY));
    *pf2 = *pf3 = 0;
    if (f0 & SMFIF_SETSYMLIST) {
        /* Sendmail tells the queue id at MAIL alone, Postfix from DATA on alone. */
        smfi_setsymlist(ctx, SMFIM_ENVFROM, unconst("i {auth_authen}"));
        smfi_setsymlist(ctx, SMFIM_EOM, unconst("i"));
    }
    return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *address)
{
    (void)host;
    struct connection *c = connection_of(ctx);
    if (c)
        c->envelope.has_client = network_of(&c->envelope.client, address);
    return SMFIS_CONTINUE;
}

static sfsistat on_envfrom(SMFICTX *ctx, char **argv)
{
    struct connection *c = connection_of(ctx);
    if (!c || !c->snapshot)
        return SMFIS_CONTINUE;
    end_message(c);
    envelope_begin(&c->envelope, argv[0] ? argv[0] : "",
                   smfi_getsymval(ctx, unconst("{auth_authen}")) != NULL);
    c->mail = mail_open(&c->snapshot->settings, &c->snapshot->rules->style,
                        bolter_model_info_of(c->snapshot->model)->text_layout);
    return SMFIS_CONTINUE;
}

static sfsistat on_envrcpt(SMFICTX *ctx, char **argv)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c && argv[0])
        envelope_add_recipient(&c->envelope, argv[0]);
    return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c && c->mail)
        mail_header(c->mail, name, value);
    return SMFIS_CONTINUE;
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c && c->mail)
        mail_end_of_header(c->mail);
    return SMFIS_CONTINUE;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t n)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c && c->mail)
        mail_body(c->mail, bytes, n);
    bool enough = c && c->may_skip && (!c->mail || mail_full(c->mail));
    return enough ? SMFIS_SKIP : SMFIS_CONTINUE;
}

static sfsistat answer(SMFICTX *ctx, struct connection *c)
{
    bool holds = c->actions & SMFIF_QUARANTINE;
    bool redirects = (c->actions & REDIRECT_ACTIONS) == REDIRECT_ACTIONS;
    const struct mta mta = {.ud = ctx,
                            .insert_header = insert_header,
                            .change_header = change_header,
                            .reply = reply,
                            .quarantine = holds ? quarantine : NULL,
                            .add_recipient = redirects ? add_recipient : NULL,
                            .delete_recipient = redirects ? delete_recipient : NULL,
                            .progress = progress};
    const struct question q = {.mail = c->mail,
                               .envelope = &c->envelope,
                               .snapshot = c->snapshot,
                               .id = smfi_getsymval(ctx, unconst("i"))};
    switch (answer_message(&q, &mta)) {
    case ACTION_REJECT:
        return SMFIS_REJECT;
    case ACTION_TEMPFAIL:
        return SMFIS_TEMPFAIL;
    case ACTION_DISCARD:
        return SMFIS_DISCARD;
    case ACTION_ACCEPT:
    case ACTION_MARK:
    case ACTION_SUBJECT:
    case ACTION_QUARANTINE:
    case ACTION_REDIRECT:
        break;
    }
    return SMFIS_CONTINUE;
}

static sfsistat on_end_of_message(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (!c || !c->snapshot) {
        log_write(SETTINGS_LOG_ERROR, "no memory for a connection, or stopping: action=tempfail");
        metrics_message(&(struct metrics_answer){
            .action = "tempfail", .reason = "error", .kind = HOURS_FAILED, .refused = true});
        return SMFIS_TEMPFAIL;
    }
    atomic_fetch_add(&answering, 1);
    sfsistat result = answer(ctx, c);
    end_message(c);
    atomic_fetch_sub(&answering, 1);
    return result;
}

static sfsistat on_abort(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (c)
        end_message(c);
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);
    if (!c)
        return SMFIS_CONTINUE;
    smfi_setpriv(ctx, NULL);
    end_message(c);
    snapshot_release(holder, c->snapshot);
    free(c);
    return SMFIS_CONTINUE;
}

bool callbacks_register(int fd, struct holder *h)
{
    static char name[] = "bolter", address[32];
    const struct smfiDesc filter = {.xxfi_name = name,
                                    .xxfi_version = SMFI_VERSION,
                                    .xxfi_flags = NEEDED_ACTIONS | USEFUL_ACTIONS,
                                    .xxfi_connect = on_connect,
                                    .xxfi_envfrom = on_envfrom,
                                    .xxfi_envrcpt = on_envrcpt,
                                    .xxfi_header = on_header,
                                    .xxfi_eoh = on_end_of_header,
                                    .xxfi_body = on_body,
                                    .xxfi_eom = on_end_of_message,
                                    .xxfi_abort = on_abort,
                                    .xxfi_close = on_close,
                                    .xxfi_negotiate = on_negotiate};
    holder = h;
    snprintf(address, sizeof address, "fd:%d", fd);
    if (smfi_register(filter) == MI_SUCCESS && smfi_setconn(address) == MI_SUCCESS)
        return true;
    log_write(SETTINGS_LOG_ERROR, "libmilter refused to register or to take %s", address);
    return false;
}

bool callbacks_serve(void)
{
    return smfi_main() == MI_SUCCESS;
}

void callbacks_stop(void)
{
    smfi_stop();
}

/*
 * Threads that were in the middle of an answer go on after smfi_main() has returned. What they say
 * is written by libmilter just after the callback, hence the moment of grace at the end.
 */
bool callbacks_drain(int limit_ms)
{
    const struct timespec moment = {.tv_nsec = 50 * 1000 * 1000};
    for (int waited_ms = 0; atomic_load(&answering) > 0 && waited_ms < limit_ms; waited_ms += 50)
        nanosleep(&moment, NULL);
    nanosleep(&moment, NULL);
    return atomic_load(&answering) == 0;
}
