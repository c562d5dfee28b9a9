"""What a model has learned: one table, with a row for each array and number.

All that is done to a whole state is a walk over the table: checking a model file, forgetting a feature or a class,
making room for new features. A row says

- `name` and `type`, as in a model file: NumPy's name of an array's type; int or float for a number.
- `axes`, by name; "a*b" is two axes in one, b the inner one. Those whose size a model learns:

  ================  ================================================================
  feature           the features
  row               the intercept, then the features
  covered           the first COVERED features
  covered row       the intercept (in the metric: age), then the first COVERED features
  modelled feature  the features that the Gaussians model
  class             the classes
  modelled class    the classes that have a Gaussian
  sample            the samples in the window of the votes
  leaf              the leaves of the grove
  node              its nodes
  tested leaf       the leaves that have tests
  past sample       the last samples, which these may count again
  remembered        the samples in the long memory
  kd node           the nodes of its largest tree
  value             a weight, then its states under the update rule
  scalar            the states that a row has under the update rule
  ================  ================================================================

  All others have a fixed size, which stands in `SIZES`.
- `start`, the value before anything has been learned; None where the kernel works it out.
- `least` and `most`, the range; where it depends on sizes and on other numbers, a function of these. With
  `values="class"`, the values are positions along that axis.
- `merge`, how the values of several models become one, all of which started from one base:

  =============  ===================================================================================
  "sum"          of counts: the base's, and what each model has gained over it
  "clock"        of what rates hang on: the mean, since a mean of steps is as long as one model's
  "mean"         their mean, weighted by the samples that each has learned
  "steps"        of weights: the mean of the models that have moved it, weighted by their samples; by
                 the sum of squared gradients, where that scales the steps
  "gain"         of such a sum: the base's, and the mean gain of the models that have gained
  "moments"      of means and variances: those of all samples, by Chan's formula
  "information"  of covariances and what they weigh: the mean of the inverse covariances
  "evidence"     of weights under Bayes: the mean of their logarithms
  "newest"       that of the model which learned last; along the axis "sample", the newest of all
  "least"        the least
  =============  ===================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from online_softmax._kernel import grove
from online_softmax._kernel.limits import (
    BANK,
    BUCKETS,
    CALIBRATED,
    COVERED,
    FARTHEST_Z,
    FEATURE_DOUBLES,
    GAUSSIAN_DOUBLES,
    GROVE_AT,
    GROVE_TREES,
    HAT_ROWS,
    HATS_AT,
    INPUTS,
    KD_TREES,
    LINEAR_EXPERTS,
    LONGEST_WAIT,
    MARKOV_CLASSES,
    MEMORY_AT,
    MEMORY_NODES,
    METRIC_MOST,
    METRIC_START,
    METRIC_SUM,
    MIXERS,
    NEWTON_AT,
    NEWTON_EXPERTS,
    NOWHERE,
    PAIR,
    QDA_AT,
    QDA_CELLS,
    QDA_FEATURES,
    RECALLED,
    SCALE_MEMORY,
    SPARSE_AT,
    SPARSE_EXPERTS,
    TAU_START,
    TESTS,
    TOP,
    VOTES_AT,
    WINDOW_LEAST,
    memory_size,
    past_size,
    window_size,
)
from online_softmax._kernel.trees import check_trees
from online_softmax.storage.fields import MOST, Array, Number, check_value

Sizes = dict[str, int]
Bound = float | Callable[[Sizes], float]

SIZES: Sizes = {
    "1": 1,
    "linear": LINEAR_EXPERTS,
    "adagrad": 2,  # the experts `adagrad` and `slow-adagrad`
    "newton": NEWTON_EXPERTS,
    "sparse": SPARSE_EXPERTS,
    "pair": PAIR,  # both naive Bayes, or both one against all
    "hat": HAT_ROWS,
    "kd tree": KD_TREES,
    "statistic": FEATURE_DOUBLES,
    "moment": GAUSSIAN_DOUBLES,
    "expert": BANK,
    "top": TOP,
    "mixer": MIXERS,
    "bucket": BUCKETS,
    "filter": 1 + INPUTS,  # the mixing weights, then the rows of their covariance
    "input": INPUTS,
    "calibration": 1 + CALIBRATED,  # the same, in a bucket
    "calibrated": CALIBRATED,
    "tree": GROVE_TREES,
    "side": 2,  # left and right of a test
    "test": TESTS,
    "recalled": RECALLED,
}
MERGES = ("sum", "clock", "mean", "steps", "gain", "moments", "information", "evidence", "newest", "least")


class Field(NamedTuple):
    """A row of the table."""

    name: str
    type: str | type
    axes: tuple[str, ...] = ()
    start: float | None = 0
    least: Bound = -math.inf
    most: Bound = math.inf
    values: str = ""
    merge: str = ""

    def wanted(self, sizes: Sizes) -> Array | Number:
        """Return what the value must be at these sizes."""
        least, most = (bound(sizes) if callable(bound) else bound for bound in (self.least, self.most))
        if self.values:
            least, most = 0, sizes[self.values] - 1
        if isinstance(self.type, type):
            return Number(self.type, least, most)
        shape = tuple(math.prod(sizes[axis] for axis in joint.split("*")) for joint in self.axes)
        return Array(self.type, shape, least, most)

    def each_axis(self) -> tuple[str, ...]:
        """Return the names of the axes, one by one."""
        return tuple(axis for joint in self.axes for axis in joint.split("*"))

    def unfolded(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return an array with one axis for each name.

        Examples
        --------
        >>> FIELDS["newton_W"].each_axis(), FIELDS["newton_W"].unfolded(np.zeros((12, 5))).shape
        (('covered row', 'newton', 'class'), (4, 3, 5))
        """
        shape: list[int] = []
        for joint, size in zip(self.axes, array.shape, strict=True):
            inner = [SIZES[axis] for axis in joint.split("*")[1:]]
            shape += [size // math.prod(inner), *inner]
        return array.reshape(shape)

    def folded(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return an unfolded array with the axes of a model file."""
        sizes = iter(array.shape)
        return array.reshape([math.prod(next(sizes) for _ in joint.split("*")) for joint in self.axes])


TABLE: dict[str, tuple[Field, ...]] = {
    "softmax": (
        Field("B", "f8", ("row", "value", "class"), merge="steps"),
        Field("scalars", "f8", ("row", "scalar"), least=0, merge="gain"),
        Field("t", "i8", ("class",), start=None, least=0, most=MOST, merge="clock"),
        Field("final_lr", "f8", ("class",), start=None, merge="steps"),
    ),
    "bank": (
        Field("samples", int, least=1, most=MOST, merge="clock"),
        Field("statistics", "f8", ("row", "statistic"), merge="moments"),
        Field("seen", "i8", ("row",), least=0, most=lambda n: n["samples"], merge="newest"),
        Field("W", "f8", ("row*linear", "class"), merge="steps"),
        Field("G", "f8", ("adagrad", "row"), least=0, merge="gain"),
        Field("length", float, least=0, merge="mean"),
        Field("recent", "f8", ("1", "class"), least=0, merge="mean"),
        Field("recent_sum", float, least=0, merge="mean"),
        Field("always", "f8", ("1", "class"), least=0, merge="sum"),
        Field("always_sum", float, least=0, merge="sum"),
        Field("last", int, values="class", merge="newest"),
        Field("experts", "f8", ("1", "expert"), start=None, least=0, most=1, merge="evidence"),
        Field("voices", "f8", ("1", "expert"), start=None, least=0, most=1, merge="least"),
        Field("top", "f8", ("1", "top"), start=1 / TOP, least=0, merge="evidence"),
        Field("mixers", "f8", ("mixer*filter", "input"), start=None, merge="information"),
        Field("buckets", "f8", ("bucket*calibration", "calibrated"), start=None, merge="information"),
    ),
    "markov": (Field("follow", "f8", ("class", "class"), least=0, merge="sum"),),
    "grove": (
        # What a tree begins with, and the two children of each node: a node's number, or ~ a leaf's.
        Field(
            "grove_root",
            "i4",
            ("tree",),
            start=None,
            least=lambda n: -n["leaf"],
            most=lambda n: n["node"],
            merge="newest",
        ),
        Field(
            "grove_child",
            "i4",
            ("node", "side"),
            least=lambda n: -n["leaf"],
            most=lambda n: n["node"],
            merge="newest",
        ),
        Field("grove_feature", "i4", ("node",), values="row", merge="newest"),
        Field("grove_threshold", "f8", ("node",), merge="newest"),
        Field("grove_W", "f4", ("leaf", "class"), merge="newest"),
        Field("grove_G", "f4", ("leaf",), least=0, merge="newest"),
        Field("grove_wrong", "f4", ("leaf",), least=0, merge="newest"),
        Field("tests_leaf", "i4", ("tested leaf",), values="leaf", merge="newest"),
        Field("tests_drawn", "i4", ("tested leaf",), least=0, most=TESTS, merge="newest"),
        Field("tests_feature", "i4", ("tested leaf", "test"), values="row", merge="newest"),
        Field("tests_threshold", "f8", ("tested leaf", "test"), merge="newest"),
        Field("tests_counts", "f4", ("tested leaf", "class", "side", "test"), least=0, merge="newest"),
        Field("tests_n", "i4", ("tested leaf",), least=0, most=2 * LONGEST_WAIT - 1, merge="newest"),
        Field("tests_wrong", "f4", ("tested leaf",), least=0, merge="newest"),
        # The numbers of its samples, and how many these were: round and round.
        Field("tests_sample", "u4", ("tested leaf", "recalled"), least=0, merge="newest"),
        Field("tests_recalled", "i4", ("tested leaf",), least=0, most=2 * RECALLED - 1, merge="newest"),
        Field("past_x", "f8", ("past sample", "row"), merge="newest"),
        Field("past_label", "i4", ("past sample",), values="class", merge="newest"),
        Field("past_weight", "f4", ("past sample",), least=0, merge="newest"),
        Field(
            "past_head",  # where the next sample goes
            int,
            least=lambda n: n["past sample"] if n["past sample"] < past_size(n["row"]) else 0,
            most=lambda n: max(min(n["past sample"], past_size(n["row"]) - 1), 0),
            merge="newest",
        ),
        Field("past_n", int, least=lambda n: n["past sample"], most=MOST, merge="newest"),
        Field("grove_drawn", int, least=0, most=MOST, merge="newest"),
        Field("grove_calm", int, least=0, most=MOST, merge="newest"),
        Field("grove_fast", float, least=0, merge="newest"),
        Field("grove_slow", float, least=0, merge="newest"),
    ),
    "sparse": (  # they may learn before they take part
        Field("sparse_N", "f8", ("row", "class"), least=0, merge="sum"),
        Field("sparse_B", "f8", ("row", "sparse", "class"), merge="steps"),
        Field("sparse_G", "f8", ("row", "sparse"), least=0, merge="gain"),
        Field("sparse_samples", int, least=0, most=lambda n: n["samples"], merge="clock"),
        Field("scale", float, merge="mean"),
        Field("scale_values", float, least=0, most=SCALE_MEMORY, merge="mean"),
        Field("sparse_length", "f8", ("1", "pair"), least=0, merge="mean"),
        Field("tau", "f8", ("1", "pair"), start=TAU_START, least=0, merge="mean"),
        Field("tau_var", "f8", ("1", "pair"), start=1.0, least=0, most=1, merge="mean"),
        Field("to_come", "f8", ("1", "pair"), merge="mean"),
    ),
    "newton": (
        Field("newton_W", "f8", ("covered row*newton", "class"), merge="steps"),
        # Its diagonal starts at `newton_fresh`.
        Field("newton_P", "f8", ("covered row", "covered row"), merge="information"),
        Field("newton_fresh", float, start=1.0, least=0, merge="information"),
    ),
    "votes": (
        Field("window_B", "f4", ("covered", "sample"), merge="newest"),
        Field(
            "window_size",
            int,
            start=None,
            least=lambda n: min(n["window"], WINDOW_LEAST),
            most=lambda n: window_size(n["window"], n["covered"]),
            merge="newest",
        ),
        Field(
            "window_head",  # where the next sample goes: round and round, once the window is full
            int,
            least=lambda n: n["sample"] if n["sample"] < n["window_size"] else 0,
            most=lambda n: min(n["sample"], n["window_size"] - 1),
            merge="newest",
        ),
        Field("window_label", "i4", ("sample",), values="class", merge="newest"),
        Field("window_time", "u4", ("sample",), least=0, most=lambda n: n["samples"] - 1, merge="newest"),
        Field("window_weight", "f4", ("sample",), least=0, merge="newest"),
        Field("metric", "f8", ("1", "covered row"), start=METRIC_START, least=0, merge="steps"),
        Field("metric_G", "f8", ("1", "covered row"), start=METRIC_SUM, least=0, merge="gain"),
        Field("nearest", float, start=1.0, least=0, merge="mean"),
        Field("n_nearest", float, least=0, merge="sum"),
    ),
    "additive": (
        Field("hats_W", "f8", ("covered row*hat", "class"), merge="steps"),
        Field("hats_G", "f8", ("1", "covered row*hat"), least=0, merge="gain"),
    ),
    "memory": (
        Field("memory_Z", "f4", ("remembered", "covered"), least=-FARTHEST_Z, most=FARTHEST_Z, merge="newest"),
        Field("memory_label", "i4", ("remembered",), values="class", merge="newest"),
        Field("memory_time", "u4", ("remembered",), least=0, most=lambda n: n["samples"] - 1, merge="newest"),
        Field("memory_weight", "f4", ("remembered",), least=0, merge="newest"),
        Field(
            "memory_head",  # where the next sample goes
            int,
            least=lambda n: n["remembered"] if n["remembered"] < memory_size(n["covered"]) else 0,
            most=lambda n: min(n["remembered"], memory_size(n["covered"]) - 1),
            merge="newest",
        ),
        Field("memory_stored", int, least=lambda n: n["remembered"], most=MOST, merge="sum"),
        Field("memory_mean", "f8", ("covered",), merge="newest"),
        Field("memory_sd", "f8", ("covered",), least=0, merge="newest"),
        Field(
            "memory_metric", "f8", ("1", "covered row"), start=METRIC_START, least=0, most=METRIC_MOST, merge="steps"
        ),
        Field("memory_metric_G", "f8", ("1", "covered row"), start=METRIC_SUM, least=0, merge="gain"),
        Field("memory_nearest", float, start=1.0, least=0, merge="mean"),
        Field("memory_n_nearest", float, least=0, merge="sum"),
        Field("memory_threshold", "f4", ("kd tree", "kd node"), merge="newest"),
        Field(
            "memory_child",
            "u2",
            ("kd tree", "kd node"),
            least=0,
            most=lambda n: max(n["kd node"] - 2, 0),
            merge="newest",
        ),
        Field(
            "memory_dim", "u2", ("kd tree", "kd node"), least=0, most=lambda n: max(n["covered"] - 1, 0), merge="newest"
        ),
        Field("memory_home", "u2", ("kd tree", "remembered"), start=NOWHERE, least=0, most=NOWHERE, merge="newest"),
    ),
    "gaussian": (
        Field("qda_class", "f8", ("modelled class", "moment"), start=None, merge="moments"),
        Field(
            "qda_turn",
            "i8",
            ("modelled class",),
            least=0,
            most=lambda n: max(n["modelled feature"] - 1, 0),
            merge="newest",
        ),
        Field("qda_M", "f8", ("modelled class", "modelled feature"), merge="moments"),
        Field("qda_P", "f8", ("modelled class", "modelled feature", "modelled feature"), start=None, merge="moments"),
    ),
    "use": (  # of a model with `max_features`
        Field("learned", int, least=0, most=MOST, merge="sum"),
        Field("evicted", int, least=0, most=MOST, merge="sum"),
        Field("uses", "i8", ("feature",), least=0, most=MOST, merge="sum"),
        Field("last_use", "i8", ("feature",), least=0, most=lambda n: n["learned"], merge="newest"),
    ),
}
FIELDS = {field.name: field for fields in TABLE.values() for field in fields}
USE = tuple(field.name for field in TABLE["use"])


# What several arrays of a part have to be together, beyond the range of each.
TOGETHER: dict[str, Callable[[Mapping[str, Any]], None]] = {"memory": check_trees}


class Family(NamedTuple):
    """Experts that take part together, and the part of the table that is theirs."""

    at: int  # their first row in the bank
    experts: int
    interactions: tuple[bool | str, ...]  # what a model says of interactions that may have them


ANY: tuple[bool | str, ...] = (False, True, "auto")
FAMILIES = {
    "bank": Family(0, GROVE_AT, ANY),
    "grove": Family(GROVE_AT, 1, (True, "auto")),
    "newton": Family(NEWTON_AT, NEWTON_EXPERTS, ANY),
    "votes": Family(VOTES_AT, HATS_AT - VOTES_AT, (True, "auto")),
    "additive": Family(HATS_AT, 1, (True, "auto")),
    "memory": Family(MEMORY_AT, QDA_AT - MEMORY_AT, (True, "auto")),
    "gaussian": Family(QDA_AT, 1, (True, "auto")),
    "sparse": Family(SPARSE_AT, SPARSE_EXPERTS, (False, "auto")),
}


def _softmax(model: Any, sizes: Sizes, found: Mapping[str, Any]) -> list[str]:
    sizes |= model._sizes
    return ["softmax"]


def _blocks(model: Any, sizes: Sizes, found: Mapping[str, Any]) -> list[str]:
    """The families whose experts take part, as the mixture's voices say."""
    for name in ("experts", "voices"):  # what follows depends on them
        shape(found, name, 2)
        check_value(name, FIELDS[name].wanted(sizes), found[name])
    voices, w = found["voices"][0], found["experts"][0]
    blocks = []
    for block, (at, n, interactions) in FAMILIES.items():
        heard = voices[at : at + n] > 0
        if heard.any() != heard.all():
            raise ValueError(f"of the {n} experts of {block!r}, only {heard.sum()} take part")
        unheard = block == "sparse" and not found.keys().isdisjoint(field.name for field in TABLE[block])
        if heard.all() or unheard:
            blocks.append(block)
            if model.interactions not in interactions:
                raise ValueError(f"{block!r} has no part in a model with interactions={model.interactions!r}")
    rows = [i for at, n, _ in FAMILIES.values() for i in range(at, at + n)]
    if (w[voices == 0] != 0).any() or np.delete(voices, rows).any():
        raise ValueError("an expert that takes no part has a weight or a voice")
    if (voices[:GROVE_AT] < 1).any():
        raise ValueError("an expert that never leaves has less than its whole voice")
    return blocks


def _bank(model: Any, sizes: Sizes, found: Mapping[str, Any]) -> list[str]:
    sizes["samples"] = number(found, "samples")
    blocks = _blocks(model, sizes, found)
    if "grove" in blocks:
        sizes |= grove.sizes(shape(found, "grove_W", 2)[0], shape(found, "tests_leaf", 1)[0])
        (m,) = shape(found, "past_label", 1)
        if m > past_size(sizes["row"]):
            raise ValueError(f"a grove of {sizes['feature']} features does not hold {m} samples")
        sizes["past sample"] = m
        for name in grove.STRUCTURE:
            shape(found, name, len(FIELDS[name].axes))
            check_value(name, FIELDS[name].wanted(sizes), found[name])
        grove.check(found)
    if "votes" in blocks:
        (m,), size = shape(found, "window_label", 1), number(found, "window_size")
        if m > size:
            raise ValueError(f"a window of {size} samples holds {m}")
        sizes |= {"sample": m, "window_size": size, "window": model.window}
    if "memory" in blocks:
        (m,), (_, nodes) = shape(found, "memory_label", 1), shape(found, "memory_child", 2)
        if m > memory_size(sizes["covered"]) or nodes > MEMORY_NODES:
            raise ValueError(
                f"a long memory of {sizes['covered']} features holds {m} samples in trees of {nodes} nodes"
            )
        sizes |= {"remembered": m, "kd node": nodes}
    if "gaussian" in blocks:
        q, d = shape(found, "qda_M", 2)
        F, C = sizes["feature"], sizes["class"]
        if not (d <= QDA_FEATURES and d * d * q <= QDA_CELLS and d <= F and q <= C):
            raise ValueError(f"{q} Gaussians of {d} features do not fit {C} classes and {F} features")
        sizes |= {"modelled class": q, "modelled feature": d}
    markov = ["markov"] if sizes["class"] <= MARKOV_CLASSES and "follow" in found else []  # dropped once there are more
    return [*blocks, *markov]


# What each model has learned: its parts of the table, once the sizes are known that depend on what is found.
MODELS: dict[str, Callable[[Any, Sizes, Mapping[str, Any]], list[str]]] = {
    "SoftmaxRegression": _softmax,
    "AutoSoftmaxRegression": _bank,
}


def shape(found: Mapping[str, Any], name: str, axes: int) -> tuple[int, ...]:
    """Return the shape of an array that the shapes of others follow."""
    array = found.get(name)
    if not isinstance(array, np.ndarray) or array.ndim != axes:
        raise ValueError(f"array {name!r} of {axes} axes is missing")
    return tuple(array.shape)


def number(found: Mapping[str, Any], name: str) -> Any:
    """Return a number that the range of others follows."""
    if type(found.get(name)) is not int:
        raise ValueError(f"number {name!r} is missing")
    return found[name]


def check(model: Any, F: int, C: int, found: Mapping[str, Any]) -> None:
    """Refuse what is not exactly the arrays and numbers of such a model of F features and C classes.

    The kernels trust what they are given, so nothing from a file reaches them that has not passed here.

    Raises
    ------
    ValueError
        If one is missing or too many, of another type or shape, out of its range or not finite.
    """
    covered = min(F, COVERED)
    sizes = SIZES | {"feature": F, "row": 1 + F, "covered": covered, "covered row": 1 + covered, "class": C}
    parts = MODELS[type(model).__name__](model, sizes, found) if C else []
    if model.max_features is not None:
        sizes["learned"] = number(found, "learned")
        parts.append("use")
    wanted = {field.name: field.wanted(sizes) for part in parts for field in TABLE[part]}
    for name in sorted(wanted.keys() ^ found.keys()):
        raise ValueError(f"{name!r} is missing" if name in wanted else f"{name!r} is not part of such a model")
    for name, value in wanted.items():
        check_value(name, value, found[name])
    for part in TOGETHER.keys() & set(parts):
        TOGETHER[part](found)
