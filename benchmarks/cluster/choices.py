"""What merging otherwise would cost: each choice beside one that was not taken.

python -m benchmarks.cluster.choices           # measure: a few minutes
python -m benchmarks.cluster.choices --table   # print
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from river import optim

from benchmarks.cluster import USUAL, simulation, streams
from benchmarks.cluster.simulation import MODELS, in_rounds, sequential
from benchmarks.common.conditions import conditions
from benchmarks.common.markdown import markdown
from benchmarks.common.results import keep, read
from online_softmax import SoftmaxRegression
from online_softmax._kernel import merging
from online_softmax._kernel.merging import TINY, _mixed, _Shards, inverses, total

RESULTS = Path(__file__).with_name("choices.jsonl")
CASES = [(shards, world) for shards in (2, 8) for world in ("alike", "skewed by label")]
UNEVEN = 0.9  # of the rows come to the first shard


def gained(base: np.ndarray, each: list[np.ndarray]) -> list[np.ndarray]:
    return [np.maximum(one - base, 0) for one in each]


def plain(base: np.ndarray, each: list[np.ndarray]) -> list[np.ndarray]:
    return [(one > base) * 1.0 for one in each]


def added(base: np.ndarray, each: list[np.ndarray]) -> np.ndarray:
    return base + sum(gained(base, each))


def evidence_added(self: Any, field: Any) -> np.ndarray:
    each = self._each(field.name)
    part = np.maximum.reduce(each) > 0  # in the mixture
    n = part.sum()
    base = np.log(np.maximum(self.base.get(field.name, part / n), TINY))
    logs = base + total(np.log(np.maximum(one, TINY)) - base for one in each)
    new = np.where(part, np.exp(logs - logs[part].max()), 0.0)
    return np.where(part, 0.998 * new / new.sum() + 0.002 / n, 0.0)


def filters_added(self: Any, field: Any) -> np.ndarray:
    each, new = self._each(field.name), MEAN_OF_FILTERS(self, field)
    if field.name not in self.base:
        return new
    base = self._at_base(field.name)
    used = np.flatnonzero(np.diagonal(base[0, 1:]) > 0)

    def information(one: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        H = inverses(one[:, 1 + used][..., used])[0]
        return H, (H * one[:, 0, used][:, None]).sum(-1)

    H, Hu = information(base)
    gains = [tuple(a - b for a, b in zip(information(one), (H, Hu), strict=True)) for one in each]
    S, _, sound = inverses(H + sum(gain for gain, _ in gains))
    u = (S * (Hu + sum(gain for _, gain in gains))[:, None]).sum(-1)
    for i in np.flatnonzero(sound):
        new[i, 0, used] = u[i]
        new[i, 1 + used[:, None], used] = S[i]
    return new


def newton_by_matrix(self: Any, field: Any) -> np.ndarray:
    if field.name != "newton_W":
        return STEPS(self, field)
    each, base = self._each(field.name), self._at_base(field.name)
    mean = _mixed(each, self._known(self.weights), base)
    H = [w * inverses(update["newton_P"])[0] for w, update in zip(self.weights, self.updates, strict=True)]
    known = [stay["class"] >= 0 for stay in self.places]
    each = [np.where(has, one, mean) for has, one in zip(known, each, strict=True)]
    return np.tensordot(inverses(sum(H))[0], sum(np.tensordot(h, one, 1) for h, one in zip(H, each, strict=True)), 1)


def equal_weights(self: Any, *arguments: Any) -> None:
    START(self, *arguments)
    self.weights = [1 / len(self.updates)] * len(self.updates)


MEAN_OF_FILTERS, STEPS, START = _Shards._filters, _Shards._steps, _Shards.__init__
# What it is instead: of which model, and how.
CHOICES: dict[str, tuple[str, Any, str, Callable[..., Any]]] = {
    "weights by what their sums have gained": ("AdaGrad", merging, "_pulls", gained),
    "weights by their plain mean": ("AdaGrad", merging, "_pulls", plain),
    "sums of squared gradients added up": ("AdaGrad", merging, "_grown", added),
    "the clock of all samples": ("auto-linear", _Shards, "_clock", _Shards._sum),
    "Newton's weights by its matrices": ("auto-linear", _Shards, "_steps", newton_by_matrix),
    "the experts' evidence added up": ("auto-linear", _Shards, "_evidence", evidence_added),
    "the mixers' evidence added up": ("auto-linear", _Shards, "_filters", filters_added),
}
SLOW = "SGD(0.001)"


alone = cache(sequential)


def losses(name: str) -> list[float]:
    """How much more than alone, in each case."""
    return [in_rounds(name, world, shards, USUAL)["log_loss"] / alone(name, world) - 1 for shards, world in CASES]


def unevenly(y: np.ndarray, first: int, shards: int) -> np.ndarray:
    rng = np.random.default_rng(first)
    return np.where(rng.random(len(y)) < UNEVEN, 0, rng.integers(1, shards, len(y)))


def measure() -> None:
    lines = [{"choice": "", "of": name, "more": losses(name)} for name in ("AdaGrad", "auto-linear")]
    for choice, (name, where, what, instead) in CHOICES.items():
        with patch.object(where, what, instead):
            lines.append({"choice": choice, "of": name, "more": losses(name)})
        print(lines[-1], flush=True)
    uneven = {"uneven": (streams.steady, unevenly)}
    slow = {SLOW: lambda: SoftmaxRegression(optim.SGD(0.001))}
    with patch.dict(simulation.WORLDS, uneven), patch.dict(MODELS, slow):
        for choice, start in (("", START), ("shards by their plain mean", equal_weights)):
            with patch.object(_Shards, "__init__", start):
                more = [
                    in_rounds(SLOW, "uneven", shards, USUAL)["log_loss"] / alone(SLOW, "uneven") - 1
                    for shards in (2, 8)
                ]
            lines.append({"choice": choice, "of": SLOW, "more": more})
    keep(RESULTS, [{**line, "conditions": conditions()} for line in lines], "choice", "of")


def table() -> list[str]:
    found = {(line["of"], line["choice"]): line["more"] for line in read(RESULTS)}
    header = ["instead", "model", *(f"{shards} shards {world}" for shards, world in CASES)]
    rows = []
    for (name, choice), more in found.items():
        if choice and name != SLOW:
            each = zip(found[name, ""], more, strict=True)
            rows.append([choice, name, *(f"{was:+.1%} -> {new:+.1%}" for was, new in each)])
    uneven = zip(found[SLOW, ""], found[SLOW, "shards by their plain mean"], strict=True)
    two, eight = (f"{was:+.1%} -> {new:+.1%}" for was, new in uneven)
    return [
        *markdown(header, rows, words=2),
        "",
        f"Where one shard has {UNEVEN:.0%} of the rows, the plain mean of the shards instead of that by their samples: "
        f"{SLOW}, 2 shards {two}, 8 shards {eight}.",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how else models could be merged.")
    parser.add_argument("--table", action="store_true", help="print what has been measured")
    if parser.parse_args().table:
        print("\n".join(table()))
    else:
        measure()
    return 0


if __name__ == "__main__":
    sys.exit(main())
