"""Read the proofs' counts; print them as a Markdown table: `python -m proofs.table`."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from typing import Any

from benchmarks.common.conditions import printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import read
from proofs import RESULTS

Counts = dict[str, Any]


def ending(counts: Counts, *ends: str) -> str:
    """Give the sum of the counts whose names end so."""
    return f"{sum(n for name, n in counts.items() if name.endswith(ends)):,}"


def one_off_names(counts: Counts, kind: str) -> str:
    """Give the log loss and the memory of a kind of model, by what it does about names without end."""
    loss = {room: f"{counts[f'{kind}, {room}, log loss']:.4f}" for room in ("max_features", "every name", "hash_bits")}
    memory = {room: f"{counts[f'{kind}, {room}, MB']:,.0f} MB" for room in loss}
    kept, every = (f"{loss[room]} in {memory[room]}" for room in ("max_features", "every name"))
    return f"{kind}: {kept}, every name {every}, hashed into 131,072 buckets {loss['hash_bits']}"


def shares(counts: Counts) -> str:
    """Give the shares of the code that the tests run."""
    python = (
        f"Python {counts['Python']} %: {counts['Python, lines']} % of lines, {counts['Python, branches']} % of branches"
    )
    c = f"C {counts['C, lines']} % of lines, {counts['C, branches']} % of branches"
    return f"{python}; {c}" + (f"; without {counts['left out']}" if "left out" in counts else "")


# Each proof: what is done, what must hold, and what was counted.
PROOFS: dict[str, tuple[str, str, Callable[[Counts], str]]] = {
    "fuzz_calls": (
        "Calls with hostile values, names, labels, weights, mappings and tables, on models of all kinds",
        "answered or refused; a refused call leaves every bit of the state; all numbers finite; probabilities sum to 1 "
        "within 1e-12",
        lambda n: f"{n['calls']:,} calls of {n['models']:,} models, {n['refused']:,} refused",
    ),
    "sanitize": (
        "The tests, under gcc's address and undefined behaviour sanitizers",
        "no finding",
        lambda n: f"{n['passed']:,} tests, {n['findings']} findings",
    ),
    "mutate_streams": (
        "Damaged CSV, TSV, svmlight, VW, ARFF, JSON lines, Parquet, Arrow and compressed files",
        "read, or refused in one line that names the file; no crash, no hang, no memory",
        lambda n: f"{n['files']:,} files, {n['texts']:,} of them plain text; {ending(n, 'refused')} refused",
    ),
    "mutate_model_files": (
        "Damaged model files, and forgeries with a checksum that fits",
        "refused, or an equal model; a forgery that loads does not crash",
        lambda n: f"{n['files']:,} files, {ending(n, 'refused')} refused",
    ),
    "kill_saves": (
        "`kill -9` while a model is saved",
        "the old file or the new one, whole",
        lambda n: f"{ending(n, 'file')} saves, {ending(n, 'killed, old file', 'killed, new file')} of them killed",
    ),
    "kill_runs": (
        "`kill -9` of runs that keep a checkpoint, which are then resumed",
        "the figures and the model of the run that nobody killed, to the last bit",
        lambda n: f"{n['killed']:,} kills in {n['runs']:,} runs",
    ),
    "kill_kafka": (
        "`kill -9` of consumers of a topic of Kafka, which are then resumed",
        "each message counts once: the figures and the model of the run that nobody killed, to the last bit",
        lambda n: f"{n['killed']:,} kills in {n['runs']:,} runs",
    ),
    "failing_writes": (
        "Full disks, limits on files, failing devices and system calls while a model is saved",
        "the old file is whole, nothing is left beside it, one line says why",
        lambda n: f"{n['saves']:,} saves, {n['failed']:,} failed",
    ),
    "soak": (
        "Samples learned by the row and in bulk, with names that come and go",
        "memory after the warm-up stays as it is",
        lambda n: f"{n['samples']:,} samples, at most {n['grown, MB']} MB more",
    ),
    "one_off_names": (
        "Ten million names that come once each, with room for 100,000 features",
        "flat memory; log loss within 2 % of keeping every name, and below that of hashing",
        lambda n: "; ".join(one_off_names(n, kind) for kind in ("SGD", "auto")),
    ),
    "count_references": (
        "Every public method, over and over",
        "no reference, object or block of memory left behind",
        lambda n: f"{n['calls']:,} calls of {n['methods']} kinds",
    ),
    "large_numbers": (
        "Values up to 1e300, 40,000 classes, a million equal samples, for every optimiser",
        "finite weights; probabilities sum to 1 within 1e-12; a step beyond the doubles is refused",
        lambda n: f"{n['samples learned']:,} samples, {n['samples refused']:,} refused, {n['checks']:,} checks",
    ),
    "coverage": (
        "The tests, on a build that counts what runs",
        "95 % of Python's lines and branches run",
        shares,
    ),
    "mutants": (
        "Changes to the code of the metrics and the optimisers, one at a time",
        "a test fails, or nobody can tell",
        lambda n: f"{n['mutants']:,} changes, {n['killed']:,} failed a test, {n['equivalent']:,} make no difference",
    ),
}
OF_TESTS = ("coverage", "mutants")  # they look at the tests, and the summary leaves them out


def row(line: dict[str, Any]) -> list[str]:
    what, holds, counted = PROOFS.get(line["proof"], (line["proof"], "its script's promise", lambda n: json.dumps(n)))
    return [what, holds, counted(line["counts"]), f"{line['seconds']:,.0f}"]


def first_count(counted: str) -> str:
    """Give the first of several counts, or nothing where none says how often."""
    first = re.split("[,;] ", counted)[0]
    return first if first[0].isdigit() else ""


NOTES = """\
A proof is a script in `proofs/`, with a seed, that ends with an error at the first thing
that does not hold; `make reliability` runs all, `make test` short forms of them."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the table of the proofs.")
    parser.add_argument("--summary", action="store_true", help="without further counts and conditions")
    brief, lines = parser.parse_args().summary, {line["proof"]: line for line in read(RESULTS)}
    order = [*(proof for proof in PROOFS if proof in lines), *sorted(lines.keys() - PROOFS.keys())]
    order = [proof for proof in order if not (brief and proof in OF_TESTS)]
    rows = [row(lines[proof]) for proof in order]
    if brief:
        short = [[what, holds, first_count(counted)] for what, holds, counted, _ in rows]
        print("\n".join(markdown(["what is done", "what holds", "how often"], short, words=3)))
        return
    where = printed((line["conditions"] for line in lines.values()), "Run {date} on {cpu}; {versions}; {compiler}.")
    table = markdown(["what is done", "what holds", "counted", "seconds"], rows, words=3)
    print("\n".join([NOTES, "", *table, "", where]))


if __name__ == "__main__":
    main()
