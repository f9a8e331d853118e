/*
 * compiled.h - tokenizer.bolter: the tables of vocab.json and merges.txt as they are searched, so
 * that a process need not build them.
 *
 * It is a copy and never the truth: it names the content of both files by a digest, and where it
 * does not fit them, is damaged, of another version or of a machine of another byte order, it counts
 * as absent. The digests find accidents; against malice every number in it is checked, so that it
 * can mean wrong tokens, as a wrong vocab.json can, but no access beyond its tables.
 *
 *   header          magic, version, sizes, digests; see struct header in compiled.c
 *   vocabulary      slots of 16 bytes, see bt_vocab_slot
 *   merges          slots of 16 bytes, see bt_merge
 *   starts          n + 1 offsets of 32 bits
 *   bytes           of all tokens, one after the other
 */
#ifndef BT_COMPILED_H
#define BT_COMPILED_H

#include "base/file.h"
#include "tok/merges.h"

/* Point v and m into the file of a directory as it was read, which map then owns. False: there is none to
 * use, and all three are empty. */
bool bt_compiled_open(bt_map *map, bt_vocab *v, bt_merges *m, const char *dir);
/* Write it, from what was read from the files of the directory. E_IO, E_NOMEM. */
bolter_status bt_compiled_write(const bt_vocab *v, const bt_merges *m, const char *dir,
                                bolter_error *err);
/* Put the digest of the header and the tables into a file of n bytes, at least a header. */
void bt_compiled_seal(void *file, size_t n);

#endif
