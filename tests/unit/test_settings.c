/* test_settings.c - the settings table, its reader, and the documents that must agree with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/settings.h"
#include "tests/check.h"

static const char *path_of(const char *content)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/conf", check_tmpdir());
    bt_write_file(path, content, strlen(content), NULL);
    return path;
}

static bolter_status load(struct settings *s, const char *content, bolter_error *err)
{
    *err = (bolter_error){0};
    settings_default(s);
    return settings_load(s, path_of(content), err);
}

static void empty_file_gives_the_defaults(struct check *c)
{
    static struct settings s, d;
    bolter_error err;
    settings_default(&d);
    CHECK(c, load(&s, "", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, memcmp(&s, &d, sizeof s) == 0, "they differ");
    CHECK(c, strcmp(d.socket, "unix:/run/bolter/milter.sock") == 0, "got %s", d.socket);
    CHECK(c, d.workers == 1 && d.timeout_ms == 60000 && d.socket_mode == 0660, "got others");
    CHECK(c, d.on_error == SETTINGS_ACCEPT && d.log_level == SETTINGS_LOG_INFO, "got others");
    CHECK(c, settings_check(&d, &err) == BOLTER_OK, "%s", err.text);
}

static void each_kind_is_read(struct check *c)
{
    static struct settings s;
    bolter_error err;
    CHECK(c,
          load(&s,
               "socket = \"inet:8899@localhost\";\nworkers = 3\nmax_message = 2000L;\n"
               "tag_at = 0.25; reject_at = 1; subject_at = \"model\";\nsocket_mode = \"0600\"\n"
               "on_error = \"tempfail\"; log_level = \"debug\";",
               &err) == BOLTER_OK,
          "%s", err.text);
    CHECK(c, strcmp(s.socket, "inet:8899@localhost") == 0, "got %s", s.socket);
    CHECK(c, s.workers == 3 && s.max_message == 2000, "got %d", (int)s.workers);
    CHECK(c, s.tag_at == 0.25 && s.reject_at == 1, "got %g", s.tag_at);
    CHECK(c, s.subject_at == SETTINGS_MODEL && s.discard_at == SETTINGS_NEVER, "got %g",
          s.subject_at);
    CHECK(c, s.socket_mode == 0600, "got %o", (unsigned)s.socket_mode);
    CHECK(c, s.on_error == SETTINGS_TEMPFAIL && s.log_level == SETTINGS_LOG_DEBUG, "got others");
}

static void each_mistake_names_file_line_setting_and_expectation(struct check *c)
{
    static const struct {
        const char *content, *want;
    } mistakes[] = {
        {"\nworkerz = 1;", ":2: unknown setting 'workerz'"},
        {"workers = 0;", ":1: workers: got 0, expected an integer from 1 to 256 (threads)"},
        {"workers = 1.5;", ":1: workers: got 1.5, expected an integer"},
        {"workers = \"2\";", ":1: workers: got \"2\", expected an integer"},
        {"\n\nworkers = true;", ":3: workers: got true, expected an integer"},
        {"workers = 99999999999999L;", "got 99999999999999, expected an integer"},
        {"workers = ( 1 );", "got a group or list, expected an integer"},
        {"tag_at = 1.01;", "tag_at: got 1.01, expected a number from 0 to 1"},
        {"tag_at = \"nan\";", "tag_at: got \"nan\", expected a number from 0 to 1 (probability), "
                             "model or never"},
        {"tag_at = true;", "tag_at: got true, expected a number"},
        {"socket = 5;", "socket: got 5, expected a string of 1 to 255 bytes"},
        {"socket = \"\";", "socket: got \"\", expected a string of 1 to 255 bytes"},
        {"socket_mode = 432;", "socket_mode: got 432, expected an octal mode"},
        {"socket_mode = \"0999\";", "got \"0999\", expected an octal mode"},
        {"on_error = \"drop\";", "on_error: got \"drop\", expected one of accept|tag|tempfail"},
        {"workers = 1;\nworkers = 2;", ":2: duplicate setting name"},
        {"workers == 1;", ":1: syntax error"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        static struct settings s;
        bolter_error err;
        bolter_status status = load(&s, mistakes[i].content, &err);
        CHECK(c, status == BOLTER_E_FORMAT && strstr(err.text, mistakes[i].want),
              "%s: got %s, want %s", mistakes[i].content, err.text, mistakes[i].want);
        CHECK(c, strstr(err.text, "/conf:"), "no file name in %s", err.text);
    }
}

static void unreadable_file_is_an_error_that_names_it(struct check *c)
{
    static struct settings s;
    bolter_error err = {0};
    settings_default(&s);
    CHECK(c, settings_load(&s, "/nowhere/bolter.conf", &err) == BOLTER_E_IO, "no error");
    CHECK(c, strstr(err.text, "/nowhere/bolter.conf: cannot open"), "got %s", err.text);
    err = (bolter_error){0};
    CHECK(c, settings_load(&s, check_tmpdir(), &err) == BOLTER_E_IO, "read a directory");
}

static void option_sets_one_value_by_the_same_rules(struct check *c)
{
    static struct settings s;
    bolter_error err = {0};
    settings_default(&s);
    CHECK(c, settings_set(&s, "workers=7", &err) == BOLTER_OK && s.workers == 7, "%s", err.text);
    CHECK(c, settings_set(&s, "reject_text=a=b", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, strcmp(s.reject_text, "a=b") == 0, "got %s", s.reject_text);
    CHECK(c, settings_set(&s, "user=", &err) == BOLTER_OK && s.user[0] == 0, "%s", err.text);
    settings_set(&s, "workers=many", &err);
    CHECK(c, strstr(err.text, "--set workers: got 'many', expected an integer"), "got %s",
          err.text);
    static const char *const wrong[] = {"workers",       "=1",        "worker=1",
                                        "workers=1x",    "workers=",  "tag_at=nan",
                                        "on_error=acc",  "on_error=", "socket_mode=8",
                                        "socket_mode=-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(c, settings_set(&s, wrong[i], NULL) == BOLTER_E_FORMAT, "took %s", wrong[i]);
}

/* The check's sentence about the defaults with these words, "" if it has none. */
static const char *objection(struct check *c, const char *one, const char *two)
{
    static struct settings s;
    static bolter_error err;
    err = (bolter_error){0};
    settings_default(&s);
    CHECK(c, settings_set(&s, one, NULL) == BOLTER_OK, "%s is no candidate", one);
    CHECK(c, !two || settings_set(&s, two, NULL) == BOLTER_OK, "%s is no candidate", two);
    return settings_check(&s, &err) == BOLTER_OK ? "" : err.text;
}

