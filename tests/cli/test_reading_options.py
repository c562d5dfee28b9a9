"""Every way of reading a source is an option of every command that reads one, and is kept beside the figures."""

from __future__ import annotations

import inspect
import json

import pytest

from online_softmax import AutoSoftmaxRegression, cli, open_stream, progressive_validation

PLAIN = {"format": None, "features": None, "drop": [], "weight": None, "missing": "error", "on_bad": "raise", "skip": 0}
PLAIN |= {"text_columns": [], "number_columns": [], "label_type": "auto", "na": [], "not_na": [], "decimal": "."}
PLAIN |= {"thousands": None, "percent": False, "currency": False, "dates": "refuse", "date_format": None}
PLAIN |= {"delimiter": None, "header": True, "names": None}

# What is written, the options that read it, and the same in Python.
FILES = {
    "semicolons": ("a;b;y\n1;2;u\n3;4;v\n", ["--delimiter", ";"], {"delimiter": ";"}),
    "tab": ("a\tb\ty\n1\t2\tu\n3\t4\tv\n", ["--delimiter", "tab"], {"delimiter": "\t"}),
    "backslash t": ("a\tb\ty\n1\t2\tu\n3\t4\tv\n", ["--delimiter", r"\t"], {"delimiter": "\t"}),
    "no header": ("1,2,u\n3,4,v\n", ["--no-header", "--target", "x3"], {"header": False}),
    "names": ("1,2,u\n3,4,v\n", ["--names", "a,b,y"], {"header": False, "names": ["a", "b", "y"]}),
    "marks": (
        "a,y\n" + "1,u\ngone,v\n2,u\n" * 9,
        ["--na", "gone", "--na", "x", "--missing", "zero"],
        {"na": ["gone", "x"]},
    ),
    "no marks": ("a,y\n-,u\nb,v\n", ["--not-na", "-", "--not-na", "?"], {"not_na": ["-", "?"]}),
    "comma": ('a,y\n"1,5",u\n"2,5",v\n', ["--decimal", ","], {"decimal": ","}),
    "thousands": ('a,y\n"1,500",u\n"2,500",v\n', ["--thousands", ","], {"thousands": ","}),
    "percent": ("a,y\n12%,u\n13%,v\n", ["--percent"], {"percent": True}),
    "currency": ("a,y\n$12,u\n$13,v\n", ["--currency"], {"currency": True}),
    "dates": ("a,y\n2021-01-31,u\n2021-02-01,v\n", ["--dates", "parts"], {"dates": "parts"}),
    "format": (
        "a,y\n01/02/2021,u\n02/02/2021,v\n",
        ["--dates", "parts", "--date-format", "%d/%m/%Y"],
        {"dates": "parts", "date_format": "%d/%m/%Y"},
    ),
    "labels": ("a,y\n1,1\n2,2\n", ["--label-type", "text"], {"label_type": "text"}),
    "text": ("a,b,y\n1,2,u\n3,4,v\n", ["--text-columns", "a,b"], {"text_columns": ["a", "b"]}),
    "numbers": ("a,y\n1,u\nx,v\n", ["--number-columns", "a", "--missing", "zero"], {"number_columns": ["a"]}),
    "indicate": ("a,y\n1,u\n,v\n", ["--missing", "indicate"], {"missing": "indicate"}),
}


@pytest.mark.parametrize("kind", FILES)
def test_options_read_what_keywords_read(kind, tmp_path, said):
    content, options, keywords = FILES[kind]
    source, model, run = tmp_path / "rows.csv", tmp_path / "model", tmp_path / "run.json"
    source.write_text(content)
    if "zero" in options:
        keywords = {"missing": "zero", **keywords}
    target = "x3" if "x3" in options else "y"
    stream = open_stream(source, target, **keywords)
    expected = AutoSoftmaxRegression()
    result = progressive_validation(stream, expected)

    said("evaluate", source, "--target", target, *options, "--json", run, "--save", model)
    found = json.loads(run.read_text())
    assert found["log_loss"] == result.to_dict()["log_loss"]
    assert {name: found[name] for name in PLAIN} == PLAIN | keywords
    lines = said("predict", source, "--target", target, "--from", model, *options).splitlines()
    assert lines == ["prediction", *(str(expected.predict_one(x)) for x, _, _ in stream.pairs())]
    said("train", source, "--target", target, *options, "--from", model, "--save", tmp_path / "next")


def test_every_keyword_of_reading_is_an_option(capsys):
    keywords = set(inspect.signature(open_stream).parameters) - {
        "source",
        "model",
        "labelled",
        "limit",
        "chunk_rows",
        "at",
        "settled",
        "words",
    }
    options = {name.replace("_", "-") for name in keywords - {"header", "target"}} | {"no-header", "target"}
    for command in ("evaluate", "train", "predict"):
        cli.run(command, "--help")
        shown = set(capsys.readouterr().out.split())
        assert not {f"--{name}" for name in options} - shown, command


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--delimiter", "ab"], "delimiter is one ASCII character"),
        (["--missing", "often"], "missing is 'error', 'zero', 'indicate', 'skip-row', not 'often'"),
        (["--decimal", ";"], "decimal is '.' or ',', not ';'"),
        (["--thousands", "x"], "thousands is ',', '.', "),
        (["--decimal", ",", "--thousands", ","], "thousands and decimal cannot both be ','"),
        (["--dates", "keep"], "dates is 'refuse' or 'parts', not 'keep'"),
        (["--label-type", "int"], "--label-type is 'auto', 'number', 'text', not 'int'"),
        (["--text-columns", "z"], "has no column 'z' to be read as text"),
        (["--number-columns", "z"], "has no column 'z' to be read as number"),
        (["--names", "a"], "names has 1 columns, and "),
        (["--format", "jsonl", "--no-header"], "header goes with csv"),
    ],
)
def test_a_wrong_option_is_one_line(options, message, tmp_path, fails):
    (tmp_path / "rows.csv").write_text("a,y\n1,u\n2,v\n")
    assert message in fails("evaluate", tmp_path / "rows.csv", "--target", "y", *options)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("$12", "say --currency to read them, or name it in --text-columns"),
        ('"1,200"', "say --thousands ',' or --decimal ',' to read them"),
        ("31/01/2021", "say --dates 'parts' to read them, drop the column, or name it in --text-columns"),
    ],
)
def test_what_to_say_is_said_as_an_option(cell, said, tmp_path, fails):
    (tmp_path / "rows.csv").write_text("a,y\n" + f"{cell},u\n" * 9)
    assert said in fails("evaluate", tmp_path / "rows.csv", "--target", "y")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--label-type", "text"], "label_type was not given and is 'text'"),
        (["--na", "x", "--na", "y"], "na was not given and is ['x', 'y']"),
        (["--decimal", ",", "--delimiter", ","], "decimal was not given and is ','"),
        (["--percent"], "percent was not given and is True"),
        (["--number-columns", "a"], "number_columns was not given and is ['a']"),
        (["--dates", "parts"], "dates was not given and is 'parts'"),
    ],
)
def test_a_run_that_reads_otherwise_is_not_resumed(options, what, tmp_path, said, fails):
    (tmp_path / "rows.csv").write_text("a,b,y\n" + "1,2,u\n3,4,v\n" * 9)
    args = ["evaluate", tmp_path / "rows.csv", "--target", "y", "--checkpoint", tmp_path / "run"]
    said(*args, "--limit", 9)
    assert f"cannot resume {tmp_path / 'run'}: the source's {what}" in fails(*args, "--resume", *options)
    assert "18 rows in" in said(*args, "--resume")
