"""A shard learns its rows from a model that stays as it is, and tells what both predicted."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, open_stream, progressive_validation
from online_softmax.models.saving import from_bytes, to_bytes
from online_softmax.rounds import learn_shard

MODELS = {
    "softmax": SoftmaxRegression,
    "auto": AutoSoftmaxRegression,
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "hashed": lambda: SoftmaxRegression(hash_bits=6),
    "hashed and scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(hash_bits=6),
}


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


def learned(make, frame):
    model = make()
    if len(frame):
        progressive_validation(frame, model, target="y")
    return model


def shard(base, frame, **options):
    return learn_shard(to_bytes(base), 3, open_stream(frame, "y", **options))


def test_its_own_figures_are_those_of_a_validation(make, frame):
    base = learned(make, frame[:150])
    update = shard(base, frame[150:])
    model = from_bytes(to_bytes(base))
    result = progressive_validation(frame[150:], model, target="y")

    assert update.shard == 3
    assert update.model == to_bytes(model)
    found = update.found
    assert (found.rows, found.own_unseen, found.updates, found.rounds) == (250, result.n_unseen, 1, 0)
    assert found.own_accuracy == result.accuracy
    assert found.own_log_loss == pytest.approx(result.log_loss, rel=1e-12)


def test_the_served_figures_are_those_of_a_model_that_does_not_learn(make, frame):
    base = learned(make, frame[:150])
    before = to_bytes(base)
    found = shard(base, frame[150:]).found
    hits, losses = 0, []
    for x, y, _ in open_stream(frame[150:], "y").pairs():
        hits += base.predict_one(x) == y
        if y in (p := base.predict_proba_one(x)):
            losses.append(-math.log(p[y]))

    assert (found.served_hits, found.served_unseen) == (hits, 250 - len(losses))
    assert found.served_unseen > found.own_unseen
    assert found.served_loss == pytest.approx(math.fsum(losses), rel=1e-12)
    assert to_bytes(base) == before


def test_a_fresh_model_has_seen_no_label(make, frame):
    found = shard(make(), frame).found
    assert (found.served_unseen, found.served_hits, found.served_loss, found.own_unseen) == (400, 0, 0.0, 4)
    assert math.isnan(found.served_log_loss)


@pytest.mark.parametrize("chunk_rows", [1, 7, 399])
def test_chunks_of_any_size_and_pairs_come_to_the_same(make, frame, chunk_rows):
    base = learned(make, frame[:150])
    whole = shard(base, frame)
    assert shard(base, frame, chunk_rows=chunk_rows) == whole
    assert learn_shard(to_bytes(base), 3, open_stream(list(open_stream(frame, "y").pairs()))) == whole


def test_without_rows_nothing_is_learned(make, frame):
    base = to_bytes(learned(make, frame[:150]))
    update = learn_shard(base, 0, [])
    assert update.model == base
    assert update.found == type(update.found)()


def bad_pairs(frame):
    pairs = list(open_stream(frame, "y").pairs())
    return [*pairs[:10], ({"x0": math.inf}, "u", {}), ({"x0": 1.0}, None, {}), *pairs[10:]]


def test_a_row_that_is_refused_is_named(frame):
    base = to_bytes(SoftmaxRegression())
    with pytest.raises(ValueError, match=r"row 1,010, shard 1: .*inf"):
        learn_shard(base, 1, open_stream(bad_pairs(frame)), first=1000)


def test_bad_rows_are_passed_over_and_counted(make, frame):
    base = learned(make, frame[:150])
    update = learn_shard(to_bytes(base), 3, open_stream(bad_pairs(frame), on_bad="skip"), on_bad="skip")
    whole = shard(base, frame)
    assert update.found.n_bad == 2
    assert update.model == whole.model
    assert update.found.served_loss == whole.found.served_loss


def test_the_bad_rows_of_a_table_are_counted_and_named(frame):
    dirty = pd.concat([frame[:20], frame.assign(x0=np.nan)[20:22], frame[22:]])
    base = to_bytes(SoftmaxRegression())
    skipped = learn_shard(base, 0, open_stream(dirty, "y", missing="skip-row")).found
    zeroed = learn_shard(base, 0, open_stream(dirty, "y", missing="zero")).found
    bad = learn_shard(base, 0, open_stream(dirty, "y", on_bad="skip")).found
    assert (skipped.rows, skipped.n_skipped) == (398, 2)
    assert (zeroed.rows, zeroed.n_zeroed) == (400, 2)
    assert (bad.rows, bad.n_bad) == (398, 2)
    with pytest.raises(ValueError, match="row 20"):
        learn_shard(base, 0, open_stream(dirty, "y"))
