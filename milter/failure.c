/* failure.c - status -> kind of failure -> setting -> action. */
#include "milter/failure.h"

#include <stdio.h>

enum failure failure_of(bolter_status status)
{
    if (status == BOLTER_OK)
        return FAILURE_NONE;
    if (status == BOLTER_E_TIMEOUT)
        return FAILURE_TIMEOUT;
    return status == BOLTER_E_BUSY ? FAILURE_OVERLOAD : FAILURE_ERROR;
}

const char *failure_name(enum failure f)
{
    switch (f) {
    case FAILURE_NONE:
        return "none";
    case FAILURE_ERROR:
        return "error";
    case FAILURE_TIMEOUT:
        return "timeout";
    case FAILURE_OVERLOAD:
        return "overload";
    case FAILURE_UNSCORABLE:
        return "unscorable";
    }
    return "unknown";
}

static int64_t setting_for(enum failure f, const struct settings *s)
{
    switch (f) {
    case FAILURE_TIMEOUT:
        return s->on_timeout;
    case FAILURE_OVERLOAD:
        return s->on_overload;
    case FAILURE_UNSCORABLE:
        return s->on_unscorable;
    case FAILURE_NONE:
    case FAILURE_ERROR:
        break;
    }
    return s->on_error;
}

enum action failure_action(enum failure f, const struct settings *s)
{
    switch (setting_for(f, s)) {
    case SETTINGS_TAG:
        return ACTION_MARK;
    case SETTINGS_TEMPFAIL:
        return ACTION_TEMPFAIL;
    default:
        return ACTION_ACCEPT;
    }
}

bool failure_mark(enum failure f, const struct mta *mta)
{
    char value[64];
    snprintf(value, sizeof value, "unscored=%s", failure_name(f));
    return mta->insert_header(mta->ud, "X-Bolter", value);
}
