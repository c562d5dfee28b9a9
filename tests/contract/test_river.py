"""Whatever of river takes river's softmax regression takes ours, and gives the same numbers with it."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import re
from functools import partial
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from river import (
    active,
    anomaly,
    api,
    bandit,
    compat,
    compose,
    datasets,
    drift,
    ensemble,
    evaluate,
    feature_extraction,
    feature_selection,
    imblearn,
    linear_model,
    metrics,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    optim,
    preprocessing,
    stats,
    stream,
    utils,
)

from online_softmax import AutoSoftmaxRegression, KeyedClassifier, SoftmaxRegression

REL = 1e-6
LABELS = {"sky", "path", "window"}
SHARES = dict.fromkeys(LABELS, 1 / 3)
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "river.md"


def warned(detector=drift.binary.DDM):
    return detector(warm_start=8, warning_threshold=0.1, drift_threshold=0.3)


# What takes a classifier, by the name that it has in river: `model` makes it.
ESTIMATORS = {
    "active.EntropySampler": lambda model: active.EntropySampler(model(), seed=1),
    "drift.DriftRetrainingClassifier": lambda model: drift.DriftRetrainingClassifier(model(), warned()),
    "ensemble.ADWINBaggingClassifier": lambda model: ensemble.ADWINBaggingClassifier(model(), 3, seed=1),
    "ensemble.ADWINBoostingClassifier": lambda model: ensemble.ADWINBoostingClassifier(model(), 3, seed=1),
    "ensemble.AdaBoostClassifier": lambda model: ensemble.AdaBoostClassifier(model(), 3, seed=1),
    "ensemble.BOLEClassifier": lambda model: ensemble.BOLEClassifier(model(), 3, seed=1),
    "ensemble.BaggingClassifier": lambda model: ensemble.BaggingClassifier(model(), 3, seed=1),
    "ensemble.LeveragingBaggingClassifier": lambda model: ensemble.LeveragingBaggingClassifier(model(), 3, seed=1),
    "ensemble.SRPClassifier": lambda model: ensemble.SRPClassifier(model(), 3, seed=1),
    "ensemble.StackingClassifier": lambda model: ensemble.StackingClassifier(
        [model(), naive_bayes.GaussianNB()], meta_classifier=model()
    ),
    "ensemble.VotingClassifier": lambda model: ensemble.VotingClassifier([model(), naive_bayes.GaussianNB(), model()]),
    "imblearn.HardSamplingClassifier": lambda model: imblearn.HardSamplingClassifier(model(), size=9, p=0.3, seed=1),
    "imblearn.RandomOverSampler": lambda model: imblearn.RandomOverSampler(model(), SHARES, seed=1),
    "imblearn.RandomSampler": lambda model: imblearn.RandomSampler(model(), SHARES, sampling_rate=0.8, seed=1),
    "imblearn.RandomUnderSampler": lambda model: imblearn.RandomUnderSampler(model(), SHARES, seed=1),
    "model_selection.BanditClassifier": lambda model: model_selection.BanditClassifier(
        [model(), model()], metrics.Accuracy(), bandit.EpsilonGreedy(0.2, seed=1)
    ),
    "model_selection.SuccessiveHalvingClassifier": lambda model: model_selection.SuccessiveHalvingClassifier(
        [model(), model(), model()], metrics.Accuracy(), budget=60
    ),
    "multiclass.OneVsOneClassifier": lambda model: multiclass.OneVsOneClassifier(model()),
    "multiclass.OneVsRestClassifier": lambda model: multiclass.OneVsRestClassifier(model()),
    "multiclass.OutputCodeClassifier": lambda model: multiclass.OutputCodeClassifier(
        model(), code_size=5, coding_method="random", seed=1
    ),
    "multioutput.ClassifierChain": lambda model: multioutput.ClassifierChain(model(), order=["a", "b"]),
    "multioutput.MonteCarloClassifierChain": lambda model: multioutput.MonteCarloClassifierChain(model(), 3, seed=1),
    "multioutput.MultiClassEncoder": lambda model: multioutput.MultiClassEncoder(model()),
    "multioutput.PerOutputClassifier": lambda model: multioutput.PerOutputClassifier(model()),
    "multioutput.ProbabilisticClassifierChain": lambda model: multioutput.ProbabilisticClassifierChain(model()),
}


def words(x):
    return " ".join(f"{name}{value:.0f}" for name, value in x.items())


def texts(x):
    return {name: f"{value:.0f}" for name, value in x.items()}


def in_bands(x):
    return {**x, "band": f"{x['hue-mean']:.0f}"}


def in_halves(x):
    return {**x, "half": x["hue-mean"] > 0}


def never_zero(x):
    return {**x, "one": 1.0}


# What goes before a classifier, by the name that it has in river.
BEFORE = {
    "anomaly.QuantileFilter": lambda: anomaly.QuantileFilter(anomaly.HalfSpaceTrees(n_trees=2, height=3, seed=1), 0.9),
    "anomaly.ThresholdFilter": lambda: anomaly.ThresholdFilter(
        anomaly.HalfSpaceTrees(n_trees=2, height=3, seed=1), 0.9
    ),
    "compose.Discard": lambda: compose.Discard("hue-mean"),
    "compose.FuncTransformer": lambda: compose.FuncTransformer(in_bands) | compose.SelectType(float),
    "compose.Grouper": lambda: in_halves | compose.Grouper(preprocessing.StandardScaler(), by="half"),
    "compose.Prefixer": lambda: compose.Prefixer("the "),
    "compose.Renamer": lambda: compose.Renamer({"hue-mean": "hue"}),
    "compose.Select": lambda: compose.Select("hue-mean", "vedge-mean"),
    "compose.SelectType": lambda: compose.SelectType(float),
    "compose.Suffixer": lambda: compose.Suffixer(" there"),
    "compose.TransformerProduct": lambda: compose.Select("hue-mean") * compose.Select("vedge-mean", "hedge-mean"),
    "compose.TransformerUnion": lambda: compose.TransformerUnion(
        compose.Select("hue-mean"), compose.Discard("hue-mean") | preprocessing.StandardScaler()
    ),
    "feature_extraction.Agg": lambda: in_bands | feature_extraction.Agg("hue-mean", "band", stats.Mean()),
    "feature_extraction.BagOfWords": lambda: words | feature_extraction.BagOfWords(ngram_range=(1, 2)),
    "feature_extraction.PolynomialExtender": lambda: (
        compose.Select("hue-mean", "vedge-mean") | feature_extraction.PolynomialExtender()
    ),
    "feature_extraction.RBFSampler": lambda: feature_extraction.RBFSampler(n_components=5, seed=1),
    "feature_extraction.TFIDF": lambda: words | feature_extraction.TFIDF(),
    "feature_extraction.TargetAgg": lambda: in_bands | feature_extraction.TargetAgg("band", stats.Mean()),
    "feature_selection.PoissonInclusion": lambda: feature_selection.PoissonInclusion(p=0.5, seed=1),
    "feature_selection.SelectKBest": lambda: feature_selection.SelectKBest(stats.PearsonCorr(), k=3),
    "feature_selection.VarianceThreshold": lambda: feature_selection.VarianceThreshold(),
    "preprocessing.AdaptiveStandardScaler": lambda: preprocessing.AdaptiveStandardScaler(),
    "preprocessing.Binarizer": lambda: preprocessing.Binarizer(),
    "preprocessing.FeatureHasher": lambda: preprocessing.FeatureHasher(n_features=8, seed=1),
    "preprocessing.GaussianRandomProjector": lambda: preprocessing.GaussianRandomProjector(3, seed=1),
    "preprocessing.MaxAbsScaler": lambda: preprocessing.MaxAbsScaler(),
    "preprocessing.MinMaxScaler": lambda: preprocessing.MinMaxScaler(),
    "preprocessing.Normalizer": lambda: never_zero | preprocessing.Normalizer(),
    "preprocessing.OneHotEncoder": lambda: texts | preprocessing.OneHotEncoder(drop_zeros=True),
    "preprocessing.OrdinalEncoder": lambda: texts | preprocessing.OrdinalEncoder(),
    "preprocessing.PreviousImputer": lambda: preprocessing.PreviousImputer(),
    "preprocessing.RobustScaler": lambda: preprocessing.RobustScaler(),
    "preprocessing.SparseRandomProjector": lambda: preprocessing.SparseRandomProjector(3, seed=1),
    "preprocessing.StandardScaler": lambda: preprocessing.StandardScaler(),
    "preprocessing.StatImputer": lambda: preprocessing.StatImputer(),
}
BY_NUMBERS = {"feature_extraction.TargetAgg", "feature_selection.SelectKBest"}  # labels are True and False
BY_LABELS = {"multioutput"}  # a label is a dictionary of several


@pytest.fixture(scope="module")
def rows():
    """Give samples of three classes, standardised."""
    scaler, rows = preprocessing.StandardScaler(), []
    for x, y in datasets.ImageSegments():
        if y in LABELS:
            scaler.learn_one(x)
            rows.append((scaler.transform_one(x), y))
            if len(rows) == 60:
                return rows


def rows_for(name, rows):
    """Give the samples with labels that what is called so can learn from."""
    if name.partition(".")[0] in BY_LABELS:
        return [(x, {"a": y == "sky", "b": x["hue-mean"] > 0}) for x, y in rows]
    return [(x, y == "sky") for x, y in rows] if name in BY_NUMBERS else rows


def answers(estimator, rows):
    """Give what an estimator says of each sample, before it learns it."""
    found = []
    for x, y in rows:
        x = copy.copy(x)  # some of river's change it
        try:
            p = estimator.predict_proba_one(x)
        except NotImplementedError:
            p = None
        found.append((estimator.predict_one(x), p))
        estimator.learn_one(x, y)
    return found


def assert_alike(a, b):
    """Assert that two answers are the same, numbers within the last digits."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_alike(a[key], b[key])
    elif isinstance(a, tuple | list):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_alike(one, other)
    elif isinstance(a, float):
        assert math.isclose(a, b, rel_tol=REL, abs_tol=1e-12)
    else:
        assert a == b


