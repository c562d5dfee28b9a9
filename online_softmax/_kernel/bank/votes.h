/* Kernel votes: the samples of a bounded window vote for their labels, the nearer the stronger, at two temperatures.
   Distances are on xb and age, under a diagonal metric that follows the gradient of the sharp vote's own log loss
   (neighbourhood components analysis, Goldberger et al. 2004). Distances and votes are single precision; the window
   is stored feature by feature, and every sum has one order, whatever the width of the machine's registers. */
#ifndef ONLINE_SOFTMAX_VOTES_H
#define ONLINE_SOFTMAX_VOTES_H

#include <float.h>
#include <stdlib.h>
#include "../outcome.h"
#include "mixture.h"

enum { VOTE_SHARP, VOTE_WIDE, VOTE_EXPERTS };
enum { FLOATS = 16, WINDOW_CELLS = 20000, WINDOW_LEAST = 256, WINDOW_STORE = 16 };

#define TEMPERATURE 1.5 /* of the wide vote, in mean distances to the nearest sample; the sharp vote's is a third */
#define BACKGROUND .05  /* votes that are spread evenly over the classes */
#define METRIC_RATE .3
#define METRIC_START 1.0 /* of a feature's weight, and of its AdaGrad sum */
#define METRIC_SUM .01
#define AGE_WEIGHT .1 /* at the start, of an age of one window */
#define METRIC_LEAST 1e-3
#define METRIC_MOST 100.0
#define SURE_ENOUGH .98 /* samples predicted better than this are stored only now and then */
#define FARTHEST 12.0f  /* in temperatures: beyond, a vote is 0 */

typedef float floats __attribute__((vector_size(64)));
typedef float floats_at __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t ints __attribute__((vector_size(64)));
typedef uint32_t times __attribute__((vector_size(64)));
typedef int32_t ints_at __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t times_at __attribute__((vector_size(64), aligned(4), may_alias));

typedef struct {
    int64_t budget;        /* rows, at most */
    int64_t d, d_capacity; /* features in use, and columns there is room for */
    int64_t size, column;  /* rows that this d allows; floats from column to column */
    int64_t m, head;       /* rows in use; where the next one goes */
    float *B;              /* d_capacity columns */
    int32_t *label;
    uint32_t *time; /* of a row: the samples learned before it */
    float *weight;
    double *w, *G;             /* the metric and its AdaGrad sums: age, then features */
    double nearest, n_nearest; /* running mean of the distance to the nearest row, and its count */
} window;

/* What one call finds out about its sample. */
typedef struct {
    int64_t column;
    float *D, *e, *k;   /* distances, wide and sharp votes of each row */
    double least, rate; /* its distance to the nearest row, and what that counts in the mean */
    double T;           /* its temperature */
    double all;         /* the sum of its sharp votes */
} votes;

static void votes_free(votes *o) {
    free(o->D), free(o->e), free(o->k);
    *o = (votes){0};
}

/* Room for the votes of a window's rows. */
static int votes_fit(votes *o, const window *s) {
    if (o->column >= s->column) return 0;
    votes wider = {.column = s->column};
    size_t rows = (size_t)s->column;
    wider.D = calloc(rows, 4), wider.e = calloc(rows, 4), wider.k = calloc(rows, 4);
    if (!wider.D || !wider.e || !wider.k) {
        votes_free(&wider);
        return NO_MEMORY;
    }
    votes_free(o);
    *o = wider;
    return 0;
}

INLINE floats loads(const float *a) { return *(const floats_at *)a; }
/* How many samples ago the rows from `time` on were stored, at time t. */
INLINE floats ages(const uint32_t *time, int64_t t) {
    times ago = (uint32_t)t - *(const times_at *)time; /* modulo 2^32 */
    return __builtin_convertvector((ints)ago, floats);
}

INLINE floats alls(float v) { return (floats){0} + v; }

/* exp(x) for x <= 0, to single precision. */
INLINE floats floats_exp(floats x) {
    const float magic = 0x1.8p23f;
    floats t = x * 0x1.715476p0f + magic, n = t - magic, r = x - n * 0x1.62e4p-1f - n * 0x1.7f7d1cp-20f;
    floats p = alls(1.0f / 720);
    p = p * r + 1.0f / 120, p = p * r + 1.0f / 24, p = p * r + 1.0f / 6, p = p * r + .5f, p = p * r + 1, p = p * r + 1;
    return p * (floats)(((ints)t - (ints)alls(magic) + 127) << 23);
}

