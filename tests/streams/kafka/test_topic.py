"""A topic gives its messages in an order that can be had again from any place, and says so where it cannot."""

from __future__ import annotations

import json
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from threading import Event, Thread

import confluent_kafka
import pytest

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.executors import fit_rounds
from online_softmax.models.saving import to_bytes
from online_softmax.streams import KafkaStream, Place, PlaceError, open_stream
from online_softmax.streams.kafka import topic as reading
from tests.broker import PARTITIONS, running


def numbers(n, start=0):
    return [b'{"a": %d, "kind": "%c"}' % (i, b"uv"[i % 2]) for i in range(start, start + n)]


def values(stream):
    return [x["a"] for x, _, _ in stream.pairs()]


def since(stream, place):
    return [x["a"] for chunk in stream.since(place) for x, _, _ in chunk.pairs()]


@pytest.fixture
def short_turns(monkeypatch):
    """Have a partition give two messages in turn, and a chunk hold nine."""
    monkeypatch.setattr(reading, "TURN", 2)
    monkeypatch.setattr(reading, "MOST", 9)


def test_each_partition_gives_500_in_turn(broker):
    topic = broker.fill(numbers(4200))
    found = values(open_stream(broker.url(topic), "kind"))
    turns = [(int(partition), len([*some])) for partition, some in groupby(found, lambda a: a % PARTITIONS)]
    assert turns == [(partition, 500) for partition in range(PARTITIONS)] * 2 + [(p, 50) for p in range(PARTITIONS)]
    assert sorted(found) == list(range(4200))
    for partition in range(PARTITIONS):
        own = [a for a in found if a % PARTITIONS == partition]
        assert own == sorted(own)
    assert values(open_stream(broker.url(topic), "kind")) == found


def test_partitions_of_other_lengths(broker, short_turns):
    topic = broker.fill(numbers(3), partition=0)
    broker.fill(numbers(5, 10), topic, partition=2)
    assert values(open_stream(broker.url(topic), "kind")) == [0, 1, 10, 11, 2, 12, 13, 14]


@pytest.mark.slow
def test_every_place(broker, short_turns):
    topic = broker.fill(numbers(30))
    broker.fill(numbers(9, 100), topic, partition=3)
    stream = open_stream(broker.url(topic), "kind")
    found, places = [], []
    for chunk in stream:
        for i in range(len(chunk)):
            places.append(chunk.part(i, len(chunk)).place)
            assert chunk.place.after(i).to_json() == places[-1].to_json()
        found += [x["a"] for x, _, _ in chunk.pairs()]
    places.append(stream.place())
    for i in range(0, len(places), 3):
        plain = Place.from_json(json.loads(json.dumps(places[i].to_json())))
        assert (plain.rows, plain.over) == (i, 0)
        assert pickle.loads(pickle.dumps(places[i])) == plain
        assert since(stream, plain) == found[i:]
    for i in (0, 13, 39):
        assert values(open_stream(broker.url(topic), "kind", at=places[i])) == found[i:]
        assert values(open_stream(broker.url(topic), "kind", at=places[i], skip=3, limit=5)) == found[i + 3 : i + 8]
    assert values(stream) == found  # and again from the start


@pytest.mark.slow
def test_a_topic_that_grew(broker, short_turns):
    """A round ends where the topic ended when it began, whenever it is resumed."""
    topic = broker.fill(numbers(20))
    stream = open_stream(broker.url(topic), "kind")
    whole = values(stream)
    end = stream.place()
    middle = next(iter(stream)).place.after(7)
    broker.fill(numbers(10, 20), topic)
    assert since(stream, end) == since(stream, middle)[13:]
    found = since(stream, middle)
    assert found[:13] == whole[7:]
    assert sorted(found[13:]) == list(range(20, 30))
    longer = open_stream(broker.url(topic, until_idle="100ms"), "kind")
    assert since(longer, middle) == found


