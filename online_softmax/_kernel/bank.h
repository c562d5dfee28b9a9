/* AutoSoftmaxRegression's kernel: scale, ask every expert, mix; then, with the label, teach the mixture, every expert and the scaler.

   An expert is a row of Z (logits) and of P (probabilities). Blocks of experts have their own state and two calls, predict and
   learn; this file is the one place that lists them. */
#ifndef ONLINE_SOFTMAX_BANK_H
#define ONLINE_SOFTMAX_BANK_H

#include "labels.h"
#include "linear.h"
#include "newton.h"

enum { NO_MEMORY = -2 };

/* The bank's rows of Z and P. The second-order experts come last: they leave where more than SECOND_ORDER features appear in the
   first SETTLED samples; where that happens later, they have proven themselves and stay, over the first SECOND_ORDER. */
enum { LINEAR_AT = 0, LABELS_AT = LINEAR_AT + LINEAR_EXPERTS, NEWTON_AT = LABELS_AT + LABEL_EXPERTS, BANK = NEWTON_AT + NEWTON_EXPERTS };

#define SETTLED 500

typedef struct {
    int64_t t;                           /* samples learned */
    int64_t n_rows, n_classes;           /* in use; rows with the intercept's */
    int64_t row_capacity, stride;        /* stride: classes there is room for, a multiple of LANES */
    feature *features;
    int32_t *dense;                      /* the slots of centred features, in order */
    int64_t n_dense;
    linear linear;
    newton newton;
    labels labels;
    mixture mixture;
    /* of the sample at hand */
    active active;
    opinions opinions;
    double *rows;                        /* the memory of the opinions and of g */
    double *g;                           /* BANK rows: p - e_y, times f and rate */
    linear_plan plan;
    int32_t *asked_slots;                /* the sample that the opinions answer, unless n_asked is -1 */
    double *asked_x;
    int64_t n_asked, asked_room;
} bank;

static void bank_free(bank *b) {
    free(b->features), free(b->dense), free(b->linear.W), free(b->linear.G), free(b->linear.G_slow);
    free(b->newton.W), free(b->newton.P), free(b->newton.Px);
    free(b->labels.recent), free(b->labels.always), free(b->labels.follow);
    active_free(&b->active), free(b->rows), free(b->plan.r1), free(b->plan.r5), free(b->asked_slots), free(b->asked_x);
}

static int64_t bank_bytes(const bank *b) {
    int64_t row = sizeof(feature) + sizeof(int32_t) + 8 * (LINEAR_EXPERTS * b->stride + 2);
    int64_t second = b->newton.P ? 8 * ((1 + SECOND_ORDER) * (NEWTON_EXPERTS * b->stride + SIDE) + 2 * SIDE) : 0;
    int64_t follow = b->labels.follow ? b->labels.follow_stride * b->labels.follow_stride : 0;
    int64_t scratch = (int64_t)(sizeof(feature) + 4 + 6 * 8) * b->active.room + 12 * b->asked_room;
    return b->row_capacity * row + second + scratch + 8 * (follow + (2 + OPINION_ROWS + BANK) * b->stride);
}

/* `rows` x `parts` blocks of doubles, `was` wide, with new room; zero where there was nothing. */
static double *widened(const double *old, int64_t rows, int64_t parts, int64_t was, int64_t room, int64_t stride) {
    double *fresh = calloc((size_t)(room * parts * stride + LANES), 8);
    if (fresh && old)
        for (int64_t i = 0; i < rows * parts; i++) memcpy(fresh + i * stride, old + i * was, (size_t)was * 8);
    return fresh;
}

static void opinions_lay_out(opinions *o, double *rows, int64_t stride) {
    double **each[] = {&o->bayes, &o->ln_bayes, &o->zq[0], &o->zq[1], &o->q[0], &o->q[1], &o->sure, &o->zc, &o->calibrated, &o->p};
    o->Z = rows, o->P = o->Z + EXPERTS * stride, o->A = o->P + EXPERTS * stride;
    for (int i = 0; i < 10; i++) *each[i] = o->A + (INPUTS + i) * stride;
}

