"""Inspecting: what is in a model file, for a person or as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from online_softmax.cli.options import check_distinct, check_writable
from online_softmax.cli.output import STANDARD_OUTPUT, console_beside, file_of, put
from online_softmax.models import saving
from online_softmax.models.inspection import inspection, of_file, unknown_class
from online_softmax.models.scaled import native
from online_softmax.texts import written


def inspect_file(file: Path, top: int, label: str | None, to: Path | None) -> None:
    """Print what a model file holds, or write it as JSON to a file, too; to `-`, as JSON alone.

    A class is found by the text of its label; where several labels have one text, all of them are shown.
    """
    if sys.stdout is None:
        raise ValueError("standard output is closed")
    if (written_to := file_of(to)) is not None:
        check_distinct([("the model", file), ("--json", written_to)])
        check_writable(written_to, whole=False)
    model = saving.load(file)
    found = native(model)
    assert found is not None
    labels = None
    if label is not None:
        labels = [each for each in found.classes if written(each) == label]
        if not labels:
            raise ValueError(unknown_class(label, found.classes))
    seen = of_file(inspection(model, top, labels), file.stat().st_size)
    if to is not None:
        put(f"{json.dumps(seen.to_dict(), indent=2, allow_nan=False)}\n", to)
    if to != STANDARD_OUTPUT:
        console_beside(to).print(str(seen), soft_wrap=True, markup=False, emoji=False)
