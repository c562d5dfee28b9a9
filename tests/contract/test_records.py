"""What every model makes of raw records: texts, gaps, truth values and numbers, as files hold them."""

from __future__ import annotations

import copy
import io
import math
import pickle
import tracemalloc
from collections import UserDict
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import compose
from scipy import sparse

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, load, open_stream, progressive_validation, save
from online_softmax.models.native import NativeModel
from online_softmax.streams.tables import Table, code, sifted

GAPS = [None, math.nan, np.float32("nan"), np.array(math.nan), Decimal("nan"), pd.NA, pd.NaT, np.datetime64("NaT")]
FEW = {
    "softmax": lambda **options: SoftmaxRegression(**options),
    "auto": lambda **options: AutoSoftmaxRegression(**options),
}


@pytest.fixture(scope="session", params=FEW)
def make(request):
    """Make a model with options: each test runs once for the two classes."""
    return FEW[request.param]


@pytest.fixture(scope="session")
def raw(make_model):
    """Make a model that takes texts and gaps: each test runs once for every model under contract."""

    def made(missing="zero"):
        return make_model().clone({"categorical": True, "missing": missing})

    return made


RECORDS = [
    ({"job": "admin", "age": 31.5, "owner": True}, "yes"),
    ({"job": "nurse", "age": math.nan, "owner": False}, "no"),
    ({"job": None, "age": 40, "owner": None}, "yes"),
    ({"age": None, "job": "", "town": "a=b"}, "no"),
    ({"job": "nurse", 7: "seven", ("a", 1): "t", "age": -2.0}, "maybe"),
] * 3


def spelt(x, missing="zero"):
    """Give the features that a record stands for."""
    out = {}
    for name, value in x.items():
        if isinstance(value, str):
            out[f"{name}={value}"] = 1.0
        elif value is None or value != value:
            out |= {name: 0.0} | ({f"{name}=": 1.0} if missing == "indicate" else {})
        else:
            out[name] = value
    return out


def refuse(model, call, error, match):
    before = pickle.dumps(model)
    with pytest.raises(error, match=match):
        call()
    assert pickle.dumps(model) == before


def verbs(model, x):
    """Give every way to show `x` to `model`, with a label it knows and one it does not."""
    return [
        lambda: model.learn_one(x, "yes"),
        lambda: model.learn_one(x, "unheard"),
        lambda: model.predict_proba_one(x),
        lambda: model.predict_one(x),
        lambda: model.loss_one(x, "yes"),
    ]


# ---- what a record means ----


@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_a_record_is_the_features_it_stands_for(raw, learned, missing):
    model, plain = raw(missing), raw(missing)
    for x, y in RECORDS:
        assert model.predict_proba_one(x) == plain.predict_proba_one(spelt(x, missing))
        assert model.loss_one(x, y) == plain.loss_one(spelt(x, missing), y)
        assert model.predict_one(x) == plain.predict_one(spelt(x, missing))
        model.learn_one(x, y)
        plain.learn_one(spelt(x, missing), y)
    assert learned(model) == learned(plain)
    assert "job=admin" in model.features
    assert ("age=" in model.features) == (missing == "indicate")
    assert "job" not in model.features


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: f"{type(gap).__name__} {gap}")
@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_every_gap_is_one(make, learned, missing, gap):
    model, other = make(missing=missing), make(missing=missing)
    for each, hole in ((model, gap), (other, None)):
        for x, y in [({"a": 1.0}, "u"), ({"a": hole, "b": 2.0}, "v"), ({"never a number": hole}, "u")]:
            each.learn_one(x, y)
            each.predict_proba_one(x)
    assert learned(model) == learned(other)
    assert set(model.features) == {"a", "b"} | ({"a=", "never a number="} if missing == "indicate" else set())


