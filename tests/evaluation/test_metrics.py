"""Scores agree with scikit-learn and river, however the rows are cut into chunks."""

from __future__ import annotations

import json
import math
import tracemalloc

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from river import base, linear_model, metrics, naive_bayes, preprocessing, tree, utils

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, datasets, progressive_validation
from online_softmax.evaluation.metrics import Scores
from online_softmax.streams import CsvStream, open_stream
from tests.reference import scores as reference

N_CLASSES = 4

row = st.tuples(
    st.integers(0, N_CLASSES - 1),
    st.integers(0, N_CLASSES - 1),
    st.one_of(st.floats(0, 1), st.just(math.nan)),
)
rows = st.lists(row, min_size=1, max_size=60)


def confusion(scores, n):
    """Give how often each of n classes was predicted as each."""
    matrix = np.zeros((n, n), dtype=np.int64)
    for true, predicted, count in scores.counts.tolist():
        if predicted >= 0:
            matrix[true, predicted] = count
    return matrix


def scored(rows, *, window=1000, chunk=1000):
    scores = Scores(window)
    for start in range(0, len(rows), chunk):
        scores.add(*zip(*rows[start : start + chunk], strict=True))
    return scores


def losses(rows):
    return [-math.log(max(p, 1e-15)) for _, _, p in rows if not math.isnan(p)]


@given(rows)
def test_accuracy_and_confusion_are_scikit_learns(rows):
    true, predicted, _ = zip(*rows, strict=True)
    scores = scored(rows)

    assert scores.accuracy == pytest.approx(sklearn.metrics.accuracy_score(true, predicted), rel=1e-12)
    expected = sklearn.metrics.confusion_matrix(true, predicted, labels=range(N_CLASSES))
    np.testing.assert_array_equal(confusion(scores, N_CLASSES), expected)


@given(rows)
def test_class_scores_are_scikit_learns(rows):
    true, predicted, _ = zip(*rows, strict=True)
    labels = sorted({*true, *predicted})
    expected = sklearn.metrics.precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    found = scored(rows).classes(range(N_CLASSES))

    assert [one.label for one in found] == labels
    for name, figures in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert [getattr(one, name) for one in found] == pytest.approx(figures.tolist(), rel=1e-12)


@given(rows)
def test_mean_f1_is_rivers_macro_f1(rows):
    river = metrics.MacroF1()
    for true, predicted, _ in rows:
        river.update(true, predicted)
    f1 = [one.f1 for one in scored(rows).classes(range(N_CLASSES))]

    assert sum(f1) / len(f1) == pytest.approx(river.get(), rel=1e-12)


@given(rows)
def test_log_loss_leaves_unseen_labels_out(rows):
    scores = scored(rows)
    expected = losses(rows)

    assert scores.n_unseen == len(rows) - len(expected)
    if expected:
        assert scores.log_loss == pytest.approx(math.fsum(expected) / len(expected), rel=1e-12)
    else:
        assert math.isnan(scores.log_loss)


@given(rows, st.integers(1, 70))
def test_window_figures_are_those_of_the_last_rows(rows, window):
    scores = scored(rows, window=window, chunk=7)
    accuracy = utils.Rolling(metrics.Accuracy, window_size=window)
    for true, predicted, _ in rows:
        accuracy.update(true, predicted)
    expected = losses(rows[-window:])

    assert scores.window_accuracy == pytest.approx(accuracy.get(), rel=1e-12)
    if expected:
        assert scores.window_log_loss == pytest.approx(math.fsum(expected) / len(expected), rel=1e-12)
    else:
        assert math.isnan(scores.window_log_loss)


@given(rows, st.integers(1, 20), st.integers(1, 20))
def test_chunks_of_any_size_give_the_same_bits(rows, window, chunk):
    one, other = scored(rows, window=window, chunk=chunk), scored(rows, window=window)

    for name in ("n_samples", "n_unseen", "accuracy", "log_loss", "window_accuracy", "window_log_loss"):
        assert repr(getattr(one, name)) == repr(getattr(other, name))
    assert one.classes(range(N_CLASSES)) == other.classes(range(N_CLASSES))


