/* cover.h - does one text say what another does? */
#ifndef BT_COVER_H
#define BT_COVER_H

#include <stdbool.h>

#include "base/buf.h"
#include "bolter.h"

/*
 * Do at least half of the different words of part, of three bytes or more and in ASCII without regard to
 * case, also occur in whole? By hash: an estimate. E_NOMEM.
 */
bolter_status bt_text_covers(bool *covers, const bt_buf *whole, const bt_buf *part);

#endif
