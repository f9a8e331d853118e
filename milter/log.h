/*
 * log.h - one line at a time to syslog or standard error. Levels are settings.h's SETTINGS_LOG_*.
 * Lines never carry content of a message. Any thread.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Before the first line; again only while one thread runs. */
void log_open(bool to_syslog);
/* The least important level that is written; info at first. */
void log_set_level(int level);
/* From now on each line is a JSON object. Any time, any thread. */
void log_set_json(bool json);
bool log_is_json(void);
/* A line of members, {"v":1,"level":...,MEMBERS}. They are valid JSON, without line ends. */
void log_json(int level, const char *members);
void log_write(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * A copy of text that can stand in a key=value line: printable ASCII without blanks and quotes,
 * everything else as '?', cut at cap - 1 bytes; "-" for NULL or an empty text. Returns out.
 */
const char *log_word(char *out, size_t cap, const char *text);

#endif
