/* test_operation.c - failures, log records, pid files, the service manager, metrics, bolter --socket. */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "milter/ask.h"
#include "milter/daemon.h"
#include "milter/endpoint.h"
#include "milter/failure.h"
#include "milter/hours.h"
#include "milter/log.h"
#include "milter/metrics.h"
#include "milter/notify.h"
#include "milter/record.h"
#include "milter/scrape.h"
#include "tests/check.h"

/* ---- Failures ------------------------------------------------------------------------------------- */

static struct settings *settings_with(const char *assignment)
{
    static struct settings s;
    settings_default(&s);
    if (assignment)
        settings_set(&s, assignment, NULL);
    return &s;
}

static void each_failure_has_its_own_setting(struct check *c)
{
    static const struct {
        enum failure failure;
        const char *setting;
    } cases[] = {{FAILURE_ERROR, "on_error"},
                 {FAILURE_TIMEOUT, "on_timeout"},
                 {FAILURE_OVERLOAD, "on_overload"},
                 {FAILURE_UNSCORABLE, "on_unscorable"}};
    static const struct {
        const char *word;
        enum action action;
    } answers[] = {
        {"accept", ACTION_ACCEPT}, {"tag", ACTION_MARK}, {"tempfail", ACTION_TEMPFAIL}};
    enum { N = sizeof cases / sizeof *cases, M = sizeof answers / sizeof *answers };
    char assignment[64];
    for (size_t i = 0; i < N; i++)
        CHECK(c, failure_action(cases[i].failure, settings_with(NULL)) == ACTION_ACCEPT, "%s",
              failure_name(cases[i].failure));
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N * M; k++) {
            snprintf(assignment, sizeof assignment, "%s=%s", cases[k / M].setting,
                     answers[k % M].word);
            enum action got = failure_action(cases[i].failure, settings_with(assignment));
            enum action want = k / M == i ? answers[k % M].action : ACTION_ACCEPT;
            CHECK(c, got == want, "%s with %s: %s", failure_name(cases[i].failure), assignment,
                  policy_action_name(got));
        }
}

static void every_status_is_a_kind_of_failure(struct check *c)
{
    CHECK(c, failure_of(BOLTER_OK) == FAILURE_NONE, "success failed");
    CHECK(c, failure_of(BOLTER_E_TIMEOUT) == FAILURE_TIMEOUT, "timeout");
    CHECK(c, failure_of(BOLTER_E_BUSY) == FAILURE_OVERLOAD, "busy");
    static const bolter_status others[] = {BOLTER_E_NOMEM, BOLTER_E_NUMERIC, BOLTER_E_CANCELLED,
                                           BOLTER_E_LIMIT, BOLTER_E_IO};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(c, failure_of(others[i]) == FAILURE_ERROR, "%s", bolter_status_name(others[i]));
}

/* ---- The log -------------------------------------------------------------------------------------- */

static void fill(struct record *r)
{
    record_begin(r);
    record_word(r, "id", "4F\"\n\\ 7");
    record_number(r, "score", 0.99812, 4);
    record_bool(r, "truncated", true);
    record_text(r, "reason", "it \"is\"\nso\\");
    record_word(r, "model", NULL);
}

static void record_has_two_forms(struct check *c)
{
    struct record r;
    fill(&r);
    CHECK(c,
          strcmp(r.line,
                 "id=4F????7 score=0.9981 truncated=yes reason=\"it 'is'?so'\" model=-") == 0,
          "got %s", r.line);
    log_set_json(true);
    fill(&r);
    log_set_json(false);
    CHECK(c,
          strcmp(r.line, "\"id\":\"4F????7\",\"score\":0.9981,\"truncated\":true,"
                         "\"reason\":\"it 'is'?so'\",\"model\":\"-\"") == 0,
          "got %s", r.line);
}

static void record_that_is_full_drops_whole_pairs(struct check *c)
{
    struct record r;
    char value[RECORD_MAX];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = 0;
    record_begin(&r);
    for (int i = 0; i < 20; i++)
        record_word(&r, "key", value);
    size_t n = strlen(r.line);
    CHECK(c, n == r.n && n < RECORD_MAX, "%zu bytes", n);
    CHECK(c, (n + 1) % (255 + 5) == 0, "%zu bytes are no whole number of pairs", n);
}

