"""What our classifiers of scikit-learn share: a river-style model, and everything that learns or predicts by it."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from online_softmax.checks import check_reading, shorten
from online_softmax.frames import label_array, label_codes
from online_softmax.models.native import NativeModel
from online_softmax.models.scaled import native
from online_softmax.rows import Rows
from online_softmax.sklearn.columns import Columns, plain_rows, rows_and_columns
from online_softmax.sklearn.labels import (
    ClassCounts,
    check_alike,
    checked_labels,
    checked_weights,
    class_weights,
    declared_classes,
    with_classes,
)


class KernelEstimator(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of scikit-learn over a river-style model."""

    _kept: ClassVar[tuple[str, ...]] = ()  # the parameters that the model is made of, and keeps

    model_: Any
    classes_: NDArray[Any]
    n_features_in_: int
    missing: str
    class_weight: Any
    shuffle: bool
    random_state: Any

    # ---- what a subclass fills in ----

    def _fresh_model(self, columns: Columns, scaled: bool) -> Any:
        """Return a model that has learned nothing, for such columns."""
        raise NotImplementedError

    def _scales(self) -> bool | None:
        """Whether numbers are standardised on their way to the model; None where the first X decides."""
        return False

    def _scores(self, rows: Rows) -> tuple[NDArray[np.float64], list[Hashable]]:
        """Return scores whose softmax are the probabilities, of shape (rows, classes), and the model's classes."""
        raise NotImplementedError

    # ---- learning ----

    def _fit(self, X: Any, y: Any, sample_weight: Any, epochs: int, goes_on: bool = False) -> Self:
        with self._all_or_nothing():
            rows = self._rows_to_learn(X, goes_on)
            y = checked_labels(y, len(rows), whole=True)
            w = checked_weights(sample_weight, len(rows))
            classes = with_classes(self.classes_ if goes_on else None, y)
            labels: list[Hashable] = classes.tolist()
            codes = np.searchsorted(classes, y).astype(np.int32)
            w, self._counts = class_weights(self.class_weight, labels, codes, w, ClassCounts(), whole=True)
            rows = _weighted(replace(rows, labels=labels, codes=codes), w, least=1)
            model = copy.deepcopy(self.model_) if goes_on else self._fresh_model(self._columns, self._scaled)
            inner, draw = _native(model), check_random_state(self.random_state)
            for _ in range(epochs):
                inner.learn_rows(_taken(rows, draw.permutation(len(rows))) if self.shuffle else rows, declared=True)
            self.model_ = model
            self._take_classes(classes)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn the rows of a batch in turn, going on from what has been learned; or none, if one is refused.

        However a stream is cut into batches, the model is the same to the last bit.

        Parameters
        ----------
        X
            An array, a sparse matrix, or a pandas or polars frame, with the same columns in each call.
        y
            The labels. One that is new becomes a class: `classes_` and the columns of `predict_proba` stay sorted.
        classes
            Labels that are classes from now on, whether rows of them have come or not.
        sample_weight
            The weight of each row, 0 or more. A row of weight 0 is left out, its label too.
        """
        goes_on = "model_" in self.__dict__
        with self._all_or_nothing():
            rows = self._rows_to_learn(X, goes_on)
            y = checked_labels(y, len(rows), whole=False)
            w = checked_weights(sample_weight, len(rows))
            known = self.classes_ if goes_on else None
            declared = None if classes is None else declared_classes(classes)
            for others in (known, declared):
                if others is not None:
                    check_alike(others, y)
            labels, codes = label_codes(y)
            counts = self._counts if goes_on else ClassCounts()
            w, self._counts = class_weights(self.class_weight, labels, codes, w, counts, whole=False)
            rows = _weighted(replace(rows, labels=labels, codes=codes), w, least=0 if goes_on else 1)
            if declared is not None:
                rows = _with_labels(rows, declared.tolist())
            grows = known is None or not self._known.issuperset(rows.labels)
            if grows:
                carried = labels if w is None else [labels[code] for code in np.unique(codes[w > 0])]
                for new in (declared, np.array(carried, y.dtype)):
                    known = known if new is None else with_classes(known, new)
            if not goes_on:
                self.model_ = self._fresh_model(self._columns, self._scaled)
            _native(self.model_).learn_rows(rows, declared is not None)
            if grows:
                self._take_classes(known)
        return self

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Where what is inside fails, all attributes are as they were."""
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _rows_to_learn(self, X: Any, goes_on: bool) -> Rows:
        """Return X as rows: of the columns known, or of those that are known from now on."""
        made_of = [getattr(self, name) for name in self._kept]
        if not goes_on:
            check_reading(True, self.missing)
            if not isinstance(self.shuffle, bool | np.bool_):
                raise ValueError(f"shuffle must be True or False, got {shorten(self.shuffle)}")
            scaled = self._scales()
            rows, self._columns, is_sparse = rows_and_columns(self, X, None, missing=self.missing, scaled=scaled)
            self._scaled, self._made_of = not is_sparse if scaled is None else scaled, made_of
            return rows
        for name, now, then in zip(self._kept, made_of, self._made_of, strict=True):
            if now is not then and now != then:
                raise ValueError(
                    f"{name} was {then!r} when model_ was made, and is {now!r}: call fit without warm_start, or set it "
                    "back"
                )
        self._places(_native(self.model_).classes)
        rows, self._columns = self._rows(X)
        return rows

    def _rows(self, X: Any) -> tuple[Rows, Columns]:
        """Return X, of columns that are known, as rows, and what is known of the columns now."""
        rows = plain_rows(self._columns, X)
        if rows is not None:
            return rows, self._columns
        return rows_and_columns(self, X, self._columns, missing=self.missing, scaled=self._scaled)[:2]

    def _take_classes(self, classes: Any) -> None:
        """Set the classes, and where each is among those of the model, which are in the order of their coming."""
        self._labels = _native(self.model_).classes
        position = {label: i for i, label in enumerate(self._labels)}
        self.classes_, self._known = classes, frozenset(position)
        self._order = np.array([position[label] for label in classes.tolist()], np.intp)

    def _places(self, labels: list[Hashable]) -> NDArray[np.intp]:
        """Return where each of `classes_` is among the classes of the model, which must be those that it had."""
        if labels != self._labels:
            raise ValueError(
                f"model_ has the classes {shorten(labels)} and had {shorten(self._labels)}: it learned or forgot some "
                "without the estimator, so make another of it by from_model"
            )
        return self._order

    # ---- predicting ----

    def _fitted_rows(self, X: Any) -> Rows:
        if "model_" not in self.__dict__:
            check_is_fitted(self)
        return self._rows(X)[0]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class for every row, in the order of `classes_`.

        Parameters
        ----------
        X
            A table of the columns that have been learned.
        """
        rows = self._fitted_rows(X)
        P, labels = _native(self.model_).predict_rows(rows)
        return P[:, self._places(labels)]

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of the probability of each class for every row.

        Parameters
        ----------
        X
            A table of the columns that have been learned.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of every row.

        Parameters
        ----------
        X
            A table of the columns that have been learned.
        """
        best = self.predict_proba(X).argmax(axis=1)
        found: NDArray[Any] = self.classes_[best]
        return found

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return a score of each class for every row; of two classes, how far the second is ahead, of shape (rows,).

        Parameters
        ----------
        X
            A table of the columns that have been learned.
        """
        Z, labels = self._scores(self._fitted_rows(X))
        Z = Z[:, self._places(labels)]
        return Z[:, 1] - Z[:, 0] if Z.shape[1] == 2 else Z

    # ---- models of river's kind ----

    @classmethod
    def _of(cls, model: Any, columns: int | Sequence[str], parameters: dict[str, Any], scaled: bool) -> Self:
        """Return an estimator that goes on with a model."""
        inner, labels = _native(model), _native(model).classes
        if not labels:
            raise ValueError("model has learned nothing yet: pass one that has, or fit a new estimator")
        if len({type(label) for label in labels}) > 1:
            raise ValueError(f"model has labels of several types, {shorten(labels)}: an estimator's are of one")
        named = not isinstance(columns, int | np.integer)
        names = range(columns) if isinstance(columns, int | np.integer) else list(columns)
        if len({*names}) < len(names):
            raise ValueError(f"columns holds a name twice: {shorten(names)}")
        estimator = cls(**parameters)
        estimator.model_, estimator._scaled, estimator._counts = model, scaled, ClassCounts()
        estimator._columns = Columns(names, named, named, _kinds(inner, names))
        estimator._made_of = [getattr(estimator, name) for name in cls._kept]
        estimator.n_features_in_ = len(names)
        if named:
            estimator.feature_names_in_ = np.array(names, object)
        estimator._take_classes(np.unique(label_array(labels, np.arange(len(labels)))))
        return estimator

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._takes_sparse()
        tags.input_tags.allow_nan = self.missing != "raise"
        tags.input_tags.categorical = True
        return tags

    def _plain(self, name: str) -> Any:
        """Return a parameter, of Python's own type where a search has drawn it from an array."""
        value = getattr(self, name)
        return value.item() if isinstance(value, np.generic) else value

    def _takes_sparse(self) -> bool:
        return True


