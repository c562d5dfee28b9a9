"""Vowpal Wabbit's one against all as a river classifier, to compare with."""

from __future__ import annotations

import math
import shlex
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from river import base

from online_softmax.checks import shorten

FIRST_CLASSES = 8  # of the first workspace, "another class" among them; each next one has twice as many
BITS = 22  # of the table of weights, so that few of them collide; VW's own default is 18
MOST = {"-b": 28, "--bit_precision": 28, "--nn": 1000}  # what more would need memory without end
LARGEST = 3.4e38  # VW computes in floats

NUMBERS = {
    *("--learning_rate", "-l", "--power_t", "--initial_t", "--l1", "--l2", "--bit_precision", "-b", "--random_seed"),
    *("--ftrl_alpha", "--ftrl_beta", "--nn", "--constant", "-C", "--initial_weight"),
}
LETTERS = {"--quadratic", "-q", "--cubic", "--interactions"}
FLAGS = {
    *("--adaptive", "--invariant", "--normalized", "--sgd", "--adax", "--ftrl", "--pistol", "--coin"),
    *("--noconstant", "--random_weights", "--leave_duplicate_interactions", "--inpass", "--dropout", "--meanfield"),
}


class VowpalWabbit(base.Classifier):
    """Vowpal Wabbit, one logistic regression for each class against all others.

    It is `vw --oaa` without the number of classes that this needs in advance: a workspace has room for 7 classes and
    one more that stands for all others, and when it is full a second one with room for 15 opens, and so on. Each class
    has a regression of its own under `--oaa`, so that they may be in several. A class counts from its first label on.

    Parameters
    ----------
    options
        Options of VW that say how it learns, such as "-l 0.1 -q ::" or "--coin". `-b 22` is the default here.

    Examples
    --------
    >>> from river import datasets, metrics, evaluate
    >>> from online_softmax.models.vowpal_wabbit import VowpalWabbit

    >>> evaluate.progressive_val_score(datasets.ImageSegments(), VowpalWabbit(), metrics.Accuracy())  # doctest: +SKIP
    Accuracy: 79.04%

    """

    def __init__(self, options: str = "") -> None:
        self.options = options
        self._arguments = arguments(options)
        self._workspaces: list[Any] = []
        self._classes: dict[Hashable, tuple[int, int]] = {}  # workspace, and number in it, from 1
        self._n_last = 0  # classes in the last workspace
        self._open(FIRST_CLASSES)

    @property
    def _multiclass(self) -> bool:
        return True

    def learn_one(self, x: Mapping[Hashable, Any], y: Hashable, w: float = 1.0) -> None:
        """Learn a sample.

        Parameters
        ----------
        x
            The features: finite numbers, or strings, each of which is a feature of its own.
        y
            The label.
        w
            The weight of the sample.
        """
        if not (isinstance(w, int | float) and 0 <= w < LARGEST):
            raise ValueError(f"the weight of a sample is a finite number, 0 or more, not {w!r}")
        text = as_text(x)
        if y not in self._classes:
            place, size = len(self._workspaces) - 1, FIRST_CLASSES << (len(self._workspaces) - 1)
            if self._n_last == size - 1:
                self._open(2 * size)
                place, self._n_last = place + 1, 0
            self._n_last += 1
            self._classes[y] = place, self._n_last
        owner, number = self._classes[y]
        for place, workspace in enumerate(self._workspaces):
            label = number if place == owner else FIRST_CLASSES << place
            workspace.learn(f"{label} {w!r} {text}")

    def predict_proba_one(self, x: Mapping[Hashable, Any]) -> dict[Hashable, float]:  # type: ignore[override]
        """Return the probability of each class met so far.

        Parameters
        ----------
        x
            The features, as for `learn_one`.
        """
        text = as_text(x)
        scores = [workspace.predict(text) for workspace in self._workspaces]
        p = {label: _sigmoid(scores[place][number - 1]) for label, (place, number) in self._classes.items()}
        total = sum(p.values())
        return {label: value / total for label, value in p.items()} if total else dict.fromkeys(p, 1 / max(len(p), 1))

    @property
    def _raw_memory_usage(self) -> int:
        tables = sum(4 * workspace.num_weights() * workspace.get_stride() for workspace in self._workspaces)
        return int(super()._raw_memory_usage + tables)

    def _open(self, size: int) -> None:
        """Open a workspace for `size` classes."""
        try:
            from vowpalwabbit import Workspace
        except ImportError as error:
            raise ImportError(
                "Vowpal Wabbit needs the package vowpalwabbit: pip install 'online-softmax[rivals]'"
            ) from error
        given = ["--oaa", str(size), "--loss_function", "logistic", "--scores", "--quiet", *self._arguments]
        try:
            self._workspaces.append(Workspace(arg_list=given))
        except (RuntimeError, MemoryError) as error:
            raise ValueError(f"Vowpal Wabbit refuses {self.options!r}: {error}") from error