/* ---- The pid file --------------------------------------------------------------------------------- */

static void pid_file_finds_a_process_that_lives_and_no_other(struct check *c)
{
    static char path[120];
    snprintf(path, sizeof path, "%s/pid", check_tmpdir());
    FILE *f = fopen(path, "w");
    fprintf(f, "1\n"); /* left by a daemon that was killed; the number is somebody else's by now */
    fclose(f);
    log_set_level(-1);
    CHECK(c, daemon_find(path) == 0, "found a process that holds no lock");
    int up[2], end[2];
    if (pipe(up) != 0 || pipe(end) != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        char byte = daemon_write_pid(path) ? 'y' : 'n';
        _exit(write(up[1], &byte, 1) == 1 && close(end[1]) == 0 && read(end[0], &byte, 1) >= 0 ? 0 : 1);
    }
    char byte = 0;
    CHECK(c, read(up[0], &byte, 1) == 1 && byte == 'y', "the child got '%c'", byte);
    CHECK(c, daemon_find(path) == child, "got %ld", (long)daemon_find(path));
    CHECK(c, !daemon_write_pid(path), "two processes have one pid file");
    close(end[1]);
    waitpid(child, NULL, 0);
    CHECK(c, daemon_find(path) == 0, "found a process that has ended");
    CHECK(c, daemon_write_pid(path), "a pid file of nobody is in the way");
    log_set_level(SETTINGS_LOG_ERROR);
}

/* ---- The service manager -------------------------------------------------------------------------- */

/* Bind a datagram socket with this name, as the manager does; '@' is the abstract name space. */
static int manager_socket(const char *name)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    memcpy(sun.sun_path, name, n);
    if (*name == '@')
        sun.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (bind(fd, (struct sockaddr *)&sun, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) != 0)
        return -1;
    return fd;
}

static bool hears(int fd, const char *want)
{
    char said[512];
    ssize_t n = recv(fd, said, sizeof said - 1, MSG_DONTWAIT);
    said[n > 0 ? n : 0] = 0;
    return strncmp(said, want, strlen(want)) == 0;
}

static void manager_is_told_over_a_path_and_an_abstract_name(struct check *c)
{
    static char path[120], abstract[120];
    snprintf(path, sizeof path, "%s/notify", check_tmpdir());
    snprintf(abstract, sizeof abstract, "@bolter-test-%ld", (long)getpid());
    const char *const names[] = {path, abstract};
    for (size_t i = 0; i < 2; i++) {
        int fd = manager_socket(names[i]);
        CHECK(c, fd >= 0, "cannot bind %s", names[i]);
        setenv("NOTIFY_SOCKET", names[i], 1);
        notify_init();
        notify_ready("serving");
        CHECK(c, hears(fd, "READY=1\nSTATUS=serving"), "no READY over %s", names[i]);
        notify_reloading();
        CHECK(c, hears(fd, "RELOADING=1\nMONOTONIC_USEC="), "no RELOADING over %s", names[i]);
        notify_stopping();
        CHECK(c, hears(fd, "STOPPING=1"), "no STOPPING over %s", names[i]);
        notify_alive();
        CHECK(c, hears(fd, "WATCHDOG=1"), "no WATCHDOG over %s", names[i]);
        close(fd);
    }
    unsetenv("NOTIFY_SOCKET");
}

static void watchdog_of_another_process_is_not_ours(struct check *c)
{
    static char name[64];
    snprintf(name, sizeof name, "@bolter-watch-%ld", (long)getpid());
    int fd = manager_socket(name);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "20000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    notify_init();
    CHECK(c, notify_watchdog_ms() == 0, "got %llu", (unsigned long long)notify_watchdog_ms());
    unsetenv("WATCHDOG_PID");
    notify_init();
    CHECK(c, notify_watchdog_ms() == 10000, "got %llu", (unsigned long long)notify_watchdog_ms());
    close(fd);
    unsetenv("WATCHDOG_USEC");
    unsetenv("NOTIFY_SOCKET");
}

