"""AutoSoftmaxRegression: a bank of experts mixed by their log loss, with nothing to tune."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from online_softmax._kernel.bank.auto import Auto
from online_softmax.checks import check_limits, check_reading
from online_softmax.models.attribution import of_linear_experts, of_mixture
from online_softmax.models.classifier import KernelClassifier
from online_softmax.models.explanation import Explanation, explanation
from online_softmax.models.saving import savable


@savable
class AutoSoftmaxRegression(Auto, KernelClassifier):
    """Softmax regression without anything to tune: no learning rate, no optimiser, no scaler.

    A bank of experts learns side by side from every sample and is mixed by how well each has predicted so far. Features
    may come raw, at any scale; features and classes may appear at any time; the stream may drift. A feature that a
    sample does not carry counts as 0, and giving that zero changes nothing.

    Parameters
    ----------
    interactions
        `"auto"` adds non-linear experts; most of them leave where more than 100 features come within the first 500
        samples. `True` insists on them, and refuses the sample that brings the 101st feature. `False` keeps to linear
        experts, and the answer is a mixture of softmax regressions. Beyond 100 features, it has with `"auto"` and
        `False` naive Bayes and one-vs-all experts, too, which see no interaction either.
    window
        How many samples the voting experts remember at most. They use min(window, max(256, 20000 / features)).
    max_features
        How many features to keep; None keeps all. When there are more, the least valuable eighth makes room: those
        with the smallest (samples) x (spread of the weights among the classes)^2 / sqrt(1 + samples since the last
        one). `n_evicted` counts them; one that comes back starts anew.
    hash_bits
        Hash names into 2^hash_bits buckets, 1 to 30, which are the features then: a bucket's value is the sum of its
        names'. The hash is the same in every process and on every machine. None keeps names as they are.
    categorical
        Whether values may be strings: "green" for `colour` is the feature `colour=green` with the value 1, as in files
        that know their types; "?" and "1.5" are strings, too. If not, a string is refused.
    missing
        What becomes of a gap, which is None, NaN, NaT or pandas.NA. "raise" refuses it. "zero" takes it for the number
        0, and a gap among strings for no feature. "indicate" does the same, and adds the feature `colour=` with the
        value 1, as an empty string is. In both, a feature gets its place with its first value other than 0.

    Notes
    -----
    `docs/auto.md` has every formula, constant and source.

    Time a sample grows with (features of the sample) x (classes), memory with (features) x (classes). The experts for
    at most 100 features, the trees and the memory of samples add a bounded part, which grows with use: some 4 MB at
    most for up to ten classes. On any stream, log loss exceeds that of the best of n experts by at most ln n + ln 4
    nats in total and some 0.003 nats a sample. The same stream gives the same bits, one by one and in bulk.

    Each method may be called from any thread: predictions go side by side, and a call that learns is alone.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics
    >>> from online_softmax import AutoSoftmaxRegression
    >>> model = AutoSoftmaxRegression()
    >>> evaluate.progressive_val_score(datasets.ImageSegments(), model, metrics.CrossEntropy())
    CrossEntropy: 0.116

    Records as they come:

    >>> model = AutoSoftmaxRegression(categorical=True, missing="zero")
    >>> model.learn_one({"job": "admin", "age": 31}, "yes")
    >>> model.learn_one({"job": "nurse", "age": None}, "no")
    >>> model.features
    ['age', 'job=admin', 'job=nurse']
    """

    def __init__(
        self,
        *,
        interactions: bool | str = "auto",
        window: int = 1000,
        max_features: int | None = None,
        hash_bits: int | None = None,
        categorical: bool = False,
        missing: str = "raise",
    ) -> None:
        if not (isinstance(interactions, bool) or interactions == "auto"):
            raise ValueError(f"interactions must be 'auto', True or False, got {interactions!r}")
        if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= 1_000_000:
            raise ValueError(f"window must be an int from 1 to 1,000,000, got {window!r}")
        check_limits(max_features, hash_bits)
        check_reading(categorical, missing)
        self._configure(interactions, window, max_features, hash_bits, categorical, missing)

    def explain_one(self, x: Mapping[Any, Any], *, of: str = "whole", permutations: int | None = None) -> Explanation:
        """Return each class's score of a sample as a sum of contributions by feature.

        `docs/auto.md` has the formulas. A feature that is mostly there counts from its running mean, any other from 0;
        one that is mostly there and that `x` does not carry counts, too, with the value None. A feature that the model
        does not know contributes 0. With `hash_bits`, contributions are of the names in `x`, whose buckets they share.
        The model is not changed, and the answer is the same each time. For a pipeline there is the function
        `online_softmax.explain_one`.

        Parameters
        ----------
        x
            The features, as for `predict_proba_one`.
        of
            "whole": ln p of the whole mixture, by Shapley values. "linear": the scores of its linear part, the mean of
            the linear experts' by their `expert_weights`; the probabilities are those of that part alone then.
        permutations
            The permutations for the Shapley values of more than 10 features, an even number; up to 10 features they are
            exact. None takes as many as need some 3,200 predictions, and 2 at least; the time grows with the square of
            the features then, to a second for 2,000.

        Returns
        -------
        An `Explanation`. Before the first sample, it has no classes.

        Examples
        --------
        >>> from online_softmax import AutoSoftmaxRegression
        >>> from river import datasets
        >>> model = AutoSoftmaxRegression()
        >>> for x, y in datasets.Phishing():
        ...     model.learn_one(x, y)
        >>> model.explain_one(x)
        False 99.2%, True 0.8%
        <BLANKLINE>
        feature                    value     False      True
        empty_server_form_handler      1    +0.908     -2.84
        request_from_other_domain      1    +0.506    -0.486
        ...
        """
        if of not in ("whole", "linear"):
            raise ValueError(f"of must be 'whole' or 'linear', got {of!r}")
        if permutations is not None and (
            isinstance(permutations, bool) or not isinstance(permutations, int) or permutations < 2 or permutations % 2
        ):
            raise ValueError(f"permutations must be None or an even int of at least 2, got {permutations!r}")
        return explanation(of, of_linear_experts(self, x) if of == "linear" else of_mixture(self, x, permutations))