def arguments(options: str) -> list[str]:
    """Return options of VW as a list, or refuse what does not say how it learns: it writes no file and calls nobody.

    Examples
    --------
    >>> from online_softmax.models.vowpal_wabbit import arguments

    >>> arguments("-l 0.1 --coin")
    ['-l', '0.1', '--coin', '--bit_precision', '22']
    >>> arguments("--daemon")
    Traceback (most recent call last):
    ValueError: Vowpal Wabbit's option '--daemon' is not one of --adaptive, ...

    """
    try:
        words = shlex.split(options)
    except ValueError as error:
        raise ValueError(f"Vowpal Wabbit's options {options!r} cannot be read: {error}") from error
    found, has_bits = [], False
    while words:
        name, equals, value = words.pop(0).partition("=")
        if not name.startswith("--") and len(name) > 2 and name[:2] in NUMBERS | LETTERS:
            name, equals, value = name[:2], "=", f"{name[2:]}{equals}{value}"  # -l0.5
        if name not in NUMBERS | LETTERS | FLAGS:
            known = ", ".join(sorted(NUMBERS | LETTERS | FLAGS))
            raise ValueError(f"Vowpal Wabbit's option {name!r} is not one of {known}")
        found.append(name)
        if name in FLAGS:
            if equals:
                raise ValueError(f"Vowpal Wabbit's option {name} takes no value")
            continue
        if not equals and not words:
            raise ValueError(f"Vowpal Wabbit's option {name} needs a value")
        value = value if equals else words.pop(0)
        _check(name, value)
        found.append(value)
        has_bits |= name in ("-b", "--bit_precision")
    return [*found, *([] if has_bits else ["--bit_precision", str(BITS)])]


def as_text(x: Mapping[Hashable, Any]) -> str:
    """Return features in VW's format, with names that nothing in it can misread.

    Examples
    --------
    >>> from online_softmax.models.vowpal_wabbit import as_text

    >>> as_text({"a b:c|d": 0.5, "job": "cook", 3: True})
    "| 'a%20b%3Ac%7Cd':0.5 'job'='cook':1 3:1.0"

    """
    words = []
    for name, value in x.items():
        if type(value) is float and -LARGEST < value < LARGEST:
            words.append(f"{_escaped(name)}:{value!r}")
        elif isinstance(value, str):
            words.append(f"{_escaped(name)}={_escaped(value)}:1")
        else:
            words.append(f"{_escaped(name)}:{_number(name, value)!r}")
    return f"| {' '.join(words)}"


@lru_cache(1 << 16)
def _escaped(name: Hashable) -> str:
    return quote(repr(name), safe="'")


def _number(name: Hashable, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if abs(number) < LARGEST:
        return number
    raise ValueError(
        f"feature {name!r} is {shorten(value)}: Vowpal Wabbit takes numbers below {LARGEST:g}, and strings"
    )


def _check(name: str, value: str) -> None:
    """Refuse what is no value of an option."""
    if name in LETTERS:
        if not value or value.strip(":abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"):
            raise ValueError(f"Vowpal Wabbit's option {name} takes letters of namespaces, as in '::', not {value!r}")
        return
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number < LARGEST:
        raise ValueError(f"Vowpal Wabbit's option {name} is a finite number, 0 or more, not {value!r}")
    if name in MOST and not 1 <= number <= MOST[name]:
        raise ValueError(f"Vowpal Wabbit's option {name} is a number from 1 to {MOST[name]}, not {value!r}")


def _sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-score)) if score > -700 else 0.0
