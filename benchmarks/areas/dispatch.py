"""Who owns this URL? The lookup among N prefixes, by errbridge and by other designs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import islice
from typing import Any

from benchmarks.measure import Case, Group
from benchmarks.references import MergedTable, by_startswith, by_werkzeug
from errbridge import Scope
from errbridge.scopes.trie import ScopeTrie

__all__ = [
    "ADVERSARIAL",
    "AREA",
    "ERRBRIDGE",
    "LINEAR",
    "MATCHER",
    "MERGED",
    "SIZES",
    "adversarial_name",
    "groups",
    "named",
]

AREA = "dispatch"
SIZES = (10, 100, 1000, 10_000)
ERRBRIDGE, MERGED, LINEAR, MATCHER = "errbridge", "merged table", "startswith, linear", "Werkzeug's matcher"

_PATHS = 250
_FEW_PATHS = 10  # for what takes a millisecond each
_SEED = 20_25
_LONG = 8192
_MOST_ROUTES = 1000  # Werkzeug compiles a regular expression for each

Lookup = Callable[[str], Any]


def named(contender: str, size: int) -> str:
    """Name a contender together with the number of prefixes."""
    return f"{contender}, N={size}"


def static_prefixes(count: int) -> tuple[str, ...]:
    """Make prefixes of one to three segments, as blueprints have them."""
    shapes = ("/area{:05}", "/team{:05}/api", "/group{:05}/api/v1")  # of one length: the linear search takes the first
    return tuple(shapes[number % 3].format(number) for number in range(count))


def dynamic_prefixes(count: int) -> tuple[str, ...]:
    """Make prefixes with a variable, some of them beside static segments."""
    shapes = ("/tenant{}/<name>", "/users{}/<name>/<item>", "/shops{}/<name>/cart", "/shops{}/sale")
    return tuple(shapes[number % 4].format(number - number % 4) for number in range(count))


def filled(prefix: str) -> str:
    return prefix.replace("<name>", "acme").replace("<item>", "4711")


def _hit(prefix: str) -> str:
    return f"{filled(prefix)}/items/42"


def _near_miss(prefix: str) -> str:
    return f"{prefix}x/items/42"


_SCANNED = ("/wp-login.php", "/.env", "/admin/config.php", "/cgi-bin/luci", "/vendor/phpunit/src/x.php", "/a/b/c/d/e")


def _unmatched(count: int) -> list[str]:
    return [f"/{number}{path}" if number % 2 else path for number, path in enumerate(_SCANNED * count)][:count]


def _chosen(prefixes: Sequence[str]) -> list[str]:
    """Choose prefixes all over the table, in no order: a lookup that repeats itself would find all in the cache."""
    return random.Random(_SEED).choices(prefixes, k=_PATHS)


# Two groups use the same prefixes.


@cache
def _errbridge(prefixes: tuple[str, ...]) -> Lookup:
    trie = ScopeTrie(Scope(prefix=prefix) for prefix in prefixes)
    return partial(trie.owners, "localhost")


@cache
def _merged(prefixes: tuple[str, ...]) -> Lookup:
    return MergedTable(prefixes).owner


@cache
def _matcher(prefixes: tuple[str, ...]) -> Lookup:
    return by_werkzeug(prefixes)


def _said(found: Any) -> str | None:
    """Name the nearest owner, in whatever form a contender returns it."""
    if isinstance(found, tuple):
        return found[0].prefix if found else None
    assert found is None or isinstance(found, str)
    return found


def _case(name: str, owner: Lookup, paths: Sequence[str], wanted: Sequence[str | None], versus: str | None) -> Case:
    def call() -> None:
        for path in paths:
            owner(path)

    def expect(_: object) -> None:
        found = [_said(owner(path)) for path in paths]
        assert found == list(wanted), (name, [pair for pair in zip(found, wanted, strict=True) if pair[0] != pair[1]])

    return Case(name, call, expect, len(paths), versus)


def _contenders(
    prefixes: tuple[str, ...], paths: list[str], wanted: list[str | None], *, dynamic: bool = False
) -> Iterator[Case]:
    size = len(prefixes)
    merged = named(MERGED, size)
    yield _case(merged, _merged(prefixes), paths, wanted, merged)
    yield _case(named(ERRBRIDGE, size), _errbridge(prefixes), paths, wanted, merged)
    if size <= _MOST_ROUTES:
        some = slice(None, _FEW_PATHS * 5)
        yield _case(named(MATCHER, size), _matcher(prefixes), paths[some], wanted[some], merged)
    if not dynamic:
        some = slice(None, _FEW_PATHS if size > _MOST_ROUTES else None)
        yield _case(named(LINEAR, size), by_startswith(prefixes), paths[some], wanted[some], merged)


def _group(name: str, sizes: Iterable[int], make: Callable[[int], Iterable[Case]]) -> Group:
    return Group(AREA, name, [case for size in sizes for case in make(size)])


def _hits(size: int) -> Iterator[Case]:
    prefixes = static_prefixes(size)
    chosen = _chosen(prefixes)
    yield from _contenders(prefixes, list(map(_hit, chosen)), list(chosen))


def _dynamic_hits(size: int) -> Iterator[Case]:
    prefixes = dynamic_prefixes(size)
    chosen = _chosen(prefixes)
    paths = list(map(_hit, chosen))
    yield from _contenders(prefixes, paths, list(chosen), dynamic=True)


def _near_misses(size: int) -> Iterator[Case]:
    prefixes = static_prefixes(size)
    # By text alone, /area00001 would own /area00001x/items.
    paths = list(map(_near_miss, _chosen(prefixes)))
    merged = named(MERGED, size)
    none: list[str | None] = [None] * len(paths)
    yield _case(merged, _merged(prefixes), paths, none, merged)
    yield _case(named(ERRBRIDGE, size), _errbridge(prefixes), paths, none, merged)


def _strangers(size: int) -> Iterator[Case]:
    yield from _contenders(static_prefixes(size), _unmatched(_PATHS), [None] * _PATHS)


def _dynamic_strangers(size: int) -> Iterator[Case]:
    yield from _contenders(dynamic_prefixes(size), _unmatched(_PATHS), [None] * _PATHS, dynamic=True)


ADVERSARIAL = {
    "of slashes": "/" * _LONG,
    "of segments": "/a" * (_LONG // 2),
    "in one segment": f"/{'a' * (_LONG - 1)}",
    "below a prefix": "/group00002/api/v1" + "/x" * (_LONG // 2 - 9),
}
_ADVERSARIAL_SIZE = 100


def adversarial_name(kind: str) -> str:
    """Name the group of one of the `ADVERSARIAL` paths."""
    return f"8 KB {kind}"


def _adversarial(kind: str) -> Group:
    prefixes = static_prefixes(_ADVERSARIAL_SIZE) + dynamic_prefixes(_ADVERSARIAL_SIZE)
    path = ADVERSARIAL[kind]
    wanted: list[str | None] = ["/group00002/api/v1" if kind == "below a prefix" else None] * _FEW_PATHS
    paths = [path] * _FEW_PATHS
    cases = [
        _case(MERGED, _merged(prefixes), paths, wanted, None),
        _case(ERRBRIDGE, _errbridge(prefixes), paths, wanted, None),
        _case(MATCHER, _matcher(prefixes), paths, wanted, None),
        _case(LINEAR, by_startswith(static_prefixes(2 * _ADVERSARIAL_SIZE)), paths, wanted, None),
    ]
    return Group(AREA, adversarial_name(kind), cases)


def _hosts(size: int, kind: str = "") -> Iterator[Case]:
    """One prefix on each host, one host in ten with a star; the reference looks the host up in a dict.

    Requests are for all hosts, or for those that begin with *kind*.
    """
    hosts = [f"*.zone{number}.example.org" if number % 10 == 9 else f"h{number}.example.org" for number in range(size)]
    chosen = _chosen([host for host in hosts if host.startswith(kind)])
    asked = [host.replace("*", "a.b") for host in chosen]
    tables = {host.replace("*", "a.b"): MergedTable(["/api"]) for host in hosts}
    trie = ScopeTrie(Scope(host=host, prefix="/api") for host in hosts)

    def in_dict() -> list[str | None]:
        return [tables[host].owner("/api/items") for host in asked]

    def in_trie() -> list[str | None]:
        return [trie.owners(host, "/api/items")[0].host for host in asked]

    def expect_prefix(found: list[str | None]) -> None:
        assert found == ["/api"] * _PATHS

    def expect_host(found: list[str | None]) -> None:
        assert found == chosen

    merged = named(MERGED, size)
    yield Case(merged, in_dict, expect_prefix, _PATHS, merged)
    yield Case(named(ERRBRIDGE, size), in_trie, expect_host, _PATHS, merged)


def groups(sizes: Iterable[int] = SIZES) -> Iterator[Group]:
    """Yield the groups one by one; each builds its tables only now.

    Args:
        sizes: The numbers of prefixes.
    """
    sizes = tuple(sizes)
    yield _group("hit", sizes, _hits)
    yield _group("near miss", sizes, _near_misses)
    yield _group("unmatched", sizes, _strangers)
    yield _group("dynamic hit", sizes, _dynamic_hits)
    yield _group("dynamic unmatched", sizes, _dynamic_strangers)
    for name, kind in {"hosts": "", "hosts without a star": "h", "hosts with a star": "*"}.items():
        yield _group(name, islice(sizes, 3), partial(_hosts, kind=kind))
    for kind in ADVERSARIAL:
        yield _adversarial(kind)
