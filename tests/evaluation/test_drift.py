"""Drift is found where it is, seldom where there is none, and by river's own ADWIN."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from river import base, drift

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.evaluation.curves import Trace
from online_softmax.evaluation.drift import DELTA, Drift, drifts


def trace(losses, rows=50, has_losses=True):
    """Give a trace of points of so many rows and these mean losses, or parts of errors."""
    n = np.full(len(losses), rows, np.float64)
    losses = np.asarray(losses, np.float64)
    none = np.zeros(len(losses))
    sums = [n, none, n, n * losses] if has_losses else [n, n * (1 - losses), none, none]
    return Trace(np.arange(1, len(losses) + 1) * rows, np.column_stack(sums))


def noise(n, seed, mean=0.5, width=0.05):
    return mean + np.random.default_rng(seed).normal(0, width, n)


@pytest.mark.parametrize("has_losses", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_a_sudden_change_is_found_where_it_is(seed, has_losses):
    losses = np.concatenate([noise(300, seed), noise(300, seed + 100, 0.7)])
    (one,) = drifts(trace(losses, has_losses=has_losses))

    assert abs(one.row - 300 * 50) <= 5 * 50
    assert one.row < one.found <= 340 * 50
    assert one.before == pytest.approx(0.5, abs=0.01)
    assert one.after == pytest.approx(0.7, abs=0.05)
    assert one.is_worse


def test_a_rise_and_a_fall_are_told_apart():
    losses = np.concatenate([noise(250, 0), noise(250, 1, 0.8), noise(250, 2, 0.4)])
    rise, fall = drifts(trace(losses))

    assert (rise.is_worse, fall.is_worse) == (True, False)
    assert abs(rise.row - 250 * 50) <= 250
    assert abs(fall.row - 500 * 50) <= 250
    assert fall.before == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_a_gradual_change_is_found_on_its_way(seed):
    slope = np.concatenate([np.zeros(300), np.linspace(0, 0.4, 200), np.full(300, 0.4)])
    found = drifts(trace(noise(800, seed) + slope))

    assert found
    assert all(one.is_worse for one in found)
    assert found[0].found >= 300 * 50 - 250
    assert found[-1].row <= 520 * 50
    assert [one.row for one in found] == sorted(one.row for one in found)


def test_falls_are_learning_in_the_first_tenth_until_the_loss_has_risen():
    early, late = np.repeat([0.8, 0.2], [60, 940]), np.repeat([0.8, 0.2], [500, 500])
    risen = np.repeat([0.2, 0.8, 0.2], [30, 40, 930])

    assert drifts(trace(early)) == []
    assert [one.is_worse for one in drifts(trace(late))] == [False]
    assert [one.is_worse for one in drifts(trace(risen))] == [True, False]


@pytest.mark.parametrize("height", [1, 20])
@pytest.mark.parametrize("seed", range(5))
def test_one_bad_block_hides_no_change(height, seed):
    losses = np.concatenate([noise(300, seed), noise(300, seed + 9, mean=1.0)])
    losses[0] += height

    found = drifts(trace(losses))
    assert [abs(one.row - 300 * 50) <= 250 for one in found if one.is_worse] == [True]


def test_stationary_noise_is_seldom_marked():
    """Of runs of as many points as there can be; ADWIN's bound is for each of its tests, and it tests often."""
    alarms = sum(len(drifts(trace(noise(999, seed)))) for seed in range(100))
    skewed = sum(len(drifts(trace(np.random.default_rng(seed).gamma(4, 0.1, 999)))) for seed in range(100))

    assert alarms <= 5
    assert skewed <= 10


@pytest.mark.parametrize("losses", [[], [0.0], [0.3], [0.0] * 200, [0.5] * 999, [0.0, 1.0]])
def test_what_does_not_change_has_no_mark(losses):
    assert drifts(trace(losses)) == []


