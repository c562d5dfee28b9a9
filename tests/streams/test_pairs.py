"""An iterable of samples is taken as it is, one sample at a time."""

from __future__ import annotations

import pytest
from river import datasets
from river.datasets import synth

from online_softmax.streams import PairStream, PlaceError, Stream, open_stream, rows_after


def test_samples_are_taken_no_sooner_than_they_are_used():
    taken = []

    def source():
        for i in range(3):
            taken.append(i)
            yield {"i": i}, i

    (chunk,) = open_stream(source())
    pairs = chunk.pairs()
    assert taken == []
    assert next(pairs) == ({"i": 0}, 0, {})
    assert taken == [0]


def test_knows_how_much_has_been_read_where_the_source_has_a_length():
    lengths = [PairStream(source).fraction for source in ([({}, 1)], datasets.Phishing(), synth.SEA(), iter([]))]
    stream = PairStream([({}, 1)] * 4)
    next(stream.pairs())

    assert lengths == [0, 0, None, None]
    assert stream.fraction == 0.25


def test_every_kind_of_source_gives_a_stream():
    for source in ([], datasets.Phishing(), "phishing", iter(())):
        assert isinstance(open_stream(source), Stream)
    stream = PairStream([])
    assert open_stream(stream) is stream


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (({"a": 1},), r"sample 1 is \({'a': 1},\), not \(x, y\) or \(x, y, {'w': weight}\)"),
        ({"a": 1, "b": 2}, "sample 1 is {'a': 1, 'b': 2}, not"),
        (({"a": 1}, "y", 0.5), r"sample 1 has 0.5 in third place, not {'w': weight}"),
        (({"a": 1}, None), "sample 1 has no label: y is None"),
    ],
)
def test_what_is_no_sample_is_refused_in_one_sentence(item, message):
    with pytest.raises((TypeError, ValueError), match=message):
        list(PairStream([({}, "y"), item]).pairs())


@pytest.mark.parametrize("source", [5, None, {"a": 1}, b"phishing"])
def test_what_is_no_stream_is_refused_in_one_sentence(source):
    with pytest.raises(TypeError, match=r"a stream is a path, a bundled name, a frame or an iterable of \(x, y\), not"):
        open_stream(source)


def test_pairs_have_no_target_column():
    with pytest.raises(ValueError, match="target='y' names a column, and only files and frames have columns"):
        open_stream([({}, 1)], target="y")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"delimiter": ";"}, "delimiter goes with files"),
        ({"text_columns": ["a"]}, r"text_columns=\['a'\] goes with files and frames"),
        ({"label_type": "text"}, "label_type='text' goes with files, frames and arrays"),
        ({"features": ["a"]}, r"features=\['a'\] names columns, and only files and frames have columns"),
        ({"missing": "zero"}, "missing='zero' goes with files, frames and arrays"),
    ],
)
def test_what_pairs_do_not_have_is_refused(options, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        open_stream([({}, 1)], **options)


def test_a_stream_of_ones_own_has_no_places():
    class Own:
        fraction = None

        def __iter__(self):
            return iter(())

    with pytest.raises(ValueError, match="at, skip, limit and chunk_rows go with files, frames, arrays and pairs"):
        open_stream(Own(), skip=3)


def test_rows_that_are_passed_over_are_taken_from_the_source():
    pairs = [({"a": float(n)}, n) for n in range(5)]
    left = [sample for chunk in rows_after(open_stream(pairs), 3) for sample in chunk.pairs()]
    assert [y for _, y, _ in left] == [3, 4]
    with pytest.raises(PlaceError, match="the source ends 2 rows before the place"):
        list(rows_after(open_stream(pairs), 7))
