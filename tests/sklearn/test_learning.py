"""What is learned: batches in whatever cuts, classes as they come, weights, and calls that fail."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.class_weight import compute_sample_weight

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, SoftmaxRegression
from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier


def test_any_cut_of_a_stream_is_the_same_model(make, iris):
    X, y = iris
    whole, rows, batches = (make() for _ in range(3))
    whole.partial_fit(X, y)
    for i in range(len(y)):
        rows.partial_fit(X[i : i + 1], y[i : i + 1])
    for at in np.split(np.arange(len(y)), [1, 7, 50, 51]):
        batches.partial_fit(X[at], y[at])
    for other in (rows, batches):
        np.testing.assert_array_equal(other.predict_proba(X), whole.predict_proba(X))
        assert pickle.dumps(other.model_) == pickle.dumps(whole.model_)


@pytest.mark.parametrize(
    ("estimator", "model"),
    [
        (SoftmaxClassifier(scaling=None, missing="raise"), SoftmaxRegression(ImplicitAdaGrad(), intercept=True)),
        (
            SoftmaxClassifier("SGD", scaling=None, fit_intercept=False, l2=0.1, learning_rate=0.01, missing="raise"),
            SoftmaxRegression(l2=0.1),
        ),
        (AutoSoftmaxClassifier(missing="raise"), AutoSoftmaxRegression()),
    ],
    ids=["softmax", "softmax, SGD", "auto"],
)
def test_partial_fit_is_learn_many_and_learn_one_of_the_model(estimator, model, iris, learned):
    X, y = iris
    one = model.clone()
    model.learn_many(X, y)
    estimator = clone(estimator).partial_fit(X, y)
    for values, label in zip(X.tolist(), y.tolist(), strict=True):
        one.learn_one(dict(enumerate(values)), label)
    assert learned(estimator.model_) == learned(model) == learned(one)
    P = pd.DataFrame(model.predict_proba_many(X), columns=model.classes)[estimator.classes_.tolist()]
    np.testing.assert_array_equal(estimator.predict_proba(X), P)


def test_a_scaled_model_is_rivers_pipeline_row_by_row(iris, learned):
    from river import preprocessing

    X, y = iris
    estimator = SoftmaxClassifier(missing="zero").partial_fit(X, y)
    pipeline = preprocessing.StandardScaler() | SoftmaxRegression(ImplicitAdaGrad(), intercept=True, missing="zero")
    for values, label in zip(X.tolist(), y.tolist(), strict=True):
        pipeline.learn_one(dict(enumerate(values)), label)
    assert learned(estimator.model_["SoftmaxRegression"]) == learned(pipeline["SoftmaxRegression"])
    for part in ("counts", "means", "vars"):
        assert dict(getattr(estimator.model_["StandardScaler"], part)) == getattr(pipeline["StandardScaler"], part)


def test_fit_goes_over_the_rows_so_many_times(iris, learned):
    X, y = iris
    fitted = SoftmaxClassifier(max_iter=3, shuffle=False).fit(X, y)
    streamed = SoftmaxClassifier()
    for _ in range(3):
        streamed.partial_fit(X, y, classes=[0, 1, 2])
    assert fitted.n_iter_ == 3
    np.testing.assert_array_equal(fitted.predict_proba(X), streamed.predict_proba(X))


def test_fit_is_the_same_each_time_and_another_with_another_seed(make, iris):
    X, y = iris
    first = make().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(make().fit(X, y).predict_proba(X), first)
    assert (make(random_state=1).fit(X, y).predict_proba(X) != first).any()
    assert (make(shuffle=False).fit(X, y).predict_proba(X) != first).any()


def test_warm_start_goes_on(make, iris):
    X, y = iris
    twice = make(warm_start=True, shuffle=False).fit(X, y)
    before = copy.deepcopy(twice.model_)
    model = twice.model_
    twice.fit(X, y)
    assert pickle.dumps(model) == pickle.dumps(before)  # a fit that fails half way would leave it
    assert (twice.predict_proba(X) != make(shuffle=False).fit(X, y).predict_proba(X)).any()


def test_sparse_is_dense(make, iris):
    X, y = iris
    X = X * (np.median(X) < X)
    dense = make().partial_fit(X, y)
    if isinstance(dense, SoftmaxClassifier):
        assert SoftmaxClassifier().partial_fit(sparse.csr_array(X), y).scaling_ is None
        dense = SoftmaxClassifier(dense.optimizer, scaling=None).partial_fit(X, y)
    for kind in (sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        other = clone(dense).partial_fit(kind(X), y)
        np.testing.assert_array_equal(other.predict_proba(kind(X)), dense.predict_proba(X))
        np.testing.assert_array_equal(other.predict_proba(X), dense.predict_proba(X))
    stored = sparse.csr_array(X)
    stored.data[::3] = 0.0  # stored, and 0 all the same
    other, same = clone(dense).partial_fit(stored, y), clone(dense).partial_fit(sparse.csr_array(stored.toarray()), y)
    np.testing.assert_array_equal(other.predict_proba(X), same.predict_proba(X))
    large = sparse.csr_array(X)
    large.indices, large.indptr = large.indices.astype(np.int64), large.indptr.astype(np.int64)
    np.testing.assert_array_equal(clone(dense).partial_fit(large, y).predict_proba(large), dense.predict_proba(X))


def test_dense_and_sparse_batches_of_one_stream(iris):
    X, y = iris
    scaled = SoftmaxClassifier().partial_fit(X[:80], y[:80]).partial_fit(sparse.csr_array(X[80:]), y[80:])
    whole = SoftmaxClassifier().partial_fit(X, y)
    np.testing.assert_array_equal(scaled.predict_proba(X), whole.predict_proba(sparse.csr_array(X)))
    assert scaled.scaling_ == "standard"
    with pytest.raises(ValueError, match="X is sparse, and scaling='standard' would fill it"):
        SoftmaxClassifier(scaling="standard").fit(sparse.csr_array(X), y)


def test_gaps_of_scaled_numbers_are_the_mean(iris):
    X, y = iris
    with_gaps = X.copy()
    with_gaps[5:, 2] = np.nan
    model = SoftmaxClassifier(missing="zero").partial_fit(with_gaps, y)
    asked = np.array([[5.0, 3.0, np.nan, 1.0]])
    mean = model.model_["StandardScaler"].means[2]
    assert mean == pytest.approx(X[:5, 2].mean())
    np.testing.assert_allclose(model.predict_proba(asked), model.predict_proba(np.nan_to_num(asked, nan=mean)))
    indicated = SoftmaxClassifier().partial_fit(with_gaps, y)
    assert indicated.model_["SoftmaxRegression"].features[-1] == "2="
    with pytest.raises(ValueError, match="NaN"):
        SoftmaxClassifier(missing="raise").partial_fit(with_gaps, y)


# ---- classes ----


def test_classes_come_late(make, iris):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    late = make().partial_fit(X[names == "virginica"], names[names == "virginica"])
    assert late.classes_.tolist() == ["virginica"]
    assert late.predict_proba(X).shape == (150, 1)
    late.partial_fit(X[names != "virginica"][:1], ["setosa"])
    assert late.classes_.tolist() == ["setosa", "virginica"]
    assert late.decision_function(X).shape == (150,)
    late.partial_fit(X, names)
    assert late.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    P = late.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    of = dict(zip(late.classes_.tolist(), P[0].tolist(), strict=True))
    model = late.model_
    x = dict(enumerate(X[0].tolist()))
    assert model.predict_proba_one(x) == pytest.approx(of)
    assert (late.predict(X) == names).mean() > 0.6
    np.testing.assert_array_equal(late.predict(X), late.classes_[P.argmax(axis=1)])
    np.testing.assert_array_equal(late.predict_log_proba(X), np.log(P))


def test_classes_that_are_declared_take_part_before_they_come(make, iris):
    X, y = iris
    model = make().partial_fit(X[:1], y[:1], classes=[7, 1, 0])
    assert model.classes_.tolist() == sorted({7, 1, 0, *y[:1].tolist()})
    assert (model.predict_proba(X) > 0).all()
    model.partial_fit(X, y, classes=np.array([9]))
    assert model.classes_.tolist() == [0, 1, 2, 7, 9]
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_what_was_asked_before_classes_are_declared_changes_nothing(make, iris):
    X, y = iris
    quiet, asked = (make().partial_fit(X[y > 0], y[y > 0]) for _ in range(2))
    asked.predict_proba(X[:1])
    for model in (quiet, asked):
        model.partial_fit(X, y, classes=np.arange(5))
    assert pickle.dumps(asked.model_) == pickle.dumps(quiet.model_)


def test_many_classes_may_be_declared_without_a_row(make):
    X = np.random.default_rng(0).normal(size=(2000, 2))
    y = (X[:, 0] > 0) ^ (X[:, 1] > 0)
    model = make().partial_fit(X, y.astype(int))
    model.partial_fit(X[:3], y[:3].astype(int), sample_weight=np.zeros(3), classes=np.arange(900))
    paused = pickle.loads(pickle.dumps(model))
    assert model.predict_proba(X[:50]).shape == (50, 900)
    np.testing.assert_array_equal(paused.predict_proba(X[:50]), model.predict_proba(X[:50]))
    for each in (model, paused):
        each.partial_fit(X[:50], np.arange(50) * 18)
    np.testing.assert_array_equal(paused.predict_proba(X[:50]), model.predict_proba(X[:50]))


@pytest.mark.parametrize(
    "y",
    [[True, False, True], [3, 1, 3], [2.0, 1.0, 2.0], ["b", "a", "b"]],
    ids=["bool", "int", "float", "str"],
)
def test_labels_keep_their_type(make, y):
    X = np.eye(3)
    for kind in (list, np.array, pd.Series):
        model = make().partial_fit(X, kind(y)).partial_fit(X, kind(y))
        assert model.classes_.tolist() == sorted(set(y))
        assert type(model.predict(X).tolist()[0]) is type(y[0])
        assert model.classes_.dtype == make().fit(X, kind(y)).classes_.dtype


@pytest.mark.parametrize("known", [[2**53, 2**53 + 1], [7.0, 8.0]], ids=["integers", "floats"])
def test_numbers_that_floats_do_not_tell_apart_are_refused(make, known):
    model = make().partial_fit(np.eye(2), np.array(known))
    before = pickle.dumps(model)
    for others in ([1.0, 2.0] if known[0] > 8 else [2**53, 2**53 + 1], [2.0**53, 1.0]):
        with pytest.raises(ValueError, match="a float that may stand for several whole numbers: give integers"):
            model.partial_fit(np.eye(2), np.array(others))
    assert pickle.dumps(model) == before
    for kind in ("Int64", "uint64[pyarrow]"):
        with pytest.raises(ValueError, match=r"y holds 9\.0\d+e\+?15, a float|y holds 900\d+\.0, a float"):
            make().fit(np.eye(2), pd.Series([2**53, 2**53 + 1], dtype=kind))


# ---- weights ----


def test_a_row_of_weight_0_is_not_there(make, iris):
    X, y = iris
    w = np.random.default_rng(1).choice([0.0, 0.5, 2.0], len(y))
    weighted = make().partial_fit(X, y, sample_weight=w)
    there = make().partial_fit(X[w > 0], y[w > 0], sample_weight=w[w > 0])
    np.testing.assert_array_equal(weighted.predict_proba(X), there.predict_proba(X))
    few = make().partial_fit(X[:2], ["a", "b"], sample_weight=[1, 0])
    assert few.classes_.tolist() == ["a"]


def test_a_batch_without_weight_is_no_step(make, iris):
    X, y = iris
    for kind in (np.array, pd.DataFrame):
        model = make(class_weight={2: 0.0}).partial_fit(kind(X), y)
        before = model.predict_proba(kind(X))
        model.partial_fit(kind(X[:2]), [0, 5], sample_weight=[0, 0]).partial_fit(kind(X[:1]), [2])
        np.testing.assert_array_equal(model.predict_proba(kind(X)), before)
        model.partial_fit(kind(X[:1]), [2], classes=[8])
        assert model.classes_.tolist() == [0, 1, 8]
        assert model.predict_proba(kind(X)).shape == (150, 3)
    with pytest.raises(ValueError, match="weights are zero for every row of X"):
        make().partial_fit(X, y, sample_weight=0)


def test_keys_of_class_weight_may_come_late(make, iris):
    X, y = iris
    model = make(class_weight={7: 3.0}).partial_fit(X, y)
    model.partial_fit(X[:1], [7])
    with pytest.raises(ValueError, match="class_weight has the key '7', and the labels are"):
        make(class_weight={"7": 3.0}).partial_fit(X, y)
    make(class_weight={0: 1.0, 1: 1.0, 2: 1.0, 7: 1.0}).fit(X, y)  # no label without a key


def test_class_weights_are_sample_weights(make, iris):
    X, y = iris
    by_class = make(class_weight={0: 3.0, 2: 0.5}).fit(X, y)
    by_row = make().fit(X, y, sample_weight=compute_sample_weight({0: 3.0, 1: 1.0, 2: 0.5}, y))
    np.testing.assert_array_equal(by_class.predict_proba(X), by_row.predict_proba(X))
    few = np.concatenate([np.flatnonzero(y == 0)[:9], np.flatnonzero(y > 0)])
    X, y = X[few], y[few]
    balanced = make(class_weight="balanced").fit(X, y)
    by_row = make().fit(X, y, sample_weight=compute_sample_weight("balanced", y))
    np.testing.assert_allclose(balanced.predict_proba(X), by_row.predict_proba(X), rtol=1e-9)


def test_balanced_by_running_counts(make, iris):
    X, y = iris
    sample_weight = np.random.default_rng(2).choice([0.0, 0.3, 2.0], len(y))
    running, seen = [], {}
    for label, w in zip(y.tolist(), sample_weight.tolist(), strict=True):
        if w:
            seen[label] = seen.get(label, 0.0) + w
        running.append(w * sum(seen.values()) / (len(seen) * seen[label]) if w else 0.0)
    by_hand = make().partial_fit(X, y, sample_weight=running)
    whole = make(class_weight="balanced").partial_fit(X, y, sample_weight=sample_weight)
    np.testing.assert_allclose(whole.predict_proba(X), by_hand.predict_proba(X), rtol=1e-6)
    cut = make(class_weight="balanced")
    for at in np.split(np.arange(len(y)), [1, 2, 60]):
        cut.partial_fit(X[at], y[at], sample_weight=sample_weight[at])
    np.testing.assert_array_equal(cut.predict_proba(X), whole.predict_proba(X))


# ---- what fails ----

X2 = np.array([[1.0, 2.0], [3.0, 4.0]])
BAD = {
    "NaN": (ValueError, "NaN", {"X": np.array([[np.nan, 1.0], [1.0, 1.0]])}),
    "infinite": (ValueError, "infinity", {"X": np.array([[np.inf, 1.0], [1.0, 1.0]])}),
    "wrong width": (ValueError, "3 features", {"X": np.ones((2, 3))}),
    "wrong names": (ValueError, "feature names", {"X": pd.DataFrame({"a": [1.0, 2.0], "c": [1.0, 2.0]})}),
    "wrong order": (ValueError, "same order", {"X": pd.DataFrame({"b": [1.0, 2.0], "a": [1.0, 2.0]})}),
    "a mask": (ValueError, "X is a masked array", {"X": np.ma.masked_array(X2, X2 > 3)}),
    "a mask of labels": (ValueError, "y is a masked array", {"y": np.ma.masked_array(["a", "b"], [True, False])}),
    "a mask of weights": (ValueError, "sample_weight is a masked", {"sample_weight": np.ma.masked_array([1.0, 1.0])}),
    "labels of two kinds": (ValueError, "y holds 'no' and 1: give labels of one", {"y": np.array(["no", 1], object)}),
    "text": (ValueError, "could not convert|holds", {"X": np.array([["x", 1.0], [1.0, 1.0]], object)}),
    "too few labels": (ValueError, "1 labels for the 2 rows", {"y": np.array(["no"])}),
    "a missing label": (ValueError, "NaN or None in row 1", {"y": np.array(["no", None], object)}),
    "labels of another kind": (ValueError, "y holds numbers, such as .*, and classes_ texts", {"y": np.array([1, 2])}),
    "continuous labels": (ValueError, "Unknown label type: continuous", {"y": np.array([0.5, 1.5])}),
    "a negative weight": (ValueError, "is -1.0 in row 1, and must not be negative", {"sample_weight": [1.0, -1.0]}),
    "weights of another length": (ValueError, "one weight for each", {"sample_weight": [1.0]}),
    "classes of another kind": (
        ValueError,
        "y holds texts, such as 'new', and classes_ numbers, such as 1",
        {"classes": [1, 2]},
    ),
    "a missing class": (ValueError, "classes contains NaN or None in row 1", {"classes": ["no", None]}),
    "a mask of classes": (ValueError, "classes is a masked", {"classes": np.ma.masked_array(["no"], [True])}),
    "no class": (ValueError, r"classes must be a list of labels, got \[\]", {"classes": []}),
    "a set of classes": (ValueError, "classes must be a list of labels, got {'no'}", {"classes": {"no"}}),
}


@pytest.mark.parametrize("framed", [False, True], ids=["array", "frame"])
@pytest.mark.parametrize("bad", BAD)
def test_a_call_that_fails_changes_nothing(make, bad, framed):
    error, words, arguments = BAD[bad]
    X = pd.DataFrame(X2, columns=["a", "b"]) if framed else X2
    if "X" in arguments and framed != isinstance(arguments["X"], pd.DataFrame):
        pytest.skip("names are of frames")
    fresh = make(missing="raise", class_weight="balanced")
    model = make(missing="raise", class_weight="balanced").partial_fit(X, ["yes", "no"])
    asked = {"X": X, "y": np.array(["new", "no"]), **arguments}
    before = pickle.dumps(model)
    with pytest.raises(error, match=words):
        model.partial_fit(**asked)
    assert pickle.dumps(model) == before
    if "names" in bad or "order" in bad or "width" in bad or bad == "labels of another kind":
        return
    before = pickle.dumps(fresh)
    with pytest.raises(error, match=words):
        fresh.partial_fit(**asked)
    assert pickle.dumps(fresh) == before
    with pytest.raises(NotFittedError):
        fresh.predict(X)


def test_a_variance_beyond_the_doubles_changes_nothing(iris):
    X, y = iris
    model = SoftmaxClassifier().partial_fit(X, y)
    before = pickle.dumps(model)
    with pytest.raises(OverflowError, match="variance"):
        model.partial_fit(np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1e200, 1.0, 1.0]]), [0, 4])
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"optimizer": "Sgd"}, "optimizer must be an optimiser, or the name of one, SGD, .*, got 'Sgd'"),
        ({"optimizer": "AdaDelta", "learning_rate": 0.1}, "AdaDelta has no learning_rate"),
        ({"optimizer": ImplicitAdaGrad(), "learning_rate": 0.1}, "learning_rate goes with an optimizer's name"),
        ({"fit_intercept": "no"}, "fit_intercept must be True or False, got 'no'"),
        ({"scaling": "robust"}, "scaling must be 'auto', 'standard' or None, got 'robust'"),
        ({"scaling": "standard", "hash_bits": 8}, "leave out one of them"),
        ({"missing": "drop"}, "missing must be"),
        ({"max_iter": 0}, "max_iter must be an int of at least 1, got 0"),
        ({"shuffle": "yes"}, "shuffle must be True or False, got 'yes'"),
        ({"l2": -1.0}, "l2 must be a finite number of at least 0"),
        ({"class_weight": "even"}, "class_weight must be None, 'balanced' or a dictionary, got 'even'"),
        ({"class_weight": {0: -1.0}}, "the class_weight of 0 must be"),
        ({"class_weight": {"0": 2.0}}, r"class_weight has the key '0', and the labels are \[0, 1, 2\]"),
        ({"class_weight": {0: 2.0, 3: 2.0}}, r"class_weight has the key 3, and the labels are \[0, 1, 2\]"),
    ],
)
def test_bad_parameters_are_refused_where_it_is_fitted(parameters, words, iris):
    model = SoftmaxClassifier(**parameters)
    with pytest.raises(ValueError, match=words):
        model.fit(*iris)
    assert not hasattr(model, "n_features_in_")


def test_a_parameter_that_the_model_keeps_is_not_changed_under_way(iris):
    model = SoftmaxClassifier().partial_fit(*iris).set_params(l2=0.1)
    with pytest.raises(
        ValueError, match=r"l2 was 0\.0 when model_ was made, and is 0\.1: call fit without warm_start, or"
    ):
        model.partial_fit(*iris)
    with pytest.raises(ValueError, match="call fit without warm_start, or set it back"):
        clone(model).set_params(l2=0.0, warm_start=True).fit(*iris).set_params(l2=0.1).fit(*iris)
    model.set_params(l2=0.0).partial_fit(*iris)
    model.set_params(l2=np.float64(0.1), fit_intercept=np.True_).fit(*iris)
    assert model.model_["SoftmaxRegression"].l2 == 0.1
