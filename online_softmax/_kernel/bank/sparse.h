/* Experts for rows of few features out of many, most of which are new or rare.

   All features share one scale, so that the relative sizes within a row stay: s = exp(the mean of ln |x| over all
   values other than 0 in the samples before), held within a factor OWN of a feature's own root mean square where it is
   present. Then xg = x / sqrt(s^2 + (x / 4)^2), which is x / s squashed, never centred; and xr = xg / |xg|, the length
   over the features that earlier samples had: a row's new names, which a prediction does not know, leave it as it is.

   Two naive Bayes, of prior strength ALPHA, with a residual: z_c = ln p_c + tau e_c + sum_j xr_j B_jc, where
   e_c = sum_j xr_j ln(N_jc / p_c + alpha), N_jc sums |xg_j| over the samples of class c, tau comes from a Kalman
   filter on the first two terms alone, and B from implicit row AdaGrad. Two logistic regressions, one class against
   all: o = xg B, z_c = ln sigma(o_c), by explicit row AdaGrad: what a rare feature learns must not depend on how many
   others share its row. */
#ifndef ONLINE_SOFTMAX_SPARSE_H
#define ONLINE_SOFTMAX_SPARSE_H

#include "linear.h"

enum { NAIVE_BAYES, FIRM_NAIVE_BAYES, ONE_VS_ALL, SLOW_ONE_VS_ALL, SPARSE_EXPERTS };
enum { SPARSE_ROWS = 1 + SPARSE_EXPERTS, PAIR = 2 }; /* of W a feature: N, then B of each expert */

#define OWN 4.0
#define SCALE_MEMORY 200000.0 /* values in the mean of ln |x| */
#define SUM_MEMORY 1000.0     /* samples in the means of sum |xg| and sum |xr| */
#define BAYES_RATE 3.0
#define BAYES_SUM 0.1      /* where the sums of squared gradients begin */
#define ONE_VS_ALL_LAG 5.0 /* added to their roots */
#define TAU_START 0.5
#define TAU_FORGET 0.9995
#define MOST_EXPLICIT 8.0 /* the largest weight of an explicit step, which can overshoot */
static const double ALPHA[PAIR] = {2, 32}, ONE_VS_ALL_RATE[PAIR] = {80, 40};

typedef struct {
    double *W;               /* of each row, SPARSE_ROWS x stride */
    double *G;               /* of each row, an expert's sum of squared gradients */
    int64_t n;               /* samples learned */
    double ln_scale, values; /* the mean of ln |x|, and of how many values it is */
    double Lg, Lr;           /* running means of sum |xg| and sum |xr| */
    double tau[PAIR], tau_var[PAIR];
    double to_come[PAIR]; /* one against all: the intercept of a class that has not come yet */
} sparse;

/* What a prediction leaves behind for the step on the same sample. */
typedef struct {
    int64_t capacity;
    double *xg, *heard;          /* heard: xg of the features that earlier samples had, 0 of others */
    double *r;                   /* directions, SPARSE_EXPERTS an entry */
    double *evidence;            /* e of both naive Bayes, a row each */
    double ln_scale, values;     /* with this sample */
    double shrink, sum_g, sum_r; /* 1 / |xg|; sum |xg|, sum |xr| */
} sparse_sample;

INLINE double *sparse_row(const sparse *s, int64_t slot, int64_t stride) { return s->W + slot * SPARSE_ROWS * stride; }

static void sparse_free(sparse *s) {
    free(s->W), free(s->G);
    memset(s, 0, sizeof *s);
}

static int64_t sparse_bytes(const sparse *s, int64_t rows, int64_t stride) {
    return s->W ? 8 * rows * (SPARSE_ROWS * stride + SPARSE_EXPERTS) : 0;
}

/* Begin, with room for so many rows. */
static int sparse_start(sparse *s, int64_t rows, int64_t stride) {
    sparse fresh = {.tau = {TAU_START, TAU_START}, .tau_var = {1, 1}};
    fresh.W = calloc((size_t)(rows * SPARSE_ROWS * stride + LANES), 8);
    fresh.G = calloc((size_t)(rows * SPARSE_EXPERTS + LANES), 8);
    if (!fresh.W || !fresh.G) {
        sparse_free(&fresh);
        return NO_MEMORY;
    }
    *s = fresh;
    return 0;
}

