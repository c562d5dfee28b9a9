/* Scaling without looking ahead or at the label: a winsorised running mean and variance, then a smooth squash at
   two widths. A feature that is mostly absent (0) is scaled by its root mean square and not centred, so that
   absent stays 0 and costs nothing; any other feature is 0, not missing, in a sample that does not carry it. */
#ifndef ONLINE_SOFTMAX_SQUASH_H
#define ONLINE_SOFTMAX_SQUASH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../outcome.h"
#include "../simd.h"

#define MEMORY 2000     /* samples that the statistics remember */
#define WINSOR 5.0      /* standard deviations */
#define WIDEN 1.03      /* growth of the limit with each value beyond it */
#define DENSE 0.1       /* the share of non-zero values from which on a feature is centred */
#define TOO_LARGE 1e150 /* a value so large that its square would leave the doubles tells nothing */
#define SQUASH_A 1.5
#define SQUASH_B 4.0

typedef struct {
    double mean, var;
    double nz;    /* share of non-zero values */
    double wid;   /* how far the winsor limit has widened */
    int64_t seen; /* the samples that these values account for */
} feature;

/* A model file holds them as rows of these doubles, in this order. */
enum { FEATURE_DOUBLES = 4 };
_Static_assert(offsetof(feature, mean) == 0 && offsetof(feature, var) == 8 && offsetof(feature, nz) == 16
                   && offsetof(feature, wid) == 24 && offsetof(feature, seen) == 8 * FEATURE_DOUBLES
                   && sizeof(feature) % 8 == 0,
               "the statistics of a model file");

/* The features of one sample that are not 0 once scaled, in the order of their slots; entry 0 is the intercept. */
typedef struct {
    int64_t n, capacity;
    int32_t *slot;
    double *x, *xa, *xb; /* raw, and squashed at both widths */
    double *lag;         /* what is left of an average over the samples since `seen` */
    feature *after;      /* the statistics with this sample */
} active;

/* prod (1 - 1/k) over the samples from `from` up to `to`, k = min(sample + 1, MEMORY). */
static double lag_product(int64_t from, int64_t to) {
    double d = 1;
    if (from < MEMORY) d = (double)from / (double)(to < MEMORY ? to : MEMORY), from = MEMORY;
    return to > from ? d * exp((double)(to - from) * log1p(-1.0 / MEMORY)) : d;
}

/* The share of non-zero values after samples without one. Early on it is a fraction that often meets DENSE exactly;
   there, step by step, rounding falls the same way whether the zeros were given or not. */
INLINE double nz_now(const feature *f, int64_t t, double lag) {
    double nz = f->nz;
    if (t > MEMORY || t - f->seen > 256 || nz < DENSE / 4) return nz * lag;
    for (int64_t s = f->seen; s < t; s++) nz = fma(0 - nz, 1 / ((double)s + 1), nz);
    return nz;
}

INLINE double squash(double z, double z2, double width) {
    return z2 < 1e15 ? z / sqrt(1 + z2 / (width * width)) : copysign(width, z);
}

/* The statistics with a further sample x at time t, and x scaled by them. */
INLINE feature scale_one(feature f, double x, int64_t t, double lag, double *xa, double *xb) {
    double k = t + 1 < MEMORY ? (double)t + 1 : MEMORY, z;
    if (f.seen < t) f.nz = nz_now(&f, t, lag), f.var *= lag;
    if (!f.seen) f.wid = 1;
    if (!(fabs(x) < TOO_LARGE)) x = f.mean;
    f.nz = fma((x != 0) - f.nz, 1 / k, f.nz);
    if (f.nz < DENSE) {
        double a = x * x, most = WINSOR * WINSOR * f.var;
        if (t >= 10 && f.var > 0 && a > most) a = most;
        f.var += (a - f.var) / k;
        f.mean = 0;
        z = x;
    } else {
        double dl = x - f.mean;
        if (t >= 10 && f.var > 0) {
            double most = f.wid * WINSOR * sqrt(f.var);
            if (fabs(dl) > most) dl = copysign(most, dl), f.wid = f.wid * WIDEN < 1e9 ? f.wid * WIDEN : 1e9;
            else f.wid = 1;
        }
        f.mean += dl / k;
        f.var += (dl * dl * (1 - 1 / k) - f.var) / k;
        z = x - f.mean;
    }
    f.seen = t + 1;
    if (f.var > 1e-300) {
        double z2 = z * z / f.var;
        z /= sqrt(f.var);
        *xa = squash(z, z2, SQUASH_A), *xb = squash(z, z2, SQUASH_B);
    } else *xa = *xb = 0;
    return f;
}

