"""Checkpoints of another run, damaged or forged, are refused, and the model stays as it was."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from river import naive_bayes, preprocessing

from online_softmax import (
    AutoSoftmaxRegression,
    ModelFileError,
    SoftmaxRegression,
    load,
    progressive_validation,
)
from online_softmax.evaluation import checkpoints, curves, sums
from online_softmax.evaluation.checkpoints import CheckpointError
from online_softmax.models.saving import to_bytes
from online_softmax.storage import container
from online_softmax.streams import open_stream


def test_another_run_is_refused(table, tmp_path, stopped):
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


def test_damaged_checkpoints_are_refused(table, tmp_path, stopped):
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


def test_a_failed_write_leaves_the_last_checkpoint(table, tmp_path, monkeypatch, stopped):
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


class Some:
    """Columns that can only be asked whether a name is among them."""

    def __contains__(self, name):
        return name == "a"


def _kind(columns):
    return type(columns).__name__


@pytest.mark.parametrize("number_columns", [["a"], ("a",), {"a"}, frozenset("a"), {"a": 1}.keys(), Some()], ids=_kind)
@pytest.mark.parametrize("kind", ["file", "folder", "frame"])
def test_number_columns_are_part_of_a_run(kind, number_columns, table, tmp_path, stopped):
    source = {"file": table, "folder": tmp_path / "many", "frame": pd.read_csv(table)}[kind]
    (tmp_path / "many").mkdir()
    shutil.copy(table, tmp_path / "many")
    path = tmp_path / "run"

    def opened(columns):
        return open_stream(source, "y", number_columns=columns)

    stopped(opened(()), SoftmaxRegression(), path, 1000, every=500)
    with pytest.raises(CheckpointError, match="the source's number_columns was"):
        progressive_validation(opened(number_columns), SoftmaxRegression(), checkpoint=path, resume=True)
    path.unlink()
    stopped(opened(number_columns), SoftmaxRegression(), path, 1000, every=500)
    with pytest.raises(CheckpointError, match="the source's number_columns was"):
        progressive_validation(opened({"c"}), SoftmaxRegression(), checkpoint=path, resume=True)
    found = progressive_validation(opened(["a"]), SoftmaxRegression(), checkpoint=path, every=500, resume=True)
    assert found.n_samples == 3000


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_how_text_is_laid_out_is_part_of_a_run(kind, tmp_path, stopped):
    (tmp_path / "many").mkdir()
    text = "a,y\n" + "1,u\n2,v\n" * 1500
    (tmp_path / "many" / "one.csv").write_text(text)
    source = tmp_path / "many" / "one.csv" if kind == "file" else tmp_path / "many"
    path = tmp_path / "run"
    stopped(open_stream(source, "y"), SoftmaxRegression(), path, 1000, every=500)
    for options in ({"names": ["b", "y"]}, {"names": ["b", "y"], "delimiter": ","}):
        stream = open_stream(source, "y", on_bad="skip", **options)
        with pytest.raises(CheckpointError, match="the source's columns changed"):
            progressive_validation(stream, SoftmaxRegression(), checkpoint=path, resume=True)


@pytest.mark.parametrize("kind", ["file", "folder", "frame"])
def test_what_is_so_by_default_is_no_part_of_a_run(kind, table, tmp_path):
    source = {"file": table, "folder": tmp_path, "frame": pd.read_csv(table)}[kind]
    known = {"kind", "size", "head", "skip", "target", "columns", "weight", "missing"}
    assert open_stream(source, "y").fingerprint().keys() == known
    assert open_stream(source, "y", number_columns=set(), text_columns=set()).fingerprint().keys() == known


def test_sources_without_a_name_are_told_apart_by_their_reading(table, tmp_path, monkeypatch, stopped):
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


def test_a_source_that_ends_before_the_checkpoint_is_refused(tmp_path, stopped):
    rows = [({"a": i % 5 / 2}, "uv"[i % 2]) for i in range(2000)]
    path = tmp_path / "run"
    stopped((row for row in rows), SoftmaxRegression(), path, 1000, every=500)
    for short in (rows[:300], []):
        model = SoftmaxRegression()
        with pytest.raises(CheckpointError, match=r"^cannot resume .*: the source ends [0-9]+ rows before the place$"):
            progressive_validation((row for row in short), model, checkpoint=path, resume=True)
        assert to_bytes(model) == to_bytes(SoftmaxRegression())


FORGERIES = {
    "n_samples is text": lambda about, arrays: about["scores"].update(n_samples="x"),
    "n_samples is huge": lambda about, arrays: about["scores"].update(n_samples=10**30),
    "n_samples is negative": lambda about, arrays: about["scores"].update(n_samples=-5),
    "n_taken is negative": lambda about, arrays: about["run"].update(n_taken=-5),
    "n_taken is huge": lambda about, arrays: about["run"].update(n_taken=10**9),
    "a place of other rows": lambda about, arrays: about["place"].update(rows=999),
    "a place between rows": lambda about, arrays: about["place"].update(at={"byte": 11, "line": 2}),
    "a place after the end": lambda about, arrays: about["place"].update(at={"byte": 10**9, "line": 2}),
    "a place of nothing": lambda about, arrays: about["place"].update(at={"row": 3}),
    "a place of text": lambda about, arrays: about["place"].update(at={"byte": "3", "line": 2}),
    "a place in a list": lambda about, arrays: about["place"].update(at=[3]),
    "a place far on": lambda about, arrays: about["place"].update(over=10**9),
    "a place of labels that are none": lambda about, arrays: about["place"]["at"].update(spelled=7),
    "no columns": lambda about, arrays: about.update(columns=None),
    "gaps of other columns": lambda about, arrays: about["columns"].update(gaps=[[99, 1]]),
    "gaps that are none": lambda about, arrays: about["columns"].update(gaps=[[0, -1]]),
    "strings of other columns": lambda about, arrays: about["columns"].update(values=[]),
    "more strings than are kept": lambda about, arrays: about["columns"].update(values=[[str(i) for i in range(2000)]]),
    "n_skipped is negative": lambda about, arrays: about["run"].update(n_skipped=-1),
    "n_zeroed is text": lambda about, arrays: about["run"].update(n_zeroed="1"),
    "n_bad is text": lambda about, arrays: about["run"].update(n_bad="5"),
    "loss is nothing": lambda about, arrays: about["scores"].update(loss=None),
    "loss is negative": lambda about, arrays: about["scores"].update(loss=-1e300),
    "too many hits": lambda about, arrays: about["scores"].update(hits=10**9),
    "sums that are nothing": lambda about, arrays: arrays.update(total=np.full_like(arrays["total"], np.nan)),
    "a negative loss": lambda about, arrays: arrays.update(fading=-arrays["fading"]),
    "more hits than rows": lambda about, arrays: arrays["total"].__setitem__(1, 1e9),
    "sums of other rows": lambda about, arrays: arrays.update(total=2 * arrays["total"]),
    "sums of other classes": lambda about, arrays: about["scores"].update(n_classes=7),
    "fewer windows": lambda about, arrays: about["scores"].update(n_blocks=3),
    "a curve of nothing": lambda about, arrays: about["scores"].update(stride=0),
    "more points than there can be": lambda about, arrays: about["scores"].update(n_blocks=10**9),
    "a leader of no class": lambda about, arrays: about["scores"].update(leader=99),
    "a ranking of other bins": lambda about, arrays: arrays.update(ranking=np.zeros((2, 5), np.int64)),
    "experts of a model without any": lambda about, arrays: about.update(experts={"every": 100, "names": []}),
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


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Give the parts of a checkpoint in the middle of a run, of a block and of a window, its path and its rows."""
    rng = np.random.default_rng(0)
    rows = [({"a": float(a)}, "uvw"[int(a > 0) + int(rng.random() < 0.3)]) for a in rng.normal(size=700)]
    path = tmp_path_factory.mktemp("kept") / "run"
    progressive_validation(rows, AutoSoftmaxRegression(), checkpoint=path, limit=533, window=50)
    return rows, path


