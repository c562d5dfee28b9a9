/* Long memory: thousands of samples, of which those in the same leaves of a few k-d trees vote as the window's do. A
   sample is a row of floats z = (x - mean) / sd in units of the memory's own, and never scaled by statistics that move
   on; new units are found from quantiles, more and more seldom, and the trees are planted anew after that, one a
   sample. */
#ifndef ONLINE_SOFTMAX_LONG_MEMORY_H
#define ONLINE_SOFTMAX_LONG_MEMORY_H

#include "squash.h"
#include "votes.h"

enum {
    KD_TREES = 4,
    KD_LEAF = 32,          /* samples in a leaf, at most */
    MEMORY_MOST = 8192,    /* samples */
    MEMORY_CELLS = 200000, /* and values, at most */
    MEMORY_LEAST = 64,     /* samples that the smallest memory has room for */
    MEMORY_COLUMNS = 104,  /* floats in the longest row */
    KD_FIRST_EPOCH = 16,   /* samples stored until there are new units; then 4 times as many, and at last .. */
    KD_EPOCH = 4096,       /* .. every so many */
    QUANTILES = 256,       /* rows that they are found from, at most */
    NOWHERE = 0xffff       /* in a tree: of a sample that has left its leaf for newer ones */
};

#define FARTHEST_Z 1e6 /* from the mean, in units */
#define LEAST_UNIT 1e-300
#define NORMAL_WIDTH 3.3 /* standard deviations from the 5 % quantile of a normal distribution to the 95 % quantile */

/* One sample's z is right of a node if z[dim] >= threshold; `child` is its left child's place, the right child's is the
   next one, and 0 means a leaf. */
typedef struct {
    float threshold;
    uint16_t child, dim;
} kd_node;

typedef struct {
    uint16_t n, id[KD_LEAF]; /* the oldest first */
} kd_leaf;

typedef struct {
    uint32_t time; /* the samples learned before it */
    int32_t label;
    float weight;
} fact;

/* A model file holds nodes and facts as arrays, value by value. */
_Static_assert(offsetof(kd_node, threshold) == 0 && offsetof(kd_node, child) == 4 && offsetof(kd_node, dim) == 6
                   && sizeof(kd_node) == 8 && offsetof(fact, time) == 0 && offsetof(fact, label) == 4
                   && offsetof(fact, weight) == 8 && sizeof(fact) == 12,
               "the nodes and facts of a model file");

/* A node without children in a tree, and its leaf. */
typedef struct {
    int32_t node, leaf;
} kd_place;

typedef struct memory {
    int64_t d, m, head, stored; /* features, samples; the ring's next place; samples that have ever been stored */
    int64_t rows, columns;      /* room for samples, and floats in a row */
    int64_t nodes;              /* room for nodes in a tree */
    float *Z;
    fact *fact;
    double *mean, *sd;         /* the units; sd 0: of a feature that has none yet */
    double *w, *G;             /* the metric and its AdaGrad sums: age, then features */
    double nearest, n_nearest; /* running mean of the distance to the nearest candidate, and its count */
    kd_node *node;             /* KD_TREES x nodes, all 0 beyond those in use */
    kd_leaf *leaf;             /* KD_TREES x memory_leaves(nodes) */
    uint16_t *home;            /* KD_TREES x rows: the leaf that a sample is in */
    int32_t used[KD_TREES];    /* nodes */
    struct memory *wider;      /* what the next sample moves into */
} memory;

/* What one call recalls of its sample. */
typedef struct {
    int64_t n, d;                    /* candidates; the features in x, or -1 where there are none */
    kd_place at[KD_TREES];           /* where x falls */
    uint16_t id[KD_TREES * KD_LEAF]; /* the candidates */
    float D[KD_TREES * KD_LEAF], e[KD_TREES * KD_LEAF],
        k[KD_TREES * KD_LEAF];                  /* their distances, wide and sharp votes */
    float x[MEMORY_COLUMNS], w[MEMORY_COLUMNS]; /* the sample in units, and the metric */
    double least, rate;                         /* as the window's votes */
    double T, all;
    uint8_t seen[MEMORY_MOST]; /* 0 between calls */
} recall;

