"""Which scopes own the URL of an error."""

from __future__ import annotations

import pytest

from errbridge import (
    AutoDispatcher,
    DefaultDispatcher,
    ErrorDispatcher,
    Scope,
    SubdomainDispatcher,
    URLPrefixDispatcher,
)
from errbridge.scopes.dispatch import DISPATCHERS
from errbridge.scopes.trie import ScopeTrie
from tests.core.fakes import incident_of

BOTH = Scope(host="api.example.com", prefix="/v1")
HOST = Scope(host="api.example.com")
PREFIX = Scope(prefix="/v1")
ALL = ScopeTrie([BOTH, HOST, PREFIX])


def owners(dispatcher: type[ErrorDispatcher], host: str, path: str, rules: tuple[str, ...] = ()) -> list[Scope | str]:
    incident = incident_of(host=host, path=path, rule_blueprints=rules)
    found = dispatcher(ALL).dispatch(incident)
    assert found is None or not isinstance(found, (Scope, str))
    return list(found or ())


@pytest.mark.parametrize(
    ("dispatcher", "expected"),
    [
        (DefaultDispatcher, []),
        (AutoDispatcher, [BOTH, HOST, PREFIX]),
        (URLPrefixDispatcher, [BOTH, PREFIX]),
        (SubdomainDispatcher, [BOTH, HOST]),
    ],
)
def test_each_dispatcher_counts_the_scopes_of_its_kind(
    dispatcher: type[ErrorDispatcher], expected: list[Scope]
) -> None:
    assert owners(dispatcher, "api.example.com", "/v1/x") == expected
    assert owners(dispatcher, "other.example.com", "/v2") == []


def test_hosts_count_for_a_scope_that_has_both() -> None:
    assert owners(URLPrefixDispatcher, "other.example.com", "/v1") == [PREFIX]
    assert owners(SubdomainDispatcher, "api.example.com", "/v2") == [HOST]


@pytest.mark.parametrize("dispatcher", [AutoDispatcher, URLPrefixDispatcher, SubdomainDispatcher])
def test_the_blueprints_of_a_405s_route_come_first(dispatcher: type[ErrorDispatcher]) -> None:
    found = owners(dispatcher, "api.example.com", "/v1", ("shop.cart", "shop"))

    assert found[:2] == [Scope(blueprint="shop.cart"), Scope(blueprint="shop")]
    assert found[2:] == owners(dispatcher, "api.example.com", "/v1")


def test_the_default_dispatcher_leaves_a_405_to_the_application_too() -> None:
    assert owners(DefaultDispatcher, "api.example.com", "/v1", ("shop",)) == []


def test_the_names_are_those_of_the_seed_and_auto() -> None:
    assert dict(DISPATCHERS) == {
        "default": DefaultDispatcher,
        "urlprefix": URLPrefixDispatcher,
        "subdomain": SubdomainDispatcher,
        "auto": AutoDispatcher,
    }


def test_a_dispatcher_has_to_implement_dispatch() -> None:
    with pytest.raises(TypeError, match="abstract"):
        ErrorDispatcher(ALL)  # type: ignore[abstract]


def test_a_dispatcher_of_ones_own_is_given_the_scopes() -> None:
    class Nearest(ErrorDispatcher):
        def dispatch(self, incident: object) -> list[Scope]:
            return list(self.scopes.owners("api.example.com", "/v1")[:1])

    assert owners(Nearest, "", "/") == [BOTH]