static int64_t window_size(int64_t budget, int64_t d) {
    int64_t size = WINDOW_CELLS / (d > 1 ? d : 1);
    size = size < WINDOW_LEAST ? WINDOW_LEAST : size;
    return size < budget ? size : budget;
}

/* Columns are an odd number of cache lines apart, so that they do not evict each other. */
static int64_t window_column(int64_t size) { return (size + 63) / 64 * 64 + FLOATS; }

static void window_free(window *s) {
    free(s->B), free(s->label), free(s->time), free(s->weight), free(s->w), free(s->G);
    *s = (window){.budget = s->budget};
}

static int64_t window_bytes(const window *s) {
    return s->B ? 4 * s->d_capacity * s->column + 12 * s->column + 16 * (s->d_capacity + 1) : 0;
}

/* Room for d features. */
static int window_reserve(window *s, int64_t d) {
    if (s->B && d <= s->d_capacity) return 0;
    int64_t capacity = (d > 1 ? d + 7 : 8) / 8 * 8;
    if (!s->B) {
        s->size = window_size(s->budget, d), s->column = window_column(s->size);
        size_t rows = (size_t)s->column;
        s->label = calloc(rows, 4), s->time = calloc(rows, 4), s->weight = calloc(rows, 4);
        if (!s->label || !s->time || !s->weight) {
            window_free(s);
            return NO_MEMORY;
        }
        s->nearest = 1;
    }
    float *B = calloc((size_t)(capacity * s->column), 4);
    double *w = calloc((size_t)capacity + 1 + LANES, 8), *G = calloc((size_t)capacity + 1 + LANES, 8);
    if (!B || !w || !G) {
        free(B), free(w), free(G);
        if (!s->B) window_free(s);
        return NO_MEMORY;
    }
    for (int64_t j = 0; j <= capacity; j++) w[j] = j ? METRIC_START : AGE_WEIGHT, G[j] = METRIC_SUM;
    if (s->B) {
        memcpy(B, s->B, (size_t)(s->d * s->column) * 4);
        memcpy(w, s->w, (size_t)(s->d + 1) * 8), memcpy(G, s->G, (size_t)(s->d + 1) * 8);
    }
    free(s->B), free(s->w), free(s->G);
    s->B = B, s->w = w, s->G = G, s->d_capacity = capacity;
    return 0;
}

/* Put the newest `size` rows of a column in order, the oldest first. The ring need not be full. `spare` is as long
   as a column. */
static void unroll(void *column, const window *s, int64_t size, float *spare) {
    int64_t keep = s->m < size ? s->m : size, start = s->m < s->size ? 0 : s->head;
    for (int64_t i = 0; i < keep; i++) memcpy(spare + i, (float *)column + (start + s->m - keep + i) % s->m, 4);
    memset(column, 0, (size_t)s->column * 4);
    memcpy(column, spare, (size_t)keep * 4);
}

static void *shortened(void *a, int64_t n) {
    void *b = realloc(a, (size_t)n * 4);
    return b ? b : a;
}

/* Give back the memory of the rows beyond `size`. */
static void window_shorten(window *s, int64_t size) {
    int64_t column = window_column(size);
    if (column == s->column) return;
    for (int64_t j = 0; j < s->d_capacity; j++) memmove(s->B + j * column, s->B + j * s->column, (size_t)column * 4);
    s->B = shortened(s->B, s->d_capacity * column);
    s->label = shortened(s->label, column), s->time = shortened(s->time, column),
    s->weight = shortened(s->weight, column);
    s->column = column;
}

/* Take d features into use; more features leave room for fewer rows, and the oldest go. `spare` is as long as a
   column. */
