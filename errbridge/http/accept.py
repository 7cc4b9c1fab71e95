"""From an Accept header to one of the media types on offer (RFC 9110 section 12.5.1).

The rules, in the order in which they decide:

1. A representation has the quality of the most specific range that covers it; a quality of 0 excludes it. A range with
   parameters counts as the bare media type where the header does not list that itself.
2. The highest quality wins; at the same quality, a named media type beats one that a wildcard covers.
3. Among equals the default wins, then JSON, HTML, XML, text.
4. ``application/json`` and every ``+json`` mean the problem document in JSON.
5. XML has to be named, to beat JSON, and to come without ``text/html``: browsers list it without wanting it.
6. If nothing is acceptable, the default is: an error is never answered with another error.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from errbridge.http.ranges import parse_ranges

__all__ = ["HTML", "JSON", "TEXT", "XML", "Offer", "choose_media_type", "weigh_offers"]

JSON = "application/problem+json"
XML = "application/problem+xml"
HTML = "text/html"
TEXT = "text/plain"

_ORDER = (TEXT, XML, HTML, JSON)  # the later wins among equals

_Rank = tuple[int, float]
"""How specific a range is (3 exact, 2 same meaning, 1 ``type/*``, 0 ``*/*``), and its quality."""

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
_EXACT, _NAMED = 3, 2
_UNKNOWN: _Rank = (0, 0.0)
_UNACCEPTABLE = (0.0, False)


class Offer(NamedTuple):
    """How a client rates a representation."""

    media_type: str
    quality: float  # in the most specific range that covers it; 0 if none does
    named: bool  # whether a range names it, or another media type of the same meaning
    acceptable: bool  # whether it can be chosen: XML by rule 5


def weigh_offers(accept: str, offers: Iterable[str]) -> tuple[Offer, ...]:
    """Rate each of the media types on offer for a client."""
    ranks = _rank(accept)
    return tuple(
        Offer(offer, quality, specificity >= _NAMED, _rate(ranks, offer) > _UNACCEPTABLE)
        for offer in offers
        for specificity, quality in [ranks.get(offer, _UNKNOWN)]
    )


def choose_media_type(accept: str, offers: Iterable[str], default: str) -> str:
    """Choose the media type to answer in; *default* is the one of *offers* for a client without a preference."""
    ranks = _rank(accept)
    return max(offers, key=lambda offer: (_rate(ranks, offer), offer == default, _ORDER.index(offer)))


def _rate(ranks: Mapping[str, _Rank], offer: str) -> tuple[float, bool]:
    """Return the quality of an offer that can be chosen, and whether a range names it."""
    specificity, quality = ranks.get(offer, _UNKNOWN)
    if quality == 0 or (offer == XML and not _wants_xml(ranks)):
        return _UNACCEPTABLE
    return quality, specificity >= _NAMED


def _wants_xml(ranks: Mapping[str, _Rank]) -> bool:
    specificity, quality = ranks[XML]
    json_specificity, json_quality = ranks.get(JSON, _UNKNOWN)
    beats_json = quality > json_quality or (quality == json_quality and json_specificity < _NAMED)
    return specificity >= _NAMED and beats_json and ranks.get(HTML, _UNKNOWN)[0] < _EXACT


def _rank(accept: str) -> dict[str, _Rank]:
    """Find the most specific range for each representation, and its quality."""
    ranges: dict[str, tuple[bool, float]] = {}
    for name, found in parse_ranges(accept):
        # True sorts last: a bare range takes the place of one with parameters, else the higher quality counts.
        if name not in ranges or found > ranges[name]:
            ranges[name] = found
    ranks: dict[str, _Rank] = {}
    for name, (_, quality) in ranges.items():
        is_json = name.endswith("+json") and "/" in name
        for representation, specificity in _MEANINGS.get(name, _ANY_JSON if is_json else ()):
            rank = specificity, quality
            if rank > ranks.get(representation, _UNKNOWN):
                ranks[representation] = rank
    return ranks
