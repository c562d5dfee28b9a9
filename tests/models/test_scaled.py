"""Scalers before a model: river's figures, the native way, and the way through a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from river import compose, optim, preprocessing

from online_softmax import (
    AutoSoftmaxRegression,
    ModelFileError,
    SoftmaxRegression,
    load,
    progressive_validation,
    save,
)
from online_softmax.models.saving import to_bytes
from online_softmax.models.scaled import NumberScaler, native
from online_softmax.storage import container

KINDS = {3: {"class": str, "format": int, "numbers": dict, "parameters": dict, "version": str, "scaler": dict}}


@pytest.fixture
def fruit():
    rng = np.random.default_rng(0)
    size, colour = rng.normal(100, 30, 500), rng.choice(["red", "green", "blue"], 500)
    kind = np.where(size + 40 * (colour == "red") + rng.normal(0, 10, 500) > 110, "apple", "plum")
    return pd.DataFrame({"size": size, "colour": colour, "weight": size**2, "kind": kind})


def with_select():
    numbers = compose.Select("size", "weight") | preprocessing.StandardScaler()
    return (numbers + compose.Discard("size", "weight")) | SoftmaxRegression()


def with_number_scaler():
    return NumberScaler(["size", "weight"]) | SoftmaxRegression()


def test_number_scaler_is_rivers_for_the_numbers(fruit):
    ours = progressive_validation(fruit, with_number_scaler(), target="kind")
    rivers = progressive_validation(fruit, with_select(), target="kind")
    assert ours.log_loss == pytest.approx(rivers.log_loss, rel=1e-12)
    np.testing.assert_array_equal(ours.confusion, rivers.confusion)


def test_native_scaling_is_one_by_one(fruit):
    pipeline, alone = with_number_scaler(), with_number_scaler()
    progressive_validation(fruit, pipeline, target="kind")
    for row in fruit.to_dict("records"):
        x = {"size": row["size"], f"colour={row['colour']}": 1.0, "weight": row["weight"]}
        alone.predict_proba_one(x)
        alone.learn_one(x, row["kind"])
    assert alone["SoftmaxRegression"].weights == pipeline["SoftmaxRegression"].weights
    one, other = alone["NumberScaler"].scaler, pipeline["NumberScaler"].scaler
    assert (dict(one.counts), dict(one.means)) == (dict(other.counts), dict(other.means))


@pytest.mark.parametrize(
    "make",
    [
        with_number_scaler,
        lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
        lambda: compose.Pipeline(("scale", preprocessing.StandardScaler()), ("learn", AutoSoftmaxRegression())),
    ],
    ids=["number scaler", "softmax", "named steps"],
)
def test_a_scaled_model_comes_back_from_its_file(make, fruit, tmp_path):
    whole, first = make(), make()
    progressive_validation(fruit, whole, target="kind")
    progressive_validation(fruit[:200], first, target="kind")
    save(first, tmp_path / "model")
    again = load(tmp_path / "model")
    progressive_validation(fruit[200:], again, target="kind")
    assert list(again.steps) == list(whole.steps)
    assert to_bytes(again) == to_bytes(whole)


def test_an_untrained_pipeline_comes_back(tmp_path):
    save(with_number_scaler(), tmp_path / "model")
    again = load(tmp_path / "model")
    assert again["NumberScaler"].numbers == ["size", "weight"]
    assert to_bytes(again) == to_bytes(with_number_scaler())


@pytest.mark.parametrize(
    "model",
    [
        preprocessing.MinMaxScaler() | SoftmaxRegression(),
        preprocessing.StandardScaler(with_std=False) | SoftmaxRegression(),
        with_select(),
    ],
    ids=["another scaler", "half a scaler", "a union"],
)
def test_other_pipelines_are_refused_by_name(model, tmp_path):
    assert native(model) is None
    with pytest.raises(TypeError, match=r"a model file holds one of .*, got "):
        save(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_spoilt_scaler_is_refused(fruit, tmp_path):
    model = with_number_scaler()
    progressive_validation(fruit, model, target="kind")
    about, arrays = container.from_bytes(to_bytes(model), KINDS)
    del about["checksum"]
    wrong = {
        "nan mean": {"scaler_means": arrays["scaler_means"] * np.nan},
        "negative variance": {"scaler_vars": -1 - arrays["scaler_vars"]},
        "too few counts": {"scaler_counts": arrays["scaler_counts"][1:]},
        "counts of another type": {"scaler_counts": arrays["scaler_counts"].astype(np.float64)},
    }
    for spoilt in wrong.values():
        (tmp_path / "model").write_bytes(container.to_bytes(about, arrays | spoilt))
        with pytest.raises(ModelFileError, match="scaler_"):
            load(tmp_path / "model")
    for scaler in ({}, {"steps": ["a"], "numbers": None}, {"steps": ["a", 1], "numbers": None}):
        (tmp_path / "model").write_bytes(container.to_bytes({**about, "scaler": scaler}, arrays))
        with pytest.raises(ModelFileError, match=r"its (scaler|steps)"):
            load(tmp_path / "model")
    less = {name: value for name, value in arrays.items() if name != "scaler_means"}
    (tmp_path / "model").write_bytes(container.to_bytes(about, less))
    with pytest.raises(ModelFileError, match="its scaler is incomplete"):
        load(tmp_path / "model")


def test_a_value_too_large_to_standardise_is_refused_and_leaves_no_trace(fruit, tmp_path):
    rows = [({"a": float(i % 7), "b": 1.0 + i % 3}, "uv"[i % 2]) for i in range(60)]
    dirty = [*rows[:20], ({"a": 1e200, "b": 2.0}, "u"), *rows[20:]]
    frame = pd.DataFrame([{**x, "y": y} for x, y in dirty])
    expected = preprocessing.StandardScaler() | SoftmaxRegression()
    progressive_validation(rows, expected)
    for source, target in ((dirty, None), (frame, "y")):
        model = preprocessing.StandardScaler() | SoftmaxRegression()
        found = progressive_validation(source, model, target=target, on_bad="skip")
        assert [one.row for one in found.bad] == [20]
        assert "feature 'a' is 1e+200: its variance would leave the range of doubles" in found.bad[0].reason
        assert to_bytes(model) == to_bytes(expected)


def test_refused_rows_are_the_same_from_every_source():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60), "y": rng.choice(["u", "v"], 60)})
    pairs = [({"a": row["a"], "b": row["b"]}, row["y"]) for row in frame.to_dict("records")]
    runs = []
    for source, target in ((pairs, None), (frame, "y")):
        model = preprocessing.StandardScaler() | SoftmaxRegression(optim.SGD(1e308))
        runs.append((progressive_validation(source, model, target=target, on_bad="skip").bad, to_bytes(model)))
    assert runs[0] == runs[1]
    assert runs[0][0]