/* ---- Metrics -------------------------------------------------------------------------------------- */

static struct holder *nobody(void)
{
    static struct holder h;
    holder_init(&h);
    return &h;
}

/* What is answered to a request, in a static buffer. */
static const char *response(const char *request)
{
    static char answer[65536];
    int fd[2];
    size_t n = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
        return "";
    if (send(fd[0], request, strlen(request), 0) < 0)
        return "";
    shutdown(fd[0], SHUT_WR);
    scrape_answer(nobody(), fd[1]);
    close(fd[1]);
    for (ssize_t k; (k = recv(fd[0], answer + n, sizeof answer - 1 - n, 0)) > 0;)
        n += (size_t)k;
    answer[n] = 0;
    close(fd[0]);
    return answer;
}

/* The number that follows a line's beginning. */
static double value_of(const char *text, const char *line)
{
    const char *p = strstr(text, line);
    return p ? strtod(p + strlen(line), NULL) : -1;
}

static void counted_messages_add_up(struct check *c)
{
    bolter_verdict v = {.spam = 0.97F, .n_tokens = 10, .truncated = true, .queue_ms = 20};
    for (int i = 0; i < 5; i++)
        metrics_message(&(struct metrics_answer){.action = "mark",
                                                 .reason = i < 3 ? "spam" : "ham",
                                                 .kind = i < 3 ? HOURS_SPAM : HOURS_HAM,
                                                 .verdict = &v,
                                                 .seconds = 0.02 * i});
    metrics_message(&(struct metrics_answer){
        .action = "accept", .reason = "timeout", .kind = HOURS_FAILED, .seconds = 61});
    const char *text = response("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    static const struct {
        const char *line;
        double want;
    } cases[] = {
        {"\nbolter_messages_total{action=\"mark\",reason=\"spam\"} ", 3},
        {"\nbolter_messages_total{action=\"mark\",reason=\"ham\"} ", 2},
        {"\nbolter_messages_total{action=\"accept\",reason=\"timeout\"} ", 1},
        {"\nbolter_answer_seconds_count ", 6},
        {"\nbolter_answer_seconds_bucket{le=\"0.025\"} ", 2},
        {"\nbolter_answer_seconds_bucket{le=\"60.0\"} ", 5},
        {"\nbolter_answer_seconds_bucket{le=\"+Inf\"} ", 6},
        {"\nbolter_score_count ", 5},
        {"\nbolter_score_bucket{le=\"0.95\"} ", 0},
        {"\nbolter_score_bucket{le=\"0.99\"} ", 5},
        {"\nbolter_queue_seconds_sum ", 0.1},
        {"\nbolter_tokens_total ", 50},
        {"\nbolter_truncated_messages_total ", 5},
        {"\nbolter_degraded_messages_total ", 0},
    };
    CHECK(c, strncmp(text, "HTTP/1.0 200 OK\r\n", 17) == 0, "got %.40s", text);
    CHECK(c, strstr(text, "\r\nContent-Type: application/openmetrics-text; version=1.0.0;"), "got %s",
          text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = value_of(text, cases[i].line), off = got - cases[i].want;
        CHECK(c, off < 1e-6 && off > -1e-6, "%s%g, want %g", cases[i].line + 1, got, cases[i].want);
    }
    CHECK(c, strcmp(text + strlen(text) - 6, "# EOF\n") == 0, "does not end in EOF");
}

