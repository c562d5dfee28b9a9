"""Inspections: what a model is, what it has learned, and how much room it takes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.bulk import BulkModel
from online_softmax.models.attribution import CELLS, linear_weights
from online_softmax.models.table import Table, box, paragraph
from online_softmax.texts import folded, plain, size, written

MOST_CLASSES = 10  # of a text; to_dict has all
MOST_KNOWN = 8  # labels in an error
SCALERS = {
    "StandardScaler": "standardised values",
    "NumberScaler": "standardised numbers, and of other values as they come",
}
EXPERTS = {  # docs/auto.md has the formulas
    "adagrad": "linear: AdaGrad, one step size a feature",
    "adagrad-average": "linear: the running average of adagrad",
    "decaying-sgd": "linear: steps that become smaller",
    "normalised-sgd": "linear: steps of one size",
    "slow-adagrad": "linear: AdaGrad with small steps",
    "recent-prior": "how frequent each class has been of late",
    "prior": "how frequent each class has been",
    "markov": "which class follows which",
    "grove": "trees that grow, their leaves learned together",
    "newton": "linear, second order: steps of one size",
    "newton-decaying": "linear, second order: steps that become smaller",
    "newton-average": "linear, second order: the running average of newton",
    "votes": "the labels of the nearest samples in the window",
    "wide-votes": "the labels of near samples in the window",
    "additive": "a curve for each feature",
    "memory": "the labels of the nearest samples of thousands",
    "wide-memory": "the labels of near samples of thousands",
    "gaussian": "a Gaussian for each class",
    "naive-bayes": "naive Bayes, and a linear correction",
    "firm-naive-bayes": "naive Bayes that trusts rare features less, and a linear correction",
    "one-vs-all": "linear: each class against all others",
    "slow-one-vs-all": "linear: each class against all others, with smaller steps",
}


@dataclass(frozen=True)
class ClassInspection:
    """A class of an inspected model.

    Attributes
    ----------
    label
        Its label.
    n_samples
        How many samples of it have been learned, times their weights; None where the model does not know.
    intercept
        Its intercept.
    strongest
        The features of the largest weights, the strongest first, {feature: weight}.
    """

    label: Hashable
    n_samples: float | None
    intercept: float
    strongest: dict[Hashable, float]


@dataclass(frozen=True, repr=False)
class Inspection:
    """What a model is, what it has learned, and how much room it takes.

    Attributes
    ----------
    model
        The name of its class.
    steps
        The steps of the pipeline before it.
    parameters
        Its parameters that are not the default, by name.
    optimizer
        The name and the parameters of its optimiser; None of `AutoSoftmaxRegression`, which has none to choose.
    n_classes, n_features
        How many it has met, or kept.
    n_samples
        How many samples it has learned; a `SoftmaxRegression` counts those since its oldest class came, and a batch of
        `learn_batch` as one.
    n_evicted
        How many features have made room for others.
    n_bytes
        What its numbers take in memory, without the names.
    file_bytes
        What its file takes; None where it has not come from one.
    expert_weights
        How much the mixture trusts each expert, by name; empty for a `SoftmaxRegression`.
    classes
        The classes in the order in which they came.
    """

    model: str
    steps: list[str]
    parameters: dict[str, Any]
    optimizer: dict[str, Any] | None
    n_classes: int
    n_features: int
    n_samples: int
    n_evicted: int
    n_bytes: int
    file_bytes: int | None
    expert_weights: dict[str, float]
    classes: list[ClassInspection]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON's own kinds."""
        classes = [
            {
                "label": plain(one.label),
                "n_samples": one.n_samples,
                "intercept": one.intercept,
                "strongest": [{"feature": plain(name), "weight": weight} for name, weight in one.strongest.items()],
            }
            for one in self.classes
        ]
        head = {name: value for name, value in vars(self).items() if name != "classes"}
        return {**head, "classes": classes}

    def __repr__(self) -> str:
        parts = ["\n".join(self._lines())]
        if self.expert_weights:
            parts.append(str(self._experts()))
        parts += [f"{title}\n{table}" for title, table in self._blocks()]
        return "\n\n".join([*parts, *self._more(self._has_strongest())])

    def _repr_html_(self) -> str:
        """Return it as HTML, for a notebook: small, static, and escaped."""
        parts = [paragraph(line) for line in self._lines()]
        if self.expert_weights:
            parts.append(self._experts().to_html())
        for title, table in self._blocks():
            parts += [paragraph(title), table.to_html()]
        return box(*parts, *map(paragraph, self._more(self._has_strongest())))

    def _lines(self) -> list[str]:
        options = "".join(f", {name}={folded(value)}" for name, value in self.parameters.items())
        behind = f" behind {', '.join(map(folded, self.steps))}" if self.steps else ""
        lines = [f"{self.model}{behind}{options}"]
        if self.optimizer is not None:
            name, *rest = self.optimizer.values()
            constants = ", ".join(f"{key}={folded(value, 80)}" for key, value in rest[0].items())
            lines.append(f"optimiser: {name}({constants})")
        sizes = f"{_count(self.n_classes, 'class')}, {_count(self.n_features, 'feature')}"
        lines.append(f"{sizes}, {_count(self.n_samples, 'sample')} learned")
        if self.n_evicted:
            lines.append(f"{_count(self.n_evicted, 'feature')} made room for others")
        file = "" if self.file_bytes is None else f", {size(self.file_bytes)} in its file"
        lines.append(f"{size(self.n_bytes)} in memory{file}")
        if self._has_strongest():
            lines.append(f"weights are those of {self._scale()}")
        elif self.classes:
            shown = [
                folded(one.label) + ("" if one.n_samples is None else f" ({one.n_samples:,.6g})")
                for one in self._shown()
            ]
            lines.append(f"classes: {', '.join([*shown, *self._more()])}")
        return lines

    def _has_strongest(self) -> bool:
        return any(one.strongest for one in self.classes)

    def _shown(self) -> list[ClassInspection]:
        if len(self.classes) <= MOST_CLASSES:
            return self.classes
        return sorted(self.classes, key=lambda one: -(one.n_samples or 0))[:MOST_CLASSES]

    def _more(self, asked: bool = True) -> list[str]:
        more = len(self.classes) - MOST_CLASSES
        return [f"and {more:,} more class{'es' * (more > 1)}"] if asked and more > 0 else []

    def _scale(self) -> str:
        if self.expert_weights:
            return "the linear experts together, of values that the model has standardised and squashed"
        if self.steps and self.steps[-1] in SCALERS:
            return SCALERS[self.steps[-1]]
        return "the values as they reach the model" if self.steps else "the values as they come"

    def _experts(self) -> Table:
        shares = sorted(self.expert_weights.items(), key=lambda item: -item[1])
        rows = [[f"{name}: {EXPERTS[name]}", f"{share:.1%}"] for name, share in shares]
        return Table(["expert", "weight"], rows, [share for _, share in shares])

    def _blocks(self) -> list[tuple[str, Table]]:
        blocks = []
        for one in self._shown() if self._has_strongest() else ():
            learned = "" if one.n_samples is None else f", {one.n_samples:,.6g} samples"
            base = f", intercept {one.intercept:+.3g}" if one.intercept else ""
            rows = [[folded(name), f"{weight:+.3g}"] for name, weight in one.strongest.items()]
            blocks.append((f"{folded(one.label)}{learned}{base}", Table(["feature", "weight"], rows)))
        return blocks


