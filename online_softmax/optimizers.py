"""The door: river's optimisers and losses become the kernel's rules, or one sentence of refusal."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, NamedTuple

from river import optim

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
}

# Where each optimiser keeps what it has learned, by feature.
STATES = ("s", "g2", "s2", "m", "v", "v_hat", "u", "z", "n")


class Rule(NamedTuple):
    """What the kernel needs to know of an optimiser.

    Attributes
    ----------
    name
        The optimiser's class.
    constants
        Its constants, by name.
    lr, power
        eta_t = lr / (t + 1)^power.
    schedule
        The scheduler to ask for eta_t instead, or None.
    t
        The step count that a new class starts from.
    """

    name: str
    constants: dict[str, float]
    lr: float
    power: float
    schedule: Any
    t: int


def number(what: str, value: Any, least: float = -math.inf) -> float:
    """Return `value` as a float, or refuse it by name."""
    try:
        v = float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{what} must be a number, got {value!r}") from None
    if isinstance(value, str | bytes):
        raise TypeError(f"{what} must be a number, got {value!r}")
    if not (math.isfinite(v) and v >= least):
        wanted = "a finite number" if least == -math.inf else f"a finite number of at least {least:g}"
        raise ValueError(f"{what} must be {wanted}, got {value!r}")
    return v


def rule(optimizer: Any) -> Rule:
    """Return the kernel's rule for a river optimiser.

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
            f"optimizer {optimizer!r} cannot run here: use one of river.optim's {known}, "
            "or river.linear_model.SoftmaxRegression"
        )
    if any(getattr(optimizer, state, None) for state in STATES):
        raise ValueError(f"optimizer {kind.__name__} has been trained by another model: pass a fresh one")
    name = kind.__name__
    constants = {each: number(f"{name}'s {each}", getattr(optimizer, each)) for each in CONSTANTS[kind]}
    if kind in (optim.AdaDelta, optim.FTRLProximal):
        return Rule(name, constants, 0.0, 0.0, None, optimizer.n_iterations)
    lr, power, schedule = optimizer.lr, 0.0, None
    if type(lr) is optim.schedulers.Constant:
        lr = lr.learning_rate
    elif type(lr) is optim.schedulers.InverseScaling:
        lr, power = lr.learning_rate, number("InverseScaling's power", lr.power)
    elif isinstance(lr, optim.base.Scheduler):
        lr, schedule = getattr(optimizer, "base_lr", 0.0), lr
    return Rule(
        name, constants, number(f"{name}'s learning rate", lr, least=0), power, schedule, int(optimizer.n_iterations)
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
            f"loss {loss!r} cannot run here: use river.optim.losses.CrossEntropy, or river.linear_model.SoftmaxRegression"
        )
    return {label: number(f"the class weight of {label!r}", w, least=0) for label, w in loss.class_weight.items()}
