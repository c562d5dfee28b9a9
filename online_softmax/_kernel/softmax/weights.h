/* The weights of a softmax regression: where they are, how they grow, and how a step on them is undone.

   B is slot-major: the row of a feature holds its weight for every class, side by side, then the states of the update
   rule. Row 0 is the intercept's. */
#ifndef ONLINE_SOFTMAX_WEIGHTS_H
#define ONLINE_SOFTMAX_WEIGHTS_H

#include <stdlib.h>
#include <string.h>
#include "../outcome.h"
#include "rules.h"

typedef struct {
    int64_t n_rows, n_classes; /* in use; rows with the intercept's */
    int64_t row_capacity, class_capacity;
    double *B;          /* row_capacity x ((1 + states) x class_capacity + scalars) */
    double *of_classes; /* OF_CLASSES arrays of one value a class: this, the clock and its copy */
    double *class_weight;
    rule rule;
    rule_clock clock;
    int intercept;
    double l2, clip; /* clip: HUGE_VAL for none */
    double *saved;   /* rows as they were, and the slots they belong to */
    int32_t *saved_slot;
    int64_t n_saved, saved_capacity; /* in rows */
    int many;                        /* whether `softmax_begin_many` has saved all there is to save */
    int64_t first_new;               /* the first row that did not exist then */
    int64_t *saved_t;                /* the clock, likewise */
    double *saved_final_lr;
} softmax;

enum { OF_CLASSES = 8 };

/* What one call needs beside the model: scores, probabilities, Nesterov's, and the loss's gradient in the scores. */
typedef struct softmax_scratch {
    struct softmax_scratch *next; /* in a list of those at rest */
    int64_t class_capacity;
    double *z, *p, *q, *g;
} softmax_scratch;

static void scratch_free(softmax_scratch *s) {
    if (s) free(s->z);
    free(s);
}

static int64_t scratch_bytes(const softmax_scratch *s) {
    return 8 * 4 * (s->class_capacity + LANES) + (int64_t)sizeof *s;
}

/* Let the scratch be wide enough for the model's classes. */
INLINE int scratch_fit(softmax_scratch *s, const softmax *m) {
    if (s->class_capacity >= m->class_capacity && s->z) return LEARNED;
    int64_t capacity = m->class_capacity + LANES;
    double *z = calloc((size_t)(4 * capacity), 8);
    if (!z) return NO_MEMORY;
    free(s->z);
    s->z = z, s->p = z + capacity, s->q = s->p + capacity, s->g = s->q + capacity;
    s->class_capacity = m->class_capacity;
    return LEARNED;
}

INLINE int64_t row_length(const softmax *m) { return (1 + m->rule.n_states) * m->class_capacity + m->rule.n_scalars; }
INLINE double *row_of(const softmax *m, int64_t slot) { return m->B + slot * row_length(m); }

static void softmax_free(softmax *m) { free(m->B), free(m->of_classes), free(m->saved), free(m->saved_slot); }

/* How many values an array of one a class holds: loops go over them in fours. */
INLINE int64_t of_classes_length(int64_t C) { return (C + 3) & ~(int64_t)3; }

/* Every weight and state 0, as in a fresh model; the room stays. */
static void softmax_clear(softmax *m) {
    if (m->B) memset(m->B, 0, (size_t)(m->row_capacity * row_length(m)) * 8);
}

static int64_t softmax_bytes(const softmax *m) {
    int64_t saved = m->saved_capacity * (row_length(m) + 1),
            classes = OF_CLASSES * of_classes_length(m->class_capacity);
    return 8 * (m->row_capacity * row_length(m) + classes + saved);
}

/* Room for C classes, with what `n` of them had; a failure changes nothing. */
static int reserve_classes(softmax *m, int64_t n, int64_t C) {
    int64_t room = of_classes_length(C), old = of_classes_length(m->class_capacity);
    double *a = calloc((size_t)(OF_CLASSES * room), 8);
    if (!a) return NO_MEMORY;
    for (int64_t k = 0; n && k < OF_CLASSES; k++) memcpy(a + k * room, m->of_classes + k * old, (size_t)n * 8);
    free(m->of_classes);
    m->of_classes = m->class_weight = a;
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
    int64_t parts = 1 + m->rule.n_states, stride = m->class_capacity, n = m->n_classes,
            length = parts * C + m->rule.n_scalars;
    if (C != m->class_capacity) {
        double *B = calloc((size_t)(R * length + LANES), 8);
        if (!B || reserve_classes(m, n, C)) {
            free(B);
            return NO_MEMORY;
        }
        for (int64_t i = 0; n && i < m->n_rows; i++) {
            for (int64_t k = 0; k < parts; k++)
                memcpy(B + i * length + k * C, row_of(m, i) + k * stride, (size_t)n * 8);
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

/* Called before samples of which all are learned or none: save what they may change. Rows that they add are zero before. */
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

#endif
