/* Lines of plain numbers and one label, between delimiters: the common case of a CSV file, straight to rows.

   Whatever is not plain (a quote, a missing value, another number of fields, an infinity) ends the reading with no
   rows at all. CsvStream then reads the block the slow way, and says what is wrong. */
#ifndef ONLINE_SOFTMAX_GRID_H
#define ONLINE_SOFTMAX_GRID_H

#include "decimal.h"
#include "vocabulary.h"

enum { UNUSED = -1, LABEL_TEXT = -2, LABEL_INTEGER = -3 };

typedef struct {
    vocabulary labels;
    double *values; /* (rows, features); the caller's, as wide as the lines are many */
    int32_t *codes;
    int64_t rows;
} grid;

static void grid_free(grid *g) { forget(&g->labels); }

static int is_plain_integer(const char *s, int64_t n) {
    int64_t sign = n && *s == '-';
    if (n - sign < 1 || n - sign > 18 || (s[sign] == '0' && n > 1)) return 0;
    for (int64_t i = sign; i < n; i++)
        if ((unsigned)(s[i] - '0') >= 10) return 0;
    return 1;
}

static int take_grid_label(grid *g, const char *s, int64_t n, int integer) {
    if (!n || (integer && !is_plain_integer(s, n)) || memchr(s, '\r', (size_t)n)) return 0;
    int64_t number = number_of_text(&g->labels, s, n, hash_of(&g->labels, s, n));
    int32_t place = number < 0 ? -1 : place_of(&g->labels, number);
    if (place < 0) return 0;
    g->codes[g->rows] = place;
    return 1;
}

/* Read all lines from s to end, whose `fields` fields have their roles: a feature's column, or one of the above;
   false where one is not plain. */
static int grid_read(grid *g, const char *s, const char *end, char delimiter, const int32_t *roles, int64_t fields,
                     int64_t features) {
    begin_chunk(&g->labels);
    g->rows = 0;
    while (s < end) {
        if (*s == '\n') {
            s++;
            continue;
        }
        double *row = g->values + g->rows * features;
        for (int64_t j = 0; j < fields; j++) {
            const char *start = s;
            if (roles[j] >= 0) {
                if (*s == '+' || *s == '.' || !(s = decimal_at(s, end, row + roles[j])) || s[-1] == '.'
                    || !isfinite(row[roles[j]]))
                    return 0;
            } else {
                while (s < end && *s != delimiter && *s != '\n') s++;
                int64_t n = s - start - (j + 1 == fields && s > start && s[-1] == '\r');
                if (roles[j] != UNUSED && !take_grid_label(g, start, n, roles[j] == LABEL_INTEGER)) return 0;
            }
            if (j + 1 < fields) {
                if (s == end || *s++ != delimiter) return 0;
            } else {
                s += s < end && *s == '\r';
                if (s < end && *s++ != '\n') return 0;
            }
        }
        g->rows++;
    }
    return 1;
}

#endif
