/* Softmax regression: z = xB, p = softmax(z), g = p - e_y, B <- B - eta x g.

   B is slot-major: the row of a feature holds its weight for every class, side by side, then the
   states of the update rule. Row 0 is the intercept's. Nothing here knows Python. */
#ifndef ONLINE_SOFTMAX_SOFTMAX_H
#define ONLINE_SOFTMAX_SOFTMAX_H

#include <float.h>
#include <stdlib.h>
#include <string.h>
#include "../implicit.h"
#include "rules.h"

enum { LEARNED = 0, OVERFLOWED = -1, NO_MEMORY = -2 };

typedef struct {
    int64_t n_rows, n_classes;           /* in use; rows with the intercept's */
    int64_t row_capacity, class_capacity;
    double *B;                           /* row_capacity x ((1 + states) x class_capacity + scalars) */
    double *of_classes;                  /* OF_CLASSES arrays of one value a class: these, the clock and its copy */
    double *class_weight;
    double *z, *p, *q, *g;                 /* scratch */
    rule rule;
    rule_clock clock;
    int intercept;
    double l2, clip;                     /* clip: HUGE_VAL for none */
    double *saved;                       /* rows as they were, and the slots they belong to */
    int32_t *saved_slot;
    int64_t n_saved, saved_capacity;     /* in rows */
    int many;                            /* whether `softmax_begin_many` has saved all there is to save */
    int64_t first_new;                   /* the first row that did not exist then */
    int64_t *saved_t;                    /* the clock, likewise */
    double *saved_final_lr;
} softmax;

enum { OF_CLASSES = 12 };

INLINE int64_t row_length(const softmax *m) { return (1 + m->rule.n_states) * m->class_capacity + m->rule.n_scalars; }
INLINE double *row_of(const softmax *m, int64_t slot) { return m->B + slot * row_length(m); }

static void softmax_free(softmax *m) { free(m->B), free(m->of_classes), free(m->saved), free(m->saved_slot); }

/* Every weight and state 0, as in a fresh model; the room stays. */
static void softmax_clear(softmax *m) {
    if (m->B) memset(m->B, 0, (size_t)(m->row_capacity * row_length(m)) * 8);
}

static int64_t softmax_bytes(const softmax *m) {
    int64_t saved = m->saved_capacity * (row_length(m) + 1), classes = OF_CLASSES * (m->class_capacity + LANES);
    return 8 * (m->row_capacity * row_length(m) + classes + saved);
}

/* Room for C classes, with what `n` of them had; a failure changes nothing. */
static int reserve_classes(softmax *m, int64_t n, int64_t C) {
    int64_t room = C + LANES;
    double *a = calloc((size_t)(OF_CLASSES * room), 8);
    if (!a) return NO_MEMORY;
    for (int64_t k = 0; n && k < OF_CLASSES; k++)
        memcpy(a + k * room, m->of_classes + k * (m->class_capacity + LANES), (size_t)n * 8);
    free(m->of_classes);
    m->of_classes = m->class_weight = a;
    m->z = a += room, m->p = a += room, m->q = a += room, m->g = a += room;
    m->clock.final_lr = a += room, m->clock.eta = a += room, m->clock.a = a += room, m->clock.b = a += room;
    m->saved_final_lr = a += room;
    m->clock.t = (int64_t *)(a += room), m->saved_t = (int64_t *)(a += room);
    return LEARNED;
}

/* Room for so many rows and classes; a failure changes nothing. Never called while rows are saved. */
static int softmax_reserve(softmax *m, int64_t rows, int64_t classes) {
    if (rows <= m->row_capacity && classes <= m->class_capacity) return LEARNED;
    int64_t R = rows > m->row_capacity ? rows + rows / 8 : m->row_capacity;
    int64_t C = classes > m->class_capacity ? classes + classes / 8 : m->class_capacity;
    int64_t parts = 1 + m->rule.n_states, stride = m->class_capacity, n = m->n_classes, length = parts * C + m->rule.n_scalars;
    if (C != m->class_capacity) {
        double *B = calloc((size_t)(R * length + LANES), 8);
        if (!B || reserve_classes(m, n, C)) {
            free(B);
            return NO_MEMORY;
        }
        for (int64_t i = 0; n && i < m->n_rows; i++) {
            for (int64_t k = 0; k < parts; k++) memcpy(B + i * length + k * C, row_of(m, i) + k * stride, (size_t)n * 8);
            memcpy(B + i * length + parts * C, row_of(m, i) + parts * stride, (size_t)m->rule.n_scalars * 8);
        }
        free(m->B), free(m->saved), free(m->saved_slot);
        m->B = B, m->saved = NULL, m->saved_slot = NULL;
        m->n_saved = m->saved_capacity = 0, m->class_capacity = C;
    } else {
        double *B = realloc(m->B, (size_t)(R * length + LANES) * 8);
        if (!B) return NO_MEMORY;
        m->B = B;
        memset(row_of(m, m->row_capacity), 0, (size_t)((R - m->row_capacity) * length + LANES) * 8);
    }
    m->row_capacity = R;
    return LEARNED;
}

