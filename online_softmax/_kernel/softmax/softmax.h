/* Softmax regression: z = xB, p = softmax(z), g = p - e_y, B <- B - eta x g.

   This file is the sample's way, top down: scores and softmax are in scores.h, the rules' steps in steps.h and rules.h,
   the rows of B in weights.h. Nothing here knows Python. */
#ifndef ONLINE_SOFTMAX_SOFTMAX_H
#define ONLINE_SOFTMAX_SOFTMAX_H

#include "steps.h"

/* Learn one sample, or change nothing. `known` classes had been seen before it (y is the next one if it is new); their
   probabilities under the weights before the step are left in s->p. */
INLINE int learn(int vector, softmax *m, softmax_scratch *s, const int32_t *slots, const double *x, int64_t n,
                 int64_t known, int64_t y, double weight) {
    if (scratch_fit(s, m)) return NO_MEMORY;
    int64_t C = m->n_classes;
    double *p = s->p;
    scores(m, slots, x, n, known, 0, vector, s->z);
    softmax_of(m, s->z, p, known);
    if (m->rule.kind == RULE_NESTEROV) {
        scores(m, slots, x, n, known, 1, vector, s->z);
        softmax_of(m, s->z, p = s->q, known);
    }
    loss_gradient(m, p, known, y, weight, s->g);
    rule_tick(&m->rule, &m->clock, C);
    int safe = sgd_is_safe(m, x, n, s->g, s->z, C);
    int failed = safe || m->many ? LEARNED : save_rows(m, slots, n);
    if (safe && !failed) sgd_rows(m, slots, x, n, s->z, C, vector);
    else if (m->rule.kind >= RULE_IMPLICIT_SGD && !failed) {
        scores(m, slots, x, n, C, 0, vector, s->z); /* a new class has score 0 */
        failed = implicit_step(m, s, slots, x, n, y, weight, C);
    } else {
        if (m->intercept && !failed) failed = step_row(m, 0, 1, s->g, C, s->z);
        for (int64_t i = 0; i < n && !failed; i++) failed = step_row(m, slots[i], x[i], s->g, C, s->z);
    }
    if (!failed) rule_tock(&m->rule, &m->clock, C);
    else if (failed == OVERFLOWED && !m->many) restore_rows(m);
    if (!m->many) saved_trim(m);
    return failed;
}

/* The probabilities of the known classes, in s->p. */
INLINE int predict(int vector, const softmax *m, softmax_scratch *s, const int32_t *slots, const double *x, int64_t n) {
    if (scratch_fit(s, m)) return NO_MEMORY;
    scores(m, slots, x, n, m->n_classes, 0, vector, s->z);
    softmax_of(m, s->z, s->p, m->n_classes);
    return LEARNED;
}

VERSIONS(int, softmax_learn, learn,
         (softmax * m, softmax_scratch *s, const int32_t *slots, const double *x, int64_t n, int64_t known, int64_t y,
          double weight),
         m, s, slots, x, n, known, y, weight)

VERSIONS(int, softmax_predict, predict,
         (const softmax *m, softmax_scratch *s, const int32_t *slots, const double *x, int64_t n), m, s, slots, x, n)

/* -ln p_y = ln sum_c exp(z_c - z_y): finite where p_y itself underflows; nan where there is no memory. */
static double softmax_loss(const softmax *m, softmax_scratch *s, const int32_t *slots, const double *x, int64_t n,
                           int64_t y) {
    double top = -HUGE_VAL, sum = 0;
    int64_t C = m->n_classes;
    if (softmax_predict(m, s, slots, x, n)) return NAN;
    FOR_CLASSES(c) top = s->z[c] > top ? s->z[c] : top;
    FOR_CLASSES(c) sum += exp(s->z[c] - top);
    return log(sum) + (top - s->z[y]);
}

/* ---- the matrix form: one step with G = X^T (softmax(XB) - Y) / n ---- */

/* Add one sample's part to G, n_ids rows of n_classes; `ids` are rows of G, and the last row is the intercept's. */
static int batch_gradient(const softmax *m, softmax_scratch *s, const int32_t *slots, const int32_t *ids,
                          const double *x, int64_t n, int64_t y, double weight, double share, double *G,
                          int64_t n_ids) {
    int64_t C = m->n_classes;
    if (scratch_fit(s, m)) return NO_MEMORY;
    scores(m, slots, x, n, C, m->rule.kind == RULE_NESTEROV, 2, s->z);
    softmax_of(m, s->z, s->p, C);
    loss_gradient(m, s->p, C, y, weight, s->g);
    for (int64_t i = 0; i < n; i++)
        FOR_CLASSES(c) G[ids[i] * C + c] += x[i] * s->g[c] * share;
    FOR_CLASSES(c) G[n_ids * C + c] += s->g[c] * share;
    return LEARNED;
}

static int batch_step(softmax *m, softmax_scratch *s, const int32_t *slots, int64_t n_ids, const double *G) {
    int64_t C = m->n_classes;
    if (scratch_fit(s, m)) return NO_MEMORY;
    rule_tick(&m->rule, &m->clock, C);
    int failed = save_rows(m, slots, n_ids);
    if (m->intercept && !failed) failed = step_row(m, 0, 1, G + n_ids * C, C, s->z);
    for (int64_t i = 0; i < n_ids && !failed; i++) failed = step_row(m, slots[i], 1, G + i * C, C, s->z);
    if (!failed) rule_tock(&m->rule, &m->clock, C);
    else if (failed == OVERFLOWED) restore_rows(m);
    saved_trim(m);
    return failed;
}

#endif
