"""Topics: the messages of all partitions, in an order that can be had again."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any, TypeVar

from online_softmax.streams.kafka.settings import Settings, client, reason

T = TypeVar("T")

TURN = 500  # messages that a partition gives before it is the next one's turn
MOST = 4000  # messages, and about as many bytes, to give at a time
MOST_BYTES = 1 << 20
FETCH = 2000  # messages to take from the client at a time
ROOM = 1 << 26  # bytes of messages that wait for their turn
WAIT = 0.1  # seconds between two looks at whether the reading is still wanted
REFRESH = 30.0  # seconds between two looks at which partitions there are
ASK = 1.0  # seconds between two questions for the ends of partitions
PASSING = ("_TRANSPORT", "_ALL_BROKERS_DOWN", "_TIMED_OUT", "_RESOLVE", "_MAX_POLL_EXCEEDED")  # which mend themselves

LOG = logging.getLogger("online_softmax.kafka")  # what the client has to say, which may be settings
LOG.addHandler(logging.NullHandler())
LOG.propagate = False


@dataclass(frozen=True)
class Position:
    """Where the reading of a topic is: all that decides which message comes next.

    Partitions give messages in turn, in the order of their numbers, some hundred at a time, until each has given those
    that were there when the round began; then the next round begins.

    Attributes
    ----------
    offsets
        For each partition, the offset of the message to read next.
    ends
        For each partition of this round, the offset where the round ends.
    turn, left
        The partition whose turn it is, and how many messages it may still give.

    """

    offsets: Mapping[int, int]
    ends: Mapping[int, int] = field(default_factory=dict)
    turn: int = 0
    left: int = 0

    @property
    def is_over(self) -> bool:
        """Whether the round is over."""
        return all(self.offsets[partition] >= end for partition, end in self.ends.items())

    def after(self, messages: Sequence[Any]) -> Position:
        """Return the position behind messages that are read from here."""
        offsets, turn, left = {**self.offsets}, self.turn, self.left
        for message in messages:
            partition = message.partition()
            if partition != turn or not left:
                turn, left = partition, TURN
            left -= 1
            offsets[partition] = message.offset() + 1
        return Position(offsets, self.ends, turn, left)

    def state(self) -> dict[str, Any]:
        """Return the same as plain values, for JSON."""
        plain = {name: {str(n): offset for n, offset in getattr(self, name).items()} for name in ("offsets", "ends")}
        return {**plain, "turn": self.turn, "left": self.left}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Position:
        """Return a position of plain values, or refuse what can be none."""
        try:
            offsets, ends = ({int(n): at for n, at in state[name].items()} for name in ("offsets", "ends"))
            found = cls(offsets, ends, state["turn"], state["left"])
            numbers = [*offsets, *offsets.values(), *ends.values(), found.turn, found.left]
            is_sound = all(type(n) is int and n >= 0 for n in numbers) and ends.keys() <= offsets.keys()
        except (KeyError, TypeError, ValueError, AttributeError):
            is_sound = False
        if not is_sound or (ends and found.turn not in ends) or found.left > TURN:
            raise ValueError("it is no place in a topic")
        return found


class Topic:
    """A topic of Kafka, all of whose partitions one reader reads.

    Parameters
    ----------
    name
        The topic.
    settings
        The settings of the client.
    timeout
        For how many seconds brokers may be away.
    until_idle
        After how many seconds without a message a reading ends; None goes on until it is told to end, 0 ends where the
        topic ended when the reading began.

    """

    def __init__(self, name: str, settings: Settings, timeout: float, until_idle: float | None) -> None:
        self.name, self._settings, self._timeout, self.until_idle = name, settings, timeout, until_idle
        self._kafka = client()
        both = {"isolation_level": "read_committed", "fetch_wait_max_ms": "100"}
        wanted = settings.of(
            enable_auto_commit="false",
            enable_auto_offset_store="false",
            enable_partition_eof="true",
            auto_offset_reset="error",
            group_id="online-softmax",  # which nobody joins: all partitions are ours
            **both,
        )
        wanted["error_cb"] = self._note
        self._consumer = settings.made(self._kafka.Consumer, wanted, logger=LOG)
        # Another connection for questions: on that of the consumer they would wait behind messages that are to come.
        asking = settings.of() | {"error_cb": self._note}
        self._admin = settings.made(self._kafka.admin.AdminClient, asking, logger=LOG)
        is_committed = wanted["isolation.level"] == "read_committed"
        levels = self._kafka.IsolationLevel
        self._level = levels.READ_COMMITTED if is_committed else levels.READ_UNCOMMITTED
        self._trouble = ""  # what the client said last of brokers
        self._down_since: float | None = None
        self._buffers: dict[int, deque[Any]] = {}
        self._bytes: dict[int, int] = {}
        self._eof: dict[int, int] = {}  # where the messages of a partition end that have come
        self._paused: set[int] = set()
        self._last: dict[int, int] = {}  # where the topic ended when the reading began
        self._held_from: dict[int, int] | None = None  # where the messages in the buffers begin, if that is known
        self._looked = self._asked = monotonic()

    # ---- where to begin ----

    def start(self, begin: str | int) -> Position:
        """Return where the topic begins: "earliest", "latest", or at a moment in milliseconds since 1970."""
        bounds = self._bounds(self._partitions())
        offsets = {partition: high if begin == "latest" else low for partition, (low, high) in bounds.items()}
        if isinstance(begin, int):
            found = self._offsets({*bounds}, self._kafka.admin.OffsetSpec.for_timestamp(begin))
            offsets = {partition: at if at >= 0 else bounds[partition][1] for partition, at in found.items()}
        self._last = self._ends(bounds)
        return Position(offsets, self._last, min(bounds), TURN)

    def go_on(self, position: Position) -> Position:
        """Return a position as it goes on now, or refuse one whose messages are not there any more."""
        there = self._partitions()
        for partition in position.offsets:
            if partition not in there:
                raise ValueError(f"topic {self.name} has no partition {partition} any more: it is another topic")
        bounds = self._bounds(there)
        for partition, offset in position.offsets.items():
            low, high = bounds[partition]
            if offset < low:
                raise ValueError(
                    f"topic {self.name}, partition {partition}: the messages from offset {offset:,} to {low:,} were "
                    "deleted before they were read: begin anew, without the checkpoint"
                )
            if offset > high:
                raise ValueError(
                    f"topic {self.name}, partition {partition} ends at offset {high:,}, before the place to go on at, "
                    f"{offset:,}: it is another topic"
                )
        self._last = self._ends(bounds)
        offsets = {partition: position.offsets.get(partition, low) for partition, (low, _) in bounds.items()}
        if position.is_over:
            return Position(offsets, self._last, min(bounds), TURN)
        return Position(offsets, position.ends, position.turn, position.left)

    # ---- reading ----

    def blocks(
        self, position: Position, told_to_end: Event, *, whole: bool = False
    ) -> Iterator[tuple[Position, list[Any]]]:
        """Yield messages, each time with the position before them: some thousand where they are `whole`, or what came.

        They are of one round. The reading ends once it is told so, in whatever thread.
        """
        offsets, ends, turn, left = {**position.offsets}, {**position.ends}, position.turn, position.left
        if offsets != self._held_from:
            self._assign(offsets)
        self._held_from = None
        begin, taken, size, since = position, list[Any](), 0, monotonic()
        while not told_to_end.is_set():
            is_over = all(offsets[partition] >= end for partition, end in ends.items())
            is_late = monotonic() - since > self._timeout
            if taken and (is_over or len(taken) >= MOST or size >= MOST_BYTES):
                yield begin, taken
                taken, size, since = [], 0, monotonic()
            elif is_over:
                if not (ends := self._next_ends(offsets, told_to_end)):
                    return
                turn, left, since = min(ends), TURN, monotonic()
            elif not left or offsets[turn] >= ends[turn]:
                turn, left = _next(turn, offsets, ends), TURN
            else:
                begin = begin if taken else Position({**offsets}, {**ends}, turn, left)
                found = self._take(turn, offsets, ends, min(left, MOST - len(taken)))
                taken, left, size = taken + found, left - len(found), size + sum(map(len, found))
                if found:
                    since = monotonic()
                elif offsets[turn] < ends[turn] and not self._poll(WAIT):
                    if taken and (not whole or is_late):
                        yield begin, taken
                        taken, size, since = [], 0, monotonic()
                    elif is_late:
                        raise self._away(
                            f"topic {self.name}, partition {turn} has messages up to offset {ends[turn]:,}, and from "
                            f"{offsets[turn]:,} on none came"
                        )

    def put_back(self, position: Position, messages: Sequence[Any]) -> None:
        """Have the reading begin again with the first messages that it gave."""
        for message in reversed(messages):
            self._buffers[message.partition()].appendleft(message)
            self._bytes[message.partition()] += _size(message)
        self._held_from = {**position.offsets}

    def _take(self, partition: int, offsets: dict[int, int], ends: dict[int, int], n: int) -> list[Any]:
        """Take at most n messages of a partition, and move its offset on: past gaps, too."""
        buffer, end = self._buffers[partition], ends[partition]
        found: list[Any] = []
        while buffer and len(found) < n and buffer[0].offset() < end:
            found.append(buffer.popleft())
        if found:
            offsets[partition] = found[-1].offset() + 1
            self._bytes[partition] -= sum(map(_size, found))
        elif buffer:
            offsets[partition] = end  # the offsets before it hold no message
        elif (last := self._eof.get(partition, -1)) >= offsets[partition]:
            ends[partition] = min(end, last)  # what is behind it is in a transaction that goes on
            offsets[partition] = last
        return found

    def _poll(self, wait: float) -> int:
        """Have the client hand over what has come, each message to its partition; return how many came."""
        first = self._consumer.poll(wait)
        came = [] if first is None else [first, *self._consumer.consume(FETCH, 0)]
        for message in came:
            partition, error = message.partition(), message.error()
            if error is None:
                self._buffers[partition].append(message)
                self._bytes[partition] += _size(message)
                self._eof.pop(partition, None)
            elif error.code() == self._kafka.KafkaError._PARTITION_EOF:
                self._eof[partition] = message.offset()
            elif error.name() not in PASSING and not error.retriable():
                raise self._refused(message, error)
        if came:
            self._down_since = None
        self._make_room()
        return len(came)

    def _make_room(self) -> None:
        """Have the client bring nothing of partitions of which much waits."""
        share = ROOM // len(self._bytes)
        full = {partition for partition, size in self._bytes.items() if size > share} - self._paused
        drained = {partition for partition in self._paused if self._bytes[partition] < share // 2}
        if full:
            self._consumer.pause([self._kafka.TopicPartition(self.name, partition) for partition in full])
        if drained:
            self._consumer.resume([self._kafka.TopicPartition(self.name, partition) for partition in drained])
        self._paused = (self._paused | full) - drained

    def _assign(self, offsets: Mapping[int, int]) -> None:
        self._buffers = {partition: deque() for partition in offsets}
        self._bytes = dict.fromkeys(offsets, 0)
        self._eof, self._paused = {}, set()
        self._consumer.assign([self._kafka.TopicPartition(self.name, *at) for at in offsets.items()])

    # ---- between two rounds ----

    def _next_ends(self, offsets: dict[int, int], told_to_end: Event) -> dict[int, int]:
        """Wait for messages; return where the round that they begin ends: nowhere at the end of the reading."""
        if self.until_idle == 0:
            left = {**offsets, **self._last}
            return left if any(offsets[partition] < end for partition, end in left.items()) else {}
        since = monotonic()
        while not told_to_end.is_set():
            self._look_for_partitions(offsets)
            if any(self._buffers.values()):
                if monotonic() - self._asked >= ASK:
                    return self._news(offsets)
                ends = {partition: waiting[-1].offset() + 1 for partition, waiting in self._buffers.items() if waiting}
                return {**offsets, **ends}
            now = monotonic()
            if self.until_idle is not None and now - since >= self.until_idle:
                ends = self._news(offsets)
                return {} if all(offsets[partition] >= end for partition, end in ends.items()) else ends
            if self._down_since is not None and now - self._down_since > self._timeout:
                self._partitions()  # or say that nobody answers
                self._down_since = None
            self._poll(WAIT)
        return {}

    def _news(self, offsets: dict[int, int]) -> dict[int, int]:
        """Ask where the partitions end now."""
        for partition, last in self._eof.items():  # behind the last message may be marks of transactions
            offsets[partition] = max(offsets[partition], last) if not self._buffers[partition] else offsets[partition]
        ends = self._ends(self._bounds(set(offsets)))
        self._eof = {partition: last for partition, last in self._eof.items() if last >= ends[partition]}
        return ends

    def _look_for_partitions(self, offsets: dict[int, int]) -> None:
        """Look now and then for partitions that are new, and read them from their beginning."""
        if monotonic() - self._looked < REFRESH:
            return
        if new := self._partitions() - offsets.keys():
            found = {partition: low for partition, (low, _) in self._bounds(new).items()}
            offsets |= found
            self._buffers |= {partition: deque() for partition in found}
            self._bytes |= dict.fromkeys(found, 0)
            self._consumer.incremental_assign([self._kafka.TopicPartition(self.name, *at) for at in found.items()])

    def _partitions(self) -> set[int]:
        """Ask which partitions the topic has: the consumer, which makes no topic that is not there."""
        self._looked = monotonic()
        about = self._told(lambda: self._consumer.list_topics(self.name, timeout=self._timeout)).topics[self.name]
        if about.error is not None and not about.partitions:
            if about.error.code() == self._kafka.KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise ValueError(f"there is no topic {self.name!r} at {self._settings.brokers}")
            raise ValueError(f"topic {self.name} cannot be read: {self._settings.hide(reason(about.error))}")
        return {*about.partitions}

    def _bounds(self, partitions: set[int]) -> dict[int, tuple[int, int]]:
        """Ask where partitions begin and end."""
        spec = self._kafka.admin.OffsetSpec
        lows, highs = (self._offsets(partitions, one) for one in (spec.earliest(), spec.latest()))
        self._asked = monotonic()
        return {partition: (low, highs[partition]) for partition, low in lows.items()}

    def _offsets(self, partitions: set[int], spec: Any) -> dict[int, int]:
        """Ask for an offset of each partition: of its beginning, its end, or a moment."""
        asked = {self._kafka.TopicPartition(self.name, partition): spec for partition in sorted(partitions)}

        def answers() -> dict[int, int]:
            options = {"isolation_level": self._level, "request_timeout": self._timeout}
            found = self._admin.list_offsets(asked, **options)
            return {one.partition: future.result().offset for one, future in found.items()}

        return self._told(answers)

    @staticmethod
    def _ends(bounds: Mapping[int, tuple[int, int]]) -> dict[int, int]:
        return {partition: high for partition, (_, high) in bounds.items()}

    # ---- trouble ----

    def _told(self, question: Callable[[], T]) -> T:
        """Return what brokers answer to a question, or say that they do not."""
        try:
            return question()
        except self._kafka.KafkaException as error:
            raise self._away(f"no broker of {self._settings.brokers} answers", reason(error)) from None

    def _away(self, what: str, said: str = "") -> ConnectionError:
        """Return the error of brokers that are away."""
        self._admin.poll(0)  # which lets the client tell its troubles
        why = self._settings.hide(self._trouble or said)
        return ConnectionError(f"{what} within {self._timeout:g} s{f' ({why})' if why else ''}")

    def _refused(self, message: Any, error: Any) -> ValueError:
        """Return the error of messages that no broker will give."""
        place = f"topic {self.name}, partition {message.partition()}"
        if error.code() == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            return ValueError(
                f"{place}: the messages from offset {message.offset():,} on were deleted before they were read: begin "
                "anew, without the checkpoint"
            )
        return ValueError(f"{place} cannot be read: {self._settings.hide(reason(error))}")

    def _note(self, error: Any) -> None:
        """Keep what the client says of brokers."""
        if error.code() == self._kafka.KafkaError._ALL_BROKERS_DOWN:
            self._down_since = self._down_since or monotonic()
        else:
            self._trouble = reason(error)


def _next(turn: int, offsets: Mapping[int, int], ends: Mapping[int, int]) -> int:
    """Return the partition whose turn is next: one that has something to give in this round."""
    having = [partition for partition, end in ends.items() if offsets[partition] < end]
    return min(having, key=lambda partition: (partition <= turn, partition))


def _size(message: Any) -> int:
    return len(message) + 200  # bytes, about