static void active_free(active *a) {
    free(a->slot), free(a->x), free(a->xa), free(a->xb), free(a->lag), free(a->after);
}

static int active_reserve(active *a, int64_t n) {
    if (n <= a->capacity) return 0;
    active b = {.capacity = n + n / 8 + LANES};
    size_t room = (size_t)b.capacity + LANES;
    b.slot = calloc(room, sizeof *b.slot), b.after = calloc(room, sizeof *b.after);
    b.x = calloc(room, 8), b.xa = calloc(room, 8), b.xb = calloc(room, 8), b.lag = calloc(room, 8);
    if (!b.slot || !b.after || !b.x || !b.xa || !b.xb || !b.lag) {
        active_free(&b);
        return NO_MEMORY;
    }
    active_free(a);
    *a = b;
    return 0;
}

static void sort_entries(int32_t *slot, double *x, int64_t n) {
    for (int64_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (int64_t i = gap; i < n; i++) {
            int32_t s = slot[i];
            double v = x[i];
            int64_t j = i;
            for (; j >= gap && slot[j - gap] > s; j -= gap) slot[j] = slot[j - gap], x[j] = x[j - gap];
            slot[j] = s, x[j] = v;
        }
}

/* Lay out a sample: the entries it carries that are not 0, and 0 for each dense feature it does not carry.
   Both lists end up in the order of slots, so the order of a dictionary plays no part. */
static void active_fill(active *a, const int32_t *slots, const double *x, int64_t n, const int32_t *dense,
                        int64_t n_dense) {
    int64_t own = 0, sorted = 1, i, j, k;
    int32_t *slot = a->slot + 1;
    double *value = a->x + 1;
    for (i = 0; i < n; i++) {
        if (x[i] == 0) continue;
        if (own && slots[i] <= slot[own - 1]) sorted = 0;
        slot[own] = slots[i], value[own] = x[i], own++;
    }
    if (!sorted) {
        sort_entries(slot, value, own);
        int64_t apart = 0; /* a mapping of its own making may carry a name twice */
        for (i = 0; i < own; i++) {
            if (apart && slot[apart - 1] == slot[i]) value[apart - 1] += value[i];
            else slot[apart] = slot[i], value[apart] = value[i], apart++;
        }
        own = apart;
    }
    int64_t absent = 0;
    for (i = j = 0; j < n_dense; j++) {
        while (i < own && slot[i] < dense[j]) i++;
        absent += !(i < own && slot[i] == dense[j]);
    }
    a->n = 1 + own + absent;
    a->slot[0] = 0, a->x[0] = 1;
    if (!absent) return;
    for (i = own - 1, j = n_dense - 1, k = own + absent - 1; j >= 0; k--) { /* merge from the back, in place */
        if (i >= 0 && slot[i] >= dense[j]) {
            j -= slot[i] == dense[j];
            slot[k] = slot[i], value[k] = value[i], i--;
        } else slot[k] = dense[j--], value[k] = 0;
    }
}

static void active_scale(active *a, const feature *features, int64_t t) {
    a->xa[0] = a->xb[0] = a->lag[0] = 1;
    for (int64_t i = 1; i < a->n; i++) {
        feature f = features[a->slot[i]];
        a->lag[i] = f.seen == t ? 1 : lag_product(f.seen, t);
        a->after[i] = scale_one(f, a->x[i], t, a->lag[i], &a->xa[i], &a->xb[i]);
    }
}

#endif
