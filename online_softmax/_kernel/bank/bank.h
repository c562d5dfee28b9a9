/* AutoSoftmaxRegression's kernel: scale, ask every expert, mix; then, with the label, teach the mixture, every
   expert and the scaler.

   An expert is a row of Z (logits) and of P (probabilities). Blocks of experts keep their own state and offer two
   calls, predict and learn. This file is the one place that lists them; their memory is in room.h. */
#ifndef ONLINE_SOFTMAX_BANK_H
#define ONLINE_SOFTMAX_BANK_H

#include "scratch.h"

#define JOIN_TIME 80.0  /* samples after which the mixture trusts an expert that joins by half */
#define LEAST_TRUST 0.1 /* however late it joins */
#define FADE 3.0        /* an expert that leaves a stream of t samples loses so much / t of its voice, a sample */

/* Defined below, in the order in which they are called. */
WIDE static int bank_predict(const bank *b, bank_scratch *s, const int32_t *slots, const double *x, int64_t n,
                             int64_t C);
INLINE void bank_grow(bank *b, float *spare);
INLINE void bank_choose(bank *b);
INLINE void bank_learn_gradients(bank *b, bank_scratch *own, int64_t known, int64_t y, double weight);
INLINE double bank_fade(const bank *b);
INLINE double bank_trust(const bank *b);
INLINE void bank_learn_sparse(bank *b, bank_scratch *s, int64_t known, int64_t y, double weight);
INLINE void bank_ask_sparse(const bank *b, bank_scratch *s, int64_t C);
INLINE int answered(const bank *b, const bank_scratch *s, const int32_t *slots, const double *x, int64_t n, int64_t C);

/* Learn one sample of weight `weight`. `known` classes had been seen before it; their probabilities stay in
   s->opinions.p. */
WIDE static int bank_learn(bank *b, bank_scratch *s, const int32_t *slots, const double *x, int64_t n, int64_t known,
                           int64_t y, double weight) {
    opinions *o = &s->opinions;
    const active *a = &s->active;
    int64_t stride = b->stride, C = b->n_classes;
    if (bank_reserve_blocks(b) || bank_predict(b, s, slots, x, n, known)) return NO_MEMORY;
    int rare = b->sparse.W || b->n_rows - 1 > COVERED;
    if (rare && sparse_sample_reserve(&s->sparse, a->capacity)) return NO_MEMORY;
    if (rare && !b->sparse.W && sparse_start(&b->sparse, b->row_capacity, stride)) return NO_MEMORY;
    /* The last one, since the oldest samples may go. */
    if (bank_has(b, GROVE_AT) && past_reserve(&b->grove.past, b->n_rows, b->grove.past.m + 1)) return NO_MEMORY;
    if (rare && !bank_has(b, SPARSE_AT)) bank_ask_sparse(b, s, known);
    b->version++;
    if (y < known) mixture_learn(&b->mixture, o, stride, C, y, weight);
    else /* a new class: its score is 0 for every expert that learns by gradient */
        for (int64_t i = 0; i < b->mixture.n; i++) {
            int64_t k = b->mixture.who[i];
            if ((k >= LABELS_AT && k < LABELS_AT + LABEL_EXPERTS) || k >= SPARSE_AT) continue;
            if (!known) memset(o->Z + k * stride, 0, (size_t)stride * 8);
            o->Z[k * stride + y] = 0;
            softmax_row(o->Z + k * stride, o->P + k * stride, C);
        }
    int64_t covered = b->n_rows - 1 < COVERED ? b->n_rows - 1 : COVERED;
    int keep = bank_has(b, VOTES_AT)
               && window_learn(&b->window, &s->votes, s->xb, b->t, covered, o->Z + VOTES_AT * stride, known, y, weight);
    int remember = bank_has(b, MEMORY_AT)
                   && memory_learn(&b->memory, s->recall, o->Z + MEMORY_AT * stride, b->t, known, y, weight);
    bank_grow(b, s->votes.D);
    bank_learn_gradients(b, s, known, y, weight);
    if (rare) bank_learn_sparse(b, s, known, y, weight);
    if (keep) window_store(&b->window, s->xb, b->t, y, weight);
    if (remember) memory_store(&b->memory, s->recall, a, b->t, y, weight);
    if (bank_has(b, QDA_AT)) qda_learn(&b->qda, s->xb, s->a, y, weight);
    labels_learn(&b->labels, C, y, weight);
    b->n_dense = 0;
    for (int64_t i = 1; i < a->n; i++) {
        b->features[a->slot[i]] = a->after[i];
        if (a->after[i].nz >= DENSE) b->dense[b->n_dense++] = a->slot[i];
    }
    b->t++;
    if (mixture_leave(&b->mixture, bank_fade(b))) bank_let_go(b);
    bank_choose(b);
    return 0;
}

