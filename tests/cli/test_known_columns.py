"""A saved model knows its columns: strings stay strings, numbers stay numbers, and others are refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from river import preprocessing

from online_softmax import SoftmaxRegression, load
from online_softmax.cli.known_columns import Known

X = {"size": 1.0, "colour=red": 1.0, "a=b=c": 1.0}


def known(model):
    model.learn_one(X, "y")
    return Known(model, Path("file"))


@pytest.mark.parametrize(
    "make",
    [SoftmaxRegression, lambda: preprocessing.StandardScaler() | SoftmaxRegression()],
    ids=["a model", "a scaler and a model"],
)
def test_columns_of_strings_are_those_of_one_hot_features(make):
    columns = known(make())
    assert all(name in columns for name in ("colour", "a=b", "a"))
    assert not any(name in columns for name in ("size", "col", "other", 5))
    columns.check(SimpleNamespace(features=["size", "colour", "other"], text_columns=["colour"]))
    with pytest.raises(ValueError, match=r"^column 'size' holds strings, and the model in file knows it as numbers$"):
        columns.check(SimpleNamespace(features=["size"], text_columns=["size"]))
    with pytest.raises(ValueError, match=r"^the model in file knows none of the columns 0, 1, 2, 3, 4 \.\.$"):
        columns.check(SimpleNamespace(features=range(6), text_columns=[]))


def test_hashed_features_tell_nothing():
    columns = known(SoftmaxRegression(hash_bits=8))
    assert "colour" not in columns
    columns.check(SimpleNamespace(features=["other"], text_columns=["other"]))


def test_columns_are_what_the_model_has_learned_from(tmp_path, said, fails):
    (tmp_path / "codes.csv").write_text("code,y\n" + "1,u\n2,v\nx,w\n" * 20)
    said("train", tmp_path / "codes.csv", "--target", "y", "--save", tmp_path / "model")
    (tmp_path / "numbers.csv").write_text("code,y\n1,u\n2,v\n")
    args = [tmp_path / "numbers.csv", "--target", "y", "--from", tmp_path / "model"]
    assert said("predict", *args).split() == ["prediction", "u", "v"]
    said("train", *args, "--save", tmp_path / "other")
    assert set(load(tmp_path / "other").features) == {"code=1", "code=2", "code=x"}
    (tmp_path / "model").unlink()
    said("train", tmp_path / "numbers.csv", "--target", "y", "--save", tmp_path / "model")
    args[0] = tmp_path / "codes.csv"
    assert "column 'code' holds strings, and the model" in fails("predict", *args)
    (tmp_path / "odd.csv").write_text("a=b,y\n" + "red,u\nblue,v\n" * 20)
    said("train", tmp_path / "odd.csv", "--target", "y", "--save", tmp_path / "model")
    said("predict", tmp_path / "odd.csv", "--from", tmp_path / "model")
