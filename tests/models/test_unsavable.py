"""What a model file cannot hold is refused by name, before anything is written."""

from __future__ import annotations

import enum
import io
import json
import math
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from river import optim
from safetensors.numpy import load as contents

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, SoftmaxRegression
from online_softmax.models.saving import load, save, to_bytes
from online_softmax.storage.container import KEY
from online_softmax.storage.names import CROWDED


def samples(n):
    """Give a small stream of five features and three classes."""
    return [({name: math.sin(i * (j + 1)) for j, name in enumerate("abcde")}, i * i % 7 % 3) for i in range(n)]


def trained(model, stream):
    for x, y in stream:
        model.learn_one(x, y)
    return model


def opened(data):
    return load(io.BytesIO(data))


def parts(data):
    """Take a file apart: its metadata without the checksum, and its arrays."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    about = json.loads(header["__metadata__"][KEY])
    del about["checksum"]
    return about, contents(data)


class Shade(enum.Enum):
    DARK = 1


class Level(enum.IntEnum):
    LOW = 1


class Name(str):
    __slots__ = ()


Point = namedtuple("Point", "x y")
STRANGE = [Fraction(1, 2), Decimal(1), Shade.DARK, Level.LOW, Name("a"), Point(1, 2), frozenset({1}), np.longdouble(1)]


@pytest.mark.parametrize("name", [*STRANGE, 1j, ("a", (Decimal(2),)), np.datetime64("2020-01-01")], ids=repr)
def test_other_types_are_refused_by_name(tmp_path, name):
    inner = name[1][0] if type(name) is tuple else name
    for x, y, what in [({name: 1.0}, "y", "feature name"), ({"x": 1.0}, name, "label")]:
        model = trained(SoftmaxRegression(), [(x, y)])
        with pytest.raises(TypeError, match=f"{what} .* is a {type(inner).__name__}: a model file holds") as refusal:
            model.save(tmp_path / "model")
        assert "\n" not in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_tuples_may_nest_64_deep_and_no_deeper():
    name = "a"
    for _ in range(64):
        name = (name,)
    assert opened(to_bytes(trained(SoftmaxRegression(), [({name: 1.0}, 1)]))).features == [name]
    with pytest.raises(ValueError, match="nests tuples more than 64 deep"):
        to_bytes(trained(SoftmaxRegression(), [({(name,): 1.0}, 1)]))


def test_names_of_one_hash_are_refused():
    names = [k * (2**61 - 1) for k in range(CROWDED + 1)]
    with pytest.raises(ValueError, match="more than 100 feature names have one hash"):
        to_bytes(trained(SoftmaxRegression(), [(dict.fromkeys(names, 1.0), "y")]))


class Halving(optim.base.Scheduler):
    def get(self, t):
        return 0.5**t


class Mine(SoftmaxRegression):
    pass


def test_other_schedules_losses_and_models_are_refused_by_name():
    with pytest.raises(TypeError, match=r"SGD's lr is Halving.*a kind that a model file cannot hold"):
        to_bytes(SoftmaxRegression(optim.SGD(Halving())))
    with pytest.raises(TypeError, match=r"SGD's lr is Halving"):
        to_bytes(SoftmaxRegression(optim.SGD(type("Constant", (Halving,), {"__repr__": lambda _: "Halving"})())))
    with pytest.raises(TypeError, match=r"SoftmaxRegression's l2 is np.float32\(0.5\)"):
        to_bytes(SoftmaxRegression(l2=np.float32(0.5)))
    with pytest.raises(TypeError, match=r"one of SoftmaxRegression, AutoSoftmaxRegression, got Mine"):
        to_bytes(Mine())


def models():
    """Give models whose files have every array and number there is."""
    adam = SoftmaxRegression(optim.Adam(), intercept=True)
    implicit = SoftmaxRegression(ImplicitAdaGrad(optim.schedulers.InverseScaling(0.1)), max_features=5)
    return {
        "Adam": trained(adam, samples(30)),
        "ImplicitAdaGrad": trained(implicit, samples(30)),
        "bank": trained(AutoSoftmaxRegression(window=20), samples(40)),
    }


FILES = {name: to_bytes(model) for name, model in models().items()}
ARRAYS = [
    (name, array) for name, file in FILES.items() for array, value in sorted(parts(file)[1].items()) if value.size
]


@pytest.mark.parametrize("file", [5, None, io.StringIO()])
def test_only_paths_and_binary_files_are_taken(file):
    with pytest.raises((TypeError, AttributeError), match=r"binary file|no attribute 'read'"):
        load(file)
    with pytest.raises(TypeError, match="a model is saved to a path or a binary file, got"):
        save(SoftmaxRegression(), file)
