"""Late labels come as river's `simulate_qa` has them: every row is predicted and learned in the same order."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import base, compose, evaluate, linear_model, metrics, naive_bayes, preprocessing, stream, tree

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.evaluation.delayed import Lateness
from tests.reference import scores as reference

START = dt.datetime(2020, 1, 1)


def rows(n=400, seed=0, weights=False):
    rng = np.random.default_rng(seed)
    found = []
    for i, a in enumerate(rng.normal(size=n).tolist()):
        x = {
            "a": a,
            "b": float(rng.normal()),
            "at": int(i + rng.integers(0, 3) * (i % 5 == 0)),
            "jumps": int(rng.integers(0, 100)),
            "wait": int(rng.integers(0, 40)),
        }
        label = "uvw"[int(a > 0) + int(rng.random() < 0.3)]
        found.append((x, label, {"w": float(rng.random())}) if weights else (x, label))
    return found


SCHEDULES = {
    "0 rows": {"delay": 0},
    "1 row": {"delay": 1},
    "37 rows": {"delay": 37},
    "2.5 rows": {"delay": 2.5},
    "longer than the stream": {"delay": 10_000},
    "out of order": {"delay": lambda x, y: (7 * x["wait"] + len(y)) % 50},
    "by the label": {"delay": lambda x, y: {"u": 0, "v": 3, "w": 200}[y]},
    "by a feature": {"delay": "wait"},
    "by a feature, of a feature": {"delay": "wait", "moment": "at"},
    "5 of a feature": {"delay": 5, "moment": "at"},
    "5 of a feature that jumps": {"delay": 5, "moment": "jumps"},
    "by a feature, of one that jumps": {"delay": "wait", "moment": "jumps"},
    "9 of a function": {"delay": 9, "moment": lambda x: 3 * x["at"]},
    "minutes of dates": {"delay": dt.timedelta(minutes=11), "moment": lambda x: START + dt.timedelta(minutes=x["at"])},
    "dates by a function": {
        "delay": lambda x, y: dt.timedelta(minutes=x["wait"]),
        "moment": lambda x: START + dt.timedelta(minutes=x["jumps"]),
    },
}
MODELS = {
    "softmax": SoftmaxRegression,
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "auto": AutoSoftmaxRegression,
    "naive Bayes": naive_bayes.GaussianNB,
    "tree": tree.HoeffdingTreeClassifier,
    "river's": lambda: preprocessing.StandardScaler() | linear_model.SoftmaxRegression(),
}


def rivers(made, model, delay, moment=None):
    """Give the labels in the order in which river has them, and what the model had said of each."""
    again = [(x, y) for x, y, *_ in made]
    labels = [y for _, _, y in stream.simulate_qa(again, moment, delay) if y is not None]
    steps = evaluate.iter_progressive_val_score(
        made, model, metrics.CrossEntropy(), moment=moment, delay=delay, step=1, yield_predictions=True
    )
    return labels, [step["Prediction"] for step in steps]


def ours(result):
    found = result.predictions
    labels = [*result.labels, None]
    return [labels[i] for i in found.true], [labels[i] for i in found.predicted], found.p.tolist()


def expected(labels, said):
    """Give the labels, the predictions, and the probability of each label; nan where it could not be known."""
    choices = [max(p, key=p.__getitem__) if p else None for p in said]
    chances = [p.get(y, math.nan) for y, p in zip(labels, said, strict=True)]
    return labels, choices, chances


def state(model):
    return [repr(model.predict_proba_one(x)) for x, *_ in rows(20, seed=9)]


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_every_row_is_rivers(schedule, make):
    model, rival = make(), make()
    result = progressive_validation(rows(), model, yield_predictions=True, **schedule)
    labels, choices, chances = ours(result)
    found = expected(*rivers(rows(), rival, **schedule))

    assert (labels, choices) == found[:2]
    # One that it could know by the labels that had come is given 0 where the model does not know it.
    assert [0.0 if math.isnan(p) and not math.isnan(q) else p for p, q in zip(found[2], chances, strict=True)] == (
        pytest.approx(chances, rel=0, abs=0, nan_ok=True)
    )
    assert state(model) == state(rival)
    assert result.n_samples == 400


@pytest.mark.parametrize("make", [MODELS["softmax"], MODELS["auto"], MODELS["naive Bayes"]])
@pytest.mark.parametrize("name", ["37 rows", "out of order", "by a feature, of one that jumps"])
def test_weights_come_with_the_labels(name, make):
    model, rival = make(), make()
    result = progressive_validation(rows(weights=True), model, yield_predictions=True, **SCHEDULES[name])
    found = expected(*rivers(rows(weights=True), rival, **SCHEDULES[name]))

    assert ours(result)[:2] == found[:2]
    assert state(model) == state(rival)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30), st.booleans())
def test_any_moments_and_delays_are_rivers(times, by_feature):
    made = [({"a": float(i % 3), "t": t, "d": d}, "uv"[i % 2]) for i, (t, d) in enumerate(times)]
    schedule = {"moment": "t", "delay": "d" if by_feature else 4}
    model, rival = SoftmaxRegression(), SoftmaxRegression()
    result = progressive_validation(made, model, yield_predictions=True, **schedule)

    assert ours(result)[:2] == expected(*rivers(made, rival, **schedule))[:2]
    assert model.weights == rival.weights


def test_a_feature_may_hold_a_date():
    made = [({**x, "t": START + dt.timedelta(minutes=x["at"])}, y) for x, y in rows()]
    schedule = {"moment": "t", "delay": dt.timedelta(minutes=5)}
    make = lambda: compose.Discard("t") | SoftmaxRegression()  # noqa: E731
    model, rival = make(), make()
    result = progressive_validation(made, model, yield_predictions=True, **schedule)

    assert ours(result)[:2] == expected(*rivers(made, rival, **schedule))[:2]
    assert state(model) == state(rival)
    assert result.delay == "0:05:00 of t"


def test_figures_are_those_of_the_rows_in_the_order_of_their_labels():
    schedule = SCHEDULES["out of order"]
    labels, said = rivers(rows(), SoftmaxRegression(), **schedule)
    result = progressive_validation(rows(), SoftmaxRegression(), window=30, **schedule)
    known = progressive_validation(rows(), SoftmaxRegression(), yield_predictions=True, **schedule).predictions.p
    code = "uvw".index
    found = [
        reference.Row(code(y), {code(one): p for one, p in P.items()}, unseen=math.isnan(q))
        for y, P, q in zip(labels, said, known, strict=True)
    ]
    baselines = reference.no_change(labels), reference.majority(labels)

    of_baselines = {"no_change_accuracy", "majority_accuracy", "kappa_t", "kappa_m"}  # which know other labels
    for name, value in reference.metrics(found, [1] * 400, *baselines, 3).items():
        if name in of_baselines:
            continue
        assert getattr(result, name) == pytest.approx(value, rel=1e-9), name
    last = slice(390, 400)
    window = reference.metrics(found[last], [1] * 10, *(one[last] for one in baselines), 3)
    for name, value in window.items():
        if name in of_baselines:
            continue
        assert result.windows[name][-1] == pytest.approx(value, rel=1e-9, nan_ok=True), name


@pytest.mark.parametrize("make", [MODELS["softmax"], MODELS["scaled"], MODELS["auto"], MODELS["tree"]])
def test_a_delay_of_0_is_none(make, figures):
    late, at_once = make(), make()
    result = progressive_validation(rows(), late, delay=0)

    # The experts are looked at before the last label has come.
    assert figures(result, "delay", "experts") == figures(progressive_validation(rows(), at_once), "delay", "experts")
    assert result.delay == "0 rows"
    assert state(late) == state(at_once)


@pytest.mark.parametrize("name", ["37 rows", "by a feature", "5 of a feature", "by a feature, of one that jumps"])
@pytest.mark.parametrize("make", [MODELS["softmax"], MODELS["scaled"], MODELS["auto"]])
def test_every_source_is_the_same(name, make, tmp_path, figures):
    frame = pd.DataFrame([{**x, "y": y} for x, y in rows()])
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    schedule = SCHEDULES[name]
    whole = figures(progressive_validation(rows(), make(), **schedule), "columns")

    assert figures(progressive_validation(path, make(), target="y", **schedule), "columns") == whole
    assert figures(progressive_validation(frame, make(), target="y", **schedule), "columns") == whole
    assert figures(progressive_validation((row for row in rows()), make(), **schedule), "columns") == whole


@pytest.mark.parametrize("limit", [1, 36, 38, 399, 400, 1000])
def test_a_limit_is_of_rows_that_are_predicted(limit, figures):
    taken = []
    source = (taken.append(row) or row for row in rows())
    result = progressive_validation(source, SoftmaxRegression(), delay=37, limit=limit)

    assert figures(result) == figures(progressive_validation(rows()[:limit], SoftmaxRegression(), delay=37))
    assert len(taken) == result.n_samples == min(limit, 400)


def bursts(n):
    return [({**x, "wait": 700 - i % 700}, y) for i, (x, y) in enumerate(rows(n))]


@pytest.mark.parametrize("make", [MODELS["softmax"], MODELS["auto"]])
def test_labels_that_come_many_at_a_time_leave_marks_and_curves_as_they_are(make):
    calls = []
    result = progressive_validation(
        bursts(4500),
        make(),
        delay="wait",
        window=300,
        yield_predictions=True,
        progress=lambda row, *, mark, fraction: calls.append((row.n_samples, mark)),
    )
    found = result.predictions
    hits = found.true == found.predicted

    assert [row.n_samples for row in result.rows] == [1000, 2000, 4000, 4500]
    for row in result.rows:
        assert row.accuracy == pytest.approx(hits[: row.n_samples].mean(), rel=1e-12)
        assert row.window_accuracy == pytest.approx(hits[row.n_samples - 300 : row.n_samples].mean(), rel=1e-12)
    assert result.windows.n.tolist() == [300] * 15
    assert result.windows["accuracy"].tolist() == pytest.approx(hits.reshape(15, 300).mean(axis=1).tolist())
    assert [n for n, _ in calls] == sorted(n for n, _ in calls)
    assert [n for n, mark in calls if mark][-1] == 4500


def test_rows_that_are_refused_are_as_if_they_had_not_been(figures):
    """Some are refused at predicting, some at learning, when their labels come, and some have no such time."""
    sound = rows()
    dirty, n_bad = [], 0
    for i, (x, y) in enumerate(sound):
        if i % 50 == 3:
            dirty += [({**x, "a": math.nan}, y), ({**x}, None), ({"a": 1.0, "at": x["at"]}, y), "no sample"]
            n_bad += 4
        dirty.append((x, y))
    for make in (SoftmaxRegression, lambda: Picky(SoftmaxRegression())):
        model, expected = make(), make()
        schedule = {"delay": "wait", "moment": "at", "on_bad": "skip"}
        result = progressive_validation(dirty, model, **schedule)
        clean = progressive_validation(sound, expected, **schedule)

        assert figures(result, "n_bad", "bad") == figures(clean, "n_bad", "bad")
        assert result.n_bad == n_bad
        assert len(result.bad) == 10
        assert all(isinstance(dirty[one.row], str) or dirty[one.row] not in sound for one in result.bad)
        assert state(model) == state(expected)


class Picky(base.Classifier):
    """A model hidden from the kernel's own loop."""

    def __init__(self, model):
        self.model = model

    def learn_one(self, x, y):
        if y == "z":
            raise ArithmeticError("no such label")
        self.model.learn_one(x, y)

    def predict_proba_one(self, x):
        return self.model.predict_proba_one(x)


