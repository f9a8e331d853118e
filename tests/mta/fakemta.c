/*
 * fakemta.c - send messages to a milter as an MTA would, and show what becomes of them.
 *
 *     fakemta --socket unix:/run/bolter/milter.sock --print message.eml
 *
 * prints the message with the changes of the header that the filter asked for, or the refusal that
 * the SMTP client would see. Without --print it is a line a message. With several connections each
 * runs on its own thread and message k goes over connection k modulo N; messages are printed in
 * order.
 */
#include "tests/mta/mtaclient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parallel.h"

#define MESSAGE_MAX     ((size_t)1 << 26)
#define CONNECTIONS_MAX 256
#define MESSAGES_MAX    100000
#define RECIPIENTS_MAX  100

struct result {
    struct mta_reply reply;
    bolter_error err;
    bt_buf text; /* the message after the filter's changes, for --print */
};

struct job {
    struct mta_options mta;
    size_t n_connections, n_messages, n_files;
    char *const *name;
    bt_buf *file;
    struct result *result;
    bool print, summary, raw, next_connection;
    int abort_at, drop_at; /* an enum mta_step, or -1 */
    const char *recipient[RECIPIENTS_MAX];
};

static const char usage[] =
    "usage: fakemta --socket SPEC [options] FILE...\n"
    "       fakemta --free-port\n"
    "Send messages to a milter. SPEC: unix:PATH, inet:PORT@HOST or inet6:PORT@HOST.\n"
    "  -s, --socket SPEC      where the milter listens\n"
    "  -p, --print            print the message as the filter changed it, or the refusal\n"
    "      --summary          print counts, milliseconds a message (with quantiles) and messages a second\n"
    "      --from ADDR        envelope sender, with brackets (<sender@example.net>)\n"
    "      --to ADDR          envelope recipient, with brackets; repeatable\n"
    "      --client ADDR      address of the SMTP client (192.0.2.1); \"unknown\": none\n"
    "      --helo NAME        its name (client.example.net)\n"
    "      --login NAME       the user as whom it authenticated\n"
    "  -c, --connections N    connections at the same time (1)\n"
    "  -m, --messages M       messages in all, from the files in turn (one of each)\n"
    "      --new-connection   begin a new SMTP connection over the same socket after each message\n"
    "      --abort-at STEP    send each message as far as STEP and abort it first: mail, rcpt, "
    "data,\n"
    "                         header, eoh or body\n"
    "      --drop-at STEP     the same, but close the socket\n"
    "      --chunk BYTES      of a body packet (65535)\n"
    "      --actions HEX      SMFIF_* offered (1ff)\n"
    "      --protocol HEX     SMFIP_* offered (1fffff)\n"
    "      --timeout MS       for each answer (30000)\n"
    "      --raw              send the bytes of each FILE on its own connection, read to the end\n"
    "      --free-port        print a TCP port that nobody listens on at this moment\n"
    "Exit status: 0 all messages were answered, 1 some were not, 2 usage.\n";

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "fakemta: %s\n", what);
    exit(2);
}

/* ---- One message ----------------------------------------------------------------------------- */

/* Send a message as far as a step and break off there; the connection is open again afterwards. */
static bolter_status break_off(struct mta *m, const struct job *j, const bt_buf *file,
                               bolter_error *err)
{
    struct mta_reply reply;
    struct mta_mail mail;
    bool drop = j->drop_at >= 0;
    if (!mta_mail_parse(&mail, file->data, file->len))
        fail("no memory for a message");
    bolter_status s =
        mta_send(m, &mail, (enum mta_step)(drop ? j->drop_at : j->abort_at), &reply, err);
    mta_mail_free(&mail);
    if (s != BOLTER_OK)
        return s;
    if (!drop)
        return mta_abort(m, err);
    mta_close(m, false);
    return mta_open(m, &j->mta, err);
}

static bolter_status send_one(struct mta *m, const struct job *j, const bt_buf *file,
                              struct result *r)
{
    struct mta_mail mail;
    bolter_status s = BOLTER_OK;
    if (j->abort_at >= 0 || j->drop_at >= 0)
        s = break_off(m, j, file, &r->err);
    if (s != BOLTER_OK)
        return s;
    if (!mta_mail_parse(&mail, file->data, file->len))
        fail("no memory for a message");
    s = mta_send(m, &mail, MTA_EOM, &r->reply, &r->err);
    if (s == BOLTER_OK && j->print && !mta_mail_print(&mail, &r->text))
        fail("no memory for a message");
    mta_mail_free(&mail);
    if (s == BOLTER_OK && j->next_connection)
        s = mta_next_connection(m, &r->err);
    return s;
}