def test_points_without_a_loss_are_passed_over():
    losses = np.concatenate([noise(200, 0), noise(200, 1, 0.8)])
    whole = trace(losses)
    holes = np.insert(whole.sums, 100, 0.0, axis=0)
    rows = np.insert(whole.n_samples, 100, whole.n_samples[100])

    assert drifts(Trace(rows, holes)) == drifts(whole)


def by_river(losses):
    """Give the points at which river's ADWIN finds a change: the losses in units of their noise."""
    losses = np.asarray(losses) / np.sqrt(np.mean(np.diff(losses) ** 2) / 2)
    watch, found = drift.ADWIN(delta=DELTA, clock=1), []
    for i, loss in enumerate(losses.tolist()):
        watch.update(loss)
        if watch.drift_detected:
            found.append(i)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_first_mark_is_where_rivers_adwin_finds_it(seed):
    losses = np.concatenate([noise(200, seed), noise(200, seed + 50, 0.62)])
    marks, rivers = drifts(trace(losses)), by_river(losses)

    assert bool(marks) == bool(rivers)
    if marks:
        assert marks[0].found == 50 * (rivers[0] + 1)


def test_rivers_compiled_core_and_its_public_class_find_the_same(monkeypatch):
    runs = [np.concatenate([noise(300, i), noise(200, 50 + i, 0.7), noise(300, 90 + i, 0.3)]) for i in range(5)]
    core = [drifts(trace(losses)) for losses in runs]
    monkeypatch.setitem(sys.modules, "river._river_rust.drift", None)  # an import of it fails

    assert [drifts(trace(losses)) for losses in runs] == core
    assert all(core)


class Turning(base.Classifier):
    """Says u, which is right until a row and wrong after it, or the other way."""

    def learn_one(self, x, y):
        pass

    def predict_proba_one(self, x):
        return {"u": x["p"], "v": 1 - x["p"]}


def turning(n, at, before, after, seed=0):
    rng = np.random.default_rng(seed)
    P = np.where(np.arange(n) < at, before, after) + rng.uniform(-0.1, 0.1, n)
    return [({"p": float(p)}, "u") for p in P]


@pytest.mark.parametrize(("before", "after"), [(0.8, 0.3), (0.3, 0.8)])
@pytest.mark.parametrize("window", [100, 1000])
def test_marks_of_a_run_are_in_its_rows(before, after, window):
    result = progressive_validation(turning(6000, 3000, before, after), Turning(), window=window)
    (one,) = result.drifts

    assert isinstance(one, Drift)
    assert abs(one.row - 3000) <= window / 20
    assert one.is_worse == (after < before)
    assert (one.before, one.after) == pytest.approx((-np.log(before), -np.log(after)), rel=0.1)
    assert result.to_dict()["drifts"] == [one._asdict()]


def test_a_stream_that_stays_has_none():
    for seed in range(10):
        assert progressive_validation(turning(4000, 0, 0.6, 0.6, seed), Turning(), window=200).drifts == []


def test_a_model_without_probabilities_is_watched_by_its_errors():
    class Says(base.Classifier):
        def learn_one(self, x, y):
            pass

        def predict_one(self, x):
            return "u"

    rng = np.random.default_rng(0)
    rows = [({}, "u" if rng.random() < (0.9 if i < 3000 else 0.4) else "v") for i in range(6000)]
    (one,) = progressive_validation(rows, Says(), window=1000).drifts

    assert abs(one.row - 3000) <= 100
    assert one.is_worse
    assert (one.before, one.after) == pytest.approx((0.1, 0.6), abs=0.1)


def test_the_bundled_drift_is_found():
    """Around row 5,000 four of the seven segments move."""
    result = progressive_validation("led_drift", SoftmaxRegression())

    assert any(one.is_worse and 4500 <= one.row <= 5500 for one in result.drifts)
    assert all(0 < one.row < one.found <= result.n_samples for one in result.drifts)
