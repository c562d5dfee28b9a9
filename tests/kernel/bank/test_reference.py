"""The compiled bank answers as its reference does, which is dense NumPy, on streams of every kind."""

from __future__ import annotations

import random
import re
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import online_softmax
from online_softmax import AutoSoftmaxRegression
from tests.golden.streams import LINEAR, WHOLE, random_weights
from tests.reference import constants
from tests.reference.bank import Bank, progressive
from tests.reference.experts import Gaussian, Labels, Linear, Newton
from tests.reference.grove import Grove
from tests.reference.sparse import Sparse

# The votes, too: the reference repeats their single precision. Only the order of other sums differs.
CLOSE = 1e-9
ALMOST_0 = 1e-15
STEPPING = "adagrad", "decaying-sgd", "normalised-sgd", "slow-adagrad", "newton", "newton-decaying", "additive"


def agree(samples, weights=None, rows=None, **parameters):
    """Check every p before each sample is learned, and every expert's share after it; return the reference.

    Where an expert that steps gives the true class almost 0, its two Newton steps jump from one end of their bracket to
    the other, and rounding says whether they stay inside: from there on, nothing is checked.
    """
    samples = list(islice(samples, rows))
    weights = list(islice(weights, len(samples))) if weights else [1.0] * len(samples)
    model, bank = AutoSoftmaxRegression(**parameters), Bank(**parameters)
    for t, ((x, y), w, expected) in enumerate(zip(samples, weights, progressive(samples, weights, bank), strict=True)):
        assert model.predict_proba_one(x) == pytest.approx(expected, abs=CLOSE), t
        model.learn_one(x, y, w=w)
        assert model.expert_weights == pytest.approx(bank.expert_weights, abs=CLOSE), t
        p_y = dict(zip(bank.experts, bank.P[:, [*expected, y].index(y)], strict=False))
        if any(p_y.get(name, 1) < ALMOST_0 for name in STEPPING):
            break
    return bank


