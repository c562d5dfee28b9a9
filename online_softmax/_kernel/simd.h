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
#include <string.h>

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

#endif
