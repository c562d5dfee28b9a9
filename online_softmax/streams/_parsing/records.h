/* Where the records of a text end, which is with a line, outside quotes; and which of them are rows. */
#ifndef ONLINE_SOFTMAX_RECORDS_H
#define ONLINE_SOFTMAX_RECORDS_H

#include <stdint.h>
#include <string.h>

/* Return the end of the record from s on, or NULL if it does not end before `end`. A quote opens where a field begins,
   and two of them in it stand for one; `quote` is the first at s or behind it, or `end`, and moves on. */
static const char *record_end(const char *s, const char *end, char delimiter, const char **quote) {
    const char *begin = s, *stop = memchr(s, '\n', (size_t)(end - s));
    while (*quote < (stop ? stop : end)) {
        const char *q = *quote;
        int opens = q == begin || q[-1] == delimiter || q[-1] == '\r' || q[-1] == '\n';
        for (q++; opens; q += 2) {
            q = memchr(q, '"', (size_t)(end - q));
            if (!q) return NULL;
            if (q + 1 == end || q[1] != '"') break;
        }
        s = q + opens;
        const char *next = memchr(s, '"', (size_t)(end - s));
        *quote = next ? next : end;
        if (stop && stop < s) stop = memchr(s, '\n', (size_t)(end - s));
    }
    return stop ? stop + 1 : NULL;
}

/* Tell whether a record is a row: it holds more than blanks, and does not begin with `comment`. */
static int is_row(const char *s, const char *end, const char *blanks, char comment) {
    while (s < end && strchr(blanks, *s) && *s) s++;
    return s < end && !(comment && *s == comment);
}

static const char *first_quote(const char *s, const char *end, char delimiter) {
    const char *quote = delimiter ? memchr(s, '"', (size_t)(end - s)) : NULL;
    return quote ? quote : end;
}

/* Return how many bytes the records take that end in a text. */
static int64_t whole_records(const char *text, int64_t n, char delimiter) {
    const char *s = text, *end = text + n, *next, *quote = first_quote(s, end, delimiter);
    while (s < end && (next = record_end(s, end, delimiter, &quote))) s = next;
    return s - text;
}

/* Note where each row of a text begins; return how many there are. Without a delimiter there are no quotes. */
static int64_t row_starts(const char *text, int64_t n, char delimiter, const char *blanks, char comment,
                          int64_t *starts) {
    const char *s = text, *end = text + n, *quote = first_quote(s, end, delimiter);
    int64_t rows = 0;
    while (s < end) {
        const char *next = record_end(s, end, delimiter, &quote);
        next = next ? next : end;
        if (is_row(s, next, blanks, comment)) starts[rows++] = s - text;
        s = next;
    }
    return rows;
}

#endif
