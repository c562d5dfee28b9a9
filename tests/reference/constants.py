"""The bank's constants: name, value, what it does. The C headers of `_kernel/bank` define the same ones."""

# squash.h
MEMORY = 2000  # samples that the scaling and `adagrad-average` remember
WINSOR = 5.0  # standard deviations from the mean at which a value is cut off
WIDEN = 1.03  # growth of that limit with each value in a row that lies beyond it
DENSE = 0.1  # share of values other than 0 from which on a feature is centred
TOO_LARGE = 1e150  # magnitude from which on a value tells nothing and counts as the mean
SQUASH_A = 1.5  # width of the squashed copy xa
SQUASH_B = 4.0  # width of the squashed copy xb

# linear.h
ADAGRAD_RATE = 1.0  # of `adagrad`
SLOW_RATE = 0.15  # of `slow-adagrad`
DECAYING_RATE = 10.0  # of `decaying-sgd` at the start
DECAYING_TIME = 10.0  # samples after which that rate has halved
LENGTH_MEMORY = 1000  # samples in the mean of |xb|^2 that `normalised-sgd` divides by

# label_experts.h
RECENT_DECAY = 0.98  # of the counts of `recent-prior`, a sample
MARKOV_CLASSES = 512  # classes beyond which `markov` answers as `prior` does

# grove.h
GROVE_TREES = 12  # trees
GROVE_CLASSES = 1000  # classes beyond which the grove leaves
LEAVES = 6144  # leaves of all trees at most
LEAF_CELLS = 524288  # and leaves times classes
TESTS = 32  # tests of a leaf
NEW_TESTS = 4  # of these, what one sample adds
TEST_BYTES = 1572864  # for the tests of all leaves and their counts
FIRST_CHECK = 16  # samples of a leaf until its tests are first checked
LONGEST_WAIT = 512  # samples between two checks at most
PAST_SAMPLES = 4096  # last samples that leaves may count again
PAST_CELLS = 65536  # and of these, times the features and one
PAST_LEAST = 256  # samples: where there is no room for so many, there are none
RECALLED = 128  # samples that a leaf may count again
ROUNDS = 4  # drawings of tests at a check
PARTED = 256  # samples until the halves of a leaf begin with its own
LEAST_PART = 4  # samples that a half begins with at least
FAST_LOSS = 256  # samples in the fast mean of the loss
SLOW_LOSS = 4096  # samples in the slow one
CALM = 2000  # samples without a felling after a felling
GROVE_RATE = 0.6  # of the leaves' steps
INHERITED = 0.1  # share of G that the halves of a leaf take over
CERTAIN = 1e-3  # 1 - p_y up to which the leaves are left alone
OFTEN_WRONG = 2.0  # sum of 1 - p_y from which on a leaf asks for tests
LEAST_SIDE = 2.0  # weight on each side of a test that may split
GAIN = 6.0  # nats that a split gains at least, in a leaf of one class
CLASS_GAIN = 0.5  # and for each further class
JUMP = 0.5  # nats between the two means of the loss that fell trees
LOOSENED = 0.1  # what is left of G in the trees that stay
HEAVIEST = 1e6  # weight of a sample at most

# newton.h
SECOND_ORDER = 100  # features that Newton's and the non-linear experts cover
NEWTON_RATE = 4.0  # of `newton`
NEWTON_TIME = 1000.0  # samples after which the rate of `newton-decaying` has halved
NEWTON_FORGET = 0.999  # gamma: what is left of the Gauss-Newton matrix after a sample
CURVATURE = 0.25  # share of the softmax's mean curvature that enters that matrix as kappa
LEAST_CURVATURE = 3e-4  # kappa at least
MOST_VARIANCE = 100.0  # a diagonal entry of P at most
AVERAGE_MEMORY = 200  # samples that `newton-average` remembers