static void sparse_sample_free(sparse_sample *o) {
    free(o->xg), free(o->heard), free(o->r);
    o->capacity = 0, o->xg = o->heard = o->r = NULL;
}

static int64_t sparse_sample_bytes(const sparse_sample *o) { return 8 * o->capacity * (2 + SPARSE_EXPERTS); }

/* Room for n entries. */
static int sparse_sample_reserve(sparse_sample *o, int64_t n) {
    if (n <= o->capacity) return 0;
    size_t room = (size_t)(n + LANES);
    double *xg = calloc(room, 8), *heard = calloc(room, 8), *r = calloc(room * SPARSE_EXPERTS, 8);
    if (!xg || !heard || !r) {
        free(xg), free(heard), free(r);
        return NO_MEMORY;
    }
    sparse_sample_free(o);
    o->capacity = n, o->xg = xg, o->heard = heard, o->r = r;
    return 0;
}

/* The features to come may be of another kind than those so far: scale and tau follow them as quickly as at first. */
static void sparse_refresh(sparse *s) {
    s->values = s->values < 1 ? s->values : 1;
    for (int k = 0; k < PAIR; k++) s->tau_var[k] = 1;
}

INLINE lanes lanes_abs(lanes v) { return lanes_max(v, -v); }

INLINE lanes lanes_sqrt(lanes v) {
    for (int i = 0; i < LANES; i++) v[i] = sqrt(v[i]);
    return v;
}

/* ln sigma(o) = min(o, 0) - ln(1 + exp(-|o|)) */
INLINE lanes ln_sigma(lanes o) { return lanes_min(o, every(0)) - lanes_log(1.0 + lanes_exp(-lanes_abs(o))); }

/* xg of a sample, and what the scale becomes with it. `features` are the statistics before it. */
INLINE void sparse_scale(const sparse *s, const active *a, const feature *features, sparse_sample *o) {
    lanes ln_sum = {0}, values = {0}, sum = {0}, squares = {0}, squares_heard = {0};
    for (int64_t i = 1; i < a->n; i += LANES) {
        lanes x = lanes_abs(first(load(a->x + i), a->n - i, 0));
        words tells = (x > 1 / TOO_LARGE) & (x < TOO_LARGE);
        ln_sum += lanes_log(choose(tells, x, every(1))), values += choose(tells, every(1), every(0));
    }
    double n = lanes_sum(values);
    o->values = s->values + n < SCALE_MEMORY ? s->values + n : SCALE_MEMORY, o->ln_scale = s->ln_scale;
    if (n > 0) o->ln_scale += (lanes_sum(ln_sum) - n * s->ln_scale) / (o->values > n ? o->values : n);
    lanes scale = lanes_exp(every(s->values > 0 ? s->ln_scale : o->ln_scale));
    o->xg[0] = o->heard[0] = 1;
    for (int64_t i = 1; i < a->n; i += LANES) {
        double moment[LANES] = {0}, share[LANES] = {1, 1, 1, 1, 1, 1, 1, 1}, known[LANES] = {0};
        for (int64_t k = 0; k < LANES && i + k < a->n; k++) {
            const feature *f = a->after + i + k;
            moment[k] = f->var + f->mean * f->mean, share[k] = f->nz;
            known[k] = features[a->slot[i + k]].seen > 0;
        }
        lanes x = first(load(a->x + i), a->n - i, 0), own = load(moment) / load(share);
        x = choose(lanes_abs(x) < TOO_LARGE, x, every(0));
        lanes square = lanes_max(lanes_min(scale * scale, own * (OWN * OWN)), own / (OWN * OWN));
        square += x * x / (SQUASH_B * SQUASH_B);
        lanes xg = choose(square > 0.0, x / lanes_sqrt(square), every(0)), heard = xg * load(known);
        store(o->xg + i, xg, LANES), store(o->heard + i, heard, LANES);
        sum += lanes_abs(xg), squares += xg * xg, squares_heard += heard * heard;
    }
    double length = lanes_sum(squares_heard);
    if (!(length > 0)) length = lanes_sum(squares);
    o->shrink = 1 / sqrt(length > 1e-12 ? length : 1e-12);
    o->sum_g = lanes_sum(sum), o->sum_r = o->sum_g * o->shrink;
}

