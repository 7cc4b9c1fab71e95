"""What the measurements share: Hypercorn in a process of its own, and a client that keeps its connections.

A server is started as ``python -m benchmarks.loopback FD MODULE FUNCTION NAME``: it serves what ``FUNCTION(NAME)`` of
the module gives, on a socket that it inherits, so that its port is known and no connection is refused. It ends when
its standard input does, and so never outlives the process that measures.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
DEADLINE = 60.0
"""Seconds after which whatever is waited for will not come any more."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

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
def serving(module: str, function: str, name: str, log: IO[bytes] | int | None = None) -> Iterator[Server]:
    """Serve an application in a process of its own until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        fd, port = listener.fileno(), listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.loopback", str(fd), module, function, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=log,
            pass_fds=[fd],
        )
    try:
        yield Server(port, process.pid)
        if process.poll() is not None:
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


def make_certificate(folder: Path) -> ssl.SSLContext:
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


async def _serve(fd: int, app: Any) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.accesslog = None
    config.backlog = 4096
    config.graceful_timeout = 5.0
    config.keep_alive_timeout = DEADLINE
    config.loglevel = "WARNING"
    config.bind = [f"fd://{fd}"]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    await serve(app, config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    found = getattr(importlib.import_module(sys.argv[2]), sys.argv[3])
    asyncio.run(_serve(int(sys.argv[1]), found(sys.argv[4])))
