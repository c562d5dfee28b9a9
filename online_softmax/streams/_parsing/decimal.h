/* Decimal text to the nearest double, exactly.

   A decimal is w * 10^q with an integer w. Up to 19 digits and for |q| <= 27, w fits 64 bits and so does 5^|q|: then
   w * 5^q, or w / 5^-q with "the remainder is not 0" as its last bit, is rounded once. Everything else goes to
   strtod. */
#ifndef ONLINE_SOFTMAX_DECIMAL_H
#define ONLINE_SOFTMAX_DECIMAL_H

#ifndef _GNU_SOURCE
    #define _GNU_SOURCE
#endif
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__APPLE__)
    #include <xlocale.h>
#elif defined(_WIN32)
    #define locale_t _locale_t
    #define LC_ALL_MASK LC_ALL
    #define newlocale(categories, name, base) _create_locale(categories, name)
    #define strtod_l _strtod_l
#endif

enum { EXACT_POWER = 27, MOST_DIGITS = 19, LONGEST_NUMBER = 512 };

/* 5^k, shifted so that its highest bit is the 64th; and (2^128 - 1) / that - 2^64. */
static const uint64_t FIVE_TO[EXACT_POWER + 1] = {
    0x8000000000000000u, 0xA000000000000000u, 0xC800000000000000u, 0xFA00000000000000u, 0x9C40000000000000u,
    0xC350000000000000u, 0xF424000000000000u, 0x9896800000000000u, 0xBEBC200000000000u, 0xEE6B280000000000u,
    0x9502F90000000000u, 0xBA43B74000000000u, 0xE8D4A51000000000u, 0x9184E72A00000000u, 0xB5E620F480000000u,
    0xE35FA931A0000000u, 0x8E1BC9BF04000000u, 0xB1A2BC2EC5000000u, 0xDE0B6B3A76400000u, 0x8AC7230489E80000u,
    0xAD78EBC5AC620000u, 0xD8D726B7177A8000u, 0x878678326EAC9000u, 0xA968163F0A57B400u, 0xD3C21BCECCEDA100u,
    0x84595161401484A0u, 0xA56FA5B99019A5C8u, 0xCECB8F27F4200F3Au};
static const uint64_t INVERSE[EXACT_POWER + 1] = {
    0xFFFFFFFFFFFFFFFFu, 0x9999999999999999u, 0x47AE147AE147AE14u, 0x0624DD2F1A9FBE76u, 0xA36E2EB1C432CA57u,
    0x4F8B588E368F0846u, 0x0C6F7A0B5ED8D36Bu, 0xAD7F29ABCAF48578u, 0x5798EE2308C39DF9u, 0x12E0BE826D694B2Eu,
    0xB7CDFD9D7BDBAB7Du, 0x5FD7FE17964955FDu, 0x19799812DEA11197u, 0xC25C268497681C26u, 0x6849B86A12B9B01Eu,
    0x203AF9EE756159B2u, 0xCD2B297D889BC2B6u, 0x70EF54646D496892u, 0x2725DD1D243ABA0Eu, 0xD83C94FB6D2AC34Au,
    0x79CA10C9242235D5u, 0x2E3B40A0E9B4F7DDu, 0xE392010175EE5962u, 0x82DB34012B25144Eu, 0x357C299A88EA76A5u,
    0xEF2D0F5DA7DD8AA2u, 0x8C240C4AECB13BB5u, 0x3CE9A36F23C0FC90u};
static const int FIVE_BITS[EXACT_POWER + 1] = {1,  3,  5,  7,  10, 12, 14, 17, 19, 21, 24, 26, 28, 31,
                                               33, 35, 38, 40, 42, 45, 47, 49, 52, 54, 56, 59, 61, 63};

/* w * 2^e for a w whose rounding to a double is all there is to round. */
static inline double scaled(uint64_t w, int e) {
    double power;
    uint64_t bits = (uint64_t)(1023 + e) << 52;
    memcpy(&power, &bits, sizeof power);
    return (double)w * power;
}

