"""A plugin for pytest: gives every application an ``ErrorHandler``, and writes down the outcome of every test.

``ERRBRIDGE_STYLE`` is the style: ``plain`` is without errbridge, ``none`` without a style; ``shim`` leaves it to the
suite. The outcomes are written to
the file that ``ERRBRIDGE_OUTCOMES`` names.
"""

from __future__ import annotations

import functools
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

STYLE = os.environ["ERRBRIDGE_STYLE"]
WORST = ("passed", "skipped", "failed")

outcomes: dict[str, tuple[str, str]] = {}


def wrap(application: Any, error_handler: Any) -> None:
    """Initialise each application of a class, and of its subclasses, as soon as it exists."""
    init, waiting = application.__init__, [True]

    @functools.wraps(init)
    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if waiting:  # errbridge tries the framework on an application of its own
            waiting.clear()
            try:
                error_handler(self, handler=None if STYLE == "none" else STYLE)
            finally:
                waiting.append(True)

    application.__init__ = initialise


if STYLE not in ("plain", "shim"):
    if find_spec("flask"):
        from flask.app import Flask

        from errbridge_flask import ErrorHandler

        wrap(Flask, ErrorHandler)
    if find_spec("quart"):
        from quart.app import Quart

        from errbridge_quart import ErrorHandler as QuartErrorHandler

        wrap(Quart, QuartErrorHandler)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    before, _ = outcomes.get(report.nodeid, ("passed", ""))
    if report.nodeid not in outcomes or WORST.index(report.outcome) > WORST.index(before):
        crash = getattr(report.longrepr, "reprcrash", None)
        outcomes[report.nodeid] = (report.outcome, "" if crash is None else crash.message[:300])


def pytest_sessionfinish() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:  # the process that started the workers gets their reports, too
        return
    Path(os.environ["ERRBRIDGE_OUTCOMES"]).write_text(json.dumps(outcomes), encoding="utf-8")
