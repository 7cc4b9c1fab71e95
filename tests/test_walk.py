"""The way of an error, counted: a 404 of Flask under a prefix, on the only path that there is.

Counted is each start of a function of errbridge, as ``sys.setprofile`` sees it. A generator that goes on is not counted
again: the plan is one function, however often it yields. Methods that ``dataclasses`` wrote are in no file, and not
counted. The application logs as one does without a configuration: warnings and what is worse.
"""

from __future__ import annotations

import logging
import sys
from inspect import CO_GENERATOR
from itertools import pairwise
from types import FrameType
from typing import Any, NamedTuple

import flask
import pytest
from werkzeug.test import EnvironBuilder

import errbridge_flask
from tests.servers import ROOT

PACKAGES = tuple(f"{ROOT}/errbridge{name}/" for name in ("", "_flask", "_quart"))


class Walk(NamedTuple):
    """How far an error goes.

    Attributes:
        calls: How many functions are called.
        modules: How many modules they are in.
        changes: How often the next function is in another module.
    """

    calls: int
    modules: int
    changes: int


GOAL = Walk(calls=25, modules=9, changes=12)
BOUND = Walk(calls=42, modules=19, changes=30)


def follow(app: Any, path: str) -> list[str]:
    """List the functions that a request calls, as ``file:function``."""
    environ = EnvironBuilder(path).get_environ()
    frames: list[FrameType] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGES):
            resumed = frame.f_code.co_flags & CO_GENERATOR and any(frame is known for known in frames)
            if not resumed:
                frames.append(frame)  # kept, or the next frame could be at the same place in memory

    sys.setprofile(note)
    try:
        app(environ, lambda *given: None)
    finally:
        sys.setprofile(None)
    return [f"{frame.f_code.co_filename.removeprefix(f'{ROOT}/')}:{frame.f_code.co_name}" for frame in frames]


def measure(functions: list[str]) -> Walk:
    files = [function.partition(":")[0] for function in functions]
    return Walk(len(files), len(set(files)), sum(one != other for one, other in pairwise(files)))


@pytest.fixture
def walk(caplog: pytest.LogCaptureFixture) -> Walk:
    caplog.set_level(logging.WARNING, logger="errbridge")
    app = flask.Flask("shop")
    errors = errbridge_flask.ErrorHandler(app)
    errors.api_register("/api")
    follow(app, "/api/nope")  # builds what all the others use
    functions = follow(app, "/api/nope")
    assert "errbridge/handling/respond.py:_plan" in functions
    return measure(functions)


def test_the_way_of_a_404_is_no_longer_than_it_was(walk: Walk) -> None:
    assert all(is_so <= bound for is_so, bound in zip(walk, BOUND, strict=True)), walk


@pytest.mark.xfail(reason="one call for each stage of an error is not enough yet", strict=True)
def test_the_way_of_a_404_is_as_short_as_wanted(walk: Walk) -> None:
    assert all(is_so <= wanted for is_so, wanted in zip(walk, GOAL, strict=True))


def test_a_request_without_an_error_asks_errbridge_almost_nothing() -> None:
    app = flask.Flask("shop")
    errbridge_flask.ErrorHandler(app)
    app.add_url_rule("/", "page", lambda: "page")

    assert measure(follow(app, "/")).calls <= 7  # two of them check that the server can send the response
