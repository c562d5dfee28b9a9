"""The streams of the comparison, by name."""

from __future__ import annotations

from benchmarks.quality.streams import drawn, generated, long, packaged, texts, words
from benchmarks.quality.streams.stream import Stream, sha

__all__ = ["GROUPS", "STREAMS", "Stream", "sha"]

GROUPS: dict[str, list[Stream]] = {
    "short": [*packaged.STREAMS, *generated.STREAMS, *drawn.STREAMS, *words.STREAMS],
    "text": texts.STREAMS,
    "long": long.STREAMS,
}
STREAMS: dict[str, Stream] = {stream.name: stream for group in GROUPS.values() for stream in group}
