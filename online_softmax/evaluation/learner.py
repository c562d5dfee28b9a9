"""Learner: what a result tells of the model that was run."""

from __future__ import annotations

from typing import Any

from online_softmax.models.scaled import native


def _steps(model: Any) -> list[Any]:
    """Return the steps of a pipeline, or the model alone."""
    steps = getattr(model, "steps", None)
    return [*steps.values()] if isinstance(steps, dict) and steps else [model]


def last_step(model: Any) -> Any:
    """Return the model, or the one that ends a pipeline."""
    return _steps(model)[-1]


def evicted(model: Any) -> int:
    """Return how many features have made room in our model, or in the one that ends a pipeline."""
    n = getattr(last_step(model), "n_evicted", 0)
    return n if isinstance(n, int) else 0


def described(model: Any) -> str:
    """Return a model in a line: the classes of its steps."""
    return " | ".join(type(step).__name__ for step in _steps(model))


def memory(model: Any) -> int | None:
    """Return how many bytes a model takes; None where nobody can tell.

    Of a model of ours that is what it has learned, without room to grow, which a resumed run has less of.
    """
    if (found := native(model)) is not None:
        return found.n_bytes
    try:
        return int(model._raw_memory_usage)
    except Exception:  # river's way follows every attribute, which foreign ones may not bear
        return None
