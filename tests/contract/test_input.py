"""What every model refuses: an error that names what is wrong, and a model as it was before, byte for byte."""

from __future__ import annotations

import fractions
import io
import math
import pickle
import threading
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from online_softmax import load
from online_softmax.frames import rows_of
from online_softmax.models.scaled import native

NOT_NUMBERS = [
    None,
    "1.0",
    b"1.0",
    np.str_("1.0"),
    1j,
    np.complex128(1),
    [1.0],
    {},
    object,
    np.array([1.0]),
    np.ones((1, 1)),
    np.array([]),
    np.array("1.0"),
    np.array(1j),
    np.array(None),
    np.datetime64("2020-01-01"),
    np.datetime64(1, "ns"),
    np.timedelta64(1, "s"),
    pd.NA,
]
NOT_FINITE = [
    math.nan,
    math.inf,
    -math.inf,
    np.float32("nan"),
    np.float64("inf"),
    np.array(math.nan),
    10**400,
    -(10**400),
    fractions.Fraction(10**400),
    Decimal("NaN"),
    Decimal("-Infinity"),
    Decimal("1e400"),
]
BAD_VALUES = [(value, TypeError) for value in NOT_NUMBERS] + [(value, ValueError) for value in NOT_FINITE]


def trained(make_model):
    model = make_model()
    for i in range(12):
        model.learn_one({"a": math.sin(i), "height": i % 4 - 1.5}, ("red", "green", "blue")[i % 3])
    return model


def verbs(model, x):
    """Give every way to show `x` to `model`, with a label it knows and one it does not."""
    return [
        lambda: model.learn_one(x, "red"),
        lambda: model.learn_one(x, "unheard"),
        lambda: model.predict_proba_one(x),
        lambda: model.predict_one(x),
        lambda: model.loss_one(x, "red"),
    ]


def refuse(model, calls, error, match=None):
    """Assert that every call raises `error` and changes nothing; give back the messages."""
    before, messages = pickle.dumps(model), []
    for call in calls:
        with pytest.raises(error, match=match) as caught:
            call()
        messages.append(str(caught.value))
        assert pickle.dumps(model) == before
    return messages


@pytest.mark.parametrize("name", ["height", "unseen"])
@pytest.mark.parametrize(("value", "error"), BAD_VALUES, ids=lambda value: repr(value)[:24])
def test_a_bad_value_is_named_and_changes_nothing(make_model, value, error, name):
    model = trained(make_model)
    shown = [f"{abs(value).bit_length()} bits"] if isinstance(value, int) else [repr(value)[:20], str(value)[:20]]
    for message in refuse(model, verbs(model, {"new": 1.0, "a": 0.5, name: value}), error):
        assert name in message
        assert any(text in message for text in shown)


@pytest.mark.parametrize(("value", "error"), [(None, TypeError), (math.nan, ValueError)])
def test_a_cold_model_refuses_too(make_model, value, error):
    model = make_model()
    refuse(model, verbs(model, {"a": 1.0, "height": value}), error, match="height")


def test_a_number_too_long_to_print_is_refused(make_model):
    model = trained(make_model)
    refuse(model, verbs(model, {"height": 10**5000}), ValueError, match="height")


@pytest.mark.parametrize(
    "x", [None, 3, 1.5, "ab", b"ab", ["a"], [("a", 1.0)], {"a"}, np.ones(2), object()], ids=lambda x: type(x).__name__
)
def test_a_sample_is_a_mapping(make_model, x):
    model = trained(make_model)
    refuse(model, verbs(model, x), TypeError)


class Pairs(Mapping):
    """A mapping of one pair, whatever its name is."""

    def __init__(self, name):
        self.name = name

    def __iter__(self):
        return iter([self.name])

    def __len__(self):
        return 1

    def __getitem__(self, name):
        return 1.0


@pytest.mark.parametrize("thing", [["list"], {}, {"set"}, np.ones(1), ("a", [])], ids=repr)
def test_labels_and_names_are_hashable(make_model, thing):
    model = trained(make_model)
    refuse(model, verbs(model, Pairs(thing)), TypeError)
    refuse(model, [lambda: model.learn_one({"a": 1.0, "new": 1.0}, thing)], TypeError)


