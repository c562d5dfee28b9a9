"""Native models: the inner interface, by which scoring, predicting and saving run a model over rows."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel import state as layout
from online_softmax._kernel.answers import ANSWER, NONE, answers
from online_softmax._kernel.bulk import BulkModel
from online_softmax.rows import Rows

ENTRY = 100  # bytes of a dictionary for each of its keys, about

__all__ = ["ANSWER", "NONE", "NativeModel", "answers"]


class NativeModel:
    """A model of ours, under the verbs of the house.

    Attributes
    ----------
    model
        The compiled model.
    whole
        What the caller holds: the model, or the pipeline that ends with it.
    can_progress
        Whether `progress` takes rows. If not, samples are predicted and learned one by one.
    lists
        What a name stands for in each list of names in the state.
    """

    lists: ClassVar[dict[str, str]] = {"names": "feature name", "labels": "label"}

    def __init__(self, model: BulkModel) -> None:
        self.whole: Any = model
        self.model: Any = model

    @property
    def classes(self) -> list[Hashable]:
        """Return the labels the model knows."""
        return list(self.model.classes)

    @property
    def features(self) -> list[Hashable]:
        """Return the features the model knows; buckets, where it hashes their names."""
        return list(self.model.features)

    @property
    def hash_bits(self) -> int | None:
        """Return the base-2 logarithm of the number of buckets, or None where names are not hashed."""
        bits: int | None = self.model.hash_bits
        return bits

    @property
    def can_progress(self) -> bool:
        """Whether `progress` takes rows."""
        return True

    def predict_proba_one(self, x: Any) -> dict[Hashable, float]:
        """Return the probability of each class."""
        answer: dict[Hashable, float] = self.model.predict_proba_one(x)
        return answer

    def learn_one(self, x: Any, y: Hashable, **keywords: Any) -> None:
        """Learn a sample, or change nothing."""
        self.model.learn_one(x, y, **keywords)

    def progress(self, rows: Rows) -> tuple[int, NDArray[np.void]]:
        """Predict, then learn, each row in turn.

        Returns how many rows are done, and what was said of each, an array of `ANSWER`. If fewer than all are done, the
        model has refused the next row and is unchanged by it: predicting or learning that row alone raises the reason.
        """
        done: tuple[int, NDArray[np.void]] = self.model._progress(rows)
        return done

    def learn_rows(self, rows: Rows, declared: bool = False) -> None:
        """Learn every row in turn, or none; with `declared`, all of `rows.labels` are classes before the first."""
        self.model._learn_rows(rows, None, declared)

    def predict_rows(self, rows: Rows) -> tuple[NDArray[np.float64], list[Hashable]]:
        """Return the probabilities of each row, of shape (rows, classes), and the labels of the classes."""
        answer: tuple[NDArray[np.float64], list[Hashable]] = self.model._predict_rows(rows)
        return answer

    def scaled(self, rows: Rows) -> Rows:
        """Return rows as the weights take them."""
        return rows

    def weights_of(self, names: list[Hashable]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return a softmax regression's weights of features as they reach it, (names, classes), and its intercepts."""
        model = self.model

        def look() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            slots = model._slots_of(names)
            weights = np.zeros((len(names), len(model.classes)))
            weights[slots > 0] = model._weights_at(slots[slots > 0])
            return weights, model._weights_at(np.zeros(1, np.int32))[0]

        found: tuple[NDArray[np.float64], NDArray[np.float64]] = model._unchanged(look)
        return found

    def raw_weights_of(self, names: list[Hashable]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the weights and intercepts by which features as they come have the same scores."""
        return self.weights_of(names)

    def to_json(self) -> dict[str, Any] | None:
        """Return what a model file tells of a scaler before the model, beside what it has learned."""
        return None

    def state(self) -> dict[str, Any]:
        """Return all that has been learned: lists of names, arrays and numbers."""
        state: dict[str, Any] = self.model._state()
        if state["labels"]:
            return state
        # Nothing is learned then, and arrays of no classes are not worth a place.
        return {name: state[name] for name in ("names", "labels", *layout.USE) if name in state}

    @property
    def n_bytes(self) -> int:
        """Return how many bytes it has learned, names among them, without room to grow."""
        parts = self.state().values()
        return sum(part.nbytes if isinstance(part, np.ndarray) else _size(part) for part in parts)

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned of a model like this one."""
        self.model._restore(state)

    def check(self, state: dict[str, Any]) -> None:
        """Raise ValueError for what is no state of such a model: only a state may reach the kernel."""
        values = {name: value for name, value in state.items() if name not in NativeModel.lists}
        layout.check(self.model, len(state["names"]), len(state["labels"]), values)


def _size(part: Any) -> int:
    """Return the bytes of a number, or of a list of names, each of which a dictionary has, too."""
    return sum(sys.getsizeof(name) + ENTRY for name in part) if isinstance(part, list) else sys.getsizeof(part)