static void other_requests_are_refused(struct check *c)
{
    static const struct {
        const char *request, *want;
    } cases[] = {
        {"GET /metrics?x=1 HTTP/1.0\r\n\r\n", "200"}, {"GET /metrics\n\n", "200"},
        {"GET / HTTP/1.0\r\n\r\n", "404"},            {"GET /metricsx HTTP/1.0\r\n\r\n", "404"},
        {"POST /metrics HTTP/1.0\r\n\r\n", "405"},    {"GET /metrics HTTP/1.0\r\n", "400"},
        {"", "400"},                                  {"\r\n\r\n", "400"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = response(cases[i].request);
        CHECK(c, strlen(got) > 12 && strncmp(got + 9, cases[i].want, 3) == 0, "case %zu: got %.30s",
              i, got);
    }
    static char endless[9000];
    memset(endless, 'x', sizeof endless - 1);
    CHECK(c, strncmp(response(endless) + 9, "400", 3) == 0, "got %.30s", response(endless));
}

/* ---- bolter --socket ------------------------------------------------------------------------------ */

/* A daemon that says always the same. */
static void say(void *ud, int fd)
{
    const char *answer = ud;
    char sink[4096];
    while (recv(fd, sink, sizeof sink, 0) > 0)
        ;
    send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

static bolter_status ask_one_that_says(const char *answer, struct ask_reply *r, bolter_error *err)
{
    static char spec[120];
    static struct endpoint e;
    char text[4096];
    snprintf(spec, sizeof spec, "unix:%s/ask", check_tmpdir());
    snprintf(text, sizeof text, "%s", answer);
    struct wish w = {.name = "ask", .spec = spec, .group = "", .mode = 0600, .uid = (uid_t)-1};
    e = (struct endpoint){.max_connections = 1, .handle = say, .ud = text};
    *err = (bolter_error){0};
    if (!listener_open(&e.listener, &w) || !endpoint_start(&e))
        return BOLTER_E_ARG;
    bolter_status rc = ask(spec, true, "Subject: s\n\n", 12, 5, r, err);
    endpoint_stop(&e);
    close(e.listener.fd);
    listener_remove(&e.listener);
    return rc;
}

static void answer_is_read_and_unknown_keys_are_passed_over(struct check *c)
{
    struct ask_reply r;
    bolter_error err;
    bolter_status rc = ask_one_that_says(
        "bolter 1\ndecision 2\nlabel 1\nspam 0.75\nprob 0.75\ntokens 12\ntruncated 1\nnews 7\n"
        "queue_ms 1.5\ncompute_ms 2.5\nmodel 0123456789abcdef\nscore 0.25 ham\nscore 0.75 spam x\n"
        "field X-A: b\nfield \tc\nend\n",
        &r, &err);
    CHECK(c, rc == BOLTER_OK, "%s", err.text);
    const bolter_verdict *v = &r.verdict;
    CHECK(c, v->decision == BOLTER_SPAM && v->label == 1 && v->n_tokens == 12 && v->truncated,
          "got %d %d %zu", (int)v->decision, (int)v->label, v->n_tokens);
    CHECK(c, v->spam > 0.7499F && v->spam < 0.7501F && v->queue_ms == 1.5 && v->compute_ms == 2.5,
          "got %g", (double)v->spam);
    CHECK(c, strcmp(v->model_id, "0123456789abcdef") == 0, "got %s", v->model_id);
    CHECK(c, r.n_label == 2 && strcmp(r.label[1], "spam x") == 0, "got %zu", r.n_label);
    CHECK(c, strcmp(r.block, "X-A: b\n\tc\n") == 0, "got %s", r.block);
}

static void answers_of_others_are_no_verdict(struct check *c)
{
    static const struct {
        const char *answer;
        bolter_status want;
    } cases[] = {
        {"", BOLTER_E_FORMAT},
        {"HTTP/1.0 200 OK\n", BOLTER_E_FORMAT},
        {"bolter 2\ndecision 2\nend\n", BOLTER_E_FORMAT},
        {"bolter 1\ndecision 2\nspam 0.9\n", BOLTER_E_FORMAT}, /* broken off */
        {"decision 2\nend\n", BOLTER_E_FORMAT},
        {"bolter 1\nerror service: busy\n", BOLTER_E_MISMATCH},
    };
    struct ask_reply r;
    bolter_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_status got = ask_one_that_says(cases[i].answer, &r, &err);
        CHECK(c, got == cases[i].want, "case %zu: %s", i, bolter_status_name(got));
    }
    char labels[2048] = "bolter 1\n";
    for (int i = 0; i < ASK_LABELS + 1; i++)
        strncat(labels, "score 0.5 l\n", 13);
    strncat(labels, "end\n", 5);
    CHECK(c, ask_one_that_says(labels, &r, &err) == BOLTER_E_FORMAT, "took %d labels",
          ASK_LABELS + 1);
    CHECK(c, ask("unix:/nonexistent/s", true, "", 0, 1, &r, &err) == BOLTER_E_IO, "%s", err.text);
    CHECK(c, ask("inet:1@h", true, "", 0, 1, &r, &err) == BOLTER_E_ARG, "%s", err.text);
}

/* ---- Hours ---- */

static void messages_are_counted_in_their_hour(struct check *c)
{
    static struct hours h;
    struct hour out[HOURS_KEPT];
    const uint64_t begin = 500000 * 3600ull;
    hours_count(&h, begin, HOURS_SPAM, true);
    hours_count(&h, begin + 3599, HOURS_SPAM, false);
    hours_count(&h, begin + 3600, HOURS_HAM, false);
    hours_count(&h, begin + 3 * 3600, HOURS_FAILED, true);
    size_t n = hours_list(&h, begin + 1800, begin + 3 * 3600 + 5, out);
    CHECK(c, n == 4 && out[0].begin_s == begin && out[3].begin_s == begin + 3 * 3600, "%zu hours",
          n);
    CHECK(c, out[0].n[HOURS_SPAM] == 2 && out[0].refused == 1 && out[0].n[HOURS_HAM] == 0, "first");
    CHECK(c, out[1].n[HOURS_HAM] == 1 && out[1].refused == 0, "second");
    CHECK(c, out[2].n[HOURS_HAM] == 0 && out[2].n[HOURS_SPAM] == 0, "the empty one");
    CHECK(c, out[3].n[HOURS_FAILED] == 1 && out[3].refused == 1, "last");
}

static void hours_of_two_days_are_kept_and_older_ones_forgotten(struct check *c)
{
    static struct hours h;
    struct hour out[HOURS_KEPT];
    const uint64_t begin = 500000 * 3600ull;
    for (uint64_t i = 0; i < 200; i++)
        for (uint64_t k = 0; k <= i; k++)
            hours_count(&h, begin + i * 3600 + k, HOURS_UNSURE, false);
    size_t n = hours_list(&h, begin, begin + 199 * 3600, out);
    CHECK(c, n == HOURS_KEPT, "%zu hours", n);
    for (size_t i = 0; i < n; i++)
        CHECK(c, out[i].n[HOURS_UNSURE] == 200 - HOURS_KEPT + i + 1, "%zu: %llu", i,
              out[i].n[HOURS_UNSURE]);
    n = hours_list(&h, begin, begin + 500 * 3600, out);
    CHECK(c, n == HOURS_KEPT && out[0].n[HOURS_UNSURE] == 0 && out[47].n[HOURS_UNSURE] == 0,
          "what is long past is still there");
}

static void clock_that_is_set_back_does_no_harm(struct check *c)
{
    static struct hours h;
    struct hour out[HOURS_KEPT];
    const uint64_t begin = 500000 * 3600ull;
    hours_count(&h, begin, HOURS_HAM, false);
    hours_count(&h, begin - 7200, HOURS_SPAM, false);
    size_t n = hours_list(&h, begin, begin - 7200, out);
    CHECK(c, n == 1 && out[0].begin_s == begin - 7200 && out[0].n[HOURS_SPAM] == 1, "%zu hours", n);
    hours_count(&h, 0, HOURS_HAM, false);
    n = hours_list(&h, 0, 0, out);
    CHECK(c, n == 1 && out[0].begin_s == 0 && out[0].n[HOURS_HAM] == 1, "%zu hours", n);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(each_failure_has_its_own_setting),
        CASE(every_status_is_a_kind_of_failure),
        CASE(record_has_two_forms),
        CASE(record_that_is_full_drops_whole_pairs),
        CASE(pid_file_finds_a_process_that_lives_and_no_other),
        CASE(manager_is_told_over_a_path_and_an_abstract_name),
        CASE(watchdog_of_another_process_is_not_ours),
        CASE(counted_messages_add_up),
        CASE(other_requests_are_refused),
        CASE(answer_is_read_and_unknown_keys_are_passed_over),
        CASE(answers_of_others_are_no_verdict),
        CASE(messages_are_counted_in_their_hour),
        CASE(hours_of_two_days_are_kept_and_older_ones_forgotten),
        CASE(clock_that_is_set_back_does_no_harm),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
