"""Labels that come as text: numbers where each survives the way to a number and back."""

from __future__ import annotations

import random

import pytest

from online_softmax.streams.labels import kind_of, label_of, together


@pytest.mark.parametrize(
    ("texts", "kind", "labels"),
    [
        (["1", "2", "-3"], "int", [1, 2, -3]),
        (["1", "2.5"], "float", [1.0, 2.5]),
        (["10000000000000000001", "10000000000000000002"], "int", [10**19 + 1, 10**19 + 2]),
        (["True", "False"], "bool", [True, False]),
        (["true"], "bool", [True]),
        (["550e8400", "5501e840"], "text", None),
        (["07", "7"], "text", None),
        (["1E1", "10"], "text", None),
        (["1", "1.0"], "text", None),
        (["1.50", "2"], "text", None),
        (["+1", "1"], "text", None),
        (["-0", "0"], "text", None),
        (["1_000"], "text", None),
        (["True", "true"], "text", None),
        (["True", "1"], "text", None),
        (["1", "unknown"], "text", None),
        (["9" * 21], "text", None),
        (["1e999"], "text", None),
        (["9007199254740993", "1.5"], "text", None),
    ],
)
def test_labels_are_numbers_if_each_survives(texts, kind, labels):
    assert kind_of(texts) == kind
    assert [label_of(text, kind) for text in texts] == (labels or texts)


def test_no_two_texts_become_one_label():
    draw = random.Random(1)
    for _ in range(3000):
        texts = {"".join(draw.choices("0123456789.eE+-", k=draw.randrange(1, 5))) for _ in range(draw.randrange(1, 4))}
        kind = kind_of(texts)
        labels = [label_of(text, kind) for text in texts]
        assert len(set(labels)) == len(texts)
        assert all(str(label) == text or float(text) == label for label, text in zip(labels, texts, strict=True))


def test_the_type_that_is_asked_for_decides():
    assert kind_of(["1", "2"], "text") == "text"
    assert kind_of(["07", "7"], "number") == "int"
    assert label_of("07", "int", "number") == 7
    assert label_of("1E1", kind_of(["1E1", "10"], "number"), "number") == 10
    for text in ("u", "inf", "1_0"):
        with pytest.raises(ValueError, match=f"^'{text}' is no label like the others, which are numbers$"):
            label_of(text, "float", "number")


@pytest.mark.parametrize(("text", "kind"), [("07", "int"), ("2.5", "int"), ("u", "float"), ("1", "bool")])
def test_a_label_that_does_not_fit_is_named(text, kind):
    with pytest.raises(ValueError, match=f"^'{text}' is no label like the others, which are"):
        label_of(text, kind)


def test_labels_of_many_parts_are_text_if_any_part_needs_it():
    assert together(["int", "int"]) == "int"
    assert together(["int", "float"]) == "float"
    assert together(["int", "text"]) == together(["bool", "int"]) == "text"


def test_a_label_is_written_in_one_way():
    spelled = {}
    assert [label_of(text, "float", spelled=spelled) for text in ("1", "2.5", "1")] == [1, 2.5, 1]
    with pytest.raises(ValueError, match=r"^'1\.0' is another text than '1' before it, and the same label$"):
        label_of("1.0", "float", spelled=spelled)
    with pytest.raises(ValueError, match=r"^'10000000000000000001' is no label like the others, which are numbers$"):
        label_of("10000000000000000001", "float", spelled=spelled)
    assert label_of("1.0", "float", "number", spelled) == 1