def both(look):
    """Give what `look` finds with river's model and with ours."""
    return look(linear_model.SoftmaxRegression), look(SoftmaxRegression)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_gives_the_same_numbers_with_ours(name, rows):
    def look(model):
        estimator, samples = ESTIMATORS[name](model), rows_for(name, rows)
        return answers(estimator, samples), answers(estimator.clone(), samples[:20])

    assert_alike(*both(look))


@pytest.mark.parametrize("name", BEFORE)
def test_what_goes_before_river_s_goes_before_ours(name, rows):
    rows, before = rows_for(name, rows), BEFORE[name]
    # Before its first sample, the scaler makes a gap of every number, which river's model has no weights for.
    ours = partial(SoftmaxRegression, missing="zero" if name == "preprocessing.MinMaxScaler" else "raise")
    assert_alike(answers(before() | ours(), rows), answers(before() | linear_model.SoftmaxRegression(), rows))


def test_the_scaler_that_starts_with_gaps_is_answered_in_one_sentence(rows):
    with pytest.raises(ValueError, match="is nan: values must be finite numbers, or say missing='zero'"):
        (preprocessing.MinMaxScaler() | SoftmaxRegression()).predict_one(rows[0][0])


OURS = {
    "SoftmaxRegression": SoftmaxRegression,
    "AutoSoftmaxRegression": partial(AutoSoftmaxRegression, window=50),
    "KeyedClassifier": lambda: KeyedClassifier(SoftmaxRegression(), key="user"),
}
NOT_KEYED = {
    "ensemble.SRPClassifier": "a member sees some of the features alone, and may miss the key",
    "multiclass.OneVsRestClassifier": "it asks for the probability of True, which a new key has not met",
}


