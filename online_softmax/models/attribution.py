"""Attribution: how a model's scores of one sample fall into terms, one a feature."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.rows import Rows

Array = NDArray[np.float64]

EXACT = 10  # features, up to which all 2^n subsets are asked
CELLS = 1 << 20  # of the rows, and of their answers, that are in memory together
TINY = 5e-324

LINEAR = (
    *("adagrad", "adagrad-average", "decaying-sgd", "normalised-sgd", "slow-adagrad"),
    *("newton", "newton-decaying", "newton-average"),
)
SQUASHED_A = {"adagrad", "adagrad-average", "newton", "newton-decaying", "newton-average"}


@dataclass(frozen=True, order=True)
class Bucket:
    """The name of a feature that hashing made, where no name of the sample stands for it."""

    number: int

    def __str__(self) -> str:
        return f"bucket {self.number}"


class Attribution(NamedTuple):
    """Scores in terms.

    Attributes
    ----------
    labels
        The classes.
    p
        The probability of each class.
    names
        The features: those of the sample, then those that count although the sample does not carry them.
    values
        Their values; None where the sample does not carry the feature.
    base
        The score of each class without the features.
    terms
        What each feature adds to it, of shape (features, classes).
    """

    labels: list[Hashable]
    p: Array
    names: list[Hashable]
    values: list[float | None]
    base: Array
    terms: Array


def of_softmax(model: Any, x: Any) -> Attribution:
    """Return a softmax regression's scores, z = xB: of feature j, the terms x_j B_j."""
    sample = _sample(model, x)
    names, values = list(sample), np.array(list(sample.values()), np.float64)

    def look() -> Attribution:
        P, labels = model._predict_rows(_rows(names, values[None, :]))
        slots = model._slots_of(names)
        weights = np.zeros((len(names), len(labels)))
        weights[slots > 0] = model._weights_at(slots[slots > 0])
        base = model._weights_at(np.zeros(1, np.int32))[0]
        with np.errstate(over="ignore", invalid="ignore"):
            terms = values[:, None] * weights
        return Attribution(labels, P[0], names, values.tolist(), base, terms)

    found: Attribution = model._unchanged(look)
    return found


def of_linear_experts(model: Any, x: Any) -> Attribution:
    """Return the scores of a bank's linear part, z = sum_k u_k x^(k) B_k over its linear experts k."""
    sample = _sample(model, x)

    def look() -> Attribution:
        if not model.classes:
            return _nothing(sample)
        here = _Sample.of(model, sample)
        known = (here.slots > 0) & (np.arange(len(here.slots)) < here.carried)
        slots, xa, xb = model._scaled(here.slots[known], here.values[known])
        B, lags = model._linear_at(slots)
        terms_at = _linear_terms(model, xa, xb, B, lags)
        terms = np.zeros((len(here.names), terms_at.shape[1]))
        # A bucket's term goes to its names, by how far each one's value is from its part of the centre.
        way = here.values - here.centres
        for slot, term in zip(slots[1:].tolist(), terms_at[1:], strict=True):
            if here.shared:
                at = np.flatnonzero(here.slots == slot)
                terms[at] = _parts(way[at])[:, None] * term
            else:
                terms[here.place[slot]] = term
        z = terms_at.sum(axis=0)
        p = np.exp(z - z.max())
        return Attribution(model.classes, p / p.sum(), here.names, here.given, terms_at[0], terms)

    found: Attribution = model._unchanged(look)
    return found


