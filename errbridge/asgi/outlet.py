"""The pipe of a streamed answer: filled by a thread, sent by the event loop, never holding more than its bound.

While it is full the thread waits, so a slow client slows its generator down, and does not fill the server's memory.
What piles up while the loop is sending goes out as one message.
"""

from __future__ import annotations

import asyncio
import threading

from errbridge.asgi.exchange import ClientGone, Exchange
from errbridge.asgi.messages import RawHeaders

__all__ = ["Outlet"]

_BOUND = 64 * 1024
"""Bytes that may wait in the pipe before its writer has to."""


class Outlet:
    """An answer that is sent piece by piece.

    Args:
        status: The status.
        headers: The headers.
        loop: The event loop that sends it.

    Attributes:
        status: The status.
    """

    __slots__ = (
        "_changed",
        "_chunks",
        "_error",
        "_has_ended",
        "_headers",
        "_held",
        "_is_cut",
        "_loop",
        "_news",
        "status",
    )

    def __init__(self, status: int, headers: RawHeaders, loop: asyncio.AbstractEventLoop) -> None:
        self.status = status
        self._headers = headers
        self._loop = loop
        self._chunks: list[bytes] = []
        self._held = 0
        self._has_ended = False
        self._error: BaseException | None = None
        self._is_cut = False
        self._changed = threading.Condition()
        self._news = asyncio.Event()

    def put(self, chunk: bytes) -> None:
        """Add to the answer, waiting while the pipe is full; called by a thread.

        Raises:
            ClientGone: There is no use in making more.
        """
        with self._changed:
            self._changed.wait_for(self._has_room)
            if self._is_cut:
                raise ClientGone
            self._chunks.append(chunk)
            self._held += len(chunk)
            was_empty = self._held == len(chunk)
        if was_empty:
            self._loop.call_soon_threadsafe(self._news.set)

    def _has_room(self) -> bool:
        return self._held < _BOUND or self._is_cut

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more is added, and why if that is not all; called by a thread."""
        with self._changed:
            self._has_ended, self._error = True, error
            if self._is_cut:
                return
        self._loop.call_soon_threadsafe(self._news.set)

    def cut(self) -> None:
        """Say that nothing will be sent any more."""
        with self._changed:
            self._is_cut = True
            self._chunks.clear()
            self._error = None
            self._changed.notify_all()

    async def send(self, exchange: Exchange) -> None:
        """Send what the thread puts in, until it says that the answer has ended.

        Raises:
            BaseException: What ended it early.
        """
        await exchange.begin(self.status, self._headers)
        has_ended = False
        while not has_ended:
            await self._news.wait()
            self._news.clear()
            with self._changed:
                body, self._held = b"".join(self._chunks), 0
                self._chunks.clear()
                has_ended = self._has_ended
                self._changed.notify_all()
            await exchange.write(body)
        if self._error is not None:
            raise self._error
        await exchange.finish()
