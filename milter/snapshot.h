/*
 * snapshot.h - settings, rules, model and service that belong together, counted by reference: a connection
 * keeps what it began with while a reload puts another in its place.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <pthread.h>

#include "bolter.h"
#include "conf/settings.h"
#include "milter/rules.h"

struct snapshot {
    struct settings settings;
    struct rules *rules;
    bolter_model *model;
    bolter_service *service;
    unsigned long refs; /* guarded by the holder's lock */
};

/* The place of the snapshot that new connections get. */
struct holder {
    pthread_mutex_t lock;
    struct snapshot *current; /* owns one reference; NULL while stopping */
};

/* Open rules, model and service. The snapshot starts with one reference. */
bolter_status snapshot_open(struct snapshot **out, const struct settings *s, bolter_error *err);
/* The model directory that settings name. */
const char *snapshot_model_dir(const struct settings *s);
/* Any number of threads may acquire, release and replace. */
void holder_init(struct holder *h);
/* A reference to the current snapshot, or NULL. */
struct snapshot *snapshot_acquire(struct holder *h);
/* The only way to give a reference back; the last one closes the service. s may be NULL. */
void snapshot_release(struct holder *h, struct snapshot *s);
/* Put s (NULL: none), whose reference the holder takes over, in the place of the current one. */
void snapshot_replace(struct holder *h, struct snapshot *s);

#endif
