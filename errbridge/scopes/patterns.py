"""The pattern language of prefixes and hosts: ``/users/<int:uid>``, ``<tenant>.example.com``.

A pattern is read once, when the trie is built. A segment without a variable is compared as text; a segment with one is
compared by the regular expression of its converter. The application can bring its own converters (Werkzeug's, with
those of its URL map), so a prefix owns the URLs whose segments its routes accept. A converter that refuses a value
only when it converts it is not asked; for such values the prefix still owns the URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from errbridge.errors import SetupError

__all__ = [
    "Converter",
    "ConverterLookup",
    "Segment",
    "Variable",
    "build_host_expression",
    "build_path_expression",
    "find_converter",
    "is_text",
    "is_wildcard",
    "parse_segment",
    "split_host",
    "split_pattern",
    "split_prefix",
]


@dataclass(frozen=True, slots=True)
class Converter:
    """How a variable, or a whole segment, matches."""

    regex: str  # of one value, without groups that matter
    isolating: bool = True  # False when a value may contain a slash, as with Werkzeug's ``path``
    weight: int = 100  # lower is more specific; orders variables at the same position


ConverterLookup = Callable[[str, str | None], Converter]
"""Finds the converter of a variable: ``(name, arguments)``, as in ``<name(arguments):variable>``."""


@dataclass(frozen=True, slots=True)
class Variable:
    """``<converter(arguments):name>`` in a pattern."""

    name: str
    converter: str
    arguments: str | None


Token = str | Variable
Segment = tuple[Token, ...]
"""The text and the variables between two slashes, in turn."""

_TOKEN = (
    r"(?P<text>[^<>/]+)"
    r"|(?P<slash>/)"
    r"|<(?:(?P<converter>[A-Za-z_]\w*)(?:\((?P<arguments>.*?)\))?:)?(?P<variable>[A-Za-z_]\w*)>"
    r"|(?P<unreadable>[<>])"
)


def split_pattern(pattern: str) -> tuple[Segment, ...]:
    """Split a pattern at its slashes, except for those within a converter's arguments."""
    parts: list[list[Token]] = [[]]
    for found in re.finditer(_TOKEN, pattern):
        match found.lastgroup:
            case "unreadable":
                raise SetupError(
                    f"{pattern!r} cannot be read from {pattern[found.start() :]!r} on: write variables as "
                    "<name> or <converter:name>, and '<' or '>' nowhere else"
                )
            case "variable":
                parts[-1].append(Variable(found["variable"], found["converter"] or "default", found["arguments"]))
            case "slash":
                parts.append([])
            case _:
                parts[-1].append(found["text"])
    return tuple(map(tuple, parts))


def split_prefix(prefix: str | None) -> tuple[Segment, ...]:
    """Split a prefix into its segments; a scope without a prefix has none, and neither has ``/``."""
    return () if prefix is None or prefix == "/" else split_pattern(prefix)[1:]


def split_host(host: str) -> tuple[Segment, ...]:
    """Split a host at its dots, except for those within a converter's arguments."""
    labels: list[list[Token]] = [[]]
    for token in split_pattern(host)[0]:
        first, *others = token.split(".") if isinstance(token, str) else [token]
        labels[-1].append(first)
        labels.extend([label] for label in others)
    return tuple(tuple(filter(None, label)) for label in labels)


def is_text(segment: Segment) -> bool:
    """Return whether a segment has no variable."""
    return all(isinstance(token, str) for token in segment)


def is_wildcard(host: str) -> bool:
    """Return whether a host is a pattern that several hosts match."""
    return host.startswith("*.") or "<" in host


def parse_segment(segment: Segment, converters: ConverterLookup) -> Converter:
    """Return how a whole segment matches. Text weighs nothing."""
    regex, isolating, weight = "", True, 0
    for token in segment:
        if isinstance(token, str):
            regex += re.escape(token)
            continue
        converter = converters(token.converter, token.arguments)
        regex += f"(?:{converter.regex})"
        isolating = isolating and converter.isolating
        weight += converter.weight
    return Converter(regex, isolating, weight)


def build_path_expression(prefix: str | None, converters: ConverterLookup) -> str:
    """Return the regular expression of a prefix; a slash or the end of the path has to follow it."""
    return "".join(f"/{parse_segment(segment, converters).regex}" for segment in split_prefix(prefix))


def build_host_expression(host: str | None, converters: ConverterLookup) -> str:
    """Return the regular expression of the hosts that a scope's host matches."""
    if host is None:
        return "[^/]*"
    labels = split_host(host)
    if labels[0] == ("*",):
        return rf"[^/]+\.{_join_labels(labels[1:], converters)}"
    if not is_wildcard(host):
        return _join_labels(labels, converters)
    # A variable would take in dots as well, if the number of labels did not forbid it.
    return rf"(?=[^./]+(?:\.[^./]+){{{len(labels) - 1}}}(?:/|$)){_join_labels(labels, converters)}"


def _join_labels(labels: Iterable[Segment], converters: ConverterLookup) -> str:
    return r"\.".join(parse_segment(label, converters).regex for label in labels)


_BUILT_IN = {
    "default": Converter(r"[^/]+"),
    "string": Converter(r"[^/]+"),
    "int": Converter(r"\d+", weight=50),
    "float": Converter(r"\d+\.\d+", weight=50),
    "path": Converter(r"[^/].*?", isolating=False, weight=200),
    "uuid": Converter(r"[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}"),
}


def find_converter(name: str, arguments: str | None) -> Converter:
    """Find a converter by its name in Flask, for patterns outside an application; only ``any`` has arguments here."""
    if name == "any" and arguments:
        choices = "|".join(re.escape(choice.strip().strip("'\"")) for choice in arguments.split(","))
        return Converter(f"(?:{choices})")
    if name not in _BUILT_IN:
        raise SetupError(f"there is no converter {name!r}; use one of {', '.join(sorted((*_BUILT_IN, 'any')))}")
    return _BUILT_IN[name]
