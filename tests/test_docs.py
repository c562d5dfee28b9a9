"""The pages: short where they must be, with links that lead somewhere and constants that are those of the kernel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KERNEL = ROOT / "online_softmax" / "_kernel"
PAGES = [*sorted(ROOT.glob("*.md")), KERNEL / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
# Codes, places and layouts, no constants of a formula.
STRUCTURE = {
    "NO_MEMORY",
    "GROVE_EXPERTS",
    "STEPS",
    "BAYES",
    "CALIBRATED",
    "PAIR",
    "LINEAR_AT",
    "HAT_ROWS",
    "FEATURE_DOUBLES",
    "GAUSSIAN_DOUBLES",
    "GAUSSIAN_LD",
}


def prose(page):
    """Give a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """Give the anchors of a page's headings, as GitHub makes them."""
    for heading in re.findall(r"^#+ (.*)$", prose(page), flags=re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def targets(page):
    return re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose(page)))


@EACH_PAGE
def test_links_lead_somewhere(page):
    for target in targets(page):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        place, _, heading = target.partition("#")
        path = (page.parent / place).resolve() if place else page
        assert path.exists(), target
        assert not heading or heading in set(anchors(path)), target


@EACH_PAGE
def test_files_that_are_named_exist(page):
    """A file in backquotes is there, from the root, or somewhere in the package."""
    for name in re.findall(r"`([\w/.*-]+\.(?:h|pyx|pxd|py|md))`", prose(page)):
        assert list(ROOT.glob(name)) or list((ROOT / "online_softmax").rglob(name)), name


def test_every_page_is_linked_from_that_of_its_section():
    for page in {*(ROOT / "docs").rglob("*.md")} - {ROOT / "docs" / "index.md"}:
        section = page.parent.parent if page.name == "index.md" else page.parent
        near = [one for one in section.glob("*.md") if one != page]
        assert any((one.parent / place).resolve() == page for one in near for place in targets(one)), page


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 200


@EACH_PAGE
def test_pictures_are_there_and_small(page):
    for path in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", prose(page)):
        assert 1000 < (page.parent / path).stat().st_size < 150_000, path


# ---- the constants of docs/auto.md ----


def constants():
    """Give the table's rows: name, value, file."""
    table = (ROOT / "docs" / "auto.md").read_text().partition("## The constants")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \| ([^|]+?) \| `([^`]+)` \|", table, flags=re.MULTILINE)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def headers():
    """Give each header's code without its comments, by name."""
    return {path.name: re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL) for path in KERNEL.rglob("*.h")}


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d*\.?\d+(?:e-?\d+)?", text)]


def defined(code):
    """Give the named constants of a header: macros, members of enums and tables."""
    found = dict(re.findall(r"^#define (\w+)(?:\(\w+\))? +([\d.(-].*?) *$", code, flags=re.MULTILINE))
    for body in re.findall(r"enum \{(.*?)\}", code, flags=re.DOTALL):
        found |= dict(re.findall(r"(\w+) = ([\w.]+)(?=\s*(?:,|$))", body))
    for declared in re.findall(r"static const double (.*?);", code, flags=re.DOTALL):
        found |= dict(re.findall(r"(\w+)(?:\[[^\]]*\])? = (\{[^}]*\}|[\d.e-]+)", declared))
    return {name: value for name, value in found.items() if name.isupper()}


@pytest.mark.parametrize(("name", "value", "file"), constants())
def test_a_constant_is_the_kernels(name, value, file):
    code = headers()[file]
    if re.fullmatch(r"\w+", name):
        is_ = defined(code)[name]
        assert numbers(value) == numbers(is_), is_
        assert numbers(value) or value == is_
    else:
        assert squeezed(name) in squeezed(code)
        assert not numbers(name) or set(numbers(value)) <= set(numbers(name))


def test_the_table_has_every_constant_of_the_bank():
    told = {(name, file) for name, _, file in constants()}
    for path in (KERNEL / "bank").glob("*.h"):
        code = headers()[path.name]
        assert {name for name in defined(code) if (name, path.name) not in told} <= STRUCTURE