def drawn(seed, rows=150):
    """Classes that drift and come one by one; features on scales from 1e-6 to 1e6, rare ones, late ones, outliers."""
    rng = random.Random(seed)
    d, C = rng.randrange(1, 13), rng.randrange(1, 8)
    centres = [[rng.gauss(0, 1) for _ in range(d)] for _ in range(C)]
    scales = [10 ** rng.uniform(-6, 6) for _ in range(d)]
    often = [rng.choice((0.05, 0.3, 1, 1)) for _ in range(d)]
    since = [rng.choice((0, 0, rows // 4, rows // 2)) for _ in range(d)]
    for t in range(rows):
        label = rng.randrange(1 + t * C // rows)
        for centre in centres:
            centre[:] = (value + rng.gauss(0, 0.05) for value in centre)
        there = [j for j in range(d) if t >= since[j] and rng.random() < often[j]]
        far = 1e3 if rng.random() < 0.02 else 1
        yield {f"x{j:02}": (rng.gauss(centres[label][j], 0.7) + 2) * scales[j] * far for j in there}, label


def growing(features, rows, classes=lambda t: 2, seed=0):
    """classes(t) classes, and features(t) features, all of them in a sample that brings a new one, few in others."""
    rng, had = random.Random(seed), 0
    for t in range(rows):
        x = {f"x{j:03}": rng.gauss(0, 1) for j in range(features(t)) if features(t) > had or rng.random() < 0.1}
        had = features(t)
        yield x, rng.randrange(classes(t))


BANKS = pytest.mark.parametrize("interactions", ["auto", False], ids=["whole bank", "linear bank"])
SEEDS = pytest.mark.parametrize("seed", range(6))


@BANKS
@SEEDS
def test_streams_that_drift_and_grow(interactions, seed):
    assert agree(drawn(seed), interactions=interactions).t == 150


@BANKS
@SEEDS
def test_weights(interactions, seed):
    assert agree(drawn(seed), random_weights(), rows=100, interactions=interactions).t == 100


@pytest.mark.parametrize("window", [1, 7, 40])
def test_windows_that_are_full(window):
    assert agree(drawn(1), window=window).t == 150


@pytest.mark.parametrize("name", LINEAR)
def test_golden_streams_with_the_linear_bank(name):
    agree(LINEAR[name](), rows=200, interactions=False)


@pytest.mark.parametrize("name", WHOLE)
def test_golden_streams_with_the_whole_bank(name):
    agree(WHOLE[name](), rows=200)


names, values = st.sampled_from("abcde"), st.floats(-1e200, 1e200) | st.sampled_from((0.0, 1.0, -1.0, 2.0))
samples = st.tuples(st.dictionaries(names, values), st.sampled_from("xyz"))


@BANKS
@given(st.lists(samples, max_size=30), st.sampled_from((0.0, 0.5, 1.0, 3.0)))
def test_any_samples(interactions, stream, weight):
    agree(stream, [weight] * len(stream), interactions=interactions)


@BANKS
def test_more_than_100_features_in_the_first_sample(interactions):
    agree(growing(lambda t: 110, 30), interactions=interactions)


@BANKS
def test_experts_that_leave(interactions):
    bank = agree(growing(lambda t: 99 + 3 * (t > 9), 250), interactions=interactions)
    grove = {*Grove.experts} if interactions else set()
    assert {*bank.experts} - grove == {*Linear.experts, *Labels.experts, *Sparse.experts}


@BANKS
def test_a_101st_feature_when_all_have_proven_themselves(interactions):
    stream = growing(lambda t: 5 if t < constants.SETTLED else 5 + 20 * (t - constants.SETTLED), 510, seed=1)
    bank = agree(stream, interactions=interactions)
    assert {*bank.experts} >= {*Newton.experts, *Sparse.experts} | ({*Gaussian.experts} if interactions else set())


def test_gaussians_that_leave():
    bank = agree(growing(lambda t: 60, 280, lambda t: min(2 + t // 2, 30)))
    assert bank.experts[-1] == "wide-memory"


def test_a_window_that_loses_rows():
    bank = agree(growing(lambda t: 66 + 4 * (t // 320), 350))
    assert bank.t == 350


def forks(rows, turn, seed=0):
    """Tell the class by a tree of tests, beside more features than most experts cover; from `turn` on by nothing."""
    rng = random.Random(seed)
    for t in range(rows):
        x = {f"x{j}": round(rng.gauss(0, 1), 2) for j in range(4)}
        y = 2 * (x["x1"] > 0.3) + (x["x2"] > 0) if x["x0"] > 0 else 3 * (x["x3"] > -0.5)
        yield (
            x | (dict.fromkeys((f"z{j}" for j in range(100)), 1.0) if t == 0 else {}),
            y if t < turn else rng.randrange(4),
        )


def grove_of(bank):
    return next(block for block in bank.blocks if "grove" in block.experts)


def test_trees_that_grow():
    assert len(grove_of(agree(forks(500, 500))).leaves) > 80


def test_leaves_that_take_over_each_others_tests():
    """Where there are 330 classes, only so many have room for tests."""
    rng = random.Random(0)
    stream = [({"x": rng.gauss(t % 20, 1), "y": rng.gauss(t // 20 % 17, 1)}, t % 330) for t in range(430)]
    grove = grove_of(agree(stream))
    assert len(grove.tested) == grove.most_tests < 20


@pytest.mark.slow
def test_trees_that_start_anew():
    assert grove_of(agree(forks(2150, 2005))).calm < 150


def words(rows, first, seed=0):
    """Rows of a few common words and of many rare ones, behind `first` rows of common ones; classes come one by one."""
    rng = random.Random(seed)
    for t in range(first + rows):
        label = rng.randrange(2 + min(max(t - first, 0) // 20, 4))
        names = [f"w{j}" for j in range(4) if rng.random() < 0.4]
        names += [f"x{rng.choice((label, 9))}{rng.randrange(200):03}" for _ in range(9)] if t >= first else []
        yield {name: rng.choice((1, 1, 2, 0.3, -1)) for name in sorted(set(names))}, label


@pytest.mark.parametrize("weights", [None, random_weights], ids=["", "weights"])
@pytest.mark.parametrize("first", [0, 40, constants.SETTLED + 5])
def test_words_of_which_many_are_new(first, weights):
    bank = agree(words(120, first), weights and weights(), interactions=False)
    assert {*bank.experts} >= {*Sparse.experts}
    assert bank.t == first + 120


def clusters(rows, seed=3):
    """Clusters of whose labels a third are noise, so that nearly all samples are remembered."""
    rng = random.Random(seed)
    centres = [[rng.gauss(0, 1) for _ in range(4)] for _ in range(40)]
    for _ in range(rows):
        k = rng.randrange(40)
        label = rng.choice((k, k, rng.randrange(40))) % 5
        yield {f"x{j}": rng.gauss(value, 0.3) for j, value in enumerate(centres[k])}, label


def test_a_long_memory_in_new_units_and_with_new_trees():
    bank = agree(clusters(1080))
    (memory,) = (block for block in bank.blocks if "memory" in block.experts)
    assert memory.stored > 1024 + constants.KD_TREES
    assert max(len(tree.leaves) for tree in memory.trees) > 30


def test_more_than_512_classes():
    agree((({"x": float(t % 7)}, t % 520) for t in range(530)), interactions=False)


HEADERS = "".join(path.read_text() for path in (Path(online_softmax.__file__).parent / "_kernel/bank").glob("*.h"))


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, value in vars(constants).items() if name.isupper()]
)
def test_the_constants_are_the_kernels(name, value):
    """As in `#define NAME 1.0`, `NAME = 1` of an enum, `NAME[2] = {1.0, 2.0}`."""
    [kernels] = re.findall(rf"\b{name}(?:\[[^]]*\])?(?: =)? +([(]?-?[.\d][-.\de]*|{{[-.\de, ]+}})", HEADERS)
    assert [float(each) for each in kernels.strip("(){}").split(",")] == list(np.atleast_1d(value))
