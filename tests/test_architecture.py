"""Two adapters with the same names and signatures, without HTTP in them, attached at one place of the frameworks."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import flask.sansio.app as sansio
import pytest
import quart

import errbridge.adapter
import errbridge_flask
import errbridge_quart
from errbridge import SetupError
from errbridge.pallets import private
from tests.applications import JSON, a_native_handler, an_api
from tests.clients import Request
from tests.servers import ROOT, run_python
from tests.twins import World

ADAPTERS = [errbridge_flask, errbridge_quart]


def modules_of(adapter: Any) -> list[Path]:
    """Return the modules of an adapter, without its commands."""
    return sorted(path for path in Path(adapter.__file__).parent.rglob("*.py") if path.name != "cli.py")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def public_methods(adapter: Any) -> dict[str, inspect.Signature]:
    handler = adapter.ErrorHandler
    names = ["__init__", *(name for name in dir(handler) if not name.startswith("_"))]
    return {name: inspect.signature(getattr(handler, name)) for name in names}


def test_both_adapters_export_the_same_names() -> None:
    assert errbridge_flask.__all__ == errbridge_quart.__all__ == ["ErrorHandler"]


def test_both_error_handlers_have_the_same_methods_with_the_same_signatures() -> None:
    assert public_methods(errbridge_flask) == public_methods(errbridge_quart)
    assert set(public_methods(errbridge_flask)) == {
        "__init__",
        "api_register",
        "catalogue",
        "default_register",
        "dispatcher_register",
        "failure_register",
        "include",
        "init_app",
        "locale_with",
        "map",
        "off_incident",
        "on_incident",
        "preview",
        "register",
        "style_sources",
        "trace_with",
        "web_register",
    }


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_public_method_is_documented(adapter: Any) -> None:
    methods = [getattr(adapter.ErrorHandler, name) for name in public_methods(adapter) if name != "__init__"]

    assert all(inspect.getdoc(method) for method in (adapter.ErrorHandler, *methods))


@pytest.mark.parametrize("module", [path for adapter in ADAPTERS for path in modules_of(adapter)], ids=named)
def test_an_adapter_holds_no_media_type_no_status_and_no_serialisation(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }

    assert not [value for value in constants if isinstance(value, str) and re.search(r"\b(application|text)/", value)]
    assert not [value for value in constants if isinstance(value, int) and 100 <= value <= 599]
    assert not names & {"json", "jsonify", "dumps", "html", "escape", "status", "status_code", "code"}


REGISTERING = """
import sys
from {0} import {1}
from {2} import ErrorHandler
from errbridge import Problem, Scope

errors = ErrorHandler(dispatcher="urlprefix")
errors.register("/api", code=404)(lambda exc: Problem(404))
errors.api_register(Scope(host="*.example.com", prefix="/<int:n>"))
errors.on_incident(lambda incident, reply: None)
print(*sorted(sys.modules))
errors.init_app({1}("shop"))
print(*sorted(sys.modules))
"""


@pytest.mark.parametrize(("framework", "app_class"), [("flask", "Flask"), ("quart", "Quart")])
def test_what_answers_errors_is_loaded_with_the_first_application(framework: str, app_class: str) -> None:
    adapter = f"errbridge_{framework}"
    code = REGISTERING.format(framework, app_class, adapter)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    answering = {f"{adapter}.answering", *(f"errbridge.{room}" for room in ("handling", "mapping", "telemetry"))}

    registered, initialised = (set(line.split()) for line in done.stdout.splitlines())

    assert registered & answering == set()
    assert initialised >= answering
    assert framework == "quart" or "asyncio" not in initialised


@pytest.mark.parametrize("app_class", [flask.Flask, quart.Quart])
def test_the_seam_is_where_errbridge_attaches(app_class: Any) -> None:
    """If this fails, a new version of the framework searches its error handlers in another way."""
    parameters = list(inspect.signature(app_class._find_error_handler).parameters)
    callers = [
        name
        for name, member in inspect.getmembers(app_class, inspect.isfunction)
        if "self._find_error_handler(" in inspect.getsource(member)
    ]

    assert parameters == ["self", "e", "blueprints"]
    assert {"handle_exception", "handle_http_exception", "handle_user_exception"} <= set(callers)


def test_a_framework_with_another_seam_is_refused_with_a_message_that_says_what_to_do(world: World) -> None:
    world.app._find_error_handler = lambda ctx, exc, blueprints: None
    world.app.config["ERROR_DEFAULT_MSG"] = "sorry"
    before = dict(world.app.config), dict(vars(world.app))

    with pytest.raises(SetupError, match="install a version of errbridge that supports it"):
        world.adapter.ErrorHandler(world.app, ERROR_DEFAULT_MSG="oh no")

    assert (world.app.config, vars(world.app)) == before


DOCTORED: dict[str, tuple[str, Any]] = {
    "a search that takes the context": ("_find_error_handler", lambda self, ctx, e, blueprints: None),
    "a search that finds nothing": ("_find_error_handler", lambda self, e, blueprints: None),
    "handlers kept elsewhere": ("register_error_handler", lambda self, key, function: None),
    "handlers kept in another form": ("error_handler_spec", property(lambda self: {}, lambda self, value: None)),
}


@pytest.fixture
def _forgetful() -> Iterator[None]:
    """Forget what was found out about the frameworks, before and after."""
    private._can_search.cache_clear()
    yield
    private._can_search.cache_clear()


@pytest.mark.usefixtures("_forgetful")
@pytest.mark.parametrize("kind", DOCTORED)
def test_a_framework_that_searches_otherwise_is_refused(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, replacement = DOCTORED[kind]
    monkeypatch.setattr(sansio.App, name, replacement, raising=False)

    with pytest.raises(SetupError, match="searches error handlers in a way that errbridge does not know"):
        world.adapter.ErrorHandler(world.App("doctored"))


@pytest.mark.usefixtures("_forgetful")
def test_handlers_that_an_agent_wraps_at_their_registration_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New Relic's and Datadog's agents wrap every handler of Flask."""
    register = sansio.App.register_error_handler

    def register_wrapped(self: Any, key: Any, function: Any) -> None:
        register(self, key, functools.wraps(function)(lambda *given: function(*given)))

    monkeypatch.setattr(sansio.App, "register_error_handler", register_wrapped)
    an_api(a_native_handler(404, lambda exc: ("native", 404)))(world)

    assert world.call(Request("/nope")).text == "native"


