"""Softmax regression learned one sample at a time."""

from typing import TYPE_CHECKING, Any

from online_softmax.evaluation import CheckpointError, RowError, progressive_validation
from online_softmax.models.auto import AutoSoftmaxRegression
from online_softmax.models.explanation import explain_one
from online_softmax.models.inspection import inspection
from online_softmax.models.keyed import KeyedClassifier
from online_softmax.models.merging import merge
from online_softmax.models.river import from_river, to_river
from online_softmax.models.saving import ModelFileError, load, save
from online_softmax.models.softmax import SoftmaxRegression
from online_softmax.rounds import ModelStore, StoreError
from online_softmax.streams import open_stream

if TYPE_CHECKING:
    from online_softmax.models.optimizers import ImplicitAdaGrad, ImplicitSGD

__all__ = [
    "AutoSoftmaxRegression",
    "CheckpointError",
    "ImplicitAdaGrad",
    "ImplicitSGD",
    "KeyedClassifier",
    "ModelFileError",
    "ModelStore",
    "RowError",
    "SoftmaxRegression",
    "StoreError",
    "explain_one",
    "from_river",
    "inspection",
    "load",
    "merge",
    "open_stream",
    "progressive_validation",
    "save",
    "to_river",
]


def __getattr__(name: str) -> Any:
    if name not in ("ImplicitAdaGrad", "ImplicitSGD"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from online_softmax.models import optimizers  # on demand: river.optim takes as long to import as all the rest

    return getattr(optimizers, name)


def __dir__() -> list[str]:
    return __all__
