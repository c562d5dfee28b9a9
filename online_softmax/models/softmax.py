"""SoftmaxRegression: river's interface over the compiled kernel."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from online_softmax._kernel.softmax.softmax import Softmax
from online_softmax.checks import check_limits, check_reading, finite
from online_softmax.models.attribution import of_softmax
from online_softmax.models.classifier import KernelClassifier
from online_softmax.models.explanation import Explanation, explanation
from online_softmax.models.rule import DEFAULT
from online_softmax.models.saving import savable

if TYPE_CHECKING:
    from narwhals.stable.v2.typing import IntoDataFrame, IntoSeries
    from river import linear_model, optim


@savable
class SoftmaxRegression(Softmax, KernelClassifier):
    r"""Softmax regression, learned one sample at a time.

    For the classes 1 .. C with weight vectors :math:`\beta_j`, the columns of B, and a sample (x, y):

    .. math:: z = xB, \quad p = \mathrm{softmax}(z), \quad \mathrm{loss} = -\ln p_y, \quad
        g = p - e_y, \quad \beta_j \leftarrow \beta_j - \eta \, x \, g_j

    or, in place of the last, the step of another optimiser with the gradient :math:`x g_j`. With two classes this is
    logistic regression. A drop-in for `river.linear_model.SoftmaxRegression`, with the same numbers, compiled.

    Features and classes may appear at any time; a feature that a sample does not carry counts as 0. A call that
    fails changes nothing.

    Parameters
    ----------
    optimizer
        One of `river.optim`'s SGD, Momentum, NesterovMomentum, AdaGrad, AdaDelta, RMSProp, Adam, AMSGrad, AdaMax,
        Nadam, AdaBound and FTRLProximal, with any scheduler, or `ImplicitSGD` or `ImplicitAdaGrad`. `SGD(0.01)` by
        default. It serves as a template and is not stepped itself; each class counts its own steps, from the sample
        in which it first appears.
    loss
        `river.optim.losses.CrossEntropy`, with or without `class_weight`: a class's weight multiplies its row of the
        gradient on every sample.
    l2
        Adds `l2 * weight` to the gradient of each feature that the sample carries.
    intercept
        Whether each class has an intercept: the weight of a constant feature 1, under the same optimiser and l2.
    clip_gradient
        Bounds each class's gradient of the loss in its score, `w * (p_j - [y = j])`, to this absolute value.
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
    Time a sample grows with (features of the sample) x (classes); memory with (features seen) x (classes) x
    (1 + states of the optimiser) doubles.

    Each method may be called from any thread: predictions go side by side, and a call that learns is alone.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics, preprocessing
    >>> from online_softmax import SoftmaxRegression

    >>> model = preprocessing.StandardScaler() | SoftmaxRegression()
    >>> evaluate.progressive_val_score(datasets.ImageSegments(), model, metrics.MacroF1())
    MacroF1: 81.88%

    Records as they come:

    >>> model = SoftmaxRegression(categorical=True, missing="zero")
    >>> model.learn_one({"job": "admin", "age": 31}, "yes")
    >>> model.learn_one({"job": "nurse", "age": None}, "no")
    >>> model.features
    ['job=admin', 'age', 'job=nurse']

    References
    ----------
    - Böhning, D., 1992. Multinomial logistic regression algorithm. Annals of the Institute of Statistical
      Mathematics, 44, 197-200. https://doi.org/10.1007/BF00048682
    """

    def __init__(
        self,
        optimizer: optim.base.Optimizer | None = None,
        loss: optim.losses.MultiClassLoss | None = None,
        l2: float = 0.0,
        *,
        intercept: bool = False,
        clip_gradient: float | None = None,
        max_features: int | None = None,
        hash_bits: int | None = None,
        categorical: bool = False,
        missing: str = "raise",
    ) -> None:
        if clip_gradient is not None:
            finite("clip_gradient", clip_gradient, least=0)
        finite("l2", l2, least=0)
        check_limits(max_features, hash_bits)
        check_reading(categorical, missing)
        if not isinstance(intercept, bool):
            raise TypeError(f"intercept must be True or False, got {intercept!r}")
        rule = DEFAULT
        weights: dict[Hashable, float] = {}
        if optimizer is not None or loss is not None:
            from online_softmax.models import (
                optimizers,  # not above: river.optim takes as long to import as all the rest
            )

            rule = rule if optimizer is None else optimizers.rule(optimizer)
            weights = weights if loss is None else optimizers.class_weights(loss)
        if rule.name.startswith("Implicit") and (clip_gradient is not None or weights):
            raise ValueError(f"{rule.name} takes no clip_gradient and no class weights: weigh samples by w")
        self._configure(
            optimizer, loss, l2, intercept, clip_gradient, max_features, hash_bits, categorical, missing, rule, weights
        )

    @property
    def weights(self) -> dict[Hashable, dict[Hashable, float]]:
        """A snapshot of the weights, {label: {feature: weight}}."""
        state = self._state()
        return {
            label: dict(zip(state["names"], state["B"][1:, 0, c].tolist(), strict=True))
            for c, label in enumerate(state["labels"])
        }

    @property
    def intercepts(self) -> dict[Hashable, float]:
        """A snapshot of the intercepts, {label: weight}; all 0 without `intercept=True`."""
        state = self._state()
        return dict(zip(state["labels"], state["B"][0, 0].tolist(), strict=True))

    def explain_one(self, x: Mapping[Any, Any]) -> Explanation:
        """Return each class's score of a sample as a sum of contributions: of feature j, x_j times its weight.

        A feature that the model does not know contributes 0. With `hash_bits`, contributions are of the names in `x`,
        each with the weight of its bucket. The model is not changed. For a pipeline there is the function
        `online_softmax.explain_one`.

        Parameters
        ----------
        x
            The features, as for `predict_proba_one`.

        Returns
        -------
        An `Explanation`. Before the first sample, it has no classes.

        Raises
        ------
        OverflowError
            If a score leaves the range of doubles.

        Examples
        --------
        >>> from online_softmax import SoftmaxRegression
        >>> model = SoftmaxRegression(categorical=True)
        >>> model.learn_one({"job": "nurse", "age": 31.0}, "yes")
        >>> model.learn_one({"job": "cook", "age": 42.0}, "no")
        >>> model.explain_one({"job": "cook", "age": 35.0}).contributions["no"]
        {'job=cook': 0.01, 'age': 14.7}
        """
        return explanation("linear", of_softmax(self, x))

    def learn_batch(self, X: IntoDataFrame, y: IntoSeries, w: float | IntoSeries = 1.0) -> None:
        r"""Take one step with the mean gradient of a batch.

        .. math:: G = X^T (\mathrm{softmax}(XB) - Y) / n, \quad B \leftarrow B - \eta G

        This is gradient descent as textbooks write it, under `SGD`; the other optimisers take the mean gradient G in
        the same place, as if it had come from one sample. The batch's labels are known before the step, so that a new
        class takes part in the softmax with score 0. `learn_many` is the method that equals `learn_one` row by row.

        Parameters
        ----------
        X
            A pandas, polars or pyarrow frame, one column a feature.
        y
            The labels, a series of the same length.
        w
            The samples' weights, one number or a series; each multiplies its sample's part of the gradient.
        """
        self._learn_batch(self._rows(X, y, w))

    def to_river(self) -> linear_model.SoftmaxRegression:
        """Return a `river.linear_model.SoftmaxRegression` that has learned the same, and goes on learning the same.

        The optimiser's state goes along; this model stays as it is. `online_softmax.from_river` is the way back.

        Raises
        ------
        ValueError
            If the model has a parameter or an optimiser that river has not: `intercept`, `ImplicitSGD`, ..

        Examples
        --------
        >>> from online_softmax import SoftmaxRegression
        >>> model = SoftmaxRegression()
        >>> model.learn_one({"a": 1.0}, "yes")
        >>> model.to_river().predict_proba_one({"a": 1.0})
        {'yes': 1.0}
        """
        from online_softmax.models import river_state  # not above: river.linear_model imports SciPy

        return river_state.filled(self)
