"""Thirteen ways to use a classifier in river, each with river's own softmax regression and with ours.

    python examples/river_in_practice.py          # 2,000 rows a case
    python examples/river_in_practice.py 300      # fewer

Each case is a function that takes the class of a model, and returns the score of a progressive validation: copy it into
your own code, with your stream in the place of the generated one.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from river import (
    active,
    bandit,
    base,
    compose,
    datasets,
    drift,
    ensemble,
    evaluate,
    feature_extraction,
    imblearn,
    linear_model,
    metrics,
    model_selection,
    naive_bayes,
    optim,
    preprocessing,
)
from river.datasets import synth

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression

Model = Callable[..., base.Classifier]
Rows = list[tuple[Any, Any]]

# ---- streams, made once ----


@cache
def messages(n: int) -> Rows:
    """Texts on four topics: a third of the words is the topic's own."""
    rng, words = random.Random(7), [f"word{i}" for i in range(400)]
    topics = {"sport": words[:30], "music": words[30:60], "money": words[60:90], "games": words[90:120]}
    labels = rng.choices(list(topics), k=n)
    return [(" ".join(rng.choices(topics[y], k=4) + rng.choices(words, k=8)), y) for y in labels]


@cache
def segments(n: int) -> Rows:
    """Pictures' segments, of seven kinds."""
    return list(datasets.ImageSegments().take(n))


@cache
def loans(n: int) -> Rows:
    """Applications: amounts, and numbers that stand for kinds of car, education and place."""
    return list(synth.Agrawal(classification_function=7, seed=7, perturbation=0.05).take(n))


