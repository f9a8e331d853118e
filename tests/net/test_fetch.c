/*
 * test_fetch.c - bolter-train fetch against a server that drops, stalls, lies and changes: what
 * appears, what stays for the next run, what is said, and the exit status.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/net/fetchrun.h"

/* ---- A download that goes well ---- */

static void a_whole_file_appears_with_its_receipt(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY}};
    char receipt[4096] = "";
    fetch_begin(pages, 1);
    FETCH("/data.bin");
    expect(c, 0, "not pinned");
    CHECK(c, strcmp(last.out, "data.bin\n") == 0, "printed \"%s\"", last.out);
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    read_file("data.bin.receipt", receipt, sizeof receipt - 1);
    CHECK(c, strstr(receipt, fetch_body_sha256) && strstr(receipt, "\"v\": 1"), "receipt: %s",
          receipt);
    CHECK(c, !is_there("data.bin.fetch"), "the working folder is still there");
    fetch_end();
    CHECK(c, server.n == 1 && !*server.request[0].range, "%zu requests", server.n);
}

static void a_whole_file_is_not_fetched_again(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY}};
    fetch_begin(pages, 1);
    FETCH("/data.bin");
    FETCH("/data.bin");
    expect(c, 0, "there already, and whole");
    FETCH("/data.bin", "--force");
    expect(c, 0, "");
    fetch_end();
    CHECK(c, server.n == 2, "%zu requests, want 2", server.n);
}

static void a_damaged_file_is_told_and_fetched_with_force(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY}};
    fetch_begin(pages, 1);
    FETCH("/data.bin");
    write_file("data.bin", fetch_other, FETCH_SIZE);
    FETCH("/data.bin");
    expect(c, 1, "--force");
    CHECK(c, file_is("data.bin", fetch_other, FETCH_SIZE), "it was replaced");
    FETCH("/data.bin", "--force");
    expect(c, 0, "");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "it was not replaced");
    fetch_end();
}

static void pinned_size_and_digest_are_accepted(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY}};
    char upper[65];
    for (size_t i = 0; i < 65; i++)
        upper[i] =
            (char)(fetch_body_sha256[i] >= 'a' ? fetch_body_sha256[i] - 32 : fetch_body_sha256[i]);
    fetch_begin(pages, 1);
    FETCH("--sha256", upper, "--size", "300000", "-o", "x", "/data.bin");
    expect(c, 0, "");
    CHECK(c, *last.err == 0 && file_is("x", fetch_body, FETCH_SIZE), "said %s", last.err);
    fetch_end();
}

static void an_empty_file_is_a_file(struct check *c)
{
    struct httpd_page pages[] = {{"/empty", .body = "", .n = 0}};
    fetch_begin(pages, 1);
    FETCH("/empty");
    expect(c, 0, "");
    CHECK(c, file_is("empty", "", 0) && !is_there("empty.fetch"), "content");
    fetch_end();
}

/* ---- Going on ---- */

static void a_dropped_download_goes_on_with_the_rest(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .cut = 100000, .n_cut = 2}};
    fetch_begin(pages, 1);
    FETCH("--retry-wait", "0", "/data.bin");
    expect(c, 0, "again in 0 s");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c, server.n == 3, "%zu requests, want 3", server.n);
    CHECK(c,
          strcmp(server.request[1].range, "bytes=100000-") == 0 &&
              strcmp(server.request[2].range, "bytes=200000-") == 0 &&
              strcmp(server.request[1].if_range, "\"one\"") == 0,
          "asked for %s and %s if %s", server.request[1].range, server.request[2].range,
          server.request[1].if_range);
}

static void the_next_run_goes_on(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .cut = 100000, .n_cut = 1}};
    fetch_begin(pages, 1);
    FETCH("--retries", "0", "/data.bin");
    expect(c, 1, "goes on from there");
    CHECK(c, file_is("data.bin.fetch/data.bin.part", fetch_body, 100000) && !is_there("data.bin"),
          "part");
    FETCH("/data.bin");
    expect(c, 0, "");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c, strcmp(server.request[1].range, "bytes=100000-") == 0, "%s", server.request[1].range);
}

