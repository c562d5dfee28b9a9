"""A store keeps whole commits through any crash, and refuses what is damaged, foreign, or another run's."""

from __future__ import annotations

import errno
import os
import pickle
import random
import subprocess
import sys
import time
import uuid
from dataclasses import replace

import numpy as np
import pytest
from river import optim, preprocessing

import online_softmax
from online_softmax import AutoSoftmaxRegression, ModelStore, SoftmaxRegression, StoreError
from online_softmax.models import saving
from online_softmax.rounds import Commit, Round

from ..processes import started
from .committing import commit_until_killed
from .conftest import RUN, rounds_of


@pytest.fixture(params=["a directory", "a path", "file://", "local://", "memory://"])
def url(request, tmp_path):
    """Give the URL of a store that nobody has made."""
    place = tmp_path / "some" / "store"
    kinds = {"a directory": str(place), "a path": place, "file://": f"file://{place}", "local://": f"local://{place}"}
    return kinds.get(request.param, f"memory://{uuid.uuid4()}/store")


def newest(store):
    return os.path.join(store.url, max(os.listdir(store.url)))


def test_a_commit_comes_back_whole(url, frame):
    store = ModelStore(url)
    for commit in rounds_of(store.open(AutoSoftmaxRegression(), RUN), frame, 50):
        store.commit(commit)
        again = ModelStore(url)
        assert again.version() == commit.version
        found = again.load()
        assert saving.to_bytes(found.model) == saving.to_bytes(commit.model)
        assert replace(found, model=None) == replace(commit, model=None)
    assert store.version() == 4
    assert store.load().total.rows == 400


def test_of_an_empty_store_there_is_nothing(url):
    store = ModelStore(url)
    assert store.version() == 0
    with pytest.raises(StoreError, match="nothing has been committed"):
        store.load()
    model = SoftmaxRegression()
    beginning = store.open(model, RUN)
    assert (beginning.version, beginning.log, beginning.place) == (0, (), None)
    assert beginning.model is model


@pytest.mark.parametrize("keep", [1, 2, 5])
def test_the_last_commits_are_kept(url, frame, keep):
    store = ModelStore(url, keep=keep)
    for commit in rounds_of(store.open(SoftmaxRegression(), RUN), frame, 10):
        store.commit(commit)
    assert sorted(store._versions()) == list(range(21 - keep, 21))


def test_a_stamp_is_that_of_one_commit(url, frame):
    store = ModelStore(url)
    assert store.stamp() is None
    first, second, *_ = rounds_of(store.open(SoftmaxRegression(), RUN), frame, 50)
    store.commit(first)
    before = store.stamp()
    assert before[0] == 1
    assert before == store.stamp() == ModelStore(url).stamp()
    store._storage.remove("000000000001.safetensors")
    assert store.stamp() is None
    store.commit(first)
    anew = store.stamp()
    assert anew[0] == 1
    assert anew != before
    store.commit(second)
    assert store.stamp()[0] == 2


def test_each_object_is_a_model_file(store):
    model = online_softmax.load(newest(store))
    assert saving.to_bytes(model) == saving.to_bytes(store.load().model)


def test_a_scaler_is_kept_too(url, frame):
    store = ModelStore(url)
    for commit in rounds_of(store.open(preprocessing.StandardScaler() | SoftmaxRegression(), RUN), frame, 200):
        store.commit(commit)
    x = {"x0": 1.0, "kind=a": 1.0}
    assert store.load().model.predict_proba_one(x) == commit.model.predict_proba_one(x)


def test_a_store_travels_to_another_process(store):
    again = pickle.loads(pickle.dumps(store))
    assert again.version() == store.version() == 4


@pytest.mark.parametrize(
    ("model", "run", "said"),
    [
        (SoftmaxRegression(), {**RUN, "shards": 3}, "shards was 2 and is 3"),
        (SoftmaxRegression(), {"engine": "tests"}, "shards was 2 and is not given"),
        (SoftmaxRegression(), {**RUN, "query": "x"}, "query was not given and is 'x'"),
        (AutoSoftmaxRegression(), RUN, "model's class was 'SoftmaxRegression' and is 'AutoSoftmaxRegression'"),
        (SoftmaxRegression(l2=0.5), RUN, "model's parameters's l2 was 0.0 and is 0.5"),
        (preprocessing.StandardScaler() | SoftmaxRegression(), RUN, "model's scaler was not given"),
    ],
)
def test_another_run_is_refused(store, model, run, said):
    with pytest.raises(StoreError, match=f"belongs to another run: the {said}"):
        store.open(model, run)
    assert store.open(SoftmaxRegression(), RUN).version == 4


@pytest.mark.parametrize("model", [optim.SGD(), "model", SoftmaxRegression])
def test_what_no_model_file_holds_is_refused(store, model):
    with pytest.raises(TypeError, match="a model file holds one of"):
        store.open(model, RUN)


