"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients import Response
from tests.twins import WORLDS, World, ask_both


@pytest.fixture
def ask() -> Callable[..., Response]:
    """Build an application on both frameworks, ask both, and give the answer on which they agree."""
    return ask_both


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest) -> World:
    """One framework after the other, for what cannot be asked of both at once."""
    made: Any = WORLDS[request.param]()
    assert isinstance(made, World)
    return made
