"""Short forms of the proofs in proofs, and what they have found in files."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.feather
import pytest

from benchmarks.common.results import read
from online_softmax import SoftmaxRegression
from online_softmax.streams import open_stream
from proofs import RESULTS, ROOT, batches, fuzz_calls, run, table
from proofs.count_references import left_by


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


SHORT = {
    "fuzz_calls": ["--calls", "2000"],
    "mutate_streams": ["--files", "1000"],
    "failing_writes": ["--saves", "40"],
    "soak": ["--samples", "1000000"],
    "count_references": ["--calls", "10000", "--seconds", "0.05"],
    "large_numbers": ["--samples", "50000", "--classes", "500", "--large", "300"],
}


@pytest.mark.slow
@pytest.mark.parametrize("proof", SHORT)
def test_short_form_of(proof):
    done = subprocess.run(
        [sys.executable, "-m", f"proofs.{proof}", *SHORT[proof]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert max(n for n in json.loads(done.stdout.splitlines()[-1]).values() if isinstance(n, int)) > 100


@pytest.mark.parametrize(
    ("deed", "message"),
    [
        (lambda: 1 / 0, "(?s)trial 13 failed.*ZeroDivisionError"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "trial 13 ended its process with status -9"),
        (lambda: time.sleep(60), "trial 13 hangs"),
    ],
)
def test_a_trial_that_fails_crashes_or_hangs_is_named(deed, message):
    def trial(number, counts):
        counts["done"] += 1
        if number == 13:
            deed()

    with pytest.raises(batches.TrialError, match=message):
        batches.run(trial, range(20), 7, patience=0.3)
    assert batches.run(trial, range(13), 7) == {"done": 13}


def kept(path):
    """Give the lines that are kept, by proof."""
    return {line["proof"]: line for line in read(path)}


def test_a_proof_that_fails_keeps_no_line(monkeypatch, tmp_path, capsys):
    results, package = tmp_path / "results.jsonl", tmp_path / "proofs"
    monkeypatch.setattr(run, "RESULTS", results)
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "PROOFS", {"good": ("3",), "bad": ()})
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "good.py").write_text("import sys\nprint('so far')\nprint('{\"done\": ' + sys.argv[1] + '}')\n")
    (package / "bad.py").write_text("print('{\"done\": 5}')\nraise SystemExit('no')\n")
    assert [run.proven("good"), run.proven("bad"), run.proven("good")] == [True, False, True]
    assert {proof: line["counts"] for proof, line in kept(results).items()} == {"good": {"done": 3}}
    assert "no" in capsys.readouterr().err


def test_every_proof_has_a_row_and_the_table_is_told():
    scripts = {script.stem for script in ROOT.glob("proofs/*.py") if '"--seed"' in script.read_text()}
    assert set(run.PROOFS) == set(table.PROOFS) >= scripts
    told = "".join(page.read_text() for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
    for line in kept(RESULTS).values():
        assert f"| {' | '.join(table.row(line))} |" in told


@pytest.mark.slow
def test_a_leak_is_counted():
    """A round of 1,000 calls leaves 1,000; the rest of the process may free some things of its own meanwhile."""
    kept, name = [], object()
    assert left_by(lambda: kept.append(name), 4000, [name]) >= 900
    assert left_by(lambda: kept.append([]), 4000, [name]) >= 900
    assert left_by(lambda: [name], 4000, [name]) < 50


def test_a_refused_call_that_leaves_a_trace_is_found():
    trial = fuzz_calls.Trial("0")
    trial.model = model = SoftmaxRegression()
    trial.state = trial.fingerprint()
    trial.call(trial.learn_one, mood=0.0)
    assert trial.counts == {"learn_one, answered": 1}

    def half_done(*sample):
        SoftmaxRegression.learn_one(model, {"trace": 1.0}, "y")
        raise ValueError("refused")

    model.learn_one = half_done
    with pytest.raises(AssertionError, match="taught nothing changed the model"):
        trial.call(trial.learn_one, mood=0.0)
