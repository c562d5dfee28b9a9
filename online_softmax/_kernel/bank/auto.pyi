import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.bulk import BulkModel

EXPERTS: tuple[str, ...]

class Auto(BulkModel):
    interactions: bool | str
    window: int
    @property
    def expert_weights(self) -> dict[str, float]: ...
    def _configure(
        self,
        interactions: bool | str,
        window: int,
        max_features: int | None,
        hash_bits: int | None,
        categorical: bool,
        missing: str,
    ) -> None: ...
    def _scaled(
        self, slots: NDArray[np.int32], x: NDArray[np.float64]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]: ...
    def _linear_at(self, slots: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def _counts(self) -> tuple[int, list[float]]: ...
    def _centres(self) -> tuple[NDArray[np.int32], NDArray[np.float64]]: ...
