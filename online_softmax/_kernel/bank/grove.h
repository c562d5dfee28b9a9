/* A grove: trees of tests x_j >= threshold on raw values. Their leaves learn together, as one softmax regression: z is
   the sum of the rows W of the leaves that a sample falls into, and each of them steps by r = GROVE_RATE / sqrt(G). A
   leaf that is often wrong draws tests at random, counts on which side of each the classes fall, and splits by the best
   of them once its gain is beyond chance: Hoeffding trees (Domingos and Hulten 2000) with the tests of extremely
   randomised ones (Geurts et al. 2006). What is still there of its last samples is counted again: by tests drawn in the
   place of poor ones, and by those of the halves of a leaf that has split. Where the loss has risen for good, half of
   the trees start anew. */
#ifndef ONLINE_SOFTMAX_GROVE_H
#define ONLINE_SOFTMAX_GROVE_H

#include <stdlib.h>
#include "../outcome.h"
#include "mixture.h"
#include "past.h"
#include "squash.h"

enum { GROVE_TREES = 12, GROVE_CLASSES = 1000 }; /* with more classes, the grove leaves */
enum { LEAVES = 6144, LEAF_CELLS = 524288 };     /* of all trees, and numbers W of these */
enum { TESTS = 32, NEW_TESTS = 4 };              /* of a leaf; of these, what one sample adds */
enum { TEST_BYTES = 1572864 };                   /* for the tests of all leaves and their counts */
enum { FIRST_CHECK = 16, LONGEST_WAIT = 512 };   /* samples of a leaf until its first check, and to the next one */
enum { RECALLED = 128, ROUNDS = 4 };             /* samples that a leaf counts again; drawings at a check */
enum { PARTED = 256, LEAST_PART = 4 }; /* samples until halves begin with their own, and the fewest of these */
enum { FAST_LOSS = 256, SLOW_LOSS = 4096, CALM = 2000 }; /* samples: in the means of the loss, and before a felling */

#define GROVE_RATE .6
#define INHERITED .1    /* of G, by the halves of a leaf */
#define CERTAIN 1e-3    /* 1 - p_y up to which W is left alone */
#define OFTEN_WRONG 2.0 /* the sum of 1 - p_y from which on a leaf asks for tests */
#define LEAST_SIDE 2.0  /* weight on each side of a test that may split */
#define GAIN 6.0        /* nats that a split must gain, and for each further class in the leaf */
#define CLASS_GAIN .5
#define JUMP .5      /* nats between the means of the loss where it has risen for good */
#define LOOSENED .1  /* of G, in the trees that stay */
#define HEAVIEST 1e6 /* weight of a sample */

/* A child is the number of a node, which is larger than its parent's, or ~ that of a leaf. */
typedef struct {
    double threshold;
    int32_t feature, child[2]; /* child[1] where x_feature >= threshold */
    int32_t place;             /* used while trees are felled */
} grove_node;

typedef struct {
    float G;
    float wrong;   /* sum of 1 - p_y, while it has no tests */
    int32_t tests; /* which are its own, or -1 */
} grove_leaf;

/* What a leaf may split by. Its counts are beside: of each class, the weights on the left, then on the right. */
typedef struct {
    double threshold[TESTS];
    int32_t feature[TESTS];
    int32_t drawn; /* tests, so far */
    int32_t n;     /* samples; from 2 LONGEST_WAIT back to half of it */
    int32_t leaf;
    float wrong;      /* sum of 1 - p_y, halved at each check */
    int32_t recalled; /* samples noted below, round and round; from 2 RECALLED back to half of it */
    uint32_t sample[RECALLED];
} grove_tests;

typedef struct {
    int64_t class_room, leaf_room, tests_room;
    int64_t n_leaves, n_tests; /* in use; the nodes are GROVE_TREES fewer than the leaves */
    int32_t root[GROVE_TREES]; /* as a child is given */
    grove_node *node;
    grove_leaf *leaf;
    float *W; /* class_room numbers a leaf, those of classes to come 0 */
    grove_tests *tests;
    float *counts;     /* class_room x 2 x TESTS numbers for each of these */
    int64_t drawn;     /* random numbers, so far */
    int64_t calm;      /* samples since the last felling */
    double fast, slow; /* means of the loss since then */
    past past;
} grove;

