"""``text/html``: the built-in page, one document that needs nothing else.

It has no script and loads nothing, so it works under `POLICY`, which goes out with it. Everything variable is escaped,
and links lead to the same page or to the application's own root only.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from errbridge.http.status import find_phrase
from errbridge.incident import Incident
from errbridge.problem.problem import Problem
from errbridge.problem.values import to_json_value

__all__ = ["POLICY", "STYLE_HASH", "build_page", "build_policy", "render_html"]

_STYLE = (
    ":root{color-scheme:light dark;--ground:#f3f5f8;--card:#fff;--text:#18202c;--soft:#525d70;--line:#dde2ea;"
    "--accent:#1d5bbf;--on-accent:#fff;--tint:#e9f0fb;--shade:0 1px 2px #18202c0f,0 12px 32px #18202c14}"
    "@media(prefers-color-scheme:dark){:root{--ground:#0e1218;--card:#171d26;--text:#eceff5;--soft:#a6b1c2;"
    "--line:#2d3644;--accent:#8db9ff;--on-accent:#0c1626;--tint:#1f2c41;--shade:none}}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;min-height:100svh;display:grid;place-items:center;padding:clamp(.75rem,4vw,1.5rem);"
    "background:var(--ground);color:var(--text);"
    "font:1.0625rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
    "main{width:100%;max-width:36rem;padding:clamp(1.25rem,7vw,3.25rem);background:var(--card);"
    "border:1px solid var(--line);border-radius:1rem;box-shadow:var(--shade);overflow-wrap:anywhere}"
    ".status{display:inline-block;margin:0 0 1.25rem;padding:.2rem .75rem;border-radius:1rem;background:var(--tint);"
    "color:var(--accent);font-size:.875rem;font-weight:600}"
    "h1{margin:0 0 1rem;font-size:clamp(1.75rem,7vw,2.375rem);font-weight:700;line-height:1.15;"
    "letter-spacing:-.015em;text-wrap:balance}"
    "p{margin:0 0 .75rem}"
    ".detail{white-space:pre-line}"
    "h1~.hint{color:var(--soft)}"
    "h1+.hint{color:inherit}"
    "ul{margin:0 0 1rem;padding:0}"
    "li{margin:0 0 .25rem;margin-inline-start:1.25rem}"
    "nav{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.75rem 0 0}"
    "a{padding:.65rem 1.25rem;border:1px solid var(--accent);border-radius:.625rem;color:var(--accent);"
    "font-weight:600;line-height:1.4;text-decoration:none}"
    "@media(max-width:30rem){a{flex:1 1 100%;text-align:center}}"
    "a:first-child{background:var(--accent);color:var(--on-accent)}"
    "a:hover{text-decoration:underline;text-underline-offset:.2em}"
    "a:focus-visible{outline:3px solid var(--accent);outline-offset:3px}"
    "footer{margin:2.25rem 0 0;padding:1.25rem 0 0;border-top:1px solid var(--line);font-size:.875rem;"
    "color:var(--soft)}"
    "footer p{margin:0 0 .25rem}"
    "footer .detail{margin:0 0 .75rem}"
    "code{color:var(--text);font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;user-select:all}"
    "@media print{:root{color-scheme:light;--text:#000;--soft:#333;--line:#999;--accent:#000}"
    "body{display:block;min-height:0;padding:0;background:none}"
    "main{max-width:none;padding:0;border:0;background:none;box-shadow:none}"
    ".status{padding:0;background:none}nav{display:none}}"
)


def _hash(style: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")


def build_policy(*styles: str) -> str:
    """Return the Content-Security-Policy of a page that has these styles and needs nothing else.

    Args:
        *styles: The contents of its ``<style>`` elements.
    """
    hashes = " ".join(f"'{_hash(style)}'" for style in styles)
    # No frame-ancestors: framing is for the application to allow, and the directive would override X-Frame-Options.
    return f"default-src 'none'; style-src {hashes}; base-uri 'none'; form-action 'none'"


STYLE_HASH = _hash(_STYLE)
"""The hash of the page's style for your own Content-Security-Policy: ``style-src 'sha256-…'``."""

