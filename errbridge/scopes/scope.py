"""Scopes: pieces of URL space, and blueprints, that can own errors. Who owns a URL is found by `errbridge.scopes.trie`."""

from __future__ import annotations

import re
from typing import Any

from errbridge.errors import SetupError
from errbridge.frozen import Frozen
from errbridge.scopes.patterns import host_labels, segments

__all__ = ["ROOT", "Scope", "blueprint_path"]


class Scope(Frozen):
    """A piece of URL space, or a blueprint, that can own errors.

    Example:
        >>> str(Scope(prefix="/users/<int:uid>"))
        '/users/<int:uid>'
        >>> str(Scope(host="*.example.com", prefix="/api"))
        '//*.example.com/api'

    Args:
        host: ``api.example.com``, ``*.example.com`` (one or more labels in place of the star) or
            ``<tenant>.example.com`` (exactly one); None for every host. Without a port (RFC 9110 section 7.2).
        prefix: ``/api`` or with variables as in a route, ``/users/<int:uid>``; None for every path.
        blueprint: The dotted name under which a blueprint is registered. Set by the adapters: to register something
            on a blueprint, pass the blueprint itself.

    Raises:
        SetupError: The host or prefix cannot be one.
    """

    __match_args__ = ("host", "prefix", "blueprint")
    __slots__ = ("_hash", "blueprint", "host", "prefix")

    host: str | None
    prefix: str | None
    blueprint: str | None
    _hash: int

    def __init__(self, host: str | None = None, prefix: str | None = None, blueprint: str | None = None) -> None:
        put = object.__setattr__
        put(self, "prefix", None if prefix is None else _checked_prefix(prefix))
        put(self, "host", None if host is None else _checked_host(host))
        put(self, "blueprint", blueprint)
        put(self, "_hash", hash((self.host, self.prefix, blueprint)))  # scopes are looked up at each error

    def __hash__(self) -> int:
        return self._hash

    def __setstate__(self, values: tuple[Any, ...]) -> None:
        super().__setstate__(values)
        object.__setattr__(self, "_hash", hash(values))  # another process has other ones

    def __str__(self) -> str:
        if self.blueprint is not None:
            return self.blueprint
        if self.host is not None:
            return f"//{self.host}{self.prefix or '/'}"
        return self.prefix or "app"


def _checked_prefix(prefix: object) -> str:
    if not isinstance(prefix, str):
        raise SetupError(f"a prefix is a string such as '/api', not {prefix!r}")
    if not prefix.startswith("/"):
        raise SetupError(f"the prefix {prefix!r} does not start with a slash; write '/{prefix}'")
    for segment in segments(prefix):
        if any(isinstance(token, str) and set("?#*") & set(token) for token in segment):
            raise SetupError(f"the prefix {prefix!r} has a '?', '#' or '*'; a prefix is a path, and owns all below it")
    return prefix.rstrip("/") or "/"


def _checked_host(host: object) -> str:
    if not isinstance(host, str) or not host:
        raise SetupError(f"a host is a string such as 'api.example.com' or '*.example.com', not {host!r}")
    host = host.rstrip(".")
    if any(map(str.isspace, re.sub("<.*?>", "", host))):
        raise SetupError(f"the host {host!r} contains a space")
    if "/" in host:
        raise SetupError(f"the host {host!r} contains a slash; give the path as prefix=")
    text = "".join(str(token) for segment in segments(host) for token in segment if isinstance(token, str))
    if ":" in text and not host.startswith("["):
        raise SetupError(f"the host {host!r} has a port; hosts are compared without it, so leave it out")
    if "*" in host.removeprefix("*."):
        raise SetupError(f"the host {host!r} has a star that is not its first label; write '*.example.com'")
    if not all(host_labels(host)) or (host.startswith("[") and not host.endswith("]")):
        raise SetupError(f"no request has the host {host!r}; write it as 'api.example.com' or '[::1]'")
    return host if "<" in host else host.lower()


ROOT = Scope()
"""The application itself, the last owner of every error."""


def blueprint_path(name: str) -> tuple[str, ...]:
    """List a blueprint's dotted name and those of the blueprints around it, innermost first."""
    parts = name.split(".")
    return tuple(".".join(parts[:length]) for length in range(len(parts), 0, -1))
