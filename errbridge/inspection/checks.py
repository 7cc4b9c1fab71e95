"""What is wrong with the error handling of an application, as far as that is certain before an error happens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from inspect import getsource
from typing import Any

from errbridge.application.errormap import Owner
from errbridge.application.settings import find_misspelt
from errbridge.catalogue import Catalogue, types_of
from errbridge.errors import SetupError, suggest
from errbridge.handlers.handlers import CATCH_ALL, Key
from errbridge.handlers.registry import Registrations
from errbridge.handling.context import ErrorContext
from errbridge.handling.failing import TemplateFailure
from errbridge.handling.showing import find_renderer, name_pages
from errbridge.http.accept import HTML
from errbridge.http.request import RequestFacts
from errbridge.incident import Page
from errbridge.inspection.preview import STATUSES, list_folders
from errbridge.inspection.probes import (
    build_problem,
    build_url,
    find_fault,
    list_readable_scopes,
    locate,
    open_error,
)
from errbridge.inspection.subject import Source, Subject, find_source, key_name, list_scopes
from errbridge.languages.catalogues import find_faults
from errbridge.languages.message import find_names
from errbridge.problem.problem import Problem, make_plain_text, read_declaration
from errbridge.representations.styles import DEFAULT, WEB
from errbridge.scopes.scope import ROOT, Scope, list_blueprints

__all__ = ["CHECKS", "Finding", "check"]

Found = Iterator[tuple[str, str, Callable[..., Any] | None]]
"""Scopes with what is wrong there and what to do, and the handler that it is about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong.

    Attributes:
        code: The check that found it.
        scope: The scope.
        message: What it is, and what to do.
        source: The handler that it is about; None if it is about none.
    """

    code: str
    scope: str
    message: str
    source: Source | None = None


def check(subject: Subject, ignored: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Carry out all checks.

    Args:
        subject: The application.
        ignored: Codes of checks to leave out.

    Raises:
        SetupError: There is no check of that code.
    """
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
        first, *others = sorted(
            name
            for name, owner in there.items()
            if _is_used(owner) or there.keys().isdisjoint(list_blueprints(name)[1:])
        )
        for name in others:
            message = (
                f"has the same host and prefix as {first}, which comes first by its name, and so owns the "
                "errors of routing there; give one of them a prefix of its own"
            )
            yield name, message, None


def _is_used(owner: Owner) -> bool:
    return bool(owner.handlers.by_key) or owner.style is not None or owner.failure


def _find_unreached(subject: Subject) -> Found:
    """Open an error at a URL of each scope, and look whether the scope has its turn."""
    error_map = subject.installation.error_map()
    for scope, owner in (*list_readable_scopes(subject), (ROOT, error_map.root)):
        if not _is_used(owner) or scope.blueprint in subject.routed:
            continue
        is_owner, before = _find_turn(subject, scope)
        if is_owner and before is None:
            continue
        if is_owner:
            why = f"the style of {before} comes before it; register on that scope, or take its style away"
        elif scope.prefix is None and scope.host is None:
            why = "it has neither views nor a prefix that errbridge knows; call init_app before you register it"
        else:
            why = f"no URL of it leads there with the dispatcher {type(error_map.dispatcher).__name__}"
        if not is_owner or (scope != ROOT and owner.style is not None and not owner.handlers.by_key):
            yield str(scope), f"what is registered there never runs: {why}", None
            continue
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
    """Find blueprints with a look of their own while the application, which owns their unknown URLs, has none."""
    installation, error_map = subject.installation, subject.installation.error_map()
    context = open_error(installation, RequestFacts(path="/", routing=True))
    styles = [each.style for each in installation.registrations(ROOT)]
    if any((*styles, installation.options.style, error_map.settings.handler, context.native)):
        return
    if context.chain.http.owners[-1] is not error_map.root or any(
        error_map.root.handlers.find(type(context.exception), 404)
    ):
        return
    folders = {name.rpartition("/")[0] for name in subject.list_templates()}
    for scope, owner in list_readable_scopes(subject):
        style = owner.style or (DEFAULT if folders.isdisjoint(owner.folders) else WEB)
        if style is not DEFAULT and (scope.prefix, scope.host) == (None, None) and scope.blueprint in subject.routed:
            message = (
                "without a prefix or host, it owns no unknown URLs: they are the application's, which has no style; "
                f"register the application, too: errors.{style.name}_register(app)"
            )
            yield str(scope), message, None


def _list_targets(subject: Subject) -> Mapping[Hashable, tuple[str, list[Registrations]]]:
    """List all targets of registrations with their names; a blueprint that is not in the application has none."""
    installation = subject.installation
    names: dict[Hashable, str] = {blueprint: str(scope) for scope, blueprint in installation.application.places()}
    return {
        target: (
            str(target) if isinstance(target, Scope) else names.get(target, ""),
            installation.registrations(target),
        )
        for target in (*installation.shared.targets, *installation.own.targets)
    }


