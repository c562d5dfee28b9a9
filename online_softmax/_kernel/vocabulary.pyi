from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

class Vocabulary:
    hash_bits: int | None
    categorical: bool
    missing: str
    @property
    def classes(self) -> list[Hashable]: ...
    @property
    def features(self) -> list[Hashable]: ...
    def _entries(self, x: Mapping[Any, Any]) -> list[tuple[Hashable, float]]: ...
    def _slots_of(self, names: list[Hashable]) -> NDArray[np.int32]: ...
