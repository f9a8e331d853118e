/*
 * notify.h - what a service manager is told: systemd's sd_notify(3) protocol, a datagram of lines to the
 * socket named in NOTIFY_SOCKET. Without that variable nothing happens. Calls are the main thread's.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Read the environment. Before threads start and before the user changes. */
void notify_init(void);
/* Ready, with a line of status for "systemctl status". */
void notify_ready(const char *status);
/* A reload begins; it ends with notify_ready(). */
void notify_reloading(void);
void notify_stopping(void);
/* Half the interval in which the manager wants a sign of life, in milliseconds; 0: it wants none. */
uint64_t notify_watchdog_ms(void);
void notify_alive(void);

#endif
