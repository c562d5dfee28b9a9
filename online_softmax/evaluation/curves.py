"""Curves: the metrics along a run, in tumbling windows and fading, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.evaluation.sums import (
    BIN_CONFIDENCE,
    BRIER,
    CLASSES,
    LOSS,
    METRICS,
    MOST_CLASSES,
    OF_CLASSES,
    PARTS_OF_N,
    Blocks,
    N,
    Outcomes,
    Vector,
    class_metrics,
    metrics,
    widened,
)
from online_softmax.storage.fields import Array, check_value

MOST_POINTS = 1000  # of a curve
POINT = ("n_samples", "n", *METRICS, "run_accuracy", "run_log_loss")
NUMBERS = ("n_blocks", "per_window", "stride", "n_classes", "has_classes")
ARRAYS = ("total", "fading", "in_window", "windows", "since", "points", "traced")


@dataclass(frozen=True, repr=False)
class Curve:
    """Metrics along a run.

    Attributes
    ----------
    n_samples
        The rows that had been scored at each point.
    n
        How many rows each point is about; where rows fade, the sum of their weights.
    values
        The metrics by name, each an array with one number a point; nan where there is nothing to measure.

    """

    n_samples: NDArray[np.int64]
    n: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.n_samples)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        try:
            return self.values[name]
        except KeyError:
            raise KeyError(f"no metric of a curve is called {name!r}; there are {', '.join(self.values)}") from None

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the curve as lists, ready for JSON: nan becomes None."""
        plain = {
            name: [value if isfinite(value) else None for value in values.tolist()]
            for name, values in self.values.items()
        }
        return {"n_samples": self.n_samples.tolist(), "n": self.n.tolist(), **plain}

    def __repr__(self) -> str:
        return f"Curve({len(self)} points of {', '.join(self.values)})"


class Trace(NamedTuple):
    """What came between the points of a fading curve: rows, errors, rows with a loss, and the sum of their losses."""

    n_samples: NDArray[np.int64]
    sums: NDArray[np.float64]


