"""The truth tables of the explanations hold: every row is asked of real applications, on Flask and Quart at once."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader
from werkzeug.exceptions import Conflict, HTTPException, ImATeapot, InternalServerError, NotFound

from errbridge import AutoDispatcher, Page, Problem, Reply, RequestFacts
from errbridge.scopes.dispatch import DISPATCHERS
from tests.clients import Request, Response
from tests.twins import Twins, World

Ask = Callable[..., Response]

PAGES = Path(__file__).parents[1] / "docs" / "explanations"


def table(page: str, name: str) -> tuple[list[str], list[list[str]]]:
    """Read the head and the rows of a table; in a cell that is code only the code is given."""
    text = (PAGES / page).read_text(encoding="utf-8")
    block = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- table ends -->", text, re.DOTALL)
    assert block, f"{page} has no table {name!r}"
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in block[1].strip().splitlines())
    assert rows, f"the table {name!r} of {page} is empty"
    assert all(len(row) == len(head) for row in rows)
    return [_code(cell) for cell in head], [[_code(cell) for cell in row] for row in rows]


def _code(cell: str) -> str:
    alone = re.fullmatch(r"`([^`]+)`", cell)
    return alone[1] if alone else cell


def first_block(page: str) -> str:
    """Return the application that a page shows, which is for Flask."""
    block = re.search(r"^```python\n(.*?)^```$", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert block
    return block[1]


def run_for(world: World, source: str, page: str) -> dict[str, Any]:
    """Run an application that was written for Flask for one of the two, which takes a change of names."""
    if world.is_async:
        source = source.replace("flask", "quart").replace("Flask", "Quart")
    namespace: dict[str, Any] = {"__name__": f"explained_{world.name}"}
    exec(compile(source, page, "exec"), namespace)
    world.app, world.errors = namespace["app"], namespace["errors"]
    return namespace


def asked(twins: Twins, request: str, **more: Any) -> Response:
    """Ask what a cell says: ``GET /path`` or ``GET //host/path``."""
    method, _, target = request.partition(" ")
    host = "localhost"
    if target.startswith("//"):
        host, _, target = target[2:].partition("/")
        target = f"/{target}"
    return twins.ask(target, method, host=host, **more)


# Who owns an error.


@pytest.fixture(scope="module")
def owners() -> Mapping[str, Twins]:
    def built(dispatcher: str) -> Twins:
        source = first_block("ownership.md").replace(
            "ErrorHandler(app)", f"ErrorHandler(app, dispatcher={dispatcher!r})"
        )
        return Twins.built(lambda world: run_for(world, source, "ownership.md"))

    return {dispatcher: built(dispatcher) for dispatcher in DISPATCHERS}


OWNERSHIP = table("ownership.md", "ownership")[1]
DISPATCHED = table("ownership.md", "dispatchers")


@pytest.mark.parametrize(("request_line", "what", "chain"), OWNERSHIP, ids=[row[0] for row in OWNERSHIP])
def test_a_chain_is_the_one_of_the_table(owners: Mapping[str, Twins], request_line: str, what: str, chain: str) -> None:
    response = asked(owners["auto"], request_line)

    status = 405 if what == "not this method" else 404 if what == "no route" else 409
    assert (response.status, response.text) == (status, chain)


@pytest.mark.parametrize("row", DISPATCHED[1], ids=[row[0] for row in DISPATCHED[1]])
def test_a_dispatcher_makes_the_chain_of_the_table(owners: Mapping[str, Twins], row: list[str]) -> None:
    request_line, *chains = row
    names = DISPATCHED[0][1:]

    assert {name: asked(owners[name], request_line).text for name in names} == dict(zip(names, chains, strict=True))


def test_the_table_of_dispatchers_has_all_of_them() -> None:
    assert DISPATCHED[0][1:] == list(DISPATCHERS)


def test_the_scope_of_an_incident_is_the_first_of_its_chain(owners: Mapping[str, Twins]) -> None:
    for request_line, owner in (
        ("GET /api/v2/nope", "v2"),
        ("GET /nope", "app"),
        ("GET /api/legacy/x", "/api/legacy"),
        ("GET /moved/inner/page", "outer.inner"),
        ("GET //a.example.com/nope", "//*.example.com/"),
    ):
        assert asked(owners["auto"], request_line).header("X-Owner") == owner


