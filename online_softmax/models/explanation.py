"""Explanations: why a model gives a sample the probabilities that it gives."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from online_softmax.models.attribution import Attribution
from online_softmax.models.inspection import inner_model
from online_softmax.models.table import Table, box, paragraph
from online_softmax.texts import folded, plain

MOST_FEATURES = 10  # of a table
MOST_CLASSES = 4


@dataclass(frozen=True, repr=False)
class Explanation:
    """Each class's score of one sample as a sum: what the class starts from, and what each feature adds to it.

    A score is `math.fsum` of the class's base and its contributions, to the last bit and in any order.

    Attributes
    ----------
    of
        What the scores are. "linear": z of a softmax regression, so that the probabilities are softmax(z). "whole":
        ln p, so that the probabilities are exp(score). Either way up to rounding.
    probabilities
        The probability of each class, {label: probability}, in the order of the model's classes.
    base
        What each class's score is without the features: its intercept; of "whole", ln p where every feature is at its
        centre.
    contributions
        What each feature adds, {label: {feature: contribution}}. A feature that the model does not know adds 0.
    values
        The value of each feature, {feature: value}. It is the caller's own, before any scaler; None for a feature that
        counts although the sample does not carry it.

    Examples
    --------
    >>> import math
    >>> from online_softmax import SoftmaxRegression
    >>> model = SoftmaxRegression(intercept=True)
    >>> for x, y in [({"sun": 1.0}, "dry"), ({"sun": 0.2, "wind": 3.0}, "wet")]:
    ...     model.learn_one(x, y)
    >>> explanation = model.explain_one({"sun": 0.9, "wind": 1.0})
    >>> explanation
    wet 51.6%, dry 48.4%
    <BLANKLINE>
    feature  value      wet      dry
    wind         1    +0.03    -0.03
    sun        0.9  +0.0018  +0.0072
    base              +0.01       +0
    score           +0.0418  -0.0228
    >>> wet = explanation.contributions["wet"]
    >>> explanation.scores["wet"] == math.fsum([explanation.base["wet"], wet["sun"], wet["wind"]])
    True
    """

    of: str
    probabilities: dict[Hashable, float]
    base: dict[Hashable, float]
    contributions: dict[Hashable, dict[Hashable, float]]
    values: dict[Hashable, Any]

    @property
    def prediction(self) -> Hashable:
        """The most probable label, the earliest seen among equals; None where the model has learned no class."""
        return max(self.probabilities, key=self.probabilities.__getitem__, default=None)

    @property
    def scores(self) -> dict[Hashable, float]:
        """The score of each class: `math.fsum` of its base and its contributions."""
        return {label: math.fsum([self.base[label], *terms.values()]) for label, terms in self.contributions.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON's own kinds: names and labels, which may be of any type, stand in lists.

        Examples
        --------
        >>> from online_softmax import SoftmaxRegression
        >>> model = SoftmaxRegression()
        >>> model.learn_one({"a": 1.0}, 7)
        >>> model.explain_one({"a": 2.0}).to_dict()
        {'of': 'linear', 'prediction': 7, 'features': [{'feature': 'a', 'value': 2.0}],
         'classes': [{'label': 7, 'probability': 1.0, 'score': 0.0, 'base': 0.0, 'contributions': [0.0]}]}
        """
        scores = self.scores
        return {
            "of": self.of,
            "prediction": plain(self.prediction),
            "features": [{"feature": plain(name), "value": plain(value)} for name, value in self.values.items()],
            "classes": [
                {
                    "label": plain(label),
                    "probability": p,
                    "score": scores[label],
                    "base": self.base[label],
                    "contributions": [self.contributions[label][name] for name in self.values],
                }
                for label, p in self.probabilities.items()
            ],
        }

    def __repr__(self) -> str:
        if not self.probabilities:
            return "the model has learned no class yet"
        return f"{self._first_line()}\n\n{self._table()}"

    def _repr_html_(self) -> str:
        """Return the table as HTML, for a notebook: small, static, and escaped."""
        if not self.probabilities:
            return box(paragraph("the model has learned no class yet"))
        return box(paragraph(self._first_line()), self._table().to_html())

    def _shown(self) -> list[Hashable]:
        return sorted(self.probabilities, key=lambda label: -self.probabilities[label])[:MOST_CLASSES]

    def _first_line(self) -> str:
        shown = self._shown()
        said = ", ".join(f"{folded(label)} {self.probabilities[label]:.1%}" for label in shown)
        more = len(self.probabilities) - len(shown)
        return f"{said}, and {more:,} more class{'es' * (more > 1)}" if more else said

    def _table(self) -> Table:
        shown, terms, scores = self._shown(), self.contributions, self.scores
        first = terms[shown[0]]
        names = sorted(first, key=lambda name: -abs(first[name]))
        kept = names if len(names) <= MOST_FEATURES + 1 else names[:MOST_FEATURES]
        rows = [
            [folded(name), _value(self.values[name]), *(_signed(terms[label][name]) for label in shown)]
            for name in kept
        ]
        if rest := names[len(kept) :]:
            sums = (math.fsum(terms[label][name] for name in rest) for label in shown)
            rows.append([f"and {len(rest):,} more", "", *map(_signed, sums)])
        rows.append(["base", "", *(_signed(self.base[label]) for label in shown)])
        rows.append(["score" if self.of == "linear" else "ln p", "", *(_signed(scores[label]) for label in shown)])
        return Table(["feature", "value", *map(folded, shown)], rows)