/* What one call finds out about its sample. */
typedef struct {
    int64_t room;
    double *x; /* raw, by slot; 0 between calls */
    int32_t leaf[GROVE_TREES];
    float r[GROVE_TREES];
    double weight; /* HEAVIEST at most, so that no sum overflows */
} grove_walk;

static void grove_free(grove *m) {
    free(m->node), free(m->leaf), free(m->W), free(m->tests), free(m->counts), past_free(&m->past);
    *m = (grove){0};
}

static int64_t grove_bytes(const grove *m) {
    return m->leaf_room * ((int64_t)(sizeof(grove_node) + sizeof(grove_leaf)) + 4 * m->class_room)
           + m->tests_room * ((int64_t)sizeof(grove_tests) + 8 * TESTS * m->class_room) + past_bytes(&m->past);
}

static int64_t most_leaves(int64_t C) {
    int64_t most = LEAF_CELLS / (C > 1 ? C : 1);
    return most < GROVE_TREES ? GROVE_TREES : most < LEAVES ? most : LEAVES;
}

static int64_t most_tests(int64_t C) { return TEST_BYTES / ((int64_t)sizeof(grove_tests) + 8 * TESTS * C); }

/* Room for what a sample may add to the n that there are, one for each tree: twice as much as before, up to `most`. */
static int64_t doubled(int64_t room, int64_t n, int64_t most) {
    int64_t need = n + GROVE_TREES < most ? n + GROVE_TREES : n > most ? n : most;
    while (room < need) room = room ? 2 * room : 4 * GROVE_TREES;
    return room < most ? room : need > most ? need : most;
}

/* n rows of `was` floats, in new room. */
static float *moved(const float *old, int64_t n, int64_t was, int64_t room, int64_t width) {
    float *fresh = calloc((size_t)(room * width + LANES), 4);
    for (int64_t i = 0; fresh && i < n; i++) memcpy(fresh + i * width, old + i * was, (size_t)was * 4);
    return fresh;
}

/* Room for the leaves and tests in use, and for all that a sample of one of C classes may add; a failure changes
   nothing. */
static int grove_reserve(grove *m, int64_t C) {
    grove b = *m, fresh = {0};
    int64_t leaves = m->node ? m->n_leaves : 0, tests = m->node ? m->n_tests : 0, cells = 2 * TESTS;
    if (!m->n_leaves) b.n_leaves = GROVE_TREES;
    if (C > m->class_room) b.class_room = C + C / 16;
    b.leaf_room = doubled(m->leaf_room, b.n_leaves, most_leaves(C));
    b.tests_room = doubled(m->tests_room, b.n_tests, most_tests(C));
    int wider = b.class_room != m->class_room, failed = 0;
    if (wider || b.leaf_room != m->leaf_room) {
        fresh.node = calloc((size_t)b.leaf_room, sizeof *b.node);
        fresh.leaf = calloc((size_t)b.leaf_room, sizeof *b.leaf);
        fresh.W = moved(m->W, leaves, m->class_room, b.leaf_room, b.class_room);
        failed |= !fresh.node || !fresh.leaf || !fresh.W;
    }
    if (wider || b.tests_room != m->tests_room) {
        fresh.tests = calloc((size_t)b.tests_room + 1, sizeof *b.tests);
        fresh.counts = moved(m->counts, tests, m->class_room * cells, b.tests_room, b.class_room * cells);
        failed |= !fresh.tests || !fresh.counts;
    }
    if (failed) {
        grove_free(&fresh);
        return NO_MEMORY;
    }
    if (fresh.node) {
        if (leaves) {
            memcpy(fresh.node, m->node, (size_t)(leaves - GROVE_TREES) * sizeof *b.node);
            memcpy(fresh.leaf, m->leaf, (size_t)leaves * sizeof *b.leaf);
        } else {
            for (int32_t t = 0; t < GROVE_TREES; t++) b.root[t] = ~t;
            for (int64_t l = 0; l < b.n_leaves; l++) fresh.leaf[l].tests = -1;
        }
        free(m->node), free(m->leaf), free(m->W);
        b.node = fresh.node, b.leaf = fresh.leaf, b.W = fresh.W;
    }
    if (fresh.tests) {
        if (tests) memcpy(fresh.tests, m->tests, (size_t)tests * sizeof *b.tests);
        free(m->tests), free(m->counts);
        b.tests = fresh.tests, b.counts = fresh.counts;
    }
    *m = b;
    return 0;
}

