"""Scopes and the trie, with a search by brute force as the oracle."""

from __future__ import annotations

import copy
import os
import pickle
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, fields, replace
from itertools import permutations, product
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge import Scope, SetupError
from errbridge.scopes.patterns import Converter, build_host_expression, build_path_expression
from errbridge.scopes.scope import ROOT
from errbridge.scopes.trie import ScopeTrie, normalize_host, sort_scopes

# The oracle. It knows the kinds of segments that the tests use as predicates of its own, and nothing of the trie.

KINDS: dict[str, tuple[int, Callable[[str], bool]]] = {
    "<int:n>": (50, str.isdecimal),
    "<any(a, b):x>": (60, lambda text: text in ("a", "b")),
    "<ab:x>": (70, lambda text: text != "" and set(text) <= {"a", "b"}),
    "<x>": (100, lambda text: text != ""),
    "v<int:n>": (55, lambda text: text[:1] == "v" and text[1:].isdecimal()),
}
"""What a segment with a variable matches, and how specific it is; no two weigh the same."""


def converters(name: str, arguments: str | None) -> Converter:
    return {
        "int": Converter(r"\d+", weight=50),
        "any": Converter("a|b", weight=60),
        "ab": Converter("[ab]+", weight=70),
        "default": Converter("[^/]+", weight=100),
    }[name]


def parts_of(prefix: str | None) -> list[str]:
    return [] if prefix in (None, "/") else str(prefix).split("/")[1:]


def contains(prefix: str | None, path: str) -> bool:
    found = path.split("/")[1:]
    parts = parts_of(prefix)
    return len(parts) <= len(found) and all(
        KINDS[part][1](text) if part in KINDS else part == text for part, text in zip(parts, found, strict=False)
    )


def by_specificity(scope: Scope) -> tuple[Any, ...]:
    parts = parts_of(scope.prefix)
    return (
        -len(parts),
        [KINDS[part][0] if part in KINDS else 0 for part in parts],
        scope.blueprint is None,
        scope.blueprint,
    )


def host_rank(pattern: str, host: str) -> tuple[int, int, bool, str] | None:
    """Rank a scope's host for a request's: exact, then most labels, then one label before several."""
    if pattern == host:
        return (0, 0, False, "")
    wanted, found = pattern.split("."), host.split(".")
    many = wanted[0] == "*"
    fixed = wanted[1:] if many else wanted
    tail = found[len(found) - len(fixed) :]
    extra = len(found) - len(fixed)
    fits = extra >= 1 if many else extra == 0
    if not (many or "<" in pattern) or not fits or not all(found):
        return None
    if not all(text != "" if part.startswith("<") else part == text for part, text in zip(fixed, tail, strict=True)):
        return None
    return (1, -len(wanted), many, pattern)


def owners(scopes: Iterable[Scope], host: str, path: str) -> tuple[Scope, ...]:
    found = []
    for scope in scopes:
        rank = (2, 0, False, "") if scope.host is None else host_rank(scope.host, host)
        if rank is not None and contains(scope.prefix, path):
            found.append((rank, by_specificity(scope), scope))
    return tuple(scope for _, _, scope in sorted(found, key=lambda item: item[:2]))


STATIC = ["a", "b", "ab", "1", "v2", "", "é"]
SEGMENTS = st.sampled_from([*STATIC, *KINDS])
PREFIXES = st.one_of(
    st.none(),
    st.lists(SEGMENTS, max_size=4).map(lambda parts: "/" + "/".join(parts)).filter(lambda p: p == "/" or p[-1] != "/"),
)
HOSTS = st.sampled_from(
    [
        None,
        "example.com",
        "api.example.com",
        "a.api.example.com",
        "*.example.com",
        "*.api.example.com",
        "<tenant>.example.com",
        "<tenant>.api.example.com",
        "api.<zone>.com",
        "<x>.<y>.com",
        "*.com",
    ]
)
PATHS = st.lists(st.sampled_from([*STATIC, "ba", "12", "v", "v1", "x", "a\n", "٣"]), max_size=6).map(
    lambda parts: "/" + "/".join(parts)
)
ASKED_HOSTS = st.sampled_from(
    [
        "",
        "com",
        "example.com",
        "api.example.com",
        "x.example.com",
        "a.api.example.com",
        "x.y.example.com",
        "api.net.com",
        ".example.com",
        "a..example.com",
        "notexample.com",
        "example.org",
        "x.com",
    ]
)


