"""The pytest plugin of errbridge: a fixture that records incidents. pytest finds it by its entry point."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from errbridge.testing.incidents import Incidents, record_incidents

__all__ = ["incidents"]


@pytest.fixture
def incidents() -> Iterator[Incidents]:
    """Errors that were answered during the test: ``incidents.watch(app)``, then ``incidents.only(status=404)``."""
    with record_incidents() as recorded:
        yield recorded
