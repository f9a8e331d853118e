/* listener.c - parse an address, bind, and take care of what lies at a unix socket's path. */
#include "milter/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/settings.h"
#include "milter/log.h"
#include "web/address.h"

#define BACKLOG 128
/* A service manager's first descriptor. */
#define FIRST_INHERITED 3

/* An address taken apart. */
struct address {
    int family; /* AF_UNIX, AF_INET, AF_INET6; AF_UNSPEC: either of these two */
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    char port[6];
    char host[256];
};

static bool complain(const struct wish *w, const char *what)
{
    log_write(SETTINGS_LOG_ERROR, "%s: got '%s', %s", w->name, w->spec, what);
    return false;
}

static bool parse_unix(struct address *a, const struct wish *w, const char *path)
{
    if (*path != '/')
        return complain(w, "expected an absolute path after unix:");
    if (strlen(path) >= sizeof a->path)
        return complain(w, "expected a path of at most 107 bytes");
    a->family = AF_UNIX;
    strncpy(a->path, path, sizeof a->path - 1);
    return true;
}

/* PORT or PORT@HOST, where HOST may stand in brackets. */
static bool parse_inet(struct address *a, const struct wish *w, const char *rest, int family)
{
    size_t digits = strspn(rest, "0123456789");
    long port = digits > 0 && digits <= 5 ? strtol(rest, NULL, 10) : 0;
    if (port < 1 || port > 65535 || (rest[digits] != 0 && rest[digits] != '@'))
        return complain(w, "expected a port from 1 to 65535, then @HOST or nothing");
    const char *host = rest[digits] ? rest + digits + 1 : "localhost";
    size_t n = strlen(host);
    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    if (n == 0 || n >= sizeof a->host)
        return complain(w, "expected a host name or address after @");
    a->family = family;
    memcpy(a->port, rest, digits);
    memcpy(a->host, host, n);
    return true;
}

static bool parse_web(struct address *a, const struct wish *w)
{
    struct web_address web;
    if (!web_address_parse(&web, w->spec) || strtol(web.port, NULL, 10) == 0)
        return complain(w, "expected HOST:PORT, with a port from 1 to 65535, or unix:PATH");
    memcpy(a->host, web.name, sizeof a->host);
    memcpy(a->port, web.port, sizeof a->port);
    return true;
}

static bool parse(struct address *a, const struct wish *w)
{
    const char *spec = w->spec;
    *a = (struct address){.family = AF_UNSPEC};
    if (strncmp(spec, "unix:", 5) == 0 || strncmp(spec, "local:", 6) == 0)
        return parse_unix(a, w, strchr(spec, ':') + 1);
    if (w->web)
        return parse_web(a, w);
    if (w->reach == REACH_UNIX)
        return complain(w, "expected unix:PATH");
    if (strncmp(spec, "inet:", 5) == 0)
        return parse_inet(a, w, spec + 5, AF_INET);
    if (strncmp(spec, "inet6:", 6) == 0)
        return parse_inet(a, w, spec + 6, AF_INET6);
    return complain(w, "expected unix:PATH, inet:PORT@HOST or inet6:PORT@HOST");
}

/* The group of a unix socket; -1: leave it. */
static bool find_group(const struct wish *w, gid_t *out)
{
    const char *name = w->group;
    char *end;
    *out = (gid_t)-1;
    if (!*name)
        return true;
    const struct group *g = getgrnam(name);
    if (g) {
        *out = g->gr_gid;
        return true;
    }
    unsigned long number = strtoul(name, &end, 10);
    if (name[0] >= '0' && name[0] <= '9' && *end == 0 && number < (gid_t)-1) {
        *out = (gid_t)number;
        return true;
    }
    log_write(SETTINGS_LOG_ERROR, "%s: there is no group '%s'", w->name, name);
    return false;
}

/* spec: the whole address, or the path alone. */
static bool fail(const char *spec, const char *doing)
{
    log_write(SETTINGS_LOG_ERROR, "socket: %s: cannot %s: %s", spec, doing, strerror(errno));
    return false;
}

/* Whether somebody answers at an existing socket; sets *gone if surely nobody does. */
static bool answers(const struct sockaddr_un *sun, bool *gone)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool connected = connect(fd, (const struct sockaddr *)sun, sizeof *sun) == 0;
    *gone = !connected && errno == ECONNREFUSED;
    /* A full backlog is a daemon that lives. */
    bool live = connected || errno == EAGAIN;
    close(fd);
    return live;
}

/* A daemon that was killed leaves its socket. Whatever else lies there is not ours to remove. */
static bool clear_path(const struct sockaddr_un *sun)
{
    struct stat st;
    bool gone = false;
    if (lstat(sun->sun_path, &st) != 0)
        return errno == ENOENT ? true : fail(sun->sun_path, "look at it");
    if (!S_ISSOCK(st.st_mode)) {
        log_write(SETTINGS_LOG_ERROR, "socket: %s exists and is no socket", sun->sun_path);
        return false;
    }
    if (answers(sun, &gone)) {
        log_write(SETTINGS_LOG_ERROR, "socket: another process answers at %s", sun->sun_path);
        return false;
    }
    if (!gone)
        return fail(sun->sun_path, "find out whether it is in use");
    return unlink(sun->sun_path) == 0 ? true : fail(sun->sun_path, "remove the stale socket");
}

/* Bound with no permissions at all, which are then widened: it is never open to more than it
 * should. */
static bool bind_closed(int fd, const struct sockaddr_un *sun)
{
    mode_t before = umask(0777);
    bool ok = bind(fd, (const struct sockaddr *)sun, sizeof *sun) == 0;
    umask(before);
    return ok ? true : fail(sun->sun_path, "bind");
}