def parts(path):
    about, arrays = container.from_bytes(path.read_bytes(), checkpoints.KINDS, checkpoints.KEY)
    del about["checksum"]
    return about, {name: array.copy() for name, array in arrays.items()}


def goes_on(kept, about, arrays, tmp_path):
    rows, _ = kept
    path, model = tmp_path / "run", AutoSoftmaxRegression()
    path.write_bytes(container.to_bytes(about, arrays, checkpoints.KEY))
    try:
        return progressive_validation(rows, model, checkpoint=path, resume=True, window=50)
    except CheckpointError:
        assert to_bytes(model) == to_bytes(AutoSoftmaxRegression())
        raise


ARRAYS = ["counts", "last_hits", "last_losses", "support", "ranking", "experts", "marks", "open", *curves.ARRAYS]
WITH_NAN = ("last_losses", "marks", "points")


def spoilt(name, array):
    """Give an array in every shape, type and range that it cannot have."""
    flat = array.reshape(-1)
    yield "too short", array[:-1]
    yield (
        "too long",
        np.concatenate([array, array[-1:] if len(array) else np.zeros((1, *array.shape[1:]), array.dtype)]),
    )
    yield "flat", flat if array.ndim > 1 else flat[np.newaxis]
    yield "of no dimension", np.zeros((), array.dtype)
    yield "of nothing", np.zeros((0,) * array.ndim, array.dtype)
    yield "of no width", np.zeros((*array.shape[:-1], 0), array.dtype)
    yield "of another type", array.astype(np.float32 if array.dtype.kind == "f" else np.float64)
    yield "of bytes", array.astype(np.uint8) if array.dtype != np.uint8 else array.astype(np.int64)
    for value in (np.nan, np.inf, -np.inf, -1.0, 1e300) if array.dtype.kind == "f" else (-2, 1 << 62):
        if (np.isnan(value) and name in WITH_NAN) or (name == "points" and np.isfinite(value)):
            continue
        if value == 1e300 and name in ("marks", "last_losses"):
            continue
        other = array.copy()
        other.reshape(-1)[:1] = value if array.dtype != np.uint8 else 7
        yield f"with {value}", other


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_damaged_in_every_way_are_refused(name, kept, tmp_path):
    for how, value in spoilt(name, parts(kept[1])[1][name]):
        about, arrays = parts(kept[1])
        if value.shape == arrays[name].shape and value.tobytes() == arrays[name].tobytes():
            continue
        arrays[name] = value
        with pytest.raises(CheckpointError, match=r"^cannot resume "):
            pytest.fail(f"{name} {how}: {goes_on(kept, about, arrays, tmp_path)}")
    about, arrays = parts(kept[1])
    del arrays[name]
    with pytest.raises(CheckpointError, match="its arrays are incomplete"):
        goes_on(kept, about, arrays, tmp_path)


