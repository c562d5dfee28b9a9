"""Pages as text: their size, their policy, what they hold of a document, and how they are written."""

from __future__ import annotations

import json
import re
import sys

import pytest

from online_softmax.drawing import html_page, page, page_json, write_page


def held(html):
    """Give the document in a page."""
    return json.loads(re.search(r'<script type="application/json" id="document">(.*?)</script>', html, re.DOTALL)[1])


def test_a_page_is_at_most_two_megabytes_and_names_no_other_place(document):
    html = html_page(document)
    assert len(html.encode()) <= 2_000_000
    own = html.replace(page._vega(), "")
    assert not re.search(r"<(link|script|img|iframe)[^>]+(src|href)=.(?!data:)", own)
    assert re.findall(r"https?://", own) == re.findall(r"https?://", "http://") * own.count(
        "http://www.w3.org/2000/svg"
    )
    assert "unsafe" not in re.search(r'Content-Security-Policy" content="([^"]*)"', own)[1]


def test_only_the_live_page_may_connect(documents):
    policy = r'Content-Security-Policy" content="([^"]*)"'
    document = documents["single_run"]()
    still, live = (re.search(policy, html_page(document, is_live=is_live))[1] for is_live in (False, True))
    assert "connect-src" not in still
    assert live == f"{still}; connect-src 'self'"
    assert still.startswith("default-src 'none'; script-src 'sha256-")


def test_texts_of_a_document_end_no_element(documents):
    html = html_page(documents["hostile"]())
    assert html.count("<script") == html.count("</script>") == 3
    assert "<img" not in html.replace(page._vega(), "")
    assert "\u2028" not in html
    assert len(re.findall("window.hurt", html)) > 10


def test_a_run_is_held_as_it_is(documents):
    document = documents["single_run"]()
    (run,) = held(html_page(document))["runs"]
    result = document["runs"]["auto"]
    for name in (
        "windows",
        "fading",
        "experts",
        "reliability",
        "confusion",
        "rows",
        "drifts",
        "log_loss",
        "river",
        "bad",
    ):
        assert run[name] == result[name], name
    assert run["thinned"] == 1
    assert [one["label"] for one in run["classes"]] == [one["label"] for one in result["classes"]]
    assert [one["f1_now"] for one in run["classes"]] == [one["f1"] for one in result["fading_classes"]]
    assert not {"window_classes", "fading_classes", "fading_reliability"} & run.keys()


@pytest.mark.parametrize("n", [7, 1000])
def test_each_class_has_its_own_f1_of_now(documents, n):
    document = documents["single_run" if n == 7 else "thousand_classes"]()
    (result, *_) = document["runs"].values()
    result["fading_classes"][2]["f1"] = None  # it has not come for long
    now = {one["label"]: one["f1"] for one in result["fading_classes"]}
    kept = held(html_page(document))["runs"][0]["classes"]
    assert kept
    assert all(one["f1_now"] == now[one["label"]] for one in kept)


def test_without_scores_of_now_the_classes_have_none(documents):
    (run,) = held(html_page(documents["many_classes"]()))["runs"]
    assert len(run["classes"]) == 1000
    assert all(one.keys() == {"label", "precision", "recall", "f1", "support"} for one in run["classes"])


def test_what_does_not_fit_is_thinned_and_keeps_the_last_point(documents):
    document = documents["thousand_classes"]()
    runs = held(html_page(document))["runs"]
    assert len(runs) == 10
    for run, result in zip(runs, document["runs"].values(), strict=True):
        assert run["thinned"] > 1
        assert 50 < len(run["fading"]["n_samples"]) < 400
        assert {name: column[-1] for name, column in run["fading"].items()} == {
            name: column[-1] for name, column in result["fading"].items()
        }
        assert run["n_classes"] == 1000
        least = min(one["support"] for one in run["classes"])
        assert sum(one["support"] > least for one in result["classes"]) < len(run["classes"])
        assert run["confusion"] is None
        matrix = result["confusion"]
        most = max(n for i, line in enumerate(matrix) for j, n in enumerate(line) if i != j)
        assert run["confusions"][0]["n"] == most


def test_what_fits_no_page_is_refused(documents, monkeypatch):
    monkeypatch.setattr(page, "LARGEST", 1_000_000)
    document = documents["single_run"]()
    document["runs"] = {f"model {i}": document["runs"]["auto"] for i in range(200)}
    with pytest.raises(ValueError, match=r"the document takes [\d,]+ bytes .* draw fewer runs"):
        html_page(document)


def test_numbers_that_javascript_cannot_hold_are_texts():
    conditions = {
        "seed": 2**53 + 1,
        "huge": 10**100_000,
        "rate": float("inf"),
        "small": 2**53,
        "none": None,
        "set": {1},
    }
    shown = dict(json.loads(page_json({"conditions": conditions, "runs": {}, "comparison": None}))["conditions"])
    assert shown["seed"] == "9007199254740993"
    assert shown["huge"].startswith(hex(10**100_000)[:500] + "…")
    assert (shown["rate"], shown["small"], shown["none"], shown["set"]) == ("inf", 2**53, None, "{1}")


def test_a_page_is_written_whole_or_not_at_all(documents, tmp_path):
    document = documents["single_run"]()
    write_page(document, tmp_path / "run.html")
    assert (tmp_path / "run.html").read_text() == html_page(document)
    with pytest.raises(OSError, match=r"the page cannot be written \(no such file or directory\): give another path"):
        write_page(document, tmp_path / "nowhere" / "run.html")
    with pytest.raises(OSError, match="the page cannot be written"):
        write_page(document, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.html"]


def test_without_vega_it_says_what_to_install(documents, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    page._vega.cache_clear(), page._frame.cache_clear()
    with pytest.raises(ImportError, match=r"pip install 'online-softmax\[report\]'"):
        html_page(documents["single_run"]())
