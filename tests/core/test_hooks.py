"""Hooks, and the function that names the current trace: how they are registered."""

from __future__ import annotations

import functools
import logging
from typing import Any

import pytest

from errbridge import Incident, Reply, SetupError
from errbridge.application.hooks import Hooks


def hook(incident: Incident, reply: Reply) -> None: ...


async def async_hook(incident: Incident, reply: Reply) -> None: ...


def generator_hook(incident: Incident, reply: Reply) -> Any:
    yield


async def async_generator_hook(incident: Incident, reply: Reply) -> Any:
    yield


class Counting:
    def __call__(self, incident: Incident, reply: Reply) -> None: ...


class Generating:
    def __call__(self, incident: Incident, reply: Reply) -> Any:
        yield


def test_a_hook_keeps_its_place_and_is_called_once_however_often_it_is_registered() -> None:
    hooks = Hooks()
    other = Counting()

    assert hooks.on_incident(hook) is hook
    hooks.on_incident(other)
    hooks.on_incident(hook)

    assert hooks.functions == [hook, other]


def test_a_hook_can_be_removed_and_nothing_happens_if_it_is_not_registered() -> None:
    hooks = Hooks()
    hooks.on_incident(hook)

    for _ in range(2):
        hooks.off_incident(hook)
        assert hooks.functions == []


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (None, "a hook is a function of \\(incident, reply\\), not None"),
        (generator_hook, "is a generator function"),
        (async_generator_hook, "is a generator function"),
        (Generating(), "is a generator function"),
        (lambda: None, "cannot be called with \\(incident, reply\\): it takes \\(\\)"),
        (lambda one: None, "cannot be called with"),
        (lambda one, two, three: None, "cannot be called with"),
    ],
)
def test_a_function_that_cannot_be_a_hook_is_refused_with_the_reason(function: Any, words: str) -> None:
    hooks = Hooks()

    with pytest.raises(SetupError, match=words):
        hooks.on_incident(function)
    assert hooks.functions == []


@pytest.mark.parametrize("function", [lambda *args: None, lambda a, b, c=1: None, print, functools.partial(hook), dict])
def test_any_plain_function_that_takes_both_can_be_a_hook(function: Any) -> None:
    Hooks().on_incident(function)


def test_the_function_that_names_the_trace_is_set_and_the_one_before_returned() -> None:
    hooks = Hooks()
    first, second = (lambda: "a" * 32), (lambda: None)
    assert hooks.current_trace() == ""

    assert hooks.trace_with(first) is None
    assert hooks.current_trace() == "a" * 32
    assert hooks.trace_with(second) is first
    assert hooks.current_trace() == ""
    assert hooks.trace_with(None) is second


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("trace", "a tracer is a function of \\(\\), not 'trace'"),
        (lambda one: None, "cannot be called with \\(\\)"),
        (async_hook, "is async, .*: make it a plain function$"),
    ],
)
def test_a_function_that_cannot_name_a_trace_is_refused(function: Any, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        Hooks().trace_with(function)


async def coroutine() -> str:
    return "a"


@pytest.mark.parametrize("function", [lambda: 1 / 0, lambda: 5, lambda: b"a", lambda: coroutine()])
def test_a_function_that_fails_to_name_the_trace_is_logged_and_the_error_has_none(
    caplog: pytest.LogCaptureFixture, function: Any
) -> None:
    hooks = Hooks()
    hooks.trace_with(function)

    assert hooks.current_trace() == ""
    (logged,) = caplog.records
    assert (logged.name, logged.levelno) == ("errbridge", logging.ERROR)
    assert "the error is taken to belong to no trace" in logged.getMessage()


def test_not_even_a_broken_logging_system_changes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("the disk is full")

    logger, handler = logging.getLogger("errbridge"), Broken()
    logger.addHandler(handler)
    hooks = Hooks()
    hooks.trace_with(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    try:
        assert hooks.current_trace() == ""
    finally:
        logger.removeHandler(handler)
