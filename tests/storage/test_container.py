"""A container gives back its arrays and its text, or says in one sentence what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from online_softmax.storage import container
from online_softmax.storage.container import KEY

KINDS = {1: {"format": int, "what": str}, 2: {"format": int, "what": str, "more": dict | None}}
ABOUT = {"format": 2, "what": "a test", "more": None}
ARRAYS = {"counts": np.arange(6).reshape(2, 3), "empty": np.zeros((0, 4)), "text": np.frombuffer(b"abc", np.uint8)}
FILE = container.to_bytes(ABOUT, ARRAYS)


def refuses(data, message, key=KEY):
    with pytest.raises(ValueError, match=message) as refusal:
        container.from_bytes(data, KINDS, key)
    assert "\n" not in str(refusal.value)


def test_parts_come_back():
    about, arrays = container.from_bytes(FILE, KINDS)
    assert len(about.pop("checksum")) == 64
    assert about == ABOUT
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(array, ARRAYS[name])
    assert container.to_bytes(about, arrays) == FILE


@pytest.mark.parametrize("part", [np.s_[1::2], np.s_[:, :2], np.s_[::-1], np.s_[:, 1], np.s_[:0], np.s_[2, 1]])
def test_parts_of_arrays_come_back(part):
    array = np.asarray(np.arange(24.0).reshape(6, 4)[part])
    (found,) = container.from_bytes(container.to_bytes(ABOUT, {"a": array}), KINDS)[1].values()
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


def test_formats_have_their_own_text():
    old = {"format": 1, "what": "a test"}
    assert container.from_bytes(container.to_bytes(old, {}), KINDS)[0].items() >= old.items()
    for wrong in ({**old, "more": None}, {"format": 1}, {**old, "what": 5}, {**old, "format": 0}, {**ABOUT, "more": 5}):
        refuses(container.to_bytes(wrong, {}), "^its metadata is incomplete$")
    later = {**old, "format": 3, "version": "9.9"}
    refuses(container.to_bytes(later, {}), r"^it is of format 3, by version 9\.9: this one reads up to 2$")


def test_a_format_that_is_read_no_more_is_named():
    old = container.to_bytes({"format": 1, "what": "a test", "version": "0.1"}, {})
    with pytest.raises(ValueError, match=r"^it is of format 1, by version 0\.1: this one reads from 2 on$"):
        container.from_bytes(old, {2: KINDS[2]})


def test_files_of_another_kind_are_refused():
    other = container.to_bytes(ABOUT, {}, f"{KEY}-checkpoint")
    refuses(other, "^it is another file of online-softmax, no model$")
    refuses(FILE, "^it is another file of online-softmax, no checkpoint$|did not write it", f"{KEY}-checkpoint")
    refuses(container.to_bytes(ABOUT, {}, "another"), "^online-softmax did not write it$")


def test_any_change_of_a_byte_is_found():
    for at in range(len(FILE)):
        damaged = bytearray(FILE)
        damaged[at] ^= 1
        with pytest.raises(ValueError, match=r".+"):
            container.from_bytes(bytes(damaged), KINDS)


@pytest.mark.parametrize("n", [0, 7, 8, 100, -1])
def test_a_file_that_is_cut_is_refused(n):
    refuses(FILE[:n], "^it is not a whole safetensors file ")


def test_nan_is_no_text():
    with pytest.raises(ValueError, match="not JSON compliant"):
        container.to_bytes({**ABOUT, "more": {"a": float("nan")}}, {})
