"""What models have learned that started from one base, each on rows of its own, as one: a walk over the table.

All are first laid out on the same axes, by the names of features and classes; then each array is merged as its row of
the table says. Sums go in the order of the models, so that the same models give the same bits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.forgetting import State, kept, oldest_first, places
from online_softmax._kernel.limits import (
    COVERED,
    DENSE,
    GAUSSIAN_LD,
    MARKOV_CLASSES,
    QDA_START,
    gaussians_fit,
    remembered,
    window_size,
)
from online_softmax._kernel.state import BLOCKS, FIELDS, SIZES, TABLE, Field

Values = NDArray[Any]

# Where the rules that scale their steps by a sum of squared gradients keep it: an array and the place of a value in it.
ACCUMULATORS = {"AdaGrad": ("B", 1), "FTRLProximal": ("B", 2), "ImplicitAdaGrad": ("scalars", 0)}
# The experts' own: each linear expert's row of G; the average is adagrad's.
LINEAR = {0: 0, 1: 0, 4: 1}
AVERAGE = 1  # that of the first of them
MEAN, VAR, NZ, WID = range(4)  # the statistics of a feature
N, FRESH = 0, 4  # of the numbers of a Gaussian
SAMPLES = "window_B", "window_label", "window_time", "window_weight"
MOST, TINY = np.finfo(np.float64).max, np.finfo(np.float64).tiny


def merged(base: State, updates: list[State], samples: list[int], optimizer: str = "", window: int = 0) -> State:
    """Return the state of one model that has learned what all of these have.

    Parameters
    ----------
    base
        The state that all started from.
    updates
        What two or more models have learned since, none of them nothing; their order decides that of new names.
    samples
        How many samples each has learned since.
    optimizer
        The name of the optimiser, of a softmax regression.
    window
        How many samples the votes may remember, of a bank.
    """
    names = union([base["names"], *(update["names"] for update in updates)])
    there = set().union(*(update["names"] for update in updates))
    names = [name for name in names if name in there]  # what no model has kept is gone
    labels = union([base["labels"], *(update["labels"] for update in updates)])
    if "experts" in updates[0]:
        n = min(update["experts"].size for update in updates)
        updates = [of_experts(update, n) for update in updates]
        base = of_experts(base, n) if "experts" in base else base
    if len(labels) > MARKOV_CLASSES or any("follow" not in update for update in updates):
        updates = [{name: value for name, value in update.items() if name != "follow"} for update in updates]
    shards = _Shards(base, updates, samples, names, labels, optimizer, window)
    new: State = {"names": names, "labels": labels}
    for name in FIELDS:
        if name in updates[0]:
            new[name] = shards.merged(name)
    return new


def union(lists: Iterable[list[Hashable]]) -> list[Hashable]:
    """Return all names in the order of their first appearance.

    Examples
    --------
    >>> union([["a", "b"], ["c", "a"], ["d", "c"]])
    ['a', 'b', 'c', 'd']
    """
    return list(dict.fromkeys(name for each in lists for name in each))


def pooled(
    base: tuple[Values, Values],
    each: list[tuple[Values, Values]],
    left: list[Values],
    counts: list[Values],
    kept: Values,
) -> tuple[Values, Values]:
    """Return mean and variance of all samples, by Chan's formula.

    Parameters
    ----------
    base
        Mean and variance of the samples that all models share.
    each
        Mean and variance in each model, of these samples and its own.
    left
        The share of the samples that all share in each model.
    counts
        How many samples of its own each model has.
    kept
        The share of the samples that all share in the whole.
    """
    mean, var = base
    total = sum(counts)
    with np.errstate(all="ignore"):
        shares = [np.where(total > 0, count / total, 0.0) for count in counts]
        own = []
        for (mean_k, var_k), share in zip(each, left, strict=True):
            rest, d = 1 - share, mean_k - mean
            within = (var_k - share * var - share * d * d / rest) / rest
            own.append((np.where(rest > 0, d / rest, 0.0), np.where(rest > 0, np.maximum(within, 0), 0.0)))
        D = (1 - kept) * sum(share * d for share, (d, _) in zip(shares, own, strict=True))
        spread = kept * (var + D * D)
        for share, (d, within) in zip(shares, own, strict=True):
            spread = spread + (1 - kept) * share * (within + (d - D) ** 2)
    fits = np.isfinite(spread) & np.isfinite(D)
    return mean + np.where(fits, D, 0.0), np.where(fits, spread, var)


def of_experts(state: State, n: int) -> State:
    """Return the state of a bank of which only the first n experts are left, as `mixture_keep` leaves it."""
    was = state["experts"].size
    if was == n:
        return state
    left = {block: TABLE[block] for block, least in BLOCKS.items() if n <= least}
    gone = {field.name for fields in left.values() for field in fields}
    new = {name: value for name, value in state.items() if name not in gone}
    weights = state["experts"][:, :n]
    inputs = np.array([*range(n), was])  # Bayes is the input after the last expert's
    filters = FIELDS["mixers"].unfolded(state["mixers"])
    mixers = np.zeros_like(filters)
    mixers[:, 0, : n + 1] = filters[:, 0, inputs]
    mixers[:, 1 : n + 2, : n + 1] = filters[:, 1 + inputs][:, :, inputs]
    return new | {
        "experts": np.ascontiguousarray(weights / weights.sum()),
        "voices": np.ascontiguousarray(state["voices"][:, :n]),
        "staying": min(state["staying"], n),
        "mixers": FIELDS["mixers"].folded(mixers),
    }


def _laid_out(state: State, names: list[Hashable], labels: list[Hashable]) -> tuple[State, dict[str, NDArray[np.intp]]]:
    """A state on the axes of these names and labels, and from which places of its own."""

    def found(wanted: list[Hashable], own: list[Hashable]) -> NDArray[np.intp]:
        if wanted == own:
            return np.arange(len(own))
        at = {name: i for i, name in enumerate(own)}
        return np.array([at.get(name, -1) for name in wanted], np.intp)

    of_classes = found(labels, state["labels"])
    stay = places(found(names, state["names"])) | {"class": of_classes}
    new = kept({name: value for name, value in state.items() if not name.startswith(("qda_", "window_"))}, stay)
    position = np.zeros(len(state["labels"]), np.intp)
    position[of_classes[of_classes >= 0]] = np.flatnonzero(of_classes >= 0)
    if "last" in new:
        new["last"] = int(position[new["last"]])
    if "window_B" in state:
        new |= kept({name: value for name, value in state.items() if name.startswith("window_")}, stay)
        new["window_label"] = position[state["window_label"]].astype(np.int32)
    new |= {name: value for name, value in state.items() if name.startswith("qda_")}
    return new, stay


class _Shards:
    """Models on the same axes, and how each array of theirs merges."""

    def __init__(
        self,
        base: State,
        updates: list[State],
        samples: list[int],
        names: list[Hashable],
        labels: list[Hashable],
        optimizer: str,
        window: int,
    ) -> None:
        self.base, self.base_places = _laid_out(base, names, labels)
        each = [_laid_out(update, names, labels) for update in updates]
        self.updates, self.places = [state for state, _ in each], [stay for _, stay in each]
        self.n_features, self.n_classes, self.window = len(names), len(labels), window
        self.accumulator = ACCUMULATORS.get(optimizer)
        total = sum(samples)
        self.samples = samples
        self.weights = [n / total if total else 1 / len(samples) for n in samples]
        self._done: State = {}
        if "samples" in self.updates[0]:
            self._awake()

    def _awake(self) -> None:
        """Bring the features that a model has not met of late up to its last sample."""
        first = self.base.get("seen", 0)
        self.touched = [(update["seen"] != first) | (np.arange(1 + self.n_features) == 0) for update in self.updates]
        for state in [self.base] * ("seen" in self.base) + self.updates:
            t, seen = state["samples"], state["seen"]
            left = np.where(seen > 0, remembered(seen, t), 1.0)
            statistics = state["statistics"] = state["statistics"].copy()
            statistics[:, VAR : NZ + 1] *= left[:, None]
            W = FIELDS["W"].unfolded(state["W"].copy())
            W[:, AVERAGE] = W[:, 0] + left[:, None] * (W[:, AVERAGE] - W[:, 0])
            state["W"] = FIELDS["W"].folded(W)
            state["seen"] = np.where(seen > 0, t, 0)

    def merged(self, name: str) -> Any:
        """The merged value of an array or number."""
        if name not in self._done:
            field = FIELDS[name]
            value = getattr(self, f"_{field.merge}")(field)
            if name in self._done:  # with others
                pass
            elif isinstance(field.type, type):
                self._done[name] = field.type(value)
            else:
                self._done[name] = np.ascontiguousarray(field.folded(value), field.type)
        return self._done[name]

    # ---- the values of all ----

    def _each(self, name: str) -> list[Values]:
        field = FIELDS[name]
        if isinstance(field.type, type):
            return [np.asarray(update[name]) for update in self.updates]
        return [field.unfolded(update[name]) for update in self.updates]

    def _at_base(self, name: str) -> Values:
        if name in self.base:
            value = self.base[name]
            return np.asarray(value) if isinstance(FIELDS[name].type, type) else FIELDS[name].unfolded(value)
        like = self._each(name)[0]
        return np.full(like.shape, FIELDS[name].start or 0, like.dtype)

    def _gains(self, name: str) -> list[Values]:
        """What each model has added to a sum; nothing, where it has lost it in between."""
        base = self._at_base(name)
        return [np.maximum(each - base, 0) for each in self._each(name)]

    # ---- the words of the table ----

    def _sum(self, field: Field) -> Values:
        total: Values = self._at_base(field.name)
        for gain in self._gains(field.name):
            total = total + gain
        return total if total.dtype.kind == "i" else np.minimum(total, MOST)

    def _clock(self, field: Field) -> Values:
        each = self._each(field.name)
        known = [np.ones((), bool)] * len(each)
        if field.axes:
            known = [stay["class"] >= 0 for stay in self.places]
        n = sum(k.astype(np.int64) for k in known)
        least = np.minimum.reduce([np.where(k, t, np.iinfo(np.int64).max) for k, t in zip(known, each, strict=True)])
        ahead = sum(np.where(k, t - least, 0) for k, t in zip(known, each, strict=True))
        return np.asarray(least + (2 * ahead + n) // (2 * n))

    def _mean(self, field: Field) -> Values:
        return _mixed(self._each(field.name), [np.asarray(w) for w in self.weights], self._at_base(field.name))

    def _least(self, field: Field) -> Values:
        return np.minimum.reduce(self._each(field.name))

    def _gain(self, field: Field) -> Values:
        return self._grown(self._at_base(field.name), self._gains(field.name))

    @staticmethod
    def _grown(base: Values, gains: list[Values]) -> Values:
        """G + sum g^2 / sum g: one model's gain where only one has any, the gain of each where all gain the same."""
        parts = [gain / (2 * len(gains)) for gain in gains]
        total = sum(parts)
        with np.errstate(all="ignore"):
            grown = sum(np.where(total > 0, part / total, 0.0) * gain for part, gain in zip(parts, gains, strict=True))
        return np.minimum(base + grown, MOST)

    def _steps(self, field: Field) -> Values:
        each, base = self._each(field.name), self._at_base(field.name)
        if field.name == "W" and "W" in self.base:
            base = base.copy()
            base[1:, AVERAGE] = base[1:, 0] + self._left(self.merged("samples")) * (base[1:, AVERAGE] - base[1:, 0])
        raw = self._shares_of(field, each, base)
        if "class" in field.each_axis() and not all((stay["class"] >= 0).all() for stay in self.places):
            raw = [share * (stay["class"] >= 0) for share, stay in zip(raw, self.places, strict=True)]
        new = _mixed(each, raw, base)
        if field.name == "B" and self.accumulator and self.accumulator[0] == "B":
            i = self.accumulator[1]
            new[:, i] = self._grown(base[:, i], [np.maximum(one[:, i] - base[:, i], 0) for one in each])
        if field.name == "metric":
            new = np.exp(_mixed([np.log(one) for one in each], raw, np.log(base)))
        return new

    def _shares_of(self, field: Field, each: list[Values], base: Values) -> list[Values]:
        """How much of each model there is in the mean of what steps have moved."""
        if field.name == "B" and self.accumulator:
            name, i = self.accumulator
            if name == "B":
                return [gain[:, i : i + 1] for gain in self._gains("B")]
            return [gain[:, i, None, None] for gain in self._gains(name)]
        if field.name in ("hats_W", "metric"):
            gains = self._gains({"hats_W": "hats_G", "metric": "metric_G"}[field.name])
            return [gain[0][..., None] if field.name == "hats_W" else gain for gain in gains]
        if field.name != "W":
            return self._moved(each, base)
        moved = [w * (touched[:, None, None]) for w, touched in zip(self.weights, self.touched, strict=True)]
        shares = []
        for gain, one in zip(self._gains("G"), moved, strict=True):
            by_expert = np.repeat(one.astype(np.float64), SIZES["linear"], axis=1)
            for expert, at in LINEAR.items():
                by_expert[:, expert, 0] = gain[at]
            shares.append(by_expert)
        return shares

    def _moved(self, each: list[Values], base: Values) -> list[Values]:
        """The weight of each model, where a row is not what it was."""
        if each[0].ndim < 2:
            return [np.full(one.shape, w) for w, one in zip(self.weights, each, strict=True)]
        others = tuple(range(1, base.ndim))
        return [w * (one != base).any(axis=others, keepdims=True) for w, one in zip(self.weights, each, strict=True)]

    def _evidence(self, field: Field) -> Values:
        each = self._each(field.name)
        logs = sum(w * np.log(np.maximum(one, TINY)) for w, one in zip(self.weights, each, strict=True))
        new: Values = np.exp(logs - np.max(logs))
        return new / new.sum()

    def _newest(self, field: Field) -> Any:
        name = field.name
        if name.startswith("window"):
            self._done |= self._window()
            return None
        if name == "seen":
            return np.where(sum(self._each(name)) > 0, self.merged("samples"), 0)
        if name == "last_use":
            return self._last_use()
        if name == "qda_turn":
            self._done |= self._gaussians()
            return None
        return self.updates[-1][name]

    def _moments(self, field: Field) -> Any:
        if field.name == "statistics":
            return self._statistics()
        self._done |= self._gaussians()
        return None

    def _information(self, field: Field) -> Any:
        if field.name in ("mixers", "buckets"):
            return self._filters(field)
        self._done |= self._newton()
        return None

    # ---- what takes more than one array ----

    def _left(self, now: int) -> float:
        """How much of a running mean of features is the base's."""
        return float(remembered(np.array([self.base.get("samples", 0)]), now)[0])

    def _statistics(self) -> Values:
        each, base = self._each("statistics"), self._at_base("statistics")
        first = self.base.get("samples", 0)
        left = [np.asarray(self._left(update["samples"])) for update in self.updates]
        counts = [np.asarray(float(n)) for n in self.samples]
        kept = np.asarray(self._left(first + sum(self.samples)))
        new = np.empty_like(base)
        new[:, MEAN], new[:, VAR] = pooled(
            (base[:, MEAN], base[:, VAR]), [(one[:, MEAN], one[:, VAR]) for one in each], left, counts, kept
        )
        nz = kept * base[:, NZ]
        for one, share, w in zip(each, left, self.weights, strict=True):
            nz = nz + (1 - kept) * w * np.clip((one[:, NZ] - share * base[:, NZ]) / max(1 - share, TINY), 0, 1)
        new[:, NZ] = np.clip(nz, 0, 1)
        absent = new[:, NZ] < DENSE
        new[absent, VAR] = np.minimum(new[absent, VAR] + new[absent, MEAN] ** 2, MOST)
        new[absent, MEAN] = 0
        new[:, WID] = _mixed(
            [one[:, WID] for one in each],
            [w * (one[:, WID] > 0) for w, one in zip(self.weights, each, strict=True)],
            base[:, WID],
        )
        return new

    def _newton(self) -> State:
        """P = (sum w H)^-1 with H = P^-1 of each, and W = P sum w H W."""
        own = [_inverse(update["newton_P"]) for update in self.updates]
        fresh = 1 / sum(
            w / max(update["newton_fresh"], TINY) for w, update in zip(self.weights, self.updates, strict=True)
        )
        H = [
            np.eye(len(update["newton_P"])) if inverse is None else inverse
            for inverse, update in zip(own, self.updates, strict=True)
        ]
        P = _inverse(sum(w * h for w, h in zip(self.weights, H, strict=True)))
        each, base = self._each("newton_W"), self._at_base("newton_W")
        known = [np.asarray(w * (stay["class"] >= 0)) for w, stay in zip(self.weights, self.places, strict=True)]
        mean = _mixed(each, known, base)
        if P is None:  # as the kernel does: start again
            P, fresh, W = np.eye(len(H[0])), 1.0, mean
        else:
            each = [np.where(share > 0, one, mean) for one, share in zip(each, known, strict=True)]
            sums = sum(w * np.tensordot(h, one, 1) for w, h, one in zip(self.weights, H, each, strict=True))
            W = np.tensordot(P, sums, 1)
            W = np.where(np.isfinite(W), W, mean)
        return {"newton_W": np.ascontiguousarray(FIELDS["newton_W"].folded(W)), "newton_P": P, "newton_fresh": fresh}

    def _filters(self, field: Field) -> Values:
        """S = (sum w S^-1)^-1 and u = S sum w S^-1 u, of each filter."""
        each = self._each(field.name)
        new = np.zeros_like(each[0])
        for i in range(len(new)):
            used = np.flatnonzero(np.diagonal(each[0][i, 1:]) > 0)
            part = np.ix_(used, used)
            S = [one[i, 1:][part] for one in each]
            H = [_inverse(one) for one in S]
            mixed = None
            if not any(h is None for h in H):
                mixed = _inverse(sum(w * h for w, h in zip(self.weights, H, strict=True)))
            if mixed is None:
                mixed = sum(w * one for w, one in zip(self.weights, S, strict=True))
                u = sum(w * one[i, 0, used] for w, one in zip(self.weights, each, strict=True))
            else:
                u = mixed @ sum(w * (h @ one[i, 0, used]) for w, h, one in zip(self.weights, H, each, strict=True))
            new[i, 0, used] = u
            new[i, 1:][part] = mixed
        return new

    def _window(self) -> State:
        """The newest samples of all, as if the models had taken turns; those of the base once, from the base."""
        first, now = self.base.get("samples", 0), self.merged("samples")
        size = window_size(self.window, min(self.n_features, COVERED))
        parts, times = [], []
        if "window_B" in self.base:
            order = oldest_first(self.base)
            parts.append({name: self.base[name][..., order] for name in SAMPLES})
            times.append(first - (first - self.base["window_time"][order].astype(np.int64)) % (1 << 32))
        for update in self.updates:
            order, n = oldest_first(update), max(update["samples"] - first, 1)
            ago = (update["samples"] - update["window_time"][order].astype(np.int64)) % (
                1 << 32
            )  # as the kernel counts
            order, ago = order[ago <= n], ago[ago <= n]
            parts.append({name: update[name][..., order] for name in SAMPLES})
            times.append(now - (ago * (now - first) + n - 1) // n)
        time = np.concatenate(times)
        newest = np.argsort(time, kind="stable")[-size:]
        new = {name: np.concatenate([part[name] for part in parts], -1)[..., newest] for name in SAMPLES}
        new["window_time"] = time[newest].astype(np.uint32)
        new = {name: np.ascontiguousarray(value) for name, value in new.items()}
        return {**new, "window_size": size, "window_head": len(newest) % size}

    def _gaussians(self) -> State:
        """Of each class, the moments of the mixture of the models' Gaussians, weighted by its samples in each."""
        d, q = self.n_features, self.n_classes
        if not gaussians_fit(d, q):
            q, d = next(state["qda_M"].shape for state in (self.base, *self.updates) if "qda_M" in state)
            d = min(d, self.n_features)
        gains = []
        for stay, update, gain in zip(self.places, self.updates, self._gains("always"), strict=True):
            knows = (stay["class"][:q] >= 0) & (stay["class"][:q] < len(update["qda_M"]))
            gains.append(np.where(knows, np.where(self._class_gain[:q] > 0, gain[0, :q], 1.0), 0.0))
        total = sum(gains)
        weights = [np.where(total > 0, gain / np.where(total > 0, total, 1), 0.0) for gain in gains]
        each = [self._gaussians_of(update, stay, d, q) for update, stay in zip(self.updates, self.places, strict=True)]
        M = sum(w[:, None] * m for w, (m, _, _) in zip(weights, each, strict=True))
        S = np.zeros((q, d, d))
        for w, (m, within, _) in zip(weights, each, strict=True):
            away = m - M
            S += w[:, None, None] * (within + away[:, :, None] * away[:, None, :])
        moments = np.maximum.reduce([one for _, _, one in each])  # K and KM: of as many samples as one model remembers
        moments[:, N] = sum(w * one[:, N] for w, (_, _, one) in zip(self.weights, each, strict=True))
        variance = sum(w / np.maximum(one[:, FRESH], TINY) for w, (_, _, one) in zip(weights, each, strict=True))
        moments[:, FRESH] = np.where(variance > 0, 1 / np.maximum(variance, TINY), 1 / QDA_START)
        P = np.empty_like(S)
        turn = np.zeros(q, np.int64)
        for c in range(q):
            inverse = _inverse(S[c])
            if inverse is None:  # as the kernel does: start again
                inverse = np.eye(d) / QDA_START
            P[c], moments[c, GAUSSIAN_LD] = inverse, -np.linalg.slogdet(inverse)[1]
        for update, stay in zip(self.updates, self.places, strict=True):
            own = stay["class"][:q]
            turn = np.where((own >= 0) & (own < len(update["qda_turn"])), np.append(update["qda_turn"], 0)[own], turn)
        return {"qda_M": M, "qda_P": P, "qda_class": moments, "qda_turn": turn % max(d, 1)}

    @cached_property
    def _class_gain(self) -> Values:
        """How much of each class all models have learned."""
        return np.asarray(sum(self._gains("always")))[0]

    def _gaussians_of(self, update: State, stay: dict[str, Any], d: int, q: int) -> tuple[Values, Values, Values]:
        """Means, covariances and numbers of a model's Gaussians; nothing for those of classes that it does not know."""
        n, own = update["qda_M"].shape
        M, S, numbers = np.zeros((q, d)), np.zeros((q, d, d)), np.zeros((q, update["qda_class"].shape[1]))
        classes, features = stay["class"][:q], stay["feature"][:d]
        here, there = np.flatnonzero((classes >= 0) & (classes < n)), features[(features >= 0) & (features < own)]
        at = np.flatnonzero((features >= 0) & (features < own))
        numbers[here] = update["qda_class"][classes[here]]
        M[np.ix_(here, at)] = update["qda_M"][np.ix_(classes[here], there)]
        S[here[:, None], np.arange(d), np.arange(d)] = 1 / np.maximum(numbers[here, FRESH], TINY)[:, None]
        for c in here:
            inverse = _inverse(update["qda_P"][classes[c]])
            if inverse is None:
                inverse = np.eye(own) * QDA_START
            S[np.ix_([c], at, at)] = inverse[np.ix_(there, there)]
        return M, S, numbers

    def _last_use(self) -> Values:
        """As if the models had taken turns."""
        first, n = self.base["learned"], self.merged("learned") - self.base["learned"]
        new = self._at_base("last_use")
        for update in self.updates:
            since, own = update["last_use"] - first, update["learned"] - first
            turn = first + since * n // max(own, 1)
            new = np.maximum(new, np.where(since > 0, turn, 0))
        return new


def _mixed(each: list[Values], raw: list[Values], base: Values) -> Values:
    """The mean with these weights; the base where all of them are 0."""
    total = sum(raw)
    new: Values = np.zeros(np.broadcast_shapes(each[0].shape, np.shape(total)))
    with np.errstate(all="ignore"):
        for one, weight in zip(each, raw, strict=True):
            new += np.where(total > 0, weight / total, 0.0) * one
    return np.clip(np.where(total > 0, new, base), -MOST, MOST)


def _inverse(A: Values) -> Values | None:
    """The inverse of a symmetric positive definite matrix; None of one that has ceased to be that."""
    with np.errstate(all="ignore"):
        try:
            np.linalg.cholesky(A)
            inverse = np.linalg.inv((A + A.T) / 2)
        except np.linalg.LinAlgError:
            return None
    inverse = (inverse + inverse.T) / 2
    return inverse if np.isfinite(inverse).all() and (np.diagonal(inverse) > 0).all() else None
