"""One whole process of ours: python ours.py FILE MODEL [TARGET]."""

from __future__ import annotations

import sys

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation


def main(path: str, model: str, target: str | None = None) -> None:
    if model == "SGD":
        from river import optim

        learner = SoftmaxRegression(optim.SGD(0.05))
    else:
        learner = AutoSoftmaxRegression(interactions="auto" if model == "auto" else False)
    print(progressive_validation(path, learner, target=target))


if __name__ == "__main__":
    main(*sys.argv[1:])
