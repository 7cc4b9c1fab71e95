"""What an application speaks is found out, or said."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import Any

import flask
import pytest
import quart

from errbridge import SetupError
from errbridge.asgi import Asgi, Bridge, Wsgi
from errbridge.asgi.applications import recognise


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def wsgi(environ: Any, start_response: Any) -> Any: ...


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class AsgiByAwaitable:
    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        return asgi(scope, receive, send)


class WsgiObject:
    def __call__(self, environ: Any, start_response: Any, /, option: int = 0) -> Any: ...


@pytest.mark.parametrize(
    "app",
    [quart.Quart("q"), asgi, AsgiObject(), AsgiByAwaitable(), functools.partial(asgi), AsgiObject().__call__],
    ids=["quart", "function", "object", "returns an awaitable", "partial", "method"],
)
def test_asgi_is_recognised(app: Any) -> None:
    assert recognise(app) == Asgi(app)


@pytest.mark.parametrize(
    "app",
    [flask.Flask("f"), wsgi, WsgiObject(), functools.partial(wsgi), WsgiObject().__call__],
    ids=["flask", "function", "object", "partial", "method"],
)
def test_wsgi_is_recognised(app: Any) -> None:
    assert recognise(app) == Wsgi(app)


def test_what_is_said_explicitly_is_believed() -> None:
    printing: Any = print
    assert recognise(Wsgi(printing)) == Wsgi(printing)
    assert recognise(Asgi(asgi)) == Asgi(asgi)


@pytest.mark.parametrize(
    "app",
    [lambda *args: None, print, lambda one: None, max],
    ids=["any number", "print", "one argument", "max"],
)
def test_what_could_be_both_has_to_be_said(app: Any) -> None:
    with pytest.raises(SetupError, match="say which one"):
        Bridge({"/": app})


@pytest.mark.parametrize("app", ["app:app", None, flask.Flask])
def test_what_is_no_application_is_refused(app: Any) -> None:
    with pytest.raises(SetupError, match="is no application"):
        Bridge({"/": app})


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"threads": 0}, "threads=0 cannot work; give a whole number of at least 1"),
        ({"threads": "8"}, "threads='8' cannot work; give a whole number of at least 1"),
        ({"threads": True}, "threads=True cannot work"),
        ({"waiting": -1}, "waiting=-1 cannot work; give a whole number of at least 0"),
        ({"max_body": 1.5}, "max_body=1.5 cannot work; give a whole number of at least 0"),
        ({"patience": "long"}, "patience='long' cannot work; give a number of at least 0"),
        ({"patience": float("nan")}, "patience=nan cannot work; give a number of at least 0"),
        ({"grace": None}, "grace=None cannot work; give a number of at least 0"),
        ({"stream_uploads": ["upload"]}, "write '/upload'"),
        ({"stream_uploads": [7]}, "7 is no place"),
        ({"stream_uploads": 5}, r"stream_uploads= takes a list of places: \[5\]"),
        ({"stream_uploads": "/upload"}, r"stream_uploads= takes a list of places: \['/upload'\]"),
    ],
)
def test_an_option_that_cannot_work_is_refused(options: Any, advice: str) -> None:
    with pytest.raises(SetupError, match=advice):
        Bridge({"/": wsgi}, **options)


def test_a_place_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(SetupError, match="5 is no place; write '/prefix'"):
        Bridge({5: wsgi})  # type: ignore[type-var]


def test_importing_the_bridge_imports_no_framework() -> None:
    code = "import sys, errbridge.asgi; sys.exit(bool({'flask', 'quart', 'werkzeug', 'hypercorn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
