"""What every model keeps when many threads use it: each call whole, none lost, no reader sees half of one."""

from __future__ import annotations

import contextlib
import math
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from river import optim

from online_softmax import SoftmaxRegression


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