@st.composite
def scope_sets(draw: st.DrawFn, hosts: st.SearchStrategy[str | None], most: int = 10) -> list[Scope]:
    """Distinct places, some of them twice under two names of blueprints."""
    places = draw(st.lists(st.tuples(hosts, PREFIXES), max_size=most, unique_by=lambda p: (p[0], p[1] or "/")))
    scopes = []
    for index, (host, prefix) in enumerate(places):
        kind = draw(st.sampled_from(["scope", "blueprint", "both", "two"]))
        if kind in ("scope", "both"):
            scopes.append(Scope(host, prefix))
        if kind != "scope":
            scopes.append(Scope(host, prefix, f"z{index}"))
        if kind == "two":
            scopes.append(Scope(host, prefix, f"a{index}"))
    return scopes


@given(scope_sets(st.none()), st.lists(PATHS, min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=200)
def test_the_trie_finds_the_same_owners_of_a_path_as_a_search_by_brute_force(
    scopes: list[Scope], paths: list[str], shuffler: random.Random
) -> None:
    shuffled = list(scopes)
    shuffler.shuffle(shuffled)
    trie, other = ScopeTrie(scopes, converters), ScopeTrie(shuffled, converters)

    for path in paths:
        expected = owners(scopes, "", path)
        assert trie.owners("", path) == expected
        assert other.owners("", path) == expected
        assert trie.owners("", path) == expected  # asked again, when nodes have been kept


@given(
    scope_sets(HOSTS),
    st.lists(st.tuples(ASKED_HOSTS, PATHS), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=200)
def test_the_trie_finds_the_same_owners_of_a_url_as_a_search_by_brute_force(
    scopes: list[Scope], urls: list[tuple[str, str]], shuffler: random.Random
) -> None:
    shuffled = list(scopes)
    shuffler.shuffle(shuffled)
    trie, other = ScopeTrie(scopes, converters), ScopeTrie(shuffled, converters)

    for host, path in urls:
        expected = owners(scopes, host, path)
        assert trie.owners(host, path) == expected
        assert other.owners(host, path) == expected


@given(scope_sets(HOSTS), st.lists(st.tuples(ASKED_HOSTS, PATHS), min_size=1, max_size=8))
@settings(deadline=None, max_examples=200)
def test_sorted_scopes_and_their_expressions_find_the_same_owners_as_the_trie(
    scopes: list[Scope], urls: list[tuple[str, str]]
) -> None:
    """The configuration of another server consists of them."""
    trie = ScopeTrie(scopes, converters)
    patterns = [
        (scope, build_host_expression(scope.host, converters), build_path_expression(scope.prefix, converters))
        for scope in sort_scopes(scopes, converters)
    ]

    for host, path in urls:
        if host.startswith(".") or ".." in host:  # no server gets so far with them
            continue
        assert trie.owners(host, path) == tuple(
            scope
            for scope, of_host, of_path in patterns
            if re.fullmatch(of_host, host) and re.match(rf"{of_path}(?=/|\Z)", path)
        )


@given(scope_sets(st.none(), most=6), PATHS)
@settings(deadline=None, max_examples=100)
def test_the_oracle_and_the_trie_agree_that_owners_contain_the_path_and_the_rest_does_not(
    scopes: list[Scope], path: str
) -> None:
    found = ScopeTrie(scopes, converters).owners("", path)

    assert {scope for scope in scopes if contains(scope.prefix, path)} == set(found)
    assert len(set(found)) == len(found)


def overlapping(depth: int) -> list[Scope]:
    """Every combination of a text and three variables that match it: many more sets of branches than nodes."""
    kinds = ["a", "<any(a, b):x>", "<ab:x>", "<x>"]
    return [
        Scope(prefix="/" + "/".join(parts)) for size in range(1, depth + 1) for parts in product(kinds, repeat=size)
    ]


def test_owners_stay_right_when_overlapping_prefixes_exhaust_the_bound_on_nodes() -> None:
    # Prefixes that differ in how they start share no branch, so texts and variables multiply.
    scopes = [
        Scope(prefix="/" + "/".join(parts))
        for parts in product(
            ["a", "b", "ab", "<ab:x>", "<x>"], ["a", "b", "<any(a, b):x>", "<x>"], ["b", "1", "<int:n>", "<x>"]
        )
    ] + overlapping(3)
    trie = ScopeTrie(dict.fromkeys(scopes), converters)
    random_paths = random.Random(1)
    texts = ["a", "b", "ab", "1", "x", ""]

    for _ in range(400):
        path = "/" + "/".join(random_paths.choice(texts) for _ in range(4))
        assert trie.owners("", path) == owners(set(scopes), "", path)


def test_owners_stay_right_far_beyond_the_bound_on_nodes() -> None:
    # 2**12 different sets of branches can be reached: at each step one of two letters decides for half of the prefixes.
    scopes = [
        Scope(prefix="/" + "/".join("<x>" if other != index else "a" for other in range(12)) + f"/end{index}")
        for index in range(12)
    ]
    trie = ScopeTrie(scopes, converters)
    choice = random.Random(2)

    for _ in range(500):
        letters = [choice.choice("ab") for _ in range(12)]
        path = "/" + "/".join(letters) + f"/end{choice.randrange(12)}/more"
        assert trie.owners("", path) == owners(scopes, "", path)


@pytest.mark.parametrize("deciding", ["a", "<ab:x>"])
def test_requests_do_not_make_the_table_grow_without_bound(deciding: str) -> None:
    prefixes = ("/" + "/".join("<x>" if other != index else deciding for other in range(12)) for index in range(12))
    trie = ScopeTrie([Scope(prefix=prefix) for prefix in prefixes], converters)

    def nodes(node: Any) -> int:
        below = (*node.texts.values(), *node._kept.values(), *filter(None, [node.other]))
        return 1 + sum(map(nodes, below))

    for letters in product("az", repeat=11):
        trie.owners("", "/" + "/".join(letters))

    # The paths above lead to 4095 different sets of branches.
    assert 12 < nodes(trie._anywhere._root) <= 1 + 8 * (1 + 12 * 12)


# Rules one by one.


def names(found: Sequence[Scope]) -> list[str]:
    return [str(scope) for scope in found]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", []),
        ("", []),
        ("api", []),
        ("/api", ["/api"]),
        ("/api/", ["/api"]),
        ("/api//", ["/api"]),
        ("/apiary", []),
        ("/ap", []),
        ("/API", []),
        ("//api", []),
        ("/api/v1/x", ["/api/v1", "/api"]),
        ("/api/v12", ["/api"]),
        ("/api/../x", ["/api"]),
        ("/api%2Fv1", []),
        ("/api\n", []),
    ],
)
def test_a_prefix_owns_whole_segments_only(path: str, expected: list[str]) -> None:
    trie = ScopeTrie([Scope(prefix="/api"), Scope(prefix="/api/v1")])

    assert names(trie.owners("example.com", path)) == expected


