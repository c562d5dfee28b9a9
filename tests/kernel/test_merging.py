"""Merging walks over the table, and inverts matrices by plain sums, the same in every process."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import AutoSoftmaxRegression
from online_softmax._kernel import limits
from online_softmax._kernel.merging import SUMS, _Shards, inverses, merged, of_experts, pooled, union
from online_softmax._kernel.softmax.softmax import RULES
from online_softmax._kernel.state import FIELDS, MERGES


def test_every_word_of_the_table_has_its_function():
    for word in MERGES:
        assert callable(getattr(_Shards, f"_{word}"))
    assert {field.merge for field in FIELDS.values()} == set(MERGES)


def test_every_sum_of_squares_is_a_state_of_its_rule():
    for name, (array, place) in SUMS.items():
        _, n_states, n_scalars = RULES[name]
        assert place <= n_states if array == "B" else place < n_scalars


@given(st.integers(1, 20), st.integers(0, 1000), st.floats(-6, 6))
def test_inverses_are_those_of_lapack(n, seed, magnitude):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(3, n, n + 3)) * 10**magnitude
    A = A @ A.transpose(0, 2, 1)
    inverse, ln_det, sound = inverses(A)
    assert sound.all()
    np.testing.assert_allclose(inverse @ A, np.broadcast_to(np.eye(n), A.shape), atol=1e-6)
    np.testing.assert_allclose(ln_det, np.linalg.slogdet(A)[1], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(inverse, inverse.transpose(0, 2, 1))


@pytest.mark.parametrize("bad", [-1.0, 0.0, np.inf, np.nan])
def test_what_is_not_definite_is_told_apart(bad):
    _, _, sound = inverses(np.array([np.eye(2), np.diag([1.0, bad]), [[1.0, 2.0], [2.0, 1.0]]]))
    assert sound.tolist() == [True, False, False]


@given(st.lists(st.lists(st.floats(-1e3, 1e3), max_size=9), min_size=2, max_size=5))
def test_pooled_moments_are_those_of_all_samples(parts):
    common, *own = parts
    if not any(own):
        return
    each = [np.array(common + part) for part in own]
    count, more = len(common), sum(map(len, own))
    moments = [(x.mean(), x.var()) if len(x) else (0.0, 0.0) for x in (np.array(common), *each)]
    left = [count / max(len(x), 1) for x in each]
    mean, var = pooled(moments[0], moments[1:], left, [len(part) / more for part in own], count / (count + more))
    everything = np.array([*common, *chain(*own)])
    assert mean == pytest.approx(everything.mean(), rel=1e-9, abs=1e-9)
    assert var == pytest.approx(everything.var(), rel=1e-9, abs=1e-6)


def test_names_are_united_in_the_order_of_their_first_appearance():
    same = ["a", "b"]
    assert union([same, ["a", "b"], ["b", "a", "c"]]) == ["a", "b", "c"]
    assert union([same, same]) == same is not union([same, same])


def test_a_bank_of_fewer_experts_is_what_the_kernel_leaves():
    """The kernel lets the experts go while it learns: what it kept of the mixture before is what this keeps."""
    model = AutoSoftmaxRegression()
    for i in range(300):
        model.learn_one({"a": i % 7, "b": i % 5}, i % 3)
    was = model._state()
    first = np.arange(limits.BANK) < limits.GROVE_AT
    left = of_experts(was, first)
    assert left["experts"].sum() == pytest.approx(1)
    assert "newton_P" not in left
    mixers, before = FIELDS["mixers"].unfolded(left["mixers"]), FIELDS["mixers"].unfolded(was["mixers"])
    inputs, gone = np.append(np.flatnonzero(first), limits.BAYES), np.flatnonzero(~first)
    np.testing.assert_array_equal(mixers[:, 0, inputs], before[:, 0, inputs])
    np.testing.assert_array_equal(mixers[:, 1 + inputs[:, None], inputs], before[:, 1 + inputs[:, None], inputs])
    assert before[:, :, gone].any()
    assert not mixers[:, :, gone].any()
    assert not mixers[:, 1 + gone].any()
    linear = AutoSoftmaxRegression()
    linear._restore(left)
    linear.learn_one({"a": 1.0}, 0)


def test_neither_states_nor_their_arrays_are_changed():
    base = AutoSoftmaxRegression()
    for i in range(50):
        base.learn_one({"a": i % 7, "b": i % 5}, i % 3)
    updates = [base.copy(), base.copy()]
    for k, update in enumerate(updates):
        for i in range(20):
            update.learn_one({"a": i % 7, f"c{k}": i % 5}, i % (3 + k))
    states = [each._state() for each in (base, *updates)]
    before = [{name: np.array(value, copy=True) for name, value in state.items()} for state in states]
    merged(states[0], states[1:], [20, 20], window=base.window)
    for state, was in zip(states, before, strict=True):
        for name, value in state.items():
            np.testing.assert_array_equal(value, was[name])
