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

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#endif
