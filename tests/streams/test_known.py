"""A saved model knows its columns: strings stay strings, numbers stay numbers, and others are refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from river import preprocessing

from online_softmax import SoftmaxRegression
from online_softmax.streams import Known

X = {"size": 1.0, "colour=red": 1.0, "a=b=c": 1.0}


def known(model):
    model.learn_one(X, "y")
    return Known.of(model, "the model in file")


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
        columns.check_any(SimpleNamespace(features=range(6), text_columns=[]))


def test_hashed_features_tell_nothing():
    columns = known(SoftmaxRegression(hash_bits=8))
    assert "colour" not in columns
    columns.check(SimpleNamespace(features=["other"], text_columns=["other"]))
