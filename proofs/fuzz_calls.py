"""Hand hostile things to models, call by call: each call is answered or refused, and a refused one changes nothing.

`make reliability PROOFS=fuzz_calls`, or `python -m proofs.fuzz_calls --calls 1000000`. A trial is one
model and up to a few hundred calls of all its methods. After every call that is refused, and after every question, the
bytes of the whole state are compared with those before it; after every call that is learned, all numbers are finite,
and the probabilities of an honest sample sum to 1 within 1e-12. An error is a TypeError, a ValueError, an OverflowError
of a step that leaves the doubles, the RuntimeError of a model called from inside its own call, or what the hostile
object itself raised. `--trial n` repeats a trial alone. Prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import pickle
import random
import sys
import time
import warnings
from collections import Counter
from decimal import InvalidOperation
from typing import Any

import numpy as np
from river import optim

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, ImplicitSGD, SoftmaxRegression, inspection
from proofs import hostile, hostile_frames
from proofs.batches import run
from proofs.spiteful import Moody, SpiteError

OPTIMIZERS = [
    optim.SGD,
    optim.Momentum,
    optim.NesterovMomentum,
    optim.AdaGrad,
    optim.AdaDelta,
    optim.RMSProp,
    optim.Adam,
]
OPTIMIZERS += [
    optim.AMSGrad,
    optim.AdaMax,
    optim.Nadam,
    optim.AdaBound,
    optim.FTRLProximal,
    ImplicitSGD,
    ImplicitAdaGrad,
]
CALLS_A_TRIAL = 200  # on average
GROWN = 0.1  # the share of models that have learned something before
EXPECTED = (TypeError, ValueError, OverflowError, SpiteError, InvalidOperation)  # a signalling NaN raises it
INSIDE = (
    "from inside one of its own calls",
    "changed while",
    "changed size during iteration",
    "mutated during iteration",
)


def model_of(rng: random.Random) -> Any:
    """Give a model with parameters at random."""
    room = {"max_features": rng.choice([None, None, None, 1, 4, 20]), "hash_bits": rng.choice([None] * 5 + [1, 4, 12])}
    room |= {"categorical": rng.random() < 0.4, "missing": rng.choice(["raise", "raise", "zero", "indicate"])}
    if rng.random() < 0.5:
        interactions, window = rng.choice([True, False, "auto"]), rng.choice([1, 2, 5, 30, 1000])
        return AutoSoftmaxRegression(interactions=interactions, window=window, **room)
    Optimizer = rng.choice(OPTIMIZERS)
    implicit = Optimizer in (ImplicitSGD, ImplicitAdaGrad)
    rate = rng.choice([0.01, 1.0, 1e6, optim.schedulers.InverseScaling(0.1)])
    return SoftmaxRegression(
        Optimizer() if Optimizer in (optim.AdaDelta, optim.FTRLProximal) or rng.random() < 0.5 else Optimizer(rate),
        None if implicit or rng.random() < 0.8 else optim.losses.CrossEntropy({"c1": 3.0, 0: 1e10}),
        l2=rng.choice([0.0, 0.0, 0.01, 10.0]),
        intercept=rng.random() < 0.5,
        clip_gradient=None if implicit or rng.random() < 0.8 else rng.choice([0.0, 0.1, 1e300]),
        **room,
    )


class Trial:
    """One model, and calls of it.

    Parameters
    ----------
    seed
        The seed of everything in it.
    """

    def __init__(self, seed: str) -> None:
        self.rng = rng = random.Random(seed)
        self.model = model_of(rng)
        n_names = rng.choice([3, 6, 6, 6, 40]) if rng.random() < 0.97 else 130
        n_labels = rng.choice([2, 3, 5]) if rng.random() < 0.97 else 60
        weighted = isinstance(self.model, SoftmaxRegression) and self.model.loss.class_weight
        restless = self.model.max_features is None and not weighted  # both look labels up again, later
        self.things = hostile.Generator(rng, n_names, n_labels, self.meddle, restless)
        if rng.random() < GROWN:
            for x, y in hostile.concept(self.things.names, self.things.labels, rng.choice([100, 400, 1200]), rng):
                with contextlib.suppress(ValueError, OverflowError):  # one feature too many, a step beyond the doubles
                    self.model.learn_one(x, y)
        self.counts: Counter[str] = Counter()
        self.state, self.depth = self.fingerprint(), 0

    def fingerprint(self) -> tuple[Any, ...]:
        """Give all that the model has learned, to the last bit, and which objects its names and labels are."""
        state = self.model._state()
        self.numbers = [value for value in state.values() if isinstance(value, np.ndarray | float)]
        names, labels = state.pop("names"), state.pop("labels")
        plain = tuple(value.tobytes() if isinstance(value, np.ndarray) else value for value in state.values())
        return tuple(map(id, names)), tuple(map(id, labels)), plain

    def meddle(self) -> None:
        """Call the model as one of its calls is reading: that is one more call, answered or refused by itself."""
        if self.depth:
            return
        try:
            self.model.predict_one({})
        except RuntimeError as error:  # the outer call holds the model
            if INSIDE[0] not in str(error):
                raise
            self.counts["from inside a call, refused"] += 1
            return
        self.depth += 1
        try:
            self.call(
                random.Random(self.rng.random()).choice([self.learn_one, self.predict_one, self.forget_feature]), 0.3
            )
        finally:
            self.depth -= 1

    # ---- the calls: each gives whether it teaches ----

    def learn_one(self, mood: float) -> bool:
        self.model.learn_one(self.things.mapping(mood), self.things.label(mood), self.things.weight(mood))
        return True

    def predict_one(self, mood: float) -> bool:
        self.model.predict_one(self.things.mapping(mood))
        return False

    def predict_proba_one(self, mood: float) -> bool:
        self.sums_to_one(list(self.model.predict_proba_one(self.things.mapping(mood)).values()))
        return False

    def loss_one(self, mood: float) -> bool:
        assert self.model.loss_one(self.things.mapping(mood), self.things.label(mood)) >= 0
        return False

    def explain_one(self, mood: float) -> bool:
        part = {} if isinstance(self.model, SoftmaxRegression) else {"of": self.rng.choice(["whole", "linear"])}
        explanation = self.model.explain_one(self.things.mapping(mood), **part)
        assert all(map(math.isfinite, explanation.scores.values())), "a score is not finite"
        self.sums_to_one(list(explanation.probabilities.values()))
        return False

    def inspect(self, mood: float) -> bool:
        inspection(self.model, self.rng.choice([0, 1, 5])).to_dict()
        return False

    def learn_many(self, mood: float) -> bool:
        self.model.learn_many(*hostile_frames.labelled(self.things, mood))
        return True

    def learn_batch(self, mood: float) -> bool:
        if not isinstance(self.model, SoftmaxRegression):
            return self.learn_many(mood)
        self.model.learn_batch(*hostile_frames.labelled(self.things, mood))
        return True

    def predict_proba_many(self, mood: float) -> bool:
        P = self.model.predict_proba_many(hostile_frames.labelled(self.things, mood)[0])
        if isinstance(P, np.ndarray):
            for row in P:
                self.sums_to_one(row.tolist())
        return False

    def predict_many(self, mood: float) -> bool:
        self.model.predict_many(hostile_frames.labelled(self.things, mood)[0])
        return False

    def forget_feature(self, mood: float) -> bool:
        self.model.forget_feature(self.things.name(mood))
        return True

    def forget_class(self, mood: float) -> bool:
        self.model.forget_class(self.things.label(mood))
        return True

    def store(self, mood: float) -> bool:
        """Go on with a copy, by one way or another; a model file refuses names that it cannot hold."""
        match self.rng.randrange(3):
            case 0:
                self.model.save(io.BytesIO())
            case 1:
                self.model.clone()
            case 2:
                if all(type(each) in (str, int) for each in [*self.model.features, *self.model.classes]):
                    self.model = pickle.loads(pickle.dumps(self.model))
        return True

    def call(self, method: Any, mood: float) -> None:
        """Make one call, and hold it to its promises."""
        name, failed = method.__name__, True
        try:
            taught = method(mood)
            failed = False
        except EXPECTED:
            taught = False
        except (RuntimeError, KeyError) as error:
            foreign = isinstance(error, KeyError) and isinstance(error.args[0], Moody)  # its mapping lost it
            if not foreign and not any(text in str(error) for text in INSIDE):
                raise
            taught = False
        self.counts[f"{name}, {'refused' if failed else 'answered'}"] += 1
        state = self.fingerprint()
        if not taught:
            assert state == self.state, "a call that taught nothing changed the model"
        self.state = state
        if taught:
            assert all(np.isfinite(value).all() for value in self.numbers), "a number is not finite"
            x = [self.rng.gauss(0, 1) for _ in range(3)]
            with contextlib.suppress(SpiteError):  # of a name or a label that was honest when it was learned
                self.sums_to_one(self.model.predict_proba_many(np.array([x]))[0].tolist())
                self.sums_to_one(
                    list(self.model.predict_proba_one(dict(zip(self.things.names, x, strict=False))).values())
                )

    def sums_to_one(self, p: list[float]) -> None:
        if len(p) == len(labels := self.model.classes) and labels:
            assert all(0 <= each <= 1 for each in p), f"not probabilities: {p}"
            assert abs(math.fsum(p) - 1) <= 1e-12, f"the sum is off by {math.fsum(p) - 1}"

    def calls(self) -> list[tuple[Any, int]]:
        return [
            *[(self.learn_one, 30), (self.predict_one, 12), (self.predict_proba_one, 12), (self.loss_one, 3)],
            *[(self.learn_many, 10), (self.predict_proba_many, 4), (self.predict_many, 4), (self.learn_batch, 2)],
            *[(self.forget_feature, 1), (self.forget_class, 1), (self.store, 1)],
            *[(self.explain_one, 2), (self.inspect, 1)],
        ]

    def run(self, n: int) -> None:
        methods, shares = zip(*self.calls(), strict=True)
        mood = self.rng.choice([0.05, 0.3, 1.0])
        for i in range(n):
            (method,) = self.rng.choices(methods, shares)
            try:
                self.call(method, mood)
            except BaseException as error:
                error.add_note(f"call {i}, {method.__name__}, of {self.model!r}")
                raise


def trial(seed: int, number: int, counts: Counter[str]) -> None:
    """Run one trial, and add up its counts."""
    one = Trial(f"{seed}/{number}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one.run(one.rng.randrange(2 * CALLS_A_TRIAL))
    counts.update(one.counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000_000, help="at least so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trial", type=int, help="this one alone, in this process")
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # dictionaries that meet hostile hashes depend on it
        command = [sys.executable, "-m", "proofs.fuzz_calls", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, "PYTHONHASHSEED": "0"})
    counts: Counter[str] = Counter()
    if options.trial is not None:
        trial(options.seed, options.trial, counts)
    start, first = time.monotonic(), 0
    while options.trial is None and sum(counts.values()) < options.calls:
        numbers = range(first, first + max(1, min(500, (options.calls - sum(counts.values())) // CALLS_A_TRIAL)))
        counts += run(lambda number, counts: trial(options.seed, number, counts), numbers, 50)
        first = numbers.stop
    refused = sum(n for name, n in counts.items() if name.endswith("refused"))
    total = {"calls": sum(counts.values()), "refused": refused, "models": first, "seed": options.seed}
    print(json.dumps({**total, **dict(sorted(counts.items())), "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
