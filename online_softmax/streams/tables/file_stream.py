"""FileStream: what all streams over one file share."""

from __future__ import annotations

from collections.abc import Iterator

from online_softmax.streams.place import Place
from online_softmax.streams.stream import RowStream
from online_softmax.streams.tables.file_bytes import ByteSource, compression_of


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

    def places(self, n: int) -> Iterator[Place]:
        """Yield the places of its rows 0, n, 2n, .., as far as there are rows."""
        if self.source.is_pipe:
            raise ValueError("standard input is read once, so that nothing can begin at a place of it")
        return super().places(n)

    @property
    def seeks(self) -> bool:
        """Whether others who open the file begin at once at any place: not where it is compressed, or a pipe."""
        return not self.source.is_pipe and compression_of(self.source.path) is None

    @property
    def fraction(self) -> float | None:
        """Return the part of the file that has been read, 0 to 1, or None for standard input."""
        return self.source.fraction

    def identify(self) -> tuple[int, str] | None:
        """Return the file's size and a digest of its head; None for standard input."""
        return self.source.identify()

    def files_now(self) -> tuple[int, str] | None:
        """Return the size of the file and a digest of its head, as they are now; None for standard input."""
        return None if self.source.is_pipe else ByteSource(self.source.path).identify()
