"""Progressive validation scores what river does, the same way from every source, and says where it had to stop."""

from __future__ import annotations

import json
import math
import pickle
import time

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from river import base, dummy, evaluate, linear_model, metrics, naive_bayes, optim, preprocessing, tree
from river import datasets as river_datasets

from online_softmax import SoftmaxRegression, datasets
from online_softmax.evaluation import RowError, progressive_validation
from online_softmax.streams import CsvStream, FrameStream, open_stream, opening
from online_softmax.streams.formats import open_one


class Python(base.Classifier):
    """A model hidden from the kernel's own loop."""

    def __init__(self, model):
        self.model = model

    def learn_one(self, x, y, w=1.0):
        self.model.learn_one(x, y, w)

    def predict_proba_one(self, x):
        return self.model.predict_proba_one(x)


def pipeline():
    return preprocessing.StandardScaler() | SoftmaxRegression()


MODELS = {
    "ours": SoftmaxRegression,
    "ours, scaled": pipeline,
    "river's": lambda: preprocessing.StandardScaler() | linear_model.SoftmaxRegression(),
    "naive Bayes": naive_bayes.GaussianNB,
    "tree": tree.HoeffdingTreeClassifier,
}


@pytest.mark.slow
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("dataset", [river_datasets.ImageSegments, river_datasets.Phishing])
def test_figures_are_rivers_but_for_the_rows_river_does_not_score(dataset, make):
    result = progressive_validation(dataset(), make())
    accuracy = evaluate.progressive_val_score(dataset(), make(), metrics.Accuracy())
    n_scored = accuracy.cm.n_samples

    assert result.n_samples == dataset().n_samples
    assert round(result.accuracy * result.n_samples) == round(accuracy.get() * n_scored)

    loss = evaluate.progressive_val_score(dataset(), make(), metrics.CrossEntropy())
    n_known = result.n_samples - result.n_unseen  # river counts a loss of 0 for a label that is new
    assert result.log_loss * n_known == pytest.approx(loss.get() * n_scored, rel=1e-9)


@pytest.mark.parametrize("name", ["image_segments", "phishing"])
@pytest.mark.parametrize("make", [SoftmaxRegression, pipeline])
def test_every_source_and_every_chunk_gives_the_same_bits(name, make, figures):
    path, target = datasets.path(name), datasets.BUNDLED[name].target
    frame = pl.read_csv(path)
    pairs = [(x, y) for rows in CsvStream(path, target) for x, y, _ in rows.pairs()]
    sources = [
        name,
        CsvStream(path, target, block_bytes=999),
        FrameStream(nw.from_native(frame), target, chunk_rows=77),
        pairs,
    ]
    models = [make() for _ in sources]
    results = [
        figures(progressive_validation(source, model), "columns") for source, model in zip(sources, models, strict=True)
    ]

    assert results[1:] == results[:-1]
    x, _ = pairs[0]
    assert len({str(model.predict_proba_one(x)) for model in models}) == 1


def test_kernel_and_python_give_the_same_bits(figures):
    ours, hidden = SoftmaxRegression(), SoftmaxRegression()

    kernel, python = progressive_validation("digits", ours), progressive_validation("digits", Python(hidden))
    assert figures(kernel, "model") == figures(python, "model")
    assert pickle.dumps(ours) == pickle.dumps(hidden)


def test_string_columns_give_the_same_bits_in_the_kernel_and_in_python(tmp_path, figures):
    path = tmp_path / "words.csv"
    path.write_text("a,b,y\n" + "".join(f"{i % 7},w{i * i % 11},{'uvw'[i * i % 3]}\n" for i in range(500)))

    kernel = progressive_validation(path, SoftmaxRegression(), target="y")
    python = progressive_validation(path, Python(SoftmaxRegression()), target="y")
    assert figures(kernel, "model") == figures(python, "model")


@pytest.mark.parametrize("make", [SoftmaxRegression, lambda: Python(SoftmaxRegression())])
def test_new_label_is_wrong_and_left_out_of_the_log_loss(make):
    frame = pd.DataFrame({"a": [1.0, 1.0, 1.0, 1.0], "y": ["u", "u", "v", "v"]})
    result = progressive_validation(frame, make(), target="y")

    # u is new, u is sure, v is new, and the second v is told from u.
    model = SoftmaxRegression()
    for y in "uuv":
        model.learn_one({"a": 1.0}, y)
    p = model.predict_proba_one({"a": 1.0})
    assert result.n_unseen == 2
    assert result.accuracy == (1 + (p["v"] > p["u"])) / 4
    assert result.log_loss == pytest.approx(-math.log(p["v"]) / 2, rel=1e-12)
    assert result.confusion.sum() == 3
    assert [one.support for one in result.classes] == [2, 2]


def test_label_the_model_learned_before_the_run_is_not_new():
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, "u")

    assert progressive_validation(pd.DataFrame({"a": [1.0], "y": ["u"]}), model, target="y").n_unseen == 0


