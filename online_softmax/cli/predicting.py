"""Predicting: the rows of a stream in, a line of CSV for each out."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from online_softmax.cli.known_columns import open_for
from online_softmax.models import saving
from online_softmax.models.scaled import native
from online_softmax.rows import Rows
from online_softmax.streams.ahead import ahead
from online_softmax.streams.stream import BadRow


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
    labels = [str(label) for label in model.classes]
    if not labels:
        raise ValueError(f"the model in {file} has learned no class yet")
    stream = open_for(model.whole, file, source, target, **reading, limit=limit, labelled=False)

    nothing = [""] * (len(labels) if proba else 1)

    def lines(chunk: Rows | BadRow) -> Iterator[list[Any]]:
        if isinstance(chunk, BadRow):
            yield nothing
            return
        P, _ = model.predict_rows(chunk)
        gone = [] if chunk.skipped is None else chunk.skipped.tolist()[::-1]
        for i, row in enumerate(P.tolist() if proba else P.argmax(axis=1).tolist()):
            while gone and gone[-1] <= i:
                gone.pop()
                yield nothing
            yield row if proba else [labels[row]]
        yield from (nothing for _ in gone)

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
