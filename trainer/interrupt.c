/* interrupt.c - SIGINT and SIGTERM ask a long run to stop. */
#include "trainer/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

/* Both signals lose their handler: whichever comes second ends the process. */
static void on_signal(int sig)
{
    (void)sig;
    caught = 1;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

void interrupt_catch(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

bool interrupted(void)
{
    return caught != 0;
}
