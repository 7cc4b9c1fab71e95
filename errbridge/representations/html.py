"""``text/html``: the built-in page, one document that needs nothing else.

It carries no script and loads nothing, so that it works under ``Content-Security-Policy: default-src 'none'`` with
`STYLE_HASH` as the only source of styles. Everything that is not fixed is escaped, and the only links lead to the same
page or to the application's own root.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from errbridge.incident import Incident, RequestFacts

__all__ = ["STYLE_HASH", "render_html"]

_STYLE = (
    ":root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--text:#1c2330;--soft:#566074;--line:#dfe3ea;"
    "--accent:#1f5fbf;--on-accent:#fff}"
    "@media(prefers-color-scheme:dark){:root{--ground:#12161d;--card:#1a202a;--text:#e9edf4;--soft:#a3aec0;"
    "--line:#303948;--accent:#8ab8ff;--on-accent:#0d1420}}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);"
    "color:var(--text);font:1rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
    "main{width:100%;max-width:34rem;padding:clamp(1.5rem,6vw,3rem);background:var(--card);"
    "border:1px solid var(--line);border-radius:.75rem;overflow-wrap:anywhere}"
    ".status{margin:0;font-size:.95rem;font-weight:600;letter-spacing:.06em;color:var(--soft)}"
    "h1{margin:.15rem 0 1rem;font-size:clamp(1.6rem,6vw,2.1rem);line-height:1.2}"
    "p{margin:0 0 1rem}"
    ".detail{white-space:pre-line}"
    ".hint{color:var(--soft)}"
    "nav{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.75rem 0 0}"
    "a{padding:.55rem 1.1rem;border:1px solid var(--accent);border-radius:.5rem;color:var(--accent);"
    "font-weight:600;text-decoration:none}"
    "a:first-child{background:var(--accent);color:var(--on-accent)}"
    "a:hover{text-decoration:underline}"
    "a:focus-visible{outline:3px solid var(--accent);outline-offset:3px}"
    ".reference{margin:1.75rem 0 0;padding-top:1rem;border-top:1px solid var(--line);font-size:.85rem;"
    "color:var(--soft)}"
    "code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;user-select:all}"
    "@media print{body{display:block;background:none}main{border:0}nav{display:none}}"
)

STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
"""The hash of the page's style, as a Content-Security-Policy names it: ``style-src 'sha256-…'``."""


class _Words(NamedTuple):
    """What to tell somebody who did not cause the error and cannot read status codes."""

    hint: str
    retry: bool = False


_WORDS: Mapping[int, _Words] = {
    400: _Words("Something in the request could not be understood. Going back and trying once more often helps."),
    401: _Words("You need to sign in before you can see this."),
    403: _Words("You are not allowed to see this. If you should be, sign in with another account or ask for access."),
    404: _Words("Check the address for a typing mistake, or start again from the home page."),
    405: _Words("This address exists, but it cannot be used in this way."),
    408: _Words("The request took too long to arrive.", retry=True),
    409: _Words("Somebody else may have changed this in the meantime. Load it again before you go on.", retry=True),
    410: _Words("This was here once and has been removed for good. Links to it can be deleted."),
    413: _Words("What was sent is larger than can be accepted here."),
    415: _Words("What was sent is of a kind that cannot be accepted here."),
    422: _Words("Some of what was entered cannot be accepted. Go back and check it."),
    429: _Words("There were too many requests in a short time. Wait a little before you try again.", retry=True),
    500: _Words("This is our mistake, not yours, and it has been recorded. Trying again may help.", retry=True),
    502: _Words("A system that we depend on did not answer properly. Trying again may help.", retry=True),
    503: _Words("We are busy or under maintenance and will be back soon.", retry=True),
    504: _Words("A system that we depend on took too long to answer. Trying again may help.", retry=True),
}
_OTHER_CLIENT = _Words("The request could not be carried out.")
_OTHER_SERVER = _WORDS[500]

_LONGEST_WAIT = 24 * 60 * 60  # whoever has to come back on another day is not helped by a number of minutes

_START = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">\n<title>'
)
_HEAD_END = f"</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
_END = "</main>\n</body>\n</html>\n"


def render_html(incident: Incident) -> bytes:
    """Render the problem of an incident as the built-in page."""
    problem = incident.problem
    words = _WORDS.get(problem.status) or (_OTHER_CLIENT if problem.status < 500 else _OTHER_SERVER)
    title = escape(problem.title)
    detail = f'<p class="detail" dir="auto">{escape(problem.detail)}</p>\n' if problem.detail else ""
    page = (
        f"{_START}{problem.status} {title}{_HEAD_END}"
        f'<p class="status">Error {problem.status}</p>\n<h1 dir="auto">{title}</h1>\n'
        f'{detail}<p class="hint">{words.hint}{_wait(problem.extensions.get("retry_after"))}</p>\n'
        f"<nav>{_ways_out(words, incident.request)}</nav>\n"
        f'<p class="reference">Reference: <code>{incident.id}</code></p>\n{_END}'
    )
    return page.encode("utf-8", "replace")


def _wait(retry_after: object) -> str:
    """Say how long to wait; only whole seconds are worth telling a person."""
    if type(retry_after) is not int or not 0 < retry_after <= _LONGEST_WAIT:
        return ""
    if retry_after < 120:
        return f" Try again in {retry_after} second{'s' if retry_after > 1 else ''}."
    return f" Try again in about {round(retry_after / 60)} minutes."


def _ways_out(words: _Words, request: RequestFacts) -> str:
    # Never built from the Host header. Slashes and what browsers take for them would lead to another host.
    root = quote(request.root_path.strip("/"), errors="replace")
    home = f'<a href="{escape(f"/{root}/" if root else "/")}">Go to the home page</a>'
    if words.retry and request.method in ("GET", "HEAD"):
        return f'<a href="">Try again</a>{home}'
    return home
