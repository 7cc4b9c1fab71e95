"""A streamed answer: made by a thread, sent by the event loop, which waits for the client in its place.

The thread runs ahead of a slow client, into memory and then a temporary file, up to a bound. So it is free as soon as
its code has ended, and a generator keeps its database connection for as long as it computes, not for as long as a phone
reads. At the bound it waits, because an answer may have no end.

All chunks are made in one thread, as under every WSGI server. To take another thread for each chunk would free those
that wait at the bound, too. But what belongs to a thread (a connection of SQLite, a lock, ``threading.local``) would
then fail in a generator, only where a client is slow; and a chunk would cost ten times as much.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial

from errbridge.asgi.exchange import PIECE, ClientGone, Exchange, RawHeaders
from errbridge.asgi.spool import Spool

__all__ = ["Outlet"]

AHEAD = 16 * 1024**2  # bytes that a thread may be ahead of its client


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
        self._spool.end()
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