def test_a_slash_alone_and_no_prefix_at_all_own_every_path() -> None:
    trie = ScopeTrie([Scope(prefix="/"), Scope(prefix="/x")])

    assert names(trie.owners("", "/x/y")) == ["/x", "/"]
    assert names(trie.owners("", "/z")) == ["/"]
    assert names(ScopeTrie([Scope(host="h")]).owners("h", "/z")) == ["//h/"]


def test_static_segments_come_before_dynamic_ones_from_the_left_at_one_depth() -> None:
    scopes = [Scope(prefix=prefix) for prefix in ("/<x>/b", "/a/<y>", "/<int:n>/b", "/a/b", "/<x>/<y>", "/a")]

    for shuffled in permutations(scopes):
        assert names(ScopeTrie(shuffled).owners("", "/a/b/c")) == ["/a/b", "/a/<y>", "/<x>/b", "/<x>/<y>", "/a"]


def test_scopes_at_one_place_are_ordered_by_the_blueprints_name_and_plain_ones_come_last() -> None:
    scopes = [Scope(prefix="/p"), Scope(prefix="/p", blueprint="b"), Scope(prefix="/p", blueprint="a")]

    for shuffled in permutations(scopes):
        assert names(ScopeTrie(shuffled).owners("", "/p")) == ["a", "b", "/p"]


