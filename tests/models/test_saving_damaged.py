"""A model file that is damaged, cut short or no model file at all is refused."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from river import optim
from safetensors.numpy import save as contained

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression
from online_softmax.models.saving import ModelFileError, load, to_bytes
from online_softmax.storage.container import KEY

ROOT = Path(__file__).parents[2]


def trained(model):
    for i in range(40):
        model.learn_one({name: math.sin(i * (j + 1)) for j, name in enumerate("abcde")}, i * i % 7 % 3)
    return model


def opened(data):
    return load(io.BytesIO(data))


FILES = {
    "Adam": to_bytes(trained(SoftmaxRegression(optim.Adam(), intercept=True))),
    "bank": to_bytes(trained(AutoSoftmaxRegression(window=20))),
}


def test_a_wrong_checksum_is_refused(tmp_path):
    path = tmp_path / "model"
    for at in range(0, len(FILES["Adam"]), 37):
        data = bytearray(FILES["Adam"])
        data[at] ^= 4
        path.write_bytes(data)
        with pytest.raises(ModelFileError, match=f"cannot load {path}: ") as refusal:
            load(path)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 100, 1000, -100, -1])
def test_a_file_cut_short_is_refused(n):
    with pytest.raises(ModelFileError, match="it is not a whole safetensors file"):
        opened(FILES["bank"][:n])


def test_other_safetensors_files_are_refused():
    for file in (contained({}), contained({"B": np.zeros(3)}), contained({}, {KEY: "5"}), contained({}, {"a": "b"})):
        with pytest.raises(ModelFileError, match="online-softmax did not write it"):
            opened(file)
    for text in ("", "{", "[" * 10**5):
        with pytest.raises(ModelFileError):
            opened(contained({}, {KEY: text}))


@pytest.mark.slow
def test_thousands_of_mutated_files_give_an_equal_model_or_the_error():
    ran = subprocess.run(
        [sys.executable, "-m", "proofs.mutate_model_files", "--files", "6000"], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    done = json.loads(ran.stdout)
    assert done["damage, refused"] + done.get("damage, equal", 0) == 3000
    assert done["forgery, refused"] > 1000 < done["forgery, another model"] + 2000
