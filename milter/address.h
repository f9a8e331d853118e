/*
 * address.h - addresses of mail as they are compared: plain, in lower case.
 *
 * The envelope sender is what the SMTP client says. The From field is what the reader sees. Anyone
 * can write anything into either.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_MAX 320 /* bytes: 64 before the "@" and 255 after it, RFC 5321, 4.5.3.1 */

/* "<a@B.c>" of an envelope as "a@b.c", "<>" as ""; "?" for one that is too long. */
void address_of_envelope(char out[ADDRESS_MAX + 1], const char *text);
/*
 * The address in the value of a From field. False, with "", unless there is exactly one: of a list
 * it is not known which the reader sees.
 */
bool address_of_from(char out[ADDRESS_MAX + 1], const char *value);

#endif