/* ---- predict ---- */

/* z = xB where partial sums leave the range of doubles: the same sums in a smaller unit. */
static void scores_beyond_range(const softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t C, double *z) {
    CLASSES {
        double s = m->intercept ? ldexp(row_of(m, 0)[c], -1100) : 0;
        for (int64_t i = 0; i < n; i++) s += ldexp(x[i], -550) * ldexp(row_of(m, slots[i])[c], -550);
        s = ldexp(s, 1100);
        z[c] = s > DBL_MAX ? DBL_MAX : (s < -DBL_MAX ? -DBL_MAX : s);
    }
}

/* Classes go in blocks whose width the compiler knows, so that a block's values stay in registers. */
enum { BLOCK = 16 };
#define CASE(DO, width) case width: DO(width); break;
#define BLOCKS(DO) \
    for (int64_t c = 0; c < C; c += BLOCK) switch (C - c) { \
        CASE(DO, 1) CASE(DO, 2) CASE(DO, 3) CASE(DO, 4) CASE(DO, 5) CASE(DO, 6) CASE(DO, 7) CASE(DO, 8) CASE(DO, 9) \
        CASE(DO, 10) CASE(DO, 11) CASE(DO, 12) CASE(DO, 13) CASE(DO, 14) CASE(DO, 15) default: DO(BLOCK); \
    }

/* z = start + sum_i x_i w_i, in whole vectors: up to three values beyond the block's width are of no account. */
INLINE void block_scores(const double *B, int64_t length, const int32_t *slots, const double *x, int64_t n, int width, int vector,
                         const double *start, double *z) {
    int fours = vector >= 4 ? width : 0, c;
    half_at four[BLOCK / 4] = {0};
    pair_at two[BLOCK / 2] = {0};
    for (int64_t i = 0; i < n; i++) {
        const double *w = B + slots[i] * length;
        for (c = 0; c < fours; c += 4) four[c / 4] += x[i] * *(const half_at *)(w + c);
        for (; c < width; c += 2) two[c / 2] += x[i] * *(const pair_at *)(w + c);
    }
    for (c = 0; c < fours; c += 4) *(half_at *)(z + c) = *(const half_at *)(start + c) + four[c / 4];
    for (; c < width; c += 2) *(pair_at *)(z + c) = *(const pair_at *)(start + c) + two[c / 2];
}

/* w_i <- w_i - x_i d */
INLINE void step_back(double *B, int64_t length, const int32_t *slots, const double *x, int64_t n, int width, int vector,
                      const double *d) {
    int fours = vector >= 4 ? width & ~3 : 0, twos = width & ~1, c;
    half_at four[BLOCK / 4];
    pair_at two[BLOCK / 2];
    double one = d[width - 1];
    for (c = 0; c < fours; c += 4) four[c / 4] = *(const half_at *)(d + c);
    for (; c < twos; c += 2) two[c / 2] = *(const pair_at *)(d + c);
    for (int64_t i = 0; i < n; i++) {
        double *w = B + slots[i] * length, v = x[i];
        for (c = 0; c < fours; c += 4) *(half_at *)(w + c) -= v * four[c / 4];
        for (; c < twos; c += 2) *(pair_at *)(w + c) -= v * two[c / 2];
        if (c < width) w[c] -= v * one;
    }
}

/* z_c = sum_i x_i w_ic; with `ahead`, at Nesterov's looked-ahead weights w - rho s. */
INLINE void scores(const softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t C, int ahead, int vector,
                   double *restrict z) {
    static const double zeros[BLOCK];
    int64_t stride = m->class_capacity, length = row_length(m);
    if (ahead) {
        CLASSES z[c] = m->intercept ? m->B[c] - m->rule.rho * m->B[stride + c] : 0;
        for (int64_t i = 0; i < n; i++) {
            const double *restrict w = row_of(m, slots[i]);
            CLASSES z[c] += x[i] * (w[c] - m->rule.rho * w[stride + c]);
        }
    } else
#define DO(width) block_scores(m->B + c, length, slots, x, n, width, vector, m->intercept ? m->B + c : zeros, z + c)
        BLOCKS(DO)
#undef DO
    if (!all_finite(z, C)) scores_beyond_range(m, slots, x, n, C, z);
}

