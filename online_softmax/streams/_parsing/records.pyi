import numpy as np
from numpy.typing import NDArray

def starts(text: bytes, delimiter: bytes = ..., blanks: bytes = ..., comment: bytes = ...) -> NDArray[np.int64]: ...