@pytest.mark.parametrize(
    ("one", "other", "host", "path"),
    [
        (Scope(prefix="/<int:a>"), Scope(prefix="/<int:b>"), "", "/1"),
        (Scope(prefix="/<path:a>"), Scope(prefix="/<path:b>"), "", "/1/2"),
        (Scope(host="h"), Scope(host="h", prefix="/"), "h", "/"),
        (Scope(host="<a>.com"), Scope(host="<b>.com"), "x.com", "/"),
    ],
)
def test_the_order_of_registration_never_counts_not_even_at_one_place(
    one: Scope, other: Scope, host: str, path: str
) -> None:
    found = ScopeTrie([one, other]).owners(host, path)

    assert set(found) == {one, other}
    assert ScopeTrie([other, one]).owners(host, path) == found


# Variables that span slashes.


def test_a_variable_that_spans_slashes_owns_what_its_routes_could_match() -> None:
    trie = ScopeTrie([Scope(prefix="/files/<path:rest>"), Scope(prefix="/<path:all>/edit")])

    assert names(trie.owners("", "/files")) == []
    assert names(trie.owners("", "/files/")) == []
    assert names(trie.owners("", "/files/a")) == ["/files/<path:rest>"]
    assert names(trie.owners("", "/files/a/b/c")) == ["/files/<path:rest>"]
    assert names(trie.owners("", "/x/y/edit")) == ["/<path:all>/edit"]
    assert names(trie.owners("", "/x/y/edit/more")) == ["/<path:all>/edit"]
    assert names(trie.owners("", "/x/y/editor")) == []
    assert names(trie.owners("", "/edit")) == []


def test_a_variable_that_spans_slashes_counts_as_one_segment_of_depth() -> None:
    prefixes = ["/files/<path:rest>", "/files/a/b", "/files", "/files/<x>"]

    for shuffled in permutations([Scope(prefix=prefix) for prefix in prefixes]):
        found = names(ScopeTrie(shuffled).owners("", "/files/a/b/c"))
        assert found == ["/files/a/b", "/files/<x>", "/files/<path:rest>", "/files"]


def test_blueprints_at_one_place_behind_a_variable_that_spans_slashes_are_ordered_by_name() -> None:
    scopes = [Scope(prefix="/<path:p>", blueprint=name) for name in "cab"]

    assert names(ScopeTrie(scopes).owners("", "/x/y")) == ["a", "b", "c"]


def test_static_segments_come_first_where_variables_span_slashes_too() -> None:
    scopes = [Scope(prefix="/<path:all>/x"), Scope(prefix="/b/<path:rest>")]

    for shuffled in permutations(scopes):
        assert names(ScopeTrie(shuffled).owners("", "/b/x")) == ["/b/<path:rest>", "/<path:all>/x"]