class Curves:
    r"""Curves of the metrics, of at most 1,000 points.

    Tumbling windows have `window` rows. Once there are 1,000 of them, two neighbours become one, and those to come are
    twice as long. When rows fade, a row that came k rows ago has the weight (1 - 1 / window)^k; the rows of one block,
    which is 1/20 of a window, fade together. Of this curve a point is kept at the end of each block, of every second,
    every fourth .. block as they become more than 1,000.

    Parameters
    ----------
    window
        How many rows a window has.

    """

    def __init__(self, window: int) -> None:
        self.window = window
        self._blocks = Blocks(window)
        self._n_classes = 0
        self._has_classes = True
        self._n_blocks = 0
        self._total: Vector = np.zeros(CLASSES)
        self._fading: Vector = np.zeros(CLASSES)
        self._in_window: Vector = np.zeros(CLASSES)
        self._windows: NDArray[np.float64] = np.zeros((0, CLASSES))
        self._per_window = self._blocks.per_window
        self._stride = 1
        self._since = np.zeros(LOSS + 1)
        self._points = np.zeros((0, len(POINT)))
        self._traced = np.zeros((0, LOSS + 1))

    def add(self, rows: Outcomes) -> None:
        """Add rows, in order."""
        if self._has_classes:
            self._n_classes = max(self._n_classes, int(rows.true.max()) + 1, int(rows.predicted.max()) + 1)
            if self._n_classes > MOST_CLASSES:
                self._has_classes, self._n_classes = False, 0
                self._points = np.where(np.isin(POINT, OF_CLASSES), nan, self._points)
        blocks = self._blocks.add(rows, self._n_classes)
        K = self._n_classes
        self._total, self._fading, self._in_window, self._windows = (
            widened(one, K) for one in (self._total, self._fading, self._in_window, self._windows)
        )
        totals = _running(self._total, blocks)
        faded = np.empty_like(blocks)
        left = self._fading
        for sums, fade, out in zip(blocks, ((1 - 1 / self.window) ** blocks[:, N]).tolist(), faded, strict=True):
            np.multiply(left, fade, out=out)
            out += sums
            left = out
        self._add_windows(blocks)
        self._add_points(faded, totals, blocks[:, : LOSS + 1])
        if len(blocks):
            self._n_blocks += len(blocks)
            self._total, self._fading = totals[-1], left.copy()

    def _add_windows(self, blocks: NDArray[np.float64]) -> None:
        windows: list[Vector] = []
        start = 0
        while start < len(blocks):
            stop = start + self._per_window - (self._n_blocks + start) % self._per_window
            self._in_window = _running(self._in_window, blocks[start:stop])[-1]
            if stop <= len(blocks):
                windows.append(self._in_window)
                self._in_window = np.zeros_like(self._in_window)
                if len(self._windows) + len(windows) == MOST_POINTS:
                    self._fold_windows(windows)
            start = stop
        if windows:
            self._windows = np.concatenate([self._windows, windows])

    def _add_points(self, faded: NDArray[np.float64], totals: NDArray[np.float64], own: NDArray[np.float64]) -> None:
        points: list[tuple[Vector, Vector, Vector]] = []
        start = 0
        while start < len(own):
            stop = start + self._stride - (self._n_blocks + start) % self._stride
            self._since = _running(self._since, own[start:stop])[-1]
            if stop <= len(own):
                points.append((faded[stop - 1], totals[stop - 1], self._since))
                self._since = np.zeros_like(self._since)
                if len(self._traced) + len(points) == MOST_POINTS:
                    self._fold_points(points)
            start = stop
        self._keep(points)

    @property
    def sums(self) -> Vector:
        """Return the sums of all rows, without those of classes where these are more than 1,000."""
        return self._total + self._blocks.open

    def windows(self) -> Curve:
        """Return the metrics of the tumbling windows; the last may be shorter."""
        sums = self._every_window()
        return Curve(np.cumsum(sums[:, N]).astype(np.int64), sums[:, N], metrics(sums))

    def fading(self) -> Curve:
        """Return the metrics of rows that fade, and `run_accuracy` and `run_log_loss`, which are of all rows so far."""
        points = self._points
        if self._since[N] or self._blocks.open[N]:
            points = np.concatenate([points, _points(self.faded[np.newaxis], self.sums[np.newaxis])])
        n_samples, n, *values = points.T
        return Curve(n_samples.astype(np.int64), n, dict(zip(POINT[2:], values, strict=True)))

    @property
    def faded(self) -> Vector:
        """Return the sums of rows that fade, at the end."""
        begun = self._blocks.open
        sums: Vector = self._fading * (1 - 1 / self.window) ** begun[N] + begun
        return sums

    def window_classes(self) -> dict[str, NDArray[np.float64]]:
        """Return precision, recall, F1 and support in the tumbling windows: arrays of shape (windows, codes)."""
        return class_metrics(self._every_window())

    def _every_window(self) -> NDArray[np.float64]:
        last = self._in_window + self._blocks.open
        return np.concatenate([self._windows, last[np.newaxis]]) if last[N] else self._windows

    def trace(self) -> Trace:
        """Return what came between the points of the fading curve, but for what came after the last."""
        return Trace(self._points[:, 0].astype(np.int64), self._traced)

    def state(self) -> tuple[dict[str, int], dict[str, NDArray[np.float64]]]:
        """Return all that has been added up, as numbers and arrays."""
        return {name: getattr(self, f"_{name}") for name in NUMBERS}, {
            "open": self._blocks.open,
            **{name: getattr(self, f"_{name}") for name in ARRAYS},
        }

    @classmethod
    def check(
        cls, window: int, n: int, n_classes: int, numbers: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> None:
        """Refuse what is no state after n rows of so many classes."""
        fresh = cls(window)
        n_blocks = fresh._blocks.n_full(n)
        known: dict[str, Any] = {"n_blocks": n_blocks, "has_classes": n_classes <= MOST_CLASSES}
        known["n_classes"] = n_classes if known["has_classes"] else 0
        for name, length in (("per_window", fresh._per_window), ("stride", 1)):
            while n_blocks // length >= MOST_POINTS:
                length *= 2
            known[name] = length
        for name, value in known.items():
            if type(numbers.get(name)) is not type(value) or numbers[name] != value:
                raise ValueError(f"{name!r} must be {value} after {n:,} rows of {n_classes:,} classes")
        width = CLASSES + 3 * known["n_classes"]
        shapes = {
            **dict.fromkeys(("open", "total", "fading", "in_window"), (width,)),
            "windows": (n_blocks // known["per_window"], width),
            "since": (LOSS + 1,),
            "points": (n_blocks // known["stride"], len(POINT)),
            "traced": (n_blocks // known["stride"], LOSS + 1),
        }
        for name, shape in shapes.items():
            there = told(arrays[name]) if name == "points" else arrays[name]
            check_value(name, Array("f8", shape, -inf if name == "points" else 0), there)
        for name in ("open", "total", "fading", "in_window", "windows"):
            if (arrays[name][..., PARTS_OF_N] > arrays[name][..., [N]]).any():
                raise ValueError(f"{name!r} counts more rows than it has")
        if (arrays["fading"] > arrays["total"]).any():
            raise ValueError("'fading' has more than 'total'")
        total, counts = arrays["total"], np.delete(np.arange(width), [LOSS, BRIER, *range(CLASSES)[BIN_CONFIDENCE]])
        for names, whole in ((("windows", "in_window"), total), (("traced", "since"), total[: LOSS + 1])):
            many, last = (arrays[name] for name in names)
            if ((many.sum(axis=0) + last - whole)[counts[counts < len(whole)]] != 0).any():
                raise ValueError(f"{names[0]!r} do not add up to the rows before them")
        if total[N] + arrays["open"][N] != n or fresh._blocks.n_full(int(total[N])) != n_blocks:
            raise ValueError("its sums are not those of its rows")
        if (arrays["points"][:, 0] != np.cumsum(arrays["traced"][:, N])).any():
            raise ValueError("its points are not those of its rows")

    def restore(self, numbers: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Take over what `state` returned."""
        for name in NUMBERS:
            setattr(self, f"_{name}", numbers[name])
        for name in ARRAYS:
            setattr(self, f"_{name}", arrays[name])
        self._blocks.open = arrays["open"]
        self._blocks.n_samples = int(self.sums[N])

    def _fold_windows(self, more: list[Vector]) -> None:
        """Join neighbours among the windows."""
        every = np.concatenate([self._windows, more])
        self._windows = every[::2] + every[1::2]
        self._per_window *= 2
        more.clear()

    def _fold_points(self, more: list[Any]) -> None:
        """Drop every other point."""
        self._keep(more)
        self._points = self._points[1::2]
        self._traced = self._traced[::2] + self._traced[1::2]
        self._stride *= 2
        more.clear()

    def _keep(self, points: list[Any]) -> None:
        if points:
            fading, total, since = map(np.array, zip(*points, strict=True))
            self._points = np.concatenate([self._points, _points(fading, total)])
            self._traced = np.concatenate([self._traced, since])


def _running(first: Vector, more: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums after each of some more, one by one from the left."""
    return np.add.accumulate(np.concatenate([first[np.newaxis], more]))[1:]


def told(values: NDArray[Any]) -> NDArray[Any]:
    """Return values with 0 for those that there are not."""
    there: NDArray[Any] = np.nan_to_num(values, nan=0.0, posinf=inf, neginf=-inf)
    return there


def _points(fading: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of the fading curve, a row each, in the order of `POINT`."""
    run, faded = metrics(total[..., :CLASSES]), metrics(fading)
    values = [faded[name] for name in METRICS]
    return np.stack([total[..., N], fading[..., N], *values, run["accuracy"], run["log_loss"]], axis=-1)
