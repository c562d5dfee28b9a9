"""AutoSoftmaxRegression keeps to the memory that its documentation allows, however long the stream is."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

from online_softmax import AutoSoftmaxRegression


def clouds(n, d, classes, seed=0):
    """Give a stream of one cloud a class in d features."""
    centres = np.random.default_rng(9).normal(size=(classes, d)) * 3 / np.sqrt(d)
    rng = np.random.default_rng(seed)
    for label in rng.integers(classes, size=n).tolist():
        yield named((centres[label] + rng.normal(size=d)).tolist()), label


def named(values):
    return {f"x{j:03}": value for j, value in enumerate(values)}


def learn(model, rows):
    for x, y in rows:
        model.learn_one(x, y)
    return model


@pytest.mark.parametrize("interactions", ["auto", False])
def test_memory_does_not_grow_with_the_stream(interactions):
    """But for the grove and the long memory, which grow to their bounds."""
    model, sizes = AutoSoftmaxRegression(interactions=interactions), []
    for t, (x, y) in enumerate(clouds(20_000, 18, 7)):
        model.learn_one(x, y)
        if t in (1999, 5000, 19_999):
            sizes.append(sys.getsizeof(model))
    assert len(set(sizes)) == 1 or interactions
    assert sizes[-1] <= sum(documented(18, 7, 1000))


def documented(d, classes, window):
    """Give the bytes that docs/auto.md allows: of the linear bank, and of the non-linear experts besides."""
    C = (classes + classes // 8 + 7) // 8 * 8
    linear = 30_000 + 600 * C + 8 * min(C, 512) ** 2 + (290 + 45 * C) * d
    grove = min(1_800_000 + 26_200 * C, 4_200_000)
    if d > 100:
        return linear + (120 + 45 * C) * d, grove
    votes = 150_000 if window <= 1000 else 1_200_000
    return linear + 85_000 + 2430 * C, grove + 1_200_000 + votes + 800_000 + 216 * (d + 2) * C


def one_by_one(rows):
    """Let one feature more appear every other sample."""
    return [(dict(list(x.items())[: 1 + t // 2]), y) for t, (x, y) in enumerate(rows)]


SHAPES = [(1, 2, 10**6), (8, 300, 1000), (9, 20, 10**6), (17, 7, 1000), (24, 7, 5000), (63, 16, 1000), (64, 16, 1000)]
SHAPES += [(65, 3, 1000), (78, 3, 1000), (100, 3, 1000), (100, 40, 10**6), (120, 40, 1000), (2, 600, 1000)]


@pytest.mark.parametrize("arrival", [list, one_by_one])
@pytest.mark.parametrize(("d", "classes", "window"), SHAPES)
def test_memory_keeps_to_its_documented_bounds(d, classes, window, arrival):
    rows = arrival([(x, t % classes) for t, (x, _) in enumerate(clouds(max(501, classes), d, 3))])
    linear = sys.getsizeof(learn(AutoSoftmaxRegression(interactions=False), rows))
    model = learn(AutoSoftmaxRegression(window=window), rows)
    most_linear, most_more = documented(d, classes, window)
    assert linear <= most_linear
    assert sys.getsizeof(model) - linear <= most_more
    assert sys.getsizeof(pickle.loads(pickle.dumps(model))) <= most_linear + most_more


@pytest.mark.parametrize("d", [1, 20, 78, 100])
def test_the_window_keeps_to_its_150_kilobytes(d):
    rows = list(clouds(1200, d, 3))
    size = {window: sys.getsizeof(learn(AutoSoftmaxRegression(window=window), rows)) for window in (1, 1000)}
    assert 4 * 900 < size[1000] - size[1] <= 150_000


def test_experts_that_leave_give_their_memory_back():
    rows = list(clouds(700, 101, 3))
    late = [({name: v for name, v in x.items() if name != "x100"}, y) for x, y in rows[:400]] + rows[400:]
    model = learn(AutoSoftmaxRegression(), late[:400])
    full = sys.getsizeof(model)
    learn(model, late[400:])
    without = learn(AutoSoftmaxRegression(), rows)
    assert set(model.expert_weights) == set(without.expert_weights)
    assert sys.getsizeof(model) < min(full, 1.2 * sys.getsizeof(without))
