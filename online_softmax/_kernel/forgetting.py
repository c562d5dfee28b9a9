"""What has been learned, less some features or classes: walks over the table of state.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel import grove
from online_softmax._kernel.limits import COVERED, GAUSSIAN_LD, QDA_START, memory_size, past_size
from online_softmax._kernel.state import FIELDS, USE
from online_softmax._kernel.trees import without_trees

State = dict[str, Any]


Places = NDArray[np.intp]  # positions along an axis, in order; a -1 is a new place, at the start


def kept(state: State, stay: Mapping[str, Places]) -> State:
    """Return a state of which, along each of these axes, these places stay."""
    new = dict(state)
    for name in FIELDS.keys() & state.keys():
        field, array = FIELDS[name], state[name]
        if stay.keys().isdisjoint(field.each_axis()):
            continue
        array = field.unfolded(array)
        for i, axis in enumerate(field.each_axis()):
            if axis not in stay or np.array_equal(stay[axis], np.arange(array.shape[i])):
                continue
            there = stay[axis] >= 0
            room = [len(there) if j == i else n for j, n in enumerate(array.shape)]
            moved = np.full(room, field.start or 0, array.dtype)
            within = tuple(there if j == i else slice(None) for j in range(i + 1))
            moved[within] = array.take(stay[axis][there], i)
            array = moved
        new[name] = np.ascontiguousarray(field.folded(array))
    if "newton_P" in state and "covered row" in stay:
        fresh = np.flatnonzero(stay["covered row"] < 0)
        new["newton_P"][fresh, fresh] = state["newton_fresh"]
    return new


def renumbered(state: State, axis: str, n: int, stay: Places) -> State:
    """Return a state whose positions along an axis of n are those after these places stayed; 0 for one that is gone."""
    position = np.zeros(n, np.intp)
    position[stay[stay >= 0]] = np.flatnonzero(stay >= 0)
    new = dict(state)
    for name in FIELDS.keys() & state.keys():
        field = FIELDS[name]
        if field.values == axis:
            value = position[state[name]]
            new[name] = int(value) if field.type is int else value.astype(field.type)
    return new


def places(features: Places) -> dict[str, Places]:
    """Return the places along each axis of features, from those of the features.

    Examples
    --------
    >>> places(np.array([2, -1, 0]))["row"]
    array([ 0,  3, -1,  1])
    """
    covered = np.where(features[:COVERED] < COVERED, features[:COVERED], -1)

    def rows(of: Places) -> Places:
        return np.concatenate([np.zeros(1, np.intp), np.where(of < 0, -1, of + 1)])

    return {"feature": features, "row": rows(features), "covered": covered, "covered row": rows(covered)}


def without_features(state: State, gone: set[int]) -> State:
    """Return a model's state without the features at these positions of `names`.

    Parameters
    ----------
    state
        What `_state()` returned.
    gone
        Positions in `state["names"]`.
    """
    names = state["names"]
    keep = np.array([i for i in range(len(names)) if i not in gone], np.intp)
    state = {**state, "names": [names[i] for i in keep]}
    if not state["labels"]:
        state = {name: state[name] for name in ("names", "labels", *USE) if name in state}
    stay = places(keep)
    if "grove_root" in state:
        state = with_past(grove.without(state, ~np.isin(np.arange(1 + len(names)), stay["row"])), len(stay["row"]))
    if "qda_M" in state:
        modelled = stay["modelled feature"] = keep[keep < state["qda_M"].shape[1]]
    rearranged = "memory_home" in state and not np.array_equal(stay["covered"], np.arange(len(state["memory_mean"])))
    if rearranged:
        stay["remembered"] = oldest_first(state, "memory")
    new = renumbered(kept(state, stay), "row", 1 + len(names), stay["row"])
    if rearranged:
        _replanted(new)
    if "qda_M" in state:
        _marginal(new, state, modelled)
    return new


def least_valuable(state: State, n: int) -> set[int]:
    """Return the positions of the n least valuable features: used seldom, long ago, and saying little about the class.

    The value of a feature is uses x spread^2 / sqrt(1 + age): its number of samples, the distance between its
    largest and its smallest weight among the classes, and the samples since its last one.

    Parameters
    ----------
    state
        What `_state()` returned of a model with a budget.
    n
        How many.
    """
    weights = "B" if "B" in state else "W"
    spread = np.ptp(FIELDS[weights].unfolded(state[weights])[1:, 0], axis=1)
    age = state["learned"] - state["last_use"]
    value = state["uses"] * np.minimum(spread, 1e150) ** 2 / np.sqrt(1.0 + age)
    return set(np.argsort(value, kind="stable")[:n].tolist())


def without_class(state: State, c: int) -> State:
    """Return a model's state without the class at position `c` of `labels`.

    Parameters
    ----------
    state
        What `_state()` returned.
    c
        Position in `state["labels"]`.
    """
    labels = state["labels"]
    state = {**state, "labels": labels[:c] + labels[c + 1 :]}
    if len(labels) == 1:
        return without_features(state, set(range(len(state["names"]))))
    others = np.delete(np.arange(len(labels)), c)
    stay = {"class": others}
    if "qda_M" in state:
        stay["modelled class"] = others[others < len(state["qda_M"])]
    if "window_label" in state:
        oldest = oldest_first(state, "window")
        samples = stay["sample"] = oldest[state["window_label"][oldest] != c]
        state["window_head"] = len(samples) % state["window_size"]
    if "past_label" in state:  # their numbers follow each other, so none may go
        state["past_weight"] = np.where(state["past_label"] == c, np.float32(0), state["past_weight"])
    if c in state.get("memory_label", ()):
        oldest = oldest_first(state, "memory")
        stay["remembered"] = oldest[state["memory_label"][oldest] != c]
    if state.get("last") == c:
        state["last"] = 0
    new = renumbered(kept(state, stay), "class", len(labels), others)
    if "remembered" in stay:
        _replanted(new)
    if "recent" in new:
        new["recent_sum"], new["always_sum"] = float(new["recent"].sum()), float(new["always"].sum())
    return new


def with_past(state: State, rows: int) -> State:
    """Return a state whose last samples lie in order, as many as there may be of so many rows of features."""
    if rows == state["past_x"].shape[1]:
        return state
    size = past_size(rows)
    newest = oldest_first(state, "past")[-size or len(state["past_label"]) :]
    new = kept(state, {"past sample": newest})
    return new | {"past_head": len(newest) % size if size else 0}


def oldest_first(state: State, ring: str) -> NDArray[np.intp]:
    """The places of the samples in the "window", the long "memory" or the "past", each a ring once it is full."""
    m = len(state[f"{ring}_label"])
    if ring == "window":
        size = state["window_size"]
    elif ring == "memory":
        size = memory_size(state["memory_mean"].size)
    else:
        size = past_size(state["past_x"].shape[1])
    return np.roll(np.arange(m), -state[f"{ring}_head"] if m == size else 0)


def _replanted(new: State) -> None:
    """The long memory after its samples have been put in order, the oldest first, or its features have."""
    new["memory_head"] = len(new["memory_label"]) % memory_size(len(new["memory_mean"]))
    without_trees(new)


def _marginal(new: State, state: State, stay: NDArray[np.intp]) -> None:
    """The marginal distribution of the features that stay: with P the inverse covariance, a feature j leaves
    P - P_j P_j' / P_jj, and ln P_jj more in ln det of the covariance."""
    P, classes = state["qda_P"].copy(), state["qda_class"].copy()
    with np.errstate(all="ignore"):
        for j in sorted(set(range(P.shape[1])) - set(stay.tolist())):
            classes[:, GAUSSIAN_LD] += np.log(P[:, j, j])
            column = P[:, :, j].copy()
            P -= column[:, :, None] * column[:, None, :] / column[:, j, None, None]
            P[:, j, j] = 1
    P = np.ascontiguousarray(P[:, stay][:, :, stay])
    lost = ~(np.isfinite(P).all(axis=(1, 2)) & np.isfinite(classes[:, GAUSSIAN_LD]))  # singular: start again
    P[lost], classes[lost, GAUSSIAN_LD] = np.eye(len(stay)) / QDA_START, len(stay) * np.log(QDA_START)
    new["qda_P"], new["qda_class"] = P, classes
    new["qda_turn"] = state["qda_turn"] % max(len(stay), 1)
