"""Which errors were handled, and the replies: recorded by a hook, for a test to look at."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypedDict, Unpack

from errbridge.application.hooks import Hooks, Observable
from errbridge.application.installation import find_installation
from errbridge.errors import SetupError, suggest
from errbridge.incident import Incident, Reply

__all__ = ["Incidents", "Observation", "Wanted", "record_incidents"]


class Observation(NamedTuple):
    """An error that was handled.

    Attributes:
        incident: The error.
        reply: The response.
    """

    incident: Incident
    reply: Reply

    def __str__(self) -> str:
        incident, reply = self
        line = f"{reply.status} {incident.request.method} {incident.request.path} in {incident.scope}"
        return f"{line}: {incident.exception!r}"


class Wanted(TypedDict, total=False):
    """Which errors are meant: those that match all of these.

    Attributes:
        status: That of the reply, or ``"4xx"`` or ``"5xx"``.
        exception: The class of what was raised; for an uncaught exception the framework's 500 counts as its cause.
        path: Of the request, or a pattern to search in it.
        scope: As the log names it: a blueprint, ``"/prefix"``, ``"//host"``, ``"app"``.
        type: Of the problem.
    """

    status: int | str
    exception: type[BaseException]
    path: str | re.Pattern[str]
    scope: str
    type: str


class Incidents(list[Observation]):
    """The errors that were handled while it watched, in order.

    Usually it is the pytest fixture ``incidents``, or comes from `record_incidents`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._watched: list[Hooks | Observable] = []
        self._has_watched = False

    def watch(self, *watched: Any) -> Incidents:
        """Record the errors of these from now on.

        Args:
            *watched: ``ErrorHandler`` objects, bridges, or applications, for which all the applications of their
                ``ErrorHandler`` are watched.

        Returns:
            Itself.

        Raises:
            SetupError: One of them has no errors to watch.
        """
        for each in watched:
            installed = find_installation(each)
            found = each if installed is None else installed.hooks
            if not isinstance(found, (Hooks, Observable)):
                advice = "pass an ErrorHandler, a Bridge, or an app after errors.init_app(app)"
                raise SetupError(f"{each!r} has no errors to watch: {advice}")
            found.on_incident(self._write)
            self._watched.append(found)
            self._has_watched = True
        return self

    def stop(self) -> None:
        """Stop recording. The errors seen so far stay."""
        for each in self._watched:
            each.off_incident(self._write)
        self._watched.clear()

    def _write(self, incident: Incident, reply: Reply) -> None:
        self.append(Observation(incident, reply))

    def matching(self, raised: type[BaseException] | None = None, /, **wanted: Unpack[Wanted]) -> list[Observation]:
        """List the errors that match all arguments.

        Args:
            raised: The *exception* of `Wanted`.
            **wanted: See `Wanted`.

        Returns:
            The matching errors, in order.

        Raises:
            TypeError: There is no such argument.
        """
        wanted = _complete(wanted, raised)
        return [seen for seen in self if _matches(seen, wanted)]

    def only(self, raised: type[BaseException] | None = None, /, **wanted: Unpack[Wanted]) -> Observation:
        """Return the only error that was handled.

        Args:
            raised: The *exception* of `Wanted`.
            **wanted: See `Wanted`; without, all count.

        Returns:
            The error and its reply.

        Raises:
            AssertionError: There is none, or more than one. The message lists what was seen.
            TypeError: There is no such argument.
        """
        __tracebackhide__ = True
        wanted = _complete(wanted, raised)
        found = self.matching(**wanted)
        if len(found) != 1:
            raise AssertionError(self._report(len(found), wanted))
        return found[0]

    def _report(self, found: int, wanted: Wanted) -> str:
        which = "".join(f", {name}={value!r}" for name, value in wanted.items())
        if self:
            seen = "".join(["; all that were seen:", *(f"\n  {seen}" for seen in self)])
        elif self._has_watched:
            seen = (
                "; no error was answered. An app that is being tested raises uncaught exceptions instead, and a Bridge "
                "reports only what it answers itself: watch its applications, too"
            )
        else:
            seen = "; nothing is watched: call incidents.watch(errors), or give it the app"
        return f"expected one incident{which}; there are {found}{seen}"


def _complete(wanted: Wanted, raised: type[BaseException] | None) -> Wanted:
    if raised is not None:
        if not isinstance(raised, type):
            raise TypeError(f"a class of exceptions is expected, not {raised!r}; the status is status=")
        wanted = {"exception": raised, **wanted}
    for name in wanted.keys() - Wanted.__annotations__.keys():
        known = ", ".join(f"{each}=" for each in Wanted.__annotations__)
        raise TypeError(f"an incident is found by {known}, not by {name}={suggest(name, Wanted.__annotations__)}")
    if re.fullmatch(r"\d{3}|[1-5]xx", str(wanted.get("status", "4xx"))) is None:
        raise TypeError(f"status is a number or a class such as '4xx', not {wanted.get('status')!r}")
    return wanted


def _matches(seen: Observation, wanted: Wanted) -> bool:
    incident, status, path = seen.incident, str(seen.reply.status), seen.incident.request.path
    expected, cls = wanted.get("path", path), wanted.get("exception", BaseException)
    return (
        str(wanted.get("status", status)) in (status, f"{status[0]}xx")
        and any(isinstance(exc, cls) for exc in (incident.exception, incident.original))
        and bool(expected.search(path) if isinstance(expected, re.Pattern) else expected == path)
        and wanted.get("scope", str(incident.scope)) == str(incident.scope)
        and wanted.get("type", incident.problem.type) == incident.problem.type
    )


@contextmanager
def record_incidents(*watched: Any) -> Generator[Incidents]:
    """Record the errors that are handled in the block.

    Example::

        with record_incidents(app) as incidents:
            client.get("/nope")
        assert incidents.only().reply.status == 404

    Args:
        *watched: As for `Incidents.watch`.

    Yields:
        What is written down, while it is.

    Raises:
        SetupError: One of them has no errors to watch.
    """
    incidents = Incidents()
    try:
        yield incidents.watch(*watched)
    finally:
        incidents.stop()