/* The forward pass, for C classes: the answer is in s->opinions.p. A `bank_learn` of the same sample goes on from
   here. */
WIDE static int bank_predict(const bank *b, bank_scratch *s, const int32_t *slots, const double *x, int64_t n,
                             int64_t C) {
    opinions *o = &s->opinions;
    int64_t stride = b->stride;
    active *a = &s->active;
    if (answered(b, s, slots, x, n, C)) return 0;
    if (scratch_fit(s, b, n)) return NO_MEMORY;
    s->n_asked = -1;
    active_fill(a, slots, x, n, b->dense, b->n_dense);
    active_scale(a, b->features, b->t);
    memset(s->xa, 0, sizeof s->xa), memset(s->xb, 0, sizeof s->xb);
    for (int64_t i = 0; i < a->n && a->slot[i] <= COVERED; i++)
        s->xa[a->slot[i]] = a->xa[i], s->xb[a->slot[i]] = a->xb[i];
    if (C) {
        linear_predict(&b->linear, a, o->Z + LINEAR_AT * stride, stride, C);
        labels_predict(&b->labels, o->Z + LABELS_AT * stride, o->P + LABELS_AT * stride, stride, C);
        if (bank_has(b, GROVE_AT)) grove_predict(&b->grove, &s->walk, a, o->Z + GROVE_AT * stride, C);
        if (bank_has(b, NEWTON_AT)) newton_predict(&b->newton, s->xa, o->Z + NEWTON_AT * stride, stride, C);
        if (bank_has(b, VOTES_AT))
            window_predict(&b->window, &s->votes, s->xb, b->t, o->Z + VOTES_AT * stride, stride, C);
        if (bank_has(b, HATS_AT)) hats_predict(&b->hats, s->xa, o->Z + HATS_AT * stride, stride, C);
        if (bank_has(b, MEMORY_AT))
            memory_predict(&b->memory, s->recall, a, b->t, o->Z + MEMORY_AT * stride, stride, C);
        if (bank_has(b, QDA_AT)) qda_predict(&b->qda, s->xb, s->a, o->Z + QDA_AT * stride, C);
        if (bank_has(b, SPARSE_AT)) bank_ask_sparse(b, s, C);
        for (int64_t i = 0; i < b->mixture.n; i++) {
            int64_t k = b->mixture.who[i];
            if (k < LABELS_AT || (k >= LABELS_AT + LABEL_EXPERTS && k < SPARSE_AT))
                softmax_row(o->Z + k * stride, o->P + k * stride, C);
        }
        mixture_predict(&b->mixture, o, stride, C);
    } else if (bank_has(b, SPARSE_AT)) bank_ask_sparse(b, s, C);
    memcpy(s->asked_slots, slots, (size_t)n * sizeof *slots), memcpy(s->asked_x, x, (size_t)n * 8);
    s->n_asked = n, s->asked_classes = C, s->asked_bank = b->number, s->asked_version = b->version;
    return 0;
}

/* Choose the bank, once, before the first sample: of d features, all non-linear experts that can take them, or none.
   Where there may be many features later, those for sparse rows learn already. */
static int bank_start(bank *b, int64_t d, int64_t C, int interactions, int many) {
    int takes_part[EXPERTS] = {0};
    for (int k = 0; k < GROVE_AT; k++) takes_part[k] = 1;
    takes_part[GROVE_AT] = interactions && C <= GROVE_CLASSES;
    if (d <= COVERED) {
        for (int k = NEWTON_AT; k < VOTES_AT; k++) takes_part[k] = 1;
        if (interactions) {
            for (int k = VOTES_AT; k < QDA_AT; k++) takes_part[k] = 1;
            takes_part[QDA_AT] = qda_fits(d, C);
        }
    } else
        for (int k = SPARSE_AT; k < SPARSE_AT + SPARSE_EXPERTS; k++) takes_part[k] = 1;
    mixture_start(&b->mixture, takes_part);
    if (!bank_take_in(b) && !(many && !b->sparse.W && sparse_start(&b->sparse, b->row_capacity, b->stride))) return 0;
    memset(&b->mixture, 0, sizeof b->mixture);
    return NO_MEMORY;
}

