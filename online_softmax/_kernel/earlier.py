"""States of earlier formats of model files, laid out as this version has them.

Up to format 2 a bank held the first of the experts in `ORDER`, and those from `staying` on were leaving. Its mixers had
an input for each of 15 experts and for Bayes, which came after the last expert; its buckets were as wide.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from online_softmax._kernel.limits import (
    BANK,
    BAYES,
    BUCKETS,
    CALIBRATED,
    GROVE_AT,
    INPUTS,
    MEMORY_AT,
    MIXERS,
    NEWTON_AT,
    QDA_AT,
)
from online_softmax.storage.fields import Array, Number, check_value

ORDER = np.array([*range(GROVE_AT), *range(NEWTON_AT, MEMORY_AT), QDA_AT])  # where its experts are now
NEWTON, VOTES, GAUSSIAN, ALL = 8, 11, 14, 15  # the experts before each of these, and all
WIDTH = 16  # inputs of a filter


def from_format_2(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state of format 1 or 2 as one of format 3.

    It goes on without the experts that came since; those for sparse rows begin where there are more than 100 features.

    Raises
    ------
    ValueError
        If what is laid out anew is not what those formats held.
    """
    if "experts" not in state:
        return state
    n = np.size(state["experts"])
    if n not in (NEWTON, VOTES, GAUSSIAN, ALL):
        raise ValueError(f"a bank of {n} experts does not exist")
    for name in ("experts", "voices"):
        check_value(name, Array("f8", (1, n), 0), state.get(name))
    check_value("mixers", Array("f8", (MIXERS * (1 + WIDTH), WIDTH)), state.get("mixers"))
    check_value("buckets", Array("f8", (BUCKETS * (1 + WIDTH), WIDTH)), state.get("buckets"))
    check_value("staying", Number(int, NEWTON, n), state.get("staying"))
    new = {name: value for name, value in state.items() if name != "staying"}
    here = ORDER[:n]
    for name in ("experts", "voices"):
        new[name] = np.zeros((1, BANK))
        new[name][0, here] = state[name][0]
    was = state["mixers"].reshape(MIXERS, 1 + WIDTH, WIDTH)
    mixers = np.zeros((MIXERS, 1 + INPUTS, INPUTS))
    inputs = np.append(here, BAYES)
    mixers[:, 0, inputs] = was[:, 0, : n + 1]
    mixers[:, 1 + inputs[:, None], inputs] = was[:, 1 : n + 2, : n + 1]
    new["mixers"] = mixers.reshape(-1, INPUTS)
    buckets = state["buckets"].reshape(BUCKETS, 1 + WIDTH, WIDTH)[:, : 1 + CALIBRATED, :CALIBRATED]
    new["buckets"] = np.ascontiguousarray(buckets).reshape(-1, CALIBRATED)
    return new
