/* What one call needs beside the bank: the sample scaled, every expert's opinion of it, and the parts of a step. The
   bank is const while it predicts, so that calls with scratches of their own go side by side. */
#ifndef ONLINE_SOFTMAX_SCRATCH_H
#define ONLINE_SOFTMAX_SCRATCH_H

#include "room.h"

typedef struct bank_scratch {
    struct bank_scratch *next; /* in a list of those at rest */
    active active;
    double xa[SIDE], xb[SIDE]; /* of the covered features, by slot */
    int64_t stride;            /* of the rows below */
    double *rows;              /* the memory of the opinions and of g */
    opinions opinions;
    double *g; /* BANK rows: p - e_y, times f and rate */
    linear_plan plan;
    double Px[SIDE + LANES];     /* Newton's direction */
    double r[3 * (1 + COVERED)]; /* the additive model's directions, three a slot */
    double a[2 * QDA_FEATURES];  /* a Gaussian's x - M, and P (x - M) */
    votes votes;
    grove_walk walk;
    recall *recall; /* where there is a long memory */
    sparse_sample sparse;
    /* The sample that the opinions answer, unless n_asked is -1; the bank that answered, and its version then. */
    int32_t *asked_slots;
    double *asked_x;
    int64_t n_asked, asked_capacity, asked_classes, asked_bank, asked_version;
} bank_scratch;

static bank_scratch *scratch_new(void) {
    bank_scratch *s = calloc(1, sizeof *s);
    if (s) s->n_asked = -1;
    return s;
}

static void scratch_free(bank_scratch *s) {
    if (!s) return;
    active_free(&s->active), votes_free(&s->votes), walk_free(&s->walk), sparse_sample_free(&s->sparse);
    free(s->recall);
    free(s->rows), free(s->plan.r_adagrad), free(s->plan.r_slow), free(s->asked_slots), free(s->asked_x);
    free(s);
}

static int64_t scratch_bytes(const bank_scratch *s) {
    int64_t sample = (int64_t)(sizeof(feature) + 4 + 6 * 8) * s->active.capacity + 12 * s->asked_capacity;
    return (int64_t)sizeof *s + sample + 8 * (OPINION_ROWS + BANK + PAIR) * s->stride + 12 * s->votes.column
           + 8 * s->walk.room + sparse_sample_bytes(&s->sparse) + (s->recall ? (int64_t)sizeof *s->recall : 0);
}

static void opinions_lay_out(opinions *o, double *rows, int64_t stride) {
    double **each[] = {&o->bayes, &o->ln_bayes, &o->zq[0], &o->zq[1],      &o->q[0],
                       &o->q[1],  &o->sure,     &o->zc,    &o->calibrated, &o->p};
    o->Z = rows, o->P = o->Z + EXPERTS * stride, o->A = o->P + EXPERTS * stride;
    for (int i = 0; i < 10; i++) *each[i] = o->A + (INPUTS + i) * stride;
}

/* Room for opinions about as many classes as the bank has room for. */
static int scratch_widen(bank_scratch *s, int64_t stride) {
    double *rows = calloc((size_t)((OPINION_ROWS + BANK + PAIR) * stride + LANES), 8);
    if (!rows) return NO_MEMORY;
    free(s->rows);
    s->rows = rows, s->stride = stride, s->n_asked = -1;
    opinions_lay_out(&s->opinions, rows, stride);
    s->g = rows + OPINION_ROWS * stride, s->sparse.evidence = s->g + BANK * stride;
    return 0;
}

/* Room for n active features. */
static int scratch_lengthen(bank_scratch *s, int64_t n) {
    s->n_asked = -1;
    if (active_reserve(&s->active, n)) return NO_MEMORY;
    double *r_adagrad = realloc(s->plan.r_adagrad, (size_t)(s->active.capacity + LANES) * 8);
    if (r_adagrad) s->plan.r_adagrad = r_adagrad;
    double *r_slow = realloc(s->plan.r_slow, (size_t)(s->active.capacity + LANES) * 8);
    if (r_slow) s->plan.r_slow = r_slow;
    if (r_adagrad && r_slow) return 0;
    s->active.capacity = 0;
    return NO_MEMORY;
}

/* Room to remember a sample of n entries. */
static int scratch_remember(bank_scratch *s, int64_t n) {
    int64_t capacity = n + n / 8 + LANES;
    s->n_asked = -1;
    int32_t *slots = realloc(s->asked_slots, (size_t)capacity * sizeof *slots);
    if (slots) s->asked_slots = slots;
    double *x = realloc(s->asked_x, (size_t)capacity * 8);
    if (x) s->asked_x = x;
    if (!slots || !x) return NO_MEMORY;
    s->asked_capacity = capacity;
    return 0;
}

/* Let the scratch serve a sample of n entries under this bank. */
INLINE int scratch_fit(bank_scratch *s, const bank *b, int64_t n) {
    if (s->stride != b->stride && scratch_widen(s, b->stride)) return NO_MEMORY;
    if (n + b->n_dense + 1 > s->active.capacity && scratch_lengthen(s, n + b->n_dense + 1)) return NO_MEMORY;
    if ((n > s->asked_capacity || !s->asked_x) && scratch_remember(s, n)) return NO_MEMORY;
    if (bank_has(b, GROVE_AT) && walk_fit(&s->walk, b->n_rows)) return NO_MEMORY;
    if (bank_has(b, SPARSE_AT) && sparse_sample_reserve(&s->sparse, s->active.capacity)) return NO_MEMORY;
    if (bank_has(b, VOTES_AT) && votes_fit(&s->votes, &b->window)) return NO_MEMORY;
    if (bank_has(b, MEMORY_AT) && !s->recall && !(s->recall = calloc(1, sizeof *s->recall))) return NO_MEMORY;
    if (!bank_has(b, VOTES_AT) && s->votes.column) votes_free(&s->votes); /* the window has left */
    if (!bank_has(b, MEMORY_AT) && s->recall) free(s->recall), s->recall = NULL;
    if (!b->sparse.W && s->sparse.capacity) sparse_sample_free(&s->sparse); /* there were too few features */
    return 0;
}

#endif
