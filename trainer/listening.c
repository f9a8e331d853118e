/* listening.c - addresses, ports, and what lies at the path of a unix socket. */
#include "trainer/listening.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "trainer/options.h"
#include "web/address.h"

#define BACKLOG 64

/* ---- Addresses ---- */

static bool parse_unix(struct listening *l, const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    if (*path != '/' || strlen(path) >= sizeof sun.sun_path) {
        complain("--listen: unix:%s, expected an absolute path of at most %zu bytes", path,
                 sizeof sun.sun_path - 1);
        return false;
    }
    memcpy(sun.sun_path, path, strlen(path) + 1);
    memcpy(&l->address, &sun, sizeof sun);
    l->address_len = sizeof sun;
    return true;
}

bool listening_parse(struct listening *l, const char *spec, bool remote)
{
    struct addrinfo want = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct web_address a;
    *l = (struct listening){.fd = -1};
    if (strncmp(spec, "unix:", 5) == 0)
        return parse_unix(l, spec + 5);
    if (!web_address_parse(&a, spec)) {
        complain("--listen: \"%s\", expected HOST:PORT or unix:/PATH", spec);
        return false;
    }
    memcpy(l->host, a.host, sizeof l->host);
    int e = getaddrinfo(a.name, a.port, &want, &found);
    if (e != 0) {
        complain("--listen: %s: %s", spec, gai_strerror(e));
        return false;
    }
    memcpy(&l->address, found->ai_addr, found->ai_addrlen);
    l->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    if (!remote && !web_address_is_loopback((const struct sockaddr *)&l->address)) {
        complain("--listen: %s is reached from other machines, which takes --allow-remote", spec);
        return false;
    }
    return true;
}

/* ---- Unix sockets ---- */

static bool fail(const char *what, const char *doing)
{
    complain("%s: cannot %s: %s", what, doing, strerror(errno));
    return false;
}

/* Does a process answer there? */
static bool is_alive(const struct sockaddr_un *sun)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)sun, sizeof *sun) != 0 &&
                   errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return !refused;
}

/* Make room for our socket: only the socket of a dead process goes. */
static bool clear_path(const struct sockaddr_un *sun)
{
    struct stat st;
    if (lstat(sun->sun_path, &st) != 0)
        return errno == ENOENT ? true : fail(sun->sun_path, "look at it");
    if (!S_ISSOCK(st.st_mode)) {
        complain("%s: there is a file, and it is no socket", sun->sun_path);
        return false;
    }
    if (is_alive(sun)) {
        complain("%s: another process answers there", sun->sun_path);
        return false;
    }
    return unlink(sun->sun_path) == 0 ? true : fail(sun->sun_path, "replace it");
}

/* For this user alone from its first moment on. */
static bool bind_unix(struct listening *l)
{
    struct sockaddr_un sun;
    memcpy(&sun, &l->address, sizeof sun);
    if (!clear_path(&sun))
        return false;
    mode_t before = umask(0177);
    bool ok = bind(l->fd, (const struct sockaddr *)&sun, sizeof sun) == 0;
    umask(before);
    if (!ok)
        return fail(sun.sun_path, "make it");
    memcpy(l->path, sun.sun_path, sizeof l->path);
    snprintf(l->url, sizeof l->url, "unix:%s", l->path);
    return lstat(l->path, &l->st) == 0 ? true : fail(l->path, "look at it");
}

/* The number of a removed file is soon used again, so the time of its last change counts too. */
static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void listening_remove(struct listening *l)
{
    struct stat st;
    if (*l->path && lstat(l->path, &st) == 0 && is_same(&st, &l->st))
        unlink(l->path);
    *l->path = 0;
}

/* ---- Ports ---- */

static bool bind_port(struct listening *l)
{
    int on = 1;
    char port[6];
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(l->fd, (const struct sockaddr *)&l->address, l->address_len) != 0)
        return fail(l->host, "listen at this port");
    if (getsockname(l->fd, (struct sockaddr *)&l->address, &l->address_len) != 0 ||
        getnameinfo((const struct sockaddr *)&l->address, l->address_len, NULL, 0, port,
                    sizeof port, NI_NUMERICSERV) != 0)
        return fail(l->host, "learn the port");
    snprintf(l->url, sizeof l->url, "http://%s:%s/", l->host, port);
    return true;
}

bool listening_open(struct listening *l)
{
    int family = l->address.ss_family;
    l->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return fail("--listen", "open a socket");
    bool ok = family == AF_UNIX ? bind_unix(l) : bind_port(l);
    if (ok && listen(l->fd, BACKLOG) != 0)
        ok = fail(l->url, "listen");
    if (ok)
        return true;
    listening_remove(l);
    close(l->fd);
    l->fd = -1;
    return false;
}
