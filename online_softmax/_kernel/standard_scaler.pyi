import numpy as np
from numpy.typing import NDArray

from online_softmax.rows import Rows

def standardized(
    rows: Rows, scale: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
) -> NDArray[np.float64]: ...
