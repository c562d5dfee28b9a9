"""One file a rival. Each has `runs(stream)`, which yields (setting, model, rows) for every setting to be scored."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

OURS = "auto"
OURS_LINEAR = "auto_linear"
LINEAR = "river_default", "softmax_grid", "vowpal_wabbit"
CONTEXT = "forest", "adaptive_tree", "neighbours"
HEAD = 5000  # the rows of the comparison with the rivals in CONTEXT
CAPYMOA = "sam_knn", "random_patches", "capymoa_forest", "leveraging_bagging"
STRONG = *CAPYMOA, "lightgbm_refitted", "extra_trees_refitted"
SHARES = 0.001, 0.01  # of the uniform law in the answers of the rivals in STRONG: the better in hindsight counts
WIDEST = dict.fromkeys(CAPYMOA, 5000)  # features of a row without gaps: a row of more takes them a second
PACKAGE = {"vowpal_wabbit": "vowpalwabbit", "lightgbm_refitted": "lightgbm", **dict.fromkeys(CAPYMOA, "capymoa")}


def missing(rival: str) -> str | None:
    """What the rival needs and this machine has not, in a sentence that says how to have it; None if nothing."""
    package = PACKAGE.get(rival)
    if package and not find_spec(package):
        extra = "bench-java" if rival in CAPYMOA else "bench"
        return f"the package {package} is not installed: pip install '.[{extra}]'"
    if rival in CAPYMOA and not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        return "CapyMOA needs Java 17 or later, and there is no java on the PATH and no JAVA_HOME"
    return None
