/*
 * test_hidden.c - what of an HTML part its reader sees. Each way to hide has a twin that stays visible.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/check.h"
#include "text/color.h"
#include "text/html.h"

static void read_html(struct check *c, bt_buf *out, const char *html, size_t n, size_t *n_hidden)
{
    bt_buf_init(out, 1 << 20);
    *n_hidden = 0;
    CHECK(c, bt_html_text(out, html, n, n_hidden) == BOLTER_OK, "failed");
}

static void want_text(struct check *c, const char *html, const char *text)
{
    bt_buf b;
    size_t hidden;
    read_html(c, &b, html, strlen(html), &hidden);
    CHECK(c, strcmp(b.data ? b.data : "", text) == 0, "%s: got <%s>, want <%s>", html, b.data, text);
    bt_buf_free(&b);
}

/* An element of a tag with attributes, between others. */
static void want_element(struct check *c, const char *tag, const char *attributes, bool seen)
{
    char html[2048];
    snprintf(html, sizeof html, "<p>a</p><%s %s>word</%s><p>z</p>", tag, attributes, tag);
    bt_buf b;
    size_t hidden;
    read_html(c, &b, html, strlen(html), &hidden);
    CHECK(c, (strstr(b.data, "word") != NULL) == seen, "%s: got <%s>", html, b.data);
    CHECK(c, (hidden == 4) == !seen, "%s: %zu hidden", html, hidden);
    bt_buf_free(&b);
}

struct style {
    const char *style;
    bool seen;
};

static void want_styles(struct check *c, const struct style *styles, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char attribute[1024];
        snprintf(attribute, sizeof attribute, "style=\"%s\"", styles[i].style);
        want_element(c, "div", attribute, styles[i].seen);
    }
}

#define WANT_STYLES(c, styles) want_styles((c), (styles), sizeof(styles) / sizeof *(styles))

static void display_visibility_and_opacity_hide(struct check *c)
{
    static const struct style styles[] = {
        {"display:none", false},
        {"DISPLAY : None ! important", false},
        {"/* x */display:/* y */none", false},
        {"color:red;;display:none;", false},
        {"display:block;display:none", false},
        {"display:none;display:block", true},
        {"display:none!important;display:block", false},
        {"display:none !ie", true},
        {"display:non", true},
        {"xdisplay:none", true},
        {"display none", true},
        {"x:(;display:none", true},
        {"x:';display:none", true},
        {"background:url(a;b);display:none", false},
        {"visibility:hidden", false},
        {"visibility:collapse", false},
        {"visibility:visible", true},
        {"opacity:0", false},
        {"opacity:.05", false},
        {"opacity:5%", false},
        {"opacity:0.5", true},
        {"opacity:calc(0)", true},
        {"display:none;all:initial", true},
        {"opacity:0;animation:show 1s forwards", true},
        {"display:none;displa\\79:block", true},
    };
    WANT_STYLES(c, styles);
    want_element(c, "div", "hidden", false);
    want_element(c, "div", "hidden style=display:block", true);
    want_element(c, "div", "aria-hidden=true", true);
    want_element(c, "div", "style=display:contents;opacity:0", true);
}

static void tiny_fonts_hide_until_a_child_undoes_it(struct check *c)
{
    static const struct style styles[] = {
        {"font-size:0", false},
        {"font-size:0.0em", false},
        {"font-size:1px", false},
        {"font-size:1pt", false},
        {"font-size:2px", false},
        {"font-size:0.1em", false},
        {"font-size:5%", false},
        {"font:0/0 a", false},
        {"font:bold 1px/20px Arial", false},
        {"font-size:8px", true},
        {"font-size:.6em", true},
        {"font-size:small", true},
        {"font-size:0wx", true},
        {"font-size:calc(0px)", true},
        {"font:bold 700 12px/0 Arial", true},
        {"font-size:1", true},
        {"font-size:0;font-size:9px", true},
    };
    WANT_STYLES(c, styles);
    want_text(c, "<div style=font-size:0>a<b style=font-size:12px>b</b><font size=2>c</font>d</div>", "bc");
    want_text(c, "<div style=font-size:0>a<b style='font:12px Arial'>b</b><b style=font-size:2em>c</b></div>",
              "b");
    want_text(c, "<div style=visibility:hidden>a<b style=visibility:visible>b</b>c</div>", "b");
    want_text(c, "<div style=display:none>a<b style=display:block;font-size:9px>b</b></div>z", "z");
}

