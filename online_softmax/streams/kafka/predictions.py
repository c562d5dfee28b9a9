"""Predictions: what a model says of rows, as the messages of a topic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from online_softmax.streams.kafka.address import TIMEOUT, Address, seconds
from online_softmax.streams.kafka.settings import Settings, client, read_settings, reason
from online_softmax.streams.kafka.topic import LOG

ALLOWED = ("timeout", "config")
WAIT = 0.1  # seconds to wait for room among the messages that are under way


class PredictionTopic:
    """A topic that takes predictions: each message once, as far as brokers can tell, or an error.

    Parameters
    ----------
    url
        `kafka://broker:9092/topic?timeout=30s&config=FILE`, where `timeout` says for how long a message may be under
        way. Settings of librdkafka may be options, too.

    """

    def __init__(self, url: str) -> None:
        address = Address.of(url)
        for name in address.options:
            if name not in ALLOWED:
                raise ValueError(f"{name} goes with a topic that is read, and predictions are written to this one")
        self.topic, self._kafka = address.topic, client()
        self._timeout = seconds("timeout", address.options.get("timeout", TIMEOUT))
        given = read_settings(address.options.get("config"), address.settings)
        self._settings = Settings(address.brokers, given)
        wanted = self._settings.of(
            enable_idempotence="true",
            acks="all",
            linger_ms="5",
            message_timeout_ms=str(max(1, round(self._timeout * 1000))),
        )
        wanted["error_cb"] = self._note
        self._trouble = self._failed = ""
        self._producer = self._settings.made(self._kafka.Producer, wanted, logger=LOG)
        self.n_sent = 0
        try:
            self._producer.list_topics(self.topic, timeout=self._timeout)
        except self._kafka.KafkaException as error:
            self._producer.poll(0)
            why = self._settings.hide(self._trouble or reason(error))
            raise ConnectionError(
                f"no broker of {address.brokers} answers within {self._timeout:g} s ({why})"
            ) from None

    def put(self, key: bytes | None, value: Mapping[str, Any]) -> None:
        """Send a message; an error of one that was sent before is raised here, too."""
        self._check()
        text = json.dumps(value).encode()
        while True:
            try:
                self._producer.produce(self.topic, text, key, on_delivery=self._delivered)
                break
            except BufferError:
                self._producer.poll(WAIT)
                self._check()
            except self._kafka.KafkaException as error:
                raise self._error(self._settings.hide(reason(error))) from None
        self._producer.poll(0)
        self.n_sent += 1

    def flush(self) -> None:
        """Wait until every message has come to its topic, or raise."""
        while self._producer.flush(WAIT):
            self._check()
        self._check()

    def _delivered(self, error: Any, _: Any) -> None:
        if error is not None:
            self._failed = self._failed or self._settings.hide(reason(error))

    def _note(self, error: Any) -> None:
        self._trouble = reason(error)

    def _check(self) -> None:
        if self._failed:
            raise self._error(self._failed)

    def _error(self, why: str) -> ConnectionError:
        return ConnectionError(f"a prediction did not come to topic {self.topic} ({why})")
