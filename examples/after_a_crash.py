"""A run that is killed goes on where it was: python examples/after_a_crash.py.

The first run dies on its way; the second goes on from the last checkpoint, and ends with the figures and the model of a
run that nobody interrupted.
"""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

from online_softmax import AutoSoftmaxRegression, progressive_validation
from online_softmax.evaluation.result import Figures


def die_halfway(row: Figures, *, mark: bool, fraction: float | None) -> None:
    if row.n_samples >= 1200:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.safetensors")
        child = os.fork()
        if child == 0:
            model = AutoSoftmaxRegression()
            progressive_validation("image_segments", model, checkpoint=path, every=500, progress=die_halfway)
        _, status = os.waitpid(child, 0)
        print(f"the first run was killed by signal {os.WTERMSIG(status)}")

        model = AutoSoftmaxRegression()
        resumed = progressive_validation("image_segments", model, checkpoint=path, every=500, resume=True)
        whole = progressive_validation("image_segments", AutoSoftmaxRegression())
        print(f"resumed:       {resumed}")
        print(f"uninterrupted: {whole}")


if __name__ == "__main__":
    main()
