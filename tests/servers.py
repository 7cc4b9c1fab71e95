"""Servers in processes of their own: on a port of loopback, asked by curl lines, ended by Ctrl-C."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.loopback import free_port

__all__ = [
    "DEADLINE",
    "INCIDENT",
    "ROOT",
    "Server",
    "as_typed",
    "environment",
    "free_port",
    "listens",
    "module",
    "request_of",
    "run_python",
    "serving",
    "start",
]

ROOT = Path(__file__).parents[1]
DEADLINE = 90.0  # seconds; most start in about one
INCIDENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_BASE = re.compile(r"http://127\.0\.0\.1:[1-9]\d*")


class Server:
    """A running server.

    Attributes:
        process: Its process.
        base: Its URL, as it printed it.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path, base: str) -> None:
        self.process = process
        self.base = base
        self._log = log

    @property
    def output(self) -> str:
        """What it printed and logged until now."""
        return self._log.read_text()

    def curl(self, line: str) -> httpx.Response:
        """Send the request of a curl line, to this server whatever port the line names."""
        with httpx.Client(timeout=DEADLINE, trust_env=False) as client:
            return client.send(request_of(line, self.base))

    def end(self) -> int:
        """Press Ctrl-C and return the exit code."""
        return end(self.process)


def module(*words: str) -> list[str]:
    """Return the command line that runs a module with this interpreter."""
    return [sys.executable, "-m", *words]


# Flask and Hypercorn choose a port and say which one; the others print the one of their command line.
_PORTS = {
    "flask": "--port 0",
    "quart": "--port {free}",
    "hypercorn": "--bind 127.0.0.1:0",
    "uvicorn": "--port {free}",
    "gunicorn": "--bind 127.0.0.1:{free}",
    "granian": "--host 127.0.0.1 --port {free}",
}


def as_typed(line: str) -> list[str]:
    """Return the command line of a server as a reader types it, with another port."""
    words = shlex.split(line)
    return module(*words, *shlex.split(_PORTS[words[0]].format(free=free_port())))


def environment() -> dict[str, str]:
    """Return this environment, with the commands of this interpreter's packages in reach and nothing of pytest's.

    Quart prints its URL into a buffer, unless Python has none.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "QUART_", "PYTEST_"))}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return kept | {"PATH": path, "PYTHONUNBUFFERED": "1"}


def start(words: Sequence[str], log: Path, *, cwd: Path = ROOT, ready: str = "") -> Server:
    """Start a server and wait until it listens at the URL that it prints, and has printed that it is ready."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell ignores Ctrl-C for what it runs in the background, and so would the server.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with log.open("wb") as output:
        process = subprocess.Popen(words, cwd=cwd, env=environment(), stdout=output, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + DEADLINE
    while not ((found := _BASE.search(text := log.read_text())) and ready in text and listens(found[0])):
        if process.poll() is not None or time.monotonic() > deadline:
            end(process)
            pytest.fail(f"{shlex.join(words)} did not start:\n{text}")
        time.sleep(0.05)
    return Server(process, log, found[0])


def end(process: subprocess.Popen[bytes]) -> int:
    """Press Ctrl-C and return the exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@contextmanager
def serving(words: Sequence[str], log: Path, *, cwd: Path = ROOT, ready: str = "") -> Iterator[Server]:
    """Start a server, and end it after the block."""
    server = start(words, log, cwd=cwd, ready=ready)
    try:
        yield server
    finally:
        server.end()


def listens(base: str) -> bool:
    """Return whether something listens at a URL."""
    try:
        socket.create_connection(("127.0.0.1", int(base.rstrip("/").rpartition(":")[2])), timeout=1).close()
    except OSError:
        return False
    return True


# The options of curl that take a value, and the headers that they bring along.
_WITH_VALUE: dict[str, dict[str, str]] = {
    "-X": {},
    "-H": {},
    "-d": {"Content-Type": "application/x-www-form-urlencoded"},
    "--json": {"Content-Type": "application/json", "Accept": "application/json"},
}


def request_of(line: str, base: str | None = None) -> httpx.Request:
    """Read a curl line as curl would.

    Args:
        line: With the options ``-i``, ``-s``, ``-I``, ``-X``, ``-H``, ``-d`` and ``--json``.
        base: The URL of the server to ask in place of the one in the line.

    Raises:
        ValueError: The line has something else.
    """
    program, *words = shlex.split(line)
    headers = httpx.Headers({"Accept": "*/*"})
    given: list[tuple[str, str]] = []
    method, url, body = None, None, None
    while words:
        word = words.pop(0)
        if word in _WITH_VALUE:
            value = words.pop(0)
            headers.update(_WITH_VALUE[word])
            if word == "-X":
                method = value
            elif word == "-H":
                name, _, content = value.partition(":")
                given.append((name, content.strip()))
            else:
                body = value
        elif word == "-I":
            method = "HEAD"
        elif not re.fullmatch(r"-[is]+", word):
            if url is not None or not word.startswith("http://"):
                raise ValueError(f"what is {word!r} of {line!r}?")
            url = word
    if program != "curl" or url is None:
        raise ValueError(f"{line!r} is no curl line with a URL")
    headers.update(given)
    where = url if base is None else re.sub(r"^http://[^/]+", base, url)
    return httpx.Request(method or ("GET" if body is None else "POST"), where, headers=headers, content=body)


def run_python(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python to its end, with this project on its path."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
