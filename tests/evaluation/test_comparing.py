"""Each of several models is run as if it was alone, and their differences are told from noise."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from river import base, dummy, linear_model, naive_bayes, optim, preprocessing, tree

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.evaluation.comparing import MOST_BLOCKS, Comparison, Pairing
from online_softmax.evaluation.scored import Scored
from online_softmax.models.native import NONE


def scaled():
    return preprocessing.StandardScaler() | SoftmaxRegression()


class Hard(base.Classifier):
    """A model without probabilities."""

    def __init__(self, model):
        self.model = model

    def learn_one(self, x, y):
        self.model.learn_one(x, y)

    def predict_one(self, x):
        return self.model.predict_one(x)


MODELS = {
    "sgd": SoftmaxRegression,
    "scaled": scaled,
    "auto": AutoSoftmaxRegression,
    "bayes": naive_bayes.GaussianNB,
    "hard": lambda: Hard(naive_bayes.GaussianNB()),
    "tree": tree.HoeffdingTreeClassifier,
}


def made():
    return {name: make() for name, make in MODELS.items()}


def some_rows(n=900, seed=0):
    rng = np.random.default_rng(seed)
    return [
        ({"a": float(a), "b": float(rng.normal())}, "uvw"[int(a > 0) + int(rng.random() < 0.3)])
        for a in rng.normal(size=n)
    ]


def mutated(rows):
    """Give the same dictionary for each row."""
    x = {}
    for features, y in rows:
        x.clear()
        x.update(features)
        yield x, y


def frame_of(rows):
    return pd.DataFrame([{**x, "y": y} for x, y in rows])


OPTIONS = {
    "plain": {},
    "late": {"delay": 7},
    "late, out of order": {"delay": lambda x, y: int(abs(x["a"]) * 20)},
    "metrics of river": {"metrics": ["MCC", "CrossEntropy"]},
    "skip": {"on_bad": "skip"},
    "limit": {"limit": 333},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("kind", ["pairs", "one dictionary", "frame", "file"])
def test_each_result_is_the_one_of_the_model_alone(kind, options, tmp_path, figures):
    def source():
        if kind == "frame":
            return frame_of(some_rows())
        if kind == "file":
            frame_of(some_rows()).to_csv(tmp_path / "rows.csv", index=False)
            return tmp_path / "rows.csv"
        return mutated(some_rows()) if kind == "one dictionary" else some_rows()

    target = "y" if kind in ("frame", "file") else None
    models, alone = made(), made()
    comparison = progressive_validation(source(), models, target=target, window=50, **options)

    assert isinstance(comparison, Comparison)
    assert [*comparison.results] == [*MODELS]
    for name, model in alone.items():
        result = progressive_validation(source(), model, target=target, window=50, **options)
        assert figures(comparison[name]) == figures(result), name
        assert str(model.predict_one({"a": 0.5, "b": 1.0})) == str(models[name].predict_one({"a": 0.5, "b": 1.0}))
        if "metrics" not in options:
            assert comparison[name].windows["accuracy"].tolist() == result.windows["accuracy"].tolist()


class Greedy(base.Classifier):
    """A model that eats its rows."""

    def predict_proba_one(self, x):
        x.clear()
        return {"u": 1.0}

    def learn_one(self, x, y):
        x["c"] = 1e9


@pytest.mark.parametrize("options", [{}, {"delay": 3}], ids=["at once", "late"])
def test_a_model_that_changes_its_rows_changes_nothing_for_others(options, figures):
    alone = progressive_validation(some_rows(), SoftmaxRegression(), **options)
    comparison = progressive_validation(some_rows(), {"greedy": Greedy(), "ours": SoftmaxRegression()}, **options)
    assert figures(comparison["ours"]) == figures(alone)


def test_models_that_cannot_be_told_apart():
    model = SoftmaxRegression()
    with pytest.raises(ValueError, match="'a' and 'b' are one model, which would learn each row twice: copy it"):
        progressive_validation(some_rows(), {"a": model, "b": model})
    for name in (1, None, ("a", "b")):
        with pytest.raises(TypeError, match="the name of a model is a str, not"):
            progressive_validation(some_rows(), {name: SoftmaxRegression(), "1": SoftmaxRegression()})
    assert not model.predict_proba_one({"a": 1.0})


@pytest.mark.parametrize("name", ["phishing", "image_segments"])
def test_on_streams_each_is_the_one_of_the_model_alone(name, figures):
    comparison = progressive_validation(name, made())

    for each, model in made().items():
        assert figures(comparison[each]) == figures(progressive_validation(name, model)), each


def intervals(losses, n_blocks):
    """Give the difference of each of several columns of losses to the best, and its interval, as scipy has it."""
    best = int(np.argmin(losses.mean(axis=0)))
    length = 20
    while len(losses) // length >= MOST_BLOCKS:
        length *= 2
    assert len(losses) // length == n_blocks
    means = losses[: n_blocks * length].reshape(n_blocks, length, -1).mean(axis=1)
    found = []
    for i in range(losses.shape[1]):
        differences, difference = means[:, i] - means[:, best], losses.mean(axis=0)[i] - losses.mean(axis=0)[best]
        scale = scipy.stats.sem(differences) if i != best else 1.0
        low, high = scipy.stats.t.interval(0.95, n_blocks - 1, loc=difference, scale=scale)
        found.append((difference, low, high))
    return best, found


@pytest.mark.parametrize("n", [60, 900, 1279, 1280, 3000])
def test_the_interval_is_students_of_paired_blocks(n):
    rows = [(x, "uv"[i % 2] if i < 2 else y) for i, (x, y) in enumerate(some_rows(n))]
    kinds = {"scaled": scaled, "sgd": lambda: SoftmaxRegression(optim.SGD(0.5)), "bayes": naive_bayes.GaussianNB}
    comparison = progressive_validation(rows, {name: make() for name, make in kinds.items()})
    columns = [progressive_validation(rows, make(), yield_predictions=True).predictions for make in kinds.values()]
    errors = np.column_stack([one.true != one.predicted for one in columns])
    p = np.column_stack([one.p for one in columns])

    assert comparison.n_common == n
    for i, name in enumerate(kinds):
        assert comparison.standings[name].accuracy == pytest.approx(1 - errors[:, i].mean())
    # Rows without a loss leave blocks of fewer: the plain computation is that of runs without such.
    losses = -np.log(np.clip(p, 1e-15, 1))
    known = ~np.isnan(losses).any(axis=1)
    for i, name in enumerate(kinds):
        assert comparison.standings[name].log_loss == pytest.approx(losses[known, i].mean())
    length = 20
    while n // length >= MOST_BLOCKS:
        length *= 2
    assert comparison.n_blocks == n // length
    best = [*kinds][int(np.argmin(losses[known].mean(axis=0)))]
    assert comparison.best == best
    blocks = [slice(i * length, (i + 1) * length) for i in range(n // length)]
    means = np.array([np.nanmean(losses[block], axis=0) for block in blocks])
    for i, name in enumerate(kinds):
        one = comparison.standings[name]
        differences = means[:, i] - means[:, [*kinds].index(best)]
        assert one.difference == pytest.approx(losses[known, i].mean() - losses[known].mean(axis=0).min(), abs=1e-12)
        if name == best:
            assert math.isnan(one.low)
            assert math.isnan(one.high)
            assert one.is_noise is None
            assert one.difference == 0
        else:
            expected = scipy.stats.t.interval(0.95, len(blocks) - 1, one.difference, scipy.stats.sem(differences))
            assert (one.low, one.high) == pytest.approx(expected, rel=1e-9)
            assert one.is_noise == (one.low <= 0 <= one.high)


def scored(p, hits, at=None):
    n = len(p)
    said = np.repeat(NONE, n)
    said["p"], said["predicted"] = p, np.where(hits, 0, 1)
    at = np.arange(n) if at is None else np.array(at, np.int64)
    return Scored(np.zeros(n, np.int32), said, np.zeros(n, np.bool_), at, n)


@settings(max_examples=15)
@given(st.integers(41, 200), st.integers(2, 4), st.lists(st.integers(1, 70), max_size=5), st.integers(0, 99))
def test_no_bit_depends_on_how_the_rows_are_cut(n, n_models, sizes, seed):
    rng = np.random.default_rng(seed)
    P, hits = rng.uniform(0.01, 1, (n_models, n)), rng.random((n_models, n)) < 0.5
    result = progressive_validation([({}, "u")], SoftmaxRegression())

    def compared(sizes):
        pairing, start = Pairing(n_models), 0
        for size in [*sizes, n]:
            part = slice(start, start + size)
            part_of = [scored(p[part], hit[part]) for p, hit in zip(P, hits, strict=True)]
            pairing.add(part_of, [True] * n_models)
            start += size
        return pairing.comparison({str(i): result for i in range(n_models)})

    whole = compared([])
    assert repr(compared(sizes).standings) == repr(compared([1] * n).standings) == repr(whole.standings)
    best, expected = intervals(-np.log(P.T), n // 20) if n < 20 * MOST_BLOCKS else (None, [])
    assert whole.best == str(best)
    for i, (difference, low, high) in enumerate(expected):
        one = whole.standings[str(i)]
        assert one.difference == pytest.approx(difference, abs=1e-12)
        if i != best:
            assert (one.low, one.high) == pytest.approx((low, high), rel=1e-9, abs=1e-12)


def test_two_equal_models_differ_by_noise():
    comparison = progressive_validation(some_rows(), {"one": scaled(), "other": scaled()})
    one, other = comparison.standings["one"], comparison.standings["other"]

    assert comparison.best == "one"
    assert (one.log_loss, one.accuracy) == (other.log_loss, other.accuracy)
    assert (other.difference, other.low, other.high) == (0, 0, 0)
    assert other.is_noise is True
    assert one.is_noise is None


class Noisy(base.Classifier):
    """A model whose probabilities are blurred, to no side."""

    def __init__(self, model, seed):
        self.model = model
        self.seed = seed
        self.rng = np.random.default_rng(seed)

    def learn_one(self, x, y):
        self.model.learn_one(x, y)

    def predict_proba_one(self, x):
        P = self.model.predict_proba_one(x)
        P = {one: p * math.exp(self.rng.normal(0, 0.2)) for one, p in P.items()}
        return {one: p / sum(P.values()) for one, p in P.items()}


def test_the_same_noise_is_noise_and_a_worse_model_is_worse():
    """Two blurred models differ by noise alone: the interval of 95 % may miss it now and then."""
    n_noise = 0
    for seed in range(20):
        models = {
            "one": Noisy(scaled(), 2 * seed),
            "other": Noisy(scaled(), 2 * seed + 1),
            "none": dummy.NoChangeClassifier(),
        }
        comparison = progressive_validation(some_rows(400, seed), models)
        (second,) = {"one", "other"} - {comparison.best}
        n_noise += comparison.standings[second].is_noise
        assert comparison.standings["none"].is_noise is False
        assert comparison.standings["none"].low > 0
    assert n_noise >= 15


def test_a_model_without_probabilities_stands_by_its_accuracy():
    models = {"hard": Hard(naive_bayes.GaussianNB()), "soft": naive_bayes.GaussianNB(), "sgd": scaled()}
    comparison = progressive_validation(some_rows(), models)
    hard, soft = comparison.standings["hard"], comparison.standings["soft"]

    assert hard.accuracy == soft.accuracy
    assert math.isnan(hard.log_loss)
    assert math.isnan(hard.difference)
    assert hard.is_noise is None
    assert comparison.best in ("soft", "sgd")
    content = comparison.to_dict()["comparison"]["models"]["hard"]
    assert [content[name] for name in ("log_loss", "loss_difference", "low", "high", "is_noise")] == [None] * 5
    # The others stand as without it.
    others = progressive_validation(some_rows(), {"soft": naive_bayes.GaussianNB(), "sgd": scaled()})
    for name in ("soft", "sgd"):
        for figure in ("log_loss", "difference", "low", "high", "accuracy"):
            mine, theirs = getattr(comparison.standings[name], figure), getattr(others.standings[name], figure)
            assert repr(mine) == repr(theirs)


def test_without_any_probabilities_the_fewest_errors_are_best():
    models = {"none": Hard(dummy.NoChangeClassifier()), "bayes": Hard(naive_bayes.GaussianNB())}
    rows = some_rows()
    comparison = progressive_validation(rows, models)
    none = comparison.standings["none"]

    assert comparison.best == "bayes"
    assert none.difference == pytest.approx(comparison["bayes"].accuracy - comparison["none"].accuracy)
    assert none.is_noise is False
    assert math.isnan(none.log_loss)


@pytest.mark.parametrize("kind", ["pairs", "frame"])
def test_a_model_that_knows_classes_before_the_others_is_compared_where_all_have_losses(kind):
    """A row whose label one of the models could not know has no loss of that model, and counts for no model's."""
    rows = some_rows()
    models = {"fresh": scaled(), "old": scaled()}
    progressive_validation(rows, models["old"])
    source, target = (frame_of(rows), "y") if kind == "frame" else (rows, None)
    comparison = progressive_validation(source, models, target=target)

    fresh, old = scaled(), scaled()
    progressive_validation(rows, old)
    losses = [-np.log(progressive_validation(rows, one, yield_predictions=True).predictions.p) for one in (fresh, old)]
    known = ~np.isnan(losses[0])
    assert (known.sum(), np.isnan(losses[1]).sum()) == (897, 0)
    for name, values in zip(("fresh", "old"), losses, strict=True):
        assert comparison.standings[name].log_loss == pytest.approx(values[known].mean(), rel=1e-9)


