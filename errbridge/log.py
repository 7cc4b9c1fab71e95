"""errbridge's own logger, ``errbridge``. A logging system that fails itself keeps no client from its answer."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

__all__ = ["log", "report_broken_logging"]

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter


class _Log(_Adapter):
    def __init__(self) -> None:
        self.extra = None

    @cached_property
    def logger(self) -> logging.Logger:  # type: ignore[override]
        """The logger, which exists from the first look on: ``dictConfig`` disables those that exist before it."""
        return logging.getLogger("errbridge")

    def log(self, level: int, msg: object, *args: Any, **kwargs: Any) -> None:
        """Log a message as the caller's; what a filter or a handler raises goes to the standard error stream."""
        try:
            super().log(level, msg, *args, stacklevel=2, **kwargs)
        except Exception:
            report_broken_logging()

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add nothing."""
        return msg, kwargs


log = _Log()


def report_broken_logging() -> None:
    """Print that a record could not be written, and why, as ``logging.Handler.handleError`` does."""
    with suppress(Exception):
        print("errbridge could not write a log record", file=sys.stderr)  # noqa: T201 - there is nothing else
        traceback.print_exc()
