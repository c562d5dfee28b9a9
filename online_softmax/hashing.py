"""Hashing: feature names as one of 2^bits numbers, the same in every process and on every machine."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from zlib import crc32

import numpy as np

from online_softmax.rows import Rows

MOST_BITS = 30


def bucket(name: Hashable, bits: int) -> int:
    """Return the bucket of a feature name: the CRC-32 of its text, mixed by murmur3's finaliser, modulo 2^bits.

    Names that are equal have equal buckets: 1, 1.0 and True have one.

    Examples
    --------
    >>> bucket("size", 18), bucket(("word", 1), 18)
    (251109, 64778)

    Raises
    ------
    TypeError
        If the name is not a str, int, float, bool, None, bytes or a tuple of these.
    """
    h = crc32(_text(name))
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return (h ^ h >> 16) & (1 << bits) - 1


def _text(name: Hashable) -> bytes:
    if isinstance(name, str):
        return name.encode("utf-8", "surrogatepass")
    if isinstance(name, np.generic):
        name = name.item()
    if isinstance(name, float) and name.is_integer():
        name = int(name)
    if isinstance(name, int):
        return b"\0i%x" % name if name >= 0 else b"\0i-%x" % -name
    if name is None or isinstance(name, float):
        return b"\0f" + repr(name).encode()
    if isinstance(name, bytes):
        return b"\0b" + name
    if isinstance(name, tuple):
        parts = [_text(part) for part in name]
        return b"\0t" + b"".join(b"%d:%s" % (len(part), part) for part in parts)
    raise TypeError(
        f"feature name {name!r} is a {type(name).__name__}: "
        "hash_bits takes str, int, float, bool, None, bytes and tuples of these"
    )


def hashed(rows: Rows, bits: int, *, zeros: bool = True) -> Rows:
    """Return the rows with buckets for names; the values of a row that share one are added up, from the left.

    Without `zeros`, entries of the value 0 are left out.
    """
    if not zeros:
        rows = _without_zeros(rows)
    buckets = np.array([bucket(name, bits) for name in rows.names], np.int64)
    names, first, at = np.unique(buckets, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    ids = place[at][rows.ids].astype(np.int32)
    rows = replace(rows, names=names[order].tolist(), ids=ids)
    return _merged_shared(rows) if rows.starts is None else _merged(rows)


def _without_zeros(rows: Rows) -> Rows:
    if rows.values.all():
        return rows
    ids, values, starts = rows.ids, rows.values.ravel(), rows.starts
    if starts is None:
        m = len(ids)
        ids, starts = np.tile(ids, len(rows)), np.arange(0, len(rows) * m + 1, m, dtype=np.int64)
    there = values != 0
    before = np.concatenate([[0], np.cumsum(there)]).astype(np.int64)
    return replace(rows, ids=ids[there], values=values[there], starts=before[starts])


def _merged_shared(rows: Rows) -> Rows:
    ids, first, at = np.unique(rows.ids, return_index=True, return_inverse=True)
    if len(ids) == len(rows.ids):
        return rows
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    values = np.zeros((len(rows), len(ids)))
    for j, k in enumerate(place[at]):
        values[:, k] += rows.values[:, j]
    return replace(rows, ids=ids[order], values=values)


def _merged(rows: Rows) -> Rows:
    assert rows.starts is not None
    start, stop = int(rows.starts[0]), int(rows.starts[-1])
    ids, values = rows.ids[start:stop], rows.values[start:stop]
    row = np.repeat(np.arange(len(rows)), np.diff(rows.starts))
    keys, first, at = np.unique(row * len(rows.names) + ids, return_index=True, return_inverse=True)
    if len(keys) < len(ids):
        sums = np.zeros(len(keys))
        np.add.at(sums, at, values)
        order = np.argsort(first)
        ids, values, row = ids[first[order]], sums[order], row[first[order]]
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(rows)))]).astype(np.int64)
    return replace(rows, ids=ids, values=values, starts=starts)