@pytest.mark.usefixtures("_forgetful")
def test_new_relics_agent_starts_the_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DEVELOPER_MODE": "true", "LICENSE_KEY": "0" * 40, "LOG": str(tmp_path / "log.txt")}.items():
        monkeypatch.setenv(f"NEW_RELIC_{name}", value)  # in which it sends nothing
    program = tmp_path / "program.py"
    program.write_text("""
import newrelic.agent
newrelic.agent.initialize()
import flask
from errbridge_flask import ErrorHandler
app = flask.Flask("shop")
ErrorHandler(app, handler="api")
app.register_error_handler(410, lambda exc: ("native", 410))
app.add_url_rule("/gone", view_func=lambda: flask.abort(410))
client = app.test_client()
(function,) = app.error_handler_spec[None][410].values()
print(type(function).__module__.partition(".")[0], client.get("/nope").content_type, client.get("/gone").text)
""")

    done = run_python(str(program))

    assert done.stdout == f"newrelic {JSON} native\n", done.stderr


def test_an_application_is_no_longer_referred_to_once_it_is_gone(world: World) -> None:
    """An ErrorHandler at the top of a module must not keep every application of a test suite alive."""
    import gc
    import weakref

    errors = world.adapter.ErrorHandler()
    app = errors.init_app(world.App("short-lived"))
    errors.register(app)(lambda exc: None)
    gone = weakref.ref(app)
    del app
    gc.collect()

    assert gone() is None


ADAPTER_NAMES = [
    "LEFT",
    "TEMPLATES",
    "Application",
    "Call",
    "Converter",
    "Draft",
    "HTTPErrorClasses",
    "HTTPErrorFacts",
    "Installation",
    "Native",
    "NativeHandler",
    "Raised",
    "Response",
    "Run",
    "adrive",
    "check_chunk",
    "check_head",
    "drive",
    "expect_record",
    "install",
    "log",
    "note_uncaught",
    "record_broken_stream",
    "respond",
    "respond_to_result",
    "take_apart",
]


def test_the_public_surface_for_adapters_is_what_it_was() -> None:
    assert errbridge.adapter.__all__ == ADAPTER_NAMES


def imported_by(code: str) -> set[str]:
    """List the modules of errbridge that some code imports."""
    found = (node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom))
    return {module for module in found if module is not None and module.split(".")[0] == "errbridge"}


PUBLIC = {"errbridge", "errbridge.adapter", "errbridge.validation"}
REGISTERING_AND_TOOLS = {"__init__", "catalogue", "commands", "errorhandler", "group", "inspected", "pages", "preview"}


def test_what_answers_errors_imports_only_the_public_surface_of_the_core() -> None:
    shared = [path for path in (ROOT / "errbridge/pallets").glob("*.py") if path.stem not in REGISTERING_AND_TOOLS]
    adapters = [path for name in ("errbridge_flask", "errbridge_quart") for path in (ROOT / name).glob("*.py")]
    modules = set().union(*(imported_by(path.read_text(encoding="utf-8")) for path in (*shared, *adapters)))

    assert {path.stem for path in shared} >= {"application", "blueprints", "exceptions", "private", "seam"}
    assert {module for module in modules if not module.startswith("errbridge.pallets")} == PUBLIC


def test_the_documented_adapter_imports_only_the_public_surface() -> None:
    page = Path(__file__).parents[1].joinpath("docs/howto/adapter.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)

    assert set().union(*map(imported_by, blocks)) == {"errbridge", "errbridge.adapter"}
