"""The threads that WSGI applications run in: as many as there may be, and no others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async

from errbridge.asgi.edges import saturated

__all__ = ["Threads"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_RETRY_AFTER = 1
"""Seconds after which it is worth trying again: places in the queue become free one by one, not all at once."""


class _Pool(ThreadPoolExecutor):
    """A pool that knows how many of its calls have not ended, whether they are running or waiting."""

    def __init__(self, size: int) -> None:
        super().__init__(size, "errbridge-wsgi")
        self.pending = 0
        self._counting = threading.Lock()
        self._when_idle: Callable[[], object] | None = None

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        with self._counting:
            self.pending += 1
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._left)
        return future

    def _left(self, _: Future[Any]) -> None:
        with self._counting:
            self.pending -= 1
            if self.pending or self._when_idle is None:
                return
            told, self._when_idle = self._when_idle, None
        told()

    def tell_when_idle(self, told: Callable[[], object]) -> None:
        """Have a function called once nothing is pending, in whichever thread that is noticed."""
        with self._counting:
            if self.pending:
                self._when_idle = told
                return
        told()


def _call(call: Callable[[], _T]) -> _T:
    return call()


class Threads:
    """Runs calls in a bounded pool of threads, which are started as they are needed.

    Args:
        size: How many threads there may be.
        waiting: How many calls may wait for one; None for any number.
    """

    __slots__ = ("_in_thread", "_pool", "_size", "_waiting")

    def __init__(self, size: int, waiting: int | None) -> None:
        self._size = size
        self._waiting = waiting
        self._open()

    def _open(self) -> None:
        self._pool = _Pool(self._size)
        self._in_thread: Callable[[Callable[[], Any]], Coroutine[Any, Any, Any]]
        self._in_thread = sync_to_async(_call, thread_sensitive=False, executor=self._pool)

    async def run(self, call: Callable[[], _T]) -> _T:
        """Run a call in a thread, in a copy of the caller's context.

        From that thread ``asgiref.sync.async_to_sync`` leads back to the loop that this is called in, which is how the
        async views and handlers of a Flask application come to run on the loop of the server.

        Raises:
            Problem: 503, too many calls are waiting.
        """
        if self._waiting is not None and self._pool.pending >= self._size + self._waiting:
            raise saturated(_RETRY_AFTER)
        result: _T = await self._in_thread(call)
        return result

    async def close(self, grace: float) -> bool:
        """Wait for the calls that are pending, then give the threads back. A next call starts new ones.

        Args:
            grace: Seconds to wait.

        Returns:
            Whether all of them ended in time. Those that did not are left alone: a thread cannot be stopped.
        """
        pool = self._pool
        self._open()
        loop = asyncio.get_running_loop()
        idle = asyncio.Event()

        def tell() -> None:
            """Say so to the loop that waits."""
            with suppress(RuntimeError):  # a thread that outlived the grace may outlive the loop as well
                loop.call_soon_threadsafe(idle.set)

        pool.tell_when_idle(tell)
        try:
            await asyncio.wait_for(idle.wait(), grace)
        except TimeoutError:
            return False
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return True
