from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.bulk import BulkModel
from online_softmax.rows import Rows

RULES: dict[str, tuple[int, int, int]]

class Softmax(BulkModel):
    @property
    def _sizes(self) -> dict[str, int]: ...
    optimizer: Any
    loss: Any
    l2: float
    intercept: bool
    clip_gradient: float | None
    def _configure(
        self,
        optimizer: Any,
        loss: Any,
        l2: float,
        intercept: bool,
        clip_gradient: float | None,
        max_features: int | None,
        hash_bits: int | None,
        categorical: bool,
        missing: str,
        rule: Any,
        class_weights: dict[Any, float],
    ) -> None: ...
    def _learn_batch(self, rows: Rows) -> None: ...
    def _counts(self) -> tuple[int, None]: ...
    def _weights_at(self, slots: NDArray[np.int32]) -> NDArray[np.float64]: ...
