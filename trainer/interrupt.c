/* interrupt.c - SIGINT and SIGTERM ask a long run to stop. */
#include "trainer/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool caught;

/* The second signal, in whichever thread and however soon, takes its default action when this one returns. */
static void on_signal(int sig)
{
    if (atomic_exchange(&caught, true)) {
        signal(sig, SIG_DFL);
        raise(sig);
    }
}

void interrupt_catch(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

bool interrupted(void)
{
    return atomic_load(&caught);
}
