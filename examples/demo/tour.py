"""What to try with the demo: as data, for the start of the demo to print and for the tests to run."""

from __future__ import annotations

from collections.abc import Iterator

SIDES = ("/flask", "/quart")

# What it shows, the options of curl, the path on each side.
STEPS = (
    ("An API answers problem documents ...", "", "/api/"),
    ("... as XML, when that is asked for.", "-H 'Accept: application/problem+xml'", "/api/"),
    ("A site answers pages (open this one in a browser, too) ...", "", "/web/"),
    ("... and text, when that is asked for.", "-H 'Accept: text/plain'", "/web/"),
    ("A blueprint with a handler of its own.", "", "/custom/"),
    ("A 404 under the prefix of the API ...", "", "/api/nope"),
    ("... and under the prefix of the site.", "", "/web/nope"),
    ("/apiary is not under /api: the app's own 404.", "", "/apiary"),
    ("A 405 names what is allowed.", "-X DELETE", "/api/"),
    ("A crash says nothing of itself; the log has it, under the same incident id.", "", "/"),
    ("A domain error, in the shared module, raised in the API ...", "", "/api/buy/piano"),
    ("... and in the site.", "", "/web/buy/piano"),
    ("An exception of the domain that the shared module maps to a 404.", "", "/api/buy/unicorn"),
)


def command(base: str, side: str, options: str, path: str) -> str:
    """Return the curl line for one step on one side."""
    return " ".join(part for part in ("curl -i", options, f"{base}{side}{path}") if part)


def lines(base: str) -> Iterator[str]:
    """Yield the lines to print for a demo that listens at the base URL."""
    yield f"The demo listens on {base}: Flask under /flask, Quart under /quart. Open it in a browser for a tour."
    yield "Both answer the same bytes, apart from the incident id and the link of a page to its own app. Try:"
    for what, options, path in STEPS:
        yield ""
        yield what
        for side in SIDES:
            yield f"  {command(base, side, options, path)}"
    yield ""
    yield "A URL that belongs to neither app."
    yield f"  {command(base, '', '', '/nowhere')}"
    yield ""
    yield "Ctrl-C ends the demo."
