"""What a model has learned has a row in one table, and whatever walks over the table agrees with the kernels."""

from __future__ import annotations

import ast
import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import optim

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, SoftmaxRegression
from online_softmax._kernel import forgetting, limits, state
from online_softmax._kernel.bank.auto import EXPERTS
from online_softmax._kernel.forgetting import oldest_first, without_class, without_features
from online_softmax._kernel.state import FIELDS, MERGES, SIZES, TABLE, check
from online_softmax._kernel.trees import without_trees

KERNEL = Path(state.__file__).parent
LEARNED_SIZES = {"feature", "row", "covered", "covered row", "modelled feature", "class", "modelled class"}
LEARNED_SIZES |= {"sample", "remembered", "kd node", "value", "scalar", "leaf", "node", "tested leaf", "past sample"}


def samples(n, d=6, classes=4):
    """Give a small stream, of which the later samples carry more features and more classes."""
    return [
        ({f"x{j}": math.sin(3 * i * (j + 1) + j) for j in range(1 + min(i, d - 1))}, i * i % 61 % min(1 + i, classes))
        for i in range(n)
    ]


def trained(model, stream):
    for x, y in stream:
        model.learn_one(x, y)
    return model


def parts(model):
    """Take apart what a model has learned: features, classes, and all arrays and numbers."""
    found = model._state()
    return len(found.pop("names")), len(found.pop("labels")), found


BANKS = {
    "bank": lambda: trained(AutoSoftmaxRegression(), samples(60)),
    "bank, its window full": lambda: trained(AutoSoftmaxRegression(window=16, max_features=9), samples(60)),
    "bank, more features than are covered": lambda: trained(
        AutoSoftmaxRegression(), samples(520) + samples(130, 120)[120:]
    ),
    "bank without Gaussians": lambda: trained(AutoSoftmaxRegression(), samples(70, 70)),
    "bank, more classes than Gaussians": lambda: trained(
        trained(AutoSoftmaxRegression(), samples(520, 60, 2)), samples(60, 60, 30)
    ),
    "linear bank": lambda: trained(AutoSoftmaxRegression(interactions=False), samples(60)),
}
SOFTMAX = {
    "implicit, bounded": lambda: trained(SoftmaxRegression(ImplicitAdaGrad(), max_features=9), samples(60)),
    "Adam": lambda: trained(SoftmaxRegression(optim.Adam(), intercept=True), samples(60)),
}
MODELS = BANKS | SOFTMAX


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    """Give a trained model, which no test changes."""
    return MODELS[request.param]()


# ---- the table and the kernels ----


def test_every_row_says_how_to_merge_and_has_axes_that_the_table_names():
    rows = [field for fields in TABLE.values() for field in fields]
    assert len(FIELDS) == len(rows)
    for field in rows:
        assert field.merge in MERGES, field
        assert set(field.each_axis()) <= LEARNED_SIZES | SIZES.keys(), field
        assert not (isinstance(field.type, type) and field.axes), field
        if {"covered", "covered row"} & set(field.each_axis()):  # forgetting makes new places there
            assert field.start is not None, field
    for word in MERGES:
        assert re.search(rf'^  "{word}"  ', state.__doc__, re.MULTILINE)
    for axis in LEARNED_SIZES:
        assert re.search(rf"^  {axis}  ", state.__doc__, re.MULTILINE)


def test_each_model_holds_what_the_table_says(model):
    F, C, found = parts(model)
    check(model, F, C, found)
    for name, value in found.items():
        field = FIELDS[name]
        if isinstance(value, np.ndarray):
            assert field.unfolded(value).ndim == len(field.each_axis())
            assert field.folded(field.unfolded(value)).shape == value.shape
        if name != "follow":  # it goes where there are too many classes
            with pytest.raises(ValueError, match=f"'{name}'.* is missing"):
                check(model, F, C, {other: found[other] for other in found if other != name})


def test_every_expert_has_a_name():
    assert len(EXPERTS) == limits.BANK


def test_every_row_is_some_models():
    assert set().union(*(parts(make())[2] for make in MODELS.values())) == FIELDS.keys()


def test_fresh_models_hold_nothing_but_their_use():
    for fresh in (SoftmaxRegression(), AutoSoftmaxRegression()):
        check(fresh, 0, 0, {})
    check(AutoSoftmaxRegression(max_features=3), 0, 0, parts(AutoSoftmaxRegression(max_features=3))[2])


def test_starts_are_those_of_the_kernel():
    found = trained(AutoSoftmaxRegression(), [])._state()
    assert found.keys() == {"names", "labels"}
    model = AutoSoftmaxRegression()
    model.learn_one({"a": 0.5, "b": 2.0}, "y", w=0.0)
    found = model._state()
    touched = {"samples", "seen", "statistics", "length", "newton_fresh", "newton_P", "metric", "memory_metric"}
    touched |= {"sparse_samples", "sparse_length", "scale", "scale_values"}
    for name, field in FIELDS.items():
        if name in found and name not in touched and field.start is not None:
            assert np.all(found[name] == field.start), name
    for name in ("metric", "memory_metric"):
        assert np.all(found[name][0, 1:] == FIELDS[name].start)
    np.testing.assert_array_equal(found["newton_P"], np.eye(3) * found["newton_fresh"])
    np.testing.assert_array_equal(found["qda_P"][0], np.eye(2) / limits.QDA_START)
    assert found["qda_class"][0, limits.GAUSSIAN_LD] == pytest.approx(2 * math.log(limits.QDA_START), rel=1e-15)


