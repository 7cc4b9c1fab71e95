"""OpenTelemetry, with the SDK's exporters in memory: spans, the counter of errors, the trace in documents."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id

from errbridge import Problem, Scope, SetupError, otel
from errbridge.asgi import Bridge
from errbridge.otel import OTHER, Instrumentation, instrument
from tests.clients import Request, Response, call_asgi
from tests.twins import World, flask_world

TRACEPARENT = f"00-{'a' * 32}-00f067aa0ba902b7-01"
JSON = ("Accept", "application/json")


class Telemetry:
    """An application under a server span, as the instrumentation of a framework would make one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.spans = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.spans))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])

    def instrument(self, errors: Any = None, **options: Any) -> Instrumentation:
        return instrument(errors or self.world.errors, meter_provider=self.meters, **options)

    def ask(self, path: str, *headers: tuple[str, str], tracer: str = "a framework") -> tuple[Response, ReadableSpan]:
        """Ask within a span; give the answer and the span."""
        with self.provider.get_tracer(tracer).start_as_current_span("request", kind=SpanKind.SERVER):
            answer = self.world.call(Request(path, headers=(JSON, *headers)))
        return answer, self.spans.get_finished_spans()[-1]

    def counted(self) -> dict[tuple[Any, ...], int]:
        """Return the counter's values by status, type and scope."""
        data = self.reader.get_metrics_data()
        metrics = [] if data is None else data.resource_metrics[0].scope_metrics[0].metrics
        values: dict[tuple[Any, ...], int] = {}
        for metric in metrics:
            assert (metric.name, metric.unit) == ("errbridge.errors", "{error}")
            for point in metric.data.data_points:
                attributes = dict(point.attributes or {})
                kind = tuple(
                    attributes.pop(name)
                    for name in ("http.response.status_code", "errbridge.problem.type", "errbridge.scope")
                )
                assert attributes == {}
                values[kind] = point.value  # type: ignore[union-attr, assignment]
        return values


class Bug(Exception):
    """An exception without a handler."""


def raising(make: Callable[[], Exception]) -> Callable[[], Any]:
    def view() -> Any:
        raise make()

    return view


class Unprintable(Exception):
    """What cannot be recorded: the SDK asks for its text."""

    def __str__(self) -> str:
        raise RuntimeError("there is no text")


VIEWS = {
    "unprintable": raising(Unprintable),
    "crash": raising(lambda: Bug("a secret")),
    "sold": raising(lambda: Problem(409, type="urn:sold")),
    "late": raising(lambda: Problem(503)),
}


@pytest.fixture
def telemetry(world: World) -> Iterator[Telemetry]:
    for name, view in VIEWS.items():
        world.app.add_url_rule(f"/{name}", name, view)
    world.errors.api_register(Scope(prefix="/api"))
    made = Telemetry(world)
    yield made
    made.meters.shutdown()
    made.provider.shutdown()


@pytest.mark.parametrize(
    ("path", "status", "code", "error_type"),
    [
        ("/nowhere", 404, StatusCode.UNSET, None),
        ("/sold", 409, StatusCode.UNSET, None),
        ("/late", 503, StatusCode.ERROR, "503"),
        ("/crash", 500, StatusCode.ERROR, "Bug"),
    ],
)
def test_a_span_says_what_the_conventions_want(
    telemetry: Telemetry, path: str, status: int, code: StatusCode, error_type: str | None
) -> None:
    telemetry.instrument()

    answer, span = telemetry.ask(path)

    attributes = dict(span.attributes or {})
    assert answer.status == status
    assert span.status.status_code is code
    assert span.status.description is None
    assert attributes.get("error.type") == error_type
    assert f"urn:uuid:{attributes['errbridge.incident.id']}" == answer.json["instance"]
    assert attributes["errbridge.problem.type"] == answer.json["type"]
    assert attributes["errbridge.scope"] == "app"


@pytest.mark.parametrize("first", ["errbridge", "instrumentation"])
def test_the_instrumentation_of_flask_sees_each_response(first: str) -> None:
    world, spans, provider = flask_world(), InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    if first == "errbridge":
        assert world.errors is not None
    FlaskInstrumentor().instrument_app(world.app, tracer_provider=provider)
    for path, view in {"/page": lambda: "page", "/stream": lambda: iter("ab"), "/crash": VIEWS["crash"]}.items():
        world.app.add_url_rule(path, path[1:], view)

    found = [world.call(Request(path)).status for path in ("/page", "/stream", "/crash", "/nope")]

    seen = [dict(span.attributes or {}).get("http.status_code") for span in spans.get_finished_spans()]
    assert seen == found == [200, 200, 500, 404]


