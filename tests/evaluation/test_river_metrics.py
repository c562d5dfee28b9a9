"""Metrics of river are updated as river would, by names and as objects."""

from __future__ import annotations

import json
import math

import pytest
from river import datasets as river_datasets
from river import evaluate, metrics, naive_bayes, preprocessing, utils

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.evaluation.river_metrics import river_metrics

NAMES = ["Accuracy", "MacroF1", "WeightedF1", "CohenKappa", "CrossEntropy", "BalancedAccuracy", "GeometricMean"]


def scaled():
    return preprocessing.StandardScaler() | SoftmaxRegression()


@pytest.mark.parametrize("make", [scaled, SoftmaxRegression, naive_bayes.GaussianNB])
def test_they_are_what_river_finds(make):
    found = progressive_validation(river_datasets.ImageSegments(), make(), metrics=NAMES).river

    assert [*found] == NAMES
    for name, value in found.items():
        metric = evaluate.progressive_val_score(river_datasets.ImageSegments(), make(), getattr(metrics, name)())
        assert value == pytest.approx(metric.get(), rel=1e-12), name


@pytest.mark.parametrize("options", [{"delay": 30}, {"delay": lambda x, y: 10 * len(y)}])
def test_late_labels_update_them_as_they_come(options):
    found = progressive_validation(river_datasets.ImageSegments(), scaled(), metrics=NAMES, **options).river

    for name, value in found.items():
        metric = evaluate.progressive_val_score(
            river_datasets.ImageSegments(), scaled(), getattr(metrics, name)(), **options
        )
        assert value == pytest.approx(metric.get(), rel=1e-12), name


@pytest.mark.parametrize("name", ["ROCAUC", "LogLoss", "F1", "Precision"])
def test_metrics_of_two_classes(name):
    """Those of which river's positive class is True, which is 1."""
    found = progressive_validation("phishing", scaled(), metrics=name).river[name]
    metric = evaluate.progressive_val_score(river_datasets.Phishing(), scaled(), getattr(metrics, name)())

    assert found == pytest.approx(metric.get(), rel=0.02)  # the bundled rows are river's, the labels are numbers


def test_objects_of_the_caller_are_updated_where_there_is_one_model():
    metric, other = metrics.MCC(), metrics.FBeta(beta=2, pos_val=1)
    result = progressive_validation("phishing", scaled(), metrics=[metric, other])

    assert result.river == {"MCC": metric.get(), "FBeta": other.get()}
    assert metric.get() > 0.5
    comparison = progressive_validation(
        "phishing", {"one": scaled(), "two": SoftmaxRegression()}, metrics=[metrics.MCC()]
    )
    assert comparison["one"].river == {"MCC": result.river["MCC"]}
    assert comparison["two"].river != comparison["one"].river


def test_the_same_kind_twice_is_numbered():
    asked = [metrics.FBeta(beta=2, pos_val=1), metrics.FBeta(beta=0.5, pos_val=1), metrics.MCC()]
    result = progressive_validation("phishing", scaled(), metrics=asked)

    assert [*result.river] == ["FBeta", "FBeta 2", "MCC"]


def test_a_sum_of_metrics_is_each_of_them():
    result = progressive_validation("phishing", scaled(), metrics=[metrics.Accuracy() + metrics.MCC(), metrics.MCC()])
    expected = progressive_validation("phishing", scaled(), metrics=["Accuracy", "MCC"]).river

    assert result.river == {"Accuracy": expected["Accuracy"], "MCC": expected["MCC"], "MCC 2": expected["MCC"]}


def test_a_rolling_metric():
    result = progressive_validation("digits", scaled(), metrics=[utils.Rolling(metrics.Accuracy, window_size=100)])
    last = progressive_validation("digits", scaled(), window=100).rows[-1].window_accuracy

    assert [*result.river.values()] == pytest.approx([last])


def test_in_json_they_are_under_river():
    result = progressive_validation("digits", scaled(), limit=50, metrics=["MCC"])

    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["river"] == result.river
    assert progressive_validation("digits", scaled(), limit=50).to_dict()["river"] == {}


@pytest.mark.parametrize("figure", ["accuracy", "log_loss", "kappa"])
def test_they_change_no_other_figure(figure):
    plain = progressive_validation("digits", scaled(), limit=500)
    asked = progressive_validation("digits", scaled(), limit=500, metrics=["CrossEntropy"])

    assert getattr(asked, figure) == getattr(plain, figure)


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (["MacroF2"], ValueError, "river has no metric 'MacroF2'; near it are MacroF1"),
        (["xyzzy"], ValueError, "river has no metric 'xyzzy'; there are Accuracy, .*WeightedJaccard"),
        (["MAE"], ValueError, "river's metric MAE is not one of classification"),
        (["base"], ValueError, "river has no metric 'base'"),
        (["FBeta"], ValueError, "river's metric FBeta has to be made first, with its parameters"),
        ([3], TypeError, "a metric is one of river's for classification, or its name, not 3"),
        ([metrics.MAE()], TypeError, "a metric is one of river's for classification, or its name, not MAE"),
        ([metrics.Accuracy], TypeError, "a metric is one of river's for classification, or its name, not <class"),
        (["ClassificationReport"], ValueError, "river's metric ClassificationReport is not one of classification"),
        (["ConfusionMatrix"], ValueError, "river's metric ConfusionMatrix is not one of classification"),
        ([metrics.ConfusionMatrix()], ValueError, "the metric .ConfusionMatrix. of river is no number"),
    ],
)
def test_what_is_no_metric_is_refused_before_the_run(asked, error, message):
    model = SoftmaxRegression()
    with pytest.raises(error, match=message):
        progressive_validation("phishing", model, metrics=asked)

    assert not model.weights


def test_known_metrics_are_listed():
    with pytest.raises(ValueError, match="there are Accuracy") as caught:
        river_metrics(["nothing"])
    names = str(caught.value).partition("there are ")[2].split(", ")
    for name in {*names} - {"ClassificationReport", "ConfusionMatrix"}:
        if not name.endswith("FBeta"):
            assert [*river_metrics([name])] == [name]


def test_a_metric_that_fails_keeps_the_result_so_far():
    """river's metrics of two classes take no third."""

    class Failing(metrics.Accuracy):
        def update(self, y_true, y_pred, w=1.0):
            if y_true == "path":
                raise ValueError("no path here")
            super().update(y_true, y_pred, w)

    with pytest.raises(RowError, match=r"the metric Failing of river: no path here \(\d+ rows? w") as caught:
        progressive_validation(river_datasets.ImageSegments(), SoftmaxRegression(), metrics=[Failing()])
    assert caught.value.result.n_samples >= 0


@pytest.mark.parametrize("name", ["F1", "MCC", "LogLoss", "ROCAUC"])
def test_a_metric_of_a_class_that_never_came_is_no_number(name):
    """river's are about True, unless they are told of another."""
    pairs = [({"a": float(i % 2)}, "spam" if i % 2 else "ham") for i in range(100)]

    assert math.isnan(progressive_validation(pairs, SoftmaxRegression(), metrics=[name]).river[name])
    with pytest.raises(ValueError, match="river's F1 is right about the labels True and 1 alone, not 'spam'"):
        progressive_validation(pairs, SoftmaxRegression(), metrics=[metrics.F1(pos_val="spam")])


def test_one_metric_needs_no_list():
    assert [*progressive_validation("phishing", SoftmaxRegression(), metrics=metrics.Accuracy()).river] == ["Accuracy"]
