"""Model files: every model comes back to the last bit, and the files of the past load for ever.

`python tests/models/test_saving.py` makes the golden files of the format that this version writes, once and for all:
files of a format are never made again, since they prove that the files of the past can be read.
"""

from __future__ import annotations

import io
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import optim, preprocessing

from online_softmax import AutoSoftmaxRegression, ImplicitSGD, SoftmaxRegression
from online_softmax.hashing import bucket
from online_softmax.models.saving import FORMAT, load, restore, save, to_bytes
from online_softmax.storage import names as storage_names

GOLDEN = Path(__file__).parents[1] / "golden"


def samples(n, seed=0, features=("a", ("b", 1), b"c", None, 2.5), classes=("yes", ("no", 0), 7)):
    """Give a small stream with all kinds of names and labels."""
    rng = random.Random(seed)
    for _ in range(n):
        c = rng.randrange(len(classes))
        x = {name: rng.gauss((c - 1) * (-1) ** j, 1) for j, name in enumerate(features) if rng.random() < 0.9}
        yield x, classes[c]


def trained(model, stream):
    for x, y in stream:
        model.learn_one(x, y)
    return model


def opened(data):
    return load(io.BytesIO(data))


texts = st.text(max_size=5)  # lone surrogates too
plain = (
    texts
    | st.text(st.characters(codec=None), max_size=5)
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.none()
    | st.binary(max_size=5)
)
numpys = (
    st.integers(-128, 127).map(np.int8)
    | st.integers(0, 2**64 - 1).map(np.uint64)
    | st.floats(width=16, allow_nan=False).map(np.float16)
    | st.floats(width=32, allow_nan=False).map(np.float32)
    | st.floats(allow_nan=False).map(np.float64)
    | st.booleans().map(np.bool_)
    | st.text(st.characters(min_codepoint=32), max_size=5).map(np.str_)
    | st.binary(max_size=5).map(lambda value: np.bytes_(value.rstrip(b"\0")))
)
any_names = st.recursive(plain | numpys, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)


def same(a, b):
    """Whether two names are of the same type and value, inside too, and -0.0 is not 0.0."""
    if type(a) is tuple and type(b) is tuple:
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b and repr(a) == repr(b)


@given(names=st.lists(any_names, unique=True, max_size=8))
def test_names_come_back_as_the_same_type_and_value(names):
    assert all(map(same, storage_names.from_bytes("name", storage_names.to_bytes("name", names)), names))


RARE = [math.nan, np.float32("nan"), (math.inf, -math.inf), "\ud83d\ude00", "😀", 10**5000, -(2**63), 2**63]


@pytest.mark.parametrize("name", RARE, ids=range(len(RARE)))
def test_rare_names_come_back(name):
    (back,) = storage_names.from_bytes("name", storage_names.to_bytes("name", [name]))
    assert type(back) is type(name)
    assert repr(back) == repr(name) if type(name) is not int else back == name


@pytest.mark.slow
@given(names=st.lists(any_names, unique=True, min_size=2, max_size=5), cut=st.integers(0, 12), data=st.data())
def test_a_loaded_model_is_the_model(make_model, learned, names, cut, data):
    labels = data.draw(st.lists(any_names.filter(lambda name: name is not None), unique=True, min_size=1, max_size=4))
    stream = list(samples(16, features=names, classes=labels))
    model = trained(make_model(), stream[:cut])
    file = to_bytes(model)
    again = opened(file)
    assert type(again) is type(model)
    assert learned(again) == learned(model)
    assert to_bytes(again) == file
    for x, y in stream[cut:]:
        assert again.predict_proba_one(x) == model.predict_proba_one(x)
        again.learn_one(x, y)
        model.learn_one(x, y)
    assert to_bytes(again) == to_bytes(model)


def wide(n, start=0):
    """Give samples of which each brings new features."""
    return [({f"x{j}": math.sin(i * j + 1) for j in range(start, start + i % 40 + 100)}, i % 3) for i in range(n)]


def raised(n, d, classes=3):
    """Give samples of d features at many heights."""
    return [({f"x{j}": float(i * (j + 1) % 7 + 1) for j in range(d)}, i % classes) for i in range(n)]


def without(model, features=(), classes=()):
    for name in features:
        model.forget_feature(name)
    for label in classes:
        model.forget_class(label)
    return model


