"""Rounds on any executor learn the same bits, whatever dies meanwhile, and go on where the store is."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
from river import optim, preprocessing

from online_softmax import AutoSoftmaxRegression, ModelStore, SoftmaxRegression, StoreError, open_stream
from online_softmax.executors import RayExecutor, fit_rounds
from online_softmax.models.saving import to_bytes
from online_softmax.rounds import RoundError, after_round, learn_shard
from online_softmax.streams import Place, RowStream
from online_softmax.streams.reading import Reading

from .driving import fit_until_killed
from .processes import started

ROUNDS = {"shards": 3, "round_rows": 1200}


class Serial(Executor):
    """Runs each task at once."""

    def submit(self, task, /, *arguments, **keywords):
        future = Future()
        try:
            future.set_result(task(*arguments, **keywords))
        except Exception as error:
            future.set_exception(error)
        return future


class Fresh(Executor):
    """Runs each task in a thread of its own, which opens the source anew."""

    def submit(self, task, /, *arguments, **keywords):
        with ThreadPoolExecutor(1) as executor:
            future = executor.submit(task, *arguments, **keywords)
        return future


class Shuffled(Executor):
    """Runs the tasks that wait for one another in an order of its own."""

    def __init__(self, seed):
        self._rng, self._waiting, self._lock = random.Random(seed), [], threading.Lock()

    def submit(self, task, /, *arguments, **keywords):
        future = Lazy(self)
        self._waiting.append((future, task, arguments, keywords))
        return future

    def run_all(self):
        with self._lock:
            self._rng.shuffle(self._waiting)
            while self._waiting:
                future, task, arguments, keywords = self._waiting.pop()
                future.set_result(task(*arguments, **keywords))


class Lazy(Future):
    def __init__(self, executor):
        super().__init__()
        self._executor = executor

    def result(self, timeout=None):
        self._executor.run_all()
        return super().result(timeout)


@pytest.fixture(scope="module")
def frame():
    """Give 5,000 rows of numbers and words, of four classes."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 4, 5000)
    x = rng.normal(size=(5000, 4)) + y[:, None] * rng.normal(size=4)
    columns = {f"x{i}": x[:, i].round(4) for i in range(4)}
    return pd.DataFrame({**columns, "kind": rng.choice(["a", "b"], 5000), "y": np.array(list("uvwz"))[y]})


@pytest.fixture(scope="module")
def sources(frame, tmp_path_factory):
    """Give the same rows in every kind of source that is opened in another way."""
    folder = tmp_path_factory.mktemp("sources")
    frame.to_csv(folder / "rows.csv", index=False)
    frame.to_csv(folder / "rows.csv.gz", index=False)
    frame.to_parquet(folder / "rows.parquet", row_group_size=700)
    frame.to_parquet(folder / "large.parquet")
    frame.to_json(folder / "rows.jsonl", orient="records", lines=True)
    (folder / "parts").mkdir()
    for i in range(4):
        frame[1250 * i : 1250 * (i + 1)].to_csv(folder / "parts" / f"{i}.csv", index=False)
    names = "rows.csv", "rows.csv.gz", "rows.parquet", "large.parquet", "rows.jsonl", "parts"
    paths = {name: str(folder / name) for name in names}
    pairs = list(open_stream(frame, "y").pairs())
    return {**paths, "frame": frame, "pairs": pairs, "path": folder / "rows.csv"}


def target_of(source):
    return None if isinstance(source, list) else "y"


def fitted(executor, source, model, store, **options):
    return fit_rounds(executor, source, model, store, target=target_of(source), **{**ROUNDS, **options})


def bits(commit):
    """Give all of a commit but how long it took, and where in its own kind of source it is."""
    log = [replace(one, seconds=0.0) for one in commit.log]
    return to_bytes(commit.model), log, commit.version, commit.place["rows"]


@pytest.fixture(scope="module")
def reference(frame, tmp_path_factory):
    """Give what one process makes of the rows."""
    made = {}
    for name, make in MODELS.items():
        made[name] = bits(fitted(Serial(), frame, make(), tmp_path_factory.mktemp("reference")))
    return made


MODELS = {
    "sgd": lambda: SoftmaxRegression(optim.SGD(0.1)),
    "adagrad, scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(optim.AdaGrad(0.3)),
    "auto": AutoSoftmaxRegression,
}


