/*
 * test_obtain.c - bolter-train fetch beyond the transfer: what is there already, files by hand,
 * archives, the known sets, and usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bolter_data.h"
#include "tests/check.h"
#include "tests/net/archives.h"
#include "tests/net/fetchrun.h"

/* ---- What is there already ---- */

static void what_is_not_ours_is_not_touched(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY}};
    fetch_begin(pages, 1);
    write_file("data.bin", "mine", 4);
    mkdir("folder", 0777);
    FETCH("/data.bin");
    expect(c, 1, "no receipt");
    FETCH("--force", "/data.bin");
    expect(c, 1, "no receipt");
    FETCH("--force", "-o", "folder", "/data.bin");
    expect(c, 1, "no receipt");
    CHECK(c, file_is("data.bin", "mine", 4) && is_there("folder"), "it was");
    write_file("data.bin.receipt", "{}", 2);
    FETCH("--force", "/data.bin");
    expect(c, 1, "no receipt of this program's");
    CHECK(c, file_is("data.bin", "mine", 4), "it was");
    fetch_end();
    CHECK(c, server.n == 0, "%zu requests", server.n);
}

static void a_pinned_file_put_there_by_hand_is_whole(struct check *c)
{
    fetch_begin(NULL, 0);
    write_file("data.bin", fetch_body, FETCH_SIZE);
    FETCH("--sha256", fetch_body_sha256, "/data.bin");
    expect(c, 0, "there already, and whole");
    fetch_end();
}

static void a_file_downloaded_by_hand_is_verified_and_taken(struct check *c)
{
    fetch_begin(NULL, 0);
    write_file("hand", fetch_body, FETCH_SIZE);
    FETCH("--from", "hand", "--sha256", fetch_body_sha256, "/data.bin");
    expect(c, 0, "");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE) && is_there("hand"), "content");
    write_file("hand", fetch_other, FETCH_SIZE);
    FETCH("--from", "hand", "--sha256", fetch_body_sha256, "-o", "x", "/data.bin");
    expect(c, 1, "expected");
    FETCH("--from", "none", "-o", "x", "/data.bin");
    expect(c, 1, "none: No such file");
    CHECK(c, !is_there("x") && !is_there("x.fetch") && !is_there("x.receipt"), "something is left");
    fetch_end();
}

static void users_and_queries_are_not_written_down(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin?key=secret", BODY, .cut = 100000}};
    char url[128], note[600] = "";
    fetch_begin(pages, 1);
    snprintf(url, sizeof url, "http://user:secret@127.0.0.1:%d/data.bin?key=secret", server.port);
    FETCH("--retries", "0", url);
    expect(c, 1, "goes on from there");
    read_file("data.bin.fetch/data.bin.note", note, sizeof note - 1);
    CHECK(c, strstr(note, "/data.bin") && !strstr(note, "secret") && !strstr(last.err, "secret"),
          "note %s; said %s", note, last.err);
    fetch_end();
}

/* ---- Archives ---- */

static const struct member kind_members[] = {
    {"set/ham/1.txt", MEMBER_FILE, "Subject: tea\nat four", 0},
    {"set/spam/2.txt", MEMBER_FILE, "Subject: win", 0}};

static void an_archive_is_unpacked_whole(struct check *c)
{
    size_t n;
    char *bytes = archive_of(ARCHIVE_TAR_BZ2, kind_members, 2, &n);
    struct httpd_page pages[] = {{"/set.tar.bz2", .body = bytes, .n = n}};
    fetch_begin(pages, 1);
    FETCH("--unpack", "/set.tar.bz2");
    expect(c, 0, "");
    CHECK(c,
          strcmp(last.out, "set\n") == 0 && file_is("set/set/spam/2.txt", "Subject: win", 12) &&
              !is_there("set.fetch"),
          "printed %s", last.out);
    FETCH("--unpack", "/set.tar.bz2");
    expect(c, 0, "there already, and whole");
    unlink("set/set/spam/2.txt");
    FETCH("--unpack", "/set.tar.bz2");
    expect(c, 1, "1 files of 20 bytes, expected 2 of 32");
    FETCH("--unpack", "--force", "/set.tar.bz2");
    expect(c, 0, "");
    CHECK(c, file_is("set/set/spam/2.txt", "Subject: win", 12), "not fetched again");
    fetch_end();
    free(bytes);
}