static void walk_free(grove_walk *o) { free(o->x); }

static int walk_fit(grove_walk *o, int64_t rows) {
    if (rows <= o->room) return 0;
    int64_t room = rows + rows / 8;
    double *x = calloc((size_t)room, 8);
    if (!x) return NO_MEMORY;
    free(o->x);
    o->x = x, o->room = room;
    return 0;
}

/* Put the sample's values where the tests look for them; what says nothing counts as the mean. */
INLINE void walk_start(grove_walk *o, const active *a) {
    for (int64_t i = 1; i < a->n; i++) o->x[a->slot[i]] = fabs(a->x[i]) < TOO_LARGE ? a->x[i] : a->after[i].mean;
}

INLINE void walk_end(grove_walk *o, const active *a) {
    for (int64_t i = 1; i < a->n; i++) o->x[a->slot[i]] = 0;
}

/* Go down all trees at once, so that no step waits for another tree's. */
INLINE void walk_down(grove_walk *o, const grove *m) {
    int32_t at[GROVE_TREES], all;
    memcpy(at, m->root, sizeof at);
    do {
        all = -1;
        for (int t = 0; t < GROVE_TREES; t++) {
            const grove_node *v = m->node + (at[t] < 0 ? 0 : at[t]);
            int32_t next = v->child[o->x[v->feature] >= v->threshold];
            at[t] = at[t] < 0 ? at[t] : next;
            all &= at[t];
        }
    } while (all >= 0);
    for (int t = 0; t < GROVE_TREES; t++) o->leaf[t] = ~at[t];
}

INLINE lanes widen(eight v) { return __builtin_convertvector(v, lanes); }
INLINE eight narrow(lanes v) { return __builtin_convertvector(v, eight); }

INLINE void grove_predict(const grove *m, grove_walk *o, const active *a, double *Z, int64_t C) {
    walk_start(o, a), walk_down(o, m), walk_end(o, a);
    FOR_LANES(c) {
        eight z = {0};
        for (int t = 0; t < GROVE_TREES; t++) z += eight_of(m->W + o->leaf[t] * m->class_room + c);
        store(Z + c, first(widen(z), C - c, 0), LANES);
    }
}

/* G grows by |p - e_y|^2; the leaves' r, and their sum. */
INLINE double grove_prepare(grove *m, grove_walk *o, double squared, double weight) {
    double s = 0;
    weight = o->weight = weight < HEAVIEST ? weight : HEAVIEST;
    for (int t = 0; t < GROVE_TREES; t++) {
        grove_leaf *v = m->leaf + o->leaf[t];
        v->G += (float)(weight * squared);
        o->r[t] = (float)(weight * GROVE_RATE / sqrt(v->G + 1e-8));
        s += o->r[t];
    }
    return s;
}

/* The next random number: the count of them, mixed (SplitMix64, Steele et al. 2014). */
INLINE uint64_t grove_random(grove *m) {
    uint64_t v = (uint64_t)++m->drawn * 0x9e3779b97f4a7c15;
    v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9, v = (v ^ v >> 27) * 0x94d049bb133111eb;
    return (v ^ v >> 31) >> 32;
}

INLINE float *counts_of(const grove *m, int64_t i) { return m->counts + i * m->class_room * (2 * TESTS); }

/* A leaf asks for tests. Where there are none to be had, the least wrong of four leaves gives up its own, unless the
   one that asks is even less so: its sum is halved then. */
