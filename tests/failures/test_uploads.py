"""Uploads of Flask that the server ends by itself, as gunicorn, waitress and granian do."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable
from io import BytesIO, TextIOWrapper, UnsupportedOperation
from typing import Any
from zipfile import ZipFile

import flask
import pytest
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

import errbridge_flask

LINES = b"one,1\ntwo,2\n"


class Sent(BytesIO):
    """An upload of a client that stays."""


class Left(BytesIO):
    """An upload of a client that leaves."""

    def read(self, *size: Any) -> bytes:
        raise ConnectionResetError("the client has left")

    readinto = readline = __next__ = read  # type: ignore[assignment]


def zipped() -> bytes:
    """Return a ZIP file, for which a reader has to go to its end first."""
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr("name", "text")
    return content.getvalue()


def uploading(stream: BytesIO, read: Callable[[Any], Any], *, with_errbridge: bool = True, **config: Any) -> Any:
    """Have a view read an upload, and return the response."""
    app = flask.Flask("shop")
    app.config.update(config)
    if with_errbridge:
        errbridge_flask.ErrorHandler(app)
    app.add_url_rule("/", "index", lambda: repr(read(flask.request.stream)), methods=["POST"])
    environ = EnvironBuilder("/", method="POST").get_environ()
    environ |= {"wsgi.input": stream, "wsgi.input_terminated": True}
    return TestResponse(*run_wsgi_app(app, environ), EnvironBuilder("/").get_request())


READS: dict[str, tuple[bytes, Callable[[Any], Any]]] = {
    "all": (LINES, lambda stream: stream.read()),
    "some": (LINES, lambda stream: (stream.read(2), stream.tell(), stream.read())),
    "a line": (LINES, lambda stream: (stream.readline(), next(stream))),
    "lines": (LINES, lambda stream: (stream.readlines(), list(stream))),
    "in a loop": (LINES, list),
    "text": (LINES, lambda stream: list(csv.reader(TextIOWrapper(stream)))),
    "the end first": (zipped(), lambda stream: ZipFile(stream).namelist()),
}


@pytest.mark.parametrize("name", READS)
def test_a_view_reads_the_stream_of_the_server_in_every_way_that_it_has(name: str) -> None:
    content, read = READS[name]
    expected = uploading(Sent(content), read, with_errbridge=False)

    response = uploading(Sent(content), read)

    assert (response.status_code, response.text) == (200, expected.text)


def test_no_other_method_of_the_servers_stream_is_called_for_a_line() -> None:
    """Gunicorn reads a line 200 times faster than its bytes one by one."""
    called: list[str] = []

    class Noting(BytesIO):
        def read(self, *size: Any) -> bytes:
            called.append("read")
            return super().read(*size)

        def readline(self, *size: Any) -> bytes:
            called.append("readline")
            return super().readline(*size)

    assert uploading(Noting(LINES), lambda stream: stream.readline()).text == repr(b"one,1\n")
    assert called == ["readline"]


@pytest.mark.parametrize("read", [lambda stream: stream.read(), lambda stream: stream.readline(), list])
@pytest.mark.parametrize("config", [{}, {"MAX_CONTENT_LENGTH": 100}])
def test_a_client_that_leaves_during_its_upload_is_no_error(
    caplog: pytest.LogCaptureFixture, read: Callable[[Any], Any], config: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    response = uploading(Left(), read, **config)

    assert [record.levelname for record in caplog.records if record.name == "errbridge"] == ["DEBUG"]
    assert response.status_code == 400


def test_what_the_servers_stream_cannot_do_is_no_client_that_left() -> None:
    class Pipe(BytesIO):
        def readline(self, *size: Any) -> bytes:
            raise UnsupportedOperation("readline")

    def read(stream: Any) -> str:
        with pytest.raises(UnsupportedOperation):
            stream.readline()
        return "tried"

    assert uploading(Pipe(), read).text == repr("tried")


def test_a_response_may_tell_the_server_that_it_has_served_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """So Flask-Sock ends a WebSocket under gunicorn."""

    class Served(flask.Response):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            raise StopIteration

    app = flask.Flask("shop")
    errbridge_flask.ErrorHandler(app)
    app.add_url_rule("/", "index", Served)

    with pytest.raises(StopIteration):
        run_wsgi_app(app, EnvironBuilder("/").get_environ())
    assert not caplog.records
