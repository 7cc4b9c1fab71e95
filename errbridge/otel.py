"""OpenTelemetry: what an error means for the span, a counter of errors, and the trace in the document.

It needs the API only, ``errbridge[otel]``; what is done with the data is the business of the SDK that the application
sets up, and without one nothing happens. The names are those of the semantic conventions for HTTP servers:

=============  ==================================================  ==================================
error          the current span                                    ``error.type``
=============  ==================================================  ==================================
4xx            its status is left as it is                         none
5xx            status ERROR                                        the status, such as ``503``
uncaught       status ERROR; an event with the exception           the class of the exception
=============  ==================================================  ==================================

The span gets ``errbridge.incident.id``, ``errbridge.scope`` and ``errbridge.problem.type`` as well.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from weakref import WeakValueDictionary

from errbridge.application.hooks import Observable
from errbridge.errors import SetupError
from errbridge.incident import Incident, Reply

try:
    from opentelemetry import metrics, trace
except ImportError as error:
    raise ImportError("errbridge.otel needs the API of OpenTelemetry: install errbridge[otel]") from error

__all__ = ["OTHER", "Instrumentation", "instrument"]

OTHER = "other"
"""The problem type and the scope of errors that are counted together, when there are too many kinds of them."""

# Their spans end with the exception on its way through, and record it then.
_RECORD_EXCEPTIONS_THEMSELVES = frozenset({"opentelemetry.instrumentation.flask"})


class Instrumentation:
    """What `instrument` has set up.

    Args:
        errors: Where the errors come from.
        meter_provider: Where the counter comes from.
        record_exceptions: Whether the span gets an event for an uncaught exception.
        most_kinds: How many kinds of errors are counted apart.

    Attributes:
        options: The arguments but the first.
    """

    def __init__(
        self,
        errors: Observable,
        meter_provider: metrics.MeterProvider | None,
        record_exceptions: bool | None,
        most_kinds: int,
    ) -> None:
        self._errors = errors
        self.options = (meter_provider, record_exceptions, most_kinds)
        self._record_exceptions = record_exceptions
        self._counter = metrics.get_meter("errbridge", _version(), meter_provider).create_counter(
            "errbridge.errors", unit="{error}", description="Errors that were answered."
        )
        self._most_kinds = most_kinds
        self._kinds: set[tuple[int, str, str]] = set()
        self._lock = Lock()
        errors.on_incident(self._tell)
        self._traced_before = errors.trace_with(_current_trace)

    def remove(self) -> None:
        """Undo what `instrument` has set up. A second call does nothing."""
        with _CHANGING:
            if _INSTRUMENTED.get(id(self._errors)) is not self:
                return
            del _INSTRUMENTED[id(self._errors)]
            self._errors.off_incident(self._tell)
            found = self._errors.trace_with(self._traced_before)
            if found is not _current_trace:  # another one has been set since
                self._errors.trace_with(found)

    def _tell(self, incident: Incident, reply: Reply) -> None:
        status = incident.problem.status if reply.status is None else reply.status
        error_type = _error_type(incident, status)
        try:
            self._count(incident, status)
        finally:  # neither keeps the other from being done; what fails is logged by who calls hooks
            self._mark(trace.get_current_span(), incident, error_type)

    def _mark(self, span: trace.Span, incident: Incident, error_type: str | None) -> None:
        if not span.is_recording():
            return
        span.set_attribute("errbridge.incident.id", incident.id)
        span.set_attribute("errbridge.scope", str(incident.scope))
        span.set_attribute("errbridge.problem.type", incident.problem.type)
        if error_type is None:
            return
        span.set_attribute("error.type", error_type)
        span.set_status(trace.StatusCode.ERROR)  # without words: the conventions want none that the status implies
        if incident.original is not None and self._records(incident, span):
            span.record_exception(incident.original)

    def _records(self, incident: Incident, span: trace.Span) -> bool:
        if self._record_exceptions is not None:
            return self._record_exceptions
        if incident.is_deliberate:  # a handler took it, so it does not reach the framework, nor what ends the span
            return True
        scope = getattr(span, "instrumentation_scope", None)  # of the SDK; the API has none
        return getattr(scope, "name", None) not in _RECORD_EXCEPTIONS_THEMSELVES

    def _count(self, incident: Incident, status: int) -> None:
        problem_type, scope = self._kind(status, incident.problem.type, str(incident.scope))
        attributes: dict[str, str | int] = {
            "http.response.status_code": status,
            "errbridge.problem.type": problem_type,
            "errbridge.scope": scope,
        }
        self._counter.add(1, attributes)

    def _kind(self, status: int, problem_type: str, scope: str) -> tuple[str, str]:
        """Count no more kinds apart than agreed: a problem raised with ``type=`` may have any."""
        kind = (status, problem_type, scope)
        with self._lock:
            if kind not in self._kinds:
                if len(self._kinds) >= self._most_kinds:
                    return OTHER, OTHER
                self._kinds.add(kind)
        return problem_type, scope


# By the id of what is instrumented, which an instrumentation keeps from being anybody else's as long as it exists.
_INSTRUMENTED: WeakValueDictionary[int, Instrumentation] = WeakValueDictionary()
_CHANGING = Lock()


def instrument(
    errors: Observable,
    *,
    meter_provider: metrics.MeterProvider | None = None,
    record_exceptions: bool | None = None,
    most_kinds: int = 200,
) -> Instrumentation:
    """Report errors to OpenTelemetry, and show the current trace as ``trace_id`` in documents.

    Spans are those of the framework's own instrumentation (``opentelemetry-instrumentation-flask``,
    ``opentelemetry-instrumentation-asgi``) or of the application; errbridge starts none. The counter
    ``errbridge.errors`` has the attributes ``http.response.status_code``, ``errbridge.problem.type`` and
    ``errbridge.scope``.

    To do it again with the same options, as an application factory does, changes nothing.

    Args:
        errors: An ``ErrorHandler``, for all of its applications, or a ``Bridge``, for what it answers itself.
        meter_provider: The global one by default.
        record_exceptions: Whether an uncaught exception becomes an event of the span. By default it does, except where
            the instrumentation that made the span does so itself.
        most_kinds: How many combinations of status, type and scope are counted apart. When there are more, what is new
            is counted with its status, and ``other`` as type and scope.

    Returns:
        The instrumentation, to remove it again; the one that is there, if *errors* has been instrumented already.

    Raises:
        SetupError: *errors* is neither, or is instrumented with other options, or *most_kinds* is less than 1.
    """
    given: object = errors
    if not isinstance(given, Observable):
        raise SetupError(f"instrument() takes an ErrorHandler or a Bridge, not {given!r}")
    if most_kinds < 1:
        raise SetupError(f"most_kinds={most_kinds} leaves nothing to count apart; give at least 1")
    with _CHANGING:
        there = _INSTRUMENTED.get(id(errors))
        if there is None:
            made = _INSTRUMENTED[id(errors)] = Instrumentation(errors, meter_provider, record_exceptions, most_kinds)
            return made
    if there.options != (meter_provider, record_exceptions, most_kinds):
        raise SetupError(
            f"{errors!r} is instrumented already, with other options, and its errors would be counted twice: remove() "
            "what instrument() returned first"
        )
    return there


def _error_type(incident: Incident, status: int) -> str | None:
    """Say what ``error.type`` is; a server's 4xx is no error of the server."""
    if status < 500:
        return None
    return str(status) if incident.original is None else type(incident.original).__qualname__


def _current_trace() -> str | None:
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def _version() -> str:
    try:
        return version("errbridge")
    except PackageNotFoundError:  # run from a folder that was never installed
        return ""