NUMBERS = ["n_samples", "n_unseen", "hits", "n_losses", "last", "leader", *curves.NUMBERS]


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_damaged_in_every_way_are_refused(name, kept, tmp_path):
    about, _ = parts(kept[1])
    there = about["scores"][name]
    values = [None, "5", [], {}, 1.5, -7, 10**9, 10**30, float(there), not there, there + 1000]
    for value in values:
        about, arrays = parts(kept[1])
        about["scores"][name] = value
        with pytest.raises(CheckpointError, match=r"^cannot resume "):
            pytest.fail(f"{name} as {value!r}: {goes_on(kept, about, arrays, tmp_path)}")
    about, arrays = parts(kept[1])
    del about["scores"][name]
    with pytest.raises(CheckpointError, match=r"^cannot resume "):
        goes_on(kept, about, arrays, tmp_path)


@pytest.mark.parametrize(
    "experts",
    [
        None,
        {},
        {"every": 0, "names": None},
        {"every": 100, "names": ["one"]},
        {"every": "100"},
        {"every": 7},
        {"every": 200},
        {"every": 100, "names": 3},
    ],
)
def test_experts_damaged_in_every_way_are_refused(experts, kept, tmp_path):
    about, arrays = parts(kept[1])
    about["experts"] = experts if experts is None else {**(about["experts"] if "every" in experts else {}), **experts}
    for less in (arrays, {name: array for name, array in arrays.items() if name != "experts"}):
        with pytest.raises(CheckpointError, match=r"^cannot resume "):
            goes_on(kept, about, less, tmp_path)


