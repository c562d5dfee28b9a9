"""The messages of a topic are the rows that the same text is in a file, and a bad one is named by its offset."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from uuid import UUID

import fastavro
import pytest

from online_softmax.streams import open_stream
from online_softmax.streams.stream import Note

SCHEMA = {
    "type": "record",
    "name": "Fruit",
    "fields": [
        {"name": "size", "type": ["null", "double"]},
        {"name": "count", "type": ["null", "int", "long"]},
        {"name": "fresh", "type": "boolean"},
        {"name": "colour", "type": {"type": "enum", "name": "Colour", "symbols": ["red", "green"]}},
        {"name": "other", "type": ["null", "Colour"]},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "when", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "kind", "type": "string"},
    ],
}
FRUIT = [{"size": i / 2, "colour": ("red", "green")[i % 2], "kind": "ab"[i % 3 == 0]} for i in range(10)]


def pairs(url, target="kind", **reading):
    return [(x, y) for x, y, _ in open_stream(url, target, **reading).pairs()]


def in_order(rows):
    """Give rows as one turn of all partitions has them."""
    return [row for partition in range(4) for row in rows[partition::4]]


def expected(rows=FRUIT):
    return [({"size": row["size"], f"colour={row['colour']}": 1.0}, row["kind"]) for row in in_order(rows)]


def avro(row, schema=SCHEMA, number=None):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), row)
    return (b"" if number is None else b"\0" + number.to_bytes(4, "big")) + out.getvalue()


def fruit(i):
    return {
        "size": None if i == 3 else i / 2,
        "count": i,
        "fresh": i % 2 == 0,
        "colour": "red",
        "other": None if i == 3 else "green",
        "price": Decimal("1.25"),
        "id": UUID(int=i % 2),
        "when": 1_700_000_000_000 + i,
        "tags": [],
        "kind": "ab"[i % 3 == 0],
    }


@pytest.fixture
def schema(tmp_path):
    path = tmp_path / "fruit.avsc"
    path.write_text(json.dumps(SCHEMA))
    return path


def test_json(broker):
    topic = broker.fill(json.dumps(row).encode() for row in FRUIT)
    assert pairs(broker.url(topic)) == pairs(broker.url(topic), format="json") == expected()


@pytest.mark.parametrize("options", [{}, {"add": "partition"}])
def test_messages_may_begin_with_the_mark_of_utf8(broker, options):
    marked = [b"\xef\xbb\xbf" * (i % 3 > 0) + json.dumps(row).encode() for i, row in enumerate(FRUIT)]
    found = pairs(broker.url(broker.fill(marked), **options))
    assert [({k: v for k, v in x.items() if k != "kafka_partition"}, y) for x, y in found] == expected()
    lines = [b"\xef\xbb\xbf" * (i % 3 > 0) + f"{row['size']},{row['kind']}".encode() for i, row in enumerate(FRUIT)]
    url = broker.url(broker.fill(lines), format="csv", names="size,kind", **options)
    assert [(x["size"], y) for x, y in pairs(url)] == [(row["size"], row["kind"]) for row in in_order(FRUIT)]


def test_json_of_several_lines(broker):
    topic = broker.fill(json.dumps(row, indent=2).encode() + b"\r\n" for row in FRUIT)
    assert pairs(broker.url(topic)) == expected()


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_csv(broker, end):
    topic = broker.fill(f"{row['size']},{row['colour']},{row['kind']}{end}".encode() for row in FRUIT)
    assert pairs(broker.url(topic, format="csv", names="size,colour,kind")) == expected()
    assert pairs(broker.url(topic), format="csv", names=["size", "colour", "kind"]) == expected()


def test_csv_with_tabs_and_quotes(broker):
    topic = broker.fill(f'{row["size"]}\t"{row["colour"]}"\t"{row["kind"]}\nand ""more"""'.encode() for row in FRUIT)
    found = pairs(broker.url(topic, format="csv", names="size,colour,kind", delimiter="tab"))
    assert found == [(x, f'{y}\nand "more"') for x, y in expected()]


@pytest.mark.parametrize("number", [None, 7])
def test_avro(broker, schema, number):
    topic = broker.fill(avro(fruit(i), number=number) for i in range(8))
    url = broker.url(topic, format="avro", schema=schema, framing="none" if number is None else "confluent")
    found = pairs(url, drop=["tags", "when"], missing="indicate")
    assert len(found) == 8
    size = {"size": 0.0, "size=": 1.0, "count": 3.0, "fresh": 0.0, "colour=red": 1.0, "other=": 1.0, "price": 1.25}
    assert found[6] == (size | {f"id={UUID(int=1)}": 1.0}, "b")
    assert pairs(url, drop=["tags"], features=["when"], dates="parts")[1][0]["when"] == 1_700_000_000.004
    for column, reading in (("when", {}), ("tags", {"drop": ["when"]})):
        with pytest.raises(ValueError, match=f"column '{column}' holds .* which are no features"):
            pairs(url, **reading)