INLINE int64_t memory_columns(int64_t d) { return (d > 1 ? d + 7 : 8) / 8 * 8; }

static int64_t memory_size(int64_t d) {
    int64_t size = MEMORY_CELLS / memory_columns(d);
    return size < MEMORY_MOST ? size : MEMORY_MOST;
}

/* The nodes that a tree of m samples may have at most, and the leaves of a tree of so many nodes. */
static int64_t memory_nodes(int64_t m) { return m / 8 + 16; }
static int64_t memory_leaves(int64_t nodes) { return (nodes + 1) / 2; }

static void memory_drop(memory **s);
static void memory_free(memory *s) {
    memory_drop(&s->wider);
    free(s->Z), free(s->fact), free(s->mean), free(s->sd), free(s->w), free(s->G);
    free(s->node), free(s->leaf), free(s->home);
    memset(s, 0, sizeof *s);
}

static void memory_drop(memory **s) {
    if (*s) memory_free(*s), free(*s), *s = NULL;
}

static int64_t memory_bytes(const memory *s) {
    int64_t row = 4 * s->columns + (int64_t)sizeof(fact) + 2 * KD_TREES;
    int64_t tree = s->nodes * (int64_t)sizeof(kd_node) + memory_leaves(s->nodes) * (int64_t)sizeof(kd_leaf);
    int64_t wider = s->wider ? memory_bytes(s->wider) + (int64_t)sizeof *s : 0;
    return wider + (s->Z ? s->rows * row + KD_TREES * tree + 32 * (s->columns + LANES) : 0);
}

/* An empty memory of such room. */
static memory *memory_new(int64_t rows, int64_t columns, int64_t nodes) {
    memory *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    size_t doubles = (size_t)(columns + LANES);
    *s = (memory){.rows = rows, .columns = columns, .nodes = nodes, .nearest = 1};
    s->Z = calloc((size_t)(rows * columns), 4), s->fact = calloc((size_t)rows, sizeof *s->fact);
    s->mean = calloc(doubles, 8), s->sd = calloc(doubles, 8), s->w = calloc(doubles, 8), s->G = calloc(doubles, 8);
    s->node = calloc((size_t)(KD_TREES * nodes), sizeof *s->node);
    s->leaf = calloc((size_t)(KD_TREES * memory_leaves(nodes)), sizeof *s->leaf);
    s->home = calloc((size_t)(KD_TREES * rows), 2);
    if (!s->Z || !s->fact || !s->mean || !s->sd || !s->w || !s->G || !s->node || !s->leaf || !s->home) {
        memory_drop(&s);
        return NULL;
    }
    for (int64_t j = 0; j <= columns; j++) s->w[j] = j ? METRIC_START : AGE_WEIGHT, s->G[j] = METRIC_SUM;
    for (int l = 0; l < KD_TREES; l++) s->used[l] = 1;
    return s;
}

/* Room for m samples of d features and trees of so many nodes; `memory_grow` takes it into use. */
static int memory_reserve(memory *s, int64_t d, int64_t m, int64_t nodes) {
    int64_t size = memory_size(d), columns = d > s->columns || !s->Z ? memory_columns(d) : s->columns, rows = s->rows;
    if (m > size) m = size;
    while (rows < m) rows = rows ? 2 * rows : MEMORY_LEAST;
    if (rows > size) rows = size;
    if (columns == s->columns && rows == s->rows) {
        memory_drop(&s->wider);
        return 0;
    }
    if (s->wider && columns == s->wider->columns && rows == s->wider->rows) return 0;
    for (int l = 0; l < KD_TREES; l++) nodes = s->used[l] > nodes ? s->used[l] : nodes;
    nodes = memory_nodes(rows) > nodes ? memory_nodes(rows) : nodes;
    memory *wider = memory_new(rows, columns, nodes);
    if (!wider) return NO_MEMORY;
    memory_drop(&s->wider);
    s->wider = wider;
    return 0;
}

