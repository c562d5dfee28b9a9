"""Small honest files of every format that streams read."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import json
import lzma
import random
import zipfile

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

TEXTS = ["t.csv", "t.tsv", "t.svm", "t.vw", "t.arff", "t.jsonl", "t.json"]
BINARIES = ["t.parquet", "t.arrow", "t.arrows", "t.feather"]
BINARIES += ["t.csv.gz", "t.csv.bz2", "t.csv.xz", "t.csv.zst", "t.csv.zip", "t.svm.gz", "t.jsonl.gz"]


def lines(rng: random.Random, n: int) -> list[tuple[float, int, str, bool, str, float]]:
    """Give n rows of a small table."""
    words = ["red", "green", "light blue", 'say "no"', "a,b", "ä"]
    return [
        (rng.gauss(0, 1), rng.randrange(-5, 5), rng.choice(words), rng.random() < 0.5, rng.choice("uvw"), rng.random())
        for _ in range(n)
    ]


def files() -> dict[str, bytes]:
    """Give an honest file of each kind, by name."""
    rows = lines(random.Random(0), 40)
    table = pa.table(dict(zip(["a", "b", "word", "flag", "y", "w"], map(list, zip(*rows, strict=True)), strict=True)))
    out: dict[str, bytes] = {}
    for name, options in (("t.csv", None), ("t.tsv", pa.csv.WriteOptions(delimiter="\t"))):
        buffer = pa.BufferOutputStream()
        pa.csv.write_csv(table, buffer, options)
        out[name] = buffer.getvalue().to_pybytes()
    for name, write in (
        ("t.parquet", functools.partial(pa.parquet.write_table, row_group_size=15)),
        ("t.feather", functools.partial(pa.feather.write_feather, chunksize=15)),
    ):
        buffer = pa.BufferOutputStream()
        write(table, buffer)
        out[name] = buffer.getvalue().to_pybytes()
    for name, new in (("t.arrow", pa.ipc.new_file), ("t.arrows", pa.ipc.new_stream)):
        buffer = pa.BufferOutputStream()
        with new(buffer, table.schema) as writer:
            writer.write_table(table, 15)
        out[name] = buffer.getvalue().to_pybytes()
    out["t.jsonl"] = "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()
    out["t.json"] = json.dumps(table.to_pylist(), indent=1).encode()
    head = (
        "@relation t\n@attribute a real\n@attribute b integer\n@attribute word string\n@attribute flag {True,False}\n"
    )
    head += "@attribute y {u,v,w}\n@attribute w numeric\n% comment\n@data\n"
    arff = (f"{a!r},{b},'{word}',{flag},{y},{w!r}\n" for a, b, word, flag, y, w in rows)
    out["t.arff"] = (head + "".join(arff)).encode()
    svm = (f"{'uvw'.index(y)} qid:1 1:{a!r} 2:{b} 1000000:{w!r} # {y}\n" for a, b, _, _, y, w in rows)
    out["t.svm"] = "".join(svm).encode()
    vw = (f"{y} {w!r} 'tag|n a:{a!r} b:{b} |s:0.5 {word} f{flag}\n" for a, b, word, flag, y, w in rows)
    out["t.vw"] = "".join(vw).encode()
    for name in ("t.csv", "t.svm", "t.jsonl"):
        out[f"{name}.gz"] = gzip.compress(out[name], mtime=0)
    out["t.csv.bz2"] = bz2.compress(out["t.csv"])
    out["t.csv.xz"] = lzma.compress(out["t.csv"])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("t.csv"), out["t.csv"])
    out["t.csv.zip"] = archive.getvalue()
    out["t.csv.zst"] = pa.compress(out["t.csv"], codec="zstd", asbytes=True)
    return out
