"""Names, labels and values of any kind are folded into one printable line, and become what JSON has."""

from __future__ import annotations

import enum
import io
import json

import numpy as np
import pytest
from rich.console import Console

from online_softmax import SoftmaxRegression, cli, inspection, progressive_validation
from online_softmax.checks import shorten
from online_softmax.drawing import html_page
from online_softmax.models import saving
from online_softmax.reports import print_comparison, print_summary, write_json
from online_softmax.texts import columns, folded, plain, size, written


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("plain", "plain"),
        (7, "7"),
        (True, "True"),
        (0.5, "0.5"),
        (2**60, "11529215…976"),
        ("", "''"),
        ("  ", "'  '"),
        ("a\tb", r"'a\tb'"),
        ("\ud800", r"'\ud800'"),
        ("a\u202eb", r"'a\u202eb'"),
        ("abcdefghijklmnop", "abcdefgh…nop"),
        ("中" * 12, "中中中中…中"),
        ("\x1b[31m", r"'\x1b[31m'"),
        (("a", 1), "('a', 1)"),
        (None, "None"),
        (Colour.RED, "Colour.RED"),
    ],
)
def test_folded(label, shown):
    assert folded(label, 12) == shown


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\n" * 1_000_000, "中" * 1_000_000, "<" * 41, "ab" * 20 + "\x00"])
def test_no_label_is_wider_than_asked(text):
    for width in (8, 14, 28, 40):
        assert columns(folded(text, width)) <= width
        assert folded(text, width).isprintable()


def test_labels_that_end_differently_look_different():
    assert folded("x" * 100 + "1") != folded("x" * 100 + "2")


def test_an_integer_that_has_no_decimals_is_shown():
    assert folded(16**5000, 12) == "0x100000…000"
    assert shorten(16**5000).startswith("0x1000")
    assert shorten([16**5000]) == "<list>"
    assert folded(("a", 16**5000)) == "<tuple>"
    assert plain(16**5000) == written(16**5000) == hex(16**5000)


def test_values_in_sentences_are_cut_as_labels_are():
    assert shorten("two\nlines") == r"'two\nlines'"
    assert shorten("x" * 100 + "1") == f"'{'x' * 43}…{'x' * 13}1'"
    assert len(shorten([*range(10**5)])) == 60


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (81_234, "81.2 kB"),
        (1_500_000, "1.5 MB"),
        (10**10, "10.0 GB"),
    ],
)
def test_sizes(n, said):
    assert size(n) == said


@pytest.mark.parametrize(
    ("thing", "value"),
    [
        (1, 1),
        (True, True),
        (None, None),
        ("a", "a"),
        (0.5, 0.5),
        (float("inf"), "inf"),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (("a", 1), "('a', 1)"),
        (b"a", "b'a'"),
    ],
)
def test_things_become_kinds_of_json(thing, value):
    assert plain(thing) == value
    assert type(plain(thing)) is type(value)


HUGE = [10**5000 + 1, 10**5000 + 2]


def test_labels_that_python_does_not_write_in_decimals_are_shown_everywhere(tmp_path, capsys):
    def model():
        return SoftmaxRegression()

    rows = [({"a": float(i % 2), HUGE[0]: 1.0}, HUGE[i % 3 % 2]) for i in range(100)]
    result = progressive_validation(rows, model())
    both = progressive_validation(rows, {"one": model(), "other": model()})
    out = Console(file=io.StringIO(), width=100)
    print_summary(result, out)
    print_comparison(both, out)
    write_json(result, tmp_path / "run.json")
    write_json(both, tmp_path / "both.json")

    assert folded(HUGE[0]) in out.file.getvalue()
    content = json.loads((tmp_path / "run.json").read_text())
    assert {one["label"] for one in content["classes"]} == set(map(hex, HUGE))
    assert {one["label"] for one in content["confusions"]} <= set(map(hex, HUGE))
    assert folded(HUGE[0]) in result._repr_html_() + html_page(result.document(limit=HUGE[0]))

    learned = model()
    for x, y in rows:
        learned.learn_one(x, y)
    assert folded(HUGE[1]) in repr(inspection(learned)) + learned._repr_html_() + repr(learned.explain_one(rows[0][0]))
    saving.save(learned, tmp_path / "model")
    assert cli.run("inspect", str(tmp_path / "model"), "--class", hex(HUGE[1]), "--json", "-") == 0
    assert [one["label"] for one in json.loads(capsys.readouterr().out)["classes"]] == [hex(HUGE[1])]
    learned.forget_feature(HUGE[0])
    saving.save(learned, tmp_path / "model")
    (tmp_path / "rows.csv").write_text("a\n0\n1\n")
    assert cli.run("predict", str(tmp_path / "rows.csv"), "--from", str(tmp_path / "model")) == 0
    assert set(capsys.readouterr().out.split()[1:]) <= set(map(hex, HUGE))
