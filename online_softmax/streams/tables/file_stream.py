"""FileStream: what all streams over one file share."""

from __future__ import annotations

from online_softmax.streams.stream import RowStream
from online_softmax.streams.tables.file_bytes import ByteSource


class NoRowsError(ValueError):
    """A file that holds no rows: alone it is an error, and among others nothing."""


class FileStream(RowStream):
    """A stream over a file, or over standard input.

    Attributes
    ----------
    source
        The bytes of the file.

    """

    source: ByteSource

    @property
    def fraction(self) -> float | None:
        """Return the part of the file that has been read, 0 to 1, or None for standard input."""
        return self.source.fraction

    def identify(self) -> tuple[int, str] | None:
        """Return the file's size and a digest of its head; None for standard input."""
        return self.source.identify()
