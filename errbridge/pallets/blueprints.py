"""Where the blueprints of an application are registered: their effective prefix and host.

A blueprint does not know. Its prefix may be given when it is registered, again when it is nested, and once more when it
is registered under a second name (pallets/flask#1498). The framework computes the effective one in the state that it
makes for each registration, in ``Blueprint.make_setup_state``. That method is meant to be overridden, and here every
registration is watched in it.

What was registered before errbridge came is worked out from the rules that it left in the URL map: a rule in the map is
the prefix followed by the rule that the blueprint was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from errbridge.application.protocol import Place
from errbridge.scopes.scope import Scope

__all__ = ["BlueprintPlaces"]

_PORT = r":\d+$"


class _Registration(NamedTuple):
    blueprint: Any
    prefix: str | None
    subdomain: str | None


class BlueprintPlaces:
    """Knows where each blueprint of an application is registered, from now on and before.

    Args:
        app: The application. Its ``register_blueprint`` is watched on this instance.

    Attributes:
        registered: The blueprints by name. It only grows.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.registered: dict[str, _Registration] = _found(app)
        self._register = app.register_blueprint
        app.register_blueprint = self._watched

    def places(self) -> Iterator[Place]:
        """List every blueprint once for each host it is registered for."""
        hosts = _hosts_of_rules(self._app)
        server_name = re.sub(_PORT, "", self._app.config.get("SERVER_NAME") or "")
        for name, registered in self.registered.items():
            prefix = registered.prefix if registered.prefix and registered.prefix.startswith("/") else None
            if registered.subdomain and server_name:
                scopes = [Scope(f"{registered.subdomain}.{server_name}", prefix, name)]
            elif registered.subdomain:
                scopes = [Scope(blueprint=name)]  # without SERVER_NAME a subdomain is no host
            else:
                scopes = [Scope(host, prefix, name) for host in sorted(hosts.get(name, ()))] or [
                    Scope(None, prefix, name)
                ]
            for scope in scopes:
                yield Place(scope, registered.blueprint)

    def _watched(self, blueprint: Any, **options: Any) -> None:
        # A blueprint may be registered once more while it is registered, and may have a method of its own.
        before = [(member, vars(member).get("make_setup_state")) for member in _tree(blueprint)]
        for member, _ in before:
            member.make_setup_state = self._noting(member.make_setup_state)
        try:
            self._register(blueprint, **options)
        finally:
            for member, own in before:
                if own is None:
                    del member.make_setup_state
                else:
                    member.make_setup_state = own

    def _noting(self, make_setup_state: Callable[..., Any]) -> Callable[..., Any]:
        def noting(app: Any, options: dict[str, Any], first_registration: bool = False) -> Any:
            state = make_setup_state(app, options, first_registration)
            name = f"{state.name_prefix}.{state.name}".lstrip(".")
            self.registered[name] = _Registration(state.blueprint, state.url_prefix, state.subdomain)
            return state

        return noting


def _tree(blueprint: Any) -> Iterable[Any]:
    """Give a blueprint and all that are nested in it, each once."""
    found = {id(blueprint): blueprint}
    waiting = [blueprint]
    while waiting:
        for nested, _ in waiting.pop()._blueprints:
            if id(nested) not in found:
                found[id(nested)] = nested
                waiting.append(nested)
    return found.values()


def _hosts_of_rules(app: Any) -> dict[str, set[str]]:
    """Collect the hosts of each blueprint's routes, where the application matches hosts."""
    hosts: dict[str, set[str]] = {}
    if app.url_map.host_matching:
        for rule in app.url_map.iter_rules():
            name = rule.endpoint.rpartition(".")[0]
            if name and rule.host:
                hosts.setdefault(name, set()).add(re.sub(_PORT, "", rule.host))
    return hosts


# What was registered before.


def _found(app: Any) -> dict[str, _Registration]:
    registered: dict[str, _Registration] = {}
    for name, blueprint in app.blueprints.items():  # in the order of registration: parents first
        rules = dict(_rules(app, name, blueprint))
        parent = registered.get(name.rpartition(".")[0])
        declared = _joined(parent.prefix if parent else None, blueprint.url_prefix)
        registered[name] = _Registration(blueprint, _prefix(rules, declared), _subdomain(app, name, blueprint))
    for name in reversed(registered):  # a parent without routes is where its children are
        _lend_prefix(registered, name)
    return registered


def _rules(app: Any, name: str, blueprint: Any) -> Iterator[tuple[str, set[str]]]:
    """Give each rule that a blueprint was given, with the rules of the map that it became."""
    for rule, endpoint in _own_rules(blueprint):
        with suppress(KeyError):
            yield rule, {str(found.rule) for found in app.url_map.iter_rules(f"{name}.{endpoint}")}


def _own_rules(blueprint: Any) -> list[tuple[str, str]]:
    recorder = _Recorder()
    if blueprint.has_static_folder:
        recorder.add_url_rule(f"{blueprint.static_url_path}/<path:filename>", "static")
    for deferred in blueprint.deferred_functions:
        # These do nothing but hand their rule on; whatever else was deferred may do anything, and did it once already.
        if getattr(deferred, "__qualname__", "") == "Blueprint.add_url_rule.<locals>.<lambda>":
            deferred(recorder)
    return recorder.rules


class _Recorder:
    """Stands in for the state of a registration, to be told the rules."""

    def __init__(self) -> None:
        self.rules: list[tuple[str, str]] = []

    def add_url_rule(self, rule: str, endpoint: str | None = None, view_func: Any = None, **options: Any) -> None:
        self.rules.append((rule, endpoint or str(getattr(view_func, "__name__", ""))))


def _prefix(rules: dict[str, set[str]], declared: str | None) -> str | None:
    """Find the prefix that explains all rules."""
    explaining: set[str] | None = None
    for rule, full in rules.items():
        ending = f"/{rule.lstrip('/')}" if rule else ""
        found = {whole.removesuffix(ending) for whole in full if whole.endswith(ending)}
        if found:
            explaining = found if explaining is None else explaining & found
    if not explaining or (declared or "").rstrip("/") in explaining:
        return declared
    return min(explaining)


def _lend_prefix(registered: dict[str, _Registration], name: str) -> None:
    parent = registered.get(name.rpartition(".")[0])
    child = registered[name]
    own = child.blueprint.url_prefix
    if parent is None or not child.prefix or not own or _own_rules(parent.blueprint):
        return
    ending = f"/{own.strip('/')}"
    if child.prefix.rstrip("/").endswith(ending):
        prefix = child.prefix.rstrip("/").removesuffix(ending) or None
        registered[name.rpartition(".")[0]] = _Registration(parent.blueprint, prefix, parent.subdomain)


def _joined(prefix: str | None, nested: str | None) -> str | None:
    if prefix is None or nested is None:
        return prefix if nested is None else nested
    return f"{prefix.rstrip('/')}/{nested.lstrip('/')}"


def _subdomain(app: Any, name: str, blueprint: Any) -> str | None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.rpartition(".")[0] == name:
            return rule.subdomain or None
    return blueprint.subdomain or None
