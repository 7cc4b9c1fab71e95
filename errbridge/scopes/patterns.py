"""The pattern language of prefixes and hosts: ``/users/<int:uid>``, ``<tenant>.example.com``.

A pattern is read once, when the trie is built. A segment without a variable is compared as text; a segment with one is
compared by the regular expression of its converter, which the application may bring along (Werkzeug's converters and
the application's own), so that a prefix owns exactly the URLs that its routes could match.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from errbridge.errors import SetupError

__all__ = [
    "Converter",
    "ConverterLookup",
    "Segment",
    "Variable",
    "default_converters",
    "host_labels",
    "parse",
    "segments",
]


class Converter(NamedTuple):
    """How a variable matches.

    Attributes:
        regex: The regular expression of one value, without groups that matter.
        isolating: False when a value may contain a slash, as with Werkzeug's ``path``.
        weight: Lower is more specific; orders variables that stand at the same place.
    """

    regex: str
    isolating: bool = True
    weight: int = 100


ConverterLookup = Callable[[str, str | None], Converter]
"""Finds the converter of a variable: ``(name, arguments)``, as in ``<name(arguments):variable>``."""


class Variable(NamedTuple):
    """``<converter(arguments):name>`` in a pattern."""

    name: str
    converter: str
    arguments: str | None


Token = str | Variable
Segment = tuple[Token, ...]
"""What stands between two slashes: text and variables in turn."""

_TOKEN = (
    r"(?P<text>[^<>/]+)"
    r"|(?P<slash>/)"
    r"|<(?:(?P<converter>[A-Za-z_]\w*)(?:\((?P<arguments>.*?)\))?:)?(?P<variable>[A-Za-z_]\w*)>"
)


def segments(pattern: str) -> tuple[Segment, ...]:
    """Split a pattern at its slashes; those within a converter's arguments do not count.

    Args:
        pattern: For instance ``/users/<int:uid>``.

    Raises:
        SetupError: The pattern cannot be read.
    """
    parts: list[list[Token]] = [[]]
    for token in _tokens(pattern):
        if token == "/":
            parts.append([])
        else:
            parts[-1].append(token)
    return tuple(tuple(part) for part in parts)


def _tokens(pattern: str) -> Iterator[Token]:
    token = re.compile(_TOKEN)
    position = 0
    while position < len(pattern):
        found = token.match(pattern, position)
        if found is None:
            raise SetupError(
                f"{pattern!r} cannot be read from {pattern[position:]!r} on: write variables as "
                "<name> or <converter:name>, and '<' or '>' nowhere else"
            )
        position = found.end()
        if found["variable"] is None:
            yield found.group()
        else:
            yield Variable(found["variable"], found["converter"] or "default", found["arguments"])


def host_labels(host: str) -> tuple[Segment, ...]:
    """Split a host at its dots; those within a converter's arguments do not count.

    Args:
        host: For instance ``<tenant>.example.com``.

    Raises:
        SetupError: The host cannot be read.
    """
    labels: list[Segment] = [()]
    for token in segments(host)[0]:
        if isinstance(token, str):
            first, *rest = token.split(".")
            labels[-1] = (*labels[-1], *filter(None, [first]))
            labels.extend(tuple(filter(None, [label])) for label in rest)
        else:
            labels[-1] = (*labels[-1], token)
    return tuple(labels)


def parse(segment: Segment, converters: ConverterLookup) -> tuple[str, bool, int]:
    """Turn a segment into ``(regular expression, isolating, weight)``."""
    expression, isolating, weight = "", True, 0
    for token in segment:
        if isinstance(token, str):
            expression += re.escape(token)
            continue
        converter = converters(token.converter, token.arguments)
        expression += f"(?:{converter.regex})"
        isolating = isolating and converter.isolating
        weight += converter.weight
    return expression, isolating, weight


_BUILT_IN = {
    "default": Converter(r"[^/]+"),
    "string": Converter(r"[^/]+"),
    "int": Converter(r"\d+", weight=50),
    "float": Converter(r"\d+\.\d+", weight=50),
    "path": Converter(r"[^/].*?", isolating=False, weight=200),
    "uuid": Converter(r"[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}"),
}


def default_converters(name: str, arguments: str | None) -> Converter:
    """Find a converter by its name in Flask, for patterns that stand outside an application.

    Args:
        name: ``string``, ``int``, ``float``, ``path``, ``uuid`` or ``any``.
        arguments: What stood in parentheses; only ``any(a, b)`` takes any here.

    Raises:
        SetupError: There is no such converter.
    """
    if name == "any" and arguments:
        choices = "|".join(re.escape(choice.strip().strip("'\"")) for choice in arguments.split(","))
        return Converter(f"(?:{choices})")
    try:
        return _BUILT_IN[name]
    except KeyError:
        known = ", ".join(sorted((*_BUILT_IN, "any")))
        raise SetupError(f"there is no converter {name!r}; use one of {known}") from None
