"""Compile the kernel and the parsers for platforms that are not at hand, run what can be run, and compare the bits.

`python -m release.platforms --measure` keeps what it finds beside this file; without it, the table is printed. The
programs are those of `tests/kernel/test_simd.py`: they apply the kernel's exp and ln, and learn with every rule and by
the bank. It needs clang, musl-tools, gcc-aarch64-linux-gnu and qemu-user-static, which are packages of Debian, and
ziglang, a package of Python whose clang has headers for macOS and Windows; a compiler that is missing is an error.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common.conditions import conditions, flags, printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import keep, read
from release import ROOT
from tests.kernel.test_simd import EXPONENTS, KERNEL, MODELS, NUMBERS, PROGRAM

KEPT = Path(__file__).with_name("platforms.jsonl")
PARSERS = ROOT / "online_softmax" / "streams" / "_parsing"
HEADERS = ("softmax/softmax.h", "bank/bank.h", "standard_scaler.h", "text.h", "records.h", "grid.h")
FUNCTIONS = {"lanes_exp": EXPONENTS, "lanes_log": NUMBERS, "one_by_one": -np.abs(EXPONENTS)}
ZIG = (sys.executable, "-m", "ziglang", "cc", "-target")
ARM = ("qemu-aarch64-static",)


@dataclass(frozen=True)
class Platform:
    """A compiler and what it compiles for, and how its programs run here: by themselves, emulated, or not at all."""

    name: str
    compiler: tuple[str, ...]
    runner: tuple[str, ...] | None = ()


PLATFORMS = (
    Platform("gcc, x86-64 Linux, glibc", ("gcc",)),  # the one that the others are compared with
    Platform("clang, x86-64 Linux, glibc", ("clang",)),
    Platform("gcc, x86-64 Linux, musl", ("musl-gcc", "-static")),
    Platform("gcc, ARM Linux, glibc", ("aarch64-linux-gnu-gcc", "-static"), ARM),
    Platform("zig's clang, ARM Linux, musl", (*ZIG, "aarch64-linux-musl"), ARM),
    Platform("zig's clang, x86-64 macOS", (*ZIG, "x86_64-macos"), None),
    Platform("zig's clang, ARM macOS", (*ZIG, "aarch64-macos"), None),
    Platform("zig's clang, x86-64 Windows", (*ZIG, "x86_64-windows-gnu"), None),
)


def compiled(platform: Platform, source: str, program: Path, *options: str) -> None:
    """Compile a program, or to an object where it could not run; raise where the compiler refuses it."""
    code = program.with_suffix(".c")
    code.write_text(source)
    wanted = ["-c"] if platform.runner is None else []
    found = ["-D_GNU_SOURCE", f"-I{KERNEL}", f"-I{PARSERS}"]
    command = [*platform.compiler, *flags().split(), "-w", *found, *options, *wanted, str(code), "-o", str(program)]
    after = [] if platform.runner is None else ["-lm"]
    done = subprocess.run([*command, *after], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{platform.name} does not compile:\n{done.stderr[-3000:]}")


def outputs(platform: Platform, folder: Path) -> dict[str, np.ndarray]:
    """Compile every header and program; give what each program writes, if it can run here."""
    for header in HEADERS:
        compiled(platform, f'#include "{header}"\nint main(void) {{ return 0; }}\n', folder / "header")
    programs = {function: (PROGRAM, f"-DFUNCTION={function}") for function in FUNCTIONS}
    programs |= {kernel: (MODELS, f'-DKERNEL="{kernel}"') for kernel in HEADERS[:2]}
    written = {}
    for name, (source, option) in programs.items():
        compiled(platform, source, folder / "program", option)
        if platform.runner is not None:
            x = FUNCTIONS.get(name, np.empty(0))
            given = np.resize(x, -(-len(x) // 8) * 8).tobytes()
            run = [*platform.runner, str(folder / "program")]
            done = subprocess.run(run, input=given, stdout=subprocess.PIPE, check=True)
            written[name] = np.frombuffer(done.stdout)
    return written


def difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray], names: tuple[str, ...]) -> float:
    """Give the largest difference between what two platforms write, 0.0 only where all bits are the same."""
    if all(one[name].tobytes() == other[name].tobytes() for name in names):
        return 0.0
    return max(float(np.abs(one[name] - other[name]).max(initial=5e-324)) for name in names)


def measure() -> None:
    lines, here = [], None
    with tempfile.TemporaryDirectory() as folder:
        for platform in PLATFORMS:
            written = outputs(platform, Path(folder))
            line = {"platform": platform.name, "runs": " ".join(platform.runner or ()) or platform.runner == ()}
            if written:
                here = here or written
                line["exp and ln"] = difference(here, written, tuple(FUNCTIONS))
                line["models"] = difference(here, written, HEADERS[:2])
            print(line, flush=True)
            lines.append({**line, "conditions": conditions()})
    keep(KEPT, lines, "platform")


def bits(difference: float | None) -> str:
    if difference is None:
        return ""
    return "the same" if difference == 0 else f"within {difference:.0e}"


def table() -> str:
    lines = read(KEPT)
    runs = {True: "yes", False: "compiled only"}
    rows = [
        [
            line["platform"],
            runs.get(line["runs"], f"in {line['runs']}"),
            bits(line.get("exp and ln")),
            bits(line.get("models")),
        ]
        for line in lines
    ]
    header = ["compiler, platform, C library", "runs", "bits of exp and ln", "bits of models"]
    told = printed((line["conditions"] for line in lines), "Compiled {date} on {cpu}, with {compiler}.")
    return "\n".join([told, "", *markdown(header, rows, words=4)])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="compile and run all of it, and keep what is found")
    if parser.parse_args().measure:
        measure()
    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
