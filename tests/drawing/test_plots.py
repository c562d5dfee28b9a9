"""Plots of documents: every kind, of few points and many, few classes and many, with labels of any text."""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.drawing.plots import METRICS, plot

FADING = ["log_loss", "balanced_accuracy", "macro_f1", "kappa", "kappa_t", "kappa_m", "brier", "ece", "top_k"]
EXPERTS = ["adagrad", "slow-adagrad", "prior", "markov", "newton", "newton-average", "votes", "wide-votes", "additive"]


def a_run(n_points=93, classes=7, seed=0, experts=True, drifts=True):
    """Make a result as plain values, as `Result.to_dict()` gives it, of a model that learns until it drifts."""
    rng = np.random.default_rng(seed)
    labels = [f"class {i:05}" for i in range(classes)] if isinstance(classes, int) else [*classes]
    c = len(labels)
    window = 1000
    ends = (np.arange(n_points) + 1) * window
    n = int(ends[-1])
    t = np.arange(n_points) / max(n_points, 20)
    jump = 0.5 * np.exp(-12 * np.clip(t - 0.55, 0, None)) * (t >= 0.55)
    loss = (0.2 + 0.1 * seed / 3 + 1.2 * np.exp(-8 * t) + jump) * np.exp(rng.normal(0, 0.08, n_points))
    accuracy = np.clip(np.exp(-0.7 * loss), 0, 1)

    def columns(smooth):
        weight = np.exp(-np.arange(n_points) / (1 + n_points / 60))

        def of(y):
            y = np.convolve(y, weight)[:n_points] / np.cumsum(weight) if smooth else y
            return [float(v) for v in y]

        return {
            "n_samples": ends.tolist(),
            "n": [window] * n_points,
            "accuracy": of(accuracy),
            **{name: of(loss) if name in ("log_loss", "brier", "ece") else of(accuracy * 0.95) for name in FADING},
            "no_change_accuracy": of(np.full(n_points, 1.5 / (c + 1)) + rng.normal(0, 0.004, n_points)),
            "majority_accuracy": of(np.full(n_points, 1 / c)),
        }

    support = rng.integers(1, 1000, c)
    confusion = None
    if c <= 1000:
        confusion = rng.integers(0, 3, (c, c)) * (rng.random((c, c)) < 0.5)
        confusion[np.arange(c), np.arange(c)] = support
        confusion = confusion.tolist()
    fading = columns(True)
    steps = np.arange(1, n_points + 1)
    fading["run_log_loss"] = (np.cumsum(loss) / steps).tolist()
    fading["run_accuracy"] = (np.cumsum(accuracy) / steps).tolist()
    drift = int(0.55 * max(n_points, 20)) * window
    weights = rng.dirichlet(np.ones(len(EXPERTS)), n_points) * 0.3
    weights[:, 4] += 0.7 * (t < 0.55)
    weights[:, 6] += 0.7 * (t >= 0.55)
    bins = np.linspace(0, 1, 16)
    counts = (10 ** (1 + 3 * bins[1:])).astype(int) * (bins[1:] > 1 / c)
    return {
        "n_samples": n,
        "n_unseen": c,
        "accuracy": float(accuracy.mean()),
        "log_loss": float(loss.mean()),
        **{name: float(accuracy.mean()) for name in FADING[1:]},
        "ece": 0.0123,
        "k": 3,
        "no_change_accuracy": 1.5 / (c + 1),
        "majority_accuracy": 1 / c,
        "verdict": None,
        "seconds": 1.5,
        "microseconds_per_row": 7.25,
        "memory": 123_456,
        "window": window,
        "classes": [
            {"label": label, "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": int(n)}
            for label, n in zip(labels, support, strict=True)
        ],
        "confusion": confusion,
        "windows": columns(False),
        "fading": fading,
        "reliability": [
            {
                "from": float(low),
                "to": float(high),
                "n": int(n),
                "confidence": float(low + high) / 2 if n else None,
                "accuracy": float(((low + high) / 2) ** 1.2) if n else None,
            }
            for low, high, n in zip(bins[:-1], bins[1:], counts, strict=True)
        ],
        "drifts": [{"row": drift, "found": drift + 300, "before": 0.3, "after": 0.8}] if drifts and n > drift else [],
        "experts": {"names": EXPERTS, "n_samples": ends.tolist(), "weights": weights.tolist()} if experts else None,
        "river": {},
    }


