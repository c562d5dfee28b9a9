"""Curves are the metrics of their rows alone, fold in time, and are the same wherever a run is cut or stopped."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax.evaluation.curves import MOST_POINTS, POINT, Curves
from online_softmax.evaluation.metrics import Scores
from online_softmax.evaluation.sums import METRICS, MOST_CLASSES, OF_CLASSES
from tests.reference import scores as reference

K = 3  # of top_k
N_CLASSES = 5


@st.composite
def row(draw):
    true, known = draw(st.integers(0, N_CLASSES - 1)), draw(st.sets(st.integers(0, N_CLASSES - 1)))
    if draw(st.integers(0, 5)) == 0:  # a model that gives no probabilities
        return reference.Row(true, None, draw(st.integers(-1, N_CLASSES - 1)), draw(st.booleans()))
    parts = [draw(st.integers(0, 8)) + 1e-3 for _ in known]
    return reference.Row(
        true,
        {one: part / sum(parts) for one, part in zip(known, parts, strict=True)},
        unseen=draw(st.booleans()) and true not in known,
    )


rows = st.lists(row(), min_size=1, max_size=90)


def some_rows(n, n_classes=N_CLASSES, seed=0):
    """Give rows of a model that finds the label more often than not, of labels that stay for a while."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.integers(0, n_classes, n), rng.integers(1, 4, n))[:n]
    P = rng.dirichlet(np.full(n_classes, 0.5), n)
    P[np.arange(n), labels] += rng.random(n)
    P /= P.sum(axis=1, keepdims=True)
    return [reference.Row(int(y), dict(enumerate(p))) for y, p in zip(labels, P.tolist(), strict=True)]


def scored(rows, window, sizes=()):
    scores, start = Scores(window, K), 0
    for size in itertools.chain(sizes, [len(rows)]):
        if part := rows[start : start + size]:
            scores.add(*zip(*(one.arguments() for one in part), strict=True))
        start += size
    return scores


def everything(scores):
    """Give all that scores tell, to the last bit."""
    curves = scores.curves
    told = scores.metrics(), scores.reliability(), curves.windows().to_dict(), curves.fading().to_dict(), scores.roc_auc
    return repr(told), [one.tobytes() for one in curves.trace()]


def baselines(rows):
    labels = [one.true for one in rows]
    return reference.no_change(labels), reference.majority(labels)


def same(found, expected):
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


def at(curve, i):
    return {name: float(curve[name][i]) for name in METRICS}


@given(rows)
def test_metrics_of_the_run_are_those_of_a_loop(rows):
    same(scored(rows, 10).metrics(), reference.metrics(rows, [1] * len(rows), *baselines(rows), K))


@given(rows, st.integers(1, 100))
def test_each_window_is_its_rows_alone(rows, window):
    found = scored(rows, window).curves.windows()
    starts = [*range(0, len(rows), window)]

    assert found.n_samples.tolist() == [min(start + window, len(rows)) for start in starts]
    assert found.n.sum() == len(rows)
    for i, start in enumerate(starts):
        part = slice(start, start + window)
        n = len(rows[part])
        same(at(found, i), reference.metrics(rows[part], [1] * n, *(one[part] for one in baselines(rows)), K))


@given(rows, st.integers(1, 100))
def test_fading_is_the_weighted_metrics_of_all_rows(rows, window):
    found = scored(rows, window).curves.fading()
    blocks = reference.blocks(len(rows), window)
    ends = np.repeat([end for _, end in blocks], [end - start for start, end in blocks])

    assert found.n_samples.tolist() == [end for _, end in blocks]
    for i, (_, end) in enumerate(blocks):
        weights = [(1 - 1 / window) ** (end - min(one, end)) for one in ends[:end].tolist()]
        part = slice(end)
        same(float(found.n[i]), math.fsum(weights))
        same(at(found, i), reference.metrics(rows[part], weights, *(one[part] for one in baselines(rows)), K))
        so_far = reference.metrics(rows[part], [1] * end, *(one[part] for one in baselines(rows)), K)
        same(float(found["run_accuracy"][i]), so_far["accuracy"])
        same(float(found["run_log_loss"][i]), so_far["log_loss"])


@given(rows, st.integers(1, 50), st.lists(st.integers(1, 30), max_size=8))
def test_no_bit_depends_on_how_the_rows_are_cut(rows, window, sizes):
    whole = everything(scored(rows, window))

    assert everything(scored(rows, window, sizes)) == whole
    assert everything(scored(rows, window, [1] * len(rows))) == whole


@pytest.mark.parametrize("window", [1, 2, 3, 25])
def test_no_bit_depends_on_how_many_rows_are_cut(window):
    """After several foldings, and of more classes than fit a register."""
    rows = some_rows(5003, 30)
    whole = everything(scored(rows, window))

    assert everything(scored(rows, window, [1] * 5003)) == whole
    assert everything(scored(rows, window, [999, 1, 2, 1700, 13, 700])) == whole


def resumed(scores):
    """Give scores that go on from what others have added up, as a file has it: no array can be written to."""
    numbers, arrays = pickle.loads(pickle.dumps(scores.state()))
    for one in arrays.values():
        one.flags.writeable = False
    again = Scores(scores.window, scores.k)
    again.restore(numbers, arrays)
    return again