/* Over the classes and up to three more, for arrays that have room to spare: whole vectors, and no rest. */
#define FOURS for (int64_t c = 0; c < ((C + 3) & ~3); c++)

/* p = softmax(z), shifted by the largest score so that no exp overflows. Where training is chaotic (a large momentum, say), any
   exp but libm's would drift away from river's figures; the other rules take the kernel's own. */
INLINE void softmax_of(const softmax *m, const double *restrict z, double *restrict p, int64_t C) {
    double top = -HUGE_VAL, sum = 0;
    CLASSES top = z[c] > top ? z[c] : top;
    if (m->rule.kind == RULE_SGD || m->rule.kind >= RULE_IMPLICIT_SGD) FOURS p[c] = fast_exp(z[c] - top);
    else CLASSES p[c] = exp(z[c] - top);
    CLASSES sum += p[c];
    FOURS p[c] /= sum;
}

/* The probabilities of the known classes, in m->p. */
INLINE void predict(int vector, const softmax *m, const int32_t *slots, const double *x, int64_t n) {
    scores(m, slots, x, n, m->n_classes, 0, vector, m->z);
    softmax_of(m, m->z, m->p, m->n_classes);
}

VERSIONS(void, softmax_predict, predict, (const softmax *m, const int32_t *slots, const double *x, int64_t n), m, slots, x, n)

/* -ln p_y = ln sum_c exp(z_c - z_y): finite where p_y itself underflows. */
static double softmax_loss(const softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t y) {
    double top = -HUGE_VAL, sum = 0;
    int64_t C = m->n_classes;
    softmax_predict(m, slots, x, n);
    CLASSES top = m->z[c] > top ? m->z[c] : top;
    CLASSES sum += exp(m->z[c] - top);
    return log(sum) + (top - m->z[y]);
}

/* ---- learn ---- */

/* Save the intercept's row and those of `slots` (-1 for none), so that `restore_rows` brings them back. */
static int save_rows(softmax *m, const int32_t *slots, int64_t n) {
    int64_t length = row_length(m);
    if (n + 1 > m->saved_capacity) {
        double *saved = realloc(m->saved, (size_t)((n + 1) * length + LANES) * 8);
        if (!saved) return NO_MEMORY;
        m->saved = saved;
        int32_t *saved_slot = realloc(m->saved_slot, (size_t)(n + 1) * 4);
        if (!saved_slot) return NO_MEMORY;
        m->saved_slot = saved_slot, m->saved_capacity = n + 1;
    }
    m->n_saved = 0;
    for (int64_t i = -1; i < n; i++) {
        int32_t slot = i < 0 ? 0 : slots[i];
        if (slot < 0) continue;
        memcpy(m->saved + m->n_saved * length, row_of(m, slot), (size_t)length * 8);
        m->saved_slot[m->n_saved++] = slot;
    }
    return LEARNED;
}

static void restore_rows(softmax *m) {
    int64_t length = row_length(m);
    for (int64_t i = 0; i < m->n_saved; i++)
        memcpy(row_of(m, m->saved_slot[i]), m->saved + i * length, (size_t)length * 8);
}

/* Before many samples that stand or fall together: save what they may change. Rows that they add are zero before. */
static int softmax_begin_many(softmax *m, const int32_t *slots, int64_t n) {
    if (save_rows(m, slots, n)) return NO_MEMORY;
    if (m->n_classes) {
        memcpy(m->saved_t, m->clock.t, (size_t)m->n_classes * 8);
        memcpy(m->saved_final_lr, m->clock.final_lr, (size_t)m->n_classes * 8);
    }
    m->many = 1, m->first_new = m->n_rows;
    return LEARNED;
}

/* Saved rows are not kept where they are many beside the model's. */
static void saved_trim(softmax *m) {
    if (m->row_capacity <= 64 || m->saved_capacity * 8 <= m->row_capacity) return;
    free(m->saved), free(m->saved_slot);
    m->saved = NULL, m->saved_slot = NULL, m->n_saved = m->saved_capacity = 0;
}

static void softmax_end_many(softmax *m) { m->many = 0, saved_trim(m); }

static void softmax_rollback_many(softmax *m, int64_t classes) {
    restore_rows(m);
    memset(row_of(m, m->first_new), 0, (size_t)((m->n_rows - m->first_new) * row_length(m)) * 8);
    if (classes) {
        memcpy(m->clock.t, m->saved_t, (size_t)classes * 8);
        memcpy(m->clock.final_lr, m->saved_final_lr, (size_t)classes * 8);
    }
}