GROWN = {
    "more than a hundred features at once": lambda: trained(AutoSoftmaxRegression(), wide(30)),
    "more features while young": lambda: trained(trained(AutoSoftmaxRegression(), samples(50)), wide(30)),
    "more features, and experts gone": lambda: trained(trained(AutoSoftmaxRegression(), samples(50)), wide(300)),
    "more features later": lambda: trained(trained(AutoSoftmaxRegression(), samples(600)), wide(30)),
    "linear, and more features": lambda: trained(
        trained(AutoSoftmaxRegression(interactions=False), samples(50)), wide(30)
    ),
    "more classes than Markov's": lambda: trained(
        AutoSoftmaxRegression(), [({"a": float(i)}, i) for i in range(515)] + [({"a": 1.0}, 3)]
    ),
    "more classes than Gaussians": lambda: trained(AutoSoftmaxRegression(), raised(80, 40, 60)),
    "more classes than Gaussians, later": lambda: trained(
        trained(AutoSoftmaxRegression(), raised(520, 40, 2)), raised(80, 42, 60)
    ),
    "a full window": lambda: trained(AutoSoftmaxRegression(window=40), samples(100)),
    "a window of one": lambda: trained(AutoSoftmaxRegression(window=1), samples(5)),
    "interactions insisted on": lambda: trained(AutoSoftmaxRegression(interactions=True), samples(20)),
    "samples without features": lambda: trained(AutoSoftmaxRegression(), [({}, "a"), ({}, "b")]),
    "features that come and go": lambda: trained(AutoSoftmaxRegression(max_features=64), wide(60)),
    "no more classes than Markov's again": lambda: without(
        trained(AutoSoftmaxRegression(), [({"a": float(i)}, i) for i in range(514)]), classes=[0, 5]
    ),
    "a smaller window, and fewer features": lambda: without(
        trained(AutoSoftmaxRegression(window=5000), raised(400, 60)), features=[f"x{j}" for j in range(0, 60, 2)]
    ),
    "the class of the first Gaussian forgotten": lambda: without(
        trained(AutoSoftmaxRegression(), samples(60)), classes=["yes"]
    ),
    "every class forgotten": lambda: without(
        trained(AutoSoftmaxRegression(max_features=3), samples(60)), classes=["yes", ("no", 0), 7]
    ),
    "one class": lambda: trained(AutoSoftmaxRegression(), [({"a": 1.0}, "a")] * 3),
}


@pytest.mark.parametrize("made", GROWN)
def test_every_state_of_the_bank_comes_back(learned, made):
    model = GROWN[made]()
    again = opened(to_bytes(model))
    assert learned(again) == learned(model)
    assert to_bytes(again) == to_bytes(model)
    for x, y in [*samples(20, 1), *wide(5, 50)]:
        if model.interactions is True and "a" not in x:
            break
        assert again.predict_proba_one(x) == model.predict_proba_one(x)
        again.learn_one(x, y)
        model.learn_one(x, y)
    assert learned(again) == learned(model)


def test_a_model_with_samples_of_no_weight_comes_back():
    model = AutoSoftmaxRegression()
    model.learn_one({"a": 1.0}, "yes", w=0.0)
    assert to_bytes(opened(to_bytes(model))) == to_bytes(model)