def test_a_gap_of_a_number_is_zero(make, learned):
    model, zero = make(missing="zero"), make(missing="zero")
    for value, hole in [(2.0, None), (3.0, math.nan), (0.0, 0.0)]:
        model.learn_one({"a": value, "b": hole}, "u")
        zero.learn_one({"a": value, "b": 0.0}, "u")
        model.learn_one({"a": hole}, "v")
        zero.learn_one({"a": 0.0}, "v")
    assert learned(model) == learned(zero)


def test_an_empty_text_is_an_indicated_gap(make):
    model = make(categorical=True, missing="indicate")
    model.learn_one({"job": ""}, "u")
    model.learn_one({"job": "admin"}, "v")
    assert model.features == ["job=", "job=admin"]
    assert model.predict_proba_one({"job": None}) == model.predict_proba_one({"job": ""})


class Shouted(str):
    """A text whose str() is not its characters."""

    __slots__ = ()

    def __str__(self):
        return self.upper()


@pytest.mark.parametrize("text", ["red", np.str_("red"), Shouted("red")], ids=lambda text: type(text).__name__)
def test_every_kind_of_text_is_its_characters(make, text):
    model = make(categorical=True)
    for _ in range(2):
        model.learn_one({"colour": text}, "u")
        model.learn_one({"colour": "blue"}, "v")
    assert set(model.features) == {"colour=red", "colour=blue"}
    assert model.predict_proba_one({"colour": text}) == model.predict_proba_one({"colour=red": 1})


def test_names_that_are_equal_keep_their_texts_apart(make):
    model = make(categorical=True)
    for name in (1, True, 1.0, np.int64(1), "1"):
        model.learn_one({name: "x"}, "u")
    assert set(model.features) == {"1=x", "True=x", "1.0=x"}


def test_every_mapping_is_a_record(make, learned):
    plain, other = (make(categorical=True, missing="indicate") for _ in range(2))
    for x, y in RECORDS:
        plain.learn_one(x, y)
        other.learn_one(UserDict(x), y)
        assert plain.predict_proba_one(x) == other.predict_proba_one(UserDict(x))
    assert learned(plain) == learned(other)


@pytest.mark.parametrize("bits", [3, 18])
@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_buckets_are_of_whole_names(make, learned, missing, bits):
    model, plain = (make(categorical=True, missing=missing, hash_bits=bits) for _ in range(2))
    for x, y in RECORDS:
        assert model.predict_proba_one(x) == plain.predict_proba_one(spelt(x, missing))
        model.learn_one(x, y)
        plain.learn_one(spelt(x, missing), y)
    assert learned(model) == learned(plain)


def test_wide_records(make, learned):
    model, plain = (make(categorical=True, missing="indicate") for _ in range(2))
    for shift in range(4):
        x = {f"f{i}": f"v{(i + shift) % 3}" if i % 2 else None if i % 5 == shift else 1.5 for i in range(150)}
        model.learn_one(x, shift % 2)
        plain.learn_one(spelt(x, "indicate"), shift % 2)
        refuse(model, lambda x=x: model.learn_one(x | {"f1=v2": 1.0, "f1": "v2"}, 0), ValueError, "'f1=v2'")
    assert learned(model) == learned(plain)


def test_behind_a_step_of_a_pipeline(make):
    pipeline = compose.Discard("id") | make(categorical=True, missing="zero")
    alone = make(categorical=True, missing="zero")
    for i, (x, y) in enumerate(RECORDS):
        pipeline.learn_one(x | {"id": f"{i}"}, y)
        alone.learn_one(x, y)
    assert pipeline.predict_proba_one({"job": "nurse"}) == alone.predict_proba_one({"job": "nurse"})


# ---- what is refused ----


@pytest.mark.parametrize(
    ("value", "error", "option"),
    [("admin", TypeError, "categorical=True"), (np.str_("admin"), TypeError, "categorical=True")]
    + [
        (gap, ValueError if isinstance(gap, float | np.float32 | Decimal | np.ndarray) else TypeError, "missing='zero'")
        for gap in GAPS
    ],
    ids=lambda value: repr(value)[:20],
)
def test_the_default_refuses_and_names_the_option(make_model, value, error, option):
    model = make_model()
    model.learn_one({"job": 1.0}, "yes")
    for call in verbs(model, {"new": 1.0, "job": value}):
        refuse(model, call, error, f"^feature 'job' is .* must be .*numbers, or say {option}( or 'indicate')?$")


