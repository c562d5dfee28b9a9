"""The store of a keyed model: it goes on where it was, refuses what is damaged or foreign, and outlives any crash."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from river import preprocessing

from online_softmax import (
    AutoSoftmaxRegression,
    KeyedClassifier,
    ModelFileError,
    SoftmaxRegression,
    save,
)

from ..processes import started
from .keyed_samples import MODELS, USERS, Dictionary, assert_equal, flush_until_killed, learned, samples

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


def filled(path, max_keys=2, make=SoftmaxRegression, n=100):
    keyed = KeyedClassifier(make(), max_keys=max_keys, store=path)
    for x, y, w in samples(n):
        keyed.learn_one(x, y, w)
    return keyed


@pytest.mark.parametrize("max_keys", [None, 2])
def test_a_store_goes_on_where_it_was(make, tmp_path, max_keys):
    plain = Dictionary(make)
    for part in range(3):
        with KeyedClassifier(make(), max_keys=max_keys, store=tmp_path / "store") as keyed:
            assert_equal(keyed, plain)
            for x, y, w in samples(60, part):
                keyed.learn_one(x, y, w)
                plain.learn(x, y, w)
            assert_equal(keyed, plain)
    assert [file.name for file in tmp_path.iterdir()] == ["store"]


def test_a_saved_model_is_a_store(make, tmp_path):
    keyed = KeyedClassifier(make(), max_keys=2)
    for x, y, w in samples(100):
        keyed.learn_one(x, y, w)
    (tmp_path / "keys").write_bytes(b"something else")
    keyed.save(tmp_path / "keys")
    with KeyedClassifier(make(), store=tmp_path / "keys") as twin:
        assert {key: learned(twin[key]) for key in twin} == {key: learned(keyed[key]) for key in keyed}
        assert twin.figures() == keyed.figures()
    with pytest.raises(TypeError, match="a model file holds one of"):
        save(keyed, tmp_path / "model")
    with pytest.raises(OSError, match="cannot write"):
        keyed.save(tmp_path / "nowhere" / "keys")
    assert [file.name for file in tmp_path.iterdir()] == ["keys"]


def test_a_model_is_not_saved_in_the_place_of_its_store(tmp_path):
    keyed = filled(tmp_path / "store")
    os.link(tmp_path / "store", tmp_path / "link")
    for path in (tmp_path / "store", str(tmp_path / "nowhere" / ".." / "store"), tmp_path / "link"):
        (tmp_path / "nowhere").mkdir(exist_ok=True)
        with pytest.raises(ValueError, match=r"store is the store of this model|link is the store of this model"):
            keyed.save(path)
    keyed.close()
    with KeyedClassifier(SoftmaxRegression(), store=tmp_path / "store") as again:
        assert again.figures().n_samples == 100


def test_what_was_not_flushed_is_not_in_the_store(tmp_path):
    keyed = filled(tmp_path / "store")
    keyed.flush()
    before = (tmp_path / "store").read_bytes()
    for x, y, w in samples(100, 1):
        keyed.learn_one(x, y, w)
    assert (tmp_path / "store").read_bytes() == before
    keyed.close()
    assert (tmp_path / "store").read_bytes() != before


def test_a_closed_model_says_so(tmp_path):
    keyed = filled(tmp_path / "store")
    keyed.close()
    keyed.close()
    for call in (
        lambda: keyed.learn_one({"user": "ann", "a": 1.0}, "red"),
        lambda: keyed.predict_one({"user": "ann", "a": 1.0}),
        lambda: keyed["ann"],
        lambda: list(keyed),
        keyed.flush,
        keyed.figures,
    ):
        with pytest.raises(RuntimeError, match="this keyed model is closed: open its store anew"):
            call()
    with pytest.raises(ValueError, match="flush writes to a store, and this model has none"):
        KeyedClassifier(SoftmaxRegression(), max_keys=2).flush()


def test_a_store_is_open_once(tmp_path):
    keyed = filled(tmp_path / "store")
    code = f"""
        from online_softmax import KeyedClassifier, SoftmaxRegression
        KeyedClassifier(SoftmaxRegression(), store={str(tmp_path / "store")!r})
    """
    for _ in range(2):
        with pytest.raises(RuntimeError, match="it is open in another model or process; close it there first"):
            KeyedClassifier(SoftmaxRegression(), store=tmp_path / "store")
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
        )
        assert "RuntimeError: cannot open" in done.stderr
        keyed.flush()
    keyed.close()
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


class Yielding:
    """A connection of SQLite that another one follows as soon as it lets go of the file."""

    def __init__(self, inner, path):
        self._inner, self._path, self.other = inner, path, None

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def execute(self, text, *values):
        found = self._inner.execute(text, *values)
        if text == "COMMIT":
            self.other = sqlite3.connect(self._path, isolation_level=None)
            self.other.execute("BEGIN IMMEDIATE")
        return found


def test_a_store_that_another_model_took_is_not_written_to(tmp_path):
    keyed = filled(tmp_path / "store")
    keyed._disk._base.execute("PRAGMA busy_timeout=0")
    keyed._disk._base = base = Yielding(keyed._disk._base, tmp_path / "store")
    with pytest.raises(RuntimeError, match="it is open in another model or process"):
        keyed.flush()
    base.other.close()
    before = (tmp_path / "store").read_bytes()
    keyed.learn_one({"user": "new", "a": 1.0}, "red")
    with pytest.raises(RuntimeError, match="another model has had it open since; save to another file"):
        keyed.flush()
    assert (tmp_path / "store").read_bytes() == before
    keyed.save(tmp_path / "copy")
    with KeyedClassifier(SoftmaxRegression(), store=tmp_path / "copy") as twin:
        assert "new" in twin


@pytest.mark.parametrize(
    ("model", "key", "message"),
    [
        (SoftmaxRegression(l2=0.5), "user", "the model's parameters was"),
        (AutoSoftmaxRegression(), "user", "the model's class was"),
        (preprocessing.StandardScaler() | SoftmaxRegression(), "user", "the model's scaler was"),
        (SoftmaxRegression(), "shop", "its key is 'user' and not 'shop'"),
    ],
)
def test_a_store_of_other_models_is_refused(tmp_path, model, key, message):
    filled(tmp_path / "store").close()
    before = (tmp_path / "store").read_bytes()
    with pytest.raises(ModelFileError, match=message):
        KeyedClassifier(model, key, store=tmp_path / "store")
    assert (tmp_path / "store").read_bytes() == before
    filled(tmp_path / "store").close()


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "store"
    path.write_bytes(b"user,a\nann,1\n" * 100)
    with pytest.raises(ModelFileError, match="it is damaged, or no store of a KeyedClassifier"):
        KeyedClassifier(SoftmaxRegression(), store=path)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE keys (a)")
    other.close()
    with pytest.raises(ModelFileError, match="it is no store of a KeyedClassifier"):
        KeyedClassifier(SoftmaxRegression(), store=path)
    with pytest.raises(OSError, match="cannot open"):
        KeyedClassifier(SoftmaxRegression(), store=tmp_path)
    with pytest.raises(OSError, match="cannot open"):
        KeyedClassifier(SoftmaxRegression(), store=tmp_path / "nowhere" / "store")


def test_a_later_format_is_refused(tmp_path):
    path = tmp_path / "store"
    filled(path).close()
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA user_version=9")
    store.close()
    with pytest.raises(ModelFileError, match="it is of format 9, this one reads 1"):
        KeyedClassifier(SoftmaxRegression(), store=path)


@pytest.mark.slow
def test_a_damaged_store_never_gives_other_models(tmp_path):
    path = tmp_path / "store"
    filled(path).close()
    with KeyedClassifier(SoftmaxRegression(), store=path) as keyed:
        whole = {key: learned(keyed[key]) for key in keyed}
    sound = path.read_bytes()
    draw = random.Random(1)
    refused = 0
    for _ in range(150):
        damaged = bytearray(sound)
        if draw.random() < 0.2:
            damaged = damaged[: draw.randrange(len(sound))]
        else:
            damaged[draw.randrange(len(sound))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            keyed = KeyedClassifier(SoftmaxRegression(), max_keys=2, store=path)
            try:
                for key in USERS:
                    if key in keyed:
                        assert learned(keyed[key]) == whole[key]
            finally:
                keyed._disk.close()
        except ModelFileError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    "change",
    [
        *("n_samples = 'x'", "n_samples = -1", "hits = n_samples + 1", "loss = 1e999", "loss = -1.0", "loss = x'00'"),
        *("name = 'oops'", "name = '\"zed\"'", "name = x'ff'", "model = NULL", "model = 7"),
    ],
)
def test_damaged_fields_of_a_key_are_refused(tmp_path, change):
    path = tmp_path / "store"
    filled(path).close()
    store = sqlite3.connect(path)
    with store:
        store.execute(f"UPDATE keys SET {change} WHERE key = ?", (json.dumps(USERS[0]),))
    store.close()
    keyed = KeyedClassifier(SoftmaxRegression(), store=path)
    with pytest.raises(ModelFileError, match="damaged"):
        keyed.predict_one({"user": USERS[0]})
    with pytest.raises(ModelFileError, match="damaged"):
        keyed.figures_of(USERS[0])
    with pytest.raises(ModelFileError, match="damaged"):
        print(keyed.figures(), list(keyed), keyed.copy())
    assert keyed.figures_of(USERS[1]).n_samples
    keyed.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_a_killed_process_leaves_what_was_flushed(tmp_path, seed):
    process, flushed = started(flush_until_killed, tmp_path / "store")
    draw = random.Random(seed)
    for _ in range(draw.randint(1, 15)):
        flushed.recv()
    threading.Event().wait(draw.random() * 0.02)
    process.kill()
    process.join()
    least = 0
    with suppress(EOFError, OSError):
        while True:
            least = flushed.recv()
    with KeyedClassifier(SoftmaxRegression(), max_keys=3, store=tmp_path / "store") as keyed:
        n = keyed.figures().n_samples
        assert n % 20 == 0
        assert n >= least
        plain = Dictionary(SoftmaxRegression)
        for part in range(n // 20):
            for x, y, w in samples(20, part):
                plain.learn(x, y, w)
        assert_equal(keyed, plain)


FULL = """
    import resource, signal, sys
    sys.path.insert(0, {folder!r})
    from tests.models.keyed_samples import Dictionary, KeyedClassifier, SoftmaxRegression, assert_equal, samples
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    keyed, plain = KeyedClassifier(SoftmaxRegression(), max_keys=3, store={path!r}), Dictionary(SoftmaxRegression)
    keys, failed = list(range(400)), 0
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for turn in range(2):
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        for x, y, w in samples(600, turn, keys):
            try:
                keyed.learn_one(x, y, w)
            except OSError as error:
                assert "cannot write a temporary file for keys" in str(error), error
                failed += 1
            else:
                plain.learn(x, y, w)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        try:
            keyed.flush()
        except OSError as error:
            assert "cannot write" in str(error), error
        else:
            raise AssertionError
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert_equal(keyed, plain)
    keyed.close()
    with KeyedClassifier(SoftmaxRegression(), max_keys=3, store={path!r}) as keyed:
        assert_equal(keyed, plain)
    print(failed)
