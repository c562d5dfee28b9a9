"""The kernel's own exp and ln: within a few bits of the exact value, and the same bits at every width of SIMD."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

import online_softmax

KERNEL = Path(online_softmax.__file__).parent / "_kernel"
FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-Wno-psabi"]  # those of the build
PROGRAM = r"""
#include <stdio.h>
#include "simd.h"

/* Read doubles, and write the function's value at each of them. */
int main(void) {
    double x[LANES];
    while (fread(x, sizeof *x, LANES, stdin) == LANES) {
        store(x, FUNCTION(load(x)), LANES);
        fwrite(x, sizeof *x, LANES, stdout);
    }
    return 0;
}
"""


def widths():
    """Give the compiler's flag for every width of SIMD that this machine can run."""
    cpu = Path("/proc/cpuinfo").read_text().split()
    return [[], *(["-m" + width] for width in ("avx2", "avx512f") if width in cpu)]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Give the function that applies the kernel's exp or ln, compiled for one width, to an array."""
    folder = tmp_path_factory.mktemp("simd")
    source = folder / "simd.c"
    source.write_text(PROGRAM)

    def apply(function, x, width=()):
        program = folder / "".join([function, *width])
        if not program.exists():
            command = ["gcc", *FLAGS, *width, f"-I{KERNEL}", f"-DFUNCTION={function}", str(source), "-o", str(program)]
            subprocess.run(command, check=True)
        done = subprocess.run([str(program)], input=np.resize(x, -(-len(x) // 8) * 8).tobytes(), capture_output=True)
        done.check_returncode()
        return np.frombuffer(done.stdout)[: len(x)]

    return apply


def spread(low, high, n=100_000):
    """Give points all over a range: evenly spaced, at random, and its ends."""
    return np.concatenate([np.linspace(low, high, n), np.random.default_rng(1).uniform(low, high, n), [low, high]])


EXPONENTS = np.concatenate([spread(-708, 709), spread(-1, 1), [0.0, -0.0, 1e-300, -1e-17, 1.0, -1.0, math.log(2)]])
NUMBERS = np.concatenate(
    [2 ** spread(-1022, 1023.9), spread(0.25, 4), 1 + spread(-1e-6, 1e-6), [1.0, 2.0, 0.5, 1e-300, 2**-0.5, 2**0.5]]
)


def test_exp(compiled):
    exact = np.array([math.exp(x) for x in EXPONENTS])
    np.testing.assert_allclose(compiled("lanes_exp", EXPONENTS), exact, rtol=1e-15)


def test_exp_at_the_ends(compiled):
    y = compiled("lanes_exp", np.array([0.0, -0.0, -708.5, -1e4, -1e308, -math.inf, 709.5, 1e308]))
    assert y[:6].tolist() == [1, 1, 0, 0, 0, 0]
    assert y[6:].tolist() == pytest.approx([math.exp(709)] * 2, rel=1e-15)


def test_log(compiled):
    exact = np.array([math.log(x) for x in NUMBERS])
    np.testing.assert_allclose(compiled("lanes_log", NUMBERS), exact, rtol=1e-15)
    assert compiled("lanes_log", np.ones(8)).tolist() == [0.0] * 8


@pytest.mark.parametrize(("function", "x"), [("lanes_exp", EXPONENTS), ("lanes_log", NUMBERS)], ids=["exp", "log"])
def test_the_same_bits_at_every_width(compiled, function, x):
    narrow = compiled(function, x).tobytes()
    assert all(compiled(function, x, width).tobytes() == narrow for width in widths())


def test_ln_undoes_exp(compiled):
    x = spread(-700, 700)
    np.testing.assert_allclose(compiled("lanes_log", compiled("lanes_exp", x)), x, rtol=2e-15, atol=1e-15)