/* Room for so many rows and classes; a failure changes nothing but the room. */
static int bank_reserve(bank *b, int64_t rows, int64_t classes) {
    if (rows > b->row_capacity || classes > b->stride) {
        int64_t R = rows > b->row_capacity ? rows + rows / 8 : b->row_capacity, was = b->stride, stride = was;
        if (classes > was) stride = (classes + classes / 8 + LANES - 1) / LANES * LANES;
        int64_t pairs_were = b->labels.follow_stride, pairs = stride < MARKOV_CLASSES ? stride : MARKOV_CLASSES;
        int second = b->newton.P != NULL, follow = b->labels.follow || !was;
        feature *features = calloc((size_t)R, sizeof *features);
        int32_t *dense = calloc((size_t)R, sizeof *dense);
        double *fresh[] = {
            widened(b->linear.W, b->n_rows, LINEAR_EXPERTS, was, R, stride), widened(b->linear.G, 1, 1, b->n_rows, 1, R),
            widened(b->linear.G_slow, 1, 1, b->n_rows, 1, R), widened(b->labels.recent, 1, 1, was, 1, stride),
            widened(b->labels.always, 1, 1, was, 1, stride), calloc((size_t)((OPINION_ROWS + BANK) * stride + LANES), 8),
            second ? widened(b->newton.W, 1 + SECOND_ORDER, NEWTON_EXPERTS, was, 1 + SECOND_ORDER, stride) : NULL,
            follow ? widened(b->labels.follow, pairs_were, 1, pairs_were, pairs, pairs) : NULL};
        int failed = !features || !dense || (second && !fresh[6]) || (follow && !fresh[7]);
        for (int i = 0; i < 6; i++) failed |= !fresh[i];
        if (failed) {
            for (int i = 0; i < 8; i++) free(fresh[i]);
            free(features), free(dense);
            return -1;
        }
        if (b->features) memcpy(features, b->features, (size_t)b->n_rows * sizeof *features);
        if (b->dense) memcpy(dense, b->dense, (size_t)b->n_dense * sizeof *dense);
        free(b->features), free(b->dense), b->features = features, b->dense = dense;
        double **homes[] = {&b->linear.W, &b->linear.G, &b->linear.G_slow, &b->labels.recent, &b->labels.always, &b->rows, &b->newton.W, &b->labels.follow};
        for (int i = 0; i < 8; i++) free(*homes[i]), *homes[i] = fresh[i];
        b->row_capacity = R, b->stride = stride, b->labels.follow_stride = pairs, b->n_asked = -1;
        opinions_lay_out(&b->opinions, b->rows, stride);
        b->g = b->rows + OPINION_ROWS * stride;
    }
    return 0;
}

/* Room for a sample of n entries. */
static int bank_reserve_sample(bank *b, int64_t n) {
    int64_t room = n + b->n_dense + 1;
    if (room > b->active.room) {
        if (active_reserve(&b->active, room)) return -1;
        b->n_asked = -1;
        double *r1 = realloc(b->plan.r1, (size_t)(b->active.room + LANES) * 8);
        if (r1) b->plan.r1 = r1;
        double *r5 = realloc(b->plan.r5, (size_t)(b->active.room + LANES) * 8);
        if (r5) b->plan.r5 = r5;
        if (!r1 || !r5) return -1;
    }
    if (n > b->asked_room) {
        int32_t *slots = realloc(b->asked_slots, (size_t)(n + n / 8 + 8) * sizeof *slots);
        if (slots) b->asked_slots = slots;
        double *x = realloc(b->asked_x, (size_t)(n + n / 8 + 8) * 8);
        if (x) b->asked_x = x;
        if (!slots || !x) return -1;
        b->asked_room = n + n / 8 + 8, b->n_asked = -1;
    }
    return 0;
}

static int bank_start(bank *b) {
    b->newton.P = calloc((1 + SECOND_ORDER) * SIDE + LANES, 8);
    b->newton.Px = calloc(2 * SIDE + LANES, 8);
    b->newton.W = calloc((size_t)((1 + SECOND_ORDER) * NEWTON_EXPERTS * b->stride + LANES), 8);
    if (!b->newton.P || !b->newton.Px || !b->newton.W) return -1;
    b->newton.fresh = 1;
    mixture_start(&b->mixture, BANK);
    return 0;
}

static void bank_drop_newton(bank *b) {
    free(b->newton.P), free(b->newton.Px), free(b->newton.W);
    b->newton = (newton){0};
    mixture_keep(&b->mixture, NEWTON_AT);
}

/* Whether the opinions at hand are about this very sample. */
INLINE int answered(const bank *b, const int32_t *slots, const double *x, int64_t n) {
    return b->n_asked == n && !memcmp(b->asked_slots, slots, (size_t)n * sizeof *slots) && !memcmp(b->asked_x, x, (size_t)n * 8);
}