/* All messages of connection i. After a failure the next message gets a new connection. */
static void run_connection(void *arg, size_t i)
{
    struct job *j = arg;
    struct mta m;
    bool open = false;
    for (size_t k = i; k < j->n_messages; k += j->n_connections) {
        struct result *r = j->result + k;
        bt_buf_init(&r->text, 2 * MESSAGE_MAX);
        if (!open && mta_open(&m, &j->mta, &r->err) != BOLTER_OK)
            continue;
        open = send_one(&m, j, j->file + k % j->n_files, r) == BOLTER_OK;
        if (!open)
            mta_close(&m, false);
    }
    if (open)
        mta_close(&m, true);
}

/* Send a file's bytes as they are and read until the filter closes or is silent. */
static void run_raw(void *arg, size_t i)
{
    struct job *j = arg;
    struct mta_wire w;
    for (size_t k = i; k < j->n_messages; k += j->n_connections) {
        struct result *r = j->result + k;
        const bt_buf *file = j->file + k % j->n_files;
        char code;
        bt_buf_init(&r->text, 0);
        if (mta_wire_open(&w, j->mta.socket, j->mta.timeout_ms, &r->err) == BOLTER_OK) {
            bolter_status s = mta_wire_write(&w, file->data, file->len, NULL);
            shutdown(w.fd, SHUT_WR);
            while (s == BOLTER_OK)
                s = mta_wire_get(&w, &code, NULL);
            r->reply.code = SMFIR_CONTINUE;
        }
        mta_wire_close(&w);
    }
}

/* ---- Results --------------------------------------------------------------------------------- */

static size_t print_results(const struct job *j)
{
    size_t failed = 0;
    for (size_t k = 0; k < j->n_messages; k++) {
        const struct result *r = j->result + k;
        const char *name = j->name[k % j->n_files];
        failed += r->reply.code == 0;
        if (r->reply.code == 0)
            fprintf(stderr, "fakemta: %s: %s\n", name, r->err.text);
        else if (j->print && mta_reply_accepts(&r->reply))
            fwrite(r->text.data, 1, r->text.len, stdout);
        else if (!j->summary)
            printf("%s: %s%s\n", name, mta_reply_line(&r->reply), r->reply.recipients);
    }
    return failed;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which a share of n sorted ones lies, by nearest rank. */
static double quantile(const double *sorted, size_t n, double share)
{
    size_t rank = (size_t)ceil(share * (double)n);
    return sorted[rank > 0 ? rank - 1 : 0];
}

static void print_summary(const struct job *j, size_t failed, double seconds)
{
    size_t accepted = 0, body = 0;
    unsigned progress = 0;
    double *ms = bt_alloc_array(j->n_messages, sizeof *ms);
    if (!ms)
        fail("no memory for a summary");
    for (size_t k = 0; k < j->n_messages; k++) {
        const struct mta_reply *r = &j->result[k].reply;
        accepted += mta_reply_accepts(r);
        body += r->body_sent;
        progress += r->n_progress;
        ms[k] = r->ms;
    }
    qsort(ms, j->n_messages, sizeof *ms, by_value);
    printf("messages=%zu accepted=%zu refused=%zu failed=%zu body_bytes=%zu progress=%u "
           "ms_min=%.1f ms_median=%.1f ms_p99=%.1f ms_max=%.1f rate=%.1f\n",
           j->n_messages, accepted, j->n_messages - accepted - failed, failed, body, progress,
           ms[0], quantile(ms, j->n_messages, 0.5), quantile(ms, j->n_messages, 0.99),
           ms[j->n_messages - 1], (double)j->n_messages / seconds);
    bt_release(ms);
}

static int print_free_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 ||
        getsockname(fd, (struct sockaddr *)&sa, &n) != 0) {
        perror("fakemta: no free port");
        return 1;
    }
    printf("%d\n", ntohs(sa.sin_port));
    close(fd);
    return 0;
}

/* ---- Options --------------------------------------------------------------------------------- */

static unsigned long number_of(const char *text, int base, unsigned long max)
{
    char *end;
    errno = 0;
    unsigned long v = strtoul(text, &end, base);
    if (errno || end == text || *end || v > max) {
        fprintf(stderr, "fakemta: %s: expected a number up to %lu\n", text, max);
        exit(2);
    }
    return v;
}

static int step_of(const char *name)
{
    int step = mta_step_of(name);
    if (step < MTA_MAIL || step > MTA_BODY)
        fail("expected one of the steps mail, rcpt, data, header, eoh, body");
    return step;
}

enum {
    O_SUMMARY = 256,
    O_FROM,
    O_TO,
    O_CLIENT,
    O_HELO,
    O_LOGIN,
    O_NEW,
    O_ABORT,
    O_DROP,
    O_CHUNK,
    O_ACTIONS,
    O_PROTOCOL,
    O_TIMEOUT,
    O_RAW,
    O_FREE_PORT
};

