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
        """Return what plots and pages draw: the conditions, the runs by name, and how they compare.

        Parameters
        ----------
        conditions
            What a page is to tell of the run besides, by name.
        """

    def plot(
        self,
        kind: str = "curves",
        metric: str | Sequence[str] | None = None,
        path: str | os.PathLike[str] | None = None,
        *,
        dark: bool = False,
    ) -> Any:
        """Draw it by matplotlib; see `online_softmax.drawing.plots.plot`.

        Parameters
        ----------
        kind
            "curves", "experts", "reliability" or "confusion".
        metric
            The metrics of the curves, one or several; log loss and accuracy if nothing else is said.
        path
            A file to write it to, too, as PNG or SVG.
        dark
            Whether it is light on dark.
        """
        from online_softmax.drawing.plots import plot

        return plot(self.document(), kind, metric=metric, path=path, dark=dark)

    def save_html(self, path: str | os.PathLike[str], **conditions: Any) -> None:
        """Write a page about it that stands alone, with the conditions under which it was found.

        Parameters
        ----------
        path
            The file, which is written whole or not at all.
        conditions
            What the page is to tell of the run besides, by name.
        """
        from online_softmax.drawing.page import write_page

        write_page(self.document(**conditions), path)
