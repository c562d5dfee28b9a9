"""The trees of the grove as arrays: whether they are sound, and what is left of them without some features.

A child, and the root of a tree, is the number of a node, which is larger than its parent's, or ~ that of a leaf.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.limits import GROVE_TREES, LEAVES, TESTS, most_tests

State = dict[str, Any]
Numbers = NDArray[np.intp]

STRUCTURE = "grove_root", "grove_child", "tests_leaf"


def sizes(leaves: int, tested: int) -> dict[str, int]:
    """Return the sizes of a grove's axes, where so many leaves, and leaves with tests, are possible."""
    if not GROVE_TREES <= leaves <= LEAVES:
        raise ValueError(f"a grove of {leaves} leaves does not exist")
    if tested > most_tests(1):
        raise ValueError(f"a grove with tests at {tested} leaves does not exist")
    return {"leaf": leaves, "node": leaves - GROVE_TREES, "tested leaf": tested}


def check(found: Mapping[str, Any]) -> None:
    """Refuse what is no forest, its numbers in range: each node and leaf has one parent, before it.

    Raises
    ------
    ValueError
        If it is not one, or if a leaf has tests twice.
    """
    root, child, tested = (found[name] for name in STRUCTURE)
    nodes, leaves = len(child), len(child) + GROVE_TREES
    once = np.array_equal(np.sort(np.concatenate([root, child.ravel()])), np.arange(-leaves, nodes))
    if not once or ((child >= 0) & (child <= np.arange(nodes)[:, None])).any():
        raise ValueError("the nodes and leaves of the grove are not those of trees")
    if len(np.unique(tested)) < len(tested):
        raise ValueError("a leaf of the grove has tests twice")


def without(state: State, gone: NDArray[np.bool_]) -> State:
    """Return a state whose grove has no test on these rows of features.

    Where a node asked for one, the side that a 0 takes is in its place.
    """
    root, child = state["grove_root"].astype(np.intp), state["grove_child"].astype(np.intp)
    asks = gone[state["grove_feature"]]
    leads = child[np.arange(len(child)), (state["grove_threshold"] <= 0).astype(np.intp)]

    def followed(at: Numbers) -> Numbers:
        """To the first node that stays, or to a leaf."""
        while (moving := np.flatnonzero(at >= 0)[asks[at[at >= 0]]]).size:
            at[moving] = leads[at[moving]]
        return at

    root, child = followed(root), followed(child.ravel()).reshape(child.shape)
    nodes, leaves = np.zeros(len(child), bool), np.zeros(len(state["grove_W"]), bool)
    at = root
    while at.size:
        leaves[~at[at < 0]] = True
        at = at[at >= 0]
        nodes[at] = True
        at = child[at].ravel()
    tested = leaves[state["tests_leaf"]]
    new = dict(state)
    for stay, names in (
        (nodes, ("grove_feature", "grove_threshold")),
        (leaves, ("grove_W", "grove_G", "grove_wrong")),
        (tested, [name for name in state if name.startswith("tests_")]),
    ):
        new |= {name: np.ascontiguousarray(state[name][stay]) for name in names}
    node, leaf = np.cumsum(nodes) - 1, np.cumsum(leaves) - 1
    for name, was in (("grove_root", root), ("grove_child", child[nodes])):
        new[name] = np.array([node[k] if k >= 0 else ~leaf[~k] for k in was.ravel()], np.int32).reshape(was.shape)
    new["tests_leaf"] = leaf[new["tests_leaf"]].astype(np.int32)
    return new | _without_tests(new, gone)


def _without_tests(state: State, gone: NDArray[np.bool_]) -> State:
    """The tests that stay close the gaps."""
    drawn = np.arange(TESTS) < state["tests_drawn"][:, None]
    stay = drawn & ~gone[state["tests_feature"]]
    order, n = np.argsort(~stay, axis=1, kind="stable"), stay.sum(1)
    there = np.arange(TESTS) < n[:, None]
    new = {"tests_drawn": n.astype(np.int32)}
    for name in ("tests_feature", "tests_threshold"):
        new[name] = np.where(there, np.take_along_axis(state[name], order, 1), 0)
    counts = np.take_along_axis(state["tests_counts"], order[:, None, None], 3)
    return new | {"tests_counts": np.where(there[:, None, None], counts, 0)}
