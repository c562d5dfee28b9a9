"""The trees of the long memory in a model file: what is not a forest of k-d trees over its samples is refused."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load as contents

from online_softmax import AutoSoftmaxRegression
from online_softmax._kernel.limits import KD_LEAF, KD_TREES, NOWHERE
from online_softmax.models.saving import ModelFileError, load, to_bytes
from online_softmax.storage import container
from online_softmax.storage.container import KEY


def noise(n, d=5, classes=3):
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(n, d)), columns=list("abcde")[:d]), pd.Series(rng.integers(classes, size=n))


def file_of(n):
    model = AutoSoftmaxRegression()
    model.learn_many(*noise(n))
    return to_bytes(model)


FILE = file_of(400)


def parts(data=FILE):
    """Take a file apart: its metadata without the checksum, and its arrays, free to be changed."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    about = json.loads(header["__metadata__"][KEY])
    del about["checksum"]
    return about, {name: value.copy() for name, value in contents(data).items()}


def refused(about, arrays):
    """Give the sentence that refuses a file."""
    with pytest.raises(ModelFileError) as refusal:
        load(io.BytesIO(container.to_bytes(about, arrays)))
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def goes_on(about, arrays):
    """Whether a model of such a file answers and learns."""
    model = load(io.BytesIO(container.to_bytes(about, arrays)))
    X, y = noise(300)
    model.learn_many(X, y)
    return bool(np.isfinite(model.predict_proba_many(X)).all(axis=None))


def test_the_file_as_it_is_goes_on():
    assert goes_on(*parts())


# ---- one value after the other ----

NODES = "has nodes that are not the child of one node before them"
LEAVES = "leaves of up to"


@pytest.mark.parametrize(
    ("array", "at", "wrong", "sentence"),
    [
        ("memory_child", (0, 0), 3, NODES),
        ("memory_child", (0, 0), 0, NODES),
        ("memory_child", (1, 0), 2, NODES),
        ("memory_child", (2, -1), 1, NODES),
        ("memory_child", (3, 1), 60000, "has values from"),
        ("memory_dim", (0, 0), 5, "has values from"),
        ("memory_home", (0, 0), 200, LEAVES),
        ("memory_home", (3, 7), NOWHERE - 1, LEAVES),
        ("memory_threshold", (0, 0), np.nan, "has values from"),
        ("memory_Z", (0, 0), np.inf, "has values from"),
        ("memory_Z", (9, 4), -2e6, "has values from"),
        ("memory_label", 0, 3, "has values from"),
        ("memory_label", 0, -1, "has values from"),
        ("memory_time", 0, 400, "has values from"),
        ("memory_weight", 0, -1, "has values from"),
        ("memory_mean", 0, np.nan, "has values from"),
        ("memory_sd", 0, -1, "has values from"),
        ("memory_metric", (0, 1), 101, "has values from"),
        ("memory_metric_G", (0, 1), -1, "has values from"),
    ],
)
def test_a_value_that_cannot_be_is_refused(array, at, wrong, sentence):
    about, arrays = parts()
    arrays[array][at] = wrong
    assert sentence in refused(about, arrays)


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        ("memory_head", 0),
        ("memory_head", 401),
        ("memory_stored", 399),
        ("memory_nearest", -1.0),
        ("memory_n_nearest", -1.0),
    ],
)
def test_a_number_that_cannot_be_is_refused(number, wrong):
    about, arrays = parts()
    about["numbers"][number] = wrong
    assert f"'{number}' has values from" in refused(about, arrays)


# ---- trees as wholes ----


def test_a_cycle_is_refused():
    about, arrays = parts()
    child = arrays["memory_child"][0]
    first = child[0]
    child[0], child[first] = child[first], first  # the first pair is now its own parent's child
    assert NODES in refused(about, arrays)


def test_a_node_of_two_parents_is_refused():
    about, arrays = parts()
    child = arrays["memory_child"][0]
    a, b = np.flatnonzero(child)[-2:]
    child[a] = child[b]
    assert NODES in refused(about, arrays)


def test_a_crowded_leaf_is_refused():
    about, arrays = parts()
    arrays["memory_home"][1, : KD_LEAF + 1] = 0
    assert LEAVES in refused(about, arrays)


def test_nodes_that_are_not_there_are_refused():
    about, arrays = parts()
    for name in ("memory_child", "memory_dim", "memory_threshold"):
        arrays[name] = np.pad(arrays[name], [(0, 0), (0, 2)])
    assert "in room for" in refused(about, arrays)


def test_too_many_samples_are_refused_before_any_room_is_made():
    about, arrays = parts()
    for name in ("memory_Z", "memory_label", "memory_time", "memory_weight"):
        arrays[name] = np.resize(arrays[name], (8193, *arrays[name].shape[1:]))
    arrays["memory_home"] = np.full((KD_TREES, 8193), NOWHERE, np.uint16)
    assert "holds 8193 samples" in refused(about, arrays)


def test_too_many_nodes_are_refused():
    about, arrays = parts()
    for name in ("memory_child", "memory_dim", "memory_threshold"):
        arrays[name] = np.zeros((KD_TREES, 60_001), arrays[name].dtype)
    assert "in trees of 60001 nodes" in refused(about, arrays)


@pytest.mark.parametrize("name", [name for name in sorted(parts()[1]) if name.startswith("memory")])
def test_another_shape_or_type_is_refused(name):
    about, arrays = parts()
    for wrong in (arrays[name][:-1], arrays[name][None], arrays[name].astype("i8")):
        refused(about, arrays | {name: np.ascontiguousarray(wrong)})
    del arrays[name]
    assert f"'{name}'" in refused(about, arrays)


# ---- what is odd but possible ----


def test_trees_that_know_no_samples_are_planted():
    about, arrays = parts()
    for name in ("memory_child", "memory_dim", "memory_threshold"):
        arrays[name] = np.zeros((KD_TREES, 1), arrays[name].dtype)
    arrays["memory_home"] = np.full_like(arrays["memory_home"], NOWHERE)
    model = load(io.BytesIO(container.to_bytes(about, arrays)))
    assert (model._state()["memory_home"] != NOWHERE).all()
    assert goes_on(about, arrays)


def test_samples_in_leaves_that_are_not_theirs_harm_nothing():
    about, arrays = parts()
    arrays["memory_home"] = arrays["memory_home"][:, ::-1].copy()
    arrays["memory_threshold"][:] = 0
    assert goes_on(about, arrays)


def test_extremes_harm_nothing():
    about, arrays = parts()
    arrays["memory_sd"][:] = [5e-324, 1e308, 0, 1, 1e-300]
    arrays["memory_mean"][:] = [1e308, -1e308, 0, 0, 1e308]
    arrays["memory_metric"][:] = 0
    arrays["memory_metric_G"][:] = 0
    arrays["memory_weight"][:] = 0
    about["numbers"] |= {"memory_nearest": 1e308, "memory_n_nearest": 1e308}
    assert goes_on(about, arrays)
