"""Predicting: the rows of a stream in, a line of CSV for each out."""

from __future__ import annotations

import csv
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from online_softmax.models import saving
from online_softmax.models.scaled import native
from online_softmax.streams import Chunk, Known, RowStream, open_stream
from online_softmax.streams.ahead import ahead
from online_softmax.texts import written


def predict_rows(
    source: str, target: str | None, reading: dict[str, Any], file: Path, proba: bool, limit: int | None
) -> None:
    """Print a header, and for each row of a source its most probable class, or the probability of each class.

    A row that is passed over has a line of empty fields, so that lines and rows stay side by side.
    """
    if sys.stdout is None:
        raise ValueError("standard output is closed")
    model = native(saving.load(file))
    assert model is not None
    labels = [written(label) for label in model.classes]
    if not labels:
        raise ValueError(f"the model in {file} has learned no class yet")
    known = Known.of(model.whole, f"the model in {file}")
    stream = open_stream(source, target, model=known, **reading, limit=limit, labelled=False)
    assert isinstance(stream, RowStream)
    known.check_any(stream)

    nothing = [""] * (len(labels) if proba else 1)

    def lines(chunk: Chunk) -> list[list[Any]]:
        P, _ = model.predict_rows(chunk.rows)
        found = [nothing] * len(chunk)
        for place, row in zip(chunk.places().tolist(), P.tolist() if proba else P.argmax(axis=1).tolist(), strict=True):
            found[place] = row if proba else [labels[row]]
        return found

    out, n = csv.writer(sys.stdout, lineterminator="\n"), 0
    out.writerow(labels if proba else ["prediction"])
    sys.stdout.flush()
    try:
        with closing(ahead(stream)) as chunks:
            for chunk in chunks:
                for line in lines(chunk):
                    out.writerow(line)
                    n += line is not nothing
                sys.stdout.flush()
    except ValueError as error:
        sys.stdout.flush()
        raise ValueError(f"{error} ({n:,} {'row was' if n == 1 else 'rows were'} predicted before it)") from error
