/* A vocabulary: texts and their numbers, in the order in which they are met. A number also has a place in the chunk
   that is being read. */
#ifndef ONLINE_SOFTMAX_VOCABULARY_H
#define ONLINE_SOFTMAX_VOCABULARY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t start, n; /* its bytes among `bytes` */
    int64_t last;     /* the last entry of the chunk that has it, or -1 */
    int32_t place;    /* among the chunk's words, or -1 */
} word;

typedef struct {
    uint64_t head;  /* its first 8 bytes */
    int32_t n;      /* how many it has */
    int32_t number; /* or -1 */
} cell;

typedef struct {
    uint64_t seed;
    cell *cells; /* a power of two of them, at most half full */
    int64_t capacity;
    word *words;
    int64_t n, words_capacity;
    char *bytes;
    int64_t n_bytes, bytes_capacity;
    int32_t *chunk; /* the numbers of the chunk's words, by place */
    int64_t n_chunk, chunk_capacity;
} vocabulary;

/* Room for `needed` items of an array that grows by doubling; false where there is no memory. */
static int grow(void **array, int64_t *capacity, int64_t needed, size_t size) {
    if (needed <= *capacity) return 1;
    int64_t wider = *capacity ? *capacity : 1024;
    while (wider < needed) wider *= 2;
    void *more = realloc(*array, (size_t)wider * size);
    if (!more) return 0;
    *array = more, *capacity = wider;
    return 1;
}

static uint64_t mixed(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t bytes_of(const char *s, int64_t n) {
    uint64_t part = 0;
    if (n >= 8) memcpy(&part, s, 8);
    else
        for (int64_t i = 0; i < n; i++) part |= (uint64_t)(unsigned char)s[i] << (8 * i);
    return part;
}

static inline uint64_t hash_of(const vocabulary *v, const char *s, int64_t n) {
    uint64_t h = v->seed ^ ((uint64_t)n << 48);
    for (; n > 8; s += 8, n -= 8) h = mixed(h ^ bytes_of(s, 8), 0x9E3779B97F4A7C15u);
    return mixed(h ^ bytes_of(s, n), 0xD1B54A32D192ED03u);
}

static int widen(vocabulary *v) {
    int64_t capacity = v->capacity ? 2 * v->capacity : 1024;
    cell *cells = malloc((size_t)capacity * sizeof *cells);
    if (!cells) return 0;
    for (int64_t i = 0; i < capacity; i++) cells[i].number = -1;
    for (int64_t i = 0; i < v->capacity; i++)
        if (v->cells[i].number >= 0) {
            const word *w = v->words + v->cells[i].number;
            int64_t at = (int64_t)(hash_of(v, v->bytes + w->start, w->n) & (uint64_t)(capacity - 1));
            while (cells[at].number >= 0) at = (at + 1) & (capacity - 1);
            cells[at] = v->cells[i];
        }
    free(v->cells);
    v->cells = cells, v->capacity = capacity;
    return 1;
}

/* The number of a text of this hash, new or not; -1 where there is no memory, or no number left. */
static int64_t number_of_text(vocabulary *v, const char *s, int64_t n, uint64_t hash) {
    if ((2 * (v->n + 1) > v->capacity && !widen(v)) || n > INT32_MAX || v->n == INT32_MAX) return -1;
    uint64_t head = bytes_of(s, n);
    int64_t at = (int64_t)(hash & (uint64_t)(v->capacity - 1));
    for (; v->cells[at].number >= 0; at = (at + 1) & (v->capacity - 1))
        if (v->cells[at].head == head && v->cells[at].n == n
            && (n <= 8 || !memcmp(v->bytes + v->words[v->cells[at].number].start + 8, s + 8, (size_t)n - 8)))
            return v->cells[at].number;
    if (!grow((void **)&v->words, &v->words_capacity, v->n + 1, sizeof *v->words)
        || !grow((void **)&v->bytes, &v->bytes_capacity, v->n_bytes + n, 1))
        return -1;
    memcpy(v->bytes + v->n_bytes, s, (size_t)n);
    v->words[v->n] = (word){v->n_bytes, n, -1, -1};
    v->n_bytes += n;
    v->cells[at] = (cell){head, (int32_t)n, (int32_t)v->n};
    return v->n++;
}

/* The place of a number among the chunk's words; -1 where there is no memory. */
static int32_t place_of(vocabulary *v, int64_t number) {
    word *w = v->words + number;
    if (w->place < 0) {
        if (!grow((void **)&v->chunk, &v->chunk_capacity, v->n_chunk + 1, sizeof *v->chunk)) return -1;
        v->chunk[v->n_chunk] = (int32_t)number;
        w->place = (int32_t)v->n_chunk++;
    }
    return w->place;
}

/* Take back the chunk's words from place n on. */
static inline void shorten_chunk(vocabulary *v, int64_t n) {
    while (v->n_chunk > n) {
        word *w = v->words + v->chunk[--v->n_chunk];
        w->place = -1, w->last = -1;
    }
}

static void begin_chunk(vocabulary *v) {
    for (int64_t i = 0; i < v->n_chunk; i++) v->words[v->chunk[i]].place = -1, v->words[v->chunk[i]].last = -1;
    v->n_chunk = 0;
}

/* Forget every word. */
static void forget(vocabulary *v) {
    uint64_t seed = v->seed;
    free(v->cells), free(v->words), free(v->bytes), free(v->chunk);
    memset(v, 0, sizeof *v);
    v->seed = seed;
}

#endif
