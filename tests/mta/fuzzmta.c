/*
 * fuzzmta.c - torment a milter with what no mail server would send, always the same for the same seed.
 *
 *     fuzzmta --socket SPEC [--seed N] [--bytes N] [--messages N] [--flood MIB] FILE...
 *
 * --bytes     that many bytes of packets, on connections of their own: right sequences with some bytes
 *             changed, packets in any order, lengths that lie, and noise
 * --messages  that many copies of the files in turn, each with some bytes changed, sent as a mail server
 *             would: every one must be answered
 * --flood     one message with a body of so many MiB, by a server that does not know how to skip
 *
 * One thing is spared: a list of macros that is not made of pairs. smfi_getsymval() of libmilter 8.17.1
 * runs past the end of such a list, which no filter can prevent; bolter-milter(8) says so.
 *
 * Exit status: 0 all messages were answered, 1 some were not, 2 usage.
 */
#include "tests/mta/mtaclient.h"

#include <getopt.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"

#define FILES_MAX   64
#define MESSAGE_MAX ((size_t)1 << 22)
/* Bytes of one connection of packets. */
#define STREAM_MAX 4096
/* How long the answers to a stream are read: the filter may rightly wait for the rest of a packet. */
#define STREAM_MS 100

struct fuzz {
    struct mta_options mta;
    bt_rng rng;
    bt_buf file[FILES_MAX];
    size_t n_files;
    unsigned long bytes, messages, flood_mib;
};

static void fail(const char *what)
{
    fprintf(stderr, "fuzzmta: %s\n", what);
    exit(2);
}

static size_t below(struct fuzz *f, size_t n)
{
    return (size_t)bt_rng_below(&f->rng, n);
}

/* ---- Packets -------------------------------------------------------------------------------------- */

static void put(bt_buf *b, const void *bytes, size_t n)
{
    if (!bt_buf_append(b, bytes, n))
        fail("no memory");
}

static void put_packet(bt_buf *b, size_t said, char command, const void *data, size_t n)
{
    unsigned char len[4];
    mta_put_be32(len, (uint32_t)said);
    put(b, len, sizeof len);
    put(b, &command, 1);
    put(b, data, n);
}

#define PACKET(b, command, text) put_packet((b), sizeof(text), (command), (text), sizeof(text) - 1)

/* A message as it should be. */
static void put_sequence(bt_buf *b)
{
    static const char options[] = "\0\0\0\6\0\0\1\377\0\037\377\377";
    PACKET(b, SMFIC_OPTNEG, options);
    PACKET(b, SMFIC_MACRO, "Cj\0mx.example.org\0{daemon_name}\0MTA\0");
    PACKET(b, SMFIC_CONNECT, "client.example.net\0004\0\031192.0.2.1\0");
    PACKET(b, SMFIC_MACRO, "M{auth_authen}\0bob\0");
    PACKET(b, SMFIC_MAIL, "<a@example.net>\0SIZE=100\0");
    PACKET(b, SMFIC_HEADER, "Subject\0Buy\n\tnow\0");
    PACKET(b, SMFIC_HEADER, "X-Spam-Flag\0NO\0");
    PACKET(b, SMFIC_EOH, "");
    PACKET(b, SMFIC_BODY, "Cheap and good\r\n.\r\n");
    PACKET(b, SMFIC_MACRO, "Ei\0004F001\0");
    PACKET(b, SMFIC_BODYEOB, "");
    PACKET(b, SMFIC_QUIT, "");
}

static void change_bytes(struct fuzz *f, char *bytes, size_t n, size_t times)
{
    for (size_t i = 0; n > 0 && i < times; i++)
        bytes[below(f, n)] = (char)below(f, 256);
}

/* Commands in any order, with data of any kind, and lengths that are mostly right. */
static void put_disorder(struct fuzz *f, bt_buf *b)
{
    static const char commands[] = "ABCDEHKLMNOQRTU";
    char data[64];
    for (size_t i = below(f, 40); i > 0; i--) {
        size_t n = below(f, sizeof data), said = n + 1;
        for (size_t k = 0; k < n; k++)
            data[k] = (char)below(f, below(f, 4) ? 128 : 256);
        if (below(f, 20) == 0)
            said = below(f, 4) ? below(f, 100) : 0xffffffffU - below(f, 100);
        put_packet(b, said, commands[below(f, sizeof commands - 1)], data, n);
    }
}

/* Whether n bytes are a command and names with values. */
static bool are_pairs(const char *data, size_t n)
{
    size_t strings = 0;
    for (size_t i = 1; i < n; i++)
        strings += data[i] == 0;
    return n > 1 && data[n - 1] == 0 && strings % 2 == 0;
}

