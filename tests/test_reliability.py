"""Short forms of the proofs in benchmarks/reliability, and what they have found in files."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.feather
import pytest

from online_softmax.streams import open_stream


def refusal(path, **options):
    """Read a stream to its end; give the message that refuses it."""
    with pytest.raises(ValueError, match=path.name) as refused:
        list(open_stream(path, **options))
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def test_arrow_data_with_damaged_offsets_is_refused(tmp_path):
    table = pa.table({"a": [1.0, 2.0, 3.0], "word": ["red", "green", "blue"], "y": ["u", "v", "u"]})
    file = io.BytesIO()
    pa.feather.write_feather(table, file, compression="uncompressed")
    offsets = b"".join(at.to_bytes(4, "little") for at in (0, 3, 8, 12))
    assert offsets in file.getvalue()
    path = tmp_path / "t.feather"
    path.write_bytes(file.getvalue().replace(offsets, offsets[:8] + b"\xff\xff\xff\x7f" + offsets[12:]))
    assert "damaged" in refusal(path, target="y")


def test_a_last_line_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b,y\n1,2,u\n-0.33")
    assert "line 3: 1 field where the header has 3" in refusal(path, target="y")


def test_names_of_members_that_are_not_text_are_refused(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"a\xf0": 1, "y": "u"}\n')
    assert "not UTF-8 text" in refusal(path, target="y")


def test_integers_beyond_the_doubles_are_refused(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1.5, "y": "u"}\n{"a": %s, "y": "v"}\n' % ("9" * 400))
    assert "line 2, column 'a': 9999" in refusal(path, target="y")


def test_arrow_data_of_a_damaged_length_is_refused(tmp_path):
    table = pa.table({"a": [1.0, 2.0, 3.0] * 99, "y": ["u", "v", "u"] * 99})
    file = io.BytesIO()
    pa.feather.write_feather(table, file, compression="lz4")
    data, path = bytearray(file.getvalue()), tmp_path / "t.feather"
    length = (8 * len(table)).to_bytes(8, "little")  # of the column before it was compressed
    assert length in data
    data[data.index(length) + 6] = 4
    path.write_bytes(data)
    assert "damaged" in refusal(path, target="y")


@pytest.mark.parametrize("line", ["null", "  null", "nullify", "[null]", "1", '"x"'])
def test_lines_that_are_not_objects_are_refused(tmp_path, line):
    path = tmp_path / "t.jsonl"
    for before in ("", "\ufeff", '{"a": 1, "y": "u"}\n', '{"a": 1, "y": "u"}\n\n \n'):
        path.write_text(f'{before}{line}\n{{"a": 2, "y": "v"}}\n')
        assert "line 1" in refusal(path, target="y") or "{" in before
    path.write_text('\ufeff{"a": 1, "y": "u"}\r\n\r\n  {"a": 2, "y": "v"}')
    assert [y for _, y, _ in open_stream(path, "y").pairs()] == ["u", "v"]
