"""The ``type`` of a problem (RFC 9457 section 3.1.1): ``about:blank``, or built from a template and a slug."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["ABOUT_BLANK", "build_type", "make_slug"]

ABOUT_BLANK = "about:blank"
"""The type of a problem that means no more than its status (RFC 9457 section 4.2.1)."""


def build_type(type_uri: str | None, status: int, slug: str) -> str | None:
    """Build the ``type`` of a problem from ``ERROR_TYPE_URI``; None without that setting."""
    if type_uri is None:
        return None
    # str.format would let a template reach into the objects that it is given.
    return type_uri.replace("{status}", str(status)).replace("{slug}", slug)


@lru_cache(maxsize=1024)
def make_slug(name: str) -> str:
    """Write a class name or a phrase in kebab-case: ``OutOfCredit`` and ``Out of credit`` as ``out-of-credit``.

    Accents are left out. Other letters beyond ASCII are a ValueError.
    """
    if not name.isascii():
        plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
        if not plain.isascii():
            raise ValueError(f"{name} has letters beyond ASCII, so give its slug: class {name}(Problem, slug=...)")
        name = plain
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name.replace("'", ""))
    return "-".join(word.lower() for word in words)