# Which handler answers.


class SoldOut(Problem, status=409):
    """A problem type of its own."""


class Teapot(ImATeapot):
    """An HTTP exception of its own."""


NAMES: Mapping[str, Any] = {
    **{cls.__name__: cls for cls in (HTTPException, ImATeapot, InternalServerError, NotFound)},
    **{cls.__name__: cls for cls in (Page, Problem, Reply, SoldOut, Teapot)},
}


def value(expression: str, **more: Any) -> Any:
    return eval(expression, {**NAMES, **more})


def items(cell: str) -> list[str]:
    """List what a cell says is registered."""
    return re.findall(r"`([^`]+)`", cell) or [cell] * bool(cell)


def registered(world: World, target: Any, scope: str, cell: str) -> None:
    """Register what a cell says, each answering with its own name."""
    for item in items(cell):
        said = Reply(f"{scope}: {item}")
        kind, _, key = item.partition(" ")
        if item == "failure style":
            world.errors.failure_register(target)
        elif item == "api style":
            world.errors.api_register(target)
        elif kind == "native":
            target.register_error_handler(value(key), lambda exc, said=said: said.body)
        else:
            world.errors.register(target, code=value(item))(lambda exc, said=said: said)


def raising(expression: str) -> Callable[[], Any]:
    def view() -> Any:
        raise value(expression)

    return view


def service(what: str, on_api: str, on_app: str) -> Callable[[World], None]:
    """Build an application with a blueprint, where what a cell describes can happen."""
    raised = re.search(r"raises `([^`]+)`", what)
    view = raising(raised[1] if raised else "NotFound()")

    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        api.add_url_rule("/page", "page", view_func=view)
        registered(world, api, "api", on_api)
        registered(world, world.app, "app", on_app)
        world.app.register_blueprint(api)
        world.app.add_url_rule("/api/foreign", "foreign", view_func=view)

    return build


URLS = {"a view of `api`": "/api/page", "a view of the application under": "/api/foreign", "no route": "/api/nope"}


def who(response: Response) -> str:
    """Name the handler that answered; a style is known by the form of its answer."""
    return {
        "application/problem+json": "api: api style",
        "text/html; charset=utf-8": "api: failure style" if "<!DOCTYPE html>" in response.text else response.text,
    }.get(response.content_type or "", response.text)


@pytest.mark.parametrize(("raised", "keys", "answers"), table("handlers.md", "keys")[1])
def test_within_a_scope_the_handler_of_the_table_answers(ask: Ask, raised: str, keys: str, answers: str) -> None:
    response = ask(service(f"a view of `api` raises `{raised}`", keys, ""), "/api/page")

    if answers == "the style":
        assert "<!DOCTYPE html>" in response.text
        assert response.status == (500 if raised == "KeyError()" else 404)
    else:
        assert response.text == f"api: {answers}"
        assert answers in items(keys)


@pytest.mark.parametrize(("what", "on_api", "on_app", "answers"), table("handlers.md", "scopes")[1])
def test_along_the_chain_the_handler_of_the_table_answers(
    ask: Ask, what: str, on_api: str, on_app: str, answers: str
) -> None:
    (url,) = (url for start, url in URLS.items() if what.startswith(start))
    expected = answers

    response = ask(service(what, on_api, on_app), url)

    assert who(response) == expected
    scope, _, item = answers.partition(": ")
    assert item in items(on_api if scope == "api" else on_app)


@pytest.mark.parametrize(("returned", "status", "content_type", "body"), table("handlers.md", "returns")[1])
def test_what_a_handler_returns_becomes_the_answer_of_the_table(
    ask: Ask, returned: str, status: str, content_type: str, body: str
) -> None:
    def build(world: World) -> None:
        def handler(exc: Exception) -> Any:
            return value(returned, Response=world.app.response_class)

        world.app.jinja_loader = DictLoader({"gone.html": "<p>{{ error.title }}</p>"})
        service("a view of `api` raises `NotFound()`", "`api style`", "")(world)
        world.errors.register(world.app.blueprints["api"], code=404)(handler)

    response = ask(build, "/api/page")

    assert (response.status, response.content_type) == (int(status), content_type)
    if body == "the problem":
        said = value(returned)
        assert response.json["detail"] == (said.detail if isinstance(said, Problem) else said.description)
    elif body == "the JSON":
        assert json.loads(response.body) == value(returned)
    elif body == "the next candidate's":
        assert response.json["title"] == "Not Found"
    else:
        assert response.text == body
    if "X-Since" in returned:
        assert response.header("X-Since") == "2020"


