"""Header fields: reading them as users write them, making them safe to send, and fields that are lists (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, cast
from urllib.parse import quote

from errbridge.introspection import describe_value
from errbridge.log import log

__all__ = [
    "Headers",
    "RequestHeaders",
    "check_head",
    "clean_headers",
    "encode_host",
    "leave_out",
    "list_headers",
    "map_headers",
    "merge_header",
    "set_default_header",
    "split_list",
]

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

# Every response is checked, and the names and the status codes of a service are few.
_is_token = lru_cache(256)(re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch)  # RFC 9110 section 5.6.2
_is_status = lru_cache(64)(re.compile(r"[1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?").fullmatch)  # RFC 9112 section 4
_has_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_CONTROL = dict.fromkeys((*range(9), *range(10, 32), 127), " ")

_URIS = {"location": re.compile(".+"), "content-location": re.compile(".+"), "link": re.compile("<[^>]*>")}
_ASCII = "".join(map(chr, range(128)))

# Names that need no check, as almost all responses have no others, and their values need none of their own.
_COMMON = frozenset({
    "Cache-Control", "Content-Language", "Content-Security-Policy", "Content-Type", "ETag", "Last-Modified", "Location",
    "Set-Cookie", "Vary", "X-Content-Type-Options",
})  # fmt: skip

# Response fields of RFC 9110 and RFC 9111 that are not lists, so that a second line makes both invalid (section 5.3).
_SINGLETONS = frozenset({
    "age", "content-length", "content-location", "content-range", "content-type", "date", "etag", "expires",
    "last-modified", "location", "retry-after", "server",
})  # fmt: skip


def list_headers(headers: Headers | None) -> tuple[tuple[str, str], ...]:
    """Return headers as pairs, from a mapping, from pairs, or from None; anything else is a TypeError.

    A mapping's value may be a list or tuple of several values, as in Werkzeug.
    """
    if not headers:
        return ()
    items: Callable[[], Iterable[object]] | None = getattr(headers, "items", None)
    pairs: list[tuple[Any, Any]] = []
    for pair in cast(Iterable[object], headers) if items is None else items():
        if not isinstance(pair, (tuple, list)) or len(cast(list[object], pair)) != 2:
            raise TypeError(f"headers are a mapping, or pairs of name and value, not {describe_value(headers)}")
        name, value = cast(tuple[Any, Any], pair)
        values = cast(list[Any], value) if isinstance(value, (tuple, list)) else (value,)
        pairs.extend((name, one) for one in values)
    return tuple(pairs)


def map_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers that occur once as a mapping. Several lines of one name, as of two cookies, have no place."""
    pairs = tuple(headers)
    names = [name.lower() for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name.lower()) == 1}


def clean_headers(headers: Iterable[tuple[object, object]]) -> tuple[tuple[str, str], ...]:
    """Make headers safe to send.

    * Names are tokens; a header of any other name is left out.
    * Values have no control characters. Characters beyond ASCII become ``?``, for servers write them differently; in a
      URI, they are percent-encoded UTF-8 (RFC 3987 section 3.1).
    * A date is written as HTTP has it (RFC 9110 section 5.6.7).
    * A field that may occur once occurs once: the last one wins (RFC 9110 section 5.3).
    * ``Allow`` is one line, and sorted, because Werkzeug lists the methods in the order of a set.
    """
    cleaned: list[tuple[str, str]] = []
    allowed: set[str] = set()
    last: dict[str, int] = {}
    for raw_name, raw_value in headers:
        try:
            name, text = str(raw_name), _write_value(raw_value).translate(_CONTROL)
            if not text.isascii() and (uris := _URIS.get(name.lower())) is not None:
                text = uris.sub(lambda uri: quote(uri[0], _ASCII, errors="replace"), text)
            value = text.encode("ascii", "replace").decode("ascii").strip()
        except Exception:
            log.exception("the header %s is left out because its name or value has no text", describe_value(raw_name))
            continue
        if _is_token(name) is None:
            continue
        lowered = name.lower()
        if lowered == "allow":
            allowed.update(split_list(value))
            value = ", ".join(sorted(allowed))
        if lowered == "allow" or lowered in _SINGLETONS:
            last[lowered] = len(cleaned)
        cleaned.append((name, value))
    return tuple(pair for index, pair in enumerate(cleaned) if last.get(pair[0].lower(), index) == index)


