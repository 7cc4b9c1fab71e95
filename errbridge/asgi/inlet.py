"""What a client sends, on its way to a WSGI application: its upload, and the news that it has left.

A thread is taken for code, not for clients. So the whole upload is received first, in memory up to a bound and in a
temporary file beyond it; then the thread is taken, and reads a file. Where an application wants to read while its
client still sends, the thread is taken at once, and waits for its client where it has read all that is there.
In both cases nothing stops the loop from receiving, so it always notices a client that leaves.
"""

from __future__ import annotations

import asyncio
import io
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
    _spool: Spool | None = None
    _watching: asyncio.Task[None] | None = None

    async def gather(self) -> IO[bytes]:
        """Receive the whole upload, as a file that is closed with the inlet."""
        part = await self._exchange.receive_part()
        if self._exchange.client == "uploading":
            self._spool = Spool()
            await _add(self._spool, part)
            while self._exchange.client == "uploading":
                await _add(self._spool, await self._exchange.receive_part())
        if self._exchange.client == "gone":
            raise ClientGone("it left before its request was complete")
        return io.BytesIO(part) if self._spool is None else self._spool.rewind()

    def stream(self) -> IO[bytes]:
        """Begin to receive the upload; the file waits for what it has to read, and raises what keeps it from coming."""
        self._spool = Spool()
        self._watching = asyncio.create_task(self._watch(self._spool))
        return io.BufferedReader(_Upload(self._spool))

    def watch(self) -> asyncio.Task[None]:
        """Receive until the client leaves."""
        if self._watching is None:
            nowhere = Spool()
            nowhere.end()
            self._watching = asyncio.create_task(self._watch(nowhere))
        return self._watching

    async def _watch(self, spool: Spool) -> None:
        try:
            while self._exchange.client != "gone":
                try:
                    part = await self._exchange.receive_part()
                    if not spool.has_ended:
                        await _add(spool, part)
                        if self._exchange.client == "listening":
                            spool.end()
                except Exception as error:
                    spool.end(error)
                    if error is not self._exchange.refusal:  # of a middleware, or of the disk: no news is to come
                        await asyncio.Event().wait()
        finally:
            spool.end(ClientGone("it left before its upload was complete"))

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
        if self._spool is not None:
            self._spool.end(ClientGone("the request is over"))
            if not is_read:
                self._spool.close()


async def _add(spool: Spool, part: bytes) -> None:
    await spool.run(partial(spool.add, part), adding=len(part))


class _Upload(io.RawIOBase):
    """What has arrived of an upload, as a file for one thread."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read what is there, at least one byte unless the upload has ended."""
        view, spool = memoryview(buffer).cast("B"), self._spool
        with spool.changed:
            spool.changed.wait_for(lambda: spool or spool.has_ended)
            if not spool and spool.error is not None:
                if isinstance(spool.error, (Problem, ClientGone)):
                    raise spool.error
                # Werkzeug takes an OSError or a ValueError for a client that has left.
                raise RuntimeError("the rest of the upload could not be received") from spool.error
            part = spool.take(len(view))
        view[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._spool.close()