def of_mixture(model: Any, x: Any, permutations: int | None) -> Attribution:
    """Return a bank's ln p of each class by the Shapley values of the features, from their centres to the sample."""
    sample = _sample(model, x)
    names, values = list(sample), np.array(list(sample.values()), np.float64)

    def look() -> Attribution:
        P, labels = model._predict_rows(_rows(names, values[None, :]))
        if not labels:
            return _nothing(sample)
        here = _Sample.of(model, sample)
        terms = np.zeros((len(here.names), len(labels)))
        moved = np.flatnonzero((here.values != here.centres) & (here.slots > 0))
        there = np.flatnonzero(here.slots > 0)
        of_slot = model.features
        known = [of_slot[slot - 1] for slot in here.slots[there].tolist()]
        column = np.searchsorted(there, moved)

        def ln_p(switched: NDArray[np.bool_]) -> Array:
            X = np.repeat(here.centres[None, there], len(switched), axis=0)
            X[:, column] = np.where(switched, here.values[moved], X[:, column])
            P, _ = model._predict_rows(_rows(known, X), True)
            answer: Array = np.log(np.maximum(P, TINY))
            return answer

        base = ln_p(np.zeros((1, len(moved)), bool))[0]
        if len(moved):
            width = max(len(there), len(labels))
            terms[moved] = shapley_values(ln_p, len(moved), permutations, max(1, CELLS // width))
        return Attribution(labels, P[0], here.names, here.given, base, terms)

    found: Attribution = model._unchanged(look)
    return found


def shapley_values(
    value: Callable[[NDArray[np.bool_]], Array], n: int, permutations: int | None = None, rows: int = 1000
) -> Array:
    """Return the Shapley values of n players, for several outcomes at once.

    Of up to `EXACT` players all coalitions are asked. Of more, players join one by one in permutations that are the
    same each time, and in each of them backwards: the values are the means of what each adds, and their sum is the
    outcome with all players less that with none.

    Parameters
    ----------
    value
        The outcomes of coalitions: takes who is in, of shape (coalitions, n), and returns (coalitions, outcomes).
    n
        How many players there are.
    permutations
        How many, an even number; None takes as many as ask some 3,200 coalitions, and 2 at least.
    rows
        How many coalitions may be asked together.

    Examples
    --------
    >>> shapley_values(lambda who: (who[:, :1] * (1 + who[:, 1:])).astype(float), 2)
    array([[1.5], [0.5]])
    """
    if n <= EXACT:
        return _exact(value, n, rows)
    if permutations is None:
        permutations = 2 * max(1, min(64, 1600 // n))
    order, total = random.Random(0), np.zeros((n, 0))
    for _ in range(permutations // 2):
        way = list(range(n))
        order.shuffle(way)
        for path in (np.array(way), np.array(way[::-1])):
            joined = np.empty(n, np.int64)
            joined[path] = np.arange(n)
            for start in range(0, n, rows):
                stop = min(start + rows, n)
                outcomes = value(joined < np.arange(start, stop + 1)[:, None])
                if not total.shape[1]:
                    total = np.zeros((n, outcomes.shape[1]))
                total[path[start:stop]] += np.diff(outcomes, axis=0)
    return total / permutations


def _exact(value: Callable[[NDArray[np.bool_]], Array], n: int, rows: int) -> Array:
    codes = np.arange(1 << n)
    who = (codes[:, None] >> np.arange(n) & 1).astype(bool)
    outcomes = np.concatenate([value(who[start : start + rows]) for start in range(0, len(who), rows)])
    share = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    values = np.empty((n, outcomes.shape[1]))
    for j in range(n):
        without = codes[~who[:, j]]
        weight = share[who[without].sum(axis=1)]
        values[j] = weight @ (outcomes[without | 1 << j] - outcomes[without])
    return values


def linear_weights(model: Any, slots: NDArray[np.int32]) -> Array:
    """Return the weights of a bank's linear part at slots, the intercept's being 0: of shape (slots, classes)."""
    weights = np.zeros((len(slots), len(model.classes)))
    step = max(1, CELLS // (8 * max(1, weights.shape[1])))
    for start in range(0, len(slots) if weights.size else 0, step):
        some = slots[start : start + step]
        B, lags = model._linear_at(some)
        one = np.ones(len(some))
        weights[start : start + step] = _linear_terms(model, one, one, B, lags)
    return weights


def _linear_terms(model: Any, xa: Array, xb: Array, B: Array, lags: Array) -> Array:
    """Return sum_k u_k x^(k)_j B_kj, u the shares of the linear experts among themselves."""
    w = model.expert_weights
    linear = [name for name in LINEAR if name in w][: B.shape[1]]
    u = np.array([w[name] for name in linear])
    u /= u.sum()
    X = np.stack([xa if name in SQUASHED_A else xb for name in linear], axis=1)
    B[:, 1] = B[:, 0] + lags[:, None] * (B[:, 1] - B[:, 0])  # the average, which moves while a feature rests
    terms: Array = np.einsum("k,jk,jkc->jc", u, X, B)
    return terms


class _Sample(NamedTuple):
    """A sample's features, then those that are mostly there and that it does not carry."""

    names: list[Hashable]
    given: list[float | None]
    slots: NDArray[np.int32]  # 0 where the model does not know the feature
    values: Array
    centres: Array  # the value at which a feature tells nothing
    carried: int
    shared: bool  # whether some have a slot together
    place: dict[int, int]

    @classmethod
    def of(cls, model: Any, sample: dict[Hashable, float]) -> _Sample:
        names: list[Hashable] = list(sample)
        slots = model._slots_of(names)
        dense, means = model._centres()
        absent = ~np.isin(dense, slots)
        all_names = model.features
        there = [all_names[slot - 1] for slot in dense[absent].tolist()]
        names += there if model.hash_bits is None else [Bucket(number) for number in there]
        n = len(sample)
        slots = np.concatenate([slots, dense[absent]]).astype(np.int32)
        values = np.concatenate([np.array(list(sample.values()), np.float64), np.zeros(absent.sum())])
        distinct, counts = np.unique(slots[slots > 0], return_counts=True)
        centre = dict(zip(dense.tolist(), means.tolist(), strict=True))
        share = dict(zip(distinct.tolist(), counts.tolist(), strict=True))
        centres = np.array([centre.get(slot, 0.0) / share.get(slot, 1) for slot in slots.tolist()])
        given: list[float | None] = [*sample.values(), *[None] * len(there)]
        place = {slot: i for i, slot in enumerate(slots.tolist()) if slot}
        return cls(names, given, slots, values, centres, n, len(distinct) < (slots > 0).sum(), place)


def _parts(way: Array) -> Array:
    total = way.sum()
    parts = way / total if total else np.full(len(way), 1 / len(way))
    return parts if np.isfinite(parts).all() else np.full(len(way), 1 / len(way))


def _sample(model: Any, x: Any) -> dict[Hashable, float]:
    sample: dict[Hashable, float] = {}
    for name, value in model._entries(x):
        sample[name] = sample.get(name, 0.0) + value
    return sample


def _rows(names: list[Hashable], X: Array) -> Rows:
    ids = np.arange(len(names), dtype=np.int32)
    return Rows(names, ids, np.ascontiguousarray(X), None, [None], np.zeros(len(X), np.int32))


def _nothing(sample: dict[Hashable, float]) -> Attribution:
    return Attribution([], np.empty(0), list(sample), list(sample.values()), np.empty(0), np.empty((len(sample), 0)))
