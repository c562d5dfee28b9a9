"""Read the results; print the Markdown tables of a group of streams, with their conditions and what they say.

python -m benchmarks.quality.table                  # the 39 short streams
python -m benchmarks.quality.table --group text     # or `long`
python -m benchmarks.quality.table --summary        # a row a rival
python -m benchmarks.quality.table --ahead          # every stream, of all groups, on which a rival is ahead of ours
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.common.conditions import Conditions, printed
from benchmarks.common.markdown import markdown
from benchmarks.quality import RESULTS
from benchmarks.quality.rivals import CONTEXT, HEAD, LINEAR, OURS, OURS_LINEAR, SHARES, STRONG, WIDEST
from benchmarks.quality.standing import Figures, Runs, Stream, ahead, beside, best, found, geometric_mean, load, ours
from benchmarks.quality.streams import GROUPS

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
    "extra_trees_refitted": "200 extra trees, trained anew at every 10 % more rows",
}
FOREST = CONTEXT[0]  # the strongest of them
HINDSIGHT = "softmax_grid", "vowpal_wabbit"  # what they cost is the time of all their settings


def pair(loss: float, accuracy: float) -> str:
    return f"{loss:.4f} / {100 * accuracy:.1f}"


def shape(run: dict) -> str:
    return f"{run['rows']:,} x {run['features']:,} x {run['classes']}"


def linear_row(stream: Stream) -> list[str]:
    theirs = [pair(*(best(stream.runs[rival], figure)[0] for figure in ("log_loss", "accuracy"))) for rival in LINEAR]
    mine = f"**{pair(stream.loss, stream.accuracy)}**"
    linear = pair(stream.linear.log_loss, stream.linear.accuracy)
    name = stream.name + " †" * stream.correlated
    return [name, shape(stream.runs[OURS]), mine, linear, *theirs, f"{stream.ratio:.3f}", stream.setting]


def findings(streams: list[Stream]) -> list[str]:
    worst = max(streams, key=lambda s: s.loss - s.best_loss)
    behind = min(streams, key=lambda s: s.accuracy - s.best_accuracy)
    apart = [s.ratio for s in streams if not s.correlated]
    covered = [s for s in streams if s.covered]
    linear = geometric_mean([s.linear.log_loss / s.best_loss for s in streams])
    gap = 100 * sum(s.accuracy - s.best_accuracy for s in streams) / len(streams)
    over = [s.name for s in streams if s.loss > s.best_loss + 0.005]
    told = f"- The linear bank (`interactions=False`) alone: {linear:.3f} of that best."
    if covered:
        gain = geometric_mean([s.loss / s.linear.log_loss for s in covered])
        cost, dearest = max((s.loss - s.linear.log_loss, s.name) for s in covered)
        told += (
            f" Over the {len(covered)} streams of at most 100 features, log loss with the non-linear experts / "
            f"without: **{gain:.3f}**, at most {cost:+.4f} nats ({dearest})."
        )
    return [
        f"- Log loss, ours / best of all the others in hindsight, geometric mean over {len(streams)} streams: "
        f"**{geometric_mean([s.ratio for s in streams]):.3f}**"
        + (
            f" ({geometric_mean(apart):.3f} over the {len(apart)} without strong autocorrelation)."
            if 0 < len(apart) < len(streams)
            else "."
        ),
        f"- Log loss lower than that best on {sum(s.loss < s.best_loss for s in streams)} of {len(streams)} streams; "
        f"worst excess {worst.loss - worst.best_loss:+.4f} nats ({worst.name}); "
        f"above +0.005 on: {', '.join(over) or 'none'}.",
        f"- Accuracy higher than the most accurate of the others on "
        f"{sum(s.accuracy > s.best_accuracy for s in streams)} of {len(streams)}, by {gap:+.2f} points on average; "
        f"worst {100 * (behind.accuracy - behind.best_accuracy):+.2f} points ({behind.name}); more than one point "
        f"behind on: {', '.join(s.name for s in streams if s.accuracy < s.best_accuracy - 0.01) or 'none'}.",
        told,
    ]


def against(runs: dict[str, Runs], rivals: tuple[str, ...]) -> list[str]:
    """Ours beside the rivals, all over the rows that each came to: a table, and a line a rival on where it is ahead."""
    pairs = {rival: {name: beside(of, rival) for name, of in runs.items() if rival in of} for rival in rivals}
    pairs = {rival: its for rival, its in pairs.items() if any(its.values())}
    rows = []
    for name, of in runs.items():
        mine = ours(of[OURS], setting="head" if set(rivals) == set(CONTEXT) else "default")
        theirs = [pairs[rival].get(name) for rival in pairs]
        times = [time(mine), *(time(its and its[1]) for its in theirs)]
        rows.append([name, shown(mine), *(compared(its, mine.rows) for its in theirs), " / ".join(times)])
    lines = [*markdown(["stream", "ours", *(NAMES[rival] for rival in pairs), "µs a row"], rows), ""]
    for rival, of in pairs.items():
        its = {name: both for name, both in of.items() if both}
        ratio = geometric_mean(mine.log_loss / theirs.log_loss for mine, theirs in its.values())
        cost = geometric_mean(theirs.us / mine.us for mine, theirs in its.values())
        lower = [name for name, (mine, theirs) in its.items() if theirs.log_loss < mine.log_loss]
        right = [name for name, (mine, theirs) in its.items() if theirs.accuracy > mine.accuracy]
        lines.append(
            f"- {NAMES[rival]}: our log loss is {ratio:.3f} of its (geometric mean), its time {cost:,.0f} times ours. "
            f"Its log loss is lower on {len(lower)} of {len(its)}: {', '.join(lower) or 'none'}; "
            f"its accuracy higher on {len(right)}: {', '.join(right) or 'none'}."
        )
    return lines


def shown(figures: Figures) -> str:
    return pair(figures.log_loss, figures.accuracy)


def compared(pair: tuple[Figures, Figures] | None, rows: int) -> str:
    """The rival's figures; where it was stopped, after which share of the rows, and ours there."""
    if not pair:
        return "-"
    mine, theirs = pair
    early = f" at {100 * theirs.rows / rows:.0f} %: ours {shown(mine)}" if theirs.rows < rows else ""
    return shown(theirs) + early


