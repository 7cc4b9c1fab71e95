"""Bodies on their way between a client, the event loop and a thread, which waits for no client.

A thread is taken for code, not for clients. So a whole upload is received first, in memory up to a bound and in a
temporary file beyond it; then the thread is taken, and reads a file. Where an application wants to read while its
client still sends, the thread is taken at once, and waits for its client where it has read all that is there.
In both cases nothing stops the loop from receiving, so it always notices a client that leaves.

A streamed answer is made by a thread, and sent by the event loop, which waits for the client in its place. The thread
runs ahead of a slow client, up to a bound. So it is free as soon as its code has ended, and a generator keeps its
database connection for as long as it computes, not for as long as a phone reads. At the bound it waits, because an
answer may have no end.

All chunks are made in one thread, as under every WSGI server. To take another thread for each chunk would free those
that wait at the bound, too. But what belongs to a thread (a connection of SQLite, a lock, ``threading.local``) would
then fail in a generator, only where a client is slow; and a chunk would cost ten times as much.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from io import BufferedReader, BytesIO, RawIOBase
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

from errbridge.asgi.exchange import PIECE, ClientGone, Complete, Exchange, RawHeaders
from errbridge.problem.problem import Problem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Inlet", "Outlet", "Spool"]

_T = TypeVar("_T")

IN_MEMORY = 256 * 1024  # bytes of a queue that are kept in memory
AHEAD = 16 * 1024**2  # bytes that a thread may be ahead of its client

# The loop waits for no disk, and for no pool that applications use.
_disk = ThreadPoolExecutor(4, thread_name_prefix="errbridge-disk")


class Spool:
    """A queue of bytes, in memory or on a disk. The loop never waits for it; a thread waits for `changed`."""

    __slots__ = ("_file", "_taken", "changed", "error", "has_ended", "size")

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.has_ended = False
        self.error: BaseException | None = None  # why it has ended early
        self.size = 0  # of the file, which has everything since the queue was last empty
        self._taken = 0
        self._file: IO[bytes] = BytesIO()

    def __len__(self) -> int:
        return self.size - self._taken

    def add(self, part: bytes) -> None:
        """Add bytes at the end, unless there is no more to add."""
        with self.changed:
            if self.has_ended:
                return
            if self.size + len(part) > IN_MEMORY and isinstance(self._file, BytesIO):
                part = self._file.getvalue()[self._taken :] + part
                # Without a buffer: also when the disk is full, `size` is what is there.
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `close`
                self._taken = self.size = 0
            self._file.seek(self.size)
            while part:
                written = self._file.write(part)
                self.size, part = self.size + written, part[written:]
            self.changed.notify_all()

    def take(self, most: int) -> bytes:
        """Take bytes from the beginning, all of them if there are no more than that."""
        with self.changed:
            self._file.seek(self._taken)
            part = self._file.read(most)
            self._taken += len(part)
            if self._taken == self.size:
                self._clear()
            self.changed.notify_all()
            return part

    async def run(self, function: Callable[[], _T], *, adding: int = 0) -> _T:
        """Call a function that adds or takes bytes; in a thread if they are on a disk."""
        if self.size + adding <= IN_MEMORY:
            return function()
        return await asyncio.get_running_loop().run_in_executor(_disk, function)

    def rewind(self) -> IO[bytes]:
        """Return everything as a file."""
        self._file.seek(0)
        return BufferedReader(cast(RawIOBase, self._file))

    def end(self, error: BaseException | None = None) -> None:
        """Note that nothing more is added, and why if it is not all; the first reason counts."""
        with self.changed:
            if not self.has_ended:
                self.has_ended, self.error = True, error
            self.changed.notify_all()

    def close(self) -> None:
        """End, and throw everything away."""
        with self.changed:
            self.end()
            self.error = None
            self._clear()

    def _clear(self) -> None:
        self._file.close()
        self._file, self._taken, self.size = BytesIO(), 0, 0


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
        return BytesIO(part) if self._spool is None else self._spool.rewind()

    def stream(self) -> IO[bytes]:
        """Begin to receive the upload; the file waits for what it has to read, and raises what keeps it from coming."""
        self._spool = Spool()
        self._watching = asyncio.create_task(self._watch(self._spool))
        return BufferedReader(_Upload(self._spool))

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


class _Upload(RawIOBase):
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


@dataclass(slots=True, eq=False)
class Outlet:
    """An answer that an event loop sends piece by piece."""

    status: int
    _headers: RawHeaders
    _loop: asyncio.AbstractEventLoop
    _spool: Spool = field(default_factory=Spool)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, chunk: bytes) -> None:
        """Add to the answer, waiting while the thread is too far ahead; called by the thread."""
        spool = self._spool
        with spool.changed:
            # By its size, not by its length: a file that is never empty would grow with the stream.
            spool.changed.wait_for(lambda: spool.size < AHEAD or spool.has_ended)
            if spool.has_ended:
                raise ClientGone
            was_empty = not spool
            spool.add(chunk)
        if was_empty:
            self._loop.call_soon_threadsafe(self._news.set)

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more is added, and why if that is not all; called by the thread."""
        if not self._spool.has_ended:
            self._spool.end(error)
            self._loop.call_soon_threadsafe(self._news.set)

    def cut(self) -> None:
        """Say that nothing will be sent any more."""
        self._spool.close()

    async def send(self, exchange: Exchange) -> None:
        """Send what the thread puts in, until it says that the answer has ended, and raise what ended it early."""
        await exchange.send({"type": "http.response.start", "status": self.status, "headers": self._headers})
        take = partial(self._spool.take, PIECE)
        while True:
            has_ended = self._spool.has_ended  # before it is found empty
            if piece := await self._spool.run(take):
                await exchange.write(piece)
            elif has_ended:
                break
            else:
                await self._news.wait()
                self._news.clear()
        if self._spool.error is not None:
            raise self._spool.error
        await exchange.send({"type": "http.response.body", "body": b"", "more_body": False})