def test_the_rounds_are_those_of_a_loop(frame, reference, tmp_path):
    commit, start = ModelStore(tmp_path).open(MODELS["auto"](), {}), 0
    for size in (125, 250, 400, 400, 400, 400):
        base = to_bytes(commit.model)
        parts = (frame[start + size * k : start + size * (k + 1)] for k in range(3))
        updates = [learn_shard(base, k, open_stream(part, "y")) for k, part in enumerate(parts) if len(part)]
        start = min(len(frame), start + 3 * size)
        commit = after_round(commit, updates, {"rows": start})
    assert [one.rows for one in commit.log] == [375, 750, 1200, 1200, 1200, 275]
    assert bits(commit) == reference["auto"]


EXECUTORS = {
    "serial": Serial,
    "threads": lambda: ThreadPoolExecutor(2),
    "forked processes": lambda: ProcessPoolExecutor(2, get_context("fork")),
    "spawned processes": lambda: ProcessPoolExecutor(2, get_context("spawn")),
    "in another order": lambda: Shuffled(3),
    "in yet another": lambda: Shuffled(4),
}


@pytest.mark.slow
@pytest.mark.parametrize("make_executor", EXECUTORS.values(), ids=EXECUTORS)
def test_every_executor_learns_the_same_bits(make_executor, sources, reference, tmp_path):
    with make_executor() as executor:
        for name, make in MODELS.items():
            for source in ("rows.csv", "frame", "pairs"):
                commit = fitted(executor, sources[source], make(), tmp_path / f"{name}, {source}")
                assert bits(commit) == reference[name]


@pytest.mark.parametrize(
    "source", ["rows.csv", "rows.csv.gz", "rows.parquet", "large.parquet", "rows.jsonl", "parts", "path", "pairs"]
)
@pytest.mark.parametrize("kind", ["serial", "threads"])
def test_every_source_gives_the_same_bits(source, kind, sources, reference, tmp_path):
    with EXECUTORS[kind]() as executor:
        assert bits(fitted(executor, sources[source], MODELS["auto"](), tmp_path)) == reference["auto"]


