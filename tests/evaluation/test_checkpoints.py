"""Checkpoints: a resumed run is the uninterrupted one, bit for bit."""

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
from river import optim, preprocessing
from scipy import sparse

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, cli, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.evaluation.checkpoints import CheckpointError
from online_softmax.models.saving import to_bytes
from online_softmax.models.scaled import NumberScaler
from online_softmax.streams import TextStream, open_stream

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


@pytest.mark.slow
@pytest.mark.parametrize("every", [100, 700])
def test_resumed_is_uninterrupted(make, table, tmp_path, every, figures, stopped):
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
    assert found.memory == expected.memory
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
def test_counts_of_dirt_survive(tmp_path, missing, figures, stopped):
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
def test_every_source_resumes(table, tmp_path, kind, figures, stopped):
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


@pytest.mark.slow
def test_killed_runs_go_on():
    command = [sys.executable, "-m", "proofs.kill_runs", "--kills", "8"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["killed"] >= 8


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


def test_an_error_of_a_row_survives_pickling(tmp_path):
    with pytest.raises(RowError) as caught:
        progressive_validation([({"a": 1.0}, "u"), ({"a": None}, "u")], SoftmaxRegression())
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.result.n_samples) == (str(caught.value), 1)


def test_a_run_goes_on_with_the_model_that_began_it(tmp_path, figures):
    """What the model has learned by then says nothing new of its source."""
    path = tmp_path / "rows.csv"
    path.write_text("a,b,y\n" + "1,x,1\n2,z,2\n" * 50)
    model, keep = SoftmaxRegression(), {"checkpoint": tmp_path / "run", "resume": True, "target": "y"}
    progressive_validation(path, model, limit=30, **keep)
    whole = progressive_validation(path, SoftmaxRegression(), target="y")
    assert figures(progressive_validation(path, model, **keep)) == figures(whole)


@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize("make", [SoftmaxRegression, AutoSoftmaxRegression], ids=["SGD", "auto"])
def test_curves_go_on_in_the_middle_of_blocks_and_after_foldings(window, make, table, tmp_path, figures):
    """Windows and points are joined at 1,000 and 2,000 of them."""
    options = {"target": "y", "window": window, "checkpoint": tmp_path / "run", "resume": True}
    expected = progressive_validation(table, make(), target="y", window=window)
    for limit in (1, 2, 998, 999, 1000, 1001, 1999, 2001, 2500, None):
        found = progressive_validation(table, make(), limit=limit, **options)
    assert figures(found) == figures(expected)


@pytest.mark.parametrize("stops", [[999], [1000, 1001], [1002, 1500]])
def test_a_run_goes_on_past_1000_classes(stops, tmp_path, figures):
    rows = [({"a": float(i % 3)}, i % 1400) for i in range(2000)]
    options = {"window": 100, "checkpoint": tmp_path / "run", "resume": True}
    expected = progressive_validation(rows, SoftmaxRegression(), window=100)
    for limit in [*stops, None]:
        found = progressive_validation(rows, SoftmaxRegression(), limit=limit, **options)
    assert figures(found) == figures(expected)
    assert {*found.to_dict()["windows"]["kappa"]} == {None}


def write_rows(frame, path):
    """Write a frame in the format of the path's name."""
    suffix = path.suffixes[-2] if path.suffix == ".gz" else path.suffix
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path, row_group_size=700)
    elif suffix == ".feather":
        frame.to_feather(path, chunksize=333)
    elif suffix in (".jsonl", ".json"):
        frame.to_json(path, orient="records", lines=suffix == ".jsonl")
    elif suffix == ".arff":
        kinds = {"a": "real", "b": "string", "c": "real", "y": "{u,v,w}"}
        head = "".join(f"@attribute {name} {kind}\n" for name, kind in kinds.items())
        path.write_text(f"@relation r\n{head}@data\n" + frame.to_csv(index=False, header=False, na_rep="?"))
    else:
        sparse = [f"|n a:{row.a} c:{row.c} |{row.b}" if suffix == ".vw" else f"1:{row.a} 2:{row.c}"
                  for row in frame.itertuples()]  # fmt: skip
        labels = frame["y"].fillna("two words" if suffix == ".vw" else "?")
        labels = labels if suffix == ".vw" else labels.map({"u": 1, "v": 2, "w": 3, "?": "?"})
        path.write_text("".join(f"{label} {row}\n" for label, row in zip(labels, sparse, strict=True)))


