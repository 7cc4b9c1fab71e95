"""One application of Flask or Quart, as `errbridge.inspection` looks at it, and errors as they would happen in it."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from typing import Any

from jinja2 import TemplateError, TemplateNotFound, meta
from werkzeug.exceptions import HTTPException, InternalServerError, default_exceptions

from errbridge.application.errormap import Installation
from errbridge.errors import SetupError
from errbridge.handlers.handlers import Key
from errbridge.inspection.explanation import Situation
from errbridge.inspection.subject import NativeEntry
from errbridge.mapping.problems import is_http_error, representative, status_of
from errbridge.pallets.catalogue import ENDPOINT
from errbridge.pallets.seam import SEAM, Seam, is_ready
from errbridge.problem.problem import Problem, read_declaration, restore_problem
from errbridge.scopes.scope import list_blueprints

__all__ = ["PalletsSubject", "error_class", "situation", "specimen"]


class PalletsSubject:
    """An application with errbridge in it.

    Args:
        app: The application.

    Raises:
        SetupError: It has no ``ErrorHandler``.
    """

    def __init__(self, app: Any) -> None:
        seam = app.extensions.get(SEAM)
        if not isinstance(seam, Seam):
            raise SetupError(
                f"the application {app.name!r} has no ErrorHandler: write errors = ErrorHandler(app), or "
                "errors.init_app(app)"
            )
        self.app = app
        self.seam = seam

    @property
    def name(self) -> str:
        """Of the application."""
        return str(self.app.name)

    @property
    def installation(self) -> Installation:
        """What errbridge knows of the application."""
        return self.seam.installation

    def natives(self) -> Iterator[NativeEntry]:
        """List the handlers that were registered with the framework itself."""
        for blueprint, by_status in self.app.error_handler_spec.items():
            for status, by_class in by_status.items():
                for cls, function in by_class.items():
                    key: Key = cls if status is None else status
                    yield NativeEntry(blueprint, key, function)

    def routed(self) -> Collection[str]:
        """Name the blueprints that have a route, and those around them."""
        endpoints = (rule.endpoint.rpartition(".")[0] for rule in self.app.url_map.iter_rules())
        return {name for endpoint in endpoints if endpoint for name in list_blueprints(endpoint)}

    def type_pages(self) -> str | None:
        """Name the path below which ``errors.catalogue()`` serves its pages."""
        rules = (rule.rule for rule in self.app.url_map.iter_rules() if rule.endpoint == ENDPOINT)
        return next((rule.removesuffix("/") for rule in rules if rule.endswith("/")), None)

    def template_faults(self, name: str) -> Iterator[str]:
        """Tell what is wrong with a template, and with those that it refers to."""
        environment = self.app.jinja_env
        waiting, seen = [name], {name}
        while waiting:
            current = waiting.pop(0)
            try:
                environment.get_template(current)
                source, _, _ = environment.loader.get_source(environment, current)
                referenced = meta.find_referenced_templates(environment.parse(source))
            except TemplateNotFound:
                yield (
                    f"{current} does not exist" if current == name else f"{current} does not exist, which {name} needs"
                )
            except TemplateError as error:
                yield f"{current} cannot be compiled: {error}"
            else:
                for needed in referenced:  # None stands for a name that only the context tells
                    if needed is not None and needed not in seen:
                        seen.add(needed)
                        waiting.append(needed)


# Errors as they would happen.


def error_class(name: str) -> type[Exception] | int:
    """Read what the user means by an error: a status code, or an exception class.

    Args:
        name: ``404``, ``LookupError``, ``package.module:Class`` or ``package.module.Class``.

    Raises:
        SetupError: There is no such thing, or it is none that could be handled.
    """
    if name.isdecimal():
        status = int(name)
        if status in range(400, 600):
            return status
        raise SetupError(f"an error has a status from 400 to 599, not {status}")
    found = _imported(name)
    if not (isinstance(found, type) and issubclass(found, Exception)):
        raise SetupError(f"{name} is no exception class that a handler could get, but {found!r}")
    if issubclass(found, BaseExceptionGroup):
        raise SetupError(f"{name} is a group; what is answered depends on its members, so name one of them")
    return found


def _imported(name: str) -> object:
    module, colon, attribute = name.partition(":")
    if not colon:
        module, _, attribute = name.rpartition(".")
    if not module:
        found: object = getattr(builtins, attribute, None)
        if found is None:
            raise SetupError(
                f"there is no exception {name!r} in Python; write one of your own as package.module:{name}"
            )
        return found
    try:
        found = import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise SetupError(f"{name!r} cannot be found: {error}; write it as package.module:Class") from error
    return found


def specimen(error: type[Exception] | int) -> Exception:
    """Make an exception of a class without calling anything that the user wrote.

    Args:
        error: The class, or a status code.

    Raises:
        SetupError: It has no status of its own, and needs one.
    """
    if isinstance(error, int):
        return default_exceptions[error]() if error in default_exceptions else Problem(error)
    if issubclass(error, Problem):
        return _problem(error)
    if issubclass(error, HTTPException):
        made = error.__new__(error)
        known = next(cls for cls in error.__mro__ if cls.__module__ == HTTPException.__module__)
        known.__init__(made)  # type: ignore[misc]  # which asks for nothing, and is not the user's
        return made
    builtin = next(cls for cls in error.__mro__ if cls.__module__ == "builtins")
    try:
        return builtin.__new__(error)  # type: ignore[no-any-return, call-overload]
    except TypeError:
        raise SetupError(
            f"{error.__qualname__} cannot be made without its library; name a base class or a status"
        ) from None


def _problem(cls: type[Problem]) -> Problem:
    """Make a problem of a class without the fields that have to be given, whatever they are."""
    said = read_declaration(cls)
    if said.status is None:
        raise SetupError(f"{cls.__qualname__} has no status of its own; give the status instead")
    return restore_problem(cls, {"status": said.status})


def situation(
    subject: PalletsSubject,
    exc: Exception,
    method: str,
    path: str,
    headers: Mapping[str, str],
) -> Situation:
    """Find out what the framework would know when an error happens.

    The request is matched as a real one is. It is not opened: no session, and no function of the user is called.

    Args:
        subject: The application.
        exc: What is raised. An error of the status that routing itself answers stands for that error.
        method: Of the request.
        path: Likewise, with the query if it has one.
        headers: Likewise, ``Host`` among them if it matters.

    Raises:
        SetupError: The request is none.
    """
    if not path.startswith("/"):
        raise SetupError(f"a path begins with a slash; write '/{path}'")
    try:
        context = subject.app.test_request_context(path, method=method, headers=dict(headers))
    except HTTPException as error:  # Quart looks at the host here
        raise SetupError(f"the framework refuses the request: {error}") from error
    if context.url_adapter is not None:  # Flask looked at the host, and did not like it
        context.match_request()
    request = context.request
    unrouted: HTTPException | None = request.routing_exception
    notes: list[str] = []
    if unrouted is not None:
        if status_of(unrouted, 0) == status_of(exc, 500) and type(exc) is type(unrouted):
            exc = unrouted
        else:
            notes.append(_unrouted(unrouted))
    answered = None
    if is_ready(exc):
        answered = "it is an answer already, which the framework sends as it is"
    elif subject.seam.is_trapped(exc):
        answered = "TRAP_HTTP_EXCEPTIONS or TRAP_BAD_REQUEST_ERRORS makes the framework raise it as a crash"
    meant = None if is_http_error(exc) else representative(exc, subject.installation.table().settings)
    raised = meant is None and subject.installation.framework.propagates()
    becomes = InternalServerError(original_exception=exc) if meant is None else meant
    facts = subject.seam.facts(exc, request, request.blueprints, context.url_adapter)
    return Situation(exc, becomes, raised, facts, tuple(notes), answered)


def _unrouted(exc: HTTPException) -> str:
    if (url := getattr(exc, "new_url", None)) is not None:
        return f"routing redirects this request to {url}; the error would have to come from a before_request function"
    return (
        f"no view answers this request, for which routing itself says {exc.code} {exc.name}; the error would have to "
        "come from a before_request function"
    )