INLINE kd_node *memory_tree(const memory *s, int l) { return s->node + l * s->nodes; }
INLINE kd_leaf *memory_leaf(const memory *s, int l, int64_t i) { return s->leaf + l * memory_leaves(s->nodes) + i; }
INLINE uint16_t *memory_home(const memory *s, int l) { return s->home + l * s->rows; }

/* The place of the oldest sample. */
INLINE int64_t memory_oldest(const memory *s) { return s->m < memory_size(s->d) ? 0 : s->head; }

/* Fill the leaves of a tree from what is known of its samples' homes. */
static void memory_settle(memory *s, int l) {
    const uint16_t *home = memory_home(s, l);
    for (int64_t i = 0; i < memory_leaves(s->used[l]); i++) memory_leaf(s, l, i)->n = 0;
    for (int64_t i = 0, id = memory_oldest(s); i < s->m; i++, id = id + 1 < s->m ? id + 1 : 0) {
        if (home[id] == NOWHERE) continue;
        kd_leaf *in = memory_leaf(s, l, home[id]);
        in->id[in->n++] = (uint16_t)id;
    }
}

/* Move into the room that has been made; where that is for fewer samples, the oldest go. */
static void memory_move(memory *s) {
    memory *to = s->wider;
    int64_t m = s->m < to->rows ? s->m : to->rows, from = memory_oldest(s) + s->m - m;
    for (int64_t i = 0; i < m; i++) {
        int64_t id = (from + i) % s->m;
        memcpy(to->Z + i * to->columns, s->Z + id * s->columns, (size_t)s->columns * 4);
        to->fact[i] = s->fact[id];
        for (int l = 0; l < KD_TREES; l++) memory_home(to, l)[i] = memory_home(s, l)[id];
    }
    if (s->Z) {
        memcpy(to->mean, s->mean, (size_t)s->d * 8), memcpy(to->sd, s->sd, (size_t)s->d * 8);
        memcpy(to->w, s->w, (size_t)(s->d + 1) * 8), memcpy(to->G, s->G, (size_t)(s->d + 1) * 8);
        to->nearest = s->nearest, to->n_nearest = s->n_nearest, to->stored = s->stored;
        for (int l = 0; l < KD_TREES; l++) {
            to->used[l] = s->used[l];
            memcpy(memory_tree(to, l), memory_tree(s, l), (size_t)s->used[l] * sizeof(kd_node));
        }
    }
    to->m = m, s->wider = NULL;
    memory_free(s);
    *s = *to;
    free(to);
}

/* Take d features into use, and the room that there is for them. */
static void memory_grow(memory *s, int64_t d) {
    int moves = s->wider != NULL;
    if (moves) memory_move(s);
    s->d = d;
    if (!moves) return;
    s->head = s->m % memory_size(d);
    for (int l = 0; l < KD_TREES; l++) memory_settle(s, l);
}

/* ---- the trees ---- */

INLINE uint64_t kd_random(uint64_t *state) { /* splitmix64 */
    uint64_t x = *state += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9, x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (x ^ x >> 31) >> 32;
}

/* Values by their bits: as integers, they are in the same order. */
INLINE uint32_t key_of(float z) {
    uint32_t bits;
    z += 0.0f; /* of the two zeros, the one */
    memcpy(&bits, &z, 4);
    return bits >> 31 ? ~bits : bits | 1U << 31;
}
INLINE float of_key(uint32_t key) {
    uint32_t bits = key >> 31 ? key & ~(1U << 31) : ~key;
    float z;
    memcpy(&z, &bits, 4);
    return z;
}

/* The key that r of these are below, found bit by bit. */
INLINE uint32_t quantile(const uint32_t *key, int n, int r) {
    uint32_t found = 0;
    for (int bit = 31; bit >= 0; bit--) {
        uint32_t more = found | 1U << bit;
        int below = 0;
        for (int i = 0; i < n; i++) below += key[i] < more;
        if (below <= r) found = more;
    }
    return found;
}

