"""Drawn: what a result and a comparison show of themselves."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class Drawn(ABC):
    """Something that has a document, which plots and pages draw."""

    @abstractmethod
    def document(self, **conditions: Any) -> dict[str, Any]:
        """Return what plots and pages draw: the conditions, the runs by name, and how they compare."""

    def plot(
        self,
        kind: str = "curves",
        metric: str | Sequence[str] | None = None,
        path: str | os.PathLike[str] | None = None,
        *,
        dark: bool = False,
    ) -> Any:
        """Draw it by matplotlib; see `online_softmax.drawing.plots.plot`."""
        from online_softmax.drawing.plots import plot

        return plot(self.document(), kind, metric=metric, path=path, dark=dark)

    def save_html(self, path: str | os.PathLike[str], **conditions: Any) -> None:
        """Write a page about it that stands alone, with the conditions under which it was found."""
        from online_softmax.drawing.page import write_page

        write_page(self.document(**conditions), path)