def test_row_without_prediction_is_wrong_and_lowers_the_recall_alone():
    scores = Scores(10)
    scores.add([0, 0, 1], [-1, 0, 1], [math.nan, 0.5, 0.5])
    zero, one = scores.classes("ab")

    assert scores.accuracy == pytest.approx(2 / 3)
    assert (zero.precision, zero.recall, zero.support) == (1.0, 0.5, 2)
    assert (one.precision, one.recall, one.support) == (1.0, 1.0, 1)
    assert type(one.support) is int
    assert confusion(scores, 2).sum() == 2


def test_log_loss_is_clipped():
    scores = Scores(10)
    scores.add([0, 0], [0, 0], [0.0, 1.0])

    assert scores.log_loss == pytest.approx(-math.log(1e-15) / 2, rel=1e-12)


def test_row_may_be_seen_and_have_no_probability():
    scores = Scores(10)
    scores.add([0, 0], [-1, 0], [math.nan, math.nan], unseen=[True, False])

    assert scores.n_unseen == 1
    assert math.isnan(scores.log_loss)


def test_many_classes_are_counted_as_few_are():
    rng = np.random.default_rng(7)
    true, predicted = rng.integers(0, 3000, (2, 500))
    scores = Scores(10)
    scores.add(true, predicted, np.full(500, 0.5))

    expected = sklearn.metrics.confusion_matrix(true, predicted, labels=range(3000))
    np.testing.assert_array_equal(confusion(scores, 3000), expected)


def test_nothing_added_is_no_number():
    scores = Scores(10)
    scores.add([], [], [])

    assert scores.n_samples == 0
    assert all(
        math.isnan(x) for x in (scores.accuracy, scores.log_loss, scores.window_accuracy, scores.window_log_loss)
    )
    assert (scores.counts.dtype, scores.counts.shape) == (np.int64, (0, 3))


def test_window_larger_than_any_stream_costs_nothing():
    scores = Scores(10**24)
    scores.add([0, 1], [0, 0], [0.5, 0.5])

    assert scores.window_accuracy == 0.5


class Python(base.Classifier):
    """A model hidden from the kernel's own loop."""

    def __init__(self, model):
        self.model = model

    def learn_one(self, x, y):
        self.model.learn_one(x, y)

    def predict_proba_one(self, x):
        return self.model.predict_proba_one(x)


MODELS = {
    "SGD": SoftmaxRegression,
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "auto": AutoSoftmaxRegression,
    "naive Bayes": naive_bayes.GaussianNB,
    "tree": tree.HoeffdingTreeClassifier,
    "river's": lambda: preprocessing.StandardScaler() | linear_model.SoftmaxRegression(),
}


def told(name, make):
    """Give the labels of a bundled stream, and what a model says of each row before it learns it."""
    model, labels, P = make(), [], []
    for chunk in open_stream(name):
        for x, y, _ in chunk.pairs():
            labels.append(y)
            P.append(model.predict_proba_one(x))
            model.learn_one(x, y)
    return labels, P