/* Where to cut samples in two: by the feature of the largest w_j var_j among some at random, or else among all, between
   two values at a random place in the middle third. False where all samples are equal. */
static int memory_cut(const memory *s, const uint16_t *id, int n, uint64_t *random, kd_node *cut) {
    int64_t d = s->d, some = d < 4 ? d : 2 + d / 4, dim = -1;
    float best = 0;
    for (int64_t q = 0; q < some + d && (q < some || dim < 0); q++) {
        int64_t j = d < 4 || q >= some ? q % d : (int64_t)(kd_random(random) % (uint64_t)d);
        float z0 = s->Z[id[0] * s->columns + j], sum = 0, squares = 0;
        for (int i = 1; i < n; i++) {
            float z = s->Z[id[i] * s->columns + j] - z0;
            sum += z, squares += z * z;
        }
        float spread = (squares - sum * sum / (float)n) * (float)s->w[j + 1];
        if (d < 4) spread *= .3f + (float)(kd_random(random) % 1024) / 1024;
        if (spread > best) best = spread, dim = j;
    }
    if (dim < 0) return 0;
    uint32_t key[KD_LEAF], least = UINT32_MAX, above = UINT32_MAX, below = 0;
    for (int i = 0; i < n; i++) key[i] = key_of(s->Z[id[i] * s->columns + dim]);
    uint32_t at = quantile(key, n, n / 3 + (int)(kd_random(random) % (uint64_t)(n / 3 + 1)));
    for (int i = 0; i < n; i++) least = key[i] < least ? key[i] : least;
    for (int i = 0; i < n; i++) above = key[i] > least && key[i] < above ? key[i] : above;
    if (at == least) at = above;
    for (int i = 0; i < n; i++) below = key[i] < at && key[i] > below ? key[i] : below;
    float low = of_key(below), high = of_key(at), middle = .5f * (low + high);
    cut->threshold = low < middle && middle <= high ? middle : high, cut->dim = (uint16_t)dim;
    return 1;
}

/* What a tree's next cut is drawn from. */
INLINE uint64_t memory_seed(const memory *s, int l) {
    return ((uint64_t)s->stored * KD_TREES + (uint64_t)l) << 16 | (uint64_t)s->used[l];
}

INLINE int is_right(const memory *s, const kd_node *cut, int64_t id) {
    return s->Z[id * s->columns + cut->dim] >= cut->threshold;
}

/* Split a full leaf; where it cannot be, the older half goes. */
static void memory_split(memory *s, int l, kd_place at) {
    kd_node *parent = memory_tree(s, l) + at.node;
    kd_leaf *from = memory_leaf(s, l, at.leaf), was = *from;
    uint16_t *home = memory_home(s, l);
    uint64_t random = memory_seed(s, l);
    if (s->used[l] + 2 > memory_nodes(s->m) || !memory_cut(s, was.id, KD_LEAF, &random, parent)) {
        for (int i = 0; i < KD_LEAF / 2; i++) home[was.id[i]] = NOWHERE;
        memcpy(from->id, was.id + KD_LEAF / 2, KD_LEAF / 2 * sizeof *was.id), from->n = KD_LEAF / 2;
        return;
    }
    int64_t fresh = memory_leaves(s->used[l]);
    kd_leaf *to = memory_leaf(s, l, fresh);
    parent->child = (uint16_t)s->used[l], s->used[l] += 2;
    from->n = to->n = 0;
    for (int i = 0; i < KD_LEAF; i++) {
        int right = is_right(s, parent, was.id[i]);
        kd_leaf *in = right ? to : from;
        in->id[in->n++] = was.id[i];
        home[was.id[i]] = (uint16_t)(right ? fresh : at.leaf);
    }
}

