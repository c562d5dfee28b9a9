"""What the tests share: the models under contract, every native optimiser, and the kinds of frame."""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import settings
from river import optim

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, ImplicitSGD, SoftmaxRegression

settings.register_profile("house", max_examples=40, deadline=None, derandomize=True, database=None)
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """Keep the collector from looking at thousands of tests, over and over."""
    gc.collect()
    gc.freeze()


OPTIMIZERS: dict[str, Callable[[], optim.base.Optimizer]] = {
    "SGD": partial(optim.SGD, 0.1),
    "Momentum": optim.Momentum,
    "NesterovMomentum": optim.NesterovMomentum,
    "AdaGrad": optim.AdaGrad,
    "AdaDelta": optim.AdaDelta,
    "RMSProp": optim.RMSProp,
    "Adam": optim.Adam,
    "AMSGrad": optim.AMSGrad,
    "AMSGrad, uncorrected": partial(optim.AMSGrad, correct_bias=False),
    "AdaMax": optim.AdaMax,
    "Nadam": optim.Nadam,
    "AdaBound": optim.AdaBound,
    "FTRLProximal": optim.FTRLProximal,
    "FTRLProximal, l1": partial(optim.FTRLProximal, l1=0.3),
}


def softmax_with(make_optimizer: Callable[[], optim.base.Optimizer], **parameters: Any) -> SoftmaxRegression:
    return SoftmaxRegression(make_optimizer(), **parameters)


# The contract binds to every model here: a new one takes one line.
MODELS: dict[str, Callable[[], Any]] = {
    "SoftmaxRegression": SoftmaxRegression,
    **{f"SoftmaxRegression({name})": partial(softmax_with, make) for name, make in OPTIMIZERS.items()},
    "SoftmaxRegression(ImplicitSGD)": lambda: SoftmaxRegression(ImplicitSGD(0.1)),
    "SoftmaxRegression(ImplicitAdaGrad)": lambda: SoftmaxRegression(ImplicitAdaGrad(0.3)),
    "AutoSoftmaxRegression": AutoSoftmaxRegression,
    "AutoSoftmaxRegression, linear": partial(AutoSoftmaxRegression, interactions=False),
    "SoftmaxRegression, every option": lambda: SoftmaxRegression(
        optim.Adam(optim.schedulers.InverseScaling(0.1)),
        optim.losses.CrossEntropy({"red": 2.0}),
        0.01,
        intercept=True,
        clip_gradient=0.75,
    ),
}


@pytest.fixture(scope="session", params=OPTIMIZERS)
def make_optimizer(request: pytest.FixtureRequest) -> Callable[[], optim.base.Optimizer]:
    """Make a native optimiser: each test runs once for every one of them."""
    return OPTIMIZERS[request.param]


@pytest.fixture(scope="session", params=MODELS)
def make_model(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """Make a fresh model: each test runs once for every model under contract."""
    return MODELS[request.param]


def everything_learned(model: Any) -> dict[str, Any]:
    """Give all that a model has learned, so that == compares it to the last bit."""
    state = model.__getstate__()["learned"]
    return {name: value.tobytes() if isinstance(value, np.ndarray) else value for name, value in state.items()}


def has_finite_numbers(model: Any) -> bool:
    """Whether every number that a model has learned is finite."""
    numbers = [value for value in model.__getstate__()["learned"].values() if isinstance(value, np.ndarray | float)]
    return all(np.isfinite(value).all() for value in numbers)


@pytest.fixture(scope="session")
def learned() -> Callable[[Any], dict[str, Any]]:
    """Give the function that shows all that a model has learned."""
    return everything_learned


@pytest.fixture(scope="session")
def is_finite() -> Callable[[Any], bool]:
    """Give the function that says whether a model is free of infinities and NaN."""
    return has_finite_numbers


class Moody:
    """A name or label whose hash fails once, `patience` calls from now."""

    patience = 0

    def __hash__(self) -> int:
        self.patience -= 1
        if self.patience == 0:
            raise ZeroDivisionError("foreign")
        return 7


@pytest.fixture
def moody() -> Moody:
    """Give a name or label that can be told to fail."""
    return Moody()


def figures_of(result: Any, *less: str) -> dict[str, Any]:
    """Give what a validation found, but for the times, the memory and what else is named."""
    less = ("seconds", "microseconds_per_row", "memory", *less)
    content = result if isinstance(result, dict) else result.to_dict()
    content = {name: value for name, value in content.items() if name not in less}
    return content | {"rows": [{**row, "seconds": None} for row in content["rows"]]}


@pytest.fixture(scope="session")
def figures() -> Callable[..., dict[str, Any]]:
    """Give the function that shows all that a validation found, so that == compares it to the last bit."""
    return figures_of


@dataclass(frozen=True)
class Backend:
    """A kind of data frame: how to make one, and how to read one back."""

    frame: Callable[[dict[Any, list[Any]]], Any]
    series: Callable[[list[Any]], Any]
    rows: Callable[[Any], list[dict[Hashable, Any]]]
    values: Callable[[Any], list[Any]]
    keeps_labels: bool = False  # as column names; the others know strings only


BACKENDS = {
    "pandas": Backend(pd.DataFrame, pd.Series, lambda X: X.to_dict("records"), pd.Series.tolist, True),
    "pandas, nullable": Backend(
        lambda columns: pd.DataFrame(columns).convert_dtypes(),
        lambda values: pd.Series(values).convert_dtypes(),
        lambda X: X.to_dict("records"),
        pd.Series.tolist,
        True,
    ),
    "pandas, arrow": Backend(
        lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
        lambda values: pd.Series(values).convert_dtypes(dtype_backend="pyarrow"),
        lambda X: X.to_dict("records"),
        pd.Series.tolist,
        True,
    ),
    "polars": Backend(pl.DataFrame, pl.Series, pl.DataFrame.to_dicts, pl.Series.to_list),
    "pyarrow": Backend(
        pa.table, lambda values: pa.chunked_array([values]), pa.Table.to_pylist, pa.ChunkedArray.to_pylist
    ),
}


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Give a kind of data frame: each test runs once for every one of them."""
    return BACKENDS[request.param]
