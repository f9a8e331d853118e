/* obtain.c - a data set or model from its addresses to its place. */
#include "trainer/obtain.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trainer/commands.h"
#include "trainer/interrupt.h"
#include "trainer/options.h"
#include "trainer/part.h"
#include "trainer/receipt.h"
#include "trainer/tree.h"

struct place {
    const struct obtain *o;
    const struct known *known;
    char *receipt_path, *work, *made; /* OUT.receipt, OUT.fetch, and what becomes OUT */
    int lock;
    struct receipt receipt;
};

static bool open_place(struct place *p, const struct obtain *o)
{
    *p = (struct place){.o = o, .known = o->known, .lock = -1};
    bool file = p->known->shape == KNOWN_FILE;
    p->receipt_path = text_of("%s.receipt", o->out);
    p->work = text_of("%s.fetch", o->out);
    p->made = text_of("%s.fetch/%s", o->out, file ? p->known->files->name : OBTAIN_TREE);
    return p->receipt_path && p->work && p->made && receipt_load(&p->receipt, p->receipt_path);
}

static void close_place(struct place *p)
{
    if (p->lock >= 0)
        close(p->lock);
    free(p->receipt_path);
    free(p->work);
    free(p->made);
}

/* ---- What is there ---- */

static bool verify_member(const struct place *p, const char *dir)
{
    const struct known_member *m = &p->known->member;
    char sha256[65], *path = text_of("%s/%s", dir, m->path);
    bool ok = path && file_verify(path, m->size, m->sha256, sha256);
    free(path);
    return ok;
}

static bool verify_unpacked(const struct place *p)
{
    uint64_t n_files, n_bytes;
    const struct receipt *r = &p->receipt;
    if (!tree_measure(p->o->out, &n_files, &n_bytes))
        return false;
    if (n_files != r->n_unpacked || n_bytes != r->unpacked_bytes) {
        complain("%s: %llu files of %llu bytes, expected %llu of %llu", p->o->out,
                 (unsigned long long)n_files, (unsigned long long)n_bytes,
                 (unsigned long long)r->n_unpacked, (unsigned long long)r->unpacked_bytes);
        return false;
    }
    return !p->known->member.path || verify_member(p, p->o->out);
}

/* f with the digest of an earlier download where nothing is pinned, not even what is in it. */
static struct known_file expected(const struct place *p, const struct known_file *f)
{
    struct known_file want = *f;
    const struct receipt_file *r = receipt_find(&p->receipt, f->name);
    if (r && !f->sha256 && !p->known->member.path) {
        want.size = f->size ? f->size : r->size;
        want.sha256 = r->sha256;
    }
    return want;
}

static bool verify_files(const struct place *p)
{
    bool ok = true;
    for (size_t i = 0; ok && i < p->known->n_files; i++) {
        struct known_file want = expected(p, &p->known->files[i]);
        bool file = p->known->shape == KNOWN_FILE;
        char *path = text_of("%s%s%s", p->o->out, file ? "" : "/", file ? "" : want.name);
        char sha256[65];
        ok = path && file_verify(path, want.size, want.sha256, sha256);
        free(path);
    }
    return ok;
}

static bool all_pinned(const struct known *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n_files; i++)
        n += k->files[i].sha256 != NULL;
    return n == k->n_files && k->shape != KNOWN_ARCHIVES;
}

/* OUT is there: is it what was asked for? */
static int see_what_is_there(const struct place *p)
{
    if (p->receipt.n == 0 && !all_pinned(p->known)) {
        complain("%s is there already, and has no receipt that tells what it is; move it away",
                 p->o->out);
        return EXIT_FAILED;
    }
    if (p->known->shape == KNOWN_ARCHIVES ? verify_unpacked(p) : verify_files(p)) {
        complain("%s is there already, and whole", p->o->out);
        return EXIT_DONE;
    }
    complain("%s is there, but not as it was fetched; --force fetches it again", p->o->out);
    return EXIT_FAILED;
}

/* ---- Files ---- */