/* Where x falls in each tree: a node, and its leaf. Of a pair of children, the left one keeps its parent's leaf; the
   right one has its own, a new one, and its place is twice the leaf's. All trees go down together, since a step waits
   for the one before it. */
INLINE void memory_descend(const memory *s, const float *x, kd_place at[KD_TREES]) {
    for (int l = 0; l < KD_TREES; l++) at[l] = (kd_place){0, 0};
    for (int32_t goes_on = 1; goes_on;) {
        goes_on = 0;
        for (int l = 0; l < KD_TREES; l++) {
            const kd_node *on = memory_tree(s, l) + at[l].node;
            int32_t right = x[on->dim] >= on->threshold, next = on->child + right, inner = on->child > 0;
            at[l].node = inner ? next : at[l].node, at[l].leaf = inner & right ? next / 2 : at[l].leaf;
            goes_on |= inner;
        }
    }
}

/* Insert a sample that falls to this place. */
static void memory_insert(memory *s, int l, int64_t id, kd_place at) {
    const kd_node *on = memory_tree(s, l) + at.node;
    if (memory_leaf(s, l, at.leaf)->n == KD_LEAF) {
        int64_t fresh = memory_leaves(s->used[l]);
        memory_split(s, l, at);
        if (on->child && is_right(s, on, id)) at.leaf = (int32_t)fresh;
    }
    kd_leaf *to = memory_leaf(s, l, at.leaf);
    to->id[to->n++] = (uint16_t)id, memory_home(s, l)[id] = (uint16_t)at.leaf;
}

/* Take the oldest sample, which is the oldest of its leaves, from the trees. */
INLINE void memory_remove(memory *s, int64_t id) {
    for (int l = 0; l < KD_TREES; l++) {
        if (memory_home(s, l)[id] == NOWHERE) continue;
        kd_leaf *from = memory_leaf(s, l, memory_home(s, l)[id]);
        from->n--;
        memmove(from->id, from->id + 1, from->n * sizeof *from->id);
    }
}

/* Plant a tree anew: cut the samples in two by what a few of them say, and each part again, until all are in leaves. */
static void memory_plant(memory *s, int l) {
    uint16_t all[MEMORY_MOST], right[MEMORY_MOST], *home = memory_home(s, l);
    struct {
        int32_t from, n;
    } part[MEMORY_MOST / 8 + 16] = {{0, (int32_t)s->m}};
    kd_node *tree = memory_tree(s, l);
    memset(tree, 0, (size_t)s->nodes * sizeof *tree);
    for (int64_t i = 0, id = memory_oldest(s); i < s->m; i++, id = id + 1 < s->m ? id + 1 : 0) all[i] = (uint16_t)id;
    s->used[l] = 1;
    int32_t in[MEMORY_MOST / 8 + 16] = {0};
    for (int32_t k = 0; k < s->used[l]; k++) {
        uint16_t *id = all + part[k].from, few[KD_LEAF];
        int32_t n = part[k].n, n_left = 0, n_right = 0, is_cut = 0;
        uint64_t random = memory_seed(s, l);
        for (int attempt = 0; attempt < 4 && n > KD_LEAF && !is_cut && s->used[l] + 2 <= memory_nodes(s->m);
             attempt++) {
            int32_t first = (int32_t)(kd_random(&random) % (uint64_t)n);
            for (int i = 0; i < KD_LEAF; i++) few[i] = id[(first + i * n / KD_LEAF) % n];
            is_cut = memory_cut(s, few, KD_LEAF, &random, tree + k);
        }
        if (!is_cut) {
            for (int32_t i = 0; i < n; i++) home[id[i]] = i < n - KD_LEAF ? NOWHERE : (uint16_t)in[k];
            continue;
        }
        for (int32_t i = 0; i < n; i++) {
            int is = is_right(s, tree + k, id[i]);
            id[n_left] = right[n_right] = id[i];
            n_left += !is, n_right += is;
        }
        memcpy(id + n_left, right, (size_t)n_right * sizeof *id);
        int32_t child = s->used[l];
        tree[k].child = (uint16_t)child, s->used[l] += 2;
        part[child].from = part[k].from, part[child].n = n_left, in[child] = in[k];
        part[child + 1].from = part[k].from + n_left, part[child + 1].n = n_right, in[child + 1] = (child + 1) / 2;
    }
    memory_settle(s, l);
}

