"""The declaration of a problem class: what its class keywords and fields say about all of its problems."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["ABOUT_BLANK", "REQUIRED", "Declaration", "build_type", "make_slug"]

ABOUT_BLANK = "about:blank"
"""The type of a problem that means no more than its status (RFC 9457 section 4.2.1)."""

REQUIRED: Any = object()
"""The default of a field that has none."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a problem class declares.

    Attributes:
        cls: The class.
        status: None for a class that is only the base of others.
        title: The class keyword, its own or inherited.
        uri: The class keyword ``type`` of the class itself.
        slug: The class keyword, else made from the name of the class; None for `Problem`, which stands for every type.
        fields: The extension members and their defaults.
    """

    cls: type[Any]
    status: int | None
    title: str | None
    uri: str | None
    slug: str | None
    fields: Mapping[str, object]

    def build_type(self, type_uri: str | None) -> str | None:
        """Return the type of the class's problems: its own, else one built from ``ERROR_TYPE_URI``, else None."""
        if self.uri is not None or self.status is None or self.slug is None:
            return self.uri
        return build_type(type_uri, self.status, self.slug)


def build_type(type_uri: str | None, status: int, slug: str) -> str | None:
    """Build the ``type`` of a problem from ``ERROR_TYPE_URI``; None without that setting."""
    if type_uri is None:
        return None
    # str.format would let a template reach into the objects that it is given.
    return type_uri.replace("{status}", str(status)).replace("{slug}", slug)


@lru_cache(maxsize=1024)
def make_slug(name: str) -> str:
    """Write a class name or a phrase in kebab-case: ``OutOfCredit`` and ``Out of credit`` as ``out-of-credit``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name.replace("'", ""))
    return "-".join(word.lower() for word in words)