@pytest.mark.slow
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("name", ["image_segments", "phishing", "digits"])
def test_on_streams_all_are_scikit_learns_and_rivers(name, make):
    result = progressive_validation(name, make())
    true, P = told(name, make)
    classes = sorted({*true})
    said = [max(p, key=p.__getitem__) if p else None for p in P]
    codes = [classes.index(y) for y in true]
    choices = [-1 if y is None else classes.index(y) for y in said]
    n = len(true)

    # Every row, of which those before the first class are wrong.
    assert result.accuracy == pytest.approx(sklearn.metrics.accuracy_score(codes, choices), rel=1e-12)
    every = {"labels": range(len(classes)), "zero_division": 0}
    found = sklearn.metrics.precision_recall_fscore_support(codes, choices, **every)
    for figure, values in zip(("precision", "recall", "f1", "support"), found, strict=True):
        assert [getattr(one, figure) for one in result.classes] == pytest.approx(values.tolist(), rel=1e-12)
    assert result.balanced_accuracy == pytest.approx(found[1].mean(), rel=1e-12)
    assert result.macro_f1 == pytest.approx(found[2].mean(), rel=1e-12)
    assert result.kappa == pytest.approx(sklearn.metrics.cohen_kappa_score(codes, choices), rel=1e-9)
    asked = [i for i in range(n) if P[i]]
    matrix = sklearn.metrics.confusion_matrix([codes[i] for i in asked], [choices[i] for i in asked])
    assert result.confusion.tolist() == matrix.tolist()

    # The baselines, and what is above them.
    no_change, majority = sum(reference.no_change(true)) / n, sum(reference.majority(true)) / n
    assert (result.no_change_accuracy, result.majority_accuracy) == (no_change, majority)
    assert result.kappa_t == pytest.approx((result.accuracy - no_change) / (1 - no_change), rel=1e-12)
    assert result.kappa_m == pytest.approx((result.accuracy - majority) / (1 - majority), rel=1e-12)

    # Rows with probabilities, 0 for a class that the model does not know.
    matrix = np.array([[P[i].get(one, 0.0) for one in classes] for i in asked])
    here = np.array([codes[i] for i in asked])
    hot = np.eye(len(classes))[here]
    assert result.brier == pytest.approx(((matrix - hot) ** 2).sum(axis=1).mean(), rel=1e-9)
    known = [i for i in asked if true[i] in true[:i]]
    assert result.n_unseen == n - len(known) - sum(not P[i] and true[i] in true[:i] for i in range(n))
    losses = [-math.log(max(P[i].get(true[i], 0.0), 1e-15)) for i in known]
    assert result.log_loss == pytest.approx(math.fsum(losses) / len(losses), rel=1e-9)
    confidence, right = matrix.max(axis=1), np.array([codes[i] == choices[i] for i in asked])
    bins = np.minimum((confidence * 15).astype(int), 14)
    parts = [np.flatnonzero(bins == one) for one in range(15)]
    ece = sum(abs(right[part].mean() - confidence[part].mean()) * len(part) for part in parts if len(part)) / len(asked)
    assert result.ece == pytest.approx(ece, rel=1e-9)
    for one, part in zip(result.reliability, parts, strict=True):
        assert one.n == len(part)
        if one.n:
            assert (one.confidence, one.accuracy) == pytest.approx((confidence[part].mean(), right[part].mean()))
    if len(classes) > 3 and "tree" not in str(make):
        ranks = [sorted(P[i], key=lambda one, p=P[i]: -p[one])[:3] for i in asked]
        assert result.top_k == sum(true[i] in rank for i, rank in zip(asked, ranks, strict=True)) / n


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_is_scikit_learns_where_no_two_are_equal(k):
    result = progressive_validation("image_segments", MODELS["scaled"](), top_k=k)
    true, P = told("image_segments", MODELS["scaled"])
    classes = sorted({*true})
    asked = [i for i, p in enumerate(P) if len(p) == len(classes)]
    matrix = np.array([[P[i][one] for one in classes] for i in asked])
    found = sklearn.metrics.top_k_accuracy_score([true[i] for i in asked], matrix, k=k, labels=classes, normalize=False)
    before = [i for i, p in enumerate(P) if p and len(p) < len(classes)]
    found += sum(true[i] in sorted(P[i], key=lambda one, p=P[i]: -p[one])[:k] for i in before)

    assert result.k == k
    assert result.top_k == found / len(true)
    if k == 1:
        assert result.top_k == result.accuracy


