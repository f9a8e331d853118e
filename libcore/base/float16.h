/* float16.h - half and brain floats, rounded to nearest, ties to even. */
#ifndef BT_FLOAT16_H
#define BT_FLOAT16_H

#include <stdint.h>

float bt_from_f16(uint16_t h);
float bt_from_bf16(uint16_t h);
uint16_t bt_to_f16(float f);
uint16_t bt_to_bf16(float f);

#endif
