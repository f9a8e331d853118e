/* notify.c - one datagram a message; the manager reads them in order. */
#include "milter/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "conf/settings.h"
#include "milter/log.h"

static struct {
    int fd; /* valid with len > 0 */
    struct sockaddr_un address;
    socklen_t len; /* 0: nobody wants to know */
    uint64_t watchdog_ms;
} manager;

/* A name that begins with '@' is in the abstract name space, where it begins with a NUL. */
static bool find_address(const char *name)
{
    size_t n = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof manager.address.sun_path)
        return false;
    manager.address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(manager.address.sun_path, name, n);
    if (name[0] == '@')
        manager.address.sun_path[0] = 0;
    manager.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

/* WATCHDOG_USEC counts for the process in WATCHDOG_PID, or for any. */
static uint64_t watchdog_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID"), *usec = getenv("WATCHDOG_USEC");
    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return 0;
    return strtoull(usec, NULL, 10) / 1000 / 2;
}

void notify_init(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name || !*name)
        return;
    if (!find_address(name)) {
        log_write(SETTINGS_LOG_WARNING, "NOTIFY_SOCKET: got '%s', expected a path or @NAME", name);
        return;
    }
    manager.watchdog_ms = watchdog_ms();
    manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (manager.fd < 0)
        manager.len = 0;
}

static void tell(const char *lines)
{
    if (manager.len == 0)
        return;
    ssize_t n;
    do
        n = sendto(manager.fd, lines, strlen(lines), MSG_NOSIGNAL,
                   (const struct sockaddr *)&manager.address, manager.len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        log_write(SETTINGS_LOG_WARNING, "cannot notify the service manager: %s", strerror(errno));
}

void notify_ready(const char *status)
{
    char lines[256];
    snprintf(lines, sizeof lines, "READY=1\nSTATUS=%s", status);
    tell(lines);
}

void notify_reloading(void)
{
    char lines[128];
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reloading",
             (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    tell(lines);
}

void notify_stopping(void)
{
    tell("STOPPING=1\nSTATUS=stopping");
}

uint64_t notify_watchdog_ms(void)
{
    return manager.watchdog_ms;
}

void notify_alive(void)
{
    tell("WATCHDOG=1");
}
