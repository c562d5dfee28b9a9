"""--model names our models, and rivals of river and Vowpal Wabbit; a wrong name says what is near."""

from __future__ import annotations

import json
import re
import sys

import pytest
from river import drift, ensemble, multiclass, naive_bayes, neighbors, preprocessing, tree

from online_softmax import progressive_validation
from online_softmax.cli import parse_model
from online_softmax.cli.river_names import river_metric
from online_softmax.models.vowpal_wabbit import VowpalWabbit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HoeffdingAdaptiveTreeClassifier(seed=1)", tree.HoeffdingAdaptiveTreeClassifier(seed=1)),
        ("HoeffdingTreeClassifier", tree.HoeffdingTreeClassifier()),
        ("tree.HoeffdingTreeClassifier(50, delta=0.01)", tree.HoeffdingTreeClassifier(50, delta=0.01)),
        ("river.tree.HoeffdingTreeClassifier()", tree.HoeffdingTreeClassifier()),
        (" StandardScaler() | GaussianNB() ", preprocessing.StandardScaler() | naive_bayes.GaussianNB()),
        (
            "StandardScaler | MinMaxScaler | GaussianNB",
            preprocessing.StandardScaler() | preprocessing.MinMaxScaler() | naive_bayes.GaussianNB(),
        ),
        (
            "BaggingClassifier(StandardScaler() | GaussianNB(), n_models=3, seed=7)",
            ensemble.BaggingClassifier(preprocessing.StandardScaler() | naive_bayes.GaussianNB(), 3, 7),
        ),
        (
            "VotingClassifier([GaussianNB(), KNNClassifier(n_neighbors=3)], use_probabilities=False)",
            ensemble.VotingClassifier(
                [naive_bayes.GaussianNB(), neighbors.KNNClassifier(n_neighbors=3)], use_probabilities=False
            ),
        ),
        (
            "DriftRetrainingClassifier(GaussianNB(), drift_detector=drift.binary.DDM(warm_start=9))",
            drift.DriftRetrainingClassifier(naive_bayes.GaussianNB(), drift.binary.DDM(warm_start=9)),
        ),
    ],
)
def test_river_names_make_what_python_would(text, expected):
    for quote in ("", "'", '"'):  # a shell may have left those around it
        made = parse_model(f"river:{quote}{text}{quote}")

        assert repr(made) == repr(expected)
        assert type(made) is type(expected)


def test_options_of_vowpal_wabbit_may_be_in_quotes():
    pytest.importorskip("vowpalwabbit")
    assert repr(parse_model("vw:'-l 0.25'")) == repr(parse_model('vw:"-l 0.25"')) == repr(parse_model("vw:-l 0.25"))


@pytest.mark.parametrize("text", ["'GaussianNB()", "GaussianNB()'", "''GaussianNB()''", "'", "'GaussianNB()\""])
def test_other_quotes_are_no_name(text):
    with pytest.raises(ValueError, match="is not of the form"):
        parse_model(f"river:{text}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("HoefdingTreeClasifier()", "river has no 'HoefdingTreeClasifier'; near it are tree.HoeffdingTreeClassifier"),
        ("hoeffdingtreeclassifier", "near it are tree.HoeffdingTreeClassifier"),
        ("forest.HoeffdingTreeClassifier()", "near it are tree.HoeffdingTreeClassifier"),
        ("Zzz()", "river has no 'Zzz'; its classifiers are active.EntropySampler, dummy.NoChangeClassifier, "),
        ("Constant(1)", "more than one 'Constant': say optim.initializers.Constant or optim.schedulers.Constant"),
        ("BaggingClassifier()", "missing a required argument: 'model'; it takes model, n_models, seed"),
        ("BaggingClassifier(GaussianNB(), n=3)", "unexpected keyword argument 'n'; it takes model, n_models, seed"),
        ("GaussianNB(1, 2)", "GaussianNB: too many positional arguments; it takes"),
        ("VotingClassifier(3)", "river's VotingClassifier: TypeError: "),
        ("LinearRegression()", "river's LinearRegression is a regressor"),
        ("ADWIN()", "river's ADWIN is no classifier"),
        ("Pipeline()", "river's Pipeline has no steps: put a classifier at its end"),
        ("Pipeline(StandardScaler(), Pipeline(LinearRegression()))", "river's LinearRegression is a regressor"),
        ("StandardScaler()", "river's StandardScaler is a transformer: put a classifier behind it, as in "),
        ("GaussianNB() | StandardScaler()", "river's StandardScaler is a transformer"),
        ("ClassifierChain(LogisticRegression())", "river's ClassifierChain predicts several labels of a row"),
        ("LogisticRegression()", "knows True and False alone: say OneVsRestClassifier(LogisticRegression())"),
        ("StandardScaler() | Perceptron()", "river's Perceptron knows True and False alone"),
        ("datasets.Phishing()", "river has no 'datasets.Phishing'"),
        ("__import__('os')", "river has no '__import__'"),
        ("iter_csv('/etc/passwd')", "river has no 'iter_csv'"),
        ("", "'' is not of the form Name(..) or Name(..) | Name(..)"),
        ("GaussianNB(", "'GaussianNB(' is not of the form"),
        ("GaussianNB(*[1])", "is not of the form"),
        ("GaussianNB(**{'a': 1})", "is not of the form"),
        ("GaussianNB() | 3", "is not of the form"),
        ("GaussianNB() + GaussianNB()", "is not of the form"),
        ("(lambda: 1)()", "is not of the form"),
        ("[GaussianNB()]", "is not of the form"),
        ("BaggingClassifier(GaussianNB(), 10**9)", "is not of the form"),
        ("GaussianNB().learn_one({}, 1)", "is not of the form"),
        ("(" * 9999, "is not of the form"),
        ("KNNClassifier(" * 500 + ")" * 500, "is not of the form"),
    ],
)
def test_wrong_river_model_is_one_sentence(text, message):
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        parse_model(f"river:{text}")
    assert len(str(raised.value)) < 2000


