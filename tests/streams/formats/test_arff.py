"""ARFF files are read as SciPy reads them, with quotes and gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.io.arff

from online_softmax.streams import open_stream

RNG = np.random.default_rng(7)
N = 700
NUMBERS = pd.DataFrame(
    {
        "a": RNG.normal(size=N),
        "b": RNG.integers(-5, 5, N),
        "word": RNG.choice(["red", "green", "blue"], N),
        "flag": RNG.random(N) < 0.5,
        "y": RNG.choice(["u", "v", "w"], N),
        "w": RNG.random(N),
    }
)


def arff(frame):
    head = ["% made here", "@RELATION table", ""]
    for name in frame:
        kind = frame[name].dtype
        values = "{" + ",".join(sorted(set(map(str, frame[name])))) + "}"
        head.append(f"@ATTRIBUTE {name} {'NUMERIC' if kind.kind in 'if' else values}")
    rows = [
        ", ".join("?" if v != v else repr(v) if isinstance(v, float) else str(v) for v in row) for row in frame.values
    ]
    return "\n".join([*head, "@DATA", *rows]) + "\n"


def test_arff_is_what_scipy_reads(tmp_path):
    frame = NUMBERS.astype({"flag": str})
    path = tmp_path / "t.arff"
    path.write_text(arff(frame))
    data, _ = scipy.io.arff.loadarff(path)

    for (x, y, _), row in zip(open_stream(path, "y", weight="w").pairs(), data, strict=True):
        word, flag = row["word"].decode(), row["flag"].decode()
        assert (x, y) == ({"a": row["a"], "b": row["b"], f"word={word}": 1, f"flag={flag}": 1}, row["y"].decode())


def test_arff_quotes_and_gaps(tmp_path):
    path = tmp_path / "t.arff"
    path.write_text(
        "@relation 'a b'\n@attribute 'the size' real\n@attribute c string\n@attribute y {1,2}\n@data\n"
        "% nothing\n1.5,'a, \\'b\\'',1\n?,\"x\",2\n"
    )

    first = next(open_stream(path, "y", missing="skip-row").pairs())
    assert first == ({"the size": 1.5, "c=a, 'b'": 1.0}, "1", {})
    with pytest.raises(ValueError, match=r"t\.arff, line 8, column 'the size': '\?' is missing or not a finite number"):
        list(open_stream(path, "y"))
