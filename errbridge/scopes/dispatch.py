"""Dispatchers: which scopes own the URL of an error.

The chain of an error starts with the blueprints of the view that was matched and ends with the application. What
stands between them, the owners of the URL, is the dispatcher's to say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from errbridge.http.request import RequestFacts
from errbridge.scopes.scope import Scope

if TYPE_CHECKING:
    from errbridge.scopes.trie import ScopeTrie  # made by those who answer; registering does without it

__all__ = [
    "DISPATCHERS",
    "AutoDispatcher",
    "DefaultDispatcher",
    "ErrorDispatcher",
    "PlaceDispatcher",
    "SubdomainDispatcher",
    "URLPrefixDispatcher",
]


class ErrorDispatcher(ABC):
    """Says which scopes own the URL of an error. Subclass it to decide by other means.

    A dispatcher knows nothing of a framework, so one class serves Flask and Quart. It is made anew whenever something
    was registered.

    Example::

        class ByProduct(ErrorDispatcher):
            def dispatch(self, incident):
                product = incident.request.headers.get("X-Product")
                return [product, *self.owners(request)] if product else self.owners(request)

        errors.dispatcher_register(app, ByProduct)

    Args:
        scopes: The scopes of the application; ``scopes.owners(host, path)`` gives those that contain a URL.
    """

    def __init__(self, scopes: ScopeTrie) -> None:
        self.scopes = scopes

    @abstractmethod
    def dispatch(self, exc: BaseException, request: RequestFacts) -> Iterable[Scope | str] | Scope | str | None:
        """List the owners of the URL, the nearest first.

        Args:
            incident: The error; ``incident.request`` tells host, path, headers and the rest.

        Returns:
            Scopes or names of blueprints, or a single one. None or nothing leaves the error to the matched view's
            blueprints and to the application.
        """

    def owners(self, request: RequestFacts) -> tuple[Scope, ...]:
        """List the scopes that contain the URL, those of a 405's own route before them.

        Args:
            incident: The error.

        Returns:
            The scopes, the nearest first.
        """
        return _with_rule(request.rule_blueprints, self.scopes.owners(request.host, request.path))


def _with_rule(blueprints: tuple[str, ...], owners: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """Put the blueprints of a 405's own route before the owners of its URL."""
    return (*(Scope(blueprint=name) for name in blueprints), *owners) if blueprints else owners


class PlaceDispatcher(ErrorDispatcher):
    """Decides by nothing but where a request went, and so needs no incident to be made for it."""

    def dispatch(self, exc: BaseException, request: RequestFacts) -> tuple[Scope, ...]:
        """List the owners of the URL, the nearest first."""
        return self.among(self.owners(request))

    def chosen(self, contained: tuple[Scope, ...], rule_blueprints: tuple[str, ...]) -> tuple[Scope, ...]:
        """List the owners of a URL, the nearest first, as `dispatch` does for an incident.

        Args:
            contained: What ``scopes.owners(host, path)`` gives for it.
            rule_blueprints: Of a 405's own route.

        Returns:
            Scopes; those of blueprints have their names.
        """
        return self.among(_with_rule(rule_blueprints, contained))

    @abstractmethod
    def among(self, owners: tuple[Scope, ...]) -> tuple[Scope, ...]:
        """Leave out the owners that do not count.

        Args:
            owners: All scopes that contain the URL, the nearest first.

        Returns:
            The others.
        """


class DefaultDispatcher(PlaceDispatcher):
    """Nobody owns a URL: errors of routing are the application's, as in the frameworks themselves."""

    def among(self, owners: tuple[Scope, ...]) -> tuple[Scope, ...]:
        """Leave out all of them."""
        return ()


class AutoDispatcher(PlaceDispatcher):
    """By host and prefix: a blueprint owns the URLs under its prefix (pallets/flask#1498)."""

    def among(self, owners: tuple[Scope, ...]) -> tuple[Scope, ...]:
        """Leave out none."""
        return owners


class URLPrefixDispatcher(PlaceDispatcher):
    """By prefix; scopes that have only a host do not count."""

    def among(self, owners: tuple[Scope, ...]) -> tuple[Scope, ...]:
        """Leave out those that have only a host."""
        return tuple(scope for scope in owners if scope.prefix is not None or scope.host is None)


class SubdomainDispatcher(PlaceDispatcher):
    """By host; scopes that have only a prefix do not count."""

    def among(self, owners: tuple[Scope, ...]) -> tuple[Scope, ...]:
        """Leave out those that have only a prefix."""
        return tuple(scope for scope in owners if scope.host is not None or scope.prefix is None)


DISPATCHERS: Mapping[str, type[PlaceDispatcher]] = {
    "default": DefaultDispatcher,
    "urlprefix": URLPrefixDispatcher,
    "subdomain": SubdomainDispatcher,
    "auto": AutoDispatcher,
}