def time(figures: Figures | None) -> str:
    if not figures:
        return "-"
    return f"{figures.us:,.0f}" if figures.us >= 10 else f"{figures.us:.1f}"


def unfinished(runs: dict[str, Runs], rivals: tuple[str, ...] = STRONG) -> str:
    """Which runs of the rivals were not made, ended nothing, or were stopped, as sentences."""
    over: dict[str, dict[str, list[str]]] = {}
    for rival in rivals:
        for name, of in runs.items():
            if rival not in of:
                why = "Not run"
            elif not of[rival]["settings"]:
                why = f"Left out, for more than {WIDEST[rival]:,} features"
            elif not (its := found(of[rival])):
                why = f"Stopped before a tenth of the rows, after {of[rival]['limit']:,} s of the processor a setting"
            elif its.rows < of[rival]["rows"]:
                why = f"Stopped after {of[rival]['limit']:,} s of the processor a setting"
            else:
                continue
            over.setdefault(why, {}).setdefault(rival, []).append(name)
    told = ""
    for why, of in over.items():
        alike: dict[str, list[str]] = {}
        for rival, names in of.items():
            alike.setdefault(", ".join(names), []).append(NAMES[rival])
        told += f" {why}: " + "; ".join(f"{', '.join(who)} on {names}" for names, who in alike.items()) + "."
    return told


