"""A name comes back from JSON as the same type and value; what JSON text cannot keep is refused by name."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from online_softmax.storage import names

NAMES = {
    "text": ("größe", "größe"),
    "a lone surrogate": ("\ud800", {"str": "eda080"}),
    "bytes": (b"a\0", {"bytes": "6100"}),
    "None": (None, None),
    "a flag": (True, True),
    "a large int": (2**70, {"int": hex(2**70)}),
    "a float": (0.1, 0.1),
    "infinity": (-math.inf, {"float": "-inf"}),
    "tuples": (("a", (1, ())), ["a", [1, []]]),
    "NumPy's int": (np.int8(-3), {"np.int8": -3}),
    "NumPy's float": (np.float32(0.1), {"np.float32": float(np.float32(0.1))}),
    "NumPy's text": (np.str_("a"), {"np.str_": "a"}),
    "NumPy's bytes": (np.bytes_(b"a"), {"np.bytes_": {"bytes": "61"}}),
}


@pytest.mark.parametrize(("name", "node"), NAMES.values(), ids=NAMES)
def test_a_name_is_a_node_of_json(name, node):
    assert names.to_json("name", name) == node
    back = names.from_json(json.loads(json.dumps(node)))
    assert (type(back), back) == (type(name), name)


def test_a_list_of_names_is_bytes():
    given = [name for name, _ in NAMES.values()]
    packed = names.to_bytes("feature name", given)
    assert (packed.dtype, packed.ndim) == (np.uint8, 1)
    back = names.from_bytes("feature name", packed)
    assert back == given
    assert list(map(type, back)) == list(map(type, given))
    assert names.from_bytes("label", names.to_bytes("label", [])) == []


def test_names_that_are_equal_are_refused_both_ways():
    with pytest.raises(ValueError, match=r"^a label appears twice$"):
        names.to_bytes("label", [1, 1.0])
    with pytest.raises(ValueError, match=r"^a label appears twice$"):
        names.from_bytes("label", np.frombuffer(b"[1,true]", np.uint8))


def test_what_is_no_list_of_names_is_refused():
    for array in (np.zeros(3), np.zeros((1, 3), np.uint8)):
        with pytest.raises(ValueError, match=r"^the labels must be an array of bytes$"):
            names.from_bytes("label", array)
    with pytest.raises(ValueError, match=r"^the labels must be a list$"):
        names.from_bytes("label", np.frombuffer(b"{}", np.uint8))


@pytest.mark.parametrize("name", [1j, frozenset(), object, ("a", 1j), np.longdouble(1)], ids=repr)
def test_other_types_are_refused(name):
    with pytest.raises(TypeError, match=r"^label .* is a \w+: a model file holds str, int, float, bool, None, bytes, "):
        names.to_json("label", name)
