"""What a kafka:// URL and a file of settings say, what they may not, and that nobody is shown a setting's value."""

from __future__ import annotations

import confluent_kafka
import pytest

from online_softmax.streams import open_stream
from online_softmax.streams.kafka import PredictionTopic, shown
from online_softmax.streams.kafka.settings import Settings

SECRET = "hunter2"
URL = "kafka://b:9092/fruit"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (
            "kafka:/b/fruit",
            "a kafka:// URL names brokers and a topic, as in kafka://host:9092,host:9092/topic?format=json",
        ),
        ("kafka://b:9092", "a kafka:// URL names brokers and a topic"),
        ("kafka:///fruit", "a kafka:// URL names brokers and a topic"),
        ("kafka://b/", "a kafka:// URL names brokers and a topic"),
        ("KAFKA://b", "a kafka:// URL names brokers and a topic"),
        (f"kafka://me:{SECRET}@b/fruit", "has no user and password before its brokers: write sasl.username"),
        (f"{URL}?sasl.password=#{SECRET}", "has no part behind a #: write one in a value as %23"),
        ("kafka://b/a/b", "no topic is called 'a/b'"),
        ("kafka://b/fr%20uit", "no topic is called 'fr uit'"),
        (f"{URL}?format", "after the ? of a kafka:// URL stand parts of the form name=value"),
        (f"{URL}?sasl.password={SECRET}&{SECRET}", "after the ? of a kafka:// URL stand parts of the form name=value"),
        (f"{URL}?password={SECRET}", "a kafka:// URL has no option 'password'; there are format, from, names"),
        (f"{URL}?format=csv&format=csv", "format stands twice in the kafka:// URL: leave one out"),
        (f"{URL}?format=xml", "messages are in json, csv, avro, not in 'xml': say so by format"),
        (f"{URL}?format=csv", "messages of CSV have no header: name their columns, as in names=size,kind"),
        (f"{URL}?names=a,b", "names goes with csv, and the messages are json"),
        (f"{URL}?delimiter=;", "delimiter goes with csv, and the messages are json"),
        (f"{URL}?format=csv&names=a&delimiter=ab", "delimiter is one ASCII character"),
        (f"{URL}?schema=a.avsc", "schema goes with avro, and the messages are json"),
        (f"{URL}?format=avro", "need the schema that they were written by: name its file by schema=FILE"),
        (f"{URL}?add=key,size", "add lists some of key, partition, offset, timestamp, each once, not 'size'"),
        (f"{URL}?add=key,key", "add lists some of key, partition, offset, timestamp, each once, not 'key'"),
        (f"{URL}?from=yesterday", "from is earliest, latest or a moment such as 2026-01-31T12:00 (in UTC)"),
        (f"{URL}?until_idle=soon", "until_idle is a duration such as 10s, 500ms or 5m, not 'soon'"),
        (f"{URL}?timeout=-1s", "timeout is a duration such as 10s, 500ms or 5m, not '-1s'"),
        (f"{URL}?timeout=0s", "timeout is a duration such as 30s, and more than 0"),
        (f"{URL}?auto.offset.reset={SECRET}", "the setting auto.offset.reset is made for you: leave it out"),
        (f"{URL}?bootstrap.servers={SECRET}", "the setting bootstrap.servers is made for you: leave it out"),
        (f"{URL}?no.such={SECRET}", 'settings of Kafka\'s client do not do: No such configuration property: "no.such"'),
        (f"{URL}?security.protocol={SECRET}", 'Invalid value "***" for configuration property "security.protocol"'),
        (f"{URL}?sasl.mechanism=PLAIN&security.protocol=SASL_SSL&sasl.username={SECRET}", "sasl.username and"),
        (f"{URL}?security.protocol=ssl&ssl.ca.location=/{SECRET}", "ssl.ca.location failed"),
        (f"{URL}?security.protocol=ssl&ssl.key.pem={SECRET}", "ssl.key.pem failed"),
    ],
)
def test_a_wrong_url_is_refused_in_a_sentence_without_secrets(url, reason):
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        open_stream(url, "kind")
    assert reason in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert SECRET not in shown(url)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"format": "csv", "names": ["a"]}, "format is said twice, in the kafka:// URL and beside it: leave one out"),
        ({"names": ["a"]}, "names goes with csv"),
        ({"delimiter": "tab"}, "delimiter goes with csv"),
    ],
)
def test_what_is_said_beside_the_url(said, reason):
    with pytest.raises(ValueError, match=reason):
        open_stream(f"{URL}?format=json", "kind", **said)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("a.b=c\n# no\n\nsasl.password", "line 4: it is not of the form name=value"),
        ("acks=1", "the setting acks is made"),
        ("\ufeffacks=1", "the setting acks is made"),
        ("client.id=a\n client.id = b", "line 2: client.id stands there twice: leave one out"),
        (b"client.id=\xff", "is not UTF-8 text: settings are lines of name=value"),
    ],
)
def test_a_wrong_file_of_settings(tmp_path, lines, reason):
    path = tmp_path / "client.properties"
    path.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    with pytest.raises(ValueError, match=reason):
        open_stream(f"{URL}?config={path}", "kind")
    with pytest.raises(FileNotFoundError):
        open_stream(f"{URL}?config={path}x", "kind")