"""


@pytest.mark.slow
def test_a_full_disk_loses_nothing(tmp_path):
    code = textwrap.dedent(FULL.format(folder=str(ROOT), path=str(tmp_path / "store")))
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_temporary_files_vanish(tmp_path):
    code = """
        import os
        from online_softmax import KeyedClassifier, SoftmaxRegression
        keyed = KeyedClassifier(SoftmaxRegression(), max_keys=1)
        for user in range(100):
            keyed.learn_one({"user": user, "a": 1.0}, "red")
        os.kill(os.getpid(), 9)
    """
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environment, check=False)
    assert not list(tmp_path.iterdir())


def test_a_fork_uses_what_is_in_memory(tmp_path):
    code = f"""
        import os, sys
        from online_softmax import KeyedClassifier, SoftmaxRegression
        keyed = KeyedClassifier(SoftmaxRegression(), max_keys=2, store={str(tmp_path / "store")!r})
        for user in range(10):
            keyed.learn_one({{"user": user, "a": 1.0}}, "red")
        child = os.fork()
        if not child:
            assert keyed.predict_one({{"user": 9, "a": 1.0}}) == "red"
            for call in (lambda: keyed.predict_one({{"user": 0, "a": 1.0}}), keyed.flush):
                try:
                    call()
                except RuntimeError as error:
                    assert "forked" in str(error)
                else:
                    raise AssertionError
            del keyed
            sys.exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        keyed.learn_one({{"user": 0, "a": 1.0}}, "red")
        keyed.close()
        with KeyedClassifier(SoftmaxRegression(), store={str(tmp_path / "store")!r}) as keyed:
            assert len(keyed) == 10 and keyed.figures_of(0).n_samples == 2
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
