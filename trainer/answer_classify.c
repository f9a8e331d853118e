/* answer_classify.c - POST /classify, by the session of a seat. */
#include "trainer/served.h"
#include "web/answer.h"

struct answer answer_classify(void *served, const struct request *r)
{
    struct served *s = served;
    size_t n_tokens;
    if (s->kind != SERVED_CLASSIFIER)
        return answer_error(404, "the model is a language model, without a classification head");
    struct seat *seat = served_sit(s);
    if (!seat)
        return answer_error(503, "all seats are taken, try again in a moment");
    struct answer a = judging_answer(&seat->judging, r, &n_tokens);
    tally_read(&s->tally, n_tokens);
    served_leave(seat);
    return a;
}
