"""What to try with the demo: as data, for the start of the demo to print and for the tests to run."""

from __future__ import annotations

from collections.abc import Iterator

SIDES = ("/flask", "/quart")

# What it shows, the options of curl, the path on each side.
STEPS = (
    ("The API sends problem documents ...", "", "/api/"),
    ("... as XML, if the client asks for it.", "-H 'Accept: application/problem+xml'", "/api/"),
    ("The site sends pages (open this one in a browser, too) ...", "", "/web/"),
    ("... or text, if the client asks for it.", "-H 'Accept: text/plain'", "/web/"),
    ("A blueprint with a handler of its own.", "", "/custom/"),
    ("A 404 under the prefix of the API ...", "", "/api/nope"),
    ("... and under the prefix of the site.", "", "/web/nope"),
    ("/apiary is not under /api: the app's own 404.", "", "/apiary"),
    ("A 405 lists the allowed methods.", "-X DELETE", "/api/"),
    ("A crash reveals nothing; the log has it under the same incident id.", "", "/"),
    ("A problem type of the shared module, raised in the API ...", "", "/api/buy/piano"),
    ("... and in the site.", "", "/web/buy/piano"),
    ("An exception that the shared module maps to a 404.", "", "/api/buy/unicorn"),
)


def command(base: str, side: str, options: str, path: str) -> str:
    """Return the curl line for one step on one side."""
    return " ".join(part for part in ("curl -i", options, f"{base}{side}{path}") if part)


def lines(base: str) -> Iterator[str]:
    """Yield the lines to print for a demo that listens at the base URL."""
    yield f"The demo listens on {base}: Flask under /flask, Quart under /quart. Open it in a browser for a tour."
    yield "Both send the same bytes, except for the incident id and the links to each app's start page. Try:"
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
