"""One pass over a stream: its rows go through the runs, which tell of themselves and are kept."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from online_softmax.evaluation import checkpoints
from online_softmax.evaluation.comparing import Comparison
from online_softmax.evaluation.distance import Distance
from online_softmax.evaluation.progress import Progress, Teller
from online_softmax.evaluation.result import Result, RowError, RunInterrupt
from online_softmax.evaluation.runs import Runs, Taken
from online_softmax.evaluation.scorer import message
from online_softmax.streams import Chunk, PairChunk, Place, PlaceError, Stream


class Pass:
    """A pass of runs over a stream.

    Parameters
    ----------
    stream
        The stream.
    runs
        The runs: fresh, or resumed.
    progress
        Whom to tell.
    limit
        After how many rows to stop.
    path, every
        The checkpoint of the first run, and how many rows there are between two.
    resumed
        Where the first run goes on, if it does.

    """

    def __init__(
        self,
        stream: Stream,
        runs: Runs,
        progress: Progress | None,
        *,
        limit: int | None,
        path: Path | None,
        every: int,
        resumed: checkpoints.Resumed | None = None,
    ) -> None:
        self._stream, self._runs, self._limit, self._path, self._every = stream, runs, limit, path, every
        self._resumed = resumed
        self._place = resumed.place if resumed is not None else getattr(stream, "begin", Place())
        self._distance = Distance(stream)
        self._teller = Teller(progress, runs, self._distance, limit)

    def result(self) -> Result | Comparison:
        """Take the rows, to the end of the stream or to the limit, and return what was found."""
        try:
            self._take_all()
            return self._ended()
        except RefusedError as end:
            self._keep()
            raise RowError(str(end), self._runs.result(whole=True)) from end.__cause__
        except KeyboardInterrupt as stop:
            raise RunInterrupt(self._runs.result()) from stop

    def _ended(self) -> Result | Comparison:
        """Return what was found in a stream that has ended."""
        if not self._runs.n_asked:
            run = self._runs.first
            gone = run.n_skipped + run.n_bad
            raise ValueError("the stream has no rows" + (f": all {gone:,} were skipped" if gone else ""))
        self._keep()
        result = self._runs.result(whole=True)
        self._teller.end(result)
        return result

    def _take_all(self) -> None:
        with closing(self._chunks()) as chunks:
            for chunk in chunks:
                if isinstance(chunk, Chunk) and chunk.place is not None:
                    self._place = chunk.place
                while chunk and (n := self._rows_left()):
                    part, chunk = chunk.split(min(n, self._runs.step(chunk)))
                    taken = self._runs.take(part)
                    self._place = self._place.after(taken.n_rows)
                    self._tell(taken, left=len(chunk) if isinstance(chunk, Chunk) else 0)
                    if taken.n_scored and self._runs.first.n_samples % self._every == 0:
                        self._keep()
                if not self._rows_left():
                    break
        self._tell(self._runs.finish())

    def _chunks(self) -> Generator[Chunk | PairChunk, None, None]:
        """Yield the chunks of the stream; of a resumed run, from its place on."""
        place = None if self._resumed is None else self._place
        with closing(self._distance.chunks(place)) as chunks:
            try:
                for chunk in chunks:
                    self._begin()
                    yield chunk
            except PlaceError as error:
                if place is None:
                    raise RefusedError(message(error)) from error
                raise checkpoints.CheckpointError(f"cannot resume {self._path}: {error}") from error
            except Exception as error:
                self._begin()
                raise RefusedError(message(error)) from error
        self._begin()

    def _begin(self) -> None:
        """Bring the model to where the checkpoint has it, once the stream is there, and tell of what is behind."""
        if self._resumed is not None:
            self._resumed.restore()
            self._resumed = None
            self._teller.start()

    def _rows_left(self) -> int:
        """Return how many rows there are to the next look, checkpoint or limit."""
        stops = [self._runs.rows_left()]
        if self._limit is not None:
            stops.append(self._limit - self._runs.n_asked)
        if self._path is not None:
            stops.append(self._every - self._runs.n_asked % self._every)
        return min(stops)

    def _tell(self, taken: Taken, left: int = 0) -> None:
        """Tell of rows that were scored, and raise what ended that."""
        if taken.n_scored:
            self._teller.go_on(left)
        if taken.error is not None:
            raise RefusedError(taken.reason) from taken.error

    def _keep(self) -> None:
        if self._path is not None and self._runs.first.n_taken:
            checkpoints.write(self._path, self._runs.first, self._stream, self._place)


class RefusedError(Exception):
    """Ends a pass before its stream ends: what a model, or the stream, said."""