@given(rows, st.integers(1, 30), st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_resumed_is_uninterrupted(rows, window, sizes):
    scores, start = Scores(window, K), 0
    for size in [*sizes, len(rows)]:
        if part := rows[start : start + size]:
            scores.add(*zip(*(one.arguments() for one in part), strict=True))
        start += size
        scores = resumed(scores)

    assert everything(scores) == everything(scored(rows, window))


@pytest.mark.parametrize("window", [1, 2, 3])
def test_long_runs_resume_in_the_middle_of_blocks_and_after_foldings(window):
    rows = some_rows(4100)
    scores, start = Scores(window, K), 0
    for stop in (1, 999, 1000, 1001, 2000, 3001, 4000, 4100):
        scores.add(*zip(*(one.arguments() for one in rows[start:stop]), strict=True))
        start, scores = stop, resumed(scores)

    assert everything(scores) == everything(scored(rows, window))


@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize("n", [999, 1000, 1999, 2000, 3001, 6000, 9007])
def test_windows_fold_at_1000(window, n):
    rows = some_rows(n, 2)
    curves = scored(rows, window).curves
    found, length = curves.windows(), window
    while n // length >= MOST_POINTS:
        length *= 2

    assert len(found) == -(-n // length) <= MOST_POINTS
    assert found.n.tolist() == [length] * (n // length) + [n % length] * (n % length > 0)
    for i in (0, 1, len(found) // 2, len(found) - 1):
        part = slice(i * length, (i + 1) * length)
        size = len(rows[part])
        same(at(found, i), reference.metrics(rows[part], [1] * size, *(one[part] for one in baselines(rows)), K))


@pytest.mark.parametrize("window", [1, 2, 20, 40])
def test_fading_keeps_every_second_point_of_1000(window):
    n = 9007
    found = scored(some_rows(n, 2), window).curves.fading()
    block = step = -(-window // 20)
    while n // step >= MOST_POINTS:
        step *= 2

    assert found.n_samples.tolist() == [*range(step, n + 1, step)] + [n] * (n % step > 0)
    assert len(found) <= MOST_POINTS
    rest = n % block
    faded = math.fsum((1 - 1 / window) ** (rest + k) * block for k in range(0, n - rest, block))
    same(float(found.n[-1]), faded + rest)


def test_windows_add_up_to_the_run_and_the_trace_to_the_fading_curve():
    scores = scored(some_rows(3001), 7)
    windows, fading, trace = scores.curves.windows(), scores.curves.fading(), scores.curves.trace()

    for name in ("accuracy", "log_loss", "brier", "top_k", "no_change_accuracy", "majority_accuracy"):
        same((windows.n * windows[name]).sum() / 3001, scores.metrics()[name])
    stands = fading.n_samples[: len(trace.n_samples)]
    assert trace.n_samples.tolist() == stands.tolist()
    assert np.cumsum(trace.sums[:, 0]).tolist() == stands.tolist()
    same(np.cumsum(trace.sums[:, 1]).tolist(), (fading["run_accuracy"][: len(stands)] * stands).tolist())
    same(np.cumsum(trace.sums[:, 3]).tolist(), (fading["run_log_loss"][: len(stands)] * stands).tolist())


def many_classes(n, first=MOST_CLASSES + 1):
    return [reference.Row(i % first, {i % first: 0.5, (i + 1) % first: 0.25}) for i in range(n)]


@pytest.mark.parametrize("sizes", [[], [1] * 1500, [1000, 1], [1001], [700, 300, 2]])
def test_of_more_than_1000_classes_the_curves_leave_out_the_metrics_of_classes(sizes):
    rows = many_classes(1500)
    scores = scored(rows, 100, sizes)
    few = scored(rows[:1000], 100)

    assert everything(scores) == everything(scored(rows, 100))
    for curve in (scores.curves.windows(), scores.curves.fading()):
        for name in METRICS:
            assert np.isnan(curve[name]).all() == (name in OF_CLASSES)
    same(scores.metrics(), reference.metrics(rows, [1] * 1500, *baselines(rows), K))
    assert not np.isnan(few.curves.windows()["kappa"]).any()
    again = scored(rows[:1000], 100)
    again = resumed(again)
    again.add(*zip(*(one.arguments() for one in rows[1000:]), strict=True))
    assert everything(again) == everything(scores)
    assert everything(resumed(again)) == everything(scores)


def test_many_classes_take_no_more_memory():
    scores = scored(many_classes(30_000, 10_000), 1)
    arrays = scores.curves.state()[1]

    assert sum(one.nbytes for one in arrays.values()) < 1_500_000
    assert len(scores.curves.windows()) <= MOST_POINTS
    assert scores.metrics()["accuracy"] == 1


def test_curves_are_ready_for_json_and_name_their_metrics():
    scores = scored([reference.Row(0, None)], 10)
    windows, fading = scores.curves.windows(), scores.curves.fading()

    assert windows.to_dict()["log_loss"] == [None]
    assert windows.to_dict() == {"n_samples": [1], "n": [1.0], **{name: [None] for name in METRICS}} | {
        "accuracy": [0.0],
        "balanced_accuracy": [0.0],
        "macro_f1": [0.0],
        "kappa": [0.0],
        "kappa_t": [0.0],
        "kappa_m": [0.0],
        "no_change_accuracy": [0.0],
        "majority_accuracy": [0.0],
    }
    assert [*fading.to_dict()] == [*POINT]
    assert repr(windows).startswith("Curve(1 points of accuracy, log_loss")
    with pytest.raises(KeyError, match="no metric of a curve is called 'f2'; there are accuracy, log_loss"):
        windows["f2"]


def test_curves_of_nothing_are_empty():
    curves = Curves(10)

    assert len(curves.windows()) == len(curves.fading()) == len(curves.trace().sums) == 0


@pytest.mark.parametrize("window", [10**6, 10**24])
def test_windows_longer_than_a_run_are_one(window):
    rows = some_rows(2500)
    scores = scored(rows, window, [7, 1200])

    assert scores.curves.windows().n.tolist() == [2500]
    same(at(scores.curves.windows(), 0), scores.metrics())
    assert scores.curves.fading().n_samples.tolist() == [1000, 2000, 2500]
