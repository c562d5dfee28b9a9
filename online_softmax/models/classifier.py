"""What our classifiers share above the kernel: frames, pickling and river's ways."""

from __future__ import annotations

import copy
import os
from collections.abc import Hashable
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np
from river import base

from online_softmax._kernel.bulk import BulkModel
from online_softmax._kernel.forgetting import without_class, without_features
from online_softmax.frames import UNLABELLED, predictions_like, probabilities_like, rows_of
from online_softmax.hashing import bucket
from online_softmax.models import saving
from online_softmax.models.inspection import inspection
from online_softmax.rows import Rows

if TYPE_CHECKING:
    from narwhals.stable.v2.typing import IntoDataFrame, IntoSeries
    from numpy.typing import ArrayLike


class KernelClassifier(BulkModel, base.MiniBatchClassifier):
    """A river classifier over a compiled model."""

    @property
    def _multiclass(self) -> bool:
        return True

    def _rows(self, X: Any, y: Any = UNLABELLED, w: Any = 1.0) -> Rows:
        return rows_of(X, y, w, categorical=self.categorical, missing=self.missing)

    def learn_many(
        self, X: IntoDataFrame | Any, y: IntoSeries | ArrayLike, w: float | IntoSeries | ArrayLike = 1.0
    ) -> None:
        """Learn every row of a frame or array in turn, to the last bit as `learn_one` does; or none, if one is refused.

        Parameters
        ----------
        X
            A pandas, polars or pyarrow frame, one numeric column a feature; or a NumPy array or SciPy CSR matrix, whose
            features are the numbers of its columns, 0, 1, 2, .. Texts and gaps are taken as in `learn_one`. Of sparse
            columns of pandas, as of a sparse matrix, a row has the features that are stored.
        y
            The labels, a series of the same length; of an array, an array or a list.
        w
            The weights of the samples: one number, a series or an array.
        """
        self._learn_rows(self._rows(X, y, w))

    def predict_proba_many(self, X: IntoDataFrame | Any) -> Any:
        """Return the probability of each class for every row, as a frame of X's own kind, one column a class.

        pandas keeps the labels as column names, and its index; the others take the labels' text. For an array or a
        sparse matrix it is a NumPy array of shape (rows, classes), whose columns are in the order of `classes`.

        Parameters
        ----------
        X
            A pandas, polars or pyarrow frame, a NumPy array or a SciPy CSR matrix, as for `learn_many`.
        """
        P, labels = self._predict_rows(self._rows(X))
        return probabilities_like(X, P, labels)

    def predict_many(self, X: IntoDataFrame | Any) -> Any:
        """Return the most probable label of every row, as a series of X's own kind; None before the first sample.

        For an array or a sparse matrix it is a NumPy array.

        Parameters
        ----------
        X
            A pandas, polars or pyarrow frame, a NumPy array or a SciPy CSR matrix, as for `learn_many`.
        """
        P, labels = self._predict_rows(self._rows(X))
        return predictions_like(X, labels, P.argmax(axis=1) if labels else np.full(len(P), -1))

    def clone(self, new_params: dict[str, Any] | None = None, include_attributes: bool = False) -> Self:
        """Return a fresh model of the same parameters; with `include_attributes`, one that has learned the same.

        Parameters
        ----------
        new_params
            Parameters to change, by name.
        include_attributes
            Whether the clone takes over what this model has learned.
        """
        fresh = super().clone(new_params, include_attributes)
        if include_attributes:
            fresh._restore(copy.deepcopy(self._state()))
        return fresh

    def save(self, path: str | os.PathLike[str] | IO[bytes]) -> None:
        """Write the model to a file, whole or not at all; `online_softmax.load` brings it back equal to the last bit.

        Parameters
        ----------
        path
            Where to, or a binary file. The format is safetensors, safe to load from strangers.
        """
        saving.save(self, path)

    def forget_feature(self, name: Hashable) -> None:
        """Forget a feature, as if no sample had ever carried it.

        Parameters
        ----------
        name
            A feature that has been learned; with `hash_bits`, one of those in the bucket to forget.
        """
        key = name if self.hash_bits is None else bucket(name, self.hash_bits)

        def change(state: dict[str, Any]) -> dict[str, Any]:
            if key not in state["names"]:
                raise ValueError(f"feature {name!r} has not been learned")
            return without_features(state, {state["names"].index(key)})

        self._replace(change)

    def forget_class(self, label: Hashable) -> None:
        """Forget a class: its probability goes to the others, until it is learned again as a new one.

        Parameters
        ----------
        label
            One of `classes`.
        """

        def change(state: dict[str, Any]) -> dict[str, Any]:
            if label not in state["labels"]:
                raise ValueError(f"label {label!r} has not been learned")
            return without_class(state, state["labels"].index(label))

        self._replace(change)

    def _repr_html_(self) -> str:
        """Return what the model is and what it has met as HTML, for a notebook."""
        return inspection(self, top=0)._repr_html_()

    def copy(self) -> Self:
        """Return a snapshot: it has learned the same, and predicts while this model goes on learning."""
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        parameters = {name: getattr(self, name) for name in self._get_params()}
        return {"attributes": dict(self.__dict__), "parameters": parameters, "learned": self._state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["parameters"])  # type: ignore[misc]
        self._restore(state["learned"])
        self.__dict__.update(state["attributes"])