class Picky(base.Classifier):
    """A model that refuses some rows."""

    def __init__(self, model, refused):
        self.model = model
        self.refused = refused

    def learn_one(self, x, y):
        if x["i"] in self.refused and y == "v":
            raise ArithmeticError("no v here")
        self.model.learn_one(x, y)

    def predict_proba_one(self, x):
        if x["i"] in self.refused and x["i"] % 2:
            raise ValueError("an odd one")
        return self.model.predict_proba_one(x)


def numbered(n=300):
    return [({**x, "i": i}, y) for i, (x, y) in enumerate(some_rows(n))]


@pytest.mark.parametrize("options", [{}, {"delay": 5}, {"delay": lambda x, y: x["i"] % 17}])
@pytest.mark.parametrize("kind", ["pairs", "frame"])
def test_the_common_rows_are_those_that_all_have_scored(kind, options, figures):
    refused = {"one": {7, 8, 9, 100}, "other": {8, 11, 299}, "none": set()}
    source, target = (frame_of(numbered()), "y") if kind == "frame" else (numbered(), None)

    def picky(name):
        return Picky(naive_bayes.GaussianNB(), refused[name])

    comparison = progressive_validation(
        source, {name: picky(name) for name in refused}, target=target, on_bad="skip", **options
    )
    bad, losses, hits = {}, {}, {}
    for name in refused:
        alone = progressive_validation(numbered(), picky(name), on_bad="skip", yield_predictions=True, **options)
        assert figures(comparison[name], "columns") == figures(alone, "columns")
        bad[name] = {one.row for one in alone.bad}
    assert bad["one"]
    assert bad["other"]
    assert comparison.n_common == 300 - len(bad["one"] | bad["other"])
    assert comparison.n_samples == 300
    if not options:
        for name in refused:
            found = progressive_validation(numbered(), picky(name), on_bad="skip", yield_predictions=True).predictions
            own = [i for i in range(300) if i not in bad[name]]
            common = np.array([i not in bad["one"] | bad["other"] for i in own])
            losses[name], hits[name] = -np.log(found.p[common]), (found.true == found.predicted)[common]
        known = ~np.isnan(np.column_stack([*losses.values()])).any(axis=1)
        for name in refused:
            assert comparison.standings[name].accuracy == pytest.approx(hits[name].mean())
            assert comparison.standings[name].log_loss == pytest.approx(
                np.clip(losses[name][known], None, -math.log(1e-15)).mean()
            )


