"""One application of Flask or Quart, as `errbridge.inspection` looks at it, and errors as they would happen in it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import partial, reduce
from importlib import import_module
from inspect import getclosurevars
from typing import Any

from jinja2 import TemplateError, TemplateNotFound, meta
from werkzeug import exceptions
from werkzeug.exceptions import HTTPException, InternalServerError, default_exceptions

from errbridge.adapter import Application
from errbridge.catalogue import types_of
from errbridge.errors import SetupError, suggest
from errbridge.inspection.explanation import Situation
from errbridge.inspection.subject import NativeEntry, Replacement, Subject, copy_without_hooks
from errbridge.pallets.blueprints import split_endpoint
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.private import was_registered
from errbridge.pallets.seam import Seam
from errbridge.problem.problem import Problem, read_declaration, restore_problem
from errbridge.problem.subclasses import subclasses
from errbridge.scopes.scope import list_blueprints
from errbridge.validation.readers import find_by_class

__all__ = ["build_exception", "build_situation", "find_seam", "inspect"]

# How exceptions of validation libraries are built that Python alone cannot build.
_BUILDERS: dict[str, Callable[[Any], Exception]] = {
    "cattrs.errors.BaseValidationError": lambda error: error("", [ValueError()], object),
    "jsonschema.exceptions._Error": lambda error: error(""),
    "marshmallow.exceptions.ValidationError": lambda error: error([]),
    "pydantic_core._pydantic_core.ValidationError": lambda error: error.from_exception_data("", []),
}
_HANDLING = ("handle_user_exception", "handle_http_exception", "handle_exception", "handle_websocket_exception")

_RAISE_AGAIN = (
    "to have errbridge handle the errors of resources, too, write a subclass of Api with the method: "
    "def handle_error(self, e): raise e"
)
_PASS_ON = "if it returns what the replaced method returns, ignore this check, else remove it"


def find_seam(app: Any) -> Seam:
    """Return the seam of an application, or raise a SetupError if it has no ``ErrorHandler``."""
    seam = getattr(app, "extensions", {}).get(EXTENSION)
    if not isinstance(seam, Seam):
        name = getattr(app, "name", app)
        raise SetupError(
            f"the application {name!r} has no ErrorHandler: write ErrorHandler(app) or errors.init_app(app)"
        )
    return seam


def inspect(app: Any) -> Subject:
    """Collect what `errbridge.inspection` needs to know about an application."""
    seam = find_seam(app)
    application = seam.installation.application
    statuses = {cls: status for status, cls in application.http_classes.by_status.items()}
    registered = seam.search.registrations()
    blueprints = (split_endpoint(rule)[0] for rule in app.url_map.iter_rules())
    return Subject(
        str(app.name),
        copy_without_hooks(seam.installation),
        natives=tuple(NativeEntry(name, statuses.get(cls, cls), cls, function) for name, cls, function in registered),
        routed=frozenset(name for blueprint in blueprints if blueprint for name in list_blueprints(blueprint)),
        replaced_methods={name: found for name in _HANDLING if (found := _find_replacement(app, name))},
        was_registered=was_registered,
        find_template_faults=lambda name: _find_template_faults(app.jinja_env, application, name),
        list_templates=lambda: _list_templates(app.jinja_env),
    )


def _find_replacement(app: Any, name: str) -> Replacement | None:
    """Find what may answer in place of the framework's own method.

    The functions of Flask-CORS are none, which only adds headers, nor is that of an ``Api`` of Flask-RESTful or
    Flask-RESTX with a ``handle_error`` of your own. errbridge's own function has the name of the one behind it.
    """
    method = getattr(app, name, None)
    while method is not None:
        if getattr(method, "__globals__", {}).get("__name__") == Seam.__module__:
            method = method.__wrapped__
        module = (getattr(method, "__module__", None) or type(method).__module__).partition(".")[0]
        if module in ("flask", "quart"):
            return None
        function: Any = getattr(method, "func", None)
        if module == "flask_cors":
            method = getclosurevars(method).nonlocals.get("f")
        elif isinstance(method, partial) and getattr(function, "__name__", "") == "error_router":
            if function.__self__.handle_error.__module__.partition(".")[0] in ("flask_restful", "flask_restx"):
                return method, _RAISE_AGAIN
            method = method.args[0]
        else:
            return method, _PASS_ON
    return None


def _find_template_faults(environment: Any, application: Application, name: str) -> Iterator[str]:
    """Compile a template, and those that it extends, includes and imports, as far as their names are in it."""
    waiting: list[str | None] = [name]
    for current in filter(None, waiting):
        try:
            if application.find_template((current,)) is None:  # it knows errbridge's own
                raise TemplateNotFound(current)
            source, _, _ = environment.loader.get_source(environment, current)
            waiting += set(meta.find_referenced_templates(environment.parse(source))).difference(waiting)
        except TemplateNotFound:
            yield f"{current} does not exist, which {'ERROR_PAGE' if current == name else name} names"
        except TemplateError as error:
            yield f"{application.locate_template_error(error)} cannot be compiled: {error}"
        except (OSError, UnicodeDecodeError) as error:
            yield f"{current} cannot be read: {error}"
        except RuntimeError:  # a loader may need a request, as that of Flask-Theme does
            continue


def _list_templates(environment: Any) -> list[str]:
    try:
        return sorted(environment.list_templates(extensions=["html"]))
    except (TypeError, RuntimeError):  # a loader cannot list its templates, or needs a request
        return []


# Errors as they would happen.


def build_exception(app: Any, name: str) -> Exception:
    """Build the exception that a user names, without calling anything that the user wrote.

    ``404``, ``LookupError``, ``package.module:Class``, ``package.module.Class``, or ``Class`` if it is the only one of
    this name.
    """
    if name.isdecimal():
        status = int(name)
        if status not in range(400, 600):
            raise SetupError(f"an error has a status from 400 to 599, not {status}")
        return default_exceptions[status]() if status in default_exceptions else Problem(status)
    if name.lower() in ("4xx", "5xx"):
        raise SetupError(f"{name} is a family of statuses; name one of them, such as {name[0]}04")
    cls = _find_class(app, name)
    if not (isinstance(cls, type) and issubclass(cls, Exception)):
        raise SetupError(f"{name} is no exception class that a handler could get, but {cls!r}")
    if issubclass(cls, Problem):
        if (own_status := read_declaration(cls).status) is None:
            raise SetupError(f"{cls.__qualname__} has no status of its own; give the status instead")
        return restore_problem(cls, {"status": own_status})
    if (build := find_by_class(cls, _BUILDERS)) is not None:
        return build(cls)
    if issubclass(cls, BaseExceptionGroup):
        raise SetupError(f"{name} is a group, answered as its only error, or as the worst of several; name one of them")
    module = HTTPException.__module__ if issubclass(cls, HTTPException) else "builtins"
    known: Any = next(base for base in cls.__mro__ if base.__module__ == module)
    try:
        exc: Exception = known.__new__(cls)
    except TypeError:
        name = cls.__qualname__
        raise SetupError(f"{name} cannot be made without its library; name a base class or a status") from None
    if isinstance(exc, HTTPException):
        known.__init__(exc)  # which needs no arguments, and is not the user's
    return exc


def _find_class(app: Any, name: str) -> object:
    module, _, attribute = name.partition(":") if ":" in name else name.rpartition(".")
    own, others = _list_classes(app), {**vars(exceptions), **vars(builtins)}
    known = [
        each.__name__ for each in (*own, *others.values()) if isinstance(each, type) and issubclass(each, Exception)
    ]
    near = suggest(attribute, known)
    if module:
        try:
            return reduce(getattr, attribute.split("."), import_module(module))
        except (ImportError, AttributeError) as error:
            near = near or "; write it as package.module:Class"
            raise SetupError(f"{name!r} cannot be found: {error}{near}") from error
    found = [cls for cls in own if cls.__name__ == name]
    if not found and name in others:
        return others[name]
    found = found or [cls for cls in subclasses(Exception) if cls.__name__ == name]
    if len(found) > 1:
        choice = " or ".join(f"{cls.__module__}:{cls.__qualname__}" for cls in found)
        raise SetupError(f"there is more than one exception {name!r}; write {choice}")
    if not found:
        near = near or " in Python or among what is imported"
        raise SetupError(f"there is no exception {name!r}{near}; write one of your own as package.module:{name}")
    return found[0]


def _list_classes(app: Any) -> list[type]:
    """List the application's exceptions: its problem types, and those with a handler."""
    seam = find_seam(app)
    keys = [key for owner in seam.installation.error_map().owners.values() for key in owner.handlers.by_key]
    found = [*types_of(seam.installation.problem_types), *keys, *(cls for _, cls, _ in seam.search.registrations())]
    return list(dict.fromkeys(cls for cls in found if isinstance(cls, type) and cls.__module__ != "builtins"))