/* Make ready what arrays do not hold, once they have been filled in. A tree without samples is planted. */
static void memory_open(memory *s) {
    for (int l = 0; l < KD_TREES; l++) {
        const uint16_t *home = memory_home(s, l);
        int64_t bare = 1;
        s->used[l] = 1;
        for (int64_t i = 0; i < s->nodes; i++) s->used[l] += 2 * (memory_tree(s, l)[i].child > 0);
        for (int64_t id = 0; id < s->m; id++) bare &= home[id] == NOWHERE;
        if (bare) memory_plant(s, l);
        else memory_settle(s, l);
    }
}

/* The nodes of the largest tree. */
static int64_t memory_most_used(const memory *s) {
    int64_t most = 0;
    for (int l = 0; l < KD_TREES; l++) most = s->used[l] > most ? s->used[l] : most;
    return most;
}

/* ---- units ---- */

INLINE float in_units(double x, double mean, double per) {
    double z = (x - mean) * per;
    return z > -FARTHEST_Z ? z < FARTHEST_Z ? (float)z : (float)FARTHEST_Z : (float)-FARTHEST_Z;
}

/* When there were new units last: how many samples had been stored. */
INLINE int64_t memory_epoch(int64_t stored) {
    int64_t epoch = KD_FIRST_EPOCH;
    while (epoch < KD_EPOCH && 4 * epoch <= stored) epoch *= 4;
    return epoch < KD_EPOCH ? epoch : stored / KD_EPOCH * KD_EPOCH;
}

/* New units: mean and standard deviation, or the median and the distance of the quantiles, where outliers are many. */
static void memory_rescale(memory *s) {
    double mean[MEMORY_COLUMNS] = {0}, per[MEMORY_COLUMNS];
    int n = s->m < QUANTILES ? (int)s->m : QUANTILES;
    for (int64_t j = 0; j < s->columns; j++) per[j] = 1;
    for (int64_t j = 0; j < s->d; j++) {
        uint32_t key[QUANTILES];
        double sum = 0, squares = 0;
        for (int i = 0; i < n; i++) {
            float z = s->Z[i * s->m / n * s->columns + j];
            key[i] = key_of(z), sum += z, squares += (double)z * z;
        }
        double centre = sum / n, variance = squares / n - centre * centre, sd = variance > 0 ? sqrt(variance) : 0;
        double low = of_key(quantile(key, n, n / 20)), high = of_key(quantile(key, n, n - 1 - n / 20));
        double wide = (high - low) / NORMAL_WIDTH;
        if (wide > 0 && sd > 2 * wide) sd = wide, centre = of_key(quantile(key, n, n / 2));
        if (!(sd > 1e-30 && s->sd[j] * sd > LEAST_UNIT)) continue;
        s->mean[j] += s->sd[j] * centre, s->sd[j] *= sd;
        mean[j] = centre, per[j] = 1 / sd;
    }
    for (int64_t i = 0; i < s->m; i++)
        for (int64_t j = 0; j < s->columns; j++)
            s->Z[i * s->columns + j] = in_units(s->Z[i * s->columns + j], mean[j], per[j]);
    for (int l = 0; l < KD_TREES; l++) {
        kd_node *tree = memory_tree(s, l);
        for (int64_t i = 0; i < s->used[l]; i++)
            if (tree[i].child) tree[i].threshold = in_units(tree[i].threshold, mean[tree[i].dim], per[tree[i].dim]);
    }
}

/* The value of an entry of a sample; the mean, where it is too large to tell anything. */
INLINE double value_of(const active *a, int64_t i) { return fabs(a->x[i]) < TOO_LARGE ? a->x[i] : a->after[i].mean; }

