"""The findings of ``flask errors check`` as a test."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from errbridge.inspection.checks import check
from errbridge.inspection.text import write_findings

__all__ = ["assert_no_findings"]


def assert_no_findings(app: Any, *, ignore: Iterable[str] = ()) -> None:  # either framework may be missing
    """Make sure that ``flask errors check`` or ``quart errors check`` finds nothing in an application.

    Example::

        def test_the_error_handling_is_set_up_right():
            assert_no_findings(create_app())

    Args:
        app: The application, set up completely.
        ignore: Codes of checks to leave out.

    Raises:
        AssertionError: Something can never work. The message says what and where.
        SetupError: The application has no ``ErrorHandler``, or there is no such check.
    """
    __tracebackhide__ = True
    from errbridge.pallets.inspected import inspect  # other tools for tests need no framework

    if findings := check(inspect(app), ignore):
        raise AssertionError(re.sub("\x1b\\[[0-9]*m", "", "\n".join(write_findings(findings))))  # without bold headings
