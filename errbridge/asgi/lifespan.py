"""One lifespan of the server, passed on to every application.

They start up in the order in which they were given and shut down in the reverse one. An application without lifespan
support raises or returns (as the ASGI specification has it); that is no failure. One that fails to start ends
everything at once: those before it are shut down again, then the server learns which one failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, cast

from asgiref.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, ASGISendEvent, LifespanScope

from errbridge.asgi.applications import AsgiApp
from errbridge.log import log

__all__ = ["serve_lifespan"]


class _Failure(Exception):
    """An application said that it could not start up or shut down."""


class _Life:
    """The lifespan of one application, in a task of its own from its beginning to its end."""

    def __init__(self, name: str, app: AsgiApp, scope: LifespanScope) -> None:
        self.name = name
        self._inbox: asyncio.Queue[ASGIReceiveEvent] = asyncio.Queue()
        self._outbox: asyncio.Queue[ASGISendEvent] = asyncio.Queue()
        self._supported = False  # so far
        self._task = asyncio.create_task(self._run(app, cast(LifespanScope, dict(scope))))

    async def _run(self, app: AsgiApp, scope: LifespanScope) -> None:
        await app(scope, self._inbox.get, self._answered)

    async def _answered(self, event: ASGISendEvent) -> None:
        if not event["type"].startswith("lifespan."):
            raise RuntimeError(f"a lifespan has no message {event['type']!r}")
        self._outbox.put_nowait(event)

    async def start(self, grace: float) -> None:
        """Start the application up.

        Raises:
            _Failure: It said that it failed.
        """
        # A server says nothing while it waits, and most of them wait for ever.
        said = "the application %r is still starting up after %g seconds"
        late = asyncio.get_running_loop().call_later(grace, log.warning, said, self.name, grace)
        self._inbox.put_nowait({"type": "lifespan.startup"})
        try:
            self._supported = await self._until_answered("startup")
        finally:
            late.cancel()

    async def stop(self, grace: float) -> None:
        """Shut the application down, if it has a lifespan.

        Raises:
            _Failure: It said that it failed, or took too long.
        """
        if self._supported:
            self._inbox.put_nowait({"type": "lifespan.shutdown"})
            try:
                async with asyncio.timeout(grace):
                    await self._until_answered("shutdown")
            except TimeoutError:
                raise _Failure(f"the application {self.name!r} did not shut down within {grace:g} seconds") from None

    async def _until_answered(self, phase: Literal["startup", "shutdown"]) -> bool:
        answering = asyncio.create_task(self._outbox.get())
        try:
            await asyncio.wait([answering, self._task], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                event = answering.result()
                if event["type"] == f"lifespan.{phase}.complete":
                    return True
                failed = {"startup": "start", "shutdown": "shut down"}[phase]
                reason = event.get("message") or f"{phase} failed"
                raise _Failure(f"the application {self.name!r} did not {failed}: {reason}")
        finally:
            answering.cancel()
        if not self._task.cancelled() and (error := self._task.exception()):
            # An application that raises at the sight of the scope has no lifespan. One that took the message may have
            # failed; the specification wants the server to go on all the same, but the failure should be known.
            level = logging.WARNING if self._inbox.empty() else logging.DEBUG
            log.log(
                level, "the application %r goes on without lifespan: it raised %r", self.name, error, exc_info=error
            )
        return False

    async def end(self) -> None:
        """End the task, whatever it is doing."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def serve_lifespan(
    apps: Iterable[tuple[str, AsgiApp]],
    scope: LifespanScope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
    settle: Callable[[], Awaitable[None]],
    grace: float,
) -> None:
    """Pass a lifespan of the server on to applications, each with the name that messages call it.

    *settle* waits for what is still running, before they shut down. Each of them may take *grace* seconds for that; one
    that takes longer to start up is logged.
    """
    lives: list[_Life] = []
    failed = None
    failures: list[str] = []
    try:
        await receive()
        try:
            for name, app in apps:
                lives.append(_Life(name, app, scope))
                await lives[-1].start(grace)
        except _Failure as failure:
            log.error("%s", failure)
            failed = str(failure)
        else:
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await settle()
        for life in reversed(lives):
            try:
                await life.stop(grace)
            except _Failure as failure:
                log.error("%s", failure)
                failures.append(str(failure))
    finally:
        # A server may take a failure as reason to stop at the message that reports it: nothing may be left to do then.
        while lives:
            await lives.pop().end()
    if failed is not None:
        await send({"type": "lifespan.startup.failed", "message": failed})
    elif failures:
        await send({"type": "lifespan.shutdown.failed", "message": "; ".join(failures)})
    else:
        await send({"type": "lifespan.shutdown.complete"})
