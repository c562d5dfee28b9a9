"""A run over a topic of Kafka that is killed goes on where it was: python examples/kafka_evaluate.py [HOST:PORT].

The first run has no end, as a topic has none, and is killed. The second goes on at the offsets of its checkpoint, which
are in one file with model and figures, until nothing has come for a second: each message has counted once. Then the
model sends its predictions to another topic. Without the address of a broker, librdkafka's mock stands in for one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from confluent_kafka import Producer

from online_softmax.streams import open_stream

MOCK = """
import sys
from confluent_kafka import Producer
broker = Producer({"bootstrap.servers": "none:1", "test.mock.num.brokers": 1, "log_level": 0})
print(*(f"{one.host}:{one.port}" for one in broker.list_topics(timeout=30).brokers.values()), flush=True)
sys.stdin.read()
"""
COMMAND = [sys.executable, "-m", "online_softmax"]


def fill(address: str, topic: str) -> int:
    """Send the rows of a bundled stream, as objects of JSON."""
    producer, n = Producer({"bootstrap.servers": address}), 0
    for x, y, _ in open_stream("image_segments").pairs():
        producer.produce(topic, json.dumps({**x, "label": y}).encode(), key=str(n).encode())
        n += 1
    producer.flush()
    return n


def evaluate(url: str, *more: str) -> list[str]:
    return [*COMMAND, "evaluate", url, "--target", "label", *more]


def figures(command: list[str]) -> str:
    """Run a command to its end; give the line with its figures, but for the seconds."""
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return next(line for line in out.splitlines() if " rows in " in line).partition(": ")[2]


def learn(address: str, folder: Path) -> None:
    fill(address, "segments")
    url = f"kafka://{address}/segments?format=json"
    kept = ["--checkpoint", str(folder / "checkpoint"), "--every", "250", "--save", str(folder / "model")]
    with subprocess.Popen(evaluate(url, *kept), stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        while (line := first.stdout.readline()) and not line.lstrip().startswith("1,000"):
            pass
        first.kill()
    print(f"the first run was killed by signal {-first.returncode}")
    print(f"resumed:       {figures(evaluate(url, *kept, '--resume', '--until-idle', '1s'))}")
    print(f"uninterrupted: {figures(evaluate(url, '--until-idle', '1s'))}")
    to = f"kafka://{address}/segments.predictions"
    predict = ["predict", url, "--from", str(folder / "model"), "--until-idle", "1s", "--to", to]
    subprocess.run([*COMMAND, *predict], check=True)
    sent = open_stream(f"{to}?until_idle=0", "label", features=[])
    print(f"{sum(1 for _ in sent.pairs()):,} predictions were sent")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if sys.argv[1:]:
            learn(sys.argv[1], Path(folder))
            return
        with subprocess.Popen([sys.executable, "-c", MOCK], stdin=-1, stdout=-1, text=True) as broker:
            assert broker.stdout is not None
            try:
                learn(broker.stdout.readline().strip(), Path(folder))
            finally:
                broker.kill()


if __name__ == "__main__":
    main()
