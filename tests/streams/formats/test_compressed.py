"""Files are what their first bytes say: compressed in some way, with a mark of their encoding, or plain."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import subprocess
import sys
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from online_softmax.streams import open_stream

N = 1000
VALUES = np.random.default_rng(7).normal(size=N).tolist()
HEADS = {
    "csv": "a,y\n",
    "tsv": "a\ty\n",
    "arff": "@relation r\n@attribute a real\n@attribute y {u,v}\n@data\n",
    "jsonl": "",
    "svm": "",
    "vw": "",
}
ROWS = {
    "csv": "{a!r},u\n",
    "tsv": "{a!r}\tu\n",
    "arff": "{a!r},u\n",
    "jsonl": '{{"a": {a!r}, "y": "u"}}\n',
    "svm": "1 1:{a!r}\n",
    "vw": "u | a:{a!r}\n",
}
TARGETS = {"svm": None, "vw": None}


def text(format):
    return (HEADS[format] + "".join(ROWS[format].format(a=a) for a in VALUES)).encode()


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


PACK = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
    ".zip": lambda data: zipped({"data/inside": data, "__MACOSX/data/._inside": b"x", "data/.DS_Store": b"x"}),
}


@pytest.mark.parametrize("suffix", ["", *PACK])
@pytest.mark.parametrize("format", HEADS)
def test_the_first_bytes_decide_whatever_the_name(format, suffix, tmp_path):
    target = TARGETS.get(format, "y")
    (tmp_path / f"t.{format}").write_bytes(text(format))
    expected = list(open_stream(tmp_path / f"t.{format}", target).pairs())
    assert len(expected) == N
    data = PACK[suffix](text(format)) if suffix else text(format)

    for claimed in ("", *PACK):
        path = tmp_path / f"t.{format}{claimed}"
        path.write_bytes(data)
        stream = open_stream(path, target)
        assert list(stream.pairs()) == expected
        assert stream.fraction == 1


@pytest.mark.parametrize("suffix", ["", *PACK])
@pytest.mark.parametrize("format", HEADS)
def test_a_byte_order_mark_is_no_part_of_the_text(format, suffix, tmp_path):
    target = TARGETS.get(format, "y")
    (tmp_path / "plain").write_bytes(text(format))
    data = b"\xef\xbb\xbf" + text(format)
    (tmp_path / "marked").write_bytes(PACK[suffix](data) if suffix else data)
    named = {"svm": "svmlight"}.get(format, format)

    plain, marked = (open_stream(tmp_path / name, target, format=named) for name in ("plain", "marked"))
    assert list(marked.pairs()) == list(plain.pairs())


@pytest.mark.parametrize("format", HEADS)
def test_a_mark_does_not_move_the_lines(format, tmp_path):
    path = tmp_path / f"t.{format}"
    bad = {"jsonl": b"[1]\n", "vw": b"u a\n"}.get(format, b"x\n")
    path.write_bytes(b"\xef\xbb\xbf" + text(format) + bad)

    with pytest.raises(ValueError, match=f"line {N + HEADS[format].count(chr(10)) + 1}[:,]"):
        list(open_stream(path, TARGETS.get(format, "y")))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("format", HEADS)
def test_other_encodings_are_refused_in_a_sentence(format, encoding, tmp_path):
    path = tmp_path / f"t.{format}"
    path.write_bytes((encoding.endswith("be") * "\ufeff" + text(format).decode()).encode(encoding))

    message = f"{path}, line 1: the text is {encoding[:6].upper()}; convert it to UTF-8 first"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        list(open_stream(path, TARGETS.get(format, "y")))


def test_the_file_in_an_archive_tells_the_format(tmp_path):
    for name in ("data.zip", "data.csv.zip", "data.csv"):
        (tmp_path / name).write_bytes(zipped({"in a folder/data.arff": text("arff")}, zipfile.ZIP_STORED))
        assert len(list(open_stream(tmp_path / name, "y").pairs())) == N
    (tmp_path / "data.vw.zip").write_bytes(zipped({"data": text("vw")}))
    assert len(list(open_stream(tmp_path / "data.vw.zip").pairs())) == N


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "0 files inside; one"), ({"a.csv": b"x", "b/c.csv": b"y"}, "2 files inside: 'a.csv', 'b/c.csv'; one")],
)
def test_an_archive_of_no_file_or_of_many_is_refused(files, said, tmp_path, capsys):
    from online_softmax import cli

    path = tmp_path / "t.zip"
    path.write_bytes(zipped(files))
    for options in ({}, {"format": "csv"}):
        with pytest.raises(ValueError, match=f"t.zip.*: the zip archive has {said} that has just one is read$"):
            open_stream(path, "y", **options)
    assert cli.run("evaluate", str(path), "--target", "y", "--model", "SGD") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize("suffix", PACK)
def test_damage_is_one_sentence(suffix, tmp_path):
    path = tmp_path / f"t.csv{suffix}"
    data = PACK[suffix](text("csv"))
    for broken in (data[: len(data) // 2], b"\x00" + data[1:]):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"^[^\n]*t\.csv.*: the data is cut off or damaged \([^\n]*\)$"):
            list(open_stream(path, "y"))


def test_an_empty_file_is_empty_whatever_its_name(tmp_path):
    for suffix in PACK:
        path = tmp_path / f"t.csv{suffix}"
        path.write_bytes(b"")
        with pytest.raises(ValueError, match="is empty"):
            open_stream(path, "y")


def test_binary_formats_are_not_compressed_as_a_whole(tmp_path):
    sink = io.BytesIO()
    pa.parquet.write_table(pa.table({"a": [1.0], "y": ["u"]}), sink)
    for name, data in (("t.parquet.gz", sink.getvalue()), ("t.parquet", gzip.compress(sink.getvalue()))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match="parquet files are read neither from a pipe nor compressed as a whole"):
            open_stream(tmp_path / name, "y")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["", *PACK])
def test_standard_input_is_known_by_its_first_bytes(suffix):
    data = b"\xef\xbb\xbf" + text("csv")
    command = [sys.executable, "-m", "online_softmax", "evaluate", "-", "--target", "y", "--model", "SGD"]
    done = subprocess.run(command, input=PACK[suffix](data) if suffix else data, capture_output=True, check=False)

    if suffix == ".zip":
        assert done.stderr.endswith(b"a zip archive cannot be read from a pipe; unpack it first\n")
    else:
        assert b"1,000 rows" in done.stdout


def test_an_archive_that_is_encrypted_is_refused(tmp_path):
    data = bytearray(zipped({"t.csv": b"a,y\n1,u\n"}))
    data[6] |= 1  # the flag of its one member, in front of it and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path = tmp_path / "t.zip"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"t\.zip, line 1: the zip archive cannot be unpacked \(.*encrypted"):
        list(open_stream(path, "y"))
