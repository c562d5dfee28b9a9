"""A stream as production has it: python examples/dirty_and_endless.py.

Every event carries an id that never comes again, some are broken, and the classes swap halfway. The model keeps a
thousand features, passes over what is broken, and finds its way back after the swap.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from online_softmax import AutoSoftmaxRegression, progressive_validation


def events(n: int) -> Iterator[tuple[Any, Any]]:
    rng = random.Random(1)
    for i in range(n):
        x: dict[str, Any] = {"size": rng.gauss(0, 50), f"id {i}": 1.0}
        y = "large" if x["size"] > 0 else "small"
        if i > n // 2:
            y = {"large": "small", "small": "large"}[y]
        if i % 100 == 17:
            x["size"] = rng.choice([None, "12", float("nan")])
        yield x, y


def main() -> None:
    model = AutoSoftmaxRegression(max_features=1000)
    result = progressive_validation(events(10_000), model, on_bad="skip")
    print(result)
    print(f"{result.n_bad} broken events, the first after {result.bad[0].row}: {result.bad[0].reason}")
    print(f"{result.n_evicted:,} features made room; {len(model.features):,} are kept")
    for row in result.rows:
        print(f"{row.n_samples:>6,} events: {row.window_accuracy:.1%} of the last {result.window:,} right")


if __name__ == "__main__":
    main()
