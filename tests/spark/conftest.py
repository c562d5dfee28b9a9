"""What the tests on Spark share: a session, a stream of rounds, and what a listener is told."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

# They have no tests, or cannot even be imported without Spark.
collect_ignore = ["driver.py", "source.py", *([] if find_spec("pyspark") else ["test_crashes.py"])]


@pytest.fixture(scope="session")
def spark():
    """Give a session of two workers in one JVM, which tries a task four times."""
    pytest.importorskip("pyspark", reason="Spark needs pyspark, which `make test-cluster` installs")
    if not shutil.which("java"):
        pytest.skip("Spark needs Java 17")
    from tests.spark.source import session

    spark = session("local[2,4]")
    yield spark
    spark.stop()


@pytest.fixture
def rounds(spark):
    """Give a function that makes a stream of rounds, two shards of 100 rows each if nothing else is said."""

    def stream(n, **options):
        options = {"shards": 2, "rows": 100, **options}
        return spark.readStream.format("rounds").options(rounds=n, **options).load()

    return stream


@pytest.fixture
def progress(spark):
    """Give the list of progress events, as a listener gets them."""
    from pyspark.sql.streaming import StreamingQueryListener

    events = []

    class Listener(StreamingQueryListener):
        def onQueryStarted(self, event):  # noqa: N802
            pass

        def onQueryProgress(self, event):  # noqa: N802
            events.append(event.progress)

        def onQueryIdle(self, event):  # noqa: N802
            pass

        def onQueryTerminated(self, event):  # noqa: N802
            pass

    listener = Listener()
    spark.streams.addListener(listener)
    yield events
    spark.streams.removeListener(listener)