def test_a_static_segment_further_left_comes_first_even_when_a_later_variable_spans_slashes() -> None:
    scopes = [Scope(prefix="/<int:n>/x"), Scope(prefix="/1/<path:rest>")]

    for shuffled in permutations(scopes):
        assert names(ScopeTrie(shuffled).owners("", "/1/x")) == ["/1/<path:rest>", "/<int:n>/x"]


@given(
    st.lists(st.sampled_from(["/<path:p>", "/a/<path:p>", "/a/b", "/<x>", "/a", "/a/<path:p>/c", "/"]), unique=True),
    PATHS,
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=150)
def test_owners_with_spanning_variables_are_deepest_first_and_do_not_depend_on_the_order(
    prefixes: list[str], path: str, shuffler: random.Random
) -> None:
    def spans(prefix: str) -> bool:
        parts = path.split("/")[1:]
        match prefix:
            case "/<path:p>":
                return parts[0] not in ("", "a\n") or (parts[0] == "a\n" and False)
            case "/a/<path:p>":
                return parts[0] == "a" and len(parts) > 1 and parts[1] not in ("", "a\n")
            case "/a/<path:p>/c":
                return False  # no path of the test has a "c"
            case _:
                return contains(prefix, path)

    scopes = [Scope(prefix=prefix) for prefix in prefixes]
    shuffled = list(scopes)
    shuffler.shuffle(shuffled)
    found = ScopeTrie(scopes).owners("", path)

    assert {str(scope.prefix) for scope in found} == {prefix for prefix in prefixes if spans(prefix)}
    depths = [len(parts_of(scope.prefix)) for scope in found]
    assert depths == sorted(depths, reverse=True)
    assert ScopeTrie(shuffled).owners("", path) == found


# Hosts.


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", "example.com"),
        ("Example.COM", "example.com"),
        ("example.com:8080", "example.com"),
        ("example.com.", "example.com"),
        ("EXAMPLE.com.:443", "example.com"),
        ("[::1]", "[::1]"),
        ("[2001:DB8::1]:8080", "[2001:db8::1]"),
        ("127.0.0.1:5000", "127.0.0.1"),
        ("", ""),
        (":80", ""),
        ("[::1", ""),
    ],
)
def test_hosts_compare_lowercased_without_port_and_trailing_dot(host: str, expected: str) -> None:
    assert normalize_host(host) == expected


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=100)
def test_any_host_header_can_be_looked_up(host: str) -> None:
    trie = ScopeTrie([Scope(host="*.example.com"), Scope(host="<a>.com"), Scope(host="x.com"), Scope(prefix="/p")])

    assert Scope(prefix="/p") in trie.owners(host, "/p")


def test_exact_hosts_come_before_wildcard_hosts_before_scopes_without_a_host() -> None:
    scopes = [
        Scope(host="api.example.com", prefix="/x"),
        Scope(host="api.example.com"),
        Scope(host="<tenant>.example.com"),
        Scope(host="*.example.com", prefix="/x"),
        Scope(host="*.com"),
        Scope(prefix="/x/y"),
        Scope(host="other.example.com"),
    ]

    for shuffled in (scopes, scopes[::-1]):
        assert names(ScopeTrie(shuffled).owners("API.example.com:80", "/x/y")) == [
            "//api.example.com/x",
            "//api.example.com/",
            "//<tenant>.example.com/",
            "//*.example.com/x",
            "//*.com/",
            "/x/y",
        ]


