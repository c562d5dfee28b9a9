"""How ours stands beside the rivals: what each run found, over which rows, and who is ahead."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.common.results import read
from benchmarks.quality.rivals import CONTEXT, LINEAR, OURS, OURS_LINEAR, STRONG
from benchmarks.quality.streams import STREAMS

Runs = dict[str, dict]  # of a stream: rival -> its run


class Figures(NamedTuple):
    log_loss: float
    accuracy: float
    us: float
    rows: int


def load(path: Path) -> dict[str, Runs]:
    """stream -> rival -> its run; the rows must be the same for all rivals of a stream."""
    runs: dict[str, Runs] = {}
    for run in read(path):
        runs.setdefault(run["stream"], {})[run["rival"]] = run
    for name, of in runs.items():
        if len({run["sha"] for run in of.values()}) > 1:
            raise SystemExit(f"the rivals saw different rows of {name}; run it again with --again")
    return {name: runs[name] for name in STREAMS if name in runs}


def figures(run: dict) -> dict[str, Figures]:
    """Those of every setting that has any."""
    return {
        name: Figures(each["log_loss"], each["accuracy"], each["us"], each.get("rows", run["rows"]))
        for name, each in run.get("settings", {}).items()
        if each["log_loss"] is not None
    }


def settings(run: dict) -> dict[str, Figures]:
    """The figures of the settings that came furthest."""
    every = figures(run)
    furthest = max((each.rows for each in every.values()), default=0)
    return {name: each for name, each in every.items() if each.rows == furthest}


def best(run: dict, figure: str) -> tuple[float, str]:
    """The best value of the figure over the run's settings, and the setting."""
    sign = -1 if figure == "accuracy" else 1
    return min(((getattr(f, figure), name) for name, f in settings(run).items()), key=lambda pair: sign * pair[0])


def found(run: dict) -> Figures | None:
    """The best log loss and accuracy, and the time of the setting with that log loss; None if there are no figures."""
    if not (of := settings(run)):
        return None
    loss, setting = best(run, "log_loss")
    return Figures(loss, best(run, "accuracy")[0], of[setting].us, of[setting].rows)


def ours(run: dict, rows: int | None = None, setting: str = "default") -> Figures:
    """What ours found, over so many of the first rows where a rival was stopped."""
    every = figures(run)[setting]
    if rows is None or rows == every.rows:
        return every
    return Figures(*run["settings"][setting]["by"][f"{rows}"], every.us, rows)


def beside(runs: Runs, rival: str) -> tuple[Figures, Figures] | None:
    """Ours and the rival's figures over the same rows; None if it has none."""
    if rival not in runs or not (its := found(runs[rival])):
        return None
    if rival in CONTEXT:
        return ours(runs[OURS], setting="head"), its
    return ours(runs[OURS], its.rows), its


def ahead(runs: Runs, figure: str = "log_loss") -> dict[str, tuple[Figures, Figures]]:
    """The rivals whose figure is better than ours, with both."""
    sign = -1 if figure == "accuracy" else 1
    pairs = {rival: beside(runs, rival) for rival in (*LINEAR, *CONTEXT, *STRONG)}
    return {
        rival: pair
        for rival, pair in pairs.items()
        if pair and sign * getattr(pair[1], figure) < sign * getattr(pair[0], figure)
    }


def geometric_mean(ratios: Iterable[float]) -> float:
    logs = [math.log(ratio) for ratio in ratios]
    return math.exp(sum(logs) / len(logs))


class Stream:
    """Ours beside the best of the linear rivals in hindsight, a best for the log loss and a best for the accuracy."""

    def __init__(self, name: str, runs: Runs):
        self.name, self.runs, self.correlated = name, runs, STREAMS[name].correlated
        self.loss, self.accuracy, *_ = self.ours = ours(runs[OURS])
        self.linear = ours(runs[OURS_LINEAR])
        self.covered = runs[OURS]["features"] <= 100
        rivals = [runs[rival] for rival in LINEAR]
        self.best_loss, setting, rival = min((*best(run, "log_loss"), run["rival"]) for run in rivals)
        self.setting = f"VW {setting}" if rival == "vowpal_wabbit" else setting
        self.best_accuracy = max(best(run, "accuracy")[0] for run in rivals)
        self.ratio = self.loss / self.best_loss
