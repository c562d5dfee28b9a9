"""Make the golden figures anew from the reference: `make golden`, or `python -m tests.golden.make`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from tests.golden.streams import LATE, LINEAR, WEIGHTED, WHOLE, random_weights
from tests.reference.bank import Bank, progressive

HERE = Path(__file__).parent


def figures(stream, rows=None, weights=None, **parameters):
    """Give p of each row's true class (0 where it is new) and the largest p (1 where there is none), a row each."""
    samples = list(islice(stream(), rows))
    answers = progressive(samples, weights, Bank(**parameters))
    return np.array([(p.get(y, 0), max(p.values(), default=1)) for (_, y), p in zip(samples, answers, strict=True)])


def linear(rows=None):
    """Give what auto.npz holds, by name; the first `rows` of each stream, or all."""
    return {name: figures(stream, rows, interactions=False) for name, stream in LINEAR.items()}


def whole(rows=None):
    """Give what interactions.npz holds, likewise."""
    found = {}
    for name, stream in (WHOLE | LATE).items():
        found[name] = figures(stream, rows)
        found[f"{name}, linear"] = figures(stream, rows, interactions=False)
        if name in WHOLE:
            found[f"{name}, window 50"] = figures(stream, rows, window=50)
        if name in WEIGHTED:
            found[f"{name}, weights"] = figures(stream, rows, random_weights())
            found[f"{name}, weights, linear"] = figures(stream, rows, random_weights(), interactions=False)
    return {name: both[:, 0] for name, both in found.items()}


def main():
    for path, made in ((HERE / "auto.npz", linear()), (HERE / "interactions.npz", whole())):
        with np.load(path) as were:
            moved = max((np.abs(made[name][1:] - were[name][1:]).max() for name in were if name in made), default=0.0)
        np.savez_compressed(path, **made)
        print(f"{path.name}: the largest change of a figure is {moved:.1e}")


if __name__ == "__main__":
    main()