def test_binary_model_of_river_takes_any_labels_one_against_the_rest():
    assert isinstance(parse_model("river:OneVsRestClassifier(LogisticRegression())"), multiclass.OneVsRestClassifier)


def test_rivals_are_evaluated_as_in_python(fruit, said, tmp_path):
    file = tmp_path / "run.json"
    said("evaluate", fruit, "--target", "kind", "--model", "river:GaussianNB()", "--json", file)
    result = progressive_validation(fruit, naive_bayes.GaussianNB(), target="kind")

    content = json.loads(file.read_text())
    assert (content["log_loss"], content["accuracy"]) == (result.log_loss, result.accuracy)
    assert (content["model"], content["scaled"]) == ("river:GaussianNB()", False)


def test_vowpal_wabbit_is_evaluated_as_in_python(fruit, said, tmp_path):
    pytest.importorskip("vowpalwabbit")
    file = tmp_path / "run.json"
    for text, options in {"vw": "", "vw:-l 0.1 --coin": "-l 0.1 --coin"}.items():
        said("evaluate", fruit, "--target", "kind", "--model", text, "--json", file)
        result = progressive_validation(fruit, VowpalWabbit(options), target="kind")
        assert json.loads(file.read_text())["log_loss"] == result.log_loss


MISTAKES = {
    "saved": (
        ["train", "--save", "m.safetensors"],
        "--save keeps models of ours, and --model river:GaussianNB() is of",
    ),
    "saved after": (["evaluate", "--save", "m.safetensors"], "--save keeps models of ours"),
    "kept": (["evaluate", "--checkpoint", "m.safetensors"], "--checkpoint keeps models of ours"),
    "bounded": (
        ["evaluate", "--max-features", "9"],
        "--max-features goes with a model of ours such as auto, not with ",
    ),
    "hashed": (["evaluate", "--hash-bits", "9"], "--hash-bits goes with a model of ours"),
    "not scaled": (
        ["evaluate", "--no-scale"],
        "--no-scale goes with an optimiser such as 'SGD(0.1)', not with --model ",
    ),
    "with an intercept": (["evaluate", "--intercept"], "--intercept goes with an optimiser"),
}


@pytest.mark.parametrize(("args", "message"), MISTAKES.values(), ids=MISTAKES)
def test_what_goes_with_our_models_is_refused_for_rivals(args, message, fails, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, *flags = args
    assert message in fails(command, "phishing", "--model", "river:GaussianNB()", *flags)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vw:--daemon", "Vowpal Wabbit's option '--daemon' is not one of --adaptive, "),
        ("vw:-l", "Vowpal Wabbit's option -l needs a value"),
        ("vw2", "no model is called 'vw2'; there are auto, "),
        ("river", "no model is called 'river'; there are auto, "),
        ("River:GaussianNB()", "model 'River:GaussianNB()' is not of the form"),
    ],
)
def test_wrong_rival_is_one_line(text, message, fails):
    assert message in fails("evaluate", "phishing", "--model", text)


def test_missing_rival_is_one_line(fails, monkeypatch):
    monkeypatch.setitem(sys.modules, "vowpalwabbit", None)
    error = fails("evaluate", "phishing", "--model", "vw")
    assert error == (
        "online-softmax: Vowpal Wabbit needs the package vowpalwabbit: pip install 'online-softmax[rivals]'\n"
    )


@pytest.mark.parametrize("text", ["MacroF1", "MacroF1()", "metrics.MacroF1()", "F1(pos_val=1)", "MacroFBeta(2)"])
def test_metrics_of_river_have_names(text):
    assert river_metric(text).get() == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Foo", "river has no metric 'Foo'; there are Accuracy, "),
        ("", "metric '' is not of the form Name or Name(..), as MacroF1 or FBeta(2)"),
        ("Accuracy + F1", "metric 'Accuracy + F1' is not of the form"),
        ("Accuracy | F1", "metric 'Accuracy | F1' is not of the form"),
        ("MAE()", "river's metric MAE is not one of classification"),
        ("ConfusionMatrix()", "river's metric ConfusionMatrix is not one of classification"),
        ("F1()", "river's metric F1 is about the labels True and 1 alone: F1(pos_val=1), if there are such"),
        ("MacroFBeta()", "missing a required argument: 'beta'; it takes beta, cm"),
        ("MacroFBeta('a')", "river's metric \"MacroFBeta('a')\" is not a number"),
    ],
)
def test_wrong_metric_is_one_sentence(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        river_metric(text)