# ---- sizes come from C ----


@pytest.mark.parametrize("axis", sorted(SIZES))
def test_another_size_is_refused(monkeypatch, axis):
    F, C, found = parts(model := BANKS["bank"]())
    monkeypatch.setitem(SIZES, axis, SIZES[axis] + 1)
    with pytest.raises(ValueError, match="must be an array of"):
        check(model, F, C, found)


@pytest.mark.parametrize("block", sorted(state.FAMILIES.keys() - {"bank", "sparse"}))  # the latter may learn unheard
def test_arrays_of_a_family_that_takes_no_part_are_refused(block):
    F, C, found = parts(BANKS["bank"]())
    at, n, _ = state.FAMILIES[block]
    for name in ("voices", "experts"):
        found[name][0, at : at + n] = 0
    with pytest.raises(ValueError, match="is not part of such a model"):
        check(AutoSoftmaxRegression(), F, C, found)


@pytest.mark.parametrize(
    ("name", "row", "value", "message"),
    [
        ("voices", limits.NEWTON_AT, 0.0, "of the 3 experts of 'newton', only 2 take part"),
        ("voices", 0, 0.5, "an expert that never leaves has less than its whole voice"),
        ("voices", limits.LABELS_AT, 0.0, "of the 8 experts of 'bank', only 7 take part"),
        ("voices", limits.VOTES_AT, 1.5, "'voices' has values from"),
        ("experts", limits.VOTES_AT, -0.5, "'experts' has values from"),
    ],
)
def test_voices_that_no_bank_has_are_refused(name, row, value, message):
    F, C, found = parts(BANKS["bank"]())
    found[name][0, row] = value
    with pytest.raises(ValueError, match=message):
        check(AutoSoftmaxRegression(), F, C, found)


def test_a_weight_of_an_expert_that_takes_no_part_is_refused():
    F, C, found = parts(BANKS["linear bank"]())
    found["experts"][0, limits.VOTES_AT] = 0.1
    with pytest.raises(ValueError, match="takes no part has a weight"):
        check(AutoSoftmaxRegression(interactions=False), F, C, found)


OTHER_LIMITS = {"COVERED": 101, "QDA_FEATURES": 63, "QDA_CELLS": 9000, "WINDOW_LEAST": 257, "MARKOV_CLASSES": 3}


@pytest.mark.parametrize("name", OTHER_LIMITS)
def test_another_limit_is_refused(monkeypatch, name):
    models = [trained(AutoSoftmaxRegression(), samples(100, d)) for d in (64, 90)]
    models.append(MODELS["bank, more features than are covered"]())

    def are_sound():
        for model in models:
            check(model, *parts(model))

    are_sound()
    monkeypatch.setattr(state, name, OTHER_LIMITS[name])
    with pytest.raises(ValueError, match=r"must be|do not fit|has values from|is not part of"):
        are_sound()


def literals(module):
    """Give the numbers that are typed in a module, outside of its docstrings."""
    tree = ast.parse(Path(module.__file__).read_text())
    return {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }


def test_no_size_is_typed_again():
    assert literals(state) == {0, 1, 2}  # 2: the arrays that auto.pyx puts side by side in G
    assert literals(forgetting) == {0, 1, 2, 1e150}  # 2: a square


@pytest.mark.parametrize(
    ("header", "was", "instead"),
    [
        ("squash.h", "double mean, var;", "double var, mean;"),
        ("squash.h", "    double nz; ", "    double more, nz; "),
        ("squash.h", "    int64_t seen; ", "    int64_t other, seen; "),
        ("gaussian.h", "double N, K, KM, LD;", "double N, K, LD, KM;"),
        ("gaussian.h", "    double fresh; ", "    int64_t turns; double fresh; "),
        ("mixture.h", "double u[INPUTS], S[INPUTS][INPUTS];", "double S[INPUTS][INPUTS], u[INPUTS];"),
        ("mixture.h", "double u[INPUTS], S[INPUTS][INPUTS];", "double u[INPUTS], S[INPUTS][INPUTS], more;"),
        ("mixture.h", "double u[LANES], S[CALIBRATED][LANES];", "double S[CALIBRATED][LANES], u[LANES];"),
    ],
)
def test_structs_that_files_hold_as_doubles_stay_as_they_are(tmp_path, header, was, instead):
    for path in KERNEL.rglob("*.h"):
        (tmp_path / path.relative_to(KERNEL)).parent.mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(KERNEL))
    path = tmp_path / "bank" / header
    command = ["gcc", "-fsyntax-only", "-w", "-xc", str(tmp_path / "bank" / "bank.h")]
    subprocess.run(command, check=True)
    text = path.read_text()
    assert text.count(was) == 1
    path.write_text(text.replace(was, instead))
    done = subprocess.run(command, capture_output=True, text=True)
    assert "static assertion failed" in done.stderr