def test_an_error_names_the_model_and_keeps_what_was_found():
    with pytest.raises(RowError, match=r"^model 'picky': an odd one \(11 rows were scored before it\)") as caught:
        progressive_validation(numbered(), {"bayes": naive_bayes.GaussianNB(), "picky": Picky(scaled(), {11})})

    found = caught.value.result
    assert isinstance(found, Comparison)
    assert found["picky"].n_samples == 11
    assert found.n_common == 11


def test_an_error_of_the_source_is_no_models(tmp_path):
    path = tmp_path / "flawed.csv"
    path.write_text("a,y\n" + "1,u\n2,v\n" * 30 + "nan,u\n")
    with pytest.raises(RowError, match=r"line 62, column 'a': 'nan' .*\(60 rows were scored before it\)") as caught:
        progressive_validation(path, made(), target="y")
    assert not str(caught.value).startswith("model")

    def broken():
        yield from some_rows(5)
        raise OSError("gone")

    with pytest.raises(RowError, match=r"^OSError: gone \(5 rows were scored before it\)"):
        progressive_validation(broken(), made())


def test_no_model_is_refused_and_one_is_compared_with_none():
    with pytest.raises(ValueError, match="there is no model to run"):
        progressive_validation(some_rows(), {})
    comparison = progressive_validation(some_rows(), {"alone": scaled()})
    assert comparison.best == "alone"
    assert comparison.standings["alone"].difference == 0
    with pytest.raises(TypeError, match="a model that learns from labels is a river classifier, not"):
        progressive_validation(some_rows(), {"one": scaled(), "other": linear_model.LinearRegression()})


