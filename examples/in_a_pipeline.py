"""Words and numbers in one river pipeline: python examples/in_a_pipeline.py.

Messages arrive one at a time, each with a sender's age in days; the class is spam or ham. The words become counts, the
age passes, and the model scales both for itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from river import compose, feature_extraction, metrics

from online_softmax import AutoSoftmaxRegression

SPAM, HAM = (
    ["win", "cash", "now", "free", "prize", "click"],
    ["meeting", "lunch", "report", "tomorrow", "thanks", "call"],
)


def messages(n: int) -> Iterator[tuple[dict[str, object], str]]:
    rng = random.Random(7)
    for _ in range(n):
        kind = rng.choice(["spam", "ham"])
        words = rng.choices(SPAM if kind == "spam" else HAM, k=4) + rng.choices(SPAM + HAM, k=4)
        yield {"text": " ".join(words), "age": rng.expovariate(1 / (30 if kind == "spam" else 900))}, kind


def main() -> None:
    words = compose.Select("text") | feature_extraction.BagOfWords(on="text", lowercase=False)
    model = (words + compose.Select("age")) | AutoSoftmaxRegression()
    accuracy = metrics.Accuracy()
    for x, y in messages(2000):
        accuracy.update(y, model.predict_one(x))
        model.learn_one(x, y)
    print(f"{accuracy.get():.1%} of 2,000 messages were told before they were learned")
    print({label: round(p, 3) for label, p in model.predict_proba_one({"text": "free lunch", "age": 2000.0}).items()})


if __name__ == "__main__":
    main()
