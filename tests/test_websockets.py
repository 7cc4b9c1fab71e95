"""Errors of WebSocket routes in Quart: before accepting the answer of a request, after it a code in the close frame."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import quart
from quart.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BaseConverter

from errbridge import Problem
from errbridge_quart import ErrorHandler
from tests.clients import Request, Response, call_asgi
from tests.versions import QUART


def scope_of(path: str, *headers: tuple[bytes, bytes]) -> Any:
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [*headers] if b"host" in dict(headers) else [(b"host", b"localhost"), *headers],
        "subprotocols": [],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "extensions": {"websocket.http.response": {}},
    }


async def conversation(
    app: Any, path: str, *headers: tuple[bytes, bytes], received: Iterable[str] = ()
) -> list[Mapping[str, Any]]:
    """Open a WebSocket as a server does that supports denial responses, send texts, and return the answers."""
    incoming: list[Mapping[str, Any]] = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "bytes": None, "text": text} for text in received),
    ]
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        if incoming:
            return incoming.pop(0)
        await over.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    over = asyncio.Event()

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)
        is_last = message["type"] == "websocket.http.response.body" and not message.get("more_body")
        if is_last or message["type"] == "websocket.close":
            over.set()

    await asyncio.wait_for(app(scope_of(path, *headers), receive, send), timeout=20)
    return sent


async def handshake(app: quart.Quart, path: str, *headers: tuple[bytes, bytes]) -> Response:
    """Open a WebSocket and give the denial response."""
    sent = await conversation(app, path, *headers)
    start = next(message for message in sent if message["type"] == "websocket.http.response.start")
    body = b"".join(message["body"] for message in sent if message["type"] == "websocket.http.response.body")
    found = tuple((name.decode(), value.decode()) for name, value in start["headers"])
    return Response(start["status"], found, body)


@pytest.fixture
def app() -> quart.Quart:
    app = quart.Quart(__name__)
    errors = ErrorHandler(app)
    api = quart.Blueprint("api", __name__, url_prefix="/api")
    errors.api_register(api)

    @api.websocket("/full")
    async def full() -> None:
        raise Problem(503, detail="All seats are taken", headers={"Retry-After": "5"})

    @api.websocket("/broken")
    async def broken() -> None:
        raise ValueError("secret")

    @api.websocket("/forbidden")
    async def forbidden() -> None:
        quart.abort(403)

    @errors.register(api, code=403)
    async def explain(exc: Exception) -> tuple[str, dict[str, str]]:
        return "not for you", {"Content-Type": "text/plain"}

    app.register_blueprint(api)
    return app


async def test_a_problem_raised_before_accepting_is_the_denial_response(app: quart.Quart) -> None:
    response = await handshake(app, "/api/full")

    assert (response.status, response.content_type) == (503, "application/problem+json")
    assert response.header("Retry-After") == "5"
    assert response.json["detail"] == "All seats are taken"
    assert response.json["retry_after"] == 5


async def test_a_missing_websocket_route_belongs_to_the_prefix_around_it(app: quart.Quart) -> None:
    inside = await handshake(app, "/api/nope")
    outside = await handshake(app, "/nope")

    assert (inside.status, inside.content_type) == (404, "application/problem+json")
    assert (outside.status, outside.content_type) == (404, "text/html; charset=utf-8")


async def test_an_uncaught_exception_before_accepting_shows_nothing_of_itself(app: quart.Quart) -> None:
    response = await handshake(app, "/api/broken")

    assert response.status == 500
    assert response.json["detail"] == "Unhandled Exception"
    assert b"secret" not in response.body


async def test_a_handler_answers_a_websocket_as_it_answers_a_request(app: quart.Quart) -> None:
    response = await handshake(app, "/api/forbidden")

    assert (response.status, response.text) == (403, "not for you")


async def test_the_denial_response_is_negotiated(app: quart.Quart) -> None:
    response = await handshake(app, "/nope", (b"accept", b"text/plain"))

    assert response.content_type == "text/plain; charset=utf-8"
    assert response.text.startswith("404 Not Found\n")


async def closed(app: quart.Quart, path: str, *received: str) -> tuple[int, str]:
    """Talk to a WebSocket route until it closes the connection, and give the code and the reason."""
    sent = await conversation(app, path, received=received)
    assert [message["type"] for message in sent if message["type"] == "websocket.accept"]
    (close,) = (message for message in sent if message["type"] == "websocket.close")
    return close["code"], close.get("reason", "")


class Locked(Exception):
    """Has a status and words of its own, which are not for clients."""

    code = 423
    description = "row 7 of table secrets"


def talking(raising: Any) -> quart.Quart:
    """Make an application whose route accepts and then fails."""
    app = quart.Quart(__name__)
    errors = ErrorHandler(app)

    @app.websocket("/talk")
    async def talk() -> None:
        await quart.websocket.accept()
        await quart.websocket.receive()
        if raising is not None:
            raise raising

    @errors.register(app, code=KeyError)
    async def unknown(exc: KeyError) -> Problem:
        return Problem(404, detail="of the handler")

    @errors.register(app, code=[Locked, 423])
    async def locked(exc: Exception) -> Problem:
        return Problem(423, detail="Try again.")

    return app


@pytest.mark.parametrize(
    ("raising", "expected"),
    [
        (ValueError("secret"), (1011, "Internal Server Error")),
        (Problem(409, detail="Somebody was faster"), (4409, "409 Conflict: Somebody was faster")),
        (Problem(503), (4503, "503 Service Unavailable")),
        (Problem(499, detail="a\r\nb\0c"), (4499, "499 Client Error: a b c")),
        (KeyError("secret"), (4404, "404 Not Found: of the handler")),
        (Locked("secret"), (4423, "423 Locked: Try again.")),
        (ExceptionGroup("two", [Locked("secret")]), (4423, "423 Locked: Try again.")),
        (Problem(423, detail="secret"), (4423, "423 Locked: Try again.")),
        (ExceptionGroup("two", [Problem(403, detail="no")]), (4403, "403 Forbidden: no")),
        (NotFound("gone for good"), (4404, "404 Not Found: gone for good")),
        (NotFound(), (4404, "404 Not Found")),
        (NotFound(response=quart.Response("too late", 404)), (4404, "404 Not Found")),
        (None, (1000, "")),
    ],
    ids=repr,
)
async def test_an_error_after_accepting_closes_with_a_code_that_says_so(
    raising: Exception | None, expected: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "errbridge")

    code, reason = await closed(talking(raising), "/talk", "hello")

    if raising is None:
        assert ((code, reason), caplog.records) == (expected, [])
        return
    (record,) = caplog.records
    fields = vars(record)
    assert (code, reason) == (expected[0], f"{expected[1]} ({fields['incident_id'][:8]})")
    assert (fields["method"], fields["path"], fields["close_code"]) == ("WEBSOCKET", "/talk", code)
    if code == 1011:
        assert record.getMessage() == f"Exception on websocket /talk (incident {fields['incident_id']})"
    else:
        text = f"WEBSOCKET /talk answered {code - 4000}, closed with {code}"
        assert record.getMessage().startswith(text)
        assert record.getMessage().endswith(f" (incident {fields['incident_id']})")


@pytest.mark.parametrize("error", [Problem(409), KeyError("secret")])
async def test_the_record_of_a_denied_websocket_has_no_close_code(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "errbridge")
    app = quart.Quart(__name__)
    ErrorHandler(app)

    @app.websocket("/talk")
    async def talk() -> None:
        raise error

    await handshake(app, "/talk")

    (record,) = caplog.records
    assert not hasattr(record, "close_code")
    assert "closed" not in record.getMessage()


@pytest.mark.parametrize(("tag", "phrase"), [("ar", "تعارض"), ("de-AT", "Konflikt"), ("xx", "Conflict")])
async def test_the_reason_is_in_the_language_of_the_client(tag: str, phrase: str) -> None:
    app = quart.Quart("spoken")
    ErrorHandler(app, ERROR_LANGUAGES=["en", "ar", "de"])

    @app.websocket("/talk")
    async def talk() -> None:
        await quart.websocket.accept()
        raise Problem(409)

    sent = await conversation(app, "/talk", (b"accept-language", tag.encode()))
    assert [(each["code"], each["reason"][:12].strip()) for each in sent if each["type"] == "websocket.close"] == [
        (4409, f"409 {phrase}")
    ]


async def test_a_reason_names_no_record_that_was_not_written(caplog: pytest.LogCaptureFixture) -> None:
    assert await closed(talking(Problem(409)), "/talk", "hello") == (4409, "409 Conflict")
    assert caplog.records == []


@pytest.mark.parametrize("length", [50, 100, 101, 102, 103, 104, 105, 500])
async def test_the_reason_never_has_more_than_123_bytes_and_no_half_character(length: int) -> None:
    code, reason = await closed(talking(Problem(404, detail="é" * length)), "/talk", "hello")

    assert code == 4404
    assert len(reason.encode()) <= 123
    assert "404 Not Found: " + "é" * length == reason or reason.endswith("é…")


def closing_itself(code: int, reason: str, raising: Exception | None = None) -> quart.Quart:
    """Make an application whose route accepts, closes, and may then fail."""
    app = quart.Quart(__name__)
    ErrorHandler(app)

    @app.websocket("/talk")
    async def talk() -> None:
        await quart.websocket.accept()
        await quart.websocket.close(code, reason)
        if raising is not None:
            raise raising

    return app


async def test_the_code_that_a_view_closes_with_stays_its_own() -> None:
    assert await closed(closing_itself(3000, "by the view"), "/talk") == (3000, "by the view")


# Around the view.


class Sessions(SecureCookieSessionInterface):
    """Sessions that cannot be opened."""

    async def open_session(self, *args: Any) -> Any:
        raise ConnectionError("secret")


class Failing(BaseConverter):
    """A converter that fails with what it is given."""

    def to_python(self, value: str) -> Any:
        raise Problem(410) if value == "gone" else LookupError("secret")


def an_app_that_fails_around_its_views() -> quart.Quart:
    app = quart.Quart(__name__)
    ErrorHandler(app, handler="api")
    app.url_map.converters["failing"] = Failing

    @app.websocket("/talk")
    @app.websocket("/<failing:x>/talk")
    async def talk(x: Any = None) -> None:
        await quart.websocket.accept()

    @app.websocket("/teardown")
    async def teardown() -> None:
        await quart.websocket.accept()

    @app.teardown_websocket
    async def fail(exc: BaseException | None) -> None:
        if quart.websocket.path == "/teardown":
            raise LookupError("secret")

    return app


@pytest.mark.parametrize(
    ("path", "opens", "headers", "status"),
    [
        ("/talk", False, (), 500),
        ("/x/talk", True, (), 500),
        ("/gone/talk", True, (), 410),
        ("/talk", True, ((b"host", b"a" * 70),), 400),
    ],
)
async def test_a_handshake_that_fails_before_its_view_is_answered_and_recorded(
    caplog: pytest.LogCaptureFixture, path: str, opens: bool, headers: tuple[Any, ...], status: int
) -> None:
    app = an_app_that_fails_around_its_views()
    if not opens:
        app.session_interface = Sessions()

    with caplog.at_level(logging.DEBUG, "errbridge"):
        response = await handshake(app, path, *headers)

    (record,) = (record for record in caplog.records if hasattr(record, "incident_id"))
    assert record.name == (app.logger.name if status == 500 else "errbridge")
    assert (response.status, response.content_type) == (status, "application/problem+json")
    assert "secret" not in response.text
    assert record.levelno == (logging.ERROR if status == 500 else logging.INFO)


async def test_a_failure_after_the_view_closes_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    code, reason = await closed(an_app_that_fails_around_its_views(), "/teardown")

    (record,) = (record for record in caplog.records if record.name == "errbridge")
    assert (code, reason) == (1011, f"Internal Server Error ({vars(record)['incident_id'][:8]})")
    assert record.levelno == logging.ERROR


async def test_a_client_that_leaves_is_no_error_where_the_server_raises_one(caplog: pytest.LogCaptureFixture) -> None:
    app = quart.Quart(__name__)
    ErrorHandler(app)
    serve: Any = app
    ended: list[str] = []
    gone = asyncio.Event()

    @app.websocket("/talk")
    async def talk() -> None:
        await quart.websocket.accept()
        try:
            while True:
                await quart.websocket.send("more")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def receive() -> Mapping[str, Any]:
        await gone.wait()
        return {"type": "websocket.disconnect", "code": 1006}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] != "websocket.accept":  # as uvicorn does
            gone.set()
            raise OSError("the client has left")

    await asyncio.wait_for(serve(scope_of("/talk"), receive, send), timeout=20)

    assert ended == ["cancelled"]
    assert caplog.records == []


@pytest.mark.parametrize("is_gone", [True, False])
async def test_what_a_server_raises_for_a_message_after_the_client_has_left_is_no_error(
    caplog: pytest.LogCaptureFixture, is_gone: bool
) -> None:
    app = quart.Quart(__name__)
    ErrorHandler(app)
    serve: Any = app
    left, ended, sent = asyncio.Event(), list[str](), list[Any]()

    @app.websocket("/talk")
    async def talk() -> None:
        await quart.websocket.accept()
        try:
            await left.wait()
            await quart.websocket.send("more")
        except BaseException as exc:
            ended.append(type(exc).__name__)
            raise

    async def receive() -> Mapping[str, Any]:
        if not left.is_set():
            left.set()
            if not is_gone:
                return {"type": "websocket.connect"}
            return {"type": "websocket.disconnect", "code": 1000}
        return await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            raise RuntimeError("Unexpected ASGI message 'websocket.send'")  # as uvicorn has it
        sent.append(message)

    serving = asyncio.ensure_future(serve(scope_of("/talk"), receive, send))
    await asyncio.wait([serving], timeout=20)

    assert ended == (["CancelledError"] if is_gone else ["RuntimeError"])
    assert [record.levelname for record in caplog.records] == ([] if is_gone else ["ERROR"])
    assert ("websocket.close" in [message["type"] for message in sent]) is not is_gone


@pytest.mark.parametrize("after", [None, lambda response: None])
async def test_an_error_after_the_close_is_one_incident_whatever_an_after_websocket_function_returns(
    caplog: pytest.LogCaptureFixture, after: Any
) -> None:
    app = closing_itself(4001, "bye", Problem(409))
    if after is not None:
        app.after_websocket(after)

    with caplog.at_level(logging.INFO):
        assert await closed(app, "/talk") == (4001, "bye")
    (record,) = caplog.records
    assert record.levelno == logging.INFO


async def test_a_message_after_the_views_own_close_is_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    app = quart.Quart(__name__)
    ErrorHandler(app)
    serve: Any = app
    over = asyncio.Event()

    @app.websocket("/talk")
    async def talk() -> None:
        await quart.websocket.accept()
        await quart.websocket.close(1000)
        await quart.websocket.send("more")

    async def receive() -> Mapping[str, Any]:
        await over.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "websocket.close":
            over.set()  # uvicorn answers it at once
            await asyncio.sleep(0)
        if message["type"] == "websocket.send":
            raise RuntimeError("Unexpected ASGI message 'websocket.send'")

    await asyncio.wait_for(serve(scope_of("/talk"), receive, send), timeout=20)

    assert [record.levelno for record in caplog.records] == ([logging.ERROR] if QUART < (0, 23) else [])


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
async def test_a_bug_that_the_developer_sees_closes_with_1011_and_is_recorded(
    caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    app = talking(LookupError("bug"))
    app.config[mode] = True

    if QUART < (0, 21):  # it leaves the exception to the server, which logs it and closes
        with pytest.raises(LookupError):
            await closed(app, "/talk", "hello")
        assert caplog.records == []
        return

    assert await closed(app, "/talk", "hello") == (1011, "Internal Server Error")
    (record,) = caplog.records
    assert (record.name, record.levelno) == (app.logger.name, logging.ERROR)
    assert record.exc_info is not None


async def test_a_refusal_is_answered_also_if_an_after_websocket_function_returns_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = quart.Quart(__name__)
    ErrorHandler(app)

    @app.websocket("/members")
    async def members() -> None:
        raise Problem(403)

    @app.after_websocket
    async def count(response: Any) -> Any:
        return None

    response = await handshake(app, "/members")

    assert response.status == 500
    assert caplog.records[-1].levelno == logging.ERROR
    assert caplog.records[-1].exc_info is not None


@pytest.mark.parametrize("cls", [NotFound, HTTPException])  # abort(response) raises the latter
async def test_a_response_that_comes_too_late_closes_with_its_status(cls: type[HTTPException]) -> None:
    code, reason = await closed(talking(cls(response=quart.Response("own", 410))), "/talk", "hello")

    assert (code, reason.partition(" (")[0]) == (4410, "410 Gone")


async def test_an_error_after_the_close_changes_no_code(caplog: pytest.LogCaptureFixture) -> None:
    assert await closed(closing_itself(4001, "bye", KeyError()), "/talk") == (4001, "bye")
    (record,) = caplog.records
    assert "close_code" not in vars(record)


async def test_a_stream_of_text_may_be_the_denial_response() -> None:
    app = quart.Quart(__name__)
    errors = ErrorHandler(app)

    @app.websocket("/talk")
    async def talk() -> None:
        raise KeyError

    @errors.register(app, code=KeyError)
    async def stream(exc: KeyError) -> Any:
        return iter(["ein", "s ö"]), 409

    response = await handshake(app, "/talk")

    assert (response.status, response.text) == (409, "eins ö")


@pytest.mark.parametrize("path", ["", "http://localhost/nope", "http://[/nope", "http://"])
async def test_a_path_that_quart_cannot_read_is_answered(path: str) -> None:
    app = quart.Quart(__name__)
    ErrorHandler(app)

    assert (await handshake(app, path)).status == 404
    assert (await call_asgi(app, Request(path))).status == 404


async def test_a_websocket_with_the_scheme_of_its_proxy_stays_one(caplog: pytest.LogCaptureFixture) -> None:
    """Middleware takes ``https`` from ``X-Forwarded-Proto``, as Hypercorn's ProxyFix does."""
    app = quart.Quart(__name__)
    ErrorHandler(app)

    async def proxied(scope: Any, receive: Any, send: Any) -> None:
        scope["scheme"] = "https"
        await app(scope, receive, send)

    caplog.set_level(logging.INFO, "errbridge")
    await conversation(proxied, "/nope")

    assert [record.getMessage().partition(" answered")[0] for record in caplog.records] == ["WEBSOCKET /nope"]


