"""The pipe of an upload: filled by the event loop, read as a file by a thread, never holding more than its bound.

While it is full nothing is received, so the server stops reading and the client has to wait. Once the upload is
complete the loop keeps listening, for then the next message is the client leaving.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections import deque
from typing import TYPE_CHECKING, cast

from asgiref.typing import HTTPRequestEvent

from errbridge.asgi.exchange import Exchange

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Inlet", "Upload"]

BOUND = 64 * 1024
"""Bytes that may wait in the pipe; also the longest upload that is received before a thread is taken for it."""


class Inlet:
    """Receives the upload of an exchange.

    Args:
        exchange: Where the messages come from.
        length: What ``Content-Length`` says.

    Attributes:
        told: What a reader was told instead of the rest of the upload.
    """

    __slots__ = (
        "_changed",
        "_chunks",
        "_complete",
        "_error",
        "_exchange",
        "_length",
        "_listener",
        "_loop",
        "_room",
        "_waiting",
        "told",
    )

    def __init__(self, exchange: Exchange, length: int | None) -> None:
        self._exchange = exchange
        self._length = length
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._complete = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._room = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self.told: BaseException | None = None
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Receive what is there: a small upload completely, of a large or endless one the first part.

        A thread that waits for a slow client is lost to all others; so a small upload comes first, then the thread.
        """
        small = self._length is not None and self._length <= BOUND
        await self._receive()
        while small and not self._complete and not self._exchange.gone and self._waiting <= BOUND:
            await self._receive()
        if not self._complete and not self._exchange.gone:
            self.listen()

    def file(self) -> io.BytesIO | io.BufferedReader:
        """Give the upload as the file that WSGI wants."""
        if self._complete and self._error is None:
            return io.BytesIO(b"".join(self._chunks))
        return io.BufferedReader(Upload(self), BOUND)

    def listen(self) -> asyncio.Task[None]:
        """Receive on, until the client leaves."""
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        return self._listener

    async def close(self) -> None:
        """Stop listening; a thread that still reads is told that the client has left."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        self._fail(ConnectionResetError("the request is over"))

    async def _listen(self) -> None:
        while not self._exchange.gone:
            try:
                await self._receive()
            except Exception as error:  # the limit, or the server: whoever reads has to know
                self._fail(error)
                return
            while self._waiting > BOUND:
                self._room.clear()
                await self._room.wait()

    async def _receive(self) -> None:
        event = await self._exchange.receive()
        if event["type"] == "http.disconnect":
            if not self._complete:
                self._fail(ConnectionResetError("the client left before its upload was complete"))
            return
        event = cast(HTTPRequestEvent, event)
        with self._changed:
            if body := event.get("body", b""):
                self._chunks.append(body)
                self._waiting += len(body)
            self._complete = not event.get("more_body", False)
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self._error is None and not self._complete:
                self._error = error
            self._changed.notify_all()

    def take(self, most: int) -> bytes:
        """Take some bytes, waiting until there are any; called by a thread.

        Args:
            most: No more bytes than that.

        Returns:
            The bytes, none at the end.

        Raises:
            ConnectionResetError: The client left before its upload was complete.
            Problem: 413, the upload is too large.
        """
        with self._changed:
            while not self._chunks and not self._complete and self._error is None:
                self._changed.wait()
            if not self._chunks:
                if self._error is not None:
                    self.told = self._error
                    raise self._error
                return b""
            chunk = self._chunks.popleft()
            if len(chunk) > most:
                self._chunks.appendleft(chunk[most:])
                chunk = chunk[:most]
            was_full = self._waiting > BOUND
            self._waiting -= len(chunk)
            has_room = was_full and self._waiting <= BOUND
        if has_room:
            self._loop.call_soon_threadsafe(self._room.set)
        return chunk


class Upload(io.RawIOBase):
    """The reading end of an inlet, for :class:`io.BufferedReader` to make a file of.

    Args:
        inlet: Where the bytes come from.
    """

    def __init__(self, inlet: Inlet) -> None:
        self._inlet = inlet

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read what is there, at least one byte unless the upload has ended."""
        view = memoryview(buffer).cast("B")
        chunk = self._inlet.take(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)