@pytest.mark.parametrize(
    "schedule",
    [
        optim.schedulers.Constant(1),
        optim.schedulers.InverseScaling(0.3, 0.4),
        optim.schedulers.Optimal(optim.losses.Hinge(0.5)),
        optim.schedulers.Optimal(optim.losses.Log(2.0), alpha=1e-3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", [optim.SGD, optim.AdaBound, ImplicitSGD])
def test_schedules_come_back(learned, kind, schedule):
    model = trained(SoftmaxRegression(kind(schedule)), samples(10))
    again = opened(to_bytes(model))
    assert repr(again.optimizer.lr) == repr(model.optimizer.lr)
    assert learned(trained(again, samples(10, 1))) == learned(trained(model, samples(10, 1)))


def test_every_constructor_argument_comes_back():
    weights = {("no", 0): np.float64(2.0), "yes": 1, b"new": 0.5}
    model = SoftmaxRegression(
        optim.AMSGrad(0.2, 0.8, 0.99, 1e-6, False),
        optim.losses.CrossEntropy(weights),
        0.01,
        intercept=True,
        clip_gradient=3,
    )
    model.optimizer.n_iterations = 0
    again = opened(to_bytes(model))
    assert vars(again.optimizer) | {"lr": 0} == vars(model.optimizer) | {"lr": 0}
    assert again.loss.class_weight == weights
    assert (again.l2, again.intercept, again.clip_gradient) == (0.01, True, 3)
    bank = opened(to_bytes(AutoSoftmaxRegression(interactions=False, window=77)))
    assert (bank.interactions, bank.window) == (False, 77)


def test_a_template_that_starts_late_starts_late_again(learned):
    optimizer = optim.SGD(optim.schedulers.InverseScaling(0.1))
    optimizer.n_iterations = 50
    model = SoftmaxRegression(optimizer)
    again = opened(to_bytes(model))
    assert learned(trained(again, samples(5))) == learned(trained(model, samples(5)))


def test_many_names_need_no_room_in_the_header():
    model = SoftmaxRegression()
    model.learn_one({f"feature {j}": 1.0 for j in range(50_000)}, "a")
    file = to_bytes(model)
    assert int.from_bytes(file[:8], "little") < 2000
    assert opened(file).features == model.features


# ---- the files of the past ----


def golden_models():
    return {
        "softmax_adam": trained(SoftmaxRegression(optim.Adam(0.05), intercept=True), samples(40)),
        "auto_linear": trained(AutoSoftmaxRegression(interactions=False), samples(40)),
        "auto": trained(AutoSoftmaxRegression(), samples(40)),
        "scaled": trained(preprocessing.StandardScaler() | SoftmaxRegression(), samples(40)),
        "hashed": trained(SoftmaxRegression(hash_bits=10), samples(40)),
    }


def said(model):
    """Give what a model says to a few samples."""
    return [list(model.predict_proba_one(x).values()) for x, _ in samples(20, seed=1)]


def make_golden_files():
    """Write the golden files of this version's format, and what their models say."""
    directory = GOLDEN / f"format_{FORMAT}"
    directory.mkdir()
    for name, model in golden_models().items():
        save(model, directory / f"{name}.safetensors")
        (directory / f"{name}.json").write_text(json.dumps(said(model)) + "\n")


PAST = sorted(GOLDEN.glob("format_*/*.safetensors"))


@pytest.mark.parametrize("path", PAST, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_files_of_the_past_load_for_ever(path):
    model = load(path)
    inner = [*model.steps.values()][-1] if path.stem == "scaled" else model
    features = {"a", ("b", 1), b"c", None, 2.5}
    assert set(inner.classes) == {"yes", ("no", 0), 7}
    assert set(inner.features) == ({bucket(name, 10) for name in features} if path.stem == "hashed" else features)
    np.testing.assert_allclose(said(model), json.loads(path.with_suffix(".json").read_text()), rtol=1e-9)


@pytest.mark.parametrize("path", PAST, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_run_goes_on_from_a_file_of_the_past(path):
    fresh = load(path).clone()
    restore(fresh, path.read_bytes())
    np.testing.assert_allclose(said(fresh), json.loads(path.with_suffix(".json").read_text()), rtol=1e-9)


@pytest.mark.parametrize("name", ["auto", "auto_linear"])
@pytest.mark.parametrize("format_", [1, 2])
def test_a_bank_of_the_past_goes_on_without_the_experts_since_then_but_those_for_sparse_rows(format_, name):
    model = load(GOLDEN / f"format_{format_}" / f"{name}.safetensors")
    before, rng = set(model.expert_weights), random.Random(0)
    assert len(before) == (15 if name == "auto" else 11)
    for t in range(300):
        label = rng.choice(["yes", 7])
        model.learn_one({f"{label} {rng.randrange(100)}": 1.0 for _ in range(6)} if t > 20 else {"a": t / 20}, label)
        if t == 20:
            assert set(model.expert_weights) == before
    sparse = {"naive-bayes", "firm-naive-bayes", "one-vs-all", "slow-one-vs-all"}
    assert len(model.features) > 100
    assert sparse < set(model.expert_weights) <= before | sparse
    assert model.predict_one({"yes 1": 1.0, "yes 2": 1.0}) == "yes"
    assert said(load(io.BytesIO(to_bytes(model)))) == said(model)


def test_every_format_has_golden_files():
    assert {path.parent.name for path in GOLDEN.glob("format_*/*.safetensors")} == {
        f"format_{n}" for n in range(1, FORMAT + 1)
    }


if __name__ == "__main__":
    make_golden_files()
