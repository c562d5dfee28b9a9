"""A source distribution and a wheel hold what they should, and say of themselves what an index can show."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from importlib.machinery import EXTENSION_SUFFIXES

import pytest

from online_softmax.cli.version import PARTS
from proofs.copies import FILES, FOLDERS, PAGES
from release import ROOT, contents, licences, platforms, version

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both of a copy of the tree, with what is compiled in it, so that nothing has to be compiled again."""
    copy = tmp_path_factory.mktemp("release")
    for part in (*FOLDERS, *FILES, *PAGES):
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, copy)
    for source in (copy / "online_softmax").rglob("*.pyx"):
        module = source.with_suffix(EXTENSION_SUFFIXES[0])
        made = copy / "made" / module.relative_to(copy)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(module.read_bytes())
    (copy / "setup.cfg").write_text("[build]\nbuild_lib = made\n")
    steps = ["sdist", "--dist-dir", "dist", "build_py", "bdist_wheel", "--skip-build", "--dist-dir", "dist"]
    done = subprocess.run([sys.executable, "setup.py", "--quiet", *steps], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    source, wheel = sorted((copy / "dist").iterdir(), key=lambda path: path.suffix)
    return source, wheel


def without(archive, name):
    """Write an archive anew, without one member."""
    shorter = archive.with_name(f"shorter{archive.suffix}")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(shorter, "w") as new:
        for member in old.infolist():
            if member.filename != name:
                new.writestr(member, old.read(member))
    return shorter


@pytest.mark.slow
def test_the_source_distribution_is_the_project(built):
    source, _ = built
    assert contents.differences(source) == []
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "tests/conftest.py", "online_softmax/_kernel/simd.h", "datasets/digits.csv"} <= names
    assert not [name for name in names if name.endswith((".c", ".so", ".pyc"))]


@pytest.mark.slow
def test_the_wheel_has_no_sources_of_what_is_compiled(built):
    _, wheel = built
    assert contents.differences(wheel) == []
    names = contents.held_by_a_wheel(wheel)
    assert {"online_softmax/py.typed", "online_softmax/drawing/page.css", "online_softmax/datasets/digits.csv"} <= names
    assert {
        "dist-info/licenses/LICENSE",
        "online_softmax/_kernel/limits.so",
        "online_softmax/_kernel/limits.pyi",
    } <= names
    assert not [name for name in names if name.endswith((".c", ".h", ".pyx", ".pxd")) or name.startswith("tests")]


@pytest.mark.slow
def test_a_file_that_is_missing_would_be_found(built):
    lacks = without(built[1], "online_softmax/drawing/page.css")
    assert contents.differences(lacks) == ["shorter.whl lacks online_softmax/drawing/page.css"]


@pytest.mark.slow
def test_the_description_leads_nowhere_that_an_index_does_not_have(built):
    with zipfile.ZipFile(built[1]) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("METADATA"))
        told = Parser().parsestr(wheel.read(name).decode())
    text = told.get_payload()
    assert "learned one sample at a time" in text
    assert len(re.findall(r"\]\(https:", text)) >= 1
    assert not re.findall(r"\]\((?!https:)", text)
    assert "![" not in text
    assert told["Version"] == PROJECT["version"]
    assert set(told.get_all("License-File")) == {"LICENSE", "LICENSES.md"}


def test_every_bundled_stream_and_every_dependency_has_its_licence():
    page = (ROOT / "LICENSES.md").read_text()
    for path in (ROOT / "datasets").glob("*.csv"):
        row = next(line for line in page.splitlines() if f"`{path.name}`" in line)
        assert row.split("|")[-2].strip() in PROJECT["license"].split(" AND "), row
    for extra, package in licences.needed():
        assert re.search(rf"^\| {package} \| .*{f'`.{extra}.`' if extra else 'always'}", page, re.MULTILINE), package


def test_version_may_name_every_dependency():
    assert {package for _, package in licences.needed()} <= {*PARTS}


@pytest.mark.parametrize(
    ("heading", "tag", "what"),
    [
        ("1.2.3 (2026-11-27)", "v1.2.3", ""),
        ("1.2.3 (2026-11-27)", "v1.2.4", "the tag is v1.2.4, and pyproject.toml has version 1.2.3"),
        ("1.2.3 (2026-11-27)", "1.2.3", "tag v1.2.3"),
        ("Unreleased", "v1.2.3", "CHANGELOG.md begins with 'Unreleased'"),
        ("1.2.2 (2026-11-20)", "v1.2.3", "begins with '1.2.2"),
    ],
)
def test_tag_version_and_changelog_agree(tmp_path, monkeypatch, heading, tag, what):
    monkeypatch.setattr(version, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## {heading}\n\n- New.\n\n## 1.2.2 (2026-11-20)\n")
    found = version.disagreement(tag)
    assert what in found
    assert bool(found) == bool(what)


def test_the_platforms_of_the_page_are_those_that_were_tried():
    page = (ROOT / "docs" / "platforms.md").read_text()
    for platform in platforms.PLATFORMS:
        assert f"| {platform.name} |" in page


def test_workflows_pin_their_actions_and_ask_for_little():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text()
        assert re.search(r"^permissions: \{\}$", text, re.MULTILINE), path.name
        for used in re.findall(r"uses: (.*)", text):
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used
        for job in re.split(r"^  (?=[a-z]+:\n)", text.partition("\njobs:\n")[2], flags=re.MULTILINE):
            assert "write" not in job or "environment: release" in job, (path.name, job)
