"""``text/html``: the built-in page, one document that needs nothing else.

It has no script and loads nothing except a site's logo, so it works under `build_policy`, which goes out with it.
Everything variable is escaped, and links lead to the same page, to the application's own root or where ``ERROR_SITE``
says.

The markup is ``page.html``, a template that Jinja reads as well, for pages that extend it. `PageParts` has everything
that appears in it.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from html import escape
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Self
from urllib.parse import quote

from errbridge.files import read_file
from errbridge.http.status import find_phrase
from errbridge.incident import Incident
from errbridge.languages.language import ENGLISH, Language, Message
from errbridge.problem.problem import Problem
from errbridge.problem.values import to_json_value
from errbridge.representations.site import Site, build_palette
from errbridge.representations.words import ICONS, LABELS, find_words

__all__ = [
    "TEMPLATE",
    "TEMPLATES",
    "PageParts",
    "add_words",
    "build_page",
    "build_policy",
    "link_home",
    "list_style_sources",
    "render_html",
    "write_time",
]

_SOON = 60  # seconds that a visitor waits without leaving the page
_TODAY = 2 * 60 * 60
_LONGEST = 366 * 24 * 60 * 60
_MOST_ERRORS = 10  # a visitor reads that many before going back to the form

TEMPLATE = read_file("representations", "page.html").decode()
"""The markup of the page, as a template of Jinja."""

TEMPLATES = {"errbridge/page.html": TEMPLATE}
"""The templates that those of an application can extend, by name."""

_STYLE = build_palette("#1d5bbf") + "".join(read_file("representations", "page.css").decode().splitlines())
_NO_SITE = Site()


def list_style_sources(site: Site = _NO_SITE, *styles: str) -> tuple[str, ...]:
    """List what a Content-Security-Policy needs in ``style-src`` for a page in this look, with further *styles*."""
    hashes = (hashlib.sha256(style.encode()).digest() for style in (_STYLE, site.style, *styles) if style)
    return tuple(f"'sha256-{base64.b64encode(each).decode()}'" for each in hashes)


@lru_cache(maxsize=64)
def build_policy(site: Site = _NO_SITE, *styles: str) -> str:
    """Return the Content-Security-Policy of a page in this look that needs nothing else."""
    sources = " ".join(list_style_sources(site, *styles))
    images = f"; img-src {site.image_source}" if site.image_source else ""
    # No frame-ancestors: framing is for the application to allow, and the directive would override X-Frame-Options.
    return f"default-src 'none'; style-src {sources}{images}; base-uri 'none'; form-action 'none'"


class HTML(str):
    """Markup, which neither errbridge nor Jinja escapes."""

    __slots__ = ()

    def __html__(self) -> Self:
        return self


class PageParts:
    """What a page shows: ``errbridge`` in a template. What takes long is made for a template that asks for it."""

    def __init__(self, incident: Incident, site: Site = _NO_SITE) -> None:
        problem, language = incident.problem, incident.language
        self._incident, self._problem, self._site, self.language = incident, problem, site, language
        self._words = words = find_words(problem.status)
        self._has_stock_title = problem.title == language.translate(find_phrase(problem.status))
        self._home_url = site.home_url or link_home(incident.request.root_path)
        self.status = language.translate(Message("Error {status}", status=problem.status))
        self.heading = (self._has_stock_title and language.translate(words.heading)) or problem.title
        self.title = f"{self.heading} \u00b7 {site.name or self.status}"  # of the window
        self.description = f"{problem.status} {problem.title}"  # not for people: for programs, and for searching
        self.style = _build_style(site.style)
        self.header = _build_header(site, self._home_url, language)
        drawing = f'<svg viewBox="0 0 24 24" aria-hidden="true">{ICONS[words.icon]}</svg>'
        self.icon = HTML(f'<div class="icon">{drawing}</div>')

    @property
    def hint(self) -> str:
        """The hint for a problem that has neither title nor detail nor errors of its own: it is not explained again."""
        if not self._has_stock_title or "errors" in self._problem.extensions or _has_own_detail(self._problem):
            return ""
        return self.language.translate(self._words.hint)

    @property
    def message(self) -> HTML:
        """The problem's own detail and errors, or a hint; and how long to wait."""
        problem, wait, parts = self._problem, _describe_wait(self._incident), []
        if _has_own_detail(problem):
            parts.append(f'<p class="detail" dir="auto">{escape(problem.detail or "")}</p>\n')
        elif (hint := self.hint) and not wait:
            parts.append(f'<p class="hint">{escape(hint)}</p>\n')
        if "errors" in problem.extensions:
            parts.append(_list_errors(problem.extensions["errors"], self.language))
        if wait:
            parts.append(f'<p class="hint">{wait}</p>\n')
        return HTML("".join(parts))

    @property
    def actions(self) -> HTML:
        """The ways out."""
        translate = self.language.translate
        links = (f'<a href="{escape(url)}">{escape(translate(label))}</a>' for url, label in self._list_links())
        return HTML(f"<nav>{''.join(links)}</nav>")

    def _list_links(self) -> Iterator[tuple[str, str]]:
        status, site, wait = self._problem.status, self._site, _read_wait(self._incident)
        if self._words.retry and self._incident.request.method in ("GET", "HEAD") and (wait is None or wait <= _SOON):
            yield "", self._words.retry
        if status == 401 and site.login_url:
            yield site.login_url, LABELS["login"]
        yield self._home_url, LABELS["home"]
        if status >= 500 and site.status_url:
            yield site.status_url, LABELS["status"]
        if (status >= 500 or status == 403) and site.contact:
            yield site.contact_url, LABELS["contact"]

    @property
    def footer(self) -> HTML:
        """The reference; "" if nothing would be found by it."""
        incident, translate = self._incident, self.language.translate
        if not incident.reference:
            return HTML()
        reference = escape(translate(Message("Reference: {reference}")))
        reference = reference.replace("{reference}", f"<code>{incident.reference}</code>")
        time = f"<bdi>{write_time(incident.time)} UTC</bdi>"
        request = escape(translate(Message("Please quote it if you ask us for help.")))
        return HTML(f"<footer>\n<p>{reference}</p>\n<p>{time}</p>\n<p>{request}</p>\n</footer>")


