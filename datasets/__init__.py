"""Small streams that come with the package, as CSV files in their original row order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["BUNDLED", "Bundled", "path"]


@dataclass(frozen=True)
class Bundled:
    """One bundled stream: its file, the column that holds the label, and what is in it."""

    name: str
    file: str
    target: str
    description: str
    n_rows: int
    n_features: int
    n_classes: int


_STREAMS = (
    ("image_segments", "category", "3 x 3 pixel regions of outdoor photographs, by what they show", 2310, 18, 7),
    ("phishing", "is_phishing", "web pages, phishing or not", 1250, 9, 2),
    ("digits", "digit", "handwritten digits, 8 x 8 pixels of 0 to 16", 1797, 64, 10),
    ("led_drift", "digit", "a noisy seven-segment display, its segments moved around row 5,000", 10_000, 24, 10),
    ("rbf_drift", "label", "points around 15 centres that move all the time", 10_000, 10, 5),
)
BUNDLED = {name: Bundled(name, f"{name}.csv", *rest) for name, *rest in _STREAMS}


def path(name: str) -> Path:
    """Where the CSV file of the bundled stream `name` is."""
    if name not in BUNDLED:
        raise ValueError(f"no bundled stream is called {name!r}; there are {', '.join(BUNDLED)}")
    return Path(__file__).parent / BUNDLED[name].file
