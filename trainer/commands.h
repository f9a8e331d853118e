/* commands.h - the subcommands of bolter-train. Each takes argv from its own name on and returns the
 * exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
#ifndef COMMANDS_H
#define COMMANDS_H

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

int cmd_average(int argc, char **argv);
int cmd_baseline(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_experiments(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_fetch(int argc, char **argv);
int cmd_finetune(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_instruct(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_prepare(int argc, char **argv);
int cmd_pretrain(int argc, char **argv);
int cmd_protocol(int argc, char **argv);
int cmd_quantize(int argc, char **argv);
int cmd_respond(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_tokenizer(int argc, char **argv);
int cmd_calibrate(int argc, char **argv);
int cmd_wide(int argc, char **argv);

#endif