static void an_evil_archive_leaves_nothing(struct check *c)
{
    static const struct member evil[][2] = {
        {{"fine", MEMBER_FILE, "x", 0}, {"../outside", MEMBER_FILE, "x", 0}},
        {{"fine", MEMBER_FILE, "x", 0}, {"/tmp/outside", MEMBER_FILE, "x", 0}},
        {{"link", MEMBER_SYMLINK, "..", 0}, {"link/outside", MEMBER_FILE, "x", 0}},
        {{"zeros", MEMBER_FILE, NULL, 40 << 20}, {"fine", MEMBER_FILE, "x", 0}},
    };
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
        size_t n;
        char *bytes = archive_of(ARCHIVE_TAR_GZ, evil[i], 2, &n);
        struct httpd_page pages[] = {{"/evil.tgz", .body = bytes, .n = n}};
        fetch_begin(pages, 1);
        FETCH("--unpack", "/evil.tgz");
        expect(c, 1, i == 3 ? "more than is allowed" : "\"");
        CHECK(c, folder_is_empty(), "%zu: something is left", i);
        fetch_end();
        free(bytes);
    }
}

static void a_torn_archive_leaves_nothing(struct check *c)
{
    size_t n;
    char *bytes = archive_of(ARCHIVE_TAR_GZ, kind_members, 2, &n);
    struct httpd_page pages[] = {{"/set.tar.gz", .body = bytes, .n = n / 2}};
    fetch_begin(pages, 1);
    FETCH("--unpack", "/set.tar.gz");
    expect(c, 1, "truncated gzip input");
    FETCH("--unpack", "--max-unpacked", "10", "/set.tar.gz");
    expect(c, 1, "");
    CHECK(c, folder_is_empty(), "something is left");
    fetch_end();
    free(bytes);
}

/* Every message of a folder, read as a corpus. */
static size_t n_texts(struct check *c, const char *dir)
{
    bolter_corpus *corpus;
    bolter_example ex;
    bolter_error err = {0};
    size_t n = 0;
    bolter_status rc = bolter_corpus_open(&corpus, NULL, dir, "pos", &err);
    while (rc == BOLTER_OK && (rc = bolter_corpus_next(corpus, &ex, &err)) == BOLTER_OK)
        n += !ex.is_mail && ex.n > 0;
    CHECK(c, rc == BOLTER_END, "%s: %s", dir, err.text);
    bolter_corpus_free(corpus);
    return n;
}

#define AUEB  "/software_and_datasets/Enron-Spam/preprocessed/enron"
#define AUEB2 "/users/ion/data/enron-spam/preprocessed/enron"

/* The proxy stands in for the addresses of the catalogue; the first of one of them is gone. */
static void a_known_set_comes_from_its_addresses_in_order(struct check *c)
{
    size_t n;
    char *bytes = archive_of(ARCHIVE_TAR_GZ, kind_members, 2, &n), proxy[64];
    static const char *const paths[] = {AUEB "1.tar.gz", AUEB "2.tar.gz", AUEB2 "3.tar.gz",
                                        AUEB "4.tar.gz", AUEB "5.tar.gz", AUEB "6.tar.gz"};
    struct httpd_page pages[6];
    for (size_t i = 0; i < 6; i++)
        pages[i] = (struct httpd_page){.path = paths[i], .body = bytes, .n = n};
    fetch_begin(pages, 6);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.port);
    setenv("http_proxy", proxy, 1);
    FETCH("enron");
    unsetenv("http_proxy");
    expect(c, 0, "enron3.tar.gz: HTTP status 404");
    CHECK(c, n_texts(c, "enron/set/ham") == 1 && n_texts(c, "enron/set/spam") == 1, "texts");
    FETCH("enron");
    expect(c, 0, "there already, and whole");
    fetch_end();
    CHECK(c, server.n == 7, "%zu requests, want 7", server.n);
    free(bytes);
}

static void a_known_set_goes_on_with_the_files_that_lack(struct check *c)
{
    size_t n;
    char *bytes = archive_of(ARCHIVE_TAR_GZ, kind_members, 2, &n), proxy[64];
    static const char *const paths[] = {AUEB "1.tar.gz", AUEB "2.tar.gz", AUEB "3.tar.gz",
                                        AUEB "4.tar.gz", AUEB "5.tar.gz", AUEB "6.tar.gz"};
    struct httpd_page pages[6];
    for (size_t i = 0; i < 6; i++)
        pages[i] = (struct httpd_page){.path = paths[i], .body = bytes, .n = n};
    pages[1].status = 404;
    pages[1].n_status = 1;
    fetch_begin(pages, 6);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.port);
    setenv("http_proxy", proxy, 1);
    FETCH("-o", "e", "enron");
    expect(c, 1, "--from DIR");
    CHECK(c, !is_there("e") && !is_there("e.receipt"), "it appeared");
    FETCH("-o", "e", "enron");
    unsetenv("http_proxy");
    expect(c, 0, "");
    fetch_end();
    CHECK(c, server.n == 3 + 5, "%zu requests, want 8", server.n);
    free(bytes);
}

