"""The plan of `errbridge.problem`: no circle, nothing above it, and little to load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import errbridge.problem

ROOM = Path(errbridge.problem.__file__).parent
BELOW = (
    "errbridge.problem.",
    "errbridge.http.",
    "errbridge.errors",
    "errbridge.introspection",
    "errbridge.languages.language",
)


def imports(path: Path) -> set[str]:
    """Name the modules of errbridge that a module imports, within functions too."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name for name in named if name.startswith("errbridge")}


IMPORTS = {f"errbridge.problem.{path.stem}": imports(path) for path in ROOM.glob("*.py") if path.stem != "__init__"}


def test_the_package_imports_only_what_lies_below_it() -> None:
    named = set().union(*IMPORTS.values())

    assert {name for name in named if not name.startswith(BELOW)} == set()


def test_no_module_of_the_package_leads_back_to_itself() -> None:
    def reach(name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
        for each in IMPORTS.get(name, set()) - seen:
            seen = reach(each, seen | {each})
        return seen

    assert {name for name in IMPORTS if name in reach(name)} == set()


def test_importing_errbridge_loads_neither_the_reader_of_documents_nor_the_catalogue() -> None:
    code = f"import sys; sys.path[:0] = {sys.path!r}; import errbridge; print(*sys.modules)"
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # which loads some of these
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60, env=env
    )
    loaded = set(done.stdout.split())

    names = {name for name in loaded if name.startswith(("errbridge.catalogue", "errbridge.problem"))}
    assert names == {
        "errbridge.problem",
        *(f"errbridge.problem.{name}" for name in ("fields", "problem", "subclasses", "type_uri")),
    }
    assert not loaded & {"decimal", "json", "uuid", "xml.etree.ElementTree"}
