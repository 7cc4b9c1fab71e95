"""The law: the core names no attribute of a framework's object, and no configuration key of a framework.

A name counts if the core reads it, nothing in the core defines it, and an object of Flask, Quart or Werkzeug has it. So
a new ``getattr(exc, "original_exception")`` is found without a list of forbidden names. A name that the core defines as
well counts if it is read by text, or from an ``app``: the core does neither with its own objects.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Generator, Iterable, Iterator
from importlib.abc import FileLoader
from pathlib import Path
from typing import Any

import flask
import pytest
import quart
from werkzeug import exceptions, routing

from tests.servers import ROOT

# The rooms that are about something else than one application: adapters' own, the bridge, which serves applications of
# the frameworks, the responses of other services, and tools for tests.
OTHER_ROOMS = ("asgi", "otel.py", "pallets", "problem/response.py", "sentry.py", "testing")

CONFIG_KEYS = set(flask.Flask.default_config) | set(quart.Quart.default_config)

OBJECTS = [framework(__name__) for framework in (flask.Flask, quart.Quart)] + [flask.Blueprint("shop", __name__)]
CLASSES: list[Any] = [
    *(flask.Flask, flask.Request, flask.Response, flask.Blueprint),
    *(quart.Quart, quart.Request, quart.Websocket, quart.Response),
    *(routing.Map, routing.Rule),
    *(cls for cls in vars(exceptions).values() if isinstance(cls, type) and issubclass(cls, exceptions.HTTPException)),
]
OF_FRAMEWORKS = {
    name
    for cls in CLASSES
    for base in cls.__mro__
    if base.__module__ != "builtins"
    for name in (*vars(base), *getattr(base, "__annotations__", ()), *inspect.signature(base).parameters)
    if not name.startswith("__") and name != "kwargs"
}.union(*map(vars, OBJECTS))
OF_PYTHON = {
    name
    for each in (
        *(str, bytes, dict, list, set, type, BaseException, Path, re, inspect.Signature, inspect.Parameter),
        Generator,  # its close() is that of every stream (PEP 3333)
        FileLoader,  # its get_data() reads the files of a package
    )
    for name in dir(each)
}


def list_core() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted((ROOT / "errbridge").rglob("*.py")):
        name = path.relative_to(ROOT / "errbridge").as_posix()
        if not name.startswith(OTHER_ROOMS):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def find_reads(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """List the names of attributes that some code reads, and whether they may be those of the core."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Store):
            yield node.attr, not (isinstance(node.value, ast.Name) and node.value.id == "app")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "hasattr"):
            names = (each.value for each in node.args if isinstance(each, ast.Constant) and type(each.value) is str)
            yield from ((name, False) for name in names)


def find_definitions(tree: ast.AST) -> Iterator[str]:
    """List the names that some code defines, except for those of protocols: they describe the objects of others."""
    protocols = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and _is_protocol(node)]
    foreign = {node for protocol in protocols for node in ast.walk(protocol)}
    for node in ast.walk(tree):
        if node in foreign:
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Attribute, ast.Name)) and isinstance(node.ctx, ast.Store):
            yield node.attr if isinstance(node, ast.Attribute) else node.id


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)


def find_foreign(trees: Iterable[tuple[str, ast.AST]], defined: set[str]) -> list[str]:
    foreign = OF_FRAMEWORKS - OF_PYTHON
    return [
        f"{name}: {read}"
        for name, tree in trees
        for read, may_be_own in find_reads(tree)
        if read in foreign and not (may_be_own and read in defined)
    ]


DEFINED = {name for _, tree in list_core() for name in find_definitions(tree)}


def test_the_core_names_no_attribute_of_a_frameworks_object() -> None:
    found = find_foreign(list_core(), DEFINED)

    # That room is about the exceptions of libraries, and some have these names too.
    assert [each for each in found if not each.startswith("validation/")] == []
    assert {each.partition(": ")[2] for each in found} <= {"data", "headers", "status_code"}


def test_the_core_names_no_configuration_key_of_a_framework() -> None:
    named = [
        f"{name}: {node.value}"
        for name, tree in list_core()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) is str and node.value in CONFIG_KEYS
    ]

    assert named == []


@pytest.mark.parametrize(
    "code",
    [
        *("exc.original_exception", "exc.get_headers()", "exc.get_response", "exc.valid_methods"),
        *("response.status_code", "request.url_rule", "request.view_args", "request.routing_exception"),
        *("app.error_handler_spec", "app.url_map", "app.make_default_options_response", "blueprint.url_prefix"),
        *('getattr(response, "status_code", 200)', 'hasattr(exc, "get_body")'),
        *('getattr(app, "extensions", None)', "app.extensions"),
    ],
)
def test_a_name_of_a_framework_would_be_found(code: str) -> None:
    assert len(find_foreign([("new.py", ast.parse(code))], DEFINED)) == 1
