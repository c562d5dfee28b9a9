"""An optimiser becomes a rule for the kernel: its name, its constants, its learning rate and its clock."""

from __future__ import annotations

import math
import re

import pytest
from river import linear_model, optim

from online_softmax import ImplicitAdaGrad, ImplicitSGD, SoftmaxRegression
from online_softmax.models.optimizers import CONSTANTS, class_weights, rule
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


class Halving:
    """A schedule that is none of river's."""

    def get(self, t):
        return 0.5**t


@pytest.mark.parametrize(
    "schedule", [optim.schedulers.Optimal(optim.losses.Hinge()), Halving()], ids=["river's", "own"]
)
def test_other_schedules_are_asked(schedule):
    assert rule(optim.SGD(schedule)) == Rule("SGD", {}, 0.0, 0.0, schedule, 0)
    bounded = optim.AdaBound(schedule)
    found = rule(bounded)
    assert (found.lr, found.schedule) == (bounded.base_lr, schedule)  # its bounds go by the first rate


@pytest.mark.parametrize("kind", [optim.SGD, optim.AdaDelta, optim.FTRLProximal, ImplicitSGD])
def test_the_clock_goes_on(kind):
    optimizer = kind()
    optimizer.n_iterations = 7
    assert rule(optimizer).t == 7


def test_optimisers_without_a_rate_have_none():
    constants = {"alpha": 0.1, "beta": 2.0, "l1": 0.5, "l2": 3.0}
    assert rule(optim.FTRLProximal(**constants)) == Rule("FTRLProximal", constants, 0.0, 0.0, None, 0)
    assert rule(optim.AdaDelta(0.9, 1e-7)) == Rule("AdaDelta", {"rho": 0.9, "eps": 1e-7}, 0.0, 0.0, None, 0)


def test_implicit_steps_have_rates_of_their_own():
    assert (rule(ImplicitSGD()).lr, rule(ImplicitAdaGrad()).lr) == (0.1, 0.3)


def test_a_rate_of_nothing_is_one():
    assert rule(optim.SGD(0)).lr == 0.0
    assert class_weights(optim.losses.CrossEntropy({"red": 0})) == {"red": 0.0}


def trained():
    optimizer = optim.AMSGrad()
    optimizer.step({"a": 1.0}, {"a": 0.5})
    return optimizer


@pytest.mark.parametrize(
    ("optimizer", "error", "said"),
    [
        (
            "SGD",
            TypeError,
            "optimizer 'SGD' cannot run here: use one of SGD, Momentum, NesterovMomentum, AdaGrad, AdaDelta, RMSProp, "
            "Adam, AMSGrad, AdaMax, Nadam, AdaBound, FTRLProximal, ImplicitSGD, ImplicitAdaGrad, or "
            "river.linear_model.SoftmaxRegression",
        ),
        (trained(), ValueError, "optimizer AMSGrad has been trained by another model: pass a fresh one"),
        (optim.SGD(-0.1), ValueError, "SGD's learning rate must be a finite number of at least 0, got -0.1"),
        (optim.Adam(beta_1=math.nan), ValueError, "Adam's beta_1 must be a finite number, got nan"),
        (
            optim.SGD(optim.schedulers.InverseScaling(0.1, math.inf)),
            ValueError,
            "InverseScaling's power must be a finite number, got inf",
        ),
    ],
    ids=["unknown", "trained", "negative", "constant", "power"],
)
def test_what_is_no_rule_is_refused_in_a_sentence(optimizer, error, said):
    with pytest.raises(error, match=f"^{re.escape(said)}$"):
        rule(optimizer)


@pytest.mark.parametrize(
    ("loss", "error", "said"),
    [
        (
            "log",
            TypeError,
            "loss 'log' cannot run here: use river.optim.losses.CrossEntropy, or river.linear_model.SoftmaxRegression",
        ),
        (
            optim.losses.CrossEntropy({"red": -1}),
            ValueError,
            "the class weight of 'red' must be a finite number of at least 0, got -1",
        ),
    ],
    ids=["unknown", "negative"],
)
def test_what_has_no_class_weights_is_refused_in_a_sentence(loss, error, said):
    with pytest.raises(error, match=f"^{re.escape(said)}$"):
        class_weights(loss)


@pytest.mark.parametrize("kind", [ImplicitSGD, ImplicitAdaGrad])
def test_a_model_of_rivers_cannot_run_an_implicit_step(kind):
    model = linear_model.SoftmaxRegression(kind())
    said = f"{kind.__name__} steps a whole sample at once: only SoftmaxRegression can run it"
    with pytest.raises(TypeError, match=f"^{said}$"):
        model.learn_one({"a": 1.0}, "yes")
