"""Predicting and learning apart are scoring, bit for bit, and a chunk comes to the same however it is cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from river import base, compose, naive_bayes, optim, preprocessing

from online_softmax import AutoSoftmaxRegression, RowError, SoftmaxRegression, progressive_validation
from online_softmax.evaluation.scored import Numbering
from online_softmax.evaluation.scorer import Scorer
from online_softmax.models.scaled import NumberScaler
from online_softmax.streams import open_stream


class Python(base.Classifier):
    """A model hidden from the kernel's own loop."""

    def __init__(self, model):
        self.model = model

    def learn_one(self, x, y, w=1.0):
        self.model.learn_one(x, y, w)

    def predict_proba_one(self, x):
        return self.model.predict_proba_one(x)


MODELS = {
    "softmax": lambda: SoftmaxRegression(optim.SGD(0.5)),
    "hashed": lambda: SoftmaxRegression(optim.SGD(0.5), hash_bits=6),
    "few features": lambda: SoftmaxRegression(optim.SGD(0.5), max_features=3),
    "auto": AutoSoftmaxRegression,
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "scaled numbers": lambda: compose.Pipeline(NumberScaler(["a"]), AutoSoftmaxRegression()),
    "scaled, hashed": lambda: preprocessing.StandardScaler() | SoftmaxRegression(hash_bits=6),
    "python": lambda: Python(SoftmaxRegression()),
    "naive Bayes": naive_bayes.GaussianNB,
}


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


def frame(n=120):
    rng = np.random.default_rng(0)
    made = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    return made.assign(word=rng.choice(list("pqr"), n), y=rng.choice(["u", "v", "w"], n), w=rng.random(n))


def chunk_of(source, **options):
    (chunk,) = open_stream(source, "y", weight="w", **options)
    return chunk


def pieces(chunk, size):
    while chunk:
        part, chunk = chunk.split(size)
        yield part


def told(scorer, found):
    """Give what has been scored, by the labels themselves."""
    labels = [*scorer.labels.known(), None]
    true, predicted = ([labels[code] for one in found for code in getattr(one, name)] for name in ("true", "predicted"))
    p, unseen = (np.concatenate([getattr(one, name) for one in found]).tolist() for name in ("p", "unseen"))
    return true, predicted, repr(p), unseen


def state(scorer, chunk):
    """Give what a model says of many rows, to the last bit."""
    return [repr(scorer.model.predict_proba_one(x)) for x, _, _ in chunk.pairs()]


def as_pairs(chunk):
    (pairs,) = open_stream(list(chunk.pairs()))
    return pairs


def test_predicting_and_learning_apart_are_scoring(make):
    chunk, scorer, apart = chunk_of(frame()), Scorer(make()), Scorer(make())
    whole = [scorer.score(chunk)]
    found = []
    for part in pieces(chunk, 1):
        found.append(apart.predict(part))
        passed = apart.learn(part)
        assert (passed.n, passed.refused, passed.error) == (1, {}, None)

    assert told(apart, found) == told(scorer, whole)
    assert state(apart, chunk) == state(scorer, chunk)


def test_predicting_many_rows_is_predicting_each(make):
    chunk, scorer = chunk_of(frame()), Scorer(make())
    scorer.learn(chunk)
    before = state(scorer, chunk)

    assert told(scorer, [scorer.predict(chunk)]) == told(scorer, [scorer.predict(part) for part in pieces(chunk, 1)])
    pairs = [scorer.predict(part) for part in (as_pairs(chunk),)]
    assert told(scorer, pairs) == told(scorer, [scorer.predict(chunk)])
    assert state(scorer, chunk) == before


@pytest.mark.parametrize("size", [1, 7, 500])
def test_pieces_of_any_size_come_to_the_same(make, size):
    chunk, scorer, cut = chunk_of(frame()), Scorer(make()), Scorer(make())
    whole = told(scorer, [scorer.score(chunk)])

    assert told(cut, [cut.score(part) for part in pieces(chunk, size)]) == whole
    assert state(cut, chunk) == state(scorer, chunk)
    of_pairs = Scorer(make())
    assert told(of_pairs, [of_pairs.score(as_pairs(chunk))]) == whole


