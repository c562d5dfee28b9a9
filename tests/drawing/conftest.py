"""Documents to draw, in the shape of a result's `to_dict()`."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import exp, log
from typing import Any

import pytest

from online_softmax.evaluation.sums import METRICS
from online_softmax.rounds import Round
from online_softmax.rounds.curves import runs_of

Document = dict[str, Any]
EXPERTS = "adagrad", "decaying-sgd", "recent-prior", "newton", "votes", "wide-votes", "additive", "gaussian"
LABELS = "brick", "sky", "foliage", "cement", "window", "path", "grass"


def columns(chance: random.Random, ends: list[int], best: float, worst: float, drift: int | None) -> Document:
    """Give the columns of curves that fall from `worst` to `best`, up again at the drift."""

    def loss(row: int) -> float:
        since = row if drift is None or row < drift else row - drift
        return best + (worst - best) * exp(-since / (ends[-1] / 8)) + chance.gauss(0, 0.02 * best)

    losses = [max(0.01, loss(end)) for end in ends]
    right = [exp(-one) for one in losses]
    table: Document = {name: [one * (0.9 + 0.01 * i) for one in right] for i, name in enumerate(METRICS)}
    table |= {"log_loss": losses, "n_samples": ends}
    table["n"] = [end - before for before, end in zip([0, *ends], ends, strict=False)]
    table["no_change_accuracy"] = [0.3 + chance.gauss(0, 0.01) for _ in ends]
    table["majority_accuracy"] = [0.2 + chance.gauss(0, 0.01) for _ in ends]
    return table


def confusions(labels: list[Any], matrix: list[list[int]]) -> list[Document]:
    """Give the biggest confusions of a matrix."""
    pairs = [(n, i, j) for i, line in enumerate(matrix) for j, n in enumerate(line) if n and i != j]
    return [
        {"label": labels[i], "predicted": labels[j], "n": n, "support": sum(matrix[i])}
        for n, i, j in sorted(pairs, key=lambda pair: -pair[0])[:200]
    ]


def classes(chance: random.Random, labels: list[Any], supports: list[float]) -> list[Document]:
    """Give the scores of each class."""
    return [
        {
            "label": label,
            "precision": chance.random(),
            "recall": chance.random(),
            "f1": chance.random(),
            "support": support,
        }
        for label, support in zip(labels, supports, strict=True)
    ]


def run(
    n: int = 20_000,
    labels: list[Any] | None = None,
    *,
    best: float = 0.3,
    drift: int | None = None,
    experts: bool = False,
    seed: int = 1,
) -> Document:
    """Give what a run over n rows might have found."""
    chance, faded = random.Random(seed), random.Random(-seed - 1)
    labels = list(LABELS) if labels is None else labels
    ends = sorted({max(1, round(n * (i + 1) / 400)) for i in range(400)})
    windows = [*range(1000, n, 1000), n]
    fading = columns(chance, ends, best, 1.9, drift)
    fading |= {"run_log_loss": [], "run_accuracy": []}
    for i in range(len(ends)):
        fading["run_log_loss"].append(sum(fading["log_loss"][: i + 1]) / (i + 1))
        fading["run_accuracy"].append(sum(fading["accuracy"][: i + 1]) / (i + 1))
    size = len(labels)
    confusion = [[0] * size for _ in labels]
    for i in range(size):
        for j in range(size):
            confusion[i][j] = chance.randrange(2000, 3000) if i == j else max(0, int(chance.gauss(0, 60)))
    if size == 7:
        confusion[6][2] = 431
    weights = [[chance.random() * (1 + 8 * (j == i // 100)) for j in range(len(EXPERTS))] for i in range(400)]
    metrics = {name: fading["run_accuracy"][-1] * (0.9 + 0.011 * i) for i, name in enumerate(METRICS)}
    return {
        **metrics,
        "n_samples": n,
        "n_unseen": size,
        "n_zeroed": 0,
        "n_skipped": 0,
        "n_bad": 2,
        "n_evicted": 0,
        "accuracy": fading["run_accuracy"][-1],
        "log_loss": fading["run_log_loss"][-1],
        "roc_auc": None,
        "k": 3,
        "no_change_accuracy": 0.3012345,
        "majority_accuracy": 0.2012345,
        "verdict": None,
        "seconds": 0.4213345,
        "microseconds_per_row": 21.0667,
        "memory": 123_456,
        "window": 1000,
        "hint": None,
        "delay": None,
        "columns": {"numbers": ["a", "b"], "texts": {"colour": 7}, "labels": "text", "missing": "error"},
        "bad": [{"row": 17, "reason": "line 19 has 3 cells, not 4"}, {"row": 99, "reason": "line 102 is empty"}],
        "rows": [
            {
                "n_samples": end,
                "accuracy": fading["run_accuracy"][i],
                "log_loss": fading["run_log_loss"][i],
                "window_accuracy": fading["accuracy"][i],
                "window_log_loss": fading["log_loss"][i],
                "seconds": 0.4 * end / n,
            }
            for i, end in enumerate(ends)
            if i in (19, 39, 79, 159, 319, 399) or end == n
        ],
        "classes": classes(chance, labels, [sum(line) for line in confusion]),
        "fading_classes": classes(faded, labels, [10.5 * (i + 1) for i in range(size)]),
        "window_classes": {
            name: [[faded.random() for _ in windows[:20]] for _ in labels]
            for name in ("precision", "recall", "f1", "support")
        },
        "confusion": confusion if size <= 1000 else None,
        "confusions": confusions(labels, confusion),
        "windows": columns(chance, windows, best, 1.9, drift),
        "fading": fading,
        "reliability": [
            {
                "from": i / 15,
                "to": (i + 1) / 15,
                "n": 0 if i < 2 else i * i * 100,
                "confidence": None if i < 2 else (i + 0.5) / 15,
                "accuracy": None if i < 2 else min(1.0, (i + 0.2) / 15),
            }
            for i in range(15)
        ],
        "drifts": []
        if drift is None
        else [
            {"row": drift // 2, "found": drift // 2 + 96, "before": log(2), "after": 0.4},
            {"row": drift, "found": drift + 160, "before": best, "after": 1.7},
        ],
        "experts": {
            "names": list(EXPERTS),
            "n_samples": ends[: len(weights)],
            "weights": [[one / sum(line) for one in line] for line in weights[: len(ends)]],
        }
        if experts
        else None,
        "river": {"CohenKappa": 0.81234},
    }


def conditions(**more: Any) -> Document:
    return {
        "source": "image_segments",
        "target": "category",
        "model": "AutoSoftmaxRegression()",
        "version": "0.1.0",
        "machine": "two cores",
        **more,
    }


def single_run() -> Document:
    """Give a run as it comes from a bundled stream."""
    return {"conditions": conditions(), "runs": {"auto": run(experts=True, drift=12_000)}, "comparison": None}


def three_runs() -> Document:
    """Give a comparison of three models, one of which drifts."""
    runs = {
        "auto": run(best=0.25, drift=13_000, experts=True),
        "SGD(0.1)": run(best=0.4, seed=2),
        "river: HoeffdingAdaptiveTree": run(best=0.6, seed=3),
    }
    models = {
        name: {
            "log_loss": one["log_loss"],
            "accuracy": one["accuracy"],
            "loss_difference": None if name == "auto" else one["log_loss"] - runs["auto"]["log_loss"],
            "low": None if name == "auto" else 0.01,
            "high": None if name == "auto" else 0.2,
            "is_noise": None if name == "auto" else False,
            "microseconds_per_row": one["microseconds_per_row"],
        }
        for name, one in runs.items()
    }
    runs["auto"]["verdict"] = (
        "saying the last label again is right more often than the model: 91.23% of the rows, and not 90.12%"
    )
    return {
        "conditions": conditions(),
        "runs": runs,
        "comparison": {"best": "auto", "n_common": 19_990, "n_blocks": 50, "models": models},
    }


EVIL = [
    "<script>window.hurt = 1</script>",
    "</script><img src=x onerror='window.hurt = 1'>",
    "<!--",
    "]]>",
    "a" * 1_000_000,
    "a" * 999_999,
    "quotes \" ' `",
    "line\u2028and\u2029paragraph\n\t",
    "\ud800 alone",
    "\u202egnirts desrever",
    "__proto__",
    "",
    "$vega ${1}",
    "🜁" * 50,
]


def hostile() -> Document:
    """Give a comparison whose every text is out to break a page."""
    evil = "</script><script>window.hurt = 1</script>"
    one, other = run(labels=EVIL, experts=True, drift=9000), run(labels=EVIL, seed=2)
    one["experts"]["names"] = EVIL[: len(EXPERTS)]
    for result in (one, other):
        result |= {
            "verdict": evil,
            "hint": EVIL[1],
            "delay": evil,
            "river": {evil: 0.5},
            "columns": {evil: [evil] * 10_000},
        }
        result["bad"] = [{"row": 1, "reason": evil}, {"row": 2, "reason": "b" * 1_000_000}]
    conditions = {
        evil: evil,
        "source": evil,
        "target": EVIL[1],
        "__proto__": "x",
        "constructor": 2**80,
        "many": [evil] * 9999,
    }
    return {"conditions": conditions, "runs": {evil: one, "__proto__": other, "a" * 100_000: other}, "comparison": None}


def many_classes() -> Document:
    """Give a run with 10,000 classes, whose confusions are not kept."""
    result = run(labels=[])
    result["classes"] = [
        {"label": i, "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": (i * 7919) % 10_007} for i in range(10_000)
    ]
    pairs = [{"label": i, "predicted": 9999 - i, "n": 300 - i, "support": 400} for i in range(200)]
    result |= {"confusion": None, "confusions": pairs, "fading_classes": None, "window_classes": None}
    return {"conditions": conditions(), "runs": {"auto": result}, "comparison": None}


def thousand_classes() -> Document:
    """Give ten runs, each with a confusion matrix of a million cells."""
    one = run(labels=[f"a class called {i}" for i in range(1000)], n=1_000_000, experts=True, drift=500_000)
    return {"conditions": conditions(), "runs": {f"model {i}": one for i in range(10)}, "comparison": None}


def one_row() -> Document:
    """Give a run of a single row, of which nearly nothing is known."""
    result = run(n=1, labels=["sky"])
    nothing = [name for name, value in result.items() if isinstance(value, float) and "accuracy" not in name]
    result |= dict.fromkeys(nothing) | {
        "memory": None,
        "river": {},
        "columns": None,
        "bad": [],
        "n_bad": 0,
        "confusion": [[0]],
        "confusions": [],
    }
    result["seconds"] = result["microseconds_per_row"] = 0.001
    for table in (result["windows"], result["fading"]):
        table |= {name: [None] for name in table if name not in ("n", "n_samples")}
    result["rows"] = [dict.fromkeys(result["rows"][0], None) | {"n_samples": 1, "seconds": 0.001}]
    result["classes"] = [{"label": "sky", "precision": None, "recall": None, "f1": None, "support": 1}]
    result["fading_classes"] = result["classes"]
    result["reliability"] = [one | {"n": 0, "confidence": None, "accuracy": None} for one in result["reliability"]]
    return {"conditions": {"source": None}, "runs": {"auto": result}, "comparison": None}


def no_rows() -> Document:
    """Give a document of a run that has not begun."""
    return {"conditions": conditions(), "runs": {}, "comparison": None}


def rounds() -> Document:
    """Give the log of a run in shards: two runs of which little is counted."""
    chance = random.Random(5)
    served, own = ([chance.uniform(0.5, 0.9) * 1000 for _ in range(80)] for _ in range(2))
    log = [
        Round(1, 2, 1000, served_hits=700, served_loss=loss, own_hits=750, own_loss=other, seconds=0.1)
        for loss, other in zip(served, own, strict=True)
    ]
    return {
        "conditions": conditions(),
        "runs": runs_of([Round(1, 2, 250, served_unseen=250), *log]),
        "comparison": None,
    }


DOCUMENTS: dict[str, Callable[[], Document]] = {
    made.__name__: made
    for made in (single_run, three_runs, hostile, many_classes, thousand_classes, one_row, no_rows, rounds)
}


@pytest.fixture(scope="session", params=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> Document:
    """Give a document: each test runs once for every kind."""
    return DOCUMENTS[request.param]()


@pytest.fixture(scope="session")
def documents() -> dict[str, Callable[[], Document]]:
    """Give the functions that make each document."""
    return DOCUMENTS
