"""The trees of the long memory, as a state holds them: checked, and taken away where its samples have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from online_softmax._kernel.limits import KD_LEAF, NOWHERE

TREES = "memory_threshold", "memory_child", "memory_dim", "memory_home"


def check_trees(found: Mapping[str, Any]) -> None:
    """Refuse arrays that are not trees: the kernel walks from a node to its child, and from a sample to its leaf.

    A node's children are a pair, the place of the left one odd; 0 is the child of a leaf. The arrays have been checked
    one by one.

    Parameters
    ----------
    found
        What a model file holds.

    Raises
    ------
    ValueError
        If a node is not the child of one node before it, or if a leaf does not exist or holds too many samples.

    Examples
    --------
    >>> check_trees({"memory_child": np.array([[1, 0, 1]]), "memory_home": np.array([[0, 1]])})
    Traceback (most recent call last):
    ValueError: tree 0 of the long memory has nodes that are not the child of one node before them
    """
    nodes = 0
    for tree, (child, home) in enumerate(zip(found["memory_child"], found["memory_home"], strict=True)):
        inner = np.flatnonzero(child)
        pairs = np.arange(len(inner)) * 2 + 1
        if not (np.array_equal(np.sort(child[inner]), pairs) and (child[inner] > inner).all()):
            raise ValueError(f"tree {tree} of the long memory has nodes that are not the child of one node before them")
        leaves = np.bincount(home[home != NOWHERE], minlength=1)
        if len(leaves) > len(inner) + 1 or leaves.max() > KD_LEAF:
            raise ValueError(
                f"tree {tree} of the long memory has {len(leaves)} leaves of up to {leaves.max()} samples: "
                f"{len(inner) + 1} of {KD_LEAF} are possible"
            )
        nodes = max(nodes, 2 * len(inner) + 1)
    if nodes != found["memory_child"].shape[1]:
        raise ValueError(
            f"the trees of the long memory have {nodes} nodes in room for {found['memory_child'].shape[1]}"
        )


def without_trees(state: dict[str, Any]) -> None:
    """Take the trees from a state. The kernel plants them anew when it takes the state over.

    Examples
    --------
    >>> state = {name: np.ones((2, 3), np.uint16) for name in TREES}
    >>> without_trees(state)
    >>> state["memory_child"]
    array([[0],
           [0]], dtype=uint16)
    """
    for name in TREES[:3]:
        state[name] = np.zeros_like(state[name][:, :1])
    state["memory_home"] = np.full_like(state["memory_home"], NOWHERE)