def test_columns_of_the_message(broker):
    topic = broker.fill(
        (None if i == 2 else f'k"{i}'.encode(), json.dumps(row).encode()) for i, row in enumerate(FRUIT)
    )
    found = pairs(broker.url(topic, add="key,partition,offset,timestamp"), missing="zero")
    x = found[1][0]
    assert (x["kafka_partition"], x["kafka_offset"], x['kafka_key=k"4'], x["size"]) == (0.0, 1.0, 1.0, 2.0)
    assert 1.7e9 < x["kafka_timestamp"] < 4e9
    assert not [name for name in found[6][0] if name.startswith("kafka_key")]
    text = broker.fill((f'k"{i}'.encode(), f"{i},a".encode()) for i in range(4))
    found = pairs(broker.url(text, format="csv", names="size,kind", add="offset,key"))
    assert found[0] == ({"kafka_offset": 0.0, 'kafka_key=k"0': 1.0, "size": 0.0}, "a")


def test_columns_of_the_message_of_avro(broker, schema):
    topic = broker.fill((b"k", avro(fruit(i))) for i in range(8))
    url = broker.url(topic, format="avro", schema=schema, add="offset,key")
    assert pairs(url, features=["kafka_offset", "kafka_key"])[1] == ({"kafka_offset": 1.0, "kafka_key=k": 1.0}, "a")


BAD = {
    "json": [
        b'{"size": 1, "colour": "red"',
        b"[1]",
        b"7",
        b" ",
        b"",
        b'{"a": 1} {"a": 2}',
        b'{"size": "\xff", "colour": "red", "kind": "a"}',
        b'{"size": 1, "colour": "a\nb", "kind": "a"}',
        b"[" * 9999,
        b'{"size": "big", "colour": "red", "kind": "a"}',
        b'{"size": 1, "colour": "red"}',
        b'{\n"size"',
        b"\0",
    ],
    "csv": [
        b"1,red",
        b"1,red,a,b",
        b"",
        b"\n",
        b'"1,red,a',
        b"1,red,a\n2,red,a",
        b"1,red,a\r2,red,b",
        b"size,colour,kind",
        b"big,red,a",
        b"1,red,",
        b"1,\xff,a",
        b"1,\0,a",
        b'1,red,a"b\n2,red,"c',
        b'1,"red,a',
        b'"1",red"',
    ],
}


@pytest.mark.parametrize(("format", "value"), [(kind, value) for kind in BAD for value in BAD[kind]])
def test_a_bad_message_is_named_and_can_be_skipped(broker, format, value):
    if format == "json":
        sound = [json.dumps(row).encode() for row in FRUIT]
    else:
        sound = [f"{row['size']},{row['colour']},{row['kind']}".encode() for row in FRUIT]
    options = {"format": format, **({"names": "size,colour,kind"} if format == "csv" else {})}
    for place in (0, 1):  # among the first messages, which decide what columns there are, and at their beginning
        topic = broker.fill([*sound[:place], value, *sound[place:]], partition=2)
        found = []
        with pytest.raises(ValueError, match=f"^topic {topic}, partition 2, offset {place}[:,] "):  # noqa: PT012
            for x, _, _ in open_stream(broker.url(topic, **options), "kind").pairs():
                found.append(x["size"])
        assert found == [0.0][:place]
        (chunk,) = open_stream(broker.url(topic, **options), "kind", on_bad="skip")
        assert [x["size"] for x, _, _ in chunk.pairs()] == [row["size"] for row in FRUIT]
        ((at, reason),) = chunk.bad
        assert (at, reason.startswith(f"topic {topic}, partition 2, offset {place}")) == (place, True)


def test_what_comes_late(broker):
    """The first 4,000 messages decide what members there are; of later ones the fast way and the careful one agree."""
    sound = [b'{"a": %d, "kind": "u"}' % i for i in range(4100)]
    late = [b'{"a": 1, "kind": "v", "more": 2}', b"[1]", None, b" ", b'{"a": 1, "kind": "v"}{"a": 2, "kind": "w"}']
    topic = broker.fill([*sound, *late, *sound[:5]], partition=0)
    chunks = list(open_stream(broker.url(topic), "kind", on_bad="skip"))
    assert sum(len(chunk.rows) for chunk in chunks) == 4105
    notes = [note for chunk in chunks for note in chunk.bad]
    assert [note.reason.split(":")[0].split(", ")[2] for note in notes] == [f"offset {4100 + i}" for i in range(5)]
    assert "the member 'more' is new" in notes[0].reason


