"""The threads that WSGI applications run in, and whose turn it is.

A request to an application takes a *turn*, and a thread for as long as its code runs, from the first line to
``close()``: one thread, because applications keep database connections and locks by thread. There are as many turns as
the bridge has ``threads``. An answer that is streamed may go on for hours, mostly asleep. So it gives up its turn when
it begins, and its thread goes on beside the turns, as long as those are not too many.

Turns belong to the event loop: nothing here is called by a thread, except for `Threads._work`.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async

from errbridge.asgi.edges import saturated

__all__ = ["Threads", "Turn"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_RETRY_AFTER = 1
"""Seconds after which it is worth trying again: places in the queue become free one by one, not all at once."""

_numbers = itertools.count(1)


@dataclass(slots=True)
class Turn:
    """The right of one request to a thread."""

    _threads: Threads
    _is_stream: bool = False
    _has_ended: bool = False

    def become_stream(self) -> None:
        """Let another request have the turn, if one more stream may go on beside the turns."""
        is_settled = self._is_stream or self._has_ended  # a short stream may be over before the loop sees its beginning
        if not is_settled and self._threads.streaming < self._threads.most_streaming:
            self._is_stream = True
            self._threads.streaming += 1
            self._threads.pass_on_turn()

    def end(self) -> None:
        """Give it back: the thread is free."""
        self._has_ended = True
        if self._is_stream:
            self._threads.streaming -= 1
        else:
            self._threads.pass_on_turn()


class Threads:
    """Runs functions in threads: so many at the same time, so many more that stream, while so many wait for a turn."""

    def __init__(self, turns: int, *, waiting: int | None = None, streams: int = 0) -> None:
        self.free = turns  # not taken
        self.streaming = 0  # beside the turns
        self.most_streaming = streams
        self._most_waiting = waiting
        self._queue: deque[asyncio.Future[None]] = deque()
        self._workers = _Workers(turns)
        self._running: set[asyncio.Task[None]] = set()
        # From such a thread async_to_sync leads back to the loop that the request came from: async views run there.
        workers: Any = self._workers  # asgiref's types want a pool
        self._in_thread = sync_to_async(_call, thread_sensitive=False, executor=workers)

    def take_turn(self) -> Turn | None:
        """Take a turn; None if none is free."""
        if not self.free:
            return None
        self.free -= 1
        return Turn(self)

    async def wait_for_turn(self) -> Turn:
        """Wait until a turn is free, and take it.

        Raises:
            Problem: 503, too many requests are waiting.
        """
        if self._most_waiting is not None and len(self._queue) >= self._most_waiting:
            raise saturated(_RETRY_AFTER)
        given = asyncio.get_running_loop().create_future()
        self._queue.append(given)
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():  # at the same moment
                self.pass_on_turn()
            raise
        return Turn(self)

    def pass_on_turn(self) -> None:
        """Give a turn to the request that has waited longest."""
        while self._queue:
            given = self._queue.popleft()
            if not given.done():
                given.set_result(None)
                return
        self.free += 1

    def start(self, function: Callable[[], object], turn: Turn) -> None:
        """Run a function that raises nothing in a thread, in a copy of the caller's context. The turn ends with it."""
        task = asyncio.create_task(self._in_thread(function))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: turn.end())

    async def close(self, grace: float) -> bool:
        """Wait for the functions that are running, then end the idle threads. A next function starts new ones.

        Returns:
            Whether all of them ended in so many seconds. Those that did not are left alone: a thread cannot be stopped.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + grace
        while self._running and clock() < until:  # the end of one may begin the next
            await asyncio.wait(self._running, timeout=until - clock())
        self._workers.end_idle()
        return not self._running


def _call(function: Callable[[], object]) -> None:
    function()


_Job = tuple["Future[Any]", Callable[[], Any]]


class _Workers(Executor):
    """A thread for every call: an idle one, or a new one. Then it waits for a next call, unless enough others do."""

    def __init__(self, most_idle: int) -> None:
        self._most_idle = most_idle
        self._idle: list[SimpleQueue[_Job | None]] = []
        self._lock = threading.Lock()

    def submit(self, function: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()  # a thread is sure to have it, so it cannot be cancelled any more
        with self._lock:
            inbox: SimpleQueue[_Job | None] | None = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox, name = SimpleQueue(), f"errbridge-wsgi-{next(_numbers)}"
            # Not waited for when the process ends: by then `Threads.close` has waited.
            threading.Thread(target=self._work, args=(inbox,), name=name, daemon=True).start()
        inbox.put((future, partial(function, *args, **kwargs)))
        return future

    def _work(self, inbox: SimpleQueue[_Job | None]) -> None:
        stays = True
        while stays and (job := inbox.get()) is not None:
            future, call = job
            result, error = None, None
            try:
                result = call()
            except BaseException as raised:
                error = raised
            with self._lock:
                stays = len(self._idle) < self._most_idle
                if stays:
                    self._idle.append(inbox)
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
            del job, future, call, result, error  # an idle thread keeps nothing of its last request

    def end_idle(self) -> None:
        """End the threads that wait for a call."""
        with self._lock:
            idle, self._idle = self._idle, []
        for inbox in idle:
            inbox.put(None)
