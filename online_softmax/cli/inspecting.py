"""Inspecting: what is in a model file, for a person or for another program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from online_softmax.cli.files import check_distinct, check_writable
from online_softmax.cli.output import Printer, check_open, json_lines
from online_softmax.models import saving
from online_softmax.models.inspection import Inspection, inspection, of_file, unknown_class
from online_softmax.models.scaled import native
from online_softmax.texts import written

HEADER = ("class", "n_samples", "intercept", "feature", "weight")


def inspect_file(file: Path, top: int, label: str | None, printer: Printer) -> None:
    """Print what a model file holds.

    A class is found by the text of its label; where several labels have one text, all of them are shown.
    """
    if printer.has_table:
        check_open()
    if printer.file is not None:
        check_distinct([("the model", file), ("--json", printer.file)])
        check_writable("--json", printer.file, whole=False)
    model = saving.load(file)
    found = native(model)
    assert found is not None
    labels = None
    if label is not None:
        labels = [each for each in found.classes if written(each) == label]
        if not labels:
            raise ValueError(f"--{unknown_class(label, found.classes)}")
    seen = of_file(inspection(model, top, labels), file.stat().st_size)
    printer.put_json(json_lines(seen.to_dict()))
    printer.put_csv(HEADER, _lines(seen))
    if printer.has_table:
        printer.console.print(str(seen), soft_wrap=True, markup=False, emoji=False)


def _lines(seen: Inspection) -> Iterator[dict[str, Any]]:
    """Yield a line for each of the strongest features of each class, and one for a class that has none."""
    for one in seen.classes:
        for feature, weight in one.strongest.items() or [(None, None)]:
            yield {
                "class": written(one.label),
                "n_samples": one.n_samples,
                "intercept": one.intercept,
                "feature": None if weight is None else written(feature),
                "weight": weight,
            }
