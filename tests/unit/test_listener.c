/* test_listener.c - the sockets of the daemon: addresses, files, inheritance. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "conf/settings.h"
#include "milter/listener.h"
#include "milter/log.h"
#include "tests/check.h"

static struct wish wish_of(const char *spec, enum reach reach)
{
    return (struct wish){.name = "socket",
                         .spec = spec,
                         .group = "",
                         .mode = 0620,
                         .uid = (uid_t)-1,
                         .reach = reach};
}

static void malformed_sockets_are_refused(struct check *c)
{
    static const struct {
        const char *spec;
        enum reach reach;
        bool good;
    } cases[] = {
        {"unix:", REACH_ANY, false},          {"unix:relative", REACH_ANY, false},
        {"tcp:99", REACH_ANY, false},         {"/path", REACH_ANY, false},
        {"inet:", REACH_ANY, false},          {"inet:0", REACH_ANY, false},
        {"inet:65536@h", REACH_ANY, false},   {"inet:99x@h", REACH_ANY, false},
        {"inet:99@", REACH_ANY, false},       {"inet6:@::1", REACH_ANY, false},
        {"inet:99@127.0.0.1", REACH_UNIX, false}, {"unix:/a", REACH_ANY, true},
        {"local:/a", REACH_UNIX, true},       {"inet:1", REACH_LOCAL, true},
        {"inet:65535@h", REACH_ANY, true},    {"inet6:99@[::1]", REACH_ANY, true},
    };
    log_set_level(-1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wish w = wish_of(cases[i].spec, cases[i].reach);
        CHECK(c, listener_check(&w) == cases[i].good, "%s", cases[i].spec);
    }
    struct wish w = wish_of("unix:/a", REACH_ANY);
    CHECK(c,
          !listener_check(&(struct wish){
              .name = "metrics", .spec = "inet:9@0.0.0.0", .group = "", .reach = REACH_LOCAL}),
          "took every address for the loopback");
    w.group = "no such group";
    CHECK(c, !listener_check(&w), "took a group that does not exist");
    w.group = "0";
    CHECK(c, listener_check(&w), "refused a group by number");
    log_set_level(SETTINGS_LOG_ERROR);
}

static void address_of_the_web_is_a_host_and_a_port(struct check *c)
{
    static const struct {
        const char *spec;
        enum reach reach;
        bool good;
    } cases[] = {
        {"127.0.0.1:8025", REACH_LOCAL, true}, {"[::1]:8025", REACH_LOCAL, true},
        {"localhost:1", REACH_LOCAL, true},    {"127.9.9.9:65535", REACH_LOCAL, true},
        {"unix:/a", REACH_LOCAL, true},        {"0.0.0.0:1", REACH_ANY, true},
        {"0.0.0.0:1", REACH_LOCAL, false},     {"[::]:1", REACH_LOCAL, false},
        {"192.0.2.1:1", REACH_LOCAL, false},   {"127.0.0.1:0", REACH_LOCAL, false},
        {"127.0.0.1:65536", REACH_ANY, false}, {"127.0.0.1:", REACH_ANY, false},
        {"127.0.0.1", REACH_ANY, false},       {":8025", REACH_ANY, false},
        {"::1:8025", REACH_ANY, false},        {"[]:8025", REACH_ANY, false},
        {"127.0.0.1:8x", REACH_ANY, false},    {"inet:8025@127.0.0.1", REACH_ANY, false},
        {"unix:a", REACH_ANY, false},          {"", REACH_ANY, false},
    };
    log_set_level(-1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wish w = wish_of(cases[i].spec, cases[i].reach);
        w.web = true;
        CHECK(c, listener_check(&w) == cases[i].good, "%s", cases[i].spec);
    }
    log_set_level(SETTINGS_LOG_ERROR);
}

static bool connects(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool ok = connect(fd, (const struct sockaddr *)&sun, sizeof sun) == 0;
    close(fd);
    return ok;
}

static void socket_has_its_mode_and_only_a_stale_one_is_replaced(struct check *c)
{
    static char path[100], spec[120];
    struct listener first, second, third;
    struct stat st;
    snprintf(path, sizeof path, "%s/s", check_tmpdir());
    snprintf(spec, sizeof spec, "unix:%s", path);
    struct wish w = wish_of(spec, REACH_ANY);
    CHECK(c, listener_open(&first, &w), "cannot listen");
    CHECK(c, stat(path, &st) == 0 && (st.st_mode & 0777) == 0620, "mode %o", st.st_mode & 0777);
    log_set_level(-1);
    CHECK(c, !listener_open(&second, &w) && connects(path), "took a live socket");
    close(first.fd); /* as if the daemon had been killed */
    CHECK(c, !connects(path), "somebody answers");
    nanosleep(&(struct timespec){.tv_nsec = 30 * 1000 * 1000},
              NULL); /* a tick of the file's clock */
    CHECK(c, listener_open(&third, &w) && connects(path), "a stale socket is in the way");
    listener_remove(&first);
    CHECK(c, connects(path), "the old daemon removed the new one's socket");
    close(third.fd);
    listener_remove(&third);
    CHECK(c, stat(path, &st) != 0, "the socket is left");
    FILE *f = fopen(path, "w");
    fclose(f);
    CHECK(c, !listener_open(&first, &w) && stat(path, &st) == 0, "a file was replaced");
    log_set_level(SETTINGS_LOG_ERROR);
}