static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                        {"print", no_argument, NULL, 'p'},
                                        {"summary", no_argument, NULL, O_SUMMARY},
                                        {"from", required_argument, NULL, O_FROM},
                                        {"to", required_argument, NULL, O_TO},
                                        {"client", required_argument, NULL, O_CLIENT},
                                        {"helo", required_argument, NULL, O_HELO},
                                        {"login", required_argument, NULL, O_LOGIN},
                                        {"connections", required_argument, NULL, 'c'},
                                        {"messages", required_argument, NULL, 'm'},
                                        {"new-connection", no_argument, NULL, O_NEW},
                                        {"abort-at", required_argument, NULL, O_ABORT},
                                        {"drop-at", required_argument, NULL, O_DROP},
                                        {"chunk", required_argument, NULL, O_CHUNK},
                                        {"actions", required_argument, NULL, O_ACTIONS},
                                        {"protocol", required_argument, NULL, O_PROTOCOL},
                                        {"timeout", required_argument, NULL, O_TIMEOUT},
                                        {"raw", no_argument, NULL, O_RAW},
                                        {"free-port", no_argument, NULL, O_FREE_PORT},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};

static void take_recipient(struct job *j, const char *address)
{
    if (j->mta.recipient != j->recipient)
        j->mta.n_recipients = 0; /* the first one replaces the default */
    if (j->mta.n_recipients == RECIPIENTS_MAX)
        fail("too many recipients");
    j->recipient[j->mta.n_recipients++] = address;
    j->mta.recipient = j->recipient;
}

/* Options about what the MTA tells the filter. False when the option is none of them. */
static bool take_mta_option(struct job *j, int option)
{
    switch (option) {
    case 's':
        j->mta.socket = optarg;
        return true;
    case O_FROM:
        j->mta.sender = optarg;
        return true;
    case O_TO:
        take_recipient(j, optarg);
        return true;
    case O_CLIENT:
        j->mta.client = strcmp(optarg, "unknown") == 0 ? NULL : optarg;
        return true;
    case O_HELO:
        j->mta.helo = optarg;
        return true;
    case O_LOGIN:
        j->mta.login = optarg;
        return true;
    case O_CHUNK:
        j->mta.chunk = number_of(optarg, 10, MILTER_CHUNK_SIZE);
        return true;
    case O_ACTIONS:
        j->mta.actions = (uint32_t)number_of(optarg, 16, SMFI_CURR_ACTS);
        return true;
    case O_PROTOCOL:
        j->mta.protocol = (uint32_t)number_of(optarg, 16, SMFI_CURR_PROT);
        return true;
    case O_TIMEOUT:
        j->mta.timeout_ms = (int)number_of(optarg, 10, 3600000);
        return true;
    default:
        return false;
    }
}

/* Options about this run. */
static void take_run_option(struct job *j, int option)
{
    switch (option) {
    case 'p':
        j->print = true;
        break;
    case 'c':
        j->n_connections = number_of(optarg, 10, CONNECTIONS_MAX);
        break;
    case 'm':
        j->n_messages = number_of(optarg, 10, MESSAGES_MAX);
        break;
    case O_SUMMARY:
        j->summary = true;
        break;
    case O_NEW:
        j->next_connection = true;
        break;
    case O_ABORT:
        j->abort_at = step_of(optarg);
        break;
    case O_DROP:
        j->drop_at = step_of(optarg);
        break;
    case O_RAW:
        j->raw = true;
        break;
    case O_FREE_PORT:
        exit(print_free_port());
    case 'h':
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

static void read_files(struct job *j)
{
    bolter_error err = {0};
    j->file = bt_alloc_array(j->n_files, sizeof *j->file);
    j->result = bt_alloc_array(j->n_messages, sizeof *j->result);
    if (!j->file || !j->result)
        fail("no memory for the messages");
    for (size_t i = 0; i < j->n_files; i++) {
        bt_buf_init(j->file + i, MESSAGE_MAX);
        if (bt_read_all(j->file + i, j->name[i], &err) != BOLTER_OK)
            fail(err.text);
    }
}

static void release(struct job *j)
{
    for (size_t i = 0; i < j->n_files; i++)
        bt_buf_free(j->file + i);
    for (size_t k = 0; k < j->n_messages; k++)
        bt_buf_free(&j->result[k].text);
    bt_release(j->file);
    bt_release(j->result);
}

int main(int argc, char **argv)
{
    struct job j = {.n_connections = 1, .abort_at = -1, .drop_at = -1};
    mta_options_default(&j.mta);
    for (int o; (o = getopt_long(argc, argv, "s:pc:m:h", options, NULL)) != -1;)
        if (!take_mta_option(&j, o))
            take_run_option(&j, o);
    j.name = argv + optind;
    j.n_files = (size_t)(argc - optind);
    if (!j.mta.socket || j.n_files == 0 || j.n_connections == 0 || j.mta.chunk == 0)
        fail("expected --socket SPEC and a FILE; see --help");
    if (j.n_messages == 0)
        j.n_messages = j.n_files;
    read_files(&j);
    double begin_s = now_s();
    bt_parallel(j.n_connections, j.raw ? run_raw : run_connection, &j);
    double seconds = now_s() - begin_s;
    size_t failed = print_results(&j);
    if (j.summary)
        print_summary(&j, failed, seconds);
    release(&j);
    return failed ? 1 : 0;
}