static void tests_start(grove *m, int32_t leaf, int64_t C) {
    grove_leaf *v = m->leaf + leaf;
    int64_t most = most_tests(C), i = m->n_tests;
    if (i < most) m->n_tests++;
    else {
        float least = v->wrong;
        i = -1;
        for (int k = 0; k < 4 && most; k++) {
            int64_t other = (int64_t)(grove_random(m) % (uint64_t)most);
            if (m->tests[other].wrong < least) least = m->tests[other].wrong, i = other;
        }
        if (i < 0) {
            v->wrong *= .5f;
            return;
        }
        grove_leaf *loser = m->leaf + m->tests[i].leaf;
        loser->tests = -1, loser->wrong = 0;
    }
    m->tests[i] = (grove_tests){.leaf = leaf, .wrong = v->wrong};
    memset(counts_of(m, i), 0, (size_t)(m->class_room * 2 * TESTS) * 4);
    v->tests = (int32_t)i;
}

/* A leaf gives up its tests; the last ones take their place. */
static void tests_end(grove *m, int64_t i) {
    grove_leaf *v = m->leaf + m->tests[i].leaf;
    int64_t last = --m->n_tests;
    v->tests = -1, v->wrong = 0;
    if (i == last) return;
    m->tests[i] = m->tests[last];
    memcpy(counts_of(m, i), counts_of(m, last), (size_t)(m->class_room * 2 * TESTS) * 4);
    m->leaf[m->tests[i].leaf].tests = (int32_t)i;
}

/* Draw a few more: of a feature of the sample or, after the first check, as likely one of the two best tests', at the
   sample's own value, so that 0 and 1 part. */
INLINE void tests_draw(grove *m, grove_tests *s, const grove_walk *o, const active *a) {
    for (int k = 0; k < NEW_TESTS && s->drawn < TESTS && a->n > 1; k++) {
        uint64_t u = grove_random(m);
        int again = s->n >= FIRST_CHECK && s->drawn > 1 && u & 1;
        int32_t j = again ? s->feature[u >> 1 & 1] : a->slot[1 + (u >> 2) % (uint64_t)(a->n - 1)];
        double x = o->x[j];
        s->feature[s->drawn] = j, s->threshold[s->drawn] = x > 0 ? x : nextafter(x, HUGE_VAL);
        s->drawn++;
    }
}

/* Count a sample of these raw values in the tests from `since` on. */
INLINE void tests_count(const grove_tests *s, const double *x, float *left, double weight, int since) {
    float *right = left + TESTS;
    for (int i = since / LANES * LANES; i < TESTS; i += LANES) {
        const int32_t *j = s->feature + i;
        lanes at = {x[j[0]], x[j[1]], x[j[2]], x[j[3]], x[j[4]], x[j[5]], x[j[6]], x[j[7]]};
        lanes w = first(every(weight), s->drawn - i, 0) - first(every(weight), since - i, 0);
        lanes in = choose(at >= load(s->threshold + i), w, every(0));
        *(eight_at *)(right + i) = eight_of(right + i) + narrow(in);
        *(eight_at *)(left + i) = eight_of(left + i) + narrow(w - in);
    }
}

/* The leaf will know this sample again. */
INLINE void tests_note(grove_tests *s, uint32_t number) {
    s->sample[s->recalled % RECALLED] = number;
    if (++s->recalled == 2 * RECALLED) s->recalled = RECALLED;
}

/* Where the samples are that it noted, as far as they are still there; returns how many. */
static int tests_recall(const grove_tests *s, const past *q, int64_t at[RECALLED]) {
    int n = 0;
    for (int i = 0; i < RECALLED && i < s->recalled; i++) {
        int64_t k = past_at(q, s->sample[i]);
        if (k >= 0) at[n++] = k;
    }
    return n;
}

/* Draw all tests that are wanting, at the values of samples recalled, and count these. As likely as not a test is of
   the same feature as one of the first two of those that are there: the best ones. */
WIDE static void tests_redraw(grove *m, int64_t i, const active *a, const int64_t *at, int n) {
    grove_tests *s = m->tests + i;
    const past *q = &m->past;
    int kept = s->drawn;
    if (!n || a->n < 2) return;
    for (; s->drawn < TESTS; s->drawn++) {
        const double *x = q->x + at[grove_random(m) % (uint64_t)n] * q->rows;
        uint64_t u = grove_random(m);
        int again = kept > 1 && u & 1;
        int32_t j = again ? s->feature[u >> 1 & 1] : a->slot[1 + (u >> 2) % (uint64_t)(a->n - 1)];
        s->feature[s->drawn] = j, s->threshold[s->drawn] = x[j] > 0 ? x[j] : nextafter(x[j], HUGE_VAL);
    }
    for (int r = 0; r < n; r++)
        tests_count(s, q->x + at[r] * q->rows, counts_of(m, i) + q->label[at[r]] * 2 * TESTS, q->weight[at[r]], kept);
}

