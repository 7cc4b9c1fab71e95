"""What the tests of the commands share: an application with handlers of every kind, and ways to run a command."""

from __future__ import annotations

import importlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from werkzeug.exceptions import HTTPException, TooManyRequests

from errbridge import Incident, Problem, Scope
from tests.servers import ROOT, run_python
from tests.twins import Build, Twins, World

HERE = Path(__file__)


class Gone(Exception):
    """Of the domain."""


class Withdrawn(Gone):
    """Another exception of the domain."""


class OutOfTea(Problem, status=409, title="Out of tea", slug="out-of-tea"):
    """There is no tea left."""

    cups: int


class Nothing(Problem):
    """Has no status."""


class Limited(TooManyRequests):
    """As Flask-Limiter has one."""


class Refused(HTTPException):
    """With a response of its own."""

    code = 403

    def get_body(self, *args: Any, **kwargs: Any) -> str:
        return "refused"


class Counted(HTTPException):
    """With a response of its own, which is counted."""

    code = 403
    built: ClassVar[list[object]] = []

    def get_response(self, *args: Any, **kwargs: Any) -> Any:
        self.built.append(self)
        return super().get_response(*args, **kwargs)


class Moved(HTTPException):
    """A class that calls no constructor, and has a bad one."""

    code = 410

    def __init__(self) -> None:
        raise AssertionError("the command line makes exceptions without calling the user's code")


def run(world: World, *words: str, **options: Any) -> Any:
    """Run a command of a world's framework."""
    assert world.errors is not None
    # As errors.catalogue(app, types=...) has it: the types of other tests are in the process, and two have one slug.
    world.app.extensions["errbridge"].installation.problem_types = (OutOfTea,)
    group = importlib.import_module(f"{world.adapter.__name__}.cli").errors
    return world.app.test_cli_runner().invoke(group, list(words), **options)


def said(build: Build, *words: str, exit_code: int = 0, **options: Any) -> str:
    """Run a command for both frameworks and give the output on which they agree."""
    twins = Twins.built(build, **options)
    first, second = (run(world, *words) for world in twins.worlds)
    assert (first.exit_code, first.output) == (second.exit_code, second.output)
    assert first.exit_code == exit_code, (first.output, first.exception)
    output: str = first.output
    if words[0] in ("list", "explain", "check") and "--json" not in words and exit_code < 2:
        assert not [line for line in output.splitlines() if len(line) > 80 and len(line.split()) > 2], output
    return output


def words_of(output: str) -> str:
    """Undo the wrapping of lines."""
    return " ".join(output.split())


def data(build: Build, *words: str, **options: Any) -> Any:
    return json.loads(said(build, *words, "--json", **options))


def start(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does."""
    return run_python("-m", *words, cwd=cwd)


def line_of(function: Callable[..., Any]) -> str:
    return f"{HERE.relative_to(ROOT)}:{function.__code__.co_firstlineno}"


def nothing(exc: Exception) -> None:
    return None


def something(exc: Exception) -> None:
    return None


async def later(exc: Exception, incident: Incident) -> None:
    return None


def native(exc: Any) -> Any:
    return "native", 418


def shop(world: World) -> None:
    api = world.Blueprint("api", __name__, url_prefix="/api")
    inner = world.Blueprint("inner", __name__, url_prefix="/<int:version>")
    tools = world.Blueprint("tools", __name__)
    tools.add_url_rule("/hammer", "hammer", nothing)
    world.errors.api_register(api)
    world.errors.web_register(inner)
    world.errors.register(api, code=[404, "4xx"])(later)
    world.errors.register(inner, code=Gone)(nothing)
    world.errors.register(Scope(host="*.example.com"))(nothing)
    world.errors.register("/", code=503)(nothing)
    world.errors.register(world.app, code=500)(something)
    world.errors.failure_register(world.app)
    api.errorhandler(404)(native)
    world.app.errorhandler(Gone)(native)
    api.register_blueprint(inner)
    world.app.register_blueprint(api)
    world.app.register_blueprint(tools)


def view(world: World) -> None:
    site = world.Blueprint("site", __name__, url_prefix="/site")
    site.add_url_rule("/", "index", nothing, methods=["GET"])
    site.add_url_rule("/x/", "x", nothing)
    world.errors.web_register(site)
    world.app.register_blueprint(site)