@pytest.mark.parametrize("model", OURS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_learns_with_each_of_ours_and_is_copied(name, model, rows):
    if model == "KeyedClassifier" and name in NOT_KEYED:
        pytest.skip(NOT_KEYED[name])
    rows = [({**x, "user": i % 2}, y) for i, (x, y) in enumerate(rows_for(name, rows))]
    estimator = ESTIMATORS[name](OURS[model])
    answers(estimator, rows[:40])
    twins = copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator)), estimator
    assert len({repr(answers(twin, rows[40:])) for twin in twins}) == 1
    answers(estimator.clone(), rows[:5])
    assert estimator._repr_html_()
    assert str(estimator)


def test_an_ensemble_is_the_model_of_each_key(rows):
    bagging = ensemble.BaggingClassifier(SoftmaxRegression(), 3, seed=1)
    model, twin = KeyedClassifier(bagging, key="user"), bagging.clone()
    mine = answers(model, [({**x, "user": i % 2}, y) for i, (x, y) in enumerate(rows)])
    assert mine[::2] == answers(twin, rows[::2])


def takes_a_classifier(kind):
    """Whether a class of river is built around classifiers."""
    if inspect.isabstract(kind) or kind.__name__.endswith("Regressor"):
        return False
    parameters = inspect.signature(kind).parameters
    if any("Classifier" in str(each.annotation) for each in parameters.values()) or "classifier" in parameters:
        return True
    return kind.__name__.endswith("Classifier") and ("model" in parameters or "models" in parameters)


