from online_softmax.rows import Rows

POLICIES: tuple[str, ...]

class Tokenizer:
    def __init__(self, format: str, missing: str = "error", labelled: bool = True) -> None: ...
    def read(self, block: bytes, start: int = 0, most: int = ...) -> tuple[Rows, int, int, str]: ...
