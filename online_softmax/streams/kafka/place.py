"""Places in a topic: each message of a chunk has one of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from online_softmax.streams.kafka.topic import Position
from online_softmax.streams.place import Place


@dataclass(frozen=True, slots=True)
class MessagePlace(Place):
    """A place before a message.

    Nothing is read again to be passed over: messages may have been deleted meanwhile, and would be miscounted.

    Attributes
    ----------
    messages
        Those of the chunk that come after it.
    position
        The place in the topic.
    known
        What is known of columns and labels, for JSON.

    """

    messages: Sequence[Any] = field(default=(), repr=False, compare=False)
    position: Position = field(default_factory=lambda: Position({}), repr=False, compare=False)
    known: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def before(cls, messages: Sequence[Any], position: Position, known: Mapping[str, Any], rows: int = 0) -> Self:
        """Return the place before some messages."""
        return cls(rows, {**position.state(), **known}, 0, messages, position, known)

    def after(self, n: int) -> Self:
        """Return the place n messages later."""
        if not n:
            return self
        behind = self.position.after(self.messages[:n])
        return self.before(self.messages[n:], behind, self.known, self.rows + n)

    def __reduce__(self) -> tuple[Any, ...]:
        return Place, (self.rows, self.at, self.over)
