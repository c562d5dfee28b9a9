/* svmlight and Vowpal Wabbit text to rows: what is between one line's end and the next is one row.

   svmlight   label index:value index:value ..  # comment
   vw         label importance 'tag|namespace:value name name:value name:word |namespace ..

   A reading stops before the first line that is no row, and says where and why. */
#ifndef ONLINE_SOFTMAX_TEXT_H
#define ONLINE_SOFTMAX_TEXT_H

#include <math.h>
#include "decimal.h"
#include "vocabulary.h"

enum format { SVMLIGHT, VW };
enum policy { RAISE, ZERO, SKIP }; /* where a value is missing or not finite */
enum flaw {
    SOUND,
    NO_MEMORY_LEFT,
    NUL_BYTE,
    NOT_UTF8,
    NO_LABEL,
    LABEL,
    UNLIKE,
    WEIGHT,
    BASE,
    NO_BAR,
    NAMELESS,
    NO_VALUE,
    VALUE,
    DIRTY,
    INDEX,
    TWICE,
    NAME
};

enum { WAITING = 64, NO_WORD = -2 };

/* A feature on its way: looked up a few at a time, so that the memory they are in has come when they need it. */
typedef struct {
    const char *name;
    int64_t n, number;
    double value;
    uint64_t hash;
    const char *where;
} token;

typedef struct {
    int format, policy, labelled;
    vocabulary names, labels;
    int (*take_word)(void *owner, const char *s, int64_t n); /* takes a new label, or says what is wrong with it */
    void *owner;
    /* the chunk's entries and rows */
    int32_t *ids;
    double *values;
    int64_t n, ids_capacity, values_capacity;
    int64_t *starts;
    int32_t *codes;
    double *weights;
    int64_t rows, starts_capacity, codes_capacity, weights_capacity;
    int64_t *mended, *left_out; /* of each value that was set to 0 the row; of each row left out the row after it */
    int64_t n_mended, n_left_out, mended_capacity, left_out_capacity;
    int dense, weighted; /* whether every row has the features 0, 1, 2, .. ; whether any weight is not 1 */
    /* the line being read */
    token waiting[WAITING];
    int n_waiting;
    char *keys; /* names with their namespaces, of the features on their way */
    int64_t n_keys, keys_capacity;
    int dirty;
    /* what stopped the reading: its reason and its words */
    int flaw;
    const char *where;
    int64_t length;
} text;

static void text_free(text *t) {
    forget(&t->names), forget(&t->labels);
    free(t->ids), free(t->values), free(t->starts), free(t->codes), free(t->weights), free(t->mended),
        free(t->left_out), free(t->keys);
}

static int refuse(text *t, int flaw, const char *where, int64_t length) {
    t->flaw = flaw, t->where = where, t->length = length;
    return 0;
}

static inline int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static int is_utf8(const char *text, int64_t n) {
    const unsigned char *s = (const unsigned char *)text, *end = s + n;
    while (s < end) {
        int more = *s < 0x80 ? 0 : *s < 0xC2 ? 9 : *s < 0xE0 ? 1 : *s < 0xF0 ? 2 : *s < 0xF5 ? 3 : 9;
        if (more > end - s - 1) return 0;
        unsigned first = *s++;
        if (more
            && ((first == 0xE0 && *s < 0xA0) || (first == 0xED && *s > 0x9F) || (first == 0xF0 && *s < 0x90)
                || (first == 0xF4 && *s > 0x8F)))
            return 0;
        for (; more; more--, s++)
            if ((*s & 0xC0) != 0x80) return 0;
    }
    return 1;
}

/* One of two things becomes of a missing or infinite value: 0, or the end of this row or reading. */
static int clean(text *t, double *value, int flaw, const char *where, int64_t length) {
    if (t->policy == ZERO) {
        if (!grow((void **)&t->mended, &t->mended_capacity, t->n_mended + 1, sizeof *t->mended))
            return refuse(t, NO_MEMORY_LEFT, where, 0);
        t->mended[t->n_mended++] = t->rows;
        *value = 0;
        return 1;
    }
    t->dirty = t->policy == SKIP;
    return t->dirty || refuse(t, flaw, where, length);
}