def test_label_that_was_learned_and_forgotten_has_the_least_probability():
    class Forgetful(base.Classifier):
        def learn_one(self, x, y):
            pass

        def predict_proba_one(self, x):
            return {"v": 1.0}

    result = progressive_validation([({}, "u"), ({}, "u"), ({}, "v")], Forgetful())
    assert result.n_unseen == 1
    assert result.log_loss == pytest.approx(-math.log(1e-15) / 2)


def test_model_without_probabilities_has_no_log_loss(last):
    result = progressive_validation([({}, y) for y in "uuvvv"], last)
    assert result.accuracy == 3 / 5
    assert result.n_unseen == 2
    assert math.isnan(result.log_loss)
    assert result.to_dict()["log_loss"] is None


def test_first_of_equal_probabilities_is_the_prediction():
    class Undecided(base.Classifier):
        def learn_one(self, x, y):
            pass

        def predict_proba_one(self, x):
            return {"v": 0.5, "u": 0.5}

    assert progressive_validation([({}, "v")] * 3 + [({}, "u")], Undecided()).accuracy == 3 / 4


def test_weights_reach_the_model_and_the_callers_dictionaries_stay():
    pairs = [({"a": 1.0}, "u", {"w": 2.0}), ({"a": 0.5}, "v", {"w": 0.5}), ({"a": 1.0}, "u")]
    model, expected = SoftmaxRegression(), SoftmaxRegression()
    progressive_validation(pairs, model)
    for x, y, *rest in pairs:
        expected.learn_one(x, y, **(rest[0] if rest else {}))

    assert model.weights == expected.weights
    assert pairs[0][2] == {"w": 2.0}


def test_model_that_takes_no_weights_is_given_none():
    pairs = [({"a": 1.0}, "u", {"w": 2.0}), ({"a": 0.5}, "v", {"w": 0.5})]

    assert progressive_validation(pairs, dummy.NoChangeClassifier()).n_samples == 2


def test_rows_stand_at_doublings_and_the_end():
    calls = []
    result = progressive_validation(
        "led_drift",
        SoftmaxRegression(),
        window=500,
        limit=4321,
        progress=lambda row, *, mark, fraction: calls.append((row, mark, fraction)),
    )

    assert [row.n_samples for row in result.rows] == [1000, 2000, 4000, 4321]
    assert [row for row, mark, _ in calls if mark] == result.rows
    assert [fraction for *_, fraction in calls] == sorted(fraction for *_, fraction in calls)
    assert calls[-1][2] == 1
    last = result.rows[-1]
    assert (last.accuracy, last.log_loss) == (result.accuracy, result.log_loss)
    assert 0 < last.seconds <= result.seconds
    assert last.rows_per_second == last.n_samples / last.seconds


@pytest.mark.parametrize(
    "run",
    [
        lambda: progressive_validation("phishing", SoftmaxRegression()),
        lambda: progressive_validation(open_stream("phishing"), SoftmaxRegression()),
        lambda: progressive_validation(open_stream(open_stream("phishing"), limit=50), SoftmaxRegression()),
    ],
    ids=["by the run", "before it", "and cut"],
)
def test_seconds_include_opening(run, monkeypatch):
    def slow(*args, **keywords):
        time.sleep(0.3)
        return open_one(*args, **keywords)

    monkeypatch.setattr(opening, "open_one", slow)
    assert 0.3 < run().seconds < 0.6


def test_window_figures_are_those_of_the_last_rows():
    def accuracy(limit):
        return round(progressive_validation("digits", pipeline(), limit=limit).accuracy * limit)

    row = progressive_validation("digits", pipeline(), window=300, limit=1000).rows[-1]
    assert row.window_accuracy == (accuracy(1000) - accuracy(700)) / 300


@pytest.mark.parametrize("limit", [1, 500, 999, 1000, 1001])
def test_limit_takes_no_sample_more(limit):
    samples = iter([({"a": 1.0}, i % 2) for i in range(2000)])

    assert progressive_validation(samples, SoftmaxRegression(), limit=limit).n_samples == limit
    assert len(list(samples)) == 2000 - limit


def test_flaw_behind_the_limit_does_not_matter(tmp_path):
    path = tmp_path / "flawed.csv"
    path.write_text("a,y\n1,u\n2,v\nx\n")

    assert progressive_validation(path, SoftmaxRegression(), target="y", limit=2).n_samples == 2


@pytest.mark.parametrize("make", [SoftmaxRegression, lambda: Python(SoftmaxRegression())])
def test_flawed_row_keeps_the_result_so_far(tmp_path, make, figures):
    path = tmp_path / "flawed.csv"
    path.write_text("a,y\n1,u\n2,v\n1,u\nnan,v\n2,v\n")
    model = make()
    with pytest.raises(
        RowError,
        match=r"flawed\.csv, line 5, column 'a': 'nan' is not a finite number, .* \(3 rows were scored before it\)",
    ) as caught:
        progressive_validation(path, model, target="y")

    whole = progressive_validation(path, SoftmaxRegression(), target="y", limit=3)
    assert figures(caught.value.result, "model") == figures(whole, "model")
    assert isinstance(caught.value, ValueError)


