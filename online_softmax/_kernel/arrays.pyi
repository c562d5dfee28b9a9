from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

def side_by_side(columns: list[NDArray[np.generic]], n: int) -> tuple[NDArray[np.float64], bool]: ...
def encoded(labels: list[Hashable]) -> tuple[list[Hashable], NDArray[np.int32]]: ...
