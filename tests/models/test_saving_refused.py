"""A whole model file is loaded only if every array, number, name and parameter in it is sound."""

from __future__ import annotations

import io
import json
import math
import resource

import numpy as np
import pytest
from river import optim
from safetensors.numpy import load as contents

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, SoftmaxRegression
from online_softmax._kernel.state import FIELDS
from online_softmax.models.saving import FORMAT, ModelFileError, load, to_bytes
from online_softmax.storage import container
from online_softmax.storage.container import KEY
from online_softmax.storage.names import CROWDED


def samples(n):
    """Give a small stream of five features and three classes."""
    return [({name: math.sin(i * (j + 1)) for j, name in enumerate("abcde")}, i * i % 7 % 3) for i in range(n)]


def trained(model, stream):
    for x, y in stream:
        model.learn_one(x, y)
    return model


def opened(data):
    return load(io.BytesIO(data))


def parts(data):
    """Take a file apart: its metadata without the checksum, and its arrays."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    about = json.loads(header["__metadata__"][KEY])
    del about["checksum"]
    return about, contents(data)


def models():
    """Give models whose files have every array and number there is."""
    adam = SoftmaxRegression(optim.Adam(), intercept=True)
    implicit = SoftmaxRegression(ImplicitAdaGrad(optim.schedulers.InverseScaling(0.1)), max_features=5)
    return {
        "Adam": trained(adam, samples(30)),
        "ImplicitAdaGrad": trained(implicit, samples(30)),
        "bank": trained(AutoSoftmaxRegression(window=20), samples(40)),
    }


FILES = {name: to_bytes(model) for name, model in models().items()}
ARRAYS = [
    (name, array) for name, file in FILES.items() for array, value in sorted(parts(file)[1].items()) if value.size
]
NUMBERS = list(parts(FILES["bank"])[0]["numbers"])


def refuses(about, arrays, match=None):
    with pytest.raises(ModelFileError, match=match) as refusal:
        opened(container.to_bytes(about, arrays))
    assert str(refusal.value).startswith("cannot load this file: ")
    assert "\n" not in str(refusal.value)


def test_a_file_is_a_safetensors_file_whose_metadata_is_json():
    about, arrays = parts(to_bytes(trained(SoftmaxRegression(), samples(5))))
    assert about["class"] == "SoftmaxRegression"
    assert about["format"] == FORMAT
    assert about["parameters"]["optimizer"] == {
        "class": "SGD",
        "lr": {"class": "Constant", "learning_rate": 0.01},
        "n_iterations": 0,
    }
    assert arrays["labels"].tobytes().decode().startswith("[")


@pytest.mark.parametrize("name", FILES)
def test_a_file_sealed_again_is_the_file(name):
    assert container.to_bytes(*parts(FILES[name])) == FILES[name]


@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_missing_misshaped_and_mistyped_arrays_are_refused(name, array):
    about, arrays = parts(FILES[name])
    value = arrays.pop(array)
    if array != "follow":  # it goes where there are too many classes, and does not come back
        refuses(about, arrays, "missing")
    text = "must be an array of|not fit|does not exist"
    kinds = [kind for kind in ("f8", "f4", "i8", "u4", "u1") if np.dtype(kind) != value.dtype]
    for wrong in [*(value.astype(kind) for kind in kinds)]:
        refuses(about, arrays | {array: wrong}, text)
    if array in ("names", "labels"):
        refuses(about, arrays | {array: value[None]}, text)
        refuses(about, arrays | {array: value[:-1]})
        return
    for axis in range(value.ndim):
        refuses(about, arrays | {array: np.repeat(value, 2, axis)})
        refuses(about, arrays | {array: np.delete(value, 0, axis)})
    refuses(about, arrays | {array: value[None]})
    if value.ndim > 1 and len(set(value.shape)) > 1:
        refuses(about, arrays | {array: np.ascontiguousarray(value.T)})


@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_numbers_that_are_not_finite_are_refused(name, array):
    about, arrays = parts(FILES[name])
    if arrays[array].dtype.kind != "f":
        return
    for wrong in (np.nan, np.inf, -np.inf):
        value = arrays[array].copy()
        value.flat[-1] = wrong
        refuses(about, arrays | {array: value}, f"'{array}' has values from .* must be finite")


@pytest.mark.parametrize(
    ("array", "wrong"),
    [
        ("window_label", -1),
        ("window_label", 3),
        ("window_time", 40),
        ("window_weight", -1),
        ("seen", -1),
        ("seen", 41),
        ("qda_turn", -1),
        ("qda_turn", 5),
        ("G", -1),
        ("voices", 1.5),
        ("experts", -0.1),
        ("follow", -1),
    ],
)
def test_values_out_of_range_are_refused(array, wrong):
    about, arrays = parts(FILES["bank"])
    arrays[array] = arrays[array].copy()
    arrays[array].flat[0] = wrong
    refuses(about, arrays, f"'{array}' has values from")


def test_step_counts_out_of_range_are_refused():
    about, arrays = parts(FILES["Adam"])
    for wrong in (-1, 2**53 + 1):
        refuses(about, arrays | {"t": np.full(3, wrong)}, "'t' has values from")


@pytest.mark.parametrize("number", NUMBERS)
def test_wrong_numbers_are_refused(number):
    about, arrays = parts(FILES["bank"])
    numbers = about["numbers"]
    value = numbers.pop(number)
    refuses(about, arrays, "missing")
    other = float(value) if type(value) is int else 1
    negative = [] if FIELDS[number].least == -math.inf else [type(value)(-1)]
    for wrong in (None, True, "1", [value], {}, other, *negative, 2**63, 10**400):
        refuses(about | {"numbers": numbers | {number: wrong}}, arrays)
    refuses(about | {"numbers": {**numbers, number: value, "more": 1}}, arrays, "'more' is not part of such a model")
    with pytest.raises(ValueError, match="not JSON compliant"):
        container.to_bytes(about | {"numbers": numbers | {number: math.nan}}, arrays)


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        ("window_head", 20),
        ("window_head", -1),
        ("window_size", 21),
        ("window_size", 19),
        ("last", 3),
        ("samples", 0),
        ("samples", 39),
        ("samples", 2**53 + 1),
    ],
)
def test_numbers_out_of_range_are_refused(number, wrong):
    about, arrays = parts(FILES["bank"])
    refuses(about | {"numbers": about["numbers"] | {number: wrong}}, arrays)


def test_uses_out_of_range_are_refused():
    about, arrays = parts(FILES["ImplicitAdaGrad"])
    learned = about["numbers"]["learned"]
    refuses(about, arrays | {"last_use": np.full(5, learned + 1)}, "'last_use' has values from")
    refuses(about, arrays | {"uses": np.full(5, -1)}, "'uses' has values from")
    refuses(about | {"parameters": about["parameters"] | {"max_features": None}}, arrays, "not part of such a model")


def test_a_window_that_is_not_full_goes_on_at_its_end():
    about, arrays = parts(to_bytes(trained(AutoSoftmaxRegression(window=50), samples(10))))
    head = about["numbers"]["window_head"]
    assert 0 < head == len(arrays["window_label"])
    for wrong in (0, head - 1, head + 1):
        refuses(about | {"numbers": about["numbers"] | {"window_head": wrong}}, arrays, "window_head")


@pytest.mark.parametrize("interactions", [True, "auto"])
def test_a_bank_must_fit_its_parameters(interactions):
    about, arrays = parts(to_bytes(trained(AutoSoftmaxRegression(interactions=interactions), samples(10))))
    wrong = about | {"parameters": about["parameters"] | {"interactions": False}}
    refuses(wrong, arrays, "has no part in a model with interactions=False")


@pytest.mark.parametrize("array", ["window_B", "hats_W", "qda_M", "more"])
def test_arrays_that_do_not_belong_are_refused(array):
    about, arrays = parts(to_bytes(trained(AutoSoftmaxRegression(interactions=False), samples(10))))
    value = parts(FILES["bank"])[1].get(array, np.zeros(3))
    refuses(about, arrays | {array: value}, f"'{array}' is not part of such a model")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            {"format": FORMAT + 1, "version": "9.9"},
            rf"format {FORMAT + 1}, by version 9.9: this one reads up to {FORMAT}$",
        ),
        ({"format": 10**30}, "this one reads up to"),
        ({"format": 0}, "metadata is incomplete"),
        ({"format": "1"}, "online-softmax did not write it"),
        ({"format": True}, "online-softmax did not write it"),
        ({"class": "Pipeline"}, "its class 'Pipeline' is unknown"),
        ({"class": "KernelClassifier"}, "unknown"),
        ({"class": "AutoSoftmaxRegression"}, "unexpected keyword"),
        ({"class": ["SoftmaxRegression"]}, "metadata is incomplete"),
        ({"version": 1}, "metadata is incomplete"),
        ({"more": 1}, "metadata is incomplete"),
        ({"numbers": []}, "metadata is incomplete"),
        ({"numbers": {"B": 1.0}}, "'B' must be an array"),
        ({"parameters": {"lr": 0.1}}, "unexpected keyword"),
        ({"parameters": {"optimizer": 0.1}}, "cannot run here"),
        ({"parameters": {"optimizer": {"class": "Popen", "args": "true"}}}, "unknown class 'Popen'"),
        ({"parameters": {"optimizer": {"class": ["SGD"]}}}, "unhashable"),
        ({"parameters": {"optimizer": {}}}, "unknown class None"),
        ({"parameters": {"optimizer": {"class": "SGD", "lr": 0.1}}}, "n_iterations is None"),
        ({"parameters": {"optimizer": {"class": "SGD", "lr": 0.1, "n_iterations": -1}}}, "n_iterations is -1"),
        ({"parameters": {"optimizer": {"class": "SGD", "step": 0.1}}}, "unexpected keyword"),
        ({"parameters": {"optimizer": {"class": "SGD", "lr": "fast", "n_iterations": 0}}}, "must be a number"),
        ({"parameters": {"optimizer": {"class": "SGD", "lr": 10**400, "n_iterations": 0}}}, "must be a number"),
        ({"parameters": {"optimizer": {"class": "Constant", "learning_rate": 0.1}}}, "cannot run here"),
        ({"parameters": {"loss": {"class": "Hinge"}}}, "cannot run here"),
        ({"parameters": {"loss": {"class": "CrossEntropy", "class_weight": [["a", -1]]}}}, "at least 0"),
        ({"parameters": {"loss": {"class": "CrossEntropy", "class_weight": [["a"]]}}}, "unpack"),
        ({"parameters": {"l2": -1}}, "at least 0"),
        ({"parameters": {"intercept": 1}}, "True or False"),
    ],
)
def test_wrong_metadata_is_refused(change, match):
    about, arrays = parts(FILES["Adam"])
    refuses(about | change, arrays, match)


def test_infinite_parameters_are_refused():
    file = container.to_bytes(*parts(FILES["Adam"])).replace(b'\\"l2\\":0.0,', b'\\"l2\\":1e999,')
    with pytest.raises(ModelFileError):
        opened(file)
    about, arrays = parts(FILES["Adam"])
    schedule = {"class": "Optimal", "loss": {"class": "Hinge", "threshold": 1.0}, "alpha": 1e-320}
    for _ in range(5000):
        schedule = {"class": "Optimal", "loss": schedule}
    with pytest.raises((ModelFileError, RecursionError)):
        refuses(about | {"parameters": {"optimizer": {"class": "SGD", "lr": schedule, "n_iterations": 0}}}, arrays)


def test_missing_parameters_take_their_defaults():
    about, arrays = parts(FILES["Adam"])
    del about["parameters"]["l2"], about["parameters"]["optimizer"]["eps"]
    assert (opened(container.to_bytes(about, arrays)).l2, opened(container.to_bytes(about, arrays)).optimizer.eps) == (
        0.0,
        1e-8,
    )


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('["a","b","c","d","d"]', "a feature name appears twice"),
        ('[1,true,"a","b","c"]', "a feature name appears twice"),
        ('["a","b","c","d"]', "must be an array of"),
        ('{"a":1}', "the feature names must be a list"),
        ('["a","b"', "Expecting"),
        ('[{"pickle":"gASVCgAAAAAAAABdlC4="},1,2,3,4]', "pickle"),
        ('[{"bytes":1000000000000},1,2,3,4]', "bytes"),
        ('[{"np.bytes_":1000000000000},1,2,3,4]', "cannot be 1000000000000"),
        ('[{"np.str_":["a"]},1,2,3,4]', "nested"),
        ('[{"np.int8":300},1,2,3,4]', "300"),
        ('[{"np.float64":"1"},1,2,3,4]', "np.float64 cannot be '1'"),
        ('[{"int":5},1,2,3,4]', "int"),
        ('[{"int":"5","str":"a"},1,2,3,4]', "unpack"),
        ("[" * 66 + "]" * 66, "nested more than 64 deep"),
        ("[" * 100_000 + "]" * 100_000, "recursion"),
        (f"[{'9' * 5000},1,2,3,4]", "digits"),
        (json.dumps([k * (2**61 - 1) for k in range(1, CROWDED + 3)]), "feature names have one hash"),
        ("\xff", "decode"),
    ],
    ids=lambda text: text[:30],
)
def test_wrong_names_are_refused(text, match):
    about, arrays = parts(FILES["Adam"])
    refuses(about, arrays | {"names": np.frombuffer(text.encode("latin-1"), np.uint8)}, match)


def test_a_missing_label_is_refused():
    about, arrays = parts(FILES["Adam"])
    labels = np.frombuffer(b'[1,2,{"float":"nan"}]', np.uint8)
    refuses(about, arrays | {"labels": labels}, "a missing label cannot be learned")


@pytest.mark.parametrize("size", [10**12, 2**63 - 1, 2**64 - 1])
def test_claims_of_size_cost_no_memory(size):
    file, before = FILES["Adam"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    about, arrays = parts(file)
    header = {"x": {"dtype": "F64", "shape": [size // 8], "data_offsets": [0, size]}}
    shape = {"x": {"dtype": "F64", "shape": [0, size], "data_offsets": [0, 0]}}
    for claims in (header, shape):
        text = json.dumps({"__metadata__": {KEY: "{}"}, **claims}).encode()
        with pytest.raises(ModelFileError):
            opened(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ModelFileError, match="not a whole safetensors file"):
        opened(size.to_bytes(8, "little") + file[8:])
    refuses(about, arrays | {"B": np.zeros((0, size % 2**60))}, "'B' must be an array of")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