@pytest.mark.parametrize("keep", [0, -1, 1.5, True, None])
def test_keep_is_a_number(tmp_path, keep):
    with pytest.raises(ValueError, match="keep is a number of commits"):
        ModelStore(tmp_path, keep=keep)


@pytest.mark.parametrize("url", [b"store", None, 5, ModelStore])
def test_a_url_is_a_text(url):
    with pytest.raises(TypeError, match="a store is a directory or a URL"):
        ModelStore(url)


def test_a_url_is_not_empty():
    with pytest.raises(ValueError, match="a store is a directory or a URL, and none was named"):
        ModelStore("")


def test_two_runs_cannot_commit_to_one_store(url, frame):
    one, other = ModelStore(url), ModelStore(url)
    first = list(rounds_of(one.open(SoftmaxRegression(), RUN), frame, 50))
    second = list(rounds_of(other.open(SoftmaxRegression(), RUN), frame, 100))
    one.commit(first[0])
    with pytest.raises(StoreError, match="is at version 1 and was to become version 1: another run"):
        other.commit(second[0])
    one.commit(first[1])
    with pytest.raises(StoreError, match="is at version 2 and was to become version 1"):
        other.commit(second[0])
    with pytest.raises(StoreError, match="is at version 2 and was to become version 4"):
        other.commit(first[3])
    assert one.load().total.rows == 200


def test_of_two_at_the_same_moment_one_commits(url, frame, monkeypatch):
    one, other = ModelStore(url), ModelStore(url)
    first, *_ = rounds_of(one.open(SoftmaxRegression(), RUN), frame, 50)
    monkeypatch.setattr(other, "_versions", lambda: [])
    one.commit(first)
    with pytest.raises(StoreError, match="another run commits to it"):
        other.commit(replace(first, model=AutoSoftmaxRegression()))
    assert saving.to_bytes(one.load().model) == saving.to_bytes(first.model)
    assert len(one._storage.names()) == 1


def test_where_objects_are_made_unless_there_is_one_nobody_looks_first(frame, monkeypatch):
    from fsspec.implementations.memory import MemoryFileSystem

    url = f"memory://{uuid.uuid4()}/store"
    one, other = ModelStore(url), ModelStore(url)
    first, *_ = rounds_of(one.open(SoftmaxRegression(), RUN), frame, 50)
    make, made = MemoryFileSystem.pipe_file, []

    def late(filesystem, path, value, mode="overwrite"):
        made.append((path.rpartition("/")[2], mode))
        if len(made) == 1:  # at the last moment
            other.commit(replace(first, model=AutoSoftmaxRegression()))
        make(filesystem, path, value, mode=mode)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", late)
    with pytest.raises(StoreError, match="another run commits to it"):
        one.commit(first)
    assert made == [("000000000001.safetensors", "create")] * 2
    assert isinstance(one.load().model, AutoSoftmaxRegression)


def test_a_server_that_cannot_make_an_object_unless_there_is_one_moves_it(frame, monkeypatch):
    from fsspec.implementations.memory import MemoryFileSystem

    store = ModelStore(f"memory://{uuid.uuid4()}/store")
    make = MemoryFileSystem.pipe_file

    def refuses(filesystem, path, value, mode="overwrite"):
        if mode == "create":
            raise OSError(errno.ENOSYS, "a header you provided implies functionality that is not implemented")
        make(filesystem, path, value)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", refuses)
    first, second, *_ = rounds_of(store.open(SoftmaxRegression(), RUN), frame, 50)
    store.commit(first)
    store.commit(second)
    assert store.load().version == 2
    assert len(store._storage.names()) == 2


def test_foreign_files_in_the_directory_do_no_harm(store):
    for name in ("notes.txt", "1.safetensors", ".000000000009.safetensors", "000000000099.safetensors.tmp"):
        with open(os.path.join(store.url, name), "w") as file:
            file.write("hello")
    os.mkdir(os.path.join(store.url, "spark"))
    assert store.version() == 4
    assert store.load().version == 4


def damaged(data):
    rng = random.Random(5)
    yield from (b"", b"\0" * 100, data[:-1], data[:1000], data + b"x")
    for _ in range(200):
        at = rng.randrange(len(data))
        yield data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def test_a_damaged_commit_is_refused(store):
    path = newest(store)
    with open(path, "rb") as file:
        data = file.read()
    for other in damaged(data):
        with open(path, "wb") as file:
            file.write(other)
        with pytest.raises(StoreError, match=r"version 4 of the store .* cannot be read: "):
            ModelStore(store.url).load()
    assert store.version() == 4


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (b"", "it is a model file, and no commit"),
        (b"[]", "its note is none of a store"),
        (b"{", "Expecting"),
        (b"\xff", "decode"),
        (b'{"format": 9}', "it is of format 9, and this version reads 1"),
        (b'{"format": 1}', "its note is incomplete"),
        (b'{"format":1,"version":4,"run":[],"place":0,"rounds":{}}', "its note is incomplete"),
        (b'{"format":1,"version":4,"run":{},"place":0,"rounds":{}}', "its log is incomplete"),
        (b'{"format":1,"version":true,"run":{},"place":0,"rounds":{}}', "'version' must be"),
    ],
)
def test_a_forged_commit_is_refused(store, note, said):
    with open(newest(store), "wb") as file:
        file.write(saving.to_bytes(SoftmaxRegression(), note))
    with pytest.raises(StoreError, match=f"version 4 of .* cannot be read: .*{said}"):
        store.load()


