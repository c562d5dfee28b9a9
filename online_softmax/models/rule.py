"""Update rules: what the kernel needs to know of an optimiser."""

from __future__ import annotations

from typing import Any, NamedTuple


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
    power: float = 0.0
    schedule: Any = None
    t: int = 0


# river's default for softmax regression, `optim.SGD(0.01)`.
DEFAULT = Rule("SGD", {}, 0.01)
