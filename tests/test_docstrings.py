"""Docstrings of what is public: complete, and their examples run."""

from __future__ import annotations

import ast
import doctest
import gc
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any, is_typeddict

import flask
import pytest
import quart

import errbridge
import errbridge_flask
import errbridge_quart
from errbridge import Problem

pytestmark = pytest.mark.docs

ROOMS = (errbridge, errbridge_flask, errbridge_quart)
PUBLIC = (
    "errbridge",
    "errbridge.asgi",
    "errbridge.catalogue",
    "errbridge.otel",
    "errbridge.testing",
    "errbridge_flask",
    "errbridge_quart",
)
"""The modules that the reference lists; what they export is public."""


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        yield room
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(found.name)


MODULES = list(modules())


def ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith("errbridge")


def public_functions() -> Iterator[tuple[str, Any]]:
    """Yield every exported function, and every public method where it is first declared."""
    seen: set[Any] = set()
    for name in PUBLIC:
        module = importlib.import_module(name)
        for exported in module.__all__:
            value = getattr(module, exported)
            found: dict[str, Any] = {f"{name}.{exported}": value} if inspect.isfunction(value) else {}
            if isinstance(value, type) and ours(value):
                found = {f"{name}.{exported}.{member}": function for member, function in methods(value)}
            for label, function in found.items():
                if function not in seen:
                    seen.add(function)
                    yield label, function


