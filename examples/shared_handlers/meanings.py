"""The domain, and what its exceptions mean over HTTP. No framework is imported here."""

from __future__ import annotations

import asyncio

from errbridge import Handlers, Incident, Problem, Reply

BOOKS = {"dune": "Dune", "emma": "Emma"}
RENAMED = {"doon": "dune"}

handlers = Handlers()


class UnknownBookError(LookupError):
    """The library does not have the book."""


class RenamedError(LookupError):
    """The book has another name now."""


@handlers.register(UnknownBookError)
def unknown_book(exc: UnknownBookError) -> Problem:
    return Problem(404, title="Unknown book", detail=f"The library does not have {exc.args[0]}.")


@handlers.register(RenamedError)
async def renamed(exc: RenamedError, incident: Incident) -> Reply:
    """Redirect to the new name; async, as if it had to ask a database, and awaited by both frameworks."""
    await asyncio.sleep(0)
    return Reply("", 308, {"Location": f"{incident.request.root_path}/books/{RENAMED[exc.args[0]]}"})


@handlers.register("5xx")
def apologise(exc: Exception, incident: Incident) -> Problem:
    """Send no details of a failure, only an address for questions."""
    return Problem(incident.problem.status, detail="Please write to help@example.com.", contact="help@example.com")


def find(name: str) -> str:
    """Return the title of a book."""
    if name in RENAMED:
        raise RenamedError(name)
    if name not in BOOKS:
        raise UnknownBookError(name)
    return BOOKS[name]