def test_columns_are_known_from_the_place(broker):
    """The first messages may be gone, or others may be first: what columns hold was settled by the first run."""
    topic = broker.fill([b'{"code": "01", "b": null, "size": 1, "kind": 1}'] * 3 + [b'{"kind": 2}'] * 3, partition=0)
    url, options = broker.url(topic), {"missing": "zero", "drop": ["b"]}
    place = next(iter(open_stream(url, "kind", **options))).place.after(4)
    expected = [({"size": 0.0}, 2)] * 2
    assert [(x, y) for x, y, _ in open_stream(url, "kind", at=place, **options).pairs()] == expected
    late = broker.url(topic, from_="latest", until_idle="10ms")
    with pytest.raises(ValueError, match=f"topic {topic} has no messages"):
        open_stream(late, "kind", **options)
    resumed = open_stream(late, "kind", at=place, **options)
    assert (resumed.kinds, resumed.label_kind) == ({"code": "text", "size": "number"}, "int")
    assert [(x, y) for x, y, _ in resumed.pairs()] == expected
    broker.fill([b'{"size": "x"}'], topic, partition=1)
    other = open_stream(url, "kind", text_columns=["size"], **options)
    with pytest.raises(PlaceError, match="decide other columns than those before the place did: open it with at=place"):
        list(other.since(place))


def test_labels_that_were_spelled_before_the_place(broker, short_turns):
    topic = broker.fill([b"1,1.0", b"2,2.5"] * 5 + [b"3,1", b"4,1.0", b"5,7", b"6,7.0"], partition=0)
    url = broker.url(topic, format="csv", names="a,kind")
    _, chunk = open_stream(url, "kind", on_bad="skip")
    assert [note.place for note in chunk.bad] == [1, 4]
    for i in range(len(chunk)):
        (rest,) = open_stream(url, "kind", on_bad="skip", at=chunk.place.after(i))
        assert [note.place for note in rest.bad] == [place - i for place in (1, 4) if place >= i]


@pytest.mark.parametrize(
    "change",
    [
        {"offsets": {"0": -1}},
        {"offsets": {"0": 1.5}},
        {"offsets": None},
        {"offsets": {"x": 1}},
        {"turn": 9},
        {"left": 501},
        {"ends": {"7": 1}},
        {"settled": None},
        {"settled": {"columns": ["a"]}},
        {"settled": {"columns": ["a", "kind"], "kinds": {"a": ["odd", None]}, "labels": "text", "unused": {}}},
        {"settled": {"columns": ["a", "kind"], "kinds": {"a": ["date", None]}, "labels": "text", "unused": {}}},
    ],
)
def test_what_is_no_place(broker, change):
    topic = broker.fill(numbers(8))
    at = open_stream(broker.url(topic), "kind").since(Place()).__next__().place.at
    with pytest.raises(ValueError, match="place"):
        values(open_stream(broker.url(topic), "kind", at=Place(0, {**at, **change})))


def test_a_place_of_another_topic(broker):
    long, short = broker.fill(numbers(40)), broker.fill(numbers(8))
    stream = open_stream(broker.url(long), "kind")
    assert len(values(stream)) == 40
    with pytest.raises(
        ValueError, match=rf"topic {short}, partition 0 ends at offset 2, before the place .* 10: it is"
    ):
        values(open_stream(broker.url(short), "kind", at=stream.place()))
    at = {**stream.place().at, "offsets": {**stream.place().at["offsets"], "4": 0}}
    with pytest.raises(ValueError, match=f"topic {long} has no partition 4 any more: it is another topic"):
        values(open_stream(broker.url(long), "kind", at=Place(0, at)))


@pytest.mark.slow
def test_messages_that_were_deleted(broker):
    """The mock keeps 100,000 messages of a partition, or 5 MB: what goes beyond is deleted, as retention would."""
    topic = broker.fill([b'{"a": 0, "kind": "u", "more": "%s"}' % (b"x" * 100)] * 1000, partition=0)
    stream = open_stream(broker.url(topic), "kind")
    place = next(iter(stream)).place.after(10)
    chunks = iter(stream)
    broker.fill([b'{"a": 1, "kind": "v", "more": "%s"}' % (b"x" * 1000)] * 8000, topic, partition=0)
    gone = rf"topic {topic}, partition 0: the messages from offset 10 to [\d,]+ were deleted before they were read"
    with pytest.raises(ValueError, match=gone):
        list(stream.since(place))
    begun = KafkaStream(broker.url(topic, from_="earliest"), "kind").topic
    with pytest.raises(ValueError, match=r"were deleted before they were read: begin anew, without the checkpoint"):
        list(begun.blocks(reading.Position({0: 10}, {0: 999}), Event()))
    del chunks
    found = open_stream(broker.url(topic), "kind")
    assert {len(chunk.rows.labels) for chunk in found} == {1}  # without a checkpoint it begins where messages are left


