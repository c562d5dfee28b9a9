"""AutoSoftmaxRegression: a bank of experts mixed by their log loss, with nothing to tune."""

from __future__ import annotations

from online_softmax._kernel.auto import Auto
from online_softmax.classifier import KernelClassifier, check_room


class AutoSoftmaxRegression(Auto, KernelClassifier):
    r"""Softmax regression without anything to tune: no learning rate, no optimiser, no scaler.

    A bank of experts learns side by side from every sample and is mixed by how well each has predicted so far.
    Features may come raw, at any scale; features and classes may appear at any time; the stream may
    drift. A feature that a sample does not carry counts as 0, and giving that zero changes nothing.

    Parameters
    ----------
    interactions
        `"auto"` adds non-linear experts while the stream has at most 100 features; `True` insists on them, and
        refuses the sample that brings the 101st feature; `False` keeps to linear experts, and the answer is a
        mixture of softmax regressions.
    window
        How many samples the voting experts remember at most. They use min(window, max(256, 20000 / features)).
    max_features
        How many features to keep; None keeps all. When there are more, the least valuable eighth makes room: those
        with the smallest (samples) x (spread of the weights among the classes)^2 / sqrt(1 + samples since the last
        one). `n_evicted` counts them; one that comes back starts anew.
    hash_bits
        Hash names into 2^hash_bits buckets, 1 to 30, which are the features then: a bucket's value is the sum of its
        names'. The hash is the same in every process and on every machine. None keeps names as they are.

    Notes
    -----
    **Scaling**, before the prediction and without the label. With $k = \min(t + 1, 2000)$ the mean and variance of
    each feature move by $1/k$ towards a winsorised value (5 standard deviations, a limit that widens while values
    keep hitting it). A feature that is non-zero in fewer than 10 % of the samples is scaled by its root mean square
    and not centred, so that an absent one stays 0. Then $z$ is squashed at two widths, $x = z / \sqrt{1 + (z /
    c)^2}$, $c = 1.5$ (a) and $4$ (b).

    **Steps** are implicit: $B \leftarrow B - f \, r \, g^T$ with $g = p - e_y$ and $f \in (0, 1]$ from one scalar
    equation (see `ImplicitSGD`), so that none can overshoot.

    **Linear experts**, by the names of `expert_weights`:

    - `adagrad`: $G_j \leftarrow G_j + x_j^2 \sum_c g_c^2$, $r_j = x_j / \sqrt{G_j}$ on a; `adagrad-average`: its
      running average, $V \leftarrow V + e (B - V)$, $e = \max(0.0005, 1/(t+1))$; `slow-adagrad`: 0.15 times the
      step, on b.
    - `decaying-sgd`: $r = 10 x / (1 + t/10)$ on b; `normalised-sgd`: $r = x / \overline{|x|^2}$ on b.
    - `newton`: $r = 4 P x$ on a, with $P$ the inverse of a Gauss-Newton matrix that forgets at $\gamma = 0.999$, $P
      \leftarrow (P - \frac{\kappa}{\gamma + \kappa h} P x x^T P) / \gamma$, $h = x^T P x$; `newton-decaying`: $r =
      P x / (1 + t/1000)$; `newton-average`: the average of `newton`. For at most 100 features.
    - `recent-prior`, `prior`: the shares of the classes, with decay 0.98 and without; `markov`: which class follows
      which, up to 512 classes.

    **Non-linear experts**, for at most 100 features:

    - `votes`, `wide-votes`: the samples of a window vote for their labels, $v_c = \sum_{L_i = c} \exp(-(D_i - \min
      D) / T)$ and $z_c = \ln(v_c + 0.05 / C)$, at two temperatures that follow the distance to the nearest sample.
      $D_i = \sum_j w_j (x_{ij} - x_j)^2$ on b and age, with a metric $w$ that descends the votes' own log loss
      (neighbourhood components analysis [^7]).
    - `additive`: AdaGrad as above over x and 20 hat functions of each feature, on a.
    - `gaussian`: one Gaussian a class with forgetting, $z_c = \ln(N_c + \frac12) - \frac12 \ln \det \Sigma_c -
      \frac{K_c + d}{2} \ln(1 + (x - M_c)^T \Sigma_c^{-1} (x - M_c) / K_c)$ on b, for at most 64 features and $d^2 C
      \le 65536$, $d$ rounded up to a multiple of 8.

    **Leaving.** Where a stream outgrows an expert within its first 500 samples, the expert falls silent over the
    next 200 and leaves. Where that happens later, the expert stays, over the features and classes that it covers.
    Either way the answer is continuous.

    **Mixture.** Bayes with fixed share, $w_k \propto w_k p_k[y]$, then $w = (1 - \alpha) w + \alpha / K$, $\alpha =
    0.002$; two Kalman filters that mix the experts' logits, as residuals to Bayes; a calibration of the first of
    them by its confidence; and Bayes again over these four.

    **Guarantee.** Log loss is mixable: without the fixed share, Bayes over K experts loses at most $\ln K$ nats in
    total against the best of them, on any sequence of samples. Fixed share adds at most $-\ln(1 - \alpha)$, about
    0.002 nats a sample, and in return follows the best expert when it changes. The last mixture adds at most $\ln
    4$ and 0.001 nats a sample to that.

    **Cost.** Time a sample grows with (features of the sample) x (classes); the experts for at most 100 features
    add a bounded part: (features)^2 once and, for `gaussian`, once a class, and at most 25,600 terms of distances for
    the votes.

    **Memory**, in bytes at most, with $C'$ the classes and an eighth more, rounded up to a multiple of 8: $290 + 45 C'$
    a feature, $30000 + 600 C'$, and $8 C'^2$ for `markov`, up to 2 MB. For at most 100 features, $d$ of them: $85000
    + 2430 C'$ for Newton's experts, $216 (d + 2) C'$ for `additive`, 0.8 MB for `gaussian`, and 150 kB for the votes
    (with a `window` above 1000 up to 1.2 MB).

    The same stream gives the same bits, one by one, in bulk, and after pickling in the middle. Sample weights
    multiply the loss: a weight of 2 counts like two samples in steps, votes, counts and mixture, and once in the
    scaling.

    Each method may be called from any thread; calls on one model wait for each other.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics
    >>> from online_softmax import AutoSoftmaxRegression

    >>> model = AutoSoftmaxRegression()
    >>> evaluate.progressive_val_score(datasets.ImageSegments(), model, metrics.CrossEntropy())
    CrossEntropy: 0.127

    >>> model = AutoSoftmaxRegression(interactions=False)
    >>> evaluate.progressive_val_score(datasets.ImageSegments(), model, metrics.CrossEntropy())
    CrossEntropy: 0.2698

    >>> max(model.expert_weights, key=model.expert_weights.get)
    'newton-average'

    References
    ----------
    [^1]: [Herbster, M. and Warmuth, M., 1998. Tracking the best expert. Machine Learning, 32,
        151-178.](https://doi.org/10.1023/A:1007424614876)
    [^2]: [Vovk, V., 1998. A game of prediction with expert advice. Journal of Computer and System Sciences, 56,
        153-173.](https://doi.org/10.1006/jcss.1997.1556)
    [^3]: [Kulis, B. and Bartlett, P., 2010. Implicit online learning.
        ICML.](https://icml.cc/Conferences/2010/papers/429.pdf)
    [^4]: [Duchi, J., Hazan, E. and Singer, Y., 2011. Adaptive subgradient methods for online learning and stochastic
        optimization. JMLR, 12, 2121-2159.](https://jmlr.org/papers/v12/duchi11a.html)
    [^5]: [Polyak, B. and Juditsky, A., 1992. Acceleration of stochastic approximation by averaging. SIAM Journal on
        Control and Optimization, 30(4), 838-855.](https://doi.org/10.1137/0330046)
    [^6]: [Ollivier, Y., 2018. Online natural gradient as a Kalman filter. Electronic Journal of Statistics,
        12(2).](https://doi.org/10.1214/18-EJS1468)
    [^7]: [Goldberger, J., Roweis, S., Hinton, G. and Salakhutdinov, R., 2004. Neighbourhood components analysis. NIPS
        17.](https://papers.nips.cc/paper/2566-neighbourhood-components-analysis)
    """

    def __init__(
        self,
        *,
        interactions: bool | str = "auto",
        window: int = 1000,
        max_features: int | None = None,
        hash_bits: int | None = None,
    ) -> None:
        if not (isinstance(interactions, bool) or interactions == "auto"):
            raise ValueError(f"interactions must be 'auto', True or False, got {interactions!r}")
        if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= 1_000_000:
            raise ValueError(f"window must be an int from 1 to 1,000,000, got {window!r}")
        check_room(max_features, hash_bits)
        self._configure(interactions, window, max_features, hash_bits)
