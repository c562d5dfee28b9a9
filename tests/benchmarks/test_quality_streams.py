"""The streams of the quality table: real text from the packages that are installed, and concepts that live long."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from itertools import islice

import pytest

from benchmarks import ROOT
from benchmarks.common.results import read
from benchmarks.quality import RESULTS
from benchmarks.quality.streams import GROUPS, STREAMS, installed, kept, long, sha, texts

MODULE = '''
"""A module, whose docstring is no class's and no function's."""

LIMIT = 3


class Counter:
    """Count the words of a text with a Counter from the tally.

    >>> Counter()
    """

    def add_word(self, word, weight=1):
        """Add a word of the given weight to the count, and return True, or None if it is known.

        The word is a str (or an int): anything with a weight, in the Counter or out of it.
        """
        if not word:
            raise ValueError(f"no word in {word!r}, which is empty")
        self.total = weight + LIMIT
        return print(word, end="")
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of one module and of a test, which is none of its sources."""
    root = tmp_path / "tally"
    (root / "tests").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "words.py").write_text(MODULE)
    (root / "broken.py").write_text("def")
    (root / "tests" / "test_words.py").write_text("class Unseen: pass")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield ("tally",)
    for cached in (installed.sources, installed.docstrings, texts.defined):
        cached.cache_clear()
    sys.modules.pop("tally", None)


def own(x):
    """The word that a row of token names is about."""
    return next(name.removeprefix("w_0=") for name in x if name.startswith("w_0="))


def test_a_packages_sources_are_its_modules_that_can_be_parsed(package):
    assert [source.path for source in installed.sources("tally")] == ["tally/__init__.py", "tally/words.py"]
    docs = installed.docstrings("tally")
    assert [(doc.kind, doc.parameters) for doc in docs] == [("class", ()), ("method", ("self", "word", "weight"))]


def test_words_of_docstrings_are_tagged(package):
    tags = {own(x): y for x, y in texts.entities(package, 1)}
    assert tags["Counter"] == "CLASS"
    assert tags["weight"] == tags["word"] == "PARAM"
    assert tags["str"] == tags["int"] == "TYPE"
    assert tags["None"] == "CONST"
    assert tags["tally"] == "MODULE"
    assert tags["anything"] == "O"
    assert {own(x): y for x, y in texts.owners(package, 1)}["Counter"] == "CLASS-tally"
    assert ("in", "in") not in {(own(x), y) for x, y in texts.entities(package, 1) if y != "O"}


def test_a_token_is_its_letters_and_its_neighbours(package):
    x = texts.token(["Add", "it"], 0, reach=1)
    assert list(x)[:3] == ["w_-1=<s>", "w_0=Add", "l_0=add"]
    assert {"pre3_0=add", "suf1_0=d", "c_0=Aa", "w_1=it"} <= x.keys()
    assert {"pre3_1=it", "c_1=a"}.isdisjoint(x)
    assert "w_0=Add" not in texts.token(["Add", "it"], 0, own=False)


def test_a_preposition_and_a_sign_are_told_from_their_neighbours(package):
    prepositions = list(texts.prepositions(package, 1))
    assert {y for _, y in prepositions} == {"of", "to", "with", "from", "in"}
    assert not any(name.startswith("w_0=") for x, _ in prepositions for name in x)
    signs = {own(x): y for x, y in texts.signs(package, 1)}
    assert (signs["int"], signs["str"], signs["True"], signs["known"]) == (")", "none", ",", ".")


def test_a_name_in_a_program_has_its_role(package):
    found = [(own(x), y) for x, y in texts.roles(package, 1)]
    assert {("Counter", "class"), ("add_word", "def"), ("weight", "param"), ("total", "attribute")} <= set(found)
    assert {("LIMIT", "store"), ("LIMIT", "load"), ("print", "call"), ("end", "kwarg"), ("3", "number")} <= set(found)
    assert "return" not in dict(found)


def test_documents_are_bags_counts_and_tf_idfs(package):
    rows = [("to be or not to be", "a"), ("to do", "b"), ("to", "c")]
    assert texts.bags(rows)[1] == ({"to": 1.0, "do": 1.0}, "b")
    assert texts.counted(rows)[0] == ({"to": 2.0, "be": 2.0, "or": 1.0, "not": 1.0}, "a")
    (first, _), (second, _) = texts.tf_idf(rows)  # "to" is everywhere, so that the third row is empty
    assert first["be"] / first["or"] == pytest.approx(1.6931472)
    assert sum(v * v for v in first.values()) == pytest.approx(1)
    assert second == {"do": 1.0}
    assert {y for _, y in texts.by_package(package, 1, 9)} == {"tally"}
    assert {y for _, y in texts.by_module(package, 1, 9, 1)} == {"tally/words"}
    assert len(texts.parts_by_package(package, 1, 9)) == 3
    assert {y for _, y in texts.kinds(package, 1)} == {"class", "method"}