FILES = ["x.csv", "x.csv.gz", "x.parquet", "x.feather", "x.jsonl", "x.json", "x.arff", "x.svm", "x.vw"]


@pytest.mark.parametrize("missing", ["zero", "skip-row"])
@pytest.mark.parametrize("name", FILES)
def test_every_format_resumes_at_every_place(name, missing, table, tmp_path, figures, stopped):
    """The first row, one before a checkpoint and one after it, rows that are bad or left out, the last row, the end."""
    frame, path = pd.read_csv(table), tmp_path / name
    frame["b"] = [f"{b} {i % 1100}" for i, b in enumerate(frame["b"])] if name.endswith(("csv", "parquet")) else "b"
    frame.loc[frame.index % 7 == 3, "c"] = np.nan
    frame.loc[[0, 400, 401, 2999], "y"] = None
    write_rows(frame, path)

    def run(**options):
        target = None if name.endswith(("svm", "vw")) else "y"
        model = SoftmaxRegression()
        stream = open_stream(path, target, missing=missing, on_bad="skip")
        return progressive_validation(stream, model, on_bad="skip", **options), to_bytes(model)

    whole, expected = run()
    n = whole.n_samples
    assert n > 2500
    assert whole.n_bad + whole.n_skipped >= 4
    for limit in (1, 399, 400, 401, 700, 1500, n - 1, n, None):
        found, model = run(limit=limit, checkpoint=tmp_path / "run", resume=True, every=700)
    assert figures(found) == figures(whole)
    assert model == expected
    assert figures(run(checkpoint=tmp_path / "run", resume=True)[0]) == figures(whole)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.svm", "x.arff", "many"])
def test_a_resumed_run_reads_nothing_that_is_behind_it(name, table, tmp_path, monkeypatch):
    """What comes after the first megabyte, by which a file is known, and before the place may have become anything."""
    monkeypatch.setitem(TextStream.__init__.__kwdefaults__, "block_bytes", 1 << 19)
    frame = pd.concat([pd.read_csv(table)] * 15, ignore_index=True)
    frame["b"] = "b" * 40
    paths = [tmp_path / name]
    if name == "many":
        paths[0].mkdir()
        paths = [paths[0] / "0.csv", paths[0] / "1.csv"]
        write_rows(frame[:20000], paths[0])
    write_rows(frame[20000 if name == "many" else 0 :], paths[-1])

    def run(**options):
        model = SoftmaxRegression()
        target = None if name == "x.svm" else "y"
        found = progressive_validation(tmp_path / name, model, target=target, **options)
        return found.n_samples, to_bytes(model)

    expected = run()
    run(limit=43000, checkpoint=tmp_path / "run")
    with paths[0].open("r+b") as file:
        file.seek(1_200_000)
        file.write(b"\0" * 300_000)
    assert run(checkpoint=tmp_path / "run", resume=True) == expected
    with pytest.raises(RowError):
        run()


@pytest.mark.parametrize("name", FILES)
def test_the_command_resumes_at_a_place(name, table, tmp_path, capsys, figures):
    write_rows(pd.read_csv(table).assign(b="b"), tmp_path / name)
    command = ["evaluate", str(tmp_path / name), "--model", "SGD(0.01)", "--json", "-"]
    command += [] if name.endswith(("svm", "vw")) else ["--target", "y", "--drop", "b"]
    keep = ["--checkpoint", str(tmp_path / "run"), "--resume", "--every", "300"]
    found = []
    for words in (["--limit", "1234", *keep], keep, []):
        assert cli.run(*command, *words) == 0
        found.append(figures(json.loads(capsys.readouterr().out)))
    assert found[1]["n_samples"] == 3000
    assert found[0]["log_loss"] != found[1]["log_loss"] == found[2]["log_loss"]
    assert found[1]["confusion"] == found[2]["confusion"]
