/* runlog.c - the record of a training run. */
#include "trainer/runlog.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/options.h"

__attribute__((format(printf, 3, 4)))
static bool append(char **text, size_t *n, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    char *grown = realloc(*text, *n + (size_t)len + 1);
    if (!grown) {
        complain("no memory for the log");
        return false;
    }
    memcpy(grown + *n, line, (size_t)len + 1);
    *text = grown;
    *n += (size_t)len;
    return true;
}

bool runlog_start(struct runlog *log, const char *live)
{
    *log = (struct runlog){.live = live};
    if (live) {
        FILE *f = fopen(live, "w");
        if (!f || fclose(f) != 0) {
            complain("%s: %s", live, strerror(errno));
            return false;
        }
    }
    return append(&log->csv, &log->n_csv,
                  "step,epoch,examples,train_loss,train_accuracy,validation_loss,"
                  "validation_accuracy,lr,seconds,best\n");
}

static bool write_live(const char *path, const char *line)
{
    FILE *f = fopen(path, "a");
    bool ok = f && fputs(line, f) >= 0;
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok)
        complain("%s: %s", path, strerror(errno));
    return ok;
}

bool runlog_add(struct runlog *log, const struct runlog_line *l)
{
    size_t at = log->n_json;
    bool ok = append(&log->json, &log->n_json,
                     "{\"v\":1,\"step\":%llu,\"epoch\":%.4f,\"examples\":%llu,\"train_loss\":%.6f,"
                     "\"train_accuracy\":%.6f,\"validation_loss\":%.6f,\"validation_accuracy\":%.6f,"
                     "\"lr\":%.6g,\"seconds\":%.1f,\"best\":%s}\n",
                     (unsigned long long)l->step, l->epoch, (unsigned long long)l->examples,
                     l->train_loss, l->train_accuracy, l->validation_loss, l->validation_accuracy,
                     l->lr, l->seconds, l->best ? "true" : "false");
    ok = ok && append(&log->csv, &log->n_csv, "%llu,%.4f,%llu,%.6f,%.6f,%.6f,%.6f,%.6g,%.1f,%d\n",
                      (unsigned long long)l->step, l->epoch, (unsigned long long)l->examples,
                      l->train_loss, l->train_accuracy, l->validation_loss, l->validation_accuracy,
                      l->lr, l->seconds, l->best);
    return ok && (!log->live || write_live(log->live, log->json + at));
}

bool save_text(const char *dir, const char *name, const char *text)
{
    char path[4096], tmp[4200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(tmp, sizeof tmp, "%s.tmp.%ld", path, (long)getpid());
    FILE *f = fopen(tmp, "w");
    bool ok = f && fputs(text, f) >= 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    if (f && fclose(f) != 0)
        ok = false;
    if (ok && rename(tmp, path) == 0)
        return true;
    complain("%s: %s", path, strerror(errno));
    unlink(tmp);
    return false;
}

bool runlog_save(const struct runlog *log, const char *dir)
{
    return (!log->json || save_text(dir, "train.jsonl", log->json)) &&
           save_text(dir, "train.csv", log->csv);
}

void runlog_free(struct runlog *log)
{
    free(log->json);
    free(log->csv);
    *log = (struct runlog){0};
}