/* Whether the opinions at hand are about this very sample and these classes. */
INLINE int answered(const bank *b, const bank_scratch *s, const int32_t *slots, const double *x, int64_t n, int64_t C) {
    return s->n_asked == n && s->asked_classes == C && s->asked_bank == b->number && s->asked_version == b->version
           && s->stride == b->stride && !memcmp(s->asked_slots, slots, (size_t)n * sizeof *slots)
           && !memcmp(s->asked_x, x, (size_t)n * 8);
}

/* Every expert covers the features and classes that are there now, as far as it can. */
INLINE void bank_grow(bank *b, float *spare) {
    int64_t d = b->n_rows - 1, C = b->n_classes, covered = d < COVERED ? d : COVERED;
    if (bank_has(b, NEWTON_AT)) newton_grow(&b->newton, 1 + covered);
    if (bank_has(b, VOTES_AT) && b->window.d < covered) window_grow(&b->window, covered, spare);
    if (bank_has(b, HATS_AT)) b->hats.n = 1 + covered;
    if (bank_has(b, MEMORY_AT)) memory_grow(&b->memory, covered);
    if (bank_has(b, QDA_AT) && qda_fits(d, C)) qda_grow(&b->qda, d, C);
}

/* The experts for sparse rows join once there are more than COVERED features. An expert that cannot cover all features
   and classes of a young stream begins to leave; later it has proven itself, and stays for those that it covers. The
   grove leaves whenever there are too many classes for it. */
INLINE void bank_choose(bank *b) {
    int64_t d = b->n_rows - 1, C = b->n_classes;
    mixture *m = &b->mixture;
    if (C > GROVE_CLASSES && m->voice[GROVE_AT] == 1) m->voice[GROVE_AT] = bank_fade(b);
    if (b->sparse.W && !bank_has(b, SPARSE_AT)) {
        if (d > COVERED) {
            sparse_refresh(&b->sparse);
            mixture_join(m, SPARSE_AT, SPARSE_EXPERTS, bank_trust(b));
        } else if (b->t >= SETTLED) sparse_free(&b->sparse);
    }
    if (b->t > SETTLED) return;
    for (int64_t i = 0; i < m->n; i++) {
        int32_t k = m->who[i];
        int outgrown = k == QDA_AT ? !qda_fits(d, C) : k >= NEWTON_AT && k < QDA_AT && d > COVERED;
        if (outgrown && m->voice[k] == 1) m->voice[k] = bank_fade(b);
    }
}

/* How far the mixture trusts an expert that joins: the older the stream, the more the others have learned. */
INLINE double bank_trust(const bank *b) {
    double trust = 1 / (1 + (double)b->t / JOIN_TIME);
    return trust > LEAST_TRUST ? trust : LEAST_TRUST;
}

/* What stays of the voice of an expert that leaves, a sample: the younger the stream, the faster it goes. */
INLINE double bank_fade(const bank *b) {
    double stays = 1 - FADE / (double)b->t;
    return stays > LEAVE ? LEAVE : stays > .1 ? stays : .1;
}

/* The experts for rows of rare features. They learn from the first sample on, unheard where it has few features, and
   join as soon as there are more than COVERED. */
INLINE void bank_ask_sparse(const bank *b, bank_scratch *s, int64_t C) {
    opinions *o = &s->opinions;
    int64_t stride = b->stride, prior = (LABELS_AT + ALWAYS) * stride;
    sparse_scale(&b->sparse, &s->active, b->features, &s->sparse);
    if (!C) return;
    sparse_predict(&b->sparse, &s->active, &s->sparse, o->P + prior, o->Z + prior, o->Z + SPARSE_AT * stride, stride,
                   C);
    for (int64_t k = SPARSE_AT; k < BANK; k++) softmax_row(o->Z + k * stride, o->P + k * stride, C);
}

