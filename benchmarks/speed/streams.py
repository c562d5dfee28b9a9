"""The streams, by name: two that come with river, and generated ones that show what the time of a sample depends on."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import product

from river import datasets
from river.datasets import synth
from river.preprocessing import StandardScaler

Row = tuple[dict, Hashable]
ALL = "learn_one", "predict_proba_one", "predict_one", "learn_one_adam", "default", "linear", "pipeline"
FRAMES = "learn_many_pandas", "learn_many_pyarrow"
RECORDS = "records", "records_default", "records_pipeline"
SEED = 42


@dataclass(frozen=True)
class Stream:
    """`rows` are standardised where `raw` are not; `features` and `classes`: what a model sees before the rows."""

    rows: Callable[[], list[Row]]
    calls: tuple[str, ...]
    turns: int
    raw: Callable[[], list[Row]] | None = None
    features: list[Hashable] = field(default_factory=list)
    classes: list[Hashable] = field(default_factory=list)


def image_segments() -> list[Row]:
    return list(datasets.ImageSegments())


def image_segments_standardised() -> list[Row]:
    scaler = StandardScaler()

    def row(x: dict) -> dict:
        scaler.learn_one(x)
        return scaler.transform_one(x)

    return [(row(x), y) for x, y in image_segments()]


def led() -> list[Row]:
    return list(synth.LED(seed=SEED, irrelevant_features=True).take(2000))


def name(i: int) -> str:
    return f"feature {i}"


def sparse(classes: int, used: int, n: int) -> list[Row]:
    """Rows of 10 to 20 entries, drawn uniformly from the first `used` features; normal values, labels at random."""
    draw = random.Random(SEED)

    def x() -> dict:
        features = draw.sample(range(used), draw.randint(10, min(20, used)))
        return {name(i): draw.gauss(0, 1) for i in features}

    return [(x(), draw.randrange(classes)) for _ in range(n)]


TEXTS, VALUES = 10, 8  # columns of texts, and of numbers; values of a text


def mixed() -> list[Row]:
    """Rows of as many texts as numbers, of four classes, which depend on some of both."""
    draw = random.Random(SEED)

    def row() -> Row:
        values = [draw.randrange(VALUES) for _ in range(TEXTS)]
        numbers = [draw.gauss(0, 1) for _ in range(TEXTS)]
        x = {f"text {j}": f"value {value}" for j, value in enumerate(values)}
        y = (values[0] > 3) + 2 * (values[1] / VALUES + numbers[0] > 0.5)
        return x | {f"number {j}": number for j, number in enumerate(numbers)}, f"class {y}"

    return [row() for _ in range(2000)]


# Features ever seen, and how many of them the timed samples draw from.
CLASSES = 2, 7, 100, 1000
FEATURES = (10, 10), (1000, 1000), (100_000, 1000), (100_000, 100_000)


def grid(classes: int, seen: int, used: int) -> Stream:
    def rows() -> list[Row]:
        return sparse(classes, used, 2000)

    names = [name(i) for i in random.Random(SEED).sample(range(seen), seen)]
    return Stream(rows, ("learn_one", "predict_proba_one"), 5, features=names, classes=list(range(classes)))


STREAMS = {
    "image_segments": Stream(image_segments_standardised, (*ALL, *FRAMES), 15, raw=image_segments),
    "led": Stream(led, ALL, 9, raw=led),
    "mixed": Stream(mixed, RECORDS, 9),
} | {f"grid {c} {seen} {used}": grid(c, seen, used) for c, (seen, used) in product(CLASSES, FEATURES)}
