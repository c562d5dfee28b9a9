"""Topics of Kafka at the command line: each message counts once whatever is killed, and no setting's value is shown."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from threading import Thread

import pytest

from online_softmax import load, progressive_validation
from online_softmax.models.saving import to_bytes
from online_softmax.streams import open_stream
from online_softmax.streams.kafka import predictions
from tests.broker import running

COMMAND = [sys.executable, "-m", "online_softmax"]
SECRET = "hunter2"


@pytest.fixture(scope="module")
def broker():
    pytest.importorskip("confluent_kafka")
    with running() as found:
        yield found


def fruit(n, start=0):
    rng = random.Random(start)
    for i in range(start, start + n):
        size, kind = rng.gauss(i % 3, 1), "abc"[i % 3]
        yield str(i).encode(), json.dumps({"size": size, "colour": rng.choice("rgb"), "kind": kind}).encode()


def figures(path):
    found = json.loads(path.read_text())
    for row in [found, *found["rows"]]:
        for name in ("seconds", "microseconds_per_row", "seconds_to_open"):
            row.pop(name, None)
    return {name: value for name, value in found.items() if name not in ("conditions", "resumed", "memory")}


def evaluate(url, *args):
    return [*COMMAND, "evaluate", url, "--target", "kind", *map(str, args)]


@pytest.mark.slow
def test_kill_9_and_resume_give_the_same_bits(broker, tmp_path):
    topic = broker.fill(fruit(6000))
    url = broker.url(topic)
    whole, model = tmp_path / "whole.json", tmp_path / "whole"
    start = time.monotonic()
    subprocess.run(evaluate(url, "--json", whole, "--save", model), check=True, capture_output=True)
    longest = time.monotonic() - start
    rng, kills = random.Random(0), 0
    kept = ["--checkpoint", tmp_path / "checkpoint", "--every", 100, "--resume"]
    outputs = ["--json", tmp_path / "run.json", "--save", tmp_path / "model"]
    while kills < 5 or not (tmp_path / "run.json").exists():
        with subprocess.Popen(evaluate(url, *kept, *outputs), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            try:
                run.wait(rng.uniform(0.5, 1.2) * longest if kills < 5 else 60)
                assert run.returncode == 0, run.stderr.read()
                if kills < 5:  # it came to its end: begin anew
                    (tmp_path / "checkpoint").unlink()
                    (tmp_path / "run.json").unlink()
            except subprocess.TimeoutExpired:
                run.kill()
                kills += 1
    assert figures(tmp_path / "run.json") == figures(whole)
    assert to_bytes(load(tmp_path / "model")) == to_bytes(load(model))


@pytest.mark.slow
def test_each_message_of_a_topic_that_grows_counts_once(broker, tmp_path):
    """A consumer is killed time and again, while messages come."""
    topic = broker.fill(fruit(500))

    def grow():
        for i in range(1, 8):
            time.sleep(0.5)
            broker.fill(fruit(500, 500 * i), topic)

    thread = Thread(target=grow)
    thread.start()
    args = evaluate(broker.url(topic, until_idle="3s"), "--checkpoint", tmp_path / "checkpoint", "--every", 50)
    args += ["--resume", "--json", tmp_path / "run.json", "--model", "SGD(0.1)"]
    for seconds in (2.5, 2.7, 3.1, 60):
        with subprocess.Popen([*map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            try:
                run.wait(seconds)
                assert run.returncode == 0, run.stderr.read()
            except subprocess.TimeoutExpired:
                run.kill()
    thread.join()
    found = json.loads((tmp_path / "run.json").read_text())
    assert found["n_samples"] == 4000
    assert {one["label"]: one["support"] for one in found["classes"]} == {"a": 1334, "b": 1333, "c": 1333}


def test_a_resumed_run_goes_on_with_what_came(broker, tmp_path, said):
    topic = broker.fill(fruit(1500))
    url, checkpoint = broker.url(topic, until_idle=""), tmp_path / "checkpoint"
    run = ["evaluate", url, "--target", "kind", "--until-idle", "100ms", "--checkpoint", checkpoint]
    assert "1,500 rows in " in said(*run)
    broker.fill(fruit(500, 1500), topic)
    assert "2,000 rows in " in said(*run, "--resume", "--save", tmp_path / "model")
    assert "2,000 rows in " in said(*run, "--resume")
    result = progressive_validation(broker.url(topic), load(tmp_path / "model"), target="kind")
    assert result.n_samples == 2000


def test_checkpoints_in_python(broker, tmp_path):
    """What columns hold is in the checkpoint: a run that begins at the end of a topic goes on at its place."""
    from online_softmax import SoftmaxRegression

    topic = broker.fill(fruit(20))
    kept = {"target": "kind", "checkpoint": tmp_path / "checkpoint", "every": 7}
    with pytest.raises(ValueError, match=f"topic {topic} has no messages"):
        progressive_validation(broker.url(topic, from_="latest"), SoftmaxRegression(), **kept)
    assert progressive_validation(broker.url(topic), SoftmaxRegression(), limit=8, **kept).n_samples == 8
    result = progressive_validation(broker.url(topic), SoftmaxRegression(), resume=True, **kept)
    once = progressive_validation(broker.url(topic), SoftmaxRegression(), target="kind")
    assert (result.n_samples, result.log_loss) == (20, once.log_loss)
    with pytest.raises(ValueError, match="the source's topic was"):
        progressive_validation(broker.url(broker.fill(fruit(20))), SoftmaxRegression(), resume=True, **kept)


def test_skip_and_resume(broker, tmp_path, said):
    topic = broker.fill(fruit(300))
    run = ["evaluate", broker.url(topic), "--target", "kind", "--skip", 20, "--checkpoint", tmp_path / "checkpoint"]
    assert "250 rows in " in said(*run, "--limit", 250)
    assert "280 rows in " in said(*run, "--resume")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_endless_run_ends_in_order(broker, tmp_path, number):
    """Ctrl-C ends it as the end of a file would: with checkpoint, model and summary."""
    topic = broker.fill(fruit(1500))
    kept = ["--checkpoint", tmp_path / "checkpoint", "--save", tmp_path / "model", "--json", tmp_path / "run.json"]
    args = evaluate(broker.url(topic, until_idle=""), *kept)
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        while not run.stdout.readline().lstrip().startswith("1,000"):
            time.sleep(0)
        time.sleep(0.5)
        run.send_signal(number)
        out, error = run.communicate(timeout=30)
    assert (run.returncode, error) == (0, "")
    assert "1,500 rows in " in out
    assert json.loads((tmp_path / "run.json").read_text())["n_samples"] == 1500
    assert load(tmp_path / "model").classes
    done = subprocess.run(evaluate(broker.url(topic), "--resume", *kept), capture_output=True, text=True)
    assert "1,500 rows in " in done.stdout


def test_poison(broker, fails, said):
    topic = broker.fill([*fruit(8), b"poison", *fruit(8, 8)])
    place = f"topic {topic}, partition 0, offset 2: no JSON"
    assert f"online-softmax: {place}" in fails("evaluate", broker.url(topic), "--target", "kind")
    out = said("evaluate", broker.url(topic), "--target", "kind", "--on-bad", "skip")
    assert "16 rows in " in out
    assert "offset 2" in out


def test_columns(broker, said, fails):
    topic = broker.fill(fruit(40))
    out = said("columns", broker.url(topic, until_idle="", **{"sasl.username": SECRET}), "--target", "kind")
    assert out.startswith(f"kafka://{broker.address}/{topic}: 40 rows\n")
    assert re.search(r"colour +text +3 ", out)
    assert SECRET not in out
    assert "kind " in said("columns", broker.url(topic))
    assert "there is no topic" in fails("columns", broker.url("nowhere"))


def test_compare_and_train(broker, said, tmp_path):
    topic = broker.fill(fruit(400))
    out = said("compare", broker.url(topic), "--target", "kind", "--model", "SGD(0.1)", "--model", "auto-linear")
    assert "SGD(0.1)" in out
    said("train", broker.url(topic), "--target", "kind", "--save", tmp_path / "model")
    assert sorted(load(tmp_path / "model").classes) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["evaluate", "a.csv", "--target", "y", "--until-idle", "1s"], "--until-idle goes with a kafka:// topic"),
        (["columns", "a.csv", "--kafka-config", "c"], "--kafka-config goes with a kafka:// topic"),
        (["evaluate", "kafka://b/t?until_idle=1s", "--target", "y", "--until-idle", "2s"], "until_idle stands twice"),
        (
            ["evaluate", "kafka://b/t", "--target", "y", "--until-idle", "soon"],
            "--until-idle is a duration such as",
        ),
        (["evaluate", "kafka://b/t", "--target", "y", "--kafka-config", "none"], "none: no such file or directory"),
        (["evaluate", "kafka://b", "--target", "y"], "names brokers and a topic"),
        (
            ["evaluate", "kafka://127.0.0.1:9/t?timeout=200ms", "--target", "y"],
            "no broker of 127.0.0.1:9 answers within",
        ),
    ],
)
def test_wrong_flags(fails, args, reason):
    assert reason in fails(*args)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["url", "file", "environment"])
def test_a_password_is_shown_nowhere(broker, tmp_path, capfd, monkeypatch, way):
    from online_softmax import cli

    topic = broker.fill(fruit(300))
    file = tmp_path / "client.properties"
    file.write_text(f"sasl.password={SECRET}\nclient.id={SECRET}\n")
    url = broker.url(topic, **({"sasl.password": SECRET, "client.id": SECRET} if way == "url" else {}))
    if way == "environment":
        monkeypatch.setenv("ONLINE_SOFTMAX_KAFKA_CONFIG", str(file))
    flags = ["--kafka-config", str(file)] if way == "file" else []
    out = tmp_path / "out"
    out.mkdir()
    kept = ["--json", out / "a.json", "--report", out / "a.html", "--checkpoint", out / "c", "--save", out / "m"]
    run = ["evaluate", url, "--target", "kind", *flags]
    assert cli.main(*map(str, [*run, *kept])) == 0
    assert cli.main(*map(str, ["predict", url, *flags, "--from", out / "m", "--limit", 3])) == 0
    assert cli.main(*map(str, ["predict", url, *flags, "--from", out / "m", "--to", url.split("?")[0] + "out"])) == 0
    wrong = [url.replace(topic, "nowhere"), url.replace(broker.address, "127.0.0.1:9") + "&timeout=200ms"]
    wrong += [url + "&more=1", url + "&security.protocol=" + SECRET, url.replace("kafka://", "kafka:/")]
    for one in wrong:
        assert cli.main("evaluate", one, "--target", "kind", *flags) == 2
        assert cli.main("predict", url, *flags, "--from", str(out / "m"), "--to", one) in (0, 2)
    for path in out.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path
    for text in capfd.readouterr():
        assert SECRET not in text
    assert SECRET not in repr(vars(open_stream(url + (f"&config={file}" if way == "file" else ""), "kind")))


@pytest.fixture
def model(broker, said, tmp_path):
    topic, path = broker.fill(fruit(300)), tmp_path / "model"
    said("train", broker.url(topic), "--target", "kind", "--save", path)
    return topic, path


def test_predictions_go_to_a_topic(broker, said, model):
    topic, path = model
    printed = said("predict", broker.url(topic), "--from", path, "--proba").splitlines()
    assert said("predict", broker.url(topic), "--from", path, "--to", f"kafka://{broker.address}/{topic}.out") == ""
    sent = {(one["partition"], one["offset"]): (message.key(), one) for message, one in _sent(broker, f"{topic}.out")}
    assert len(sent) == 300
    labels = printed[0].split(",")
    rows = open_stream(broker.url(topic, add="partition,offset"), "kind").pairs()
    for (x, _, _), line in zip(rows, printed[1:], strict=True):
        key, found = sent[x["kafka_partition"], x["kafka_offset"]]
        assert key.decode() == found["key"] == str(int(x["kafka_offset"] * 4 + x["kafka_partition"]))
        assert [repr(found["probabilities"][label]) for label in labels] == line.split(",")
        assert found["label"] == max(labels, key=found["probabilities"].get)
        assert (found["model"], len(found["version"])) == (str(path), 16)


def _sent(broker, topic):
    return [(message, json.loads(message.value())) for message in broker.messages(topic)]


@pytest.mark.slow
def test_predictions_of_bad_messages_and_of_files(broker, said, model, tmp_path):
    _, path = model
    poison = broker.fill([(b"\xff", next(fruit(1))[1]), (b"k", b"poison")], partition=1)
    to = f"kafka://{broker.address}/{poison}.out"
    said("predict", broker.url(poison), "--from", path, "--on-bad", "skip", "--to", to)
    first, second = sorted((one for _, one in _sent(broker, f"{poison}.out")), key=lambda one: one["offset"])
    assert (first["key"], second["key"], "label" in first, "label" in second) == ("\\xff", "k", True, False)
    assert second["error"].startswith(f"topic {poison}, partition 1, offset 1: no JSON")
    table = tmp_path / "fruit.csv"
    table.write_text("size,colour\n1,r\n2,g\n")
    config = tmp_path / "client.properties"
    config.write_text("client.id=mine\n")
    said("predict", table, "--from", path, "--to", f"{to}2", "--kafka-config", config)
    assert sorted(one["row"] for _, one in _sent(broker, f"{poison}.out2")) == [0, 1]


def test_predictions_go_on_where_they_were(broker, said, fails, model, tmp_path):
    topic, path = model
    kept = ["--to", f"kafka://{broker.address}/{topic}.out", "--checkpoint", tmp_path / "place"]
    run = ["predict", broker.url(topic), "--from", path, *kept]
    said(*run, "--limit", 100)
    assert len(_sent(broker, f"{topic}.out")) == 100
    assert "exists: --resume it, or remove it" in fails(*run)
    broker.fill(fruit(50, 300), topic)
    for _ in range(2):
        said(*run, "--resume")
        found = [(one["partition"], one["offset"]) for _, one in _sent(broker, f"{topic}.out")]
        assert len(found) == len(set(found)) == 350
    other = broker.fill(fruit(10))
    again = ["predict", broker.url(other), *run[2:], "--resume"]
    assert f"cannot resume {tmp_path / 'place'}: the source's topic was {topic!r} and is {other!r}" in fails(*again)
    elsewhere = [str(one).replace(".out", ".else") for one in run]
    assert f"the topic of the predictions was '{topic}.out' and is '{topic}.else'" in fails(*elsewhere, "--resume")
    for text in ("{}", "[", "7", '{"online-softmax-predictions": 2}'):
        (tmp_path / "place").write_text(text)
        assert f"{tmp_path / 'place'} is no checkpoint of predictions (" in fails(*run, "--resume")


def test_predictions_of_a_file_go_on(broker, said, model, tmp_path):
    topic, path = model
    table = tmp_path / "fruit.csv"
    table.write_text("size,colour\n" + "1,r\n" * 30)
    run = ["predict", table, "--from", path, "--to", f"kafka://{broker.address}/{topic}.rows"]
    run += ["--checkpoint", tmp_path / "place"]
    said(*run, "--limit", 20)
    said(*run, "--resume")
    assert sorted(one["row"] for _, one in _sent(broker, f"{topic}.rows")) == list(range(30))


@pytest.mark.slow
def test_predictions_that_are_killed_come_at_least_once(broker, model, tmp_path):
    _, path = model
    topic = broker.fill(fruit(20_000))
    out = f"kafka://{broker.address}/{topic}.out"
    args = [*COMMAND, "predict", broker.url(topic), "--from", path, "--to", out, "--checkpoint", tmp_path / "place"]
    kills = 0
    while True:
        with subprocess.Popen([*map(str, args), "--resume"], stderr=subprocess.PIPE, text=True) as run:
            while kills < 3 and run.poll() is None and not (tmp_path / "place").exists():
                time.sleep(0.001)
            try:
                run.wait(0.05 if kills < 3 else 100)
                assert run.returncode == 0, run.stderr.read()
                break
            except subprocess.TimeoutExpired:
                run.kill()
                kills += 1
    assert kills
    found = [(one["partition"], one["offset"]) for _, one in _sent(broker, f"{topic}.out")]
    assert len({*found}) == 20_000 <= len(found) <= 20_000 + kills * 8000


def test_wrong_ways_to_send_predictions(broker, fails, model, monkeypatch):
    topic, path = model
    start = ["predict", broker.url(topic), "--from", path]
    assert "--checkpoint goes with --to" in fails(*start, "--checkpoint", "c")
    assert "--resume goes with --checkpoint" in fails(*start, "--resume")
    assert "--to takes a topic such as kafka://host:9092/predictions" in fails(*start, "--to", "out.csv")
    assert "--proba goes with printed predictions" in fails(*start, "--proba", "--to", "kafka://b/t")
    assert "format goes with a topic that is read" in fails(*start, "--to", "kafka://b/t?format=json")
    for own in (f"kafka://{broker.address}/{topic}", f"kafka://other,{broker.address}/{topic}?timeout=1s"):
        assert f"--to names the topic that is read, {topic}: send predictions to another one" in fails(
            *start, "--to", own
        )
    away = fails(*start, "--to", "kafka://127.0.0.1:9/t?timeout=200ms")
    assert "no broker of 127.0.0.1:9 answers within 0.2 s (" in away
    poison = broker.fill([*fruit(4), b"poison"])
    error = fails("predict", broker.url(poison), "--from", path, "--to", f"kafka://{broker.address}/{poison}.out")
    assert "offset 1: no JSON" in error
    assert "row was predicted before it)" in error or "rows were predicted before it)" in error
    put = predictions.PredictionTopic.put
    monkeypatch.setattr(
        predictions.PredictionTopic, "put", lambda *args: put(args[0], args[1], {"big": "x" * 2_000_000})
    )
    error = fails(*start, "--to", f"kafka://{broker.address}/{topic}.out")
    assert f"a prediction did not come to topic {topic}.out (" in error


@pytest.mark.slow
def test_a_broker_that_goes_away_from_predictions():
    with running() as other:
        out = predictions.PredictionTopic(f"kafka://{other.address}/out?timeout=1s")
        out.put(b"k", {"label": "a"})
        out.flush()
        other.process.kill()
        other.process.wait()
        out.put(b"k", {"label": "b"})
        with pytest.raises(ConnectionError, match=r"^a prediction did not come to topic out \("):
            out.flush()
