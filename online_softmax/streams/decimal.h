/* Decimal text to the nearest double, exactly.

   A decimal is w * 10^q with an integer w. Up to 19 digits and for |q| <= 27, w fits 64 bits and so does 5^|q|: then w * 5^q, or w / 5^-q
   with "the remainder is not 0" as its last bit, is rounded once. Everything else goes to strtod. */
#ifndef ONLINE_SOFTMAX_DECIMAL_H
#define ONLINE_SOFTMAX_DECIMAL_H

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

enum { EXACT_POWER = 27, LONGEST_NUMBER = 512 };

static const uint64_t FIVE_TO[EXACT_POWER + 1] = {
    1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125, 6103515625, 30517578125,
    152587890625, 762939453125, 3814697265625, 19073486328125, 95367431640625, 476837158203125, 2384185791015625, 11920928955078125,
    59604644775390625, 298023223876953125, 1490116119384765625, 7450580596923828125};

/* w * 2^e for a w whose rounding to a double is all there is to round. */
static inline double scaled(uint64_t w, int e) {
    double power;
    uint64_t bits = (uint64_t)(1023 + e) << 52;
    memcpy(&power, &bits, sizeof power);
    return (double)w * power;
}

static inline double exact(uint64_t w, int q) {
    if (q == 0 || w == 0)
        return (double)w;
    if (q < 0) {
        uint64_t d = FIVE_TO[-q];
        int left = __builtin_clzll(w), down = __builtin_clzll(d);
        unsigned __int128 top = (unsigned __int128)(w << left) << 63;
        d <<= down;
        uint64_t ratio = (uint64_t)(top / d);
        return scaled(ratio | (top % d != 0), q - 63 - left + down);
    }
    unsigned __int128 product = (unsigned __int128)w * FIVE_TO[q];
    uint64_t high = (uint64_t)(product >> 64);
    if (!high)
        return scaled((uint64_t)product, q);
    int right = 64 - __builtin_clzll(high);
    uint64_t kept = (uint64_t)(product >> right), lost = (uint64_t)(product & (((unsigned __int128)1 << right) - 1));
    return scaled(kept | (lost != 0), q + right);
}

static double slow_number(const char *s, int64_t n) {
    char text[LONGEST_NUMBER + 1], *end;
    static locale_t plain;
    if (n > LONGEST_NUMBER)
        return NAN;
    if (!plain)
        plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    memcpy(text, s, (size_t)n);
    text[n] = 0;
    return strtod_l(text, &end, plain);
}

static inline int is_word(const char *s, int64_t n, const char *word) {
    int64_t i = 0;
    for (; i < n && word[i]; i++)
        if ((s[i] | 32) != word[i])
            return 0;
    return i == n && !word[i];
}

/* The number that the n characters at s spell, all of them; false where they spell none. */
static int number_of(const char *s, int64_t n, double *out) {
    const char *at = s, *end = s + n;
    int negative = at < end && *at == '-', digits = 0, any = 0, q = 0;
    uint64_t w = 0;
    at += negative || (at < end && *at == '+');
    const char *first = at;
    for (; at < end && (unsigned)(*at - '0') < 10; at++, any = 1)
        if (w || *at != '0')
            w = w * 10 + (uint64_t)(*at - '0'), digits++;
    if (at < end && *at == '.')
        for (at++; at < end && (unsigned)(*at - '0') < 10; at++, any = 1, q--)
            if (w || *at != '0')
                w = w * 10 + (uint64_t)(*at - '0'), digits++;
    if (!any) {
        int64_t left = end - first;
        if (is_word(first, left, "nan"))
            *out = NAN;
        else if (is_word(first, left, "inf") || is_word(first, left, "infinity"))
            *out = negative ? -INFINITY : INFINITY;
        else
            return 0;
        return 1;
    }
    if (at < end && (*at | 32) == 'e') {
        int below = at + 1 < end && at[1] == '-', power = 0;
        const char *start = at += 1 + (at + 1 < end && (at[1] == '-' || at[1] == '+'));
        for (; at < end && (unsigned)(*at - '0') < 10; at++)
            power = power < 100000 ? power * 10 + (*at - '0') : power;
        if (at == start)
            return 0;
        q += below ? -power : power;
    }
    if (at != end)
        return 0;
    if (digits <= 19 && -EXACT_POWER <= q && q <= EXACT_POWER)
        *out = negative ? -exact(w, q) : exact(w, q);
    else
        *out = slow_number(s, n);
    return 1;
}

#endif
