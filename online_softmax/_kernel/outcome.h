/* What a call into the kernel comes to. */
#ifndef ONLINE_SOFTMAX_OUTCOME_H
#define ONLINE_SOFTMAX_OUTCOME_H

enum { LEARNED = 0, OVERFLOWED = -1, NO_MEMORY = -2 };

#endif
