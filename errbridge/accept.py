"""What the client wants: from an Accept header to one of the media types on offer (RFC 9110 section 12.5.1).

The rules, in the order in which they decide:

1. Of the ranges that cover a representation the most specific one gives its quality; a quality of 0 excludes it.
2. The highest quality wins; at the same quality, being named beats being covered by a wildcard.
3. Among equals the offered default wins, then JSON, HTML, XML, text.
4. ``application/json`` and every ``+json`` mean the problem document in JSON.
5. XML has to be named, to beat JSON, and to stand without ``text/html``: browsers list it without wanting it.
6. Nothing acceptable gives the default: an error is never answered with another error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

__all__ = ["HTML", "JSON", "TEXT", "XML", "choose"]

JSON = "application/problem+json"
XML = "application/problem+xml"
HTML = "text/html"
TEXT = "text/plain"

_ORDER = (JSON, HTML, XML, TEXT)
_LONGEST = 4096
_MOST_RANGES = 32
_CACHED_LENGTH = 256

_Rank = tuple[float, int]
"""Quality, and how specific the range was that gave it: 3 exact, 2 same meaning, 1 ``type/*``, 0 ``*/*``."""

_MEANINGS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "*/*": ((JSON, 0), (HTML, 0), (XML, 0), (TEXT, 0)),
    "application/*": ((JSON, 1), (XML, 1)),
    "text/*": ((HTML, 1), (TEXT, 1)),
    "application/problem+json": ((JSON, 3),),
    "application/json": ((JSON, 2),),
    "text/json": ((JSON, 2),),
    "application/problem+xml": ((XML, 3),),
    "application/xml": ((XML, 2),),
    "text/xml": ((XML, 2),),
    "text/html": ((HTML, 3),),
    "application/xhtml+xml": ((HTML, 2),),
    "text/plain": ((TEXT, 3),),
}
_ANY_JSON = ((JSON, 2),)
_NAMED = 2


def choose(accept: str, offers: Sequence[str], default: str) -> str:
    """Pick the media type to answer in.

    Args:
        accept: The header's value; empty for none. At most 4 KB and 32 ranges of it are read.
        offers: The media types that are possible, of ``JSON``, ``XML``, ``HTML`` and ``TEXT``.
        default: The one of them to fall back on.
    """
    if len(accept) <= _CACHED_LENGTH:  # longer ones would pin whatever a client likes to send
        return _remembered(accept, tuple(offers), default)
    return _choose(accept, offers, default)


def _choose(accept: str, offers: Sequence[str], default: str) -> str:
    ranks = _ranks(accept)
    acceptable = [offer for offer in offers if ranks.get(offer, (0.0, 0))[0] > 0]
    if XML in acceptable and not _wants_xml(ranks):
        acceptable.remove(XML)
    if not acceptable:
        return default
    return max(acceptable, key=lambda offer: (_weight(ranks[offer]), offer == default, -_ORDER.index(offer)))


_remembered = lru_cache(maxsize=512)(_choose)


def _weight(rank: _Rank) -> tuple[float, bool]:
    quality, specificity = rank
    return quality, specificity >= _NAMED


def _wants_xml(ranks: Mapping[str, _Rank]) -> bool:
    json = ranks.get(JSON, (0.0, 0))
    named_html = ranks.get(HTML, (0.0, 0))[1] == 3
    return ranks[XML][1] >= _NAMED and _weight(ranks[XML]) > _weight(json) and not named_html


def _ranks(accept: str) -> dict[str, _Rank]:
    """Give each representation the quality of the most specific range that covers it."""
    if len(accept) > _LONGEST:
        # Only whole ranges count: what the cut leaves of the last one could mean something else.
        accept = accept[:_LONGEST].rpartition(",")[0]
    ranks: dict[str, _Rank] = {}
    for item in accept.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        name, _, parameters = item.partition(";")
        name = name.strip().lower()
        meanings = _MEANINGS.get(name)
        if meanings is None:
            if not (name.endswith("+json") and "/" in name):
                continue
            meanings = _ANY_JSON
        quality = _quality(parameters) if parameters else 1.0
        if quality is None:
            continue
        for representation, specificity in meanings:
            known = ranks.get(representation)
            if known is None or (specificity, quality) > (known[1], known[0]):
                ranks[representation] = (quality, specificity)
    return ranks


def _quality(parameters: str) -> float | None:
    """Read ``q`` from a range's parameters; None when it is no number."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return None
            return min(max(quality, 0.0), 1.0) if quality == quality else None
    return 1.0