def steep():
    return SoftmaxRegression(optim.SGD(1000))


@pytest.mark.parametrize("make", [steep, lambda: preprocessing.StandardScaler() | steep(), lambda: Python(steep())])
def test_row_the_model_refuses_keeps_the_result_so_far(make):
    frame = pd.DataFrame({"a": [1.0, 2.0, 1e308, 1.0], "y": ["u", "v", "u", "v"]})
    with pytest.raises(RowError, match=r"\(2 rows were scored before it\)") as caught:
        progressive_validation(frame, make(), target="y")

    assert caught.value.result.n_samples == 2
    assert type(caught.value.__cause__) in (ValueError, OverflowError)


def test_error_of_the_source_keeps_the_result_so_far():
    def source():
        yield {"a": 1.0}, "u"
        raise KeyError("gone")

    with pytest.raises(RowError, match=r"KeyError: 'gone' \(1 row was scored before it\)") as caught:
        progressive_validation(source(), SoftmaxRegression())

    assert caught.value.result.n_samples == 1


def test_error_of_the_callers_progress_is_the_callers():
    def progress(row, *, mark, fraction):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        progressive_validation("phishing", SoftmaxRegression(), progress=progress)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"window": 0}, "window is a number of rows, 1 or more, not 0"),
        ({"limit": -1}, "limit is a number of rows, 1 or more, not -1"),
        ({"limit": 2.5}, "limit is a number of rows, 1 or more, not 2.5"),
        ({"window": True}, "window is a number of rows, 1 or more, not True"),
    ],
)
def test_wrong_counts_are_refused_in_one_sentence(keywords, message):
    with pytest.raises(ValueError, match=message):
        progressive_validation("phishing", SoftmaxRegression(), **keywords)


def test_what_is_no_classifier_is_refused_in_one_sentence():
    for model in (linear_model.LinearRegression(), preprocessing.StandardScaler(), None):
        with pytest.raises(TypeError, match="a model that learns from labels is a river classifier, not"):
            progressive_validation("phishing", model)


def test_stream_without_rows_is_refused():
    with pytest.raises(ValueError, match="the stream has no rows"):
        progressive_validation([], SoftmaxRegression())
    with pytest.raises(ValueError, match="the stream has no rows"):
        progressive_validation(pd.DataFrame({"a": [], "y": []}), SoftmaxRegression(), target="y")


@pytest.mark.parametrize("source", ["phishing", "image_segments"])
def test_confusions_are_those_of_the_matrix_the_most_frequent_first(source):
    result = progressive_validation(source, SoftmaxRegression())
    found = result.to_dict()["confusions"]
    matrix = result.confusion.copy()
    np.fill_diagonal(matrix, 0)
    for one in found:
        place = result.labels.index(one["label"]), result.labels.index(one["predicted"])
        assert matrix[place] == one["n"]
        assert result.classes[place[0]].support == one["support"]
        matrix[place] = 0
    assert not matrix.any()
    assert [one["n"] for one in found] == sorted((one["n"] for one in found), reverse=True)


def test_result_is_ready_for_json():
    result = progressive_validation("phishing", SoftmaxRegression(), limit=50)
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))

    assert content["n_samples"] == 50
    assert content["confusion"] == result.confusion.tolist()
    assert [one["label"] for one in content["classes"]] == result.labels == [0, 1]
    assert content["rows"][-1]["accuracy"] == result.accuracy


def test_labels_of_any_kind_are_sorted_and_ready_for_json():
    result = progressive_validation([({}, y) for y in ("b", 2, ("t", 1), True, "a", 2.5)], SoftmaxRegression())

    assert result.labels == [True, 2.5, 2, "a", "b", ("t", 1)]
    assert [one["label"] for one in result.to_dict()["classes"]] == [True, 2.5, 2, "a", "b", "('t', 1)"]


def test_repr_fits_one_line():
    result = progressive_validation("phishing", SoftmaxRegression(), limit=4)

    assert repr(result).startswith("Result(n_samples=4, accuracy=0.")
    assert "\n" not in repr(result)


@pytest.mark.parametrize("model", [SoftmaxRegression, lambda: preprocessing.Normalizer() | SoftmaxRegression()])
def test_predictions_of_every_row_are_arrays_when_asked(model):
    result = progressive_validation("image_segments", model(), yield_predictions=True)
    found = result.predictions

    assert len(found.true) == len(found.predicted) == len(found.p) == result.n_samples
    assert (found.true == found.predicted).mean() == pytest.approx(result.accuracy)
    known = ~np.isnan(found.p)
    assert result.n_unseen == (~known).sum()
    assert -np.log(np.maximum(found.p[known], 1e-15)).mean() == pytest.approx(result.log_loss)
    assert found.predicted[0] == -1
    confusion = np.zeros_like(result.confusion)
    np.add.at(confusion, (found.true[found.predicted >= 0], found.predicted[found.predicted >= 0]), 1)
    assert confusion.tolist() == result.confusion.tolist()
    assert progressive_validation("phishing", model()).predictions is None
