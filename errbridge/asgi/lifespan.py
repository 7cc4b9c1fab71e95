"""One lifespan of the server, passed on to every application.

They start up in the order in which they were given and shut down in the reverse one. An application without lifespan
support raises or returns (as the ASGI specification has it); that is no failure. One that fails to start ends
everything at once: those before it are shut down again, then the server learns which one failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import cast

from asgiref.typing import (
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    LifespanScope,
)

from errbridge.asgi.applications import AsgiApp

__all__ = ["serve_lifespan"]

_log = logging.getLogger("errbridge")


class _Failure(Exception):
    """An application said that it could not start up or shut down."""


class _Life:
    """The lifespan of one application, in a task of its own from its beginning to its end.

    Args:
        name: What to call the application.
        app: The application.
        scope: The server's scope; its ``state`` is the same for all.
    """

    def __init__(self, name: str, app: AsgiApp, scope: LifespanScope) -> None:
        self.name = name
        self._inbox: asyncio.Queue[ASGIReceiveEvent] = asyncio.Queue()
        self._outbox: asyncio.Queue[ASGISendEvent] = asyncio.Queue()
        self._supported = True
        self._task = asyncio.create_task(self._run(app, cast(LifespanScope, dict(scope))))

    async def _run(self, app: AsgiApp, scope: LifespanScope) -> None:
        await app(scope, self._inbox.get, self._answered)

    async def _answered(self, event: ASGISendEvent) -> None:
        if not event["type"].startswith("lifespan."):
            raise RuntimeError(f"a lifespan has no message {event['type']!r}")
        self._outbox.put_nowait(event)

    async def start(self) -> None:
        """Start the application up.

        Raises:
            _Failure: It said that it failed.
        """
        self._inbox.put_nowait({"type": "lifespan.startup"})
        self._supported = await self._until_answered("startup")

    async def stop(self) -> None:
        """Shut the application down, if it has a lifespan.

        Raises:
            _Failure: It said that it failed.
        """
        if self._supported:
            self._inbox.put_nowait({"type": "lifespan.shutdown"})
            await self._until_answered("shutdown")

    async def _until_answered(self, phase: str) -> bool:
        answering = asyncio.create_task(self._outbox.get())
        try:
            await asyncio.wait([answering, self._task], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                event = answering.result()
                if event["type"] == f"lifespan.{phase}.complete":
                    return True
                raise _Failure(event.get("message", "") or f"{phase} failed")
        finally:
            answering.cancel()
        if not self._task.cancelled() and (error := self._task.exception()):
            # An application that raises at the sight of the scope has no lifespan. One that took the message may have
            # failed; the specification wants the server to go on all the same, but the failure should be known.
            level = logging.WARNING if self._inbox.empty() else logging.DEBUG
            _log.log(
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
    """Pass a lifespan of the server on.

    Args:
        apps: The applications that speak ASGI, each with the name that messages call it.
        scope: The server's scope.
        receive: From the server.
        send: To the server.
        settle: Waits for what is still running, before the applications shut down.
        grace: Seconds that each application may take to shut down; one that takes longer to start up is logged.
    """
    lives: list[_Life] = []
    try:
        await receive()
        if failure := await _started(apps, scope, lives, grace):
            await _stopped(lives[:-1], grace)
            await _ended(lives)
            await send({"type": "lifespan.startup.failed", "message": failure})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await settle()
        failures = await _stopped(lives, grace)
        await _ended(lives)
        if failures:
            await send({"type": "lifespan.shutdown.failed", "message": "; ".join(failures)})
        else:
            await send({"type": "lifespan.shutdown.complete"})
    finally:
        await _ended(lives)


async def _started(
    apps: Iterable[tuple[str, AsgiApp]], scope: LifespanScope, lives: list[_Life], grace: float
) -> str | None:
    said = "the application %r is still starting up after %g seconds"
    for name, app in apps:
        life = _Life(name, app, scope)
        lives.append(life)
        # A server says nothing while it waits, and most of them wait for ever.
        late = asyncio.get_running_loop().call_later(grace, _log.warning, said, name, grace)
        try:
            await life.start()
        except _Failure as failure:
            _log.error("the application %r did not start: %s", name, failure)
            return f"the application {name!r} did not start: {failure}"
        finally:
            late.cancel()
    return None


async def _stopped(lives: list[_Life], grace: float) -> list[str]:
    failures = []
    for life in reversed(lives):
        try:
            async with asyncio.timeout(grace):
                await life.stop()
        except TimeoutError:
            failures.append(f"the application {life.name!r} did not shut down within {grace:g} seconds")
        except _Failure as failure:
            failures.append(f"the application {life.name!r} did not shut down: {failure}")
    for said in failures:
        _log.error("%s", said)
    return failures


async def _ended(lives: list[_Life]) -> None:
    # A server may take a failure as reason to stop at the message that reports it, so nothing may be left to do then.
    while lives:
        await lives.pop().end()
