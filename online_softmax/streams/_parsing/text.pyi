from collections.abc import Callable
from typing import Any

from online_softmax.streams.stream import Chunk

def number(text: str) -> float: ...

class Tokenizer:
    def __init__(
        self, format: str, missing: str = "error", labelled: bool = True, label: Callable[[str], Any] | None = None
    ) -> None: ...
    def read(self, block: bytes, start: int = 0, most: int = ...) -> tuple[Chunk, int, int, str]: ...