def test_an_uncaught_exception_is_an_event_of_the_span_and_others_are_not(telemetry: Telemetry) -> None:
    telemetry.instrument()

    _, crash = telemetry.ask("/crash")
    _, late = telemetry.ask("/late")

    (event,) = crash.events
    attributes = dict(event.attributes or {})
    assert event.name == "exception"
    assert str(attributes["exception.type"]).endswith("Bug")
    assert "a secret" in str(attributes["exception.stacktrace"])
    assert late.events == ()


@pytest.mark.parametrize(
    ("tracer", "record_exceptions", "events"),
    [
        ("opentelemetry.instrumentation.flask", None, 0),  # it records the exception when the request is torn down
        ("opentelemetry.instrumentation.asgi", None, 1),  # it never sees what Quart has answered
        ("opentelemetry.instrumentation.flask", True, 1),
        ("opentelemetry.instrumentation.asgi", False, 0),
    ],
)
def test_an_exception_is_recorded_where_the_instrumentation_of_the_framework_does_not(
    telemetry: Telemetry, tracer: str, record_exceptions: bool | None, events: int
) -> None:
    telemetry.instrument(record_exceptions=record_exceptions)

    _, span = telemetry.ask("/crash", tracer=tracer)

    assert len(span.events) == events
    assert span.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize("tracer", ["opentelemetry.instrumentation.flask", "opentelemetry.instrumentation.asgi"])
def test_an_exception_that_a_handler_made_a_5xx_of_is_recorded_on_any_span(telemetry: Telemetry, tracer: str) -> None:
    telemetry.world.errors.register(telemetry.world.app, code=Bug)(lambda exc: Problem(502))
    telemetry.instrument()

    answer, span = telemetry.ask("/crash", tracer=tracer)

    assert answer.status == 502
    assert [event.name for event in span.events] == ["exception"]


def test_an_exception_that_a_handler_explains_is_judged_by_what_is_answered(telemetry: Telemetry) -> None:
    telemetry.world.errors.register(telemetry.world.app, code=Bug)(lambda exc: Problem(410))
    telemetry.instrument()

    answer, span = telemetry.ask("/crash")

    assert answer.status == 410
    assert span.status.status_code is StatusCode.UNSET
    assert span.events == ()


def test_the_document_names_the_trace_of_the_span_and_not_that_of_the_client(telemetry: Telemetry) -> None:
    telemetry.instrument()

    answer, span = telemetry.ask("/sold", ("Traceparent", TRACEPARENT))

    assert span.context is not None
    assert answer.json["trace_id"] == format_trace_id(span.context.trace_id)


def test_without_a_span_the_trace_is_that_of_the_client_and_errors_are_counted(telemetry: Telemetry) -> None:
    telemetry.instrument()

    answer = telemetry.world.call(Request("/sold", headers=(JSON, ("Traceparent", TRACEPARENT))))

    assert answer.json["trace_id"] == "a" * 32
    assert telemetry.counted() == {(409, "urn:sold", "app"): 1}


def test_errors_are_counted_by_status_type_and_scope(telemetry: Telemetry) -> None:
    telemetry.instrument()

    for path in ("/sold", "/sold", "/api/nowhere", "/nowhere", "/crash"):
        telemetry.ask(path)

    assert telemetry.counted() == {
        (409, "urn:sold", "app"): 2,
        (404, "about:blank", "/api"): 1,
        (404, "about:blank", "app"): 1,
        (500, "about:blank", "app"): 1,
    }


def test_an_exception_that_cannot_be_recorded_is_counted_and_marks_its_span(telemetry: Telemetry) -> None:
    telemetry.instrument()

    answer, span = telemetry.ask("/unprintable")

    assert answer.status == 500
    assert telemetry.counted() == {(500, "about:blank", "app"): 1}
    assert (span.status.status_code, dict(span.attributes or {})["error.type"]) == (StatusCode.ERROR, "Unprintable")
    assert span.events == ()


def test_types_without_end_are_counted_together(telemetry: Telemetry) -> None:
    numbers = iter(range(1000))
    view = raising(lambda: Problem(400, type=f"urn:number:{next(numbers)}"))
    telemetry.world.app.add_url_rule("/number", "number", view)
    telemetry.instrument(most_kinds=3)

    telemetry.ask("/sold")
    for _ in range(10):
        telemetry.ask("/number")
    telemetry.ask("/sold")
    telemetry.ask("/late")

    assert telemetry.counted() == {
        (409, "urn:sold", "app"): 2,
        (400, "urn:number:0", "app"): 1,
        (400, "urn:number:1", "app"): 1,
        (400, OTHER, OTHER): 8,
        (503, OTHER, OTHER): 1,
    }


