from collections.abc import Hashable

class Vocabulary:
    hash_bits: int | None
    categorical: bool
    missing: str
    @property
    def classes(self) -> list[Hashable]: ...
    @property
    def features(self) -> list[Hashable]: ...
