"""What is wrong with the error handling of an application, as far as that is certain before an error happens."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, filterfalse, takewhile
from typing import Any

from errbridge.application.errormap import Owner
from errbridge.application.settings import find_misspelt
from errbridge.catalogue import Catalogue, types_of
from errbridge.errors import SetupError
from errbridge.handlers.handlers import CATCH_ALL
from errbridge.http.request import RequestFacts
from errbridge.inspection.subject import Source, Subject, find_source, is_of, key_name
from errbridge.languages.catalogues import find_faults
from errbridge.languages.language import find_names
from errbridge.problem.problem import make_plain_text, read_declaration
from errbridge.representations.styles import DEFAULT
from errbridge.scopes.scope import ROOT, Scope, list_blueprints

__all__ = ["CHECKS", "Finding", "check"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, where, and what to do."""

    code: str
    scope: str
    message: str
    source: Source | None = None  # the handler that it is about


Found = Iterator[tuple[object, str] | tuple[object, str, Callable[..., Any]]]
"""Scopes with what is wrong there and what to do, maybe with the handler that it is about."""


def check(subject: Subject, ignored: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Carry out all checks, except for those of the codes that are ignored."""
    left_out = set(ignored)
    if unknown := left_out - set(CHECKS):
        raise SetupError(f"there is no check {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
    return tuple(
        Finding(code, str(scope), message, *map(find_source, functions))
        for code, find in CHECKS.items()
        if code not in left_out
        for scope, message, *functions in find(subject)
    )


def _find_unreadable_scopes(subject: Subject) -> Found:
    for scope, _ in subject.list_scopes():
        if (error := subject.find_fault(scope)) is not None:
            yield scope, f"its prefix or host cannot be read, and it owns nothing: {error}"


def _find_equal_places(subject: Subject) -> Found:
    """Find blueprints with one place. One that is nested in another there, and has no say in errors, does no harm."""
    places: dict[tuple[str, str], dict[str, Owner]] = {}
    for scope, owner in subject.list_readable_scopes():
        if scope.blueprint is not None and (scope.host, scope.prefix) != (None, None):
            places.setdefault(subject.locate(scope), {})[scope.blueprint] = owner
    for there in places.values():
        outer = (name for name in there if there.keys().isdisjoint(list_blueprints(name)[1:]))
        first, *others = sorted({*outer, *(name for name, owner in there.items() if _is_used(owner))})
        message = f"has the place of {first}, whose name comes first, so unknown URLs are that one's; move one of them"
        yield from ((name, message) for name in others)


def _is_used(owner: Owner) -> bool:
    return bool(owner.handlers.by_key) or owner.style is not None or owner.failure


def _find_unreached(subject: Subject) -> Found:
    """Open an error at a URL of each scope, and look whether the scope has its turn."""
    for scope, owner in subject.list_readable_scopes():
        request = subject.find_request(scope)
        if request is not None and _is_used(owner) and scope.blueprint not in subject.routed:
            yield from _find_behind(subject, scope, owner, subject.open_error(request).chain.owners)


def _find_behind(subject: Subject, scope: Scope, owner: Owner, owners: Sequence[Owner]) -> Found:
    """Find what never runs of a scope, by the owners of its URLs."""
    nearer = [*takewhile(lambda each: not is_of(each, scope), owners)]
    place = subject.locate(scope)
    before = next((each for each in nearer if each.style and subject.locate(each.scope) == place), None)
    if len(nearer) == len(owners):
        why = f"no URL of it leads there with the dispatcher {type(subject.error_map.dispatcher).__name__}"
        if (scope.host, scope.prefix) == (None, None):
            why = "it has neither views nor a prefix that errbridge knows; call init_app before you register it"
        yield scope, f"what is registered there never runs: {why}"
    elif before is not None:
        why = f"the style of {before.scope} comes before it; register on that scope, or take its style away"
        if scope != ROOT and owner.style is not None and not owner.handlers.by_key:
            yield scope, f"what is registered there never runs: {why}"
        base = subject.application.http_classes.base or ()  # other classes are asked along the whole chain
        for key, handler in owner.handlers.by_key.items():
            if not isinstance(key, type) or issubclass(key, base):
                yield scope, f"the handler for {key_name(key)} never runs: {why}", handler.function


def _find_without_prefix(subject: Subject) -> Found:
    """Find blueprints with a style of their own while the application, which owns their unknown URLs, has none."""
    installation, error_map = subject.installation, subject.error_map
    context = subject.open_error(RequestFacts(routing=True))
    styles = (each.style for each in installation.registrations(ROOT))
    handlers = error_map.root.handlers.find(type(context.exception), 404)
    has_look = any((*styles, installation.options.style, error_map.settings.handler, context.native, *handlers))
    if has_look or context.chain.http.owners[-1] is not error_map.root:
        return
    for scope, owner in subject.list_readable_scopes():
        has_urls = (scope.prefix, scope.host) != (None, None)
        if not has_urls and owner.style not in (None, DEFAULT) and scope.blueprint in subject.routed:
            advice = f"register the application, too: errors.{owner.style.name}_register(app)"
            why = "it has no prefix, so unknown URLs are the application's, without a style"
            yield scope, f"{why}; {advice}"


def _name_targets(subject: Subject) -> dict[Hashable, str]:
    """Name all targets of registrations; a blueprint that is not in the application has no name."""
    installation = subject.installation
    names: dict[Hashable, str] = {blueprint: str(scope) for scope, blueprint in subject.application.places()}
    targets = (*installation.shared.targets, *installation.own.targets)
    return {target: str(target) if isinstance(target, Scope) else names.get(target, "") for target in targets}


def _find_replaced_handlers(subject: Subject) -> Found:
    for target, name in _name_targets(subject).items():
        registered = chain.from_iterable(each.handlers() for each in subject.installation.registrations(target))
        pairs = [(subject.normalize_key(key), handler.function) for key, handler in registered]
        last = dict(pairs)
        for key, function in pairs:
            if name and function is not last[key]:
                by, advice = find_source(last[key]), "remove one"
                if by == find_source(function):
                    again = "a factory registers the function again at each call"
                    advice = f"{again}: move it out, or register it on the app"
                message = f"the handler for {key_name(key)} never runs: {by.name} took its place; {advice}"
                yield name, message, function


def _find_behind_native(subject: Subject) -> Found:
    for native in filterfalse(subject.is_replaced, subject.natives):
        owner = subject.error_map.owners[ROOT if native.blueprint is None else native.blueprint]
        key = subject.normalize_key(native.key)
        only = f"only if the native handler {find_source(native.function).name} for {key_name(native.key)} returns None"
        if (handler := owner.handlers.by_key.get(key)) is not None:
            yield owner.scope, f"the handler runs {only}; register one of them", handler.function
        elif key == CATCH_ALL and owner.style not in (None, DEFAULT):
            replace = "let ErrorHandler(app, replace_native=True) replace it"
            advice = "remove that handler" if native.blueprint else replace
            yield owner.scope, f"the style is shown {only}; {advice}", native.function


def _find_replaced_methods(subject: Subject) -> Found:
    for name, (function, advice) in subject.replaced_methods.items():
        by = find_source(function).name
        yield "app", f"{by} is in place of {name}, and may answer before errbridge; {advice}", function


def _find_unregistered_blueprints(subject: Subject) -> Found:
    for target, name in _name_targets(subject).items():
        if not name and not subject.was_registered(target):
            advice = "call app.register_blueprint(), or ignore this check if another application is going to have it"
            yield getattr(target, "name", target), f"no application has this blueprint; {advice}"


def _find_template_faults(subject: Subject) -> Found:
    """Compile the pages of all errors, and what they refer to."""
    folders = {"errors", *(folder for owner in subject.error_map.owners.values() for folder in owner.folders)}
    pages = [name for name in subject.list_templates() if name.rpartition("/")[0] in folders]
    if (page := subject.error_map.settings.page) is not None:
        pages.append(page)
    for fault in dict.fromkeys(fault for page in pages for fault in subject.find_template_faults(page)):
        yield "app", f"{fault}; the built-in page is shown instead"


def _find_unused_templates(subject: Subject) -> Found:
    """Find pages where no scope shows any, unless a handler may."""
    owners = subject.error_map.owners.values()
    if subject.natives or any(owner.handlers.by_key or (owner.style or DEFAULT).has_templates for owner in owners):
        return
    pages = [name for name in subject.list_templates() if name.startswith("errors/")]
    if unused := ", ".join(name for name in pages if name != subject.error_map.settings.page):
        advice = 'write errors.web_register(app) or ErrorHandler(app, handler="web")'
        yield "app", f"{unused} is never shown: only the style web has templates; {advice}"


def _find_unknown_keys(subject: Subject) -> Found:
    for key, near in find_misspelt(subject.application.config):
        yield "app", f"errbridge has no configuration key {key}; did you mean {near}?"


def _find_type_conflicts(subject: Subject) -> Found:
    try:
        Catalogue.of(subject.installation.problem_types, type_uri=subject.error_map.settings.type_uri)
    except SetupError as error:
        yield "app", str(error)


def _find_unknown_fields(subject: Subject) -> Found:
    for cls in types_of(subject.installation.problem_types):
        names = find_names(make_plain_text(getattr(cls, "detail", None) or ""))
        for name in sorted(names - read_declaration(cls).fields.keys()):
            message = f"the detail of {key_name(cls)} names {{{name}}}, which is no field; declare it: {name}: str"
            yield "app", message


def _find_catalogue_faults(subject: Subject) -> Found:
    for fault in find_faults(subject.error_map.settings.languages, subject.application.catalogues):
        yield "app", fault


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