@pytest.mark.parametrize(("raised", "on_app", "happens"), table("handlers.md", "propagate")[1])
def test_in_propagate_mode_what_the_table_says_happens(world: World, raised: str, on_app: str, happens: str) -> None:
    world.app.config["PROPAGATE_EXCEPTIONS"] = True
    service(f"a view of `api` raises `{raised}`", "", on_app)(world)
    request = Request("/api/page")

    if happens == "raised":
        assert type(world.find_escaped("/api/page")) is type(value(raised))
    else:
        assert world.call(request).text == happens


# When answering an error fails.


class Failure(Exception):
    """What goes wrong while an error is answered."""


class Textless:
    def __str__(self) -> str:
        raise Failure

    __repr__ = __str__


class FailingDispatcher(AutoDispatcher):
    def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
        raise Failure


class Unmakeable(AutoDispatcher):
    def __init__(self, scopes: Any) -> None:
        raise Failure


class FailingHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise Failure


def fail(*args: Any, **options: Any) -> Any:
    raise Failure


def stop(exc: Exception) -> Any:
    raise StopIteration


@dataclass
class Fault:
    """What is wrong with an application.

    Attributes:
        raised: By the view.
        style: Of the blueprint.
        handler: For 409, registered with errbridge.
        set_up: Anything else, done before the blueprint is registered.
        later: Done after everything is registered.
        options: Of the `ErrorHandler`.
        path: The path of the request.
    """

    raised: Callable[[], Exception] = Conflict
    style: str = "api_register"
    handler: Callable[[Exception], Any] | None = None
    set_up: Callable[[World, Any], Any] = lambda world, api: None
    later: Callable[[World], Any] = lambda world: None
    options: Mapping[str, Any] = field(default_factory=dict)
    path: str = "/api/page"

    def build(self, world: World) -> None:
        def view() -> Any:
            if world.app.config.get("FINE"):
                return "fine"
            raise self.raised()

        world.options = self.options
        api = world.Blueprint("api", __name__, url_prefix="/api")
        api.add_url_rule("/page", "page", view_func=view)
        getattr(world.errors, self.style)(api)
        if self.handler is not None:
            world.errors.register(api, code=409)(self.handler)
        self.set_up(world, api)
        world.app.register_blueprint(api)


def broken_page(world: World, api: Any) -> None:
    world.app.jinja_loader = DictLoader({"errors/4xx.html": "{{ 1 / 0 }}"})


def broken_sessions(world: World, api: Any) -> None:
    async def later(*args: Any) -> Any:
        fail()

    class Sessions:
        open_session = staticmethod(later if world.is_async else fail)

    world.app.session_interface = Sessions()


def broken_teardown(world: World, api: Any) -> None:
    world.app.config["FINE"] = True
    world.app.teardown_request(fail)


def wrong_setting(world: World) -> None:
    world.app.config["ERROR_PAGE"] = 42


def add_failing_handler(world: World, api: Any) -> None:
    logging.getLogger("errbridge").addHandler(FailingHandler())