static void a_changed_file_starts_over(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .cut = 100000}};
    struct httpd_page changed[] = {
        {"/data.bin", .body = fetch_other, .n = FETCH_SIZE, .etag = "\"two\""}};
    fetch_begin(pages, 1);
    int port = server.port;
    FETCH("--retries", "0", "/data.bin");
    fetch_end();
    httpd_start(&server, changed, 1);
    char note[600], url[64];
    size_t n = read_file("data.bin.fetch/data.bin.note", note, sizeof note - 1);
    CHECK(c, n > 0, "no note");
    /* The same address on the new server's port. */
    snprintf(url, sizeof url, "1\nhttp://127.0.0.1:%d/data.bin\n\"one\"\n", server.port);
    write_file("data.bin.fetch/data.bin.note", url, strlen(url));
    CHECK(c, port > 0 && FETCH("/data.bin") == 0, "said %s", last.err);
    CHECK(c, file_is("data.bin", fetch_other, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c,
          server.n == 1 && strcmp(server.request[0].if_range, "\"one\"") == 0 &&
              strcmp(server.request[0].range, "bytes=100000-") == 0,
          "asked for %s if %s", server.request[0].range, server.request[0].if_range);
}

static void another_address_starts_over(struct check *c)
{
    struct httpd_page pages[] = {{"/a", BODY, .cut = 100000},
                                 {"/b", .body = fetch_other, .n = FETCH_SIZE, .etag = "\"one\""}};
    fetch_begin(pages, 2);
    FETCH("--retries", "0", "-o", "x", "/a");
    expect(c, 1, "");
    FETCH("-o", "x", "/b");
    expect(c, 0, "");
    CHECK(c, file_is("x", fetch_other, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c, !*server.request[1].range, "asked for %s", server.request[1].range);
}

static void without_a_validator_it_starts_over(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", .body = fetch_body, .n = FETCH_SIZE,
                                  .etag = "W/\"one\"", .cut = 100000, .n_cut = 1}};
    fetch_begin(pages, 1);
    FETCH("--retry-wait", "0", "/data.bin");
    expect(c, 0, "");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c, server.n == 2 && !*server.request[1].range, "asked for %s", server.request[1].range);
}

static void a_server_without_ranges_sends_all_again(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .cut = 100000, .n_cut = 1, .no_range = true}};
    fetch_begin(pages, 1);
    FETCH("--retry-wait", "0", "/data.bin");
    expect(c, 0, "");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c, strcmp(server.request[1].range, "bytes=100000-") == 0, "%s", server.request[1].range);
}

static void a_wrong_part_is_not_appended(struct check *c)
{
    struct httpd_page pages[] = {
        {"/data.bin", BODY, .cut = 100000, .n_cut = 1, .wrong_range = true}};
    fetch_begin(pages, 1);
    FETCH("--retry-wait", "0", "/data.bin");
    expect(c, 0, "another part");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c, server.n == 3 && !*server.request[2].range, "%zu requests", server.n);
}

static void more_than_the_server_has_starts_over(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", .body = fetch_body, .n = 50000, .etag = "\"one\""},
                                 {"/long", BODY, .cut = 100000}};
    char note[128];
    fetch_begin(pages, 2);
    FETCH("--retries", "0", "-o", "x", "/long");
    snprintf(note, sizeof note, "1\nhttp://127.0.0.1:%d/data.bin\n\"one\"\n", server.port);
    write_file("x.fetch/x.note", note, strlen(note));
    FETCH("--retry-wait", "0", "-o", "x", "/data.bin");
    expect(c, 0, "416");
    CHECK(c, file_is("x", fetch_body, 50000), "content");
    fetch_end();
}

static void a_stalled_server_is_left(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .cut = 100000, .n_cut = 1, .stall = true}};
    fetch_begin(pages, 1);
    FETCH("--stall-timeout", "1", "--retry-wait", "0", "/data.bin");
    expect(c, 0, "again in");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c, strcmp(server.request[1].range, "bytes=100000-") == 0, "%s", server.request[1].range);
}

