"""A call for which there is no memory raises MemoryError, and the model goes on when there is some again."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A model of many classes that has not predicted yet is asked while the process may take no more memory.
CODE = """
import pickle, resource
from pathlib import Path
from online_softmax import AutoSoftmaxRegression, SoftmaxRegression

model = {model}
for c in range({classes}):
    model.learn_one({{"a": c % 7 / 7}}, c)
twin = pickle.loads(pickle.dumps(model))
call = lambda: twin.{call}
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (taken + 100_000, hard))
held = []
for size in (1 << 20, 1 << 16):  # what malloc has in stock
    try:
        while True:
            held.append(bytearray(size))
    except MemoryError:
        pass
try:
    call()
    said = "no error"
except MemoryError:
    said = "MemoryError"
finally:
    held.clear()
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
print(said, twin.predict_proba_one({{"a": 0.5}}) == model.predict_proba_one({{"a": 0.5}}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "call", ['predict_one({"a": 0.5})', 'predict_proba_one({"a": 0.5})', 'loss_one({"a": 0.5}, 1)']
)
@pytest.mark.parametrize(("model", "classes"), [("AutoSoftmaxRegression()", 3_000), ("SoftmaxRegression()", 20_000)])
def test_a_prediction_without_memory(model, classes, call):
    code = CODE.format(model=model, classes=classes, call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["MemoryError", "True"]), done.stderr
