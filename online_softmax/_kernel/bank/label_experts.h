/* Experts that look at labels only: the recent shares of the classes, their shares since the start, and which class
   follows which. */
#ifndef ONLINE_SOFTMAX_LABEL_EXPERTS_H
#define ONLINE_SOFTMAX_LABEL_EXPERTS_H

#include <stdlib.h>
#include "mixture.h"

enum { RECENT, ALWAYS, MARKOV, LABEL_EXPERTS };

#define RECENT_DECAY 0.98
#define MARKOV_CLASSES 512 /* beyond so many the Markov expert answers as ALWAYS does, and its table is dropped */

typedef struct {
    double *recent, *always; /* decayed counts, and counts */
    double *follow;          /* follow[a * follow_stride + b]: how often b came right after a */
    int64_t follow_stride;
    double recent_sum, always_sum;
    int64_t last; /* the class of the last sample */
} labels;

/* p_c = (N_c + 1/2) / (N + C/2), and for Markov (N_last,c + C p_c) / (N_last + C) with the long-run p_c. */
INLINE void labels_predict(const labels *l, double *Z, double *P, int64_t stride, int64_t C) {
    double *recent = P + RECENT * stride, *always = P + ALWAYS * stride, *markov = P + MARKOV * stride;
    double n = (double)C, half = .5 * n;
    lanes sum = {0};
    const double *follow = l->follow && C <= MARKOV_CLASSES ? l->follow + l->last * l->follow_stride : NULL;
    if (follow)
        FOR_LANES(c) sum += first(load(follow + c), C - c, 0);
    double follow_sum = lanes_sum(sum);
    FOR_LANES(c) {
        lanes p = (load(l->always + c) + .5) / (l->always_sum + half);
        store(always + c, first(p, C - c, 0), LANES);
        store(recent + c, first((load(l->recent + c) + .5) / (l->recent_sum + half), C - c, 0), LANES);
        if (follow) p = (load(follow + c) + n * p) / (follow_sum + n);
        store(markov + c, first(p, C - c, 0), LANES);
    }
    for (int k = 0; k < LABEL_EXPERTS; k++)
        FOR_LANES(c) store(Z + k * stride + c, lanes_log(lanes_max(load(P + k * stride + c), every(1e-300))), LANES);
}

INLINE void labels_learn(labels *l, int64_t C, int64_t y, double weight) {
    FOR_LANES(c) store(l->recent + c, load(l->recent + c) * RECENT_DECAY, LANES);
    l->recent[y] += weight, l->recent_sum = l->recent_sum * RECENT_DECAY + weight;
    l->always[y] += weight, l->always_sum += weight;
    if (l->follow && C > MARKOV_CLASSES) free(l->follow), l->follow = NULL;
    if (l->follow) l->follow[l->last * l->follow_stride + y] += weight;
    l->last = y;
}

#endif
