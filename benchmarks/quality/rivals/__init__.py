"""One file a rival. Each has `runs(stream)`, which yields (setting, model, rows) for every setting to be scored."""

from __future__ import annotations

OURS = "auto"
OURS_LINEAR = "auto_linear"
LINEAR = "river_default", "softmax_grid", "vowpal_wabbit"
CONTEXT = "forest", "adaptive_tree", "neighbours"
HEAD = 5000  # the rows of the comparison with the rivals in CONTEXT