def summary(streams: list[Stream]) -> list[str]:
    """A row a rival: geometric means of log losses and of times, and counts of streams."""

    def pairs(rival: str) -> list[tuple[Figures, Figures]]:
        return [both for s in streams if (both := beside(s.runs, rival))]

    hindsight = [(s.ours, s.ours._replace(log_loss=s.best_loss, accuracy=s.best_accuracy)) for s in streams]
    rows = [row("the best of these three, in hindsight", hindsight)]
    rows += [row(NAMES[rival], pairs(rival), timed=rival not in HINDSIGHT) for rival in LINEAR]
    rows += [row(NAMES[rival], pairs(rival), timed=True) for rival in STRONG if pairs(rival)]
    if pairs(FOREST):
        rows += [row(f"{NAMES[FOREST]}, first {HEAD:,} rows", pairs(FOREST), timed=True)]
    header = ["`AutoSoftmaxRegression()` beside", "log loss, ours / its", "lower log loss", "higher accuracy"]
    return markdown([*header, "time, its / ours"], rows)


def row(name: str, pairs: list[tuple[Figures, Figures]], timed: bool = False) -> list[str]:
    """Ours beside a rival over pairs of our figures and its."""
    ratio = geometric_mean(ours.log_loss / its.log_loss for ours, its in pairs)
    lower = sum(ours.log_loss < its.log_loss for ours, its in pairs)
    higher = sum(ours.accuracy > its.accuracy for ours, its in pairs)
    times = f"{geometric_mean(its.us / ours.us for ours, its in pairs):,.0f}x" if timed else ""
    return [name, f"{ratio:.3f}", f"{lower} of {len(pairs)}", f"{higher} of {len(pairs)}", times]


def leaders(runs: dict[str, Runs]) -> list[str]:
    """Every stream on which a rival has the lower log loss, the one with the lowest first, and how far it is ahead."""
    rows = []
    for name, of in runs.items():
        its = sorted(ahead(of).items(), key=lambda item: item[1][1].log_loss - item[1][0].log_loss)
        for rival, (mine, theirs) in its:
            share = f"{100 * theirs.rows / of[OURS]['rows']:.0f} %"
            rows.append(
                [name, NAMES[rival], share, shown(mine), shown(theirs), f"{mine.log_loss - theirs.log_loss:+.4f}"]
            )
    first = len(runs) - len({name for name, *_ in rows})
    rivals = *LINEAR, *STRONG
    pairs = [(its, of[rival]["rows"]) for of in runs.values() for rival in rivals if (its := found(of.get(rival, {})))]
    said = [
        f"Ours has the lowest log loss of all on {first} of {len(runs)} streams. The {len(rivals)} rivals have figures "
        f"in {len(pairs)} of {len(rivals) * len(runs)} cases, {sum(its.rows < rows for its, rows in pairs)} of them "
        "over the first rows."
    ]
    header = ["stream", "ahead of ours", "after", "ours", "its", "log loss, ours - its"]
    return [*said, "", *markdown(header, rows, words=2)] if rows else said


def conditions(runs: dict[str, Runs]) -> Iterator[Conditions]:
    """Those of every run; our own version counts only where it was run."""
    for of in runs.values():
        for rival, run in of.items():
            ours = rival in (OURS, OURS_LINEAR)
            yield {name: value for name, value in run["conditions"].items() if ours or name != "online-softmax"}


WHERE = "Measured {date} on {cpu}, load average {load}, a process for each run; {versions}."

NOTES = {
    "short": """\
Progressive: every row is predicted, scored, then learned. Figures are mean log loss in nats (less is better) / accuracy
in %. All answers are over the classes seen so far; a row whose label is new is an error for accuracy and is left out of
the log loss, which is clipped at 1e-15. A rival's log loss and accuracy are each the best over its settings in
hindsight, so they may come from different settings. Ours and Vowpal Wabbit (VW) get the raw features, the others
`StandardScaler()` (on the sparse streams `text_*` and `one_hot` the grid also runs on raw values). Streams and their
fixed seeds are in `benchmarks/quality/streams/`; † marks strong autocorrelation of the labels. µs: time of the
processor, on all threads, to predict and learn a row; before 2026-11-27 it was time on the clock.""",
    "text": """\
Log loss in nats / accuracy in %, measured as above. The rows are made of the sources and docstrings of installed
packages, at the versions that `.[bench]` has, and of Unicode's names. `entity_*`: which entity a word names; `prep_*`,
`punct_50k`: which preposition or sign stands between words; `roles_3k`: what a name in a program is. `tfidf_*`,
`rare_*`: which package or module a text is from, as tf-idf, and without the hundred commonest words but with pairs of
words; `counts_5`, `bag_30`, `code_lines`: the same, from counts or from what is there; `doc_kind`: what a docstring
documents; `messages`: which exception has this message. `identifiers`, `builtins`, `paths`, `unicode`: what a name is
of, from its letters, parts or words. The grid runs on raw values, and where not all are 1 also on scaled.""",
    "long": """\
Log loss in nats / accuracy in %, measured as above, over 100,000 rows. `tree`: one concept, a tree of tests;
`trees_return`: three of them, A B C A; `tree_fades`: one takes the place of another over 40,000 rows;
`hyperplane_turns`: slowly, all the time; `categories` and `wide_categories`: pairs of nominal columns decide;
`chessboard`: eight by eight fields, a line of them at a time, which comes back after 4,500 rows.""",
}

