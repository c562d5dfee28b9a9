/* The bank: its parts, and the memory of what they learn. */
#ifndef ONLINE_SOFTMAX_ROOM_H
#define ONLINE_SOFTMAX_ROOM_H

#include "additive.h"
#include "grove.h"
#include "label_experts.h"
#include "linear.h"
#include "long_memory.h"
#include "newton.h"
#include "gaussian.h"
#include "sparse.h"
#include "votes.h"

enum { GROVE_EXPERTS = 1 };

/* The bank: the rows of Z and P, block by block. The mixture's voices say which of them take part. */
enum {
    LINEAR_AT = 0,
    LABELS_AT = LINEAR_AT + LINEAR_EXPERTS,
    GROVE_AT = LABELS_AT + LABEL_EXPERTS,
    NEWTON_AT = GROVE_AT + GROVE_EXPERTS,
    VOTES_AT = NEWTON_AT + NEWTON_EXPERTS,
    HATS_AT = VOTES_AT + VOTE_EXPERTS,
    MEMORY_AT = HATS_AT + 1,
    QDA_AT = MEMORY_AT + VOTE_EXPERTS,
    SPARSE_AT = QDA_AT + 1,
    BANK = SPARSE_AT + SPARSE_EXPERTS
};
_Static_assert((int)BANK == (int)EXPERTS, "the mixture's experts");
enum {
    COVERED = SECOND_ORDER,
    SETTLED = 500
}; /* features that such blocks cover; samples after which they have proven themselves */
_Static_assert((int)COVERED <= (int)MEMORY_COLUMNS, "the rows of the long memory");

typedef struct {
    int64_t t;                    /* samples learned */
    int64_t n_rows, n_classes;    /* in use; rows with the intercept's */
    int64_t row_capacity, stride; /* stride: classes there is room for, a multiple of LANES */
    feature *features;
    int32_t *dense; /* the slots of centred features, in order */
    int64_t n_dense;
    linear linear;
    labels labels;
    grove grove;
    sparse sparse; /* it learns, heard or not, where it has memory */
    newton newton;
    window window;
    hats hats;
    memory memory;
    qda qda;
    mixture mixture;
    int64_t number;  /* which bank this is, among those of the process */
    int64_t version; /* goes up whenever an answer given before may no longer hold */
} bank;

/* Whether the block at these rows takes part. */
INLINE int bank_has(const bank *b, int at) { return b->mixture.voice[at] > 0; }

static void newton_free(newton *m) {
    free(m->W), free(m->P);
    memset(m, 0, sizeof *m);
}

static void bank_free(bank *b) {
    grove_free(&b->grove), newton_free(&b->newton), window_free(&b->window), hats_free(&b->hats);
    memory_free(&b->memory), qda_free(&b->qda);
    sparse_free(&b->sparse);
    free(b->features), free(b->dense), free(b->linear.W), free(b->linear.G), free(b->linear.G_slow);
    free(b->labels.recent), free(b->labels.always), free(b->labels.follow);
}

static int64_t bank_bytes(const bank *b) {
    int64_t row = sizeof(feature) + sizeof(int32_t) + 8 * (LINEAR_EXPERTS * b->stride + 2);
    int64_t second = b->newton.P ? 8 * ((1 + SECOND_ORDER) * (NEWTON_EXPERTS * b->stride + SIDE)) : 0;
    int64_t follow = b->labels.follow ? b->labels.follow_stride * b->labels.follow_stride : 0;
    int64_t additive = 8 * b->hats.capacity * HAT_ROWS * (b->stride + 1);
    return b->row_capacity * row + sparse_bytes(&b->sparse, b->row_capacity, b->stride) + second + additive
           + grove_bytes(&b->grove) + window_bytes(&b->window) + memory_bytes(&b->memory) + qda_bytes(&b->qda)
           + 8 * (follow + 2 * b->stride);
}

/* `rows` blocks of doubles, `was` wide, with new room; zero where there was nothing. */
static double *widened(const double *old, int64_t rows, int64_t was, int64_t capacity, int64_t stride) {
    double *fresh = calloc((size_t)(capacity * stride + LANES), 8);
    if (fresh && old)
        for (int64_t i = 0; i < rows; i++) memcpy(fresh + i * stride, old + i * was, (size_t)was * 8);
    return fresh;
}

