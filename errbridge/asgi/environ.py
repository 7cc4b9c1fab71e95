"""An ASGI scope as the environment that PEP 3333 describes."""

from __future__ import annotations

import sys
from typing import IO, cast
from wsgiref.types import WSGIEnvironment

from asgiref.typing import HTTPScope

from errbridge.asgi.mounts import Connection

__all__ = ["describe_request", "environ_of"]

_WITHOUT_PREFIX = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def environ_of(scope: HTTPScope, upload: IO[bytes], length: int | None) -> WSGIEnvironment:
    """Make the environment of a request whose upload ends by itself; it has no length while it is still arriving."""
    root_path = scope.get("root_path", "")
    environ: WSGIEnvironment = {
        **describe_request(scope, root_path, scope["path"][len(root_path) :]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.input": upload,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "asgi.scope": scope,
        "errbridge.bridge": True,
    }
    if client := scope.get("client"):
        environ["REMOTE_ADDR"] = client[0]
        environ["REMOTE_PORT"] = str(client[1])
    if raw_path := cast("bytes | None", scope.get("raw_path")):
        query = scope["query_string"]
        environ["REQUEST_URI"] = (raw_path + b"?" + query if query else raw_path).decode("latin-1")
    for name, value in scope["headers"]:
        # X_Real-Ip would become the same key as X-Real-Ip, and pass for what a proxy has set.
        if b"_" in name:
            continue
        key = _WITHOUT_PREFIX.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        if key in environ:
            # RFC 9110 section 5.3; HTTP/2 splits cookies into lines of their own, RFC 9113 section 8.2.3.
            text = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + text
        environ[key] = text
    _add_length(environ, length)
    return environ


def _add_length(environ: WSGIEnvironment, length: int | None) -> None:
    """Add the length of the body, of a chunked one too once it is there: some frameworks read no body without a length.

    Without a length, the body ends by itself. With one, frameworks find out by themselves that a client left before it
    had sent everything; Werkzeug makes a 400 of it.
    """
    if length is None:
        if "HTTP_TRANSFER_ENCODING" in environ:  # which is right if both are there, RFC 9112 section 6.3
            environ.pop("CONTENT_LENGTH", None)
        if "CONTENT_LENGTH" not in environ:
            environ["wsgi.input_terminated"] = True
    elif length or "HTTP_TRANSFER_ENCODING" in environ:
        environ["CONTENT_LENGTH"] = str(length)
        environ.pop("HTTP_TRANSFER_ENCODING", None)


def describe_request(scope: Connection, root: str, path: str) -> WSGIEnvironment:
    """Make the part of an environment that routing reads; of a path that is split already."""
    server = scope.get("server")
    name, port = ("localhost", 80) if server is None or not server[1] else server  # of a Unix socket, its path
    return {
        "REQUEST_METHOD": scope.get("method", "GET"),
        # WSGI wants the bytes of a path's UTF-8, each as one character.
        "SCRIPT_NAME": root.encode("utf-8", "surrogateescape").decode("latin-1"),
        "PATH_INFO": path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": name,
        "SERVER_PORT": str(port),
        "wsgi.url_scheme": scope.get("scheme", "http"),
    }