CONTEXT_NOTES = f"""\
First {HEAD:,} rows at most, log loss / accuracy %; river's learners mixed with 1 % uniform. On the sparse streams the
tree and the forest see only the words that are present, which they are not made for."""

STRONG_NOTES = f"""\
All rows, log loss / accuracy %, mixed with {100 * SHARES[0]:g} or {100 * SHARES[1]:g} % uniform, whichever is better.
CapyMOA's ensembles have 100 members on one thread, SAMkNN the better of raw and standardised features, and all else is
as it comes. CapyMOA wants features and classes in advance: it gets those of the whole stream, all numeric, an absent
one as 0, and its answers are cut to the classes seen so far. Its time has Java's compilation of hot code in it, too,
which weighs on the shortest streams; other work on the machine made it late, and the time some two to three times that
of an idle one. LightGBM and scikit-learn's extra trees, as they come on one thread, are trained anew on all rows so far
at 50 rows and whenever they have grown by 10 %; before, they answer how often each class has come. Their answers
between two trainings are made in one call, in their favour. A rival that was stopped is compared over the tenths of the
rows that it ended."""


def page(group: str, runs: dict[str, Runs]) -> list[str]:
    streams = [Stream(name, of) for name, of in runs.items()]
    rivals = [NAMES[rival] for rival in LINEAR]
    header = ["stream", "rows x features x classes", "ours", "ours, linear", *rivals, "ratio", "best setting"]
    lines = [NOTES[group], "", printed(conditions(runs), WHERE), ""]
    lines += [*markdown(header, [linear_row(s) for s in streams]), "", *findings(streams), ""]
    if any(CONTEXT[0] in of for of in runs.values()):
        lines += [CONTEXT_NOTES, "", *against(runs, CONTEXT), ""]
    return [*lines, STRONG_NOTES + unfinished(runs), "", *against(runs, STRONG)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the tables of the results.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--group", choices=GROUPS, default="short", help="of which streams")
    parser.add_argument("--brief", action="store_true", help="the findings alone")
    parser.add_argument("--summary", action="store_true", help="a row a rival: geometric means and counts")
    parser.add_argument("--ahead", action="store_true", help="where a rival is ahead of ours, of all groups")
    chosen = parser.parse_args()
    names = [stream.name for of in (GROUPS if chosen.ahead else [chosen.group]) for stream in GROUPS[of]]
    everything = load(chosen.results)
    runs = {name: everything[name] for name in names if {OURS, OURS_LINEAR, *LINEAR} <= everything.get(name, {}).keys()}
    if not runs:
        raise SystemExit(f"no stream has a run of {OURS} and of all of {', '.join(LINEAR)}")
    if missing := set(names) - runs.keys():
        print(f"left out, as runs are missing: {', '.join(sorted(missing))}", file=sys.stderr)
    if chosen.ahead:
        print("\n".join(leaders(runs)))
    elif chosen.summary:
        print("\n".join(summary([Stream(name, of) for name, of in runs.items()])))
    else:
        lines = page(chosen.group, runs)
        print("\n".join(line for line in lines if not chosen.brief or line.startswith("- ")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
