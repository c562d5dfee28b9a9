"""Streams: whatever holds labelled samples, as chunks of rows."""

from __future__ import annotations

from online_softmax.streams.array import ArrayStream
from online_softmax.streams.formats.arff import ArffStream
from online_softmax.streams.formats.batches import ArrowStream, ParquetStream
from online_softmax.streams.formats.csv import CsvStream
from online_softmax.streams.formats.json_lines import JsonStream
from online_softmax.streams.formats.sparse_text import TextStream
from online_softmax.streams.frame import FrameStream
from online_softmax.streams.kafka import KafkaStream
from online_softmax.streams.known import Known
from online_softmax.streams.opening import Stream, open_file, open_stream
from online_softmax.streams.pairs import PairChunk, PairStream, chunk_of, rows_after
from online_softmax.streams.place import Place, PlaceError
from online_softmax.streams.stream import Chunk, Note, RowStream

Chunks = RowStream  # its name until 1.0

__all__ = [
    "ArffStream",
    "ArrayStream",
    "ArrowStream",
    "Chunk",
    "Chunks",
    "CsvStream",
    "FrameStream",
    "JsonStream",
    "KafkaStream",
    "Known",
    "Note",
    "PairChunk",
    "PairStream",
    "ParquetStream",
    "Place",
    "PlaceError",
    "RowStream",
    "Stream",
    "TextStream",
    "chunk_of",
    "open_file",
    "open_stream",
    "rows_after",
]
