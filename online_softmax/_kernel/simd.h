/* Wide SIMD where the machine has it, chosen at load time; the same bits everywhere, since every
   loop runs over classes or features that do not depend on each other, and contraction is off. */
#ifndef ONLINE_SOFTMAX_SIMD_H
#define ONLINE_SOFTMAX_SIMD_H

#include <features.h>
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

#include <stdint.h>

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* Eight doubles at a time, in as many registers as the machine needs for them. Loads may read past the lanes in use:
   arrays have LANES doubles to spare at their end. */
enum { LANES = 8 };
typedef double lanes __attribute__((vector_size(64)));
typedef double lanes_at __attribute__((vector_size(64), aligned(8), may_alias));
typedef double half_at __attribute__((vector_size(32), aligned(8), may_alias));
typedef double pair_at __attribute__((vector_size(16), aligned(8), may_alias));

INLINE lanes load(const double *a) { return *(const lanes_at *)a; }

/* Store the first n lanes. */
INLINE void store(double *a, lanes v, int64_t n) {
    if (n >= LANES) {
        *(lanes_at *)a = v;
        return;
    }
    if (n & 4) {
        *(half_at *)a = (half_at){v[0], v[1], v[2], v[3]};
        v = (lanes){v[4], v[5], v[6], v[7]};
        a += 4;
    }
    if (n & 2) {
        *(pair_at *)a = (pair_at){v[0], v[1]};
        v = (lanes){v[2], v[3]};
        a += 2;
    }
    if (n & 1) *a = v[0];
}

/* ---- exp and ln, eight at a time: the same bits whatever the width, within an ulp or two of the exact value ---- */

typedef int64_t words __attribute__((vector_size(64)));
typedef uint64_t naturals __attribute__((vector_size(64)));

INLINE lanes every(double v) { return (lanes){v, v, v, v, v, v, v, v}; }
INLINE lanes choose(words mask, lanes a, lanes b) { return (lanes)((mask & (words)a) | (~mask & (words)b)); }
INLINE lanes lanes_max(lanes a, lanes b) { return choose(a > b, a, b); }
INLINE lanes lanes_min(lanes a, lanes b) { return choose(a < b, a, b); }

/* The first n lanes of v, `rest` in the others. */
INLINE lanes first(lanes v, int64_t n, double rest) {
    const words index = {0, 1, 2, 3, 4, 5, 6, 7};
    return choose(index < n, v, every(rest));
}

/* Sum and maximum over the lanes, in one fixed order. */
INLINE double lanes_sum(lanes v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }
INLINE double lanes_top(lanes v) {
    double top = v[0];
    for (int i = 1; i < LANES; i++) top = v[i] > top ? v[i] : top;
    return top;
}

/* exp(x) = 2^n exp(r), n the integer nearest x / ln 2, and the Taylor series of exp(r) to r^13; 0 below -708. */
INLINE lanes lanes_exp(lanes x) {
    const double magic = 0x1.8p52; /* adding it leaves round(x) in the low bits */
    lanes clamped = lanes_min(lanes_max(x, every(-708.0)), every(709.0));
    lanes t = clamped * 0x1.71547652b82fep0 + magic, n = t - magic;
    lanes r = clamped - n * 0x1.62e42fee00000p-1 - n * 0x1.a39ef35793c76p-33;
    lanes p = every(1.0 / 6227020800.0);
    p = p * r + 1.0 / 479001600.0, p = p * r + 1.0 / 39916800.0, p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0, p = p * r + 1.0 / 40320.0, p = p * r + 1.0 / 5040.0, p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0, p = p * r + 1.0 / 24.0, p = p * r + 1.0 / 6.0, p = p * r + 0.5, p = p * r + 1.0, p = p * r + 1.0;
    lanes power = (lanes)(((words)t - (words)every(magic) + 1023) << 52);
    return choose(x < -708.0, every(0.0), p * power);
}

/* ln x = k ln 2 + ln m with m in [sqrt(1/2), sqrt(2)), ln m = 2 atanh((m - 1) / (m + 1)); for normal x > 0. */
INLINE lanes lanes_log(lanes x) {
    const double magic = 0x1.8p52;
    words bits = (words)x;
    words k = (words)(((naturals)bits - 0x3fe6a09e667f3bcdULL + (1023ULL << 52)) >> 52) - 1023;
    lanes m = (lanes)(bits - (k << 52)), s = (m - 1.0) / (m + 1.0), q = s * s;
    lanes p = every(1.0 / 23);
    p = p * q + 1.0 / 21, p = p * q + 1.0 / 19, p = p * q + 1.0 / 17, p = p * q + 1.0 / 15, p = p * q + 1.0 / 13;
    p = p * q + 1.0 / 11, p = p * q + 1.0 / 9, p = p * q + 1.0 / 7, p = p * q + 1.0 / 5, p = p * q + 1.0 / 3;
    lanes n = (lanes)(k + (words)every(magic)) - magic;
    return n * 0x1.62e42fee00000p-1 + (2.0 * s + (2.0 * s * q * p + n * 0x1.a39ef35793c76p-33));
}

#endif
