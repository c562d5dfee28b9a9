"""What a notebook shows of a result and of a comparison: small, static, escaped, in the notebook's colours."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.drawing.notebook import comparison_cell, result_cell

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b", "two\nlines", "", "x" * 1_000_000]
VOID = {"circle", "path"}


def a_result(n_points=300, labels=("spam", "eggs", "ham"), drifts=1):
    rows = [1000 * (i + 1) for i in range(n_points)]
    c = len(labels)
    return {
        "n_samples": rows[-1],
        "accuracy": 0.9512,
        "log_loss": 0.1277,
        "macro_f1": 0.9,
        "balanced_accuracy": None,
        "kappa": 0.8,
        "ece": 0.0123,
        "roc_auc": None,
        "no_change_accuracy": 0.25,
        "majority_accuracy": 0.125,
        "verdict": None,
        "hint": None,
        "seconds": 1.5,
        "microseconds_per_row": 7.25,
        "classes": [{"label": label, "precision": 1, "recall": 1, "f1": 1, "support": 9} for label in labels],
        "confusions": [
            {"label": labels[i], "predicted": labels[j], "n": i * c + j, "support": 113}
            for i in reversed(range(min(c, 20)))
            for j in range(min(c, 20))
            if i != j
        ],
        "fading": {"n_samples": rows, "log_loss": [1 / (1 + i / 10) for i in range(n_points)]},
        "drifts": [
            {"row": 1000 * i + 500, "found": 1000 * i + 600, "before": 0.25, "after": (0.5, 0.125)[i % 2]}
            for i in range(drifts)
        ],
    }


def a_comparison(names=("auto", "SGD(0.1)", "vw")):
    models = {
        name: {
            "log_loss": 0.1 + 0.1 * i,
            "accuracy": 0.9 - 0.1 * i,
            "loss_difference": 0.1 * i,
            "low": 0.1 * i - 0.05 if i else None,
            "high": 0.1 * i + 0.05 if i else None,
            "is_noise": None if i == 0 else i == 2,
            "microseconds_per_row": 7.25,
        }
        for i, name in enumerate(names)
    }
    comparison = {"best": names[0], "n_common": 300_000, "n_blocks": 50, "models": models}
    return {"conditions": {}, "runs": {name: a_result() for name in names}, "comparison": comparison}


class Read(HTMLParser):
    """The tags and the text of a piece of HTML, which must be closed in their order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_a_result_shows_its_figures():
    text = Read(result_cell(a_result())).text
    for shown in ("300,000 rows", "95.12%", "0.1277", "1.5 s, 7.2 µs a row", "the last label again 25.00%", "12.50%"):
        assert shown in text
    assert "balanced accuracy" not in text
    assert "rose from 0.250 to 0.500 at row 500" in text
    assert "most often confused: ham as spam (6 of 113), ham as eggs (7 of 113)" in text


def test_a_verdict_and_a_hint_are_shown():
    text = Read(result_cell(a_result() | {"verdict": "the last label wins", "hint": "a regression?"})).text
    assert "the last label wins" in text
    assert "a regression?" in text


def test_the_line_is_the_log_loss():
    html = result_cell(a_result(n_points=2))
    assert 'aria-label="log loss of recent rows, 1.0000 at first and 0.9091 at the end"' in html
    path = re.search(r'<path d="(M[^"]*L[^"]*)"', html)[1]
    (x0, y0), (x1, y1) = ([float(number) for number in point.split(",")] for point in path[1:].split("L"))
    assert (y0, x1) == (3, 557)
    assert x0 == pytest.approx(x1 / 2, abs=2)
    assert (64 - 3 - y1) / (64 - 3 - y0) == pytest.approx(1 / 1.1, abs=0.01)


