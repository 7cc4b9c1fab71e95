"""OpenTelemetry: what an error means for the span, a counter of errors, and the trace in the document.

It needs the API only, ``errbridge[otel]``. The SDK that the application sets up exports the data; without an SDK,
nothing happens. The names are those of the semantic conventions for HTTP servers. The page
"Hooks, OpenTelemetry and Prometheus" has the table of what each error changes. The span gets ``errbridge.incident.id``,
``errbridge.scope`` and ``errbridge.problem.type`` as well.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

import errbridge
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
    """The hooks that `instrument` registered.

    Args:
        errors: As for `instrument`. So are the next ones.
        meter_provider: As for `instrument`.
        record_exceptions: As for `instrument`.
        most_kinds: As for `instrument`.
    """

    def __init__(
        self,
        errors: Observable,
        meter_provider: metrics.MeterProvider | None,
        record_exceptions: bool | None,
        most_kinds: int,
    ) -> None:
        self._errors = errors
        self._record_exceptions = record_exceptions
        self._most_kinds = most_kinds
        self._kinds: set[tuple[int, str, str]] = set()
        self._counter = metrics.get_meter("errbridge", errbridge.__version__, meter_provider).create_counter(
            "errbridge.errors", unit="{error}", description="Errors that were answered."
        )
        errors.on_incident(self._report)
        self._traced_before = errors.trace_with(_current_trace)

    def remove(self) -> None:
        """Undo what `instrument` has set up. A second call does nothing."""
        if _INSTRUMENTED.get(id(self._errors)) is not self:
            return
        del _INSTRUMENTED[id(self._errors)]
        self._errors.off_incident(self._report)
        found = self._errors.trace_with(self._traced_before)
        if found is not _current_trace:  # another one has been set since
            self._errors.trace_with(found)

    def _report(self, incident: Incident, reply: Reply) -> None:
        status = incident.problem.status if reply.status is None else reply.status
        kind = (status, incident.problem.type, str(incident.scope))
        if kind not in self._kinds and len(self._kinds) >= self._most_kinds:
            kind = (status, OTHER, OTHER)  # a problem raised with type= may have any
        else:
            self._kinds.add(kind)
        names = ("http.response.status_code", "errbridge.problem.type", "errbridge.scope")
        self._counter.add(1, dict(zip(names, kind, strict=True)))
        span, exc = trace.get_current_span(), incident.original
        span.set_attribute("errbridge.incident.id", incident.id)
        span.set_attribute("errbridge.scope", str(incident.scope))
        span.set_attribute("errbridge.problem.type", incident.problem.type)
        if status < 500 or not span.is_recording():  # a server's 4xx is no error of the server
            return
        span.set_attribute("error.type", str(status) if exc is None else type(exc).__qualname__)
        span.set_status(trace.StatusCode.ERROR)  # without words: the conventions want none that the status implies
        if exc is not None and self._records(incident, span):
            span.record_exception(exc)

    def _records(self, incident: Incident, span: trace.Span) -> bool:
        if self._record_exceptions is not None:
            return self._record_exceptions
        if incident.is_deliberate:  # a handler took it, so it does not reach the framework, nor what ends the span
            return True
        scope = getattr(span, "instrumentation_scope", None)  # of the SDK; the API has none
        return getattr(scope, "name", None) not in _RECORD_EXCEPTIONS_THEMSELVES


# By the id of what is instrumented, which an instrumentation keeps from being anything else as long as it exists.
_INSTRUMENTED: WeakValueDictionary[int, Instrumentation] = WeakValueDictionary()


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

    A later call for the same errors, as from an application factory, takes the place of the one before.

    Args:
        errors: An ``ErrorHandler``, for all of its applications, or a ``Bridge``, for what it answers itself.
        meter_provider: The global one by default.
        record_exceptions: Whether an uncaught exception becomes an event of the span. By default it does, except where
            the instrumentation that made the span does so itself.
        most_kinds: How many combinations of status, type and scope are counted apart. When there are more, what is new
            is counted with its status, and ``other`` as type and scope.

    Returns:
        The instrumentation, to remove it again.

    Raises:
        SetupError: *errors* is neither.
    """
    given: object = errors
    if not isinstance(given, Observable):
        raise SetupError(f"instrument() takes an ErrorHandler or a Bridge, not {given!r}")
    if (before := _INSTRUMENTED.get(id(errors))) is not None:
        before.remove()
    made = _INSTRUMENTED[id(errors)] = Instrumentation(errors, meter_provider, record_exceptions, most_kinds)
    return made


def _current_trace() -> str | None:
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