/* A sample in units; a feature that it does not carry is 0, and one without units counts for nothing. */
INLINE void memory_encode(const memory *s, const active *a, float *x) {
    for (int64_t j = 0; j < s->columns; j++)
        x[j] = j < s->d && s->sd[j] > 0 ? in_units(0, s->mean[j], 1 / s->sd[j]) : 0;
    for (int64_t i = 1; i < a->n && a->slot[i] <= s->d; i++) {
        int64_t j = a->slot[i] - 1;
        if (s->sd[j] > 0) x[j] = in_units(value_of(a, i), s->mean[j], 1 / s->sd[j]);
    }
}

/* ---- predict and learn ---- */

/* The samples in the leaves of x, each once. */
INLINE void memory_candidates(const memory *s, recall *o) {
    int64_t n = 0;
    memory_descend(s, o->x, o->at);
    for (int l = 0; l < KD_TREES; l++) {
        const kd_leaf *from = memory_leaf(s, l, o->at[l].leaf);
        for (int i = 0; i < from->n; i++) {
            uint16_t id = from->id[i];
            __builtin_prefetch(s->Z + id * s->columns), __builtin_prefetch(s->Z + id * s->columns + 16);
            __builtin_prefetch(s->fact + id);
            o->id[n] = id, n += !o->seen[id], o->seen[id] = 1;
        }
    }
    for (int64_t i = 0; i < n; i++) o->seen[o->id[i]] = 0;
    o->n = n;
}

/* The distances of the candidates; returns the least. */
INLINE float memory_distances(const memory *s, recall *o, int64_t t) {
    float least = FLT_MAX, age = (float)(s->w[0] / (double)memory_size(s->d));
    for (int64_t j = 0; j < s->columns; j++) o->w[j] = j < s->d ? (float)s->w[j + 1] : 0;
    for (int64_t i = 0; i < o->n; i++) {
        const float *z = s->Z + o->id[i] * s->columns;
        eight sum = {0};
        for (int64_t j = 0; j < s->columns; j += 8) {
            eight far = eight_of(z + j) - eight_of(o->x + j);
            sum += eight_of(o->w + j) * far * far;
        }
        float D = eight_sum(sum) + age * (float)((uint32_t)t - s->fact[o->id[i]].time);
        o->D[i] = D, least = D < least ? D : least;
    }
    for (int64_t i = o->n; i % FLOATS; i++) o->D[i] = FLT_MAX;
    return least;
}

/* The votes of the candidates, as those of the window: `window_predict` has the formulas. */
INLINE void memory_predict(const memory *s, recall *o, const active *a, int64_t t, double *Z, int64_t stride,
                           int64_t C) {
    double *v = Z, *wide = Z + stride;
    memset(Z, 0, (size_t)(VOTE_EXPERTS * stride) * 8);
    o->n = 0, o->d = -1;
    if (!s->m) return;
    memory_encode(s, a, o->x), o->d = s->d;
    memory_candidates(s, o);
    if (!o->n) return;
    float least = memory_distances(s, o, t);
    o->least = least, o->rate = s->n_nearest < 100 ? 1 / (s->n_nearest + 1) : .01;
    o->T = TEMPERATURE * (s->nearest + (least - s->nearest) * o->rate) + 1e-9;
    float per = (float)(1 / o->T);
    for (int64_t i = 0; i < o->n; i += FLOATS) {
        floats q = (loads(o->D + i) - least) * per;
        ints near = q < FARTHEST;
        *(floats_at *)(o->e + i) = (floats)(near & (ints)floats_exp((floats)((near & (ints)-q))));
    }
    for (int64_t i = 0; i < o->n; i++) {
        float e = o->e[i];
        o->k[i] = 0;
        if (e == 0) continue;
        const fact *of = s->fact + o->id[i];
        o->k[i] = e * e * e * of->weight;
        wide[of->label] += e * of->weight, v[of->label] += o->k[i];
    }
    o->all = votes_logits(v, wide, C);
}

