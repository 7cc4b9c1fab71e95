"""The versions of what is installed, for the few tests in which they make a difference."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version
from typing import Any

from werkzeug.routing import exceptions

__all__ = ["DUPLICATE_RULE", "FLASK", "GRACE_IS_LOST", "HYPERCORN", "QUART", "WERKZEUG"]


def _read(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version(name))[:3])


FLASK, HYPERCORN, QUART, WERKZEUG = (_read(name) for name in ("flask", "hypercorn", "quart", "werkzeug"))

GRACE_IS_LOST = sys.version_info >= (3, 12, 1) and HYPERCORN < (0, 19)
"""Whether Hypercorn waits for connections without a limit before it ends the lifespan (pgjones/hypercorn#308)."""

DUPLICATE_RULE: Any = getattr(exceptions, "DuplicateRuleError", ())
"""What Werkzeug 3.2 raises for two equal rules; nothing with older versions."""