static void boxes_of_no_size_hide_what_they_cut_off(struct check *c)
{
    static const struct style styles[] = {
        {"max-height:0;overflow:hidden", false},
        {"max-height:0px;max-width:0px;overflow:hidden;mso-hide:all", false},
        {"height:0;overflow:hidden", false},
        {"height:1px;overflow:hidden", false},
        {"width:0;overflow:hidden", false},
        {"max-height:0", true},
        {"height:0", true},
        {"overflow:hidden", true},
        {"height:20px;overflow:hidden", true},
        {"height:0;overflow:auto", true},
        {"height:0;overflow-y:hidden", true},
        {"height:0;overflow:hidden;padding-bottom:50px", true},
        {"height:0;overflow:hidden;min-height:20px", true},
        {"height:0;overflow:hidden;min-width:20px", false},
        {"height:0;overflow:hidden;display:inline", true},
        {"height:0;overflow:hidden;display:table-cell", true},
        {"height:0;overflow:hidden;display:contents", true},
        {"max-height:0;max-block-size:none;overflow:hidden", true},
        {"mso-hide:all", true},
        {"text-indent:-9999px", true},
        {"position:absolute;left:-9999px", true},
        {"position:absolute;clip:rect(0,0,0,0)", true},
    };
    WANT_STYLES(c, styles);
    want_element(c, "span", "style='max-height:0;overflow:hidden'", true);
    want_element(c, "span", "style='max-height:0;overflow:hidden;display:block'", false);
    want_text(c, "<table><td style=height:0;overflow:hidden>a</table>", "a");
    want_text(c, "<body style=height:0;overflow:hidden>a</body>", "a");
}

#define CUT "<div style='height:0;overflow:hidden%s'>a<p style='position:%s'>b</p></div>z"

