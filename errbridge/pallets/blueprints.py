"""Where the blueprints of an application are registered: their effective prefix and host.

A blueprint does not know. Its prefix may be set when it is registered, again when it is nested, and once more when it
is registered under a second name (pallets/flask#1498). The application knows: a rule in its URL map is the effective
prefix followed by the rule that the author wrote. That can be read at any time, so it makes no difference whether
errbridge or the blueprint came first, nor how the blueprint came. Places are found

1. from the blueprint's own routes;
2. without any, from the routes of the blueprints nested in it, less their own part of the prefix;
3. without those, from the options of the registration, if errbridge saw it, and the blueprint's own ``url_prefix`` and
   ``subdomain``.

Limits: ``url_prefix="/"`` among the options of a registration leaves no trace in a route, and counts as no prefix. A
blueprint without any routes is where it was declared, if errbridge did not see its registration. If an extension hides
all routes of a blueprint, its prefix is the longest path that they have in common, without their last segments.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from posixpath import commonpath, dirname
from typing import Any

from errbridge import Scope, SetupError
from errbridge.pallets.private import find_recorder, read_nested, replay_routes

__all__ = ["BlueprintPlaces", "split_endpoint"]

_PORT = re.compile(r":\d+$")


class BlueprintPlaces:
    """The places of an application's blueprints; a SetupError if those of this version of the framework are unknown.

    For blueprints without routes, the ``register_blueprint`` of this application is wrapped.
    """

    def __init__(self, app: Any) -> None:
        for blueprint in app.blueprints.values():
            find_recorder(blueprint)
        self._app = app
        self._options: dict[str, Mapping[str, Any]] = {}
        self._register = app.register_blueprint
        app.register_blueprint = self._register_blueprint

    def places(self) -> Iterator[tuple[Scope, object]]:
        """List every blueprint once for each of its hosts."""
        url_map = self._app.url_map
        rules: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for rule in url_map.iter_rules():
            name, endpoint = split_endpoint(rule)
            rules[name][endpoint].append(rule)
        registrations = self._find_registrations()
        clues = {name: _read_clues(each, rules[name]) for name, each in registrations.items()}
        prefixes, subdomains = (_solve(option, registrations, clues) for option in ("url_prefix", "subdomain"))
        server_name = _PORT.sub("", self._app.config.get("SERVER_NAME") or "")
        for name, registration in registrations.items():
            prefix = prefixes[name] if prefixes[name].startswith("/") else None
            if prefix is not None and url_map.merge_slashes:  # as Werkzeug does in its rules
                prefix = re.sub("//+", "/", prefix)
            if subdomain := ".".join(reversed(subdomains[name].split("/")[1:])):
                hosts: Iterable[str | None] = [f"{subdomain}.{server_name}" if server_name else ""]
            else:
                own = (rule for same in rules[name].values() for rule in same if url_map.host_matching and rule.host)
                hosts = sorted({_PORT.sub("", rule.host) for rule in own}) or [None]
            for host in hosts:
                try:
                    scope = Scope(host, prefix, name)
                except SetupError:  # no request has this host: without SERVER_NAME a subdomain is none, for instance
                    scope = Scope(blueprint=name)
                yield scope, registration.blueprint

    def _register_blueprint(self, blueprint: Any, **options: Any) -> None:
        find_recorder(blueprint)
        name = options.get("name", blueprint.name)
        if name not in self._app.blueprints:  # the framework refuses it otherwise
            self._options[name] = options
        self._register(blueprint, **options)

    def _find_registrations(self) -> dict[str, _Registration]:
        """Return the registrations by name, parents first."""
        found: dict[str, _Registration] = {}
        for name, blueprint in sorted(self._app.blueprints.items(), key=lambda item: item[0].count(".")):
            parent, _, own_name = name.rpartition(".")
            for nested, options in read_nested(found[parent].blueprint) if parent in found else ():
                if nested is blueprint and options.get("name", nested.name) == own_name:
                    found[name] = _Registration(blueprint, options, parent)
            found.setdefault(name, _Registration(blueprint, self._options.get(name)))
        return found


def split_endpoint(rule: Any) -> tuple[str, str]:
    """Return the blueprint of a rule, "" if it has none, and the rest of its endpoint, which may be any object."""
    name, _, endpoint = str(rule.endpoint).rpartition(".")
    return name, endpoint


@dataclass(frozen=True, slots=True)
class _Registration:
    """One registration of a blueprint."""

    blueprint: Any
    options: Mapping[str, Any] | None  # those of its registration or nesting; None if errbridge did not see it
    parent: str | None = None  # the name of the blueprint in which it is nested

    def own(self, option: str) -> str:
        """Return its own part of the prefix, or of the subdomain, as a path."""
        value = (self.options or {}).get(option)
        if value == "/":  # a registration that errbridge did not see could not be known from one without a prefix
            return ""
        found = (getattr(self.blueprint, option) if value is None else value) or ""
        return _reverse(found) if option == "subdomain" else found


@dataclass(frozen=True, slots=True)
class _Clue:
    """What one endpoint says about where a blueprint is registered."""

    candidates: Iterable[str]  # the prefixes or subdomains that explain its rules, the blueprint's own first
    is_guess: bool = False  # whether the blueprint's rules cannot be read


_Clues = dict[str, list[_Clue]]


def _solve(option: str, registrations: dict[str, _Registration], found: Mapping[str, _Clues]) -> dict[str, str]:
    """Find the effective prefix or subdomain of each registration; empty if there is none."""
    clues = {name: list(own[option]) for name, own in found.items()}
    for name, registration in reversed(registrations.items()):
        parent, inner = registration.parent, registration.own(option)
        if parent and all(clue.is_guess for clue in found[parent][option]):
            clues[parent] += [_Clue(_remove(clue.candidates, inner), clue.is_guess) for clue in clues[name]]
    solved: dict[str, str] = {}
    for name, registration in registrations.items():
        outer, inner = solved[registration.parent] if registration.parent else "", registration.own(option)
        expected = f"{outer.rstrip('/')}/{inner.lstrip('/')}" if outer and inner else outer or inner
        certain = [clue for clue in clues[name] if not clue.is_guess]
        usable = clues[name] if not certain and registration.options is None else certain
        # One endpoint can be ambiguous, and an extension may add rules of its own to a name: the most clues decide.
        votes = Counter(candidate for clue in usable for candidate in clue.candidates)
        likeliest, count = max(votes.items(), key=itemgetter(1), default=(expected, 0))
        solved[name] = expected if votes[expected.rstrip("/")] == count else likeliest
    return solved


def _remove(paths: Iterable[str], ending: str) -> dict[str, None]:
    """Return the paths that end with another one, without it."""
    ending = ending.strip("/") and f"/{ending.strip('/')}"
    paths = [path.rstrip("/") for path in paths]
    return {path.removesuffix(ending).rstrip("/"): None for path in paths if path.endswith(ending)}


def _read_clues(registration: _Registration, rules: Mapping[str, list[Any]]) -> _Clues:
    """Compare a blueprint's routes with the rules that they became in the application."""
    routes = _read_routes(registration.blueprint)
    prefix = [
        _Clue(_remove((each.rule for each in rules[endpoint]), rule))
        for endpoint, rule, _ in routes
        if rule is not None and endpoint in rules
    ]
    if rules and not prefix:
        common = commonpath([dirname(each.rule) for same in rules.values() for each in same])
        own = registration.own("url_prefix").rstrip("/")
        before, found, _ = f"{common}/".rpartition(f"{own}/")
        prefix = [_Clue({(before + own if own and found else common).rstrip("/")}, is_guess=True)]
    elsewhere = {endpoint for endpoint, _, options in routes if options.get("subdomain") is not None}
    subdomain = [
        _Clue({_reverse(each.subdomain if each.subdomain != each.map.default_subdomain else None) for each in same})
        for endpoint, same in rules.items()
        if endpoint not in elsewhere
    ]
    return {"url_prefix": prefix, "subdomain": subdomain}


def _reverse(subdomain: str | None) -> str:
    """Return a subdomain as a path: nested subdomains are a prefix that is read from right to left."""
    return "".join(f"/{label}" for label in reversed((subdomain or "").split(".")) if label)


def _read_routes(blueprint: Any) -> list[tuple[str, str | None, Mapping[str, Any]]]:
    """List endpoint, rule and options of the routes as their author wrote them; a rule that cannot be read is None."""
    routes: list[tuple[str, str | None, Mapping[str, Any]]] = []

    def add_url_rule(rule: Any, endpoint: str | None = None, view_func: Any = None, **options: Any) -> None:
        routes.append((endpoint or str(getattr(view_func, "__name__", "")), _read_rule(rule), options))

    if blueprint.has_static_folder:
        add_url_rule(f"{blueprint.static_url_path}/<path:filename>", "static")
    replay_routes(blueprint, add_url_rule)
    return routes


def _read_rule(rule: Any) -> str | None:
    if isinstance(rule, str):
        return rule
    prefix = "/prefix:"
    with suppress(Exception):  # an extension's own: Flask-RESTful and Flask-RESTX record a function of the prefix
        made = str(rule(prefix))
        return made.removeprefix(prefix) if made.startswith(prefix) else None
    return None
