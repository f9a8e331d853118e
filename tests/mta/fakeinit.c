/*
 * fakeinit.c - run a daemon as a service manager would, and print what it says.
 *
 *     fakeinit [--listen PATH] [--watchdog MS] COMMAND...
 *
 * The command gets a socket for notifications (an abstract one); with --listen a listening unix socket
 * as descriptor 3, with --watchdog an interval for signs of life. Each line that it sends is printed.
 * SIGTERM and SIGUSR1 are passed on. Ends with the command, with its status.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void pass_on(int number)
{
    if (child > 0)
        kill(child, number);
}

static void fail(const char *what)
{
    perror(what);
    exit(99);
}

static int bound(int type, const char *name, size_t n)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);
    if (n >= sizeof sun.sun_path)
        fail(name);
    memcpy(sun.sun_path, name, n);
    if (sun.sun_path[0] == '@')
        sun.sun_path[0] = 0;
    if (fd < 0 ||
        bind(fd, (struct sockaddr *)&sun, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)))
        fail(name);
    return fd;
}

static void set_number(const char *name, long n)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", n);
    setenv(name, text, 1);
}

static void become_the_command(char **argv, const char *listen_at, long watchdog_ms,
                               const char *notify)
{
    setenv("NOTIFY_SOCKET", notify, 1);
    if (watchdog_ms > 0) {
        set_number("WATCHDOG_USEC", watchdog_ms * 1000);
        set_number("WATCHDOG_PID", (long)getpid());
    }
    if (listen_at) {
        int fd = bound(SOCK_STREAM, listen_at, strlen(listen_at));
        if (listen(fd, 16) != 0 || (fd != 3 && dup2(fd, 3) != 3))
            fail(listen_at);
        set_number("LISTEN_FDS", 1);
        set_number("LISTEN_PID", (long)getpid());
    }
    execvp(argv[0], argv);
    fail(argv[0]);
}

/* Print the lines of one datagram; false if none came in time. */
static int print_one(int fd)
{
    char said[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 50) <= 0)
        return 0;
    ssize_t n = recv(fd, said, sizeof said - 1, 0);
    if (n < 0)
        return 0;
    printf("%.*s\n", (int)n, said);
    fflush(stdout);
    return 1;
}

int main(int argc, char **argv)
{
    char notify[64];
    const char *listen_at = NULL;
    long watchdog_ms = 0;
    int i = 1, status;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2)
        if (strcmp(argv[i], "--listen") == 0)
            listen_at = argv[i + 1];
        else
            watchdog_ms = strtol(argv[i + 1], NULL, 10);
    if (i >= argc)
        return 99;
    snprintf(notify, sizeof notify, "@fakeinit-%ld", (long)getpid());
    int fd = bound(SOCK_DGRAM, notify, strlen(notify));
    signal(SIGTERM, pass_on);
    signal(SIGUSR1, pass_on);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves no daemon behind */
        close(fd);
        become_the_command(argv + i, listen_at, watchdog_ms, notify);
    }
    while (waitpid(child, &status, WNOHANG) == 0)
        print_one(fd);
    while (print_one(fd))
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
