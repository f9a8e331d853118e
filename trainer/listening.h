/*
 * listening.h - the socket of bolter-train serve: a port of this machine, or a unix socket, which
 * is replaced where its process is gone and removed in the end. The daemon's milter/listener.h is
 * for mail servers: owners, groups and inherited sockets, which a page for one user has no need of.
 */
#ifndef LISTENING_H
#define LISTENING_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct listening {
    int fd; /* -1: not open */
    struct sockaddr_storage address;
    socklen_t address_len;
    char host[256]; /* as the address named it, IPv6 in brackets; "" of a unix socket */
    char url[300];  /* where it is reached once it is open: http://127.0.0.1:8025/, unix:/path */
    char path[108]; /* of the unix socket that we made, or "" */
    struct stat st; /* of that socket, to know it again */
};

/* Take HOST:PORT, [IPV6]:PORT or unix:/PATH apart. False after a complaint, which it also has about
 * a host beyond the loopback interface unless remote is true. */
bool listening_parse(struct listening *l, const char *spec, bool remote);
/* Bind and listen. False after a complaint. */
bool listening_open(struct listening *l);
/* Remove the unix socket, unless another took its name. The descriptor is the server's by then. */
void listening_remove(struct listening *l);

#endif