def add_words(incident: Incident, parts: PageParts) -> Problem:
    """Copy the problem of an incident and add ``heading``, ``hint`` and ``retry_after``, unless it has such members."""
    problem, wait = incident.problem.fill_in(), _read_wait(incident)
    words = {"heading": parts.heading, "hint": parts.hint, "retry_after": None}
    vars(problem).update({name: value for name, value in words.items() if name not in problem.extensions})
    if wait is not None:  # the member may be a date
        vars(problem)["retry_after"] = max(wait, 0)
    return problem


def render_html(incident: Incident, site: Site = _NO_SITE) -> bytes:
    """Render the problem of an incident as the built-in page."""
    return _fill_in(PageParts(incident, site))


def _fill_in(parts: object, template: str = TEMPLATE) -> bytes:
    """Write the page as Jinja does, from the same template: what is no markup is escaped."""
    form, read = _compile(template)
    texts = [each if type(each) is HTML else escape(str(each)) for each in read(parts)]
    return (form % tuple(texts)).encode("utf-8", "replace")


@cache
def _compile(template: str) -> tuple[str, attrgetter[Any]]:
    fixed = re.sub(r"\{% \w+( \w+)? %\}", "", template)
    pieces = re.split(r"\{\{ errbridge\.([a-z.]+) \}\}", fixed)
    return "%s".join(text.replace("%", "%%") for text in pieces[::2]), attrgetter(*pieces[1::2])


@lru_cache(maxsize=64)
def _build_style(*others: str) -> HTML:
    return HTML("\n".join(f"<style>{style}</style>" for style in (_STYLE, *others) if style))


def _build_header(site: Site, home_url: str, language: Language) -> HTML:
    if not site.name and not site.logo:
        return HTML()
    label = "" if site.name else f' aria-label="{escape(language.translate(LABELS["home"]))}"'
    name = f"<span>{escape(site.name)}</span>" if site.name else ""
    logo = f'<img src="{escape(site.logo)}" alt="">' if site.logo else ""
    if site.has_inline_logo:
        logo = f'<span aria-hidden="true">{site.logo}</span>'
    return HTML(f'<header class="site"><a href="{escape(home_url)}"{label}>{logo}{name}</a></header>')


