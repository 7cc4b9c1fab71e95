"""One lifespan of the server, passed on to every application.

They start up in the order in which they were given and shut down in the reverse one. An application without lifespan
support raises or returns (as the ASGI specification has it); that is no failure. One that fails to start ends
everything at once: those before it are shut down again, then the server learns which one failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, LifespanScope

from errbridge.asgi.applications import AsgiApp
from errbridge.log import log

__all__ = ["serve_lifespan"]


class _Life:
    """The lifespan of one application, in a task of its own from its beginning to its end."""

    def __init__(self, name: str, app: AsgiApp, scope: LifespanScope) -> None:
        self._name = name
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()  # what the application sends, and None at its end
        self._has_ended = False
        self._phase = ""  # that the application has still to complete
        self._task = asyncio.create_task(self._run(app, dict(scope)))

    async def _run(self, app: AsgiApp, scope: Any) -> None:
        last = None
        try:
            await app(scope, self._inbox.get, self._send)
        except BaseException as error:
            if self._task.cancelling() or isinstance(error, KeyboardInterrupt):
                raise
            # Raised on, sys.exit() would end the loop before the other applications can shut down.
            if self._phase == "shutdown" or (self._phase and isinstance(error, SystemExit)):
                last = {"type": "failed", "message": f"it raised {error!r}", "error": error}
            else:
                # An application that raises at the sight of the scope has no lifespan. One that took the message may
                # have failed; the specification wants the server to go on all the same, but it should be known.
                level = logging.WARNING if self._inbox.empty() else logging.DEBUG
                said = "the application %r goes on without lifespan: it raised %r"
                log.log(level, said, self._name, error, exc_info=error)
        finally:
            self._outbox.put_nowait(last)

    async def _send(self, event: Any) -> None:
        if not event["type"].startswith("lifespan."):
            raise RuntimeError(f"a lifespan has no message {event['type']!r}")
        self._phase = ""
        self._outbox.put_nowait(event)

    async def start(self, grace: float) -> list[str]:
        """Start the application up, and list what failed; log one that takes longer."""
        # A server says nothing while it waits, and most of them wait for ever.
        said = "the application %r is still starting up after %g seconds"
        late = asyncio.get_running_loop().call_later(grace, log.warning, said, self._name, grace)
        try:
            return await self._pass_on("startup", "start")
        finally:
            late.cancel()

    async def stop(self, grace: float) -> list[str]:
        """Shut the application down, if it has a lifespan, and list what failed."""
        try:
            async with asyncio.timeout(grace):
                return [] if self._has_ended else await self._pass_on("shutdown", "shut down")
        except TimeoutError:
            return self._fail(f"shut down within {grace:g} seconds")

    async def _pass_on(self, phase: Literal["startup", "shutdown"], verb: str) -> list[str]:
        self._phase = phase
        self._inbox.put_nowait({"type": f"lifespan.{phase}"})
        event = await self._outbox.get()
        self._has_ended = event is None
        if self._has_ended or event["type"] == f"lifespan.{phase}.complete":
            return []
        self._has_ended = phase == "startup"
        return self._fail(f"{verb}: {event.get('message') or f'{phase} failed'}", event.get("error"))

    def _fail(self, what: str, error: BaseException | None = None) -> list[str]:
        failure = f"the application {self._name!r} did not {what}"
        log.error("%s", failure, exc_info=error)
        return [failure]

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

    *settle* waits for what is still running, before they shut down. Each of them may take *grace* seconds for that.
    """
    lives: list[_Life] = []
    failures: list[str] = []
    phase = "startup"
    try:
        await receive()
        for name, app in apps:
            lives.append(_Life(name, app, scope))
            if failures := await lives[-1].start(grace):
                break
        else:
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await settle()
            phase = "shutdown"
        for life in reversed(lives):
            failures += await life.stop(grace)
    finally:
        # A server may take a failure as reason to stop at the message that reports it: nothing may be left to do then.
        while lives:
            await lives.pop().end()
    last: Any = {"type": f"lifespan.{phase}.complete"}
    if failures:
        last = {"type": f"lifespan.{phase}.failed", "message": "; ".join(failures)}
    await send(last)
