from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

def encoded(labels: list[Hashable]) -> tuple[list[Hashable], NDArray[np.int32]]: ...