POLICY = build_policy(_STYLE)
"""The Content-Security-Policy that goes out with the page."""


class _Words(NamedTuple):
    """The words for visitors, who did not cause the error and cannot read status codes."""

    hint: str
    heading: str = ""
    retry: bool = False


_WORDS: Mapping[int, _Words] = {
    400: _Words(
        "Something in it could not be understood. Go back, check what you entered, and try once more.",
        "That request did not work",
    ),
    401: _Words("You need to sign in before you can see this.", "Please sign in"),
    403: _Words(
        "If you should be able to see this, sign in with another account or ask for access.", "You do not have access"
    ),
    404: _Words(
        "It may have moved, or the address may have a typing mistake. You can start again from the home page.",
        "Page not found",
    ),
    405: _Words(
        "The address exists, but not for what was just tried. You can start again from the home page.",
        "This address cannot be used that way",
    ),
    408: _Words("The request did not arrive in time. A slow connection can be the reason.", "That took too long", True),
    409: _Words(
        "Somebody else may have changed this in the meantime. Load it again before you go on.",
        "Something has changed",
        True,
    ),
    410: _Words(
        "It was here once and has been removed for good. Links and bookmarks that lead to it can be deleted.",
        "This page is gone",
    ),
    413: _Words("Go back and send something smaller, or send it in parts.", "That is too large"),
    415: _Words("Go back and send it in another format.", "That format is not accepted"),
    422: _Words(
        "Something cannot be accepted as it is. Go back, correct it, and send it again.",
        "Please check what you entered",
    ),
    429: _Words("Wait a little before you try again.", "Too many requests in a short time", True),
    500: _Words(
        "This is our mistake, not yours, and it has been recorded. Trying again may help.",
        "Something went wrong on our side",
        True,
    ),
    502: _Words(
        "A system that we depend on did not answer properly. Trying again in a moment may help.",
        "We have trouble getting this page",
        True,
    ),
    503: _Words(
        "We are busy or under maintenance. Please come back a little later.", "Not available at the moment", True
    ),
    504: _Words(
        "A system that we depend on did not answer in time. Trying again in a moment may help.",
        "This is taking too long",
        True,
    ),
}
_OTHER_CLIENT = _Words("The request could not be carried out.")
_OTHER_SERVER = _Words(_WORDS[500].hint, retry=True)

_LONGEST_WAIT = 24 * 60 * 60  # in minutes, a longer one helps no visitor
_MOST_ERRORS = 10  # a visitor reads that many before going back to the form

_START = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">\n<title>'
)
_STYLED = f"</title>\n<style>{_STYLE}</style>\n"
_BODY = "</head>\n<body>\n<main>\n"
_END = "</main>\n</body>\n</html>\n"


def build_page(title: str, content: str, style: str) -> tuple[bytes, str]:
    """Build another page in the same look.

    Args:
        title: The title of the window.
        content: HTML.
        style: CSS that the content needs besides.

    Returns:
        The page, and the Content-Security-Policy under which it works.
    """
    page = f"{_START}{escape(title)}{_STYLED}<style>{style}</style>\n{_BODY}{content}{_END}"
    return page.encode("utf-8", "replace"), build_policy(_STYLE, style)