static void an_interrupt_leaves_the_part(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .cut = 100000, .n_cut = 1, .stall = true}};
    char url[64];
    fetch_begin(pages, 1);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/data.bin", server.port);
    pid_t pid = fetch_start((const char *const[]){url, NULL});
    struct stat st;
    for (int i = 0; i < 1000; i++) {
        if (stat("data.bin.fetch/data.bin.part", &st) == 0 && st.st_size == 100000)
            break;
        usleep(10000);
    }
    kill(pid, SIGINT);
    fetch_finish(pid);
    expect(c, 130, "goes on from there");
    CHECK(c, file_is("data.bin.fetch/data.bin.part", fetch_body, 100000) && !is_there("data.bin"),
          "part");
    FETCH("/data.bin");
    expect(c, 0, "");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    fetch_end();
    CHECK(c, strcmp(server.request[1].range, "bytes=100000-") == 0, "%s", server.request[1].range);
}

static void one_run_at_a_time_has_the_folder(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY}};
    fetch_begin(pages, 1);
    mkdir("data.bin.fetch", 0777);
    int fd = open("data.bin.fetch", O_RDONLY | O_DIRECTORY);
    flock(fd, LOCK_EX);
    FETCH("/data.bin");
    expect(c, 1, "another fetch");
    close(fd);
    FETCH("/data.bin");
    expect(c, 0, "");
    fetch_end();
}

/* ---- Servers that answer something else ---- */

static void a_servers_error_is_tried_again(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .status = 503, .n_status = 2},
                                 {"/always", BODY, .status = 500}};
    fetch_begin(pages, 2);
    FETCH("--retry-wait", "0", "/data.bin");
    expect(c, 0, "HTTP status 503; again in 0 s");
    FETCH("--retry-wait", "0", "--retries", "3", "/always");
    expect(c, 1, "HTTP status 500\n");
    fetch_end();
    CHECK(c, server.n == 3 + 4, "%zu requests, want 7", server.n);
}

static void a_missing_file_is_not_tried_again(struct check *c)
{
    fetch_begin(NULL, 0);
    FETCH("/data.bin");
    expect(c, 1, "HTTP status 404");
    CHECK(c, strstr(last.err, "--from FILE"), "said %s", last.err);
    CHECK(c, folder_is_empty(), "something is left");
    fetch_end();
    CHECK(c, server.n == 1, "%zu requests, want 1", server.n);
}

static void redirects_are_followed_to_http_alone(struct check *c)
{
    struct httpd_page pages[] = {{"/one", .location = "/two"},
                                 {"/two", .location = "/data.bin"},
                                 {"/data.bin", BODY},
                                 {"/loop", .location = "/loop"},
                                 {"/file", .location = "file:///etc/passwd"},
                                 {"/ftp", .location = "ftp://127.0.0.1/x"}};
    fetch_begin(pages, 6);
    FETCH("-o", "x", "/one");
    expect(c, 0, "");
    CHECK(c, file_is("x", fetch_body, FETCH_SIZE), "content");
    FETCH("/loop");
    expect(c, 1, "Maximum (5) redirects");
    FETCH("/file");
    expect(c, 1, "not supported");
    FETCH("/ftp");
    expect(c, 1, "not supported");
    CHECK(c, !is_there("file") && !is_there("file.fetch") && !is_there("ftp"), "something is left");
    fetch_end();
    CHECK(c, server.n == 3 + 6 + 2, "%zu requests, want 11", server.n);
}

static void an_address_in_vain_says_what_to_do(struct check *c)
{
    fetch_begin(NULL, 0);
    fetch_end(); /* nobody listens at the port */
    FETCH("/data.bin");
    expect(c, 1, "download by hand");
    CHECK(c, strstr(last.err, "--from FILE") && folder_is_empty(), "said %s", last.err);
}

/* ---- Lengths and digests ---- */

static void a_length_that_is_too_long_is_a_drop(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .lie = 1000}};
    fetch_begin(pages, 1);
    FETCH("--retries", "1", "--retry-wait", "0", "/data.bin");
    expect(c, 1, "again in");
    CHECK(c, !is_there("data.bin"), "it appeared");
    fetch_end();
}

