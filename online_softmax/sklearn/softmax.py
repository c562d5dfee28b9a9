"""SoftmaxClassifier: softmax regression behind scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from online_softmax.checks import shorten
from online_softmax.models import optimizers
from online_softmax.models.scaled import ScaledModel, native, scaler_for
from online_softmax.models.softmax import SoftmaxRegression
from online_softmax.rows import Rows
from online_softmax.sklearn.columns import Columns
from online_softmax.sklearn.estimator import KernelEstimator

OPTIMIZERS = {kind.__name__: kind for kind in optimizers.CONSTANTS}


class SoftmaxClassifier(KernelEstimator):
    r"""Softmax regression as a classifier of scikit-learn, learned one row at a time.

    `partial_fit` takes classes as they come, and one row is as good as many: the same rows give the same model to the
    last bit, in whatever batches. Numbers are standardised on the way, by what has come so far; texts and gaps of a
    frame are learned as they are.

    Parameters
    ----------
    optimizer
        The name of an optimiser, "ImplicitAdaGrad", "ImplicitSGD", or one of `river.optim`'s that `SoftmaxRegression`
        takes, such as "SGD", "AdaGrad" or "Adam"; or such an optimiser.
    learning_rate
        The learning rate of an optimiser that is given by name; None takes the optimiser's own.
    l2
        Adds `l2 * weight` to the gradient of each feature that a row carries.
    fit_intercept
        Whether each class has an intercept.
    clip_gradient
        Bounds each class's gradient in its score to this absolute value.
    scaling
        "standard" subtracts from each number its column's mean so far, and divides by the standard deviation so far; a
        gap is the mean then. That would fill a sparse matrix, and is refused for one; sparse columns among others are
        filled. None takes numbers as they come; a gap is 0 then. "auto" is None where the first X is sparse or names
        are hashed, and "standard" otherwise.
    missing
        What becomes of a gap, which is NaN, None, NaT or pandas.NA: "indicate" makes it a feature of its own, too,
        "zero" does not, and "raise" refuses it.
    max_features
        How many features to keep at most, as in `SoftmaxRegression`; None keeps all.
    hash_bits
        Hash features into 2^hash_bits buckets; None keeps them by name.
    max_iter
        How many times `fit` goes over the rows. `partial_fit` goes over them once.
    shuffle
        Whether `fit` goes over the rows in random order. `partial_fit` takes them as they come.
    class_weight
        What rows of each label weigh: a dictionary, in which a label that is missing weighs 1; or "balanced", n / (C
        n_c) for class c. `fit` takes that from all rows, `partial_fit` from those that have come up to each.
    random_state
        The seed of the order, or a `numpy.random.RandomState`: by default the order is the same each time, and another
        each time with None.
    warm_start
        Whether `fit` goes on from what has been learned, where there is any.

    Attributes
    ----------
    model_
        The model itself: a `SoftmaxRegression`, behind a scaler where numbers are standardised. `online_softmax.save`,
        `inspection` and `explain_one` take it.
    classes_
        The labels, sorted.
    coef_
        The weights of the columns as they come, of shape (classes, columns); of two classes (1, columns), how much
        more the second's are.
    intercept_
        The intercepts to them: `X @ coef_.T + intercept_` is `decision_function(X)`.
    n_features_in_
        The number of columns.
    feature_names_in_
        Their names, where X had names.
    n_iter_
        How many times the last `fit` went over the rows.

    Notes
    -----
    Of a sparse matrix, entries other than 0 alone are learned. That is the same as learning them among zeros, unless
    there is an `l2`, or the optimiser moves weights whose gradient is 0, as Momentum and Adam do: those of entries that
    are 0 stay where they are.

    Examples
    --------
    >>> from online_softmax.sklearn import SoftmaxClassifier
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_wine(return_X_y=True)
    >>> print(f"{cross_val_score(SoftmaxClassifier(), X, y).mean():.0%}")
    98%

    A class that nobody has announced:

    >>> model = SoftmaxClassifier().partial_fit([[0.0, 1.0], [1.0, 0.0]], ["sun", "rain"])
    >>> model.partial_fit([[3.0, 3.0]], ["hail"]).classes_.tolist()
    ['hail', 'rain', 'sun']
    """

    _kept = (
        *("optimizer", "learning_rate", "l2", "fit_intercept", "clip_gradient", "scaling"),
        *("missing", "max_features", "hash_bits"),
    )

    def __init__(
        self,
        optimizer: Any = "ImplicitAdaGrad",
        *,
        learning_rate: float | None = None,
        l2: float = 0.0,
        fit_intercept: bool = True,
        clip_gradient: float | None = None,
        scaling: str | None = "auto",
        missing: str = "indicate",
        max_features: int | None = None,
        hash_bits: int | None = None,
        max_iter: int = 20,
        shuffle: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        random_state: Any = 0,
        warm_start: bool = False,
    ) -> None:
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.l2 = l2
        self.fit_intercept = fit_intercept
        self.clip_gradient = clip_gradient
        self.scaling = scaling
        self.missing = missing
        self.max_features = max_features
        self.hash_bits = hash_bits
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.class_weight = class_weight
        self.random_state = random_state
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn all rows, `max_iter` times over; all labels are classes from the first row on.

        Parameters
        ----------
        X
            An array, a sparse matrix, or a pandas or polars frame.
        y
            The labels.
        sample_weight
            The weight of each row, 0 or more. A row of weight 0 is left out.
        """
        if not isinstance(self.max_iter, Integral) or isinstance(self.max_iter, bool) or self.max_iter < 1:
            raise ValueError(f"max_iter must be an int of at least 1, got {shorten(self.max_iter)}")
        goes_on = bool(self.warm_start) and "model_" in self.__dict__
        self._fit(X, y, sample_weight, int(self.max_iter), goes_on)
        self.n_iter_ = int(self.max_iter)
        return self

    def _scales(self) -> bool | None:
        if not (self.scaling is None or (isinstance(self.scaling, str) and self.scaling in ("auto", "standard"))):
            raise ValueError(f"scaling must be 'auto', 'standard' or None, got {shorten(self.scaling)}")
        if self.hash_bits is None:
            return {"auto": None, "standard": True, None: False}[self.scaling]
        if self.scaling == "standard":
            raise ValueError("scaling='standard' goes by names, which hash_bits drops: leave out one of them")
        return False

    def _takes_sparse(self) -> bool:
        return not (isinstance(self.scaling, str) and self.scaling == "standard")

    def _fresh_model(self, columns: Columns, scaled: bool) -> Any:
        intercept = self._plain("fit_intercept")
        if not isinstance(intercept, bool):
            raise ValueError(f"fit_intercept must be True or False, got {shorten(intercept)}")
        model = SoftmaxRegression(
            self._fresh_optimizer(),
            intercept=intercept,
            categorical=columns.framed,
            **{name: self._plain(name) for name in ("l2", "clip_gradient", "max_features", "hash_bits", "missing")},
        )
        passes = columns.framed or self.missing == "indicate"  # texts may come late
        return scaler_for(columns.names, columns.texts, passes) | model if scaled else model

    def _fresh_optimizer(self) -> Any:
        if not isinstance(self.optimizer, str):
            if self.learning_rate is not None:
                raise ValueError("learning_rate goes with an optimizer's name: give it to the optimizer itself")
            return self.optimizer
        if self.optimizer not in OPTIMIZERS:
            known = ", ".join(OPTIMIZERS)
            raise ValueError(f"optimizer must be an optimiser, or the name of one, {known}, got {self.optimizer!r}")
        if self.learning_rate is None:
            return OPTIMIZERS[self.optimizer]()
        if self.optimizer in ("AdaDelta", "FTRLProximal"):
            raise ValueError(f"{self.optimizer} has no learning_rate: give it as an object with its own constants")
        return OPTIMIZERS[self.optimizer](self.learning_rate)

    # ---- what has been learned ----

    def _scores(self, rows: Rows) -> tuple[NDArray[np.float64], list[Hashable]]:
        """Return z = xB, and the model's classes."""
        found = native(self.model_)
        assert found is not None
        rows = found.scaled(rows)
        weights, intercepts = found.weights_of(rows.names)
        if rows.starts is None:
            return rows.values @ weights[rows.ids] + intercepts, found.classes
        X = sparse.csr_array((rows.values, rows.ids, rows.starts), (len(rows), len(rows.names)))
        return X @ weights + intercepts, found.classes

    def _linear(self, what: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        check_is_fitted(self)
        if self.hash_bits is not None:
            raise AttributeError(f"{what} is by column, and hash_bits leaves buckets: see model_.weights")
        if texts := self._columns.texts:
            raise AttributeError(f"{what} is by column, and {texts[0]!r} has one for each text: see model_.weights")
        found = native(self.model_)
        assert found is not None
        weights, intercepts = found.raw_weights_of([*self._columns.names])
        places = self._places(found.classes)
        weights, intercepts = weights[:, places].T, intercepts[places]
        if len(self.classes_) == 2:
            return weights[1:] - weights[:1], intercepts[1:] - intercepts[:1]
        return weights, intercepts

    @property
    def coef_(self) -> NDArray[np.float64]:
        """The weights of the columns as they come."""
        return self._linear("coef_")[0]

    @property
    def intercept_(self) -> NDArray[np.float64]:
        """The intercepts to `coef_`."""
        return self._linear("intercept_")[1]

    @property
    def scaling_(self) -> str | None:
        """What `scaling="auto"` has become."""
        check_is_fitted(self)
        return "standard" if self._scaled else None

    def to_logistic_regression(self) -> LogisticRegression:
        """Return scikit-learn's `LogisticRegression`, fitted, with the same probabilities.

        It takes numbers alone: a gap, which `missing` takes here, it refuses.

        Raises
        ------
        ValueError
            If there is one class, texts have been learned, or names are hashed.

        Examples
        --------
        >>> from online_softmax.sklearn import SoftmaxClassifier
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = SoftmaxClassifier().fit(X, y)
        >>> other = model.to_logistic_regression()
        >>> print(f"{abs(other.predict_proba(X) - model.predict_proba(X)).max():.9f}")
        0.000000000
        """
        check_is_fitted(self)
        if len(self.classes_) < 2:
            raise ValueError(
                f"LogisticRegression has two classes at least, and this has {self.classes_.tolist()[0]!r} alone"
            )
        try:
            coef, intercept = self._linear("LogisticRegression")
        except AttributeError as error:
            raise ValueError(str(error)) from None
        found = LogisticRegression(fit_intercept=self.fit_intercept or self._scaled)
        found.classes_, found.coef_, found.intercept_ = self.classes_.copy(), coef, intercept
        found.n_features_in_, found.n_iter_ = self.n_features_in_, np.array([getattr(self, "n_iter_", 1)], np.int32)
        if hasattr(self, "feature_names_in_"):
            found.feature_names_in_ = self.feature_names_in_.copy()
        return found

    @classmethod
    def from_model(cls, model: Any, columns: int | Sequence[str]) -> Self:
        """Return an estimator that goes on with a model that has learned otherwise, from dictionaries or a file say.

        Parameters
        ----------
        model
            A `SoftmaxRegression`, or a pipeline of a `StandardScaler` and one. It is `model_` of the estimator, itself.
        columns
            The names of the columns that X is going to have, in their order; or their number, where the model's
            features are numbers.

        Examples
        --------
        >>> from online_softmax import SoftmaxRegression
        >>> from online_softmax.sklearn import SoftmaxClassifier
        >>> model = SoftmaxRegression()
        >>> model.learn_one({"size": 3.0, "weight": 1.5}, "apple")
        >>> SoftmaxClassifier.from_model(model, ["size", "weight"]).classes_.tolist()
        ['apple']
        """
        found = native(model)
        if found is None or type(found.model) is not SoftmaxRegression:
            kind = type(model).__name__
            raise TypeError(f"model must be a SoftmaxRegression, or a StandardScaler before one, got {kind}")
        inner = found.model
        if inner.loss.class_weight:
            raise ValueError("the model's loss has class weights, which scikit-learn's are not: weigh samples instead")
        scaled = isinstance(found, ScaledModel)
        parameters = {
            "optimizer": inner.optimizer,
            "fit_intercept": inner.intercept,
            "scaling": "standard" if scaled else None,
            **{name: getattr(inner, name) for name in ("l2", "clip_gradient", "missing", "max_features", "hash_bits")},
        }
        return cls._of(model, columns, parameters, scaled)
