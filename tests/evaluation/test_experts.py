"""The weights of experts are noted along a run, fewer as it goes on, and the same however it is cut or stopped."""

from __future__ import annotations

import numpy as np
import pytest
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.evaluation.experts import FIRST, MOST_POINTS, ExpertLog
from online_softmax.models.saving import to_bytes
from online_softmax.streams import open_stream


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    return [({"a": float(a), "b": float(a * a)}, "uv"[int(a > rng.normal())]) for a in rng.normal(size=n)]


class Mixture:
    """Stands for a model: its first weight is how many times it was asked."""

    def __init__(self):
        self.n = 0

    @property
    def expert_weights(self):
        self.n += 1
        return {"one": float(self.n), "other": 0.5}


def test_points_are_100_rows_apart_and_the_last_is_now():
    model = AutoSoftmaxRegression()
    found = progressive_validation(rows(1234), model).experts

    assert found.n_samples.tolist() == [*range(100, 1201, 100), 1234]
    assert found.weights.shape == (13, len(found.names))
    assert found.weights.sum(axis=1) == pytest.approx(1)
    assert dict(zip(found.names, found.weights[-1].tolist(), strict=True)) == model.expert_weights
    for i, n in ((0, 100), (6, 700)):
        model = AutoSoftmaxRegression()
        progressive_validation(rows(1234), model, limit=n)
        assert dict(zip(found.names, found.weights[i].tolist(), strict=True)) == model.expert_weights


def test_a_run_that_ends_on_a_point_has_it_once():
    assert progressive_validation(rows(300), AutoSoftmaxRegression()).experts.n_samples.tolist() == [100, 200, 300]
    assert progressive_validation(rows(1), AutoSoftmaxRegression()).experts.n_samples.tolist() == [1]


def test_every_second_point_is_dropped_where_they_are_many():
    log, n = ExpertLog(Mixture()), 0
    while n < 100_000:
        n += log.every
        log.look(n)
        assert len(log.points) < MOST_POINTS
        assert [one for one, _ in log.points] == [*range(log.every, n + 1, log.every)]
    assert log.every == 8 * FIRST


def test_the_experts_of_a_pipeline_are_those_of_its_end():
    pipeline = preprocessing.StandardScaler() | AutoSoftmaxRegression()
    found = progressive_validation(rows(250), pipeline)

    assert found.experts.n_samples.tolist() == [100, 200, 250]
    assert found.to_dict()["experts"] == {
        "names": found.experts.names,
        "n_samples": [100, 200, 250],
        "weights": found.experts.weights.tolist(),
    }


def test_a_model_without_experts_has_none():
    assert progressive_validation(rows(250), SoftmaxRegression()).experts is None


def test_bad_rows_add_no_points():
    sound = rows(450)
    bad = "no sample"
    dirty = [bad] * 3 + sound[:100] + [bad] * 3 + sound[100:200] + [bad] + sound[200:] + [bad]
    found = progressive_validation(dirty, AutoSoftmaxRegression(), on_bad="skip").experts

    assert found.to_dict() == progressive_validation(sound, AutoSoftmaxRegression()).experts.to_dict()


@pytest.mark.parametrize("delay", [0, 3, 150, 1000, lambda x, y: int(abs(x["a"]) * 300)])
def test_late_labels_leave_each_point_once(delay):
    whole = progressive_validation(rows(700), AutoSoftmaxRegression(), delay=delay).experts
    cut = progressive_validation(rows(700), {"auto": AutoSoftmaxRegression()}, delay=delay)["auto"].experts

    assert whole.to_dict() == cut.to_dict()
    assert (np.diff(whole.n_samples) > 0).all()
    assert whole.n_samples[-1] == 700


@pytest.mark.parametrize("stops", [[50, 100, 150], [99, 101, 730], [400]])
def test_a_run_that_was_stopped_has_the_same(stops, tmp_path, figures):
    path, source = tmp_path / "run", rows(900)
    whole = AutoSoftmaxRegression()
    expected = progressive_validation(source, whole, window=30)
    for limit in [*stops, None]:
        model = AutoSoftmaxRegression()
        found = progressive_validation(source, model, window=30, checkpoint=path, limit=limit, resume=True)

    assert figures(found) == figures(expected)
    assert to_bytes(model) == to_bytes(whole)


def test_chunks_of_any_size_leave_the_same_points(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,y\n" + "".join(f"{x['a']},{x['b']},{y}\n" for x, y in rows(1500)))
    expected = progressive_validation(rows(1500), AutoSoftmaxRegression()).experts.to_dict()

    for size in (7, 100, 333, 5000):
        stream = open_stream(path, "y", chunk_rows=size)
        assert progressive_validation(stream, AutoSoftmaxRegression()).experts.to_dict() == expected