def build_situation(app: Any, exc: Exception, method: str, path: str, headers: Mapping[str, str]) -> Situation:
    """Find out what the framework would know when an error happens; routing's own takes the place of an equal one.

    The request is matched as a real one is. It is not opened: no session, and no function of the user is called. Its
    method is WEBSOCKET for a WebSocket, and its path may have a query.
    """
    if not path.startswith("/"):
        raise SetupError(f"a path begins with a slash; write '/{path}'")
    if method == "WEBSOCKET" and not hasattr(app, "websocket"):
        raise SetupError("only Quart has WebSockets; name a method of HTTP")
    opened = {"method": "GET", "scheme": "ws"} if method == "WEBSOCKET" else {"method": method}
    try:
        context = app.test_request_context(path, headers=dict(headers), **opened)
    except HTTPException as error:  # Quart looks at the host here
        raise SetupError(f"the framework refuses the request: {error}") from error
    if context.url_adapter is not None:  # Flask looked at the host, and did not like it
        context.match_request()
    request, seam = context.request, copy(find_seam(app))
    seam.installation = copy_without_hooks(seam.installation)  # they may need a request that there is not
    unrouted = request.routing_exception
    notes: tuple[str, ...] = ()
    if type(exc) is type(unrouted):
        exc = unrouted
    elif unrouted is not None:
        url = getattr(unrouted, "new_url", None)
        said = f"redirects this request to {url}" if url else f"says {unrouted.code} {unrouted.name} here"
        notes = (f"routing itself {said}; the error would have to come from a before_request function",)
    facts = seam.read_facts(exc, request, request.blueprints)
    # A validation error would be about input. Quart can make a request for a test, but no WebSocket.
    facts = replace(facts, has_input=True, websocket=method == "WEBSOCKET")
    return Situation(exc, InternalServerError(original_exception=exc), facts, notes)
