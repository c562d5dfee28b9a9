"""Vowpal Wabbit behind river's interface: the numbers of `vw --oaa`, without the labels in advance."""

from __future__ import annotations

import re

import pytest
from river import datasets

from online_softmax import progressive_validation
from online_softmax.models.vowpal_wabbit import VowpalWabbit, arguments, as_text

vowpalwabbit = pytest.importorskip("vowpalwabbit")


@pytest.mark.parametrize("options", ["", "-l 0.1", "--coin", "--ftrl", "-q ::"])
def test_probabilities_are_those_of_one_against_all(options):
    pairs = list(datasets.ImageSegments().take(300))
    numbers = {label: i for i, label in enumerate(dict.fromkeys(y for _, y in pairs), 1)}
    plain = f"--oaa 8 --loss_function logistic --probabilities -b 22 --quiet {options}"
    theirs, ours = vowpalwabbit.Workspace(plain), VowpalWabbit(options)
    for x, y in pairs:
        p = ours.predict_proba_one(x)
        if p:
            raw = theirs.predict(as_text(x))
            total = sum(raw[numbers[label] - 1] for label in p)
            assert p == pytest.approx({label: raw[numbers[label] - 1] / total for label in p}, abs=1e-6)
        ours.learn_one(x, y)
        theirs.learn(f"{numbers[y]} {as_text(x)}")
    assert sum(p.values()) == pytest.approx(1)


def test_classes_may_come_without_end():
    model = VowpalWabbit("-b 18")
    assert model.predict_proba_one({"a": 1}) == {}
    for i in range(3000):
        y = i % (1 + i // 60)
        model.learn_one({f"f{y}": 1}, y)

    classes = [*model.predict_proba_one({})]
    assert len(classes) > 30
    right = sum(model.predict_one({f"f{y}": 1}) == y for y in classes)
    assert right > 0.9 * len(classes)


def test_memory_is_that_of_the_tables_of_weights():
    assert 2**22 < VowpalWabbit("-b 18")._raw_memory_usage < VowpalWabbit("-b 19")._raw_memory_usage < 2**24


def test_weight_counts():
    light, heavy = VowpalWabbit(), VowpalWabbit()
    for model, w in ((light, 0.1), (heavy, 5.0)):
        for x, y in ({"a": 1}, "u"), ({"a": -1}, "v"):
            model.learn_one(x, y, w=w)
    assert heavy.predict_proba_one({"a": 1})["u"] > light.predict_proba_one({"a": 1})["u"]
    for w in (-1, float("nan"), float("inf"), "1"):
        with pytest.raises(ValueError, match="the weight of a sample is a finite number, 0 or more"):
            light.learn_one({}, "u", w=w)


@pytest.mark.parametrize("name", ["a b", "a:2", "a|b c", "| x", "a\nb", "a\t", "'q", "é", "%20", "", 3, ("a", 1), "3"])
def test_any_name_is_one_feature(name):
    model = VowpalWabbit()
    for _ in range(50):
        model.learn_one({name: 1}, "u")
        model.learn_one({f"{name}x": 1, "z": 1}, "v")
        model.learn_one({}, "w")
    assert model.predict_one({name: 1}) == "u"
    assert model.predict_one({"z": 1}) == "v"


def test_names_of_unlike_types_are_unlike():
    texts = [as_text({name: value}) for name, value in ((1, 1), ("1", 1), ("a", "b"), ("a=b", 1), ("a", "1"), ("a", 1))]
    assert len({*texts}) == len(texts)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 1e39, 10**400, [1]])
def test_value_that_is_no_number_is_refused_and_nothing_is_learned(value):
    model = VowpalWabbit()
    model.learn_one({"a": 1}, "u")
    before = model.predict_proba_one({"a": 1})
    for call in (lambda: model.learn_one({"a": value}, "new"), lambda: model.predict_proba_one({"a": value})):
        with pytest.raises(ValueError, match=r"feature .a. is .*: Vowpal Wabbit takes numbers below 3.4e.38"):
            call()
    assert model.predict_proba_one({"a": 1}) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--daemon", "option '--daemon' is not one of --adaptive, "),
        ("-f /tmp/model", "option '-f' is not one of"),
        ("--oaa 3", "option '--oaa' is not one of"),
        ("rows.vw", "option 'rows.vw' is not one of"),
        ("-l", "option -l needs a value"),
        ("-l fast", "option -l is a finite number, 0 or more, not 'fast'"),
        ("-l -1", "option -l is a finite number, 0 or more, not '-1'"),
        ("-l nan", "option -l is a finite number, 0 or more, not 'nan'"),
        ("--coin=1", "option --coin takes no value"),
        ("-b 60", "option -b is a number from 1 to 28, not '60'"),
        ("--nn 99999999", "option --nn is a number from 1 to 1000"),
        ("-b 1.5", "Vowpal Wabbit refuses '-b 1.5': "),
        ("-q a/b", "option -q takes letters of namespaces, as in '::', not 'a/b'"),
        ("--ftrl --coin", "Vowpal Wabbit refuses '--ftrl --coin': "),
        ("'", 'options "\'" cannot be read'),
    ],
)
def test_wrong_option_is_one_sentence(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        VowpalWabbit(options)


@pytest.mark.parametrize(
    "options", ["-l 0.5 -q ::", "-l0.5 -q::", "-l=0.5 -q=::", "--learning_rate 0.5 --quadratic=::"]
)
def test_options_may_be_spelled_as_vw_has_them(options):
    given = arguments(options.replace("--learning_rate", "-l").replace("--quadratic", "-q"))
    assert given == ["-l", "0.5", "-q", "::", "--bit_precision", "22"]
    pairs = [({"a": i % 3, "b": i % 2}, i % 6) for i in range(200)]
    results = [progressive_validation(pairs, VowpalWabbit(one)).log_loss for one in (options, "-l 0.5 -q ::")]
    assert results[0] == results[1]