MISSING_LABELS = [None, math.nan, np.float64("nan"), np.float32("nan"), Decimal("nan"), pd.NA, pd.NaT]


@pytest.mark.parametrize("label", MISSING_LABELS, ids=repr)
def test_a_missing_label_is_not_learned(make_model, label):
    for model in (make_model(), trained(make_model)):
        message = "^label is .*: a missing label cannot be learned$"
        refuse(model, [lambda model=model: model.learn_one({"a": 1.0, "new": 1.0}, label)], ValueError, message)
        assert model.loss_one({"a": 1.0}, None) == math.inf


def knows_none(model):
    """Make a model as it could be before None was refused: with the class None."""
    model.learn_one({"a": 1.0}, "red")
    model.learn_one({"a": -1.0}, "blue")
    model._restore({**model._state(), "labels": ["red", None]})
    return model


def test_a_class_none_of_before_is_kept_and_not_learned(make_model):
    model = knows_none(make_model())
    file = io.BytesIO()
    model.save(file)
    for each in (load(io.BytesIO(file.getvalue())), pickle.loads(pickle.dumps(model)), model.copy(), model):
        assert each.classes == ["red", None]
        assert list(each.predict_proba_one({"a": 1.0})) == ["red", None]
        refuse(each, [lambda each=each: each.learn_one({"new": 1.0}, None)], ValueError, "missing label")
        rows = rows_of(pd.DataFrame({"a": [1.0, 2.0]}), pd.Series(["red", None], dtype=object))
        assert native(each).progress(rows)[0] == 1
        each.forget_class(None)
        assert each.classes == ["red"]


@pytest.mark.parametrize(
    ("w", "error"),
    [(w, ValueError) for w in (-1, -1e-300, math.nan, math.inf, -math.inf, 10**400, np.float64("nan"))]
    + [(w, TypeError) for w in (None, "1", 1j, [1.0], np.ones(2))],
    ids=lambda value: repr(value)[:24],
)
def test_a_weight_is_finite_and_not_negative(make_model, w, error):
    model = trained(make_model)
    refuse(model, [lambda: model.learn_one({"a": 1.0, "new": 1.0}, "unheard", w=w)], error)


class Meddler:
    """A foreign object that runs `action` whenever it is asked for its value, its hash or its equality."""

    def __init__(self, action):
        self.action = action

    def __float__(self):
        self.action()
        return 1.0

    def __hash__(self):
        self.action()
        return 7

    def __eq__(self, other):
        self.action()
        return self is other


class MeddlingFraction(fractions.Fraction):
    """A legal number that runs `action` when it is asked for its value."""

    action = None

    def __float__(self):
        self.action()
        return 1.0


class MeddlingMapping(Pairs):
    """A legal sample that runs `name` when it is read."""

    def __iter__(self):
        self.name()
        return iter(["a"])

    def items(self):
        self.name()
        return super().items()


def meddling_fraction(action):
    value = MeddlingFraction(1)
    value.action = action
    return value


MEDDLING = {
    "value": lambda action: ({"a": 0.5, "new": meddling_fraction(action)}, "red"),
    "foreign value": lambda action: ({"a": 0.5, "new": Meddler(action)}, "red"),
    "name": lambda action: (Pairs(Meddler(action)), "red"),
    "label": lambda action: ({"a": 0.5}, Meddler(action)),
    "mapping": lambda action: (MeddlingMapping(action), "red"),
}


def within(seconds, call):
    """Run `call` in a thread of its own, which must end in time; give back what it raised."""
    raised = []

    def run():
        try:
            call()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "the call never came back"
    return raised


@pytest.mark.parametrize("part", MEDDLING)
def test_foreign_code_that_raises_changes_nothing(make_model, part):
    def fail():
        raise ZeroDivisionError("foreign")

    model = trained(make_model)
    before = pickle.dumps(model)
    x, y = MEDDLING[part](fail)
    calls = [lambda: model.learn_one(x, y)]
    if part != "label":
        calls += [lambda: model.predict_proba_one(x), lambda: model.predict_one(x)]
    for call in calls:
        (error,) = within(10, call)
        assert isinstance(error, (ZeroDivisionError, TypeError))
        assert pickle.dumps(model) == before