# votes.h
WINDOW_CELLS = 20000  # rows of the window times features
WINDOW_LEAST = 256  # rows, however many features
WINDOW_STORE = 16  # one sample of so many is stored, however well it was predicted
SURE_ENOUGH = 0.98  # p_y from which on the others are not
TEMPERATURE = 1.5  # of `wide-votes`, in mean distances to the nearest row
FARTHEST = 12.0  # temperatures beyond the nearest row at which a row has no vote
BACKGROUND = 0.05  # votes that are spread evenly over the classes
METRIC_RATE = 0.3  # of the metric's descent
METRIC_START = 1.0  # first weight of a feature
AGE_WEIGHT = 0.1  # first weight of an age of one window
METRIC_SUM = 0.01  # where the sums G of the metric begin
METRIC_LEAST = 1e-3  # weight at which a feature is left out of the distance
METRIC_MOST = 100.0  # weight at most

# additive.h
HATS = 20  # hat functions of a feature
HAT_RATE = 0.5  # of `additive`

# long_memory.h
KD_TREES = 4  # k-d trees that the memory is searched by
KD_LEAF = 32  # samples in a leaf of theirs, at most
MEMORY_MOST = 8192  # samples, at most
MEMORY_CELLS = 200000  # samples times features, at most, these rounded up to a multiple of 8
KD_FIRST_EPOCH = 16  # samples stored until there are new units; then 4 times as many, again and again
KD_EPOCH = 4096  # samples stored from one change of units to the next, at last
QUANTILES = 256  # rows that the units are found from
LEAST_UNIT = 1e-300  # of a feature, at least
FARTHEST_Z = 1e6  # units from the mean, at most
NORMAL_WIDTH = 3.3  # standard deviations of a normal distribution between its quantiles at 5 and 95 %

# gaussian.h
QDA_FEATURES = 64  # features at most
QDA_CELLS = 65536  # d^2 C at most, d rounded up to a multiple of 8
QDA_FORGET = 0.9998  # of the counts N, a sample
QDA_MEMORY = 200.0  # samples that a mean and a covariance remember
QDA_FLOOR = 0.003  # variance that every coordinate is given back
QDA_START = 0.25  # variance before the first sample

# sparse.h
OWN = 4.0  # how far the common scale may be from a feature's own, as a factor
SCALE_MEMORY = 200000.0  # values that the common scale remembers
SUM_MEMORY = 1000.0  # samples in the means of sum |xg| and sum |xr|
ALPHA = (2, 32)  # strength of the prior of `naive-bayes` and `firm-naive-bayes`
BAYES_RATE = 3.0  # of their residuals' AdaGrad
BAYES_SUM = 0.1  # where its sums begin
TAU_START = 0.5  # first temperature of their evidence
TAU_FORGET = 0.9995  # gamma of the filter that learns it
ONE_VS_ALL_RATE = (80, 40)  # of `one-vs-all` and `slow-one-vs-all`
ONE_VS_ALL_LAG = 5.0  # added to the roots of their sums
MOST_EXPLICIT = 8.0  # the weight of a sample at most, in their explicit steps

# mixture.h
SHARE = 2e-3  # alpha of Bayes over the experts
TOP_SHARE = 1e-3  # alpha of Bayes over the four answers
FLOOR = 1e-15  # p at least, where Bayes takes it at its word
CLAMP = -6.0  # a score below the largest at least
FORGET = 0.9998  # gamma of the Kalman filters
PRIOR = (0.1, 1.0)  # first variance of the two filters' weights; the most is 4 times that
BUCKET_PRIOR = 0.02  # and of the calibration's
CONFIDENCE = (0.4, 0.6, 0.8, 0.9, 0.96, 0.99, 0.998)  # where its buckets meet
LEAVE = 0.97  # of the voice of an expert that is leaving, a sample
GONE = 2e-3  # voice at which it is gone

# room.h
SETTLED = 500  # samples after which no expert leaves

# bank.h
JOIN_TIME = 80.0  # samples after which the mixture trusts an expert that joins by half
LEAST_TRUST = 0.1  # however late it joins
FADE = 3.0  # an expert that leaves a stream of t samples loses so much / t of its voice, a sample, or 1 - LEAVE