INLINE lanes x_ln_x(lanes v) { return v * lanes_log(lanes_max(v, every(1e-30))); }

/* The gain of each test in nats, n times its information; -1 of one that may not split. Returns the classes in the
   leaf. To 2^-20 nats, so that tests which tell the same tie. */
INLINE int64_t tests_gains(const grove_tests *s, const float *counts, int64_t C, double *gain) {
    int64_t classes = 0;
    double all[2][TESTS] = {{0}}; /* on the left, on the right */
    memset(gain, 0, TESTS * 8);
    for (int64_t c = 0; c < C; c++, counts += 2 * TESTS) {
        lanes any = {0};
        for (int i = 0; i < 2 * TESTS; i += LANES) any += widen(eight_of(counts + i));
        if (!(lanes_sum(any) > 0)) continue;
        classes++;
        for (int i = 0; i < TESTS; i += LANES) {
            lanes l = widen(eight_of(counts + i)), r = widen(eight_of(counts + TESTS + i));
            store(all[0] + i, load(all[0] + i) + l, LANES), store(all[1] + i, load(all[1] + i) + r, LANES);
            store(gain + i, load(gain + i) + ((x_ln_x(l) + x_ln_x(r)) - x_ln_x(l + r)), LANES);
        }
    }
    for (int i = 0; i < TESTS; i += LANES) {
        lanes l = load(all[0] + i), r = load(all[1] + i), grid = every(0x1.8p32);
        lanes g = load(gain + i) + (x_ln_x(l + r) - (x_ln_x(l) + x_ln_x(r)));
        g = choose((l >= LEAST_SIDE) & (r >= LEAST_SIDE), (g + grid) - grid, every(-1));
        store(gain + i, first(g, s->drawn - i, -1), LANES);
    }
    return classes;
}

/* Part a leaf: the left half keeps its number and W, the right half gets a copy. */
static void grove_split(grove *m, int t, const grove_walk *o, int32_t leaf, double threshold, int32_t feature) {
    int32_t *from = &m->root[t], right = (int32_t)m->n_leaves++, k = right - GROVE_TREES;
    while (*from >= 0) {
        grove_node *v = m->node + *from;
        from = &v->child[o->x[v->feature] >= v->threshold];
    }
    *from = k;
    m->node[k] = (grove_node){.threshold = threshold, .feature = feature, .child = {~leaf, ~right}};
    m->leaf[leaf].G *= (float)INHERITED;
    m->leaf[right] = m->leaf[leaf];
    memcpy(m->W + right * m->class_room, m->W + leaf * m->class_room, (size_t)m->class_room * 4);
}

/* A half of a leaf begins with those of the leaf's samples that are its own, if they are of more than one class; where
   they are enough for a check, it is due at the next one. */
static void tests_part(grove *m, const active *a, int32_t leaf, float wrong, const int64_t *at, int n, int64_t C) {
    const past *q = &m->past;
    int mixed = 0;
    for (int r = 1; r < n; r++) mixed |= q->label[at[r]] != q->label[at[0]];
    if (!mixed || n < LEAST_PART) return;
    m->leaf[leaf].wrong = wrong;
    tests_start(m, leaf, C);
    int64_t i = m->leaf[leaf].tests;
    if (i < 0) return;
    tests_redraw(m, i, a, at, n);
    grove_tests *s = m->tests + i;
    for (int r = 0; r < n; r++) tests_note(s, past_number(q, at[r]));
    for (s->n = n; s->n >= FIRST_CHECK && s->n & (s->n + 1); s->n--) {}
}