/* A port that nobody has at this moment, as inet:PORT@HOST. */
static const char *free_spec(const char *host)
{
    static char spec[64];
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bind(fd, (struct sockaddr *)&sa, sizeof sa);
    getsockname(fd, (struct sockaddr *)&sa, &n);
    close(fd);
    snprintf(spec, sizeof spec, "inet:%d@%s", ntohs(sa.sin_port), host);
    return spec;
}

/* Whether a connection accepted from l sends small packets at once. */
static bool sends_at_once(const struct listener *l)
{
    int on = 0;
    socklen_t n = sizeof on;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (const struct sockaddr *)&l->address, l->address_len);
    int server = accept(l->fd, NULL, NULL);
    getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, &n);
    close(server);
    close(client);
    return on != 0;
}

static void accepted_tcp_connections_send_small_packets_at_once(struct check *c)
{
    struct listener l;
    struct wish w = wish_of(free_spec("127.0.0.1"), REACH_LOCAL);
    CHECK(c, listener_open(&l, &w), "cannot listen");
    CHECK(c, sends_at_once(&l), "TCP_NODELAY is off");
    close(l.fd);
}

static void local_socket_on_a_public_address_is_refused(struct check *c)
{
    struct listener l;
    struct wish w = wish_of(free_spec("0.0.0.0"), REACH_LOCAL);
    log_set_level(-1);
    CHECK(c, !listener_open(&l, &w), "listens on every address");
    log_set_level(SETTINGS_LOG_ERROR);
    w.reach = REACH_ANY;
    CHECK(c, listener_open(&l, &w), "a socket for any does not");
    close(l.fd);
}

static void set_number(const char *name, long n)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", n);
    setenv(name, text, 1);
}

static void sockets_are_inherited_by_the_process_they_are_for(struct check *c)
{
    struct listener l;
    setenv("LISTEN_FDS", "2", 1);
    set_number("LISTEN_PID", (long)getpid() + 1);
    CHECK(c, listener_inherited() == 0, "took another process's sockets");
    set_number("LISTEN_PID", (long)getpid());
    CHECK(c, listener_inherited() == 2, "got %d", listener_inherited());
    log_set_level(-1);
    CHECK(c, !listener_inherit(&l), "took two sockets");
    setenv("LISTEN_FDS", "1", 1);
    int saved = dup(3), pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    dup2(pair[0], 3);
    CHECK(c, !listener_inherit(&l), "took a socket that does not listen");
    log_set_level(SETTINGS_LOG_ERROR);
    struct wish w = wish_of(free_spec("127.0.0.1"), REACH_ANY);
    struct listener own;
    CHECK(c, listener_open(&own, &w), "cannot listen");
    int off = 0;
    setsockopt(own.fd, IPPROTO_TCP, TCP_NODELAY, &off, sizeof off);
    dup2(own.fd, 3);
    CHECK(c, listener_inherit(&l) && l.fd == 3 && !*l.path, "refused a listening socket");
    CHECK(c, sends_at_once(&l), "TCP_NODELAY is off");
    close(3);
    if (saved >= 0)
        dup2(saved, 3);
    unsetenv("LISTEN_FDS");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(malformed_sockets_are_refused),
        CASE(address_of_the_web_is_a_host_and_a_port),
        CASE(socket_has_its_mode_and_only_a_stale_one_is_replaced),
        CASE(accepted_tcp_connections_send_small_packets_at_once),
        CASE(local_socket_on_a_public_address_is_refused),
        CASE(sockets_are_inherited_by_the_process_they_are_for),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
