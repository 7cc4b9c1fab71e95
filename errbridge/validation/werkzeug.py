"""Werkzeug's ``BadRequestKeyError``: a view asked for a part of the request that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from errbridge.validation.faults import WORDS, Fault

__all__ = ["read"]


def read(exc: Any) -> Iterator[Fault]:
    """Give the one fault there is, if the key is known. Of which part of the request it is, is not said."""
    if exc.args and isinstance(exc.args[0], str):
        yield Fault("missing", (exc.args[0],), WORDS["missing"], "parameter")
