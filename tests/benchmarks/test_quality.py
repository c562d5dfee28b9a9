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
from benchmarks.quality import rivals, standing, table
from benchmarks.quality.rivals import CAPYMOA, CONTEXT, LINEAR, OURS, OURS_LINEAR, SHARES, STRONG
from benchmarks.quality.rivals.known_classes import among
from benchmarks.quality.rivals.refitted import FIRST, WIDE, Refitted, next_fit
from benchmarks.quality.score import NOTHING, plain, score, tenths
from benchmarks.quality.streams import GROUPS, STREAMS

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


def test_a_stream_that_cannot_be_made_here_is_left_out_with_a_message(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(type(STREAMS["iris"]), "missing", property(lambda stream: lambda: "it reads another one"))
    monkeypatch.setattr(quality, "process", None)
    monkeypatch.setattr(sys, "argv", ["quality", "--rival", "auto", "--stream", "iris", "--results", f"{tmp_path}/r"])
    assert quality.main() == 0
    assert capsys.readouterr().err == "iris is left out: it reads another one\n"


class Slow(Sure):
    """A learner that the clock says takes a second a row."""

    def __init__(self, monkeypatch):
        self.seconds = 0
        monkeypatch.setattr("benchmarks.quality.score.time.process_time", lambda: self.seconds)

    def learn_one(self, x, y):
        super().learn_one(x, y)
        self.seconds += 1


def test_a_run_that_takes_too_long_is_scored_over_the_tenths_that_it_ended(monkeypatch):
    rows = plain([({}, y) for y in "aab" * 10])
    stopped, whole = (score(Slow(monkeypatch), rows, limit=limit) for limit in (16, 100))
    assert (stopped["rows"], whole["rows"]) == (15, 30)
    assert list(whole["by"]) == tenths(30) == [3, 6, 9, 12, 15, 18, 21, 24, 27, 30]
    assert stopped["by"] == {n: each for n, each in whole["by"].items() if n <= 15}
    assert [stopped["log_loss"], stopped["accuracy"]] == whole["by"][15] != whole["by"][30]
    alone = score(Slow(monkeypatch), rows[:15])
    assert {name: alone[name] for name in ("log_loss", "accuracy", "us")} == {
        name: stopped[name] for name in ("log_loss", "accuracy", "us")
    }


def test_a_run_that_ends_no_tenth_has_no_figures(monkeypatch):
    rows = plain([({}, "a")] * 30)
    assert score(Slow(monkeypatch), rows, limit=1)["log_loss"] is None


def test_what_ours_had_after_each_tenth_is_kept():
    ours, theirs = (quality.one(rival, "iris")["settings"]["default"] for rival in (OURS, "river_default"))
    assert list(ours["by"]) == tenths(150)
    assert ours["by"][150] == [ours["log_loss"], ours["accuracy"]]
    assert "by" not in theirs
    assert theirs["rows"] == 150


def test_a_rival_that_wants_all_features_without_gaps_is_not_run_on_very_many(monkeypatch):
    monkeypatch.setitem(rivals.WIDEST, "sam_knn", 3)
    run = quality.one("sam_knn", "iris")
    assert run["settings"] == {}
    assert run["features"] == 4


def test_a_wide_table_is_sparse_and_says_the_same():
    """The answers do not depend on how the table is kept."""
    answers = {}
    for width in (3, WIDE + 1):
        rows = plain([({"x": float(t), f"only{t % width}": 1.0}, y) for t, y in enumerate(labels(WIDE + 4))])
        Linear.fits = []
        model = Refitted(Linear, rows)
        for x, _, y in rows[:70]:
            model.learn_one(x, y)
        answers[width] = model.predict_proba_one({})
    assert answers[3] == answers[WIDE + 1]


class Linear(Shares):
    """As `Shares`, whether the table is sparse or not."""

    def predict_proba(self, X):
        return np.tile(self.shares, (X.shape[0], 1)) + np.asarray(X.sum(axis=1)).reshape(-1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("rival", [*STRONG, "vowpal_wabbit"])
def test_a_rival_has_figures(rival):
    if why := rivals.missing(rival):
        pytest.skip(why)
    run = quality.process(rival, "iris")
    assert all(0.05 < figures["log_loss"] < 3 for figures in run["settings"].values())


def run_of(loss, accuracy, us, rows=100, **more):
    return {
        "rows": 100,
        "settings": {"default": {"log_loss": loss, "accuracy": accuracy, "us": us, "rows": rows} | more},
    }


@pytest.fixture
def runs():
    """Three streams: SAMkNN ended them, is ahead on the second, and was stopped on the third, where ours was level."""
    ours = [run_of(0.2, 0.9, 5.0), run_of(0.4, 0.8, 10.0), run_of(0.4, 0.8, 10.0, by={"30": [0.7, 0.5]})]
    theirs = [run_of(0.4, 0.95, 50.0), run_of(0.2, 0.7, 400.0), run_of(0.7, 0.6, 90.0, rows=30) | {"limit": 60}]
    return {name: {OURS: a, "sam_knn": b} for name, a, b in zip(("one", "two", "three"), ours, theirs, strict=True)}


def test_a_table_tells_losses_and_where_a_rival_was_stopped(runs):
    lines = table.against(runs, STRONG)
    assert lines[0] == "| stream | ours | CapyMOA's SAMkNN | µs a row |"
    assert lines[2] == "| one | 0.2000 / 90.0 | 0.4000 / 95.0 | 5.0 / 50 |"
    assert lines[4] == "| three | 0.4000 / 80.0 | 0.7000 / 60.0 at 30 %: ours 0.7000 / 50.0 | 10 / 90 |"
    assert lines[-1] == (
        "- CapyMOA's SAMkNN: our log loss is 1.000 of its (geometric mean), its time 15 times ours. "
        "Its log loss is lower on 1 of 3: two; its accuracy higher on 2: one, three."
    )


def test_a_table_tells_what_was_not_run(runs):
    for of in runs.values():
        of.update(dict.fromkeys(STRONG[3:], of[OURS]))
    runs["one"].update(dict.fromkeys(STRONG[1:3], runs["one"][OURS]))
    runs["two"]["random_patches"] = {"rows": 100, "settings": {}}
    runs["two"]["capymoa_forest"] = {"rows": 100, "limit": 60, "settings": {"default": dict.fromkeys(NOTHING)}}
    assert table.unfinished(runs) == (
        " Stopped after 60 s of the processor a setting: CapyMOA's SAMkNN on three."
        " Left out, for more than 5,000 features: CapyMOA's Streaming Random Patches on two."
        " Not run: CapyMOA's Streaming Random Patches, CapyMOA's Adaptive Random Forest on three."
        " Stopped before a tenth of the rows, after 60 s of the processor a setting: "
        "CapyMOA's Adaptive Random Forest on two."
    )


def test_the_rivals_that_are_ahead_are_named(runs):
    assert list(standing.ahead(runs["two"])) == ["sam_knn"]
    assert standing.ahead(runs["one"]) == standing.ahead(runs["three"]) == {}
    assert list(standing.ahead(runs["three"], "accuracy")) == ["sam_knn"]
    assert table.leaders(runs) == [
        "Ours has the lowest log loss of all on 2 of 3 streams. "
        "The 9 rivals have figures in 3 of 27 cases, 1 of them over the first rows.",
        "",
        "| stream | ahead of ours | after | ours | its | log loss, ours - its |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| two | CapyMOA's SAMkNN | 100 % | 0.4000 / 80.0 | 0.2000 / 70.0 | +0.2000 |",
    ]
    (alone,) = table.leaders({"one": runs["one"]})
    assert alone.startswith("Ours has the lowest log loss of all on 1 of 1 streams.")


def test_a_rival_of_the_first_rows_is_compared_with_ours_over_them(runs):
    of = runs["one"]
    of[OURS]["settings"]["head"] = run_of(0.3, 0.7, 5.0, rows=50)["settings"]["default"]
    of["adaptive_tree"] = run_of(0.25, 0.6, 5.0, rows=50)
    assert list(standing.ahead(of)) == ["adaptive_tree"]
    assert table.against({"one": of}, CONTEXT)[2] == "| one | 0.3000 / 70.0 | 0.2500 / 60.0 | 5.0 / 5.0 |"


def test_the_settings_that_came_furthest_count():
    run = run_of(0.5, 0.9, 5.0)
    run["settings"] |= {"early": run_of(0.1, 0.99, 1.0, rows=20)["settings"]["default"], "none": NOTHING}
    assert standing.found(run) == (0.5, 0.9, 5.0, 100)
    assert standing.best(run, "accuracy") == (0.9, "default")


def test_a_summary_counts_the_streams_that_a_rival_ran_on():
    pairs = [(standing.Figures(0.2, 0.9, 5.0, 10), standing.Figures(0.4, 0.95, 50.0, 10))]
    assert table.row("a rival", pairs, timed=True) == ["a rival", "0.500", "1 of 1", "0 of 1", "10x"]
    assert table.row("a rival", pairs)[-1] == ""


def test_every_group_has_its_words():
    assert table.NOTES.keys() == GROUPS.keys()
    assert table.NAMES.keys() == {*LINEAR, *CONTEXT, *STRONG}