@pytest.mark.parametrize("value", [math.inf, -math.inf, b"x", 1j, [1.0], Decimal("sNaN"), np.array(["a"])], ids=repr)
def test_no_option_takes_these(raw, value):
    for missing in ("raise", "zero", "indicate"):
        model = raw(missing)
        model.learn_one({"a": 1.0}, "yes")
        for call in verbs(model, {"new": 1.0, "job": "admin", "a": value}):
            refuse(model, call, (TypeError, ValueError), "^(feature 'a' is .*numbers$|cannot convert)")


def test_each_option_alone_refuses_the_other(make):
    texts, gaps = make(categorical=True), make(missing="zero")
    for model in (texts, gaps):
        model.learn_one({"a": 1.0}, "yes")
    for call in verbs(texts, {"a": None, "b": "x"}):
        refuse(texts, call, TypeError, "feature 'a' is None .*missing='zero'")
    for call in verbs(gaps, {"a": None, "b": "x"}):
        refuse(gaps, call, TypeError, "feature 'b' is 'x' .*categorical=True")


@pytest.mark.parametrize(
    "x",
    [
        {"a": "b", "a=b": 1.0},
        {"a=b": 1.0, "a": "b"},
        {"a=b": 0.0, "a": "b"},
        {"a": "b=c", "a=b": "c"},
        {1: "x", "1": "x"},
        {"a": None, "a=": 2.0},
        {"a": None, "a=": "", "a==": 1},
    ],
    ids=repr,
)
@pytest.mark.parametrize("bits", [None, 10])
def test_two_items_that_are_one_feature_are_refused(make, x, bits):
    model = make(categorical=True, missing="indicate", hash_bits=bits)
    for known in ({}, *({name: value} for name, value in x.items())):
        model.learn_one(known, "yes")
        for call in verbs(model, {"new": 1.0} | x):
            refuse(
                model,
                call,
                ValueError,
                "^feature '.*=.*' is called like a text or a gap of another feature; rename one$",
            )


@pytest.mark.parametrize(
    ("options", "error"),
    [({"categorical": 1}, TypeError), ({"categorical": None}, TypeError), ({"missing": "skip"}, ValueError)]
    + [({"missing": value}, ValueError) for value in (None, True, ("zero",))],
)
def test_other_options_are_refused(make, options, error):
    ((name, value),) = options.items()
    with pytest.raises(error, match=f"^{name} must be .*, got {value!r}$".replace("(", r"\(").replace(")", r"\)")):
        make(**options)


# ---- what is remembered of texts ----


def test_forgotten_and_evicted_texts_start_anew(make, learned):
    model, plain = (make(categorical=True, max_features=8) for _ in range(2))
    for i in range(300):
        x = {"id": f"{i % 50}", "job": ("admin", "nurse")[i % 2], "kind": f"{i % 3}"}
        assert model.predict_proba_one(x) == plain.predict_proba_one(spelt(x))
        model.learn_one(x, i % 2)
        plain.learn_one(spelt(x), i % 2)
        if i % 70 == 69:
            name = model.features[i % 5]
            model.forget_feature(name)
            plain.forget_feature(name)
            model = pickle.loads(pickle.dumps(model)) if i % 2 else copy.deepcopy(model)
        if i % 11 == 10:  # a call that fails takes its new names back
            with pytest.raises(TypeError):
                model.learn_one({"other": f"{i}", "job": "admin"}, [])
    assert model.n_evicted == plain.n_evicted > 0
    assert learned(model) == learned(plain)


