"""Read the results; print the Markdown table, its conditions and the summary: `python -m benchmarks.quality.table`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.common.conditions import Conditions, printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import read
from benchmarks.quality import RESULTS
from benchmarks.quality.rivals import CONTEXT, HEAD, LINEAR, OURS, OURS_LINEAR, SHARES, STRONG
from benchmarks.quality.streams import STREAMS

NAMES = {
    "river_default": "river's default",
    "softmax_grid": "best of the grid",
    "vowpal_wabbit": "best of VW",
    "forest": "river's forest",
    "adaptive_tree": "river's tree",
    "neighbours": "river's neighbours",
    "sam_knn": "CapyMOA's SAMkNN",
    "random_patches": "CapyMOA's Streaming Random Patches",
    "capymoa_forest": "CapyMOA's Adaptive Random Forest",
    "leveraging_bagging": "CapyMOA's Leveraging Bagging",
    "lightgbm_refitted": "LightGBM, trained anew at every 10 % more rows",
}
FOREST = CONTEXT[0]  # the strongest of them
HINDSIGHT = "softmax_grid", "vowpal_wabbit"  # what they cost is the time of all their settings
Figures = dict[str, float]


def load(path: Path) -> dict[str, dict[str, dict]]:
    """stream -> rival -> its run; the rows must be the same for all rivals of a stream."""
    runs: dict[str, dict[str, dict]] = {}
    for run in read(path):
        runs.setdefault(run["stream"], {})[run["rival"]] = run
    for name, rivals in runs.items():
        if len({run["sha"] for run in rivals.values()}) > 1:
            raise SystemExit(f"the rivals saw different rows of {name}; run it again with --again")
    return {name: runs[name] for name in STREAMS if name in runs}


def settings(run: dict) -> dict[str, Figures]:
    return {name: figures for name, figures in run["settings"].items() if figures["log_loss"] is not None}


def best(run: dict, figure: str) -> tuple[float, str]:
    """The best value of the figure over the run's settings, and the setting."""
    sign = -1 if figure == "accuracy" else 1
    return min(((f[figure], name) for name, f in settings(run).items()), key=lambda pair: sign * pair[0])