@pytest.mark.parametrize("outer_kind", ["request", "websocket"])
@pytest.mark.parametrize("path", ["/nope", "/crash", "/unmatched"])
async def test_an_application_that_a_view_asks_handles_its_own_request(
    outer_kind: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The request or WebSocket of the view is bound as well."""
    answers: list[Any] = []
    inner, outer = quart.Quart("inner"), quart.Quart("outer")
    for each in (inner, outer):
        ErrorHandler(each)

    async def crash() -> str:
        raise ValueError("secret")

    def create_url_adapter(request: Any, create: Any = inner.create_url_adapter) -> Any:
        if request is not None and request.path == "/unmatched":
            raise ValueError("secret")
        return create(request)

    async def ask() -> str:
        answers.append(await call_asgi(inner, Request(path, headers=[("Accept", "application/json")])))
        return "asked"

    async def ask_in_websocket() -> None:
        await quart.websocket.send(await ask())

    inner.add_url_rule("/crash", "crash", crash)
    inner.create_url_adapter = create_url_adapter  # type: ignore[method-assign]
    outer.add_url_rule("/outer", "outer", ask)
    outer.add_websocket("/outer", "outer websocket", ask_in_websocket)

    caplog.set_level(logging.INFO, "errbridge")
    if outer_kind == "request":
        assert (await call_asgi(outer, Request("/outer"))).text == "asked"
    else:
        sent = await conversation(outer, "/outer")
        assert [message.get("code") for message in sent] == [None, None, 1000]

    (answer,) = answers
    assert (answer.status, answer.content_type) == (404 if path == "/nope" else 500, "application/problem+json")
    recorded = [record.getMessage() for record in caplog.records if hasattr(record, "incident_id")]
    assert len(recorded) == 1
    assert f"GET {path} " in recorded[0]
