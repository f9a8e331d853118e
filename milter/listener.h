/*
 * listener.h - the socket on which the mail server reaches us. We open it ourselves: libmilter
 * would delete the socket of a running daemon, and would leave Nagle's algorithm on, which costs 40
 * ms a message over TCP.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

/* From where a socket may be reached: anywhere that its address says, this machine, files alone. */
enum reach { REACH_ANY, REACH_LOCAL, REACH_UNIX };

/* What socket is wanted. */
struct wish {
    const char *name;  /* of the setting, for messages */
    const char *spec;  /* unix:PATH, inet:PORT@HOST, inet6:PORT@HOST */
    bool web;          /* HOST:PORT instead of the last two */
    const char *group; /* of a unix socket; "": that of the process */
    mode_t mode;       /* of a unix socket */
    uid_t uid;         /* owner of a unix socket; (uid_t)-1: this process */
    enum reach reach;
    const char *remote; /* the setting that would widen REACH_LOCAL; NULL: none does */
};

struct listener {
    int fd;
    struct sockaddr_storage address;
    socklen_t address_len;
    char path[108]; /* of a unix socket that we made, or "" */
    struct stat st; /* of that socket, to know it again */
};

/* Check a wish without opening anything; logs what is wrong. */
bool listener_check(const struct wish *w);
/*
 * Bind and listen. A stale unix socket is replaced; one on which somebody answers is left alone and is an
 * error. Logs what went wrong. Before threads start.
 */
bool listener_open(struct listener *l, const struct wish *w);
/* How many listening sockets a service manager has handed to this process. */
int listener_inherited(void);
/* Take the one that it has handed over; logs what is wrong with it. */
bool listener_inherit(struct listener *l);
/* Connect to it and hang up, to wake whoever waits there. Tries only. */
void listener_poke(const struct listener *l);
/* Remove our unix socket, unless another took its name. The descriptor is libmilter's by then. */
void listener_remove(const struct listener *l);

#endif
