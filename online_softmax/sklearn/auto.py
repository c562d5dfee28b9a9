"""AutoSoftmaxClassifier: the model without anything to tune, behind scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from online_softmax.models.auto import AutoSoftmaxRegression
from online_softmax.models.scaled import native
from online_softmax.rows import Rows
from online_softmax.sklearn.columns import Columns
from online_softmax.sklearn.estimator import KernelEstimator

TINY = 5e-324


class AutoSoftmaxClassifier(KernelEstimator):
    """`AutoSoftmaxRegression` as a classifier of scikit-learn: no learning rate, no optimiser, no scaler.

    A mixture of linear and non-linear experts, each weighed by how well it has predicted the rows before it learned
    them. So `fit` goes over the rows once. `partial_fit` takes classes as they come; the same rows give the same model
    to the last bit, in whatever batches. A sparse matrix gives the same as a dense one.

    Parameters
    ----------
    interactions
        `"auto"` adds non-linear experts; most of them leave where more than 100 features come within the first 500
        samples. `True` insists on them, and refuses the sample that brings the 101st feature; `False` keeps to linear
        experts.
    window
        How many samples the voting experts remember at most.
    missing
        What becomes of a gap, which is NaN, None, NaT or pandas.NA, and counts as 0: "indicate" makes it a feature of
        its own, too, "zero" does not, and "raise" refuses it.
    max_features
        How many features to keep at most, as in `AutoSoftmaxRegression`; None keeps all.
    hash_bits
        Hash features into 2^hash_bits buckets; None keeps them by name.
    shuffle
        Whether `fit` goes over the rows in random order. `partial_fit` takes them as they come, as a stream that may
        drift. Say False where the rows are a stream.
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
        The `AutoSoftmaxRegression` itself. `online_softmax.save`, `inspection` and `explain_one` take it.
    classes_
        The labels, sorted.
    n_features_in_
        The number of columns.
    feature_names_in_
        Their names, where X had names.

    Notes
    -----
    `decision_function` is the logarithm of the probabilities; of two classes, the log odds of the second.

    Examples
    --------
    >>> from online_softmax.sklearn import AutoSoftmaxClassifier
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> print(f"{cross_val_score(AutoSoftmaxClassifier(), X, y).mean():.0%}")
    97%
    """

    _kept = ("interactions", "window", "missing", "max_features", "hash_bits")

    def __init__(
        self,
        *,
        interactions: bool | str = "auto",
        window: int = 1000,
        missing: str = "indicate",
        max_features: int | None = None,
        hash_bits: int | None = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        random_state: Any = 0,
        warm_start: bool = False,
    ) -> None:
        self.interactions = interactions
        self.window = window
        self.missing = missing
        self.max_features = max_features
        self.hash_bits = hash_bits
        self.shuffle = shuffle
        self.class_weight = class_weight
        self.random_state = random_state
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn all rows, once; all labels are classes from the first row on.

        Parameters
        ----------
        X
            An array, a sparse matrix, or a pandas or polars frame.
        y
            The labels.
        sample_weight
            The weight of each row, 0 or more. A row of weight 0 is left out.
        """
        return self._fit(X, y, sample_weight, 1, bool(self.warm_start) and "model_" in self.__dict__)

    def _fresh_model(self, columns: Columns, scaled: bool) -> AutoSoftmaxRegression:
        return AutoSoftmaxRegression(categorical=columns.framed, **{name: self._plain(name) for name in self._kept})

    def _scores(self, rows: Rows) -> tuple[NDArray[np.float64], list[Hashable]]:
        found = native(self.model_)
        assert found is not None
        P, labels = found.predict_rows(rows)
        return np.log(np.maximum(P, TINY)), labels

    def to_logistic_regression(self) -> NoReturn:
        """Refuse: the mixture of experts, even of linear ones, is no linear model."""
        raise TypeError(
            "a mixture of experts has no coefficients to give to LogisticRegression: use a SoftmaxClassifier for that"
        )

    @classmethod
    def from_model(cls, model: Any, columns: int | Sequence[str]) -> Self:
        """Return an estimator that goes on with a model that has learned otherwise, from dictionaries or a file say.

        Parameters
        ----------
        model
            An `AutoSoftmaxRegression`. It is `model_` of the estimator, itself.
        columns
            The names of the columns that X is going to have, in their order; or their number, where the model's
            features are numbers.

        Examples
        --------
        >>> from online_softmax import AutoSoftmaxRegression
        >>> from online_softmax.sklearn import AutoSoftmaxClassifier
        >>> model = AutoSoftmaxRegression()
        >>> model.learn_one({"size": 3.0, "weight": 1.5}, "apple")
        >>> AutoSoftmaxClassifier.from_model(model, ["size", "weight"]).classes_.tolist()
        ['apple']
        """
        if type(model) is not AutoSoftmaxRegression:
            raise TypeError(f"model must be an AutoSoftmaxRegression, got {type(model).__name__}")
        return cls._of(model, columns, {name: getattr(model, name) for name in cls._kept}, scaled=False)
