"""Settings: what the client is told besides the brokers, which nobody else is to see."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VARIABLE = "ONLINE_SOFTMAX_KAFKA_CONFIG"  # of the environment: a file of settings
# What no message may be lost or read twice by; and the brokers, which the URL names.
OURS = {
    "bootstrap.servers",
    "metadata.broker.list",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "auto.offset.reset",
    "enable.idempotence",
    "acks",
    "request.required.acks",
}
WORDS = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl", "plain", "gssapi", "oauthbearer", "scram-sha-256"}
WORDS |= {"scram-sha-512", "true", "false", "none", "read_committed", "read_uncommitted"}
SIZES = ("ms", "bytes", "kbytes", "messages", "max", "min")
HIDDEN = "***"


def client() -> Any:
    """Import confluent_kafka, or say how to get it."""
    try:
        import confluent_kafka
        import confluent_kafka.admin
    except ImportError:
        raise ImportError("topics are read by confluent-kafka: pip install 'online-softmax[kafka]'") from None
    return confluent_kafka


class Settings:
    """The settings of a client, which it shows to nobody.

    Parameters
    ----------
    brokers
        The brokers to ask first.
    given
        Settings by name, as librdkafka calls them.

    Examples
    --------
    >>> from online_softmax.streams.kafka.settings import Settings

    >>> settings = Settings("b:9092", {"sasl.password": "secret"})
    >>> settings, settings.hide("SASL failed for 'secret'")
    (Settings(brokers='b:9092'), "SASL failed for '***'")

    """

    def __init__(self, brokers: str, given: Mapping[str, str]) -> None:
        for name in given:
            if name in OURS:
                raise ValueError(f"the setting {name} is made for you: leave it out")
        self.brokers = brokers
        self._given = dict(given)
        secrets = {value for name, value in given.items() if value and not _is_harmless(name, value)}
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Settings(brokers={self.brokers!r})"

    def of(self, **own: Any) -> dict[str, Any]:
        """Return all settings, those among them that a client of ours always has."""
        always = {name.replace("_", "."): value for name, value in own.items()}
        return {"log_level": 0, **always, **self._given, "bootstrap.servers": self.brokers}

    def hide(self, text: str) -> str:
        """Return a text without the values of settings."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def made(self, kind: Any, settings: dict[str, Any], **more: Any) -> Any:
        """Make a client; an error names the setting that is wrong, and not its value."""
        try:
            return kind(settings, **more)
        except client().KafkaException as error:
            raise ValueError(f"the settings of Kafka's client do not do: {self.hide(reason(error))}") from None


def read_settings(file: str | Path | Mapping[str, str] | None, given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of a file of lines `name=value`, with those given beside it, which win.

    Without a file it is the one that the environment names by `ONLINE_SOFTMAX_KAFKA_CONFIG`, if it does.
    """
    if isinstance(file, Mapping):
        return {**{str(name): str(value) for name, value in file.items()}, **given}
    if file is None and not (file := os.environ.get(VARIABLE)):
        return dict(given)
    found: dict[str, str] = {}
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not UTF-8 text: settings are lines of name=value") from None
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"{file}, line {number}: it is not of the form name=value")
        if (name := name.strip()) in found:
            raise ValueError(f"{file}, line {number}: {name} stands there twice: leave one out")
        found[name] = value.strip()
    return {**found, **given}


def reason(error: Any) -> str:
    """Return what an error of the client says, without its code.

    `error` is a KafkaException or a KafkaError.
    """
    inner = error.args[0] if isinstance(error, Exception) and error.args else error
    said = inner.str() if callable(getattr(inner, "str", None)) else str(inner)
    return " ".join(said.split())


def _is_harmless(name: str, value: str) -> bool:
    """Whether the value of a setting is a word of librdkafka's, or a size."""
    return value.lower() in WORDS or (value.isdecimal() and name.rpartition(".")[2] in SIZES)