/* Make packets of macros that libmilter cannot bear into something else; see above. */
static void spare_macros(bt_buf *b)
{
    for (size_t at = 0; at + 5 <= b->len;) {
        size_t n = mta_get_be32(b->data + at);
        if (n == 0 || n > b->len - at - 4)
            return;
        if (b->data[at + 4] == SMFIC_MACRO && !are_pairs(b->data + at + 5, n - 1))
            b->data[at + 4] = SMFIC_ABORT;
        at += 4 + n;
    }
}

static void make_stream(struct fuzz *f, bt_buf *b)
{
    bt_buf_reset(b);
    switch (below(f, 4)) {
    case 0:
        put_sequence(b);
        change_bytes(f, b->data, b->len, 1 + below(f, 8));
        break;
    case 1:
        put_sequence(b);
        b->len = below(f, b->len);
        break;
    case 2:
        put_sequence(b);
        b->len = 17; /* negotiated */
        put_disorder(f, b);
        break;
    default:
        for (size_t n = below(f, STREAM_MAX); n > 0; n--) {
            char noise = (char)below(f, 256);
            put(b, &noise, 1);
        }
    }
    spare_macros(b);
}

static void send_stream(struct fuzz *f, const bt_buf *b)
{
    struct mta_wire w;
    bolter_error err = {0};
    char code;
    if (mta_wire_open(&w, f->mta.socket, STREAM_MS, &err) != BOLTER_OK)
        fail(err.text);
    bolter_status s = mta_wire_write(&w, b->data, b->len, NULL);
    if (below(f, 2))
        shutdown(w.fd, SHUT_WR); /* the others hang up with answers unread */
    else
        s = BOLTER_END;
    while (s == BOLTER_OK)
        s = mta_wire_get(&w, &code, NULL);
    mta_wire_close(&w);
}

static void send_streams(struct fuzz *f)
{
    bt_buf b;
    bt_buf_init(&b, 1 << 16);
    size_t connections = 0;
    for (unsigned long sent = 0; sent < f->bytes; sent += b.len, connections++) {
        make_stream(f, &b);
        if (b.len > 0)
            send_stream(f, &b);
    }
    bt_buf_free(&b);
    printf("bytes=%lu connections=%zu\n", f->bytes, connections);
}

/* ---- Messages ------------------------------------------------------------------------------------- */

/* Change bytes, repeat a piece, cut a piece, or put in what parsers stumble over. */
static void mutate(struct fuzz *f, bt_buf *b, const bt_buf *file)
{
    static const char *const stones[] = {
        "\r",        "\n",       "\r\n\r\n",       "--",         "boundary=",  "=?utf-8?B?",
        "=?",        "?=",       "charset=x-none", "<!--",       "<style>",    "&#x110000;",
        "base64",    "=\r\n",    "begin 644 x\n",  "\xff\xfe",   "\xc3",       "\xed\xa0\x80",
        "multipart/mixed", "message/rfc822", "X-Spam-Flag: NO\r\n", "X-Bolter: x\n", ": ", "\t\t"};
    char piece[200];
    bt_buf_reset(b);
    put(b, file->data, file->len);
    for (size_t i = 1 + below(f, 6); i > 0 && b->len > 0; i--) {
        size_t at = below(f, b->len), n = below(f, b->len - at < sizeof piece ? b->len - at : sizeof piece);
        const char *stone = stones[below(f, sizeof stones / sizeof *stones)];
        switch (below(f, 4)) {
        case 0:
            change_bytes(f, b->data, b->len, 1 + below(f, 16));
            break;
        case 1:
            memmove(b->data + at, b->data + at + n, b->len - at - n);
            b->len -= n;
            break;
        case 2:
            n = strlen(stone) < b->len - at ? strlen(stone) : b->len - at;
            memcpy(b->data + at, stone, n);
            break;
        default:
            memcpy(piece, b->data + at, n); /* the buffer may move */
            put(b, piece, n);
        }
    }
}

static bool send_message(struct mta *m, const bt_buf *b, bolter_error *err)
{
    struct mta_mail mail;
    struct mta_reply reply;
    if (!mta_mail_parse(&mail, b->data, b->len))
        fail("no memory for a message");
    bolter_status s = mta_send(m, &mail, MTA_EOM, &reply, err);
    mta_mail_free(&mail);
    return s == BOLTER_OK;
}

