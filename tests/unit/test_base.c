/* test_base.c - errors, memory, buffers, files, random numbers. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "tests/check.h"

static void first_error_wins_and_is_one_line(struct check *c)
{
    bolter_error err = {0};
    bt_fail(&err, BOLTER_E_FORMAT, "file\n%s", "x");
    bt_fail_errno(&err, ENOSPC, "second");
    CHECK(c, err.code == BOLTER_E_FORMAT && strcmp(err.text, "file?x") == 0, "got %s", err.text);
    CHECK(c, bt_fail_errno(NULL, ENOMEM, "x") == BOLTER_E_NOMEM, "ENOMEM is not NOMEM");
}

static void product_overflow_gives_no_memory(struct check *c)
{
    CHECK(c, !bt_alloc_array(SIZE_MAX / 2, 4), "allocated");
    CHECK(c, !bt_alloc_aligned(SIZE_MAX / 2, 4), "allocated");
    CHECK(c, !bt_alloc_aligned(SIZE_MAX, 1), "allocated");
}

static void nth_allocation_fails_on_demand(struct check *c)
{
    bt_mem_fail_from(2);
    void *first = bt_alloc(1), *second = bt_alloc(1), *third = bt_alloc(1);
    bt_mem_fail_from(0);
    CHECK(c, first && !second && !third, "got %p %p %p", first, second, third);
    bt_release(first);
}

static void buffer_refuses_what_exceeds_its_cap(struct check *c)
{
    bt_buf b;
    bt_buf_init(&b, 5);
    CHECK(c, bt_buf_append(&b, "abc", 3), "refused 3 of 5");
    CHECK(c, !bt_buf_appendf(&b, "%d", 123), "took 6 of 5");
    CHECK(c, b.len == 3 && strcmp(b.data, "abc") == 0, "got %s", b.data);
    bt_buf_free(&b);
}

static void written_file_reads_back(struct check *c)
{
    char path[512];
    snprintf(path, sizeof path, "%s/f", check_tmpdir());
    bolter_error err = {0};
    bt_buf b;
    bt_buf_init(&b, 100);
    CHECK(c, bt_write_file(path, "ab\0c", 4, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bt_read_all(&b, path, &err) == BOLTER_OK && b.len == 4, "%s", err.text);
    bt_map m;
    CHECK(c, bt_map_open(&m, path, &err) == BOLTER_OK && m.len == 4, "%s", err.text);
    bt_map_close(&m);
    bt_buf_free(&b);
    bt_buf_init(&b, 3);
    CHECK(c, bt_read_all(&b, path, NULL) == BOLTER_E_LIMIT, "read past the cap");
    bt_buf_free(&b);
}

static void file_that_was_read_outlives_its_end(struct check *c)
{
    enum { N = 1 << 16, HALF = N / 2 };
    static unsigned char bytes[N];
    char path[512];
    snprintf(path, sizeof path, "%s/read", check_tmpdir());
    bolter_error err = {0};
    bt_map m;
    memset(bytes, 7, N);
    CHECK(c, bt_write_file(path, bytes, N, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bt_map_read(&m, path, &err) == BOLTER_OK && m.len == N, "%s", err.text);
    CHECK(c, truncate(path, 0) == 0, "not cut off");
    bt_map_forget(&m, m.data, N); /* there is nothing to read it from again */
    CHECK(c, memcmp(m.data, bytes, N) == 0, "its bytes are gone");
    bt_map_drop(&m, m.data, HALF + 1);
    CHECK(c, m.data[0] == 0 && memcmp(m.data + HALF, bytes, HALF) == 0,
          "more or less than whole pages were given back");
    bt_map_close(&m);
    CHECK(c, bt_map_read(&m, path, &err) == BOLTER_OK && m.len == 0 && !m.data, "an empty file");
    bt_map_close(&m);
}

static void full_device_is_an_error_that_names_the_file(struct check *c)
{
    FILE *f = fopen("/dev/full", "wb");
    if (!f) {
        check_skip(c, "no /dev/full");
        return;
    }
    fputs("x", f);
    bolter_error err = {0};
    CHECK(c, bt_close_synced(f, "/dev/full", &err) == BOLTER_E_IO, "no error");
    CHECK(c, strstr(err.text, "/dev/full") && err.sys_errno == ENOSPC, "got %s", err.text);
}

static void replaced_directory_is_the_new_one(struct check *c)
{
    char dir[512], tmp[512], file[1024];
    snprintf(dir, sizeof dir, "%s/dir", check_tmpdir());
    snprintf(tmp, sizeof tmp, "%s/dir.tmp", check_tmpdir());
    for (int round = 0; round < 2; round++) {
        mkdir(tmp, 0777);
        snprintf(file, sizeof file, "%s/round%d", tmp, round);
        bt_write_file(file, "x", 1, NULL);
        bolter_error err = {0};
        CHECK(c, bt_replace_dir(tmp, dir, &err) == BOLTER_OK, "%s", err.text);
        snprintf(file, sizeof file, "%s/round%d", dir, round);
        CHECK(c, bt_file_exists(file) && !bt_file_exists(tmp), "round %d", round);
    }
    snprintf(file, sizeof file, "%s/round0", dir);
    CHECK(c, !bt_file_exists(file), "an old file stayed");
}

static void random_stream_depends_only_on_its_position(struct check *c)
{
    bt_rng a = {.seed = 1}, b = {.seed = 1}, other = {.seed = 1, .stream = 1};
    uint64_t first = bt_rng_u64(&a);
    CHECK(c, bt_rng_u64(&b) == first && bt_rng_u64(&other) != first, "streams mix");
    bt_rng_u64(&a);
    bt_rng jumped = {.seed = 1, .counter = a.counter};
    CHECK(c, bt_rng_u64(&a) == bt_rng_u64(&jumped), "the counter is not the whole state");
    double sum = 0, square = 0;
    for (int i = 0; i < 10000; i++) {
        double v = bt_rng_normal(&a);
        sum += v;
        square += v * v;
    }
    CHECK(c, sum > -300 && sum < 300 && square > 9500 && square < 10500, "got %g %g", sum, square);
}

static void add_index(void *arg, size_t i)
{
    ((size_t *)arg)[i] += i + 1;
}

static void parallel_calls_each_index_once(struct check *c)
{
    size_t seen[7] = {0};
    bt_parallel(7, add_index, seen);
    for (size_t i = 0; i < 7; i++)
        CHECK(c, seen[i] == i + 1, "index %zu got %zu", i, seen[i]);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(first_error_wins_and_is_one_line),
        CASE(product_overflow_gives_no_memory),
        CASE(nth_allocation_fails_on_demand),
        CASE(buffer_refuses_what_exceeds_its_cap),
        CASE(written_file_reads_back),
        CASE(file_that_was_read_outlives_its_end),
        CASE(full_device_is_an_error_that_names_the_file),
        CASE(replaced_directory_is_the_new_one),
        CASE(random_stream_depends_only_on_its_position),
        CASE(parallel_calls_each_index_once),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