static void check_refuses_what_a_mail_server_would_ignore(struct check *c)
{
    static const char *const wrong[] = {
        "reject_dsn=4.7.1",      "reject_dsn=5.7.x",     "reject_dsn=5.7.1.1",
        "reject_dsn=5. 7.1",     "tempfail_dsn=5.7.1",   "reject_text=a\n\nb",
        "reject_text=\n",        "reject_text=tab\there", "tempfail_text=caf\xc3\xa9",
        "tempfail_text=1\n2\n3\n4\n5\n6\n7\n8\n9", "subject_tag=a\nb",
        "quarantine_reason=a\nb", "redirect_to=a@b.c d@e.f", "redirect_to=<a@b.c>"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(c, *objection(c, wrong[i], NULL), "took %s", wrong[i]);
    CHECK(c, !*objection(c, "reject_text=two\nlines", "tempfail_text=a\nb\n"), "refused lines");
}

static void check_wants_levels_in_order_and_an_address_to_redirect_to(struct check *c)
{
    static const struct {
        const char *one, *two, *want;
    } cases[] = {{"tag_at=0.9", "reject_at=0.8",
                  "reject_at: got 0.8, expected at least tag_at, which is 0.9"},
                 {"quarantine_at=0.95", "redirect_at=0.94",
                  "redirect_at: got 0.94, expected at least quarantine_at"},
                 {"unsure_at=0.7", "tag_at=0.6", "tag_at: got 0.6, expected at least unsure_at"},
                 {"tag_at=0.9", "reject_at=0.9", ""},
                 {"tag_at=model", "reject_at=0.1", ""},
                 {"quarantine_at=never", "reject_at=0.1", ""},
                 {"redirect_at=1", NULL, "redirect_to: got nothing, expected an address"},
                 {"denied=redirect", NULL, "redirect_to: got nothing"},
                 {"denied=redirect", "redirect_to=a@b.c", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = objection(c, cases[i].one, cases[i].two);
        CHECK(c, *cases[i].want ? strstr(got, cases[i].want) != NULL : !*got, "%s: got '%s'",
              cases[i].one, got);
    }
}

/* settings_print() into memory, owned by the caller. */
static char *printed(const struct settings *s)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    settings_print(s, out);
    fclose(out);
    return text;
}

static void printed_settings_read_back_equal(struct check *c)
{
    static struct settings s, again;
    bolter_error err;
    settings_default(&s);
    settings_set(&s, "reject_text=say \"no\" \\ and\tgo", NULL);
    settings_set(&s, "tag_at=0.123", NULL);
    settings_set(&s, "on_timeout=tempfail", NULL);
    char *text = printed(&s);
    CHECK(c, load(&again, text, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, memcmp(&s, &again, sizeof s) == 0, "they differ: %s", text);
    free(text);
}

/* A document of the source tree; bt_release() frees it. */
static char *document(struct check *c, const char *name)
{
    bt_buf b;
    bolter_error err = {0};
    bt_buf_init(&b, 1 << 20);
    CHECK(c, bt_read_all(&b, check_srcdir(name), &err) == BOLTER_OK, "%s", err.text);
    return b.data;
}

static void sample_states_every_default(struct check *c)
{
    static struct settings s, sample;
    settings_default(&s);
    char *text = document(c, "conf/bolter.conf.sample"), *want = printed(&s), *rest = want;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        char commented[2000];
        snprintf(commented, sizeof commented, "\n#%s\n", line);
        CHECK(c, strstr(text, commented), "the sample lacks %s", line);
    }
    /* Without the comment signs it is a file that loads: no name in it is unknown. */
    for (char *p = text; (p = strstr(p, "\n#")); p++)
        if (p[2] != ' ' && p[2] != '\n')
            p[1] = ' ';
    bolter_error err;
    CHECK(c, load(&sample, text, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, memcmp(&s, &sample, sizeof s) == 0, "the sample has other values");
    free(want);
    bt_release(text);
}

/* ".It Ic name No = Qq default" of a man page, or without Qq for a number. */
static void man_page_states_every_default(struct check *c)
{
    char *text = document(c, "conf/bolter.conf.5");
    const char *name, *fallback;
    size_t rows = 0, items = 0;
    for (; settings_row(rows, &name, &fallback); rows++) {
        char quoted[300], plain[300];
        snprintf(quoted, sizeof quoted, "\n.It Ic %s No = Qq %s\n", name,
                 *fallback ? fallback : "\\&");
        snprintf(plain, sizeof plain, "\n.It Ic %s No = %s\n", name, fallback);
        CHECK(c, strstr(text, quoted) || strstr(text, plain), "bolter.conf.5 lacks %s", quoted + 1);
    }
    for (char *p = text; (p = strstr(p, "\n.It Ic ")); p++)
        items++;
    CHECK(c, items == rows, "bolter.conf.5 has %zu settings, the table %zu", items, rows);
    bt_release(text);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(empty_file_gives_the_defaults),
        CASE(each_kind_is_read),
        CASE(each_mistake_names_file_line_setting_and_expectation),
        CASE(unreadable_file_is_an_error_that_names_it),
        CASE(option_sets_one_value_by_the_same_rules),
        CASE(check_refuses_what_a_mail_server_would_ignore),
        CASE(check_wants_levels_in_order_and_an_address_to_redirect_to),
        CASE(printed_settings_read_back_equal),
        CASE(sample_states_every_default),
        CASE(man_page_states_every_default),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
