"""Checkpoints: a resumed run is the uninterrupted one, bit for bit, and another run is refused."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from river import datasets as river_datasets
from river import naive_bayes, optim, preprocessing
from scipy import sparse

from online_softmax import (
    AutoSoftmaxRegression,
    ModelFileError,
    SoftmaxRegression,
    load,
    progressive_validation,
)
from online_softmax.evaluation import checkpoints
from online_softmax.evaluation.checkpoints import CheckpointError
from online_softmax.evaluation.progressive import RowError
from online_softmax.models.saving import to_bytes
from online_softmax.models.scaled import NumberScaler
from online_softmax.storage import container
from online_softmax.streams import open_stream

MODELS = {
    "SGD": SoftmaxRegression,
    "Adam, few features": lambda: SoftmaxRegression(optim.Adam(0.01), intercept=True, max_features=12),
    "auto": AutoSoftmaxRegression,
    "auto, linear, hashed": lambda: AutoSoftmaxRegression(interactions=False, hash_bits=8),
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "numbers scaled": lambda: NumberScaler(["a"]) | SoftmaxRegression(),
}


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


class StopError(Exception):
    """The end of a run, from outside."""


def stopping_at(n):
    def progress(row, *, mark, fraction):
        if row.n_samples >= n:
            raise StopError

    return progress


def stopped(source, model, path, at, **options):
    """Run until about the given row, as if killed there."""
    with pytest.raises(StopError):
        progressive_validation(source, model, checkpoint=path, progress=stopping_at(at), **options)


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=3000), "b": rng.choice(["x", "y", "z"], 3000), "c": rng.random(3000)})
    frame["y"] = rng.choice(["u", "v", "w"], 3000)
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("every", [100, 700])
def test_resumed_is_uninterrupted(make, table, tmp_path, every, figures):
    whole = make()
    expected = progressive_validation(table, whole, target="y")
    path, model = tmp_path / "run", make()
    options = {"target": "y", "every": every}
    stopped(table, model, path, 1200, **options)
    for at in (1900, 2500):
        model = make()
        stopped(table, model, path, at, resume=True, **options)
    model = make()
    found = progressive_validation(table, model, checkpoint=path, resume=True, **options)
    assert figures(found) == figures(expected)
    assert to_bytes(model) == to_bytes(whole)
    again = make()
    assert figures(progressive_validation(table, again, checkpoint=path, resume=True, **options)) == figures(expected)
    assert to_bytes(again) == to_bytes(whole)


def dirty(tmp_path):
    """Write a file in which every kind of dirt stands, at places that are and are not those of checkpoints."""
    lines = [f"{i % 13},{'' if i % 37 == 0 else i % 5},{'uvw'[i * i % 3]}\n" for i in range(3000)]
    for i in (0, 99, 100, 101, 199, 1000, 2999):
        lines[i] = f"{i},oops,,\n"
    path = tmp_path / "dirty.csv"
    path.write_text("a,b,y\n" + "".join(lines))
    return path


@pytest.mark.parametrize("missing", ["zero", "skip-row"])
def test_counts_of_dirt_survive(tmp_path, missing, figures):
    def open_dirty():
        return open_stream(dirty(tmp_path), "y", missing=missing, on_bad="skip", chunk_rows=150)

    expected = progressive_validation(open_dirty(), AutoSoftmaxRegression(), on_bad="skip")
    path = tmp_path / "run"
    options = {"every": 100, "on_bad": "skip"}
    stopped(open_dirty(), AutoSoftmaxRegression(), path, 100, **options)
    for at in (201, 550, 1003):
        stopped(open_dirty(), AutoSoftmaxRegression(), path, at, resume=True, **options)
    found = progressive_validation(open_dirty(), AutoSoftmaxRegression(), checkpoint=path, resume=True, **options)
    assert figures(found) == figures(expected)
    assert found.n_bad == 7
    assert found.n_zeroed + found.n_skipped > 70


def sources(table):
    frame = pd.read_csv(table)
    X, y = frame[["a", "c"]].to_numpy(), frame["y"].to_numpy()
    return {
        "frame": lambda: (frame, "y"),
        "array": lambda: (X, y),
        "sparse": lambda: (sparse.csr_matrix(np.where(X > 0.5, X, 0)), y),
        "pairs": lambda: (list(zip(frame[["a", "c"]].to_dict("records"), y, strict=True)), None),
        "generator": lambda: ((pair for pair in zip(frame[["a", "c"]].to_dict("records"), y, strict=True)), None),
        "river": lambda: (river_datasets.ImageSegments(), None),
        "directory": lambda: (table.parent / "many", "y"),
    }


@pytest.mark.parametrize("kind", ["frame", "array", "sparse", "pairs", "generator", "river", "directory"])
def test_every_source_resumes(table, tmp_path, kind, figures):
    (tmp_path / "many").mkdir()
    for i in range(3):
        shutil.copy(table, tmp_path / "many" / f"{i}.csv")
    make_source = sources(table)[kind]
    source, target = make_source()
    whole, model, path = SoftmaxRegression(), SoftmaxRegression(), tmp_path / "run"
    expected = progressive_validation(source, whole, target=target)
    source, target = make_source()
    stopped(source, SoftmaxRegression(), path, 1000, target=target, every=150)
    source, target = make_source()
    found = progressive_validation(source, model, target=target, checkpoint=path, every=150, resume=True)
    assert figures(found) == figures(expected)
    assert to_bytes(model) == to_bytes(whole)


def test_another_run_is_refused(table, tmp_path):
    path = tmp_path / "run"
    stopped(table, SoftmaxRegression(), path, 1000, target="y", every=500)
    before = path.read_bytes()

    def refuses(message, source=table, model=None, target="y", **options):
        with pytest.raises(CheckpointError, match=message):
            progressive_validation(
                source, model or SoftmaxRegression(), target=target, checkpoint=path, resume=True, **options
            )
        assert path.read_bytes() == before

    refuses("the window was 1000 and is 50", window=50)
    refuses("the source's target was \"'y'\" and is \"'b'\"", target="b")
    refuses("the model's class was SoftmaxRegression and is Auto", model=AutoSoftmaxRegression())
    refuses("the model's parameters", model=SoftmaxRegression(l2=0.1))
    refuses("the model's scaler", model=preprocessing.StandardScaler() | SoftmaxRegression())
    refuses("the source's missing", source=open_stream(table, "y", missing="zero"), target=None)
    text = table.read_text()
    other = tmp_path / "other.csv"
    other.write_text(text + "1,x,1,u\n")
    refuses("the source's size was", source=other)
    other.write_text(text.replace("1", "2", 1))
    refuses("the source's head changed", source=other)
    refuses("the source's kind was 'CsvStream' and is 'FrameStream'", source=pd.read_csv(table))
    refuses("the source's skip was 0 and is 300", source=open_stream(table, "y", skip=300), target=None)
    refuses("the source's columns changed", source=open_stream(table, "y", weight="c"), target=None)
    refuses("the source's kind was 'CsvStream' and is 'pairs'", source=[({"a": 1.0}, "u")], target=None)


def test_damaged_checkpoints_are_refused(table, tmp_path):
    path = tmp_path / "run"
    stopped(table, AutoSoftmaxRegression(), path, 1000, target="y", every=500)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    spoilt = [whole[:-1], whole + b"\0", b"", b"PK", to_bytes(SoftmaxRegression()), whole[: len(whole) // 2]]
    for at in rng.integers(len(whole), size=200):
        spoilt.append(whole[:at] + bytes([whole[at] ^ 1 << int(rng.integers(8))]) + whole[at + 1 :])
    for data in spoilt:
        path.write_bytes(data)
        model = AutoSoftmaxRegression()
        with pytest.raises(CheckpointError, match=r"^cannot resume .*run: "):
            progressive_validation(table, model, target="y", checkpoint=path, resume=True)
        assert to_bytes(model) == to_bytes(AutoSoftmaxRegression())


def test_a_checkpoint_is_not_overwritten_unasked(table, tmp_path):
    path = tmp_path / "run"
    progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path)
    with pytest.raises(FileExistsError, match="exists: resume it, or remove it"):
        progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path)


def test_resume_without_a_checkpoint_begins(table, tmp_path, figures):
    path = tmp_path / "run"
    found = progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path, resume=True)
    assert figures(found) == figures(progressive_validation(table, SoftmaxRegression(), target="y"))
    assert path.exists()


def test_a_bad_row_leaves_a_checkpoint_of_all_rows_before_it(tmp_path):
    table = tmp_path / "bad.csv"
    table.write_text("a,y\n" + "1,u\n2,v\n" * 100 + "3\n")
    path, model = tmp_path / "run", SoftmaxRegression()
    with pytest.raises(RowError, match="200 rows were scored before it"):
        progressive_validation(table, model, target="y", checkpoint=path)
    again = SoftmaxRegression()
    with pytest.raises(RowError, match="200 rows were scored before it"):
        progressive_validation(table, again, target="y", checkpoint=path, resume=True)
    assert to_bytes(again) == to_bytes(model)


def test_a_limit_moves_on(table, tmp_path, figures):
    path, options = tmp_path / "run", {"target": "y"}
    progressive_validation(table, SoftmaxRegression(), checkpoint=path, limit=1234, **options)
    found = progressive_validation(table, SoftmaxRegression(), checkpoint=path, limit=2345, resume=True, **options)
    expected = progressive_validation(table, SoftmaxRegression(), limit=2345, **options)
    assert figures(found) == figures(expected)
    with pytest.raises(ValueError, match="is at 2,345 rows, and the limit is 100"):
        progressive_validation(table, SoftmaxRegression(), checkpoint=path, limit=100, resume=True, **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"resume": True}, ValueError, "resume goes with a checkpoint"),
        ({"checkpoint": "run", "every": 0}, ValueError, "every is a number of rows"),
        ({"checkpoint": "run", "yield_predictions": True}, ValueError, "a checkpoint does not hold them"),
        ({"checkpoint": "no/such/place"}, OSError, "there is no such directory: 'no/such'"),
    ],
)
def test_mistakes(options, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        progressive_validation("phishing", SoftmaxRegression(), **options)
    assert not list(tmp_path.iterdir())


def test_models_that_no_file_holds_are_refused_before_the_run(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot write .*run: a model file holds one of"):
        progressive_validation("phishing", naive_bayes.GaussianNB(), checkpoint=tmp_path / "run")


def test_a_failed_write_leaves_the_last_checkpoint(table, tmp_path, monkeypatch):
    path = tmp_path / "run"
    stopped(table, SoftmaxRegression(), path, 1000, target="y", every=500)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*run'"):
        progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path, every=500, resume=True)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if "tmp" in each.name] == []


@pytest.mark.slow
def test_killed_runs_go_on():
    command = [sys.executable, "-m", "proofs.kill_runs", "--kills", "8"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["killed"] >= 8


def test_sources_without_a_name_are_told_apart_by_their_reading(table, tmp_path, monkeypatch):
    path = tmp_path / "run"
    with open(table) as file:
        monkeypatch.setattr("sys.stdin", file)
        stopped("-", SoftmaxRegression(), path, 1000, target="y", every=500)
    with open(table) as file:
        monkeypatch.setattr("sys.stdin", file)
        with pytest.raises(CheckpointError, match="the source's target was"):
            progressive_validation("-", SoftmaxRegression(), target="b", checkpoint=path, resume=True)
    with open(table) as file:
        monkeypatch.setattr("sys.stdin", file)
        model, whole = SoftmaxRegression(), SoftmaxRegression()
        progressive_validation("-", model, target="y", checkpoint=path, every=500, resume=True)
    progressive_validation(table, whole, target="y")
    assert to_bytes(model) == to_bytes(whole)


def test_weights_of_an_array_are_part_of_it(tmp_path):
    X, y = np.arange(4000.0).reshape(-1, 2) % 7, np.arange(2000) % 3
    path = tmp_path / "run"
    options = {"checkpoint": path, "every": 500}
    progressive_validation(open_stream(X, y, weight=np.ones(2000)), SoftmaxRegression(), limit=1000, **options)
    other = open_stream(X, y, weight=np.zeros(2000))
    with pytest.raises(CheckpointError, match="the source's head changed"):
        progressive_validation(other, SoftmaxRegression(), resume=True, **options)


def test_a_source_that_ends_before_the_checkpoint_is_refused(tmp_path):
    rows = [({"a": i % 5 / 2}, "uv"[i % 2]) for i in range(2000)]
    path = tmp_path / "run"
    stopped((row for row in rows), SoftmaxRegression(), path, 1000, every=500)
    for short in (rows[:300], []):
        with pytest.raises(CheckpointError, match=r"the source ends [0-9]+ rows before the place of the checkpoint"):
            progressive_validation((row for row in short), SoftmaxRegression(), checkpoint=path, resume=True)


def test_a_run_may_begin_to_skip(tmp_path, figures):
    table = tmp_path / "bad.csv"
    table.write_text("a,y\n" + "1,u\n2,v\n" * 100 + "3\n" + "1,u\n2,v\n" * 100)
    path, model, whole = tmp_path / "run", SoftmaxRegression(), SoftmaxRegression()
    with pytest.raises(RowError, match="200 rows were scored before it"):
        progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path)
    found = progressive_validation(table, model, target="y", checkpoint=path, resume=True, on_bad="skip")
    assert figures(found) == figures(progressive_validation(table, whole, target="y", on_bad="skip"))
    assert to_bytes(model) == to_bytes(whole)
    with pytest.raises(CheckpointError, match="it has passed over bad rows, and they are to raise now"):
        progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path, resume=True)


@pytest.mark.parametrize("missing", ["zero", "skip-row"])
def test_a_finished_run_with_a_limit_keeps_its_counts(tmp_path, missing, figures):
    def run(**options):
        stream = open_stream(dirty(tmp_path), "y", missing=missing, on_bad="skip", chunk_rows=100)
        return progressive_validation(stream, SoftmaxRegression(), on_bad="skip", limit=2500, **options)

    expected = figures(run())
    for _ in range(3):
        assert figures(run(checkpoint=tmp_path / "run", every=500, resume=True)) == expected


def test_scaler_does_not_depend_on_where_checkpoints_fall(tmp_path):
    rng = np.random.default_rng(0)
    rows = [" ".join(f"{name}:{rng.normal()}" for name in rng.permutation(20)[:4] + 1) for _ in range(60)]
    path = tmp_path / "rows.svm"
    path.write_text("".join(f"{i % 2} {row}\n" for i, row in enumerate(rows)))

    def run(**options):
        model = preprocessing.StandardScaler() | SoftmaxRegression()
        progressive_validation(open_stream(path, skip=3), model, **options)
        return to_bytes(model)

    assert run() == run(checkpoint=tmp_path / "run", every=1)


FORGERIES = {
    "n_samples is text": lambda about, arrays: about["scores"].update(n_samples="x"),
    "n_samples is huge": lambda about, arrays: about["scores"].update(n_samples=10**30),
    "n_samples is negative": lambda about, arrays: about["scores"].update(n_samples=-5),
    "n_taken is negative": lambda about, arrays: about["run"].update(n_taken=-5),
    "n_taken is huge": lambda about, arrays: about["run"].update(n_taken=10**9),
    "n_bad is text": lambda about, arrays: about["run"].update(n_bad="5"),
    "loss is nothing": lambda about, arrays: about["scores"].update(loss=None),
    "loss is negative": lambda about, arrays: about["scores"].update(loss=-1e300),
    "too many hits": lambda about, arrays: about["scores"].update(hits=10**9),
    "seconds is text": lambda about, arrays: about["run"].update(seconds="5"),
    "bad rows are junk": lambda about, arrays: about["run"].update(bad=[[None, None]]),
    "no counts": lambda about, arrays: arrays.pop("counts"),
    "no hits": lambda about, arrays: arrays.update(last_hits=np.empty(0, np.uint8)),
    "few losses": lambda about, arrays: arrays.update(last_losses=np.zeros(3)),
    "counts of other classes": lambda about, arrays: arrays.update(counts=np.array([[99, 99, 1000]], np.int64)),
    "counts of negative classes": lambda about, arrays: arrays.update(counts=np.array([[-7, -9, 1000]], np.int64)),
    "counts of other rows": lambda about, arrays: arrays.update(counts=np.array([[0, 0, 3]], np.int64)),
    "fewer labels": lambda about, arrays: arrays.update(labels=np.frombuffer(b'["zz"]', np.uint8)),
    "more marks": lambda about, arrays: arrays.update(marks=np.zeros((9, 5))),
    "a spoilt model": lambda about, arrays: arrays.update(model=arrays["model"][:-1]),
    "a window of 0": lambda about, arrays: about.update(window=0),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_checkpoints_are_refused_and_the_model_is_as_it_was(forgery, table, tmp_path):
    path = tmp_path / "run"
    progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path, limit=1000)
    about, arrays = container.from_bytes(path.read_bytes(), checkpoints.KINDS, checkpoints.KEY)
    del about["checksum"]
    FORGERIES[forgery](about, arrays)
    path.write_bytes(container.to_bytes(about, arrays, checkpoints.KEY))
    model = SoftmaxRegression()
    with pytest.raises(CheckpointError, match=r"^cannot resume "):
        progressive_validation(table, model, target="y", checkpoint=path, resume=True)
    assert to_bytes(model) == to_bytes(SoftmaxRegression())


def test_a_checkpoint_is_no_model(table, tmp_path):
    path = tmp_path / "run"
    progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path)
    with pytest.raises(ModelFileError, match="it is another file of online-softmax, no model"):
        load(path)


def test_an_error_of_a_row_survives_pickling(tmp_path):
    with pytest.raises(RowError) as caught:
        progressive_validation([({"a": 1.0}, "u"), ({"a": None}, "u")], SoftmaxRegression())
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.result.n_samples) == (str(caught.value), 1)
