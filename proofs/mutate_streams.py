"""Damage files of every format, and read them: each gives rows, or a ValueError of one line that names the file.

`make reliability PROOFS=mutate_streams`, or `python -m proofs.mutate_streams --files 100000`. Small
files of every format are cut, flipped, repeated and spiked with what parsers dislike, then read by `open_stream` in
processes of their own, so that a crash, a hang or a file that eats memory is laid to one file; `--trial n` repeats one.
What is read has finite numbers and positions within its vocabularies. Prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from online_softmax.streams import open_stream
from proofs.batches import run
from proofs.stream_files import BINARIES, TEXTS, files

BINARY_SHARE = 0.15
SECONDS, MEGABYTES = 10, 1000  # that one file may take, and that reading may add
# What parsers dislike, between spaces; then with spaces in it.
SPIKES = rb"""nan -inf 1e999 -0 1e-400 0x1p3 ? " "" ' , ,,,, : :: | # % { } [ ] \ null true NaN Infinity - + . e 1_000
    1,5 qid:3 -1:2 99999999999999999999:1 @data {"a":{"b":[1]}} \u0000""".split()
SPIKES += [b"\0", b"\r", b"\n", b"\r\n", b"\n\n\n", b"\t", b"| |", b"@attribute x real", b"\x1a", b"\x85"]
SPIKES += [b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8"]
SPIKES += [b" " * 999, b"9" * 400, b"a" * 70_000]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change a file in a few places."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        at = rng.randrange(len(out) + 1) if rng.random() < 0.8 else rng.randrange(min(200, len(out)) + 1)
        size = rng.choice([1, 1, 2, 8, 64, 1000])
        match rng.randrange(8):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at : at + size] = rng.randbytes(size)
            case 2:
                del out[at : at + size]
            case 3:
                out[at:at] = out[at : at + size] * rng.choice([1, 1, 50])
            case 4 if rng.random() < 0.3:
                del out[at:]
            case 5 if rng.random() < 0.3:
                del out[:at]
            case _:
                spike = rng.choice(SPIKES)
                out[at : at + rng.choice([0, 0, 1, len(spike)])] = spike
    return bytes(out)


def options_of(name: str, rng: random.Random) -> dict[str, object]:
    """Give what is asked of the stream."""
    options: dict[str, object] = {"missing": rng.choice(["error", "error", "zero", "skip-row"])}
    options["on_bad"] = rng.choice(["raise", "raise", "skip"])
    if not name.startswith(("t.svm", "t.vw")):
        options |= {"target": "y", "weight": rng.choice([None, "w"])}
        if rng.random() < 0.3:
            options["features"] = ["a", "word"]
    if rng.random() < 0.3:
        options["chunk_rows"] = rng.choice([1, 7, 1000])
    return options


def read(path: Path, options: dict[str, object]) -> int:
    """Read all rows of a file, check them, and count them."""
    n = 0
    for chunk in open_stream(str(path), **options):
        assert all(len(note.reason.splitlines()) == 1 for note in chunk.bad), "a reason has many lines"
        rows = chunk.rows
        n += len(rows)
        assert np.isfinite(rows.values).all(), "a value is not finite"
        assert rows.weights is None or (np.isfinite(rows.weights) & (rows.weights >= 0)).all(), "a weight is none"
        for positions, vocabulary in ((rows.ids, rows.names), (rows.codes, rows.labels)):
            assert ((positions >= 0) & (positions < len(vocabulary))).all(), "a position is outside of its vocabulary"
        for _ in rows.pairs():
            pass
    return n


def trial(folder: Path, honest: dict[str, bytes], seed: int, number: int, counts: Counter[str]) -> None:
    """Damage one file and read it."""
    rng = random.Random(f"{seed}/{number}")
    name = rng.choice(BINARIES if rng.random() < BINARY_SHARE else TEXTS)
    data = honest[name]
    if name.endswith(".gz") and rng.random() < 0.3:  # damage what is inside
        data = gzip.compress(damaged(gzip.decompress(data), rng), mtime=0)
    else:
        data = damaged(data, rng)
    path = folder / name
    path.write_bytes(data)
    options = options_of(name, rng)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    try:
        read(path, options)
        counts[f"{name}, read"] += 1
    except ValueError as error:
        if str(path) not in str(error) or len(str(error).splitlines()) != 1:
            raise AssertionError("the error is not one line that names the file") from error
        counts[f"{name}, refused"] += 1
    except BaseException as error:
        error.add_note(f"reading {name} with {options}")
        raise
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert grown < MEGABYTES, f"the process grew by {grown} MB"
    assert time.monotonic() - start < SECONDS, "the file was slow"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trial", type=int, help="this one alone, in this process")
    options = parser.parse_args()
    honest, start = files(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in honest.items():
            path = Path(folder, name)
            path.write_bytes(data)
            assert read(path, {} if name.startswith(("t.svm", "t.vw")) else {"target": "y", "weight": "w"}) == 40
        one = functools.partial(trial, Path(folder), honest, options.seed)
        numbers = range(options.files) if options.trial is None else range(options.trial, options.trial + 1)
        counts = run(one, numbers, 500)
    texts = sum(n for name, n in counts.items() if name.partition(",")[0] in TEXTS)
    total = {"files": counts.total(), "texts": texts, "seed": options.seed}
    print(json.dumps({**total, **dict(sorted(counts.items())), "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