/* Split the leaf by its best test, or keep the better half of the tests and draw the others anew, a few times over. */
WIDE __attribute__((noinline)) static void tests_check(grove *m, int t, const grove_walk *o, const active *a, int64_t i,
                                                       int64_t C) {
    const past *q = &m->past;
    double gain[TESTS];
    int64_t at[RECALLED], part[RECALLED];
    int n = tests_recall(m->tests + i, q, at), rounds = n && a->n > 1 ? ROUNDS : 1;
    for (int round = 0; round < rounds; round++) {
        grove_tests *s = m->tests + i, was = *s;
        int order[TESTS], keep = 0;
        int64_t classes = tests_gains(s, counts_of(m, i), C, gain);
        for (int k = 0; k < TESTS; k++) { /* the best first */
            if (gain[k] < 0) continue;
            int j = keep++;
            for (; j && gain[order[j - 1]] < gain[k]; j--) order[j] = order[j - 1];
            order[j] = k;
        }
        if (keep && gain[order[0]] > GAIN + CLASS_GAIN * (double)(classes - 1) && m->n_leaves < most_leaves(C)) {
            double threshold = was.threshold[order[0]];
            int32_t j = was.feature[order[0]], half[2] = {was.leaf, (int32_t)m->n_leaves};
            tests_end(m, i);
            grove_split(m, t, o, was.leaf, threshold, j);
            for (int side = 0; side < 2 && q->n >= PARTED; side++) {
                int k = 0;
                for (int r = 0; r < n; r++)
                    if ((q->x[at[r] * q->rows + j] >= threshold) == side) part[k++] = at[r];
                tests_part(m, a, half[side], was.wrong * .5f, part, k, C);
            }
            return;
        }
        if (keep > TESTS / 2) keep = TESTS / 2;
        memset(s->threshold, 0, sizeof s->threshold), memset(s->feature, 0, sizeof s->feature);
        for (int k = 0; k < keep; k++) s->threshold[k] = was.threshold[order[k]], s->feature[k] = was.feature[order[k]];
        s->drawn = keep;
        if (!round) s->n = s->n == 2 * LONGEST_WAIT ? LONGEST_WAIT : s->n, s->wrong *= .5f;
        float *side = counts_of(m, i), row[TESTS];
        for (int64_t c = 0; c < 2 * C; c++, side += TESTS) {
            for (int k = 0; k < TESTS; k++) row[k] = k < keep ? side[order[k]] : 0;
            memcpy(side, row, sizeof row);
        }
        tests_redraw(m, i, a, at, n);
    }
}

enum { FELLED = -1 };

INLINE void mark_felled(grove *m, int32_t child) {
    if (child >= 0) m->node[child].place = FELLED;
    else m->leaf[~child].G = FELLED;
}

INLINE int32_t child_place(const grove *m, int32_t child) {
    return child >= 0 ? m->node[child].place : ~m->leaf[~child].tests;
}

/* Start the trees from `first` on anew. Nodes and leaves of the others close the gaps, in order. */
__attribute__((noinline)) static void grove_fell(grove *m, int first) {
    int32_t nodes = (int32_t)m->n_leaves - GROVE_TREES, leaves = 0, place = 0;
    for (int32_t k = 0; k < nodes; k++) m->node[k].place = 0;
    for (int t = first; t < GROVE_TREES; t++) mark_felled(m, m->root[t]);
    for (int32_t k = 0; k < nodes; k++) {
        grove_node *v = m->node + k;
        if (v->place == FELLED) mark_felled(m, v->child[0]), mark_felled(m, v->child[1]);
        else v->place = place++;
    }
    for (int64_t i = m->n_tests; i--;)
        if (m->leaf[m->tests[i].leaf].G == FELLED) tests_end(m, i);
    for (int32_t l = 0; l < m->n_leaves; l++) /* no field is left but this */
        if (m->leaf[l].G != FELLED) m->leaf[l].tests = leaves++;
    for (int64_t i = 0; i < m->n_tests; i++) m->tests[i].leaf = m->leaf[m->tests[i].leaf].tests;
    for (int t = 0; t < first; t++) m->root[t] = child_place(m, m->root[t]);
    for (int32_t k = 0; k < nodes; k++) {
        grove_node v = m->node[k];
        if (v.place == FELLED) continue;
        v.child[0] = child_place(m, v.child[0]), v.child[1] = child_place(m, v.child[1]);
        m->node[v.place] = v;
    }
    size_t row = (size_t)m->class_room * 4;
    for (int32_t l = 0; l < m->n_leaves; l++) {
        grove_leaf v = m->leaf[l];
        if (v.G == FELLED) continue;
        memmove(m->W + v.tests * m->class_room, m->W + l * m->class_room, row);
        m->leaf[v.tests] = v, m->leaf[v.tests].tests = -1;
    }
    for (int t = first; t < GROVE_TREES; t++, leaves++) {
        memset(m->W + leaves * m->class_room, 0, row);
        m->leaf[leaves] = (grove_leaf){.tests = -1}, m->root[t] = ~leaves;
    }
    for (int32_t i = 0; i < m->n_tests; i++) m->leaf[m->tests[i].leaf].tests = i;
    m->n_leaves = leaves;
}

