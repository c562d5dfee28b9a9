"""The door: optimisers and losses, river's and ours, become the kernel's rules, or one sentence of refusal."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from river import optim

from online_softmax.checks import finite
from online_softmax.models.rule import Rule


class _Implicit(optim.base.Optimizer):
    """An optimiser whose step needs the whole sample; only the kernel can take it."""

    def _step_with_dict(self, w: Any, g: Any) -> Any:
        raise TypeError(f"{type(self).__name__} steps a whole sample at once: only SoftmaxRegression can run it")


class ImplicitSGD(_Implicit):
    r"""Implicit (proximal) stochastic gradient descent for softmax cross entropy.

    The step goes along the gradient of the sample's loss, but only as far as the loss at the *new* weights asks for:

    .. math:: B \leftarrow B - f \, r \, g^T, \quad r = \eta x, \quad g = p - e_y, \quad f \in (0, 1]

    In the reduction of y against the rest, with

    .. math:: \rho = 1 - p_y, \quad s = r^T x, \quad a = \sum_c g_c^2 / \rho, \quad m = \ln(p_y / \rho), \quad
        A = a s / \rho,

    the new margin u solves :math:`u + A \sigma(u) = m + A` on :math:`[m, m + a s]`, and :math:`f = (u - m) / (a s)`.
    No learning rate and no sample weight can overshoot. l2 shrinks the sample's weights by
    :math:`1 / (1 + \eta \, l2)`.

    Parameters
    ----------
    lr
        The learning rate :math:`\eta`, a number or a scheduler.

    Examples
    --------
    >>> from online_softmax import ImplicitSGD, SoftmaxRegression
    >>> model = SoftmaxRegression(ImplicitSGD(1e6))
    >>> for x, y in [({"a": 1.0}, "yes"), ({"a": -1.0}, "no")]:
    ...     model.learn_one(x, y)
    >>> model.loss_one({"a": -1.0}, "no") < 1e-3
    True

    References
    ----------
    - Kulis, B. and Bartlett, P., 2010. Implicit online learning. ICML. https://icml.cc/Conferences/2010/papers/429.pdf
    - Toulis, P. and Airoldi, E., 2017. Asymptotic and finite-sample properties of estimators based on stochastic
      gradients. Annals of Statistics, 45(4). https://doi.org/10.1214/16-AOS1506
    """

    def __init__(self, lr: float | optim.base.Scheduler = 0.1) -> None:
        super().__init__(lr)


class ImplicitAdaGrad(_Implicit):
    r"""`ImplicitSGD` with one AdaGrad accumulator a feature, shared by all classes.

    .. math:: G_i \leftarrow G_i + x_i^2 \sum_c g_c^2, \quad r_i = \eta \, x_i / \sqrt{G_i + 10^{-8}}

    Parameters
    ----------
    lr
        The learning rate :math:`\eta`, a number or a scheduler.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics, preprocessing
    >>> from online_softmax import ImplicitAdaGrad, SoftmaxRegression
    >>> model = preprocessing.StandardScaler() | SoftmaxRegression(ImplicitAdaGrad())
    >>> evaluate.progressive_val_score(datasets.ImageSegments(), model, metrics.CrossEntropy()).get() < 0.68
    True

    References
    ----------
    - Duchi, J., Hazan, E. and Singer, Y., 2011. Adaptive subgradient methods for online learning and stochastic
      optimization. JMLR, 12, 2121-2159. https://jmlr.org/papers/v12/duchi11a.html
    """

    def __init__(self, lr: float | optim.base.Scheduler = 0.3) -> None:
        super().__init__(lr)


# The constants of each supported optimiser; eta comes from its schedule.
CONSTANTS: dict[type, tuple[str, ...]] = {
    optim.SGD: (),
    optim.Momentum: ("rho",),
    optim.NesterovMomentum: ("rho",),
    optim.AdaGrad: ("eps",),
    optim.AdaDelta: ("rho", "eps"),
    optim.RMSProp: ("rho", "eps"),
    optim.Adam: ("beta_1", "beta_2", "eps"),
    optim.AMSGrad: ("beta_1", "beta_2", "eps", "correct_bias"),
    optim.AdaMax: ("beta_1", "beta_2", "eps"),
    optim.Nadam: ("beta_1", "beta_2", "eps"),
    optim.AdaBound: ("beta_1", "beta_2", "eps", "gamma", "final_lr"),
    optim.FTRLProximal: ("alpha", "beta", "l1", "l2"),
    ImplicitSGD: (),
    ImplicitAdaGrad: (),
}

# Where each of river's keeps what it has learned, by feature: in the order of the kernel's states.
STATES: dict[type, tuple[str, ...]] = {
    optim.SGD: (),
    optim.Momentum: ("s",),
    optim.NesterovMomentum: ("s",),
    optim.AdaGrad: ("g2",),
    optim.AdaDelta: ("g2", "s2"),
    optim.RMSProp: ("g2",),
    optim.Adam: ("m", "v"),
    optim.AMSGrad: ("m", "v", "v_hat"),
    optim.AdaMax: ("m", "u"),
    optim.Nadam: ("m", "v"),
    optim.AdaBound: ("m", "v"),
    optim.FTRLProximal: ("z", "n"),
}


def rule(optimizer: Any) -> Rule:
    """Return the kernel's rule for an optimiser.

    Examples
    --------
    >>> from river import optim
    >>> rule(optim.Momentum(0.1)).constants
    {'rho': 0.9}

    Raises
    ------
    TypeError, ValueError
        If the optimiser is none that the kernel runs, or carries what another model has learned.
    """
    kind = type(optimizer)
    if kind not in CONSTANTS:
        known = ", ".join(each.__name__ for each in CONSTANTS)
        raise TypeError(
            f"optimizer {optimizer!r} cannot run here: use one of {known}, or river.linear_model.SoftmaxRegression"
        )
    if any(getattr(optimizer, state) for state in STATES.get(kind, ())):
        raise ValueError(f"optimizer {kind.__name__} has been trained by another model: pass a fresh one")
    name = kind.__name__
    constants = {each: finite(f"{name}'s {each}", getattr(optimizer, each)) for each in CONSTANTS[kind]}
    if kind in (optim.AdaDelta, optim.FTRLProximal):
        return Rule(name, constants, 0.0, 0.0, None, optimizer.n_iterations)
    lr: Any = optimizer.lr
    power, schedule = 0.0, None
    if type(lr) is optim.schedulers.Constant:
        lr = lr.learning_rate
    elif type(lr) is optim.schedulers.InverseScaling:
        lr, power = lr.learning_rate, finite("InverseScaling's power", lr.power)
    elif callable(getattr(lr, "get", None)):
        lr, schedule = getattr(optimizer, "base_lr", 0.0), lr
    return Rule(
        name, constants, finite(f"{name}'s learning rate", lr, least=0), power, schedule, int(optimizer.n_iterations)
    )


def class_weights(loss: Any) -> dict[Hashable, float]:
    """Return the class weights of river's cross entropy.

    Raises
    ------
    TypeError, ValueError
        If the loss is any other, or a weight is not a finite number of at least 0.
    """
    if type(loss) is not optim.losses.CrossEntropy:
        raise TypeError(
            f"loss {loss!r} cannot run here: use river.optim.losses.CrossEntropy, "
            "or river.linear_model.SoftmaxRegression"
        )
    return {label: finite(f"the class weight of {label!r}", w, least=0) for label, w in loss.class_weight.items()}
