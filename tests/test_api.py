"""The public names and their signatures are those of tests/golden/api.txt."""

from __future__ import annotations

from difflib import unified_diff

from tests.golden.api import API, listing


def test_the_public_names_and_signatures_are_those_that_are_kept():
    kept, found = API.read_text(), listing()
    changes = "\n".join(
        unified_diff(kept.splitlines(), found.splitlines(), "tests/golden/api.txt", "now", n=0, lineterm="")
    )
    assert kept == found, f"what users call has changed; if it is meant, `make api` accepts it:\n{changes}"


def test_compiled_methods_and_inherited_ones_are_listed():
    model = listing().partition("class SoftmaxRegression(")[2].partition("\nclass")[0]
    assert "\n    learn_one(x, y, w=1.0)\n" in model  # compiled
    assert "\n    forget_class(label: Hashable) -> None\n" in model  # of a class that is not listed itself
    assert "\n    classes\n" in model  # a compiled property