def dirty():
    """Give a frame with rows that are left out, rows that are bad and rows that the model refuses."""
    made = frame()
    made.loc[[0, 3, 4, 50, 119], "a"] = np.nan
    made.loc[[2, 5, 60, 61], "b"] = 1.7e308
    return made


STEEP = {
    "softmax": lambda: SoftmaxRegression(optim.SGD(1e10)),
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(optim.SGD(1e10)),
    "python": lambda: Python(SoftmaxRegression(optim.SGD(1e10))),
}


@pytest.mark.parametrize("model", STEEP)
@pytest.mark.parametrize(("missing", "n_left_out"), [("error", 0), ("zero", 0), ("skip-row", 5)])
def test_refused_rows_are_noted_among_the_others(model, missing, n_left_out):
    chunk = chunk_of(dirty(), missing=missing, on_bad="skip")
    scorer, cut = Scorer(STEEP[model](), skips=True), Scorer(STEEP[model](), skips=True)
    found, parts = scorer.score(chunk), [cut.score(part) for part in pieces(chunk, 3)]

    assert (found.n_left_out, found.n_mended) == (n_left_out, 5 if missing == "zero" else 0)
    assert found.n_taken + found.n_left_out == len(chunk) == 120
    rows = [row for row in range(120) if not (n_left_out and row in (0, 3, 4, 50, 119))]
    bad = {rows[note.place] for note in found.bad}
    if missing == "error":
        assert {0, 3, 4, 50, 119} < bad <= {0, 3, 4, 50, 119, 2, 5, 60, 61}
    else:
        assert bad
        assert bad <= {2, 5, 60, 61}
    assert told(cut, parts) == told(scorer, [found])
    assert sum(len(part.bad) for part in parts) == len(found.bad)
    assert sum(part.n_left_out for part in parts) == n_left_out


@pytest.mark.parametrize("model", STEEP)
def test_an_error_ends_with_the_rows_before_it(model):
    made = dirty()
    chunk = chunk_of(made, missing="skip-row")
    scorer, learner = Scorer(STEEP[model]()), Scorer(STEEP[model]())
    found, passed = scorer.score(chunk), learner.learn(chunk)

    assert type(found.error) in (ValueError, OverflowError)
    refused = chunk.places()[len(found)]
    assert refused in (2, 5, 60)
    assert found.n_left_out == sum(row in (0, 3, 4, 50) for row in range(refused))
    assert (passed.n, str(passed.error)) == (len(found), str(found.error))


def test_rows_left_out_right_before_a_refused_row_are_not_among_the_scored():
    made = pd.DataFrame({"a": [1.0, np.nan, 2.0, np.nan, 1e308], "y": ["u", "u", "v", "u", "u"], "w": 1.0})
    found = Scorer(SoftmaxRegression(optim.SGD(1000))).score(chunk_of(made, missing="skip-row"))

    assert (len(found), found.n_left_out) == (2, 1)
    assert found.error is not None


def test_scorers_may_share_a_numbering():
    labels = Numbering()
    one, other = (Scorer(make(), labels) for make in (SoftmaxRegression, naive_bayes.GaussianNB))
    chunk = chunk_of(frame())

    assert one.score(chunk).true.tolist() == other.score(chunk).true.tolist()
    assert sorted(labels.known()) == ["u", "v", "w"]


def test_a_class_in_the_place_of_a_model_is_refused():
    with pytest.raises(TypeError, match=r"^SoftmaxRegression is a class: give a model of it, SoftmaxRegression\(\)$"):
        Scorer(SoftmaxRegression)


def test_probabilities_that_are_no_dictionary_are_refused():
    class Listing(base.Classifier):
        def learn_one(self, x, y):
            """Learn nothing."""

        def predict_proba_one(self, x):
            return [0.5]

    with pytest.raises(RowError, match=r"^predict_proba_one returned \[0.5\], and no dictionary of probabilities"):
        progressive_validation([({"a": 1.0}, "x")], Listing())
