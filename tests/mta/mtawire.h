/*
 * mtawire.h - packets of the milter protocol over a socket: a length of 4 bytes, big endian, which
 * counts what follows; a command byte; data. Outgoing packets are gathered until an answer is due,
 * as an MTA does, so that timings are an MTA's.
 */
#ifndef MTAWIRE_H
#define MTAWIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bolter.h"

struct mta_wire {
    int fd;
    bt_buf out; /* packets not sent yet */
    bt_buf in;  /* data of the packet that came last */
};

/*
 * Connect to a milter's socket: unix:PATH, local:PATH, inet:PORT@HOST or inet6:PORT@HOST. Every
 * later read and write waits timeout_ms at most. E_ARG, E_IO.
 */
bolter_status mta_wire_open(struct mta_wire *w, const char *spec, int timeout_ms,
                            bolter_error *err);
/* Gather a packet. E_NOMEM. */
bolter_status mta_wire_put(struct mta_wire *w, char command, const void *data, size_t n,
                           bolter_error *err);
/* Send bytes as they are. E_IO, E_TIMEOUT. */
bolter_status mta_wire_write(struct mta_wire *w, const void *bytes, size_t n, bolter_error *err);
/* Send what was gathered. E_IO, E_TIMEOUT. */
bolter_status mta_wire_flush(struct mta_wire *w, bolter_error *err);
/* The same, then read the next packet: its command, and w->in. E_IO, E_TIMEOUT, E_FORMAT. */
bolter_status mta_wire_get(struct mta_wire *w, char *command, bolter_error *err);
void mta_wire_close(struct mta_wire *w);

void mta_put_be32(unsigned char out[4], uint32_t v);
uint32_t mta_get_be32(const void *p);

#endif