def test_a_star_is_one_or_more_labels_but_not_the_apex_and_a_variable_is_exactly_one() -> None:
    trie = ScopeTrie([Scope(host="*.example.com"), Scope(host="<tenant>.example.com")])

    assert names(trie.owners("example.com", "/")) == []
    assert names(trie.owners("a.example.com", "/")) == ["//<tenant>.example.com/", "//*.example.com/"]
    assert names(trie.owners("a.b.example.com", "/")) == ["//*.example.com/"]
    assert names(trie.owners("a.b.c.example.com.", "/")) == ["//*.example.com/"]
    assert names(trie.owners("aexample.com", "/")) == []
    assert names(trie.owners(".example.com", "/")) == []
    assert names(trie.owners("a..example.com", "/")) == []


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("<int:n>.example.com", ["1.example.com"], ["a.example.com", "1.1.example.com"]),
        (
            "shop-<name>.example.com",
            ["shop-a.example.com"],
            ["shop-.example.com", "a.example.com", "shop-a.b.example.com"],
        ),
        ("<any(de, en):lang>.example.com", ["de.example.com"], ["fr.example.com"]),
        ("api.<region>", ["api.eu"], ["api", "api.eu.west", "x.eu"]),
        ("<tenant>", ["localhost"], ["a.b", ""]),
        ("<a>.x.<b>.com", ["1.x.2.com"], ["1.y.2.com", "x.2.com", "1.x.2.3.com"]),
        ("<Tenant>.Example.COM", ["a.example.com"], ["a.example.org"]),
        ("*.<zone>.com", ["a.b.com", "a.b.c.com"], ["b.com"]),
        ("a.b.com", ["a.b.com"], ["axb.com"]),
        ("<x>.b-c.com", ["1.b-c.com"], ["1.bxc.com"]),
    ],
)
def test_variables_in_hosts_match_within_labels(pattern: str, matching: list[str], others: list[str]) -> None:
    trie = ScopeTrie([Scope(host=pattern)])

    assert [host for host in matching if trie.owners(host, "/")] == matching
    assert [host for host in others if trie.owners(host, "/")] == []


def test_a_host_longer_than_dns_allows_matches_no_wildcard() -> None:
    trie = ScopeTrie([Scope(host="*.example.com")])
    labels = 253 - len(".example.com")

    assert trie.owners("a" * labels + ".example.com", "/") != ()
    assert trie.owners("a" * (labels + 1) + ".example.com", "/") == ()


def test_where_no_scope_has_a_host_the_host_is_not_even_looked_at() -> None:
    class Untouched(str):
        __slots__ = ()

        def lower(self) -> str:
            raise AssertionError("the host was read")

    assert names(ScopeTrie([Scope(prefix="/a")]).owners(Untouched("h"), "/a")) == ["/a"]


def test_an_unknown_converter_is_refused_when_the_trie_is_made() -> None:
    for scope in (Scope(prefix="/<nope:x>"), Scope(host="<nope:x>.example.com")):
        with pytest.raises(SetupError, match="no converter 'nope'"):
            ScopeTrie([scope])


# Scope itself.


def test_a_scope_is_written_as_a_person_would_name_it() -> None:
    assert str(ROOT) == "app"
    assert str(Scope(prefix="/api/")) == "/api"
    assert str(Scope(prefix="/")) == "/"
    assert str(Scope(host="a.b")) == "//a.b/"
    assert str(Scope(host="a.b", prefix="/x")) == "//a.b/x"
    assert str(Scope("a.b", "/x", "shop.cart")) == "shop.cart"


def test_a_scope_compares_by_what_it_owns() -> None:
    assert Scope(prefix="/api/") == Scope(prefix="/api")
    assert Scope(prefix="//") == Scope(prefix="/")
    assert Scope(host="API.example.com.") == Scope(host="api.example.com")
    assert Scope(host="<T>.example.com.") == Scope(host="<T>.example.com")
    assert Scope(prefix="/a") != Scope(prefix="/b")
    assert len({Scope(), ROOT, Scope(prefix=None)}) == 1


def test_a_scope_cannot_be_changed() -> None:
    scope = Scope(prefix="/a")
    with pytest.raises(AttributeError, match="cannot assign to field 'prefix'"):
        scope.prefix = "/b"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot delete field 'prefix'"):
        del scope.prefix

    assert scope == Scope(prefix="/a")


