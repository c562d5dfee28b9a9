"""Progressive scoring: predict the row, score the answer, then learn it."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Iterable, Sequence
from typing import Protocol

Rows = list[tuple[dict, dict, Hashable]]  # what to predict from, what to learn from, the label


class Model(Protocol):
    def predict_proba_one(self, x: dict) -> dict[Hashable, float]: ...

    def learn_one(self, x: dict, y: Hashable) -> object: ...


def plain(rows: Iterable[tuple[dict, Hashable]]) -> Rows:
    return [(x, x, y) for x, y in rows]


def score(model: Model, rows: Rows, shares: Sequence[float] = (0.0,)) -> dict[str, float | None]:
    """Mean log loss over the rows whose label was seen before, accuracy over all rows, processor µs a row.

    No answer can hit a label never seen: such a row is an error for accuracy and is left out of the log loss.
    A model that raises or answers NaN has no score. Of several shares of the uniform law over the classes seen, which
    take the place of a part of each answer, the one with the least log loss counts.
    """
    seen, losses, hits = set(), [0.0] * len(shares), 0
    start = time.process_time()
    for before, after, y in rows:
        try:
            p = model.predict_proba_one(before)
            model.learn_one(after, y)
        except (ArithmeticError, ValueError):
            return {"log_loss": None, "accuracy": None, "us": None}
        if y in seen:
            for i, share in enumerate(shares):
                losses[i] -= math.log(max((1 - share) * p.get(y, 0.0) + share / len(seen), 1e-15))
            hits += max(p, key=p.get) == y
        seen.add(y)
    seconds, loss = time.process_time() - start, min(losses)
    if not math.isfinite(loss):
        return {"log_loss": None, "accuracy": None, "us": None}
    return {
        "log_loss": round(loss / (len(rows) - len(seen)), 6),
        "accuracy": round(hits / len(rows), 6),
        "us": round(seconds / len(rows) * 1e6, 2),
    }
