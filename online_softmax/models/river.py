"""Trained models go from river to here, and back."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any

from online_softmax.checks import shorten
from online_softmax.models.softmax import SoftmaxRegression


def from_river(model: Any) -> Any:
    """Return a `SoftmaxRegression` that has learned what river's has, and goes on learning the same numbers.

    Weights, the state of the optimiser and of its schedule, class weights and l2 go along. `model` is not changed.

    Parameters
    ----------
    model
        A `river.linear_model.SoftmaxRegression`, with any optimiser that ours takes; or a pipeline that ends with one,
        of which the answer has copies of all other steps.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or its optimiser or loss is one that ours does not take.

    Examples
    --------
    >>> from river import datasets, linear_model, optim, preprocessing
    >>> from online_softmax import from_river

    >>> theirs = preprocessing.StandardScaler() | linear_model.SoftmaxRegression(optim.Adam())
    >>> for x, y in datasets.ImageSegments().take(500):
    ...     theirs.learn_one(x, y)
    >>> ours = from_river(theirs)
    >>> round(ours.predict_proba_one(x)["window"], 9) == round(theirs.predict_proba_one(x)["window"], 9)
    True
    """
    if _is_pipeline(model):
        return _with_last(model, from_river)
    from online_softmax.models import river_state  # not above: river.linear_model imports SciPy

    river_state.check_river(model)
    ours = SoftmaxRegression(copy.deepcopy(model.optimizer), copy.deepcopy(model.loss), model.l2)
    ours._restore(river_state.state(model, ours))
    return ours


def to_river(model: Any) -> Any:
    """Return river's model that has learned what ours has, and goes on learning the same numbers.

    Parameters
    ----------
    model
        A `SoftmaxRegression`, as for its method `to_river`; or a pipeline that ends with one, of which the answer has
        copies of all other steps. It is not changed.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or has a parameter or an optimiser that river has not.

    Examples
    --------
    >>> from river import preprocessing
    >>> from online_softmax import SoftmaxRegression, to_river
    >>> model = preprocessing.StandardScaler() | SoftmaxRegression()
    >>> model.learn_one({"a": 1.0}, "yes")
    >>> type(to_river(model)["SoftmaxRegression"]).__module__
    'river.linear_model.softmax'
    """
    if _is_pipeline(model):
        return _with_last(model, to_river)
    if not issubclass(type(model), SoftmaxRegression):
        raise TypeError(
            "to_river takes a SoftmaxRegression of online_softmax, or a pipeline that ends with one, "
            f"got {shorten(model)}"
        )
    return model.to_river()


def _is_pipeline(model: Any) -> bool:
    compose = sys.modules.get("river.compose")  # not imported: whoever has a pipeline has imported it
    return compose is not None and type(model) is compose.Pipeline and len(model.steps) > 0


def _with_last(pipeline: Any, carried: Callable[[Any], Any]) -> Any:
    """Return a pipeline with copies of all steps but the last, which is carried."""
    *steps, (name, last) = pipeline.steps.items()
    return type(pipeline)(*copy.deepcopy(steps), (name, carried(last)))
