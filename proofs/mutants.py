"""Change the code of the metrics and the optimisers, one thing at a time, and see which changes no test notices.

`make mutants`, or `python -m proofs.mutants`. mutmut makes the mutants in a copy of the project, `build/mutants`, whose
properties are written as methods first, as it leaves out what is decorated; what is outside functions stays as it is.
A mutant that survives is a test that is missing, or is `EQUIVALENT`: no caller can tell it from the original. Prints
the counts as JSON, and ends with an error if there are other survivors.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

from proofs import ROOT
from proofs.copies import copied

COPY = ROOT / "build" / "mutants"
MUTMUT = [sys.executable, "-m", "mutmut"]
NO_TESTS, SURVIVED, NOT_RUN = 33, 0, None
# Changes that no caller can see, by function: the line that comes of it, and why nothing differs.
EQUIVALENT: dict[str, dict[str, str]] = {
    "__init__": {
        "self._n_waiting = 1": "rows are added up one sooner, to the same bits",
        "self._are_late = None": "the first rows say what they are",
        "self._are_late = True": "the first rows say what they are",
        "self._last_hits = np.empty(0, dtype=None)": "a hit of 1.0 is counted and saved as True is",
        "self._last_hits = np.empty(0, )": "a hit of 1.0 is counted and saved as True is",
    },
    "add": {
        "choices = np.asarray(predicted, dtype=None)": "beside labels of 64 bits, 32 are enough",
        "choices = np.asarray(predicted, )": "beside labels of 64 bits, 32 are enough",
        "np.full(n, nan) if one is None else np.asarray(one, None) for one in (confidence, squares)": (
            "numbers of half the size become the same doubles where they are added up, in the same bins"
        ),
        "np.full(n, nan) if one is None else np.asarray(one, ) for one in (confidence, squares)": (
            "numbers of half the size become the same doubles where they are added up, in the same bins"
        ),
        "ranks = np.full(n, -2) if rank is None else np.asarray(rank)": "any rank below 0 is none",
        "if self._n_waiting > MANY:": "rows are added up one later, to the same bits",
    },
    "metrics": {
        "by_class = np.zeros((max(true.max(), predicted.max()) + 2, 3))": "a class without rows counts for nothing",
    },
    "counts": {
        "return np.array([(*pair, n) for pair, n in sorted(self._counts.items())], np.int64).reshape(-2, 3)": (
            "NumPy finds the length for any negative number"
        ),
    },
    "classes": {
        "right[true] = n": "each pair of codes is there once",
    },
    "restore": {
        'self._last_hits, self._last_losses = arrays["last_hits"].astype(None), arrays["last_losses"].copy()': (
            "a hit of 1.0 is counted and saved as True is"
        ),
    },
    "_add_waiting": {
        "self._waiting, self._n_waiting = [], 1": "rows are added up one sooner, to the same bits",
    },
    "_remember": {
        "if (size := min(self.window, end)) >= len(self._last_hits):": "the arrays grow sooner",
        "size = min(self.window, max(size, 3 * len(self._last_hits)))": "the arrays grow by more",
    },
    "_count": {
        "width = int(predicted.max()) + 3": "two codes are written as one number, and read by the same width",
        "if pairs.max() <= 4096 + len(pairs):": "both ways count the same",
        "if pairs.max() < 4096 - len(pairs):": "both ways count the same",
        "if pairs.max() < 4097 + len(pairs):": "both ways count the same",
    },
}


def without_properties(text: str) -> str:
    """Write each property of a class as a method, and a property made of it."""
    lines, classes = text.splitlines(), [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    methods = [node for each in classes for node in each.body if isinstance(node, ast.FunctionDef)]
    for method in reversed(methods):
        if [ast.unparse(decorator) for decorator in method.decorator_list] == ["property"]:
            lines.insert(method.end_lineno or 0, f"    {method.name} = property({method.name})")
            del lines[method.decorator_list[0].lineno - 1]
    return "\n".join(lines) + "\n"


def prepared() -> list[Path]:
    """Copy the project with what is compiled; return the files to mutate, in the copy."""
    shutil.rmtree(COPY, ignore_errors=True)
    copied(COPY)
    for extension in (ROOT / "online_softmax").rglob("*.so"):
        shutil.copy2(extension, COPY / extension.relative_to(ROOT))
    settings = tomllib.loads((COPY / "pyproject.toml").read_text())["tool"]["mutmut"]
    files = [COPY / each for each in settings["only_mutate"]]
    for file in files:
        file.write_text(without_properties(file.read_text()))
    return files


def change(mutant: str) -> tuple[str, str]:
    """Give the lines that were and the lines that came in a mutant."""
    shown = subprocess.run([*MUTMUT, "show", mutant], cwd=COPY, capture_output=True, text=True, check=True).stdout
    body = shown.partition("\n+++")[2].splitlines()[1:]
    was, came = (" ".join(line[1:].strip() for line in body if line.startswith(sign)) for sign in "-+")
    return was, came


def without_strict(line: str) -> str:
    """Leave out whether a zip checks that its parts are equally long, as they always are."""
    return re.sub(r", (strict=\w+)?\)", ")", line)


def is_equivalent(mutant: str, was: str, came: str) -> bool:
    function = mutant.rpartition("__mutmut_")[0].replace("ǁ", ".").rpartition(".")[2].removeprefix("x_")
    return came in EQUIVALENT.get(function, ()) or without_strict(was) == without_strict(came)


def main() -> int:
    start = time.monotonic()
    files = prepared()
    done = subprocess.run([*MUTMUT, "run", *sys.argv[1:]], cwd=COPY, stdout=sys.stderr)
    if done.returncode:
        return done.returncode
    ends: dict[str, int | None] = {}
    for file in files:
        kept = COPY / "mutants" / f"{file.relative_to(COPY)}.meta"
        ends |= json.loads(kept.read_text())["exit_code_by_key"]
    survivors = {mutant: change(mutant) for mutant, end in ends.items() if end in (SURVIVED, NO_TESTS, NOT_RUN)}
    missed = {mutant: lines for mutant, lines in survivors.items() if not is_equivalent(mutant, *lines)}
    for mutant, (was, came) in missed.items():
        print(f"{mutant}\n  - {was}\n  + {came}", file=sys.stderr)
    counts = Counter(mutants=len(ends), killed=len(ends) - len(survivors), equivalent=len(survivors) - len(missed))
    print(json.dumps({**counts, "survived": len(missed), "seconds": round(time.monotonic() - start, 1)}))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