/* A file that was downloaded by hand takes the place of a download. */
static int take_by_hand(const struct place *p, const struct known_file *f, char sha256[65])
{
    struct stat st;
    struct part part = {.fd = -1};
    bool folder = stat(p->o->from, &st) == 0 && S_ISDIR(st.st_mode);
    char *from = folder ? text_of("%s/%s", p->o->from, f->name) : text_of("%s", p->o->from);
    bool ok = from && part_open(&part, p->work, f->name) && part_copy(&part, from);
    if (ok && !part_verify(&part, f, sha256)) {
        part_restart(&part);
        ok = false;
    }
    ok = ok && part_finish(&part);
    part_close(&part);
    free(from);
    if (!ok && interrupted())
        return EXIT_INTERRUPTED;
    return ok ? EXIT_DONE : EXIT_FAILED;
}

static bool record(struct place *p, const struct known_file *f, const char *sha256)
{
    struct stat st;
    char *path = text_of("%s/%s", p->work, f->name);
    bool ok = path && (stat(path, &st) == 0 || complain_errno(path)) &&
              receipt_put(&p->receipt, f->name, (uint64_t)st.st_size, sha256);
    free(path);
    return ok;
}

static void say_how_by_hand(const struct obtain *o)
{
    const struct known *k = o->known;
    complain("if this machine cannot, download by hand%s:",
             k->n_files > 1 ? ", into one directory DIR" : "");
    for (size_t i = 0; i < k->n_files; i++) {
        char *shown = fetch_shown(k->files[i].urls[0]);
        if (shown)
            complain("    %s", shown);
        free(shown);
    }
    complain("and give this command --from %s", k->n_files > 1 ? "DIR" : "FILE");
}

static int download(const struct place *p, const struct known_file *f, char sha256[65])
{
    switch (fetch_file(f, p->work, &p->o->net, sha256)) {
    case FETCH_DONE:
        return EXIT_DONE;
    case FETCH_NOWHERE:
        say_how_by_hand(p->o);
        return EXIT_FAILED;
    case FETCH_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case FETCH_FAILED:
        break;
    }
    return EXIT_FAILED;
}

static int get_file(struct place *p, const struct known_file *f)
{
    char sha256[65];
    struct known_file want = expected(p, f);
    int rc = p->o->from ? take_by_hand(p, &want, sha256) : download(p, &want, sha256);
    if (rc == EXIT_FAILED && want.sha256 != f->sha256)
        complain("%s has the digest of the first download of %s, and the same is expected again; "
                 "remove it to accept another",
                 p->receipt_path, f->name);
    if (rc == EXIT_DONE && !want.sha256 && !p->known->member.path)
        complain("%s: not pinned; SHA-256 %s goes into %s", f->name, sha256, p->receipt_path);
    return rc == EXIT_DONE && !record(p, f, sha256) ? EXIT_FAILED : rc;
}

static int get_files(struct place *p)
{
    int rc = EXIT_DONE;
    for (size_t i = 0; rc == EXIT_DONE && i < p->known->n_files; i++)
        rc = get_file(p, &p->known->files[i]);
    return rc;
}

/* ---- The directory ---- */

static int unpack_one(const struct place *p, const struct known_file *f, const char *archive)
{
    switch (unpack_archive(archive, p->made, p->known->skip, &p->o->unpack)) {
    case UNPACK_DONE:
        return EXIT_DONE;
    case UNPACK_BAD: /* kept, it would be found again */
        part_forget(p->work, f->name);
        return EXIT_FAILED;
    case UNPACK_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case UNPACK_FAILED:
        break;
    }
    return EXIT_FAILED;
}

/* By a link where there are links: should a later step fail, the next run finds the download. */
static bool put_into_tree(const struct place *p, const struct known_file *f, const char *path)
{
    char *to = text_of("%s/%s", p->made, f->name);
    bool ok = to && (link(path, to) == 0 || rename(path, to) == 0 || complain_errno(to));
    free(to);
    return ok;
}

static int add_to_tree(const struct place *p, const struct known_file *f)
{
    char *path = text_of("%s/%s", p->work, f->name);
    int rc = EXIT_FAILED;
    if (path && p->known->shape == KNOWN_ARCHIVES)
        rc = unpack_one(p, f, path);
    else if (path && put_into_tree(p, f, path))
        rc = EXIT_DONE;
    free(path);
    return rc;
}