#define RULES(DO) \
    DO(RULE_SGD, step_sgd) DO(RULE_MOMENTUM, step_momentum) DO(RULE_NESTEROV, step_nesterov) \
    DO(RULE_ADAGRAD, step_adagrad) DO(RULE_RMSPROP, step_rmsprop) DO(RULE_ADADELTA, step_adadelta) \
    DO(RULE_ADAM, step_adam) DO(RULE_AMSGRAD, step_amsgrad) DO(RULE_ADAMAX, step_adamax) \
    DO(RULE_NADAM, step_nadam) DO(RULE_ADABOUND, step_adabound) DO(RULE_FTRL, step_ftrl)

/* One row's step on gradients x g + l2 w (w looked ahead under Nesterov); m->z is scratch. */
INLINE int step_row(softmax *m, int64_t slot, double x, const double *restrict g, int64_t C) {
    double *restrict w = row_of(m, slot);
    int64_t stride = m->class_capacity;
    if (m->l2 != 0) {
        double *restrict sum = m->z;
        if (m->rule.kind == RULE_NESTEROV) CLASSES sum[c] = x * g[c] + m->l2 * (w[c] - m->rule.rho * w[stride + c]);
        else CLASSES sum[c] = x * g[c] + m->l2 * w[c];
        x = 1, g = sum;
    }
    switch (m->rule.kind) {
#define DO(kind, step) case kind: step(&m->rule, &m->clock, w, stride, x, g, C); break;
        RULES(DO)
#undef DO
    }
    return all_finite(w, row_length(m)) ? LEARNED : OVERFLOWED;
}

/* Plain SGD whose steps x d are so short that no weight can leave the doubles: they are at most 1e280, longer ones
   are checked, and 1e28 samples would have to conspire. Fills d = eta g, in m->z. */
INLINE int sgd_is_safe(const softmax *m, const double *x, int64_t n, int64_t C) {
    if (m->rule.kind != RULE_SGD || m->l2 != 0) return 0;
    double *restrict d = m->z;
    const double *restrict eta = m->clock.eta, *restrict g = m->g;
    FOURS d[c] = eta[c] * g[c];
    double longest = largest_of(d, C), largest = largest_of(x, n);
    return longest * (largest > 1 ? largest : 1) <= 1e280;
}

INLINE void sgd_rows(softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t C, int vector) {
    int64_t length = row_length(m);
    if (m->intercept) CLASSES m->B[c] -= m->z[c];
#define DO(width) step_back(m->B + c, length, slots, x, n, width, vector, m->z + c)
    BLOCKS(DO)
#undef DO
}

/* The gradient of the loss in each score, g_c = w_c (p_c - [c = y]), with p kept inside [1e-15, 1 - 1e-15]. */
INLINE void loss_gradient(const softmax *m, const double *restrict p, int64_t known, int64_t y, double weight, double *restrict g) {
    const double *restrict class_weight = m->class_weight;
    double clip = m->clip;
    int64_t C = m->n_classes;
    FOURS {
        double q = p[c], e = c == y;
        q = c < known ? q : 0;
        q = q < 1e-15 ? 1e-15 : (q > 1 - 1e-15 ? 1 - 1e-15 : q);
        q = weight * class_weight[c] * (q - e);
        g[c] = q > clip ? clip : (q < -clip ? -clip : q);
    }
}

/* One implicit step: B <- B - f r g' (implicit.h) with r_i = eta x_i, or eta x_i / sqrt(G_i) with one G a row, times the sample's
   weight; then the weights shrink by 1 / (1 + eta l2), l2's own implicit step. m->z holds the scores; with q the
   softmax over the classes but y and rho = 1 - p_y, g_y = -rho and g_c = rho q_c. */