def test_a_commit_under_another_number_is_refused(store):
    path = newest(store)
    os.rename(path, path.replace("4.safe", "7.safe"))
    with pytest.raises(StoreError, match=r"version 7 of .* cannot be read: it is version 4"):
        store.load()


def test_what_json_cannot_hold_is_refused_and_the_store_stays(store):
    commit = store.load()
    for place in (float("nan"), {1, 2}):
        with pytest.raises((TypeError, ValueError), match="JSON"):
            store.commit(replace(commit, version=5, place=place))
    commit.model.learn_one({"x": 1.0}, frozenset("y"))
    with pytest.raises(TypeError, match="label"):
        store.commit(replace(commit, version=5))
    assert store.load().version == 4


def test_a_reader_goes_on_to_what_has_come_meanwhile(store, monkeypatch):
    commit, versions = store.load(), iter([1, 4])
    monkeypatch.setattr(store, "version", lambda: next(versions))
    assert replace(store.load(), model=None) == replace(commit, model=None)


def test_a_full_disk_leaves_the_last_commit(store, monkeypatch):
    commit = store.load()

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OSError, match="No space left"):
        store.commit(replace(commit, version=5))
    monkeypatch.undo()
    assert store.load().version == 4
    assert len(os.listdir(store.url)) == 3


@pytest.mark.parametrize(
    ("scheme", "calls"), [("memory", ("makedirs", "pipe_file")), ("local", ("makedirs", "pipe_file", "mv", "exists"))]
)
def test_a_remote_store_that_fails_leaves_the_last_commit(monkeypatch, frame, tmp_path, scheme, calls):
    store = ModelStore(f"{scheme}://{tmp_path}/store")
    first, second, *_ = rounds_of(store.open(SoftmaxRegression(), RUN), frame, 50)
    store.commit(first)
    for call in calls:
        with monkeypatch.context() as patch:

            def fails(*_, **__):
                raise OSError("the network is away")

            patch.setattr(type(store._storage._filesystem), call, fails)
            with pytest.raises(OSError, match="away"):
                store.commit(second)
        assert store.load().version == 1
        assert len(store._storage.names()) == 1
    store.commit(second)
    assert store.load().version == 2


def test_a_password_is_not_shown():
    assert repr(ModelStore("s3://key:secret@bucket/model")) == "ModelStore('s3://bucket/model')"


def test_storage_options_go_with_a_url(tmp_path):
    with pytest.raises(ValueError, match="storage_options go with the URL"):
        ModelStore(tmp_path, storage_options={"anon": True}).version()


def test_without_fsspec_the_error_says_how_to_get_it():
    code = """if True:
        import sys
        sys.modules["fsspec"] = sys.modules["fsspec.core"] = None
        from online_softmax import ModelStore
        print(ModelStore("/tmp/nowhere").version())
        try:
            ModelStore("memory://x").version()
        except ImportError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0", "stores at a URL are fsspec's: pip install 'online-softmax[stores]'"]


@pytest.mark.slow
def test_kills_at_any_instant_leave_whole_commits(tmp_path):
    rng, store, version = random.Random(1), ModelStore(tmp_path), 0
    for _ in range(25):
        process, opened = started(commit_until_killed, tmp_path)
        opened.recv()
        time.sleep(rng.random() * 0.15)
        while store.version() == version:
            time.sleep(0.001)
        process.kill()
        process.join()
        commit = store.load() if store.version() else Commit(SoftmaxRegression(), place=0)
        assert commit.place == commit.version >= version
        version = commit.version
    assert version >= 25
    model = SoftmaxRegression()
    for n in range(1, version + 1):
        model.learn_one({f"x{n % 50}": 1.0}, n % 3)
    assert np.array_equal(list(model.weights[0].values()), list(commit.model.weights[0].values()))


def test_a_very_long_log_stays_small(tmp_path):
    store = ModelStore(tmp_path)
    log = tuple(
        Round(1, 2, 20_000, 0, 0, 0, 0, 15_000, 1234.5678901234, 0, 16_000, 1111.2345678912, 0.51) for _ in range(2000)
    )
    store.commit(Commit(SoftmaxRegression(), version=1, log=log))
    assert os.stat(newest(store)).st_size < 200_000
    started = time.perf_counter()
    store.load()
    assert time.perf_counter() - started < 1