@pytest.mark.parametrize("patience", range(1, 8))
@pytest.mark.parametrize("w", [1.0, 1e300], ids=["w=1", "w=1e300"])
@pytest.mark.parametrize("part", ["name", "label"])
def test_a_hash_that_fails_halfway_leaves_the_model_whole(make_model, moody, part, w, patience):
    model = trained(make_model)
    x, y = ({moody: 1e300, "new": 1e300}, "red") if part == "name" else ({"new": 1e300}, moody)
    before = pickle.dumps(model)
    moody.patience = patience
    try:
        model.learn_one(x, y, w=w)
    except (ArithmeticError, TypeError, ValueError):
        moody.patience = 0
        assert pickle.dumps(model) == before
    moody.patience = 0
    model.learn_one({"later": 1.0}, "violet")
    assert len(model.predict_proba_one({"later": 1.0})) == len(model.classes)
    assert "later" in model.features
    pickle.loads(pickle.dumps(model)).learn_one({"later": 1.0}, "violet")


@pytest.mark.parametrize("part", MEDDLING)
@pytest.mark.parametrize(
    "meddle",
    [
        lambda model: model.learn_one({"b": 1.0, "later": 2.0}, "violet"),
        lambda model: [model.learn_one({f"many {i}": 1.0}, f"class {i}") for i in range(40)],
        lambda model: model.predict_proba_one({"a": 1.0}),
        lambda model: pickle.dumps(model),
        lambda model: model.__getstate__(),
    ],
    ids=["learn", "grow", "predict", "pickle", "state"],
)
def test_foreign_code_that_calls_the_model_never_breaks_it(make_model, is_finite, meddle, part):
    model = trained(make_model)
    x, y = MEDDLING[part](lambda: meddle(model))
    within(10, lambda: model.learn_one(x, y))
    within(10, lambda: model.predict_proba_one(x))
    within(10, lambda: model.predict_one(x))
    within(10, lambda: model.learn_one({"a": 1.0}, "red"))
    plain = {"a": 0.5, "b": 1.0, "later": 1.0}
    p = model.predict_proba_one(plain)
    assert math.isclose(math.fsum(p.values()), 1, rel_tol=1e-12)
    assert len(p) == len(model.classes)
    assert is_finite(model)


@pytest.mark.parametrize("part", MEDDLING)
def test_foreign_code_that_forgets_what_is_looked_up_never_breaks_the_model(make_model, part):
    model, turns = trained(make_model), iter(range(20))

    def forget():
        if next(turns, 20) < 20:
            model.learn_one({f"late {next(turns, 0)}": 1.0, "height": 1.0}, "late")
            model.forget_feature("height")
            model.forget_class("late")

    x, y = MEDDLING[part](forget)
    for call in (model.loss_one, model.learn_one):
        within(10, lambda call=call: call(x, y))
    within(10, lambda: model.predict_one(x))
    assert math.isclose(math.fsum(model.predict_proba_one({"a": 1.0}).values()), 1, rel_tol=1e-12)


def test_a_sample_that_changes_its_names_while_it_is_read_never_breaks_the_model(make_model):
    model, x, names = trained(make_model), {}, iter(range(300))

    def change():
        x.pop(next(iter(x)))
        x[f"more {next(names, 0)}"] = meddling_fraction(change)

    x.update({f"name {i}": 1.0 for i in range(70)}, new=meddling_fraction(change))
    within(10, lambda: model.learn_one(x, "red"))
    within(10, lambda: model.predict_proba_one(x))
    assert math.isclose(math.fsum(model.predict_proba_one({"a": 1.0}).values()), 1, rel_tol=1e-12)


def test_a_sample_that_grows_while_it_is_read_is_refused_or_learned_whole(make_model):
    model = trained(make_model)
    x = {"a": 0.5}
    x["new"] = meddling_fraction(lambda: x.update({f"more {i}": 1.0 for i in range(100)}))
    before = pickle.dumps(model)
    raised = within(10, lambda: model.learn_one(x, "red"))
    assert not raised or pickle.dumps(model) == before
    assert math.isclose(math.fsum(model.predict_proba_one({"a": 1.0}).values()), 1, rel_tol=1e-12)
