"""The command line predicts the rows of every format: a line a row, as the model answers it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation, save

COMMAND = [sys.executable, "-m", "online_softmax"]


def rows_in_every_format(tmp_path):
    """Write the same rows, labelled or not, in each format; give the files, and the arguments that each needs."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["1", "2", "3"])
    frame["y"] = (frame["1"] > 0).astype(int)
    files = {kind: tmp_path / f"rows.{kind}" for kind in ("csv", "tsv", "jsonl", "parquet", "svm", "vw", "arff")}
    frame.to_csv(files["csv"], index=False)
    frame.to_csv(files["tsv"], index=False, sep="\t")
    files["jsonl"].write_text("".join(f"{json.dumps(row)}\n" for row in frame.to_dict("records")))
    pa.parquet.write_table(pa.Table.from_pandas(frame), files["parquet"])
    values = [
        " ".join(f"{name}:{value!r}" for name, value in zip("123", row, strict=True))
        for row in frame.to_numpy()[:, :3].tolist()
    ]
    files["svm"].write_text("".join(f"{y} {x}\n" for y, x in zip(frame["y"], values, strict=True)))
    files["vw"].write_text("".join(f"| {x}\n" for x in values))
    header = "".join(f"@attribute {name} real\n" for name in "123") + "@attribute y {0,1}\n"
    files["arff"].write_text("@relation r\n" + header + "@data\n" + files["csv"].read_text().partition("\n")[2])
    return frame, files


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "svm", "vw", "arff"])
@pytest.mark.parametrize("scale", [False, True])
def test_predict_reads_what_evaluate_reads(kind, scale, tmp_path, said):
    frame, files = rows_in_every_format(tmp_path)
    X = frame[["1", "2", "3"]].rename(columns=int) if kind == "svm" else frame[["1", "2", "3"]]
    model = preprocessing.StandardScaler() | SoftmaxRegression() if scale else AutoSoftmaxRegression()
    progressive_validation(list(zip(X.to_dict("records"), frame["y"].tolist(), strict=True)), model)
    save(model, tmp_path / "model")
    out = said("predict", files[kind], "--from", tmp_path / "model", "--proba")
    header, *lines = csv.reader(io.StringIO(out))
    expected = [model.predict_proba_one(x) for x in X.to_dict("records")]
    assert header == [str(label) for label in expected[0]]
    np.testing.assert_array_equal(np.array(lines, float), [list(p.values()) for p in expected])

    out = said("predict", files[kind], "--from", tmp_path / "model", "--skip", 7, "--limit", 9)
    labels = [str(max(p, key=p.get)) for p in expected[7:16]]
    assert out.split() == ["prediction", *labels]


def test_predictions_stay_beside_their_rows(fruit, tmp_path, said):
    said("train", fruit, "--target", "kind", "--save", tmp_path / "model")
    rows = tmp_path / "rows.csv"
    rows.write_text("size,colour\n,red\n1,green\nnan,red\n1,2,3\n6,red\n,\n")
    args = ["predict", rows, "--from", tmp_path / "model", "--on-bad", "skip", "--missing", "skip-row"]
    lines = said(*args).splitlines()
    assert [bool(line.strip('"')) for line in lines] == [True, False, True, False, False, True, False]
    proba = list(csv.reader(io.StringIO(said(*args, "--proba"))))
    assert {len(line) for line in proba} == {3}


def test_label_column_is_no_feature_where_it_is_named(tmp_path, said):
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0, "y": 1.0}, "u")
    model.learn_one({"a": -1.0, "y": 5.0}, "v")
    model.save(tmp_path / "model")
    (tmp_path / "rows.csv").write_text("a,y\n1,9\n")
    with_y = said("predict", tmp_path / "rows.csv", "--from", tmp_path / "model", "--proba")
    without = said("predict", tmp_path / "rows.csv", "--from", tmp_path / "model", "--proba", "--target", "y")
    p = list(model.predict_proba_one({"a": 1.0}).values())
    assert [float(field) for field in without.splitlines()[1].split(",")] == p
    assert with_y != without


def feed(pipe):
    """Write rows until nobody reads them."""
    for _ in range(200):
        pipe.write(b"2,green\n" * 20_000)
        pipe.flush()


def test_predict_prints_before_the_end_and_stops_with_its_reader(fruit, tmp_path, said):
    said("train", fruit, "--target", "kind", "--save", tmp_path / "model")
    args = [*COMMAND, "predict", "-", "--from", str(tmp_path / "model")]
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"size,colour\n1,red\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"prediction\n"
        assert process.stdout.readline() in (b"a\n", b"b\n", b"c\n")
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            feed(process.stdin)
        process.stdin.close()
        assert process.wait(30) == 1
        assert process.stderr.read() == b""


@pytest.mark.slow
def test_closed_standard_files_are_one_line(tmp_path):
    SoftmaxRegression().save(tmp_path / "model")
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, "u")
    model.save(tmp_path / "model")
    command = f"{sys.executable} -m online_softmax predict - --from {tmp_path / 'model'}"
    for closed, name in (("<&-", "input"), (">&-", "output")):
        done = subprocess.run(["sh", "-c", f"{command} {closed}"], input="a\n1\n", capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (2, f"online-softmax: standard {name} is closed\n")
