"""What is wrong with the error handling of an application, as far as that can be known before an error happens."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from typing import NamedTuple
from urllib.parse import urlsplit

from errbridge.application.errormap import Owner
from errbridge.application.settings import DEFAULTS
from errbridge.catalogue import Catalogue
from errbridge.errors import SetupError
from errbridge.handlers.handlers import Handler, Key
from errbridge.handling.plan import own_means, template_folders
from errbridge.http.accept import HTML
from errbridge.http.request import RequestFacts
from errbridge.inspection.listing import listed_scopes
from errbridge.inspection.preview import STATUSES, rooms
from errbridge.inspection.probes import fault_of, probe, readable_scopes, url_of
from errbridge.inspection.subject import Source, Subject, key_name, source_of
from errbridge.problem.type_uri import ABOUT_BLANK
from errbridge.scopes.scope import ROOT, Scope, list_blueprints
from errbridge.scopes.trie import expressions

__all__ = ["CHECKS", "Finding", "checked"]

_OF_OTHERS = frozenset({"ERROR_404_HELP", "ERROR_INCLUDE_MESSAGE"})  # of Flask-RESTful and Flask-RESTX
_LEADING_SOMEWHERE = frozenset({"http", "https", ""})


class Finding(NamedTuple):
    """Something that is wrong.

    Attributes:
        code: Which check found it.
        scope: Where.
        message: What it is, and what to do.
        source: The handler that it is about, if it is about one.
    """

    code: str
    scope: str
    message: str
    source: Source | None = None


def checked(subject: Subject, ignored: Iterable[str] = ()) -> tuple[Finding, ...]:
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
    return tuple(finding for code, check in CHECKS.items() if code not in left_out for finding in check(subject))


def _unreadable(subject: Subject) -> Iterator[Finding]:
    for scope, _ in listed_scopes(subject):
        if (error := fault_of(subject, scope)) is not None:
            message = f"its prefix or host cannot be read, and it owns nothing: {error}"
            yield Finding("unreadable-scope", str(scope), message)


def _same_place(subject: Subject) -> Iterator[Finding]:
    """Blueprints at one place. One that is nested in another there, and has no say in errors, does no harm."""
    places: dict[tuple[str, str], list[tuple[Scope, Owner]]] = {}
    for scope, owner in readable_scopes(subject):
        if scope.blueprint is not None and (scope.host, scope.prefix) != (None, None):
            place = expressions(scope, subject.installation.framework.converters)
            places.setdefault(place, []).append((scope, owner))
    for there in places.values():
        names = {str(scope) for scope, _ in there}
        first, *others = sorted(
            str(scope)
            for scope, owner in there
            if _has_anything(owner) or not names & set(list_blueprints(str(scope))[1:])
        )
        for name in others:
            yield Finding(
                "same-place",
                name,
                f"has the same host and prefix as {first}, which comes before it by its name, and so answers the "
                "errors of routing there; give one of them a prefix of its own",
            )


def _has_anything(owner: Owner) -> bool:
    return bool(owner.handlers.by_key) or owner.style is not None or owner.failure


def _never_reached(subject: Subject) -> Iterator[Finding]:
    """Ask for the real chain of a URL of each scope, and see whether the scope is in it and gets its turn."""
    for scope, owner in (*readable_scopes(subject), (ROOT, subject.installation.table().root)):
        if (scope != ROOT and not _has_anything(owner)) or scope.blueprint in subject.routed():
            continue
        is_owner, before = _reached(subject, scope)
        if is_owner and before is None:
            continue
        if is_owner:
            why = f"the style of {before} answers before it; register on that scope, or take its style away"
        elif scope.prefix is None and scope.host is None:
            why = "it has neither views nor URLs of its own"
        else:
            dispatcher = type(subject.installation.table().dispatcher).__name__
            why = f"no URL of it leads there with the dispatcher {dispatcher}"
        if not is_owner or (scope != ROOT and owner.style is not None and not owner.handlers.by_key):
            yield Finding("never-reached", str(scope), f"what is registered there is never asked: {why}")
            continue
        for key, handler in owner.handlers.by_key.items():
            if _is_of_http(subject, key):
                message = f"the handler for {key_name(key)} is never asked: {why}"
                yield Finding("never-reached", str(scope), message, source_of(handler.function))


def _reached(subject: Subject, scope: Scope) -> tuple[bool, Scope | None]:
    """Tell whether a scope is among the owners of its own URL, and which scope answers before it."""
    installation = subject.installation
    url = url_of(scope, installation.framework.converters)
    if url is None:  # nobody can say
        return True, None
    host, path = url
    before: Scope | None = None
    for owner in probe(installation, RequestFacts(path=path, host=host, routing=True)).chain.owners:
        if owner.scope == scope or (scope.blueprint is not None and owner.scope.blueprint == scope.blueprint):
            return True, before
        if before is None and owner.answers(uncaught=False) is not None:
            before = owner.scope
    return False, before


def _is_of_http(subject: Subject, key: Key) -> bool:
    """Tell whether a handler is asked about HTTP errors only; others are asked along the whole chain."""
    base = subject.installation.framework.http.base
    return not isinstance(key, type) or (base is not None and issubclass(key, base))


def _targets(subject: Subject) -> dict[Hashable, str]:
    """Give everything that something can be registered on in the application, with its name."""
    places: dict[Hashable, str] = {
        place.blueprint: str(place.scope) for place in subject.installation.framework.places()
    }
    registries = (subject.installation.shared, subject.installation.own)
    scopes = [target for each in registries for target in each.entries if isinstance(target, Scope)]
    return {**places, **{scope: str(scope) for scope in scopes}}


def _registered(subject: Subject, target: Hashable) -> list[tuple[Key, Handler]]:
    registries = (subject.installation.shared, subject.installation.own)
    canonical = subject.installation.framework.http.canonical
    return [
        (canonical(key), handler)
        for each in registries
        if target in each.entries
        for key, handler in each.entries[target].registered()
    ]


def _replaced(subject: Subject) -> Iterator[Finding]:
    for target, name in _targets(subject).items():
        pairs = _registered(subject, target)
        last = dict(pairs)
        for key, handler in pairs:
            if handler.function is not last[key].function:
                message = (
                    f"the handler for {key_name(key)} is never asked: {source_of(last[key].function).name} took its "
                    "place; remove one"
                )
                yield Finding("replaced-handler", name, message, source_of(handler.function))


def _replaced_style(subject: Subject) -> Iterator[Finding]:
    """Look at each registry alone: what an application says of itself may well differ from what is said for all."""
    for target, name in _targets(subject).items():
        for registry in (subject.installation.shared, subject.installation.own):
            styles = registry.entries[target].styles if target in registry.entries else []
            for style in dict.fromkeys(styles):
                if style != styles[-1]:
                    message = (
                        f"the style {style.name} is never shown: {styles[-1].name}, which was registered later, took "
                        "its place; remove one"
                    )
                    yield Finding("replaced-style", name, message)


def _behind_native(subject: Subject) -> Iterator[Finding]:
    table = subject.installation.table()
    canonical = subject.installation.framework.http.canonical
    for native in subject.natives():
        owner = table.root if native.blueprint is None else table.owners.get(native.blueprint)
        handler = None if owner is None else owner.handlers.by_key.get(canonical(native.key))
        if owner is not None and handler is not None:
            message = (
                f"the handler for {key_name(native.key)} is asked only if the framework's own for the same, "
                f"{source_of(native.function).name}, returns None; register one of them"
            )
            yield Finding("behind-native", str(owner.scope), message, source_of(handler.function))


def _unregistered(subject: Subject) -> Iterator[Finding]:
    known = _targets(subject)
    registries = (subject.installation.shared, subject.installation.own)
    for target in dict.fromkeys(target for each in registries for target in each.entries):
        if target not in known:
            name = str(getattr(target, "name", target))
            message = (
                "errors are registered on this blueprint, but it is not registered in the application; call "
                "app.register_blueprint(), or ignore this check if it belongs to another application"
            )
            yield Finding("unregistered-blueprint", name, message)


def _templates(subject: Subject) -> Iterator[Finding]:
    installation = subject.installation
    page = installation.table().settings.page
    used: dict[str, str] = {}
    for room in rooms(subject):
        if not room.style.templates:
            continue
        for status in STATUSES:
            try:
                means = own_means(probe(installation, replace(room.request, accept=HTML), status))
            except Exception as error:  # a template that cannot be compiled; the plan keeps what Jinja said of it
                means = str(getattr(getattr(error, "error", error), "name", None) or page)
            if isinstance(means, str):
                used.setdefault(means, room.folder)
    for name, scope in used.items():
        for fault in subject.template_faults(name):
            yield Finding("missing-template", scope, f"{fault}; the built-in page is shown instead")
    if page != DEFAULTS["ERROR_PAGE"] and page not in used and any(subject.template_faults(page)):
        yield Finding("missing-template", "app", f"ERROR_PAGE names {page}, which does not exist or cannot be compiled")


def _unused_templates(subject: Subject) -> Iterator[Finding]:
    """Look for pages of scopes that show none. A page of which a handler may make use is given the benefit of doubt."""
    pages = _unhandled(subject)
    shown, folders = _folders(subject)
    for folder, scope in folders.items():
        names = [f"{folder}/{page}.html" for page in pages] if folder not in shown else []
        if there := [name for name in names if _exists(subject, name)]:
            message = (
                f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} never shown: pages are made of templates "
                "in the style web only; call errors.web_register() with what they are for"
            )
            yield Finding("unused-template", str(scope), message)


def _folders(subject: Subject) -> tuple[set[str], dict[str, Scope]]:
    """Name the folders of templates that are looked into, and all that there may be."""
    installation = subject.installation
    styles = (owner.style for _, owner in readable_scopes(subject))
    shown = {"errors" for style in styles if style is not None and style.templates}
    known = {"errors": ROOT}
    for room in rooms(subject):
        if room.style.templates:
            shown.update(template_folders(probe(installation, room.request).chain.blueprints))
        if room.scope.blueprint is not None:
            known[template_folders((room.scope.blueprint,))[0]] = room.scope
    return shown, known


def _unhandled(subject: Subject) -> list[str]:
    """Name the pages of statuses that nobody handles, neither one by one nor together with others."""
    table = subject.installation.table()
    canonical = subject.installation.framework.http.canonical
    keys = {canonical(native.key) for native in subject.natives()}
    keys.update(table.root.handlers.by_key, *(owner.handlers.by_key for _, owner in readable_scopes(subject)))
    if any(not isinstance(key, int) for key in keys):
        return []
    statuses = [status for status in range(400, 600) if status not in keys]
    # The page of a class may be what the page of a status that is handled is made from.
    families = [f"{first}xx" for first in (4, 5) if all(key // 100 != first for key in keys if isinstance(key, int))]
    return [*map(str, statuses), *families]


def _exists(subject: Subject, name: str) -> bool:
    with suppress(Exception):  # the application's loader failed, or the template cannot be compiled
        return subject.installation.framework.find_template((name,)) is not None
    return False


def _unknown_keys(subject: Subject) -> Iterator[Finding]:
    known = {key.removeprefix("ERROR_"): key for key in DEFAULTS}
    for key in subject.installation.framework.config:
        if not key.startswith("ERROR_") or key in DEFAULTS or key in _OF_OTHERS:
            continue
        for near in get_close_matches(key.removeprefix("ERROR_"), known, 1):  # another may be the application's own
            message = f"errbridge has no configuration key {key}; did you mean {known[near]}?"
            yield Finding("unknown-key", "app", message)


def _types(subject: Subject) -> Iterator[Finding]:
    installation = subject.installation
    try:
        Catalogue.of(installation.problem_types, type_uri=installation.table().settings.type_uri)
    except SetupError as error:
        yield Finding("conflicting-types", "app", str(error))


def _types_leading_nowhere(subject: Subject) -> Iterator[Finding]:
    """Compare ``ERROR_TYPE_URI`` with where the pages are. Its host, and what it is mounted below, cannot be known."""
    prefix = subject.type_pages()
    if prefix is None:
        return
    type_uri = subject.installation.table().settings.type_uri or ABOUT_BLANK
    try:
        scheme, _, path, _, _ = urlsplit(type_uri)
    except ValueError as error:
        yield Finding("type-leads-nowhere", "app", f"ERROR_TYPE_URI is no URI: {error}")
        return
    if type_uri != ABOUT_BLANK and scheme not in _LEADING_SOMEWHERE:  # a name such as a URN, on purpose
        return
    if not path.endswith((f"{prefix}/{{slug}}", f"{prefix}/")):
        message = (
            f"the pages about the types are at {prefix}/{{slug}}, and the types are {type_uri}; let the path of "
            "ERROR_TYPE_URI end in that of the pages, or give errors.catalogue() the url_prefix= that it has"
        )
        yield Finding("type-leads-nowhere", "app", message)


CHECKS = {
    "unreadable-scope": _unreadable,
    "same-place": _same_place,
    "never-reached": _never_reached,
    "replaced-handler": _replaced,
    "replaced-style": _replaced_style,
    "behind-native": _behind_native,
    "unregistered-blueprint": _unregistered,
    "missing-template": _templates,
    "unused-template": _unused_templates,
    "unknown-key": _unknown_keys,
    "conflicting-types": _types,
    "type-leads-nowhere": _types_leading_nowhere,
}
"""Each check by its code, in the order in which they are carried out."""
