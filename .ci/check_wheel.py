"""Check the built wheel, with the standard library only: what it contains, and what it imports and answers where.

Used by the sessions build and release: ``contents <wheel>``, and in an environment where the wheel is installed with
some extras and nothing else, ``imports <extras>`` and ``answers <extras>``.
"""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("errbridge", "errbridge_flask", "errbridge_quart")
PLUGIN = "errbridge_pytest.py"  # not in a package, so that pytest loads no more than this
FOREIGN = (
    "flask",
    "quart",
    "werkzeug",
    "jinja2",
    "click",
    "asgiref",
    "hypercorn",
    "opentelemetry",
    "pytest",
    "sentry_sdk",
)
NOT_CORE = ("errbridge.asgi", "errbridge.otel", "errbridge.pallets", "errbridge.sentry")
EXTRA_OF = {
    "errbridge_flask": "flask",
    "errbridge_quart": "quart",
    "errbridge.asgi": "bridge",
    "errbridge.otel": "otel",
    "errbridge.sentry": "sentry",
}


def check_contents(path: str) -> None:
    """Exactly the three packages, typed, the plugin of pytest, and the licence."""
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
    roots = {name.partition("/")[0] for name in names}
    metadata = {root for root in roots if root.endswith(".dist-info")}
    assert roots - metadata == {*PACKAGES, PLUGIN}, f"unexpected in the wheel: {sorted(roots - metadata)}"
    assert len(metadata) == 1, metadata
    for package in PACKAGES:
        for file in ("__init__.py", "py.typed"):
            assert f"{package}/{file}" in names, f"{package}/{file} is missing"
    assert any(name.endswith("/licenses/LICENSE") for name in names), "the licence is missing"
    stray = [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert not stray, stray
    sources = {
        file.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert sources <= set(names), f"missing in the wheel: {sorted(sources - set(names))}"
    with zipfile.ZipFile(path) as wheel:
        check_metadata(Parser().parsestr(wheel.read(f"{metadata.pop()}/METADATA").decode()))
    print(f"{path}: {len(names)} files, as expected")


def check_metadata(metadata: Message) -> None:
    """The project's own words, and no dependency without an extra: the core needs the standard library only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    source = (ROOT / "errbridge" / "__init__.py").read_text(encoding="utf-8")
    version = re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE)[0]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, value in {
        "Name": project["name"],
        "Version": version,
        "Summary": project["description"],
        "Requires-Python": project["requires-python"],
        "License-Expression": project["license"],
        "Description-Content-Type": "text/markdown",
    }.items():
        assert metadata[name] == value, f"{name} is {metadata[name]!r}, not {value!r}"
    assert str(metadata.get_payload()).strip() == readme.strip(), "the description is not the README"
    assert set(metadata.get_all("Provides-Extra") or ()) == set(project["optional-dependencies"])
    for requirement in metadata.get_all("Requires-Dist") or ():
        assert re.search(r"extra == ['\"]", requirement), f"the core depends on {requirement}"


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
        "errbridge.asgi": bool(extras & {"bridge", "flask"}),  # both bring asgiref
        "errbridge.otel": "otel" in extras,
        "errbridge.sentry": "sentry" in extras,
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


def check_answers(extras: set[str]) -> None:
    """A small application answers with what is installed: a document, a page, and the same from every framework."""
    answered = {"core": from_core()}
    if extras & {"flask", "quart"}:
        answered["Flask"] = from_flask()
    if "quart" in extras:
        answered["Quart"] = asyncio.run(from_quart())
    if "bridge" in extras:
        answered["bridge"] = asyncio.run(from_bridge())
    for name, (status, content_type, body) in answered.items():
        assert (status, content_type) == (404, "application/problem+json"), f"{name}: {status} {content_type}"
        assert b'"status":404' in body, f"{name}: {body!r}"
    print(f"answers from {', '.join(answered)}")


def from_core() -> tuple[int, str | None, bytes]:
    from errbridge import Problem, RequestFacts
    from errbridge.adapter import Application, Installation, Response, respond

    class Bare(Application):
        config: ClassVar = {}
        make_response = describe_response = None

    answered = respond(Installation(Bare()), Problem(404), RequestFacts(accept="application/json")).outcome
    assert isinstance(answered, Response)
    return answered.status, answered.content_type, answered.body or b""


def set_up(app: Any, blueprint: Any, errors: Any) -> None:
    errors.api_register(blueprint)
    app.register_blueprint(blueprint)


def from_flask() -> tuple[int, str, bytes]:
    import flask

    from errbridge_flask import ErrorHandler

    app = flask.Flask("wheel")
    set_up(app, flask.Blueprint("api", "wheel", url_prefix="/api"), ErrorHandler(app))
    assert app.test_client().get("/nope").content_type == "text/html; charset=utf-8"
    response = app.test_client().get("/api/nope")
    return response.status_code, response.content_type, response.data


async def from_quart() -> tuple[int, str, bytes]:
    import quart

    from errbridge_quart import ErrorHandler

    app = quart.Quart("wheel")
    set_up(app, quart.Blueprint("api", "wheel", url_prefix="/api"), ErrorHandler(app))
    assert (await app.test_client().get("/nope")).content_type == "text/html; charset=utf-8"
    response = await app.test_client().get("/api/nope")
    return response.status_code, response.content_type, await response.get_data()


async def from_bridge() -> tuple[int, str, bytes]:
    """Ask a bridge for a URL under no mount."""
    from errbridge.asgi import Bridge

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("204 No Content", [])
        return []

    sent: list[dict[str, Any]] = []
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
    scope |= {"path": "/nope", "raw_path": b"/nope", "query_string": b"", "root_path": "", "client": ("::1", 1)}
    scope |= {"headers": [(b"accept", b"application/json")], "server": ("localhost", 80)}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await Bridge({"/wsgi": application})(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers["content-type"], b"".join(message.get("body", b"") for message in sent[1:])


if __name__ == "__main__":
    command, argument = sys.argv[1:]
    if command == "contents":
        check_contents(argument)
    else:
        check = {"imports": check_imports, "answers": check_answers}[command]
        check({extra for extra in argument.split(",") if extra})
