/* position.c - where a run is, as the JSON that a checkpoint keeps. */
#include "trainer/position.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trainer/options.h"

void position_add(struct position *at, const bolter_step *step, uint64_t n, double seconds,
                  char note[POSITION_NOTE])
{
    at->step++;
    at->examples += n;
    at->recent.loss += step->loss;
    at->recent.seconds += seconds;
    at->recent.n_steps++;
    at->recent.n_right += step->n_right;
    at->recent.n_seqs += n;
    at->recent.n_tokens += step->n_tokens;
    at->recent.lr = step->lr;
    at->recent.grad_norm = step->grad_norm;
    double rate = (double)step->n_tokens / fmax(seconds, 1e-9);
    if (step->lm_loss > 0)
        snprintf(note, POSITION_NOTE, "loss %.4f, text %.2f, %.0f tokens/s", step->loss,
                 step->lm_loss, rate);
    else
        snprintf(note, POSITION_NOTE, "loss %.4f, %.0f tokens/s", step->loss, rate);
}

/* ---- In a checkpoint ---- */

void position_warn(const json_t *note, size_t threads)
{
    json_int_t begun = json_integer_value(json_object_get(note, "threads"));
    if (begun != (json_int_t)threads)
        complain("begun with %lld threads, going on with %zu: the last bits of the weights will "
                 "differ from those of a run without a stop", (long long)begun, threads);
}

json_t *measures_json(const struct measures *m)
{
    const double x[] = {m->loss, m->accuracy, m->auc};
    json_t *j = json_array();
    for (size_t i = 0; i < 3; i++)
        json_array_append_new(j, isfinite(x[i]) ? json_real(x[i]) : json_null());
    return j;
}

struct measures measures_of(const json_t *j)
{
    double x[3];
    for (size_t i = 0; i < 3; i++) {
        const json_t *number = json_array_get(j, i);
        x[i] = json_is_number(number) ? json_number_value(number) : NAN;
    }
    return (struct measures){x[0], x[1], x[2]};
}

/* Whole numbers of a position, under their names. */
struct number {
    const char *name;
    uint64_t *to;
};
enum { N_WHOLE = 9, N_REAL = 5 };

static void whole_of(struct position *p, struct number out[N_WHOLE])
{
    const struct number all[N_WHOLE] = {{"step", &p->step},
                                        {"examples", &p->examples},
                                        {"measured", &p->measured},
                                        {"worse", &p->worse},
                                        {"best_step", &p->best.step},
                                        {"recent_steps", &p->recent.n_steps},
                                        {"recent_right", &p->recent.n_right},
                                        {"recent_seqs", &p->recent.n_seqs},
                                        {"recent_tokens", &p->recent.n_tokens}};
    memcpy(out, all, sizeof all);
}

static void real_of(struct position *p, const char *names[N_REAL], double *to[N_REAL])
{
    const char *const all_names[N_REAL] = {"recent_loss", "recent_seconds", "lr", "grad_norm", "seconds"};
    double *const all[N_REAL] = {&p->recent.loss, &p->recent.seconds, &p->recent.lr,
                                 &p->recent.grad_norm, &p->seconds};
    memcpy(names, all_names, sizeof all_names);
    memcpy(to, all, sizeof all);
}

json_t *position_json(const struct position *at, double seconds)
{
    struct position p = *at;
    struct number whole[N_WHOLE];
    const char *names[N_REAL];
    double *real[N_REAL];
    json_t *j = json_object();
    p.seconds = seconds;
    whole_of(&p, whole);
    real_of(&p, names, real);
    for (size_t i = 0; i < N_WHOLE; i++)
        json_object_set_new(j, whole[i].name, json_integer((json_int_t)*whole[i].to));
    for (size_t i = 0; i < N_REAL; i++)
        json_object_set_new(j, names[i], json_real(*real[i]));
    json_object_set_new(j, "best", measures_json(&p.best.validation));
    return j;
}

bool position_take(struct position *p, const json_t *j)
{
    struct number whole[N_WHOLE];
    const char *names[N_REAL];
    double *real[N_REAL];
    *p = (struct position){0};
    whole_of(p, whole);
    real_of(p, names, real);
    for (size_t i = 0; i < N_WHOLE; i++) {
        const json_t *number = json_object_get(j, whole[i].name);
        if (!json_is_integer(number) || json_integer_value(number) < 0)
            return false;
        *whole[i].to = (uint64_t)json_integer_value(number);
    }
    for (size_t i = 0; i < N_REAL; i++) {
        if (!json_is_number(json_object_get(j, names[i])))
            return false;
        *real[i] = json_number_value(json_object_get(j, names[i]));
    }
    p->best.validation = measures_of(json_object_get(j, "best"));
    return true;
}
