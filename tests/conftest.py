"""Fixtures of all tests."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from errbridge.incident import set_current
from tests.clients import Response
from tests.twins import WORLDS, World, ask_both

# How long an example takes, or its making, says more about the machine than about the code.
settings.register_profile("errbridge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("errbridge")


def pytest_collection_finish() -> None:
    """Exempt the collected tests from garbage collection: they all stay, and each full collection would visit them."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape lone surrogates in captured logs: a worker of pytest-xdist cannot send them."""
    report = yield
    report.sections = [(title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections]
    return report


@pytest.fixture
def ask() -> Callable[..., Response]:
    """Set up an application on both frameworks, ask both, and return the answer on which they agree."""
    return ask_both


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest) -> World:
    """One framework after the other, for tests that cannot ask both at once."""
    made: Any = WORLDS[request.param]()
    assert isinstance(made, World)
    return made


@pytest.fixture(autouse=True)
def no_incident_is_current() -> None:
    """Forget the incidents of tests that ask the core without an adapter, which begins and ends requests."""
    set_current(None)


@pytest.fixture(autouse=True)
def loggers_speak_again() -> Iterator[None]:
    """Switch the loggers on again: that of the twins, which all their applications share, and errbridge's."""
    loggers = [logging.getLogger("tests.twins"), logging.getLogger("errbridge")]
    loggers[1].setLevel(logging.NOTSET)
    logging.root.setLevel(logging.WARNING)
    yield
    for logger in loggers:
        logger.disabled = False