@pytest.mark.parametrize("place", [0, 3])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda good: good[:-1], ": it is not of the schema ("),
        (lambda good: good + b"\0", ": it is not of the schema (1 byte is left over)"),
        (lambda good: b"", ": it does not begin with Confluent's five bytes: say framing=none"),
        (lambda good: b"\1" + good[1:], ": it does not begin with Confluent's five bytes: say framing=none"),
    ],
)
def test_a_bad_message_of_avro(broker, schema, make, reason, place):
    sound = [avro(fruit(i), number=7) for i in range(5)]
    topic = broker.fill([*sound[:place], make(sound[0]), *sound[place:]], partition=1)
    url = broker.url(topic, format="avro", schema=schema, framing="confluent")
    features = {"features": ["count"]}
    with pytest.raises(ValueError, match=f"^topic {topic}, partition 1, offset {place}: "):
        pairs(url, **features)
    (chunk,) = open_stream(url, "kind", on_bad="skip", **features)
    assert len(chunk.rows) == 5
    assert chunk.bad[0].reason.startswith(f"topic {topic}, partition 1, offset {place}{reason}")


def test_a_message_of_another_schema_is_bad(broker, schema):
    topic = broker.fill([avro(fruit(i), number=7 + (i == 2)) for i in range(5)], partition=0)
    url = broker.url(topic, format="avro", schema=schema, framing="confluent")
    (chunk,) = open_stream(url, "kind", on_bad="skip", features=["count"])
    reason = f"topic {topic}, partition 0, offset 2: it was written by schema 8, and the first messages by schema 7"
    assert chunk.bad == (Note(2, reason),)


def test_a_value_of_avro_that_no_column_holds_is_bad(broker, schema):
    late = {**fruit(0), "when": 1 << 62}
    topic = broker.fill([avro(fruit(0)), avro(late), avro(fruit(1))], partition=0)
    (chunk,) = open_stream(
        broker.url(topic, format="avro", schema=schema), "kind", on_bad="skip", features=["when"], dates="parts"
    )
    assert (len(chunk.rows), [note.place for note in chunk.bad]) == (2, [1])


def test_a_gap_and_a_bad_cell_are_named_by_offset(broker):
    rows = [*FRUIT[:4], FRUIT[4] | {"size": None}]
    topic = broker.fill((json.dumps(row).encode() for row in rows), partition=3)
    with pytest.raises(ValueError, match=f"^topic {topic}, partition 3, offset 4, column 'size': "):
        pairs(broker.url(topic))
    (chunk,) = open_stream(broker.url(topic), "kind", missing="skip-row")
    assert chunk.left_out.tolist() == [4]


@pytest.mark.parametrize("format", ["json", "csv"])
def test_tombstones(broker, format):
    texts = [json.dumps(row).encode() for row in FRUIT[:4]] if format == "json" else [b"0,red,b", b"1,red,a"] * 2
    values = [None, *texts[:2], None, *texts[2:], None]
    topic = broker.fill(values, partition=0)
    url = broker.url(topic, format=format, **({"names": "size,colour,kind"} if format == "csv" else {}))
    with pytest.raises(ValueError, match=r"offset 0: it has no value \(a tombstone\): say missing='skip-row'"):
        pairs(url)
    (chunk,) = open_stream(url, "kind", missing="skip-row")
    assert (len(chunk.rows), chunk.left_out.tolist(), len(chunk.left_out_columns)) == (4, [0, 3, 6], 3)
    (chunk,) = open_stream(url, "kind", on_bad="skip", missing="zero")
    assert (len(chunk.rows), [note.place for note in chunk.bad]) == (4, [0, 3, 6])
    assert [len(part) for part in chunk.split(4)] == [4, 3]


def test_tombstones_beside_gaps(broker):
    rows = [json.dumps({"size": size, "kind": "a"}).encode() for size in (1, None, 3, 4)]
    topic = broker.fill([rows[0], None, rows[1], b"7", *rows[2:], None], partition=0)
    (chunk,) = open_stream(broker.url(topic), "kind", missing="skip-row", on_bad="skip")
    assert chunk.left_out.tolist() == [1, 2, 6]
    assert [chunk.columns[i] for i in chunk.left_out_columns] == ["kind", "size", "kind"]
    assert [note.place for note in chunk.bad] == [3]
    assert [x["size"] for x, _, _ in chunk.pairs()] == [1.0, 3.0, 4.0]


def test_a_key_that_is_no_text_is_bad_where_it_is_a_column(broker):
    topic = broker.fill([(b"\xff", b'{"a": 1, "kind": "u"}'), (b"k", b'{"a": 2, "kind": "v"}')], partition=0)
    assert len(pairs(broker.url(topic))) == 2
    (chunk,) = open_stream(broker.url(topic, add="key"), "kind", on_bad="skip")
    assert chunk.bad == (Note(0, f"topic {topic}, partition 0, offset 0: its key is not UTF-8 text"),)


def test_rows_without_labels(broker):
    topic = broker.fill(json.dumps(row).encode() for row in FRUIT)
    assert [x for x, _ in pairs(broker.url(topic), labelled=False)] == [x for x, _ in expected()]


def test_skip_limit_and_small_chunks(broker):
    topic = broker.fill(json.dumps(row).encode() for row in FRUIT)
    assert pairs(broker.url(topic), skip=3, limit=4) == expected()[3:7]
    assert [len(chunk) for chunk in open_stream(broker.url(topic), "kind", chunk_rows=4)] == [4, 4, 2]
