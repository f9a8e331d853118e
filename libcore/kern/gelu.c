/*
 * gelu.c - the Gaussian error linear unit in its tanh form,
 * y = x/2 (1 + tanh(u)) = x s(2u), u = sqrt(2/pi) (x + 0.044715 x^3), s the logistic function.
 */
#include "kern/kern.h"

#include "kern/vector.h"

#define TWO_SQRT_2_PI 1.5957691216057308f /* 2 sqrt(2 / pi) */
#define CUBE          0.044715f

BT_CLONES
void bt_gelu_forward(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = bt_geluf(x[i]);
}

BT_CLONES
void bt_gelu_backward(float *dx, const float *dy, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = x[i];
        float two_u = TWO_SQRT_2_PI * (v + CUBE * v * v * v);
        float s = 1.0f / (1.0f + bt_expf(-two_u));
        float slope = TWO_SQRT_2_PI * (1.0f + 3.0f * CUBE * v * v);
        dx[i] = dy[i] * (s + v * s * (1.0f - s) * slope);
    }
}