static void window_grow(window *s, int64_t d, float *spare) {
    int64_t size = window_size(s->budget, d);
    if (size != s->size) {
        if (s->m) {
            for (int64_t j = 0; j < s->d; j++) unroll(s->B + j * s->column, s, size, spare);
            unroll(s->label, s, size, spare), unroll(s->time, s, size, spare), unroll(s->weight, s, size, spare);
            s->m = s->m < size ? s->m : size, s->head = s->m % size;
        }
        window_shorten(s, size);
    }
    s->d = d, s->size = size;
}

/* z_c = ln(v_c + BACKGROUND / C) of the sharp votes v and of the wide ones, in their place; returns the sum of v. */
INLINE double votes_logits(double *v, double *wide, int64_t C) {
    double r = BACKGROUND / (double)C;
    lanes all = {0};
    FOR_LANES(c) all += load(v + c);
    FOR_LANES(c) {
        store(v + c, lanes_log(load(v + c) + r), LANES);
        store(wide + c, lanes_log(load(wide + c) + r), LANES);
    }
    return lanes_sum(all);
}

/* z_c = ln(v_c + r), v_c the sum over the rows of class c of e_i = exp(-(D_i - min D) / T) for the wide vote, and of
   k_i = e_i^3 for the sharp one; r = BACKGROUND / C. */
INLINE void window_predict(const window *s, votes *o, const double *xb, int64_t t, double *Z, int64_t stride,
                           int64_t C) {
    double *v = Z, *wide = Z + stride;
    memset(Z, 0, (size_t)(VOTE_EXPERTS * stride) * 8);
    if (!s->m) return;
    float age = (float)(s->w[0] / (double)s->size);
    floats nearest = alls(FLT_MAX);
    for (int64_t i = 0; i < s->m; i += 4 * FLOATS) {
        floats D[4];
        for (int b = 0; b < 4; b++) D[b] = age * ages(s->time + i + b * FLOATS, t);
        for (int64_t j = 0; j < s->d; j++) {
            if (s->w[j + 1] <= METRIC_LEAST) continue;
            const float *column = s->B + j * s->column + i;
            float x = (float)xb[j + 1], w = (float)s->w[j + 1];
            for (int b = 0; b < 4; b++) {
                floats far = loads(column + b * FLOATS) - x;
                D[b] += w * far * far;
            }
        }
        for (int b = 0; b < 4; b++) *(floats_at *)(o->D + i + b * FLOATS) = D[b];
    }
    for (int64_t i = s->m; i % (4 * FLOATS); i++) o->D[i] = FLT_MAX;
    for (int64_t i = 0; i < s->m; i += FLOATS) {
        floats D = loads(o->D + i);
        ints less = D < nearest;
        nearest = (floats)((less & (ints)D) | (~less & (ints)nearest));
    }
    float least = nearest[0];
    for (int l = 1; l < FLOATS; l++) least = nearest[l] < least ? nearest[l] : least;
    o->least = least, o->rate = s->n_nearest < 100 ? 1 / (s->n_nearest + 1) : .01;
    o->T = TEMPERATURE * (s->nearest + (least - s->nearest) * o->rate) + 1e-9;
    float per = (float)(1 / o->T);
    for (int64_t i = 0; i < s->m; i += FLOATS) {
        floats a = (loads(o->D + i) - least) * per;
        ints near = a < FARTHEST;
        floats e = (floats)(near & (ints)floats_exp((floats)((near & (ints)-a)))) * loads(s->weight + i);
        *(floats_at *)(o->e + i) = e;
    }
    for (int64_t i = 0; i < s->m; i += 2) {
        uint64_t pair;
        memcpy(&pair, o->e + i, 8);
        o->k[i] = o->k[i + 1] = 0;
        if (!pair) continue;
        for (int64_t l = i; l < i + 2 && l < s->m; l++) {
            float e = o->e[l], one = e / (s->weight[l] > 0 ? s->weight[l] : 1);
            o->k[l] = e * one * one;
            wide[s->label[l]] += e, v[s->label[l]] += o->k[l];
        }
    }
    o->all = votes_logits(v, wide, C);
}

/* w <- w exp(u), u = -rate g / sqrt(G), g = w gradient; |u| <= rate, since |g| <= sqrt(G). */
INLINE void metric_step(double *w, double *G, const double *gradient, int64_t n) {
    for (int64_t j = 0; j < n; j++) {
        double g = gradient[j] * w[j], sum = G[j] + g * g, u = -METRIC_RATE * g / sqrt(sum), u2 = u * u, u4 = u2 * u2;
        double next = w[j] * EXP_SERIES(u, u2, u4);
        G[j] = sum, w[j] = next > METRIC_LEAST ? (next < METRIC_MOST ? next : METRIC_MOST) : METRIC_LEAST;
    }
}