/* The forward pass, for C classes; pure but for the scratch that it leaves behind for a `bank_learn` of the same sample. */
WIDE static int bank_predict(bank *b, const int32_t *slots, const double *x, int64_t n, int64_t C) {
    opinions *o = &b->opinions;
    int64_t stride = b->stride;
    if (answered(b, slots, x, n)) return 0;
    if (bank_reserve_sample(b, n)) return NO_MEMORY;
    b->n_asked = -1;
    active_fill(&b->active, slots, x, n, b->dense, b->n_dense);
    active_scale(&b->active, b->features, b->t);
    linear_predict(&b->linear, &b->active, o->Z + LINEAR_AT * stride, stride, C);
    if (b->newton.P) newton_predict(&b->newton, &b->active, o->Z + NEWTON_AT * stride, stride, C);
    for (int64_t k = 0; k < b->mixture.n; k++)
        if (k < LABELS_AT || k >= NEWTON_AT) softmax_row(o->Z + k * stride, o->P + k * stride, C);
    labels_predict(&b->labels, o->Z + LABELS_AT * stride, o->P + LABELS_AT * stride, stride, C);
    if (C) mixture_predict(&b->mixture, o, stride, C);
    memcpy(b->asked_slots, slots, (size_t)n * sizeof *slots), memcpy(b->asked_x, x, (size_t)n * 8);
    b->n_asked = n;
    return 0;
}

INLINE void gradient(const double *p, int64_t y, double scale, double *g, int64_t C) {
    BY_LANES store(g + c, scale * load(p + c), LANES);
    g[y] -= scale;
}

/* Learn one sample of weight `weight`; `known` classes had been seen before it, and their probabilities stay in opinions.p. */
WIDE static int bank_learn(bank *b, const int32_t *slots, const double *x, int64_t n, int64_t known, int64_t y, double weight) {
    opinions *o = &b->opinions;
    const active *a = &b->active;
    int64_t stride = b->stride, C = b->n_classes, t = b->t;
    if (bank_predict(b, slots, x, n, known)) return NO_MEMORY;
    b->n_asked = -1;
    if (y < known) mixture_learn(&b->mixture, o, stride, C, y, weight);
    else
        for (int64_t k = 0; k < b->mixture.n; k++) { /* a new class: its score is 0 for every expert */
            if (k >= LABELS_AT && k < NEWTON_AT) continue;
            o->Z[k * stride + y] = 0;
            softmax_row(o->Z + k * stride, o->P + k * stride, C);
        }

    /* the gradient experts' p_y, sum of the others' p^2, and s */
    static const int WHO[] = {ADAGRAD, DECAYING, NORMALISED, SLOW_ADAGRAD, NEWTON_AT + NEWTON, NEWTON_AT + NEWTON_DECAYING};
    int who = b->newton.P ? 6 : 4;
    lanes p_y = every(1), others = every(0), s = every(0);
    double squared[LINEAR_EXPERTS] = {0}, h = 0, rate7 = weight / (1 + (double)t / NEWTON_TIME);
    for (int i = 0; i < who; i++) {
        const double *p = o->P + WHO[i] * stride;
        lanes sum = {0};
        BY_LANES sum += load(p + c) * load(p + c);
        p_y[i] = p[y], others[i] = lanes_sum(sum) - p[y] * p[y];
        if (others[i] < 0) others[i] = 0;
        if (i < 4) squared[WHO[i]] = (1 - p[y]) * (1 - p[y]) + others[i];
    }
    linear_prepare(&b->linear, a, t, squared, weight, &b->plan);
    for (int i = 0; i < 4; i++) s[i] = b->plan.s[WHO[i]];
    if (b->newton.P) {
        h = newton_direction(&b->newton, a);
        s[4] = NEWTON_RATE * weight * h, s[5] = rate7 * h;
    }
    lanes f = step_share(p_y, others, s);
    for (int i = 0; i < who; i++) {
        double rate = i == 4 ? NEWTON_RATE * weight : i == 5 ? rate7 : 1;
        gradient(o->P + WHO[i] * stride, y, f[i] * rate, b->g + WHO[i] * stride, C);
    }
    linear_learn(&b->linear, a, t, &b->plan, b->g + LINEAR_AT * stride, stride, C);
    if (b->newton.P) {
        const double *p6 = o->P + (NEWTON_AT + NEWTON) * stride, *p7 = o->P + (NEWTON_AT + NEWTON_DECAYING) * stride;
        lanes sum = {0};
        BY_LANES {
            lanes p = .5 * (load(p6 + c) + load(p7 + c));
            sum += p * (1.0 - p);
        }
        double kappa = CURVATURE * lanes_sum(sum) / (C > 2 ? (double)C - 1 : 1);
        newton_learn(&b->newton, t, b->g + NEWTON_AT * stride, stride, C);
        newton_forget(&b->newton, weight * (kappa > LEAST_CURVATURE ? kappa : LEAST_CURVATURE), h);
    }
    labels_learn(&b->labels, C, y, weight);
    b->n_dense = 0;
    for (int64_t i = 1; i < a->n; i++) {
        b->features[a->slot[i]] = a->after[i];
        if (a->after[i].nz >= DENSE) b->dense[b->n_dense++] = a->slot[i];
    }
    b->t++;
    if (b->newton.P && b->n_rows > 1 + SECOND_ORDER && b->t <= SETTLED) bank_drop_newton(b);
    return 0;
}

#endif