@pytest.mark.parametrize("bits", [None, 4])
def test_predictions_leave_nothing_behind(make, bits):
    model = make(categorical=True, missing="indicate", hash_bits=bits)
    for x, y in RECORDS:
        model.learn_one(x, y)
    before = pickle.dumps(model)
    tracemalloc.start()
    try:
        for i in range(2_000):
            model.predict_proba_one({"job": f"never seen {i}", f"never seen {i}": "text", "town": None})
        start = tracemalloc.get_traced_memory()[0]
        for i in range(2_000, 12_000):
            model.predict_proba_one({"job": f"never seen {i}", f"never seen {i}": "text", "town": None})
        assert tracemalloc.get_traced_memory()[0] - start < 20_000
    finally:
        tracemalloc.stop()
    assert pickle.dumps(model) == before


# ---- the same by every way ----


@st.composite
def tables(draw):
    """Draw columns of numbers, texts and truth values, with gaps, and labels."""
    n = draw(st.integers(1, 12))
    number = st.sampled_from([math.nan, 0.0, -0.0, 1.0, -2.5, 1e3])
    text = st.sampled_from([None, "", "a", "b", "a=b", "1.5", "nan"])
    kinds = draw(st.lists(st.sampled_from(["number", "text", "truth"]), min_size=1, max_size=5))
    cells = {"number": number, "text": text, "truth": st.booleans()}
    columns = {f"{kind} {j}": draw(st.lists(cells[kind], min_size=n, max_size=n)) for j, kind in enumerate(kinds)}
    return columns, draw(st.lists(st.sampled_from(["u", "v", "w"]), min_size=n, max_size=n))


