/* The last samples as they came, by slot: the more features, the fewer of them. */
#ifndef ONLINE_SOFTMAX_PAST_H
#define ONLINE_SOFTMAX_PAST_H

#include <stdlib.h>
#include <string.h>
#include "../outcome.h"
#include "../simd.h"

enum { PAST_SAMPLES = 4096, PAST_CELLS = 65536, PAST_LEAST = 256 }; /* at most, numbers in them, and at least */

typedef struct {
    int64_t rows, size, room; /* slots of a sample; samples at most, and those that there is room for */
    int64_t m, head;          /* samples that there are; where the next one goes, round and round once it is full */
    int64_t n;                /* samples so far, which is the number of the last one */
    double *x;
    int32_t *label;
    float *weight;
} past;

/* Samples of so many slots; none where they would be too few to be of use. */
static int64_t past_size(int64_t rows) {
    int64_t size = PAST_CELLS / (rows > 1 ? rows : 1);
    return size < PAST_LEAST ? 0 : size < PAST_SAMPLES ? size : PAST_SAMPLES;
}

static void past_free(past *q) {
    free(q->x), free(q->label), free(q->weight);
    *q = (past){0};
}

static int64_t past_bytes(const past *q) { return q->room * (8 * q->rows + 8); }

/* Room for so many samples of so many slots; a failure changes nothing. Those that move lie in order, and the oldest
   go where more slots leave room for fewer. */
static int past_reserve(past *q, int64_t rows, int64_t samples) {
    past b = *q;
    if (rows > q->rows || !q->size) b.rows = rows, b.size = past_size(rows);
    int64_t need = samples < b.size ? samples : b.size;
    if (b.rows == q->rows && need <= q->room) return 0;
    if (b.m > b.size) b.m = b.size;
    if (b.room > b.size) b.room = b.size;
    while (b.room < need) b.room = b.room ? 2 * b.room : 64;
    if (b.room > b.size) b.room = b.size;
    b.head = b.m < b.size ? b.m : 0;
    b.x = calloc((size_t)(b.room * b.rows) + 1, 8);
    b.label = calloc((size_t)b.room + 1, sizeof *b.label), b.weight = calloc((size_t)b.room + 1, sizeof *b.weight);
    if (!b.x || !b.label || !b.weight) {
        free(b.x), free(b.label), free(b.weight);
        return NO_MEMORY;
    }
    for (int64_t i = 0; i < b.m; i++) {
        int64_t from = (q->head + q->size - b.m + i) % q->size;
        memcpy(b.x + i * b.rows, q->x + from * q->rows, (size_t)q->rows * 8);
        b.label[i] = q->label[from], b.weight[i] = q->weight[from];
    }
    past_free(q);
    *q = b;
    return 0;
}

/* Store a sample of as many values as there are slots, in room that there is. */
INLINE void past_store(past *q, const double *x, int64_t y, double weight) {
    if (!q->size) return;
    memcpy(q->x + q->head * q->rows, x, (size_t)q->rows * 8);
    q->label[q->head] = (int32_t)y, q->weight[q->head] = (float)weight;
    q->head = (q->head + 1) % q->size, q->m += q->m < q->size, q->n++;
}

/* Where the sample of a number is, as long as it is there; or -1. */
INLINE int64_t past_at(const past *q, uint32_t number) {
    uint32_t age = (uint32_t)q->n - number;
    return age < q->m ? (q->head + q->size - 1 - age) % q->size : -1;
}

/* The number of the sample at a place. */
INLINE uint32_t past_number(const past *q, int64_t at) {
    return (uint32_t)q->n - (uint32_t)((q->head + q->size - 1 - at) % q->size);
}

#endif