# ---- forgetting is a walk ----


def same_bits(one, other):
    """Whether two states have the same names, types, shapes and bits."""

    def bits(value):
        return (value.dtype, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else (type(value), value)

    return one.keys() == other.keys() and all(bits(one[name]) == bits(other[name]) for name in one)


def without_planted(back, left):
    """The state that a model gives back, without the trees that it planted since there were none."""
    if "memory_child" in left and not left["memory_child"].any():
        without_trees(back)
    return back


@given(data=st.data())
def test_what_is_left_is_a_sound_state_of_the_model(model, data):
    left = model._state()
    for _ in range(data.draw(st.integers(1, 3))):
        F, C = len(left["names"]), len(left["labels"])
        if C and data.draw(st.booleans()):
            left = without_class(left, data.draw(st.integers(0, C - 1)))
        else:
            left = without_features(left, data.draw(st.sets(st.integers(0, max(F - 1, 0)), max_size=12)))
        found = {name: value for name, value in left.items() if name not in ("names", "labels")}
        check(model, len(left["names"]), len(left["labels"]), found)
        assert all(value.flags.c_contiguous for value in left.values() if isinstance(value, np.ndarray))
    other = type(model)(**{name: getattr(model, name) for name in model._get_params()})
    other._restore(left)
    assert not left["labels"] or same_bits(without_planted(other._state(), left), left)
    trained(other, samples(5))


@given(data=st.data())
def test_what_stays_is_what_was_there(model, data):
    was = model._state()
    F, names = len(was["names"]), was["names"]
    left = without_features(was, data.draw(st.sets(st.integers(0, F - 1), max_size=F // 2)))
    for name in left.keys() & FIELDS.keys():
        field = FIELDS[name]
        for axis, first in (("feature", 0), ("row", 1), ("covered", 0), ("covered row", 1)):
            if axis not in field.each_axis():
                continue
            at = field.each_axis().index(axis)
            old, new = field.unfolded(was[name]), field.unfolded(left[name])
            if name == "past_x":  # whose samples may have been put in order
                old, new = old[oldest_first(was, "past")], new[oldest_first(left, "past")]
            for i, kept in enumerate(left["names"][: new.shape[at] - first]):
                a, b = old.shape[at], first + names.index(kept)
                if field.each_axis().count(axis) > 1:  # in newton_P, on the diagonal
                    old_value = old[b, b] if b < a else was["newton_fresh"]
                    assert new[first + i, first + i] == old_value
                else:
                    old_value = old.take(b, at) if b < a else field.start
                    assert np.all(new.take(first + i, at) == old_value)


def test_one_after_the_other_or_at_once():
    was = BANKS["bank"]()._state()
    at_once = without_features(was, {1, 4})
    one_by_one = without_features(without_features(was, {1}), {3})
    del at_once["qda_turn"], one_by_one["qda_turn"]  # whose turn is next depends on how many there are
    assert same_bits(at_once, one_by_one)


def test_window_without_a_class_is_the_samples_of_the_others_oldest_first():
    was = BANKS["bank, its window full"]()._state()
    assert 0 < was["window_head"] < len(was["window_time"]) == was["window_size"]
    left = without_class(was, 1)
    order = np.argsort(was["window_time"])
    order = order[was["window_label"][order] != 1]
    assert 0 < len(order) < was["window_size"]
    for name in ("window_time", "window_weight"):
        np.testing.assert_array_equal(left[name], was[name][order])
    np.testing.assert_array_equal(left["window_B"], was["window_B"][:, order])
    np.testing.assert_array_equal(
        np.delete(was["labels"], 1)[left["window_label"]], np.array(was["labels"])[was["window_label"][order]]
    )
    assert left["window_head"] == len(order)


def test_forgetting_leaves_the_old_state_alone(model):
    was, again = model._state(), model._state()
    without_features(was, {0})
    without_class(was, 1)
    assert same_bits(was, again)


# ---- and so are giving and taking ----


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in state.USE])
def test_the_kernels_take_only_what_fits(name):
    kinds = [make() for make in (SOFTMAX["Adam"], BANKS["bank"])]
    model = next(model for model in kinds if name in model._state())
    found = model._state()
    value = found[name]
    wrong = [np.asarray(value).astype("f8" if np.asarray(value).dtype != "f8" else "f4"), np.asarray(value)[None]]
    for each in wrong:
        with pytest.raises((ValueError, TypeError), match=r"expected .* items of format|not enough|too many"):
            type(model)(**{name: getattr(model, name) for name in model._get_params()})._restore({**found, name: each})