def is_protocol(cls: type) -> bool:
    return getattr(cls, "_is_protocol", False)


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods of a class; one that overrides is documented where it is declared."""
    for name in dir(cls):
        if name.startswith("_") or is_protocol(cls):
            continue
        declared = [vars(base)[name] for base in cls.__mro__ if ours(base) and name in vars(base)]
        function = inspect.unwrap(getattr(declared[-1], "__func__", declared[-1])) if declared else None
        if inspect.isfunction(function):
            yield name, function


FUNCTIONS = dict(public_functions())


def sections(docstring: str | None) -> dict[str, str]:
    """Take a docstring of Google's style apart."""
    parts = re.split(r"^(Args|Returns|Yields|Raises|Attributes|Example):+\s*$", docstring or "", flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named_in(text: str) -> set[str]:
    """Name what a section describes: the words before the colons of its own indentation."""
    return set(re.findall(r"^\*{0,2}(\w+)(?: \([^)]*\))?:", textwrap.dedent(text.strip("\n")), re.MULTILINE))


def parameters(function: Any) -> set[str]:
    found = inspect.signature(function).parameters
    return {name for name in found if name not in ("self", "cls") and not name.startswith("_")}


def raised_by(function: Any) -> set[str]:
    """Name the exceptions that a function raises itself, as opposed to what it calls."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raising = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    names = [exc.func if isinstance(exc, ast.Call) else exc for exc in raising]
    return {name.id for name in names if isinstance(name, ast.Name) and name.id[0].isupper()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_says_what_it_takes_gives_and_raises(name: str) -> None:
    function = FUNCTIONS[name]
    said = sections(inspect.getdoc(function))

    assert named_in(said.get("Args", "")) == parameters(function)
    returns = inspect.signature(function).return_annotation
    if returns not in (None, "None"):
        assert {"Returns", "Yields"} & said.keys(), f"{name} gives {returns}"
    assert raised_by(function) <= named_in(said.get("Raises", ""))


CLASSES = {
    f"{module}.{name}": value
    for module in PUBLIC
    for name in importlib.import_module(module).__all__
    if isinstance(value := getattr(importlib.import_module(module), name), type)
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_class_says_what_it_is_made_of(name: str) -> None:
    """A class without a constructor of its own says so where its base does."""
    cls = CLASSES[name]
    documented: set[str] = set()
    for base in cls.__mro__:
        said = sections(inspect.cleandoc(base.__doc__ or "")) if ours(base) else {}
        documented |= named_in(said.get("Args", "")) | named_in(said.get("Attributes", ""))
    of_class = set(cls.__annotations__) if is_typeddict(cls) else set()
    wanted = of_class if of_class or is_protocol(cls) or cls is errbridge.SetupError else parameters(cls)

    assert wanted <= documented


# Examples.


def documented() -> Iterator[tuple[str, ModuleType, str]]:
    """Yield every docstring with its name and its module."""
    for module in MODULES:
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                docstring = ast.get_docstring(node)
                if docstring:
                    yield f"{module.__name__}.{getattr(node, 'name', '')}".rstrip("."), module, docstring


def blocks(docstring: str) -> list[str]:
    """Return the literal blocks of a docstring: what is indented below a line that ends with two colons."""
    found = re.findall(r"::\n\n((?:[ ]{4,}.*\n|\n)+)", f"{docstring}\n")
    return [textwrap.dedent(block) for block in found]


EXAMPLES = {name: (module, text) for name, module, text in documented() if blocks(text) or ">>>" in text}


@pytest.fixture
def no_problem_types_stay() -> Iterator[None]:
    """Have the problem types that an example defines gone before a test looks at all that there are."""
    yield
    gc.collect()


def given() -> dict[str, Any]:
    """What an example may take for granted: applications with an ``ErrorHandler``, a blueprint and a client."""
    app, quart_app = flask.Flask("example"), quart.Quart("example")
    errors = errbridge_flask.ErrorHandler(app, handler="api")
    errbridge_quart.ErrorHandler(quart_app)

    class OutOfCredit(Problem, status=403, title="You do not have enough credit"):
        balance: int

    def buy() -> Any:
        raise OutOfCredit(balance=30)

    def users() -> Any:
        raise Problem(422, errors=[{"detail": "is missing", "pointer": "/name"}])

    app.add_url_rule("/buy/piano", "buy", view_func=buy)
    app.add_url_rule("/users", "users", view_func=users, methods=["POST"])
    return {
        "ErrorHandler": errbridge_flask.ErrorHandler,
        "Flask": flask.Flask,
        "OutOfCredit": OutOfCredit,
        "admin_app": flask.Flask("admin"),
        "api": flask.Blueprint("api", "example", url_prefix="/api"),
        "app": app,
        "client": app.test_client(),
        "errors": errors,
        "flask_app": flask.Flask("old"),
        "problems": ModuleType("problems"),
        "pytest": pytest,
        "quart_app": quart_app,
        "web": flask.Blueprint("web", "example", url_prefix="/web"),
    }


def namespace(module: ModuleType) -> dict[str, Any]:
    exported = {name: getattr(errbridge, name) for name in errbridge.__all__}
    return {**exported, **vars(module), **given(), "__name__": "example"}


@pytest.mark.usefixtures("no_problem_types_stay")
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name: str) -> None:
    module, docstring = EXAMPLES[name]
    names = namespace(module)
    for block in blocks(docstring):
        code = compile(block, f"the docstring of {name}", "exec", dont_inherit=True)
        try:
            exec(code, names)
        except Problem:
            assert block.rstrip().splitlines()[-1].startswith("raise ")


@pytest.mark.usefixtures("no_problem_types_stay")
@pytest.mark.parametrize("name", [name for name in EXAMPLES if ">>>" in EXAMPLES[name][1]])
def test_what_an_example_shows_is_what_happens(name: str) -> None:
    module, docstring = EXAMPLES[name]
    example = doctest.DocTestParser().get_doctest(docstring, namespace(module), name, None, None)
    said: list[str] = []

    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)

    assert not said, "".join(said)


def test_the_main_names_have_an_example() -> None:
    wanted = {f"errbridge.{name}" for name in ("Problem", "Handlers", "Scope", "Reply", "Page")}
    found = {name.rpartition(".")[2] for name in EXAMPLES}

    assert {name.rpartition(".")[2] for name in wanted} | {"Bridge", "ErrorDispatcher"} <= found
    assert {name.rpartition(".")[2] for name in FUNCTIONS if ".ErrorHandler." in name} <= found
