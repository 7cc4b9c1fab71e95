"""Who owns a URL: the trie that finds the scopes.

A scope is a piece of URL space: a host, a prefix, or both. The rules:

1. Prefixes match whole segments of the path: ``/api`` owns ``/api`` and ``/api/x``, never ``/apiary``.
2. Every scope that contains the URL is an owner. Owners are listed deepest first; at one depth static segments come
   before dynamic ones, compared from the left; the order of registration never counts.
3. Hosts come first: scopes of the exact host, then of wildcard hosts (most labels first), then those without a host.
4. Two scopes at one place are ordered by the blueprint's name; a scope that is no blueprint comes after them.

The registered prefixes form a tree of branches, one a segment. Several branches can match the same segment, one as
text and others by a variable. Following them all at each request would make the cost depend on the patterns, so the
tree is turned into nodes first, each of which stands for *all* branches that its path leads to: the subset
construction of automata. A lookup then takes one dictionary step a segment, is never longer than the longest prefix,
and finds the list of owners ready in the node where it ends. Only text that was registered is ever stored, so a request
cannot make the table grow; where overlapping patterns would make too many nodes, those beyond a bound are made anew
each time.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from errbridge.errors import SetupError
from errbridge.scopes.patterns import (
    ConverterLookup,
    Segment,
    Variable,
    default_converters,
    host_labels,
    parse,
    segments,
)
from errbridge.scopes.scope import Scope

__all__ = ["ScopeTrie", "expressions", "normalize_host", "sorted_scopes"]

_LONGEST_HOST = 253  # RFC 1035 section 2.3.4, without the root label
_NODES_PER_BRANCH = 8
_ANY_TEXT = frozenset({"(?:[^/]+)", "(?:[^/]{1,})"})  # as Werkzeug's default converter was and is
_MOST_SPANNING = 2
_LONGEST_SPANNED = 512  # characters


def normalize_host(host: str) -> str:
    """Reduce a Host header to what hosts are compared by: lowercase, without port and trailing dot."""
    host = host.lower()
    if host.startswith("["):  # an IPv6 literal, RFC 3986 section 3.2.2
        return host[: host.find("]") + 1]
    return host.partition(":")[0].rstrip(".")


class _Branch:
    """One segment of the prefixes as they were registered."""

    __slots__ = ("dynamic", "scopes", "static")

    def __init__(self) -> None:
        self.static: dict[str, _Branch] = {}
        self.dynamic: list[_Dynamic] = []
        self.scopes: list[Scope] = []

    def text(self, text: str) -> _Branch:
        return self.static.setdefault(text, _Branch())

    def variable(self, expression: str, weight: int) -> _Branch:
        for known in self.dynamic:
            if known.pattern.pattern == expression:
                return known.branch
        added = _Dynamic(weight, re.compile(expression), _Branch())
        self.dynamic.append(added)
        self.dynamic.sort(key=lambda dynamic: (dynamic.weight, dynamic.pattern.pattern))
        return added.branch


class _Dynamic(NamedTuple):
    weight: int
    pattern: re.Pattern[str]
    branch: _Branch

    @property
    def takes_any(self) -> bool:
        return self.pattern.pattern in _ANY_TEXT


class _Node:
    """All branches that one path leads to, with everyone who owns what lies below it.

    Attributes:
        owners: Those that contain the path.
        static: Where texts lead that were registered.
        other: Where any other text leads, if the variables here take just any; known from the first one on.
        open: Whether another text has to be looked at.
    """

    __slots__ = ("_branches", "_followed", "_takes_any", "_trie", "open", "other", "owners", "static")

    def __init__(self, trie: _PathTrie, branches: tuple[_Branch, ...], inherited: tuple[Scope, ...]) -> None:
        self._trie = trie
        self._branches = branches
        self._followed: dict[tuple[int, ...], _Node] = {}
        self.owners: tuple[Scope, ...] = (*(scope for branch in branches for scope in branch.scopes), *inherited)
        self.static: dict[str, _Node] = {}
        self.other: _Node | None = None
        self.open = any(branch.dynamic for branch in branches)
        self._takes_any = all(dynamic.takes_any for branch in branches for dynamic in branch.dynamic)
        for text in dict.fromkeys(text for branch in branches for text in branch.static):
            child = trie.node(_follow(branches, text), self.owners)
            if child is None:
                self.open, self._takes_any = True, False
            else:
                self.static[text] = child

    def follow(self, segment: str) -> _Node | None:
        """Take the step that no registered text answers: by variables, or beyond the bound."""
        branches = _follow(self._branches, segment)
        if not branches:
            return None
        key = tuple(map(id, branches))
        known = self._followed.get(key)
        if known is None:
            known = self._trie.node(branches, self.owners)
            if known is None:
                return _Node(self._trie, branches, self.owners)
            self._followed[key] = known
        if self._takes_any:  # then this is the only step from here
            self.other = known
        return known


def _follow(branches: tuple[_Branch, ...], segment: str) -> tuple[_Branch, ...]:
    found: list[_Branch] = []
    for branch in branches:
        if (static := branch.static.get(segment)) is not None:
            found.append(static)
        found.extend(dynamic.branch for dynamic in branch.dynamic if dynamic.pattern.fullmatch(segment))
    return tuple(found)


class _Tail(NamedTuple):
    """A prefix with a variable that spans slashes (``<path:rest>``); it is compared as a whole."""

    pattern: re.Pattern[str]
    compared: int
    scope: Scope


class _PathTrie:
    """The prefixes of one host.

    Attributes:
        elsewhere: Who owns what is below none of the prefixes.
        firsts: The first segments of the prefixes; None where they are not all plain text.
    """

    __slots__ = ("_branches", "_budget", "_depth", "_ranks", "_root", "_tails", "elsewhere", "firsts")

    def __init__(self, scopes: Iterable[Scope], converters: ConverterLookup) -> None:
        self._depth = 0
        self._branches = 1
        self._tails: list[_Tail] = []
        root = _Branch()
        ordered = sorted(scopes, key=_at_one_place)
        for scope in ordered:
            self._add(root, scope, converters)
        # The nodes are in order by themselves; what is compared as a whole has to be put between them.
        self._ranks = {scope: _rank(scope, converters) for scope in ordered} if self._tails else {}
        self._budget = _NODES_PER_BRANCH * self._branches
        self._root = _Node(self, (root,), ())
        self.elsewhere = self._root.owners
        only_static = not self._tails and not self._root.open
        self.firsts: Collection[str] | None = self._root.static if only_static else None

    def _add(self, root: _Branch, scope: Scope, converters: ConverterLookup) -> None:
        parts = _path_segments(scope.prefix)
        branch = root
        for part in parts:
            if _is_text(part):
                branch = branch.text("".join(map(str, part)))
            else:
                expression, isolating, weight = parse(part, converters)
                if not isolating:
                    self._add_tail(parts, scope, converters)
                    return
                branch = branch.variable(expression, weight)
        branch.scopes.append(scope)
        self._depth = max(self._depth, len(parts))
        self._branches += len(parts)

    def _add_tail(self, parts: tuple[Segment, ...], scope: Scope, converters: ConverterLookup) -> None:
        expression = _path_expression(parts, converters)
        variables = [token for part in parts for token in part if isinstance(token, Variable)]
        spanning = sum(not converters(token.converter, token.arguments).isolating for token in variables)
        if spanning > _MOST_SPANNING:
            raise SetupError(f"{scope} has {spanning} variables that span slashes; errbridge compares at most two")
        # With two, the time grows with the square of what is compared.
        compared = sys.maxsize if spanning < _MOST_SPANNING else _LONGEST_SPANNED
        self._tails.append(_Tail(re.compile(rf"{expression}(?=/|\Z)"), compared, scope))

    def node(self, branches: tuple[_Branch, ...], inherited: tuple[Scope, ...]) -> _Node | None:
        """Make a node to be kept; None when there are as many as there may be."""
        if self._budget <= 0:
            return None
        self._budget -= 1
        return _Node(self, branches, inherited)

    def owners(self, path: str) -> tuple[Scope, ...]:
        node = self._root
        depth = self._depth
        for segment in path.split("/", depth + 1)[1 : depth + 1]:
            if segment in node.static:
                node = node.static[segment]
            elif node.other is not None and segment:
                node = node.other
            elif node.open and (child := node.follow(segment)) is not None:
                node = child
            else:
                break
        if self._tails:
            return self._with_tails(path, node.owners)
        return node.owners

    def _with_tails(self, path: str, owners: tuple[Scope, ...]) -> tuple[Scope, ...]:
        found = [*owners, *(tail.scope for tail in self._tails if tail.pattern.match(path, 0, tail.compared))]
        return tuple(sorted(found, key=self._ranks.__getitem__))


def _rank(scope: Scope, converters: ConverterLookup) -> tuple[Any, ...]:
    """Say where a scope stands among the owners of a path: the order that the nodes have by the way they are made."""
    kinds = []
    for part in _path_segments(scope.prefix):
        expression, _, weight = parse(part, converters)
        kinds.append((0, 0, "") if _is_text(part) else (1, weight, expression))
    return -len(kinds), kinds, _at_one_place(scope)


def _path_expression(parts: Iterable[Segment], converters: ConverterLookup) -> str:
    return "".join(f"/{parse(part, converters)[0]}" for part in parts)


def _is_text(part: Segment) -> bool:
    return all(isinstance(token, str) for token in part)


def _path_segments(prefix: str | None) -> tuple[Segment, ...]:
    return () if prefix in (None, "/") else segments(str(prefix))[1:]


def _at_one_place(scope: Scope) -> tuple[bool, str, str]:
    # The texts still differ where the patterns mean the same: /<int:a> and /<int:b>.
    return scope.blueprint is None, scope.blueprint or "", f"{scope.host or ''}{scope.prefix or ''}"


class _WildcardHost(NamedTuple):
    """A host with a star or with variables, compared label by label from the end."""

    labels: tuple[re.Pattern[str], ...]
    starred: bool
    paths: _PathTrie
    rank: tuple[int, bool, str]

    def matches(self, labels: list[str]) -> bool:
        more = len(labels) - len(self.labels)
        return (more > 0 if self.starred else more == 0) and all(
            pattern.fullmatch(label) for pattern, label in zip(self.labels, labels[more:], strict=True)
        )


class ScopeTrie:
    """Finds the scopes that own a URL.

    Args:
        scopes: All of them, in any order.
        converters: Finds the converters of the variables; Flask's own by default.

    Raises:
        SetupError: A prefix or host uses an unknown converter.
    """

    __slots__ = ("_anywhere", "_elsewhere", "_exact", "_firsts", "_has_hosts", "_wildcards")

    def __init__(self, scopes: Iterable[Scope], converters: ConverterLookup = default_converters) -> None:
        by_host: dict[str | None, list[Scope]] = {}
        for scope in scopes:
            by_host.setdefault(scope.host, []).append(scope)
        anywhere = self._anywhere = _PathTrie(by_host.pop(None, ()), converters)
        self._firsts, self._elsewhere = anywhere.firsts, anywhere.elsewhere
        self._exact: dict[str, _PathTrie] = {}
        self._wildcards: dict[str, list[_WildcardHost]] = {}
        for host, owned in by_host.items():
            assert host is not None
            paths = _PathTrie(owned, converters)
            if _is_wildcard(host):
                suffix, wildcard = _wildcard(host, paths, converters)
                self._wildcards.setdefault(suffix, []).append(wildcard)
            else:
                self._exact[host] = paths
        self._has_hosts = bool(by_host)

    def owners(self, host: str, path: str) -> tuple[Scope, ...]:
        """List the scopes that contain a URL, the nearest first.

        Args:
            host: The Host header, in any form.
            path: The path as the framework decoded it, below the mount point of the application.
        """
        if self._has_hosts:
            return self._of_host(normalize_host(host), path)
        # Most of what is not found is not by its first segment, which is cheaper to look up than to split off.
        if self._firsts is not None:
            end = path.find("/", 1)
            if (path[1:] if end < 0 else path[1:end]) not in self._firsts:
                return self._elsewhere
        return self._anywhere.owners(path)

    def _of_host(self, host: str, path: str) -> tuple[Scope, ...]:
        found: list[Scope] = []
        if (exact := self._exact.get(host)) is not None:
            found += exact.owners(path)
        if self._wildcards:
            for wildcard in sorted(self._matching(host), key=lambda wildcard: wildcard.rank):
                found += wildcard.paths.owners(path)
        found += self._anywhere.owners(path)
        return tuple(found)

    def _matching(self, host: str) -> Iterator[_WildcardHost]:
        if len(host) > _LONGEST_HOST:
            return
        labels = host.split(".")
        if not all(labels):
            return
        suffix = host
        while suffix:
            _, _, suffix = suffix.partition(".")
            for wildcard in self._wildcards.get(suffix, ()):
                if wildcard.matches(labels):
                    yield wildcard


def _wildcard(host: str, paths: _PathTrie, converters: ConverterLookup) -> tuple[str, _WildcardHost]:
    """Read a wildcard host; the labels behind its star or its last variable are the key that it is found by."""
    labels = host_labels(host)
    rank = _wildcard_rank(host)
    starred = rank[1]
    compared = labels[1:] if starred else labels
    patterns = tuple(re.compile(parse(label, converters)[0], re.IGNORECASE) for label in compared)
    last = max((index for index, label in enumerate(labels) if not _is_text(label)), default=0)
    suffix = ".".join("".join(map(str, label)).lower() for label in labels[last + 1 :])
    return suffix, _WildcardHost(patterns, starred, paths, rank)


def _wildcard_rank(host: str) -> tuple[int, bool, str]:
    labels = host_labels(host)
    return -len(labels), labels[0] == ("*",), host


# For those who cannot ask the trie: the configuration of another server, for instance.


def sorted_scopes(scopes: Iterable[Scope], converters: ConverterLookup = default_converters) -> list[Scope]:
    """Sort scopes so that of all that contain a URL the first is the nearest, whatever the URL.

    Args:
        scopes: Any.
        converters: Finds the converters of the variables.
    """
    return sorted(scopes, key=lambda scope: (_host_rank(scope.host), _rank(scope, converters)))


def _host_rank(host: str | None) -> tuple[Any, ...]:
    if host is None:
        return (2,)
    return (1, _wildcard_rank(host)) if _is_wildcard(host) else (0, host)


def _is_wildcard(host: str) -> bool:
    return host.startswith("*.") or "<" in host


def expressions(scope: Scope, converters: ConverterLookup = default_converters) -> tuple[str, str]:
    """Give regular expressions of the hosts of a scope and of its prefix, which a slash or the end has to follow.

    Args:
        scope: Any.
        converters: Finds the converters of the variables.
    """
    host = "[^/]*" if scope.host is None else _host_expression(host_labels(scope.host), converters)
    return host, _path_expression(_path_segments(scope.prefix), converters)


def _host_expression(labels: tuple[Segment, ...], converters: ConverterLookup) -> str:
    if labels[0] == ("*",):
        return r"\.".join(["[^/]+", *(parse(label, converters)[0] for label in labels[1:])])
    expression = r"\.".join(parse(label, converters)[0] for label in labels)
    if all(map(_is_text, labels)):
        return expression
    # A variable would take in dots as well, if the number of labels did not forbid it.
    return rf"(?=[^./]+(?:\.[^./]+){{{len(labels) - 1}}}(?:/|$)){expression}"
