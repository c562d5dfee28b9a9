"""Forgetting a feature or a class leaves the model of all the others."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from river import datasets, optim, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression


def scaled():
    scaler = preprocessing.StandardScaler()
    for x, y in datasets.ImageSegments():
        scaler.learn_one(x)
        yield scaler.transform_one(x), y


ROWS = list(scaled())
MODELS = {
    "Adam": lambda: SoftmaxRegression(optim.Adam(), intercept=True),
    "auto": AutoSoftmaxRegression,
    "linear": lambda: AutoSoftmaxRegression(interactions=False),
}


def trained(model, rows=ROWS[:800]):
    for x, y in rows:
        model.learn_one(x, y)
    return model


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


def test_unknown_names_and_labels_are_refused(make):
    model = trained(make(), ROWS[:50])
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="'nothing' has not been learned"):
        model.forget_feature("nothing")
    with pytest.raises(ValueError, match="'nobody' has not been learned"):
        model.forget_class("nobody")
    assert pickle.dumps(model) == before


def test_forgotten_feature_counts_for_nothing(make):
    model, name = trained(make()), "hue-mean"
    model.forget_feature(name)
    assert name not in model.features
    x = dict(ROWS[900][0])
    without = {key: value for key, value in x.items() if key != name}
    assert model.predict_proba_one(x) == model.predict_proba_one(without)
    trained(model, ROWS[800:1000])
    assert name in model.features


def test_linear_model_without_a_feature_has_the_other_weights():
    model, other = trained(SoftmaxRegression(optim.SGD(0.1))), trained(SoftmaxRegression(optim.SGD(0.1)))
    model.forget_feature("hue-mean")
    for label, weights in other.weights.items():
        weights.pop("hue-mean")
        assert model.weights[label] == weights


def test_forgotten_class_leaves_its_probability_to_the_others():
    model, other = trained(SoftmaxRegression(optim.SGD(0.1))), trained(SoftmaxRegression(optim.SGD(0.1)))
    model.forget_class("sky")
    for x, _ in ROWS[900:950]:
        p, q = model.predict_proba_one(x), other.predict_proba_one(x)
        rest = 1 - q.pop("sky")
        assert p == pytest.approx({label: value / rest for label, value in q.items()}, rel=1e-9)


def test_forgotten_class_is_predicted_again_once_it_is_learned_again(make):
    model = trained(make())
    model.forget_class("sky")
    assert "sky" not in model.predict_proba_one(ROWS[900][0])
    trained(model, ROWS[800:1600])
    sky = [x for x, y in ROWS[1600:] if y == "sky"]
    assert np.mean([model.predict_one(x) == "sky" for x in sky]) > 0.9


def test_every_class_can_be_forgotten(make):
    model = trained(make(), ROWS[:100])
    for label in model.classes:
        model.forget_class(label)
    assert model.predict_proba_one(ROWS[0][0]) == {}
    trained(model, ROWS[:100])
    fresh = trained(make(), ROWS[:100])
    assert model.predict_proba_one(ROWS[200][0]) == fresh.predict_proba_one(ROWS[200][0])


def test_every_feature_can_be_forgotten(make):
    model = trained(make(), ROWS[:100])
    for name in model.features:
        model.forget_feature(name)
        assert sum(model.predict_proba_one(ROWS[200][0]).values()) == pytest.approx(1, abs=1e-12)
    trained(model, ROWS[100:300])


def test_gaussians_without_a_feature_are_the_marginal_ones():
    """After forgetting, the log densities are those of the Gaussian of the other features."""
    model = trained(AutoSoftmaxRegression())
    before = model.__getstate__()["learned"]
    model.forget_feature(before["names"][3])
    after = model.__getstate__()["learned"]
    for c in range(len(before["labels"])):
        covariance = np.delete(np.delete(np.linalg.inv(before["qda_P"][c]), 3, 0), 3, 1)
        np.testing.assert_allclose(np.linalg.inv(after["qda_P"][c]), covariance, rtol=1e-6)
        determinant = np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(np.linalg.inv(before["qda_P"][c]))[1]
        assert after["qda_class"][c, 3] - before["qda_class"][c, 3] == pytest.approx(determinant, rel=1e-6)


@pytest.mark.parametrize("late", [50, 700])
def test_forgetting_beside_more_features_than_the_experts_cover(late):
    rng = np.random.default_rng(0)
    model = AutoSoftmaxRegression()
    for t in range(900):
        x = dict(zip(range(100 if t < late else 130), rng.normal(size=130).tolist(), strict=False))
        model.learn_one(x, t % 3)
    for name in (0, 50, 99, 100, 129):
        model.forget_feature(name)
        model = pickle.loads(pickle.dumps(model))
    for t in range(200):
        x = dict(zip(range(130), rng.normal(size=130).tolist(), strict=True))
        assert sum(model.predict_proba_one(x).values()) == pytest.approx(1, abs=1e-12)
        model.learn_one(x, t % 3)
    assert len(model.features) == 130


def test_copy_goes_its_own_way(make):
    model = trained(make(), ROWS[:200])
    snapshot = model.copy()
    before = snapshot.predict_proba_one(ROWS[300][0])
    trained(model, ROWS[200:400])
    assert snapshot.predict_proba_one(ROWS[300][0]) == before != model.predict_proba_one(ROWS[300][0])


def words(n, seed=0):
    """Samples of ten words that tell the class, most of them rare, and of ten that occur once and tell nothing."""
    rng = np.random.default_rng(seed)
    W, once = rng.normal(size=(2000, 3)), iter(range(10**9))
    for _ in range(n):
        known = np.minimum(rng.zipf(1.2, size=10), 2000) - 1
        y = int((W[known].sum(0) + rng.gumbel(size=3)).argmax())
        yield {**{f"w{i}": 1.0 for i in known}, **{f"once{next(once)}": 1.0 for _ in range(10)}}, y


BOUNDED = {
    "Adam": lambda: SoftmaxRegression(optim.Adam(0.01), max_features=500),
    "auto": lambda: AutoSoftmaxRegression(max_features=500),
}


@pytest.fixture(params=BOUNDED)
def bounded(request):
    return BOUNDED[request.param]


def test_budget_holds_and_the_words_that_tell_the_class_stay(bounded):
    model = trained(bounded(), words(3000))
    assert len(model.features) <= 500
    assert model.n_evicted > 25_000
    assert {f"w{i}" for i in range(10)} <= set(model.features)


@pytest.mark.slow
def test_bounded_model_one_by_one_in_bulk_and_pickled(bounded):
    rows = list(words(400))
    names = sorted({name for x, _ in rows for name in x})
    frame = pd.DataFrame([{name: x.get(name, 0.0) for name in names} for x, _ in rows])
    one, bulk = bounded(), bounded()
    if isinstance(one, SoftmaxRegression):  # to it, a zero is a feature: it takes the frame's rows as they are
        rows = [(x, y) for x, (_, y) in zip(frame.to_dict("records"), rows, strict=True)]
    for i, (x, y) in enumerate(rows):
        if i == 200:
            one = pickle.loads(pickle.dumps(one))
        one.learn_one(x, y)
    bulk.learn_many(frame, pd.Series([y for _, y in rows]))
    assert one.n_evicted == bulk.n_evicted > 0
    assert one.features == bulk.features
    assert one.predict_proba_one(rows[0][0]) == bulk.predict_proba_one(rows[0][0])


def test_failed_batch_of_a_bounded_model_changes_nothing():
    model = trained(SoftmaxRegression(optim.SGD(0.1), max_features=50), words(200))
    before = pickle.dumps(model)
    frame = pd.DataFrame({f"n{i}": [1.0, 1.0, 1.7e308 if i == 99 else 1.0] for i in range(100)})
    with pytest.raises(OverflowError):
        model.learn_many(frame, pd.Series([0, 1, 2]), w=1e10)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("budget", [0, -1, 1.5, True, "many", 2**31])
def test_budget_is_a_number_of_features(budget):
    with pytest.raises(ValueError, match="max_features must be an int of at least 1"):
        SoftmaxRegression(max_features=budget)
