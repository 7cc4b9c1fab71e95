"""Check the built wheel, with the standard library only: what it contains, and what it imports where.

Used by the build session: ``contents <wheel>``, and ``imports <extras>`` in an environment where the wheel is
installed with these extras and nothing else.
"""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("errbridge", "errbridge_flask", "errbridge_quart")
FOREIGN = ("flask", "quart", "werkzeug", "asgiref", "hypercorn", "opentelemetry", "pytest")
NOT_CORE = ("errbridge.asgi", "errbridge.otel", "errbridge.pallets", "errbridge.testing.plugin")
EXTRA_OF = {"errbridge_flask": "flask", "errbridge_quart": "quart", "errbridge.otel": "otel"}


def check_contents(path: str) -> None:
    """Exactly the three packages, typed, and the licence."""
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
    roots = {name.partition("/")[0] for name in names}
    metadata = {root for root in roots if root.endswith(".dist-info")}
    assert roots - metadata == set(PACKAGES), f"unexpected in the wheel: {sorted(roots - metadata)}"
    assert len(metadata) == 1, metadata
    for package in PACKAGES:
        for file in ("__init__.py", "py.typed"):
            assert f"{package}/{file}" in names, f"{package}/{file} is missing"
    assert any(name.endswith("/licenses/LICENSE") for name in names), "the licence is missing"
    stray = [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert not stray, stray
    print(f"{path}: {len(names)} files, as expected")


def modules(package: Path) -> Iterator[str]:
    """Yield the dotted names of a package's modules, without importing any."""
    for file in sorted(package.rglob("*.py")):
        yield ".".join(file.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")


def check_imports(extras: set[str]) -> None:
    """The core imports alone, an adapter with its framework, and without it says which extra to install."""
    import errbridge

    assert "site-packages" in errbridge.__file__, f"not the installed wheel: {errbridge.__file__}"
    core = [name for name in modules(Path(errbridge.__file__).parent) if not name.startswith(NOT_CORE)]
    for name in core:
        importlib.import_module(name)
    loaded = sorted(set(FOREIGN) & set(sys.modules))
    assert not loaded, f"importing the core loads {loaded}"

    if "bridge" in extras:
        importlib.import_module("errbridge.asgi")
        loaded = sorted({"flask", "quart", "werkzeug"} & set(sys.modules))
        assert not loaded, f"importing errbridge.asgi loads {loaded}"

    has_flask = bool(extras & {"flask", "quart"})  # Quart depends on Flask
    available_here = {
        "errbridge_flask": has_flask,
        "errbridge_quart": "quart" in extras,
        "errbridge.otel": "otel" in extras,
    }
    for package, available in available_here.items():
        try:
            importlib.import_module(package)
        except ImportError as exc:
            hint = f"errbridge[{EXTRA_OF[package]}]"
            assert not available, f"{package} does not import with {sorted(extras)}: {exc!r}"
            assert hint in str(exc), f"the error of {package} does not mention {hint}: {exc!r}"
        else:
            assert available, f"{package} imports without what its extra brings"
    print(f"imports as expected with {', '.join(sorted(extras)) or 'no extra'} ({len(core)} core modules)")


if __name__ == "__main__":
    command, argument = sys.argv[1:]
    if command == "contents":
        check_contents(argument)
    else:
        check_imports({extra for extra in argument.split(",") if extra})
