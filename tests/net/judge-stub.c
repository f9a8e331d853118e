/*
 * judge-stub.c - an HTTP server on the loopback that answers chat completions from a script.
 *
 *     judge-stub PORTFILE LOG ANSWER...
 *
 * Writes its port to PORTFILE, appends the head and the body of each request to LOG, and answers request
 * i with ANSWER i: the content of the first choice; "!STATUS" for that HTTP status; "raw:BYTES" for that
 * body. Ends after the last answer.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(2);
}

static int listen_somewhere(const char *port_file)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    char tmp[4096];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("socket");
    snprintf(tmp, sizeof tmp, "%s.tmp", port_file);
    FILE *f = fopen(tmp, "w");
    if (!f || fprintf(f, "%d\n", ntohs(a.sin_port)) < 0 || fclose(f) != 0 ||
        rename(tmp, port_file) != 0)
        die(port_file);
    return fd;
}

/* Head and body of a request, whose length is in the head. */
static void read_request(int fd, char *to, size_t cap)
{
    size_t n = 0, want = cap - 1;
    while (n < want) {
        ssize_t got = recv(fd, to + n, want - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        to[n] = 0;
        const char *body = strstr(to, "\r\n\r\n"), *length = strcasestr(to, "Content-Length:");
        if (body && length && want == cap - 1) {
            size_t all = (size_t)(body + 4 - to) + strtoul(length + 15, NULL, 10);
            want = all < want ? all : want;
        }
    }
    to[n] = 0;
}

static void send_answer(int fd, const char *answer)
{
    char body[4096], all[8192];
    int status = 200;
    if (*answer == '!') {
        status = (int)strtol(answer + 1, NULL, 10);
        snprintf(body, sizeof body, "trouble");
    } else if (strncmp(answer, "raw:", 4) == 0) {
        snprintf(body, sizeof body, "%s", answer + 4);
    } else {
        snprintf(body, sizeof body, "{\"choices\":[{\"message\":{\"content\":\"%s\"}}]}", answer);
    }
    int n = snprintf(all, sizeof all, "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                     status, strlen(body), body);
    if (send(fd, all, (size_t)n, MSG_NOSIGNAL) != n)
        die("send");
}

int main(int argc, char **argv)
{
    static char request[1 << 20];
    if (argc < 4) {
        fputs("usage: judge-stub PORTFILE LOG ANSWER...\n", stderr);
        return 2;
    }
    int listener = listen_somewhere(argv[1]);
    for (int i = 3; i < argc; i++) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            die("accept");
        read_request(fd, request, sizeof request);
        FILE *log = fopen(argv[2], "a");
        if (!log || fputs(request, log) < 0 || fputc('\n', log) < 0 || fclose(log) != 0)
            die(argv[2]);
        send_answer(fd, argv[i]);
        close(fd);
    }
    return 0;
}