/* The more classes, the fewer tests and leaves. */
INLINE void grove_bound(grove *m, int64_t C) {
    while (m->n_tests > most_tests(C)) tests_end(m, m->n_tests - 1);
    for (int t = GROVE_TREES; m->n_leaves > most_leaves(C) && t--;) grove_fell(m, t);
}

/* The means of the loss; where the fast one is far above, the later half of the trees starts anew, and the others learn
   faster. */
INLINE void grove_watch(grove *m, double p_y, int64_t C) {
    lanes ln = lanes_log((lanes){p_y > 1e-300 ? p_y : 1e-300, (double)C + 1, 1, 1, 1, 1, 1, 1});
    double loss = -ln[0] < 2 * ln[1] ? -ln[0] : 2 * ln[1];
    double n = (double)++m->calm;
    m->fast += (loss - m->fast) / (n < FAST_LOSS ? n : FAST_LOSS);
    m->slow += (loss - m->slow) / (n < SLOW_LOSS ? n : SLOW_LOSS);
    if (m->calm <= CALM || !(m->fast > m->slow + JUMP)) return;
    grove_fell(m, GROVE_TREES / 2);
    for (int64_t l = 0; l < m->n_leaves; l++) m->leaf[l].G *= (float)LOOSENED;
    m->calm = 0, m->fast = m->slow = 0;
}

/* W <- W - r g', g already times f; then each leaf's tests. `known` classes had been seen before. */
INLINE void grove_learn(grove *m, grove_walk *o, const active *a, const double *g, int64_t C, int64_t known, int64_t y,
                        double p_y) {
    double weight = o->weight, wrong = 1 - p_y;
    if (!(weight > 0)) return;
    if (wrong > CERTAIN)
        FOR_LANES(c) { /* beyond C, g is 0, and what lies there stays as it is */
            eight d = narrow(load(g + c));
            for (int t = 0; t < GROVE_TREES; t++) {
                float *w = m->W + o->leaf[t] * m->class_room + c;
                *(eight_at *)w = eight_of(w) - o->r[t] * d;
            }
        }
    float more = (float)(weight * wrong);
    walk_start(o, a);
    past_store(&m->past, o->x, y, weight);
    for (int t = 0; t < GROVE_TREES; t++) {
        grove_leaf *v = m->leaf + o->leaf[t];
        if (v->tests < 0) {
            v->wrong += more;
            if (v->wrong > OFTEN_WRONG) tests_start(m, o->leaf[t], C);
            if (v->tests < 0) continue;
        }
        grove_tests *s = m->tests + v->tests;
        tests_draw(m, s, o, a);
        tests_count(s, o->x, counts_of(m, v->tests) + y * 2 * TESTS, weight, 0);
        s->n++, s->wrong += more;
        if (m->past.size) tests_note(s, (uint32_t)m->past.n);
        if (s->n >= FIRST_CHECK && !(s->n & (s->n - 1))) tests_check(m, t, o, a, v->tests, C);
    }
    walk_end(o, a);
    if (y < known) grove_watch(m, p_y, C);
    grove_bound(m, C);
}

/* Classes that no sample has yet: within the bounds of so many, have room for them. */
static int grove_declare(grove *m, int64_t C) {
    if (!m->node) return 0;
    if (grove_reserve(m, C)) return NO_MEMORY;
    grove_bound(m, C);
    return 0;
}

#endif
