"""Who owns a URL: the trie that finds the scopes.

A scope is a piece of URL space: a host, a prefix, or both. The rules:

1. Prefixes match whole segments of the path: ``/api`` owns ``/api`` and ``/api/x``, never ``/apiary``.
2. Every scope that contains the URL is an owner. Owners are listed deepest first; at one depth static segments come
   before dynamic ones, compared from the left; the order of registration never counts.
3. Hosts come first: scopes of the exact host, then of wildcard hosts (most labels first), then those without a host.
4. Two scopes at one place are ordered by the blueprint's name; a scope that is no blueprint comes after them.

The registered prefixes form a tree of branches, one for each segment. Several branches can match the same segment, one
as text and others by a variable. To follow them all at each request would make the cost depend on the patterns, so the
tree is turned into nodes first, each for *all* branches that its path leads to: the subset construction of automata. A
lookup then takes one dictionary step for each segment, never more than the longest prefix has, and finds the tuple of
owners ready in the node where it ends.

Nodes for registered texts are made with the trie. Only the sets of branches that several kinds of variables lead to are
found out by requests, and kept by set, never by the text of a request. Overlapping patterns can make exponentially many
nodes, so their number has a bound; a lookup beyond it follows the branches themselves.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from errbridge.errors import SetupError
from errbridge.scopes.patterns import (
    ConverterLookup,
    Segment,
    Variable,
    build_host_expression,
    build_path_expression,
    find_converter,
    is_text,
    is_wildcard,
    parse_segment,
    split_host,
    split_prefix,
)
from errbridge.scopes.scope import Scope

__all__ = ["ScopeTrie", "normalize_host", "sort_scopes"]

_LONGEST_HOST = 253  # RFC 1035 section 2.3.4, without the root label
_NODES_PER_SEGMENT = 8
_ANY_TEXT = frozenset({"(?:[^/]+)", "(?:[^/]{1,})"})  # as Werkzeug's default converter was and is
_MOST_SPANNING = 2
_LONGEST_SPANNED = 512  # characters

_Owned = tuple[Scope, Scope]
"""A scope, and a piece of URL space that it owns."""

_Entry = tuple[int, Scope]
"""A scope with its rank among those of its host, so that sorted entries are owners with the nearest first."""

_Rank = tuple[Any, ...]
"""Compares with the ranks that the same function returns; the nearest scope has the least."""


def normalize_host(host: str) -> str:
    """Reduce a Host header to what hosts are compared by: lowercase, without port and trailing dot."""
    host = host.lower()
    if host.startswith("["):  # an IPv6 literal, RFC 3986 section 3.2.2
        return host[: host.find("]") + 1]
    return host.partition(":")[0].rstrip(".")


def _list_ends(host: str) -> Iterator[str]:
    """List a host and what follows each of its dots, and at last nothing."""
    yield host
    while host:
        host = host.partition(".")[2]
        yield host


def _rank_host(host: str | None) -> _Rank:
    """Rank the host of a scope among those that match one request."""
    if host is None:
        return 2, 0, False, ""
    if not is_wildcard(host):
        return 0, 0, False, host
    labels = split_host(host)
    return 1, -len(labels), labels[0] == ("*",), host


def _rank_scope(scope: Scope, space: Scope, converters: ConverterLookup) -> _Rank:
    """Rank a scope, by a piece of URL space that it owns, among those that own a path on one host."""
    kinds = []
    for segment in split_prefix(space.prefix):
        converter = parse_segment(segment, converters)
        kinds.append((0, 0, "") if is_text(segment) else (1, converter.weight, converter.regex))
    # The texts still differ where the patterns mean the same: /<int:a> and /<int:b>.
    text = f"{scope.host or ''}{scope.prefix or ''}"
    assigned = space.prefix != scope.prefix
    return -len(kinds), kinds, assigned, scope.blueprint is None, scope.blueprint or "", text


def sort_scopes(scopes: Iterable[Scope], converters: ConverterLookup = find_converter) -> list[Scope]:
    """Sort scopes so that the first to contain a URL is its nearest owner, for every URL.

    For the configuration of another server, which cannot ask the trie.
    """
    return sorted(scopes, key=lambda scope: (_rank_host(scope.host), _rank_scope(scope, scope, converters)))


class _Branch:
    """One segment of the registered prefixes."""

    __slots__ = ("entries", "texts", "variables")

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.texts: dict[str, _Branch] = {}
        self.variables: dict[re.Pattern[str], _Branch] = {}

    def grow(self, segment: Segment, expression: str) -> _Branch:
        """Return the branch of a segment below this one."""
        if is_text(segment):
            return self.texts.setdefault("".join(map(str, segment)), _Branch())
        return self.variables.setdefault(re.compile(expression), _Branch())

    def follow(self, text: str) -> Iterator[_Branch]:
        """List the branches below this one that a segment of a path leads to."""
        if text in self.texts:
            yield self.texts[text]
        for pattern, branch in self.variables.items():
            if pattern.fullmatch(text):
                yield branch


class _Node:
    """All branches that one path leads to, and the owners of every URL below it."""

    __slots__ = ("_branches", "_kept", "_left", "entries", "is_open", "other", "owners", "texts")

    def __init__(self, branches: tuple[_Branch, ...], inherited: tuple[_Entry, ...], left: Iterator[int]) -> None:
        self._branches = branches
        self._left = left
        self._kept: dict[tuple[_Branch, ...], _Node] = {}
        own = [entry for branch in branches for entry in branch.entries]
        self.entries = tuple(sorted((*inherited, *own))) if own else inherited
        self.owners = tuple(dict.fromkeys(scope for _, scope in self.entries))  # a scope may have several spaces here
        self.texts: dict[str, _Node] = {}  # of registered texts
        self.other: _Node | None = None  # of any other text, where all variables here match any
        patterns = [pattern.pattern for branch in branches for pattern in branch.variables]
        self.is_open = bool(patterns)  # whether another text can lead further
        for text in chain.from_iterable(branch.texts for branch in branches):
            if text not in self.texts:
                child = self._make(self._find(text))
                if child is None:
                    self.is_open = True
                    return
                self.texts[text] = child
        if patterns and _ANY_TEXT.issuperset(patterns):
            self.other = self._make(tuple(chain.from_iterable(branch.variables.values() for branch in branches)))

    def _find(self, text: str) -> tuple[_Branch, ...]:
        return tuple(chain.from_iterable(branch.follow(text) for branch in self._branches))

    def _make(self, branches: tuple[_Branch, ...]) -> _Node | None:
        """Make a node that stays; None when there are as many as there may be."""
        return None if next(self._left, None) is None else _Node(branches, self.entries, self._left)

    def follow(self, text: str) -> _Node | None:
        """Take a step by variables, or beyond the bound."""
        branches = self._find(text)
        if not branches:
            return None
        child = self._kept.get(branches) or self._make(branches)
        if child is None:
            return _Node(branches, self.entries, self._left)  # childless, so it costs no more than the step itself
        self._kept[branches] = child
        return child


class _Tail(NamedTuple):
    """A prefix with a variable that spans slashes (``<path:rest>``); it is compared as a whole."""

    pattern: re.Pattern[str]
    compared: int
    entry: _Entry


class _PathTrie:
    """The prefixes of one host."""

    __slots__ = ("_depth", "_root", "_tails", "elsewhere", "firsts")

    def __init__(self, owned: Iterable[_Owned], converters: ConverterLookup) -> None:
        self._depth = 0
        self._tails: list[_Tail] = []
        root = _Branch()
        segments = 1
        ranked = sorted(owned, key=lambda pair: _rank_scope(pair[0], pair[1], converters))
        for rank, (scope, space) in enumerate(ranked):
            parts = [(segment, parse_segment(segment, converters)) for segment in split_prefix(space.prefix)]
            if not all(converter.isolating for _, converter in parts):
                self._tails.append(_build_tail(space, (rank, scope), converters))
                continue
            branch = root
            for segment, converter in parts:
                branch = branch.grow(segment, converter.regex)
            branch.entries.append((rank, scope))
            self._depth = max(self._depth, len(parts))
            segments += len(parts)
        self._root = _Node((root,), (), iter(range(_NODES_PER_SEGMENT * segments)))
        self.elsewhere = self._root.owners  # of a path below none of the prefixes
        # The first segments of the prefixes; None where they are not all plain text.
        self.firsts = None if self._tails or self._root.is_open else self._root.texts

    def owners(self, path: str) -> tuple[Scope, ...]:
        """List the owners of a path, the nearest first."""
        node = self._root
        depth = self._depth
        for segment in path.split("/", depth + 1)[1 : depth + 1]:
            if segment in node.texts:
                node = node.texts[segment]
            elif node.other is not None and segment:
                node = node.other
            elif node.is_open and (child := node.follow(segment)) is not None:
                node = child
            else:
                break
        if not self._tails:
            return node.owners
        tails = (tail.entry for tail in self._tails if tail.pattern.match(path, 0, tail.compared))
        return tuple(dict.fromkeys(scope for _, scope in sorted(chain(node.entries, tails))))


def _build_tail(space: Scope, entry: _Entry, converters: ConverterLookup) -> _Tail:
    variables = [token for part in split_prefix(space.prefix) for token in part if isinstance(token, Variable)]
    spanning = sum(not converters(token.converter, token.arguments).isolating for token in variables)
    if spanning > _MOST_SPANNING:
        raise SetupError(f"{space} has {spanning} variables that span slashes; errbridge compares at most two")
    # With two, the time grows with the square of what is compared.
    compared = sys.maxsize if spanning < _MOST_SPANNING else _LONGEST_SPANNED
    return _Tail(re.compile(rf"{build_path_expression(space.prefix, converters)}(?=/|\Z)"), compared, entry)


class ScopeTrie:
    """Finds the scopes that own a URL; *spaces* lists the pieces of URL space that a scope owns."""

    __slots__ = ("_anywhere", "_elsewhere", "_has_hosts", "_hosts", "_wildcards")

    def __init__(
        self,
        scopes: Iterable[Scope],
        converters: ConverterLookup = find_converter,
        spaces: Callable[[Scope], Iterable[Scope]] = lambda scope: (scope,),
    ) -> None:
        owned: dict[str | None, list[_Owned]] = {}
        for scope in scopes:
            for space in spaces(scope):
                owned.setdefault(space.host, []).append((scope, space))
        anywhere = owned.pop(None, ())
        self._anywhere = _PathTrie(anywhere, converters)
        self._elsewhere = (self._anywhere,) if anywhere else ()
        tries = {str(host): _PathTrie(pairs, converters) for host, pairs in owned.items()}
        self._has_hosts = bool(tries)
        wildcards: dict[str, list[tuple[_Rank, re.Pattern[str], _PathTrie]]] = {}
        for host in filter(is_wildcard, tries):
            pattern = re.compile(build_host_expression(host, converters), re.IGNORECASE)
            suffix = host[max(host.rfind("*"), host.rfind(">")) :].partition(".")[2].lower()
            wildcards.setdefault(suffix, []).append((_rank_host(host), pattern, tries[host]))
        # By what follows the last star or variable: all that may match a host with this end, by rank; no two have one.
        self._wildcards = {
            suffix: sorted(chain.from_iterable(wildcards.get(end, ()) for end in _list_ends(suffix)))
            for suffix in wildcards
        }
        self._hosts = {host: (tries[host], *self._match(host)) for host in tries if not is_wildcard(host)}

    def owners(self, host: str, path: str) -> tuple[Scope, ...]:
        """List the scopes that contain a URL, the nearest first. The host is the header in any form."""
        trie = self._anywhere
        if self._has_hosts:
            tries = self._hosts.get(host)  # most clients send a host as it is registered
            if tries is None:
                host = normalize_host(host)
                tries = self._hosts.get(host) or self._match(host)
            if len(tries) != 1:
                return tuple(chain.from_iterable([trie.owners(path) for trie in tries]))
            trie = tries[0]
        # Most paths that lead nowhere do so at their first segment, which is cheaper to look up than to split off.
        if trie.firsts is not None:
            end = path.find("/", 1)
            if (path[1:] if end < 0 else path[1:end]) not in trie.firsts:
                return trie.elsewhere
        return trie.owners(path)

    def _match(self, host: str) -> tuple[_PathTrie, ...]:
        """Find the prefixes of the wildcard hosts that a host matches, and those without a host."""
        if not self._wildcards or len(host) > _LONGEST_HOST or ".." in host or host.startswith("."):
            return self._elsewhere
        suffix = host
        while suffix:
            suffix = suffix.partition(".")[2]
            if suffix in self._wildcards:
                found = [paths for _, pattern, paths in self._wildcards[suffix] if pattern.fullmatch(host)]
                return (*found, *self._elsewhere)
        return self._elsewhere
