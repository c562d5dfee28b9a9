"""Each allocation of the bank is refused in turn: MemoryError, and the model is as it was or has learned whole rows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

# Preloaded, it refuses the n-th allocation that comes from the addresses from `low` to `high`.
SHIM = """
#include <stddef.h>
#include <stdint.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static uintptr_t low, high;
static long left;
void refuse(long n, uintptr_t from, uintptr_t to) { left = n, low = from, high = to; }
static int refused(void *caller) { return (uintptr_t)caller >= low && (uintptr_t)caller < high && !--left; }
void *malloc(size_t n) { return refused(__builtin_return_address(0)) ? 0 : __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return refused(__builtin_return_address(0)) ? 0 : __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return refused(__builtin_return_address(0)) ? 0 : __libc_realloc(p, n); }
"""
CODE = """
import ctypes, pickle, random
from itertools import count
import numpy as np, pandas as pd
from online_softmax import AutoSoftmaxRegression
from online_softmax._kernel.bank import auto

refuse = ctypes.CDLL({shim!r}).refuse
refuse.argtypes = ctypes.c_long, ctypes.c_size_t, ctypes.c_size_t
places = [line.split("-")[:2] for line in open("/proc/self/maps") if auto.__file__ in line]
low, high = int(places[0][0], 16), int(places[-1][1].split()[0], 16)
rng = random.Random(0)
refusals = 0

def learned(model):
    state = model._state()
    return {{name: value.tobytes() if isinstance(value, np.ndarray) else value for name, value in state.items()}}

def refused(model, call):
    "Call with the first allocation refused, then with the second, until none is: the errors, and the model after each."
    global refusals
    for n in count(1):
        each = pickle.loads(model)
        refuse(n, low, high)
        try:
            call(each)
        except MemoryError as error:
            refusals += 1
            yield each, error
        else:
            return
        finally:
            refuse(0, 0, 0)

def rows(n, d):
    for t in range(n):
        yield {{f"x{{j}}": rng.gauss(t % 3, 1) for j in rng.sample(range(d), min(d, 12))}}, t % 3

for d, n in (6, 150), (130, 60):
    model = AutoSoftmaxRegression(max_features=140)
    for x, y in rows(n, d):
        model.learn_one(x, y)
    was, before = learned(model), pickle.dumps(model)
    sample = {{f"x{{j}}": 1.0 for j in range(d + 2)}}
    calls = [lambda m: m.learn_one(sample, "new"), lambda m: m.forget_feature("x0"), lambda m: m.forget_class(0)]
    for call in calls:
        for each, _ in refused(before, call):
            assert learned(each) == was
    few = AutoSoftmaxRegression()
    for x, y in rows(20, d):
        few.learn_one(x, y)
    few = pickle.dumps(few)
    X = pd.DataFrame([x for x, _ in rows(40, d + 5)]).fillna(0.0)
    y = pd.Series([i % 4 for i in range(40)])
    for each, error in refused(few, lambda m: m.learn_many(X, y)):
        row = int(error.__notes__[0].split()[2].rstrip(",")) if hasattr(error, "__notes__") else 0
        twin = pickle.loads(few)
        twin.learn_many(X[:row], y[:row])
        assert learned(each) == learned(twin)
assert refusals > 100, refusals
print("sound")
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("gcc") or "LD_PRELOAD" in os.environ,
    reason="needs /proc, gcc and an allocator of its own",
)
def test_whatever_allocation_is_refused_the_model_is_sound(tmp_path):
    shim = tmp_path / "refuse.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-x", "c", "-", "-o", shim], input=SHIM, text=True, check=True)
    code = CODE.format(shim=str(shim))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "LD_PRELOAD": str(shim)}
    )
    assert (done.returncode, done.stdout) == (0, "sound\n"), done.stderr
