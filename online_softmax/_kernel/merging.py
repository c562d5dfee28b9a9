"""What models have learned that started from one base, each on rows of its own, as one: a walk over the table.

All are first laid out on the same axes, by the names of features and classes; then each array is merged as its row of
state.py says. Sums go in the order of the models, and are plain ones, so that the same models give the same bits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.forgetting import Places, State, kept, oldest_first, places, renumbered, with_past
from online_softmax._kernel.limits import (
    COVERED,
    DENSE,
    FARTHEST_Z,
    GAUSSIAN_LD,
    MARKOV_CLASSES,
    METRIC_MOST,
    QDA_START,
    gaussians_fit,
    memory_size,
    remembered,
    window_size,
)
from online_softmax._kernel.state import FAMILIES, FIELDS, SIZES, TABLE, Field
from online_softmax._kernel.trees import TREES, without_trees

Values = NDArray[Any]

MOST, TINY = np.finfo(np.float64).max, np.finfo(np.float64).tiny

# Where an optimiser that scales its steps by a sum of squared gradients keeps it: an array, and a place in it.
SUMS = {"AdaGrad": ("B", 1), "FTRLProximal": ("B", 2), "ImplicitAdaGrad": ("scalars", 0)}
# The same of the linear experts: which row of G scales their steps; the average's are those of adagrad.
LINEAR_SUMS = {0: 0, 1: 0, 4: 1}
AVERAGE = 1  # its place among them
MEAN, VAR, NZ, WID = range(4)  # the statistics of a feature, as squash.h has them
N, FRESH = 0, 4  # numbers of a Gaussian, as gaussian.h has them
WINDOW = "window_B", "window_label", "window_weight"
REMEMBERED = "memory_label", "memory_weight"
SPARSE = {field.name for field in TABLE["sparse"]}


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
    if any(update["names"][: len(base["names"])] != base["names"] for update in updates):
        there = set().union(*(update["names"] for update in updates))
        names = [name for name in names if name in there]  # what no model has kept is gone
    labels = union([base["labels"], *(update["labels"] for update in updates)])
    if "experts" in updates[0]:
        common = np.logical_and.reduce([update["voices"][0] > 0 for update in updates])
        updates = [of_experts(update, common) for update in updates]
        base = of_experts(base, common) if "experts" in base else base
        if any("sparse_B" not in update for update in updates):
            updates = [{name: value for name, value in update.items() if name not in SPARSE} for update in updates]
    if len(labels) > MARKOV_CLASSES or any("follow" not in update for update in updates):
        updates = [{name: value for name, value in update.items() if name != "follow"} for update in updates]
    new: State = {"names": names, "labels": labels}
    with np.errstate(all="ignore"):
        shards = _Shards(base, updates, samples, new, optimizer, window)
        return new | {name: shards.merged(name) for name in FIELDS if name in updates[0]}


def union(lists: Iterable[list[Hashable]]) -> list[Hashable]:
    """Return all names in the order of their first appearance.

    Examples
    --------
    >>> union([["a", "b"], ["c", "a"], ["d", "c"]])
    ['a', 'b', 'c', 'd']
    """
    first, *others = lists
    others = [each for each in others if each != first]
    return list(dict.fromkeys(name for each in (first, *others) for name in each)) if others else list(first)


def pooled(
    base: tuple[Values, Values],
    each: list[tuple[Values, Values]],
    left: list[Any],
    shares: list[Any],
    kept: Any,
) -> tuple[Values, Values]:
    """Return mean and variance of all samples, by Chan's formula.

    Parameters
    ----------
    base
        Mean and variance of the samples that all models have in common.
    each
        Mean and variance in each model, of these samples and its own.
    left
        The share of the common samples in each model.
    shares
        The share of each model's own samples among all that are not common; they add up to 1, or are all 0.
    kept
        The share of the common samples in the whole.

    Examples
    --------
    >>> x = np.array([[2.0, 4.0], [6.0, 7.0], [1.0, 8.0]])  # common, and of two models
    >>> each = [(own.mean(), own.var()) for own in (x[[0, 1]], x[[0, 2]])]
    >>> np.allclose(pooled((x[0].mean(), x[0].var()), each, [0.5, 0.5], [0.5, 0.5], 1 / 3), (x.mean(), x.var()))
    True
    """
    mean, var = base
    own = []
    with np.errstate(all="ignore"):
        for (mean_k, var_k), common in zip(each, left, strict=True):
            rest, d = 1 - common, mean_k - mean
            within = np.maximum((var_k - common * var - common * d * d / rest) / rest, 0)
            own.append((np.where(rest > 0, d / rest, 0.0), np.where(rest > 0, within, 0.0)))
        D = (1 - kept) * total(share * d for share, (d, _) in zip(shares, own, strict=True))
        spread = kept * (var + D * D)
        for share, (d, within) in zip(shares, own, strict=True):
            spread = spread + (1 - kept) * share * (within + (d - D) ** 2)
        return mean + D, spread


def total(values: Iterable[Any]) -> Any:
    """Return the sum, from the first to the last."""
    first, *others = values
    for other in others:
        first = first + other
    return first


def inverses(A: Values) -> tuple[Values, Values, NDArray[np.bool_]]:
    """Return the inverses of symmetric matrices, ln det, and which of them are positive definite, by sweeping.

    Examples
    --------
    >>> inverses(np.array([[[2.0, 1.0], [1.0, 2.0]]]))[0] * 3
    array([[[ 2., -1.], [-1.,  2.]]])
    """
    A = (A + np.swapaxes(A, -1, -2)) / 2
    ln_det, sound = np.zeros(A.shape[:-2]), np.isfinite(A).all(axis=(-1, -2))
    with np.errstate(all="ignore"):
        for k in range(A.shape[-1]):
            column, pivot = A[..., k].copy(), A[..., k, k].copy()
            sound &= pivot > 0
            ln_det += np.log(pivot)
            A -= column[..., :, None] * column[..., None, :] / pivot[..., None, None]
            A[..., k] = A[..., k, :] = column / pivot[..., None]
            A[..., k, k] = -1 / pivot
    return -A, ln_det, sound & np.isfinite(A).all(axis=(-1, -2)) & np.isfinite(ln_det)


def of_experts(state: State, stay: NDArray[np.bool_]) -> State:
    """Return the state of a bank of which only these experts are left, as `mixture_drop` leaves it."""
    if not ((state["voices"][0] > 0) & ~stay).any():
        return state
    blocks = [block for block, family in FAMILIES.items() if not stay[family.at]]
    gone = {field.name for block in blocks for field in TABLE[block]} - SPARSE  # which may learn unheard
    new = {name: value for name, value in state.items() if name not in gone}
    weights = np.where(stay, state["experts"], 0.0)
    inputs = np.append(stay, np.ones(SIZES["input"] - stay.size, bool))  # Bayes is an input, too
    mixers = FIELDS["mixers"].unfolded(state["mixers"]) * np.where(inputs, 1.0, 0.0)
    mixers[:, 1:][:, ~inputs] = 0
    return new | {
        "experts": weights / weights.sum(),
        "voices": np.where(stay, state["voices"], 0.0),
        "mixers": FIELDS["mixers"].folded(mixers),
    }


def _laid_out(state: State, names: list[Hashable], labels: list[Hashable]) -> tuple[State, dict[str, Places]]:
    """A state on the axes of these names and labels, and from which places of its own."""

    def found(wanted: list[Hashable], own: list[Hashable]) -> Places:
        if wanted == own:
            return np.arange(len(own))
        at = {name: i for i, name in enumerate(own)}
        return np.array([at.get(name, -1) for name in wanted], np.intp)

    classes = found(labels, state["labels"])
    stay = places(found(names, state["names"])) | {"class": classes}
    if "past_x" in state:
        state = with_past(state, len(stay["row"]))
    new = renumbered(kept(state, stay), "class", len(state["labels"]), classes)
    return renumbered(new, "row", 1 + len(state["names"]), stay["row"]), stay


class _Shards:
    """Models on the same axes, and how each array of theirs merges."""

    def __init__(
        self, base: State, updates: list[State], samples: list[int], names: State, optimizer: str, window: int
    ) -> None:
        self.base, _ = _laid_out(base, **names)
        each = [_laid_out(update, **names) for update in updates]
        self.updates, self.places = [state for state, _ in each], [stay for _, stay in each]
        self.n_features, self.n_classes = len(names["names"]), len(names["labels"])
        self.samples, self.weights = samples, [max(n, 1) / sum(max(n, 1) for n in samples) for n in samples]
        self.window, self.sums = window, SUMS.get(optimizer)
        self.first = self.base.get("samples", 0)
        self.done: State = {}
        if "samples" in self.updates[0]:
            self._awake()

    def _awake(self) -> None:
        """Bring the features that a model has not met of late up to its last sample."""
        before = self.base.get("seen", 0)
        self.touched = [update["seen"] != before for update in self.updates]
        for touched in self.touched:
            touched[0] = True  # the intercept's
        for state in [self.base] * ("seen" in self.base) + self.updates:
            t, seen = state["samples"], state["seen"]
            left = np.where(seen > 0, remembered(seen, t), 1.0)
            statistics, W = state["statistics"].copy(), FIELDS["W"].unfolded(state["W"].copy())
            statistics[:, VAR] *= left
            statistics[:, NZ] *= left
            W[:, AVERAGE] = W[:, 0] + left[:, None] * (W[:, AVERAGE] - W[:, 0])
            state["statistics"], state["W"], state["seen"] = statistics, FIELDS["W"].folded(W), np.where(seen > 0, t, 0)

    def merged(self, name: str) -> Any:
        """The merged value of an array or number."""
        if name not in self.done:
            field = FIELDS[name]
            value = getattr(self, f"_{field.merge}")(field)
            if isinstance(value, dict):  # of some arrays that only make sense together
                self.done |= {each: np.ascontiguousarray(value[each], FIELDS[each].type) for each in value}
            else:
                self.done[name] = np.ascontiguousarray(field.folded(value) if field.axes else value, field.type)
            for each in value if isinstance(value, dict) else [name]:
                if isinstance(FIELDS[each].type, type):
                    self.done[each] = self.done[each].item()
        return self.done[name]

    # ---- the values of all ----

    def _each(self, name: str) -> list[Values]:
        """The values of all models, with an axis for each name."""
        field = FIELDS[name]
        return [field.unfolded(update[name]) if field.axes else np.asarray(update[name]) for update in self.updates]

    def _at_base(self, name: str) -> Values:
        """The value that all models started from."""
        field = FIELDS[name]
        if name in self.base:
            return field.unfolded(self.base[name]) if field.axes else np.asarray(self.base[name])
        like = self._each(name)[0]
        return np.full(like.shape, field.start or 0, like.dtype)

    def _gains(self, name: str) -> list[Values]:
        """What each model has added to a count; nothing, where it forgot and began anew."""
        base = self._at_base(name)
        return [np.maximum(each - base, 0) for each in self._each(name)]

    def _known(self, shares: list[Any]) -> list[Values]:
        """Shares of the models, of each class nothing where a model does not know it."""
        if all((stay["class"] >= 0).all() for stay in self.places):
            return shares
        return [share * (stay["class"] >= 0) for share, stay in zip(shares, self.places, strict=True)]

    # ---- the words of the table ----

    def _sum(self, field: Field) -> Values:
        value: Values = total([self._at_base(field.name), *self._gains(field.name)])
        return value if value.dtype.kind == "i" else np.minimum(value, MOST)

    def _clock(self, field: Field) -> Values:
        each = self._each(field.name)
        known = [np.ones((), bool) if not field.axes else stay["class"] >= 0 for stay in self.places]
        least = np.minimum.reduce([np.where(k, t, np.iinfo(np.int64).max) for k, t in zip(known, each, strict=True)])
        n = total(k.astype(np.int64) for k in known)
        ahead = total(np.where(k, t - least, 0) for k, t in zip(known, each, strict=True))
        rounded: Values = least + (2 * ahead + n) // (2 * n)
        return rounded

    def _mean(self, field: Field) -> Values:
        return _mixed(self._each(field.name), self.weights, self._at_base(field.name))

    def _least(self, field: Field) -> Values:
        least: Values = np.minimum.reduce(self._each(field.name))
        return least

    def _evidence(self, field: Field) -> Values:
        each = self._each(field.name)
        logs = total(w * np.log(np.maximum(one, TINY)) for w, one in zip(self.weights, each, strict=True))
        new: Values = np.where(np.maximum.reduce(each) > 0, np.exp(logs - logs.max()), 0.0)
        new /= new.sum()
        return new

    def _gain(self, field: Field) -> Values:
        return _grown(self._at_base(field.name), self._each(field.name))

    def _steps(self, field: Field) -> Values:
        name = field.name
        each, base = self._each(name), self._at_base(name)
        if name == "B":
            return self._rule_steps(each, base)
        if name == "W":
            return self._linear_steps(each, base)
        if name in ("hats_W", "sparse_B"):
            sums = name[:-1] + "G"
            pulls = _pulls(self._at_base(sums), self._each(sums))
            shares = [pull.reshape(*base.shape[:-1], 1) for pull in pulls]
            return _mixed(each, self._known(shares), base)
        if name in ("metric", "memory_metric"):  # they move by factors
            pulls = _pulls(self._at_base(f"{name}_G"), self._each(f"{name}_G"))
            mean = np.exp(_mixed([np.log(one) for one in each], pulls, np.log(base)))
            return np.minimum(mean, METRIC_MOST)  # rounding may pass it
        return _mixed(each, self._known(self.weights), base)

    def _rule_steps(self, each: list[Values], base: Values) -> Values:
        """The rows of B: weights, and the states of the optimiser."""
        name, i = self.sums or ("", 0)
        if name == "B":
            pulls = _pulls(base[:, i], [one[:, i] for one in each])
            new = _mixed(each, [pull[:, None] for pull in pulls], base)
            new[:, i] = _grown(base[:, i], [one[:, i] for one in each])
            return new
        if name:
            pulls = _pulls(self._at_base(name)[:, i], [one[:, i] for one in self._each(name)])
            return _mixed(each, self._known([pull[:, None, None] for pull in pulls]), base)
        moved = [(one != base).any(axis=(1, 2)) for one in each]
        shares = [w * rows[:, None, None] for w, rows in zip(self.weights, moved, strict=True)]
        return _mixed(each, self._known(shares), base)

    def _linear_steps(self, each: list[Values], base: Values) -> Values:
        """The weights of the linear experts."""
        now = self._left(self.merged("samples"))
        base = base.copy()
        base[1:, AVERAGE] = base[1:, 0] + now * (base[1:, AVERAGE] - base[1:, 0])
        shares = []
        pulls = _pulls(self._at_base("G"), self._each("G"))
        for w, rows, pull in zip(self.weights, self.touched, pulls, strict=True):
            share = np.repeat((w * rows)[:, None, None], SIZES["linear"], axis=1)
            for expert, at in LINEAR_SUMS.items():
                share[:, expert, 0] = pull[at]
            shares.append(share)
        return _mixed(each, self._known(shares), base)

    def _moments(self, field: Field) -> Values | State:
        return self._statistics() if field.name == "statistics" else self._gaussians()

    def _information(self, field: Field) -> Values | State:
        return self._newton() if field.name.startswith("newton") else self._filters(field)

    def _newest(self, field: Field) -> Any:
        name = field.name
        if name.startswith("window"):
            return self._window()
        if name.startswith("memory"):
            return self._memory()
        if name.startswith("qda"):
            return self._gaussians()
        if name == "last_use":
            return self._last_use()
        if name == "seen":
            return np.where(total(self._each(name)) > 0, self.merged("samples"), 0)
        return self.updates[-1][name]

    # ---- what takes more than one array ----

    def _left(self, now: int) -> Any:
        """How much of a running mean of features is the base's, at sample `now`."""
        return remembered(np.array([self.first]), now)[0]

    def _statistics(self) -> Values:
        each, base = self._each("statistics"), self._at_base("statistics")
        left = [self._left(update["samples"]) for update in self.updates]
        kept = self._left(self.first + sum(self.samples))
        new = np.empty_like(base)
        moments = [(one[:, MEAN], one[:, VAR]) for one in each]
        new[:, MEAN], new[:, VAR] = pooled((base[:, MEAN], base[:, VAR]), moments, left, self.weights, kept)
        new[:, NZ] = kept * base[:, NZ]
        for one, common, w in zip(each, left, self.weights, strict=True):
            own = np.clip((one[:, NZ] - common * base[:, NZ]) / (1 - common), 0, 1)
            new[:, NZ] += (1 - kept) * w * np.where(common < 1, own, base[:, NZ])
        absent = ~(new[:, NZ] >= DENSE)  # these are not centred
        new[absent, VAR] += new[absent, MEAN] ** 2
        new[absent, MEAN] = 0
        widths = [one[:, WID] for one in each]
        met = [w * (width > 0) for w, width in zip(self.weights, widths, strict=True)]
        new[:, WID] = _mixed(widths, met, base[:, WID])
        return np.minimum(new, MOST)

    def _newton(self) -> State:
        """P = (sum w P^-1)^-1 over the models."""
        H, _, sound = inverses(np.array(self._each("newton_P")))
        H[~sound] = np.eye(H.shape[-1])  # as the kernel does: start again
        P, _, (sound,) = inverses(total(w * h for w, h in zip(self.weights, H, strict=True))[None])
        fresh = total(
            w / np.maximum(one, TINY) for w, one in zip(self.weights, self._each("newton_fresh"), strict=True)
        )
        return (
            {"newton_P": P[0], "newton_fresh": 1 / fresh}
            if sound
            else {"newton_P": np.eye(H.shape[-1]), "newton_fresh": 1.0}
        )

    def _filters(self, field: Field) -> Values:
        """S = (sum w S^-1)^-1 and u = S sum w S^-1 u over the models, of each filter."""
        each = np.array(self._each(field.name))
        used = np.flatnonzero(np.diagonal(each[0, 0, 1:]) > 0)
        u, S = each[:, :, 0, used], each[:, :, 1 + used][..., used]
        H, _, sound = inverses(S)
        new_S, _, fine = inverses(total(w * h for w, h in zip(self.weights, H, strict=True)))
        Hu = total(w * (h * v[:, None]).sum(-1) for w, h, v in zip(self.weights, H, u, strict=True))
        new_u = (new_S * Hu[:, None]).sum(-1)
        fine &= sound.all(axis=0) & np.isfinite(new_u).all(axis=-1)
        new_S[~fine] = total(w * one for w, one in zip(self.weights, S, strict=True))[~fine]
        new_u[~fine] = total(w * one for w, one in zip(self.weights, u, strict=True))[~fine]
        new: Values = np.zeros_like(each[0])
        new[:, 0, used] = new_u
        new[:, 1 + used[:, None], used] = new_S
        return new

    def _samples(self, ring: str, size: int) -> tuple[list[tuple[State, Places]], Places, Values]:
        """The newest samples of all, as if the models had taken turns; those of the base once, from the base.

        They are places in what each state gives, one state after the other, and times.
        """
        now = self.merged("samples")
        parts, times = [], []
        for state in [self.base] * (f"{ring}_label" in self.base) + self.updates:
            order, n = oldest_first(state, ring), state["samples"] - self.first
            ago = (state["samples"] - state[f"{ring}_time"][order].astype(np.int64)) % (1 << 32)  # as the kernel counts
            if state is self.base:
                times.append(self.first - ago)
            else:
                order, ago = order[ago <= n], ago[ago <= n]
                times.append(now - (ago * (now - self.first) + n - 1) // max(n, 1))
            parts.append((state, order))
        time = np.concatenate(times)
        newest = np.argsort(time, kind="stable")[-size:]
        return parts, newest, np.maximum(time[newest], 0)

    def _window(self) -> State:
        size = window_size(self.window, min(self.n_features, COVERED))
        parts, newest, time = self._samples("window", size)
        new = {
            name: np.concatenate([state[name][..., order] for state, order in parts], -1)[..., newest]
            for name in WINDOW
        }
        return new | {"window_time": time, "window_size": size, "window_head": len(newest) % size}

    def _memory(self) -> State:
        """The newest samples of all, in the units of the model which learned last; its trees are planted anew."""
        size = memory_size(min(self.n_features, COVERED))
        parts, newest, time = self._samples("memory", size)
        mean, sd = np.zeros((2, self.updates[0]["memory_mean"].size))
        for state in self.updates:
            has = state["memory_sd"] > 0
            mean[has], sd[has] = state["memory_mean"][has], state["memory_sd"][has]
        new = {name: np.concatenate([state[name][order] for state, order in parts])[newest] for name in REMEMBERED}
        rows = [_in_units(state, order, mean, sd) for state, order in parts]
        new |= {"memory_Z": np.concatenate(rows)[newest], "memory_time": time, "memory_mean": mean, "memory_sd": sd}
        trees = {name: self.updates[0][name] for name in TREES[:3]}
        trees["memory_home"] = np.zeros((SIZES["kd tree"], len(newest)))
        without_trees(trees)
        stored = max(self._sum(FIELDS["memory_stored"]).item(), len(newest))  # a model may have begun anew
        return new | trees | {"memory_head": len(newest) % size, "memory_stored": stored}

    def _gaussians(self) -> State:
        """Of each class, the moments of the mixture of the models' Gaussians, weighted by its samples in each."""
        d, q = self.n_features, self.n_classes
        if not gaussians_fit(d, q):
            q, d = next(state["qda_M"].shape for state in (self.base, *self.updates) if "qda_M" in state)
            d = min(d, self.n_features)
        gains = self._gains("always")
        learned, parts, shares = total(gains)[0, :q] > 0, [], []
        turn = np.zeros(q, np.int64)
        for update, stay, gain in zip(self.updates, self.places, gains, strict=True):
            has = (stay["class"][:q] >= 0) & (stay["class"][:q] < len(update["qda_M"]))
            parts.append(self._gaussians_of(update, stay["feature"][:d], np.where(has, stay["class"][:q], -1)))
            shares.append(np.where(learned, gain[0, :q], 1.0) * has)
            turn[has] = update["qda_turn"][stay["class"][:q][has]]
        M = _mixed([mean for mean, _, _ in parts], [share[:, None] for share in shares], np.zeros((q, d)))
        S = [within + _outer(mean - M) for mean, within, _ in parts]
        P, ln_det, sound = inverses(_mixed(S, [share[:, None, None] for share in shares], np.eye(d) * QDA_START))
        P[~sound], ln_det[~sound] = np.eye(d) / QDA_START, -d * np.log(1 / QDA_START)  # as the kernel does: start again
        numbers = [one for _, _, one in parts]
        new = np.maximum.reduce(numbers)  # the samples that a class remembers are counted as the clock is
        new[:, N] = total(w * one[:, N] for w, one in zip(self.weights, numbers, strict=True))
        new[:, GAUSSIAN_LD] = ln_det
        new[:, FRESH] = 1 / _mixed([1 / one[:, FRESH] for one in numbers], shares, np.full(q, QDA_START))
        return {"qda_M": M, "qda_P": P, "qda_class": new, "qda_turn": turn % max(d, 1)}

    @staticmethod
    def _gaussians_of(update: State, features: Places, classes: Places) -> tuple[Values, Values, Values]:
        """Means, covariances and numbers of a model's Gaussians; a feature that it does not know was 0 so far."""
        own, q, d = update["qda_M"].shape[1], len(classes), len(features)
        at = np.flatnonzero((features >= 0) & (features < own))
        here, there = np.flatnonzero(classes >= 0), features[at]
        M, S, numbers = np.zeros((q, d)), np.zeros((q, d, d)), np.ones((q, update["qda_class"].shape[1]))
        numbers[:, N], numbers[:, FRESH] = 0, 1 / QDA_START
        numbers[here] = update["qda_class"][classes[here]]
        S[:, np.arange(d), np.arange(d)] = 1 / np.maximum(numbers[:, FRESH], TINY)[:, None]
        M[np.ix_(here, at)] = update["qda_M"][np.ix_(classes[here], there)]
        within, _, sound = inverses(update["qda_P"][classes[here]])
        within[~sound] = np.eye(own) * QDA_START
        S[np.ix_(here, at, at)] = within[np.ix_(np.arange(len(here)), there, there)]
        return M, S, numbers

    def _last_use(self) -> Values:
        """As if the models had taken turns."""
        first, n = self.base["learned"], self.merged("learned") - self.base["learned"]
        new = self._at_base("last_use")
        for update in self.updates:
            since, own = update["last_use"] - first, update["learned"] - first
            new = np.maximum(new, np.where(since > 0, first + since * n // max(own, 1), 0))
        return new


def _in_units(state: State, order: Places, mean: Values, sd: Values) -> Values:
    """Samples of the long memory in other units."""
    Z = state["memory_Z"][order]
    x = state["memory_mean"] + state["memory_sd"] * Z
    z = np.clip(np.divide(x - mean, sd, out=np.zeros_like(x), where=sd > 0), -FARTHEST_Z, FARTHEST_Z)
    same: Values = np.where((state["memory_mean"] == mean) & (state["memory_sd"] == sd), Z, z)
    return same


def _mixed(each: list[Values], shares: list[Any], base: Values) -> Values:
    """The mean by these shares; the base, where all of them are 0."""
    whole = np.asarray(total(shares))
    new: Values = np.zeros(np.broadcast_shapes(each[0].shape, whole.shape))
    part = np.empty_like(new)
    for one, share in zip(each, shares, strict=True):
        new += np.multiply(one, np.where(share > 0, share / whole, 0.0), out=part)
    np.copyto(new, base, where=np.logical_not(whole > 0))
    return np.clip(new, -MOST, MOST, out=new)


def _grown(base: Values, each: list[Values]) -> Values:
    """A sum of squared gradients: the base's, and the mean gain of the models that have gained."""
    gains = [np.maximum(one - base, 0) for one in each]
    n = np.maximum(total((gain > 0).astype(np.int64) for gain in gains), 1)
    grown: Values = np.minimum(base + total(gain / n for gain in gains), MOST)
    return grown


def _pulls(base: Values, each: list[Values]) -> list[Values]:
    """How much the weights count that such a sum has scaled: as much as there is in it, where the model has gained."""
    return [np.where(one > base, one / len(each), 0.0) for one in each]


def _outer(a: Values) -> Values:
    product: Values = a[..., :, None] * a[..., None, :]
    return product