def _write_value(value: object) -> str:
    if not isinstance(value, datetime):
        return str(value)
    from email.utils import format_datetime  # not before there is a date

    return format_datetime((value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC), usegmt=True)


def encode_host(host: str) -> str:
    """Encode a host by IDNA, as clients send it.

    Raises:
        UnicodeError: That is impossible, or clients have a newer IDNA than Python, and another host for it, as for "ß".
    """
    name = host.lower().encode("idna")
    if not host.isascii() and name.decode("idna") != host.lower():
        raise UnicodeError(f"write it in ASCII, as browsers send it; {name.decode()} may be another")
    return name.decode()


def check_head(status: object, headers: Iterable[tuple[str, str]], encoding: str) -> None:
    """Check that a server can send a response that the application made: servers refuse others with an empty 500.

    Under WSGI the status is text, with a reason in Latin-1. The values of headers become bytes in *encoding*.

    Raises:
        ValueError: HTTP does not allow the status, its reason, or a name or value of a header (RFC 9112 section 4, RFC
            9110 sections 5, 8.6 and 15). The value is not in the message.
    """
    if _is_status(str(status)) is None:
        raise ValueError(f"a status has three digits, with a reason in Latin-1, not {describe_value(status)}")
    length = None
    for name, value in headers:
        if not (value.isascii() and value.isprintable()):  # a tenth of the cost of the two checks
            value.encode(encoding)
            if _has_control(value) is not None:
                raise ValueError(f"the value of the header {name} has characters that HTTP does not allow")
        if name in _COMMON:
            continue
        if _is_token(name) is None:
            raise ValueError(f"the name of a header is a token such as X-Name, not {describe_value(name)}")
        if name.lower() == "content-length":
            if not value.encode(encoding).isdigit():
                raise ValueError("the value of the header Content-Length is no number")
            if length not in (None, value):
                raise ValueError("there are two headers Content-Length, with different values")
            length = value


def split_list(value: str) -> list[str]:
    """Split the value of a list field (RFC 9110 section 5.6.1)."""
    return [item.strip() for item in value.split(",") if item.strip()]


def leave_out(headers: Iterable[tuple[str, str]], others: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers without those whose names others have."""
    names = {name.lower() for name, _ in others}
    return tuple([pair for pair in headers if pair[0].lower() not in names])


def set_default_header(headers: list[tuple[str, str]], name: str, value: str) -> None:
    """Add a header unless the list has one of its name."""
    wanted = name.lower()
    for known, _ in headers:  # a generator would cost as much again
        if known.lower() == wanted:
            return
    headers.append((name, value))


def merge_header(headers: list[tuple[str, str]], name: str, value: str) -> None:
    """Add items to a list field. A field with new items becomes one line, without repetitions."""
    lines = [line for known, line in headers if known.lower() == name.lower()]
    if lines:
        headers[:] = [pair for pair in headers if pair[0].lower() != name.lower()]
        value = ", ".join(dict.fromkeys(split_list(",".join((*lines, value)))))
    headers.append((name, value))


class RequestHeaders(Mapping[str, str]):
    """The request's headers, by name in any case; several lines of one name are joined by commas."""

    def __init__(self, read: Callable[[], Iterable[tuple[str, str]]] = tuple) -> None:
        self._read = read  # called at the first look

    @cached_property
    def _values(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for name, value in self._read():
            lowered = name.lower()
            values[lowered] = f"{values[lowered]}, {value}" if lowered in values else value
        return values

    def __reduce__(self) -> tuple[Any, ...]:
        return RequestHeaders, (self._values.items,)  # the request itself stays in its process

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