def render_html(incident: Incident) -> bytes:
    """Render the problem of an incident as the built-in page."""
    problem, request = incident.problem, incident.request
    words = _find_words(problem.status)
    is_stock = problem.title == find_phrase(problem.status)
    start = _open_stock_page(problem.status) if is_stock else _open_page(problem.status, problem.title)
    detail = f'<p class="detail" dir="auto">{escape(problem.detail)}</p>\n' if problem.detail else ""
    above, below = ("", detail) if _is_technical(problem, words) else (detail, "")
    errors = _list_errors(problem.extensions["errors"]) if "errors" in problem.extensions else ""
    wait = _describe_wait(problem.extensions.get("retry_after"))
    retry = '<a href="">Try again</a>' if words.retry and request.method in ("GET", "HEAD") else ""
    rest = (
        f'{above}{errors}<p class="hint">{words.hint}{wait}</p>\n'
        f'<nav>{retry}<a href="{_link_home(request.root_path)}">Go to the home page</a></nav>\n'
        f"{_build_footer(below, incident.id)}{_END}"
    )
    return start + rest.encode("utf-8", "replace")


def _find_words(status: int) -> _Words:
    return _WORDS.get(status) or (_OTHER_CLIENT if status < 500 else _OTHER_SERVER)


@cache
def _open_stock_page(status: int) -> bytes:
    return _open_page(status, find_phrase(status), _find_words(status).heading)


def _open_page(status: int, title: str, heading: str = "") -> bytes:
    """Write the page up to its heading; a title that says more than the status is the heading itself."""
    title = escape(title)
    label = f"Error {status} \u00b7 {title}" if heading else f"Error {status}"
    body = f'<p class="status">{label}</p>\n<h1 dir="auto">{heading or title}</h1>\n'
    return f"{_START}{status} {title}{_STYLED}{_BODY}{body}".encode("utf-8", "replace")


def _is_technical(problem: Problem, words: _Words) -> bool:
    """Check whether the detail is that of a bug or a framework, which says less to visitors than our own words."""
    is_stock = problem._has_stock_detail  # pyright: ignore[reportPrivateUsage]
    return problem.status == 500 or (words.heading != "" and is_stock)


def _link_home(root_path: str) -> str:
    # Never from the Host header. Slashes, and what browsers take for slashes, would lead to another host.
    root = quote(root_path.strip("/"), errors="replace") if root_path else ""
    return escape(f"/{root}/") if root else "/"


def _build_footer(detail: str, reference: str) -> str:
    content = detail
    if reference:  # empty on a page that was made in advance, to be served as a file
        content += (
            f'<p class="reference">Reference: <code>{reference}</code></p>\n'
            "<p>Please quote it if you ask us for help.</p>\n"
        )
    return f"<footer>\n{content}</footer>\n" if content else ""


def _describe_wait(retry_after: object) -> str:
    if type(retry_after) is not int or not 0 < retry_after <= _LONGEST_WAIT:
        return ""
    if retry_after < 120:
        return f" Try again in {retry_after} second{'s' if retry_after > 1 else ''}."
    return f" Try again in about {round(retry_after / 60)} minutes."


def _list_errors(errors: object) -> str:
    """List what is wrong with the input, as far as the problem has words for it (RFC 9457 section 3)."""
    texts = list(_read_errors(to_json_value(errors)))
    items = [f'<li dir="auto">{escape(text)}</li>' for text in texts[:_MOST_ERRORS]]
    if len(texts) > _MOST_ERRORS:
        items.append(f"<li>and {len(texts) - _MOST_ERRORS} more</li>")
    return f"<ul>{''.join(items)}</ul>\n" if items else ""


def _read_errors(errors: object) -> Iterator[str]:
    for error in errors if isinstance(errors, list) else ():
        members = error if isinstance(error, dict) else {"detail": error}
        detail = members.get("detail")
        if isinstance(detail, str) and detail:
            place = _name_place(members)
            yield f"{place}: {detail}" if place else detail


def _name_place(error: Mapping[str, object]) -> str:
    """Name the place of an error in the words of a form: ``items / 0 / price`` for ``#/items/0/price``."""
    place = next((place for key in ("pointer", "parameter", "header") if isinstance(place := error.get(key), str)), "")
    return place.removeprefix("#").removeprefix("/").replace("/", " / ").replace("~1", "/").replace("~0", "~")
