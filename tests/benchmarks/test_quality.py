"""The rivals of the quality table: what is missing, what takes too long, and the parts of theirs that are ours."""

from __future__ import annotations

import json
import math
import sys
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.quality import __main__ as quality
from benchmarks.quality import rivals, table
from benchmarks.quality.rivals import CAPYMOA, CONTEXT, LINEAR, OURS, OURS_LINEAR, SHARES, STRONG
from benchmarks.quality.rivals.known_classes import among
from benchmarks.quality.rivals.refitted import FIRST, Refitted, next_fit
from benchmarks.quality.score import plain, score

RIVALS = OURS, OURS_LINEAR, *LINEAR, *CONTEXT, *STRONG


@pytest.mark.parametrize("rival", RIVALS)
def test_every_rival_has_its_file(rival):
    assert find_spec(f"benchmarks.quality.rivals.{rival}")


def test_classes_not_seen_are_dropped_and_the_rest_sum_to_one():
    assert among({"a": 0, "c": 2}, [1.0, 6.0, 3.0]) == {"a": 0.25, "c": 0.75}


def test_votes_that_end_early_are_none_for_the_last_classes():
    assert among({"a": 0, "c": 2}, [2.0]) == {"a": 1.0, "c": 0.0}
    assert among({"a": 0, "c": 2}, ()) == {"a": 0.5, "c": 0.5}


@pytest.mark.parametrize("votes", [[0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0]])
def test_votes_that_say_nothing_leave_all_classes_as_likely(votes):
    assert among({"a": 0, "b": 1}, votes) == {"a": 0.5, "b": 0.5}


def test_without_a_class_there_is_no_answer():
    assert among({}, [1.0]) == {}


def test_a_model_is_fitted_anew_when_the_rows_have_grown_by_a_tenth():
    sizes = [next_fit(0)]
    while sizes[-1] < 1000:
        sizes.append(next_fit(sizes[-1]))
    assert sizes[:4] == [FIRST, 55, 61, 68] == [50, 55, 61, 68]
    for before, after in pairwise(sizes):
        assert 10 * after >= 11 * before > 10 * (after - 1)


class Shares:
    """In the place of LightGBM: how often each class was among the rows it was fitted on, plus a row's feature."""

    fits: list[int]

    def fit(self, X, y):
        type(self).fits.append(len(y))
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares = counts / counts.sum()
        return self

    def predict_proba(self, X):
        return np.tile(self.shares, (len(X), 1)) + X[:, :1]


