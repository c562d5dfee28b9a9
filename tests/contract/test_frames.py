"""What every model keeps in bulk: the same bits as one by one, the frame it was given, all or nothing."""

from __future__ import annotations

import copy
import fractions
import math
import pickle
import random
from decimal import Decimal

import narwhals.exceptions
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from online_softmax import SoftmaxRegression

COLOURS = ("red", "green", "blue", "grey", "pink")


def batches(seed=7, n=25):
    """Make batches of random sizes, in which columns and classes come late, change order and go away."""
    rng = random.Random(seed)
    kinds = [rng.random, lambda: rng.randint(-3, 3), lambda: rng.random() < 0.5]
    for k in range(n):
        columns = rng.sample([f"x{j}" for j in range(2 + k // 4)], k=rng.randint(1, 2 + k // 4))
        draw = {name: rng.choice(kinds) for name in columns}
        size = rng.randint(1, 17)
        yield (
            {name: [draw[name]() for _ in range(size)] for name in columns},
            [rng.choice(COLOURS[: 2 + k // 6]) for _ in range(size)],
            [rng.choice([0.0, 0.5, 1.0, 3.0]) for _ in range(size)],
        )


def samples(columns):
    """Give the rows of `columns` as dictionaries."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def one_by_one(model, columns, labels, weights):
    for x, y, w in zip(samples(columns), labels, weights, strict=True):
        model.learn_one(x, y, w=w)
    return model


def trace(model, learn):
    """Learn all batches; give what `model` says after each of them, and the model at the end."""
    story = []
    for columns, labels, weights in batches():
        model = learn(model, columns, labels, weights)
        story.append([list(model.predict_proba_one(x).items()) for x in samples(columns)])
    return story, model


def trained(make_model):
    model = make_model()
    for i in range(12):
        model.learn_one({"a": math.sin(i), "b": i % 4 - 1.5}, COLOURS[i % 3])
    return model


def refuse(model, call, error, match=None):
    """Assert that `call` raises `error` and leaves `model` as it was."""
    before = pickle.dumps(model)
    with pytest.raises(error, match=match):
        call()
    assert pickle.dumps(model) == before


def test_in_bulk_as_one_by_one(make_model, learned, backend):
    def in_bulk(model, columns, labels, weights):
        model.learn_many(backend.frame(columns), backend.series(labels), w=backend.series(weights))
        return model

    (bulk_story, bulk), (story, model) = trace(make_model(), in_bulk), trace(make_model(), one_by_one)
    assert bulk_story == story
    assert learned(bulk) == learned(model)


@pytest.mark.parametrize(
    "pause", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy], ids=["pickled", "deepcopied"]
)
def test_paused_as_straight_through(make_model, learned, pause):
    def in_parts(model, columns, labels, weights):
        return pause(one_by_one(model, columns, labels, weights))

    (paused_story, paused), (story, model) = trace(make_model(), in_parts), trace(make_model(), one_by_one)
    assert paused_story == story
    assert learned(paused) == learned(model)


@pytest.mark.slow
def test_predictions_in_bulk_are_those_one_by_one(make_model, backend):
    model = make_model()
    for columns, labels, weights in batches():
        one_by_one(model, columns, labels, weights)
        X = backend.frame(columns | {"never seen": [2.0] * len(labels)})
        before = pickle.dumps(model)
        p, answers = model.predict_proba_many(X), model.predict_many(X)
        assert pickle.dumps(model) == before
        expected = [model.predict_proba_one(x) for x in samples(columns)]
        assert backend.rows(p) == expected
        assert list(p.columns if backend.keeps_labels else backend.rows(p)[0]) == model.classes
        assert backend.values(answers) == [model.predict_one(x) for x in samples(columns)]
        assert type(p) is type(X)
        assert type(answers) is type(backend.series(labels))


@pytest.mark.parametrize("labels", [[3, 1, 2], [True, False, True]], ids=["ints", "bools"])
def test_labels_name_the_columns(make_model, backend, labels):
    model = make_model()
    X = backend.frame({"a": [1.0, 2.0, -3.0]})
    model.learn_many(X, backend.series(labels))
    classes = list(dict.fromkeys(labels))
    assert model.classes == classes
    names = classes if backend.keeps_labels else [str(label) for label in classes]
    assert list(backend.rows(model.predict_proba_many(X))[0]) == names
    assert backend.values(model.predict_many(X)) == [model.predict_one({"a": a}) for a in (1.0, 2.0, -3.0)]


def test_pandas_keeps_its_index(make_model):
    model = trained(make_model)
    X = pd.DataFrame({"a": [1.0, 2.0]}, index=["first", "second"])
    for result in (model.predict_proba_many(X), model.predict_many(X), make_model().predict_proba_many(X)):
        assert result.index.equals(X.index)


def test_cold_model_predicts_nothing_in_bulk(make_model, backend):
    X = backend.frame({"a": [1.0, 2.0]})
    p, answers = make_model().predict_proba_many(X), make_model().predict_many(X)
    assert p.shape[1] == 0
    assert backend.values(answers) == [None, None]
    assert type(p) is type(X)


def test_an_empty_frame_changes_nothing(make_model, backend):
    for model in (make_model(), trained(make_model)):
        empty = backend.frame({"a": [1.0], "new": [1.0]})[:0]
        before = pickle.dumps(model)
        model.learn_many(empty, backend.series(["red"])[:0])
        assert pickle.dumps(model) == before
        assert backend.rows(model.predict_proba_many(empty)) == []
        assert backend.values(model.predict_many(empty)) == []


@pytest.mark.parametrize("w", [2.5, np.float64(2.5), np.full(3, 2.5)], ids=["float", "NumPy float", "array"])
def test_one_weight_for_all_rows(make_model, learned, backend, w):
    model, columns, labels = trained(make_model), {"a": [1.0, 2.0, 3.0]}, ["red", "green", "violet"]
    model.learn_many(backend.frame(columns), backend.series(labels), w=w)
    assert learned(model) == learned(one_by_one(trained(make_model), columns, labels, [2.5] * 3))


def test_an_array_may_begin_at_any_byte(make_model, learned):
    values, labels = np.random.default_rng(2).normal(size=(20, 3)), np.arange(20) % 3
    there = np.frombuffer(memoryview(b"-" + values.tobytes())[1:]).reshape(20, 3)
    assert not there.flags.aligned
    one, other = make_model(), make_model()
    one.learn_many(values, labels)
    other.learn_many(there, labels)
    assert learned(one) == learned(other)


@pytest.mark.parametrize("cell", [math.nan, None, math.inf], ids=repr)
def test_a_bad_cell_is_named_and_changes_nothing(make_model, backend, cell):
    model = trained(make_model)
    X = backend.frame({"a": [1.0] * 13, "new": [1.0] * 12 + [cell]})
    y = backend.series(["red"] * 12 + ["unheard"])
    refuse(model, lambda: model.learn_many(X, y), ValueError, match=r"new.*\b12\b|\b12\b.*new")
    refuse(model, lambda: model.predict_proba_many(X), ValueError, match="new")
    refuse(model, lambda: model.predict_many(X), ValueError, match="new")


def test_a_column_of_strings_is_named_and_changes_nothing(make_model, backend):
    model = trained(make_model)
    X, y = backend.frame({"a": [1.0, 2.0], "text": ["1.0", "2.0"]}), backend.series(["red", "unheard"])
    refuse(model, lambda: model.learn_many(X, y), (TypeError, ValueError), match="text")
    refuse(model, lambda: model.predict_proba_many(X), (TypeError, ValueError), match="text")
    refuse(model, lambda: model.predict_many(X), (TypeError, ValueError), match="text")


@pytest.mark.parametrize(
    "thing", ["2.0", b"2.0", 1j, [1.0], math.inf, 10**400, object()], ids=lambda thing: repr(thing)[:20]
)
def test_a_column_of_objects_may_hold_numbers_only(make_model, learned, thing):
    model = trained(make_model)
    y, numbers = pd.Series(["red", "unheard"]), [fractions.Fraction(1, 2), Decimal("2.5")]
    X = pd.DataFrame({"a": [1.0, 2.0], "mixed": pd.Series([1.0, thing], dtype=object)})
    refuse(model, lambda: model.learn_many(X, y), (TypeError, ValueError), match="mixed")
    refuse(model, lambda: model.predict_proba_many(X), (TypeError, ValueError), match="mixed")
    model.learn_many(pd.DataFrame({"mixed": pd.Series(numbers, dtype=object)}), y)
    assert learned(model) == learned(one_by_one(trained(make_model), {"mixed": numbers}, list(y), [1.0] * 2))


@pytest.mark.parametrize(
    "X",
    [pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]), pa.table([[1.0], [2.0]], names=["a", "a"])],
    ids=["pandas", "pyarrow"],
)
def test_a_column_given_twice_is_refused(make_model, X):
    model = trained(make_model)
    errors = (ValueError, narwhals.exceptions.DuplicateError)
    refuse(model, lambda: model.learn_many(X, pd.Series(["red"])), errors)
    refuse(model, lambda: model.predict_proba_many(X), errors)


@pytest.mark.parametrize(
    "w", [[1.0, 1.0, -1.0], [1.0, 1.0, math.nan], [1.0, 1.0, math.inf], [1.0, 1.0], -1.0, math.nan, "1"], ids=repr
)
def test_bad_weights_change_nothing(make_model, backend, w):
    model = trained(make_model)
    X, y = backend.frame({"a": [1.0, 2.0, 3.0]}), backend.series(["red", "green", "unheard"])
    w = backend.series(w) if isinstance(w, list) else w
    refuse(model, lambda: model.learn_many(X, y, w=w), (TypeError, ValueError))


def test_bad_labels_change_nothing(make_model, backend):
    model = trained(make_model)
    X = backend.frame({"a": [1.0, 2.0, 3.0], "new": [1.0, 2.0, 3.0]})
    refuse(model, lambda: model.learn_many(X, backend.series(["red", "green"])), ValueError)
    refuse(model, lambda: model.learn_many(X, pl.Series([1.0, 2.0, math.nan])), ValueError)


@pytest.mark.parametrize("patience", range(1, 10))
@pytest.mark.parametrize("part", ["name", "label"])
def test_a_hash_that_fails_halfway_through_a_batch_changes_nothing(make_model, moody, part, patience):
    model = trained(make_model)
    X, y = pd.DataFrame({"a": [1.0, 2.0, 3.0]}), pd.Series(["red", "green", "blue"], dtype=object)
    if part == "name":
        X[moody] = [0.0, 0.0, 4.0]
    else:
        y[2] = moody
    before = pickle.dumps(model)
    moody.patience = patience
    try:
        model.learn_many(X, y)
    except ZeroDivisionError:
        assert pickle.dumps(model) == before


def test_labels_are_not_optional(make_model, backend):
    model = trained(make_model)
    refuse(model, lambda: model.learn_many(backend.frame({"a": [1.0]}), None), (TypeError, ValueError))


def test_a_missing_label_is_refused_in_bulk(make_model, backend):
    for model in (make_model(), trained(make_model)):
        X = backend.frame({"a": [1.0, 2.0, 3.0], "new": [1.0, 1.0, 1.0]})
        y = backend.series(["unheard", None, "red"])
        refuse(model, lambda model=model, X=X, y=y: model.learn_many(X, y), ValueError, match="missing label")


@pytest.mark.parametrize(
    "y",
    [
        pd.Series([1, None], dtype=object),
        pd.Series([1.5, None]),
        pd.Series(["red", None], dtype="category"),
        pl.Series([1, None]),
        pl.Series([None, None]),
        pa.chunked_array([pa.array(["red", None]).dictionary_encode()]),
        pa.chunked_array([[True, None]]),
    ],
    ids=lambda y: f"{type(y).__module__} {getattr(y, 'dtype', getattr(y, 'type', None))}",
)
def test_missing_labels_of_every_type_are_refused(make_model, y):
    model = trained(make_model)
    refuse(model, lambda: model.learn_many(pd.DataFrame({"a": [1.0, 2.0]}), y), ValueError, match="missing label")


@pytest.mark.parametrize(
    "y", [["red", None], (None, "red"), np.array(["red", None]), np.array([1.0, math.nan])], ids=repr
)
def test_missing_labels_of_an_array_are_refused(make_model, y):
    model = trained(make_model)
    refuse(model, lambda: model.learn_many(np.ones((2, 2)), y), ValueError, match="missing label")


def test_a_missing_label_is_refused_in_a_batch(backend):
    model = trained(SoftmaxRegression)
    X, y = backend.frame({"a": [1.0, 2.0], "new": [1.0, 1.0]}), backend.series(["unheard", None])
    refuse(model, lambda: model.learn_batch(X, y), ValueError, match="missing label")


@pytest.mark.parametrize("X", [None, [[1.0]], {"a": [1.0]}, np.array([["a"]]), pl.LazyFrame({"a": [1.0]})], ids=type)
def test_only_frames_and_numeric_arrays_are_learned_in_bulk(make_model, X):
    model = trained(make_model)
    refuse(model, lambda: model.learn_many(X, pd.Series(["red"])), TypeError)
    refuse(model, lambda: model.predict_proba_many(X), TypeError)
    refuse(model, lambda: model.predict_many(X), TypeError)


def test_labels_of_any_kind_come_back_in_a_series(make_model):
    for labels in ([1, False], [1, "x", 2.5, (1, 2), b"b"], [(), "a"]):
        model = make_model()
        X = pd.DataFrame(np.eye(len(labels)), columns=[f"f{i}" for i in range(len(labels))])
        for _ in range(30):
            for i, label in enumerate(labels):
                model.learn_one(dict(X.iloc[i]), label)
        one_by_one = [model.predict_one(dict(X.iloc[i])) for i in range(len(labels))]
        answer = model.predict_many(X)
        assert [(type(label), label) for label in answer] == [(type(label), label) for label in one_by_one]


def test_labels_that_polars_cannot_hold_together_are_refused():
    model = SoftmaxRegression()
    for label in (1, "x", 2.5, (1, 2)):
        model.learn_one({"a": 1.0}, label)
    X = {"a": [1.0, -1.0]}
    assert model.predict_many(pd.DataFrame(X)).tolist() == [(1, 2), 1]
    with pytest.raises(ValueError, match="do not fit into one column: use a pandas frame"):
        model.predict_many(pl.DataFrame(X))