static size_t send_messages(struct fuzz *f)
{
    bt_buf b;
    struct mta m;
    bool open = false;
    size_t failed = 0;
    bt_buf_init(&b, 2 * MESSAGE_MAX);
    for (unsigned long i = 0; i < f->messages; i++) {
        bolter_error err = {0};
        mutate(f, &b, &f->file[i % f->n_files]);
        if (!open && mta_open(&m, &f->mta, &err) != BOLTER_OK)
            fail(err.text);
        open = send_message(&m, &b, &err);
        if (!open) {
            failed++;
            fprintf(stderr, "fuzzmta: message %lu: %s\n", i, err.text);
            mta_close(&m, false);
        }
    }
    if (open)
        mta_close(&m, true);
    bt_buf_free(&b);
    printf("messages=%lu failed=%zu\n", f->messages, failed);
    return failed;
}

/* ---- One that does not end ------------------------------------------------------------------------ */

static bolter_status send_body(struct mta *m, unsigned long mib, bolter_error *err)
{
    static char chunk[MILTER_CHUNK_SIZE];
    char code = SMFIR_CONTINUE;
    bolter_status s = BOLTER_OK;
    memset(chunk, 'x', sizeof chunk);
    for (size_t i = 0; i < sizeof chunk; i += 72)
        chunk[i] = '\n';
    for (unsigned long i = 0; s == BOLTER_OK && i < mib * 1024 * 1024 / sizeof chunk; i++) {
        s = mta_wire_put(&m->wire, SMFIC_BODY, chunk, sizeof chunk, err);
        if (s == BOLTER_OK)
            s = mta_wire_get(&m->wire, &code, err);
    }
    if (s == BOLTER_OK)
        s = mta_wire_put(&m->wire, SMFIC_BODYEOB, NULL, 0, err);
    do
        s = s == BOLTER_OK ? mta_wire_get(&m->wire, &code, err) : s;
    while (s == BOLTER_OK && code != SMFIR_CONTINUE && code != SMFIR_ACCEPT);
    return s;
}

static size_t flood(struct fuzz *f)
{
    static const char head[] = "From: a@example.net\nSubject: long\n\n";
    struct mta_options o = f->mta;
    struct mta_mail mail;
    struct mta_reply reply;
    struct mta m;
    bolter_error err = {0};
    o.protocol = 0x7f; /* no skipping, and an answer to each step */
    if (!mta_mail_parse(&mail, head, sizeof head - 1))
        fail("no memory for a message");
    bolter_status s = mta_open(&m, &o, &err);
    if (s == BOLTER_OK)
        s = mta_send(&m, &mail, MTA_EOH, &reply, &err);
    if (s == BOLTER_OK)
        s = send_body(&m, f->flood_mib, &err);
    printf("flood=%lu %s\n", f->flood_mib, s == BOLTER_OK ? "answered" : err.text);
    mta_mail_free(&mail);
    mta_close(&m, true);
    return s != BOLTER_OK;
}

/* ---- Options -------------------------------------------------------------------------------------- */

static void take_options(struct fuzz *f, int argc, char **argv)
{
    static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                            {"seed", required_argument, NULL, 'r'},
                                            {"bytes", required_argument, NULL, 'b'},
                                            {"messages", required_argument, NULL, 'm'},
                                            {"flood", required_argument, NULL, 'f'},
                                            {NULL, 0, NULL, 0}};
    unsigned long seed = 1;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        unsigned long n = optarg ? strtoul(optarg, NULL, 10) : 0;
        if (o == 's')
            f->mta.socket = optarg;
        else if (o == 'r')
            seed = n;
        else if (o == 'b')
            f->bytes = n;
        else if (o == 'm')
            f->messages = n;
        else if (o == 'f')
            f->flood_mib = n;
        else
            fail("unknown option");
    }
    f->rng = (bt_rng){.seed = seed};
    if (!f->mta.socket || (f->messages > 0 && optind == argc) || argc - optind > FILES_MAX)
        fail("expected --socket SPEC, and with --messages 1 to 64 files");
}

int main(int argc, char **argv)
{
    static struct fuzz f;
    bolter_error err = {0};
    mta_options_default(&f.mta);
    take_options(&f, argc, argv);
    for (int i = optind; i < argc; i++) {
        bt_buf *b = &f.file[f.n_files++];
        bt_buf_init(b, MESSAGE_MAX);
        if (bt_read_all(b, argv[i], &err) != BOLTER_OK)
            fail(err.text);
    }
    size_t failed = 0;
    if (f.bytes > 0)
        send_streams(&f);
    if (f.messages > 0)
        failed += send_messages(&f);
    if (f.flood_mib > 0)
        failed += flood(&f);
    for (size_t i = 0; i < f.n_files; i++)
        bt_buf_free(&f.file[i]);
    return failed > 0;
}