class Gaps(confluent_kafka.Consumer):
    """A client to which a third of the messages are lost, as in a topic that is compacted."""

    lost = staticmethod(lambda message: message.offset() % 3 == 2)

    def poll(self, timeout=-1):
        found = super().poll(timeout)
        return None if found is None or (found.error() is None and self.lost(found)) else found

    def consume(self, n, timeout):
        return [one for one in super().consume(n, timeout) if one.error() is not None or not self.lost(one)]


@pytest.mark.slow
def test_gaps_between_offsets(broker, short_turns, monkeypatch):
    topic = broker.fill(numbers(36))
    monkeypatch.setattr(confluent_kafka, "Consumer", Gaps)
    stream = open_stream(broker.url(topic), "kind")
    found = values(stream)
    assert sorted(found) == [a for a in range(36) if a // PARTITIONS % 3 != 2]
    places = [chunk.place.after(i) for chunk in stream for i in range(len(chunk))]
    for i in range(0, len(places), 2):
        assert since(stream, places[i]) == found[i:]


def test_where_to_begin(broker, monkeypatch):
    """The mock knows no moments, and says that all is before them."""
    topic = broker.fill(numbers(20))
    for begin in ("latest", "2020-01-01"):
        with pytest.raises(ValueError, match=f"topic {topic} has no messages"):
            open_stream(broker.url(topic, from_=begin), "kind")
    asked, spec = [], confluent_kafka.admin.OffsetSpec
    monkeypatch.setattr(spec, "for_timestamp", lambda when: asked.append(when) or spec.earliest())
    assert len(values(open_stream(broker.url(topic, from_="2026-01-31T12:00"), "kind"))) == 20
    assert asked == [1_769_860_800_000]


@pytest.mark.slow
def test_a_live_topic(broker):
    """It is read as it grows, until nothing comes for a while."""
    topic = broker.fill(numbers(5))

    def grow():
        for i in range(1, 4):
            time.sleep(0.2)
            broker.fill(numbers(5, 5 * i), topic)

    thread = Thread(target=grow)
    thread.start()
    stream = open_stream(broker.url(topic, until_idle="1s"), "kind")
    found = values(stream)
    thread.join()
    assert sorted(found) == list(range(20))
    broker.fill(numbers(5, 20), topic)
    assert sorted(since(stream, stream.place())) == list(range(20, 25))


def test_an_endless_topic_ends_when_it_is_told(broker):
    topic = broker.fill(numbers(5))
    stream = open_stream(broker.url(topic, until_idle=""), "kind", skip=1)
    assert stream.is_endless
    found = []
    for chunk in stream:
        found += [x["a"] for x, _, _ in chunk.pairs()]
        if len(found) == 4:
            stream.end()
    assert len(found) == 4


def test_a_topic_that_was_told_to_end_is_read_again(broker, short_turns):
    topic = broker.fill(numbers(30))
    stream = open_stream(broker.url(topic, until_idle=""), "kind")
    found = [values(open_stream(broker.url(topic), "kind"))] * 3
    again = []
    for _ in range(3):
        again.append([])
        for chunk in stream:
            again[-1] += [x["a"] for x, _, _ in chunk.pairs()]
            if len(again[-1]) == 30:
                stream.end()
    assert again == found
    stream.end()  # it has ended
    chunks = iter(stream)
    first = next(chunks)
    place = stream.place()
    stream.end()
    assert list(chunks) == []
    rest = []
    for chunk in stream.since(place):
        rest += [x["a"] for x, _, _ in chunk.pairs()]
        if len(first) + len(rest) == 30:
            stream.end()
    assert rest == found[0][len(first) :]


def test_a_topic_that_is_told_to_end_before_it_is_read_gives_nothing_once(broker):
    stream = open_stream(broker.url(broker.fill(numbers(30))), "kind")
    stream.end()
    assert values(stream) == []
    assert len(values(stream)) == 30


def test_new_partitions_are_read_from_their_beginning(broker, monkeypatch):
    topic = broker.fill(numbers(20))
    seen = reading.Topic._partitions
    monkeypatch.setattr(reading.Topic, "_partitions", lambda self: seen(self) - {2, 3})
    stream = open_stream(broker.url(topic, until_idle="300ms"), "kind")
    chunks = iter(stream)
    first = next(chunks)
    assert {x["a"] % 4 for x, _, _ in first.pairs()} == {0, 1}
    monkeypatch.setattr(reading.Topic, "_partitions", seen)
    monkeypatch.setattr(reading, "REFRESH", 0.0)
    rest = [x["a"] for chunk in chunks for x, _, _ in chunk.pairs()]
    assert sorted(rest) == [a for a in range(20) if a % 4 > 1]
    assert sorted(since(stream, first.place.after(10))) == sorted(rest)


def test_an_empty_topic(broker):
    topic = broker.fill([])
    broker.fill([None] * 4, topic)
    with pytest.raises(ValueError, match=f"^topic {topic} has no messages$"):
        open_stream(broker.url(topic), "kind")


def test_no_topic(broker):
    with pytest.raises(ValueError, match=f"^there is no topic 'nowhere' at {broker.address}$"):
        open_stream(broker.url("nowhere"), "kind")


def test_no_broker():
    with pytest.raises(ConnectionError, match=r"^no broker of 127.0.0.1:9 answers within 0.3 s \(.*Connection refused"):
        open_stream("kafka://127.0.0.1:9/topic?timeout=300ms", "kind")


@pytest.mark.slow
@pytest.mark.parametrize("until_idle", ["", "2s"])
def test_a_broker_that_goes_away(tmp_path, until_idle):
    """What was read stays, and the checkpoint, too."""
    with running() as broker:
        topic = broker.fill(numbers(2000))
        model, checkpoint = SoftmaxRegression(), tmp_path / "checkpoint"
        stream = open_stream(broker.url(topic, until_idle=until_idle, timeout="1s"), "kind")

        def progress(row, *, mark, fraction):
            if row.n_samples == 2000:
                broker.process.kill()

        with pytest.raises(ValueError, match=r"no broker of .* answers within 1 s") as refused:
            progressive_validation(stream, model, checkpoint=checkpoint, progress=progress)
    assert refused.value.result.n_samples == 2000
    assert checkpoint.exists()


def test_a_partition_that_gives_nothing(broker, monkeypatch):
    topic = broker.fill(numbers(8))
    monkeypatch.setattr(confluent_kafka, "Consumer", Gaps)
    monkeypatch.setattr(Gaps, "lost", staticmethod(lambda message: message.partition() == 2))
    monkeypatch.setattr(reading.Topic, "_take", lambda *args, take=reading.Topic._take: _without_ends(take, *args))
    with pytest.raises(
        ConnectionError, match=rf"topic {topic}, partition 2 has messages up to offset 2, and from 0 on"
    ):
        values(open_stream(broker.url(topic, timeout="300ms"), "kind"))


def _without_ends(take, topic, *args):
    topic._eof = {}
    return take(topic, *args)


@pytest.mark.parametrize("rounds", [1, 2])
def test_rounds_go_on_where_their_offsets_are(broker, short_turns, tmp_path, rounds):
    url = broker.url(broker.fill(numbers(300)))
    asked = {"target": "kind", "shards": 2, "round_rows": 80}
    with ThreadPoolExecutor(2) as executor:
        whole = fit_rounds(executor, url, SoftmaxRegression(), tmp_path / "whole", **asked)
        part = fit_rounds(executor, url, SoftmaxRegression(), tmp_path / "part", limit=80 * rounds, **asked)
        assert sum(part.place["at"]["offsets"].values()) == part.place["rows"] == 80 * rounds
        done = fit_rounds(executor, url, SoftmaxRegression(), tmp_path / "part", **asked)
    assert whole.total.rows == done.total.rows == 300
    assert to_bytes(done.model) == to_bytes(whole.model)
    assert done.place == whole.place