def _native(model: Any) -> NativeModel:
    found = native(model)
    if found is None:
        raise TypeError(f"model_ is a {type(model).__name__}, no model of this package: fit the estimator anew")
    return found


def _taken(rows: Rows, at: NDArray[np.intp]) -> Rows:
    """Return the rows of these numbers, with all labels in their order."""
    return replace(rows.take(at), labels=rows.labels, codes=rows.codes[at])  # type: ignore[arg-type]


def _weighted(rows: Rows, w: NDArray[np.float64] | None, least: int) -> Rows:
    """Return rows with weights, without those whose weight is 0; at least so many must be left."""
    if w is None:
        return rows
    at = np.flatnonzero(w)
    if len(at) < least:
        raise ValueError("the weights are zero for every row of X: at least one must be above 0")
    rows = replace(rows, weights=w)
    return rows if len(at) == len(w) else _taken(rows, at)


def _with_labels(rows: Rows, declared: list[Hashable]) -> Rows:
    """Return rows whose labels begin with those declared, and go on with the others that they carry."""
    position = {label: i for i, label in enumerate(declared)}
    new = np.zeros(len(rows.labels), np.int32)
    for code in dict.fromkeys(rows.codes.tolist()):
        new[code] = position.setdefault(rows.labels[code], len(position))
    return replace(rows, labels=[*position], codes=new[rows.codes])


def _kinds(inner: NativeModel, names: Sequence[Hashable]) -> dict[Hashable, str]:
    """Return what each column holds, by the features of a model, all of which must be of a column."""
    kinds: dict[Hashable, str] = {}
    if inner.hash_bits is not None:
        return kinds
    known = set(names)
    for feature in inner.features:
        if feature in known:
            kinds.setdefault(feature, "number")
            continue
        column, equals, text = str(feature).partition("=")
        while equals and column not in known and "=" in text:
            more, _, text = text.partition("=")
            column = f"{column}={more}"
        if not equals or not (column in known or (column.isdigit() and int(column) in known and not text)):
            raise ValueError(f"the model has learned the feature {shorten(feature)}, which is of none of the columns")
        if text:
            kinds[column] = "text"
    return kinds