def inspection(model: Any, top: int = 5, labels: Iterable[Hashable] | None = None) -> Inspection:
    """Return what a model is, what it has learned, and how much room it takes.

    The strongest features of a class are those of its largest weights. They are `weights` of a `SoftmaxRegression`; of
    an `AutoSoftmaxRegression` they are those of its linear experts together, by their shares. Behind a scaler, they are
    weights of standardised values.

    Parameters
    ----------
    model
        A `SoftmaxRegression`, an `AutoSoftmaxRegression`, or a river pipeline that ends with one.
    top
        How many features to list for each class.
    labels
        The classes to list; None lists all.

    Examples
    --------
    >>> from online_softmax import AutoSoftmaxRegression, inspection
    >>> from river import datasets
    >>> model = AutoSoftmaxRegression(interactions=False)
    >>> for x, y in datasets.Phishing():
    ...     model.learn_one(x, y)
    >>> seen = inspection(model, top=2)
    >>> seen.n_classes, seen.n_features, seen.n_samples
    (2, 9, 1250)
    >>> seen.classes[0].label, seen.classes[0].n_samples
    (True, 548.0)
    >>> seen.classes[0].strongest
    {'empty_server_form_handler': -1.1768, 'popup_window': -1.0039}

    Raises
    ------
    TypeError
        If there is no such model.
    ValueError
        If `labels` names a class that the model does not know.
    """
    inner, steps = inner_model(model, "inspection")
    if isinstance(top, bool) or not isinstance(top, int) or top < 0:
        raise ValueError(f"top must be an int of at least 0, got {top!r}")
    wanted = None if labels is None else list(labels)

    def look() -> Inspection:
        known = inner.classes
        positions = list(range(len(known)))
        if wanted is not None:
            place = {label: c for c, label in enumerate(known)}
            for label in wanted:
                if label not in place:
                    raise ValueError(unknown_class(label, known))
            positions = [place[label] for label in wanted]
        n_samples, by_class = inner._counts()
        return Inspection(
            model=type(inner).__name__,
            steps=[type(step).__name__ for step in steps],
            parameters=_changed(inner),
            optimizer=_optimizer(inner),
            n_classes=len(known),
            n_features=len(inner.features),
            n_samples=n_samples,
            n_evicted=inner.n_evicted,
            n_bytes=sys.getsizeof(inner),
            file_bytes=None,
            expert_weights=getattr(inner, "expert_weights", {}),
            classes=_classes(inner, known, positions, by_class, top),
        )

    found: Inspection = inner._unchanged(look)
    return found


