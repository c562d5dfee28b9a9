"""Labels: y as scikit-learn takes it, the classes that it adds, and what each sample weighs for its class."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import assert_all_finite, check_array, column_or_1d

from online_softmax.checks import finite, is_missing, shorten
from online_softmax.frames import label_array
from online_softmax.sklearn.columns import refuse_masks

KINDS = {"i": "numbers", "u": "numbers", "f": "numbers", "b": "truth values", "U": "texts", "O": "texts"}


def checked_labels(y: Any, n: int, whole: bool, name: str = "y") -> Any:
    """Return the labels of n samples as an array; `whole` says that they are all there are, not a batch of them."""
    if type(y) is not np.ndarray or y.ndim != 1 or y.dtype.kind not in "iubU" or whole:
        if y is None:
            raise ValueError("This estimator requires y to be passed, but the target y is None.")
        refuse_masks(name, y)
        y = column_or_1d(_listed(y), warn=True)
        if y.dtype.kind in "fc":
            assert_all_finite(y, input_name=name)
            _check_exact(y)
        elif y.dtype.kind not in "iubUS":
            for i, label in enumerate(y):
                if is_missing(label):
                    raise ValueError(f"{name} contains NaN or None in row {i}: a missing label cannot be learned")
                if isinstance(label, str) != isinstance(y[0], str):
                    raise ValueError(f"{name} holds {shorten(y[0])} and {shorten(label)}: give labels of one kind")
            y = y.astype(object)
            if len(y) and isinstance(y[0], str):
                y[:] = [str.__str__(label) for label in y]
        if whole:
            check_classification_targets(y)
        elif (kind := type_of_target(y, input_name=name)) not in ("binary", "multiclass"):
            raise ValueError(f"Unknown label type: {kind}, of which a {name} such as {_first(y)} is: give classes")
    if len(y) != n:
        raise ValueError(f"y has {len(y)} labels for the {n} rows of X: inconsistent numbers of samples")
    return y


def _listed(y: Any) -> Any:
    """Return a list that holds texts among others as objects: NumPy alone would make texts of the others, too."""
    if isinstance(y, list | tuple) and len({isinstance(label, str) for label in y}) > 1:
        return np.array(y, object)
    return y


def with_classes(known: NDArray[Any] | None, new: NDArray[Any]) -> NDArray[Any]:
    """Return the classes in order, those of `new` among those that are known."""
    if known is None:
        return np.unique(new)
    check_alike(known, new)
    both = np.concatenate([known, new])
    if {known.dtype.kind, new.dtype.kind} == {"i", "u"}:  # NumPy makes floats of int64 and uint64
        integers = label_array([*known.tolist(), *new.tolist()], np.arange(len(both)))
        both = both if integers.dtype == object else integers
    if both.dtype.kind == "f":
        _check_exact(both)
    return np.unique(both)


def declared_classes(classes: Any) -> NDArray[Any]:
    """Return labels that are classes whether rows of them have come or not, as an array in order."""
    refuse_masks("classes", classes)
    found = np.asarray(_listed(classes))
    if found.ndim != 1 or not len(found):
        raise ValueError(f"classes must be a list of labels, got {shorten(classes)}")
    return np.unique(checked_labels(found, len(found), whole=False, name="classes"))


def check_alike(known: NDArray[Any], new: NDArray[Any]) -> None:
    """Refuse labels of another kind than the classes: one array of both would take numbers for texts."""
    was, now = KINDS.get(known.dtype.kind), KINDS.get(new.dtype.kind)
    if was != now:
        raise ValueError(f"y holds {now}, such as {_first(new)}, and classes_ {was}, such as {_first(known)}")


def _check_exact(labels: NDArray[np.floating[Any]]) -> None:
    """Refuse floats so large that several whole numbers may have become one."""
    if (large := labels[np.abs(labels) >= 2**53]).size:
        raise ValueError(f"y holds {_first(large)}, a float that may stand for several whole numbers: give integers")


def _first(labels: NDArray[Any]) -> str:
    return shorten(labels[:1].tolist()[0])


def checked_weights(sample_weight: Any, n: int) -> NDArray[np.float64] | None:
    """Return the weights of n samples as an array, or None where all are 1."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Number):
        w = np.full(n, finite("sample_weight", sample_weight, least=0))
    else:
        refuse_masks("sample_weight", sample_weight)
        w = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if w.shape != (n,):
        raise ValueError(f"sample_weight has shape {w.shape}, and X {n} rows: give one weight for each")
    if (w < 0).any():
        i = int(np.argmax(w < 0))
        raise ValueError(f"sample_weight is {w[i]} in row {i}, and must not be negative: weights are 0 or more")
    return w


@dataclass(frozen=True)
class ClassCounts:
    """How much of each class has come: what 'balanced' weighs by.

    Attributes
    ----------
    by_class
        The sum of the sample weights of each label.
    total
        That of all.
    """

    by_class: Mapping[Hashable, float] = field(default_factory=dict)
    total: float = 0.0


def class_weights(
    class_weight: Any,
    labels: list[Hashable],
    codes: NDArray[np.int32],
    w: NDArray[np.float64] | None,
    counts: ClassCounts,
    whole: bool,
) -> tuple[NDArray[np.float64] | None, ClassCounts]:
    """Return the weights of samples times those of their classes, and the counts with them.

    Balanced, class c weighs n / (C n_c): where samples are all there are, of all of them, and in a stream of those that
    have come up to each sample, however the stream was cut.
    """
    if class_weight is None:
        return w, counts
    own = np.ones(len(codes)) if w is None else w
    if isinstance(class_weight, Mapping):
        _check_keys(class_weight, labels, whole)
        weights = {y: finite(f"the class_weight of {y!r}", weight, least=0) for y, weight in class_weight.items()}
        return own * np.array([weights.get(y, 1.0) for y in labels])[codes], counts
    if not isinstance(class_weight, str) or class_weight != "balanced":
        raise ValueError(f"class_weight must be None, 'balanced' or a dictionary, got {shorten(class_weight)}")
    # One addition after the other: the same sums, to the last bit, wherever a stream is cut.
    n = np.add.accumulate(np.concatenate([[counts.total], own]))
    of_class, fresh = np.empty(len(codes)), np.zeros(len(codes), np.int64)
    by_label = dict(counts.by_class)
    order = np.argsort(codes, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else ():
        label = labels[codes[at[0]]]
        sums = np.add.accumulate(np.concatenate([[by_label.get(label, 0.0)], own[at]]))
        if label not in by_label:
            fresh[at[np.argmax(own[at] > 0)]] = bool(sums[-1])
        of_class[at] = sums[-1] if whole else sums[1:]
        if sums[-1]:
            by_label[label] = float(sums[-1])
    n_classes = len(counts.by_class) + np.cumsum(fresh)
    now = ClassCounts(by_label, float(n[-1]))
    share = np.maximum((n_classes[-1:] if whole else n_classes) * of_class, 5e-324)
    return own * (n[-1] if whole else n[1:]) / share, now


def _check_keys(class_weight: Mapping[Any, float], labels: list[Hashable], whole: bool) -> None:
    """Refuse keys that are no labels while a label has none; in a stream, keys of another kind than the labels."""
    others = [key for key in class_weight if key not in labels]
    if whole:
        others = others if any(label not in class_weight for label in labels) else []
    else:
        others = [key for key in others if isinstance(key, str) != isinstance(labels[0], str)]
    if others:
        raise ValueError(f"class_weight has the key {shorten(others[0])}, and the labels are {shorten(labels)}")
