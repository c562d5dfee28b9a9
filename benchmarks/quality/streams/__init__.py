"""The streams of the comparison, by name."""

from __future__ import annotations

from benchmarks.quality.streams import drawn, generated, packaged, words
from benchmarks.quality.streams.stream import Stream, sha

__all__ = ["STREAMS", "Stream", "sha"]

STREAMS: dict[str, Stream] = {
    stream.name: stream for module in (packaged, generated, drawn, words) for stream in module.STREAMS
}
