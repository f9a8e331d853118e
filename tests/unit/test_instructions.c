/* test_instructions.c - answers to instructions, whole and while they are still being written. */
#include "trainer/instructions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static const struct written {
    const char *template, *text, *answer;
    bool next; /* another task follows */
} written[] = {
    {"alpaca", "", "", false},
    {"alpaca", "jam", "jam", false},
    {"alpaca", " \n jam \n and tea. \n", "jam \n and tea.", false},
    {"alpaca", "jam\n\n### Instruction:\nSay tea.", "jam", true},
    {"alpaca", "\n### Response:\n", "", true},
    {"alpaca", "a\n## b\n###", "a\n## b\n###", false},
    {"alpaca", "a\n###b\n### c", "a\n###b", true},
    {"alpaca", "a\n\n#", "a\n\n#", false},
    {"phi", "tea <|assistant|> or <|use", "tea <|assistant|> or <|use", false},
    {"phi", "tea<|user|>\nSay jam.", "tea", true},
    {"phi", "<|<|user|>", "<|", true},
};
enum { N_WRITTEN = sizeof written / sizeof *written };

static void answers_end_where_another_task_begins(struct check *c)
{
    for (size_t i = 0; i < N_WRITTEN; i++) {
        struct template t = {.name = written[i].template};
        char *text = strdup(written[i].text);
        const char *got = instructions_answer(&t, text);
        CHECK(c, strcmp(got, written[i].answer) == 0, "%zu: got \"%s\", want \"%s\"", i, got,
              written[i].answer);
        free(text);
    }
}

/* Whatever was passed on after any number of bytes is the beginning of the answer in the end. */
static void what_is_settled_stays(struct check *c)
{
    for (size_t i = 0; i < N_WRITTEN; i++) {
        struct template t = {.name = written[i].template};
        size_t n = strlen(written[i].text), from, to, last = 0;
        char *text = calloc(1, n + 1);
        bool over = false;
        for (size_t k = 0; k <= n; k++) {
            memcpy(text, written[i].text, k);
            over = instructions_settled(&t, text, &from, &to);
            bool begins = strncmp(text + from, written[i].answer, to - from) == 0;
            CHECK(c, from <= to && to <= k && begins, "%zu: %zu to %zu of %zu bytes", i, from, to,
                  k);
            CHECK(c, to - from >= last, "%zu: %zu bytes after %zu", i, to - from, last);
            last = to - from;
        }
        CHECK(c, over == written[i].next, "%zu: another task: got %d", i, over);
        CHECK(c, !over || last == strlen(written[i].answer), "%zu: %zu bytes settled", i, last);
        free(text);
    }
}

/* Only what could be the beginning of another task waits. */
static void words_do_not_wait(struct check *c)
{
    struct template t = {.name = "alpaca"};
    size_t from, to;
    instructions_settled(&t, "a cup of tea # 1", &from, &to);
    CHECK(c, from == 0 && to == 16, "got %zu to %zu", from, to);
    instructions_settled(&t, "a cup of tea\n##", &from, &to);
    CHECK(c, from == 0 && to == 12, "got %zu to %zu", from, to);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(answers_end_where_another_task_begins),
        CASE(what_is_settled_stays),
        CASE(words_do_not_wait),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