static inline double exact(uint64_t w, int q) {
    if (q == 0 || w == 0) return (double)w;
    int k = q < 0 ? -q : q, left = __builtin_clzll(w);
    uint64_t five = FIVE_TO[k];
    w <<= left;
    if (q > 0) {
        unsigned __int128 product = (unsigned __int128)w * five;
        uint64_t kept = (uint64_t)(product >> 64) | ((uint64_t)product != 0);
        return scaled(kept, q + FIVE_BITS[k] - left);
    }
    /* w / 2 * 2^64 / five, by one multiplication with the inverse and two corrections (Moeller and Granlund 2011). */
    uint64_t high = w >> 1, low = w << 63;
    unsigned __int128 guess = (unsigned __int128)INVERSE[k] * high + (((unsigned __int128)high << 64) | low);
    uint64_t ratio = (uint64_t)(guess >> 64) + 1, left_over = low - ratio * five;
    if (left_over > (uint64_t)guess) ratio--, left_over += five;
    if (left_over >= five) ratio++, left_over -= five;
    return scaled(ratio | (left_over != 0), q + 1 - left - FIVE_BITS[k]);
}

static double slow_number(const char *s, int64_t n) {
    char text[LONGEST_NUMBER + 1], *end;
    static locale_t plain;
    if (n > LONGEST_NUMBER) return NAN;
    if (!plain) plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    memcpy(text, s, (size_t)n);
    text[n] = 0;
    return strtod_l(text, &end, plain);
}

/* Read on the digits at `at`, eight at a time while there are eight. */
static inline const char *digits_of(const char *at, const char *end, uint64_t *w) {
    uint64_t v;
    for (; end - at >= 8; at += 8) {
        memcpy(&v, at, 8);
        if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
            || ((v & 0xF0F0F0F0F0F0F0F0u) | (((v + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) >> 4))
                   != 0x3333333333333333u)
            break;
        v = (v & 0x0F0F0F0F0F0F0F0Fu) * 2561 >> 8;
        v = (v & 0x00FF00FF00FF00FFu) * 6553601 >> 16;
        v = (v & 0x0000FFFF0000FFFFu) * 42949672960001u >> 32;
        *w = *w * 100000000 + v;
    }
    for (; at < end && (unsigned)(*at - '0') < 10; at++) *w = *w * 10 + (uint64_t)(*at - '0');
    return at;
}

/* Read the decimal that begins at s, and return where it ends; NULL where none begins. */
static inline const char *decimal_at(const char *s, const char *end, double *out) {
    const char *at = s;
    int negative = at < end && *at == '-';
    uint64_t w = 0;
    at += negative || (at < end && *at == '+');
    const char *first = at;
    at = digits_of(at, end, &w);
    int64_t digits = at - first, q = 0;
    if (at < end && *at == '.') {
        const char *point = ++at;
        at = digits_of(at, end, &w);
        q = point - at;
        digits -= q;
    }
    if (!digits) return NULL;
    if (digits > MOST_DIGITS) /* zeros that lead do not count */
        for (const char *zero = first; zero < at && (*zero == '0' || *zero == '.'); zero++) digits -= *zero == '0';
    if (at < end && (*at | 32) == 'e') {
        int below = at + 1 < end && at[1] == '-';
        int64_t power = 0;
        const char *start = at + 1 + (at + 1 < end && (at[1] == '-' || at[1] == '+'));
        for (at = start; at < end && (unsigned)(*at - '0') < 10; at++)
            power = power < 100000 ? power * 10 + (*at - '0') : power;
        if (at == start) return NULL;
        q += below ? -power : power;
    }
    if (digits <= MOST_DIGITS && -EXACT_POWER <= q && q <= EXACT_POWER) {
        double x = exact(w, (int)q);
        *out = negative ? -x : x;
    } else *out = slow_number(s, at - s);
    return at;
}

static inline int is_word(const char *s, int64_t n, const char *word) {
    int64_t i = 0;
    for (; i < n && word[i]; i++)
        if ((s[i] | 32) != word[i]) return 0;
    return i == n && !word[i];
}

/* The number that the n characters at s spell, all of them; false where they spell none. */
static inline int number_of(const char *s, int64_t n, double *out) {
    if (n == 1 && (unsigned)(*s - '0') < 10) {
        *out = *s - '0';
        return 1;
    }
    if (decimal_at(s, s + n, out) == s + n) return 1;
    int sign = n && (*s == '-' || *s == '+');
    if (is_word(s + sign, n - sign, "nan")) *out = NAN;
    else if (is_word(s + sign, n - sign, "inf") || is_word(s + sign, n - sign, "infinity"))
        *out = *s == '-' ? -INFINITY : INFINITY;
    else return 0;
    return 1;
}

#endif