INLINE void sparse_predict(const sparse *s, const active *a, sparse_sample *o, const double *prior,
                           const double *ln_prior, double *Z, int64_t stride, int64_t C) {
    FOR_LANES(c) {
        const double *w = sparse_row(s, 0, stride) + stride + c;
        lanes e = {0}, e_firm = {0}, z = {0}, z_firm = {0}, out = load(w + 2 * stride), out_slow = load(w + 3 * stride);
        lanes b = load(w), b_firm = load(w + stride), rarity = first(1.0 / load(prior + c), C - c, 0);
        for (int64_t i = 1; i < a->n; i++) {
            double x = o->heard[i];
            if (x == 0) continue;
            w = sparse_row(s, a->slot[i], stride) + c;
            lanes lift = load(w) * rarity;
            e += x * lanes_log(lift + ALPHA[0]), e_firm += x * lanes_log(lift + ALPHA[1]);
            w += stride;
            z += x * load(w), z_firm += x * load(w + stride);
            out += x * load(w + 2 * stride), out_slow += x * load(w + 3 * stride);
        }
        e *= o->shrink, e_firm *= o->shrink;
        lanes p = load(ln_prior + c);
        store(o->evidence + c, first(e, C - c, 0), LANES),
            store(o->evidence + stride + c, first(e_firm, C - c, 0), LANES);
        store(Z + c, p + s->tau[0] * e + (b + o->shrink * z), LANES);
        store(Z + stride + c, p + s->tau[1] * e_firm + (b_firm + o->shrink * z_firm), LANES);
        store(Z + 2 * stride + c, ln_sigma(out), LANES), store(Z + 3 * stride + c, ln_sigma(out_slow), LANES);
    }
}

/* A class y comes after those known: its score is 0, and one against all what was learned for it. */
INLINE void sparse_admit(sparse *s, double *Z, int64_t stride, int64_t known, int64_t y) {
    if (!known) memset(Z, 0, (size_t)(SPARSE_EXPERTS * stride) * 8);
    for (int k = 0; k < ONE_VS_ALL; k++) Z[k * stride + y] = 0;
    for (int k = 0; k < PAIR; k++) {
        sparse_row(s, 0, stride)[(1 + ONE_VS_ALL + k) * stride + y] = s->to_come[k];
        Z[(ONE_VS_ALL + k) * stride + y] = ln_sigma(every(s->to_come[k]))[0];
    }
}

/* tau learns from p' = softmax(ln p + tau e), as a filter of mixture.h does. `row` is a free one. */
INLINE void sparse_learn_tau(sparse *s, const sparse_sample *o, const double *ln_prior, double *row, int64_t stride,
                             int64_t C, int64_t y, double weight) {
    lanes odds = every(1), h = every(1);
    double v[PAIR], p_y[PAIR], rho[PAIR];
    for (int k = 0; k < PAIR; k++) {
        const double *e = o->evidence + k * stride;
        FOR_LANES(c) store(row + c, load(ln_prior + c) + s->tau[k] * load(e + c), LANES);
        softmax_row(row, row, C);
        lanes sum = {0};
        FOR_LANES(c) sum += first(load(row + c) * load(e + c), C - c, 0);
        p_y[k] = row[y], rho[k] = 1 - row[y];
        if (!(rho[k] > 1e-9)) continue;
        v[k] = e[y] - (lanes_sum(sum) - p_y[k] * e[y]) / rho[k];
        odds[k] = (p_y[k] > 1e-12 ? p_y[k] : 1e-12) / rho[k], h[k] = v[k] * v[k] * s->tau_var[k];
    }
    lanes m = lanes_log(odds), away = 1.0 - 1.0 / (1.0 + lanes_exp(-margin(m, weight * h, m + weight * h)));
    for (int k = 0; k < PAIR; k++) {
        double S = s->tau_var[k], kappa = weight * p_y[k] * rho[k];
        if (!(rho[k] > 1e-9)) continue;
        double tau = s->tau[k] + weight * away[k] * S * v[k];
        S = (S - kappa / (TAU_FORGET + kappa * h[k]) * S * S * v[k] * v[k]) / TAU_FORGET;
        s->tau[k] = tau > 0 ? tau : 0, s->tau_var[k] = S < 1 ? S : 1;
    }
}

