"""Reading ahead: the next chunk, while this one is used."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 0.05  # seconds between two looks at whether the reading is still wanted


def ahead(chunks: Iterable[T]) -> Generator[T, None, None]:
    """Yield what `chunks` yields, and take the next of them in another thread meanwhile.

    What `chunks` raises is raised in its place. When the iterator is closed the thread ends, as soon as the chunk it is
    reading has come.

    Examples
    --------
    >>> from online_softmax.streams.ahead import ahead

    >>> list(ahead(range(3)))
    [0, 1, 2]

    """
    read: Queue[tuple[T | None, BaseException | None]] = Queue(1)
    unwanted = Event()

    def put(item: tuple[T | None, BaseException | None]) -> bool:
        while not unwanted.is_set():
            try:
                read.put(item, timeout=PATIENCE)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for chunk in chunks:
                if not put((chunk, None)):
                    return
        except BaseException as error:
            put((None, error))
        else:
            put((None, None))

    thread = Thread(target=work, name="online-softmax-reader", daemon=True)
    thread.start()
    try:
        while True:
            chunk, error = read.get()
            if error is not None:
                raise error
            if chunk is None:
                return
            yield chunk
    finally:
        unwanted.set()
        with suppress(Empty):
            read.get_nowait()
        thread.join(timeout=1)