@pytest.mark.parametrize("n_points", [1, 2, 10, 93, 1000])
@pytest.mark.parametrize("drifts", [0, 1, 1000])
def test_a_result_is_small(n_points, drifts):
    html = result_cell(a_result(n_points, drifts=drifts))
    Read(html)
    assert len(html) < 20_000
    assert ("times more" in html) is (drifts > 6)


def test_many_classes_and_long_labels_are_small():
    for labels in (range(10_000), [f"{i}" * 1000 for i in range(500)]):
        html = result_cell(a_result(labels=labels))
        Read(html)
        assert len(html) < 20_000


def test_figures_that_are_missing_are_left_out():
    bare = a_result() | {"log_loss": None, "drifts": [], "confusions": [], "no_change_accuracy": None}
    bare["fading"] = bare["fading"] | {"log_loss": [None] * 300}
    html = result_cell(bare)
    assert "svg" not in Read(html).tags
    assert "log loss" not in html
    gaps = a_result()
    gaps["fading"]["log_loss"][1:-1] = [None, 0.5] * 149
    assert "svg" in Read(result_cell(gaps)).tags
    empty = a_result() | {"n_samples": 0, "fading": {"n_samples": [], "log_loss": []}, "drifts": []}
    assert "0 rows" in Read(result_cell(empty)).text


def test_hostile_labels_are_text():
    html = result_cell(a_result(labels=HOSTILE) | {"verdict": HOSTILE[1], "hint": HOSTILE[0]})
    read = Read(html)
    assert not {"script", "img", "style", "link"} & set(read.tags)
    assert "<script>alert(1)</script>" in read.text
    assert r"'two\nlines'" in read.text
    assert len(html) < 20_000


def test_nothing_is_fetched_and_no_colour_is_given_to_text():
    for html in (result_cell(a_result()), comparison_cell(a_comparison())):
        assert "http" not in html
        assert "url(" not in html
        assert not re.search(r"(?<![-\w])color:(?!inherit)|background", html)


def test_a_comparison_has_a_line_for_each_model_the_best_first():
    html = comparison_cell(a_comparison())
    text = Read(html).text
    assert re.search(r"auto.*SGD\(0\.1\).*vw", text, flags=re.DOTALL)
    assert "+0.1000 (+0.0500 to +0.1500)" in text
    assert "+0.2000 (+0.1500 to +0.2500), may be noise" in text
    assert html.count("<svg") == 3
    assert "300,000 rows that all could score, in 50 blocks" in text


def test_a_comparison_of_ten_is_small_and_escaped():
    names = [*HOSTILE, *(f"model {i}" for i in range(4))]
    document = a_comparison(names)
    document["comparison"]["models"]["a & b"] |= {"log_loss": None, "loss_difference": None}
    html = comparison_cell(document)
    read = Read(html)
    assert len(html) < 20_000
    assert not {"script", "img"} & set(read.tags)
    assert read.text.index("model 3") < read.text.index("a & b")  # what has no log loss comes last


def test_models_without_probabilities_stand_by_their_errors():
    document = a_comparison()
    for i, model in enumerate(document["comparison"]["models"].values()):
        model |= {"log_loss": None, "loss_difference": 0.2 - 0.1 * i}
    document["comparison"]["best"] = "vw"
    text = Read(comparison_cell(document)).text
    assert "errors above the best" in text
    assert re.search(r"vw.*SGD\(0\.1\).*auto", text, flags=re.DOTALL)


def test_a_result_and_a_comparison_show_themselves():
    models = {"auto": AutoSoftmaxRegression(), "SGD": SoftmaxRegression()}
    comparison = progressive_validation("phishing", models, window=100)
    result = comparison["auto"]
    assert result._repr_html_() == result_cell(result.to_dict())
    assert comparison._repr_html_() == comparison_cell(comparison.document())
    assert f"{result.log_loss:.4f}" in Read(result._repr_html_()).text
    assert f"{comparison.standings['SGD'].difference:+.4f}" in Read(comparison._repr_html_()).text
