"""Ctrl-C in the middle of a long frame: the model is as it was, and goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

LEARN_FOR_LONG = """
import pickle, sys
import numpy as np, pandas as pd
from online_softmax import AutoSoftmaxRegression

rng = np.random.default_rng(0)
X, y = pd.DataFrame(rng.normal(size=(2_000_000, 5)), columns=list("abcde")), pd.Series(rng.integers(3, size=2_000_000))
model = AutoSoftmaxRegression({parameters})
model.learn_many(X[["a", "b"]][:600], y[:600])
before = pickle.dumps(model)
print("learning", flush=True)
try:
    model.learn_many(X, y)
except KeyboardInterrupt:
    assert pickle.dumps(model) == before
    model.learn_many(X[:100], y[:100])
    print(len(model.features), "features", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("parameters", ["", "interactions=False", "interactions=True", "max_features=3"])
def test_an_interrupted_frame_leaves_no_trace(parameters):
    code = LEARN_FOR_LONG.format(parameters=parameters)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "learning\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        assert process.stdout.readline() in ("5 features\n", "3 features\n")
        assert time.monotonic() - sent < 10
    assert process.returncode == 0
