"""The threads that WSGI applications run in, and whose turn it is.

A request to an application takes a *turn*, and a thread for as long as its code runs, from the first line to
``close()``: one thread, because applications keep database connections and locks by thread. There are as many turns as
the bridge has ``threads``. An answer that is streamed may go on for hours, mostly asleep. So it gives up its turn when
it begins, and its thread goes on beside the turns, as long as those are not too many.

Turns belong to the event loop: nothing here is called by a thread, except for `_Thread._work`.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

from asgiref import sync
from asgiref.sync import sync_to_async

from errbridge.asgi.exchange import make_problem
from errbridge.errors import SetupError
from errbridge.languages.language import Message

__all__ = ["Threads", "Turn"]

_LOOK_AGAIN = 0.01  # seconds after which a shutdown looks again whether all functions have ended
_numbers = itertools.count(1)


@dataclass(slots=True, eq=False)
class Turn:
    """The right of one request to a thread."""

    _threads: Threads
    coming: asyncio.Future[None] | None  # which is waited for if no turn was free
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
        """Give it back: the thread is free. One that has not come is waited for no more."""
        self._has_ended = True
        if self._is_stream:
            self._threads.streaming -= 1
        elif self.coming is None or not (self.coming.cancel() or self.coming.cancelled()):
            self._threads.pass_on_turn()
        else:
            self._threads.stop_waiting(self.coming)


class Threads:
    """Runs functions in threads: so many at the same time, so many more that stream, while so many wait for a turn."""

    def __init__(self, turns: int, *, waiting: int | None = None, streams: int = 0) -> None:
        self.free = self._turns = turns
        self.streaming = 0  # beside the turns
        self.most_streaming = streams
        self._most_waiting = waiting
        self._queue: deque[asyncio.Future[None]] = deque()
        self._idle: list[_Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def take_turn(self) -> Turn:
        """Take a turn, or wait for one that is coming; a 503 if too many requests are waiting already."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            if self._loop is not None and self._loop.is_running():
                raise SetupError("a bridge serves one event loop at a time; make one for each")
            self._loop = loop
        if self.free:
            self.free -= 1
            return Turn(self, None)
        if self._most_waiting is not None and len(self._queue) >= self._most_waiting:
            problem = make_problem(503, Message("Too many requests are waiting here. Try again in a moment."))
            problem.headers = (("Retry-After", "1"),)  # places become free one by one, not all at once
            raise problem
        self._queue.append(coming := loop.create_future())
        return Turn(self, coming)

    def stop_waiting(self, coming: asyncio.Future[None]) -> None:
        """Take a turn that will not be used out of the queue: no other request is refused for it."""
        with suppress(ValueError):
            self._queue.remove(coming)

    def pass_on_turn(self) -> None:
        """Give a turn to the request that has waited longest."""
        while self._queue:
            given = self._queue.popleft()
            if not given.done():
                given.set_result(None)
                return
        self.free += 1

    async def start(self, function: Callable[[], object], turn: Turn) -> None:
        """Run a function that raises nothing in a thread, in a copy of the caller's context. The turn ends with it.

        If no thread can be started, the turn is left to the caller.
        """
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[-1].loop is not loop:
            self._idle.pop().inbox.put(None)
        if self._idle:
            thread = self._idle.pop()
        else:
            thread = _Thread(loop)
            try:
                await thread.starting
            except BaseException:
                thread.inbox.put(None)
                raise
        thread.inbox.put((copy_context(), function, partial(self._end, thread, turn)))

    def _end(self, thread: _Thread, turn: Turn) -> None:
        turn.end()
        if len(self._idle) < self._turns:
            self._idle.append(thread)
        else:
            thread.inbox.put(None)

    async def close(self, grace: float) -> bool:
        """Wait so many seconds for the functions that are running, then end the idle threads. A next one starts others.

        Return whether all of them ended. Those that did not are left alone: a thread cannot be stopped.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + grace
        while self._is_busy() and clock() < until:  # noqa: ASYNC110 - each request would have to set an event
            await asyncio.sleep(_LOOK_AGAIN)
        while self._idle:
            self._idle.pop().inbox.put(None)
        return not self._is_busy()

    def _is_busy(self) -> bool:
        return self.free < self._turns or self.streaming > 0


# What is in an asgiref.local.Local belongs to a thread. asgiref hands it to the next one where it calls a function
# itself, by a function that is not documented; without it, only the values of context variables arrive.
_restore_context: Callable[[Context], None] = getattr(sync, "_restore_context", lambda context: None)


class _Thread(Executor):
    """A thread that runs one function after the other, each followed by one on the loop, until its inbox has None.

    It does so within one call of asgiref's, whose executor it is: from there async_to_sync leads back to the loop that
    the requests come from, so async views run on it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.inbox: SimpleQueue[tuple[Context, Callable[[], object], Callable[[], None]] | None] = SimpleQueue()
        this: Any = self  # asgiref's types want a pool
        working = sync_to_async(self._work, thread_sensitive=False, executor=this)()
        self.starting = loop.create_task(working, context=Context())  # an idle thread keeps nothing of a request

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        # The process does not wait for it at its end: by then `Threads.close` has waited.
        name = f"errbridge-wsgi-{next(_numbers)}"
        threading.Thread(target=function, args=args, kwargs=kwargs, name=name, daemon=True).start()
        started: Future[Any] = Future()
        started.set_result(None)
        return started

    def _work(self) -> None:
        while (job := self.inbox.get()) is not None:
            context, function, end = job
            with suppress(Exception):  # asgiref 3.8 compares values, which arrays refuse; it loses nothing by that
                context.run(_restore_context, context)
            context.run(function)
            try:
                self.loop.call_soon_threadsafe(end)
            except RuntimeError:  # the loop has ended: this thread outlived the server
                end()
            del job, context, function, end  # an idle thread keeps nothing of its last request
