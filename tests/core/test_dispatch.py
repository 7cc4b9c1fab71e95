"""Which scopes own the URL of an error."""

from __future__ import annotations

import random
import re
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge import (
    AutoDispatcher,
    DefaultDispatcher,
    ErrorDispatcher,
    RequestFacts,
    Scope,
    SubdomainDispatcher,
    URLPrefixDispatcher,
)
from errbridge.scopes.dispatch import DISPATCHERS, make_dispatcher
from errbridge.scopes.patterns import find_converter
from errbridge.scopes.scope import ROOT
from errbridge.scopes.trie import ScopeTrie

BOTH = Scope(host="api.example.com", prefix="/v1")
HOST = Scope(host="api.example.com")
PREFIX = Scope(prefix="/v1")
ALL = (BOTH, HOST, PREFIX)


def found_by(dispatcher: ErrorDispatcher, request: RequestFacts) -> list[Scope | str]:
    found = dispatcher.dispatch(LookupError(), request)
    assert found is None or not isinstance(found, (Scope, str))
    return list(found or ())


def owners(
    cls: type[ErrorDispatcher], url: str, scopes: tuple[Scope, ...] = ALL, domain: str | None = "example.com"
) -> list[Scope | str]:
    """List the owners of a URL, ``host/path``."""
    host, _, path = url.partition("/")
    dispatcher = make_dispatcher(cls, scopes, find_converter, domain=domain)
    return found_by(dispatcher, RequestFacts(host=host, path=f"/{path}"))


@pytest.mark.parametrize(
    ("dispatcher", "expected"),
    [
        (DefaultDispatcher, []),
        (AutoDispatcher, [BOTH, HOST, PREFIX]),
        (URLPrefixDispatcher, [PREFIX, BOTH]),
        (SubdomainDispatcher, [BOTH, HOST]),
    ],
)
def test_each_dispatcher_counts_the_scopes_of_its_kind(
    dispatcher: type[ErrorDispatcher], expected: list[Scope]
) -> None:
    assert owners(dispatcher, "api.example.com/v1/x") == expected
    assert owners(dispatcher, "other.example.com/v2") == []


# By prefix alone.


@pytest.mark.parametrize("url", ["api.example.com/v1/x", "other.example.com/v1", "/v1", "api.example.com:80/v1/"])
def test_by_prefix_a_scope_with_a_host_owns_its_prefix_on_every_host(url: str) -> None:
    both = Scope("api.example.com", "/v1", "both")

    assert owners(URLPrefixDispatcher, url, (both, HOST)) == [both]
    assert owners(URLPrefixDispatcher, url.replace("v1", "v2"), (both, HOST)) == []


def test_by_prefix_the_deepest_is_nearest_whatever_its_host() -> None:
    here, deeper = Scope("api.example.com", "/v1", "here"), Scope(None, "/v1/items", "deeper")

    assert owners(URLPrefixDispatcher, "api.example.com/v1/items/5", (here, deeper)) == [deeper, here]


def test_by_prefix_two_blueprints_at_one_prefix_are_ordered_by_name_whatever_their_hosts() -> None:
    scopes = Scope("b.example.com", "/v1", "a"), Scope("a.example.com", "/v1", "b"), Scope("a.example.com", "/v1")

    for shuffled in permutations(scopes):
        assert owners(URLPrefixDispatcher, "a.example.com/v1/x", shuffled) == list(scopes)


# By host alone.


@pytest.mark.parametrize("path", ["", "nope", "v1", "v1/x", "v2/y"])
def test_by_host_a_blueprint_with_a_prefix_owns_all_of_its_host(path: str) -> None:
    api = Scope("api.example.com", "/v1", "api")

    assert owners(SubdomainDispatcher, f"API.example.com:8080/{path}", (api,)) == [api]
    assert owners(SubdomainDispatcher, f"other.example.com/{path}", (api,)) == []


@pytest.mark.parametrize("prefix", [None, "/", "/shop", "/<path:rest>"])
def test_by_host_a_blueprint_without_a_host_owns_the_bare_domain(prefix: str | None) -> None:
    shop = Scope(None, prefix, "shop")

    assert owners(SubdomainDispatcher, "example.com/nope", (shop,), "Example.com:8080") == [shop]
    assert owners(SubdomainDispatcher, "example.com:80/shop/x", (shop,)) == [shop]
    assert owners(SubdomainDispatcher, "api.example.com/shop", (shop,)) == []
    assert owners(SubdomainDispatcher, "example.org/shop", (shop,)) == []


@pytest.mark.parametrize("domain", [None, "", ":80"])
def test_by_host_a_blueprint_without_a_host_owns_nothing_where_the_application_has_no_domain(
    domain: str | None,
) -> None:
    assert owners(SubdomainDispatcher, "localhost/shop", (Scope(None, "/shop", "shop"),), domain) == []
    assert owners(SubdomainDispatcher, "/shop", (Scope(None, "/shop", "shop"),), domain) == []


def test_by_host_a_prefix_without_a_blueprint_and_the_application_own_nothing() -> None:
    assert owners(SubdomainDispatcher, "example.com/v1", (PREFIX, ROOT)) == []