def of_file(seen: Inspection, file_bytes: int) -> Inspection:
    """Return an inspection of a model that has come from a file of so many bytes."""
    return replace(seen, file_bytes=file_bytes)


def unknown_class(label: object, known: list[Hashable]) -> str:
    """Return the refusal of a label that is none of the known ones."""
    if not known:
        return f"class {folded(label)} is unknown: the model has learned no class yet"
    some = ", ".join(map(folded, known[:MOST_KNOWN]))
    more = f" and {len(known) - MOST_KNOWN:,} more" if len(known) > MOST_KNOWN else ""
    return f"class {folded(label)} is unknown: the model's are {some}{more}"


def inner_model(model: Any, asked: str) -> tuple[Any, list[Any]]:
    """Return the model of ours that a model or a pipeline ends with, and the steps before it."""
    kind = type(model)
    steps = [model] if issubclass(kind, BulkModel) else list(getattr(model, "steps", {}).values())
    if isinstance(model, type) or not steps or not issubclass(type(steps[-1]), BulkModel):
        raise TypeError(
            f"{asked} takes a SoftmaxRegression, an AutoSoftmaxRegression or a pipeline that ends with one, "
            f"got {folded(model)}"
        )
    return steps[-1], steps[:-1]


def _classes(
    model: Any, known: list[Hashable], positions: list[int], by_class: list[float] | None, top: int
) -> list[ClassInspection]:
    names: list[Hashable] = model.features if top else []
    slots = np.arange(len(names) + 1, dtype=np.int32)
    B = model._weights_at(slots) if by_class is None else linear_weights(model, slots)
    step = max(1, CELLS // len(slots))
    found = []
    for start in range(0, len(positions), step):
        some = positions[start : start + step]
        for c, (rows, weights) in zip(some, _strongest(B[1:, some], top), strict=True):
            strongest = {names[i]: w for i, w in zip(rows.tolist(), weights.tolist(), strict=True) if w}
            n_samples = None if by_class is None else by_class[c]
            found.append(ClassInspection(known[c], n_samples, float(B[0, c]), strongest))
    return found


def _strongest(B: NDArray[np.float64], top: int) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Return the rows of the largest weights of each column, and the weights."""
    sizes, k = np.abs(B), min(top, len(B))
    best = np.argpartition(-sizes, k - 1, axis=0)[:k] if 0 < k < len(B) else np.tile(np.arange(k)[:, None], B.shape[1])
    best = np.sort(best, axis=0)  # the earlier feature first, among equals
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(sizes, best, 0), axis=0, kind="stable"), 0)
    return [(best[:, c], B[best[:, c], c]) for c in range(B.shape[1])]


def _changed(model: Any) -> dict[str, Any]:
    found = {}
    for name, parameter in inspect.signature(type(model)).parameters.items():
        value = getattr(model, name)
        if name == "loss":
            name, value, default = "class_weight", dict(value.class_weight), {}
        else:
            default = parameter.default
        if name != "optimizer" and value != default:
            found[name] = value if isinstance(value, str | int | float) else folded(written(value, repr))
    return found


def _optimizer(model: Any) -> dict[str, Any] | None:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    constants = {name: getattr(optimizer, name) for name in inspect.signature(type(optimizer)).parameters}
    return {
        "name": type(optimizer).__name__,
        "parameters": {
            name: value if isinstance(value, bool | int | float) else _part(value) for name, value in constants.items()
        },
    }


def _part(value: Any) -> Any:
    """Return a schedule or another part of an optimiser in words."""
    if type(value).__name__ == "Constant":
        return value.learning_rate
    parameters = inspect.signature(type(value)).parameters if hasattr(value, "get") else {}
    if parameters and all(hasattr(value, name) for name in parameters):
        return f"{type(value).__name__}({', '.join(f'{name}={getattr(value, name)!r}' for name in parameters)})"
    return folded(written(value, repr), 80)


def _count(n: int, what: str) -> str:
    plural = {"class": "classes"}.get(what, f"{what}s")
    return f"{n:,} {what if n == 1 else plural}"
