"""What the tests of topics share: one broker."""

from __future__ import annotations

import pytest

from tests.broker import running


@pytest.fixture(scope="session")
def broker():
    pytest.importorskip("confluent_kafka")
    with running() as found:
        yield found
