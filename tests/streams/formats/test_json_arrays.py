"""Arrays of objects are read as JSON lines are, however their lines are broken."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.streams import JsonStream, open_stream
from online_softmax.streams._parsing.json_array import ArrayLines

WAYS = {
    "one line": lambda rows: json.dumps(rows),
    "compact": lambda rows: json.dumps(rows, separators=(",", ":")),
    "pretty": lambda rows: json.dumps(rows, indent=2),
    "records": lambda rows: "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n",
    "leading commas": lambda rows: "\r\n [" + "\r\n,".join(json.dumps(row, indent=1) for row in rows) + "]  \r\n",
    "marked": lambda rows: "\ufeff" + json.dumps(rows),
}
TRICKY = 'a"b\\ [{,]} \n é'
ROWS = [{"a": i / 7, "s": TRICKY if i % 3 else "plain", "flag": i % 2 == 0, "y": "uv"[i % 2]} for i in range(500)]


def refusal(path, **options):
    with pytest.raises(ValueError, match=re.escape(str(path))) as error:
        list(open_stream(path, "y", **options).pairs())
    return str(error.value).removeprefix(str(path))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_array_is_its_lines(way, suffix, tmp_path):
    lines, array = tmp_path / "t.jsonl", tmp_path / f"t.json{suffix}"
    lines.write_text("\n".join(map(json.dumps, ROWS)))
    text = WAYS[way](ROWS).encode()
    array.write_bytes(gzip.compress(text) if suffix else text)

    expected = list(open_stream(lines, "y").pairs())
    assert len(expected) == 500
    for size in (1, 100, 1 << 19):
        stream = JsonStream(array, "y", block_bytes=size)
        assert list(stream.pairs()) == expected
        assert list(stream.pairs()) == expected
    assert stream.fraction == 1
    assert next(iter(open_stream(array, labelled=False).pairs()))[0] == {**expected[0][0], "y=u": 1.0}
    results = [progressive_validation(path, SoftmaxRegression(), target="y") for path in (lines, array)]
    assert results[0].log_loss == results[1].log_loss


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(values, max_size=8), st.sampled_from([None, 0, 2]), st.booleans(), st.integers(1, 50))
def test_the_values_of_an_array_come_one_a_line(rows, indent, is_ascii, size):
    text = json.dumps(rows, indent=indent, ensure_ascii=is_ascii).encode()
    lines = ArrayLines()
    found = b"".join(lines.take(text[i : i + size]) for i in range(0, len(text), size))
    lines.finish()

    assert lines.flaw == ""
    assert found.count(b"\n") == len(rows)
    assert [json.loads(line) for line in found.split(b"\n")[:-1]] == rows


@given(st.binary(max_size=60) | st.text(alphabet='[]{},": 1a\n\\', max_size=60).map(str.encode), st.integers(1, 9))
def test_any_bytes_are_lines_or_have_a_flaw(data, size):
    whole, parts = ArrayLines(), ArrayLines()
    found = whole.take(data), b"".join(parts.take(data[i : i + size]) for i in range(0, len(data), size))
    whole.finish()
    parts.finish()
    assert found[0] == found[1]
    assert whole.flaw == parts.flaw
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):
        return
    assert bool(whole.flaw) != isinstance(rows, list)


@pytest.mark.parametrize("n", [3, 60_000])
@pytest.mark.parametrize("way", WAYS)
def test_errors_count_objects(way, n, tmp_path):
    rows = [*({"a": 1, "y": "u"} for _ in range(n)), {"a": "x", "y": "u"}, {"a": 2, "y": "u"}]
    path = tmp_path / "t.json"
    path.write_text(WAYS[way](rows), newline="")

    assert refusal(path).startswith(f", object {n + 1}, column 'a': 'x' is not a finite number")
    chunks = list(open_stream(path, "y", on_bad="skip"))
    assert sum(len(chunk.rows) for chunk in chunks) == n + 1
    assert len(list(open_stream(path, "y", missing="zero", on_bad="skip").pairs())) == n + 2


@pytest.mark.parametrize("n", [1, 60_000])
@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("", ", object {}: the array never closes"),
        (',{"a": 1', ", object {}: the array never closes"),
        (',{"a": 1, "y": "u"}]x', ", object {}: something follows the end of the array"),
        (',,{"a": 1, "y": "u"}]', ", object {}: the array has no value between two commas"),
        (",]", ", object {}: the array has no value between two commas"),
        ('{"a": 1, "y": "u"}]', ", object {}: the array has no comma between two values"),
        (",3]", ", object {}: 3 is not an object"),
        (',[{"a": 1}]]', ", object {}: [{{'a': 1}}] is not an object"),
        (',{"a": 1 "y": "u"}]', ", object {}: no JSON (Expecting ',' delimiter"),
        (',{"a": 1, "y": "u\n"}]', ", object {}: no JSON (Invalid control character"),
    ],
)
def test_what_is_no_array_of_objects_is_refused_after_the_rows_before_it(end, said, n, tmp_path):
    path = tmp_path / "t.json"
    path.write_text("[" + ",".join(['{"a": 1, "y": "u"}'] * n) + end, newline="")
    place = n + 1 + ("x" in end)

    assert refusal(path).startswith(said.format(place))
    stream, rows = open_stream(path, "y"), 0
    with pytest.raises(ValueError, match="object"):  # noqa: PT012
        for chunk in stream:
            rows += len(chunk)
    assert rows == place - 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", " is empty"),
        (" \n", " is empty"),
        ('{\n  "a": 1,\n  "y": "u"\n}\n', " begins with an object of several lines: JSON lines have one object a line"),
        ('{"a": 1,\n"y": "u"}', " begins with an object of several lines"),
        ('{"data": [{"a": 1, "y": "u"}]}', " has no column 'y' to be the target; its columns are: data"),
        ('[{"a": 1, "y": ["u"]}]', ", column 'y' holds ['u'], and a label is a string, a number, true or false"),
        ('[{"a": 1, "y": {"b": 1}}]', ", column 'y' holds {'b': 1}, and a label is a string, a number, true or false"),
        ('[{"a": [1], "y": "u"}]', ", column 'a': lists are no features; drop the column, or name the wanted ones"),
        ('[{"a": {"b": 1}, "y": "u"}]', ", column 'a': objects are no features; drop the column, or name the wanted"),
    ],
)
def test_other_json_is_refused_in_a_sentence(text, said, tmp_path, capsys):
    from online_softmax import cli

    path = tmp_path / "t.json"
    path.write_text(text)
    assert refusal(path).startswith(said)
    assert refusal(path, on_bad="skip").startswith(said)
    assert cli.run("evaluate", str(path), "--target", "y", "--model", "SGD") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize("n", [1, 60_000])
@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_literals_that_python_writes_are_not_finite(word, n, tmp_path):
    first = '{"a": 1, "w": 2, "y": 7}\n' * n
    path = tmp_path / "t.jsonl"
    path.write_text(first + f'{{"a": {word}, "w": 2, "y": 7}}\n{{"a": 1, "w": 2, "y": 8}}\n')
    said = f", line {n + 1}, column 'a': {word.replace('Infinity', 'inf').lower()} is not a finite number"

    assert refusal(path, weight="w").startswith(said)
    for missing, expected in (("zero", [0, 1]), ("skip-row", [1]), ("indicate", [0, 1])):
        found = list(open_stream(path, "y", missing=missing, weight="w").pairs())[n:]
        assert [x["a"] for x, _, _ in found] == expected
    path.write_text(
        first + f'{{"a": 1, "w": {word}, "y": 7}}\n{{"a": 1, "w": 2, "y": {word}}}\n{{"a": 1, "w": 2, "y": 8}}\n'
    )
    for missing in ("error", "zero"):
        chunks = list(open_stream(path, "y", weight="w", missing=missing, on_bad="skip"))
        reasons = [note.reason.removeprefix(str(path)) for chunk in chunks for note in chunk.bad]
        assert [reason.split(":")[0] for reason in reasons] == [
            f", line {n + 1}, column 'w'",
            f", line {n + 2}, column 'y'",
        ]
        assert [y for chunk in chunks for _, y, _ in chunk.pairs()] == [7] * n + [8]


def test_a_line_that_is_an_array_is_but_a_bad_line(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('[{"a": 9, "y": "u"}]\n{"a": 1, "y": "u"}\n[]\n{"a": 2, "y": "v"}\n')

    assert refusal(path).startswith(", line 1: [{'a': 9, 'y': 'u'}] is not an object")
    assert [x["a"] for x, _, _ in open_stream(path, "y", on_bad="skip").pairs()] == [1, 2]


def test_an_array_from_standard_input():
    text = json.dumps(ROWS * 20, indent=1).encode()
    command = [sys.executable, "-m", "online_softmax", "evaluate", "-", "--format", "jsonl", "--target", "y"]
    done = subprocess.run([*command, "--model", "SGD"], input=text, capture_output=True, check=True)
    assert b"10,000 rows" in done.stdout