/* Owner, group and mode, and what the file looks like with them. */
static bool hand_over(struct listener *l, mode_t mode, uid_t uid, gid_t gid)
{
    if ((uid != (uid_t)-1 || gid != (gid_t)-1) && lchown(l->path, uid, gid) != 0)
        return fail(l->path, "give it to its user and group");
    if (chmod(l->path, mode) != 0)
        return fail(l->path, "set its mode");
    return lstat(l->path, &l->st) == 0 ? true : fail(l->path, "look at it");
}

static bool open_unix(struct listener *l, const struct address *a, const struct wish *w, gid_t gid)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    memcpy(sun.sun_path, a->path, sizeof sun.sun_path);
    if (!clear_path(&sun))
        return false;
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return fail(w->spec, "open a socket");
    if (!bind_closed(l->fd, &sun))
        return false;
    memcpy(l->path, a->path, sizeof l->path);
    if (hand_over(l, w->mode, w->uid, gid))
        return true;
    unlink(l->path);
    return false;
}

/* Accepted sockets inherit it. */
static void send_at_once(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static bool complain_of_reach(const struct wish *w)
{
    log_write(SETTINGS_LOG_ERROR, "%s: got '%s', expected an address of the loopback interface%s%s",
              w->name, w->spec, w->remote ? ", or " : "", w->remote ? w->remote : "");
    return false;
}

/* On success *found is to be freed. */
static bool find_host(struct addrinfo **found, const struct address *a, const struct wish *w)
{
    struct addrinfo want = {.ai_family = a->family, .ai_socktype = SOCK_STREAM};
    int e = getaddrinfo(a->host, a->port, &want, found);
    if (e != 0) {
        log_write(SETTINGS_LOG_ERROR, "%s: %s: cannot find the host: %s", w->name, w->spec,
                  gai_strerror(e));
        return false;
    }
    if (w->reach != REACH_LOCAL || web_address_is_loopback((*found)->ai_addr))
        return true;
    freeaddrinfo(*found);
    return complain_of_reach(w);
}

static bool bind_inet(struct listener *l, const struct addrinfo *ai, const struct wish *w)
{
    int on = 1;
    l->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return fail(w->spec, "open a socket");
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    send_at_once(l->fd);
    if (ai->ai_family == AF_INET6)
        setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return bind(l->fd, ai->ai_addr, ai->ai_addrlen) == 0 ? true : fail(w->spec, "bind");
}

static bool open_inet(struct listener *l, const struct address *a, const struct wish *w)
{
    struct addrinfo *found;
    if (!find_host(&found, a, w))
        return false;
    bool ok = bind_inet(l, found, w);
    freeaddrinfo(found);
    return ok;
}

/* Its own address, by which it is reached. */
static bool know_address(struct listener *l)
{
    l->address_len = sizeof l->address;
    return getsockname(l->fd, (struct sockaddr *)&l->address, &l->address_len) == 0;
}

bool listener_check(const struct wish *w)
{
    struct address a;
    struct addrinfo *found;
    gid_t gid;
    if (!parse(&a, w) || !find_group(w, &gid))
        return false;
    if (a.family == AF_UNIX || w->reach != REACH_LOCAL)
        return true;
    bool local = find_host(&found, &a, w);
    if (local)
        freeaddrinfo(found);
    return local;
}

bool listener_open(struct listener *l, const struct wish *w)
{
    struct address a;
    gid_t gid;
    *l = (struct listener){.fd = -1};
    if (!parse(&a, w) || !find_group(w, &gid))
        return false;
    bool ok = a.family == AF_UNIX ? open_unix(l, &a, w, gid) : open_inet(l, &a, w);
    if (ok && (listen(l->fd, BACKLOG) != 0 || !know_address(l)))
        ok = fail(w->spec, "listen");
    if (ok)
        return true;
    if (l->fd >= 0)
        close(l->fd);
    listener_remove(l);
    l->fd = -1;
    return false;
}

/* sd_listen_fds(3): the descriptors from 3 on are for the process in LISTEN_PID. */
int listener_inherited(void)
{
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
    if (!pid || !n || strtol(pid, NULL, 10) != (long)getpid())
        return 0;
    long count = strtol(n, NULL, 10);
    return count > 0 && count < INT_MAX ? (int)count : 0;
}

bool listener_inherit(struct listener *l)
{
    int type = 0, accepts = 0;
    socklen_t n = sizeof type, m = sizeof accepts;
    *l = (struct listener){.fd = FIRST_INHERITED};
    if (listener_inherited() != 1) {
        log_write(SETTINGS_LOG_ERROR, "LISTEN_FDS: got %d sockets, expected 1", listener_inherited());
        return false;
    }
    if (getsockopt(l->fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0 || type != SOCK_STREAM ||
        getsockopt(l->fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &m) != 0 || !accepts ||
        !know_address(l)) {
        log_write(SETTINGS_LOG_ERROR, "LISTEN_FDS: descriptor %d is no listening stream socket",
                  l->fd);
        return false;
    }
    fcntl(l->fd, F_SETFD, FD_CLOEXEC);
    if (l->address.ss_family != AF_UNIX)
        send_at_once(l->fd);
    return true;
}

void listener_poke(const struct listener *l)
{
    int fd = socket(l->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* Refused or full: whoever waits there finds out in time of their own. */
    int ignored = connect(fd, (const struct sockaddr *)&l->address, l->address_len);
    (void)ignored;
    close(fd);
}

/* The number of a removed file is soon used again, so the time of its last change counts too. */
static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void listener_remove(const struct listener *l)
{
    struct stat st;
    if (*l->path && lstat(l->path, &st) == 0 && is_same(&st, &l->st))
        unlink(l->path);
}
