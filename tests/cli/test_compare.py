"""compare runs several models over the same rows, in one pass, and shows one table."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from river import naive_bayes, optim, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.cli.comparing import DEFAULT_MODELS, numbered
from online_softmax.evaluation import Figures
from online_softmax.reports import CompareTable, print_comparison


def ours():
    return {
        "auto": AutoSoftmaxRegression(),
        "SGD(0.1)": preprocessing.StandardScaler() | SoftmaxRegression(optim.SGD(0.1)),
        "river:GaussianNB()": naive_bayes.GaussianNB(),
    }


def flags(names):
    return [word for name in names for word in ("--model", name)]


def test_table_and_json_are_those_of_python(said, tmp_path):
    file = tmp_path / "run.json"
    out = said("compare", "image_segments", *flags(ours()), "--json", file, "--limit", 1500, "--window", 100)
    found = progressive_validation("image_segments", ours(), limit=1500, window=100)

    content = json.loads(file.read_text())
    expected = json.loads(json.dumps(found.to_dict()))
    for name, one in content["comparison"]["models"].items():
        for run in (one, expected["comparison"]["models"][name]):
            run.pop("microseconds_per_row")
    assert content["comparison"] == expected["comparison"]
    assert [content["runs"][name]["log_loss"] for name in ours()] == [found[name].log_loss for name in ours()]
    assert content["models"] == [*ours()]
    assert (content["source"], content["target"], content["limit"]) == ("image_segments", "category", 1500)

    lines = out.splitlines()
    assert lines[1].split() == ["rows", "auto", "SGD(0.1)", "river:Gaus…B()"]
    assert [line.split()[0] for line in lines[2:4]] == ["1,000", "1,500"]
    assert lines[3].split()[1:] == [f"{found[name].log_loss:.4f}" for name in ours()]
    assert f"{found.n_common:,} rows that every model has scored, in {found.n_blocks} blocks" in lines
    table = {line.split()[0]: line.split()[1:] for line in lines[-3:]}
    assert [*table] == sorted(ours(), key=lambda name: found.standings[name].log_loss)
    assert next(iter(table)) == found.best
    for name, cells in table.items():
        one = found.standings[name]
        assert cells[:2] == [f"{one.log_loss:.4f}", f"{one.accuracy:.2%}"]
        if name == found.best:
            assert cells[2] == "-"
        else:
            assert cells[2:6] == [f"{one.difference:.4f}", f"{one.low:.4f}", "..", f"{one.high:.4f}"]


def test_without_models_ours_are_compared(said):
    out = said("compare", "phishing", "--limit", 200)
    assert {line.split()[0] for line in out.splitlines()[-3:]} == {*DEFAULT_MODELS}


def test_equal_models_have_names_of_their_own_and_a_difference_of_noise(said):
    lines = said("compare", "phishing", *flags(["auto", "auto"])).splitlines()
    assert lines[-2].split()[0] == "auto"
    assert lines[-1].startswith("auto (2) ")
    assert lines[-1].endswith("may be noise")
    assert "0.0000 .. 0.0000" in lines[-1]


def test_names_are_numbered():
    assert numbered(["a", "a", "a (2)", "b", "a"]) == ["a", "a (2)", "a (2) (2)", "b", "a (3)"]


def test_reading_options_and_flags_of_models_reach_the_run(fruit, said, tmp_path):
    file = tmp_path / "run.json"
    args = ["--drop", "colour", "--skip", 10, "--no-scale", "--intercept", "--hash-bits", 9]
    said("compare", fruit, "--target", "kind", *flags(["SGD(0.1)", "auto-linear"]), *args, "--json", file)
    models = {
        "SGD(0.1)": SoftmaxRegression(optim.SGD(0.1), intercept=True, hash_bits=9),
        "auto-linear": AutoSoftmaxRegression(interactions=False, hash_bits=9),
    }
    content = json.loads(file.read_text())
    for name, model in models.items():
        lines = [line.split(",") for line in fruit.read_text().splitlines()[11:]]
        result = progressive_validation([({"size": float(a)}, y) for a, _, y in lines], model)
        assert content["runs"][name]["log_loss"] == result.log_loss
    assert (content["no_scale"], content["intercept"], content["hash_bits"]) == (True, True, 9)


def test_bad_rows_are_passed_over_for_all(tmp_path, said, fails):
    path = tmp_path / "rows.csv"
    path.write_text("a,y\n" + "1,u\n2,v\nbad,u\n" * 40)
    out = said("compare", path, "--target", "y", *flags(["auto", "SGD"]), "--missing", "skip-row", "--na", "bad")
    assert "80 rows that every model has scored" in out
    assert "40 rows were left out" in out
    assert "line 4, column 'a'" in fails("compare", path, "--target", "y", *flags(["auto", "SGD"]), "--na", "bad")


def test_what_happened_to_one_model_is_said_with_its_name():
    class Picky(naive_bayes.GaussianNB):
        def learn_one(self, x, y):
            if x["a"] % 5 == 4:
                raise ValueError("no more than 3")
            super().learn_one(x, y)

    rows = [({"a": i % 7, f"b{i % 9}": 1.0}, "uv"[i % 2]) for i in range(300)]
    models = {"all": naive_bayes.GaussianNB(), "picky": Picky(), "small": AutoSoftmaxRegression(max_features=3)}
    found = progressive_validation(rows, models, on_bad="skip")
    out = Console(file=io.StringIO(), width=100, highlight=False)
    print_comparison(found, out)
    lines = out.file.getvalue().splitlines()

    assert found["picky"].n_bad > 10
    at = lines.index(f"picky: {found['picky'].n_bad:,} bad rows were passed over:")
    assert lines[at + 1] == "  after 4 rows: no more than 3"
    assert f"small: {found['small'].n_evicted:,} features made room for others in the model" in lines
    assert sum("without a model: " in line for line in lines) == 3  # not of the same rows


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--model", "auto"], "compare takes 2 to 10 models, a --model for each, and there is one"),
        (flags(["auto"] * 11), "compare takes 2 to 10 models, a --model for each, and there are 11"),
        (flags(["auto", "Madam"]), "no model is called 'Madam'"),
        (flags(["auto", "river:Madam()"]), "river has no 'Madam'"),
        (
            [*flags(["auto", "auto-linear"]), "--intercept"],
            "--intercept goes with an optimiser such as 'SGD(0.1)', not",
        ),
        (
            [*flags(["river:GaussianNB()"] * 2), "--hash-bits", "9"],
            "--hash-bits goes with a model of ours such as auto",
        ),
        (["--hash-bits", "99"], "Invalid value for '--hash-bits': '99' is not a whole number from 1 to 30"),
        (["--json", "nowhere/run.json"], "cannot write nowhere/run.json: there is no directory nowhere"),
        (["--json", "a.html", "--report", "./a.html"], "is named twice, for json and report"),
        (["--checkpoint", "a"], "No such option: --checkpoint"),
        (["--save", "a"], "No such option: --save"),
        (["--window", "0"], "Invalid value for '--window'"),
        (["--target", "z"], "has no column 'z' to be the target"),
    ],
)
def test_mistake_is_one_line(args, message, fails, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in fails("compare", "phishing", *args)
    assert not [*tmp_path.iterdir()]


def row(n, loss, seconds):
    return Figures(n, 0.5, loss, 0.25, loss / 2, seconds)


@pytest.mark.parametrize(("terminal", "in_place"), [(True, True), (False, False)])
def test_all_figures_so_far_stand_below_in_a_terminal_the_best_first(terminal, in_place, monkeypatch):
    monkeypatch.setattr("online_softmax.reports.terminal.PATIENCE", 0.0)
    out = Console(file=io.StringIO(), width=100, highlight=False, force_terminal=terminal, _environ={"TERM": "xterm"})
    with CompareTable(out, ["slow", "[b]quick[/b]"], window=2000) as table:
        table({"slow": row(1500, 2.0, 9), "[b]quick[/b]": row(1500, 1.0, 9)}, mark=False, fraction=0.5)
        table({"slow": row(2000, 2.5, 9), "[b]quick[/b]": row(2000, 1.5, 9)}, mark=True, fraction=None)
    shown = out.file.getvalue()

    assert table.n_samples == 2000
    assert "     2,000    2.5000        1.5000" in shown
    assert ("last 2,000:" in shown) is in_place
    assert ("━" in shown) is in_place
    if in_place:
        first = shown[shown.index("last 2,000:") :]
        assert first.index("[b]quick[/b]     1.0000") < first.index("slow             2.0000")
        assert first.index("1.0000     50.00%                0.5000     25.00%") > 0


def test_many_models_leave_some_out_of_the_table_that_grows():
    names = [f"model {i}" for i in range(9)]
    out = Console(file=io.StringIO(), width=100, highlight=False)
    with CompareTable(out, names, window=10) as table:
        table({name: row(1000, 1.0, 0) for name in names}, mark=True, fraction=None)
    assert out.file.getvalue().splitlines()[1].endswith("model 5  and 3 more")
