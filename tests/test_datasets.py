"""The bundled streams are what their README says, and the script makes them again, byte by byte."""

from __future__ import annotations

import csv
import hashlib

import pytest
from online_softmax.datasets import BUNDLED, make, path


@pytest.fixture(params=BUNDLED)
def stream(request):
    return BUNDLED[request.param]


def test_sha256_is_the_readmes(stream):
    readme = path(stream.name).with_name("README.md").read_text()
    row = next(line for line in readme.splitlines() if line.startswith(f"| `{stream.file}` |"))

    assert row.endswith(f"| `{hashlib.sha256(path(stream.name).read_bytes()).hexdigest()}` |")
    assert f"| {stream.n_rows:,} | {stream.n_features} | {stream.n_classes} | `{stream.target}` |" in row


def test_counts_are_as_stated(stream):
    with path(stream.name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    labels = {row.pop(stream.target) for row in rows}

    assert (len(rows), len(rows[0]), len(labels)) == (stream.n_rows, stream.n_features, stream.n_classes)
    assert all(float(value) == float(value) for row in rows for value in row.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["image_segments", "phishing", "led_drift", "rbf_drift"])
def test_made_again_is_the_same_file(name, tmp_path):
    assert make.write(name, tmp_path).read_bytes() == path(name).read_bytes()


def test_digits_made_again_are_the_same_file(tmp_path):
    pytest.importorskip("sklearn")

    assert make.write("digits", tmp_path).read_bytes() == path("digits").read_bytes()


def test_all_together_are_small():
    assert sum(path(name).stat().st_size for name in BUNDLED) < 4_000_000


def test_unknown_name_is_one_sentence_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no bundled stream is called 'iris'; there are image_segments, phishing, "):
        path("iris")
