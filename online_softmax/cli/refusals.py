"""Refusals: what was said for Python, said with the options that mean the same."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from online_softmax.cli.options import ReadingOptions, flag_of

ROLES = {  # of a column that there is not
    "the target": "--target",
    "the weight": "--weight",
    "a feature": "--features",
    "dropped": "--drop",
    "read as text": "--text-columns",
    "read as number": "--number-columns",
}


def as_options(sentence: str) -> str:
    """Return what was said for Python with the options that say the same here.

    Examples
    --------
    >>> from online_softmax.cli.refusals import as_options

    >>> as_options("say thousands=',' and currency=True, not_na=['-'], or name it in text_columns")
    "say --thousands ',' and --currency, --not-na '-', or name it in --text-columns"
    >>> as_options("on_bad is 'raise' or 'skip', not 'x'")
    "--on-bad is 'raise' or 'skip', not 'x'"
    >>> as_options("a.csv has no column 'z' to be the target; its columns are: a, y")
    "--target: a.csv has no column 'z' to be the target; its columns are: a, y"

    """
    names = "|".join(part.name for part in fields(ReadingOptions))
    sentence = re.sub(rf"^({names})(?= (?:is|has) )", lambda found: flag_of(found[1]), sentence)
    if role := re.search(rf"has no column .* to be ({'|'.join(ROLES)})\b", sentence):
        sentence = f"{ROLES[role[1]]}: {sentence}"
    if sentence.startswith("no format is called"):
        sentence = f"--format: {sentence}"
    sentence = re.sub(rf"\b({names})=\[?('[^']*')\]?", lambda found: f"{flag_of(found[1])} {found[2]}", sentence)
    sentence = re.sub(rf"\b({names})=True\b", lambda found: flag_of(found[1]), sentence)
    columns = r"(\b(?:in|or) )(text_columns|number_columns)\b(?!=)"
    return re.sub(columns, lambda found: found[1] + flag_of(found[2]), sentence)


def told(error: BaseException) -> str:
    """Return what an error says, without the number that the system has for it.

    Examples
    --------
    >>> from online_softmax.cli.refusals import told

    >>> told(FileNotFoundError(2, "No such file or directory", "model")), told(ValueError("no rows"))
    ('model: no such file or directory', 'no rows')

    """
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    reason = error.strerror[0].lower() + error.strerror[1:]
    return reason if error.filename is None else f"{os.fsdecode(error.filename)}: {reason}"


@contextmanager
def named(flag: str) -> Iterator[None]:
    """Name an option with what is wrong with its value."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"{flag} {told(error)}") from error
    except ValueError as error:
        raise ValueError(f"{flag}: {error}") from error
