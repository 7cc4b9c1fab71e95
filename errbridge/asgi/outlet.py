"""The pipe of a streamed answer: filled by a thread, sent by the event loop, never holding more than its bound.

While it is full the thread waits, so a slow client slows down the generator and not the server's memory. What piles up
while the loop is sending goes out as one message.
"""

from __future__ import annotations

import asyncio
import threading

from errbridge.asgi.exchange import Exchange
from errbridge.asgi.messages import RawHeaders

__all__ = ["BOUND", "ClientGone", "Outlet"]

BOUND = 64 * 1024
"""Bytes that may wait in the pipe before its writer has to."""


class ClientGone(Exception):
    """Nobody is there any more to read the answer."""


class Outlet:
    """Sends the answer of an exchange piece by piece.

    Args:
        exchange: Where the messages go.
        loop: The event loop that sends them.
    """

    __slots__ = ("_changed", "_chunks", "_ended", "_exchange", "_gone", "_loop", "_news", "_waiting")

    def __init__(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> None:
        self._exchange = exchange
        self._loop = loop
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._ended = False
        self._gone = False
        self._changed = threading.Condition()
        self._news = asyncio.Event()

    def put(self, chunk: bytes) -> None:
        """Add to the answer, waiting while the pipe is full; called by a thread.

        Raises:
            ClientGone: There is no use in producing more.
        """
        with self._changed:
            while self._waiting >= BOUND and not self._gone:
                self._changed.wait()
            if self._gone:
                raise ClientGone
            sleeping = not self._chunks
            self._chunks.append(chunk)
            self._waiting += len(chunk)
        if sleeping:
            self._loop.call_soon_threadsafe(self._news.set)

    def end(self) -> None:
        """Say that the answer is complete; called by a thread."""
        with self._changed:
            self._ended = True
        self._loop.call_soon_threadsafe(self._news.set)

    def hang_up(self) -> None:
        """Say that nothing will be sent any more."""
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    async def send(self, status: int, headers: RawHeaders) -> None:
        """Send what the thread puts in, until it says that the answer is complete."""
        try:
            await self._exchange.start(status, headers)
            ended = False
            while not ended:
                await self._news.wait()
                self._news.clear()
                with self._changed:
                    body, self._chunks, self._waiting = b"".join(self._chunks), [], 0
                    ended = self._ended
                    self._changed.notify_all()
                if body:
                    await self._exchange.write(body)
        finally:
            self.hang_up()
