"""What is wrong with the error handling of an application, as far as that is certain before an error happens."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from errbridge.application.errormap import Owner
from errbridge.application.settings import find_misspelt
from errbridge.catalogue import Catalogue, types_of
from errbridge.errors import SetupError
from errbridge.handlers.handlers import CATCH_ALL, Key
from errbridge.http.request import RequestFacts
from errbridge.inspection.probes import build_url, find_fault, list_readable_scopes, locate, open_error
from errbridge.inspection.subject import Source, Subject, find_source, key_name, list_scopes
from errbridge.languages.catalogues import find_faults
from errbridge.languages.message import find_names
from errbridge.problem.problem import make_plain_text, read_declaration
from errbridge.representations.styles import DEFAULT
from errbridge.scopes.scope import ROOT, Scope, list_blueprints

__all__ = ["CHECKS", "Finding", "check"]

Found = Iterator[tuple[str, str, Callable[..., Any] | None]]
"""Scopes with what is wrong there and what to do, and the handler that it is about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, where, and what to do."""

    code: str
    scope: str
    message: str
    source: Source | None = None  # the handler that it is about


def check(subject: Subject, ignored: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Carry out all checks, except for those of the codes that are ignored."""
    left_out = set(ignored)
    if unknown := left_out - set(CHECKS):
        raise SetupError(f"there is no check {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
    return tuple(
        Finding(code, scope, message, None if function is None else find_source(function))
        for code, find in CHECKS.items()
        if code not in left_out
        for scope, message, function in find(subject)
    )


def _find_unreadable_scopes(subject: Subject) -> Found:
    for scope, _ in list_scopes(subject):
        if (error := find_fault(subject, scope)) is not None:
            yield str(scope), f"its prefix or host cannot be read, and it owns nothing: {error}", None


def _find_equal_places(subject: Subject) -> Found:
    """Find blueprints with one place. One that is nested in another there, and has no say in errors, does no harm."""
    places: dict[tuple[str, str], dict[str, Owner]] = {}
    for scope, owner in list_readable_scopes(subject):
        if scope.blueprint is not None and (scope.host, scope.prefix) != (None, None):
            places.setdefault(locate(subject, scope), {})[scope.blueprint] = owner
    for there in places.values():
        outer = (name for name in there if there.keys().isdisjoint(list_blueprints(name)[1:]))
        first, *others = sorted({*outer, *(name for name, owner in there.items() if _is_used(owner))})
        message = f"has the place of {first}, whose name comes first, so unknown URLs are that one's; move one of them"
        yield from ((name, message, None) for name in others)


def _is_used(owner: Owner) -> bool:
    return bool(owner.handlers.by_key) or owner.style is not None or owner.failure


def _find_unreached(subject: Subject) -> Found:
    """Open an error at a URL of each scope, and look whether the scope has its turn."""
    for scope, owner in list_readable_scopes(subject):
        if not _is_used(owner) or scope.blueprint in subject.routed:
            continue
        is_owner, before = _find_turn(subject, scope)
        if not is_owner:
            why = f"no URL of it leads there with the dispatcher {type(subject.error_map.dispatcher).__name__}"
            if (scope.host, scope.prefix) == (None, None):
                why = "it has neither views nor a prefix that errbridge knows; call init_app before you register it"
            yield str(scope), f"what is registered there never runs: {why}", None
        elif before is not None:
            why = f"the style of {before} comes before it; register on that scope, or take its style away"
            if scope != ROOT and owner.style is not None and not owner.handlers.by_key:
                yield str(scope), f"what is registered there never runs: {why}", None
            for key, handler in owner.handlers.by_key.items():
                if _is_for_http_errors(subject, key):
                    yield str(scope), f"the handler for {key_name(key)} never runs: {why}", handler.function


def _find_turn(subject: Subject, scope: Scope) -> tuple[bool, Scope | None]:
    """Return whether a scope owns its URLs, and the scope at the same place that answers before it."""
    url = build_url(scope, subject.installation.application.converters)
    if url is None:
        return True, None
    request = RequestFacts(host=url[0], path=url[1], routing=True)
    before: Scope | None = None
    for owner in open_error(subject.installation, request).chain.owners:
        if owner.scope == scope or (scope.blueprint is not None and owner.scope.blueprint == scope.blueprint):
            return True, before
        answers = owner.find_style(uncaught=False) is not None
        if before is None and answers and locate(subject, owner.scope) == locate(subject, scope):
            before = owner.scope
    return False, before


def _is_for_http_errors(subject: Subject, key: Key) -> bool:
    """Return whether a handler is asked about HTTP errors only; others are asked along the whole chain."""
    base = subject.installation.application.http_classes.base
    return not isinstance(key, type) or (base is not None and issubclass(key, base))


def _find_without_prefix(subject: Subject) -> Found:
    """Find blueprints with a style of their own while the application, which owns their unknown URLs, has none."""
    installation, error_map = subject.installation, subject.error_map
    context = open_error(installation, RequestFacts(path="/", routing=True))
    styles = (each.style for each in installation.registrations(ROOT))
    handlers = error_map.root.handlers.find(type(context.exception), 404)
    has_look = any((*styles, installation.options.style, error_map.settings.handler, context.native, *handlers))
    if has_look or context.chain.http.owners[-1] is not error_map.root:
        return
    for scope, owner in list_readable_scopes(subject):
        has_urls = (scope.prefix, scope.host) != (None, None)
        if not has_urls and owner.style not in (None, DEFAULT) and scope.blueprint in subject.routed:
            advice = f"register the application, too: errors.{owner.style.name}_register(app)"
            yield (
                str(scope),
                f"it has no prefix, so unknown URLs are the application's, without a style; {advice}",
                None,
            )


def _list_targets(subject: Subject) -> Mapping[Hashable, str]:
    """List all targets of registrations with their names; a blueprint that is not in the application has none."""
    installation = subject.installation
    names: dict[Hashable, str] = {blueprint: str(scope) for scope, blueprint in installation.application.places()}
    targets = (*installation.shared.targets, *installation.own.targets)
    return {target: str(target) if isinstance(target, Scope) else names.get(target, "") for target in targets}


def _find_replaced_handlers(subject: Subject) -> Found:
    installation = subject.installation
    normalize = installation.application.http_classes.normalize_key
    for target, name in _list_targets(subject).items():
        registered = chain.from_iterable(each.handlers() for each in installation.registrations(target))
        pairs = [(normalize(key), handler.function) for key, handler in registered]
        last = dict(pairs)
        for key, function in pairs:
            if name and function is not last[key]:
                by, advice = find_source(last[key]), "remove one"
                if by == find_source(function):
                    advice = (
                        "a factory registers the function again at each call: move it out, or register it on the app"
                    )
                yield name, f"the handler for {key_name(key)} never runs: {by.name} took its place; {advice}", function


def _find_behind_native(subject: Subject) -> Found:
    for native in subject.natives:
        if subject.is_replaced(native):
            continue
        owner = subject.error_map.owners[ROOT if native.blueprint is None else native.blueprint]
        key = subject.installation.application.http_classes.normalize_key(native.key)
        by = f"the native handler {find_source(native.function).name} for {key_name(native.key)}"
        if (handler := owner.handlers.by_key.get(key)) is not None:
            yield (
                str(owner.scope),
                f"the handler runs only if {by} returns None; register one of them",
                handler.function,
            )
        elif key == CATCH_ALL and owner.style not in (None, DEFAULT):
            advice = (
                "remove that handler" if native.blueprint else "let ErrorHandler(app, replace_native=True) replace it"
            )
            yield str(owner.scope), f"the style is shown only if {by} returns None; {advice}", native.function


def _find_replaced_methods(subject: Subject) -> Found:
    for name, found in subject.replaced_methods.items():
        by = find_source(found.function).name
        yield "app", f"{by} is in place of {name}, and may answer before errbridge; {found.advice}", found.function


def _find_unregistered_blueprints(subject: Subject) -> Found:
    for target, name in _list_targets(subject).items():
        if not name and not subject.was_registered(target):
            advice = "call app.register_blueprint(), or ignore this check if another application is going to have it"
            yield str(getattr(target, "name", target)), f"no application has this blueprint; {advice}", None


def _find_template_faults(subject: Subject) -> Found:
    """Compile the pages of all errors, and what they refer to."""
    folders = {"errors", *(folder for owner in subject.error_map.owners.values() for folder in owner.folders)}
    pages = [name for name in subject.list_templates() if name.rpartition("/")[0] in folders]
    if (page := subject.error_map.settings.page) is not None:
        pages.append(page)
    for fault in dict.fromkeys(fault for page in pages for fault in subject.find_template_faults(page)):
        yield "app", f"{fault}; the built-in page is shown instead", None


def _find_unused_templates(subject: Subject) -> Found:
    """Find pages where no scope shows any, unless a handler may."""
    owners = subject.error_map.owners.values()
    if subject.natives or any(owner.handlers.by_key or (owner.style or DEFAULT).has_templates for owner in owners):
        return
    pages = [name for name in subject.list_templates() if name.startswith("errors/")]
    if unused := ", ".join(name for name in pages if name != subject.error_map.settings.page):
        advice = 'write errors.web_register(app) or ErrorHandler(app, handler="web")'
        yield "app", f"{unused} is never shown: only the style web has templates; {advice}", None


def _find_unknown_keys(subject: Subject) -> Found:
    for key, near in find_misspelt(subject.installation.application.config):
        yield "app", f"errbridge has no configuration key {key}; did you mean {near}?", None


def _find_type_conflicts(subject: Subject) -> Found:
    try:
        Catalogue.of(subject.installation.problem_types, type_uri=subject.error_map.settings.type_uri)
    except SetupError as error:
        yield "app", str(error), None


def _find_unknown_fields(subject: Subject) -> Found:
    for cls in types_of(subject.installation.problem_types):
        names = find_names(make_plain_text(getattr(cls, "detail", None) or ""))
        for name in sorted(names - read_declaration(cls).fields.keys()):
            message = f"the detail of {key_name(cls)} names {{{name}}}, which is no field; declare it: {name}: str"
            yield "app", message, None


def _find_catalogue_faults(subject: Subject) -> Found:
    languages, catalogues = subject.error_map.settings.languages, subject.installation.application.catalogues
    yield from (("app", fault, None) for fault in find_faults(languages, catalogues))


CHECKS: Mapping[str, Callable[[Subject], Found]] = {
    "unreadable-scope": _find_unreadable_scopes,
    "same-place": _find_equal_places,
    "never-reached": _find_unreached,
    "no-prefix": _find_without_prefix,
    "replaced-handler": _find_replaced_handlers,
    "behind-native": _find_behind_native,
    "replaced-method": _find_replaced_methods,
    "unregistered-blueprint": _find_unregistered_blueprints,
    "missing-template": _find_template_faults,
    "unused-template": _find_unused_templates,
    "unknown-key": _find_unknown_keys,
    "conflicting-types": _find_type_conflicts,
    "unknown-field": _find_unknown_fields,
    "missing-catalogue": _find_catalogue_faults,
}
"""Each check by its code, in the order in which they are carried out."""
