/* test_unscorable.c - messages about which a verdict would say nothing. */
#include <string.h>

#include "bolter.h"
#include "tests/check.h"
#include "text/armor.h"

static void unscorable_is_what_gives_a_model_nothing_to_judge(struct check *c)
{
    static const struct {
        const char *raw, *want;
    } cases[] = {
        {"", "empty"},
        {"From: a@example.org\n\n", "empty"},
        {"From: a@example.org\nSubject: \n\n \n\n", "empty"},
        {"Subject: s\n\n", NULL},
        {"From: a@example.org\n\nb\n", NULL},
        {"Content-Type: multipart/encrypted; boundary=x\n\n"
         "--x\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
         "--x\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n--x--\n",
         "encrypted"},
        {"Content-Type: multipart/encrypted; boundary=x\n\n"
         "--x\nContent-Type: text/plain\n\nBuy now\n--x--\n",
         NULL},
        {"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAG\n", "encrypted"},
        {"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=a.p7m\n\nMIAG\n",
         NULL},
        {"Subject: s\n\n-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nhQEMA+/0=\n=abcd\n"
         "-----END PGP MESSAGE-----\n",
         "encrypted"},
        {"Subject: s\n\nBuy now\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n"
         "-----END PGP MESSAGE-----\n",
         NULL},
        {"Subject: s\n\n-----BEGIN PGP MESSAGE-----\n\nbuy my pills\n"
         "-----END PGP MESSAGE-----\n",
         NULL},
        {"Subject: s\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", NULL},
    };
    bolter_error err = {0};
    bolter_text *t;
    const char *utf8;
    size_t n;
    CHECK(c, bolter_text_open(&t, NULL, &err) == BOLTER_OK, "%s", err.text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_text_reset(t);
        bolter_text_chunk(t, cases[i].raw, strlen(cases[i].raw), &err);
        CHECK(c, bolter_text_finish(t, &utf8, &n, &err) == BOLTER_OK, "%s", err.text);
        const char *got = bolter_text_unscorable(t), *want_word = cases[i].want;
        bool same = got && want_word ? strcmp(got, want_word) == 0 : got == want_word;
        CHECK(c, same, "case %zu: got %s, want %s", i, got ? got : "nothing",
              want_word ? want_word : "nothing");
    }
    bolter_text_free(t);
}

static void text_under_the_name_of_ciphertext_is_read(struct check *c)
{
    static const char raw[] = "Subject: s\nContent-Type: multipart/encrypted; boundary=x\n\n"
                              "--x\nContent-Type: text/plain\n\nfor all to read\n--x--\n";
    bolter_error err = {0};
    bolter_text *t;
    const char *utf8 = "";
    size_t n;
    CHECK(c, bolter_text_open(&t, NULL, &err) == BOLTER_OK, "%s", err.text);
    bolter_text_chunk(t, raw, sizeof raw - 1, &err);
    CHECK(c, bolter_text_finish(t, &utf8, &n, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, strstr(utf8, "for all to read"), "got %s", utf8);
    bolter_text_free(t);
}

static void armor_with_a_word_beside_it_is_text(struct check *c)
{
    static const struct {
        const char *text;
        bool all;
    } cases[] = {
        {"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n=abcd\n-----END PGP MESSAGE-----", true},
        {"\n-----BEGIN PGP MESSAGE-----\nhQEMA\n-----END PGP MESSAGE-----\n\n", true},
        {"-----BEGIN PGP MESSAGE-----\nComment: Buy\n\nhQEMA\n-----END PGP MESSAGE-----", false},
        {"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\nBuy", false},
        {"-----BEGIN PGP MESSAGE-----\n-----END PGP MESSAGE-----", false},
        {"-----BEGIN PGP SIGNED MESSAGE-----\n\nhQEMA\n", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(c, bt_armor_is_all(cases[i].text, strlen(cases[i].text)) == cases[i].all, "case %zu", i);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(unscorable_is_what_gives_a_model_nothing_to_judge),
        CASE(text_under_the_name_of_ciphertext_is_read),
        CASE(armor_with_a_word_beside_it_is_text),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
