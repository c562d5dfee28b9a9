from online_softmax._kernel.model import Model

EXPERTS: tuple[str, ...]

class Auto(Model):
    interactions: bool | str
    window: int
    @property
    def expert_weights(self) -> dict[str, float]: ...
    def _configure(self, interactions: bool | str, window: int) -> None: ...
