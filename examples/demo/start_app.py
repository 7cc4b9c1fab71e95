"""The start page: a tour of the demo in the browser, with a link for each step."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import flask

from errbridge_flask import ErrorHandler
from examples.demo import tour

app = flask.Flask(__name__)
ErrorHandler(app, ERROR_SITE={"name": "errbridge demo", "accent": "#1d5bbf"})


@app.route("/")
def start() -> str:
    return "\n".join(page(flask.request.host_url.rstrip("/")))


def page(base: str) -> Iterator[str]:
    """Yield the lines of the page."""
    yield '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>A tour of the demo</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<style>body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif}"
    yield "pre{white-space:pre-wrap;overflow-wrap:anywhere}</style>"
    yield "<h1>A tour of the demo</h1>"
    yield "<p>The same application twice: in Flask and in Quart, under one server. Each link leads to an error.</p><ol>"
    for what, options, path in tour.STEPS:
        yield f"<li><p>{escape(what)}</p>"
        if options:  # a link cannot send them
            yield f"<pre>{escape(tour.command(base, '/flask', options, path))}</pre>"
        else:
            links = (f'<a href="{side}{path}">{side.strip("/").capitalize()}</a>' for side in tour.SIDES)
            yield f"<p>{' · '.join(links)}</p>"
    yield '</ol><p>A URL that belongs to neither: <a href="/nowhere">/nowhere</a></p></html>'
