"""Progressive scoring: predict the row, score the answer, then learn it."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Iterable, Sequence
from typing import Protocol

Rows = list[tuple[dict, dict, Hashable]]  # what to predict from, what to learn from, the label
NOTHING = {"log_loss": None, "accuracy": None, "us": None, "rows": 0, "by": {}}


class Model(Protocol):
    def predict_proba_one(self, x: dict) -> dict[Hashable, float]: ...

    def learn_one(self, x: dict, y: Hashable) -> object: ...


def plain(rows: Iterable[tuple[dict, Hashable]]) -> Rows:
    return [(x, x, y) for x, y in rows]


def tenths(n: int) -> list[int]:
    return [n * k // 10 for k in range(1, 11)]


def score(model: Model, rows: Rows, shares: Sequence[float] = (0.0,), limit: float = math.inf) -> dict:
    """Mean log loss over the rows whose label was seen before, accuracy over all rows, processor µs a row.

    No answer can hit a label never seen: such a row is an error for accuracy and is left out of the log loss.
    A model that raises or answers NaN has no score. Of several shares of the uniform law over the classes seen, which
    take the place of a part of each answer, the one with the least log loss counts. `by` has log loss and accuracy
    over the first tenths of the rows. A model that takes the processor for longer than `limit` seconds is stopped: its
    figures are those of the last tenth that it ended, and `rows` says how many rows these are.
    """
    seen, losses, hits, by, us = set(), [0.0] * len(shares), 0, {}, None
    marks, often, start = set(tenths(len(rows))), max(1, len(rows) // 1000), time.process_time()
    for n, (before, after, y) in enumerate(rows, 1):
        try:
            p = model.predict_proba_one(before)
            model.learn_one(after, y)
        except (ArithmeticError, ValueError):
            return NOTHING
        if y in seen:
            for i, share in enumerate(shares):
                losses[i] -= math.log(max((1 - share) * p.get(y, 0.0) + share / len(seen), 1e-15))
            hits += max(p, key=p.get) == y
        seen.add(y)
        if n in marks and n > len(seen):
            us = (time.process_time() - start) / n * 1e6
            by[n] = [round(min(losses) / (n - len(seen)), 6), round(hits / n, 6)]
        if n % often == 0 and time.process_time() - start > limit:
            break
    if not by or not math.isfinite(min(losses)):
        return NOTHING
    n = max(by)
    return {"log_loss": by[n][0], "accuracy": by[n][1], "us": round(us, 2), "rows": n, "by": by}
