/* test_opaque.c - what is shortened in a mail's text, and what is not. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "tests/check.h"
#include "text/normal.h"
#include "text/opaque.h"

#define TOKEN "WgB1SFxu9AZB7N85x0AX1jgJUJcxHYBInUhtUrEpcPX5kWPGhMYEfytqeAN029rH"

/* Shortened it is as expected, and so it stays. */
static void expect(struct check *c, const char *text, const char *want)
{
    bt_buf b;
    bt_buf_init(&b, 1 << 16);
    CHECK(c, bt_buf_append_str(&b, text), "no memory");
    for (int i = 0; i < 2; i++) {
        bt_opaque_shorten(&b);
        CHECK(c, b.data && strcmp(b.data, want) == 0 && b.len == strlen(want),
              "time %d: got \"%s\", expected \"%s\"", i + 1, b.data ? b.data : "", want);
    }
    bt_buf_free(&b);
}

static void a_long_link_keeps_host_and_path(struct check *c)
{
    expect(c, "open https://click.mail.example/ls/click?upn=" TOKEN " today",
           "open https://click.mail.example/ls/click... today");
    expect(c, "https://shop.example/" TOKEN, "https://shop.example/WgB1SFxu9AZB7N85x0AX1jg...");
    expect(c, "(see <HTTP://a.example#" TOKEN ">)", "(see <HTTP://a.example#WgB1SFxu9AZB7N85x0AX1jg...)");
}

/* In Chinese no blank stands between a link and the sentence that goes on. */
static void a_link_ends_where_another_script_begins(struct check *c)
{
    static const char sentence[] = "\xe7\x82\xb9\xe5\x87\xbb https://a.example/x"
                                   "\xe7\xab\x8b\xe5\x8d\xb3\xe9\xa2\x86\xe5\x8f\x96\xe6\x82\xa8\xe7\x9a\x84"
                                   "\xe5\xa5\x96\xe9\x87\x91\xe7\xab\x8b\xe5\x8d\xb3\xe9\xa2\x86\xe5\x8f\x96";
    expect(c, sentence, sentence);
    expect(c, "https://a.example/" TOKEN "\xe7\x82\xb9\xe5\x87\xbb",
           "https://a.example/WgB1SFxu9AZB7N85x0AX1jg...\xe7\x82\xb9\xe5\x87\xbb");
}

static void short_links_and_mail_addresses_stay(struct check *c)
{
    expect(c, "https://shop.example/orders/4711?track=1", "https://shop.example/orders/4711?track=1");
    expect(c, "https://a-very-long-name-of-a-host.of-some-shop.somewhere.example",
           "https://a-very-long-name-of-a-host.of-some-shop.somewhere.example");
    expect(c, "write to somebody.with.a.long.name@department.of.something.example",
           "write to somebody.with.a.long.name@department.of.something.example");
}

static void a_signature_in_armour_leaves_its_first_letters(struct check *c)
{
    expect(c,
           "Bring a passport.\n-----BEGIN PGP SIGNATURE-----\n\n"
           "phIryNhLaQnmleM+JG14feo7h0QAvwrY2bieJ/RbsbgEpiP9wIIlSb5iDkvIAgV\n"
           "cYF5FgGqhHOiFqVJIQ3dSCiWmp/rcuEMQ1S+/+Ye5Yz6QB7i5SME4nypwuKnQyA\n"
           "Kov6EKCWET/Zkv+oAr9nr8==\n=abcd\n-----END PGP SIGNATURE-----\nOtto",
           "Bring a passport.\n-----BEGIN PGP SIGNATURE-----\n\nphIryNhL...\n"
           "-----END PGP SIGNATURE-----\nOtto");
}

static void digests_and_keys_in_a_line_are_shortened(struct check *c)
{
    expect(c, "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 file.tar",
           "sha256 9f86d081... file.tar");
    expect(c, "token: " TOKEN, "token: WgB1SFxu...");
}

static void words_paths_and_rules_stay(struct check *c)
{
    static const char *const same[] = {
        "Donaudampfschifffahrtsgesellschaftskapitaensmuetze",
        "/usr/share/doc/libcurl4-openssl-dev/examples/README.Debian.gz",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "-----------------------------------------------------------------",
        "=================================================================",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae"
        "\xe6\x96\x87\xe7\xab\xa0\xe3\x81\xab\xe3\x81\xaf"
        "\xe7\xa9\xba\xe7\x99\xbd\xe3\x81\x8c\xe3\x81\xaa\xe3\x81\x84",
        "the_name_of_a_function_that_is_much_too_long(int a)",
        "GPT-2 reads 512 tokens, at 12:30 on 2026-11-22, for $4.50",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        expect(c, same[i], same[i]);
}

static void text_after_data_stays(struct check *c)
{
    expect(c, TOKEN "\n" TOKEN "\nRegards\n12\n", "WgB1SFxu...\nRegards\n12\n");
    expect(c, TOKEN "\nbuy now for 5\n", "WgB1SFxu...\nbuy now for 5\n");
    expect(c, TOKEN "\n1\n2\n3buy\n4now\n", "WgB1SFxu...\n3buy\n4now\n");
}

static void random_text(bt_buf *b, bt_rng *rng)
{
    static const char *const pieces[] = {"https://h.example/", "\xc3\xa9", "\xe6\x97\xa5", " ", "\n",
                                         "a", "=", "?", "x9Kq", TOKEN, "words", ">", "--", "\t"};
    bt_buf_reset(b);
    for (size_t n = bt_rng_below(rng, 60); n > 0; n--)
        if (!bt_buf_append_str(b, pieces[bt_rng_below(rng, sizeof pieces / sizeof *pieces)]))
            abort();
}

static bool is_utf8(const bt_buf *b)
{
    for (size_t i = 0, n; i < b->len; i += n)
        if ((n = bt_utf8_char(b->data + i, b->len - i)) == 0)
            return false;
    return true;
}

static void any_text_stays_text_and_grows_no_longer(struct check *c)
{
    bt_rng rng = {.seed = 3};
    bt_buf b;
    bt_buf_init(&b, 1 << 16);
    for (int i = 0; i < 20000; i++) {
        random_text(&b, &rng);
        size_t before = b.len;
        bt_opaque_shorten(&b);
        CHECK(c, is_utf8(&b) && b.len <= before, "text %d: %zu bytes of %zu: %s", i, b.len, before, b.data);
        before = b.len;
        bt_opaque_shorten(&b);
        CHECK(c, b.len == before, "text %d: %zu bytes the second time, then %zu", i, before, b.len);
    }
    bt_buf_free(&b);
}

static void an_empty_text_stays_empty(struct check *c)
{
    bt_buf b;
    bt_buf_init(&b, 16);
    bt_opaque_shorten(&b);
    CHECK(c, b.len == 0, "%zu bytes", b.len);
    bt_buf_free(&b);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_long_link_keeps_host_and_path),
        CASE(a_link_ends_where_another_script_begins),
        CASE(short_links_and_mail_addresses_stay),
        CASE(a_signature_in_armour_leaves_its_first_letters),
        CASE(digests_and_keys_in_a_line_are_shortened),
        CASE(words_paths_and_rules_stay),
        CASE(text_after_data_stays),
        CASE(any_text_stays_text_and_grows_no_longer),
        CASE(an_empty_text_stays_empty),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