@pytest.mark.parametrize("make", [MODELS["scaled"], MODELS["naive Bayes"]], ids=["ours", "river's"])
def test_the_brier_score_is_scikit_learns(make):
    result = progressive_validation("image_segments", make())
    true, P = told("image_segments", make)
    asked = [i for i, p in enumerate(P) if p]
    classes = sorted({*true})
    matrix = np.array([[P[i].get(one, 0.0) for one in classes] for i in asked])
    try:
        expected = sklearn.metrics.brier_score_loss(
            [true[i] for i in asked], matrix, labels=classes, scale_by_half=False
        )
    except TypeError:
        pytest.skip("this scikit-learn has the Brier score of two classes alone")

    assert result.brier == pytest.approx(expected, rel=1e-9)


RIVERS = {
    "accuracy": metrics.Accuracy,
    "balanced_accuracy": metrics.BalancedAccuracy,
    "macro_f1": metrics.MacroF1,
    "kappa": metrics.CohenKappa,
}


@pytest.mark.parametrize("make", [MODELS["scaled"], MODELS["naive Bayes"]], ids=["ours", "river's"])
@pytest.mark.parametrize("name", ["image_segments", "phishing"])
def test_on_the_same_rows_they_are_rivers(name, make):
    """river leaves out the rows before the first class: those of a model that knows all classes are all there."""
    model = make()
    for chunk in open_stream(name):
        for x, y, _ in chunk.pairs():
            model.learn_one(x, y)
    result = progressive_validation(name, model, metrics=[one() for one in RIVERS.values()])

    assert len(result.river) == len(RIVERS)
    for (figure, kind), value in zip(RIVERS.items(), result.river.values(), strict=True):
        assert getattr(result, figure) == pytest.approx(value, rel=1e-9), kind
    assert {*result.river} == {one.__name__ for one in RIVERS.values()}


@pytest.mark.parametrize("name", ["digits", "phishing", "image_segments"])
@pytest.mark.parametrize("make", [MODELS["SGD"], MODELS["scaled"], MODELS["auto"]], ids=["SGD", "scaled", "auto"])
def test_no_figure_depends_on_the_way_of_scoring(name, make, figures):
    """The kernel's answers are those of a loop in Python, wherever the rows come from and however they are cut."""
    whole = figures(progressive_validation(name, make(), window=70), "columns", "model", "experts")
    path, target = datasets.path(name), datasets.BUNDLED[name].target
    pairs = [sample[:2] for chunk in open_stream(name) for sample in chunk.pairs()]

    for source, model in (
        (CsvStream(path, target, block_bytes=999), make()),
        (pairs, make()),
        (name, Python(make())),
        (open_stream(name, chunk_rows=33), Python(make())),
    ):
        assert figures(progressive_validation(source, model, window=70), "columns", "model", "experts") == whole


def run(rows, model, **options):
    return progressive_validation([({"a": float(a)}, y) for a, y in rows], model, **options)


class Says(base.Classifier):
    """Says what it is told to, row by row."""

    def __init__(self, said):
        self.said = iter(said)

    def learn_one(self, x, y):
        pass

    def predict_proba_one(self, x):
        return next(self.said)


def test_a_row_before_any_class_has_no_probability_and_counts_as_wrong():
    result = run([(0, "u"), (0, "u")], Says([{}, {"u": 0.5, "v": 0.25, "w": 0.25}]))

    assert (result.n_unseen, result.accuracy, result.top_k) == (1, 0.5, 0.5)
    assert result.log_loss == pytest.approx(math.log(2))
    assert result.brier == pytest.approx(0.25 + 2 / 16)
    assert result.ece == pytest.approx(0.5)
    assert sum(one.n for one in result.reliability) == 1
    assert result.confusion.sum() == 1


def test_a_label_that_nobody_could_know_has_a_probability_of_0_but_no_log_loss():
    result = run([(0, "u"), (0, "v")], Says([{"u": 1.0}, {"u": 1.0}]))

    assert (result.n_unseen, result.log_loss) == (1, 0.0)
    assert result.brier == (0 + 2) / 2
    assert (result.ece, result.accuracy, result.top_k) == (0.5, 0.5, 0.5)