def test_settings_come_from_the_url_a_file_or_the_environment(tmp_path, monkeypatch):
    """The URL wins over a file, and a file over that of the environment."""
    made = []

    class Spy(confluent_kafka.Consumer):
        def __init__(self, settings, **_):
            made.append(settings)
            raise confluent_kafka.KafkaException(confluent_kafka.KafkaError(-1, SECRET))

    monkeypatch.setattr(confluent_kafka, "Consumer", Spy)
    path, other = tmp_path / "client.properties", tmp_path / "other"
    path.write_text(f"# ours\nsasl.password = {SECRET}=x\nclient.id=file\nisolation.level=read_uncommitted\n")
    other.write_text("client.rack=r\n")
    monkeypatch.setenv("ONLINE_SOFTMAX_KAFKA_CONFIG", str(path))
    for url in (URL, f"{URL}?config={path}&client.id=url%2Bb+c", f"{URL}?config={other}"):
        with pytest.raises(ValueError, match="the settings of Kafka's client do not do"):
            open_stream(url, "kind")
    found = [{name: one.get(name) for name in ("sasl.password", "client.id", "client.rack")} for one in made]
    assert found == [
        {"sasl.password": f"{SECRET}=x", "client.id": "file", "client.rack": None},
        {"sasl.password": f"{SECRET}=x", "client.id": "url+b+c", "client.rack": None},
        {"sasl.password": None, "client.id": None, "client.rack": "r"},
    ]
    assert [one["isolation.level"] for one in made] == ["read_uncommitted"] * 2 + ["read_committed"]
    assert {(one["auto.offset.reset"], one["enable.auto.commit"], one["bootstrap.servers"]) for one in made} == {
        ("error", "false", "b:9092")
    }


def test_settings_hide_their_values():
    settings = Settings("b:9092", {"sasl.password": "x", "ssl.key.password": "xyz", "security.protocol": "ssl"})
    assert settings.hide("ssl: wrong password xyz, not x") == "ssl: wrong password ***, not ***"
    assert "xyz" not in repr(settings)


@pytest.mark.parametrize("option", ["format=json", "until_idle=1s", "from=latest", "add=key"])
def test_a_topic_that_is_written_takes_no_options_of_reading(option):
    name = option.partition("=")[0]
    with pytest.raises(ValueError, match=f"{name} goes with a topic that is read, and predictions are written"):
        PredictionTopic(f"{URL}?{option}")


def test_one_clear_sentence_where_the_client_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "confluent_kafka", None)
    with pytest.raises(
        ImportError, match=r"^topics are read by confluent-kafka: pip install 'online-softmax\[kafka\]'$"
    ):
        open_stream(URL, "kind")


def test_schemas_that_are_none(tmp_path):
    path = tmp_path / "schema"
    for text, reason in (("{", "holds no schema of Avro"), ('{"type": "int"}', "holds no record's schema")):
        path.write_text(text)
        with pytest.raises(ValueError, match=reason):
            open_stream(f"{URL}?format=avro&schema={path}", "kind")
    path.write_text('{"type": "record", "name": "R", "fields": []}')
    with pytest.raises(ValueError, match="framing is none or confluent, not 'registry'"):
        open_stream(f"{URL}?format=avro&schema={path}&framing=registry", "kind")
    with pytest.raises(FileNotFoundError):
        open_stream(f"{URL}?format=avro&schema={path}x", "kind")
