"""Which of two scopes that own a URL is nearer. The rules are those of `errbridge.scopes.trie`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from errbridge.scopes.patterns import (
    ConverterLookup,
    find_converter,
    is_text,
    is_wildcard,
    parse_segment,
    split_host,
    split_prefix,
)
from errbridge.scopes.scope import Scope

__all__ = ["Rank", "rank_host", "rank_scope", "sort_scopes"]


Rank = tuple[Any, ...]
"""Compares with the ranks that the same function returns; the nearest scope has the least."""


def rank_host(host: str | None) -> Rank:
    """Rank the host of a scope among those that match one request."""
    if host is None:
        return 2, 0, False, ""
    if not is_wildcard(host):
        return 0, 0, False, host
    labels = split_host(host)
    return 1, -len(labels), labels[0] == ("*",), host


def rank_scope(scope: Scope, space: Scope, converters: ConverterLookup) -> Rank:
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
    return sorted(scopes, key=lambda scope: (rank_host(scope.host), rank_scope(scope, scope, converters)))
