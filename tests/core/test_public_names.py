"""What the core exports, and what importing it brings along."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import errbridge

EXTRAS = ("errbridge.pallets", "errbridge.asgi", "errbridge.testing")


def core_modules() -> list[str]:
    found = (module.name for module in pkgutil.walk_packages(errbridge.__path__, "errbridge."))
    return ["errbridge", *sorted(name for name in found if not name.startswith(EXTRAS))]


MODULES = [name for name in core_modules() if hasattr(importlib.import_module(name), "__all__")]


def kind(name: str) -> int:
    """Constants, then classes, then functions, as import sorting has it."""
    return 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


def test_the_walk_finds_the_modules_of_the_core() -> None:
    assert {"errbridge.handling.respond", "errbridge.scopes.scope", "errbridge.representations.html"} < set(MODULES)


def test_every_module_lists_what_it_exports_sorted(module: ModuleType) -> None:
    exported = list(module.__all__)

    assert exported == sorted(exported, key=lambda name: (kind(name), name))
    assert len(set(exported)) == len(exported)
    assert all(hasattr(module, name) for name in exported)
    assert not any(name.startswith("_") for name in exported)


def test_the_exported_names_of_the_package_are_these() -> None:
    assert errbridge.__all__ == [
        "AutoDispatcher",
        "DefaultDispatcher",
        "ErrorDispatcher",
        "Handlers",
        "Incident",
        "Page",
        "Problem",
        "Reply",
        "RequestFacts",
        "Scope",
        "SetupError",
        "SubdomainDispatcher",
        "URLPrefixDispatcher",
        "current_incident_id",
    ]


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize("statement", ["import errbridge", "import errbridge.handling.respond"])
def test_importing_the_core_brings_no_framework_and_no_event_loop(statement: str) -> None:
    loaded = loaded_by(statement)

    assert "errbridge" in loaded
    assert loaded & {"flask", "quart", "werkzeug", "jinja2", "asyncio", "hypercorn", "asgiref"} == set()


def test_the_package_is_marked_as_typed() -> None:
    assert pkgutil.get_data("errbridge", "py.typed") is not None


def imported_names() -> list[tuple[str, str, str]]:
    """List what the modules of all three packages take from modules of the core: file, module, name."""
    root = Path(errbridge.__file__).parents[1]
    found = []
    for file in sorted(
        path
        for package in ("errbridge", "errbridge_flask", "errbridge_quart")
        for path in (root / package).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("errbridge"):
                found += [(str(file.relative_to(root)), str(node.module), alias.name) for alias in node.names]
    return found


def test_a_module_takes_from_another_only_what_that_exports() -> None:
    missing = set()
    for file, module, name in imported_names():
        source = importlib.import_module(module)
        is_module = importlib.util.find_spec(f"{module}.{name}") is not None if hasattr(source, "__path__") else False
        if not is_module and name not in source.__all__:
            missing.add(f"{file}: {module}.{name}")

    assert missing == set()
