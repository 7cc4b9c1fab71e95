"""The logger of errbridge, for tests that change it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The logger of errbridge, restored afterwards."""
    logger = logging.getLogger("errbridge")
    handlers, filters, level = logger.handlers[:], logger.filters[:], logger.level
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.handlers[:], logger.filters[:] = handlers, filters
    logger.setLevel(level)
