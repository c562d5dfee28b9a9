from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.model import Model
from online_softmax.rows import Rows

class BulkModel(Model):
    def _progress(
        self, rows: Rows, scale: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None = None
    ) -> tuple[int, NDArray[np.void]]: ...
    def _learn_rows(
        self,
        rows: Rows,
        scale: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None = None,
        declared: bool = False,
    ) -> None: ...
    def _predict_rows(self, rows: Rows, named: bool = False) -> tuple[NDArray[np.float64], list[Hashable]]: ...
