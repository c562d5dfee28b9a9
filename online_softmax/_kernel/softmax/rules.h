/* Update rules: what a weight does with its gradient.

   A feature's row holds, for C classes, the weights w and then the rule's states, `stride` doubles
   apart: [w | s1 | s2 | s3]. Each step below is one rule on one row, class by class, with the gradients
   x d_c; eta, and the constants that depend on a class's own step count t, come from `rule_tick`.
   The formulas are those of river.optim. */
#ifndef ONLINE_SOFTMAX_RULES_H
#define ONLINE_SOFTMAX_RULES_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#include "../simd.h"

enum rule_kind {
    RULE_NONE,
    RULE_SGD,
    RULE_MOMENTUM,
    RULE_NESTEROV,
    RULE_ADAGRAD,
    RULE_RMSPROP,
    RULE_ADADELTA,
    RULE_ADAM,
    RULE_AMSGRAD,
    RULE_ADAMAX,
    RULE_NADAM,
    RULE_ADABOUND,
    RULE_FTRL,
    RULE_IMPLICIT_SGD,
    RULE_IMPLICIT_ADAGRAD /* a whole sample at a time: softmax.h */
};

enum schedule_kind { SCHEDULE_CONSTANT, SCHEDULE_INVERSE_SCALING, SCHEDULE_FOREIGN };

typedef struct {
    int kind;
    int n_states;  /* doubles of state a weight */
    int n_scalars; /* and a row */
    int schedule;
    int correct_bias; /* AMSGrad */
    double lr, power; /* eta_t = lr, or lr / (t + 1)^power */
    double rho, eps, beta_1, beta_2;
    double gamma;               /* AdaBound */
    double alpha, beta, l1, l2; /* FTRL */
} rule;

/* What a rule keeps for each class: its step count, and what is derived from it before a step. */
typedef struct {
    int64_t *t;
    double *final_lr; /* AdaBound lets it drift with the schedule */
    double *eta;      /* filled by the caller when the schedule is foreign */
    double *a, *b;    /* step size and second constant of this step */
} rule_clock;

INLINE double schedule_eta(const rule *r, int64_t t) {
    return r->schedule == SCHEDULE_CONSTANT ? r->lr : r->lr / pow((double)t + 1, r->power);
}

static void rule_constants(const rule *r, rule_clock *k, int64_t C) {
    for (int64_t c = 0; c < C; c++) {
        int64_t t = k->t[c];
        if (c && t == k->t[c - 1] && k->eta[c] == k->eta[c - 1] && r->kind != RULE_ADABOUND) {
            k->a[c] = k->a[c - 1], k->b[c] = k->b[c - 1];
            continue;
        }
        double one = 1 - pow(r->beta_1, (double)t + 1), two = 1 - pow(r->beta_2, (double)t + 1);
        switch (r->kind) {
        case RULE_ADAM: k->a[c] = k->eta[c] * sqrt(two) / one; break;
        case RULE_AMSGRAD: k->a[c] = r->correct_bias ? k->eta[c] * sqrt(two) / one : k->eta[c]; break;
        case RULE_ADAMAX: k->a[c] = k->eta[c] / one; break;
        case RULE_NADAM: k->a[c] = one, k->b[c] = two; break;
        case RULE_ADABOUND:
            k->a[c] = k->eta[c] * sqrt(two) / one;
            k->b[c] = k->final_lr[c] * (k->eta[c] / schedule_eta(r, 0)); /* the new final_lr */
        }
    }
}

/* Before a step: eta_c and the constants of each class, from its own t_c. */
INLINE void rule_tick(const rule *r, rule_clock *k, int64_t C) {
    double *eta = k->eta, lr = r->lr;
    if (r->schedule == SCHEDULE_CONSTANT)
        for (int64_t c = 0; c < C; c++) eta[c] = lr;
    else if (r->schedule == SCHEDULE_INVERSE_SCALING)
        for (int64_t c = 0; c < C; c++) eta[c] = c && k->t[c] == k->t[c - 1] ? eta[c - 1] : schedule_eta(r, k->t[c]);
    if (r->kind >= RULE_ADAM && r->kind < RULE_FTRL) rule_constants(r, k, C);
}

/* After a step that stands. */
INLINE void rule_tock(const rule *r, rule_clock *k, int64_t C) {
    int64_t *t = k->t;
    for (int64_t c = 0; c < C; c++) t[c]++;
    if (r->kind == RULE_ADABOUND) memcpy(k->final_lr, k->b, (size_t)C * 8);
}

#define STEP(name) \
    INLINE void name(const rule *r, const rule_clock *k, double *restrict w, int64_t stride, double x, \
                     const double *restrict d, int64_t C)
