"""Draw the pictures of README.md and docs/: `python -m benchmarks.pictures`."""

from __future__ import annotations

from pathlib import Path

from river import optim, preprocessing

from benchmarks import ROOT
from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation

FOLDER = ROOT / "docs" / "images"


def curves(path: Path) -> None:
    """Two models on a stream that changes around row 5,000."""
    models = {
        "AutoSoftmaxRegression": AutoSoftmaxRegression(),
        "SGD(0.1)": preprocessing.StandardScaler() | SoftmaxRegression(optim.SGD(0.1)),
    }
    progressive_validation("led_drift", models, window=500).plot(path=path)


PICTURES = {"curves.png": curves}


def main() -> None:
    for name, draw in PICTURES.items():
        draw(FOLDER / name)
        print(f"{(FOLDER / name).relative_to(ROOT)}: drawn")


if __name__ == "__main__":
    main()
