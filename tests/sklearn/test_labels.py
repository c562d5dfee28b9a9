"""Labels that NumPy alone would change, weights of labels, and labels that come and go behind the estimator."""

from __future__ import annotations

import enum
import pickle

import numpy as np
import pytest

from online_softmax.sklearn import SoftmaxClassifier

X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (["a", "b", float("nan")], "contains NaN or None in row 2"),
        ([1, "1", 2], "holds 1 and '1': give labels of one kind"),
        ((True, "a", "a"), "holds True and 'a': give labels of one kind"),
    ],
    ids=["NaN among texts", "a number among texts", "a truth value among texts"],
)
def test_a_list_of_labels_is_not_made_one_kind(make, y, words):
    for call in (make().fit, make().partial_fit):
        with pytest.raises(ValueError, match=f"y {words}"):
            call(X, y)
    model = make().partial_fit(X, [1, 2, 3])
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=f"classes {words}"):
        model.partial_fit(X, [1, 2, 3], classes=y)
    assert pickle.dumps(model) == before


def test_integers_of_two_types_stay_integers(make):
    signed, large = np.array([1, -2, 1]), np.array([2**63 + 1, 2**63, 2**63], np.uint64)
    model = make().partial_fit(X, abs(signed)).partial_fit(X, large)
    assert model.classes_.tolist() == [1, 2, 2**63, 2**63 + 1]
    assert make().partial_fit(X, signed).partial_fit(X, np.array([3, 4, 3], np.uint8)).classes_.dtype == np.int64
    for first, then in ((signed, large), (large, signed), (large, np.array([1.0, 2.0, 1.0]))):
        model = make().partial_fit(X, first)
        before = pickle.dumps(model)
        with pytest.raises(ValueError, match="a float that may stand for several whole numbers"):
            model.partial_fit(X, then)
        assert pickle.dumps(model) == before


def test_members_of_an_enumeration_are_their_texts(make):
    y = np.array([Colour.RED, Colour.BLUE, Colour.RED], object)
    model = make().partial_fit(X, y).partial_fit(X, [Colour.BLUE, "green", "red"])
    assert [type(label) for label in model.classes_.tolist()] == [str, str, str]


def test_a_class_weight_is_looked_at_whether_its_label_has_come_or_not(make):
    with pytest.raises(ValueError, match="the class_weight of 7 must be a finite number of at least 0, got -1"):
        make(class_weight={7: -1}).partial_fit(X, [1, 2, 1])
    with pytest.raises(ValueError, match="class_weight must be None, 'balanced' or a dictionary"):
        make(class_weight=np.array([1.0, 2.0])).fit(X, [0, 1, 1])


# ---- classes of the model ----


def test_a_model_that_others_have_taught_a_class_is_refused():
    model = SoftmaxClassifier(scaling=None).partial_fit(X, ["a", "b", "c"])
    model.model_.forget_class("a")
    model.model_.learn_one({0: 1.0}, "d")  # as many classes as before, in another order
    calls = (
        model.predict,
        model.decision_function,
        lambda X: model.coef_,
        lambda X: model.partial_fit(X, ["a", "b", "c"]),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r"model_ has the classes \['b', 'c', 'd'\] and had \['a', 'b', 'c'\]"):
            call(X)
    again = SoftmaxClassifier.from_model(model.model_, 2)
    assert again.classes_.tolist() == ["b", "c", "d"]
