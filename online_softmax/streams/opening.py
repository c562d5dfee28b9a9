"""Opening: from whatever a user has to a stream."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

import narwhals.stable.v2 as nw

from online_softmax.checks import check_count, check_missing, check_on_bad
from online_softmax.frames import is_array
from online_softmax.streams.array import ArrayStream
from online_softmax.streams.formats import open_one
from online_softmax.streams.frame import FrameStream
from online_softmax.streams.kafka import KafkaStream, is_kafka
from online_softmax.streams.known import Known
from online_softmax.streams.many import ManyStream, paths_of
from online_softmax.streams.pairs import PairStream
from online_softmax.streams.place import Place
from online_softmax.streams.reading import Reading
from online_softmax.streams.slice import SliceStream
from online_softmax.streams.spelling import Spelling
from online_softmax.streams.stream import RowStream


@runtime_checkable
class Stream(Protocol):
    """An iterable of chunks that knows how much of its source has been read."""

    @property
    def fraction(self) -> float | None:
        """Return the part of the source that has been read, 0 to 1, or None where its length is unknown."""

    def __iter__(self) -> Iterator[Any]:
        """Yield chunks: each a `Chunk`, or anything else that gives samples by `pairs()`."""


def open_stream(
    source: Any,
    target: Any = None,
    *,
    features: Sequence[Hashable] | None = None,
    drop: Sequence[Hashable] = (),
    weight: Any = None,
    format: str | None = None,
    missing: str = "error",
    on_bad: str = "raise",
    text_columns: Container[Hashable] = (),
    number_columns: Container[Hashable] = (),
    label_type: str = "auto",
    na: Sequence[str] = (),
    not_na: Sequence[str] = (),
    decimal: str = ".",
    thousands: str | None = None,
    percent: bool = False,
    currency: bool = False,
    dates: str = "refuse",
    date_format: str | None = None,
    delimiter: str | None = None,
    header: bool = True,
    names: Sequence[str] | None = None,
    model: Any = None,
    labelled: bool = True,
    at: Place | None = None,
    settled: Mapping[str, Any] | None = None,
    skip: int = 0,
    limit: int | None = None,
    chunk_rows: int | None = None,
    words: Container[Hashable] | None = None,
) -> Stream:
    """Open a source of labelled samples.

    Parameters
    ----------
    source
        The path of a file, a directory or a pattern such as `logs/*.csv`, whose files are one stream in the order of
        their names; `-` for standard input; the name of a bundled stream (a file of that name wins); a pandas, polars
        or pyarrow frame; a NumPy array or SciPy CSR matrix, whose features are the numbers of its columns; an iterable
        of `(x, y)` or `(x, y, {"w": weight})`; a topic of Kafka, `kafka://host:9092/topic?format=json`, with what else
        `KafkaStream` takes; or a stream that is open already.
    target
        The column that holds the label; or the labels of a frame's or an array's rows, in their order: an array, a list
        or a series. Bundled streams know theirs; svmlight and Vowpal Wabbit text and pairs carry their own.
    features
        The feature columns; all others without it.
    drop
        Columns that are no features.
    weight
        The column that holds the weights of the samples; or those of a frame's or an array's rows, in their order.
    format
        csv, tsv, parquet, arrow (Feather, too), jsonl (an array of objects, too), arff, svmlight or vw; without it a
        file's name decides. Text may be compressed: .gz, .bz2, .xz, .zst, .zip. Of a topic: json, csv or avro.
    missing
        What becomes of a value that is missing, not finite, or no number in a column of numbers: "error"; "zero", by
        which a number is 0 and a string no feature; "indicate", by which it also has the feature `column=`; or
        "skip-row". A missing label is an error or skips its row.
    on_bad
        What becomes of a row of a file, frame or array that cannot be read: "raise"; or "skip", which passes over it
        with a note in `bad` of its chunk: its place among the chunk's rows, and the reason.
    text_columns
        Columns that hold strings, whatever they seem to hold: numbers, codes, dates.
    number_columns
        Columns that hold numbers: whatever is none there is a bad cell, which `missing` may mend. A column is
        one of numbers without this where nearly all of its cells are.
    label_type
        What labels become that come as text: "number"; "text"; or "auto", by which they are numbers if each survives
        the way to a number and back, and else all stay text.
    na, not_na
        Texts that mark a gap besides the usual ones, such as ``?``, ``-``, ``NA`` and ``None``, and the numbers that
        they spell; usual ones that do not.
    decimal, thousands
        What a text file has before the decimals, "." or ",", and between thousands: ",", ".", " ", "'", "_" or None.
        Numbers that are none of text, as in Parquet, Arrow and frames, are what they are.
    percent, currency
        Whether `12%` is 0.12, and whether `$12` and `12 EUR` are 12. Without them such cells are no numbers.
    dates
        What becomes of a column of dates: "refuse", or "parts", by which it is the seconds since 1970, and the hour,
        the weekday and the month as points on circles.
    date_format
        How text writes dates, as `datetime.strptime` takes it; without it the first rows tell.
    delimiter
        What is between two fields of a CSV file; without it a header without commas may tell that it is a semicolon, a
        tab or a bar.
    header
        Whether a CSV file begins with the names of its columns; else they are `names`, or x1, x2, ..
    names
        The names of the columns of a CSV file that has no header.
    model
        A model of ours that has learned, or a pipeline that ends with one: a column that it knows is read as it knows
        it, numbers or strings, and labels become numbers or texts as its classes are.
    labelled
        Whether the rows of a file or frame have labels. Those to predict need none: with False no target need be named,
        one that is named is no feature, and no label is looked at.
    at
        The place to begin at, from `place()` or `places(n)` of a stream over the same source, read likewise. The rows
        before it are not read where the source lets one begin there: where it is no pipe, not compressed, no iterable.
    settled
        What the columns of a topic hold, if `at` does not tell, as the `at` of a place has it: the first
        messages decide it without, and they may be gone.
    skip
        How many rows of the source to pass over first, those included that `missing` or `on_bad` would leave out.
    limit
        How many rows of the source to take at most.
    chunk_rows
        How many rows of the source a chunk may have.
    words
        The name of `text_columns` until 1.0.

    Returns
    -------
    stream
        An iterable of chunks, with `pairs()` for its samples one by one. Numbers and booleans become features of that
        value, a string becomes the feature `column=value` with value 1.

    Examples
    --------
    >>> from online_softmax.streams import open_stream
    >>> import pandas as pd

    >>> frame = pd.DataFrame({"size": [1, 2], "colour": ["red", "blue"], "kind": ["a", "b"]})
    >>> for x, y, _ in open_stream(frame, target="kind").pairs():
    ...     print(x, y)
    {'size': 1.0, 'colour=red': 1.0} a
    {'size': 2.0, 'colour=blue': 1.0} b

    """
    started = perf_counter()
    for name, count, least in (("skip", skip, 0), ("limit", limit, 1), ("chunk_rows", chunk_rows, 1)):
        if count is not None:
            check_count(name, count, least)
    if at is not None and not isinstance(at, Place):
        raise TypeError(f"at is a place, as place() of a stream gives it, not {type(at).__name__!r}")
    check_missing(missing)
    check_on_bad(on_bad)
    if not isinstance(header, bool):
        raise ValueError(f"header is True or False, not {header!r}")
    spelling = Spelling(_texts(na), _texts(not_na), decimal, thousands, percent, currency)
    texts = text_columns if words is None else words
    known = model if isinstance(model, Known) else Known.of(model)
    wanted = {"features": features, "drop": drop, "weight": weight, "missing": missing, "on_bad": on_bad}
    wanted |= {"labelled": labelled, "text_columns": texts, "dates": dates, "date_format": date_format}
    wanted |= {"label_type": label_type, "number_columns": number_columns}
    if spelling != Spelling():
        wanted["spelling"] = spelling
    # What goes with files alone.
    of_files: dict[str, Any] = {
        "format": format,
        "delimiter": delimiter,
        "names": names,
        "header": None if header else False,
    }
    of_files = {name: value for name, value in of_files.items() if value is not None and value != ()}
    if isinstance(source, str | Path):
        wanted |= known.reading(texts, number_columns, label_type)
        if is_kafka(source):
            of_files.pop("header", None)
            if settled is None and at is not None and at.at is not None:
                settled = at.at.get("settled")
            stream: Stream = KafkaStream(str(source), target, settled=settled, **of_files, **wanted)
        else:
            stream = open_file(source, target, **{**of_files, **wanted})
    elif of_files:
        raise ValueError(f"{next(iter(of_files))} goes with files")
    else:
        stream = _open_object(source, target, wanted, known)
    if isinstance(stream, RowStream):
        known.check(stream)
        if stream is not source:
            meant = {"label_type": label_type, "dates": dates, "date_format": date_format, "spelling": spelling}
            stream.asked = _unusual(meant, number_columns, stream)
        if at or skip or limit or chunk_rows:
            stream = SliceStream(stream, at, skip, limit, chunk_rows)
        if stream is not source:
            stream.seconds_to_open += perf_counter() - started
        return stream
    if not (at or skip or limit or chunk_rows):
        return stream
    if isinstance(stream, PairStream):
        return PairStream(stream.source, on_bad, skip if at is None else at.rows + skip, limit)
    raise ValueError("at, skip, limit and chunk_rows go with files, frames, arrays and pairs")


def _texts(texts: Any) -> Any:
    """Return texts as a tuple; what is none stays, to be refused."""
    return tuple(texts) if isinstance(texts, Iterable) and not isinstance(texts, str) else texts


def _unusual(meant: dict[str, Any], number_columns: Container[Hashable], stream: RowStream) -> dict[str, Any]:
    """Return what was asked for that is not so by default, for JSON."""
    plain, spelling = Reading(), meant.pop("spelling")
    found = {name: value for name, value in meant.items() if value != getattr(plain, name)}
    found |= {name: value for name, value in asdict(spelling).items() if value != getattr(plain.spelling, name)}
    found |= {name: [*value] for name, value in found.items() if isinstance(value, tuple)}
    listed = number_columns if isinstance(number_columns, Sequence) else stream.features
    if numbers := [name for name in listed if name in number_columns]:
        found["number_columns"] = sorted(map(str, numbers))
    return found


def open_file(
    source: str | Path, target: Hashable | None = None, *, format: str | None = None, **wanted: Any
) -> RowStream:
    """Open a file, the files of a directory or pattern, standard input, or the bundled stream of that name.

    Parameters
    ----------
    source
        Its path, the directory or pattern, `-`, or the name.
    target
        The column of the label, where the format has no place for it.
    format
        The format, where the path does not tell.
    wanted
        How it is to be read: what else `open_stream` takes.
    """
    paths = paths_of(source)
    if paths is not None:
        return ManyStream(paths, lambda path, **settled: open_one(path, target, format, **{**wanted, **settled}))
    if str(source) == "-" or Path(source).exists():
        return open_one(source, target, format, **wanted)

    from online_softmax.datasets import BUNDLED
    from online_softmax.datasets import path as path_of

    name = str(source)
    if name not in BUNDLED:
        raise FileNotFoundError(f"no file {name!r}, nor a bundled stream of that name: {', '.join(BUNDLED)}")
    target = BUNDLED[name].target if target is None else target
    return open_one(path_of(name), target, format, **wanted)


def _open_object(source: Any, target: Any, wanted: dict[str, Any], known: Known) -> Stream:
    if type(source).__module__.startswith("pyarrow") and type(source).__name__ == "RecordBatch":
        from online_softmax.streams.tables import pyarrow

        source = pyarrow().Table.from_batches([source])
    frame = nw.from_native(source, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        asked = [wanted[name] for name in ("text_columns", "number_columns", "label_type")]
        return FrameStream(frame, target, **{**wanted, **known.reading(*asked)})
    plain = Reading()
    if (spelling := wanted.pop("spelling", plain.spelling)) != plain.spelling:
        name = next(
            one.name for one in fields(spelling) if getattr(spelling, one.name) != getattr(plain.spelling, one.name)
        )
        raise ValueError(f"{name}={getattr(spelling, name)!r} goes with files and frames")
    for name in ("labelled", "text_columns", "number_columns", "dates", "date_format"):
        if (value := wanted.pop(name)) not in (getattr(plain, name), []):
            raise ValueError(f"{name}={value!r} goes with files and frames")
    if is_array(source):
        return ArrayStream(source, target, **{**wanted, "label_type": known.label_type_of(wanted["label_type"])})
    if (value := wanted.pop("label_type")) != plain.label_type:
        raise ValueError(f"label_type={value!r} goes with files, frames and arrays")
    if isinstance(frame, nw.LazyFrame):
        raise TypeError("a lazy frame has no rows yet; collect() it first")
    if target is not None:
        raise ValueError(f"target={target!r} names a column, and only files and frames have columns")
    for name in ("features", "drop", "weight"):
        if wanted[name]:
            raise ValueError(f"{name}={wanted[name]!r} names columns, and only files and frames have columns")
    if wanted["missing"] != "error":
        raise ValueError(f"missing={wanted['missing']!r} goes with files, frames and arrays")
    if isinstance(source, Stream) and not isinstance(source, type):
        return source
    if isinstance(source, Iterable) and not isinstance(source, Mapping | bytes):
        return PairStream(source, wanted["on_bad"])
    raise TypeError(
        f"a stream is a path, a bundled name, a frame or an iterable of (x, y), not {type(source).__name__!r}"
    )
