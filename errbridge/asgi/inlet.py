"""What a client sends, on its way to a WSGI application: its upload, and the news that it has left.

A thread is taken for code, not for clients. So the whole upload is received first, in memory up to a bound and in a
temporary file beyond it; then the thread is taken, and reads a file. Where an application wants to read while its
client still sends, the thread is taken at once, and waits for its client where it has read all that is there.
In both cases nothing stops the loop from receiving, so it always notices a client that leaves.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any, TypeVar

from errbridge.asgi.exchange import PIECE, ClientGone, Complete, Exchange
from errbridge.asgi.spool import Spool
from errbridge.problem.problem import Problem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Inlet"]

_T = TypeVar("_T")


@dataclass(slots=True)
class Inlet:
    """Receives what the client of an exchange sends."""

    _exchange: Exchange
    _upload: _Upload | None = None
    _watching: asyncio.Task[None] | None = None

    async def gather(self) -> IO[bytes]:
        """Receive the whole upload, as a file that is closed with the inlet."""
        part = await self._exchange.receive_part()
        if self._exchange.client == "uploading":
            self._upload = _Upload()
            await self._upload.add(part)
            while self._exchange.client == "uploading":
                await self._upload.add(await self._exchange.receive_part())
        if self._exchange.client == "gone":
            raise ClientGone("it left before its request was complete")
        return io.BytesIO(part) if self._upload is None else self._upload.spool.rewind()

    def stream(self) -> IO[bytes]:
        """Begin to receive the upload; the file waits for what it has to read, and raises what keeps it from coming."""
        self._upload = _Upload()
        self.watch()
        return io.BufferedReader(self._upload)

    def watch(self) -> asyncio.Task[None]:
        """Receive until the client leaves."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(self._upload))
        return self._watching

    async def _watch(self, upload: _Upload | None) -> None:
        while self._exchange.client != "gone":
            try:
                part = await self._exchange.receive_part()
            except Problem as refusal:
                if upload is not None:
                    upload.end(refusal)
                continue
            if upload is not None and self._exchange.refusal is None:
                await upload.add(part)
                if self._exchange.client == "listening":
                    upload.end(None)
        if upload is not None:
            upload.end(ClientGone("it left before its upload was complete"))

    async def unless_gone(self, work: Coroutine[Any, Any, _T] | asyncio.Future[_T]) -> _T:
        """Do something that makes sense only while the client is there; it is cancelled when the client leaves."""
        working = asyncio.ensure_future(work)
        try:
            await asyncio.wait([working, self.watch()], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        raise ClientGone("it left")

    async def respond(self, complete: Complete) -> None:
        """Send a complete answer, as long as the client is there.

        Most are sent before anyone could look. But Hypercorn leaves a message that waits for the window of an HTTP/2
        stream waiting for ever after a reset.
        """
        if len(complete.body) <= PIECE and self._exchange.scope["http_version"].startswith("1"):
            await self._exchange.respond(complete)
        else:
            await self.unless_gone(self._exchange.respond(complete))

    async def close(self, *, is_read: bool) -> None:
        """Stop receiving. A thread that still reads the upload closes it itself; its client has left."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self._upload is not None:
            self._upload.end(ClientGone("the request is over"))
            if not is_read:
                self._upload.close()


class _Upload(io.RawIOBase):
    """What has arrived of an upload: the loop adds to it, one thread reads it as a file."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.spool = Spool()
        self._has_ended = False
        self._error: Exception | None = None

    async def add(self, part: bytes) -> None:
        """Add some bytes at the end."""
        await self.spool.run(partial(self._add, part), adding=len(part))

    def _add(self, part: bytes) -> None:
        with self._changed:
            if not self.closed:
                self.spool.add(part)
                self._changed.notify_all()

    def end(self, error: Exception | None) -> None:
        """Say that nothing more is added, and why if it is not all; the first reason counts."""
        with self._changed:
            if not self._has_ended:
                self._has_ended, self._error = True, error
            self._changed.notify_all()

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read what is there, at least one byte unless the upload has ended."""
        view = memoryview(buffer).cast("B")
        with self._changed:
            self._changed.wait_for(lambda: self.spool or self._has_ended)
            if not self.spool and self._error is not None:
                raise self._error
            part = self.spool.take(len(view))
        view[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Close the file."""
        with self._changed:
            super().close()
            self.spool.close()