static void what_is_placed_outside_of_a_cut_box_is_seen(struct check *c)
{
    static const char *const cases[][3] = {{"", "absolute", "b\n\nz"},
                                           {"", "fixed", "b\n\nz"},
                                           {"", "relative", "z"},
                                           {";position:relative", "absolute", "z"},
                                           {";position:relative", "fixed", "b\n\nz"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char html[256];
        snprintf(html, sizeof html, CUT, cases[i][0], cases[i][1]);
        want_text(c, html, cases[i][2]);
    }
}

static void the_color_of_the_background_hides(struct check *c)
{
    static const struct style styles[] = {
        {"color:white", false},
        {"color:#fff", false},
        {"color:#FEFEFE", false},
        {"color:rgb(250, 252,255)", false},
        {"color:rgba(1,2,3,0)", false},
        {"color:transparent", false},
        {"color:#eee", true},
        {"color:whitte", true},
        {"color:inherit", true},
        {"color:#fff;background:#000", true},
        {"color:#fff;background-color:navy", true},
        {"color:#333;background:#333333 none repeat", false},
        {"color:#fff;background:url(x.png)", true},
        {"color:#fff;background:linear-gradient(red,blue)", true},
        {"color:#fff;background-image:url(x.png)", true},
        {"color:#fff;background:var(--x)", true},
        {"color:#fff;background:transparent", false},
        {"color:#fff;text-shadow:0 0 2px #000", true},
        {"color:transparent;text-shadow:0 0 0 #000", true},
        {"color:#fff;position:absolute;top:0", true},
        {"color:#fff;margin-top:-30px", true},
        {"color:#fff;float:left", true},
        {"color:#000;background:#000;height:0", true},
    };
    WANT_STYLES(c, styles);
    want_text(c, "a <font color=#ffffff>b</font> c", "a c");
    want_text(c, "a <font color=FFFFFF>b</font> c", "a c");
    want_text(c, "a<font color=white>_</font>c", "a c");
    want_text(c, "<body bgcolor=black text=white>a<font color=black>b", "a");
    want_text(c, "<table bgcolor=#000><td><font color=white>a</font><td bgcolor=white><font color=white>b",
              "a");
    want_text(c, "<table background=x><td><font color=white>a", "a");
    want_text(c, "<div bgcolor=black><font color=white>a", "a");
    want_text(c, "<div style=color:#fff>a<a href=#x>b</a><a>c</a><button>d</button></div>", "b d");
    want_text(c, "<span style=background:#fff><div style=color:#fff>a", "a");
    want_text(c, "<font color=white><img alt=a src=x></font>", "a");
}

static void simple_rules_of_style_sheets_hide(struct check *c)
{
    static const struct style sheets[] = {
        {".x{display:none}", false},
        {"div{display:none}", false},
        {"div.x{display:none}", false},
        {"DIV.x{display:none}", false},
        {"#i{display:none}", false},
        {"div#i{display:none}", false},
        {".y,\n.x { color: red; display : none }", false},
        {"/* , */ .x /* y */ {display:none}", true},
        {"/* , */ .x {display:none/*", false},
        {"<!-- .x{display:none} -->", false},
        {"@import 'a'; .x{display:none}", false},
        {"@media screen{.x{display:none}}", false},
        {"@media ALL {.x{display:none}}", false},
        {"@font-face{a:b}.x{display:none}", false},
        {".x{display:none", false},
        {".x{color:#fff}", false},
        {".X{display:none}", true},
        {"p.x{display:none}", true},
        {".y{display:none}", true},
        {".x:hover{display:none}", true},
        {"body .x{display:none}", true},
        {".x, .y:foo{display:none}", true},
        {"*{display:none}", true},
        {"} .x{display:none}", true},
        {"a; .x{display:none}", true},
        {"@media (max-width:600px){.x{display:none!important}}", true},
        {"@media print{.x{display:none}}", true},
        {"@font-face{.x{display:none}}", true},
        {"@supports (a:b){.x{display:none}}", true},
        {".x{display:none}.x{display:block}", true},
        {".x{display:none}div{display:block}", false},
        {".x{display:none}#i{display:block}", true},
        {".x{display:none!important}#i{display:block}", false},
        {".x{display:none}@media (x){.x{display:block}}", true},
        {".x{display:none}body .x{display:block}", true},
        {".x{display:none}@media (x){.x{display:none!important}}", false},
        {".x{display:none}.absent .x{display:block}", false},
        {".x{display:none}[owa] div{display:block}", false},
        {".x{display:none}@keyframes a{.x{display:block}}", false},
        {".x{display:none;&{display:block}}", true},
        {".x{display:none}.\\78{display:block}", true},
        {".x{color:#fff}body div{background:#000}", true},
    };
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        char html[512];
        snprintf(html, sizeof html, "<style>%s</style><div class='w x' id=i>word</div>z", sheets[i].style);
        want_text(c, html, sheets[i].seen ? "word\nz" : "z");
    }
}

static void the_style_attribute_wins_over_sheets(struct check *c)
{
    want_text(c, "<style>#i{display:none}</style><p id=i style=display:block>a", "a");
    want_text(c, "<style>#i{display:none!important}</style><p id=i style=display:block>a</p>z", "z");
    want_text(c, "<style>#i{display:block}</style><p id=i style=display:none>a</p>z", "z");
    want_text(c, "<style>#i{display:block!important}</style><p id=i style=display:none>a", "a");
    want_text(c, "<style>@media (x){#i{display:block!important}}</style><p id=i style=display:none>a", "a");
    want_text(c, "<style media=print>#i{display:none}</style><p id=i>a", "a");
    want_text(c, "<style type=text/x>#i{display:none}</style><p id=i>a", "a");
    want_text(c, "<style>td{background:#000}</style><table><td><font color=white>a", "a");
    want_text(c, "<p class=x>a</p>z<style>.x{display:none}</style>", "z");
}