def test_every_estimator_of_river_that_takes_a_classifier_is_here():
    found = {
        f"{module}.{name}"
        for module in dir(api)
        if inspect.ismodule(vars(api)[module]) and module not in ("base", "compat")
        for name in vars(api)[module].__all__
        if inspect.isclass(kind := getattr(vars(api)[module], name, None)) and takes_a_classifier(kind)
    }
    assert found == set(ESTIMATORS)


# ---- what pipelines, evaluation and tools ask of a classifier ----


def pipeline(model):
    return preprocessing.StandardScaler() | model


def test_evaluation_with_delays_steps_and_weights_is_the_same(rows):
    def look(model):
        metric = metrics.Accuracy() + metrics.MacroF1() + metrics.CrossEntropy()
        timed = [({**x, "moment": i}, y) for i, (x, y) in enumerate(rows)]
        late = compose.Discard("moment") | pipeline(model())
        weighed = [(x, y, {"w": 1.0}) for x, y in rows]
        steps = evaluate.iter_progressive_val_score(
            rows, pipeline(model()), metrics.Accuracy(), step=20, measure_memory=True, yield_predictions=True
        )
        return [
            evaluate.progressive_val_score(rows, pipeline(model()), metric.clone(), print_every=30),
            evaluate.progressive_val_score(timed, late, metric.clone(), moment="moment", delay=7),
            evaluate.progressive_val_score(weighed, pipeline(model()), metric.clone()),
            [(str(step["Accuracy"]), step["Prediction"]) for step in steps],
        ]

    theirs, ours = both(look)
    assert list(map(str, ours)) == list(map(str, theirs))


def test_questions_are_answered_before_their_answers_come(rows):
    def look(model):
        learner, asked = pipeline(model()), []
        for _, x, y in stream.simulate_qa(rows, moment=None, delay=5):
            if y is None:
                asked.append(learner.predict_proba_one(x))
            else:
                learner.learn_one(x, y)
        return asked

    assert_alike(*both(look))


def test_an_active_learner_asks_for_the_same_labels(rows):
    def look(model):
        learner, asked = active.EntropySampler(pipeline(model()), seed=1), []
        for i, (x, y) in enumerate(rows):
            _, ask = learner.predict_one(x)
            asked.append(ask)
            if ask or i < 6:
                learner.learn_one(x, y)
        return asked

    theirs, ours = both(look)
    assert ours == theirs
    assert 6 < sum(ours) < len(rows)