FAULTS = {
    "nothing": Fault(),
    "the handler for 409 raises `RuntimeError`": Fault(handler=fail),
    "the handler for 409 raises `StopIteration`": Fault(handler=stop),
    "the handler for 409 returns what no view may return": Fault(handler=lambda exc: object()),
    "the handler for 409 returns an invalid status": Fault(handler=lambda exc: ("gone", 42)),
    "the handler for 409 returns an exception that is not an HTTP error": Fault(handler=lambda exc: Failure()),
    "the handler for 409 returns a page whose template does not exist": Fault(handler=lambda exc: Page("none.html")),
    "the framework's own handler for 409 raises": Fault(
        set_up=lambda world, api: api.register_error_handler(409, fail)
    ),
    "the handler for `LookupError` raises, of a view that raises `KeyError`": Fault(
        raised=KeyError, set_up=lambda world, api: world.errors.register(world.app, code=LookupError)(fail)
    ),
    "the template of a page, where the blueprint has the web style": Fault(style="web_register", set_up=broken_page),
    "there is no template, where the blueprint has the web style": Fault(style="web_register"),
    "the `response=` decorator": Fault(options={"response": lambda document: fail}),
    "the dispatcher, for a URL that does not exist": Fault(options={"dispatcher": FailingDispatcher}, path="/api/nope"),
    "the dispatcher's constructor, so that nothing is known of any scope": Fault(options={"dispatcher": Unmakeable}),
    "a handler of the logging system": Fault(set_up=add_failing_handler),
    "a function given to `on_incident`": Fault(set_up=lambda world, api: world.errors.on_incident(fail)),
    "a setting that became wrong after `init_app`": Fault(later=wrong_setting),
    "the value of an extension member has no text": Fault(raised=lambda: Problem(409, value=Textless())),
    "opening the session": Fault(set_up=broken_sessions),
    "a teardown function": Fault(set_up=broken_teardown),
}

FORMS = {
    "the document": ("application/problem+json", '{"type":"about:blank"'),
    "the page": ("text/html; charset=utf-8", "<!DOCTYPE html>"),
    "the text": ("text/plain; charset=utf-8", "409 Conflict\n"),
}

FAILED = table("failures.md", "failures")[1]


@pytest.fixture
def heard() -> Iterator[list[logging.LogRecord]]:
    """Collect the records of errbridge, whatever else is added to its logger meanwhile."""
    logger = logging.getLogger("errbridge")
    records: list[logging.LogRecord] = []

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    before, level = list(logger.handlers), logger.level
    logger.addHandler(Hearing())
    logger.setLevel(logging.DEBUG)
    yield records
    logger.handlers[:] = before
    logger.setLevel(level)


@pytest.mark.parametrize(("what", "status", "form", "logged"), FAILED, ids=[row[0] for row in FAILED])
def test_a_failure_becomes_what_the_table_says(
    heard: list[logging.LogRecord],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    what: str,
    status: str,
    form: str,
    logged: str,
) -> None:
    fault = FAULTS[what]
    twins = Twins.built(fault.build)
    for world in twins.worlds:
        fault.later(world)
    heard.clear()

    response = twins.ask(fault.path)

    content_type, start = FORMS[form]
    assert (response.status, response.content_type) == (int(status), content_type)
    assert response.text.startswith(start)
    assert "Failure" not in response.text
    if logged == "nothing":
        assert "could not write a log record" in capsys.readouterr().err
        return
    if logged == "the framework's record":
        assert heard == []
        found = [record for record in caplog.records if hasattr(record, "incident_id")]
        assert [(record.levelname, record.exc_info is not None) for record in found] == [("ERROR", True)] * 2
        return
    said = [record.levelname + " with the failure" * (record.exc_info is not None) for record in heard]
    assert said == [entry for _ in twins.worlds for entry in logged.split(", ")]


def test_the_table_of_failures_lists_every_fault_that_is_tried() -> None:
    assert [row[0] for row in FAILED] == list(FAULTS)


# Security, and what the pages point to.


POINTED_TO = sorted(
    {
        (page.name, name)
        for page in PAGES.glob("*.md")
        for name in re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", page.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize(("page", "name"), POINTED_TO, ids=[name for _, name in POINTED_TO])
def test_a_test_that_a_page_points_to_exists(page: str, name: str) -> None:
    path, _, function = name.partition("::")
    source = (PAGES.parents[1] / path).read_text(encoding="utf-8")

    assert re.search(rf"^(?:async )?def {function or 'test_'}", source, re.MULTILINE), f"{page} points to {name}"


def test_every_threat_has_a_test_or_is_left_to_the_application() -> None:
    page = (PAGES / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*?) \| (.*?) \| (.*?) ?\|$", page, re.MULTILINE)
    without = {what for what, _, tests in rows if "tests/" not in tests and what != "threat"}

    assert without == {"Whether a URL exists below a prefix", "Memory that stays allocated after each error"}
