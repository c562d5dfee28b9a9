"""Kafka: the messages of topics as rows, and predictions as messages."""

from __future__ import annotations

from online_softmax.streams.kafka.address import is_kafka, shown
from online_softmax.streams.kafka.stream import KafkaStream

__all__ = ["KafkaStream", "is_kafka", "shown"]
