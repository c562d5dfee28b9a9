"""What has been learned, less some features or classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

State = dict[str, Any]
Kept = NDArray[np.intp]  # the rows or classes that stay, in order

GAUSSIAN_START = 0.25  # the variance of a class before its first sample
COVERED = 100  # features of AutoSoftmaxRegression's second-order and non-linear experts
# The arrays that have an axis of features, and where; and those whose last axis is classes.
FEATURES = {"B": 0, "scalars": 0, "statistics": 0, "seen": 0, "G": 1}
USAGE = ("uses", "last_use")
CLASSES = ("t", "final_lr", "recent", "always", "B", "W", "newton_W", "hats_W", "follow")


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
    new: State = {**state, "names": [names[i] for i in keep]}
    new |= {name: state[name][keep] for name in USAGE if name in state}
    if not state["labels"]:
        return {name: new[name] for name in ("names", "labels", "learned", "evicted", *USAGE) if name in new}
    rows = np.concatenate([[0], keep + 1])
    for name, axis in FEATURES.items():
        if name in state:
            new[name] = np.ascontiguousarray(state[name].take(rows, axis))
    if "W" in state:
        new["W"] = _rows(state["W"], rows, len(names) + 1)
    if "newton_P" in state:
        _newton(new, rows)
    if "window_B" in state:
        _window(new, keep)
    if "hats_G" in state:
        had = state["hats_G"].size // 21
        covered = rows[rows < had]
        new["hats_W"] = _rows(state["hats_W"], covered, had, 1 + min(len(keep), COVERED))
        new["hats_G"] = _rows(state["hats_G"].reshape(-1, 1), covered, had, 1 + min(len(keep), COVERED)).reshape(1, -1)
    if "qda_M" in state:
        _gaussians(new, keep)
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
    weights = (
        state["B"][1:, 0] if "B" in state else state["W"].reshape(len(state["seen"]), -1, len(state["labels"]))[1:, 0]
    )
    age = state["learned"] - state["last_use"]
    value = state["uses"] * np.minimum(np.ptp(weights, axis=1), 1e150) ** 2 / np.sqrt(1.0 + age)
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
    new: State = {**state, "labels": labels[:c] + labels[c + 1 :]}
    if len(labels) == 1:
        return without_features({**state, "labels": []}, set(range(len(state["names"]))))
    for name in CLASSES:
        if name in state:
            new[name] = np.ascontiguousarray(np.delete(state[name], c, axis=-1))
    if "follow" in state:
        new["follow"] = np.ascontiguousarray(np.delete(new["follow"], c, axis=0))
    if "last" in state:
        new["last"] = 0 if state["last"] == c else state["last"] - (state["last"] > c)
        new["recent_sum"], new["always_sum"] = float(new["recent"].sum()), float(new["always"].sum())
    if "window_label" in state:
        _window_without(new, c)
    if "qda_M" in state and c < len(state["qda_M"]):
        for name in ("qda_class", "qda_turn", "qda_M", "qda_P"):
            new[name] = np.ascontiguousarray(np.delete(state[name], c, axis=0))
    return new


def _rows(array: NDArray[Any], rows: Kept, had: int, room: int | None = None) -> NDArray[Any]:
    """Take blocks of rows, each of `had` the same size; zero blocks fill up the `room`."""
    blocks = array.reshape(had, -1, array.shape[-1])[rows]
    if room is not None:
        blocks = np.concatenate([blocks, np.zeros((room - len(blocks), *blocks.shape[1:]))])
    return np.ascontiguousarray(blocks.reshape(-1, array.shape[-1]))


def _newton(state: State, rows: Kept) -> None:
    had, room = len(state["newton_P"]), min(len(rows), 1 + COVERED)
    rows = rows[rows < had]
    P = np.diag(np.full(room, state["newton_fresh"]))
    P[: len(rows), : len(rows)] = state["newton_P"][np.ix_(rows, rows)]
    state["newton_W"], state["newton_P"] = _rows(state["newton_W"], rows, had, room), P


def _window(state: State, keep: Kept) -> None:
    d, room = len(state["window_B"]), min(len(keep), COVERED)
    columns = keep[keep < d]
    metric = np.concatenate([[0], columns + 1])
    fill = room - len(columns)
    state["window_B"] = np.pad(state["window_B"][columns], ((0, fill), (0, 0)))
    state["metric"] = np.pad(state["metric"][:, metric], ((0, 0), (0, fill)), constant_values=1)
    state["metric_G"] = np.pad(state["metric_G"][:, metric], ((0, 0), (0, fill)), constant_values=0.01)


def _gaussians(state: State, keep: Kept) -> None:
    """The marginal distribution of the features that stay: with P the inverse covariance, a feature j leaves
    P - P_j P_j' / P_jj, and ln P_jj more in ln det of the covariance."""
    M, P, classes = state["qda_M"], state["qda_P"].copy(), state["qda_class"].copy()
    stay = keep[keep < M.shape[1]]
    with np.errstate(all="ignore"):
        for j in sorted(set(range(M.shape[1])) - set(stay.tolist())):
            classes[:, 3] += np.log(P[:, j, j])
            column = P[:, :, j].copy()
            P -= column[:, :, None] * column[:, None, :] / column[:, j, None, None]
            P[:, j, j] = 1
    P = P[:, stay][:, :, stay]
    lost = ~(np.isfinite(P).all(axis=(1, 2)) & np.isfinite(classes[:, 3]))  # numerically singular: start again
    P[lost], classes[lost, 3] = np.eye(len(stay)) / GAUSSIAN_START, len(stay) * np.log(GAUSSIAN_START)
    state["qda_M"], state["qda_class"] = np.ascontiguousarray(M[:, stay]), classes
    state["qda_P"] = np.ascontiguousarray(P)
    state["qda_turn"] = state["qda_turn"] % max(len(stay), 1)


def _window_without(state: State, c: int) -> None:
    """The ring without the samples of class c, oldest first."""
    m, head, size = state["window_label"].size, state["window_head"], state["window_size"]
    order = np.arange(m) if m < size else np.roll(np.arange(m), -head)
    order = order[state["window_label"][order] != c]
    label = state["window_label"][order]
    state["window_label"] = label - (label > c).astype(np.int32)
    for name in ("window_time", "window_weight"):
        state[name] = np.ascontiguousarray(state[name][order])
    state["window_B"] = np.ascontiguousarray(state["window_B"][:, order])
    state["window_head"] = len(order) % size
