"""Dispatchers: which scopes own the URL of an error.

The chain of an error starts with the blueprints of the view that was matched and ends with the application. The
dispatcher lists the owners of the URL, which come between them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from errbridge.http.request import RequestFacts
from errbridge.scopes.scope import Scope, list_blueprints

if TYPE_CHECKING:
    from errbridge.scopes.patterns import ConverterLookup
    from errbridge.scopes.trie import ScopeTrie

__all__ = [
    "DISPATCHERS",
    "AutoDispatcher",
    "DefaultDispatcher",
    "ErrorDispatcher",
    "SubdomainDispatcher",
    "URLPrefixDispatcher",
    "make_dispatcher",
]


class ErrorDispatcher(ABC):
    """Lists the scopes that own the URL of an error. Subclass it to decide by other means.

    A dispatcher knows no framework, so one class serves Flask and Quart. A new one is made after each change of the
    registrations.

    Example::

        class ByProduct(ErrorDispatcher):
            def dispatch(self, exc, request):
                product = request.headers.get("X-Product")
                return [product, *self.owners(request)] if product else self.owners(request)

        errors.dispatcher_register(app, ByProduct)

    Args:
        scopes: The scopes of the application; ``scopes.owners(host, path)`` lists those that contain a URL.
    """

    def __init__(self, scopes: ScopeTrie) -> None:
        self.scopes = scopes

    @abstractmethod
    def dispatch(self, exc: BaseException, request: RequestFacts) -> Iterable[Scope | str] | Scope | str | None:
        """List the owners of the URL, the nearest first.

        Args:
            exc: The exception.
            request: The facts of its request: host, path, headers and the rest.

        Returns:
            Scopes or names of blueprints, or a single one. None or nothing leaves the error to the matched view's
            blueprints and to the application.
        """

    def owners(self, request: RequestFacts) -> tuple[Scope, ...]:
        """List the scopes that contain the URL, those of a 405's own route before them.

        Args:
            request: The facts of the request.

        Returns:
            The scopes, the nearest first.
        """
        owners = self.scopes.owners(request.host, request.path)
        if request.rule_blueprints:
            names = dict.fromkeys(chain.from_iterable(map(list_blueprints, request.rule_blueprints)))
            return (*(Scope(blueprint=name) for name in names), *owners)
        return owners

    @classmethod
    def list_spaces(cls, scope: Scope, domain: str | None) -> tuple[Scope, ...]:
        """List the pieces of URL space that a scope owns under this dispatcher.

        Args:
            scope: One of the scopes of the application.
            domain: The application's own host, the one that subdomains are below; None where it has none.

        Returns:
            Hosts and prefixes as scopes without a blueprint's name or with it; nothing if the scope owns no URL.
        """
        return () if scope.host is None and scope.prefix is None else (scope,)


class DefaultDispatcher(ErrorDispatcher):
    """No owner of a URL: errors of routing are the application's, as in the frameworks themselves."""

    def dispatch(self, exc: BaseException, request: RequestFacts) -> tuple[Scope, ...]:
        """Return no owners."""
        return ()


class AutoDispatcher(ErrorDispatcher):
    """By host and prefix: a blueprint owns the URLs under its prefix (pallets/flask#1498)."""

    def dispatch(self, exc: BaseException, request: RequestFacts) -> tuple[Scope, ...]:
        """List the owners of the URL, the nearest first."""
        return self.owners(request)


class URLPrefixDispatcher(AutoDispatcher):
    """By prefix alone: a scope with a prefix owns it on every host."""

    @classmethod
    def list_spaces(cls, scope: Scope, domain: str | None) -> tuple[Scope, ...]:
        """Return the prefix of a scope."""
        return () if scope.prefix is None else (Scope(prefix=scope.prefix),)


class SubdomainDispatcher(AutoDispatcher):
    """By host alone: a scope with a host owns all of it, a blueprint without one owns the bare domain.

    Where several scopes own a host, those whose prefix contains the path are nearer than the others.
    """

    @classmethod
    def list_spaces(cls, scope: Scope, domain: str | None) -> tuple[Scope, ...]:
        """Return the host of a scope, below its prefix and as a whole."""
        host = domain if scope.host is None and scope.blueprint is not None else scope.host
        if host is None:
            return ()
        whole = Scope(host)
        return (whole,) if scope.prefix is None else (Scope(host, scope.prefix), whole)


DISPATCHERS: Mapping[str, type[ErrorDispatcher]] = {
    "default": DefaultDispatcher,
    "urlprefix": URLPrefixDispatcher,
    "subdomain": SubdomainDispatcher,
    "auto": AutoDispatcher,
}


def make_dispatcher(
    cls: type[ErrorDispatcher], scopes: Iterable[Scope], converters: ConverterLookup, *, domain: str | None = None
) -> ErrorDispatcher:
    """Make a dispatcher for the scopes of an application, whose own host is *domain*."""
    from errbridge.scopes.trie import ScopeTrie, normalize_host  # an application that had no error needs no trie

    domain = normalize_host(domain or "") or None
    return cls(ScopeTrie(scopes, converters, lambda scope: cls.list_spaces(scope, domain)))