@pytest.mark.parametrize("value", [-1.0, 2.0, np.nan, np.inf, 99.0, 50.5])
@pytest.mark.parametrize("cell", [(0, 0), (3, 0), (0, 1), (4, 3)])
def test_experts_of_other_rows_or_weights_are_refused(cell, value, kept, tmp_path):
    about, arrays = parts(kept[1])
    arrays["experts"][cell] = value
    with pytest.raises(CheckpointError, match=r"^cannot resume "):
        goes_on(kept, about, arrays, tmp_path)


@pytest.mark.parametrize("name", ["open", "total", "in_window", "windows", "since", "traced"])
def test_counts_that_do_not_add_up_are_refused(name, kept, tmp_path):
    for cell in ("N", "HITS", "N_LOSSES"):
        about, arrays = parts(kept[1])
        arrays[name][..., getattr(sums, cell)] += 1
        if name == "open" and cell != "N":
            continue  # nothing else knows of these
        with pytest.raises(CheckpointError, match=r"^cannot resume "):
            pytest.fail(f"{name}, {cell}: {goes_on(kept, about, arrays, tmp_path)}")


def test_what_is_not_damaged_goes_on(kept, tmp_path, figures):
    rows, path = kept
    found = goes_on(kept, *parts(path), tmp_path)
    assert figures(found) == figures(progressive_validation(rows, AutoSoftmaxRegression(), window=50))


def test_experts_of_a_model_without_any_are_refused(tmp_path):
    rows = [({"a": float(i % 5)}, "uv"[i % 2]) for i in range(300)]
    path, model = tmp_path / "run", SoftmaxRegression()
    progressive_validation(rows, SoftmaxRegression(), checkpoint=path, limit=200)
    about, arrays = parts(path)
    about["experts"], arrays["experts"] = {"every": 100, "names": ["one"]}, np.array([[100.0, 1.0], [200.0, 1.0]])
    path.write_bytes(container.to_bytes(about, arrays, checkpoints.KEY))
    with pytest.raises(CheckpointError, match="its experts are not those of the model"):
        progressive_validation(rows, model, checkpoint=path, resume=True)
    assert to_bytes(model) == to_bytes(SoftmaxRegression())


def test_a_checkpoint_is_no_model(table, tmp_path):
    path = tmp_path / "run"
    progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path)
    with pytest.raises(ModelFileError, match="it is another file of online-softmax, no model"):
        load(path)


def test_a_checkpoint_of_an_older_format_is_refused_by_name(table, tmp_path):
    path = tmp_path / "run"
    progressive_validation(table, SoftmaxRegression(), target="y", checkpoint=path, limit=1000)
    about, arrays = parts(path)
    path.write_bytes(container.to_bytes({**about, "format": 2}, arrays, checkpoints.KEY))
    model = SoftmaxRegression()
    with pytest.raises(CheckpointError, match=r"it is of format 2, by version .*: this one reads from 3 on"):
        progressive_validation(table, model, target="y", checkpoint=path, resume=True)
    assert to_bytes(model) == to_bytes(SoftmaxRegression())
