"""The error map of one application: who owns an error, and which handlers that leads to.

It is built from everything that is registered and configured when the first error asks for it, and built again after
something was registered. Whatever depends on nothing but an error's owners and class is kept, in caches that evict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, cast

from errbridge.application.settings import Settings
from errbridge.handlers.handlers import Handler, ScopeHandlers
from errbridge.http.language import lookup_language
from errbridge.http.request import RequestFacts
from errbridge.incident import Page
from errbridge.languages.language import ENGLISH, Language
from errbridge.log import log
from errbridge.representations.styles import DEFAULT, Style
from errbridge.scopes.dispatch import DISPATCHERS, ErrorDispatcher
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["Chain", "ErrorMap", "Look", "Owner", "Reach", "Turns"]

_REMEMBERED_LENGTH = 256
_REMEMBERED = 1024  # a dispatcher may return any chain, and a program may make classes of exceptions
_REPORTED = 20  # a dispatcher may make a name of anything that a client sends


@dataclass(frozen=True, slots=True, eq=False)
class Owner:
    """A scope with everything that is registered for it.

    Attributes:
        scope: The scope.
        handlers: Its handlers.
        style: How its errors look; None leaves that to the next owner of the chain.
        failure: Whether it answers uncaught exceptions with the plain page.
        folders: The folders of its templates.
    """

    scope: Scope
    handlers: ScopeHandlers
    style: Style | None = None
    failure: bool = False
    folders: tuple[str, ...] = ()

    def find_style(self, *, uncaught: bool) -> Style | None:
        """Return the style in which this scope answers an error that no handler took; None if it does not answer."""
        return DEFAULT if uncaught and self.failure else self.style


class Look(NamedTuple):
    """How errors of a scope look to a client: everything but the error that a built-in answer depends on.

    Attributes:
        settings: The settings in force.
        style: The style of the scope.
        media_type: The media type to answer in.
        language: The language to answer in.
    """

    settings: Settings
    style: Style
    media_type: str
    language: Language = ENGLISH


class Reach(NamedTuple):
    """How far an error goes in its chain.

    Attributes:
        owners: The owners that are asked, the nearest first.
        style: The style of the last one, which answers if no handler does.
    """

    owners: tuple[Owner, ...]
    style: Style


FindTurns = Callable[[tuple[Owner, ...], type[BaseException], int | None], "Turns"]

Turns = tuple[tuple[Owner, tuple[Handler, ...]], ...]
"""Owners, the nearest first, each with those of its handlers that are asked, the most specific first."""


class Chain:
    """The owners of an error, the nearest first.

    Args:
        owners: They end with the application, which has a style.

    Attributes:
        owners: The owners.
        blueprints: The names of those that are blueprints.
        folders: Where templates are looked up: the folders of the blueprints, then the application's.
        http: How far an HTTP error goes.
        uncaught: How far an uncaught exception goes.
        templates: The page of each slug and status, None where there is none; filled by `errbridge.handling.showing`.
    """

    __slots__ = ("blueprints", "folders", "http", "owners", "templates", "uncaught")

    def __init__(self, owners: tuple[Owner, ...]) -> None:
        self.owners = owners
        self.blueprints = tuple(owner.scope.blueprint for owner in owners if owner.scope.blueprint is not None)
        self.folders = (*dict.fromkeys(folder for owner in owners for folder in owner.folders), "errors")
        self.http = _find_reach(owners, uncaught=False)
        self.uncaught = _find_reach(owners, uncaught=True)
        self.templates: dict[tuple[str, ...], Page | None] = {}


class ErrorMap:
    """Everything that answering an error needs to know of what was registered.

    Args:
        settings: The settings.
        owners: The owner of each scope. A blueprint's name leads to its owner, without a host if it has several.
        dispatcher: Finds the scopes that own a URL.
        response: The ``response=`` decorator; None if there is none.
        languages: The languages of the service, the default first.

    Attributes:
        root: The application as the last owner of every error.
        find_turns: ``(owners, cls, status)``: the turns of these owners for an HTTP error of that class and status, or,
            without a status, for an exception that is none.
    """

    def __init__(
        self,
        settings: Settings,
        owners: Mapping[str | Scope, Owner],
        dispatcher: ErrorDispatcher,
        response: Callable[..., Any] | None = None,
        languages: tuple[Language, ...] = (ENGLISH,),
    ) -> None:
        self.settings = settings
        self.owners = owners
        self.dispatcher = dispatcher
        self._finds_only_registered = type(dispatcher) in DISPATCHERS.values()  # a subclass may find anything
        self.response = response
        self.languages = languages
        self._remember_look = lru_cache(_REMEMBERED)(self._choose_look)
        self.root = owners[ROOT]
        self._ignored: set[Scope | str] = set()
        self._chain = lru_cache(_REMEMBERED)(self._build_chain)
        # A type checker takes the hash of a class for that of its instances, and an exception may have none.
        self.find_turns = cast("FindTurns", lru_cache(_REMEMBERED)(_find_turns))

    @cached_property
    def has_overlaps(self) -> bool:
        """Whether the route of a 405 may have another owner than its URL: scopes overlap, or own no URL."""
        prefixes: list[str] = []
        for scope in self.owners:
            if isinstance(scope, Scope) and scope != ROOT:
                for space in self.dispatcher.list_spaces(scope, None) or (Scope(),):
                    if space.prefix is None or "<" in space.prefix or space.host is not None:
                        return True
                    prefixes.append(f"{space.prefix}/")
        prefixes.sort()
        is_nested = any(after.startswith(before) for before, after in pairwise(prefixes))
        return is_nested or not self._finds_only_registered

    def choose_look(self, style: Style, request: RequestFacts) -> Look:
        """Choose how an error looks in a style, by what its client asks for."""
        accept = request.accept
        wanted: tuple[str, ...] = ()
        if len(self.languages) > 1:
            wanted = request.locale, request.accept_language
        # Longer headers would let a client fill the memory.
        is_short = sum(map(len, wanted), len(accept)) <= _REMEMBERED_LENGTH
        choose = self._remember_look if is_short else self._choose_look
        return choose(style, request.xhr, accept, *wanted)

    def _choose_look(self, style: Style, xhr: bool, accept: str, locale: str = "", accept_language: str = "") -> Look:
        media_type = style.choose_media_type(accept, xhr=xhr)
        return Look(self.settings, style, media_type, self.find_language(locale, accept_language))

    def find_language(self, locale: str, accept_language: str) -> Language:
        """Find the language in which to answer: what the application chose, else what the client wants.

        Args:
            locale: A tag; "" if the application chose none.
            accept_language: The value of the header.
        """
        known = {language.tag: language for language in self.languages}
        tag = lookup_language(locale, tuple(known)) or lookup_language(accept_language, tuple(known))
        return self.languages[0] if tag is None else known[tag]

    def find_chain(self, exc: BaseException, request: RequestFacts) -> Chain:
        """Find the owners of an error: the blueprints of the matched view, then the owners of the URL."""
        try:
            found: Any = self.dispatcher.dispatch(exc, request)
            if not self._finds_only_registered:
                found = self._list_known(found)
        except Exception:
            log.exception("%s failed; the URL is taken to have no owner", type(self.dispatcher).__qualname__)
            found = ()
        return self._chain(request.blueprints, found)

    def _list_known(self, found: Iterable[Scope | str] | Scope | str | None) -> tuple[Scope | str, ...]:
        """List the keys of what a dispatcher found. What it made of a request may be anything, and must not be kept."""
        listed = (found,) if isinstance(found, (Scope, str)) else found or ()
        return tuple([key for key in map(self._find_key, listed) if key in self.owners or self._ignore(key)])

    def _find_key(self, found: Scope | str) -> Scope | str:
        if isinstance(found, Scope):
            return found if found.blueprint is None or found in self.owners else found.blueprint
        if isinstance(found, str):
            return found
        raise TypeError(f"a dispatcher returns Scope objects or names of blueprints, not {type(found).__qualname__}")

    def _ignore(self, key: Scope | str) -> bool:
        if key not in self._ignored and len(self._ignored) < _REPORTED:
            self._ignored.add(key)
            name = type(self.dispatcher).__qualname__
            log.warning("%s returned %.80r, for which nothing is registered; it is ignored", name, str(key))
        return False

    def _build_chain(self, blueprints: tuple[str, ...], found: tuple[Scope | str, ...]) -> Chain:
        places: dict[str, Scope | str] = {}
        for each in found:
            # The route of a 405 says no more than the name.
            if isinstance(each, Scope) and (name := each.blueprint) is not None and each in self.owners:
                places[name] = name if name in places else each  # its owner without a host, where several fit
        keys = (each if isinstance(each, str) else each.blueprint or each for each in found)
        owners = [self._find_owner(places.get(str(key), key)) for key in dict.fromkeys((*blueprints, *keys))]
        return Chain((*(owner for owner in owners if owner is not self.root), self.root))

    def _find_owner(self, key: Scope | str) -> Owner:
        return self.owners.get(key) or Owner(Scope(blueprint=str(key)), _NO_HANDLERS)


_NO_HANDLERS = ScopeHandlers(())


def _find_reach(owners: tuple[Owner, ...], *, uncaught: bool) -> Reach:
    styles = (owner.find_style(uncaught=uncaught) for owner in owners)
    return next(Reach(owners[:count], style) for count, style in enumerate(styles, 1) if style is not None)


def _find_turns(owners: tuple[Owner, ...], cls: type[BaseException], status: int | None) -> Turns:
    return tuple((owner, tuple(owner.handlers.find(cls, status))) for owner in owners)
