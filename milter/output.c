/* output.c - the three forms of a verdict. The program never calls setlocale(): points are points.
 */
#include "milter/output.h"

#include <math.h>
#include <string.h>

static long total_ms(const bolter_verdict *v)
{
    return lround(v->queue_ms + v->compute_ms);
}

static void put_safe(FILE *out, const char *text)
{
    for (; *text; text++)
        putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

static void put_id(FILE *out, const char *id)
{
    if (!id)
        return;
    putc(' ', out);
    put_safe(out, id);
}

static void put_pieces(FILE *out, const struct output_row *r)
{
    for (size_t i = 0; i < r->n_pieces; i++) {
        fprintf(out, "  %+.2f ", (double)r->pieces[i].weight);
        put_safe(out, r->pieces[i].text);
        putc('\n', out);
    }
}

static void put_plain(FILE *out, const struct output_row *r)
{
    const bolter_verdict *v = r->verdict;
    if (r->unscorable)
        fprintf(out, "unscorable (%s)", r->unscorable);
    else
        fprintf(out, "%s %.4f (%zu tokens%s, %ld ms)", bolter_class_name(v->decision), (double)v->spam,
                v->n_tokens, v->truncated ? ", truncated" : "", total_ms(v));
    put_id(out, r->id);
    putc('\n', out);
    put_pieces(out, r);
}

static void put_terse(FILE *out, const struct output_row *r)
{
    static const char letter[] = {[BOLTER_HAM] = 'H', [BOLTER_UNSURE] = 'U', [BOLTER_SPAM] = 'S'};
    if (r->unscorable)
        fputs("N -", out);
    else
        fprintf(out, "%c %.6f", letter[r->verdict->decision], (double)r->verdict->spam);
    put_id(out, r->id);
    putc('\n', out);
}

/* Length of the well-formed UTF-8 character at s, of n bytes; 0 if there is none. RFC 3629. */
static size_t utf8_len(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return 1;
    size_t len = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : 4;
    if (s[0] < 0xc2 || s[0] > 0xf4 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool too_high = s[0] == 0xf4 && s[1] > 0x8f;
    return overlong || surrogate || too_high ? 0 : len;
}

static void put_string(FILE *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = strlen(text);
    putc('"', out);
    while (n > 0) {
        size_t len = utf8_len(s, n);
        if (len == 0)
            fputs("\\ufffd", out);
        else if (*s < 0x20 || *s == 0x7f)
            fprintf(out, "\\u%04x", *s);
        else if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else
            fwrite(s, 1, len, out);
        s += len ? len : 1;
        n -= len ? len : 1;
    }
    putc('"', out);
}

static void put_scores(FILE *out, const struct output_row *r)
{
    fputs(",\"scores\":{", out);
    for (size_t i = 0; i < r->n_label; i++) {
        if (i > 0)
            putc(',', out);
        put_string(out, r->label[i]);
        fprintf(out, ":%.6f", (double)r->scores[i]);
    }
    putc('}', out);
}

static void put_explanation(FILE *out, const struct output_row *r)
{
    fputs(",\"explain\":[", out);
    for (size_t i = 0; i < r->n_pieces; i++) {
        const bolter_piece *p = &r->pieces[i];
        fprintf(out, "%s{\"weight\":%.4f,\"at\":%zu,\"bytes\":%zu,\"text\":", i > 0 ? "," : "",
                (double)p->weight, p->at, p->n);
        put_string(out, p->text);
        putc('}', out);
    }
    putc(']', out);
}

static void put_verdict(FILE *out, const struct output_row *r)
{
    const bolter_verdict *v = r->verdict;
    fprintf(out, ",\"verdict\":\"%s\",\"label\":", bolter_class_name(v->decision));
    put_string(out, r->label[v->label]);
    fprintf(out, ",\"score\":%.6f", (double)v->spam);
    put_scores(out, r);
    fprintf(out, ",\"tokens\":%zu,\"windows\":%zu,\"truncated\":%s,\"model\":", v->n_tokens, v->n_windows,
            v->truncated ? "true" : "false");
    put_string(out, v->model_id);
    fprintf(out, ",\"ms\":%ld", total_ms(v));
    if (r->pieces)
        put_explanation(out, r);
}

static void put_json(FILE *out, const struct output_row *r)
{
    fputs("{\"v\":1,\"id\":", out);
    put_string(out, r->id ? r->id : "-");
    if (r->unscorable) {
        fprintf(out, ",\"verdict\":\"unscorable\",\"unscorable\":\"%s\",\"model\":", r->unscorable);
        put_string(out, r->verdict->model_id);
    } else {
        put_verdict(out, r);
    }
    fputs("}\n", out);
}

void output_row(FILE *out, enum output_format format, const struct output_row *row)
{
    switch (format) {
    case OUTPUT_PLAIN:
        put_plain(out, row);
        break;
    case OUTPUT_TERSE:
        put_terse(out, row);
        break;
    case OUTPUT_JSON:
        put_json(out, row);
        break;
    case OUTPUT_NONE:
        break;
    }
}
