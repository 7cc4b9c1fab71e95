"""Headers: reading what users give, making them safe to send, and the rules of fields that are lists (RFC 9110)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from string import ascii_letters, digits
from typing import Any, cast

__all__ = [
    "Headers",
    "RequestHeaders",
    "allowing",
    "clean_headers",
    "header_pairs",
    "joined",
    "listed",
    "merge",
    "set_default",
    "single",
]

log = logging.getLogger("errbridge")

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

_TOKEN = frozenset(f"!#$%&'*+-.^_`|~{digits}{ascii_letters}")  # RFC 9110 section 5.6.2
_CONTROL = dict.fromkeys((*range(9), *range(10, 32), 127), " ")


def header_pairs(headers: Headers | None) -> tuple[tuple[str, str], ...]:
    """Give headers as pairs, whether they were written as a mapping, as pairs, or not at all.

    Raises:
        TypeError: They are something else.
    """
    if not headers:
        return ()
    items: Callable[[], Iterable[object]] | None = getattr(headers, "items", None)
    pairs: list[tuple[Any, Any]] = []
    for pair in cast(Iterable[object], headers) if items is None else items():
        if not isinstance(pair, (tuple, list)) or len(cast(list[object], pair)) != 2:
            raise TypeError(f"headers are a mapping, or pairs of name and value, not {headers!r}")
        name, value = cast(tuple[Any, Any], pair)
        if isinstance(value, (tuple, list)):  # several of one name, as Werkzeug's headers take them
            pairs.extend((name, one) for one in cast(list[Any], value))
        else:
            pairs.append((name, value))
    return tuple(pairs)


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give headers as a mapping; several values of one name become a list of them (RFC 9110 section 5.3)."""
    values: dict[str, str] = {}
    for name, value in headers:
        values[name] = f"{values[name]}, {value}" if name in values else value
    return values


def single(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give those headers as a mapping that occur once; a mapping cannot hold two cookies, for instance."""
    pairs = tuple(headers)
    names = [name.lower() for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name.lower()) == 1}


def clean_headers(headers: Iterable[tuple[object, object]]) -> tuple[tuple[str, str], ...]:
    """Make headers safe to send: names that are tokens, values without control characters and beyond ASCII a ``?``.

    ``Allow`` is sorted, since Werkzeug lists the methods in the order of a set.
    """
    cleaned = []
    for raw_name, raw_value in headers:
        try:
            name, text = str(raw_name), str(raw_value).translate(_CONTROL)
            value = text.encode("ascii", "replace").decode("ascii").strip()
        except Exception:
            log.exception("the value of the header %r has no text; it is left out", raw_name)
            continue
        if not name or not _TOKEN.issuperset(name):
            continue
        if name.lower() == "allow":
            value = ", ".join(sorted(listed(value)))
        cleaned.append((name, value))
    return tuple(cleaned)


def listed(value: str) -> list[str]:
    """Take apart a header that is a list (RFC 9110 section 5.6.1)."""
    return [item.strip() for item in value.split(",") if item.strip()]


def allowing(headers: tuple[tuple[str, str], ...], methods: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Add methods to those that ``Allow`` lists."""
    known = {method for name, value in headers if name.lower() == "allow" for method in listed(value)}
    others = (pair for pair in headers if pair[0].lower() != "allow")
    return (*others, ("Allow", ", ".join(sorted(known.union(methods)))))


def set_default(headers: list[tuple[str, str]], name: str, value: str) -> None:
    """Add a header unless there is one of its name."""
    if not any(known.lower() == name.lower() for known, _ in headers):
        headers.append((name, value))


def merge(headers: list[tuple[str, str]], name: str, value: str) -> None:
    """Add to a header that is a list, keeping what is there and saying nothing twice."""
    if not any(known.lower() == name.lower() for known, _ in headers):
        headers.append((name, value))
        return
    given = [value for known, value in headers if known.lower() == name.lower()]
    headers[:] = [pair for pair in headers if pair[0].lower() != name.lower()]
    headers.append((name, ", ".join(dict.fromkeys(listed(",".join((*given, value)))))))


class RequestHeaders(Mapping[str, str]):
    """The request's headers, by name in any case; several lines of one name are joined by commas.

    Args:
        read: Gives the pairs. It is not called before the first look.
        *given: What it is called with.
    """

    __slots__ = ("_given", "_read", "_values")

    def __init__(self, read: Callable[..., Iterable[tuple[str, str]]] = tuple, *given: Any) -> None:
        self._read = read
        self._given = given
        self._values: dict[str, str] | None = None

    def _folded(self) -> dict[str, str]:
        if self._values is None:
            self._values = joined((name.lower(), value) for name, value in self._read(*self._given))
        return self._values

    def __getitem__(self, name: str) -> str:
        return self._folded()[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._folded())

    def __len__(self) -> int:
        return len(self._folded())