def test_of_a_model_without_probabilities_there_is_what_needs_none(last):
    result = run([(0, y) for y in "uuvvuu"], last)

    for name in ("log_loss", "brier", "ece", "top_k", "roc_auc"):
        assert math.isnan(getattr(result, name))
        assert result.to_dict()[name] is None
    assert result.accuracy == result.no_change_accuracy == 0.5
    assert result.kappa_t == 0
    assert {one.n for one in result.reliability} == {0}
    assert {one["confidence"] for one in result.to_dict()["reliability"]} == {None}


def test_of_one_class_nothing_is_above_chance():
    result = run([(0, "u")] * 8, Says([{"u": 1.0}] * 8))

    assert (result.accuracy, result.balanced_accuracy, result.macro_f1, result.log_loss, result.brier) == (
        1,
        1,
        1,
        0,
        0,
    )
    assert math.isnan(result.kappa)
    assert result.to_dict()["kappa"] is None
    assert result.kappa_t == result.kappa_m == 1  # the baselines have no label to say of the first row
    assert np.isnan(result.windows["kappa"]).all()


def test_a_baseline_without_error_in_a_window_leaves_nothing_to_be_above():
    result = run([(0, "u")] * 8, Says([{"u": 1.0}] * 8), window=4)

    assert result.windows["no_change_accuracy"].tolist() == [0.75, 1]
    assert result.windows.to_dict()["kappa_t"] == [1, None]
    assert result.windows.to_dict()["kappa_m"] == [1, None]


@pytest.mark.parametrize(("n_classes", "n"), [(1500, 4000), (10_000, 20_000)])
def test_many_classes(n_classes, n):
    """Those of the curves are left out, the run's are all there, and it takes no long time."""
    rng = np.random.default_rng(0)
    true = rng.permutation(np.arange(n) % n_classes)
    said = np.where(rng.random(n) < 0.5, true, rng.integers(0, n_classes, n))
    rows = [({}, int(y)) for y in true]
    P = [{int(one): 0.75, (int(one) + 1) % n_classes: 0.25} for one in said]
    result = progressive_validation(rows, Says(P), window=100)
    content = result.to_dict()

    every = [reference.Row(int(y), p) for y, p in zip(true, P, strict=True)]
    expected = reference.metrics(every, [1] * n, [False] * n, [False] * n, 3)
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "kappa", "brier", "ece", "top_k"):
        assert getattr(result, name) == pytest.approx(expected[name], rel=1e-9)
    assert len(content["classes"]) == n_classes
    assert content["confusion"] is None
    assert len(content["confusions"]) == 200
    for curve in (content["windows"], content["fading"]):
        assert {*curve["balanced_accuracy"], *curve["macro_f1"], *curve["kappa"]} == {None}
        assert None not in curve["accuracy"]
    assert result.seconds < 20


def test_an_empty_window_figure_is_none_in_json():
    content = run([(0, "u")], SoftmaxRegression()).to_dict()

    json.dumps(content, allow_nan=False)
    assert content["log_loss"] is content["brier"] is content["ece"] is None
    assert content["kappa"] == content["kappa_t"] == content["kappa_m"] == content["accuracy"] == 0


@pytest.mark.parametrize("make", [MODELS["scaled"], MODELS["naive Bayes"]], ids=["ours", "river's"])
def test_scores_of_each_class_in_windows_are_scikit_learns(make):
    result = progressive_validation("image_segments", make(), window=300, yield_predictions=True)
    found, n_classes = result.predictions, len(result.labels)

    for name, values in result.window_classes.items():
        assert values.shape == (len(result.windows), n_classes), name
    for i, start in enumerate(range(0, result.n_samples, 300)):
        part = slice(start, start + 300)
        expected = sklearn.metrics.precision_recall_fscore_support(
            found.true[part], found.predicted[part], labels=range(n_classes), zero_division=0
        )
        for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
            assert result.window_classes[name][i].tolist() == pytest.approx(values.tolist(), rel=1e-12)
    content = result.to_dict()["window_classes"]
    assert content["f1"] == result.window_classes["f1"].T.tolist()


