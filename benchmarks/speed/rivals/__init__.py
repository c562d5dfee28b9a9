"""One file a rival. Each has CALLS, the measured calls that it knows; `model(kind)`, a fresh model: "SGD", "Adam", "default"
(what its documentation starts with) or "pipeline" (behind river's scaler); `size(model)`, its bytes; and ROOM."""

from __future__ import annotations

OURS, RIVER, NUMPY = RIVALS = "ours", "river_softmax", "numpy_softmax"