def records(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


OPTIONS = [{}, {"max_features": 3}, {"hash_bits": 3}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("missing", ["zero", "indicate"])
@settings(max_examples=15)
@given(parts=st.lists(tables(), min_size=1, max_size=4))
def test_one_by_one_as_in_frames_as_in_files(make, learned, backend, options, missing, parts):
    one, bulk, file = (make(categorical=True, missing=missing, **options) for _ in range(3))
    for columns, labels in parts:
        X = backend.frame(columns)
        P, answers = bulk.predict_proba_many(X), bulk.predict_many(X)
        if one.classes:
            expected = [list(one.predict_proba_one(x).values()) for x in records(columns)]
            assert [list(row.values()) for row in backend.rows(P)] == expected
        assert backend.values(answers) == [one.predict_one(x) for x in records(columns)]
        for x, y in zip(records(columns), labels, strict=True):
            one.learn_one(x, y)
        bulk.learn_many(X, backend.series(labels))
        NativeModel(file).progress(rows_of_a_file(columns, labels, missing))
    assert learned(bulk) == learned(one)
    assert learned(file) == learned(one)


def rows_of_a_file(columns, labels, missing):
    """Give the rows that a file of these columns would be read as."""
    texts = {name: code(cells) for name, cells in columns.items() if name.startswith("text")}
    numbers = [cells for name, cells in columns.items() if name not in texts]
    matrix = np.array(numbers, np.float64).T if numbers else np.empty((len(labels), 0))
    table = Table(list(columns), np.ascontiguousarray(matrix), texts, ("label", code(labels)))
    return sifted(table, missing).rows


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["raise", "zero", "indicate"])
def test_every_model_in_bulk_as_one_by_one(raw, learned, backend, missing):
    one, bulk = raw(missing), raw(missing)
    for start in range(0, 60, 12):
        rows = range(start, start + 12)
        columns = {
            "job": [f"job {i * i % 7}" if i % 5 or missing == "raise" else None for i in rows],
            "age": [float(i % 9) if i % 4 or missing == "raise" else math.nan for i in rows],
            "owner": [i % 3 == 0 for i in rows],
        }
        labels = ["u" if i % 3 else "v" for i in rows]
        bulk.learn_many(backend.frame(columns), backend.series(labels))
        for x, y in zip(records(columns), labels, strict=True):
            one.learn_one(x, y)
    assert learned(bulk) == learned(one)


@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_a_frame_of_nulls_among_numbers_and_truth(make, learned, backend, missing):
    columns = {"a": [None, 1, None, 3], "b": [True, None, False, None], "c": [1.0, 2.0, None, 4.0], "d": [None] * 4}
    one, bulk = make(missing=missing), make(missing=missing)
    for x, y in zip(records(columns), "uvuv", strict=True):
        one.learn_one(x, y)
    bulk.learn_many(backend.frame(columns), backend.series(list("uvuv")))
    assert learned(bulk) == learned(one)


CATEGORIES = {
    "integers": ([3, 7, 3, 12], "3 7 3 12"),
    "floats": ([3.0, 0.5, 3.0, 1e30], "3.0 0.5 3.0 1e+30"),
    "truth": ([True, False, True, True], "True False True True"),
    "texts": (["a", "b", "a", "c"], "a b a c"),
}


def of_categories(values):
    """Yield frames of a column of categories, as each library has it."""
    yield pd.DataFrame({"shop": pd.Categorical(values)})
    yield pd.DataFrame({"shop": pd.Categorical(values).reorder_categories(sorted({*values} - {None}, reverse=True))})
    yield pa.table({"shop": pa.array(values).dictionary_encode()})
    if isinstance(values[0], str):
        yield pl.DataFrame({"shop": pl.Series(values, dtype=pl.Categorical)})
        yield pl.DataFrame({"shop": pl.Series(values, dtype=pl.Enum(["c", "b", "a"]))})


@pytest.mark.parametrize("missing", ["zero", "indicate"])
@pytest.mark.parametrize("kind", CATEGORIES)
def test_categories_are_texts_as_in_streams(make, learned, kind, missing):
    values, texts = CATEGORIES[kind]
    one = make(categorical=True, missing=missing)
    labels = ["u", "v", "u", "u", "v"]
    for text, y in zip([*texts.split(), None], labels, strict=True):
        one.learn_one({"shop": text}, y)
    for X in of_categories([*values, None]):
        bulk, streamed = (make(categorical=True, missing=missing) for _ in range(2))
        bulk.learn_many(X, pd.Series(labels))
        progressive_validation(open_stream(X, labels, missing=missing), streamed)
        assert learned(streamed) == learned(one)
        assert learned(bulk) == learned(one)
        assert set(bulk.features) - {"shop", "shop="} == {f"shop={text}" for text in texts.split()}
        X = X.to_pandas() if isinstance(X, pa.Table) else X
        expected = [list(one.predict_proba_one({"shop": text}).values()) for text in [*texts.split(), None]]
        assert np.array(bulk.predict_proba_many(X)).tolist() == expected


@pytest.mark.parametrize("kind", CATEGORIES)
@pytest.mark.parametrize("missing", ["raise", "zero", "indicate"])
def test_categories_are_refused_where_texts_are(make, kind, missing):
    model = make(missing=missing)
    model.learn_one({"shop": 1.0}, "u")
    for X in of_categories(CATEGORIES[kind][0]):
        refuse(model, lambda X=X: model.learn_many(X, pd.Series(list("uvuu"))), TypeError, "'shop'.*categorical=True")
        refuse(model, lambda X=X: model.predict_many(X), TypeError, "'shop'.*categorical=True")


@pytest.mark.parametrize(
    ("cells", "match"),
    [
        (pd.Series(["a", 1], dtype=object), "'a' and 1: convert its values to one kind"),
        (pd.Series([2.5, None, "a"], dtype=object), "2.5 and 'a': convert its values to one kind"),
        (pd.Series([True, "a"], dtype=object), "True and 'a': convert its values to one kind"),
        (pd.Categorical([1, "a"]), "1 and 'a': convert its values to one kind"),
        (pd.Categorical([("a", 1), ("b", 2)]), "which are no features"),
        (pd.Categorical(pd.to_datetime(["2020-01-01", "2020-01-02"])), "dates, which are no features"),
    ],
    ids=["text and number", "number and text", "truth and text", "categories", "tuples", "dates"],
)
def test_a_column_of_a_frame_is_of_one_kind_as_in_streams(make, cells, match):
    model = make(categorical=True, missing="zero")
    model.learn_one({"o": "a"}, "u")
    X = pd.DataFrame({"o": cells})
    labels = ["u", "v", "u"][: len(X)]
    refuse(model, lambda: model.learn_many(X, pd.Series(labels)), ValueError, f"^column 'o' holds .*{match}")
    refuse(model, lambda: model.predict_many(X), ValueError, f"^column 'o' holds .*{match}")
    with pytest.raises(ValueError, match=f"column 'o' holds .*{match}"):
        progressive_validation(X, make(), target=labels)


def test_a_column_of_objects_holds_texts_or_numbers(make, learned):
    for cells in (
        ["x", None, "", pd.NA, Shouted("red")],
        [1.5, None, True, 0, pd.NA, Decimal("2.5"), np.float32(3), 1],
    ):
        one, bulk = (make(categorical=True, missing="indicate") for _ in range(2))
        for cell in cells:
            one.learn_one({"a": cell}, "u")
        bulk.learn_many(pd.DataFrame({"a": pd.Series(cells, dtype=object)}), pd.Series(["u"] * len(cells)))
        assert learned(bulk) == learned(one)


@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_gaps_in_arrays(make, learned, missing):
    X = np.array([[1.0, math.nan, 0.0], [math.nan, 2.0, 3.0], [4.0, math.nan, 0.0]])
    one, dense = make(missing=missing), make(missing=missing)
    for row, y in zip(X.tolist(), "uvu", strict=True):
        one.learn_one(dict(enumerate(row)), y)
    dense.learn_many(X, list("uvu"))
    assert learned(dense) == learned(one)
    one, thin = make(missing=missing), make(missing=missing)
    for row, y in zip(X.tolist(), "uvu", strict=True):
        one.learn_one({j: value for j, value in enumerate(row) if value != 0}, y)
    thin.learn_many(sparse.csr_array(X), list("uvu"))
    assert learned(thin) == learned(one)
    refuse(dense, lambda: dense.learn_many(np.array([[1.0, math.inf]]), ["u"]), ValueError, "inf.*row 0")


def test_frames_are_refused_with_the_option(make_model, backend):
    model = make_model()
    model.learn_one({"a": 1.0}, "u")
    y = backend.series(["u", "v"])
    for cells, match in ((["x", "y"], "'a'.*categorical=True"), ([1.0, None], "'a'.*missing='zero' or 'indicate'")):
        X = backend.frame({"a": cells})
        refuse(model, lambda X=X: model.learn_many(X, y), (TypeError, ValueError), match)
        refuse(model, lambda X=X: model.predict_many(X), (TypeError, ValueError), match)
        refuse(model, lambda X=X: model.predict_proba_many(X), (TypeError, ValueError), match)


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"a": ["b", "c"], "a=b": [1.0, 2.0]}, "column 'a=b' is called like a value of column 'a'; rename one"),
        ({"a=b": ["x", "y"], "a": ["b", "c"]}, "column 'a=b' is called like a value of column 'a'; rename one"),
        ({"a": [1.0, None], "a=": [1.0, 2.0]}, "column 'a=' is called like a gap of column 'a'; rename one"),
        ({"a": [1.0, math.inf], "b": ["x", "y"]}, "column 'a' is inf in row 1: values must be finite numbers"),
    ],
)
def test_frames_that_no_record_could_be_are_refused(make, backend, columns, match):
    model = make(categorical=True, missing="indicate")
    model.learn_one({"a": "b"}, "u")
    refuse(
        model, lambda: model.learn_many(backend.frame(columns), backend.series(["u", "v"])), ValueError, f"^{match}$"
    )


