"""The rounds of a log become two runs over the same rows, as plots and pages draw results."""

from __future__ import annotations

import math

import pytest

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.rounds import Round
from online_softmax.rounds.curves import runs_of, table_of
from online_softmax.rounds.log import total

LOG = [
    Round(1, 2, 100, served_unseen=100, own_unseen=4, own_hits=60, own_loss=96.0, seconds=0.5),
    Round(1, 2, 200, 1, 2, 3, 0, 150, 120.0, 0, 160, 100.0, 1.0),
    Round(2, 4, 400, served_hits=300, served_loss=200.0, own_hits=320, own_loss=180.0, seconds=2.0),
]


def test_a_run_has_all_that_a_result_has():
    result = progressive_validation("phishing", SoftmaxRegression()).to_dict()
    for run in runs_of(LOG).values():
        assert run.keys() == result.keys()
        assert run["rows"][0].keys() == result["rows"][0].keys()
        assert {"n_samples", "n", "accuracy", "log_loss"} == run["windows"].keys() <= result["windows"].keys()
        assert run["fading"].keys() <= result["fading"].keys()


def test_windows_are_rounds_and_older_ones_fade():
    served, own = runs_of(LOG)["served"], runs_of(LOG)["own"]
    assert served["windows"] == {
        "n_samples": [100, 300, 700],
        "n": [100, 200, 400],
        "accuracy": [0.0, 0.75, 0.75],
        "log_loss": [None, 0.6, 0.5],
    }
    assert own["windows"]["log_loss"] == [1.0, 0.5, 0.45]
    assert own["fading"]["run_log_loss"] == [1.0, 196 / 296, 376 / 696]
    left = math.exp(-200 / 200)
    assert own["fading"]["log_loss"][1] == pytest.approx((96 * left + 100) / (96 * left + 200))
    assert served["window"] == 200
    assert (served["n_unseen"], served["n_bad"], served["n_skipped"], served["n_zeroed"]) == (100, 3, 2, 1)
    assert [row["n_samples"] for row in own["rows"]] == [100, 300, 700]
    assert own["rows"][1]["window_log_loss"] == 0.5


def test_a_table_is_no_longer_than_asked():
    for n in (0, 1, 39, 40, 41, 999):
        lines = table_of([Round(1, rows=i) for i in range(n)], 40)
        assert len(lines) <= 40
        assert total(one for one, _ in lines).rounds == n
        assert not n or lines[-1][1] == total(Round(1, rows=i) for i in range(n))


def test_of_no_rounds_there_is_nothing_to_draw():
    assert [run["n_samples"] for run in runs_of([]).values()] == [0, 0]
