"""Inspecting: what is in a model file, for a person or as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from online_softmax.cli.options import check_distinct, check_writable
from online_softmax.models import saving
from online_softmax.models.inspection import inspection, of_file, unknown_class
from online_softmax.models.scaled import native
from online_softmax.storage.atomic import write
from online_softmax.texts import written

STANDARD_OUTPUT = Path("-")


def inspect_file(file: Path, top: int, label: str | None, to: Path | None) -> None:
    """Print what a model file holds, or write it as JSON to a file, too; to `-`, as JSON alone.

    A class is found by the text of its label; where several labels have one text, all of them are shown.
    """
    if sys.stdout is None:
        raise ValueError("standard output is closed")
    if to is not None and to != STANDARD_OUTPUT:
        check_distinct([("the model", file), ("--json", to)])
        check_writable(to, whole=False)
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
        text = json.dumps(seen.to_dict(), indent=2, allow_nan=False)
        if to == STANDARD_OUTPUT:
            print(text)
            return
        if to.exists() and not to.is_file():  # a pipe, say
            to.write_text(f"{text}\n")
        else:
            write(to, f"{text}\n".encode())
    print(seen)
