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