/* The metric's step, on the candidates: `window_learn_metric` has the formulas. */
INLINE void memory_learn_metric(memory *s, const recall *o, int64_t t, int64_t y, double votes_y, double weight) {
    float all = (float)(3 / (o->T * (o->all + BACKGROUND))), own = (float)(3 / (o->T * votes_y)) - all,
          least = (float)(1e-3 * o->all), part[2] = {-all, own};
    float share[KD_TREES * KD_LEAF], g[MEMORY_COLUMNS];
    uint16_t near[KD_TREES * KD_LEAF];
    int64_t n = 0;
    double age = 0, gradient[MEMORY_COLUMNS + 1];
    for (int64_t i = 0; i < o->n; i++) near[n] = (uint16_t)i, n += o->k[i] > least;
    for (int64_t i = 0; i < n; i++) {
        const fact *of = s->fact + o->id[near[i]];
        share[i] = o->k[near[i]] * part[of->label == y], near[i] = o->id[near[i]];
        age += share[i] * (double)((uint32_t)t - of->time);
    }
    for (int64_t j = 0; j < s->columns; j += 8) {
        eight sum = {0}, x = eight_of(o->x + j);
        for (int64_t i = 0; i < n; i++) {
            eight far = eight_of(s->Z + near[i] * s->columns + j) - x;
            sum += share[i] * far * far;
        }
        *(eight_at *)(g + j) = sum;
    }
    gradient[0] = weight * age / (double)memory_size(s->d);
    for (int64_t j = 0; j < s->d; j++) gradient[j + 1] = weight * g[j];
    metric_step(s->w, s->G, gradient, s->d + 1);
}

/* After `memory_predict` of the same sample, whose Z this reads; `known` classes had been seen before it. Whether to
   store it. */
INLINE int memory_learn(memory *s, const recall *o, const double *Z, int64_t t, int64_t known, int64_t y,
                        double weight) {
    double p_y = 0;
    if (s->m && o->n) {
        s->nearest += (o->least - s->nearest) * o->rate, s->n_nearest++;
        double votes_y = y < known ? exp(Z[y]) : BACKGROUND / (double)known;
        p_y = votes_y / (o->all + BACKGROUND);
        if (y < known && p_y < .99 && o->all > 0) memory_learn_metric(s, o, t, y, votes_y, weight);
    }
    return weight > 0 && (p_y < SURE_ENOUGH || t % WINDOW_STORE == 0);
}

/* The first units of features: they begin with a value that is not 0. Whether there are any. */
INLINE int memory_measure(memory *s, const active *a) {
    int measured = 0;
    for (int64_t i = 1; i < a->n && a->slot[i] <= s->d; i++) {
        int64_t j = a->slot[i] - 1;
        double value = value_of(a, i), var = a->after[i].var;
        if (s->sd[j] != 0 || value == 0) continue;
        s->sd[j] = fmax(var > 0 ? sqrt(var) : fabs(value), LEAST_UNIT), measured = 1;
    }
    return measured;
}

INLINE void memory_store(memory *s, recall *o, const active *a, int64_t t, int64_t y, double weight) {
    int64_t size = memory_size(s->d), id = s->head;
    if (memory_measure(s, a) || !s->m || o->d != s->d) memory_encode(s, a, o->x), memory_descend(s, o->x, o->at);
    if (s->m == size) memory_remove(s, id);
    memcpy(s->Z + id * s->columns, o->x, (size_t)s->columns * 4);
    s->fact[id] = (fact){(uint32_t)t, (int32_t)y, (float)(weight < 1e6 ? weight : 1e6)};
    s->head = id + 1 < size ? id + 1 : 0, s->m += s->m < size, s->stored++;
    for (int l = 0; l < KD_TREES; l++) memory_insert(s, l, id, o->at[l]);
    int64_t since = s->stored - memory_epoch(s->stored);
    if (since == 0) memory_rescale(s);
    else if (since > 0 && since <= KD_TREES) memory_plant(s, (int)since - 1);
}

#endif