def test_by_host_the_owner_whose_prefix_contains_the_path_is_nearer_than_the_others_of_its_host() -> None:
    a, b, c = (Scope("api.example.com", prefix, name) for name, prefix in {"a": "/a", "b": "/b", "c": None}.items())
    star = Scope("*.example.com", "/b", "star")

    for shuffled in permutations((a, b, c, star)):
        assert owners(SubdomainDispatcher, "api.example.com/b/x", shuffled) == [b, c, a, star]
        assert owners(SubdomainDispatcher, "api.example.com/a", shuffled) == [a, c, b, star]
        assert owners(SubdomainDispatcher, "api.example.com/x", shuffled) == [c, a, b, star]
        assert owners(SubdomainDispatcher, "other.example.com/x", shuffled) == [star]


PREFIXES = {
    "/": "",
    "/a": "/a(/|$)",
    "/a/b": "/a/b(/|$)",
    "/<x>/b": "/[^/]+/b(/|$)",
    "/<path:p>": "/[^/]",
    "/a/<path:p>/z": "/a/.+/z(/|$)",
    "/<int:n>": "/[0-9]+(/|$)",
}
"""Each with a regular expression of the paths that it contains."""


@given(
    st.lists(
        st.builds(
            Scope,
            st.sampled_from([None, "api.example.com", "*.example.com"]),
            st.sampled_from([None, *PREFIXES]),
            st.sampled_from([None, "p", "q"]),
        ),
        unique=True,
        max_size=7,
    ),
    st.sampled_from(["example.com", "api.example.com", "x.example.com", "localhost"]),
    st.sampled_from(["/", "/a", "/a/b/c", "/x/b", "/7", "/a/q/z"]),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=200)
def test_a_part_of_the_place_finds_what_a_search_by_brute_force_finds(
    scopes: list[Scope], host: str, path: str, shuffler: random.Random
) -> None:
    def has_host(scope: Scope) -> bool:
        wanted = "example.com" if scope.host is None and scope.blueprint else scope.host
        return wanted == host or (wanted == "*.example.com" and host.endswith(".example.com"))

    shuffled = list(scopes)
    shuffler.shuffle(shuffled)

    by_prefix = owners(URLPrefixDispatcher, host + path, tuple(scopes))
    assert set(by_prefix) == {
        scope for scope in scopes if scope.prefix is not None and re.match(PREFIXES[scope.prefix], path)
    }
    by_host = owners(SubdomainDispatcher, host + path, tuple(scopes))
    assert set(by_host) == {scope for scope in scopes if has_host(scope)}
    for cls, found in ((URLPrefixDispatcher, by_prefix), (SubdomainDispatcher, by_host)):
        assert len(set(found)) == len(found)
        assert owners(cls, host + path, tuple(shuffled)) == found


# By both.


def test_a_blueprint_without_prefix_and_host_owns_no_url() -> None:
    for name in ("auto", "urlprefix"):
        assert owners(DISPATCHERS[name], "example.com/", (Scope(blueprint="plain"), ROOT)) == []


def test_the_tuple_of_the_trie_is_given_back_as_it_is() -> None:
    dispatcher = make_dispatcher(AutoDispatcher, [PREFIX], find_converter)
    request = RequestFacts(path="/v1/x")

    assert dispatcher.dispatch(LookupError(), request) is dispatcher.scopes.owners("", "/v1/y")


@pytest.mark.parametrize("cls", [AutoDispatcher, URLPrefixDispatcher, SubdomainDispatcher])
def test_the_blueprints_of_a_405s_route_come_first(cls: type[ErrorDispatcher]) -> None:
    dispatcher = make_dispatcher(cls, ALL, find_converter)
    found = found_by(dispatcher, RequestFacts(host="api.example.com", path="/v1", rule_blueprints=("a.b", "a")))

    assert found[:2] == [Scope(blueprint="a.b"), Scope(blueprint="a")]
    assert found[2:] == owners(cls, "api.example.com/v1") != []


def test_the_default_dispatcher_leaves_a_405_to_the_application_too() -> None:
    dispatcher = make_dispatcher(DefaultDispatcher, ALL, find_converter)

    assert found_by(dispatcher, RequestFacts(path="/v1", rule_blueprints=("shop",))) == []


def test_the_names_are_those_of_the_seed_and_auto() -> None:
    assert dict(DISPATCHERS) == {
        "default": DefaultDispatcher,
        "urlprefix": URLPrefixDispatcher,
        "subdomain": SubdomainDispatcher,
        "auto": AutoDispatcher,
    }


# Dispatchers of an application's own.


def test_a_dispatcher_has_to_implement_dispatch() -> None:
    with pytest.raises(TypeError, match="abstract"):
        ErrorDispatcher(ScopeTrie(ALL))  # type: ignore[abstract]


def test_a_dispatcher_of_ones_own_is_given_the_scopes_the_exception_and_the_request() -> None:
    class ByError(ErrorDispatcher):
        def __init__(self, scopes: ScopeTrie) -> None:
            super().__init__(scopes)

        def dispatch(self, exc: BaseException, request: RequestFacts) -> list[Scope]:
            assert isinstance(exc, LookupError)
            return [*self.owners(request)[:1], *self.scopes.owners("", "/v1")]

    assert owners(ByError, "api.example.com/") == [HOST, PREFIX]


def test_a_subclass_of_a_built_in_dispatcher_finds_the_owners_that_it_finds() -> None:
    class Farthest(URLPrefixDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> tuple[Scope, ...]:
            return self.owners(request)[-1:]

    assert owners(Farthest, "other.example.com/v1", (BOTH, HOST)) == [BOTH]
