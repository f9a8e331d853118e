/* file.h - read files whole, map them, and write them so that a crash leaves the old or the new one. */
#ifndef BT_FILE_H
#define BT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "bolter.h"

/* The bytes of a whole regular file, mapped or read. */
typedef struct bt_map {
    const unsigned char *data; /* NULL for an empty file */
    size_t len;
    bool own; /* in memory of this process: the file may go or change */
} bt_map;

/* Map it, read-only. Whoever cuts the file off later ends the process by SIGBUS. E_IO. */
bolter_status bt_map_open(bt_map *m, const char *path, bolter_error *err);
/* Read it, so that nothing that happens to the file is seen any more. E_IO, E_NOMEM. */
bolter_status bt_map_read(bt_map *m, const char *path, bolter_error *err);
void bt_map_close(bt_map *m);
/* Give back the memory of whole pages within n bytes at a place in a mapping (elsewhere, and where it
 * was read: nothing happens). What is read of them later comes from the file again. */
void bt_map_forget(const bt_map *m, const void *at, size_t n);
/* The same also where it was read: these bytes are not looked at again. */
void bt_map_drop(const bt_map *m, const void *at, size_t n);

/* A new file for reading and writing that has no name and is gone when it is closed: in TMPDIR, or
 * else in /var/tmp. E_IO. */
bolter_status bt_temp_open(int *fd, bolter_error *err);

/* Read a whole file into an initialised buffer; E_LIMIT when it exceeds the buffer's cap. */
bolter_status bt_read_all(bt_buf *b, const char *path, bolter_error *err);

/* dir/name into a new string (bt_release), or NULL without memory. */
char *bt_path_join(const char *dir, const char *name);
bool bt_file_exists(const char *path);

/* Write bytes to path: a temporary file beside it, fsync, rename, fsync of the directory. E_IO. */
bolter_status bt_write_file(const char *path, const void *bytes, size_t n, bolter_error *err);
/* Put the finished and synced file tmp in the place of path; on failure tmp is removed. E_IO. */
bolter_status bt_replace_file(const char *tmp, const char *path, bolter_error *err);
/* Flush, fsync and close f; the first failure of f's life is reported for path. */
bolter_status bt_close_synced(FILE *f, const char *path, bolter_error *err);
/* fsync of a directory's entries. */
bolter_status bt_sync_dir(const char *dir, bolter_error *err);
/* Remove a directory of plain files and the directory itself; what is not there is no error. */
void bt_remove_dir(const char *dir);
/*
 * Remove what processes that are gone left beside path: PATH.tmp.PID, and if path exists PATH.old.PID,
 * files or directories of plain files.
 */
void bt_remove_stale(const char *path);
/*
 * Put the finished directory tmp in the place of dir, which may or may not exist: dir is at every
 * moment the old, absent for an instant, or the new one; never a mixture. E_IO leaves dir as it was.
 */
bolter_status bt_replace_dir(const char *tmp, const char *dir, bolter_error *err);

#endif
