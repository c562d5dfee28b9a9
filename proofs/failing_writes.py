"""Let saves fail in every way that a disk can: the old file stays whole, nothing is left beside it, one line says why.

`make reliability PROOFS=failing_writes`, or `python -m proofs.failing_writes --saves 2000`. Saves run
into a limit on the size of files, into a file system of 64 kB filled to all degrees (where mounting is permitted), into
/dev/full, into files that fail at their n-th write, and into a system call that fails. Prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import json
import os
import random
import resource
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression
from online_softmax.models.saving import load, save, to_bytes

ROOM = 64 * 1024  # of the small file system
CALLS = ("os.fsync", "os.replace", "os.fchmod", "os.open", "os.path.realpath", "builtins.open")


def trained(Model: Any, n: int) -> Any:
    """Give a model that has learned n features."""
    model = Model()
    for i in range(0, n, 50):
        model.learn_one({f"x{i + j}": float(j) for j in range(50)}, i % 3)
    return model


class Failing(io.RawIOBase):
    """A file that takes some bytes at a time, and none from its n-th write on."""

    def __init__(self, n: int, size: int, code: int) -> None:
        self.n, self.size, self.code, self.taken = n, size, code, b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.n -= 1
        if self.n < 0:
            raise OSError(self.code, os.strerror(self.code))
        self.taken += bytes(data[: self.size])
        return min(self.size, len(data))


class Place:
    """A path that holds an old model, and the promise about it.

    Parameters
    ----------
    folder
        Where the file lies, alone.
    old
        The model that it holds.
    """

    def __init__(self, folder: Path, old: Any) -> None:
        self.path, self.bytes = folder / "model.safetensors", to_bytes(old)
        save(old, self.path)
        self.others = set(os.listdir(folder))

    def holds(self, new: Any, counts: Counter[str], way: str, fault: Any) -> None:
        """Save under a fault, which may fail: then the old file must be there, and nothing else."""
        try:
            with fault:
                new.save(self.path)
        except OSError as error:
            text = str(error)
            if len(text.splitlines()) != 1 or str(self.path) not in text:
                raise AssertionError(f"the error is not one line that names the file: {text}") from error
            counts[f"{way}, failed"] += 1
            found, wanted = self.path.read_bytes(), (self.bytes, to_bytes(new))
            assert found in wanted, "the file is neither the old one nor the new one"
            assert found == self.bytes or way == "os.open fails", "a failed save has changed the file"
        else:
            counts[f"{way}, done"] += 1
            assert self.path.read_bytes() == to_bytes(new), "a save that was done is not there"
        assert set(os.listdir(self.path.parent)) == self.others, "something is left beside the file"
        self.path.write_bytes(self.bytes)


@contextlib.contextmanager
def limited(size: int) -> Iterator[None]:
    """Bound the size of the files that this process writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@contextlib.contextmanager
def small_disk() -> Iterator[Path | None]:
    """Mount a file system of 64 kB, or give None where that is not permitted."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", folder]
        try:
            permitted = subprocess.run(command, capture_output=True).returncode == 0
        except FileNotFoundError:
            permitted = False
        try:
            yield Path(folder) if permitted else None
        finally:
            if permitted:
                subprocess.run(["umount", folder], check=True)


def failing_call(name: str, code: int) -> Any:
    """Let a function of the system fail wherever saving calls it."""
    return mock.patch(name, side_effect=OSError(code, os.strerror(code)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=2000, help="in each way")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, counts, start = random.Random(options.seed), Counter[str](), time.monotonic()
    old = trained(SoftmaxRegression, 50)
    news = [trained(SoftmaxRegression, 600), trained(AutoSoftmaxRegression, 150), trained(SoftmaxRegression, 100)]
    sizes = [len(to_bytes(new)) for new in news]
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), old)
        for i in range(options.saves):
            size = rng.choice([0, 1, sizes[i % 3] - 1, sizes[i % 3], rng.randrange(sizes[i % 3])])
            place.holds(news[i % 3], counts, "limited size", limited(size))
            call = CALLS[i // 3 % len(CALLS)]
            fault = failing_call(call, rng.choice([errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS]))
            place.holds(news[i % 3], counts, f"{call} fails", fault)
            file = Failing(rng.randrange(8), rng.choice([1, 1000, 10**6]), rng.choice([errno.EIO, errno.EPIPE]))
            try:
                news[i % 3].save(file)
                counts["failing file, done"] += 1
                assert file.taken == to_bytes(news[i % 3])
            except OSError:
                counts["failing file, failed"] += 1
            with open("/dev/full", "wb", buffering=0) as full:
                try:
                    news[i % 3].save(full)
                    raise AssertionError("a full device took a model")
                except OSError:
                    counts["/dev/full, failed"] += 1
        assert load(place.path).classes == old.classes
    with small_disk() as disk:
        if disk is None:
            print("mounting is not permitted: no full disk", flush=True)
        for i in range(options.saves if disk else 0):
            assert disk is not None
            (disk / "filler").write_bytes(bytes(rng.randrange(0, ROOM - len(to_bytes(old)) - 8192)))
            place = Place(disk, old)
            place.holds(news[i % 3], counts, "full disk", contextlib.nullcontext())
    failed = sum(n for way, n in counts.items() if way.endswith("failed"))
    total = {"saves": counts.total(), "failed": failed, **dict(sorted(counts.items()))}
    print(json.dumps({**total, "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
