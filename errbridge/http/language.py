"""From an Accept-Language header to one of the languages of a service: the lookup of RFC 4647, section 3.4.

Ranges are tried by their quality, then in their order. A range that no language has is shortened from its end, until
one has it. Beyond the RFC:

* A range with the quality 0 excludes its language (RFC 9110 section 12.4.2).
* Browsers name Chinese by country. ``zh-CN`` also means ``zh-Hans``, ``zh-TW`` also ``zh-Hant``, and so on.
* ``_`` is read as ``-``, as locales are written in Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from errbridge.http.ranges import parse_ranges

__all__ = ["MEANINGS", "TAG", "lookup_language"]

TAG = r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*"
"""The form of a language tag (RFC 5646, simplified)."""

MEANINGS: Mapping[str, str] = {
    "iw": "he",
    "zh": "zh-hans",
    "zh-cn": "zh-hans",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
    "zh-sg": "zh-hans",
    "zh-tw": "zh-hant",
}
"""Ranges that also mean another tag."""


def lookup_language(accept_language: str, tags: Sequence[str]) -> str | None:
    """Find the one of *tags* that a client wants, by its header or a single tag; None if it wants none of them."""
    known = {tag.lower().replace("_", "-"): tag for tag in reversed(tags)}
    ranges = [
        (name.replace("_", "-"), quality)
        for name, (is_bare, quality) in parse_ranges(accept_language)
        if is_bare and re.fullmatch(TAG, name)  # not *, which means every language, so it decides nothing
    ]
    excluded = {name for name, quality in ranges if quality == 0}
    for name, quality in sorted(ranges, key=lambda each: -each[1]):
        for wanted in _shorten(name) if quality > 0 else ():
            if wanted in known and wanted not in excluded:
                return known[wanted]
    return None


def _shorten(name: str) -> Iterator[str]:
    """List what a range is looked up as, the longest first."""
    parts = name.split("-")
    while parts:
        wanted = "-".join(parts)
        yield wanted
        if wanted in MEANINGS:
            yield MEANINGS[wanted]
        parts.pop()
        if len(parts) > 1 and len(parts[-1]) == 1:  # a single letter begins something, and means nothing at an end
            parts.pop()