def test_scores_of_each_class_and_reliability_fade():
    """A row weighs what its block does, as in the curve that fades."""
    window = 200
    result = progressive_validation("image_segments", MODELS["scaled"](), window=window, yield_predictions=True)
    n, found, n_classes = result.n_samples, result.predictions, len(result.labels)
    weights = np.concatenate(
        [np.full(end - start, (1 - 1 / window) ** (n - end)) for start, end in reference.blocks(n, window)]
    )
    expected = sklearn.metrics.precision_recall_fscore_support(
        found.true, found.predicted, labels=range(n_classes), zero_division=0, sample_weight=weights
    )

    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert [getattr(one, name) for one in result.fading_classes] == pytest.approx(values.tolist(), rel=1e-9)
    assert [one.label for one in result.fading_classes] == result.labels
    assert sum(one.support for one in result.fading_classes) == pytest.approx(result.fading.n[-1])
    assert np.mean([one.f1 for one in result.fading_classes]) == pytest.approx(result.fading["macro_f1"][-1])
    bins = result.fading_reliability
    total = sum(one.n for one in bins)
    assert total == pytest.approx(weights[found.predicted >= 0].sum())
    ece = sum(one.n * abs(one.accuracy - one.confidence) for one in bins if one.n) / total
    assert ece == pytest.approx(result.fading["ece"][-1])


def answers(n, *, n_classes=2, late=False):
    """Give n rows of answers as `add` takes them, some of them without probabilities."""
    rng = np.random.default_rng(n_classes)
    true, predicted = rng.integers(0, n_classes, n), rng.integers(-1, n_classes, n)
    p, confidence, squares = rng.random(n), rng.random(n), rng.random(n)
    rank = rng.integers(-1, n_classes, n)
    for nothing in (p, confidence, squares):
        nothing[rng.random(n) < 0.1] = math.nan
    unseen = np.isnan(p) & (rng.random(n) < 0.5)
    baselines = rng.integers(-1, n_classes, (n, 2)) if late else None
    return [true, predicted, p, unseen, confidence, squares, rank, baselines]


def add(scores, rows, start, stop):
    scores.add(*(None if column is None else column[start:stop] for column in rows))
    return scores


def all_of(scores, n_classes):
    """Give all that scores say, so that == compares it to the last bit."""
    names = ("n_samples", "n_unseen", "accuracy", "log_loss", "roc_auc", "window_accuracy", "window_log_loss")
    curves = scores.curves
    return repr(
        {
            **{name: getattr(scores, name) for name in names},
            "metrics": scores.metrics(),
            "classes": scores.classes(range(n_classes)),
            "counts": scores.counts.tolist(),
            "reliability": scores.reliability(),
            "windows": curves.windows().__dict__,
            "fading": curves.fading().__dict__,
        }
    )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("cut", [0, 1, 150, 299])
def test_scores_go_on_from_a_state_with_the_same_bits(n_classes, late, cut):
    rows = answers(300, n_classes=n_classes, late=late)
    whole, first = add(Scores(40, 2), rows, 0, 300), add(Scores(40, 2), rows, 0, cut)
    numbers, arrays = first.state()
    later = Scores(40, 2)
    later.restore(json.loads(json.dumps(numbers)), {name: value.copy() for name, value in arrays.items()})
    assert all_of(later, n_classes) == all_of(first, n_classes)
    assert all_of(add(later, rows, cut, 300), n_classes) == all_of(whole, n_classes)


def test_a_state_is_left_alone_by_who_takes_it():
    rows = answers(300)
    first = add(Scores(40), rows, 0, 100)
    numbers, arrays = first.state()
    assert arrays["last_hits"].dtype == np.uint8  # as files hold it
    before = {name: value.copy() for name, value in arrays.items()}
    later = Scores(40)
    later.restore(numbers, arrays)
    add(later, rows, 100, 300).metrics()
    for name, value in before.items():
        np.testing.assert_array_equal(arrays[name], value, err_msg=name)