def labels(n):
    return ["a", "b"] * (n // 2)


def test_it_answers_from_its_last_fit_and_before_from_the_classes_that_came():
    Shares.fits = []
    rows = plain([({"x": float(t), **({"late": 1.0} if t == 70 else {})}, y) for t, y in enumerate(labels(80))])
    model, fitted = Refitted(Shares, rows), 0
    for t, (x, _, y) in enumerate(rows):
        seen = labels(80)[: fitted or t]
        shift = float(t) if fitted else 0.0
        expected = {c: seen.count(c) / len(seen) + shift for c in sorted(set(seen))}
        assert model.predict_proba_one(x) == pytest.approx(expected)
        model.learn_one(x, y)
        fitted = max(Shares.fits, default=0)
    assert Shares.fits == [50, 55, 61, 68, 75]


def test_it_is_not_fitted_to_one_class_nor_after_the_last_row():
    Shares.fits = []
    rows = plain([({"x": 0.0}, "a" if t < 52 else "b") for t in range(61)])
    score(Refitted(Shares, rows), rows)
    assert Shares.fits == [55]


def test_a_class_that_came_after_the_last_fit_has_a_share_of_the_uniform_law():
    Shares.fits = []
    rows = plain([({"x": 0.0}, y) for y in [*labels(50), "c", "c"]])
    known = -sum(math.log(0.99 * [*labels(t)].count(y) / t + 0.005) for t, y in enumerate(labels(50)) if t > 1)
    figures = score(Refitted(Shares, rows), rows, shares=(0.01,))
    assert figures["log_loss"] == pytest.approx((known - math.log(0.01 / 3)) / 49, abs=1e-6)


class Sure:
    """The first class that came, for sure."""

    first = None

    def predict_proba_one(self, x):
        return {self.first: 1.0} if self.first else {}

    def learn_one(self, x, y):
        self.first = self.first or y


@pytest.mark.parametrize(("labels", "best"), [("abaaaa", 0.001), ("abbbbb", 0.01)])
def test_the_better_share_of_the_uniform_law_counts(labels, best):
    rows = plain([({}, y) for y in labels])
    losses = {share: score(Sure(), rows, shares=(share,))["log_loss"] for share in SHARES}
    assert min(losses, key=losses.get) == best
    assert score(Sure(), rows, shares=SHARES)["log_loss"] == losses[best]


@pytest.mark.parametrize("rival", [*CAPYMOA, "lightgbm_refitted", "vowpal_wabbit"])
def test_a_missing_package_is_named_with_its_extra(rival, monkeypatch):
    monkeypatch.setattr(rivals, "find_spec", lambda name: None)
    extra = "bench-java" if rival in CAPYMOA else "bench"
    assert rivals.missing(rival) == f"the package {rivals.PACKAGE[rival]} is not installed: pip install '.[{extra}]'"


def test_java_is_looked_for_on_the_path_and_in_java_home(monkeypatch):
    monkeypatch.setattr(rivals, "find_spec", lambda name: object())
    monkeypatch.setattr(rivals.shutil, "which", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "needs Java 17 or later" in rivals.missing("sam_knn")
    assert rivals.missing("lightgbm_refitted") is None
    monkeypatch.setenv("JAVA_HOME", "/opt/java")
    assert rivals.missing("sam_knn") is None


def test_a_rival_that_misses_something_is_left_out_with_a_message(monkeypatch, capsys, tmp_path):
    path = tmp_path / "results.jsonl"
    kept = json.dumps({"rival": "sam_knn", "stream": "iris"}) + "\n"
    path.write_text(kept)
    monkeypatch.setattr(quality, "missing", lambda rival: "there is no Java")
    monkeypatch.setattr(quality, "process", None)
    chosen = ["--rival", "sam_knn", "--stream", "iris", "wine", "--again", "--results", str(path)]
    monkeypatch.setattr(sys, "argv", ["quality", *chosen])
    assert quality.main() == 0
    assert capsys.readouterr().err == "sam_knn is left out: there is no Java\n"
    assert path.read_text() == kept


def test_a_run_that_takes_too_long_says_so_in_its_line():
    run = quality.process("softmax_grid", "shuttle", limit=1)
    assert run["stopped"] == 1
    assert run["settings"] == {}
    assert run["rows"] == 6000


@pytest.mark.slow
@pytest.mark.parametrize("rival", [*STRONG, "vowpal_wabbit"])
def test_a_rival_has_figures(rival):
    if why := rivals.missing(rival):
        pytest.skip(why)
    run = quality.process(rival, "iris")
    assert all(0.05 < figures["log_loss"] < 3 for figures in run["settings"].values())


def runs_of(*figures):
    """A run a stream, with (log loss, accuracy, µs) or None where it was stopped."""
    return [
        {"settings": {"default": dict(zip(("log_loss", "accuracy", "us"), each, strict=True))}}
        if each
        else {"settings": {}, "stopped": 600}
        for each in figures
    ]


def test_a_table_tells_losses_and_what_was_stopped():
    ours = runs_of((0.2, 0.9, 5.0), (0.4, 0.8, 10.0), (0.4, 0.8, 10.0))
    theirs = runs_of((0.4, 0.95, 50.0), (0.2, 0.7, 400.0), None)
    runs = {name: {OURS: a, "sam_knn": b} for name, a, b in zip(("one", "two", "three"), ours, theirs, strict=True)}
    lines = table.against(runs, STRONG, "default")
    assert lines[0] == "| stream | ours | CapyMOA's SAMkNN | µs a row |"
    assert lines[2] == "| one | 0.2000 / 90.0 | 0.4000 / 95.0 | 5.0 / 50 |"
    assert lines[4] == "| three | 0.4000 / 80.0 | - | 10 / - |"
    assert lines[-1] == (
        "- CapyMOA's SAMkNN: our log loss is 1.000 of its (geometric mean), its time 20 times ours. "
        "Its log loss is lower on 1 of 2: two; its accuracy higher on 1: one."
    )
    for of in runs.values():
        of.update(dict.fromkeys(STRONG[3:], ours[0]))
    runs["one"].update(dict.fromkeys(STRONG[1:3], ours[0]))
    assert table.unfinished(runs) == (
        " Stopped after 600 s of the processor: CapyMOA's SAMkNN on three."
        " Not run: CapyMOA's Streaming Random Patches, CapyMOA's Adaptive Random Forest on two, three."
    )


def test_a_summary_counts_the_streams_that_a_rival_ended():
    pairs = [({"log_loss": 0.2, "accuracy": 0.9, "us": 5.0}, {"log_loss": 0.4, "accuracy": 0.95, "us": 50.0})]
    assert table.row("a rival", pairs, timed=True) == ["a rival", "0.500", "1 of 1", "0 of 1", "10x"]
    assert table.row("a rival", pairs)[-1] == ""