static void a_model_by_hand_must_be_the_pinned_one(struct check *c)
{
    fetch_begin(NULL, 0);
    mkdir("hand", 0777);
    write_file("hand/config.json", fetch_body, 665);
    FETCH("--from", "hand", "gpt2");
    expect(c, 1, "config.json.part: SHA-256");
    write_file("hand/config.json", fetch_body, 666);
    FETCH("--from", "hand", "gpt2-124m");
    expect(c, 1, "666 bytes, expected 665");
    CHECK(c, !is_there("gpt2") && !is_there("gpt2.fetch"), "something is left");
    fetch_end();
}

static void the_sms_collection_is_verified_and_copied(struct check *c)
{
    const char *path = check_shared(c, "corpora/sms-spam-collection/SMSSpamCollection");
    if (!path)
        return;
    static char text[FETCH_SIZE * 2];
    size_t n_text = read_file(path, text, sizeof text), n;
    for (int damaged = 0; damaged < 2; damaged++) {
        text[1000] = (char)(text[1000] ^ damaged);
        const struct member members[] = {{"SMSSpamCollection", MEMBER_FILE, text, n_text},
                                         {"readme", MEMBER_FILE, "about", 0}};
        char *bytes = archive_of(ARCHIVE_OF_ZIP, members, 2, &n);
        fetch_begin(NULL, 0);
        write_file("hand.zip", bytes, n);
        FETCH("--from", "hand.zip", "-o", "sms", "sms-spam-collection");
        expect(c, damaged, damaged ? "SMSSpamCollection: SHA-256" : "");
        CHECK(c,
              damaged ? !is_there("sms") && !is_there("sms.fetch")
                      : file_is("sms/SMSSpamCollection.tsv", text, n_text) &&
                            file_is("sms/SMSSpamCollection", text, n_text),
              "damaged %d", damaged);
        fetch_end();
        free(bytes);
    }
}

/* ---- Usage ---- */

static void wrong_usage_is_told(struct check *c)
{
    static const char *const rows[][6] = {
        {"no-such-name"},
        {"ftp://127.0.0.1/x"},
        {"file:///etc/passwd"},
        {"http://"},
        {"http://127.0.0.1/"},
        {"imdb", "gpt2"},
        {"--list", "imdb"},
        {"--sha256", "12", "http://a/b"},
        {"--size", "3", "imdb"},
        {"--unpack", "gpt2"},
        {"-o", "x/", "imdb"},
        {"--retries", "-1", "imdb"},
        {"--unpack", "http://127.0.0.1/data"},
        {"http://127.0.0.1/a/.."},
    };
    fetch_begin(NULL, 0);
    CHECK(c, fetch_finish(fetch_start((const char *const[]){NULL})) == 2, "nothing");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(c, fetch_finish(fetch_start(rows[i])) == 2 && *last.err, "row %zu: %d %s", i,
              last.status, last.err);
    CHECK(c, folder_is_empty(), "something is left");
    fetch_end();
}

static void the_list_has_names_sizes_and_addresses(struct check *c)
{
    fetch_begin(NULL, 0);
    FETCH("--list");
    CHECK(c,
          last.status == 0 && strstr(last.out, "gpt2-medium, gpt2-355m\n") &&
              strstr(last.out, "548105171 bytes") && strstr(last.out, "digest not pinned") &&
              strstr(last.out, "https://ai.stanford.edu/"),
          "printed %s", last.out);
    fetch_end();
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(what_is_not_ours_is_not_touched),
        CASE(a_pinned_file_put_there_by_hand_is_whole),
        CASE(a_file_downloaded_by_hand_is_verified_and_taken),
        CASE(users_and_queries_are_not_written_down),
        CASE(an_archive_is_unpacked_whole),
        CASE(an_evil_archive_leaves_nothing),
        CASE(a_torn_archive_leaves_nothing),
        CASE(a_known_set_comes_from_its_addresses_in_order),
        CASE(a_known_set_goes_on_with_the_files_that_lack),
        CASE(a_model_by_hand_must_be_the_pinned_one),
        CASE(the_sms_collection_is_verified_and_copied),
        CASE(wrong_usage_is_told),
        CASE(the_list_has_names_sizes_and_addresses),
    };
    fetch_prepare();
    return check_main(cases, sizeof cases / sizeof *cases);
}