static void colors_are_read(struct check *c)
{
    static const struct {
        const char *value;
        int opacity, rgb;
    } colors[] = {
        {"#1a2B3c", BT_COLOR_UNKNOWN, 0}, /* styles are read in lower case */
        {"#1a2b3c", BT_COLOR_OPAQUE, 0x1a2b3c},
        {"#abc", BT_COLOR_OPAQUE, 0xaabbcc},
        {"#abc0", BT_COLOR_CLEAR, 0xaabbcc},
        {"#01020380", BT_COLOR_UNKNOWN, 0},
        {"#ab", BT_COLOR_UNKNOWN, 0},
        {"rgb(1,2,3)", BT_COLOR_OPAQUE, 0x010203},
        {"rgb(100% 0% 0% / 1)", BT_COLOR_OPAQUE, 0xff0000},
        {"rgb(1,2)", BT_COLOR_UNKNOWN, 0},
        {"rgb(1,2,3", BT_COLOR_UNKNOWN, 0},
        {"rgb(9999999,-5,0)", BT_COLOR_OPAQUE, 0xff0000}, /* what is out of range is cut to it */
        {"rgba(0,0,0,.5)", BT_COLOR_UNKNOWN, 0},
        {"transparent", BT_COLOR_CLEAR, 0},
        {"aliceblue", BT_COLOR_OPAQUE, 0xf0f8ff},
        {"yellow", BT_COLOR_OPAQUE, 0xffff00},
        {"windowtext", BT_COLOR_UNKNOWN, 0},
    };
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++) {
        bt_color k = bt_color_read(colors[i].value);
        int rgb = k.channel[0] << 16 | k.channel[1] << 8 | k.channel[2];
        bool right =
            k.opacity == colors[i].opacity && (k.opacity == BT_COLOR_UNKNOWN || rgb == colors[i].rgb);
        CHECK(c, right, "%s: got %d, %06x", colors[i].value, k.opacity, (unsigned)rgb);
    }
}

/* ---- Hostile sheets ---- */

static void repeat(bt_buf *b, const char *head, const char *unit, size_t bytes, const char *tail)
{
    bt_buf_init(b, 2 << 20);
    bt_buf_append_str(b, head);
    while (b->len + strlen(unit) + strlen(tail) < bytes)
        bt_buf_append_str(b, unit);
    bt_buf_append_str(b, tail);
}

