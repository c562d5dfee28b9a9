"""A broker of Kafka: librdkafka's own mock, in a process of its own, with four partitions a topic."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from typing import Any

SERVE = """
import sys
from confluent_kafka import Producer
broker = Producer({"bootstrap.servers": "none:1", "test.mock.num.brokers": 1, "log_level": 0})
print(*(f"{one.host}:{one.port}" for one in broker.list_topics(timeout=30).brokers.values()), flush=True)
sys.stdin.read()
"""
PARTITIONS = 4


class Broker:
    """A broker that runs.

    Attributes
    ----------
    address
        Its host and port.
    process
        Its process.

    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process, self.address = process, process.stdout.readline().strip()
        self._names = count()

    @cached_property
    def _producer(self) -> Any:
        from confluent_kafka import Producer

        return Producer({"bootstrap.servers": self.address, "linger.ms": 5, "log_level": 0})

    def fill(self, values: Iterable[Any], topic: str | None = None, partition: int | None = None) -> str:
        """Send messages, in turn to the partitions if to none of them: values, or (key, value); give the topic."""
        topic = f"topic{next(self._names)}" if topic is None else topic
        for i, message in enumerate(values):
            key, value = message if isinstance(message, tuple) else (None, message)
            where = i % PARTITIONS if partition is None else partition
            while True:
                try:
                    self._producer.produce(topic, value, key, where)
                    break
                except BufferError:
                    self._producer.poll(0.1)
        assert self._producer.flush(30) == 0
        return topic

    def url(self, topic: str, **options: Any) -> str:
        """Give the URL of a topic, which ends where it ends now unless another end is asked for."""
        said = {"until_idle": 0, **{name.rstrip("_"): value for name, value in options.items()}}
        query = "&".join(f"{name}={value}" for name, value in said.items() if value != "")
        return f"kafka://{self.address}/{topic}" + (f"?{query}" if query else "")

    def messages(self, topic: str) -> list[Any]:
        """Give all messages of a topic, partition by partition."""
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "tests", "enable.partition.eof": True})
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
        found, ended = [], 0
        while ended < PARTITIONS:
            message = consumer.poll(10)
            assert message is not None
            if message.error() is None:
                found.append(message)
            else:
                ended += 1
        consumer.close()
        return sorted(found, key=lambda message: (message.partition(), message.offset()))


@contextmanager
def running() -> Iterator[Broker]:
    """Run a broker."""
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Broker(process)
        finally:
            process.kill()
