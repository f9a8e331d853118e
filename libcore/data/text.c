/* text.c - a file that is one message, or one text, or one text a line. */
#include <string.h>

#include "base/error.h"
#include "data/corpus.h"

/* The file's whole content, once; its id is its name. */
static bolter_status next_whole(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    if (c->index > 0)
        return BOLTER_END;
    ex->id = bt_base_name(c->path);
    return bt_source_rest(c->source, &c->body, err);
}

/* A line without its line end; an empty one is an empty text, so that indices count lines. */
static bolter_status next_line(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    (void)ex;
    if (c->index == 0)
        bt_source_skip_bom(c->source);
    bolter_status rc = bt_source_line(c->source, &c->body, err);
    if (rc == BOLTER_OK)
        bt_cut_line_end(&c->body);
    return rc;
}

const bt_reader bt_mail_reader = {.kind = "mail", .is_mail = true, .next = next_whole};
const bt_reader bt_text_reader = {.kind = "text", .next = next_whole};
const bt_reader bt_lines_reader = {.kind = "lines", .next = next_line};