static void hostile_sheets_are_read_in_linear_time_and_hide_nothing_visible(struct check *c)
{
    static const char *const cases[][3] = {
        {"rules", ".x{color:red}", "</style>"},
        {"rules that show", ".x{display:block}", "</style>"},
        {"selectors", ".x,td,", "b{display:block;color:red}</style>"},
        {"selectors without end", ".x,", "</style>"},
        {"nested blocks", ".x{", "</style>"},
        {"nested media", "@media x{", "</style>"},
        {"open braces", "{", "</style>"},
        {"closed braces", "}", "</style>"},
        {"brackets", "([", "</style>"},
        {"strings", "'\n", "</style>"},
        {"comments", "/*", "</style>"},
        {"comments that end", "/**/", "</style>"},
        {"addresses", "url(", "</style>"},
        {"backslashes", "\\", "</style>"},
        {"needs", ".a .b #c [d] e{display:block}", "</style>"},
        {"declarations", "color:red;", "</style>"},
        {"one rule of many", "font:1px;;", "}</style>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bt_buf html, text;
        char tail[128];
        size_t hidden;
        snprintf(tail, sizeof tail, "%s<p class=x>word</p>", cases[i][2]);
        repeat(&html, "<style>", cases[i][1], 1000000, tail);
        clock_t start = clock();
        read_html(c, &text, html.data, html.len, &hidden);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        CHECK(c, text.data && strcmp(text.data, "word") == 0, "%s: got <%.60s>", cases[i][0], text.data);
        CHECK(c, seconds < 5, "%s took %.1f s", cases[i][0], seconds);
        bt_buf_free(&html);
        bt_buf_free(&text);
    }
}

static void many_classes_on_many_elements_take_no_longer(struct check *c)
{
    bt_buf html, text;
    size_t hidden;
    repeat(&html, "<style>.a{display:block}.b .a{color:red}.c{display:none}</style>",
           "<i class='a b a b a b a b'>w</i> ", 190000, "<b class=c>x</b>");
    clock_t start = clock();
    read_html(c, &text, html.data, html.len, &hidden);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    CHECK(c, seconds < 5 && hidden == 1, "%.1f s, %zu hidden", seconds, hidden);
    bt_buf_free(&html);
    bt_buf_free(&text);
}

static void a_sheet_over_its_limits_hides_nothing(struct check *c)
{
    bt_buf html, text;
    size_t hidden;
    repeat(&html, "<style>.x{display:none}", "a,", 200000,
           "a{display:block}</style><p class=x style=display:none>word");
    read_html(c, &text, html.data, html.len, &hidden);
    CHECK(c, text.data && strcmp(text.data, "word") == 0, "got <%s>", text.data);
    bt_buf_free(&html);
    bt_buf_free(&text);
}

/* Every beginning of a sheet, and every byte in every place of it. */
static void damaged_sheets_are_survived(struct check *c)
{
    static const char sheet[] =
        "<style>@media x{.a,b.c:d [e]{f:g(h)'i';display:no\\6e e!important}}/*j*/</style>"
        "<p class='a k' style='font:1px/2 l;color:rgb(1,2,3)'>m";
    for (size_t cut = 0; cut < sizeof sheet; cut++)
        for (int byte = 0; byte < 256; byte++) {
            char damaged[sizeof sheet];
            bt_buf text;
            size_t hidden;
            memcpy(damaged, sheet, sizeof sheet);
            damaged[cut] = (char)byte;
            read_html(c, &text, damaged, byte == 0 ? cut : sizeof sheet - 1, &hidden);
            bt_buf_free(&text);
        }
}

static void failing_allocations_are_reported(struct check *c)
{
    static const char html[] = "<style>.a{display:none}.b .c{color:red}</style><p class=a>x</p>word";
    bolter_status status = BOLTER_E_NOMEM;
    unsigned long n = 0;
    for (; status != BOLTER_OK && n < 100; n++) {
        bt_buf text;
        size_t hidden = 0;
        bt_buf_init(&text, 1000);
        bt_mem_fail_from(n + 1);
        status = bt_html_text(&text, html, sizeof html - 1, &hidden);
        bt_mem_fail_from(0);
        CHECK(c, status == BOLTER_OK || status == BOLTER_E_NOMEM, "allocation %lu: %d", n, status);
        bt_buf_free(&text);
    }
    CHECK(c, n > 4 && n < 100, "%lu allocations", n);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(display_visibility_and_opacity_hide),
        CASE(tiny_fonts_hide_until_a_child_undoes_it),
        CASE(boxes_of_no_size_hide_what_they_cut_off),
        CASE(what_is_placed_outside_of_a_cut_box_is_seen),
        CASE(the_color_of_the_background_hides),
        CASE(simple_rules_of_style_sheets_hide),
        CASE(the_style_attribute_wins_over_sheets),
        CASE(colors_are_read),
        CASE(hostile_sheets_are_read_in_linear_time_and_hide_nothing_visible),
        CASE(many_classes_on_many_elements_take_no_longer),
        CASE(a_sheet_over_its_limits_hides_nothing),
        CASE(damaged_sheets_are_survived),
        CASE(failing_allocations_are_reported),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
