"""What was registered for which target: handlers, a style, or a page for uncaught exceptions only."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from errbridge.application.hooks import Observers
from errbridge.handlers.handlers import Handler, Handlers, Key
from errbridge.representations.styles import Style

__all__ = ["Entry", "Registry"]


class Entry:
    """Everything registered for one target, in the order of registration."""

    __slots__ = ("failure", "own", "sources", "styles")

    def __init__(self) -> None:
        self.sources: list[Handlers] = []
        self.own: Handlers | None = None
        self.styles: list[Style] = []
        self.failure = False

    @property
    def style(self) -> Style | None:
        """How the target's errors look: the last word counts."""
        return self.styles[-1] if self.styles else None

    def registered(self) -> Iterable[tuple[Key, Handler]]:
        """Give the handlers, the last of a key last."""
        return (pair for source in self.sources for pair in source)


class Registry:
    """Targets and what is registered for them. It only grows, and counts how often it did.

    A target is a blueprint object or a `Scope`; the registry does not look into either. Who watches the errors is kept
    here, too, and counts for all of them.
    """

    __slots__ = ("__weakref__", "entries", "observers", "version")

    def __init__(self) -> None:
        self.entries: dict[Hashable, Entry] = {}
        self.version = 0
        self.observers = Observers()

    def touch(self) -> None:
        """Note that something was added: afterwards, or a table could be made of what was there before it."""
        self.version += 1

    def _entry(self, target: Hashable) -> Entry:
        return self.entries.setdefault(target, Entry())

    def add_handler(self, target: Hashable, keys: Iterable[Key], handler: Handler) -> None:
        """Register one handler."""
        entry = self._entry(target)
        if entry.own is None or entry.sources[-1] is not entry.own:
            entry.own = Handlers()
            entry.sources.append(entry.own)
        entry.own.add(keys, handler)
        self.touch()

    def include(self, target: Hashable, handlers: Handlers) -> None:
        """Register the handlers of a module, those that it will register later as well."""
        self._entry(target).sources.append(handlers)
        handlers.watch(self)
        self.touch()

    def set_style(self, target: Hashable, style: Style) -> None:
        """Say how a target's errors look; the last word counts."""
        self._entry(target).styles.append(style)
        self.touch()

    def set_failure(self, target: Hashable) -> None:
        """Answer a target's uncaught exceptions with the plain page."""
        self._entry(target).failure = True
        self.touch()
