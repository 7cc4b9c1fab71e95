"""What the measurements share: Hypercorn in a process of its own, and a client that keeps its connections.

A server is started as ``python -m benchmarks.loopback FD MODULE FUNCTION NAME SECONDS``: it serves what
``FUNCTION(NAME)`` of the module gives, on a socket that it inherits, so that its port is known and no connection is
refused, and closes connections that are idle for so many seconds. With a folder that has a certificate, it serves the
same on a second socket over TLS. It ends at SIGTERM, and when its standard input does, and so never outlives the
process that measures.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
DEADLINE = 60.0
"""Seconds after which whatever is waited for will not come any more."""

GRACE = 5.0
"""Seconds that the server waits for its requests when it ends."""


def free_port() -> int:
    """Choose a port for a server that can be given neither a socket nor the port 0.

    Until this process ends, the system gives the port to no one who asks for any: otherwise another server could have
    it before this one has started. Linux lets a server bind a port as well that a socket has bound but not listened on.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    port = int(keeper.getsockname()[1])
    if sys.platform == "linux":
        atexit.register(keeper.close)
    else:
        keeper.close()
    return port


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        port: Where it listens.
        tls_port: Where it listens for TLS, if it was given a certificate.
        pid: The id of its process.
    """

    port: int
    tls_port: int
    pid: int

    def end(self, most: float) -> float:
        """Send SIGTERM and wait until it has ended, but not longer than some seconds; give those that it took."""
        begun = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > begun + most:
                break
            time.sleep(0.05)
        return time.monotonic() - begun

    def memory(self) -> int:
        """Give the resident memory in KiB."""
        listed = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, text=True, timeout=DEADLINE, check=True
        )
        return int(listed.stdout)

    def cpu(self) -> float:
        """Give the seconds of processor time that the server's threads have used; 0 where the system does not say."""
        nanoseconds = 0
        for file in Path("/proc", str(self.pid), "task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # the thread has just ended
                nanoseconds += int(file.read_text().split()[0])
        return nanoseconds / 1e9


@contextlib.contextmanager
def serving(
    module: str,
    function: str,
    name: str,
    log: IO[bytes] | int | None = None,
    *,
    keep_alive: float = DEADLINE,
    certified: Path | None = None,
) -> Iterator[Server]:
    """Serve an application in a process of its own until the block ends.

    Args:
        module: Where the function is.
        function: Makes the application.
        name: What it is called with.
        log: Where the server's standard error goes.
        keep_alive: Seconds after which an idle connection is closed.
        certified: A folder that `certify` has filled, for TLS.
    """
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096)) for _ in range(2)]
        port, tls_port = (listener.getsockname()[1] for listener in listeners)
        fd, tls_fd = (listener.fileno() for listener in listeners)
        tls = [str(tls_fd), str(certified)] if certified else []
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.loopback", str(fd), module, function, name, str(keep_alive), *tls],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=log,
            pass_fds=[fd, tls_fd],
        )
    try:
        yield Server(port, tls_port, process.pid)
        if process.poll():
            raise RuntimeError(f"the server {name!r} ended by itself with code {process.returncode}")
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came; names of headers in lowercase, the last line counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def request(method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """Write a request."""
    lines = [f"{method} {path} HTTP/1.1", "host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def certify(folder: Path) -> ssl.SSLContext:
    """Make ``cert.pem`` and ``key.pem`` for 127.0.0.1 in a folder, and give what a client needs that trusts them."""
    import ipaddress
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    written = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*written))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return ssl.create_default_context(cafile=folder / "cert.pem")


def hello(trusted: ssl.SSLContext) -> bytes:
    """Give the first bytes of a client of TLS."""
    sent = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        trusted.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="127.0.0.1").do_handshake()
    return sent.read()


class Connection:
    """A connection that is opened when it is needed, and again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, sent: bytes) -> Answer:
        """Send a request and read its answer."""
        if self._reader is not None and self._reader.at_eof():  # it was idle for longer than the server's keep-alive
            self.close()
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(sent)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        if sent.startswith(b"HEAD ") or status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = await self._chunks(self._reader)
        else:
            body = await self._reader.readexactly(int(headers["content-length"]))
        if headers.get("connection", "").lower() == "close":  # Hypercorn does so after 1000 requests
            self.close()
        return Answer(status, headers, body)

    @staticmethod
    async def _chunks(reader: asyncio.StreamReader) -> bytes:
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readline()
        return b"".join(parts)

    def close(self) -> None:
        """Close it; the next request opens another one."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _serve(fd: str, app: Any, keep_alive: str, tls_fd: str = "", certified: str = "") -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.accesslog = None
    config.backlog = 4096
    config.graceful_timeout = GRACE
    config.keep_alive_timeout = float(keep_alive)
    config.loglevel = "WARNING"
    config.bind = [f"fd://{fd}"]
    if certified:
        config.bind, config.insecure_bind = [f"fd://{tls_fd}"], config.bind
        config.certfile, config.keyfile = f"{certified}/cert.pem", f"{certified}/key.pem"
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), stop.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await serve(app, config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    found = getattr(importlib.import_module(sys.argv[2]), sys.argv[3])
    asyncio.run(_serve(sys.argv[1], found(sys.argv[4]), *sys.argv[5:]))