static int add_entries(text *t) {
    int64_t known = t->names.n;
    if (!grow((void **)&t->ids, &t->ids_capacity, t->n + WAITING, sizeof *t->ids)
        || !grow((void **)&t->values, &t->values_capacity, t->n + WAITING, sizeof *t->values))
        return refuse(t, NO_MEMORY_LEFT, t->waiting->where, 0);
    for (token *k = t->waiting; k < t->waiting + t->n_waiting; k++) {
        k->number = number_of_text(&t->names, k->name, k->n, k->hash);
        if (k->number < 0) return refuse(t, NO_MEMORY_LEFT, k->where, 0);
        __builtin_prefetch(t->names.words + k->number, 1);
        if (k->number == known && t->format == VW && !is_utf8(k->name, k->n)) t->names.words[k->number].last = NO_WORD;
        known = t->names.n;
    }
    for (token *k = t->waiting; k < t->waiting + t->n_waiting; k++) {
        word *w = t->names.words + k->number;
        if (w->last == NO_WORD) return refuse(t, NOT_UTF8, k->name, k->n);
        if (w->last >= t->starts[t->rows]) { /* once more in this row */
            if (t->format == SVMLIGHT) return refuse(t, TWICE, k->where, k->n);
            t->values[w->last] += k->value;
            continue;
        }
        int32_t place = place_of(&t->names, k->number);
        if (place < 0) return refuse(t, NO_MEMORY_LEFT, k->where, 0);
        t->dense &= place == t->n - t->starts[t->rows];
        w->last = t->n;
        t->ids[t->n] = place, t->values[t->n++] = k->value;
    }
    t->n_waiting = 0, t->n_keys = 0;
    return 1;
}

static inline int add_entry(text *t, const char *name, int64_t n, double value, const char *where) {
    token *k = t->waiting + t->n_waiting++;
    k->name = name, k->n = n, k->value = value, k->where = where, k->hash = hash_of(&t->names, name, n);
    if (t->names.capacity) __builtin_prefetch(t->names.cells + (k->hash & (uint64_t)(t->names.capacity - 1)));
    return t->n_waiting < WAITING || add_entries(t);
}

/* Put a feature's name after its namespace's; NULL where there is no memory. */
static const char *key_of(text *t, const char *space, int64_t n_space, const char *name, int64_t n, int64_t n_word) {
    if (t->n_keys + n_space + n + n_word + 1 > t->keys_capacity
        && (!add_entries(t) || !grow((void **)&t->keys, &t->keys_capacity, n_space + n + n_word + 1, 1)))
        return NULL;
    char *key = t->keys + t->n_keys, *at = key;
    if (n_space) memcpy(at, space, (size_t)n_space), at[n_space] = '^', at += n_space + 1;
    memcpy(at, name, (size_t)(n + n_word));
    if (n_word) at[n] = '=';
    t->n_keys += at - key + n + n_word;
    return key;
}

static int take_label(text *t, const char *s, int64_t n, const char *line) {
    if (!t->labelled) s = "0", n = 1;
    if (!n || (n == 3 && is_word(s, n, "nan"))) {
        t->dirty = t->policy == SKIP;
        return t->dirty || refuse(t, NO_LABEL, line, 0);
    }
    double number;
    if (t->format == SVMLIGHT ? !number_of(s, n, &number) || !isfinite(number)
                              : memchr(s, ':', (size_t)n) || memchr(s, ',', (size_t)n))
        return refuse(t, LABEL, s, n);
    int64_t known = t->labels.n, found = number_of_text(&t->labels, s, n, hash_of(&t->labels, s, n));
    if (found >= 0) {
        word *w = t->labels.words + found;
        if (found == known) w->last = -1 - t->take_word(t->owner, s, n);
        if (w->last < -1) return refuse(t, (int)(-1 - w->last), s, n);
    }
    int32_t place = found < 0 ? -1 : place_of(&t->labels, found);
    if (place < 0 || !grow((void **)&t->codes, &t->codes_capacity, t->rows + 1, sizeof *t->codes))
        return refuse(t, NO_MEMORY_LEFT, s, 0);
    t->codes[t->rows] = place;
    return 1;
}