def write_time(moment: datetime) -> str:
    """Write the time of an incident as people read it."""
    return moment.isoformat(" ", "seconds")[:19]


def link_home(root_path: str) -> str:
    """Return the URL of the start page below a mount."""
    # Never from the Host header. Slashes, and what browsers take for slashes, would lead to another host.
    root = quote(root_path.strip("/"), errors="replace") if root_path else ""
    return f"/{root}/" if root else "/"


def _has_own_detail(problem: Problem) -> bool:
    is_stock = problem._has_stock_detail or problem._has_default_detail  # pyright: ignore[reportPrivateUsage]
    return bool(problem.detail) and not is_stock


def _describe_wait(incident: Incident) -> str:
    """Say when to try again: in seconds or minutes, and the time; "" if nothing is known or the wait is over."""
    seconds, language = _read_wait(incident), incident.language
    if seconds is None or not 0 < seconds <= _LONGEST:
        return ""
    if seconds < 120:
        return language.translate(
            Message("You can try again in {count} second.", "You can try again in {count} seconds.", count=seconds)
        )
    due = incident.time + timedelta(seconds=seconds + 59)  # rounded up to the minute
    text, message = f"{due:%Y-%m-%d %H:%M} UTC", Message("You can try again from {time} on.")
    if seconds <= _TODAY:
        text = f"{due:%H:%M} UTC"
        message = Message(
            "You can try again in {count} minute, at {time}.",
            "You can try again in {count} minutes, at {time}.",
            count=-(-seconds // 60),
        )
    time = f'<time datetime="{due:%Y-%m-%dT%H:%M}Z" dir="ltr">{text}</time>'
    return escape(language.translate(message)).replace("{time}", time)


def _read_wait(incident: Incident) -> int | None:
    """Return the seconds of ``Retry-After`` (RFC 9110 section 10.2.3), which may be a date."""
    retry_after = incident.problem.extensions.get("retry_after")
    if type(retry_after) is int:
        return retry_after
    if not isinstance(retry_after, str) or "GMT" not in retry_after:
        return None
    from email.utils import parsedate_to_datetime  # slow to import

    try:
        return math.ceil((parsedate_to_datetime(retry_after) - incident.time).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _list_errors(errors: object, language: Language) -> str:
    """List what is wrong with the input, as far as the problem has words for it (RFC 9457 section 3)."""
    found, items = to_json_value(errors), list[str]()
    for error in found if isinstance(found, list) else ():
        members = error if isinstance(error, dict) else {"detail": error}
        detail, place = members.get("detail"), _name_place(members)
        if isinstance(detail, str) and detail:
            label = f"<b>{escape(place)}</b>: " if place else ""
            items.append(f'<li dir="auto">{label}{escape(detail)}</li>')
    if (others := len(items) - _MOST_ERRORS) > 0:
        more = language.translate(Message("and {count} more", "and {count} more", count=others))
        items[_MOST_ERRORS:] = [f"<li>{escape(more)}</li>"]
    return f"<ul>{''.join(items)}</ul>\n" if items else ""


def _name_place(error: Mapping[str, object]) -> str:
    """Name the place of an error in the words of a form: ``items / 0 / price`` for ``#/items/0/price``."""
    places = (error.get(key) for key in ("pointer", "parameter", "header"))
    place = next((place for place in places if isinstance(place, str)), "")
    return place.removeprefix("#").removeprefix("/").replace("/", " / ").replace("~1", "/").replace("~0", "~")


# Other pages in the same look.


def build_page(
    title: str, content: str, style: str, *, site: Site = _NO_SITE, language: Language = ENGLISH, home_url: str = "/"
) -> tuple[bytes, str]:
    """Build another page in the same look, with content in HTML and the CSS that this needs besides, and its policy."""
    parts = SimpleNamespace(
        language=language,
        title=f"{title} \u00b7 {site.name}" if site.name else title,
        style=_build_style(site.style, style),
        header=_build_header(site, site.home_url or home_url, language),
        message=HTML(content),
        footer=HTML(),
        description=title,
    )
    return _fill_in(parts, _OTHER_TEMPLATE), build_policy(site, style)


_OTHER_TEMPLATE = re.sub(r"\{% block main %\}.*(?=\n</main>)", "{{ errbridge.message }}", TEMPLATE, flags=re.DOTALL)