def test_a_scope_is_a_dataclass_without_room_for_more() -> None:
    scope = Scope("Example.COM", "/api/")

    assert [field.name for field in fields(scope)] == ["host", "prefix", "blueprint"]
    assert astuple(scope) == ("example.com", "/api", None)
    assert replace(scope, prefix="/v2/") == Scope("example.com", "/v2")
    with pytest.raises(SetupError, match="does not start with a slash"):
        replace(scope, prefix="v2")
    assert not hasattr(scope, "__dict__")


def test_a_scope_can_be_copied_read_and_taken_apart() -> None:
    scope = Scope("*.example.com", "/api", "shop")
    same_values: Any = ("*.example.com", "/api", "shop")
    same: list[Any] = [copy.copy(scope), copy.deepcopy(scope), pickle.loads(pickle.dumps(scope)), eval(repr(scope))]

    assert all(other == scope and hash(other) == hash(scope) for other in same)
    assert scope != same_values
    match scope:
        case Scope(host, prefix, blueprint):
            assert (host, prefix, blueprint) == ("*.example.com", "/api", "shop")


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_scope_is_found_in_a_process_that_hashes_texts_in_another_way(seed: str) -> None:
    code = (
        "import pickle, sys; from errbridge import Scope; print(pickle.load(sys.stdin.buffer) in {Scope(prefix='/a')})"
    )
    command, environ = [sys.executable, "-c", code], os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run(command, input=pickle.dumps(Scope(prefix="/a")), env=environ, capture_output=True, check=True)

    assert done.stdout.split() == [b"True"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prefix": "api"}, "does not start with a slash; write '/api', or '//api' for a host"),
        ({"host": "ü" * 64}, "no request has the host"),
        ({"host": "straße.example"}, "write it in ASCII, as browsers send it; strasse.example may be another"),
        ({"prefix": ""}, "does not start with a slash"),
        ({"prefix": 5}, "a prefix is a string"),
        ({"prefix": "/<a"}, "cannot be read"),
        ({"host": ""}, "a host is a string"),
        ({"host": 5}, "a host is a string"),
        ({"host": "example.com/api"}, "without scheme, port and path"),
        ({"host": "https://example.com"}, "without scheme, port and path"),
        ({"host": "example.com:80"}, "without scheme, port and path"),
        ({"host": "<tenant>.example.com:80"}, "without scheme, port and path"),
        ({"host": "a.*.com"}, "without scheme, port and path"),
        ({"host": "*"}, "without scheme, port and path"),
        ({"host": "*x.com"}, "without scheme, port and path"),
        ({"host": "*.*.com"}, "without scheme, port and path"),
        ({"host": "<a.com"}, "cannot be read"),
    ],
)
def test_a_scope_that_could_never_match_is_refused_with_what_to_write(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(SetupError, match=said.replace("*", r"\*")):
        Scope(**arguments)


@pytest.mark.parametrize("host", [".", "*.", "[::1]:80", "a..b"])
def test_a_host_that_no_request_could_have_is_refused(host: str) -> None:
    with pytest.raises(SetupError):
        Scope(host=host)


def test_an_ipv6_host_can_be_a_scope() -> None:
    assert names(ScopeTrie([Scope(host="[::1]")]).owners("[::1]:5000", "/")) == ["//[::1]/"]


class Versioned(Scope):
    """As an application may derive one, with arguments of its own."""

    __slots__ = ()

    def __init__(self, version: int) -> None:
        super().__init__(prefix=f"/v{version}")


def test_a_scope_of_ones_own_class_is_copied_without_its_arguments() -> None:
    scope = Versioned(2)

    for same in (copy.copy(scope), copy.deepcopy(scope), pickle.loads(pickle.dumps(scope))):
        assert type(same) is Versioned
        assert (same, hash(same), str(same)) == (scope, hash(scope), "/v2")


def test_the_annotations_of_a_scope_can_be_read() -> None:
    assert get_type_hints(Scope)["prefix"] == str | None