def geometric_mean(ratios: list[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def pair(loss: float, accuracy: float) -> str:
    return f"{loss:.4f} / {100 * accuracy:.1f}"


class Stream:
    """Ours beside the best of the linear rivals in hindsight, a best for the log loss and a best for the accuracy."""

    def __init__(self, name: str, runs: dict[str, dict]):
        self.name, self.runs, self.correlated = name, runs, STREAMS[name].correlated
        ours = runs[OURS]["settings"]["default"]
        self.loss, self.accuracy = ours["log_loss"], ours["accuracy"]
        self.linear = runs[OURS_LINEAR]["settings"]["default"]
        self.covered = runs[OURS]["features"] <= 100
        rivals = [runs[rival] for rival in LINEAR]
        self.best_loss, setting, rival = min((*best(run, "log_loss"), run["rival"]) for run in rivals)
        self.setting = f"VW {setting}" if rival == "vowpal_wabbit" else setting
        self.best_accuracy = max(best(run, "accuracy")[0] for run in rivals)
        self.ratio = self.loss / self.best_loss

    def row(self) -> list[str]:
        run = self.runs[OURS]
        shape = f"{run['rows']:,} x {run['features']:,} x {run['classes']}"
        theirs = [pair(*(best(self.runs[rival], figure)[0] for figure in ("log_loss", "accuracy"))) for rival in LINEAR]
        ours = f"**{pair(self.loss, self.accuracy)}**"
        linear = pair(self.linear["log_loss"], self.linear["accuracy"])
        return [self.name + " †" * self.correlated, shape, ours, linear, *theirs, f"{self.ratio:.3f}", self.setting]


def findings(streams: list[Stream]) -> list[str]:
    worst = max(streams, key=lambda s: s.loss - s.best_loss)
    behind = min(streams, key=lambda s: s.accuracy - s.best_accuracy)
    apart = [s.ratio for s in streams if not s.correlated]
    covered = [s for s in streams if s.covered]
    cost, dearest = max((s.loss - s.linear["log_loss"], s.name) for s in covered)
    linear = geometric_mean([s.linear["log_loss"] / s.best_loss for s in streams])
    gain = geometric_mean([s.loss / s.linear["log_loss"] for s in covered])
    gap = 100 * sum(s.accuracy - s.best_accuracy for s in streams) / len(streams)
    over = [s.name for s in streams if s.loss > s.best_loss + 0.005]
    return [
        f"- Log loss, ours / best of all the others in hindsight, geometric mean over {len(streams)} streams: "
        f"**{geometric_mean([s.ratio for s in streams]):.3f}** "
        f"({geometric_mean(apart):.3f} over the {len(apart)} without strong autocorrelation).",
        f"- Log loss lower than that best on {sum(s.loss < s.best_loss for s in streams)} of {len(streams)} streams; "
        f"worst excess {worst.loss - worst.best_loss:+.4f} nats ({worst.name}); "
        f"above +0.005 on: {', '.join(over) or 'none'}.",
        f"- Accuracy higher than the most accurate of the others on "
        f"{sum(s.accuracy > s.best_accuracy for s in streams)} of {len(streams)}, by {gap:+.2f} points on average; "
        f"worst {100 * (behind.accuracy - behind.best_accuracy):+.2f} points ({behind.name}); more than one point "
        f"behind on: {', '.join(s.name for s in streams if s.accuracy < s.best_accuracy - 0.01) or 'none'}.",
        f"- The linear bank (`interactions=False`) alone: {linear:.3f} of that best. Over the {len(covered)} streams "
        f"of at most 100 features, log loss with the non-linear experts / without: **{gain:.3f}**, "
        f"at most {cost:+.4f} nats ({dearest}).",
    ]


def found(run: dict) -> Figures | None:
    """The best log loss and accuracy, and the time of the setting with that log loss; None if there are no figures."""
    if not settings(run):
        return None
    loss, setting = best(run, "log_loss")
    return {"log_loss": loss, "accuracy": best(run, "accuracy")[0], "us": run["settings"][setting]["us"]}


def against(runs: dict[str, dict[str, dict]], rivals: tuple[str, ...], setting: str) -> list[str]:
    """Ours, in a setting of ours, beside the rivals: a table, and a line a rival that says where it is ahead."""
    rivals = tuple(rival for rival in rivals if any(rival in of for of in runs.values()))
    ours = {name: of[OURS]["settings"][setting] for name, of in runs.items()}
    theirs = {rival: {name: found(of[rival]) for name, of in runs.items() if rival in of} for rival in rivals}
    rows = []
    for name in runs:
        cells = [ours[name], *(theirs[rival].get(name) for rival in rivals)]
        rows.append([name, *map(shown, cells), " / ".join(map(time, cells))])
    lines = [*markdown(["stream", "ours", *(NAMES[rival] for rival in rivals), "µs a row"], rows), ""]
    for rival in rivals:
        its = {name: figures for name, figures in theirs[rival].items() if figures}
        ratio = geometric_mean([ours[name]["log_loss"] / its[name]["log_loss"] for name in its])
        cost = geometric_mean([its[name]["us"] / ours[name]["us"] for name in its])
        ahead = [name for name in its if its[name]["log_loss"] < ours[name]["log_loss"]]
        right = [name for name in its if its[name]["accuracy"] > ours[name]["accuracy"]]
        lines.append(
            f"- {NAMES[rival]}: our log loss is {ratio:.3f} of its (geometric mean), its time {cost:,.0f} times ours. "
            f"Its log loss is lower on {len(ahead)} of {len(its)}: {', '.join(ahead) or 'none'}; "
            f"its accuracy higher on {len(right)}: {', '.join(right) or 'none'}."
        )
    return lines


def shown(figures: Figures | None) -> str:
    return pair(figures["log_loss"], figures["accuracy"]) if figures else "-"


def time(figures: Figures | None) -> str:
    if not figures:
        return "-"
    return f"{figures['us']:,.0f}" if figures["us"] >= 10 else f"{figures['us']:.1f}"


def unfinished(runs: dict[str, dict[str, dict]]) -> str:
    """Which runs of the strong rivals took too long or were not made, as sentences."""
    over: dict[str, dict[str, list[str]]] = {}
    for rival in STRONG:
        for name, of in runs.items():
            if rival not in of:
                over.setdefault("Not run", {}).setdefault(rival, []).append(name)
            elif limit := of[rival].get("stopped"):
                over.setdefault(f"Stopped after {limit:,} s of the processor", {}).setdefault(rival, []).append(name)
    told = ""
    for why, of in over.items():
        alike: dict[str, list[str]] = {}
        for rival, names in of.items():
            alike.setdefault(", ".join(names), []).append(NAMES[rival])
        told += f" {why}: " + "; ".join(f"{', '.join(who)} on {names}" for names, who in alike.items()) + "."
    return told


def summary(streams: list[Stream]) -> list[str]:
    """A row a rival: geometric means of log losses and of times, and counts of streams."""

    def pairs(rival: str, setting: str = "default") -> list[tuple[Figures, Figures]]:
        runs = [(s.runs[OURS]["settings"][setting], found(s.runs[rival])) for s in streams if rival in s.runs]
        return [(ours, its) for ours, its in runs if its]

    hindsight = [
        ({"log_loss": s.loss, "accuracy": s.accuracy}, {"log_loss": s.best_loss, "accuracy": s.best_accuracy})
        for s in streams
    ]
    rows = [row("the best of these three, in hindsight", hindsight)]
    rows += [row(NAMES[rival], pairs(rival), timed=rival not in HINDSIGHT) for rival in LINEAR]
    rows += [row(NAMES[rival], pairs(rival), timed=True) for rival in STRONG if pairs(rival)]
    rows += [row(f"{NAMES[FOREST]}, first {HEAD:,} rows", pairs(FOREST, "head"), timed=True)]
    header = ["`AutoSoftmaxRegression()` beside", "log loss, ours / its", "lower log loss", "higher accuracy"]
    return markdown([*header, "time, its / ours"], rows)


def row(name: str, pairs: list[tuple[Figures, Figures]], timed: bool = False) -> list[str]:
    """Ours beside a rival over pairs of our figures and its."""
    ratio = geometric_mean([ours["log_loss"] / its["log_loss"] for ours, its in pairs])
    lower = sum(ours["log_loss"] < its["log_loss"] for ours, its in pairs)
    higher = sum(ours["accuracy"] > its["accuracy"] for ours, its in pairs)
    times = f"{geometric_mean([its['us'] / ours['us'] for ours, its in pairs]):,.0f}x" if timed else ""
    return [name, f"{ratio:.3f}", f"{lower} of {len(pairs)}", f"{higher} of {len(pairs)}", times]


def conditions(runs: dict[str, dict[str, dict]]) -> Iterator[Conditions]:
    """Those of every run; our own version counts only where it was run."""
    for of in runs.values():
        for rival, run in of.items():
            ours = rival in (OURS, OURS_LINEAR)
            yield {name: value for name, value in run["conditions"].items() if ours or name != "online-softmax"}


WHERE = "Measured {date} on {cpu}, load average {load}, a process for each run; {versions}."

NOTES = """\
Progressive: every row is predicted, scored, then learned. Figures are mean log loss in nats (less is better) / accuracy
in %. All answers are over the classes seen so far; a row whose label is new is an error for accuracy and is left out of
the log loss, which is clipped at 1e-15. A rival's log loss and accuracy are each the best over its settings in
hindsight, so they may come from different settings. Ours and Vowpal Wabbit (VW) get the raw features, the others
`StandardScaler()` (on the sparse streams `text_*` and `one_hot` the grid also runs on raw values). Streams and their
fixed seeds are in `benchmarks/quality/streams/`; † marks strong autocorrelation of the labels. µs: time of the
processor, on all threads, to predict and learn a row; before 2026-11-27 it was time on the clock."""

CONTEXT_NOTES = f"""\
First {HEAD:,} rows at most, log loss / accuracy %; river's learners mixed with 1 % uniform. On the sparse streams the
tree and the forest see only the words that are present, which they are not made for."""

STRONG_NOTES = f"""\
All rows, log loss / accuracy %, mixed with {100 * SHARES[0]:g} or {100 * SHARES[1]:g} % uniform, whichever is better.
CapyMOA's ensembles have 100 members on one thread, SAMkNN the better of raw and standardised features, and all else is
as it comes. CapyMOA wants features and classes in advance: it gets those of the whole stream, all numeric, an absent
one as 0, and its answers are cut to the classes seen so far. Its time has Java's compilation of hot code in it, too,
which weighs on the shortest streams; other work on the machine made it late, and the time some two to three times that
of an idle one. LightGBM, as it comes on one thread, is trained anew on all rows so far at 50 rows and whenever they
have grown by 10 %; before, it answers how often each class has come. Its answers between two trainings are made in one
call, in its favour. A row with features by the thousand takes the ensembles a tenth of a second and more."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the table of the results.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--brief", action="store_true", help="the findings alone")
    parser.add_argument("--summary", action="store_true", help="a row a rival: geometric means and counts")
    chosen = parser.parse_args()
    everything = load(chosen.results)
    runs = {name: of for name, of in everything.items() if {OURS, OURS_LINEAR, *LINEAR} <= of.keys()}
    if not runs:
        raise SystemExit(f"no stream has a run of {OURS} and of all of {', '.join(LINEAR)}")
    if missing := STREAMS.keys() - runs.keys():
        print(f"left out, as runs are missing: {', '.join(sorted(missing))}", file=sys.stderr)
    streams = [Stream(name, of) for name, of in runs.items()]
    if chosen.summary:
        print("\n".join(summary(streams)))
        return 0
    rivals = [NAMES[rival] for rival in LINEAR]
    header = ["stream", "rows x features x classes", "ours", "ours, linear", *rivals, "ratio", "best setting"]
    lines = [
        NOTES,
        "",
        printed(conditions(runs), WHERE),
        "",
        *markdown(header, [s.row() for s in streams]),
        "",
        *findings(streams),
        "",
    ]
    lines += [CONTEXT_NOTES, "", *against(runs, CONTEXT, "head"), ""]
    lines += [STRONG_NOTES + unfinished(runs), "", *against(runs, STRONG, "default")]
    print("\n".join(line for line in lines if not chosen.brief or line.startswith("- ")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