def test_a_model_that_refuses_every_row_leaves_the_others_theirs():
    rows = numbered()
    for order in (["none", "all"], ["all", "none"]):
        kinds = {"none": set(), "all": set(range(300))}
        models = {name: Picky(Never() if name == "all" else scaled(), kinds[name]) for name in order}
        comparison = progressive_validation(rows, models, on_bad="skip")
        assert (comparison["none"].n_samples, comparison["all"].n_samples) == (300, 0)
        assert (comparison.n_common, comparison.n_blocks) == (0, 0)
        json.dumps(comparison.to_dict(), allow_nan=False)


class Never(base.Classifier):
    def learn_one(self, x, y):
        raise ArithmeticError("never")

    def predict_proba_one(self, x):
        return {}


def test_the_same_models_come_to_the_same():
    def standings():
        comparison = progressive_validation(some_rows(), made())
        return [{**one, "microseconds_per_row": 0} for one in comparison.to_dict()["comparison"]["models"].values()]

    assert standings() == standings()


def test_few_rows_have_no_interval():
    comparison = progressive_validation(some_rows(39), {"sgd": scaled(), "bayes": naive_bayes.GaussianNB()})
    (other,) = {"sgd", "bayes"} - {comparison.best}
    one = comparison.standings[other]

    assert comparison.n_blocks == 1
    assert one.difference > 0
    assert math.isnan(one.low)
    assert one.is_noise is None


