/*
 * served.h - a model that answers, and the seats of those whose requests are at work: so many at
 * the same time, each with the memory that it needs, and no more.
 */
#ifndef SERVED_H
#define SERVED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bolter.h"
#include "trainer/instructions.h"
#include "trainer/tally.h"
#include "web/judging.h"

/* What a model is for. */
enum served_kind { SERVED_CLASSIFIER, SERVED_WRITER, SERVED_ANSWERER };

struct seat {
    struct served *of;
    bool taken;
    bolter_session *session; /* of a classifier */
    struct judging judging;  /* likewise */
};

struct served {
    bolter_model *model;
    enum served_kind kind;
    struct template template; /* of instructions */
    const char *dir;          /* of the model */
    size_t max_body;          /* bytes of a request */
    struct seat *seat;
    size_t n_seats;
    pthread_mutex_t lock; /* guards whether seats are taken */
    atomic_bool stopping; /* answers that are under way end soon */
    struct tally tally;
};

/* Open a model directory, whose name and s stay where they are. False after a complaint, and
 * served_close() is due then, too. */
bool served_open(struct served *s, const char *dir, const char *precision, size_t n_seats);
/* A seat; NULL when all are taken, or when s is stopping. Any thread. */
struct seat *served_sit(struct served *s);
/* Leave a seat, which may be NULL. Any thread. */
void served_leave(struct seat *seat);
/* Seats that are taken. */
size_t served_busy(struct served *s);
void served_close(struct served *s);

/* ---- What paths answer, of a struct served ---- */

struct answer answer_model(void *served, const struct request *r);
struct answer answer_health(void *served, const struct request *r);
struct answer answer_metrics(void *served, const struct request *r);
struct answer answer_classify(void *served, const struct request *r);
struct answer answer_generate(void *served, const struct request *r);

#endif