INLINE int implicit_step(softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t y, double weight, int64_t C) {
    double *g = m->g, others = 0, s = 0, eta = m->clock.eta[y], margin = m->z[y];
    int64_t first_entry = m->intercept ? -1 : 0, end = row_length(m) - 1;
    int adaptive = m->rule.kind == RULE_IMPLICIT_ADAGRAD;
    if (C < 2) return LEARNED;
    double top = -HUGE_VAL, sum = 0;
    m->z[y] = -HUGE_VAL;
    CLASSES top = m->z[c] > top ? m->z[c] : top;
    CLASSES sum += g[c] = exp(m->z[c] - top);
    CLASSES g[c] /= sum, others += g[c] * g[c];
    margin -= top + log(sum);
    double rho = 1 / (1 + exp(margin)), squared = rho * rho * (1 + others);
    for (int64_t i = first_entry; i < n; i++) {
        double v = i < 0 ? 1 : x[i], *w = row_of(m, i < 0 ? 0 : slots[i]);
        if (adaptive) w[end] += weight * (v * v * squared);
        s += weight * eta * v * v / (adaptive ? sqrt(w[end] + 1e-8) : 1);
    }
    double reach = rho * (1 + others) * s;
    if (!(s <= DBL_MAX)) return OVERFLOWED;
    double f = reach > 0 ? exact_share(margin, reach) : 1;
    g[y] = -1;
    CLASSES g[c] *= f * rho;
    for (int64_t i = first_entry; i < n; i++) {
        double v = i < 0 ? 1 : x[i], *w = row_of(m, i < 0 ? 0 : slots[i]);
        double rate = eta / (adaptive ? sqrt(w[end] + 1e-8) : 1), r = weight * rate * v, keep = 1 / (1 + rate * m->l2);
        CLASSES w[c] = (w[c] - r * g[c]) * keep;
        if (!all_finite(w, row_length(m))) return OVERFLOWED;
    }
    return LEARNED;
}

/* Learn one sample, or change nothing. `known` classes had been seen before it (y is the next one if it is new);
   their probabilities under the weights before the step are left in m->p. */
INLINE int learn(int vector, softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t known, int64_t y, double weight) {
    int64_t C = m->n_classes;
    double *p = m->p;
    scores(m, slots, x, n, known, 0, vector, m->z);
    softmax_of(m, m->z, p, known);
    if (m->rule.kind == RULE_NESTEROV) {
        scores(m, slots, x, n, known, 1, vector, m->z);
        softmax_of(m, m->z, p = m->q, known);
    }
    loss_gradient(m, p, known, y, weight, m->g);
    rule_tick(&m->rule, &m->clock, C);
    int safe = sgd_is_safe(m, x, n, C);
    int failed = safe || m->many ? LEARNED : save_rows(m, slots, n);
    if (safe && !failed) sgd_rows(m, slots, x, n, C, vector);
    else if (m->rule.kind >= RULE_IMPLICIT_SGD && !failed) {
        scores(m, slots, x, n, C, 0, vector, m->z); /* a new class has score 0 */
        failed = implicit_step(m, slots, x, n, y, weight, C);
    }
    else {
        if (m->intercept && !failed) failed = step_row(m, 0, 1, m->g, C);
        for (int64_t i = 0; i < n && !failed; i++) failed = step_row(m, slots[i], x[i], m->g, C);
    }
    if (!failed) rule_tock(&m->rule, &m->clock, C);
    else if (failed == OVERFLOWED && !m->many) restore_rows(m);
    if (!m->many) saved_trim(m);
    return failed;
}

VERSIONS(int, softmax_learn, learn,
         (softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t known, int64_t y, double weight),
         m, slots, x, n, known, y, weight)

/* ---- the matrix form: one step with G = X^T (softmax(XB) - Y) / n ---- */

/* Add one sample's part to G, n_ids rows of n_classes; `ids` are rows of G, and the last row is the intercept's. */
static void batch_gradient(softmax *m, const int32_t *slots, const int32_t *ids, const double *x, int64_t n, int64_t y,
                           double weight, double share, double *G, int64_t n_ids) {
    int64_t C = m->n_classes;
    scores(m, slots, x, n, C, m->rule.kind == RULE_NESTEROV, 2, m->z);
    softmax_of(m, m->z, m->p, C);
    loss_gradient(m, m->p, C, y, weight, m->g);
    for (int64_t i = 0; i < n; i++) CLASSES G[ids[i] * C + c] += x[i] * m->g[c] * share;
    CLASSES G[n_ids * C + c] += m->g[c] * share;
}

static int batch_step(softmax *m, const int32_t *slots, int64_t n_ids, const double *G) {
    int64_t C = m->n_classes;
    rule_tick(&m->rule, &m->clock, C);
    int failed = save_rows(m, slots, n_ids);
    if (m->intercept && !failed) failed = step_row(m, 0, 1, G + n_ids * C, C);
    for (int64_t i = 0; i < n_ids && !failed; i++) failed = step_row(m, slots[i], 1, G + i * C, C);
    if (!failed) rule_tock(&m->rule, &m->clock, C);
    else if (failed == OVERFLOWED) restore_rows(m);
    saved_trim(m);
    return failed;
}

#endif
