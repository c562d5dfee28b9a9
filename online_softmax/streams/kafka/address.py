"""Addresses: what a kafka:// URL says, apart from the settings that nobody is to see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

SCHEME = "kafka://"
FORMATS = ("json", "csv", "avro")
ADDED = ("key", "partition", "offset", "timestamp")  # what of a message can be a column
OPTIONS = ("format", "from", "names", "delimiter", "schema", "framing", "add", "until_idle", "timeout", "config")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(UNITS)})?")
TIMEOUT = 30.0  # seconds to wait for brokers


def is_kafka(source: Any) -> bool:
    """Whether a source is a topic of Kafka, or is meant to be one."""
    return isinstance(source, str) and source.lower().startswith("kafka:")


def shown(source: str) -> str:
    """Return a source as reports show it: of a kafka:// URL, without the settings of its client.

    Examples
    --------
    >>> from online_softmax.streams.kafka.address import shown

    >>> shown("kafka://b:9092/orders?format=json&sasl.password=secret"), shown("a.csv")
    ('kafka://b:9092/orders?format=json', 'a.csv')

    """
    if not is_kafka(source):
        return source
    place, _, query = source.partition("?")
    place = SCHEME + place[len("kafka:") :].strip("/").rpartition("@")[2]  # no user and password either
    kept = [part for part in query.split("&") if unquote(part.partition("=")[0]) in OPTIONS]
    return f"{place}?{'&'.join(kept)}" if kept else place


def with_options(source: str, **options: Any) -> str:
    """Return a source, a kafka:// URL with options that are not None.

    Examples
    --------
    >>> from online_softmax.streams.kafka.address import with_options

    >>> with_options("kafka://b/orders?format=csv", until_idle="10s", config=None)
    'kafka://b/orders?format=csv&until_idle=10s'

    """
    parts = [f"{name}={quote(str(value), safe='/:.')}" for name, value in options.items() if value is not None]
    if not parts or not is_kafka(source):
        return source
    bare = source.rstrip("?&")
    return f"{bare}{'&' if '?' in bare else '?'}{'&'.join(parts)}"


def seconds(name: str, text: Any) -> float:
    """Return a duration in seconds.

    Examples
    --------
    >>> from online_softmax.streams.kafka.address import seconds

    >>> seconds("until_idle", "10s"), seconds("until_idle", "500ms"), seconds("timeout", 2)
    (10.0, 0.5, 2.0)

    """
    match = DURATION.fullmatch(str(text).strip()) if not isinstance(text, bool) else None
    if match is None:
        raise ValueError(f"{name} is a duration such as 10s, 500ms or 5m, not {text!r}")
    return float(match[1]) * UNITS[match[2] or "s"]


@dataclass(frozen=True)
class Address:
    """A topic, and how it is read.

    Attributes
    ----------
    brokers
        The brokers to ask first, as `host:port,host:port`.
    topic
        The topic.
    options
        How it is read, by the names of `OPTIONS`.
    settings
        The settings of the client, by the names that librdkafka gives them: they have a point in them.

    Examples
    --------
    >>> from online_softmax.streams.kafka.address import Address

    >>> Address.of("kafka://b1:9092,b2/orders?format=csv&names=size,kind&security.protocol=SSL")
    Address(brokers='b1:9092,b2', topic='orders', options={'format': 'csv', 'names': 'size,kind'})

    """

    brokers: str
    topic: str
    options: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)

    def is_same(self, other: Address) -> bool:
        """Whether it is the same topic, of brokers that are called alike.

        Examples
        --------
        >>> from online_softmax.streams.kafka.address import Address

        >>> ours = Address.of("kafka://b1:9092,b2/orders")
        >>> ours.is_same(Address.of("kafka://b2:9092/orders?format=csv")), ours.is_same(Address.of("kafka://b2/sent"))
        (True, False)

        """
        return self.topic == other.topic and not self._brokers().isdisjoint(other._brokers())

    def _brokers(self) -> set[str]:
        named = (broker.strip().lower() for broker in self.brokers.split(","))
        return {broker if ":" in broker else f"{broker}:9092" for broker in named}

    @classmethod
    def of(cls, url: str) -> Address:
        """Take a URL apart. No error says what may be a secret."""
        form = "kafka://host:9092,host:9092/topic?format=json"
        place, _, query = url[len(SCHEME) :].partition("?") if url.lower().startswith(SCHEME) else ("", "", "")
        if "#" in url:
            raise ValueError("a kafka:// URL has no part behind a #: write one in a value as %23")
        brokers, slash, topic = place.partition("/")
        if "@" in place:
            raise ValueError(
                "a kafka:// URL has no user and password before its brokers: write sasl.username and sasl.password "
                "into a file, and name it by ?config=FILE"
            )
        if not brokers or not slash or not topic.strip("/"):
            raise ValueError(f"a kafka:// URL names brokers and a topic, as in {form}")
        topic = unquote(topic.strip("/"))
        if not TOPIC.fullmatch(topic):
            raise ValueError(f"no topic is called {topic!r}: a name has letters, digits, points, _ and - alone")
        options: dict[str, str] = {}
        settings: dict[str, str] = {}
        for part in query.split("&") if query else ():
            name, equals, value = part.partition("=")
            name = unquote(name)
            if not equals or not name:
                raise ValueError(f"after the ? of a kafka:// URL stand parts of the form name=value, as in {form}")
            if name not in OPTIONS and "." not in name:
                raise ValueError(
                    f"a kafka:// URL has no option {name!r}; there are {', '.join(OPTIONS)}, and the settings of "
                    "librdkafka that have a point in their names"
                )
            kind = options if name in OPTIONS else settings
            if name in kind:
                raise ValueError(f"{name} stands twice in the kafka:// URL: leave one out")
            kind[name] = unquote(value)
        return cls(brokers, topic, options, settings)


def moment(text: str) -> str | int:
    """Return where to begin in a topic: "earliest", "latest", or milliseconds since 1970.

    Examples
    --------
    >>> from online_softmax.streams.kafka.address import moment

    >>> moment("earliest"), moment("2026-01-31T12:00Z")
    ('earliest', 1769860800000)

    """
    if text in ("earliest", "latest"):
        return text
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"from is earliest, latest or a moment such as 2026-01-31T12:00 (in UTC), not {text!r}"
        ) from None
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