def _find_replaced_handlers(subject: Subject) -> Found:
    normalize = subject.installation.application.http_classes.normalize_key
    for name, registrations in _list_targets(subject).values():
        pairs = [(normalize(key), handler.function) for each in registrations for key, handler in each.handlers()]
        last = dict(pairs)
        for key, function in pairs:
            if name and function is not last[key]:
                by = find_source(last[key])
                message = f"the handler for {key_name(key)} never runs: {by.name} took its place; "
                if by == find_source(function):
                    message += "it is the same function, registered again, as at each call of a factory: "
                    if name == str(ROOT):
                        message += f"write @errors.register(app, code={_write_key(key)}) there, or "
                    message += "move the function out of it"
                else:
                    message += "remove one"
                yield name, message, function


def _write_key(key: Key) -> str:
    return key.__name__ if isinstance(key, type) else repr(key)


def _find_replaced_styles(subject: Subject) -> Found:
    """Look at each registry alone: an application may differ from what is registered for all."""
    for name, registrations in _list_targets(subject).values():
        for styles in (each.styles for each in registrations if name):
            for style in dict.fromkeys(styles):
                if style != styles[-1]:
                    message = (
                        f"the style {style.name} is never shown: {styles[-1].name}, which was registered later, took "
                        "its place; remove one"
                    )
                    yield name, message, None


def _find_behind_native(subject: Subject) -> Found:
    error_map = subject.installation.error_map()
    for native in subject.natives:
        if subject.is_replaced(native):
            continue
        owner = error_map.owners[ROOT if native.blueprint is None else native.blueprint]
        key = subject.installation.application.http_classes.normalize_key(native.key)
        by = find_source(native.function).name
        if (handler := owner.handlers.by_key.get(key)) is not None:
            message = (
                f"the handler for {key_name(native.key)} runs only if the framework's own for the same, {by}, "
                "returns None; register one of them"
            )
            yield str(owner.scope), message, handler.function
        elif key == CATCH_ALL and owner.style not in (None, DEFAULT):
            message = (
                f"the style is shown only if the framework's own handler for {key_name(native.key)}, {by}, returns "
                "None; remove the handler, or the style"
                + ("" if native.blueprint else ", or have it replaced: ErrorHandler(app, replace_native=True)")
            )
            yield str(owner.scope), message, native.function


def _find_replaced_methods(subject: Subject) -> Found:
    for name, found in subject.replaced_methods.items():
        message = (
            f"{name} of the application was replaced by {find_source(found.function).name}, which may handle errors "
            f"before errbridge does; {found.advice}"
        )
        yield "app", message, found.function


def _find_unregistered_blueprints(subject: Subject) -> Found:
    for target, (name, _) in _list_targets(subject).items():
        if not name and not subject.was_registered(target):
            message = (
                "errors are registered on this blueprint, but it is not registered in an application; call "
                "app.register_blueprint(), or ignore this check if another application is going to have it"
            )
            yield str(getattr(target, "name", target)), message, None


def _find_template_faults(subject: Subject) -> Found:
    installation = subject.installation
    page = installation.error_map().settings.page
    errors: list[int | type[Problem]] = [*STATUSES, *types_of(installation.problem_types)]
    faults: dict[str, str] = {}
    used: set[str] = set()
    for folder in list_folders(subject):
        for error in errors if folder.style.has_templates else ():
            try:
                renderer = find_renderer(open_error(installation, replace(folder.request, accept=HTML), error))
            except TemplateFailure as failure:
                where = installation.application.locate_template_error(failure.error)
                faults.setdefault(f"{where} cannot be compiled: {failure.error}", folder.name)
            else:
                template = renderer.template if isinstance(renderer, Page) else None
                if isinstance(template, str) and template not in used:
                    used.add(template)
                    faults.update(dict.fromkeys(subject.find_template_faults(template), folder.name))
    for fault, scope in faults.items():
        yield scope, f"{fault}; the built-in page is shown instead", None
    if page is None or page in used:
        return
    if not faults.keys() >= set(subject.find_template_faults(page)):
        yield "app", f"ERROR_PAGE names {page}, which does not exist or cannot be compiled", None


def _find_unknown_templates(subject: Subject) -> Found:
    """Find pages that no error has by their name, but nearly. Those that others extend or include need none."""
    installation, templates = subject.installation, subject.list_templates()
    folders = {"errors", *(folder for owner in installation.error_map().owners.values() for folder in owner.folders)}
    slugs = [build_problem(cls).slug for cls in types_of(installation.problem_types)]
    pages = [f"{page}.html" for page in (*range(400, 600), "4xx", "5xx", *slugs)]
    used = {installation.error_map().settings.page}.union(*templates.values())
    for name in templates:
        folder, _, page = name.rpartition("/")
        if folder in folders and page not in pages and name not in used and (hint := suggest(page, pages)):
            yield "app", f"{name} is the page of no status and no known problem type{hint}", None