def test_it_can_be_removed_again(telemetry: Telemetry) -> None:
    instrumentation = telemetry.instrument()
    telemetry.ask("/sold")
    instrumentation.remove()

    answer, span = telemetry.ask("/crash", ("Traceparent", TRACEPARENT))

    assert answer.json["trace_id"] == "a" * 32
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes or {}) == {}
    assert telemetry.counted() == {(409, "urn:sold", "app"): 1}


def test_to_instrument_again_replaces_what_was_there(telemetry: Telemetry) -> None:
    first = telemetry.instrument()
    second = telemetry.instrument(most_kinds=0)
    first.remove()  # it is gone, and takes nothing of the second with it

    answer, span = telemetry.ask("/sold")

    assert span.context is not None
    assert answer.json["trace_id"] == format_trace_id(span.context.trace_id)
    assert telemetry.counted() == {(409, OTHER, OTHER): 1}
    second.remove()
    assert "trace_id" not in telemetry.ask("/sold")[0].json


def test_what_was_removed_leaves_another_tracer_alone(telemetry: Telemetry) -> None:
    instrumentation = telemetry.instrument()
    instrumentation.remove()
    telemetry.world.errors.trace_with(lambda: "b" * 32)
    instrumentation.remove()

    assert telemetry.ask("/sold")[0].json["trace_id"] == "b" * 32


def test_the_tracer_that_was_there_before_is_given_back(telemetry: Telemetry) -> None:
    telemetry.world.errors.trace_with(lambda: "c" * 32)
    instrumentation = telemetry.instrument()
    answer, span = telemetry.ask("/sold")
    assert span.context is not None
    assert answer.json["trace_id"] == format_trace_id(span.context.trace_id)

    instrumentation.remove()

    assert telemetry.ask("/sold")[0].json["trace_id"] == "c" * 32


def test_a_tracer_that_came_later_stays_when_the_instrumentation_goes(telemetry: Telemetry) -> None:
    telemetry.world.errors.trace_with(lambda: "c" * 32)
    instrumentation = telemetry.instrument()
    telemetry.world.errors.trace_with(lambda: "d" * 32)

    instrumentation.remove()

    assert telemetry.ask("/sold")[0].json["trace_id"] == "d" * 32


def test_what_is_instrumented_can_be_forgotten() -> None:
    bridge = Bridge({"/": call_asgi})  # type: ignore[dict-item]
    forgotten = weakref.ref(instrument(bridge))
    assert forgotten() is not None

    del bridge
    gc.collect()

    assert forgotten() is None


def test_without_an_sdk_nothing_happens(telemetry: Telemetry) -> None:
    instrument(telemetry.world.errors)

    answer = telemetry.world.call(Request("/crash", headers=[JSON]))

    assert answer.status == 500
    assert "trace_id" not in answer.json


async def test_the_errors_of_a_bridge_are_recorded_as_well() -> None:
    telemetry = Telemetry(None)  # type: ignore[arg-type]
    bridge = Bridge({"/app": call_asgi})  # type: ignore[dict-item]
    telemetry.instrument(bridge)

    with telemetry.provider.get_tracer("a server").start_as_current_span("request"):
        answer = await call_asgi(bridge, Request("/nowhere", headers=[JSON]))

    (span,) = telemetry.spans.get_finished_spans()
    assert span.context is not None
    assert answer.json["trace_id"] == format_trace_id(span.context.trace_id)
    assert telemetry.counted() == {(404, "about:blank", "app"): 1}
    telemetry.meters.shutdown()


@pytest.mark.parametrize("errors", [object(), None])
def test_what_cannot_be_instrumented_is_refused(errors: Any) -> None:
    with pytest.raises(SetupError, match="takes an ErrorHandler or a Bridge"):
        instrument(errors)


def test_the_public_names_are_these() -> None:
    assert otel.__all__ == ["OTHER", "Instrumentation", "instrument"]


def test_without_the_api_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "errbridge.otel")

    with pytest.raises(ImportError, match=r"install errbridge\[otel\]"):
        importlib.import_module("errbridge.otel")


def test_the_core_and_the_adapters_do_not_load_it() -> None:
    code = "import sys, errbridge, errbridge_flask, errbridge_quart; sys.exit('opentelemetry' in sys.modules)"
    root = Path(__file__).parent.parent

    subprocess.run([sys.executable, "-c", code], timeout=60, cwd=root, check=True)
