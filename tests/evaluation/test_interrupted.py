"""Ctrl-C ends a run with what was found until then, of as many rows as it says."""

from __future__ import annotations

import json
import pickle
import signal

import pytest
from river import metrics, naive_bayes

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RunInterrupt


class Interrupted(naive_bayes.GaussianNB):
    """A model during whose n-th sample Ctrl-C comes."""

    def __init__(self, at):
        super().__init__()
        self.at, self.n = at, 0

    def learn_one(self, x, y):
        self.n += 1
        if self.n == self.at:
            signal.raise_signal(signal.SIGINT)
        super().learn_one(x, y)


def rows(n):
    return [({"a": i % 7, "b": (i * i) % 5}, "uvw"[i % 3]) for i in range(n)]


def test_while_a_model_learns():
    with pytest.raises(RunInterrupt, match=r"^interrupted after 2,[\d]+ rows$") as stop:
        progressive_validation(rows(5000), Interrupted(2500))
    found = stop.value.result
    assert 2000 <= found.n_samples < 2500
    expected = progressive_validation(rows(found.n_samples), naive_bayes.GaussianNB())
    assert (found.log_loss, found.accuracy) == (expected.log_loss, expected.accuracy)
    json.dumps(found.to_dict(), allow_nan=False)
    assert pickle.loads(pickle.dumps(stop.value)).result.n_samples == found.n_samples


def test_while_one_of_several_models_learns():
    models = {"first": SoftmaxRegression(), "second": Interrupted(2500), "third": naive_bayes.GaussianNB()}
    with pytest.raises(KeyboardInterrupt) as stop:
        progressive_validation(rows(5000), models)
    found = stop.value.result
    assert {one.n_samples for one in found.results.values()} == {found.n_common}
    expected = progressive_validation(rows(found.n_common), SoftmaxRegression())
    assert found["first"].log_loss == expected.log_loss


def test_while_rows_are_scored():
    class Interrupting(metrics.Accuracy):
        """A metric during whose 1,500th row Ctrl-C comes."""

        n = 0

        def update(self, y_true, y_pred, w=1.0):
            Interrupting.n += 1
            if Interrupting.n == 1500:
                signal.raise_signal(signal.SIGINT)
            super().update(y_true, y_pred, w)

    model = SoftmaxRegression()
    for x, y in rows(3):  # before it knows a label, river's metrics have nothing to compare with
        model.learn_one(x, y)
    with pytest.raises(RunInterrupt) as stop:
        progressive_validation(rows(5000), model, metrics=[Interrupting()])
    found = stop.value.result
    assert found.n_samples >= 1500
    assert Interrupting.n == found.n_samples
    assert found.river["Interrupting"] == found.accuracy


def test_before_the_first_row():
    def stream():
        signal.raise_signal(signal.SIGINT)
        yield {"a": 1.0}, "u"

    with pytest.raises(RunInterrupt, match=r"^interrupted after 0 rows$") as stop:
        progressive_validation(stream(), SoftmaxRegression())
    assert stop.value.result.n_samples == 0
    json.dumps(stop.value.result.to_dict(), allow_nan=False)


def test_the_handler_of_signals_is_that_of_before():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RunInterrupt):
        progressive_validation(rows(500), Interrupted(100))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_model_has_learned_the_rows_of_its_result_and_no_more(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,y\n" + "".join(f"{i % 7},{i * i % 5},{'uvw'[i % 3]}\n" for i in range(60_000)))
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        for seconds in (0.05, 0.1, 0.15):  # somewhere in its rows
            model = AutoSoftmaxRegression()
            signal.setitimer(signal.ITIMER_REAL, seconds)
            with pytest.raises(KeyboardInterrupt) as stop:
                progressive_validation(path, model, target="y")
            found = getattr(stop.value, "result", None)  # none before the file is open
            if found is not None and found.n_samples:
                again = AutoSoftmaxRegression()
                expected = progressive_validation(path, again, target="y", limit=found.n_samples)
                assert found.log_loss == expected.log_loss
                assert pickle.dumps(model) == pickle.dumps(again)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