def test_a_grid_of_parameters_is_expanded(rows):
    def look(model):
        rates = {"optimizer": [(optim.SGD, {"lr": [0.1, 0.01]}), (optim.Adam, {"lr": [0.1]})], "l2": [0.0, 0.1]}
        models = utils.expand_param_grid(pipeline(model()), {"SoftmaxRegression": rates})
        return [answers(each, rows[:20]) for each in models]

    theirs, ours = both(look)
    assert len(ours) == 6
    assert_alike(theirs, ours)


def test_scikit_learn_sees_the_same_classifier(rows):
    def look(model):
        X, y = [list(x.values()) for x, _ in rows], [y for _, y in rows]
        return compat.convert_river_to_sklearn(model()).fit(X, y).predict_proba(X).tolist()

    assert_alike(*both(look))


def test_pipelines_show_how_they_come_to_an_answer(rows):
    def look(model):
        learner = pipeline(model())
        answers(learner, rows[:20])
        return learner.debug_one(rows[20][0]), str(learner), list(learner.steps)

    theirs, ours = both(look)
    assert ours == theirs
    assert "Pipeline" in repr(pipeline(SoftmaxRegression()))
    assert pipeline(SoftmaxRegression())._repr_html_()


def test_keywords_go_to_the_steps_that_take_them(rows):
    one, other = pipeline(SoftmaxRegression()), pipeline(SoftmaxRegression())
    for i, (x, y) in enumerate(rows):
        assert one.predict_proba_one(x, t=i) == other.predict_proba_one(x)
        one.learn_one(x, y, w=2.0, t=i)
        other.learn_one(x, y, w=2.0)
    assert one["SoftmaxRegression"].weights == other["SoftmaxRegression"].weights != {}


# ---- mini-batches ----


def columns(kind, *names):
    return compose.Select(*names) | kind


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
@pytest.mark.parametrize("model", [SoftmaxRegression, AutoSoftmaxRegression])
def test_mixed_frames_go_through_pipelines(model, frame, rows):
    records = [{"size": x["hue-mean"], "band": f"band {x['vedge-mean'] > 0}"} for x, _ in rows]
    X, y = frame(records), (pd.Series if frame is pd.DataFrame else pl.Series)([y for _, y in rows])
    learner = columns(preprocessing.StandardScaler(), "size") + columns(preprocessing.OneHotEncoder(), "band") | model()
    learner.learn_many(X, y)
    assert set(learner[-1].features) == {"size", "band_band True", "band_band False"}
    P, labels = learner.predict_proba_many(X), list(learner.predict_many(X))
    for i in (0, 30, 59):
        assert_alike(
            dict(zip(P.columns, map(float, P.to_numpy()[i]), strict=True)), learner.predict_proba_one(records[i])
        )
        assert labels[i] == learner.predict_one(records[i])


@pytest.mark.parametrize("words_of", [feature_extraction.BagOfWords, feature_extraction.TFIDF])
def test_texts_in_bulk_are_the_words_that_they_have(words_of, rows):
    X, y = pd.Series([words(x) for x, _ in rows]), pd.Series([y for _, y in rows])
    learner = words_of() | SoftmaxRegression(optim.Adam())
    learner.learn_many(X, y)
    assert_alike(
        learner.predict_proba_many(X[:3]).to_dict("records"), [learner.predict_proba_one(text) for text in X[:3]]
    )
    if words_of is feature_extraction.BagOfWords:  # the other learns all texts before it transforms one
        one_by_one = words_of() | SoftmaxRegression(optim.Adam())
        answers(one_by_one, zip(X, y, strict=True))
        assert_alike(learner.predict_proba_one(X[5]), one_by_one.predict_proba_one(X[5]))


def test_the_page_names_all_that_is_run():
    section = PAGE.read_text().partition("## What was run")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"`(\w+\.\w+)`", section)) == sorted([*ESTIMATORS, *BEFORE])
