"""AutoSoftmaxRegression: a bank of experts mixed by their log loss, with nothing to tune."""

from __future__ import annotations

from online_softmax._kernel.bank.auto import Auto
from online_softmax.checks import check_limits
from online_softmax.models.classifier import KernelClassifier
from online_softmax.models.saving import savable


@savable
class AutoSoftmaxRegression(Auto, KernelClassifier):
    r"""Softmax regression without anything to tune: no learning rate, no optimiser, no scaler.

    A bank of experts learns side by side from every sample and is mixed by how well each has predicted so far.
    Features may come raw, at any scale; features and classes may appear at any time; the stream may
    drift. A feature that a sample does not carry counts as 0, and giving that zero changes nothing.

    Parameters
    ----------
    interactions
        `"auto"` adds non-linear experts, unless there are more than 100 features within the first 500 samples; `True`
        insists on them, and refuses the sample that brings the 101st feature; `False` keeps to linear experts, and the
        answer is a mixture of softmax regressions.
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
    $x$ is a sample and $x_j$ its feature $j$ of $d$, $y$ its class of $C$, and $t$ the number of samples before it; an
    expert's scores are $z$ and its probabilities $p = \mathrm{softmax}(z)$. Other letters hold within a paragraph. The
    files of the kernel are named where they compute in the same letters.

    **Scaling** (`scale.h`), before the prediction and without the label. With $k = \min(t + 1, 2000)$ and $\delta =
    x_j - \mathrm{mean}_j$, held within $\pm 5 \, wid \, \sqrt{\mathrm{var}_j}$, $\mathrm{mean}_j \leftarrow
    \mathrm{mean}_j + \delta / k$ and $\mathrm{var}_j \leftarrow \mathrm{var}_j + (\delta^2 (1 - 1/k) - \mathrm{var}_j)
    / k$. $wid$ is 1, and grows by 3 % with each value in a row that lies beyond. A feature whose running share of
    non-zero values is below 0.1 is scaled by its root mean square and not centred, so that an absent one stays 0. Then
    $z = (x_j - \mathrm{mean}_j) / \sqrt{\mathrm{var}_j}$ is squashed at two widths, $z / \sqrt{1 + (z / c)^2}$, $c =
    1.5$ for $x^a$ and $4$ for $x^b$; below, $x$ is one of them.

    **Steps** (`implicit.h`) are implicit [^3]: $B \leftarrow B - f \, r \, g^T$ with $g = p - e_y$ and $f \in (0, 1]$
    from one scalar equation (see `ImplicitSGD`), so that none can overshoot.

    **Linear experts** have scores $z = x B$ with an intercept, by the names of `expert_weights`:

    - `adagrad` [^4] (`linear.h`): $G_j \leftarrow G_j + x_j^2 \sum_c g_c^2$, $r_j = x_j / \sqrt{G_j}$ on $x^a$;
      `slow-adagrad`: 0.15 times that $r$, on $x^b$; `adagrad-average`: the running average [^5] of `adagrad`, $V
      \leftarrow V + e (B - V)$, $e = \max(1/2000, 1/(t+1))$.
    - `decaying-sgd`: $r = 10 x / (1 + t/10)$ on $x^b$; `normalised-sgd`: $r = x / \overline{|x|^2}$ on $x^b$, the mean
      over some 1000 samples.
    - `newton` [^6] (`newton.h`): $r = 4 P x$ on $x^a$, with $P$ the inverse of a Gauss-Newton matrix that forgets at
      $\gamma = 0.999$: $P \leftarrow (P - \frac{\kappa}{\gamma + \kappa h} P x x^T P) / \gamma$, $h = x^T P x$,
      $\kappa = \max(0.0003, \frac14 \sum_c p_c (1 - p_c) / (C - 1))$, $P_{jj} \le 100$; `newton-decaying`: $r = P x /
      (1 + t/1000)$; `newton-average`: the average of `newton`, $e = \max(1/200, 1/(t+1))$. $\kappa$ is at the mean of
      the first two's $p$. For at most 100 features.
    - `prior` (`labels.h`): $p_c = (N_c + \frac12) / (N + C/2)$, $N_c$ the samples of class $c$ among $N$;
      `recent-prior`: the same with counts that decay by 0.98 a sample; `markov`: $(N_{ac} + C p_c) / (N_a + C)$,
      $N_{ac}$ the samples of class $c$ that followed one of $a$, the class of the last sample, and $p_c$ `prior`'s; up
      to 512 classes.

    **Non-linear experts**, for at most 100 features:

    - `wide-votes`, `votes` (`window.h`): samples $i$ of a window, with labels $L_i$, vote by their distance on $x^b$
      and their age: $D_i = w_0 (t - t_i) / size + \sum_j w_j (B_{ij} - x_j)^2$, $e_i = \exp(-(D_i - \min D) / T)$ and
      $k_i = e_i^3$, $v_c = \sum_{L_i = c} e_i$ for `wide-votes` and $\sum_{L_i = c} k_i$ for `votes`, $z_c = \ln(v_c +
      0.05 / C)$. $T$ is 1.5 times the running mean of $\min D$. The metric $w$ descends the log loss of `votes`
      (neighbourhood components analysis [^7]): $a_i = \frac3T k_i ([L_i = y] / (v_y + 0.05 / C) - 1 / (\sum_c v_c +
      0.05))$, $g_j = w_j \sum_i a_i (B_{ij} - x_j)^2$, $G_j \leftarrow G_j + g_j^2$, $w_j \leftarrow w_j \exp(-0.3 g_j
      / \sqrt{G_j})$ within $[0.001, 100]$, where $p_y < 0.99$; it starts at 1, $w_0$ at 0.1. The window takes in
      samples of $p_y < 0.98$, and every 16th.
    - `additive` (`hats.h`): `adagrad` at half its rate over $x^a$ and 20 hat functions of each feature, $\max(0, 1 -
      |u - k|)$ with $u = 19 (x_j + 1.5) / 3$ and the knots $k = 0 \dots 19$.
    - `gaussian` (`qda.h`): one Gaussian a class on $x^b$ with forgetting, answering as Student's t: $z_c = \ln(N_c +
      \frac12) - \frac12 LD_c - \frac12 (K_c + d) \ln(1 + h_c / K_c)$, $h_c = a^T P_c a$, $a = x - M_c$, with $N_c$ the
      samples of the class, which decay by 0.9998, its mean $M_c$, and its covariance by inverse $P_c$ and log
      determinant $LD_c$. Of class $y$, $K \leftarrow \min(K + 1, 200)$, $e = 1 / K$, $e_m = 1 / (\min(N, 200) + 1)$
      with $N$ samples: the covariance becomes $(1 - e)$ times itself, plus $e (1 - e_m) a a^T$, plus $0.003 \, e \, d$
      in one diagonal entry, each in turn; $M \leftarrow M + e_m a$. It starts from 0.25 in the diagonal and $K = 2 +
      0.05 d$. For at most 64 features and $d^2 C \le 65536$, $d$ rounded up to a multiple of 8.

    **Leaving.** Where a stream outgrows an expert within its first 500 samples, the expert falls silent over the next
    200 and leaves. Where that happens later, the expert stays, over the features and classes that it covers. Either
    way the answer is continuous.

    **Mixture** (`mixture.h`) of $n$ experts. Four answers, each made from those before it, and their mixture:

    - Bayes with fixed share [^1], $p_B = \sum_k w_k p_k$: $w_k \propto w_k \, p_k[y]$, then $w = (1 - \alpha) w +
      \alpha / n$, $\alpha = 0.002$.
    - Two Kalman filters [^6] over mixing weights $u$ of logits, $q \propto p_B \exp(\sum_k u_k A_k)$, $A_k =
      \max(z_k - \max z_k, -6)$ less its mean, of each expert and of $\ln p_B$. With $v_k = A_k[y] - \sum_{c \ne y} q_c
      A_k[c] / (1 - q_y)$, $h = v^T S v$ and $m = \ln(q_y / (1 - q_y))$, $s$ solves $s + h \sigma(s) = m + h$, $u
      \leftarrow u + (1 - \sigma(s)) S v$, and $S \leftarrow (S - \frac{\kappa}{\gamma + \kappa h} S v v^T S) / \gamma$
      with $\kappa = q_y (1 - q_y)$, $\gamma = 0.9998$. $u$ starts at 0, $S$ at $0.1 I$ and at $I$, and its diagonal
      stays below 4 times that.
    - A calibration of the first filter's $q$: such a filter over $\ln q$ and $\ln p_B$, residual to $q$, from $S =
      0.02 I$, one for each bucket of $\max_c q_c$ between 0.4, 0.6, 0.8, 0.9, 0.96, 0.99 and 0.998.
    - The answer is Bayes again over these four, $\alpha = 0.001$.

    **Guarantee.** Log loss is mixable [^2]: without the fixed share, Bayes over $n$ experts loses at most $\ln n$ nats
    in total against the best of them, on any sequence of samples. Fixed share adds at most $-\ln(1 - \alpha)$, about
    0.002 nats a sample, and in return follows the best expert when it changes. The last mixture adds at most $\ln 4$
    and 0.001 nats a sample to that.

    **Zeros.** A feature begins with its first value that is not 0: a column of zeros is none, takes no memory, and
    does not count towards the 100.

    **Change of scale.** A feature whose values grow, by whatever factor, is followed within some hundred samples. One
    whose values shrink is followed at the pace at which the variance forgets: a factor of 100 takes some 1,000 samples,
    1000 some 5,000, and a million some 25,000.

    **Sample weights** multiply the loss: a weight of 2 counts like two samples in steps, votes, counts and mixture.
    What goes with time instead counts any sample once: scaling, $t$, decays and averages. So a sample of weight 0 adds
    its names and its label, and to all else only that time has passed and, for `markov`, which class came last.

    **Cost.** Time a sample grows with (features of the sample) x (classes); the experts for at most 100 features
    add a bounded part: (features)^2 once and, for `gaussian`, once a class, and at most 25,600 terms of distances for
    the votes.

    **Memory**, in bytes at most, with $C'$ the classes and an eighth more, rounded up to a multiple of 8: $290 + 45 C'$
    a feature, $30000 + 600 C'$, and $8 C'^2$ for `markov`, up to 2 MB. For at most 100 features, $d$ of them: $85000 +
    2430 C'$ for Newton's experts, $216 (d + 2) C'$ for `additive`, 0.8 MB for `gaussian`, and 150 kB for the votes
    (with a `window` above 1000 up to 1.2 MB).

    The same stream gives the same bits, one by one, in bulk, and after pickling in the middle.

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
        check_limits(max_features, hash_bits)
        self._configure(interactions, window, max_features, hash_bits)