def test_a_row_refused_at_learning_is_told_by_its_own_place():
    made = [({"a": float(i), "b": 1.0}, "z" if i in (3, 50) else "uv"[i % 2]) for i in range(60)]
    result = progressive_validation(made, Picky(SoftmaxRegression()), delay=7, on_bad="skip")

    assert [tuple(one) for one in result.bad] == [(i, "ArithmeticError: no such label") for i in (3, 50)]
    assert (result.n_samples, result.n_bad) == (58, 2)
    with pytest.raises(RowError, match=r"ArithmeticError: no such label \(3 rows were scored before it\)"):
        progressive_validation(made, Picky(SoftmaxRegression()), delay=7)
    with pytest.raises(RowError, match=r"ArithmeticError: no such label \(3 rows were scored before it\)"):
        progressive_validation(made[:5], Picky(SoftmaxRegression()), delay=7)


def test_a_source_that_gives_one_dictionary_again_and_again_is_read_row_by_row(figures):
    """river would learn each label with the features of a later row."""

    def source():
        x, keywords = {}, {}
        for features, y, weights in rows(weights=True):
            x.clear()
            x.update(features)
            keywords.clear()
            keywords.update(weights)
            yield x, y, keywords

    for schedule in (SCHEDULES["37 rows"], SCHEDULES["by a feature"]):
        model, expected = SoftmaxRegression(), SoftmaxRegression()
        result = progressive_validation(source(), model, **schedule)
        assert figures(result) == figures(progressive_validation(rows(weights=True), expected, **schedule))
        assert model.weights == expected.weights


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"moment": "at"}, "a moment goes with a delay"),
        ({"delay": -1}, "delay must be 0 or more, got -1"),
        ({"delay": -0.5}, r"delay must be 0 or more, got -0\.5"),
        ({"delay": np.int64(-3)}, r"delay must be 0 or more, got np\.int64\(-3\)"),
        ({"delay": math.nan}, "delay must be 0 or more, got nan"),
        ({"delay": dt.timedelta(days=-1), "moment": "at"}, "delay must be 0 or more, got datetime.timedelta"),
        ({"delay": 5, "checkpoint": "run"}, "a delay keeps rows whose labels are to come, and a checkpoint does not"),
    ],
)
def test_mistakes_are_refused_before_the_run(options, message):
    model = SoftmaxRegression()
    with pytest.raises(ValueError, match=message):
        progressive_validation(rows(), model, **options)

    assert not model.weights


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delay": "late"}, "the row has no feature 'late', which is to be its delay; it has .*'wait'"),
        ({"delay": 1, "moment": "when"}, "the row has no feature 'when', which is to be its moment"),
        ({"delay": dt.timedelta(1)}, "a delay of datetime.timedelta.days=1. cannot be added to the moment 0"),
        ({"delay": 3, "moment": lambda x: START}, "a delay of 3 cannot be added to the moment datetime.datetime"),
        ({"delay": lambda x, y: x["no"]}, "KeyError: 'no'"),
    ],
)
def test_a_row_without_a_time_is_an_error_of_that_row(options, message):
    with pytest.raises(RowError, match=message) as caught:
        progressive_validation(rows(), SoftmaxRegression(), **options)

    assert caught.value.result.n_samples == 0
    with pytest.raises(ValueError, match="the stream has no rows: all 400 were skipped"):
        progressive_validation(rows(), SoftmaxRegression(), on_bad="skip", **options)


