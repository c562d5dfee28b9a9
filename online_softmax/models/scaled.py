"""A scaler and a model as one native model, and river's StandardScaler for some of the features."""

from __future__ import annotations

import sys
from collections.abc import Collection, Hashable, Iterable
from dataclasses import replace
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from river import base

from online_softmax._kernel.bulk import BulkModel
from online_softmax._kernel.standard_scaler import standardized
from online_softmax.models.native import NativeModel
from online_softmax.rows import Rows
from online_softmax.storage import names
from online_softmax.storage.fields import MOST, Array, check_value


class NumberScaler(base.Transformer):
    """river's `StandardScaler` for the features that are numbers; the others pass as they are: texts, one-hot features.

    Parameters
    ----------
    numbers
        The names of the features to standardise.

    Examples
    --------
    >>> from online_softmax.models.scaled import NumberScaler

    >>> scaler = NumberScaler(["size"])
    >>> for size in (7.0, 19.0):
    ...     scaler.learn_one({"size": size, "colour=green": 1.0})
    >>> scaler.transform_one({"size": 19.0, "colour=yellow": 1.0})
    {'size': 1.0, 'colour=yellow': 1.0}

    """

    def __init__(self, numbers: Iterable[Hashable]) -> None:
        from river.preprocessing import StandardScaler

        self.numbers = list(numbers)
        self.scaler: Any = StandardScaler()
        self._numbers = frozenset(self.numbers)

    def learn_one(self, x: dict[Hashable, Any]) -> None:
        """Learn mean and variance of the numbers."""
        self.scaler.learn_one(self._only(x))

    def transform_one(self, x: dict[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the features with the numbers standardised."""
        return {**x, **self.scaler.transform_one(self._only(x))}

    def passes(self, name: Hashable) -> bool:
        """Whether a feature passes as it is."""
        return name not in self._numbers

    def _only(self, x: dict[Hashable, Any]) -> dict[Hashable, Any]:
        return {name: value for name, value in x.items() if name in self._numbers and not isinstance(value, str)}


def scaler_for(features: Iterable[Hashable], one_hot: Collection[Hashable], indicates: bool = False) -> Any:
    """Return a scaler for these features that passes those that are 1 or absent: one-hot ones, and marks of gaps."""
    if one_hot or indicates:
        return NumberScaler(name for name in features if name not in one_hot)
    from river.preprocessing import StandardScaler

    return StandardScaler()


class ScaledModel(NativeModel):
    """`StandardScaler() | model` or `NumberScaler(..) | model`, in the model's kernel, where the model is ours.

    The scaler's own figures are read and updated in place. A model that hashes names cannot progress over rows: names
    are scaled, and buckets learned.

    Parameters
    ----------
    pipeline
        The pipeline.

    """

    lists: ClassVar = {**NativeModel.lists, "scaler_names": "feature name"}

    def __init__(self, pipeline: Any) -> None:
        scaler, model = pipeline.steps.values()
        super().__init__(model)
        self.whole, self._scaler = pipeline, scaler
        self._numbers = scaler if isinstance(scaler, NumberScaler) else None
        self._inner = scaler if self._numbers is None else scaler.scaler

    def to_json(self) -> dict[str, Any]:
        """Return what a model file tells of the scaler, beside what it has learned."""
        numbers = None
        if self._numbers is not None:
            numbers = [names.to_json("feature name", name) for name in self._numbers.numbers]
        return {"steps": list(self.whole.steps), "numbers": numbers}

    @classmethod
    def from_json(cls, node: dict[str, Any], model: Any) -> ScaledModel:
        """Return `model` behind a fresh scaler, made from what `to_json` returned of one."""
        from river import compose, preprocessing

        if node.keys() != {"steps", "numbers"}:
            raise ValueError("its scaler is incomplete")
        numbers, steps = node["numbers"], node["steps"]
        if not (isinstance(steps, list) and len({*steps}) == 2 and all(isinstance(step, str) for step in steps)):
            raise ValueError("its steps are not two names")
        scaler = preprocessing.StandardScaler() if numbers is None else NumberScaler(map(names.from_json, numbers))
        return cls(compose.Pipeline((steps[0], scaler), (steps[1], model)))

    @property
    def can_progress(self) -> bool:
        """Whether `progress` takes rows."""
        return self.hash_bits is None

    def predict_proba_one(self, x: Any) -> dict[Hashable, float]:
        """Return the model's answer to the scaled sample."""
        return super().predict_proba_one(self._scaler.transform_one(x))

    def learn_one(self, x: Any, y: Hashable, **keywords: Any) -> None:
        """Scale and learn a sample; one that is refused changes neither the model nor the scaler."""
        variances = self._inner.vars
        before = [{name: part[name] for name in x if name in part} for part in self._parts]
        try:
            self._scaler.learn_one(x)
            for name in x:
                if name in variances and not isfinite(variances[name]):
                    raise OverflowError(
                        f"feature {name!r} is {x[name]!r}: its variance would leave the range of doubles"
                    )
            self.model.learn_one(self._scaler.transform_one(x), y, **keywords)
        except BaseException:
            for part, kept in zip(self._parts, before, strict=True):
                for name in x:
                    if name in kept:
                        part[name] = kept[name]  # where it stands
                    else:
                        part.pop(name, None)
            raise

    def progress(self, rows: Rows) -> tuple[int, NDArray[np.void]]:
        """Predict, then learn, each row in turn, as `NativeModel` does; the scaler learns a row before the model."""
        scale = self._scale(rows.names)
        before = scale[0].copy()
        try:
            done: tuple[int, NDArray[np.void]] = self.model._progress(rows, scale)
            return done
        finally:  # after Ctrl-C, too
            self._take_scale(rows, before, scale)

    def learn_rows(self, rows: Rows, declared: bool = False) -> None:
        """Learn every row in turn, or none, as `NativeModel` does; the scaler learns a row before the model."""
        scale = self._scale(rows.names)
        before = scale[0].copy()
        self.model._learn_rows(rows, scale, declared)
        self._take_scale(rows, before, scale)

    def predict_rows(self, rows: Rows) -> tuple[NDArray[np.float64], list[Hashable]]:
        """Return the probabilities of each scaled row, and the labels of the classes."""
        return super().predict_rows(self.scaled(rows))

    def scaled(self, rows: Rows) -> Rows:
        """Return rows with their numbers standardised."""
        return replace(rows, values=standardized(rows, self._scale(rows.names)))

    def raw_weights_of(self, names: list[Hashable]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the weights and intercepts by which numbers that are not standardised have the same scores.

        (x - mean) / sd is 0 where there is no variance yet, and the weight is 0 there.
        """
        weights, intercepts = self.weights_of(names)
        counts, means, variances = self._scale(names)
        passes = counts < 0
        sd = np.where(passes, 1.0, np.sqrt(variances))
        weights = np.where(sd[:, None] > 0, weights / np.where(sd > 0, sd, 1.0)[:, None], 0.0)
        return weights, intercepts - np.where(passes, 0.0, means) @ weights

    def state(self) -> dict[str, Any]:
        """Return all that model and scaler have learned."""
        counts, means, variances = self._parts
        features = list(counts)
        return {
            **super().state(),
            "scaler_names": features,
            "scaler_counts": np.array([counts[name] for name in features], np.int64),
            "scaler_means": np.array([means[name] for name in features], np.float64),
            "scaler_vars": np.array([variances[name] for name in features], np.float64),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned of a model like this one."""
        super().restore(state)
        for part, values in zip(self._parts, ("scaler_counts", "scaler_means", "scaler_vars"), strict=True):
            part.clear()
            for name, value in zip(state["scaler_names"], state[values].tolist(), strict=True):
                part[name] = value

    def check(self, state: dict[str, Any]) -> None:
        """Refuse what is no state of such a scaler and model."""
        n = len(state["scaler_names"])
        wanted = {
            "scaler_counts": Array("i8", (n,), 0, MOST),
            "scaler_means": Array("f8", (n,)),
            "scaler_vars": Array("f8", (n,), 0),
        }
        if wanted.keys() - state.keys():
            raise ValueError("its scaler is incomplete")
        for name, array in wanted.items():
            check_value(name, array, state[name])
        super().check({name: value for name, value in state.items() if name not in {"scaler_names", *wanted}})

    def _take_scale(self, rows: Rows, before: NDArray[np.float64], scale: tuple[NDArray[np.float64], ...]) -> None:
        """Take over the figures of the features whose counts have grown."""
        used = rows.ids
        if rows.starts is not None:
            used = used[rows.starts[0] : rows.starts[-1]]
            used = used[np.sort(np.unique(used, return_index=True)[1])]  # of first use, however the rows were cut
        changed = used[scale[0][used] != before[used]]
        names = [rows.names[i] for i in changed.tolist()]
        for part, values in zip(self._parts, (scale[0].astype(np.int64), *scale[1:]), strict=True):
            for name, value in zip(names, values[changed].tolist(), strict=True):
                part[name] = value

    @property
    def _parts(self) -> tuple[dict[Hashable, Any], dict[Hashable, Any], dict[Hashable, Any]]:
        return self._inner.counts, self._inner.means, self._inner.vars

    def _scale(self, features: list[Hashable]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the figures of features as the kernel takes them: a count of -1 lets a feature pass as it is."""
        counts, means, variances = (
            np.array([part.get(name, 0) for name in features], np.float64) for part in self._parts
        )
        if self._numbers is not None:
            counts[[self._numbers.passes(name) for name in features]] = -1
        return counts, means, variances


def native(model: Any) -> NativeModel | None:
    """Return what runs a model over rows, or None where there is nothing but its methods for one sample."""
    if issubclass(type(model), BulkModel):  # a pipeline poses as an instance of its last step
        return NativeModel(model)
    return ScaledModel(model) if _is_scaled(model) else None


def _is_scaled(model: Any) -> bool:
    # Not imported: whoever has a pipeline has imported them, and they are heavy.
    compose, preprocessing = sys.modules.get("river.compose"), sys.modules.get("river.preprocessing")
    if not compose or not preprocessing or type(model) is not compose.Pipeline or len(model.steps) != 2:
        return False
    scaler, last = model.steps.values()
    plain = type(scaler) is preprocessing.StandardScaler and scaler.with_std and scaler.window_size is None
    return (plain or type(scaler) is NumberScaler) and issubclass(type(last), BulkModel)