INLINE double largest(double a, double b, double c) { return a > b ? (a > c ? a : c) : b > c ? b : c; }

/* From Z and P of the four, for C classes with y's; `g` has their rows for gradients. */
INLINE void sparse_learn(sparse *s, const active *a, sparse_sample *o, const double *Z, const double *P, double *g,
                         int64_t stride, int64_t C, int64_t y, double weight) {
    double n = ++s->n < SUM_MEMORY ? (double)s->n : SUM_MEMORY,
           explicit = weight < MOST_EXPLICIT ? weight : MOST_EXPLICIT;
    s->ln_scale = o->ln_scale, s->values = o->values;
    s->Lg += (o->sum_g - s->Lg) / n, s->Lr += (o->sum_r - s->Lr) / n;
    double Lg = largest(s->Lg, .5 * o->sum_g, 1), Lr = largest(s->Lr, .5 * o->sum_r, 1);
    lanes p_y = every(1), others = every(0), along = every(0);
    half_at squared, weights = {weight, weight, explicit, explicit};
    half_at rate = {BAYES_RATE / Lr, BAYES_RATE / Lr, ONE_VS_ALL_RATE[0] / Lg, ONE_VS_ALL_RATE[1] / Lg};
    const half_at start = {BAYES_SUM, BAYES_SUM, 0, 0}, lag = {0, 0, ONE_VS_ALL_LAG, ONE_VS_ALL_LAG};
    for (int k = 0; k < SPARSE_EXPERTS; k++) {
        double *gk = g + k * stride;
        lanes sum = {0};
        FOR_LANES(c)
            store(gk + c,
                  k < ONE_VS_ALL ? load(P + k * stride + c) : first(lanes_exp(load(Z + k * stride + c)), C - c, 0),
                  LANES);
        double p = gk[y];
        gk[y] = 0;
        FOR_LANES(c) sum += load(gk + c) * load(gk + c);
        double rest = lanes_sum(sum);
        gk[y] = p - 1, squared[k] = rest + (1 - p) * (1 - p);
        if (k < ONE_VS_ALL) p_y[k] = p, others[k] = rest;
    }
    for (int64_t i = 0; i < a->n; i++) {
        double xg = o->xg[i], xr = i ? xg * o->shrink : 1;
        half_at x = {xr, xr, xg, xg}, *G = (half_at *)(s->G + a->slot[i] * SPARSE_EXPERTS), r = {0};
        if (xg == 0) continue;
        *G += weights * (x * x * squared);
        for (int k = 0; k < SPARSE_EXPERTS; k++) r[k] = sqrt((*G)[k] + start[k]);
        r = weights * rate * x / (r + lag);
        *(half_at *)(o->r + SPARSE_EXPERTS * i) = r;
        along[0] += r[0] * xr, along[1] += r[1] * xr;
    }
    lanes f = step_share(p_y, others, along);
    for (int k = 0; k < ONE_VS_ALL; k++) {
        double *gk = g + k * stride;
        FOR_LANES(c) store(gk + c, f[k] * load(gk + c), LANES);
    }
    for (int k = 0; k < PAIR; k++) s->to_come[k] -= o->r[ONE_VS_ALL + k] / (1 + lanes_exp(every(-s->to_come[k]))[0]);
    FOR_LANES(c) {
        lanes g0 = load(g + c), g1 = load(g + stride + c), g2 = load(g + 2 * stride + c), g3 = load(g + 3 * stride + c);
        for (int64_t i = 0; i < a->n; i++) {
            if (o->xg[i] == 0) continue;
            double *w = sparse_row(s, a->slot[i], stride) + stride + c;
            const double *r = o->r + SPARSE_EXPERTS * i;
            store(w, load(w) - r[0] * g0, LANES), store(w + stride, load(w + stride) - r[1] * g1, LANES);
            store(w + 2 * stride, load(w + 2 * stride) - r[2] * g2, LANES);
            store(w + 3 * stride, load(w + 3 * stride) - r[3] * g3, LANES);
        }
    }
    for (int64_t i = 1; i < a->n; i++) sparse_row(s, a->slot[i], stride)[y] += weight * fabs(o->xg[i]);
}

#endif
