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

#include "conf/settings.h"

struct listener {
    int fd;
    struct sockaddr_storage address;
    socklen_t address_len;
    char path[108]; /* of a unix socket, or "" */
    struct stat st; /* of that socket, to know it again */
};

/* Check the settings of the socket without opening it; logs what is wrong. */
bool listener_check(const struct settings *s);
/*
 * Bind and listen. uid owns a unix socket (-1: this process). A stale socket is replaced; one on
 * which somebody answers is left alone and is an error. Logs what went wrong. Before threads start.
 */
bool listener_open(struct listener *l, const struct settings *s, uid_t uid);
/* Connect to it and hang up, to wake whoever waits there. Tries only. */
void listener_poke(const struct listener *l);
/* Remove our unix socket, unless another took its name. The descriptor is libmilter's by then. */
void listener_remove(const struct listener *l);

#endif
