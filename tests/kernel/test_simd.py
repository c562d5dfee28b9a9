"""At every width of SIMD the kernel computes the same bits; its own exp and ln are within a few of the exact value."""

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

static lanes one_by_one(lanes x) {
    for (int i = 0; i < LANES; i++) x[i] = fast_exp(x[i]);
    return x;
}

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


MODELS = r"""
#include <stdio.h>
#include KERNEL

enum { SAMPLES = 600, MOST = 40 };

typedef struct { int32_t slots[MOST]; double x[MOST]; int64_t n, y; } sample;

static uint64_t seed = 1;
static double uniform(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53;
}

/* A sample with about `n` of the features; its label leans on two of them. The first samples bring a class each. */
static sample draw(int64_t i, int features, int n, int classes) {
    sample s = {.n = 0};
    double lean = 0;
    for (int j = 1; j <= features && s.n < MOST; j++) {
        if (uniform() * features > n) continue;
        s.slots[s.n] = j, s.x[s.n] = uniform() + uniform() - 1;
        lean += j < 3 ? s.x[s.n] : 0;
        s.n++;
    }
    s.y = i < classes ? i : (int64_t)(classes * (0.5 + 0.2 * lean + 0.3 * (uniform() - 0.5))) % classes;
    return s;
}

static void note(const double *p, int64_t n) { fwrite(p, sizeof *p, (size_t)n, stdout); }

#ifdef ONLINE_SOFTMAX_SOFTMAX_H
static void run_softmax(int kind, int states, int scalars, double l2, int features, int n, int classes) {
    rule r = {.kind = kind, .n_states = states, .n_scalars = scalars, .schedule = SCHEDULE_INVERSE_SCALING,
              .power = 0.1, .lr = 0.05, .rho = 0.9, .eps = 1e-8, .beta_1 = 0.9, .beta_2 = 0.999, .gamma = 1e-3,
              .alpha = 0.05, .beta = 1, .l1 = 0.001};
    softmax m = {.rule = r, .l2 = l2, .clip = HUGE_VAL, .intercept = 1};
    softmax_scratch *own = calloc(1, sizeof *own);
    for (int64_t i = 0; i < SAMPLES; i++) {
        sample s = draw(i, features, n, classes);
        int64_t known = m.n_classes;
        if (softmax_reserve(&m, features + 1, i < classes ? i + 1 : classes)) abort();
        m.n_rows = features + 1;
        if (s.y == known) m.class_weight[known] = 1, m.clock.final_lr[known] = 0.1, m.n_classes++;
        if (softmax_learn(&m, own, s.slots, s.x, s.n, known, s.y, 1)) abort();
        note(own->p, known);
        if (softmax_predict(&m, own, s.slots, s.x, s.n)) abort();
        note(own->p, m.n_classes);
    }
    for (int64_t i = 0; i < m.n_rows; i++)
        for (int k = 0; k <= states; k++) note(row_of(&m, i) + k * m.class_capacity, m.n_classes);
    softmax_free(&m), scratch_free(own);
}
#else
static void run_bank(int features, int n, int classes) {
    bank b = {.window = {.budget = 200}};
    bank_scratch *own = scratch_new();
    for (int64_t i = 0; i < SAMPLES; i++) {
        sample s = draw(i, features, n, classes);
        int64_t known = b.n_classes;
        if (bank_reserve(&b, features + 1, i < classes ? i + 1 : classes)) abort();
        b.n_rows = features + 1, b.n_classes += s.y == known;
        if (!i && bank_start(&b, features, 1, 1, 1)) abort();
        if (bank_learn(&b, own, s.slots, s.x, s.n, known, s.y, 1)) abort();
        note(own->opinions.p, known);
    }
    bank_free(&b), scratch_free(own);
}
#endif

int main(void) {
#ifdef ONLINE_SOFTMAX_SOFTMAX_H
    static const int STATES[] = {0, 0, 1, 1, 1, 1, 2, 2, 3, 2, 2, 2, 2, 0, 0};
    for (int kind = RULE_SGD; kind <= RULE_IMPLICIT_ADAGRAD; kind++)
        for (int classes = 2; classes < 20; classes += 3)
            run_softmax(kind, STATES[kind], kind == RULE_IMPLICIT_ADAGRAD, classes > 9 ? 0.01 : 0, 60, 20, classes);
#else
    run_bank(10, 9, 5), run_bank(200, 20, 18);
#endif
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


def test_one_exp_is_that_of_the_lanes(compiled):
    x = -np.abs(EXPONENTS)
    for width in widths():
        assert compiled("one_by_one", x, width).tobytes() == compiled("lanes_exp", x).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["softmax/softmax.h", "bank/bank.h"])
def test_models_learn_the_same_bits_at_every_width(tmp_path, kernel):
    """With the versions that this machine chooses itself, and with each width for all of the kernel."""
    source, program, learned = tmp_path / "models.c", tmp_path / "models", []
    source.write_text(MODELS)
    for width in [None, *widths()]:
        version = f"static type name parameters {{ return body({4 if width else 2}, __VA_ARGS__); }}"
        fixed = [*width, "-DWIDE=", f"-DVERSIONS(type,name,body,parameters,...)={version}"] if width is not None else []
        command = ["gcc", *FLAGS, "-w", *fixed, f"-I{KERNEL}", f'-DKERNEL="{kernel}"', str(source), "-o", str(program)]
        subprocess.run([*command, "-lm"], check=True)
        learned.append(subprocess.run([str(program)], stdout=subprocess.PIPE, check=True).stdout)
    assert np.isfinite(np.frombuffer(learned[0])).all()
    assert len(learned[0]) > 100_000
    assert all(other == learned[0] for other in learned)


def test_ln_undoes_exp(compiled):
    x = spread(-700, 700)
    np.testing.assert_allclose(compiled("lanes_log", compiled("lanes_exp", x)), x, rtol=2e-15, atol=1e-15)