def test_equal_texts_of_columns_that_differ_are_refused(make):
    model = make(categorical=True)
    X = pd.DataFrame({1: ["x", "y"], "1": ["x", "z"]})
    refuse(model, lambda: model.learn_many(X, pd.Series(["u", "v"])), ValueError, "^columns .* rename one$")


@pytest.mark.parametrize("cell", [b"x", [1.0], {"a": 1}, 10**400], ids=repr)
def test_cells_that_no_record_could_hold_are_refused(make, cell):
    model = make(categorical=True, missing="zero")
    X = pd.DataFrame({"a": pd.Series(["x", None, cell], dtype=object)})
    refuse(model, lambda: model.learn_many(X, pd.Series(list("uvu"))), (TypeError, ValueError), "^column 'a' ")


def test_a_batch_takes_texts_and_gaps():
    model, plain = (SoftmaxRegression(categorical=True, missing="indicate") for _ in range(2))
    X = pd.DataFrame({"job": ["a", None, "b"], "age": [1.0, 2.0, None]})
    by_hand = pd.DataFrame([spelt(x, "indicate") for x in X.to_dict("records")]).fillna(0.0)
    model.learn_batch(X, pd.Series(list("uvu")))
    plain.learn_batch(by_hand, pd.Series(list("uvu")))
    for x in X.to_dict("records"):
        assert model.predict_proba_one(x) == pytest.approx(plain.predict_proba_one(x), rel=1e-12)


