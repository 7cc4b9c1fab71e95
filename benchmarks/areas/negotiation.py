"""From an Accept header to a media type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from benchmarks.calls import BROWSER
from benchmarks.measure import Case, Group
from errbridge.http.accept import HTML, JSON, TEXT, XML, choose_media_type

__all__ = ["AREA", "ERRBRIDGE", "groups"]

AREA = "negotiation"
ERRBRIDGE, BEST_MATCH = "errbridge", "Werkzeug's best_match"

_OFFERS = (JSON, XML, HTML, TEXT)
_NEW = 2048
_LONG = 8192


def _ours(headers: Sequence[str]) -> Callable[[], list[str]]:
    return lambda: [choose_media_type(header, _OFFERS, JSON) for header in headers]


def _theirs(headers: Sequence[str]) -> Callable[[], list[str | None]]:
    offers = list(_OFFERS)
    return lambda: [parse_accept_header(header, MIMEAccept).best_match(offers) for header in headers]


def _group(name: str, headers: Sequence[str], few: int, wanted: str) -> Group:
    def expect(found: Sequence[str | None]) -> None:
        assert set(found) == {wanted}

    return Group(
        AREA,
        name,
        [
            Case(BEST_MATCH, _theirs(headers[:few]), expect, min(few, len(headers))),
            Case(ERRBRIDGE, _ours(headers), expect, len(headers)),
        ],
    )


def groups() -> Iterator[Group]:
    """Give the groups one by one."""
    yield _group("new", [BROWSER.replace("avif", f"x-{number}") for number in range(_NEW)], 10, HTML)
    ranges = "text/html,application/json;q=0.5" + "".join(f",image/x-{number};q=0.3" for number in range(_LONG))
    yield _group("8 KB", [ranges[:_LONG].rpartition(",")[0]] * 5, 1, HTML)