static void a_length_that_is_too_short_is_found_by_size_or_digest(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .lie = -1000}};
    fetch_begin(pages, 1);
    FETCH("--size", "300000", "/data.bin");
    expect(c, 1, "offers 299000 bytes, expected 300000");
    FETCH("--sha256", fetch_body_sha256, "/data.bin");
    expect(c, 1, "SHA-256");
    CHECK(c, folder_is_empty(), "something is left");
    fetch_end();
}

static void without_a_length_the_size_tells_a_drop(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY, .no_length = true, .cut = 100000, .n_cut = 1}};
    fetch_begin(pages, 1);
    FETCH("--size", "300000", "--retry-wait", "0", "/data.bin");
    expect(c, 0, "ends after 100000 of 300000 bytes");
    CHECK(c, file_is("data.bin", fetch_body, FETCH_SIZE), "content");
    fetch_end();
}

static void too_large_a_file_is_refused(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY}, {"/endless", BODY, .no_length = true}};
    fetch_begin(pages, 2);
    FETCH("--max-size", "299999", "/data.bin");
    expect(c, 1, "more than the 299999 allowed");
    FETCH("--max-size", "299999", "/endless");
    expect(c, 1, "sends more than 299999 bytes");
    FETCH("--size", "299999", "/endless");
    expect(c, 1, "sends more than 299999 bytes");
    CHECK(c, folder_is_empty(), "something is left");
    fetch_end();
}

static void a_wrong_digest_leaves_nothing(struct check *c)
{
    struct httpd_page pages[] = {
        {"/data.bin", .body = fetch_other, .n = FETCH_SIZE, .etag = "\"one\""}};
    fetch_begin(pages, 1);
    FETCH("--sha256", fetch_body_sha256, "/data.bin");
    expect(c, 1, "expected");
    CHECK(c, strstr(last.err, fetch_body_sha256) && folder_is_empty(), "said %s", last.err);
    fetch_end();
}

static void an_unpinned_file_must_stay_as_it_was(struct check *c)
{
    struct httpd_page pages[] = {{"/data.bin", BODY},
                                 {"/new", .body = fetch_other, .n = FETCH_SIZE, .etag = "\"two\""}};
    fetch_begin(pages, 2);
    FETCH("-o", "x", "/data.bin");
    FETCH("-o", "x", "--force", "/new");
    expect(c, 1, "digest of the first download");
    CHECK(c, file_is("x", fetch_body, FETCH_SIZE), "it was replaced");
    unlink("x");
    FETCH("-o", "x", "/new");
    expect(c, 1, "digest of the first download");
    unlink("x.receipt");
    FETCH("-o", "x", "/new");
    expect(c, 0, "not pinned");
    CHECK(c, file_is("x", fetch_other, FETCH_SIZE), "content");
    fetch_end();
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_whole_file_appears_with_its_receipt),
        CASE(a_whole_file_is_not_fetched_again),
        CASE(a_damaged_file_is_told_and_fetched_with_force),
        CASE(pinned_size_and_digest_are_accepted),
        CASE(an_empty_file_is_a_file),
        CASE(a_dropped_download_goes_on_with_the_rest),
        CASE(the_next_run_goes_on),
        CASE(a_changed_file_starts_over),
        CASE(another_address_starts_over),
        CASE(without_a_validator_it_starts_over),
        CASE(a_server_without_ranges_sends_all_again),
        CASE(a_wrong_part_is_not_appended),
        CASE(more_than_the_server_has_starts_over),
        CASE(a_stalled_server_is_left),
        CASE(an_interrupt_leaves_the_part),
        CASE(one_run_at_a_time_has_the_folder),
        CASE(a_servers_error_is_tried_again),
        CASE(a_missing_file_is_not_tried_again),
        CASE(redirects_are_followed_to_http_alone),
        CASE(an_address_in_vain_says_what_to_do),
        CASE(a_length_that_is_too_long_is_a_drop),
        CASE(a_length_that_is_too_short_is_found_by_size_or_digest),
        CASE(without_a_length_the_size_tells_a_drop),
        CASE(too_large_a_file_is_refused),
        CASE(a_wrong_digest_leaves_nothing),
        CASE(an_unpinned_file_must_stay_as_it_was),
    };
    fetch_prepare();
    return check_main(cases, sizeof cases / sizeof *cases);
}