/* Room for so many rows and classes; a failure changes nothing. */
static int bank_reserve(bank *b, int64_t rows, int64_t classes) {
    if (rows <= b->row_capacity && classes <= b->stride) return 0;
    int64_t R = rows > b->row_capacity ? rows + rows / 8 : b->row_capacity, was = b->stride, stride = was,
            n = b->n_rows;
    if (classes > was) stride = (classes + classes / 8 + LANES - 1) / LANES * LANES;
    int64_t pairs_were = b->labels.follow_stride, pairs = stride < MARKOV_CLASSES ? stride : MARKOV_CLASSES;
    struct {
        double **home;
        int64_t n, was, capacity, stride;
    } parts[] = {
        {&b->linear.W, n * LINEAR_EXPERTS, was, R * LINEAR_EXPERTS, stride},
        {&b->linear.G, 1, n, 1, R},
        {&b->linear.G_slow, 1, n, 1, R},
        {&b->sparse.W, n * SPARSE_ROWS, was, b->sparse.W ? R * SPARSE_ROWS : 0, stride},
        {&b->sparse.G, 1, n * SPARSE_EXPERTS, b->sparse.W ? 1 : 0, R * SPARSE_EXPERTS},
        {&b->labels.recent, 1, was, 1, stride},
        {&b->labels.always, 1, was, 1, stride},
        {&b->labels.follow, pairs_were, pairs_were, b->labels.follow || !was ? pairs : 0, pairs},
        {&b->newton.W, (1 + SECOND_ORDER) * NEWTON_EXPERTS, was, b->newton.W ? (1 + SECOND_ORDER) * NEWTON_EXPERTS : 0,
         stride},
        {&b->hats.W, b->hats.capacity * HAT_ROWS, was, b->hats.capacity * HAT_ROWS, stride},
    };
    enum { PARTS = sizeof parts / sizeof *parts };
    double *fresh[PARTS];
    feature *features = calloc((size_t)R, sizeof *features);
    int32_t *dense = calloc((size_t)R, sizeof *dense);
    int failed = !features || !dense;
    for (int i = 0; i < PARTS; i++) {
        fresh[i] = parts[i].capacity
                       ? widened(*parts[i].home, parts[i].n, parts[i].was, parts[i].capacity, parts[i].stride)
                       : NULL;
        failed |= parts[i].capacity && !fresh[i];
    }
    if (failed) {
        for (int i = 0; i < PARTS; i++) free(fresh[i]);
        free(features), free(dense);
        return NO_MEMORY;
    }
    if (b->features) memcpy(features, b->features, (size_t)n * sizeof *features);
    if (b->dense) memcpy(dense, b->dense, (size_t)b->n_dense * sizeof *dense);
    free(b->features), free(b->dense), b->features = features, b->dense = dense;
    for (int i = 0; i < PARTS; i++) free(*parts[i].home), *parts[i].home = fresh[i];
    b->row_capacity = R, b->stride = stride, b->labels.follow_stride = pairs;
    b->version++;
    return 0;
}

static int hats_reserve(hats *m, int64_t n, int64_t stride) {
    if (n <= m->capacity) return 0;
    int64_t capacity = n + n / 8 + 1;
    double *W = widened(m->W, 1, m->capacity * HAT_ROWS * stride, 1, capacity * HAT_ROWS * stride);
    double *G = widened(m->G, 1, m->capacity * HAT_ROWS, 1, capacity * HAT_ROWS);
    if (!W || !G) {
        free(W), free(G);
        return NO_MEMORY;
    }
    free(m->W), free(m->G);
    m->W = W, m->G = G, m->capacity = capacity;
    return 0;
}

/* Room in the blocks for the features and classes that there are, as far as they cover them. */
static int bank_reserve_blocks(bank *b) {
    int64_t d = b->n_rows - 1, covered = d < COVERED ? d : COVERED;
    return (bank_has(b, GROVE_AT) && grove_reserve(&b->grove, b->n_classes))
           || (bank_has(b, VOTES_AT) && window_reserve(&b->window, covered))
           || (bank_has(b, HATS_AT) && hats_reserve(&b->hats, 1 + covered, b->stride))
           || (bank_has(b, MEMORY_AT) && memory_reserve(&b->memory, covered, b->memory.m + 1, 0))
           || (bank_has(b, QDA_AT) && qda_fits(d, b->n_classes) && qda_reserve(&b->qda, d, b->n_classes));
}

/* Set up the blocks that take part. */
static int bank_take_in(bank *b) {
    newton *m = &b->newton;
    if (bank_has(b, NEWTON_AT) && !m->P) {
        m->P = calloc((1 + SECOND_ORDER) * SIDE + LANES, 8);
        m->W = calloc((size_t)((1 + SECOND_ORDER) * NEWTON_EXPERTS * b->stride + LANES), 8);
        m->fresh = 1;
        if (!m->P || !m->W) {
            newton_free(m);
            return NO_MEMORY;
        }
    }
    return bank_has(b, SPARSE_AT) && !b->sparse.W ? sparse_start(&b->sparse, b->row_capacity, b->stride) : 0;
}

/* Free the blocks of the experts that have left. */
static void bank_let_go(bank *b) {
    if (!bank_has(b, GROVE_AT)) grove_free(&b->grove);
    if (!bank_has(b, NEWTON_AT)) newton_free(&b->newton);
    if (!bank_has(b, VOTES_AT)) window_free(&b->window);
    if (!bank_has(b, HATS_AT)) hats_free(&b->hats);
    if (!bank_has(b, MEMORY_AT)) memory_free(&b->memory);
    if (!bank_has(b, QDA_AT)) qda_free(&b->qda);
}

#endif
