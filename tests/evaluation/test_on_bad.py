"""Dirty records: passed over where that is asked for, counted and shown, and the model as if they had never been."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from river import base, optim, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.streams import open_stream

MODELS = {
    "softmax": lambda: SoftmaxRegression(optim.SGD(0.1)),
    "auto": AutoSoftmaxRegression,
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
}
DIRT = [
    ({"a": math.nan, "b": 1.0}, "u"),
    ({"a": None}, "u"),
    ({"a": "1"}, "v"),
    ({"a": 10**400}, "v"),
    ({"a": 1.0}, None),
    ({"a": 1.0}, math.nan),
    ({"a": 1.0}, ["list"]),
    ({"a": 1.0}, "u", {"w": -1.0}),
    ({"a": 1.0}, "u", {"w": "heavy"}),
    (None, "u"),
    ([1.0], "u"),
    "no sample",
    ({"a": 1.0},),
    ({"a": 1.0}, "u", 2),
]


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


def clean(n=1200):
    rng = np.random.default_rng(0)
    return [({"a": float(a), "b": float(a * a)}, "uv"[int(a > 0)]) for a in rng.normal(size=n)]


def test_dirty_records_leave_no_trace(make, figures):
    rows = clean()
    dirty = [*rows[:7], DIRT[0], *rows[7:100], *DIRT, *rows[100:], DIRT[1]]
    model, expected = make(), make()
    if "StandardScaler" in str(model):  # it has learned x when the model refuses y or w
        dirty = [*rows[:7], DIRT[0], *rows[7:100], *(each for each in DIRT if each[0] != {"a": 1.0}), *rows[100:]]
    found = progressive_validation(dirty, model, on_bad="skip")
    assert figures(found, "n_bad", "bad") == figures(progressive_validation(rows, expected), "n_bad", "bad")
    assert pickle.dumps(model) == pickle.dumps(expected)
    assert found.n_bad == len(dirty) - len(rows)
    assert [one.row for one in found.bad[:2]] == [7, 101]
    assert len(found.bad) == min(10, found.n_bad)
    assert "'a' is nan" in found.bad[0].reason
    assert found.to_dict()["bad"][0] == {"row": 7, "reason": found.bad[0].reason}


def test_first_dirty_record_raises_by_default(make):
    rows = clean()
    with pytest.raises(RowError, match="7 rows were scored before it") as caught:
        progressive_validation([*rows[:7], DIRT[0], *rows[7:]], make())
    assert caught.value.result.n_samples == 7


def test_a_first_row_that_is_refused(make):
    """What was wrong with it is said, and the result has no rows."""
    with pytest.raises(RowError, match="'a' is nan") as caught:
        progressive_validation([DIRT[0], *clean(3)], make())
    result = caught.value.result
    assert result.n_samples == 0
    assert result.classes == []
    assert result.to_dict()["windows"]["n"] == []
    with pytest.raises(RowError, match="'a' is nan") as caught:
        progressive_validation([DIRT[0], *clean(3)], {"one": make(), "other": make()})
    assert caught.value.result.n_samples == 0
    assert "Comparison" in repr(caught.value.result)


class Sure(base.Classifier):
    """A model that gives one probability."""

    def __init__(self, p):
        self.p = p

    def predict_proba_one(self, x):
        return {"u": self.p}

    def learn_one(self, x, y):
        pass


@pytest.mark.parametrize("p", [math.inf, -math.inf, -0.5, 1.5])
def test_probabilities_that_are_none(p):
    with pytest.raises(RowError, match=f"the model gives 'u' a probability of {p}, which is not from 0 to 1"):
        progressive_validation(clean(5), Sure(p))
    with pytest.raises(ValueError, match="all 5 were skipped"):
        progressive_validation(clean(5), Sure(p), on_bad="skip")
    for near in (1 + 1e-9, -1e-9, math.nan):
        assert progressive_validation(clean(5), Sure(near)).n_samples == 5


def test_rows_that_the_kernel_refuses(tmp_path, figures):
    """A value may be fit for a file and still too large for the model: that row alone is passed over."""
    rows = [(float(i % 7), "uv"[i % 2]) for i in range(3000)]
    frame = pd.DataFrame(rows, columns=["a", "y"])
    frame.loc[[3, 5, 6, 1999, 2999], "a"] = 1.7e308
    frame.to_csv(tmp_path / "some.csv", index=False)
    for source in (frame, tmp_path / "some.csv"):
        model = SoftmaxRegression(optim.SGD(1e10))
        found = progressive_validation(source, model, target="y", on_bad="skip")
        expected, offenders = SoftmaxRegression(optim.SGD(1e10)), [one.row for one in found.bad]
        assert offenders
        assert set(offenders) <= {3, 5, 6, 1999, 2999}
        assert found.n_samples + found.n_bad == 3000
        sound = progressive_validation(frame.drop(index=offenders), expected, target="y")
        assert "overflow" in found.bad[0].reason
        assert figures(found, "n_bad", "bad") == figures(sound, "n_bad", "bad")
        assert model.weights == expected.weights


def test_a_source_that_breaks_is_an_error_all_the_same():
    def breaking():
        yield from clean(10)
        raise ConnectionError("gone")

    with pytest.raises(RowError, match=r"ConnectionError: gone .10 rows were scored before it"):
        progressive_validation(breaking(), SoftmaxRegression(), on_bad="skip")


def test_an_open_stream_has_its_own_policy_for_what_cannot_be_read():
    rows = clean(50)
    found = progressive_validation(open_stream([*rows, "no sample"], on_bad="skip"), SoftmaxRegression())
    assert (found.n_samples, found.n_bad) == (50, 1)
    with pytest.raises(RowError, match="'a' is nan"):
        progressive_validation(open_stream([*rows, DIRT[0]], on_bad="skip"), SoftmaxRegression())


def test_nothing_but_dirt():
    with pytest.raises(ValueError, match="the stream has no rows: all 14 were skipped"):
        progressive_validation(DIRT, SoftmaxRegression(), on_bad="skip")


def test_predictions_are_of_the_scored_rows():
    rows = clean(50)
    found = progressive_validation(
        [*rows[:9], *DIRT, *rows[9:]], SoftmaxRegression(), on_bad="skip", yield_predictions=True
    )
    expected = progressive_validation(rows, SoftmaxRegression(), yield_predictions=True)
    np.testing.assert_array_equal(found.predictions.p, expected.predictions.p)


def test_on_bad_is_one_of_two():
    with pytest.raises(ValueError, match="on_bad is 'raise' or 'skip', not 'drop'"):
        progressive_validation(clean(3), SoftmaxRegression(), on_bad="drop")
