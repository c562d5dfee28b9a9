"""A chunk is rows and notes on the others; cut anywhere and put together again it is the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax.rows import Rows
from online_softmax.streams import Chunk, Note, PairChunk, chunk_of, open_stream
from online_softmax.streams.stream import Reading, RowStream

KINDS = ("sound", "mended", "mended twice", "left out", "bad")


def made(kinds, ragged=False):
    """Give a chunk of rows of these kinds, and of each row what is to be found of it."""
    sound = [i for i, kind in enumerate(kinds) if kind in KINDS[:3]]
    n = len(sound)
    ids, values = np.arange(2, dtype=np.int32), np.array([[i, 1.0] for i in sound]).reshape(n, 2)
    starts = np.arange(0, 2 * n + 1, 2) if ragged else None
    if ragged:
        ids, values = np.tile(ids, n), values.ravel()
    codes = np.array([i % 2 for i in sound], np.int32)
    rows = Rows(["a", "b"], ids, values, starts, ["u", "v"], codes, np.array(sound, np.float64))
    mended = [i for i, kind in enumerate(kinds) for _ in range(KINDS.index(kind) if kind in KINDS[:3] else 0)]
    left_out = [i for i, kind in enumerate(kinds) if kind == "left out"]
    bad = tuple(Note(i, f"row {i}") for i, kind in enumerate(kinds) if kind == "bad")
    return Chunk(rows, np.array(mended, np.int64), np.array(left_out, np.int64), bad)


def told(chunk):
    """Give what a chunk says of each of its rows, in order."""
    found = [None] * len(chunk)
    for place, (x, y, keywords) in zip(chunk.places().tolist(), chunk.pairs(), strict=True):
        found[place] = (x["a"], y, keywords["w"], chunk.mended.tolist().count(place))
    for place in chunk.left_out.tolist():
        found[place] = "left out"
    for place, reason in chunk.bad:
        found[place] = reason
    assert None not in found
    assert len(chunk.mended) == sum(row[3] for row in found if isinstance(row, tuple))
    return found


chunks = st.builds(made, st.lists(st.sampled_from(KINDS), max_size=30), st.booleans())


@given(chunks, st.lists(st.integers(0, 40), max_size=5))
def test_the_pieces_of_a_chunk_are_the_whole(chunk, sizes):
    whole, found = told(chunk), []
    for n in sizes:
        part, chunk = chunk.split(n)
        assert len(part) <= n
        found += told(part)
    assert found + told(chunk) == whole


@given(chunks, st.integers(0, 40), st.integers(0, 40))
def test_a_part_is_a_split_of_a_split(chunk, start, size):
    assert told(chunk.part(start, start + size)) == told(chunk.split(start)[1].split(size)[0])


@given(chunks, st.lists(st.integers(0, 30), max_size=8))
def test_bad_rows_move_the_others_apart(chunk, gaps):
    bad = [Note(min(gap, len(chunk)) + i, "new") for i, gap in enumerate(sorted(gaps))]
    found = told(chunk.with_bad(bad))

    assert [place for place, row in enumerate(found) if row == "new"] == [note.place for note in bad]
    assert [row for row in found if row != "new"] == told(chunk)


@given(chunks, st.data())
def test_before_a_sample_stand_the_rows_given_before_it(chunk, data):
    if not len(chunk.rows):
        return
    i = data.draw(st.integers(0, len(chunk.rows) - 1))
    before = told(chunk)[: chunk.places()[i]]
    while before and before[-1] == "left out":
        before.pop()

    assert told(chunk.upto(i)) == before


class Ready(RowStream):
    """A stream of chunks that are there."""

    def __init__(self, on_bad, *chunks):
        self.reading, self.text_columns, self.chunks = Reading(features=[], on_bad=on_bad), set(), chunks

    def read(self, at):
        for chunk in self.chunks:
            yield from self.told(chunk)


@given(chunks)
def test_bad_rows_are_told_or_end_the_stream_after_the_rows_before_them(chunk):
    whole = told(chunk)
    assert [row for each in Ready("skip", chunk) for row in told(each)] == whole
    found = []
    if chunk.bad:
        with pytest.raises(ValueError, match=chunk.bad[0].reason):  # noqa: PT012
            for each in Ready("raise", chunk):
                found += told(each)
        whole = whole[: chunk.bad[0].place]
    else:
        found = [row for each in Ready("raise", chunk) for row in told(each)]
    assert found == whole


@given(st.lists(st.booleans(), max_size=40), st.lists(st.integers(1, 20), max_size=6))
def test_the_pieces_of_pairs_are_the_whole(is_sound, sizes):
    items = [({"i": i}, i) if sound else None for i, sound in enumerate(is_sound)]
    taken = []
    (chunk,) = open_stream((taken.append(i) or item for i, item in enumerate(items)), on_bad="skip")
    found, bad, n = [], [], 0
    for size in [*sizes, 100]:
        part, chunk = chunk.split(size)
        assert len(taken) == n
        pairs = list(part.pairs())
        found += pairs
        assert part.places().tolist() == sorted({*range(len(part))} - {note.place for note in part.bad})
        bad += [n + note.place for note in part.bad]
        n += len(part)
        assert len(taken) == n
    assert not chunk
    assert found == [(*item, {}) for item in items if item]
    assert bad == [i for i, item in enumerate(items) if not item]


def test_rows_and_whatever_has_pairs_make_chunks():
    chunk = made(["sound"])

    class Foreign:
        def pairs(self):
            yield {}, "u", {}

    assert chunk_of(chunk) is chunk
    assert told(chunk_of(chunk.rows)) == told(chunk)
    assert isinstance(chunk_of(Foreign()), PairChunk)
    assert list(chunk_of(Foreign()).pairs()) == [({}, "u", {})]