def a_document(n_runs=1, **options):
    names = ["auto", "SGD(0.1)", "river: HoeffdingAdaptiveTreeClassifier", "vw", *(f"model {i}" for i in range(20))]
    runs = {name: a_run(seed=i, experts=i % 2 == 0, **options) for i, name in enumerate(names[:n_runs])}
    return {"conditions": {}, "runs": runs, "comparison": None}


KINDS = ["curves", "experts", "reliability", "confusion"]
HOSTILE = [
    "<script>alert(1)</script>",
    "$x_1$",
    r"$\frac{1}{",
    "two\nlines",
    "",
    " ",
    "中文标签 and 😀",
    "\ud800 alone",
    "\x00\x1b[31m",
    "a\u202eb",
    "%s {0} \\n",
    "x" * 1_000_000,
    True,
    0.5,
    -7,
]


def texts(figure):
    """Give every text of a figure that is not empty, as it is drawn."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def png(figure):
    return figure.to_bytes(".png")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_points", [1, 2, 10, 93, 1000])
def test_each_kind_is_drawn_of_few_points_and_of_many(kind, n_points):
    assert png(plot(a_document(n_points=n_points), kind))[:4] == b"\x89PNG"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_runs", [2, 3, 10])
def test_each_kind_is_drawn_of_several_runs(kind, n_runs):
    figure = plot(a_document(n_runs), kind)
    assert png(figure)[:4] == b"\x89PNG"
    assert "auto" in " ".join(texts(figure))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "dark"), [*zip(KINDS, cycle([False, True]))])
def test_labels_are_shown_as_they_are_and_folded(kind, dark, tmp_path):
    document = a_document(1, classes=HOSTILE)
    document["runs"] = {label: document["runs"]["auto"] for label in HOSTILE if isinstance(label, str)}
    figure = plot(document, kind, path=tmp_path / "plot.svg", dark=dark)
    shown = texts(figure)
    assert png(figure)[:4] == b"\x89PNG"
    assert max(map(len, shown)) < 1000
    ElementTree.fromstring((tmp_path / "plot.svg").read_bytes())
    assert any("$x_1$" in text for text in shown)
    assert not any(text.get_parse_math() for text in figure.findobj(Text))


def test_letters_that_no_font_has_are_their_codes():
    figure = plot(a_document(1, classes=["\U0001f9ff", "b"]), "confusion")
    assert "\\U0001f9ff" in texts(figure)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_plot_is_the_same_bytes(kind, tmp_path):
    for suffix in (".png", ".svg"):
        for name in ("one", "two"):
            plot(a_document(2), kind, path=tmp_path / f"{name}{suffix}")
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert matplotlib.rcParams["svg.hashsalt"] is None


@pytest.mark.slow
def test_plots_are_drawn_in_threads():
    documents = [a_document(n) for n in (1, 2, 3, 1, 2, 3)]
    with ThreadPoolExecutor(4) as pool:
        drawn = [*pool.map(lambda document: plot(document).to_bytes(".svg"), documents)]
    assert drawn == [plot(document).to_bytes(".svg") for document in documents]


def test_nothing_of_pyplot_is_touched():
    code = "import sys; from online_softmax.drawing.plots import plot; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert isinstance(plot(a_document()), matplotlib.figure.Figure)
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_a_figure_shows_itself_in_a_notebook():
    figure = plot(a_document())
    data, size = figure._repr_png_()
    assert data[:4] == b"\x89PNG"
    assert [2 * size["width"], 2 * size["height"]] == pytest.approx([*struct.unpack(">II", data[16:24])], abs=1)
    assert png(pickle.loads(pickle.dumps(figure))) == png(figure)


# ---- what is seen ----


def test_curves_say_what_is_seen():
    run = a_run()
    shown = texts(plot({"runs": {"": run}}))
    assert f"log loss {run['log_loss']:.4f}, accuracy {run['accuracy']:.2%} over 93,000 rows" in shown
    assert f"all rows {run['log_loss']:.4f}" in shown
    assert f"recent rows {run['fading']['accuracy'][-1]:.2%}" in shown
    assert f"most frequent class {1 / 7:.2%} ↓" in shown
    assert any("▲ rose (1)" in text for text in shown)


def test_curves_of_several_name_the_best_and_each():
    document = a_document(3)
    shown = texts(plot(document))
    losses = {name: run["log_loss"] for name, run in document["runs"].items()}
    assert f"Log loss of 3 runs: best is auto, {min(losses.values()):.4f}" in shown
    assert f"SGD(0.1) {losses['SGD(0.1)']:.4f}" in shown


def test_a_verdict_is_in_the_plot():
    run = a_run() | {"verdict": "saying the last label again is right more often than the model"}
    assert any("saying the last label again" in text for text in texts(plot({"runs": {"": run}})))


def test_lines_are_the_figures():
    run = a_run()
    top = plot({"runs": {"auto": run}}).axes[0]
    lines = [line.get_ydata() for line in top.lines]
    assert any(np.array_equal(line, run["fading"]["log_loss"]) for line in lines)
    assert any(np.array_equal(line, run["fading"]["run_log_loss"]) for line in lines)
    assert np.array_equal(top.patches[0].get_data().values, run["windows"]["log_loss"])
    assert top.patches[0].get_data().edges.tolist() == [0, *run["windows"]["n_samples"]]


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_has_a_curve(metric):
    figure = plot(a_document(2), metric=metric)
    assert len(figure.axes) == 1
    assert png(figure)[:4] == b"\x89PNG"


def test_several_metrics_have_a_panel_each():
    assert len(plot(a_document(), metric=["kappa", "brier", "ece"]).axes) == 3
    assert any(text.startswith("top-3 accuracy") for text in texts(plot(a_document(), metric="top_k")))


def test_a_model_without_probabilities_has_its_accuracy_alone():
    run = a_run(drifts=False)
    for columns in (run, run["fading"], run["windows"]):
        for name in ("log_loss", "run_log_loss", "brier", "ece"):
            columns[name] = [None] * 93 if isinstance(columns.get("n_samples"), list) else None
    figure = plot({"runs": {"": run}})
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["accuracy, higher is better"]
    both = plot({"runs": {"other": a_run(), "plain": run}})
    assert any("No log loss: plain." in text for text in texts(both))
    run["drifts"] = [{"row": 40_000, "found": 40_300, "before": 0.1, "after": 0.2}]
    assert any("Where the error rate changed: ▲ rose (1)." in text for text in texts(plot({"runs": {"plain": run}})))
    with pytest.raises(ValueError, match="no run has a curve of 'log_loss': its models"):
        plot({"runs": {"": run}}, metric="log_loss")


def test_gaps_in_a_curve_stay_gaps():
    run = a_run(n_points=20)
    run["fading"]["log_loss"][:5] = run["windows"]["log_loss"][:5] = [None] * 5
    figure = plot({"runs": {"": run}})
    assert np.isnan(figure.axes[0].lines[0].get_ydata()[:5]).all()
    assert png(figure)


def test_a_run_that_is_far_worse_leaves_the_others_to_be_seen():
    good, bad = a_run(), a_run()
    for name in ("windows", "fading"):
        bad[name]["log_loss"] = [30 * y for y in bad[name]["log_loss"]]
    figure = plot({"runs": {"good": good, "bad": bad}})
    assert [panel.get_yscale() for panel in figure.axes] == ["log", "linear"]
    assert "log loss, lower is better, log scale" in texts(figure)
    low, high = figure.axes[0].get_ylim()
    assert low < min(good["fading"]["log_loss"]) < 30 * good["fading"]["log_loss"][-1] < high
    assert png(figure)


def test_experts_of_little_weight_are_one():
    run = a_run()
    names = [f"expert {i:02}" for i in range(15)]
    weights = np.tile(np.arange(15, 0, -1) / 120, (93, 1))
    run["experts"] = {"names": names, "n_samples": run["fading"]["n_samples"], "weights": weights.tolist()}
    shown = texts(plot({"runs": {"": run}}, "experts"))
    assert f"expert 00 {15 / 120:.0%}" in shown
    assert f"7 others {28 / 120:.0%}" in shown
    assert not any(text.startswith("expert 08") for text in shown)


def test_reliability_shows_how_many_rows_each_bin_has():
    run = a_run(classes=7)
    shown = texts(plot({"runs": {"": run}}, "reliability"))
    assert "Expected calibration error 0.0123" in shown or "expected calibration error 0.0123" in shown
    assert all(f"{one['n']:,}" in shown for one in run["reliability"] if 0 < one["n"] < 10_000)


def test_a_confusion_of_many_classes_shows_those_of_most_rows():
    run = a_run(classes=93)
    matrix = np.array(run["confusion"])
    figure = plot({"runs": {"": run}}, "confusion")
    panel = figure.axes[0]
    labels = [text.get_text() for text in panel.get_yticklabels()]
    assert len(labels) == 31
    assert labels[-1] == "63 others"
    assert "the 30 of 93 classes with most rows" in figure.get_suptitle().replace("\n", " ")
    part = np.asarray(panel.images[0].get_array())
    kept = [int(label.split()[1]) for label in labels[:-1]]
    assert set(kept) == set(np.argsort(-matrix.sum(axis=1), kind="stable")[:30].tolist())
    rows = matrix[kept]
    assert np.allclose(part[:-1, :-1], rows[:, kept] / rows.sum(axis=1, keepdims=True))
    assert np.allclose(part.sum(axis=1), 1)


def test_counts_are_in_the_cells():
    run = a_run(classes=2)
    shown = texts(plot({"runs": {"": run}}, "confusion"))
    assert all(str(n) in shown for row in run["confusion"] for n in row if n)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kind": "pie"}, ValueError, "there is no plot 'pie': known are curves, experts, reliability, confusion"),
        ({"metric": "auc"}, ValueError, "there is no curve of 'auc': known are log_loss, accuracy, balanced_accuracy"),
        ({"metric": ["accuracy", "auc"]}, ValueError, "no curve of 'auc'"),
        ({"metric": []}, ValueError, "metric is an empty list: name a metric"),
        ({"kind": "experts", "metric": "kappa"}, ValueError, "'experts' takes no metric, only 'curves' does"),
        ({"path": "plot.pdf"}, ValueError, "written as .png or .svg, which the file's name ends with, got 'plot.pdf'"),
        ({"path": "plot"}, ValueError, "written as .png or .svg"),
        ({"path": "/no/such/folder/plot.png"}, FileNotFoundError, "no such directory"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments, error, message):
    with pytest.raises(error, match=message):
        plot(a_document(), **arguments)


@pytest.mark.parametrize(
    ("kind", "without", "message"),
    [
        ("experts", {"experts": None}, "the run has no weights of experts: these are of AutoSoftmaxRegression alone"),
        ("reliability", {"reliability": []}, "the run has no reliability: no prediction came with"),
        ("confusion", {"confusion": None}, "the run has no confusion matrix: there is one for up to 1,000 classes"),
        ("curves", {"n_samples": 0}, "no row was scored: there is nothing to draw"),
    ],
)
def test_a_run_that_has_no_such_thing_is_said(kind, without, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        plot({"runs": {"": a_run() | without}}, kind, path=tmp_path / "plot.png")
    assert not [*tmp_path.iterdir()]


def test_ten_thousand_classes():
    document = a_document(classes=10_000)
    for kind in ("curves", "experts", "reliability"):
        assert png(plot(document, kind))
    with pytest.raises(ValueError, match="up to 1,000 classes, and there are 10,000"):
        plot(document, "confusion")


def test_a_plot_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "plot.png"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="no weights"):
        plot({"runs": {"": a_run(experts=False)}}, "experts", path=path)
    assert path.read_bytes() == b"before"
    plot(a_document(), path=str(path))
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert [*tmp_path.iterdir()] == [path]
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OSError, match="not a regular file"):
        plot(a_document(), path=tmp_path / "folder.svg")


def test_without_matplotlib_the_extra_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from online_softmax.drawing.plots import plot\n"
        "try:\n    plot({'runs': {}})\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "plots are drawn by matplotlib: pip install 'online-softmax[plots]'\n"


# ---- of a run ----


@pytest.fixture(scope="module")
def comparison():
    models = {"auto": AutoSoftmaxRegression(), "SGD": SoftmaxRegression()}
    return progressive_validation("phishing", models, window=100)


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_and_a_comparison_draw_themselves(comparison, kind, tmp_path):
    result = comparison["auto"]
    figure = result.plot(kind, path=tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes() == png(plot(result.document(), kind)) == png(figure)
    comparison.plot(kind, path=tmp_path / "both.svg")
    assert (tmp_path / "both.svg").read_bytes() == plot(comparison.document(), kind).to_bytes(".svg")


def test_the_figures_are_those_of_the_dictionary(comparison):
    plain = comparison.to_dict()["runs"]
    shown = texts(comparison.plot())
    for name, run in plain.items():
        assert f"{name} {run['log_loss']:.4f}" in shown
        assert f"{name} {run['accuracy']:.2%}" in shown
    counts = texts(comparison["auto"].plot("confusion"))
    assert all(str(n) in counts for row in plain["auto"]["confusion"] for n in row)


def test_a_resumed_run_has_the_same_plots(tmp_path):
    run = {"window": 100, "checkpoint": tmp_path / "run.safetensors", "every": 300}
    progressive_validation("phishing", AutoSoftmaxRegression(), limit=700, **run)
    resumed = progressive_validation("phishing", AutoSoftmaxRegression(), resume=True, **run)
    whole = progressive_validation("phishing", AutoSoftmaxRegression(), window=100)
    for kind in KINDS:
        assert png(resumed.plot(kind)) == png(whole.plot(kind))
