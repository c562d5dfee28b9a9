"""Softmax regression learned one sample at a time."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, Any


def _not_compiled(folder: Path) -> str:
    """Say what to do in a folder of sources that are not compiled for this Python; '' where there is nothing to do."""
    for source in sorted(folder.rglob("*.pyx")):
        if not any(source.with_suffix(suffix).exists() for suffix in EXTENSION_SUFFIXES):
            compiled = sorted(path.name.split(".")[1] for path in source.parent.glob(f"{source.stem}.cp*"))
            others = f" for this Python, only for {' and '.join(compiled)}" if compiled else ""
            python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
            todo = f"run `pip install -e .` there with {python}" + (", or `make demo`" if not compiled else "")
            return f"online_softmax in {folder.parent} is not compiled{others}: {todo}"
    return ""


try:
    from online_softmax.evaluation import CheckpointError, RowError, RunInterrupt, progressive_validation
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
except ModuleNotFoundError:
    if why := _not_compiled(Path(__file__).parent):
        raise ImportError(why) from None
    raise

if TYPE_CHECKING:
    from online_softmax.models.optimizers import ImplicitAdaGrad, ImplicitSGD

    __version__: str

__all__ = [
    "AutoSoftmaxRegression",
    "CheckpointError",
    "ImplicitAdaGrad",
    "ImplicitSGD",
    "KeyedClassifier",
    "ModelFileError",
    "ModelStore",
    "RowError",
    "RunInterrupt",
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
    if name == "__version__":
        from importlib import metadata

        return metadata.version("online-softmax")
    if name not in ("ImplicitAdaGrad", "ImplicitSGD"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from online_softmax.models import optimizers  # on demand: river.optim takes as long to import as all the rest

    return getattr(optimizers, name)


def __dir__() -> list[str]:
    return __all__
