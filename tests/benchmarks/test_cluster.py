"""The model that serves while shards learn is as good as the rounds allow."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

from benchmarks.cluster import USUAL, simulation, streams
from benchmarks.cluster.choices import CHOICES
from benchmarks.cluster.simulation import MODELS, in_rounds, sequential
from benchmarks.cluster.table import ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize("world", ALLOWED)
@pytest.mark.parametrize("name", MODELS)
def test_two_shards_are_as_good_as_one_model(name, world):
    rows = 100_000
    served = in_rounds(name, world, 2, USUAL, rows)
    assert served["log_loss"] <= (1 + ALLOWED[world]) * sequential(name, world, rows)
    assert served["scored"] >= rows - 250


@pytest.mark.parametrize("world", streams.WORLDS)
def test_rounds_learn_and_score_every_row_but_the_first_ones(world):
    run = in_rounds("SGD", world, 4, 2_000, rows=6_000)
    assert run["rounds"] == 5  # 500, 1,000, 2,000, 2,000 and 500 rows
    assert run["scored"] == 5_500
    assert run["log_loss"] < np.log(10)


def test_one_shard_of_one_row_a_round_is_one_model(monkeypatch):
    monkeypatch.setattr(simulation, "rows_of_shard", lambda n_rounds, round_rows, shards: 1)
    assert in_rounds("SGD", "alike", 1, 1, rows=300)["log_loss"] == pytest.approx(sequential("SGD", "alike", 300))


@pytest.mark.parametrize("shards", [1, 2, 3, 8])
def test_rows_come_to_every_shard(shards):
    y = np.random.default_rng(0).integers(0, 10, 8_000)
    assert set(streams.in_turn(y, 5, shards)) == set(range(shards))
    shard = streams.by_label(y, 0, shards)
    assert set(shard) == set(range(shards))
    if shards > 1:
        assert np.mean(y[shard % 2 == 0] < 5) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("choice", CHOICES)
def test_what_was_not_chosen_can_still_be_measured(choice):
    name, where, what, instead = CHOICES[choice]
    chosen = in_rounds(name, "skewed by label", 2, 1_000, rows=3_000)
    with patch.object(where, what, instead):
        otherwise = in_rounds(name, "skewed by label", 2, 1_000, rows=3_000)
    assert chosen["log_loss"] != otherwise["log_loss"] < 2 * np.log(10)