# ---- files, and what is kept ----


def test_a_model_of_a_file_answers_records(tmp_path, make, learned):
    lines = [f"job {i % 3},{i % 5 or ''},{'uv'[i * i % 3 % 2]}" for i in range(60)]
    (tmp_path / "jobs.csv").write_text("\n".join(["job,age,y", *lines, ""]))
    of_file, of_records = (make(categorical=True, missing="zero") for _ in range(2))
    progressive_validation(open_stream(tmp_path / "jobs.csv", target="y", missing="zero"), of_file)
    pairs = [({"job": f"job {i % 3}", "age": i % 5 or None}, "uv"[i * i % 3 % 2]) for i in range(60)]
    result = progressive_validation(pairs, of_records)
    assert result.n_samples == 60
    assert learned(of_file) == learned(of_records)
    for x, _ in pairs[:5]:
        assert of_file.predict_proba_one(x) == of_records.predict_proba_one(spelt(x))


@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_the_options_are_kept(make, learned, missing):
    model = make(categorical=True, missing=missing)
    for x, y in RECORDS:
        model.learn_one(x, y)
    file = io.BytesIO()
    save(model, file)
    twins = [load(io.BytesIO(file.getvalue())), pickle.loads(pickle.dumps(model)), model.copy()]
    for twin in (*twins, model.clone(include_attributes=True)):
        assert (twin.categorical, twin.missing) == (True, missing)
        assert learned(twin) == learned(model)
        assert twin.predict_proba_one({"job": "nurse", "age": None}) == model.predict_proba_one(
            {"job": "nurse", "age": None}
        )
    assert (model.clone().categorical, model.clone().missing) == (True, missing)
    changed = model.clone({"missing": "raise"}, include_attributes=True)
    assert changed.predict_proba_one({"job": "nurse"}) == model.predict_proba_one({"job": "nurse"})
    refuse(changed, lambda: changed.predict_one({"job": None}), TypeError, "missing='zero'")


def test_a_run_over_records_goes_on_from_its_checkpoint(tmp_path, make, learned, figures):
    pairs = RECORDS * 10
    straight, part, resumed = (make(categorical=True, missing="indicate") for _ in range(3))
    expected = progressive_validation(pairs, straight)
    path = tmp_path / "run"
    progressive_validation(pairs, part, checkpoint=path, every=50, limit=100)
    result = progressive_validation(pairs, resumed, checkpoint=path, every=50, resume=True)
    assert learned(resumed) == learned(straight)
    assert figures(result) == figures(expected)
