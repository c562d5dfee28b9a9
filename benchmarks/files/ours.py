"""One whole process of ours: `python -m benchmarks.files.ours FILE MODEL [TARGET]`."""

from __future__ import annotations

import sys

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation

MODELS = {
    "SGD": SoftmaxRegression,  # by default under SGD(0.01)
    "auto": AutoSoftmaxRegression,
    "auto-linear": lambda: AutoSoftmaxRegression(interactions=False),
}


def main(path: str, model: str, target: str | None = None) -> None:
    print(progressive_validation(path, MODELS[model](), target=target))


if __name__ == "__main__":
    main(*sys.argv[1:])