INLINE void bank_learn_sparse(bank *b, bank_scratch *s, int64_t known, int64_t y, double weight) {
    opinions *o = &s->opinions;
    int64_t stride = b->stride, C = b->n_classes;
    double *Z = o->Z + SPARSE_AT * stride, *P = o->P + SPARSE_AT * stride, *g = s->g + SPARSE_AT * stride;
    if (y >= known) {
        sparse_admit(&b->sparse, Z, stride, known, y);
        for (int64_t k = 0; k < SPARSE_EXPERTS; k++) softmax_row(Z + k * stride, P + k * stride, C);
    } else if (known > 1)
        sparse_learn_tau(&b->sparse, &s->sparse, o->Z + (LABELS_AT + ALWAYS) * stride, g, stride, C, y, weight);
    sparse_learn(&b->sparse, &s->active, &s->sparse, Z, P, g, stride, C, y, weight);
}

INLINE void gradient(const double *p, int64_t y, double scale, double *g, int64_t C) {
    FOR_LANES(c) store(g + c, scale * load(p + c), LANES);
    g[y] -= scale;
}

/* The experts that learn by gradient: their implicit steps' shares f are found together, a lane each. */
INLINE void bank_learn_gradients(bank *b, bank_scratch *own, int64_t known, int64_t y, double weight) {
    static const int WHO[] = {
        ADAGRAD, DECAYING, NORMALISED, SLOW_ADAGRAD, NEWTON_AT + NEWTON, NEWTON_AT + NEWTON_DECAYING,
        HATS_AT, GROVE_AT};
    enum { STEPS = 8 };
    opinions *o = &own->opinions;
    int64_t stride = b->stride, C = b->n_classes, t = b->t;
    lanes p_y = every(1), others = every(0), s = every(0);
    double squared[STEPS] = {0}, h = 0, rate_newton = NEWTON_RATE * weight,
           rate_decaying = weight / (1 + (double)t / NEWTON_TIME);
    for (int i = 0; i < STEPS; i++) {
        if (!bank_has(b, WHO[i])) continue;
        const double *p = o->P + WHO[i] * stride;
        lanes sum = {0};
        FOR_LANES(c) sum += load(p + c) * load(p + c);
        double rest = lanes_sum(sum) - p[y] * p[y];
        p_y[i] = p[y], others[i] = rest > 0 ? rest : 0;
        squared[i] = (1 - p[y]) * (1 - p[y]) + others[i];
    }
    linear_prepare(&b->linear, &own->active, t, squared[0], squared[3], weight, &own->plan);
    for (int i = 0; i < 4; i++) s[i] = own->plan.s[WHO[i]];
    if (bank_has(b, NEWTON_AT))
        h = newton_direction(&b->newton, own->xa, own->Px), s[4] = rate_newton * h, s[5] = rate_decaying * h;
    if (bank_has(b, HATS_AT)) s[6] = hats_prepare(&b->hats, own->xa, squared[6], weight, own->r);
    int walked = bank_has(b, GROVE_AT) && known; /* nobody is asked before the first class, so there are no leaves */
    if (walked) s[7] = grove_prepare(&b->grove, &own->walk, squared[7], weight);
    lanes f = step_share(p_y, others, s);
    double rate[STEPS] = {1, 1, 1, 1, rate_newton, rate_decaying, 1, 1};
    for (int i = 0; i < STEPS; i++)
        if (bank_has(b, WHO[i])) gradient(o->P + WHO[i] * stride, y, f[i] * rate[i], own->g + WHO[i] * stride, C);
    linear_learn(&b->linear, &own->active, t, &own->plan, own->g + LINEAR_AT * stride, stride, C);
    if (bank_has(b, NEWTON_AT)) {
        const double *p_newton = o->P + (NEWTON_AT + NEWTON) * stride,
                     *p_decaying = o->P + (NEWTON_AT + NEWTON_DECAYING) * stride;
        lanes sum = {0};
        FOR_LANES(c) {
            lanes p = .5 * (load(p_newton + c) + load(p_decaying + c));
            sum += p * (1.0 - p);
        }
        double kappa = CURVATURE * lanes_sum(sum) / (C > 2 ? (double)C - 1 : 1);
        newton_learn(&b->newton, t, own->Px, own->g + NEWTON_AT * stride, stride, C);
        newton_forget(&b->newton, own->Px, weight * (kappa > LEAST_CURVATURE ? kappa : LEAST_CURVATURE), h);
    }
    if (bank_has(b, HATS_AT)) hats_learn(&b->hats, own->xa, own->r, own->g + HATS_AT * stride, stride, C);
    if (walked)
        grove_learn(&b->grove, &own->walk, &own->active, own->g + GROVE_AT * stride, C, known, y,
                    o->P[GROVE_AT * stride + y]);
}

#endif
