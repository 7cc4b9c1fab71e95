"""Fixtures of the core's tests."""

from __future__ import annotations

import pytest

from tests.core.fakes import Asked, World


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> World:
    """Builds an application of no framework, breaks it, and looks at the answer, once with each driver."""
    return World(caplog)


@pytest.fixture
def asked() -> Asked:
    """The handlers that an error asks, in order."""
    return Asked()
