"""A process that learns in rounds, and kills itself at a step."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from online_softmax import AutoSoftmaxRegression, ModelStore
from online_softmax.executors import fit_rounds


def fit_until_killed(source: str, store: str, step: str, n: int, _: Any) -> None:
    """Learn a source until the n-th "before link", "after commit", .. of it."""
    calls = 0

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **keywords: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == n and step.startswith("before"):
                os.kill(os.getpid(), signal.SIGKILL)
            found = call(*arguments, **keywords)
            if calls == n:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return called

    if step.endswith("link"):
        os.link = dying(os.link)
    elif step.endswith("fsync"):
        os.fsync = dying(os.fsync)
    elif step.endswith("commit"):
        ModelStore.commit = dying(ModelStore.commit)  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as executor:
        if step.endswith("submit"):
            executor.submit = dying(executor.submit)  # type: ignore[method-assign]
        fit_rounds(executor, source, AutoSoftmaxRegression(), store, target="y", shards=3, round_rows=1200)
