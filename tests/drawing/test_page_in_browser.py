"""Pages in a real browser: what they draw, that they log no error and fetch nothing, and that keys are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from online_softmax.drawing import write_page
from tests.browser import Browser, Tab, chromium

pytestmark = pytest.mark.slow

FIGURES = "loss", "metric", "experts"
FOCUSABLE = "a[href], button, input, select, [tabindex='0']"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture
def opened(browser: Browser, documents: dict[str, Callable[[], Any]], tmp_path: Path) -> Iterator[Callable[..., Tab]]:
    """Give the function that opens the page of a document."""
    tabs = []

    def opened(name: str, **size: int) -> Tab:
        path = tmp_path / f"{name}.html"
        write_page(documents[name](), path)
        tabs.append(browser.open(path.as_uri(), **size))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.close()


def paths(tab: Tab, figure: str) -> list[str]:
    """Give the lines and areas that a figure draws."""
    marks = f"#{figure} .plot svg .mark-line path, #{figure} .plot svg .mark-area path"
    return tab.run(f"[...document.querySelectorAll({marks!r})].map((path) => path.getAttribute('d') ?? '')")


def test_every_document_is_drawn_and_nothing_is_logged_or_fetched(browser, document, tmp_path):
    write_page(document, tmp_path / "run.html")
    tab = browser.open((tmp_path / "run.html").as_uri())
    assert tab.errors() == []
    assert tab.requests() == [(tmp_path / "run.html").as_uri()]
    assert tab.run("window.hurt") is None
    assert tab.run("document.querySelectorAll('img, iframe, object, script[src]').length") == 0
    if any(result["n_samples"] > 1 for result in document["runs"].values()):
        for figure in FIGURES[: 2 + any(result["experts"] for result in list(document["runs"].values())[:1])]:
            assert sum(len(path) > 500 for path in paths(tab, figure)) >= min(8, len(document["runs"])), figure
    tab.close()


def test_models_without_probabilities_stand_by_their_errors(browser, documents, tmp_path):
    document = documents["three_runs"]()
    for i, model in enumerate(document["comparison"]["models"].values()):
        model |= {"log_loss": None, "loss_difference": 0.1 * i}
    write_page(document, tmp_path / "run.html")
    tab = browser.open((tmp_path / "run.html").as_uri())
    assert tab.errors() == []
    assert tab.run("document.querySelector('#comparison-note').textContent").startswith("auto has the fewest errors.")
    tab.close()


def test_what_nobody_has_counted_is_not_shown(opened):
    tab = opened("rounds")
    assert tab.run("document.querySelector('#confused').textContent") == "Nobody counted what was taken for what."
    for place in ("#matrix", "#confusions", "#classes", "#calibration"):
        assert tab.run(f"document.querySelector({place!r}).checkVisibility()") is False
    assert tab.run("document.querySelector('#loss').checkVisibility()") is True


def test_the_policy_of_the_page_stops_a_script_and_a_request(opened):
    tab = opened("hostile")
    tab.run("document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.hurt = 1'}))")
    assert tab.run("fetch('data:,x').then(() => 'fetched', () => 'refused')") == "refused"
    assert tab.run("window.hurt") is None


def numbers(value: Any) -> set[float]:
    """Give every number of a document."""
    if isinstance(value, dict):
        return set().union(*map(numbers, value.values()))
    if isinstance(value, list):
        return set().union(*map(numbers, value))
    return {float(value)} if isinstance(value, int | float) else set()


@pytest.mark.parametrize("name", ["single_run", "three_runs", "many_classes"])
def test_every_number_is_the_documents(opened, documents, name):
    tab = opened(name)
    document = documents[name]()
    tab.run("document.querySelectorAll('.more:not([hidden])').forEach((button) => button.click())")
    shown = tab.run("[...document.querySelectorAll('data')].map((one) => [one.value, one.textContent, one.title])")
    known = numbers(document) | {float(len(result["classes"])) for result in document["runs"].values()}
    assert len(shown) > 100
    assert {float(value) for value, _, _ in shown} <= known
    for value, text, title in shown:
        assert title.startswith(value)
        read = text.replace(",", "").replace(" kB", "e3").replace(" MB", "e6")
        read = float(read[:-1]) / 100 if read.endswith("%") else float(read)
        assert read == pytest.approx(float(value), rel=0.005, abs=6e-5), text


def test_the_first_screen_answers_the_three_questions(opened):
    tab = opened("single_run")
    found = tab.run("document.getElementById('findings').innerText")
    assert "Still improving" in found
    assert "Row 12,000: the loss rose from 0.3000 to 1.7000." in found
    assert "grass taken for foliage: 431 of" in found
    for part in ("#findings", "#headline", "#loss .plot svg"):
        bottom = tab.run(f"document.querySelector({part!r}).getBoundingClientRect().bottom")
        assert 0 < bottom <= 900, part
    assert (
        tab.run("document.querySelectorAll('#loss .plot svg .mark-rule path, #loss .plot svg .mark-rule line').length")
        >= 2
    )


def test_verdict_and_hint_come_first(opened):
    tab = opened("three_runs")
    notice = tab.run("document.querySelector('.notice').textContent")
    assert notice.startswith("auto: saying the last label again")
    assert notice.endswith("not 90.12%")
    assert "auto" in tab.run("document.getElementById('models').textContent")


def test_a_table_sorts_by_click_and_by_key(opened):
    tab = opened("single_run")
    heading = "document.querySelector('#classes th:last-child button')"
    column = "[...document.querySelectorAll('#classes tbody td:last-child data')].map((one) => Number(one.value))"
    tab.run(f"{heading}.click()")
    assert tab.run(f"{heading}.parentElement.getAttribute('aria-sort')") == "descending"
    assert tab.run(column) == sorted(tab.run(column), reverse=True)
    tab.run(f"{heading}.focus()")
    tab.press("Enter", 13, "\r")
    assert tab.run(f"{heading}.parentElement.getAttribute('aria-sort')") == "ascending"
    assert tab.run(column) == sorted(tab.run(column))
    tab.run("document.querySelectorAll('#classes thead button')[0].click()")
    assert tab.run("document.querySelectorAll('#classes [aria-sort]').length") == 1
    assert tab.run("document.querySelector('#classes tbody th').textContent") == "brick"


def test_the_classes_that_are_bad_lately_come_first(browser, documents, tmp_path):
    document = documents["single_run"]()
    result = document["runs"]["auto"]
    result["fading_classes"][2]["f1"] = None  # it has not come for long
    write_page(document, tmp_path / "run.html")
    tab = browser.open((tmp_path / "run.html").as_uri(), width=360, height=740, mobile=True)
    headings = "[...document.querySelectorAll('#classes thead button')].map((one) => one.textContent)"
    assert tab.run(headings) == ["class", "F1", "F1 now", "precision", "recall", "support"]
    assert "F1 now" in tab.run("document.querySelector('#classes .note').textContent")
    assert tab.run("document.querySelectorAll('#classes th')[2].getBoundingClientRect().right") <= 360
    heading = "document.querySelectorAll('#classes thead button')[2]"
    tab.run(f"{heading}.click(); {heading}.click()")
    found = tab.run("[...document.querySelectorAll('#classes tbody tr')].map((one) => one.textContent)")
    order = sorted((one["f1"], one["label"]) for i, one in enumerate(result["fading_classes"]) if i != 2)
    for (f1, label), text in zip(order, found[:-1], strict=True):
        assert text.startswith(label)
        assert f"{100 * f1:.2f}%" in text
    assert found[-1].startswith("foliage")
    assert "\u2013" in found[-1]
    assert tab.errors() == []
    tab.close()


def test_a_long_table_shows_all_of_it_when_asked(opened):
    tab = opened("many_classes")
    rows = "document.querySelectorAll('#classes tbody tr').length"
    assert tab.run(rows) == 15
    tab.run("document.querySelector('#classes .more').click()")
    assert tab.run(rows) == 1000
    assert "of 10,000" in tab.run("document.getElementById('classes').textContent")
    assert "F1 now" not in tab.run("document.getElementById('classes').textContent")


def test_colours_follow_the_system_and_the_button(opened):
    tab = opened("single_run")
    background = "getComputedStyle(document.body).backgroundColor"
    light = tab.run(background)
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    dark = tab.wait(f"{background} !== {light!r} && {background}")
    stroke = "getComputedStyle(document.querySelector('#loss .plot svg .mark-line path')).stroke"
    dark_stroke = tab.run(stroke)
    for expected in (light, dark, dark):
        tab.run("document.getElementById('theme').click()")
        assert tab.run(background) == expected
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    assert tab.wait(f"{background} === {light!r}")
    assert tab.run(stroke) != dark_stroke


def test_keys_reach_everything(opened):
    tab = opened("three_runs")
    tab.run("document.body.focus()")
    count = (
        f"[...document.querySelectorAll({FOCUSABLE!r})].filter((one) => one.checkVisibility()"
        " && one.tabIndex >= 0 && !one.disabled).length"
    )
    expected, reached = tab.run(count), 0
    tab.run("window.met = new Set()")
    for _ in range(expected + 5):
        tab.press("Tab", 9)
        outline = tab.run(
            "document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle"
        )
        assert outline != "none"
        tab.run("document.activeElement !== document.body && window.met.add(document.activeElement)")
        reached = tab.run("window.met.size")
    assert expected > 60
    assert reached == expected


def test_keys_move_along_a_curve_and_zoom(opened):
    tab = opened("single_run")
    tab.run("document.querySelector('#loss .plot').focus()")
    tab.press("Home", 36)
    assert tab.run("document.querySelector('#loss .at').textContent") == "row 50"
    tab.press("ArrowRight", 39)
    assert tab.run("document.querySelector('#loss .at').textContent") == "row 250"
    for key, span in (
        ("+", ["5000", "15000"]),
        ("+", ["7500", "12500"]),
        ("-", ["5000", "15000"]),
        ("0", ["0", "20000"]),
    ):
        tab.press(key, 0, key)
        assert tab.run("[document.getElementById('from').value, document.getElementById('to').value]") == span


def test_buttons_and_fields_zoom(opened):
    tab = opened("single_run")
    ticks = "[...document.querySelectorAll('#loss .plot svg .role-axis-label text')].map((one) => one.textContent)"

    def shows(inside: str, outside: str) -> None:
        tab.wait(f"{ticks}.includes({inside!r}) && !{ticks}.includes({outside!r})")

    shows("2,000", "none")
    tab.run("document.querySelector('[data-zoom=in]').click()")
    shows("6,000", "2,000")
    tab.run("document.querySelector('[data-zoom=right]').click()")
    shows("18,000", "6,000")
    tab.run("document.getElementById('from').value = 14000")
    tab.run("document.getElementById('from').dispatchEvent(new Event('change'))")
    shows("18,000", "12,000")
    tab.run("document.querySelector('[data-zoom=all]').click()")
    shows("2,000", "none")
    assert tab.errors() == []


def test_the_mouse_reads_and_zooms(opened):
    tab = opened("single_run")
    box = tab.box("#loss .plot svg")
    middle = box["y"] + box["height"] / 2
    tab.mouse("mouseMoved", box["x"] + box["width"] / 2, middle)
    assert tab.wait("document.querySelector('#loss .at').textContent").startswith("row ")
    tab.mouse("mousePressed", box["x"] + box["width"] * 0.3, middle)
    tab.mouse("mouseMoved", box["x"] + box["width"] * 0.5, middle)
    tab.mouse("mouseReleased", box["x"] + box["width"] * 0.6, middle)
    tab.wait("Number(document.getElementById('from').value) > 3000")
    assert 9000 < float(tab.run("document.getElementById('to').value")) < 15000
    for clicks in (1, 2):
        tab.mouse("mousePressed", box["x"] + 300, middle, clicks)
        tab.mouse("mouseReleased", box["x"] + 300, middle, clicks)
    tab.wait("document.getElementById('from').value === '0'")


def choose(tab: Tab, name: str, value: str) -> None:
    """Choose a value of a list."""
    tab.run(f"document.getElementById({name!r}).value = {value!r}")
    tab.run(f"document.getElementById({name!r}).dispatchEvent(new Event('change'))")


def test_a_series_and_a_run_can_be_chosen(opened):
    tab = opened("three_runs")
    before = len(paths(tab, "loss"))
    tab.run("document.querySelector('#loss [data-key=\"run 1\"]').click()")
    tab.wait("document.querySelector('#loss [data-key=\"run 1\"]').ariaPressed === 'false'")
    assert len([path for path in paths(tab, "loss") if path]) == before - 1
    headline = tab.run("document.getElementById('headline').textContent")
    choose(tab, "run", "2")
    tab.wait(f"document.getElementById('headline').textContent !== {headline!r}")
    tab.wait("document.getElementById('mixture').hidden")
    for kind in ("windows", "run", "fading"):
        choose(tab, "kind", kind)
    choose(tab, "figure", "kappa")
    tab.wait("document.querySelector('#metric .plot').ariaLabel.startsWith('kappa')")
    assert tab.errors() == []


@pytest.mark.parametrize("name", ["single_run", "three_runs", "hostile", "many_classes"])
def test_a_phone_need_not_scroll_sideways(opened, name):
    tab = opened(name, width=360, height=740, mobile=True)
    assert tab.run("document.scrollingElement.scrollWidth") <= 360
    assert tab.run("document.querySelector('#loss .plot svg').getBoundingClientRect().width") <= 360


def test_it_can_be_printed(opened):
    tab = opened("single_run")
    tab.run("document.getElementById('theme').click(); document.getElementById('theme').click()")
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.run("document.getElementById('range').checkVisibility()") is False
    assert len(tab.call("Page.printToPDF")["data"]) > 50_000


def test_a_screen_reader_finds_its_way(opened):
    tab = opened("single_run")
    assert tab.run("document.documentElement.lang") == "en"
    assert tab.run("document.querySelectorAll('main').length + document.querySelectorAll('h1').length") == 2
    levels = tab.run(
        "[...document.querySelectorAll('h1, h2, h3')].filter((h) => h.checkVisibility()).map((h) => +h.tagName[1])"
    )
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    tables = "[...document.querySelectorAll('table')]"
    assert tab.run(f"{tables}.every((one) => one.caption?.textContent && one.querySelector('th[scope=col]'))")
    described = (
        "[...document.querySelectorAll('figure')].filter((one) => one.checkVisibility()).every((one) =>"
        " one.querySelector('.summary').textContent && one.querySelector('[role=graphics-document]').ariaLabel)"
    )
    assert tab.run(described)
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    controls = [
        node
        for node in nodes
        if node.get("role", {}).get("value") in ("button", "textbox", "spinbutton", "combobox", "link")
    ]
    assert len(controls) > 40
    assert all(node["name"]["value"] for node in controls)
