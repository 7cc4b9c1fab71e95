"""Requests that would belong to a scope, to find out by the real way who answers there."""

from __future__ import annotations

import re

from errbridge.application.errormap import Installation, Owner
from errbridge.handling.case import Case, opened
from errbridge.http.request import RequestFacts
from errbridge.inspection.listing import listed_scopes
from errbridge.inspection.subject import Subject
from errbridge.problem.problem import Problem
from errbridge.scopes.patterns import ConverterLookup, Segment, parse_segment, split_pattern
from errbridge.scopes.scope import ROOT, Scope, list_blueprints
from errbridge.scopes.trie import ScopeTrie

__all__ = ["fault_of", "is_first", "probe", "readable_scopes", "request_of", "url_of"]

_VALUES = ("1", "a", "aa", "1.0", "00000000-0000-4000-8000-000000000000", "2020-01-01")
_WORD = re.compile(r"[\w.-]+")


def fault_of(subject: Subject, scope: Scope) -> Exception | None:
    """Give the reason why a scope cannot be read in the application, if there is one."""
    try:
        ScopeTrie((scope,), subject.installation.framework.converters)
    except Exception as error:  # also whatever the constructor of a converter raises
        return error
    return None


def readable_scopes(subject: Subject) -> list[tuple[Scope, Owner]]:
    """List the scopes of an application that can own something; see `listed_scopes`."""
    return [(scope, owner) for scope, owner in listed_scopes(subject) if fault_of(subject, scope) is None]


def url_of(scope: Scope, converters: ConverterLookup) -> tuple[str, str] | None:
    """Make up a host and a path that a scope contains.

    Args:
        scope: Any.
        converters: Finds the converters of the variables.

    Returns:
        None where no value could be thought of that a variable takes.
    """
    host = "" if scope.host is None else scope.host.replace("*.", "a.")
    made = [_text(segment, converters) for pattern in (host, scope.prefix or "/") for segment in split_pattern(pattern)]
    if None in made:
        return None
    return str(made[0]), "/".join(map(str, made[1:]))


def _text(segment: Segment, converters: ConverterLookup) -> str | None:
    text = ""
    for token in segment:
        if isinstance(token, str):
            text += token
            continue
        pattern = re.compile(parse_segment((token,), converters).regex)
        own = _WORD.findall(token.arguments or "")  # of any(a, b) they are what it takes
        value = next((value for value in (*own, *_VALUES) if pattern.fullmatch(value)), None)
        if value is None:
            return None
        text += value
    return text


def probe(installation: Installation, request: RequestFacts, status: int = 404) -> Case:
    """Open the case of an error of a status."""
    cls = installation.framework.http.by_status.get(status)
    return opened(installation.table(), Problem(status) if cls is None else cls(), request)


def request_of(subject: Subject, scope: Scope) -> RequestFacts | None:
    """Make up a request whose errors belong to a scope before anyone else.

    Args:
        subject: The application.
        scope: One of its scopes.

    Returns:
        None where there is none: no URL leads to the scope first, and it has no views either.
    """
    if scope == ROOT:
        return RequestFacts(path="/", routing=True)
    installation = subject.installation
    url = url_of(scope, installation.framework.converters)
    host, path = url or ("", "/")
    request = RequestFacts(path=path, host=host, routing=True)
    if url is not None and (scope.host, scope.prefix) != (None, None) and is_first(installation, scope, request):
        return request
    if scope.blueprint is not None and scope.blueprint in subject.routed():
        return RequestFacts(path=path, host=host, blueprints=list_blueprints(scope.blueprint))
    return None


def is_first(installation: Installation, scope: Scope, request: RequestFacts) -> bool:
    """Tell whether the errors of a request belong to a scope before anyone else."""
    owner = probe(installation, request).chain.owners[0].scope
    return owner == scope or (scope.blueprint is not None and owner.blueprint == scope.blueprint)
