"""An optimiser becomes a rule for the kernel: its name, its constants, its learning rate and its clock."""

from __future__ import annotations

import pytest
from river import optim

from online_softmax import ImplicitAdaGrad, SoftmaxRegression
from online_softmax.models.optimizers import CONSTANTS, rule
from online_softmax.models.rule import DEFAULT, Rule


def test_the_default_is_rivers():
    assert rule(optim.SGD(0.01)) == DEFAULT == Rule("SGD", {}, 0.01)
    assert SoftmaxRegression().optimizer.lr.learning_rate == DEFAULT.lr


@pytest.mark.parametrize("kind", CONSTANTS, ids=lambda kind: kind.__name__)
def test_every_optimiser_has_its_constants(kind):
    optimizer = kind()
    found = rule(optimizer)
    assert found.name == kind.__name__
    assert found.constants == {name: float(getattr(optimizer, name)) for name in CONSTANTS[kind]}
    assert (found.power, found.schedule, found.t) == (0.0, None, 0)


def test_schedules_that_the_kernel_knows_are_two_numbers():
    found = rule(optim.Adam(optim.schedulers.InverseScaling(0.1, 0.7)))
    assert (found.lr, found.power, found.schedule) == (0.1, 0.7, None)
    assert rule(optim.SGD(optim.schedulers.Constant(0.3))).lr == 0.3
    assert rule(ImplicitAdaGrad(0.2)).lr == 0.2


def test_other_schedules_are_asked():
    schedule = optim.schedulers.Optimal(optim.losses.Hinge())
    assert rule(optim.SGD(schedule)).schedule is schedule


def test_the_clock_goes_on():
    optimizer = optim.SGD(0.1)
    optimizer.n_iterations = 7
    assert rule(optimizer).t == 7
