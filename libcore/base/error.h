/* error.h - fill a bolter_error and return its code in one statement. */
#ifndef BT_ERROR_H
#define BT_ERROR_H

#include "bolter.h"

/* Write one line into err (may be NULL; an error already there stays) and return code. */
bolter_status bt_fail(bolter_error *err, bolter_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with ": strerror(e)" appended and sys_errno set; E_NOMEM for ENOMEM, else E_IO. */
bolter_status bt_fail_errno(bolter_error *err, int e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
