/* What the kernel was compiled by, and the widest vectors that it takes on this machine. */
#ifndef ONLINE_SOFTMAX_COMPILED_H
#define ONLINE_SOFTMAX_COMPILED_H

#include "simd.h"

static const char *compiler(void) {
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

static const char *vectors(void) {
#if defined(CLONED)
    if (__builtin_cpu_supports("avx512f")) return "AVX-512";
#endif
#if defined(__GNUC__) && defined(__x86_64__)
    return __builtin_cpu_supports("avx2") ? "AVX2" : "SSE2";
#else
    return "the compiler's own choice";
#endif
}

#endif
