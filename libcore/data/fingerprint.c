/*
 * fingerprint.c - the digest of a part of a dataset, over what a model sees of it: of each row the
 * label, the number of tokens, and the tokens, as little-endian numbers of 32 bits.
 */
#include "base/digest.h"
#include "bolter_data.h"

static void add_number(bt_sha256 *sum, uint32_t x)
{
    const unsigned char bytes[4] = {(unsigned char)x, (unsigned char)(x >> 8),
                                    (unsigned char)(x >> 16), (unsigned char)(x >> 24)};
    bt_sha256_add(sum, bytes, sizeof bytes);
}

static void add_ids(bt_sha256 *sum, const int32_t *ids, size_t n)
{
    add_number(sum, (uint32_t)n);
    for (size_t k = 0; k < n; k++)
        add_number(sum, (uint32_t)ids[k]);
}

void bolter_dataset_sha256(const bolter_dataset *d, bolter_part part, char hex[65])
{
    bt_sha256 *sum = bt_sha256_begin();
    for (size_t i = 0; i < bolter_dataset_count(d, part); i++) {
        const bolter_row *row = bolter_dataset_row(d, part, i);
        add_number(sum, (uint32_t)row->label);
        add_ids(sum, row->seq.ids, row->seq.n);
        if (row->whole)
            add_ids(sum, row->whole, row->n_whole);
    }
    bt_sha256_end(sum, hex);
}
