/* Wide SIMD where the machine has it, chosen at load time; the same bits everywhere, since every
   loop runs over classes or features that do not depend on each other, and contraction is off. */
#ifndef ONLINE_SOFTMAX_SIMD_H
#define ONLINE_SOFTMAX_SIMD_H

#include <limits.h> /* defines __GLIBC__ where there is glibc */
#include <stdint.h>
#include <string.h>

#if defined(WIDE)
#elif defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* A function in a version for vectors of four doubles and one for two, chosen at each call; its body takes the number first.
   Where gcc would split a wider vector than the machine's, it goes through memory: hence not by `lanes`. */
#if defined(VERSIONS)
#elif defined(__GNUC__) && defined(__x86_64__)
#define VERSIONS(type, name, body, parameters, ...) \
    __attribute__((target("avx2"))) static type name##_4 parameters { return body(4, __VA_ARGS__); } \
    static type name parameters { \
        return __builtin_cpu_supports("avx2") ? name##_4(__VA_ARGS__) : body(2, __VA_ARGS__); \
    }
#else
#define VERSIONS(type, name, body, parameters, ...) \
    static type name parameters { return body(2, __VA_ARGS__); }
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
#define EXP_SERIES(r, r2, r4) \
    (1.0 + (r + r2 * ((1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120)) \
        + r4 * ((1.0 / 720 + r * (1.0 / 5040)) + r2 * (1.0 / 40320 + r * (1.0 / 362880)) \
        + r4 * ((1.0 / 3628800 + r * (1.0 / 39916800)) + r2 * (1.0 / 479001600 + r * (1.0 / 6227020800)))))))
INLINE lanes lanes_exp(lanes x) {
    const double magic = 0x1.8p52; /* adding it leaves round(x) in the low bits */
    lanes clamped = lanes_min(lanes_max(x, every(-708.0)), every(709.0));
    lanes t = clamped * 0x1.71547652b82fep0 + magic, n = t - magic;
    lanes r = clamped - n * 0x1.62e42fee00000p-1 - n * 0x1.a39ef35793c76p-33;
    lanes r2 = r * r, r4 = r2 * r2, p = EXP_SERIES(r, r2, r4);
    lanes power = (lanes)(((words)t - (words)every(magic) + 1023) << 52);
    return choose(x < -708.0, every(0.0), p * power);
}

/* The same for one x <= 0, in a form that the compiler turns into vectors of any width. */
INLINE double fast_exp(double x) {
    const double magic = 0x1.8p52;
    double clamped = x > -708 ? x : -708, t = clamped * 0x1.71547652b82fep0 + magic, n = t - magic, power;
    double r = clamped - n * 0x1.62e42fee00000p-1 - n * 0x1.a39ef35793c76p-33, r2 = r * r, r4 = r2 * r2;
    uint64_t bits;
    memcpy(&bits, &t, 8);
    bits = (bits + 1023) << 52;
    memcpy(&power, &bits, 8);
    power *= EXP_SERIES(r, r2, r4);
    return x < -708 ? 0 : power;
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

/* ---- by their bits: the same at every width ---- */

/* Whether every value is finite: the exponent of inf and nan is all ones, and one more carries into the sign. */
INLINE int all_finite(const double *a, int64_t n) {
    uint64_t carried = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, a + i, 8);
        carried |= (bits & 0x7ff0000000000000) + 0x0010000000000000;
    }
    return !(carried >> 63);
}

/* The largest |a|: doubles above 0 are in the order of their bits, and beyond them all are inf and nan. */
INLINE double largest_of(const double *a, int64_t n) {
    int64_t top = 0;
    double largest;
    for (int64_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, a + i, 8);
        bits &= INT64_MAX;
        top = bits > top ? bits : top;
    }
    memcpy(&largest, &top, 8);
    return largest;
}

#endif
