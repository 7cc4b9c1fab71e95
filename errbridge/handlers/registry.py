"""What is registered for each target: handlers, a style, or a plain page for uncaught exceptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from itertools import chain

from errbridge.errors import SetupError
from errbridge.handlers.handlers import Handler, Handlers, Key
from errbridge.representations.styles import STYLES, Style

__all__ = ["Registrations", "Registry"]


@dataclass(slots=True, eq=False)
class Registrations:
    """Everything that is registered for one target, in the order of registration."""

    sources: list[Iterable[tuple[Key, Handler]]] = field(default_factory=list)  # modules, or the keys of one handler
    style: Style | None = None
    failure: bool = False  # whether the target answers uncaught exceptions with the plain page

    def handlers(self) -> Iterable[tuple[Key, Handler]]:
        """List the handlers, the last one of a key last."""
        return chain.from_iterable(self.sources)


class Registry:
    """Targets, and what is registered for them. A registry only grows, and counts how often it did.

    A target is a blueprint object or a `Scope`; the registry does not look into it.
    """

    __slots__ = ("__weakref__", "targets", "version")

    def __init__(self) -> None:
        self.targets: defaultdict[Hashable, Registrations] = defaultdict(Registrations)
        self.version = 0

    def touch(self) -> None:
        """Note a change. Call it after the change, or an error map could be built without it and kept."""
        self.version += 1

    def add_handler(self, target: Hashable, keys: Iterable[Key], handler: Handler) -> None:
        """Register a handler that was checked, for keys that were checked."""
        self.targets[target].sources.append([(key, handler) for key in keys])
        self.touch()

    def include(self, target: Hashable, handlers: Handlers) -> None:
        """Register the handlers of a module, also those that it registers later."""
        self.targets[target].sources.append(handlers)
        handlers.watchers.add(self)
        self.touch()

    def set_style(self, target: Hashable, name: str) -> None:
        """Set how a target's errors look; the last call counts."""
        if name not in STYLES:
            raise SetupError(f"a style is one of {', '.join(map(repr, STYLES))}, not {name!r}")
        self.targets[target].style = STYLES[name]
        self.touch()

    def set_failure(self, target: Hashable) -> None:
        """Answer a target's uncaught exceptions with the plain page."""
        self.targets[target].failure = True
        self.touch()