static int read_svmlight(text *t, const char *s, const char *end) {
    const char *line = s, *comment = memchr(s, '#', (size_t)(end - s));
    if (comment) end = comment;
    while (s < end && is_blank(*s)) s++;
    const char *start = s;
    while (s < end && !is_blank(*s) && *s != ':') s++;
    if (s < end && *s == ':') s = start; /* the first word is a feature */
    if (!take_label(t, start, s - start, line)) return 0;
    t->weights[t->rows] = 1;
    while (!t->dirty) {
        while (s < end && is_blank(*s)) s++;
        if (s == end) return 1;
        const char *name = s;
        while (s < end && (unsigned)(*s - '0') < 10) s++;
        const char *colon = s;
        while (s < end && !is_blank(*s)) s++;
        if (colon == name || *colon != ':') {
            if (s - name > 4 && !memcmp(name, "qid:", 4)) continue;
            return refuse(t, colon != name && colon == s ? NO_VALUE : INDEX, name, s - name);
        }
        while (name + 1 < colon && *name == '0') name++;
        if (colon - name > 18) return refuse(t, INDEX, name, s - name);
        double value = NAN;
        if (colon + 1 < s && !number_of(colon + 1, s - colon - 1, &value)) return refuse(t, VALUE, name, s - name);
        if (!isfinite(value) && !clean(t, &value, DIRTY, name, s - name)) return 0;
        if (!t->dirty && !add_entry(t, name, colon - name, value, name)) return 0;
    }
    return 1;
}

/* What is before the first bar: label, importance, and a tag, which begins with ' or touches the bar. */
static int read_vw_head(text *t, const char *s, const char *bar, const char *line) {
    const char *words[4], *ends[4];
    int n = 0;
    for (;;) {
        while (s < bar && is_blank(*s)) s++;
        if (s == bar) break;
        if (n == 4) return refuse(t, BASE, s, bar - s);
        words[n] = s;
        while (s < bar && !is_blank(*s)) s++;
        ends[n++] = s;
    }
    if (n && (ends[n - 1] == bar || *words[n - 1] == '\'')) n--;
    if (n > 2)
        return refuse(t, n == 3 && memchr(words[2], ':', (size_t)(ends[2] - words[2])) ? LABEL : BASE, words[2],
                      ends[2] - words[2]);
    if (!take_label(t, n ? words[0] : s, n ? ends[0] - words[0] : 0, line) || t->dirty) return t->dirty;
    double weight = 1;
    if (n == 2 && !(number_of(words[1], ends[1] - words[1], &weight) && isfinite(weight) && weight >= 0))
        return refuse(t, memchr(words[1], ':', (size_t)(ends[1] - words[1])) ? LABEL : WEIGHT, words[1],
                      ends[1] - words[1]);
    t->weights[t->rows] = weight;
    t->weighted |= weight != 1;
    return 1;
}