def explain_one(model: Any, x: Mapping[Any, Any], **keywords: Any) -> Explanation:
    """Return why a model, or a pipeline that ends with one, gives a sample the probabilities that it gives.

    Of a pipeline, the sample goes through its other steps first, which learn nothing from it. The contributions are of
    the features that reach the model, by the names that they have there; the values shown are those of `x`, where `x`
    has the name.

    Parameters
    ----------
    model
        A `SoftmaxRegression`, an `AutoSoftmaxRegression`, or a river pipeline of transformers and one of them.
    x
        The features, as for `predict_proba_one`.
    keywords
        Those of the model's own `explain_one`.

    Examples
    --------
    >>> from online_softmax import SoftmaxRegression, explain_one
    >>> from river import datasets, preprocessing
    >>> model = preprocessing.StandardScaler() | SoftmaxRegression()
    >>> for x, y in datasets.Phishing():
    ...     model.learn_one(x, y)
    >>> explain_one(model, x)
    False 92.2%, True 7.8%
    <BLANKLINE>
    feature                    value     False      True
    empty_server_form_handler      1    +0.571    -0.571
    https                          1    +0.413    -0.413
    ...

    Raises
    ------
    TypeError
        If there is no such model, or x is refused as `predict_proba_one` would.
    """
    inner, steps = inner_model(model, "explain_one")
    given = x
    for step in steps:
        if not hasattr(step, "transform_one"):
            raise TypeError(f"explain_one cannot see through the step {folded(step)}: it has no transform_one")
        x = step.transform_one(x)
    found: Explanation = inner.explain_one(x, **keywords)
    if given is x:
        return found
    values = {name: value if value is None else given.get(name, value) for name, value in found.values.items()}
    return Explanation(found.of, found.probabilities, found.base, found.contributions, values)


def explanation(of: str, found: Attribution) -> Explanation:
    """Return an attribution under the names of features and classes.

    Raises
    ------
    OverflowError
        If a term or a score leaves the range of doubles.
    """
    labels, names = found.labels, found.names
    made = Explanation(
        of,
        dict(zip(labels, found.p.tolist(), strict=True)),
        dict(zip(labels, found.base.tolist(), strict=True)),
        {
            label: dict(zip(names, terms, strict=True))
            for label, terms in zip(labels, found.terms.T.tolist(), strict=True)
        },
        dict(zip(names, found.values, strict=True)),
    )
    try:
        finite = all(map(math.isfinite, made.scores.values()))
    except (OverflowError, ValueError):  # an infinity on the way, or two of them
        finite = False
    if not finite:
        raise OverflowError("the scores of this sample leave the range of doubles: scale the features")
    return made


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, int | float) and abs(value) < 1e300 else folded(value, 20)


def _signed(term: float) -> str:
    return f"{term:+.3g}"