/* The copy is made as a download is: under another name until it is whole. */
static bool copy_member(const struct place *p)
{
    const struct known_member *m = &p->known->member;
    struct part part = {.fd = -1};
    char *from = text_of("%s/%s", p->made, m->path), *to = text_of("%s/%s", p->made, m->copy);
    bool ok = from && to && part_open(&part, p->work, m->copy) && part_copy(&part, from) &&
              part_finish(&part) && (rename(part.path, to) == 0 || complain_errno(to));
    part_close(&part);
    free(from);
    free(to);
    return ok;
}

/* The file that is known is what it should be; else its archives are not kept. */
static bool take_member(const struct place *p)
{
    if (!p->known->member.path)
        return true;
    if (verify_member(p, p->made))
        return copy_member(p);
    for (size_t i = 0; i < p->known->n_files; i++)
        part_forget(p->work, p->known->files[i].name);
    return false;
}

static int fill_tree(struct place *p)
{
    int rc = EXIT_DONE;
    if (mkdir(p->made, 0777) != 0) {
        complain_errno(p->made);
        return EXIT_FAILED;
    }
    for (size_t i = 0; rc == EXIT_DONE && i < p->known->n_files; i++)
        rc = add_to_tree(p, &p->known->files[i]);
    if (rc == EXIT_DONE && p->known->shape == KNOWN_ARCHIVES &&
        (!take_member(p) ||
         !tree_measure(p->made, &p->receipt.n_unpacked, &p->receipt.unpacked_bytes)))
        rc = EXIT_FAILED;
    return rc;
}

static int make_tree(struct place *p)
{
    if (!tree_remove(p->made))
        return EXIT_FAILED;
    int rc = fill_tree(p);
    if (rc != EXIT_DONE && p->known->shape == KNOWN_ARCHIVES)
        tree_remove(p->made);
    return rc;
}

/* ---- Putting it in its place ---- */

/* A directory cannot be renamed over another: the old one steps aside. */
static bool replace(const struct place *p)
{
    char *old = text_of("%s/" OBTAIN_OLD, p->work);
    bool ok = old && tree_remove(old);
    bool aside = ok && path_exists(p->o->out) && rename(p->o->out, old) == 0;
    ok = ok && rename(p->made, p->o->out) == 0;
    if (!ok) {
        complain_errno(p->o->out);
        if (aside && rename(old, p->o->out) != 0)
            complain("%s is in %s", p->o->out, old);
    }
    free(old);
    return ok;
}

/* Only what this program puts there is removed. */
static bool clear_work(const struct place *p)
{
    char *old = text_of("%s/" OBTAIN_OLD, p->work);
    bool ok = old && tree_remove(old) && (p->known->shape == KNOWN_FILE || tree_remove(p->made));
    for (size_t i = 0; i < p->known->n_files; i++)
        part_forget(p->work, p->known->files[i].name);
    if (p->known->member.path)
        part_forget(p->work, p->known->member.copy);
    rmdir(p->work);
    free(old);
    return ok;
}

static bool publish(struct place *p)
{
    char *copy = text_of("%s", p->o->out);
    bool ok = copy && tree_sync(p->work) && receipt_save(&p->receipt, p->receipt_path) &&
              replace(p) && tree_sync(dirname(copy));
    free(copy);
    return ok && clear_work(p);
}

static int fill(struct place *p)
{
    int rc = get_files(p);
    if (rc == EXIT_DONE && p->known->shape != KNOWN_FILE)
        rc = make_tree(p);
    if (rc == EXIT_DONE && !publish(p))
        rc = EXIT_FAILED;
    if (rc != EXIT_DONE && rmdir(p->work) != 0)
        complain("what has come is kept in %s; the same command goes on from there", p->work);
    return rc;
}

/* One run at a time has the folder. */
static bool lock_work(struct place *p)
{
    if (mkdir(p->work, 0777) != 0 && errno != EEXIST)
        return complain_errno(p->work);
    p->lock = open(p->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->lock < 0)
        return complain_errno(p->work);
    if (flock(p->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    complain("%s: another fetch is at work there", p->work);
    return false;
}

int obtain(const struct obtain *o)
{
    struct place p;
    int rc = EXIT_FAILED;
    if (open_place(&p, o)) {
        bool there = path_exists(o->out);
        if (there && (!o->force || p.receipt.n == 0))
            rc = see_what_is_there(&p);
        else if (lock_work(&p))
            rc = fill(&p);
    }
    close_place(&p);
    return rc;
}
