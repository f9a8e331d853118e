/*
 * features.h - what a message is made of, as few numbers in a long row: each word, run of characters and
 * trait falls by its hash into one of 2^20 buckets.
 *
 * There are groups: words of the body, its runs of characters, the subject, traits, and their runs of
 * characters. Within a group a bucket that is hit c times has the value 1 + ln c, and then each group is
 * scaled to a length of its own, so that a long body does not outweigh the header, nor many innocent words
 * what is suspicious elsewhere.
 */
#ifndef BT_FEATURES_H
#define BT_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#include "bolter.h"

#define BT_FEATURE_BITS 20 /* BOLTER_BUCKETS */

/* What features are made of; NULL with n 0 where there is none. */
typedef struct bt_feature_text {
    const char *s;
    size_t n;
} bt_feature_text;

typedef struct bt_feature_texts {
    bt_feature_text subject, body;
    bt_feature_text traits; /* one a line */
} bt_feature_texts;

/* Begins zeroed; used again for message after message. */
typedef struct bt_features bt_features;

/* E_NOMEM. */
bolter_status bt_features_open(bt_features **out, bolter_error *err);
/* The row of a message, valid until the next call. E_NOMEM. */
bolter_status bt_features_of(bt_features *f, const bt_feature_texts *t, bolter_features *out,
                             bolter_error *err);
void bt_features_free(bt_features *f);

#endif