def test_rare_words_leave_out_the_hundred_commonest():
    common = " ".join(f"w{i}" for i in range(100))
    ((x, _), _) = texts.rare([(f"{common} {common} ape bee cat", "a"), (common, "b"), (f"{common} ape", "c")])
    assert x.keys() == {"ape", "bee", "cat", "ape_bee", "bee_cat"}


def test_messages_lines_and_identifiers_have_their_labels(package):
    (message,) = texts.messages(package, 1)
    assert message == (dict.fromkeys(("no", "word", "in", "which", "is", "empty"), 1.0), "ValueError")
    assert ({"return", "print", "word", "end", "return+print", "print+word", "word+end"}, "tally") not in [
        (set(x), y) for x, y in texts.code_lines(package, 1)
    ]  # it has four words
    assert any({"def+add_word", "weight+1"} <= x.keys() for x, _ in texts.code_lines(package, 1))
    marked = {max((name for name in x if name.startswith("^")), key=len): y for x, y in texts.identifiers(package, 1)}
    assert marked == {"^Cou": "class", "^add": "function", "^LIM": "variable", "^tot": "attribute"} | dict.fromkeys(
        ("^sel", "^wor", "^wei"), "parameter"
    )


@pytest.mark.parametrize("name", ["unicode", "builtins", "paths"])
def test_real_text_is_the_same_rows_at_the_same_versions(name, monkeypatch, tmp_path):
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    stream = STREAMS[name]
    if why := stream.missing():
        pytest.skip(why)
    rows = stream.rows()
    assert {run["sha"] for run in read(RESULTS) if run["stream"] == name} == {sha(rows)}
    assert kept.file(name).exists()
    assert stream.rows() == rows
    assert max(Counter(y for _, y in rows).values()) < 0.9 * len(rows)


def test_a_stream_of_another_version_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(installed.PINS, "pygments", "0.1")
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    found = installed.version("pygments")
    assert STREAMS["builtins"].missing() == f"it reads pygments 0.1, and here is {found}: pip install '.[bench]'"
    monkeypatch.setattr(installed, "PYTHON", "2.7")
    assert "needs Python 2.7" in STREAMS["unicode"].missing()
    kept.file("unicode").write_text("")
    assert STREAMS["unicode"].missing() is None


def test_the_extra_installs_the_versions_that_are_read():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pinned = dict(each.split("==") for each in extras["bench"] if "==" in each)
    assert pinned == installed.PINS
    read = {installed.distribution(package) for package in (*texts.SCIENCE, "pygments")}
    assert read == installed.PINS.keys()


def test_a_kept_file_is_another_for_other_sources(monkeypatch, tmp_path):
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    rows = [({"é": 0.1, "b": 1.0}, "y"), ({}, "z")]
    assert kept.kept("a", lambda: iter(rows)) == rows
    assert kept.kept("a", lambda: pytest.fail("it is made once")) == rows
    assert [path.name for path in tmp_path.iterdir()] == [kept.file("a").name]


def test_every_stream_is_in_one_group():
    assert sorted(len(group) for group in GROUPS.values()) == [7, 26, 39]
    assert len(STREAMS) == 72
    assert all(stream.sparse for stream in GROUPS["text"])


@pytest.mark.parametrize("name", [stream.name for stream in GROUPS["long"]])
def test_a_long_stream_has_its_shape(name, monkeypatch):
    monkeypatch.setattr(long, "ROWS", 3000)
    rows = list(islice(STREAMS[name].make(), 3000))
    run = next(run for run in read(RESULTS) if run["stream"] == name)
    assert len(rows) == 3000
    assert {len(x) for x, _ in rows} == ({run["features"]} if not STREAMS[name].sparse else {len(rows[0][0])})
    assert len({y for _, y in rows}) == run["classes"]


def test_a_line_of_the_chessboard_comes_back(monkeypatch):
    monkeypatch.setattr(long, "ROWS", 5000)
    rows = long.chessboard()
    lines = [{int(8 * x["x0"]) for x, _ in rows[start : start + 500]} for start in range(0, 5000, 500)]
    assert lines == [*({line} for line in range(8)), set(range(8)), {0}]
    fields = {(int(8 * x["x0"]), int(8 * x["x1"])): y for x, y in rows}
    assert all(fields[int(8 * x["x0"]), int(8 * x["x1"])] == y for x, y in rows)
