"""Kafka: the messages of topics as rows, and predictions as messages."""

from __future__ import annotations

from online_softmax.streams.kafka.address import Address, is_kafka, shown, with_options
from online_softmax.streams.kafka.place import MessagePlace
from online_softmax.streams.kafka.predictions import PredictionTopic
from online_softmax.streams.kafka.stream import KafkaStream

__all__ = ["Address", "KafkaStream", "MessagePlace", "PredictionTopic", "is_kafka", "shown", "with_options"]