/* The sum over the lanes, by halves. */
INLINE float floats_sum(floats v) {
    for (int half = FLOATS / 2; half; half /= 2)
        for (int l = 0; l < half; l++) v[l] += v[l + half];
    return v[0];
}

/* The metric's step: w_j <- w_j exp(-rate g_j / sqrt(G_j)) with g_j = w_j d(-ln p_y)/dw_j = w_j sum_i a_i (B_ij -
   x_j)^2, p_y the sharp vote's, a_i = 3 / T k_i ([L_i = y] / (v_y + r) - 1 / (sum_c v_c + BACKGROUND)). */
INLINE void window_learn_metric(window *s, votes *o, const double *xb, int64_t t, int64_t covered, int64_t y,
                                double votes_y, double votes, double weight) {
    float all = (float)(3 / (o->T * (votes + BACKGROUND))), own = (float)(3 / (o->T * votes_y)) - all,
          least = (float)(1e-3 * votes);
    float *a = o->e;
    floats sum = {0};
    for (int64_t i = 0; i < s->m; i += FLOATS) {
        floats k = loads(o->k + i);
        ints near = k > least, same = *(const ints_at *)(s->label + i) == (int32_t)y;
        floats share = (floats)((same & (ints)alls(own)) | (~same & (ints)alls(-all)));
        *(floats_at *)(a + i) = (floats)(near & (ints)(k * share));
    }
    for (int64_t i = s->m; i % FLOATS; i++) a[i] = 0;
    for (int64_t i = 0; i < s->m; i += FLOATS) sum += loads(a + i) * ages(s->time + i, t) * (1 / (float)s->size);
    double g[LANES] = {weight * floats_sum(sum)};
    metric_step(s->w, s->G, g, 1);
    for (int64_t j = 1; j <= covered; j += LANES) {
        int64_t n = covered + 1 - j < LANES ? covered + 1 - j : LANES;
        for (int64_t l = 0; l < n; l++) {
            const float *column = s->B + (j + l - 1) * s->column;
            float x = (float)xb[j + l];
            sum = (floats){0};
            for (int64_t i = 0; i < s->m; i += FLOATS) {
                floats far = loads(column + i) - x;
                sum += loads(a + i) * far * far;
            }
            g[l] = weight * floats_sum(sum);
        }
        metric_step(s->w + j, s->G + j, g, n);
    }
}

/* After `window_predict` of the same sample, whose Z this reads; `known` classes had been seen before it. Whether to
   store it. Of the `covered` features, those beyond d are new: in them all rows are at 0, and equally far. */
INLINE int window_learn(window *s, votes *o, const double *xb, int64_t t, int64_t covered, const double *Z,
                        int64_t known, int64_t y, double weight) {
    double p_y = 0;
    if (s->m) {
        double votes = o->all, least = o->least;
        for (int64_t j = s->d + 1; j <= covered; j++) least += xb[j] * xb[j];
        s->nearest += (least - s->nearest) * o->rate, s->n_nearest++;
        double votes_y = y < known ? exp(Z[y]) : BACKGROUND / (double)known;
        p_y = votes_y / (votes + BACKGROUND);
        if (y < known && p_y < .99) window_learn_metric(s, o, xb, t, covered, y, votes_y, votes, weight);
    }
    return weight > 0 && (p_y < SURE_ENOUGH || t % WINDOW_STORE == 0);
}

INLINE void window_store(window *s, const double *xb, int64_t t, int64_t y, double weight) {
    for (int64_t j = 0; j < s->d; j++) s->B[j * s->column + s->head] = (float)xb[j + 1];
    s->label[s->head] = (int32_t)y, s->time[s->head] = (uint32_t)t,
    s->weight[s->head] = (float)(weight < 1e6 ? weight : 1e6);
    s->head = (s->head + 1) % s->size;
    if (s->m < s->size) s->m++;
}

#endif
