"""Damage model files, and load them: each must give an equal model or a ModelFileError, at bounded memory.

`python -m proofs.mutate_model_files --files 100000` flips, cuts, repeats and overwrites bytes anywhere
in a file. Every second file is a forgery instead: its parts are changed and its checksum is made to fit, so that the
checks behind the checksum stand alone before the kernel. A forgery that loads is asked and taught, and must not crash.
Prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import time
from collections import Counter
from typing import Any

import numpy as np
from river import optim
from safetensors.numpy import load as contents

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, SoftmaxRegression
from online_softmax.models.saving import ModelFileError, from_bytes, load, to_bytes
from online_softmax.storage import container
from online_softmax.storage.container import KEY
from proofs import ROOT
from proofs.hostile import concept

NUMBERS = [0, -1, 1, 2, 3, 8, 11, 14, 15, 100, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 10**30, 1e300, -1e300]
EARLIER = ROOT / "tests" / "golden" / "format_2"  # files of the format before
NODES = [None, True, "", "a", 0.5, -0.0, [], {}, [[]], {"class": "SGD"}, {"bytes": "zz"}]


def samples(n: int, seed: int) -> list[tuple[dict[Any, float], Any]]:
    """Give a small stream with all kinds of names and labels."""
    rng = random.Random(seed)
    names = ["a", ("b", 1), b"c", None, 2.5]
    return [({name: rng.gauss(i % 3, 1) for name in names if rng.random() < 0.9}, (i % 3, "y")) for i in range(n)]


def models() -> list[Any]:
    """Give models whose files have every kind of part."""
    made = [
        SoftmaxRegression(),
        SoftmaxRegression(
            optim.Adam(optim.schedulers.InverseScaling(0.1)),
            optim.losses.CrossEntropy({(1, "y"): 2.0}),
            0.01,
            intercept=True,
            clip_gradient=1.0,
        ),
        SoftmaxRegression(optim.SGD(optim.schedulers.Optimal(optim.losses.Hinge()))),
        AutoSoftmaxRegression(interactions=False),
        AutoSoftmaxRegression(),
        SoftmaxRegression(ImplicitAdaGrad(), max_features=4),
        AutoSoftmaxRegression(max_features=4),
    ]
    for model in made:
        for x, y in samples(60, 1):
            model.learn_one(x, y)
    made += [AutoSoftmaxRegression(), AutoSoftmaxRegression(max_features=140)]
    for model, n_names in zip(made[-2:], (8, 130), strict=True):  # trees that have grown, and features beyond 100
        for x, y in concept([f"a{j}" for j in range(n_names)], ["b", 0, ("c", 1)], 400, random.Random(1)):
            model.learn_one(x, y)
    return made


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change bytes of a file."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        # half of them in the header, where the meaning is
        at = rng.randrange(min(2500, len(out)) if rng.random() < 0.5 else len(out))
        size = min(rng.choice([1, 1, 2, 8, 64, 4096]), len(out) - at)
        match rng.randrange(6):
            case 0:
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at : at + size] = rng.randbytes(size)
            case 2:
                del out[at : at + size]
            case 3:
                out[at:at] = rng.randbytes(size)
            case 4:
                del out[at:]
            case 5:
                out[at:at] = out[at : at + size]
        if not out:
            break
    return bytes(out)


def _changed_array(array: np.ndarray, rng: random.Random) -> np.ndarray:
    array = array.copy()
    match rng.randrange(5):
        case 0:
            return array.astype(rng.choice(["f8", "f4", "i8", "i4", "u4", "u1"]))
        case 1:
            shape = list(array.shape)
            shape[rng.randrange(len(shape))] += rng.choice([-1, 1, 1000])
            return np.resize(array, [max(side, 0) for side in shape])
        case 2:
            return array.reshape(array.shape[::-1]) if rng.random() < 0.5 else array.ravel()
    if array.size:
        array.flat[rng.randrange(array.size)] = np.float64(rng.choice([*NUMBERS, np.nan, np.inf])).astype(array.dtype)
    return array


def _changed_node(node: Any, rng: random.Random) -> Any:
    """Change one place in a tree of JSON."""
    if isinstance(node, dict) and node and rng.random() < 0.95:
        key = rng.choice(list(node))
        if rng.random() < 0.1:
            return {each: value for each, value in node.items() if each != key}
        return {**node, key: _changed_node(node[key], rng)}
    if isinstance(node, list) and node and rng.random() < 0.9:
        at = rng.randrange(len(node))
        return [*node[:at], _changed_node(node[at], rng), *node[at + (rng.random() < 0.9) :]]
    return rng.choice([*NUMBERS, *NODES])


def forged(data: bytes, rng: random.Random) -> bytes:
    """Change parts of a file, and seal it again."""
    arrays = contents(data)
    about = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"][KEY])
    del about["checksum"]
    for _ in range(rng.choice([1, 1, 2, 3])):
        if rng.random() < 0.35:
            about = _changed_node(about, rng)
            about = about if isinstance(about, dict) else {}
            continue
        name = rng.choice(sorted(arrays))
        if rng.random() < 0.1:
            arrays[rng.choice([name, "more"])] = arrays.pop(name) if len(arrays) > 1 else arrays[name]
        elif name in ("names", "labels"):
            nodes = _changed_node(json.loads(contents(data)[name].tobytes()), rng)
            text = json.dumps(nodes).encode() if rng.random() < 0.9 else rng.randbytes(20)
            arrays[name] = np.frombuffer(text, np.uint8)
        else:
            arrays[name] = _changed_array(arrays[name], rng)
    return container.to_bytes(about, arrays)


def exercised(model: Any, stream: list[tuple[dict[Any, float], Any]]) -> None:
    """Ask and teach a forged model: it may be refused, and it must not crash."""
    for x, y in stream:
        try:
            model.predict_proba_one(x)
            model.learn_one(x, y)
        except (ArithmeticError, ValueError):
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    files = [to_bytes(model) for model in models()]
    files += [path.read_bytes() for path in sorted(EARLIER.glob("*.safetensors"))]
    stream = [*samples(10, 2), ({f"new {j}": 1.0 for j in range(99)}, "new"), *samples(3, 3)]
    stream += concept([f"a{j}" for j in range(130)], ["b", 0, ("c", 1)], 40, random.Random(2))
    counts: Counter[str] = Counter()
    for data in files:
        exercised(from_bytes(data), stream)
    before, start, slowest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic(), 0.0
    for i in range(options.files):
        data = rng.choice(files)
        forgery = i % 2 == 1
        kind = "forgery" if forgery else "damage"
        with np.errstate(all="ignore"):  # casts of numbers that do not fit
            mutated = forged(data, rng) if forgery else damaged(data, rng)
        clock = time.monotonic()
        try:
            model = load(io.BytesIO(mutated))
        except ModelFileError:
            counts[f"{kind}, refused"] += 1
        else:
            if mutated == data or (not forgery and to_bytes(model) == data):
                counts[f"{kind}, equal"] += 1
            else:
                assert forgery, "a damaged file gave another model"
                exercised(model, stream)
                counts["forgery, another model"] += 1
        slowest = max(slowest, time.monotonic() - clock)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    measured = {"slowest, s": round(slowest, 3), "grown, MB": grown // 1024}
    measured["seconds"] = round(time.monotonic() - start, 1)
    print(json.dumps({"files": options.files, **dict(sorted(counts.items())), **measured}))
    assert grown < 500 * 1024, "memory grew"
    assert slowest < 30, "a file hung"


if __name__ == "__main__":
    main()