def written(folder):
    """Write files that are read each in a way of its own, and give how each is opened."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(900, 2)).round(3), rng.integers(0, 3, 900)
    quoted = [f'"a ""{i % 2}"",\r\nb",{a},{b},{c}\r\n' for i, ((a, b), c) in enumerate(zip(x, y, strict=True))]
    (folder / "quoted.csv").write_text("note,u,v,y\r\n" + "".join(quoted), newline="")
    blank = [f"{a},{b},{c}.50\n" + "\n" * (i % 7 == 0) for i, ((a, b), c) in enumerate(zip(x, y, strict=True))]
    (folder / "floats.csv").write_text("u,v,y\n" + "".join(blank))
    gaps = [f"{a if i % 5 else ''},{b},{c}\n" for i, ((a, b), c) in enumerate(zip(x, y, strict=True))]
    (folder / "gaps.csv").write_text("u,v,y\n" + "".join(gaps))
    objects = ",\n".join(f'{{"u": {a}, "v": {b}, "y": "{c}"}}' for (a, b), c in zip(x, y, strict=True))
    (folder / "array.json").write_text(f"[{objects}]")
    (folder / "rows.svm").write_text("".join(f"{c} 1:{a} 7:{b} # x\n" for (a, b), c in zip(x, y, strict=True)))
    (folder / "rows.vw").write_text("".join(f"l{c} | u:{a} v:{b}\n" for (a, b), c in zip(x, y, strict=True)))
    header = "@relation r\n@attribute u numeric\n@attribute v numeric\n@attribute y {0,1,2}\n@data\n"
    (folder / "rows.arff").write_text(header + "".join(f"{a},{b},{c}\n% x\n" for (a, b), c in zip(x, y, strict=True)))
    pd.DataFrame({"u": x[:, 0], "v": x[:, 1], "y": y}).to_feather(folder / "rows.feather")
    how = {name: {"target": "y"} for name in ("quoted.csv", "floats.csv", "rows.arff", "rows.feather")}
    how |= {"array.json": {"target": "y", "format": "jsonl"}, "rows.svm": {}, "rows.vw": {}}
    return how | {"gaps.csv": {"target": "y", "missing": "skip-row"}}


def test_files_of_every_kind_give_the_bits_of_their_rows_in_memory(tmp_path):
    for name, how in written(tmp_path).items():
        path, options = tmp_path / name, {"shards": 2, "round_rows": 400}
        rows = list(open_stream(path, **how).pairs())
        expected = fit_rounds(Serial(), rows, MODELS["sgd"](), tmp_path / f"{name}, rows", **options)
        with pytest.raises(StopError):
            fit_rounds(
                Serial(),
                path,
                MODELS["sgd"](),
                tmp_path / f"{name}, file",
                progress=stopping_after(2),
                **how,
                **options,
            )
        done = fit_rounds(Serial(), path, MODELS["sgd"](), tmp_path / f"{name}, file", **how, **options)
        assert done.total.taken == 900
        if name != "gaps.csv":
            assert to_bytes(done.model) == to_bytes(expected.model), name
        with ThreadPoolExecutor(2) as executor:
            again = fit_rounds(executor, path, MODELS["sgd"](), tmp_path / f"{name}, threads", **how, **options)
        assert bits(again) == bits(done), name


def test_a_stream_that_is_open_is_read_here(sources, reference, tmp_path):
    for source in ("rows.csv", "rows.parquet"):
        stream = open_stream(sources[source], "y")
        with pytest.raises(StopError):
            fit_rounds(Serial(), stream, MODELS["auto"](), tmp_path / source, progress=stopping_after(3), **ROUNDS)
        done = fit_rounds(Serial(), open_stream(sources[source], "y"), MODELS["auto"](), tmp_path / source, **ROUNDS)
        assert bits(done) == reference["auto"]


def test_standard_input_is_learned_too(sources, reference, tmp_path):
    code = f"""if True:
        from concurrent.futures import ThreadPoolExecutor
        from online_softmax import SoftmaxRegression
        from online_softmax.executors import fit_rounds
        from river import optim
        with ThreadPoolExecutor(2) as executor:
            model = SoftmaxRegression(optim.SGD(0.1))
            fit_rounds(executor, "-", model, {str(tmp_path)!r}, target="y", format="csv", **{ROUNDS})
    """
    with open(sources["rows.csv"], "rb") as file:
        subprocess.run([sys.executable, "-c", code], stdin=file, check=True)
    assert bits(ModelStore(tmp_path).load()) == reference["sgd"]


class StopError(Exception):
    """The end of a run, from outside."""


def stopping_after(n):
    def progress(commit):
        if commit.version == n:
            raise StopError

    return progress


@pytest.mark.parametrize("source", ["rows.csv", "rows.csv.gz", "rows.parquet", "rows.jsonl", "parts", "frame", "pairs"])
@pytest.mark.parametrize("n", [1, 3, 5])
def test_a_run_goes_on_where_the_store_is(source, n, sources, reference, tmp_path):
    for end in (n, n + 1):
        with pytest.raises(StopError):
            fitted(Serial(), sources[source], MODELS["auto"](), tmp_path, progress=stopping_after(end))
        assert ModelStore(tmp_path).version() == end
        if end == 6:
            break
    assert bits(fitted(Serial(), sources[source], MODELS["auto"](), tmp_path)) == reference["auto"]


def test_a_run_that_has_ended_does_nothing(sources, reference, tmp_path):
    for source in ("rows.csv", "frame", "pairs"):
        store = tmp_path / source
        for _ in range(2):
            told = []
            assert (
                bits(fitted(Serial(), sources[source], MODELS["sgd"](), store, progress=told.append))
                == reference["sgd"]
            )
            files = {path: path.read_bytes() for path in store.iterdir()}
        assert told == []
        assert files == {path: path.read_bytes() for path in store.iterdir()}


def test_a_limit_ends_a_run_which_can_go_on(sources, frame, tmp_path):
    for source in ("rows.csv", "frame", "pairs"):
        store = tmp_path / source
        first = fitted(Serial(), sources[source], MODELS["sgd"](), store, limit=2000)
        assert first.total.rows == 2000
        again = fitted(Serial(), sources[source], MODELS["sgd"](), store, limit=2000)
        assert bits(again) == bits(first)
        alone = fitted(Serial(), frame[:2000], MODELS["sgd"](), tmp_path / f"{source}, alone")
        assert bits(alone) == bits(first)
        assert fitted(Serial(), sources[source], MODELS["sgd"](), store).total.rows == 5000


@pytest.mark.parametrize("source", ["rows.csv", "rows.parquet", "frame", "pairs"])
def test_some_rows_may_be_passed_over_first(source, sources, frame, tmp_path):
    options = {"skip": 700, "round_rows": 900}
    alone = fitted(Serial(), frame[700:], MODELS["sgd"](), tmp_path / "alone", round_rows=900)
    with pytest.raises(StopError):
        fitted(Serial(), sources[source], MODELS["sgd"](), tmp_path / "one", progress=stopping_after(2), **options)
    done = fitted(Serial(), sources[source], MODELS["sgd"](), tmp_path / "one", **options)
    assert bits(done)[:3] == bits(alone)[:3]
    assert done.place["rows"] == 5000


@pytest.mark.parametrize("source", ["rows.csv", "rows.parquet", "frame", "pairs"])
def test_a_limit_does_not_count_the_rows_that_were_passed_over(source, sources, frame, tmp_path):
    options = {"skip": 700, "limit": 2000, "round_rows": 900}
    alone = fitted(Serial(), frame[700:2700], MODELS["sgd"](), tmp_path / "alone", round_rows=900)
    with pytest.raises(StopError):
        fitted(Serial(), sources[source], MODELS["sgd"](), tmp_path / "one", progress=stopping_after(2), **options)
    for _ in range(2):
        assert (
            bits(fitted(Serial(), sources[source], MODELS["sgd"](), tmp_path / "one", **options))[:3] == bits(alone)[:3]
        )
    with pytest.raises(ValueError, match=r"one is at 2,000 rows, and the limit is 500: give a higher one, or none$"):
        fitted(Serial(), sources[source], MODELS["sgd"](), tmp_path / "one", **{**options, "limit": 500})


def test_progress_is_told_of_each_commit(frame, tmp_path):
    told = []
    done = fitted(Serial(), frame, MODELS["sgd"](), tmp_path, progress=told.append)
    assert [commit.version for commit in told] == [1, 2, 3, 4, 5, 6]
    assert bits(told[-1]) == bits(done)
    assert str(done).splitlines()[0].startswith("5,000 rows in 6 rounds, ")


def test_the_model_that_is_given_stays_as_it_is(frame, tmp_path):
    model = MODELS["auto"]()
    fitted(Serial(), frame[:500], model, tmp_path / "one")
    assert to_bytes(model) == to_bytes(MODELS["auto"]())
    model.learn_one({"x0": 1.0}, "u")
    before = to_bytes(model)
    done = fitted(Serial(), frame[:500], model, tmp_path / "two")
    assert done.log[0].served_unseen < 375  # it knew a class
    assert to_bytes(model) == before


def test_few_rows_are_a_short_round(frame, tmp_path):
    done = fitted(Serial(), frame[:10], MODELS["auto"](), tmp_path)
    assert (done.total.rounds, done.total.rows, done.log[0].updates) == (1, 10, 1)
    one = fitted(Serial(), frame, MODELS["sgd"](), tmp_path / "one", shards=1)
    alone = learn_shard(to_bytes(MODELS["sgd"]()), 0, open_stream(frame, "y"))
    assert to_bytes(one.model) == alone.model
    assert one.total.own_hits == alone.found.own_hits


class Topic(RowStream):
    """A stream whose places count no rows to be read over, as those of messages that may be gone."""

    reading, text_columns = Reading("y"), frozenset()

    def __init__(self, frame):
        self._chunks = [*open_stream(frame, "y", chunk_rows=90)]

    def read(self, at):
        offset = 0 if at is None else at["offset"]
        for i, chunk in enumerate(self._chunks):
            if (left := chunk.part(max(0, offset - 90 * i), len(chunk))) and 90 * i + len(chunk) > offset:
                start = max(offset, 90 * i)
                yield replace(left, place=Message(0, {"offset": start}, 0, len(left)))


@dataclass(frozen=True, slots=True)
class Message(Place):
    left: int = 0

    def after(self, n):
        assert n <= self.left
        return replace(self, rows=self.rows + n, at={"offset": self.at["offset"] + n}, left=self.left - n)


def test_places_of_another_kind_are_kept(frame, reference, tmp_path):
    with pytest.raises(StopError):
        fit_rounds(Serial(), Topic(frame), MODELS["auto"](), tmp_path, progress=stopping_after(3), **ROUNDS)
    assert ModelStore(tmp_path).load().place == {"rows": 2325, "at": {"offset": 2325}, "over": 0}
    assert bits(fit_rounds(Serial(), Topic(frame), MODELS["auto"](), tmp_path, **ROUNDS)) == reference["auto"]


# ---- what goes wrong ----


def test_a_file_that_shrinks_meanwhile_is_found_out(frame, tmp_path):
    frame.to_csv(tmp_path / "rows.csv", index=False)

    def shrink(commit):
        if commit.version == 2:
            frame[:3000].to_csv(tmp_path / "rows.csv", index=False)

    with pytest.raises(RoundError, match=r"round 4.*(ends at row|begins at byte|before the place|has changed)"):
        fitted(Serial(), str(tmp_path / "rows.csv"), MODELS["sgd"](), tmp_path / "store", progress=shrink)
    assert ModelStore(tmp_path / "store").load().total.rows == 2325


def put(rows, path):
    if path.suffix == ".parquet":
        rows.to_parquet(path, row_group_size=5000 if path.stem == "large" else 500)
    elif path.suffix == ".feather":
        rows.to_feather(path)
    elif path.suffix == ".jsonl":
        rows.to_json(path, orient="records", lines=True)
    else:
        rows.to_csv(path, index=False)


@pytest.mark.parametrize("make_executor", [Serial, Fresh])
@pytest.mark.parametrize("change", ["longer", "shorter", "other"])
@pytest.mark.parametrize(
    "name",
    ["1.csv", "1.jsonl", "1.parquet", "1.feather", "large.parquet", "1.csv.gz", "parts/1.csv", "parts/1.parquet"],
)
def test_a_file_that_is_another_meanwhile_is_found_out(name, change, make_executor, frame, reference, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    put(frame, path)
    other = {"longer": pd.concat([frame, frame]), "shorter": frame[:3000], "other": frame[::-1]}[change]

    def changes(commit):
        if commit.version == 2:
            put(other.reset_index(drop=True), path)

    source = path if path.parent == tmp_path else path.parent
    with pytest.raises(RoundError, match=r"round \d.*the source has changed since the run began"):
        fitted(make_executor(), source, MODELS["sgd"](), tmp_path / "store", progress=changes)
    _, log, version, _ = bits(ModelStore(tmp_path / "store").load())
    assert 2 <= version < 6
    assert log == reference["sgd"][1][:version]  # of the rows that were there


def test_a_file_that_joins_others_meanwhile_is_found_out(frame, tmp_path):
    (tmp_path / "parts").mkdir()
    put(frame, tmp_path / "parts" / "1.csv")

    def joins(commit):
        if commit.version == 2:
            put(frame, tmp_path / "parts" / "0.csv")

    with pytest.raises(RoundError, match="the source has changed since the run began"):
        fitted(Fresh(), tmp_path / "parts", MODELS["sgd"](), tmp_path / "store", progress=joins)


def with_bad_row(frame, at):
    bad = frame.astype({"x0": object})
    bad.loc[at, "x0"] = "oops"
    return bad


@pytest.mark.parametrize("kind", ["csv", "pairs"])
def test_a_bad_row_is_named_and_the_store_is_as_before(frame, tmp_path, kind):
    source, store = with_bad_row(frame, 1500), ModelStore(tmp_path / "store")
    if kind == "csv":
        source.to_csv(tmp_path / "bad.csv", index=False)
        source = str(tmp_path / "bad.csv")
    elif kind == "pairs":
        source = [
            ({**x, "x0": "oops"}, y) if i == 1500 else (x, y)
            for i, (x, y, _) in enumerate(open_stream(frame, "y").pairs())
        ]
    options = {} if kind == "pairs" else {"number_columns": ["x0"]}
    for _ in range(2):
        with pytest.raises(RoundError, match=r"round 3.*(line 1502|row 1,?500).*oops"):
            fitted(Serial(), source, MODELS["sgd"](), store, **options)
        assert (store.version(), store.load().total.rows) == (2, 1125)
    done = fitted(Serial(), source, MODELS["sgd"](), store, on_bad="skip", **options)
    assert (done.total.rows, done.total.n_bad) == (4999, 1)
    whole = fitted(Serial(), source, MODELS["sgd"](), tmp_path / "whole", on_bad="skip", **options)
    assert bits(whole) == bits(done)


class Dying(ProcessPoolExecutor):
    """Processes of which one kills itself in the nth task."""

    def __init__(self, n):
        super().__init__(2, get_context("fork"))
        self._left = n

    def submit(self, task, /, *arguments, **keywords):
        self._left -= 1
        return super().submit(die if self._left == 0 else task, *arguments, **keywords)


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("n", [2, 3, 9, 12])
def test_a_worker_that_is_killed_loses_nothing(n, sources, reference, tmp_path):
    with Dying(n) as executor, pytest.raises(RoundError, match="the same call goes on from there") as found:
        fitted(executor, sources["rows.csv"], MODELS["auto"](), tmp_path)
    assert isinstance(found.value.__cause__, BrokenExecutor)
    n_rounds = (n - 2) // 3
    assert ModelStore(tmp_path).version() == n_rounds
    assert f"round {n_rounds + 1}, rows" in str(found.value)
    with ProcessPoolExecutor(2, get_context("fork")) as executor:
        assert bits(fitted(executor, sources["rows.csv"], MODELS["auto"](), tmp_path)) == reference["auto"]


STEPS = [(f"{when} {what}", n) for when in ("before", "after") for what in ("link", "commit") for n in (1, 4, 6)]
STEPS += [(f"{when} {what}", n) for when in ("before", "after") for what, n in (("fsync", 7), ("submit", 9))]


@pytest.mark.slow
def test_a_driver_that_is_killed_between_any_two_steps_goes_on(sources, reference, tmp_path):
    for step, n in STEPS:
        store = tmp_path / f"{step} {n}"
        process, _ = started(fit_until_killed, sources["rows.csv"], store, step, n)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        version = ModelStore(store).version()
        assert version <= 6
        assert bits(fitted(Serial(), sources["rows.csv"], MODELS["auto"](), store)) == reference["auto"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shards": 2}, "shards was 3 and is 2"),
        ({"round_rows": 900}, "round_rows was 1200 and is 900"),
        ({"model": SoftmaxRegression(optim.Adam())}, "model's parameters's optimizer"),
        ({"model": AutoSoftmaxRegression()}, "model's class was 'SoftmaxRegression'"),
        ({"missing": "zero"}, "source's missing was 'error' and is 'zero'"),
        ({"drop": ["x3"]}, "source's columns changed"),
        ({"source": "shorter"}, "source's size was"),
        ({"source": "renamed"}, "source's"),
    ],
)
def test_another_run_is_refused(change, said, frame, tmp_path):
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame[:-1].to_csv(tmp_path / "shorter.csv", index=False)
    frame.rename(columns={"x1": "z1"}).to_csv(tmp_path / "renamed.csv", index=False)
    options = {"target": "y", "source": str(tmp_path / "rows.csv"), "model": MODELS["sgd"](), **ROUNDS}
    fit_rounds(Serial(), store=tmp_path / "store", limit=1000, **options)
    options |= {**change, **({"source": str(tmp_path / f"{change['source']}.csv")} if "source" in change else {})}
    with pytest.raises(StoreError, match=f"belongs to another run: the {said}"):
        fit_rounds(Serial(), store=tmp_path / "store", **options)
    assert ModelStore(tmp_path / "store").version() == 2


def test_a_store_of_something_else_is_refused(store_of_batches, frame):
    with pytest.raises(StoreError, match="belongs to another run: the engine was 'spark' and is 'executor'"):
        fitted(Serial(), frame, MODELS["sgd"](), store_of_batches)


@pytest.fixture
def store_of_batches(tmp_path):
    store = ModelStore(tmp_path / "batches")
    commit = store.open(MODELS["sgd"](), {"engine": "spark", "query": "a"})
    store.commit(after_round(commit, [], {"batch": 0}))
    return store


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"shards": 0}, ValueError, "shards is a number of shards, 1 or more, not 0"),
        ({"shards": 1.5}, ValueError, "shards is a number of shards, 1 or more, not 1.5"),
        ({"round_rows": 0}, ValueError, "round_rows is a number of rows, 1 or more, not 0"),
        ({"limit": 0}, ValueError, "limit is a number of rows, 1 or more, not 0"),
        ({"on_bad": "ignore"}, ValueError, "on_bad is 'raise' or 'skip', not 'ignore'"),
        ({"executor": None}, TypeError, "an executor has a method submit, and a NoneType has none"),
        ({"model": "auto"}, TypeError, "a model file holds one of"),
        ({"model": preprocessing.StandardScaler()}, TypeError, "a model file holds one of"),
        ({"target": "nowhere"}, ValueError, "nowhere"),
        ({"store": b"x"}, TypeError, "a store is a directory or a URL"),
        ({"colour": "red"}, TypeError, "colour"),
    ],
)
def test_what_is_asked_for_is_checked(options, error, said, frame, tmp_path):
    asked = {
        "executor": Serial(),
        "source": frame,
        "model": MODELS["sgd"](),
        "store": tmp_path,
        "target": "y",
        **ROUNDS,
    }
    with pytest.raises(error, match=said):
        fit_rounds(**{**asked, **options})
    assert os.listdir(tmp_path) == []


def test_an_empty_source_is_refused(frame, tmp_path):
    for source in (frame[:0], []):
        with pytest.raises(ValueError, match="the stream has no rows"):
            fitted(Serial(), source, MODELS["sgd"](), tmp_path / "store")
    bad = frame[:5].assign(x0=np.nan)
    with pytest.raises(ValueError, match="the stream has no rows: all 5 were skipped"):
        fitted(Serial(), bad, MODELS["sgd"](), tmp_path / "store", on_bad="skip")


def test_labels_of_another_kind_than_the_model_knows_are_refused(frame, tmp_path):
    model = SoftmaxRegression()
    model.learn_one({"x0": 1.0}, 3)
    with pytest.raises(ValueError, match="'z' is no label like the others, which are numbers"):
        fitted(Serial(), frame, model, tmp_path)


def test_an_executor_that_was_shut_down_is_refused(frame, tmp_path):
    with ThreadPoolExecutor(1) as executor:
        pass
    with pytest.raises(RoundError, match="the executor takes no tasks: RuntimeError: cannot schedule new futures"):
        fitted(executor, frame, MODELS["sgd"](), tmp_path)


def test_labels_that_no_file_holds_are_refused(tmp_path):
    pairs = [({"x": 1.0}, frozenset([i % 2])) for i in range(10)]
    with pytest.raises(RoundError, match=r"round 1, rows 0 to 9: label frozenset"):
        fitted(Serial(), pairs, MODELS["sgd"](), tmp_path)
    assert ModelStore(tmp_path).version() == 0


def test_a_store_that_cannot_be_written_ends_the_run(frame, tmp_path):
    (tmp_path / "store").write_text("a file")
    with pytest.raises(OSError, match="store"):
        fitted(Serial(), frame, MODELS["sgd"](), tmp_path / "store")


def test_two_runs_on_one_store_are_refused(frame, tmp_path):
    def disturb(commit):
        if commit.version == 2:
            fitted(Serial(), frame, MODELS["sgd"](), tmp_path, limit=3000)

    with pytest.raises(StoreError, match="another run commits to it"):
        fitted(Serial(), frame, MODELS["sgd"](), tmp_path, progress=disturb)


def test_without_ray_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match="this executor is Ray's: pip install ray"):
        RayExecutor()


# ---- Dask and Ray ----


@pytest.fixture(scope="module")
def dask():
    """Give a client of two workers."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.cluster
@pytest.mark.slow
def test_dask_learns_the_same_bits(dask, sources, reference, tmp_path):
    with dask.get_executor(pure=False, retries=3) as executor:
        for source in ("rows.csv", "frame"):
            assert bits(fitted(executor, sources[source], MODELS["auto"](), tmp_path / source)) == reference["auto"]


@pytest.mark.cluster
@pytest.mark.slow
def test_dask_runs_again_what_a_killed_worker_had(dask, sources, reference, tmp_path):
    def kill(commit):
        if commit.version == 2:
            pids = list(dask.run(os.getpid).values())
            threading.Timer(0.01, os.kill, (pids[0], signal.SIGKILL)).start()
            time.sleep(0.02)

    with dask.get_executor(pure=False, retries=3) as executor:
        done = fitted(executor, sources["rows.csv"], MODELS["auto"](), tmp_path, progress=kill)
    assert bits(done) == reference["auto"]


@pytest.mark.cluster
@pytest.mark.slow
def test_ray_learns_the_same_bits(sources, reference, tmp_path):
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1")
    try:
        executor = RayExecutor(max_retries=3)
        assert bits(fitted(executor, sources["rows.csv"], MODELS["auto"](), tmp_path)) == reference["auto"]
    finally:
        ray.shutdown()