def test_a_delay_says_what_it_is():
    assert str(Lateness(1000)) == "1,000 rows"
    assert str(Lateness("wait")) == "wait"
    assert str(Lateness("wait", "at")) == "wait of at"
    result = progressive_validation(rows(10), SoftmaxRegression(), delay=1000)
    assert result.delay == result.to_dict()["delay"] == "1,000 rows"
    assert progressive_validation(rows(10), SoftmaxRegression()).delay is None


def test_a_delay_that_is_a_function_is_called_by_its_name():
    def lateness(x, y):
        return 3

    assert progressive_validation(rows(10), SoftmaxRegression(), delay=lateness).delay == "lateness"


@pytest.mark.parametrize("delay", [0, 1, 7, 40])
def test_baselines_know_no_label_that_has_not_come(delay):
    labels = [str(i // 9 % 3) for i in range(200)]
    result = progressive_validation([({"a": 1.0}, y) for y in labels], SoftmaxRegression(), delay=delay)

    no_change = majority = 0
    for i, y in enumerate(labels):
        came = labels[: max(0, i + 1 - max(delay, 1))]
        counts = {}
        leader = None
        for one in came:
            counts[one] = counts.get(one, 0) + 1
            leader = one if leader is None or counts[one] > counts[leader] else leader
        no_change += bool(came) and came[-1] == y
        majority += leader == y
    assert result.no_change_accuracy == no_change / 200
    assert result.majority_accuracy == majority / 200
    if delay <= 1:
        whole = progressive_validation([({"a": 1.0}, y) for y in labels], SoftmaxRegression())
        assert (result.no_change_accuracy, result.kappa_m) == (whole.no_change_accuracy, whole.kappa_m)
