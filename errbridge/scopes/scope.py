"""Scopes: pieces of URL space, and blueprints, that can own errors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from errbridge.errors import SetupError
from errbridge.http.headers import encode_host
from errbridge.scopes.patterns import split_host, split_pattern

__all__ = ["ROOT", "Scope", "list_blueprints", "parse_place"]


@dataclass(frozen=True, slots=True)
class Scope:
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
        SetupError: No URL can have the host or the prefix.
    """

    host: str | None = None
    prefix: str | None = None
    blueprint: str | None = None

    def __post_init__(self) -> None:
        # Scopes are keys and made for every 405, so a blueprint's name alone costs no more than the two checks.
        if self.host is not None:
            object.__setattr__(self, "host", _normalize_host(self.host))
        if self.prefix is not None:
            object.__setattr__(self, "prefix", _normalize_prefix(self.prefix, is_routed=self.blueprint is not None))

    def __str__(self) -> str:
        if self.blueprint is not None:
            return self.blueprint
        if self.host is not None:
            return f"//{self.host}{self.prefix or '/'}"
        return self.prefix or "app"


def _normalize_prefix(prefix: object, *, is_routed: bool) -> str:
    if not isinstance(prefix, str):
        raise SetupError(f"a prefix is a string such as '/api', not {prefix!r}")
    if not prefix.startswith("/"):
        raise SetupError(
            f"{prefix!r} does not start with a slash; write '/{prefix}', or '//{prefix}' for a host; "
            "for a blueprint, pass the blueprint itself"
        )
    for segment in split_pattern(prefix):
        if not is_routed and any(isinstance(token, str) and set("?#*") & set(token) for token in segment):
            raise SetupError(f"the prefix {prefix!r} has a '?', '#' or '*'; a prefix is a path, and owns all below it")
    return prefix.rstrip("/") or "/"


def _normalize_host(host: object) -> str:
    if not isinstance(host, str) or not host:
        raise SetupError(f"a host is a string such as 'api.example.com' or '*.example.com', not {host!r}")
    host = host.rstrip(".")
    text = "".join(token for segment in split_pattern(host) for token in segment if isinstance(token, str))
    unwanted = r"[\s*]" if host.startswith("[") and host.endswith("]") else r"[\s*:\[]"
    if "/" in host or not all(split_host(host)) or re.search(unwanted, text.removeprefix("*.")):
        raise SetupError(
            f"no request has the host {host!r}; write it without scheme, port and path, as 'api.example.com', "
            "'*.example.com', '<tenant>.example.com' or '[::1]'"
        )
    try:
        return host if "<" in host else encode_host(host)
    except UnicodeError as error:
        raise SetupError(f"no request has the host {host!r}: {error}") from error


def parse_place(text: str) -> Scope:
    """Read ``"/prefix"`` or ``"//host/prefix"``; anything else is a SetupError."""
    if text.startswith("//"):
        host, _, prefix = text[2:].partition("/")
        return Scope(host, f"/{prefix}" if prefix else None)
    return Scope(prefix=text)


ROOT = Scope()
"""The application itself, the last owner of every error."""


def list_blueprints(name: str) -> tuple[str, ...]:
    """List a blueprint's dotted name and those of the blueprints around it, innermost first."""
    parts = name.split(".")
    return tuple(".".join(parts[:length]) for length in range(len(parts), 0, -1))
