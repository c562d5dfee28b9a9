from typing import Any

import numpy as np
from numpy.typing import NDArray

ANSWER: np.dtype[np.void]
NONE: NDArray[np.void]

class Answers:
    array: NDArray[np.void]

def answers(P: NDArray[np.float64], positions: NDArray[np.int32]) -> NDArray[Any]: ...
