import numpy as np
from numpy.typing import NDArray

LINEAR_EXPERTS: int
NEWTON_EXPERTS: int
HAT_ROWS: int
LABELS_AT: int
GROVE_AT: int
NEWTON_AT: int
VOTES_AT: int
HATS_AT: int
MEMORY_AT: int
QDA_AT: int
SPARSE_AT: int
BANK: int
BAYES: int
COVERED: int
MARKOV_CLASSES: int
QDA_FEATURES: int
QDA_CELLS: int
WINDOW_LEAST: int
GROVE_TREES: int
LEAVES: int
TESTS: int
LONGEST_WAIT: int
RECALLED: int
KD_TREES: int
KD_LEAF: int
MEMORY_MOST: int
MEMORY_NODES: int
NOWHERE: int
SPARSE_EXPERTS: int
PAIR: int
MIXERS: int
BUCKETS: int
CALIBRATED: int
INPUTS: int
TOP: int
FEATURE_DOUBLES: int
GAUSSIAN_DOUBLES: int
GAUSSIAN_LD: int
DENSE: float
METRIC_START: float
METRIC_SUM: float
METRIC_MOST: float
FARTHEST_Z: float
QDA_START: float
SCALE_MEMORY: float
TAU_START: float

def window_size(budget: int, d: int) -> int: ...
def memory_size(d: int) -> int: ...
def gaussians_fit(d: int, C: int) -> bool: ...
def most_tests(C: int) -> int: ...
def past_size(rows: int) -> int: ...
def remembered(since: NDArray[np.int64], now: int) -> NDArray[np.float64]: ...