@cache
def digits(n: int) -> Rows:
    """Seven lights that show digits; half way through, the wires are swapped."""
    before = synth.LED(seed=7, noise_percentage=0.1)
    after = synth.LEDDrift(seed=7, noise_percentage=0.1, n_drift_features=7)
    return [*before.take(n // 2), *after.take(n - n // 2)]


@cache
def rare(n: int) -> Rows:
    """Segments of which most are sky: of the other six kinds one in twelve is kept, and all come over and over."""
    once = [row for i, row in enumerate(datasets.ImageSegments()) if row[1] == "sky" or i % 12 == 0]
    return [once[i * 7 % len(once)] for i in range(n)]


def scaled(model: base.Classifier) -> base.Estimator:
    return preprocessing.StandardScaler() | model


# ---- text ----


def bag_of_words(model: Model, n: int) -> metrics.base.Metric:
    """`BagOfWords`: counts of words"""
    learner = feature_extraction.BagOfWords() | model()
    return evaluate.progressive_val_score(messages(n), learner, metrics.Accuracy())


def tf_idf(model: Model, n: int) -> metrics.base.Metric:
    """`TFIDF`: the rarer a word, the more it counts"""
    learner = feature_extraction.TFIDF() | model()
    return evaluate.progressive_val_score(messages(n), learner, metrics.Accuracy())


def hashed_words(model: Model, n: int) -> metrics.base.Metric:
    """`FeatureHasher`: words in 256 places, however many there are"""
    learner = feature_extraction.BagOfWords() | preprocessing.FeatureHasher(n_features=256, seed=1) | model()
    return evaluate.progressive_val_score(messages(n), learner, metrics.Accuracy())


# ---- numbers and kinds ----


def numbers_and_kinds(model: Model, n: int) -> metrics.base.Metric:
    """`OneHotEncoder` + `StandardScaler`: kinds and numbers"""
    kinds = compose.Select("car", "elevel", "zipcode")
    numbers = compose.Discard("car", "elevel", "zipcode")
    learner = (kinds | preprocessing.OneHotEncoder()) + (numbers | preprocessing.StandardScaler()) | model()
    return evaluate.progressive_val_score(loans(n), learner, metrics.Accuracy())


# ---- drift ----


def adwin_bagging(model: Model, n: int) -> metrics.base.Metric:
    """`ADWINBaggingClassifier`: the worst of five members is replaced at a drift"""
    learner = ensemble.ADWINBaggingClassifier(model(), n_models=5, seed=1)
    return evaluate.progressive_val_score(digits(n), learner, metrics.Accuracy())


def retraining(model: Model, n: int) -> metrics.base.Metric:
    """`DriftRetrainingClassifier`: another model learns from the warning on"""
    learner = drift.DriftRetrainingClassifier(model(), drift.binary.DDM())
    return evaluate.progressive_val_score(digits(n), learner, metrics.Accuracy())


# ---- several models ----


def stacking(model: Model, n: int) -> metrics.base.Metric:
    """`StackingClassifier`: on a naive Bayes and a linear model"""
    members = [naive_bayes.GaussianNB(), model()]
    learner = scaled(ensemble.StackingClassifier(members, meta_classifier=model()))
    return evaluate.progressive_val_score(segments(n), learner, metrics.MacroF1())


def learning_rates(model: Model, n: int) -> metrics.base.Metric:
    """`BanditClassifier`: which of four learning rates; the automatic model has none"""
    if model is AutoSoftmaxRegression:
        return evaluate.progressive_val_score(segments(n), model(), metrics.MacroF1())
    members = [model(optim.AdaGrad(rate)) for rate in (0.003, 0.03, 0.3, 3.0)]
    policy = bandit.EpsilonGreedy(epsilon=0.1, decay=0.001, burn_in=20, seed=1)
    learner = scaled(model_selection.BanditClassifier(members, metrics.Accuracy(), policy))
    return evaluate.progressive_val_score(segments(n), learner, metrics.MacroF1())


# ---- labels that are dear, rare or late ----


def dear_labels(model: Model, n: int) -> metrics.base.Metric:
    """`EntropySampler`: only labels that the model asks for, after the first 50"""
    learner, accuracy = active.EntropySampler(scaled(model()), discount_factor=3, seed=1), metrics.Accuracy()
    for i, (x, y) in enumerate(segments(n)):
        told, asks = learner.predict_one(x)
        accuracy.update(y, told or None)
        if asks or i < 50:  # it asks for nothing before it knows two classes
            learner.learn_one(x, y)
    return accuracy


def sampled(sampler: Callable[[base.Classifier], base.Classifier], model: Model, n: int) -> metrics.base.Metric:
    learner = preprocessing.StandardScaler() | sampler(model())
    return evaluate.progressive_val_score(rare(n), learner, metrics.MacroF1())


SHARES = dict.fromkeys(("brickface", "cement", "foliage", "grass", "path", "sky", "window"), 1 / 7)


def over_sampling(model: Model, n: int) -> metrics.base.Metric:
    """`RandomOverSampler`: rare classes are learned several times"""
    return sampled(partial(imblearn.RandomOverSampler, desired_dist=SHARES, seed=1), model, n)


def under_sampling(model: Model, n: int) -> metrics.base.Metric:
    """`RandomUnderSampler`: of frequent classes some are left out"""
    return sampled(partial(imblearn.RandomUnderSampler, desired_dist=SHARES, seed=1), model, n)


def hard_sampling(model: Model, n: int) -> metrics.base.Metric:
    """`HardSamplingClassifier`: what it got wrong is learned again"""
    return sampled(partial(imblearn.HardSamplingClassifier, size=40, p=0.2, seed=1), model, n)


def late_labels(model: Model, n: int) -> metrics.base.Metric:
    """`progressive_val_score(moment, delay)`: each label comes 50 rows late"""
    timed = [({**x, "minute": i}, y) for i, (x, y) in enumerate(segments(n))]
    learner = compose.Discard("minute") | preprocessing.StandardScaler() | model()
    return evaluate.progressive_val_score(timed, learner, metrics.MacroF1(), moment="minute", delay=50)


CASES = (
    bag_of_words,
    tf_idf,
    hashed_words,
    numbers_and_kinds,
    adwin_bagging,
    retraining,
    stacking,
    learning_rates,
    dear_labels,
    over_sampling,
    under_sampling,
    hard_sampling,
    late_labels,
)
MODELS: dict[str, Model] = {
    "river": linear_model.SoftmaxRegression,
    "ours": SoftmaxRegression,
    "auto": AutoSoftmaxRegression,
}


def measured(case: Callable[[Model, int], metrics.base.Metric], model: Model, n: int) -> tuple[float, float]:
    """Return the score of a case, and its microseconds a row."""
    start = time.process_time()
    score = case(model, n)
    return score.get(), (time.process_time() - start) / n * 1e6


def main() -> None:
    n, same = int(sys.argv[1]) if len(sys.argv) > 1 else 2000, 0
    print(f"{'score and microseconds a row':82}{'river':>14}{'ours':>14}{'automatic':>14}")
    for case in CASES:
        case(SoftmaxRegression, n)  # makes the stream, and imports what it needs, before the clock starts
        figures = [measured(case, model, n) for model in MODELS.values()]
        print(f"{case.__doc__:82}" + "".join(f"{score:8.1%}{us:6.0f}" for score, us in figures))
        same += round(figures[0][0], 9) == round(figures[1][0], 9)
    print(f"ours has the score of river's in {same} of {len(CASES)} cases")


if __name__ == "__main__":
    main()
