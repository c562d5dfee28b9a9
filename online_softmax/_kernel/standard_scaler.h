/* river's StandardScaler on one row: running mean and variance of each feature, then (x - mean) / sd. A feature whose
   count is below 0 passes as it is. */
#ifndef ONLINE_SOFTMAX_STANDARD_SCALER_H
#define ONLINE_SOFTMAX_STANDARD_SCALER_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    double *count, *mean, *var;
} scaler;

/* With pow, whose last digit is not always sqrt's: river's figures, bit for bit. Whether all of them are finite. */
static inline int scaler_transform(const scaler *s, const int32_t *ids, const double *x, int64_t n, double *out) {
    static const volatile double half = 0.5;
    double finite = 0;
    for (int64_t i = 0; i < n; i++) {
        double var = s->var[ids[i]];
        out[i] = var != 0 ? (x[i] - s->mean[ids[i]]) / pow(var, half) : 0;
        if (s->count[ids[i]] < 0) out[i] = x[i];
        finite += out[i] * 0;
    }
    return finite == 0;
}

/* Learn a row; `before` (3 n doubles) keeps what `scaler_unlearn` brings back. Whether every variance is finite. */
static inline int scaler_learn(scaler *s, const int32_t *ids, const double *x, int64_t n, double *before) {
    double finite = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t j = ids[i];
        double k = s->count[j] + 1, mean = s->mean[j], var = s->var[j];
        before[3 * i] = s->count[j], before[3 * i + 1] = mean, before[3 * i + 2] = var;
        if (k <= 0) continue;
        s->count[j] = k;
        s->mean[j] = mean + (x[i] - mean) / k;
        s->var[j] = var + ((x[i] - mean) * (x[i] - s->mean[j]) - var) / k;
        finite += s->var[j] * 0;
    }
    return finite == 0;
}

static inline void scaler_unlearn(scaler *s, const int32_t *ids, int64_t n, const double *before) {
    for (int64_t i = n - 1; i >= 0; i--)
        s->count[ids[i]] = before[3 * i], s->mean[ids[i]] = before[3 * i + 1], s->var[ids[i]] = before[3 * i + 2];
}

#endif