#define FOR_CLASSES(c) for (int64_t c = 0; c < C; c++)
#define STATE(n) double *restrict s##n = w + n * stride

STEP(step_sgd) {
    (void)r, (void)stride;
    FOR_CLASSES(c) w[c] -= x * (k->eta[c] * d[c]);
}

STEP(step_momentum) {
    STATE(1);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] = r->rho * s1[c] + k->eta[c] * g;
        w[c] -= s1[c];
    }
}

/* The prediction looked ahead, at w - rho s; stepping back first rounds as river's does. */
STEP(step_nesterov) {
    STATE(1);
    FOR_CLASSES(c) {
        double ahead = w[c] - r->rho * s1[c];
        w[c] = ahead + r->rho * s1[c];
        s1[c] = r->rho * s1[c] + k->eta[c] * (x * d[c]);
        w[c] -= s1[c];
    }
}

STEP(step_adagrad) {
    STATE(1);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] += g * g;
        w[c] -= k->eta[c] / sqrt(s1[c] + r->eps) * g;
    }
}

STEP(step_rmsprop) {
    STATE(1);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] = r->rho * s1[c] + (1 - r->rho) * (g * g);
        w[c] -= k->eta[c] / sqrt(s1[c] + r->eps) * g;
    }
}

STEP(step_adadelta) {
    (void)k;
    STATE(1);
    STATE(2);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] = r->rho * s1[c] + (1 - r->rho) * (g * g);
        double v = -sqrt(s2[c] + r->eps) / sqrt(s1[c] + r->eps) * g;
        s2[c] = r->rho * s2[c] + (1 - r->rho) * (v * v);
        w[c] += v;
    }
}

STEP(step_adam) {
    STATE(1);
    STATE(2);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] = r->beta_1 * s1[c] + (1 - r->beta_1) * g;
        s2[c] = r->beta_2 * s2[c] + (1 - r->beta_2) * (g * g);
        w[c] -= k->a[c] * s1[c] / (sqrt(s2[c]) + r->eps);
    }
}

STEP(step_amsgrad) {
    STATE(1);
    STATE(2);
    STATE(3);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] = r->beta_1 * s1[c] + (1 - r->beta_1) * g;
        s2[c] = r->beta_2 * s2[c] + (1 - r->beta_2) * (g * g);
        s3[c] = s2[c] > s3[c] ? s2[c] : s3[c];
        w[c] -= k->a[c] * s1[c] / (sqrt(s3[c]) + r->eps);
    }
}

STEP(step_adamax) {
    STATE(1);
    STATE(2);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] = r->beta_1 * s1[c] + (1 - r->beta_1) * g;
        double u = r->beta_2 * s2[c], v = fabs(g);
        s2[c] = v > u ? v : u;
        w[c] -= k->a[c] * s1[c] / (s2[c] + r->eps);
    }
}

STEP(step_nadam) {
    STATE(1);
    STATE(2);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] = r->beta_1 * s1[c] + (1 - r->beta_1) * g;
        s2[c] = r->beta_2 * s2[c] + (1 - r->beta_2) * (g * g);
        double m = s1[c] / k->a[c], v = s2[c] / k->b[c];
        w[c] -= k->eta[c] * (r->beta_1 * m + (1 - r->beta_1) * g / k->a[c]) / (sqrt(v) + r->eps);
    }
}

STEP(step_adabound) {
    STATE(1);
    STATE(2);
    FOR_CLASSES(c) {
        double g = x * d[c];
        s1[c] = r->beta_1 * s1[c] + (1 - r->beta_1) * g;
        s2[c] = r->beta_2 * s2[c] + (1 - r->beta_2) * (g * g);
        double t = (double)k->t[c] + 1;
        double lo = k->b[c] * (1 - 1 / (r->gamma * t + 1)), hi = k->b[c] * (1 + 1 / (r->gamma * t));
        double a = k->a[c] / (sqrt(s2[c]) + r->eps);
        a = a < hi ? a : hi;
        w[c] -= (a > lo ? a : lo) * s1[c];
    }
}

/* The weights follow the z of the step before, and stay where |z| <= l1: as river's do. */
STEP(step_ftrl) {
    (void)k;
    STATE(1);
    STATE(2);
    FOR_CLASSES(c) {
        double g = x * d[c], z = s1[c], n = s2[c];
        double sign = z > 0 ? 1 : (z < 0 ? -1 : 0);
        double v = -(z - sign * r->l1) / ((r->beta + sqrt(n)) / r->alpha + r->l2);
        w[c] = fabs(z) > r->l1 ? v : w[c];
        double sigma = (sqrt(n + g * g) - sqrt(n)) / r->alpha;
        s1[c] += g - sigma * w[c];
        s2[c] += g * g;
    }
}

#endif
