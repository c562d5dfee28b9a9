"""What every model keeps when many threads use it: each call whole, none lost, no reader sees half of one."""

from __future__ import annotations

import contextlib
import gc
import math
import pickle
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from river import optim
from scipy import sparse

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression


@pytest.fixture(autouse=True)
def _impatient_threads():
    """Let threads take turns a hundred times as often as they would."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(interval)


def together(*jobs):
    """Run every job in a thread of its own, started at once; raise what any of them raises."""
    barrier = threading.Barrier(len(jobs))

    def start(job):
        barrier.wait()
        job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(start, job) for job in jobs]:
            future.result()


def sums_to_one(p):
    return math.isclose(math.fsum(p), 1, rel_tol=1e-12)


def test_four_threads_learn_and_predict(make_model, is_finite):
    model = make_model()

    def work(k):
        for i in range(150):
            x = {"shared": i % 3 / 2, f"own {k}, {i // 10}": 1.0}
            model.learn_one(x, f"class {(i + k) % 5}")
            assert sums_to_one(model.predict_proba_one(x).values())
            assert model.predict_one(x) is not None
            if i % 50 == 0:
                pickle.loads(pickle.dumps(model)).learn_one(x, "elsewhere")

    together(*(lambda k=k: work(k) for k in range(4)))
    assert sorted(model.classes) == [f"class {c}" for c in range(5)]
    features = {"shared"} | {f"own {k}, {i}" for k in range(4) for i in range(15)}
    assert set(model.features) == features
    assert is_finite(model)


@pytest.mark.parametrize("room", [None, 20])
@pytest.mark.parametrize("kind", [SoftmaxRegression, AutoSoftmaxRegression])
def test_records_of_texts_from_many_threads(learned, kind, room):
    model = kind(categorical=True, missing="indicate", max_features=room)

    def record(k, i):
        return {"job": f"job {i % 9}", "age": i / 7 if i % 3 else None, f"own {k}": f"{i % 5}", "town": None}

    def learn(k):
        for i in range(300):
            model.learn_one(record(k, i), "uv"[i % 2])
            if i % 50 == 49:
                with contextlib.suppress(ValueError):  # another thread has forgotten it first
                    model.forget_feature(model.features[0])

    def predict():
        for i in range(300):
            p = model.predict_proba_one(record(i % 3, i))
            assert not p or sums_to_one(p.values())

    together(*(lambda k=k: learn(k) for k in range(2)), predict, predict)
    twin = pickle.loads(pickle.dumps(model))  # which remembers no texts
    assert learned(twin) == learned(model)
    for i in range(20):
        assert model.predict_proba_one(record(i % 3, i)) == twin.predict_proba_one(record(i % 3, i))


@pytest.mark.slow
def test_readers_never_see_half_a_batch(make_model, learned):
    model, done = make_model(), threading.Event()
    model.learn_many(pd.DataFrame({"a": [1.0, 2.0]}), pd.Series(["first", "second"]))
    question = pd.DataFrame({"a": [0.5, -0.5], "column 7": [1.0, 2.0]})

    def learn():
        for k in range(15):
            columns = {f"column {j}": [0.01 + 0.01 * j] * 40 for j in range(10 * k, 10 * k + 20)}
            model.learn_many(pd.DataFrame(columns), pd.Series([f"class {k}, {i // 10}" for i in range(40)]))
        done.set()

    def read(look):
        while not done.is_set():
            look()

    def state():
        now = learned(model)
        batches = len(now["labels"]) // 4
        assert len(now["labels"]) == 2 + 4 * batches
        assert len(now["names"]) == (11 + 10 * batches if batches else 1)

    def copies():
        twin = pickle.loads(pickle.dumps(model))
        assert len(twin.predict_proba_one({"a": 1.0})) == len(twin.classes)

    def probabilities():
        assert all(map(sums_to_one, model.predict_proba_many(question).to_numpy()))
        assert len(model.predict_many(question)) == 2

    together(learn, lambda: read(state), lambda: read(copies), lambda: read(probabilities))
    assert len(model.classes) == 2 + 15 * 4


BATCH = pd.DataFrame({"late": [1.0] * 50_000, "a": [1.0] * 49_999 + [1e308]})
ANSWERS = pd.Series(["red"] * 50_000)
WEIGHTS = pd.Series([1.0] * 49_999 + [1e300])


def test_a_batch_that_fails_takes_nothing_from_another_thread(make_model, learned):
    model, failed = make_model(), threading.Event()
    model.learn_one({"a": 1.0}, "green")

    def fail():
        with contextlib.suppress(OverflowError, ValueError):
            model.learn_many(BATCH, ANSWERS, w=WEIGHTS)
        failed.set()

    def learn():
        while not (failed.is_set() or "red" in model.classes):
            pass
        model.learn_one({"late": 1.0}, "green")

    together(fail, learn)
    assert "late" in model.features
    twin = make_model()
    twin.learn_one({"a": 1.0}, "green")
    twin.learn_one({"late": 1.0}, "green")
    if model.classes == ["green"]:
        assert learned(model) == learned(twin)


class Waiting(optim.base.Scheduler):
    """A schedule that takes its time, while the model learns under it."""

    def __init__(self):
        self.asked, self.answer = threading.Event(), threading.Event()

    def __deepcopy__(self, _):
        return self

    def get(self, t):
        self.asked.set()
        self.answer.wait(60)
        return 0.1


def test_a_snapshot_predicts_while_the_model_learns():
    waiting = Waiting()
    waiting.answer.set()
    model, x = SoftmaxRegression(optim.SGD(waiting)), {"a": 1.0}
    for y in "uv":
        model.learn_one(x, y)
    snapshot = model.copy()
    expected = snapshot.predict_proba_one(x)
    waiting.asked.clear()
    waiting.answer.clear()
    learner = threading.Thread(target=model.learn_one, args=(x, "u"))
    learner.start()
    assert waiting.asked.wait(60)  # the model is in the middle of learning, and holds its lock
    blocked = threading.Thread(target=model.predict_proba_one, args=(x,))
    blocked.start()
    assert snapshot.predict_proba_one(x) == expected
    blocked.join(0.05)
    assert blocked.is_alive()
    waiting.answer.set()
    learner.join()
    blocked.join()
    assert model.predict_proba_one(x) != expected


@pytest.mark.parametrize("ask", ["predict_proba_many", "predict_proba_one", "loss_one"])
def test_one_who_waits_knows_the_names_that_came_meanwhile(ask):
    waiting = Waiting()
    waiting.answer.set()
    model = SoftmaxRegression(optim.SGD(waiting))
    for y in "uv":
        model.learn_one({0: 1.0}, y)
    x, found = {0: 1.0, 1: 3.0}, []
    question = {"predict_proba_many": (np.array([[*x.values()]]),), "loss_one": (x, "v")}.get(ask, (x,))
    waiting.asked.clear()
    waiting.answer.clear()
    rows = sparse.csr_matrix([[1.0, 0.0]] + [[0.0, 1.0]] * 9)  # feature 1 comes after the schedule is first asked
    learner = threading.Thread(target=model.learn_many, args=(rows, ["u"] * 10))
    learner.start()
    assert waiting.asked.wait(60)
    reader = threading.Thread(target=lambda: found.append(getattr(model, ask)(*question)))
    reader.start()
    reader.join(0.05)
    assert not found
    waiting.answer.set()
    learner.join()
    reader.join()
    assert np.array_equal(found[0], getattr(model, ask)(*question))


def test_a_collection_while_the_state_is_read_may_predict_and_not_learn(make_model):
    model, x, refused = make_model(), {"a": 1.0}, []
    model.learn_one(x, "u")

    def collected(*_):
        assert sums_to_one(model.predict_proba_one(x).values())
        try:
            model.learn_one(x, "u")
        except RuntimeError as error:
            refused.append(str(error))

    thresholds = gc.get_threshold()
    gc.callbacks.append(collected)
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(20):
            model._state()
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(collected)
    assert "inside one of its own calls" in refused[0]
    model.learn_one(x, "u")


FRAME = np.random.default_rng(1).normal(size=(60_000, 12))
LABELS = np.arange(600) % 4


@pytest.mark.slow
def test_predictions_go_side_by_side(make_model):
    model = make_model()
    model.learn_many(FRAME[:600], LABELS)
    many = np.tile(FRAME, (1 if isinstance(model, AutoSoftmaxRegression) else 10, 1))
    x = dict(enumerate(FRAME[0].tolist()))
    expected, alone = model.predict_proba_one(x), model.predict_proba_many(many)

    def calls_meanwhile():
        """Count the calls that go on while two threads predict."""
        n, found = 0, []
        threads = [threading.Thread(target=lambda: found.append(model.predict_proba_many(many))) for _ in range(2)]
        for thread in threads:
            thread.start()
        while not found:
            assert model.predict_proba_one(x) == expected
            n += 1
        for thread in threads:
            thread.join()
        assert all(np.array_equal(each, alone) for each in found)
        return n

    assert any(calls_meanwhile() > 2 for _ in range(20))  # they need not wait for each other


def test_learning_gets_its_turn_among_predictions_without_end(make_model):
    model, done = make_model(), threading.Event()
    model.learn_many(FRAME[:600], LABELS)

    def predict():
        while not done.is_set():
            P = model.predict_proba_many(FRAME[:5_000])
            assert np.allclose(P.sum(axis=1), 1)

    threads = [threading.Thread(target=predict) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for k in range(5):
            model.learn_one({0: 1.0}, f"new {k}")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert model.classes[-5:] == [f"new {k}" for k in range(5)]


def test_a_signal_between_two_rows_may_predict_and_not_learn(make_model):
    model, refused = make_model(), []
    model.learn_many(FRAME[:600], LABELS)
    x = dict(enumerate(FRAME[0].tolist()))

    def interrupt(*_):
        assert sums_to_one(model.predict_proba_one(x).values())
        try:
            model.learn_one(x, 0)
        except RuntimeError as error:
            refused.append(str(error))

    handler = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 5e-4, 5e-4)
    try:
        for _ in range(100):
            assert len(model.predict_proba_many(FRAME)) == len(FRAME)
            if refused:
                break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert "inside one of its own calls" in refused[0]
    model.learn_one(x, 0)
