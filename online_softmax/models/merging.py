"""Merging: models that learned on from one base, each on rows of its own, become one."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np

from online_softmax._kernel import merging
from online_softmax._kernel.forgetting import State, least_valuable, without_features
from online_softmax.models.native import NativeModel
from online_softmax.models.scaled import ScaledModel, native

SCALER = ("scaler_counts", "scaler_means", "scaler_vars")

_Model = TypeVar("_Model")


def merge(base: _Model, updates: Iterable[_Model]) -> _Model:
    """Return one model that has learned what several models have, which all started from `base`.

    Features and classes are united by name: `base`'s first, then those of the first update, and so on. Counts add up,
    means and variances are those of all samples, and weights are averaged: `docs/howto/merging.md` says how each array.
    Updates that have learned nothing are left out: where none is left, the answer is equal to `base`, and where one is
    left, to that one, to the last bit. The same updates in the same order give the same bits.

    Parameters
    ----------
    base
        The model that all started from: a `SoftmaxRegression`, an `AutoSoftmaxRegression`, or a pipeline of a
        `StandardScaler` and one of them.
    updates
        Copies of `base` that have learned on, each on rows of its own. Neither they nor `base` are changed.

    Raises
    ------
    TypeError
        If a model is none of these.
    ValueError
        If an update has another class or other parameters than `base`, or has not learned on from it.

    Examples
    --------
    >>> from online_softmax import SoftmaxRegression, merge
    >>> base = SoftmaxRegression()
    >>> north, south = base.copy(), base.copy()
    >>> north.learn_one({"sun": 1.0}, "dry")
    >>> north.learn_one({"rain": 1.0}, "wet")
    >>> south.learn_one({"wind": 1.0}, "dry")
    >>> south.learn_one({"snow": 1.0}, "wet")
    >>> model = merge(base, [north, south])
    >>> model.features, model.classes
    (['sun', 'rain', 'wind', 'snow'], ['dry', 'wet'])

    References
    ----------
    - Chan, T., Golub, G. and LeVeque, R., 1983. Algorithms for computing the sample variance: analysis and
      recommendations. The American Statistician, 37(3), 242-247. https://doi.org/10.1080/00031305.1983.10483115
    - McDonald, R., Hall, K. and Mann, G., 2010. Distributed training strategies for the structured perceptron. NAACL.
      https://aclanthology.org/N10-1069/
    - Agarwal, A., Chapelle, O., Dudík, M. and Langford, J., 2014. A reliable effective terascale linear learning
      system. JMLR, 15, 1111-1133. https://jmlr.org/papers/v15/agarwal14a.html
    """
    start = _native("base", base)
    each = [_native(f"update {i}", update) for i, update in enumerate(updates)]
    for i, update in enumerate(each):
        _check_alike(i, start, update)
    first, states = start.state(), [update.state() for update in each]
    for i, state in enumerate(states):
        _check_descends(i, start, first, state)
    learned = [i for i, state in enumerate(states) if not _same(first, state)]
    if not learned:
        new = first
    elif len(learned) == 1:
        new = states[learned[0]]
    else:
        new = _merged(start, first, [states[i] for i in learned])
    model = _fresh(start)
    model.check(new)
    model.restore(new)
    whole: _Model = model.whole
    return whole


def _native(what: str, model: Any) -> NativeModel:
    found = native(model)
    if found is None:
        raise TypeError(f"{what} is {model!r}: merge a model of this package, or a StandardScaler before one")
    return found


def _check_alike(i: int, base: NativeModel, update: NativeModel) -> None:
    """Refuse an update of another class or other parameters."""
    theirs, ours = _told(update), _told(base)
    for part in ours | theirs:
        their, our = theirs.get(part), ours.get(part)
        if their != our:
            raise ValueError(f"update {i} has the {part} {their!r}, and base {our!r}: merge copies of one model")


def _told(found: NativeModel) -> dict[str, Any]:
    """All that models have in common that can be merged."""
    from online_softmax.models import parameters

    told: dict[str, Any] = {"class": type(found.model).__name__, "scaler": found.to_json()}
    for name in found.model._get_params():
        value = getattr(found.model, name)
        try:
            told[name] = parameters.to_json(name, value)
        except TypeError:  # a schedule or a label that a model file cannot hold
            told[name] = repr(value)
    return told


def _check_descends(i: int, base: NativeModel, first: State, state: State) -> None:
    """Refuse an update that cannot have learned on from the base."""

    def refuse(reason: str) -> None:
        raise ValueError(f"update {i} has not learned on from base, {reason}: merge copies of base that have")

    bounded = base.model.max_features is not None
    for kind, kinds, lists in (("class", "classes", "labels"), ("feature", "features", "names")):
        ours, theirs = first[lists], state[lists]
        if theirs[: len(ours)] == ours or (kind == "feature" and bounded):
            continue
        known = set(theirs)
        for name in ours:
            if name not in known:
                refuse(f"whose {kind} {name!r} it lacks")
        refuse(f"whose {kinds} come in another order")
    if _samples(base, state) < _samples(base, first):
        refuse(f"which has learned {_samples(base, first)} samples, and it {_samples(base, state)}")
    counts = dict(zip(state.get("scaler_names", ()), state.get("scaler_counts", ()), strict=True))
    for name, count in zip(first.get("scaler_names", ()), first.get("scaler_counts", ()), strict=True):
        if counts.get(name, 0) < count:
            refuse(f"whose scaler has met feature {name!r} {count} times, and its own {counts.get(name, 0)} times")


def _samples(model: NativeModel, state: State) -> int:
    """How many samples a state has learned, by its own clock."""
    if "t" in state:
        return int(np.max(state["t"])) - int(model.model.optimizer.n_iterations)
    return int(state.get("samples", 0))


def _same(one: State, other: State) -> bool:
    """Whether two states have the same bits."""
    if one.keys() != other.keys():
        return False
    small = sorted(one, key=lambda name: getattr(one[name], "nbytes", 0))  # these differ first
    return all(_same_bits(one[name], other[name]) for name in small)


def _same_bits(one: Any, other: Any) -> bool:
    if not isinstance(one, np.ndarray):
        return bool(one == other)
    whole = f"u{one.itemsize}"
    return one.shape == other.shape and bool((one.view(whole) == other.view(whole)).all())


def _fresh(base: NativeModel) -> NativeModel:
    """A model of the same parameters, behind a scaler where there is one, that has learned nothing."""
    parameters = {name: copy.deepcopy(getattr(base.model, name)) for name in base.model._get_params()}
    model, scaler = type(base.model)(**parameters), base.to_json()
    return NativeModel(model) if scaler is None else ScaledModel.from_json(scaler, model)


def _merged(base: NativeModel, first: State, states: list[State]) -> State:
    """What two or more models have learned, as one state."""
    scalers = {name: value for name, value in first.items() if name.startswith("scaler_")}
    new = _merged_scalers(first, states) if scalers else {}
    first = {name: value for name, value in first.items() if name not in new}
    learned = [{name: value for name, value in state.items() if name not in new} for state in states]
    learned = [state for state in learned if not _same(first, state)]
    if len(learned) < 2:
        return (learned or [first])[0] | new
    model = base.model
    optimizer = type(model.optimizer).__name__ if hasattr(model, "optimizer") else ""
    samples = [_samples(base, state) - _samples(base, first) for state in learned]
    state = merging.merged(first, learned, samples, optimizer, getattr(model, "window", 0))
    more = len(state["names"]) - (model.max_features or len(state["names"]))
    if more > 0:
        state = without_features(state, least_valuable(state, more))
        state["evicted"] += more
    return state | new


def _merged_scalers(first: State, states: list[State]) -> State:
    """Counts, means and variances of all samples."""
    names = merging.union([first["scaler_names"], *(state["scaler_names"] for state in states)])

    def laid_out(state: State) -> list[np.ndarray[Any, Any]]:
        at = {name: i for i, name in enumerate(state["scaler_names"])}
        places = np.array([at.get(name, -1) for name in names], np.intp)
        return [np.where(places >= 0, np.append(state[part], 0)[places], 0) for part in SCALER]

    count, mean, var = laid_out(first)
    each = [laid_out(state) for state in states]
    gains = [own - count for own, _, _ in each]
    gained = merging.total(gains)
    new_mean, new_var = merging.pooled(
        (mean, var),
        [(own_mean, own_var) for _, own_mean, own_var in each],
        [count / np.maximum(own, 1) for own, _, _ in each],
        [gain / np.maximum(gained, 1) for gain in gains],
        count / np.maximum(count + gained, 1),
    )
    for i in np.flatnonzero(~(np.isfinite(new_mean) & np.isfinite(new_var))):
        raise OverflowError(
            f"feature {names[i]!r} has means from {min(m[i] for _, m, _ in each)} to {max(m[i] for _, m, _ in each)}: "
            "its variance would leave the range of doubles"
        )
    return {"scaler_names": names, "scaler_counts": count + gained, "scaler_means": new_mean, "scaler_vars": new_var}
