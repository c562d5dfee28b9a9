from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

class Grid:
    def __init__(
        self, columns: list[str], features: list[Hashable], target: Hashable, integers: bool, delimiter: str
    ) -> None: ...
    def read(self, block: bytes) -> tuple[NDArray[np.float64], list[Hashable], NDArray[np.int32]] | None: ...
