"""What the client wants: from an Accept header to one of the media types on offer (RFC 9110 section 12.5.1).

The rules, in the order in which they decide:

1. Of the ranges that cover a representation the most specific one gives its quality; a quality of 0 excludes it.
2. The highest quality wins; at the same quality, being named beats being covered by a wildcard.
3. Among equals the offered default wins, then JSON, HTML, XML, text.
4. ``application/json`` and every ``+json`` mean the problem document in JSON.
5. XML has to be named, to beat JSON, and to stand without ``text/html``: browsers list it without wanting it.
6. Nothing acceptable gives the default: an error is never answered with another error.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

__all__ = ["HTML", "JSON", "TEXT", "XML", "Offer", "choose", "weighed"]

JSON = "application/problem+json"
XML = "application/problem+xml"
HTML = "text/html"
TEXT = "text/plain"

_ORDER = (JSON, HTML, XML, TEXT)
_LONGEST = 4096
_MOST_RANGES = 32
_CACHED_LENGTH = 256

_Rank = tuple[int, float]
"""How specific a range is (3 exact, 2 same meaning, 1 ``type/*``, 0 ``*/*``), and the quality that it gives."""

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
_UNKNOWN: _Rank = (0, 0.0)
_NOTHING = (0.0, False)


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


class Offer(NamedTuple):
    """How a representation stands with a client.

    Attributes:
        media_type: Of the representation.
        quality: What the most specific range that covers it says; 0 where none does.
        named: Whether a range names it, or another media type that means the same.
        acceptable: Whether it can be chosen. XML can be, by rule 5, only where it is wanted.
    """

    media_type: str
    quality: float
    named: bool
    acceptable: bool


def weighed(accept: str, offers: Iterable[str]) -> tuple[Offer, ...]:
    """Find out how each representation stands with a client.

    Args:
        accept: The header's value; empty for none.
        offers: The media types that are possible, of ``JSON``, ``XML``, ``HTML`` and ``TEXT``.
    """
    ranks = _ranks(accept)
    return tuple(_weighed(offer, ranks) for offer in offers)


def _weighed(offer: str, ranks: Mapping[str, _Rank]) -> Offer:
    weight = _weight(ranks.get(offer, _UNKNOWN))
    return Offer(offer, *weight, _is_acceptable(offer, weight, ranks))


def _is_acceptable(offer: str, weight: tuple[float, bool], ranks: Mapping[str, _Rank]) -> bool:
    return weight[0] > 0 and (offer != XML or _wants_xml(ranks))


def _choose(accept: str, offers: Sequence[str], default: str) -> str:
    ranks = _ranks(accept)
    chosen, best = default, _NOTHING
    for offer in _preferred(tuple(offers), default):
        weight = _weight(ranks.get(offer, _UNKNOWN))
        if weight > best and _is_acceptable(offer, weight, ranks):
            chosen, best = offer, weight
    return chosen


@lru_cache(maxsize=32)
def _preferred(offers: tuple[str, ...], default: str) -> tuple[str, ...]:
    """Order the offers by what wins among equals."""
    return tuple(sorted(offers, key=lambda offer: (offer != default, _ORDER.index(offer))))


_remembered = lru_cache(maxsize=512)(_choose)


def _weight(rank: _Rank) -> tuple[float, bool]:
    specificity, quality = rank
    return quality, specificity >= _NAMED


def _wants_xml(ranks: Mapping[str, _Rank]) -> bool:
    json = ranks.get(JSON, _UNKNOWN)
    named_html = ranks.get(HTML, _UNKNOWN)[0] == 3
    return ranks[XML][0] >= _NAMED and _weight(ranks[XML]) > _weight(json) and not named_html


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
            rank = specificity, quality
            if rank > ranks.get(representation, _UNKNOWN):
                ranks[representation] = rank
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
