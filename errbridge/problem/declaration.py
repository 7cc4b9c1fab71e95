"""The declaration of a problem class: what its class keywords and fields say about all of its problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from errbridge.problem.type_uri import build_type

__all__ = ["Declaration"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a problem class declares."""

    cls: type[Any]
    status: int | None  # None for a class that is only the base of others
    title: str | None  # its own or inherited
    uri: str | None  # the class keyword ``type`` of the class itself
    slug: str | None  # the class keyword, else made of the name; None for `Problem`, which is every type
    fields: Mapping[str, object]  # the extension members and their defaults

    def build_type(self, type_uri: str | None) -> str | None:
        """Return the type of the class's problems: its own, else one built from ``ERROR_TYPE_URI``, else None."""
        if self.uri is not None or self.status is None or self.slug is None:
            return self.uri
        return build_type(type_uri, self.status, self.slug)
