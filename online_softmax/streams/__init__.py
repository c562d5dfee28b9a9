"""Streams: whatever holds labelled samples, as chunks of rows."""

from __future__ import annotations

from online_softmax.streams.arff import ArffStream
from online_softmax.streams.array import ArrayStream
from online_softmax.streams.chunks import Chunks
from online_softmax.streams.csv import CsvStream
from online_softmax.streams.frame import FrameStream
from online_softmax.streams.json import JsonStream
from online_softmax.streams.opening import Chunk, Stream, open_file, open_stream
from online_softmax.streams.pairs import PairStream
from online_softmax.streams.parquet import ArrowStream, ParquetStream
from online_softmax.streams.text import TextStream

__all__ = [
    "ArffStream",
    "ArrayStream",
    "ArrowStream",
    "Chunk",
    "Chunks",
    "CsvStream",
    "FrameStream",
    "JsonStream",
    "PairStream",
    "ParquetStream",
    "Stream",
    "TextStream",
    "open_file",
    "open_stream",
]