def _find_unused_templates(subject: Subject) -> Found:
    """Find pages that no scope shows, unless the application may show them itself."""
    installation, templates = subject.installation, subject.list_templates()
    owners, page = installation.error_map().owners, installation.error_map().settings.page
    shown = {
        folder
        for each in list_folders(subject)
        if each.style.has_templates
        for folder in open_error(installation, each.request).chain.folders
    }
    blueprints = {folder: owner.scope.blueprint for owner in owners.values() for folder in owner.folders}
    others = {name for name, _, _ in _find_without_prefix(subject)}  # that check says more about them
    blueprints = {folder: name for folder, name in blueprints.items() if name not in others}
    referenced = {page}.union(*templates.values())
    unused: dict[str, list[str]] = {}
    for name in sorted(templates):
        folder = name.rpartition("/")[0]
        if folder in {"errors", "error", "", *blueprints} - shown and name not in referenced:
            unused.setdefault(folder, []).append(name)
    if not unused:
        return
    errors: list[int | type[Problem]] = [*STATUSES, *types_of(installation.problem_types)]
    contexts = [open_error(installation, RequestFacts(path="/", routing=True), error) for error in errors]
    free = {page: [True, *(_is_free(subject, each) for each in found)] for page, found in _sort_pages(contexts).items()}
    sources = _read_sources(subject)
    for folder, names in unused.items():
        there = f"{folder}/" if folder else ""
        pages = [name for name in names if all(free.get(name.removeprefix(there).removesuffix(".html"), [False]))]
        quoted = [f"{quote}{there or name}" for name in pages for quote in "\"'"]
        if not pages or any(each in source for each in quoted for source in sources):
            continue
        if folder == "errors":
            advice = (
                'only the style web has templates; write errors.web_register(app) or ErrorHandler(app, handler="web")'
            )
        elif folder in blueprints:
            advice = f"only the style web has templates; write errors.web_register({blueprints[folder]})"
        else:
            advice = "move it to the folder errors"
        yield str(blueprints.get(folder) or "app"), f"{', '.join(pages)} is never shown: {advice}", None


def _sort_pages(contexts: list[ErrorContext]) -> dict[str, list[ErrorContext]]:
    found: dict[str, list[ErrorContext]] = {}
    for context in contexts:
        for page in name_pages(context.problem):
            found.setdefault(page, []).append(context)
    return found


def _is_free(subject: Subject, context: ErrorContext) -> bool:
    """Return whether no handler may be asked about an error, and then show a page for it."""
    status = context.problem.status
    classes = [type(context.exception), subject.installation.application.http_classes.by_status.get(status, Exception)]
    return not any(issubclass(cls, native.cls) for native in subject.natives for cls in classes) and not any(
        any(owner.handlers.find(cls, status))
        for owner in subject.installation.error_map().owners.values()
        for cls in classes
    )


def _read_sources(subject: Subject) -> list[str]:
    """Read the modules that may name a template: those of the application, its views and its handlers."""
    owners = subject.installation.error_map().owners.values()
    functions = [handler.function for owner in owners for handler in owner.handlers.by_key.values()]
    functions += [native.function for native in subject.natives]
    sources: list[str] = []
    for name in subject.modules.union(getattr(function, "__module__", "") for function in functions):
        with suppress(OSError, TypeError, KeyError):  # a module without a file, or none
            sources.append(getsource(sys.modules[name]))
    return sources


def _find_unknown_keys(subject: Subject) -> Found:
    for key, near in find_misspelt(subject.installation.application.config):
        yield "app", f"errbridge has no configuration key {key}; did you mean {near}?", None


def _find_type_conflicts(subject: Subject) -> Found:
    installation = subject.installation
    try:
        Catalogue.of(installation.problem_types, type_uri=installation.error_map().settings.type_uri)
    except SetupError as error:
        yield "app", str(error), None


def _find_unknown_fields(subject: Subject) -> Found:
    for cls in types_of(subject.installation.problem_types):
        names = find_names(make_plain_text(getattr(cls, "detail", None) or ""))
        for name in sorted(names - read_declaration(cls).fields.keys()):
            message = (
                f"the detail of {key_name(cls)} names {{{name}}}, which is no field of it; declare it: {name}: str"
            )
            yield "app", message, None


def _find_catalogue_faults(subject: Subject) -> Found:
    installation = subject.installation
    for fault in find_faults(installation.error_map().settings.languages, installation.application.catalogues):
        yield "app", fault, None


CHECKS: Mapping[str, Callable[[Subject], Found]] = {
    "unreadable-scope": _find_unreadable_scopes,
    "same-place": _find_equal_places,
    "never-reached": _find_unreached,
    "no-prefix": _find_without_prefix,
    "replaced-handler": _find_replaced_handlers,
    "replaced-style": _find_replaced_styles,
    "behind-native": _find_behind_native,
    "replaced-method": _find_replaced_methods,
    "unregistered-blueprint": _find_unregistered_blueprints,
    "missing-template": _find_template_faults,
    "unknown-template": _find_unknown_templates,
    "unused-template": _find_unused_templates,
    "unknown-key": _find_unknown_keys,
    "conflicting-types": _find_type_conflicts,
    "unknown-field": _find_unknown_fields,
    "missing-catalogue": _find_catalogue_faults,
}
"""Each check by its code, in the order in which they are carried out."""
