"""Sentry: the id of the incident at each event, and no event for an error that was raised on purpose.

Sentry's own integrations make the event of an uncaught exception, from the framework's signal. Here it gets the tag
``incident_id``, for you to find what a client quotes. It needs the SDK, ``errbridge[sentry]``.

- An uncaught exception, a handler or page that failed, and a stream that broke off are one event each, with the tag.
- A 4xx or 5xx that was raised as such, and an exception that a handler has mapped to one, are none. With ``statuses``
  they are one event each, grouped by status and type of problem.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from errbridge.application.hooks import Observable
from errbridge.errors import SetupError
from errbridge.http.status import find_phrase
from errbridge.incident import Incident, Reply, current_incident_id
from errbridge.languages.language import ENGLISH
from errbridge.problem.problem import Problem

try:
    import sentry_sdk
    from sentry_sdk.scope import add_global_event_processor
    from sentry_sdk.utils import event_from_exception
except ImportError as error:
    raise ImportError("errbridge.sentry needs the SDK of Sentry: install errbridge[sentry]") from error

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

__all__ = ["Instrumentation", "instrument"]


class Instrumentation:
    """The hook that `instrument` registered."""

    def __init__(self, errors: Observable, statuses: Container[int]) -> None:
        self._errors = errors
        self._statuses = statuses
        errors.on_incident(self._report)

    def remove(self) -> None:
        """Report deliberate errors no longer. A second call does nothing."""
        self._errors.off_incident(self._report)

    def _report(self, incident: Incident, reply: Reply) -> None:
        status = incident.problem.status if reply.status is None else reply.status
        if not incident.is_deliberate or status not in self._statuses:
            return
        event: Event = {}
        if incident.cause is not None:
            options = sentry_sdk.get_client().options
            # Without the hint: by it, Sentry would take the event for that of the log record, which was dropped.
            event, _ = event_from_exception(incident.cause, client_options=options, mechanism={"type": "errbridge"})
        problem = incident.problem
        event["level"] = "error" if status >= 500 else "info"
        title = problem.title if incident.language is ENGLISH else find_phrase(problem.status)  # not the client's words
        event["message"] = f"{status} {incident.exception.title if isinstance(incident.exception, Problem) else title}"
        event["fingerprint"] = ["errbridge", str(status), problem.type]
        event["tags"] = {"incident_id": incident.id, "problem_type": problem.type, "scope": str(incident.scope)}
        sentry_sdk.capture_event(event)


# By the id of what is instrumented, which an instrumentation keeps from being anything else as long as it exists.
_INSTRUMENTED: WeakValueDictionary[int, Instrumentation] = WeakValueDictionary()


def instrument(errors: Observable, *, statuses: Container[int] = ()) -> Instrumentation:
    """Tag Sentry's events with the id of the incident.

    Call it before or after ``sentry_sdk.init``. A later call for the same errors, as from an application factory, takes
    the place of the one before.

    Example::

        instrument(errors, statuses=range(500, 600))

    Args:
        errors: An ``ErrorHandler``, for all of its applications, or a ``Bridge``, for what it answers itself.
        statuses: The statuses of deliberate errors that become events as well. They are grouped by status and type of
            problem.

    Returns:
        The instrumentation, to remove it again.

    Raises:
        SetupError: *errors* is neither, or *statuses* has something else than numbers.
    """
    given: tuple[object, object] = errors, statuses
    if not isinstance(given[0], Observable):
        raise SetupError(f"instrument() takes an ErrorHandler or a Bridge, not {errors!r}")
    numbers = given[1] if isinstance(given[1], Iterable) else ()
    if not isinstance(given[1], Container) or not all(isinstance(number, int) for number in numbers):
        raise SetupError(f"statuses are numbers such as range(500, 600), not {statuses!r}")
    if (before := _INSTRUMENTED.get(id(errors))) is not None:
        before.remove()
    made = _INSTRUMENTED[id(errors)] = Instrumentation(errors, statuses)
    return made


def _process(event: Event, hint: Hint) -> Event | None:
    """Tag an event, and drop the one that Sentry makes of the log record of a deliberate error."""
    record = hint.get("log_record")
    fields = {} if record is None else vars(record)
    if fields.get("_errbridge_deliberate"):
        return None
    # Sentry's own test for events of one exception sees those of one task, and a stream of Quart has several.
    known = getattr((hint.get("exc_info") or (None, None))[1], "__dict__", {})
    if record is not None:
        known["_errbridge_sent"] = True
    elif known.pop("_errbridge_sent", False):
        return None
    incident_id = fields.get("incident_id") or current_incident_id()
    if incident_id:
        event.setdefault("tags", {}).setdefault("incident_id", incident_id)
    return event


# Sentry has no way to take that back; without an incident it changes nothing.
add_global_event_processor(_process)