def test_baselines_that_are_given_are_taken():
    scores = Scores(10)
    scores.add([0, 1, 1, 0], [0, 0, 0, 0], [0.5] * 4, baselines=np.array([[-1, -1], [1, 0], [1, 1], [1, 1]]))
    found = scores.metrics()
    assert (found["no_change_accuracy"], found["majority_accuracy"]) == (0.5, 0.25)


def test_rows_with_baselines_and_without_may_follow_one_another():
    own, given = answers(100), answers(100, late=True)
    for first, then in ((own, given), (given, own)):
        scores, apart = add(add(Scores(10), first, 0, 50), then, 50, 100), add(Scores(10), first, 0, 50)
        assert len(apart.counts)  # what is asked for is added up before more comes
        assert all_of(scores, 2) == all_of(add(apart, then, 50, 100), 2)


def test_bins_of_confidence_lie_side_by_side():
    scores = Scores(10)
    scores.add([0, 0, 1], [0, 0, 0], [0.42, 0.44, 0.1], confidence=[0.42, 0.44, 0.9])
    bins = scores.reliability()
    assert [one.start for one in bins] == [0.0, *(one.end for one in bins[:-1])]
    assert bins[-1].end == 1.0
    full = {one.start: one for one in bins if one.n}
    assert [(one.n, one.confidence, one.accuracy) for one in full.values()] == [(2, 0.43, 1.0), (1, 0.9, 0.0)]
    assert all(start <= one.confidence < one.end for start, one in full.items())
    assert all(math.isnan(one.confidence) and math.isnan(one.accuracy) for one in bins if not one.n)
    assert type(full[min(full)].n) is int


def test_numbers_of_half_the_size_count_as_the_doubles_that_they_are():
    rows = answers(300, n_classes=3)
    small = [np.asarray(column, {"i": np.int32, "f": np.float32}.get(column.dtype.kind)) for column in rows[:-1]]
    large = [column if column.dtype == bool else column.astype(f"{column.dtype.kind}8") for column in small]
    one, other = Scores(40), Scores(40)
    one.add(*small)
    other.add(*large)
    assert all_of(one, 3) == all_of(other, 3)


def test_codes_of_32_bits_are_counted_in_64():
    scores = Scores(10)
    scores.add(np.array([99_999], np.int32), np.array([99_998], np.int32), [0.5])
    assert scores.counts.tolist() == [[99_999, 99_998, 1]]


def test_a_probability_above_1_by_rounding_loses_nothing():
    scores = Scores(10)
    scores.add([0], [0], [np.nextafter(1.0, 2.0)])
    assert scores.log_loss == 0.0


def test_a_label_among_the_first_three_counts_for_top_k():
    scores = Scores(10)
    scores.add([0] * 4, [0] * 4, [0.5] * 4, None, [0.5] * 4, [0.5] * 4, rank=[0, 2, 3, -1])
    assert (scores.k, scores.metrics()["top_k"]) == (3, 0.5)
    scores.add([0] * 4, [0] * 4, [0.5] * 4, None, [0.5] * 4, [0.5] * 4)  # of which no rank is known
    assert scores.metrics()["top_k"] == 0.25


def test_the_state_of_nothing_is_empty():
    numbers, arrays = Scores(10).state()
    assert numbers["n_samples"] == 0
    assert [arrays[name].shape for name in ("counts", "last_hits", "last_losses")] == [(0, 3), (0,), (0,)]


def test_rows_in_small_chunks_take_no_memory():
    rows, scores = [None if column is None else column.tolist() for column in answers(2000)], Scores(100)
    add(scores, rows, 0, 2000)
    tracemalloc.start()
    for _ in range(100):
        add(scores, rows, 0, 2000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 4e6  # all of them are 12 MB