static int read_vw(text *t, const char *s, const char *end) {
    const char *bar = memchr(s, '|', (size_t)(end - s));
    if (!bar) return refuse(t, NO_BAR, s, end - s);
    if (!read_vw_head(t, s, bar, s)) return 0;
    const char *space = NULL;
    int64_t n_space = 0;
    double factor = 1;
    s = bar;
    while (!t->dirty) {
        while (s < end && is_blank(*s)) s++;
        if (s == end) return 1;
        int opens = *s == '|';
        s += opens;
        const char *name = s, *colon;
        while (s < end && !is_blank(*s) && *s != ':' && *s != '|') s++;
        colon = s;
        if (s < end && *s == ':')
            while (s < end && !is_blank(*s) && *s != '|') s++;
        double value = 1;
        int64_t n = colon - name, n_word = 0;
        if (colon < s) {
            if (!n) return refuse(t, NAMELESS, name, s - name);
            if (colon + 1 == s) value = NAN;
            else if (!number_of(colon + 1, s - colon - 1, &value)) {
                char first = colon[1];
                if (opens || (unsigned)(first - '0') < 10 || first == '-' || first == '+' || first == '.'
                    || memchr(colon + 1, ':', (size_t)(s - colon - 1)))
                    return refuse(t, VALUE, name, s - name);
                n_word = s - colon; /* name:word is the feature name=word */
                value = 1;
            }
            if (!isfinite(value) && !clean(t, &value, DIRTY, name, s - name)) return 0;
            if (t->dirty) break;
        }
        if (opens) {
            factor = value, space = name, n_space = n;
            continue;
        }
        if (!isfinite(value *= factor) && !clean(t, &value, DIRTY, name, s - name)) return 0;
        const char *key = n_space || n_word ? key_of(t, space, n_space, name, n, n_word) : name;
        if (!key) return t->flaw ? 0 : refuse(t, NO_MEMORY_LEFT, name, 0);
        int64_t n_key = n + n_word + (n_space ? n_space + 1 : 0);
        if (!t->dirty && !add_entry(t, key, n_key, value, name)) return 0;
    }
    return 1;
}

static void text_begin(text *t) {
    begin_chunk(&t->names), begin_chunk(&t->labels);
    t->n = t->rows = t->n_mended = t->n_left_out = 0;
    t->dense = 1, t->weighted = 0, t->flaw = SOUND;
}

/* Read at most `most` rows of whole lines and return where the reading stopped. */
static const char *text_read(text *t, const char *s, const char *end, int64_t most, int64_t *lines) {
    text_begin(t);
    const char *nul = memchr(s, 0, (size_t)(end - s));
    while (s < end && t->rows < most) {
        const char *stop = memchr(s, '\n', (size_t)(end - s)), *next = stop ? stop + 1 : end;
        const char *first = s;
        stop = stop ? stop : end;
        while (first < stop && is_blank(*first)) first++;
        if (first < stop && !(t->format == SVMLIGHT && *first == '#')) {
            int64_t words = t->names.n_chunk, labels = t->labels.n_chunk, mended = t->n_mended, start = t->n;
            if (!grow((void **)&t->starts, &t->starts_capacity, t->rows + 2, sizeof *t->starts)
                || !grow((void **)&t->weights, &t->weights_capacity, t->rows + 1, sizeof *t->weights)) {
                refuse(t, NO_MEMORY_LEFT, s, 0);
                break;
            }
            t->starts[t->rows] = start, t->dirty = t->n_waiting = 0, t->n_keys = 0;
            int was_dense = t->dense;
            int done = nul && nul < stop       ? refuse(t, NUL_BYTE, s, 0)
                       : t->format == SVMLIGHT ? read_svmlight(t, s, stop)
                                               : read_vw(t, s, stop);
            done = done && (t->dirty || add_entries(t));
            if (done && !t->dirty) {
                t->dense &= !t->rows || t->n - start == t->starts[1];
                t->starts[++t->rows] = t->n;
            } else {
                for (int64_t i = start; i < t->n; i++) t->names.words[t->names.chunk[t->ids[i]]].last = -1;
                shorten_chunk(&t->names, words), shorten_chunk(&t->labels, labels);
                t->n = start, t->n_mended = mended, t->dense = was_dense;
                if (!done) break;
                if (!grow((void **)&t->left_out, &t->left_out_capacity, t->n_left_out + 1, sizeof *t->left_out)) {
                    refuse(t, NO_MEMORY_LEFT, s, 0);
                    break;
                }
                t->left_out[t->n_left_out++] = t->rows;
            }
        }
        s = next, ++*lines;
    }
    return s;
}

#endif