def test_progress_has_the_figures_of_each():
    calls = []
    comparison = progressive_validation(
        some_rows(2500),
        {"sgd": scaled(), "bayes": naive_bayes.GaussianNB()},
        progress=lambda row, *, mark, fraction: calls.append((row, mark)),
    )
    marks = [row for row, mark in calls if mark]

    assert [{name: one.n_samples for name, one in row.items()} for row in marks] == [
        {"sgd": n, "bayes": n} for n in (1000, 2000, 2500)
    ]
    for name in ("sgd", "bayes"):
        assert [row[name] for row in marks] == comparison[name].rows


def test_a_comparison_is_ready_for_json():
    comparison = progressive_validation(some_rows(), made())
    content = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))

    assert [*content["runs"]] == [*content["comparison"]["models"]] == [*MODELS]
    assert content["comparison"]["best"] == comparison.best
    assert content["comparison"]["n_common"] == 900
    assert repr(comparison).startswith(f"Comparison(best={comparison.best!r}, n_common=900,\n  {comparison.best}: ")
    assert {*content["comparison"]["models"]["sgd"]} == {
        "log_loss",
        "accuracy",
        "loss_difference",
        "low",
        "high",
        "is_noise",
        "microseconds_per_row",
    }


def test_a_checkpoint_holds_one_model(tmp_path):
    with pytest.raises(ValueError, match="there are several models, and a checkpoint does not hold them"):
        progressive_validation(some_rows(), made(), checkpoint=tmp_path / "run")


def test_without_common_rows_the_best_is_who_scored_most():
    class Refusing(SoftmaxRegression):
        def learn_one(self, x, y, w=1.0):
            raise ValueError("no")

        def _progress(self, rows, scale=None):
            raise ValueError("no")

    pairs = [({"a": float(i)}, i % 2) for i in range(50)]
    models = {"one": Refusing(), "other": SoftmaxRegression()}
    comparison = progressive_validation(pairs, models, on_bad="skip")

    assert (comparison.best, comparison.n_common, comparison["one"].n_samples) == ("other", 0, 0)
    assert math.isnan(comparison.standings["other"].log_loss)
