"""The pytest plugin of errbridge: a fixture that records incidents. pytest finds it by its entry point.

It is outside of the packages because every run of pytest loads it where errbridge is installed, and not every one
wants errbridge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from errbridge.testing import Incidents

__all__ = ["incidents"]


@pytest.fixture
def incidents() -> Iterator[Incidents]:
    """Errors that were handled during the test: ``incidents.watch(app)``, then ``incidents.only(status=404)``."""
    from errbridge.testing import record_incidents

    with record_incidents() as recorded:
        yield recorded
