"""What the pages about moving over say of the package to move from, compared by running both."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import flask
import flask_errors_handler as there
import pytest
from jinja2 import DictLoader
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import TooManyRequests, Unauthorized

import errbridge
import errbridge_flask
from errbridge import Problem
from tests.clients import OCCURRENCE

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "moving" / "from-flask-errorshandler.md").read_text(encoding="utf-8")


def table(name: str) -> list[list[str]]:
    block = re.search(rf"<!-- table: {name} -->\n(.*?)<!-- table ends -->", PAGE, re.DOTALL)
    assert block
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in block[1].strip().splitlines()[2:]]


@pytest.fixture(autouse=True)
def headers_that_are_kept() -> Iterator[None]:
    """Undo what the other package keeps from one application to the next."""
    yield
    there.ApiProblem.headers.clear()


class Side:
    """One of the two packages."""

    def __init__(self, package: Any, problem: Callable[..., Exception]) -> None:
        self.package = package
        self.problem = problem

    def app(self, **config: Any) -> tuple[flask.Flask, Any]:
        app = flask.Flask("moving")
        app.config.update(config)
        return app, self.package.ErrorHandler(app, dispatcher="urlprefix")

    def shop(self, raised: Callable[[], Any], **config: Any) -> flask.Flask:
        """Make an application with an API and a website, whose views call the function."""
        app, errors = self.app(**config)
        if config.get("page"):
            app.jinja_loader = DictLoader({"error.html": "{{ error.description }}"})
            app.config["ERROR_PAGE"] = "error.html"
        for name, register in {"api": errors.api_register, "web": errors.web_register}.items():
            blueprint = flask.Blueprint(name, __name__, url_prefix=f"/{name}")
            blueprint.add_url_rule("/page", "page", view_func=raised, methods=["GET"])
            register(blueprint)
            app.register_blueprint(blueprint)
        errors.failure_register(app)
        return app


HERE = Side(errbridge_flask, lambda **options: Problem(500, **options))
THERE = Side(there, lambda **options: there.ApiProblem(**options))


def sold() -> Any:
    flask.abort(409, "sold")


def bug() -> Any:
    raise KeyError("secret")


def form(app: flask.Flask, path: str, **request: Any) -> str:
    """Say the status and content type of an answer."""
    try:
        response = app.test_client().open(path, **request)
    except KeyError:
        return "raised"
    return f"{response.status_code} `{response.content_type}`"


def member(app: flask.Flask, *names: str, method: str = "GET") -> str:
    """Return the first of these names that a document has, in backquotes."""
    document: Any = app.test_client().open("/api/page", method=method).json
    for name in names:
        found = document
        for part in name.split("."):
            found = (found or {}).get(part)
        if found is not None:
            return f"`{name}`"
    return "missing"


def said(app: flask.Flask, name: str) -> str:
    document: Any = app.test_client().get("/api/page").json
    found = str(document[name]) if name in document else "missing"
    return found if found == "missing" else f"`{re.sub('urn:uuid:.*', 'urn:uuid:...', found)}`"


def raising(make: Callable[[], Exception]) -> Callable[[], Any]:
    def view() -> Any:
        raise make()

    return view


def stack(side: Side) -> str:
    app = side.shop(bug, DEBUG=True)
    try:
        return "in the document" if "Traceback" in app.test_client().get("/api/page").text else "hidden"
    except KeyError:
        return "raised"


def headers(side: Side) -> str:
    app = side.shop(raising(lambda: side.problem(headers={"X-Once": "1"})))
    client = app.test_client()
    assert "X-Once" in client.get("/api/page").headers
    return "in later responses, too" if "X-Once" in client.get("/api/nope").headers else "in its own response"


def late_prefix(side: Side) -> str:
    app, errors = side.app()
    api = flask.Blueprint("api", __name__)
    errors.api_register(api)
    app.register_blueprint(api, url_prefix="/api")
    return form(app, "/api/nope")


def nested(side: Side) -> str:
    app, errors = side.app()
    outer, inner = flask.Blueprint("outer", __name__, url_prefix="/o"), flask.Blueprint("i", __name__, url_prefix="/i")
    errors.api_register(inner)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    return form(app, "/o/i/nope")


def deeper(side: Side) -> str:
    app, errors = side.app()
    for name, prefix in {"web": "/web", "v2": "/web/v2"}.items():
        blueprint = flask.Blueprint(name, __name__, url_prefix=prefix)
        (errors.web_register if name == "web" else errors.api_register)(blueprint)
        app.register_blueprint(blueprint)
    return form(app, "/web/v2/nope")


def handler_of_the_application(side: Side, *, handler_first: bool) -> str:
    """Say at which URLs without a route a handler of the application answers, by the order of two registrations."""
    app = flask.Flask("moving")
    errors = side.package.ErrorHandler(app)
    api = flask.Blueprint("api", __name__, url_prefix="/api")
    errors.api_register(api)
    app.register_blueprint(api)

    def handler() -> None:
        errors.register(app, code=404)(lambda exc: ("asked", 404))

    def dispatcher() -> None:
        errors.dispatcher_register(app, "urlprefix") if side is HERE else errors.register_dispatcher(app, "urlprefix")

    for register in (handler, dispatcher) if handler_first else (dispatcher, handler):
        register()
    asked = [f"`{path}`" for path in ("/nope", "/api/nope") if app.test_client().get(path).text == "asked"]
    return f"called at {' and '.join(asked)}" if asked else "not called"


def handled(side: Side, code: int, handler: Callable[[Exception], Any], path: str) -> Any:
    app, errors = side.app()
    api = flask.Blueprint("api", __name__, url_prefix="/api")
    api.add_url_rule("/page", "page", view_func=sold)
    errors.register(api, code=code)(handler)
    app.register_blueprint(api)
    return app.test_client().get(path)


def failure(side: Side) -> str:
    """Find out whether an HTTP error is answered otherwise than without a failure handler."""
    answered = []
    for registered in (True, False):
        app = flask.Flask("moving")
        errors = side.package.ErrorHandler(app)
        app.add_url_rule("/page", "page", view_func=sold)
        if registered:
            errors.failure_register(app)
        answered.append(OCCURRENCE.sub("", app.test_client().get("/page").text))
    return "handles it" if answered[0] != answered[1] else "does not handle it"


def own_response(side: Side) -> str:
    app = side.shop(lambda: flask.abort(404, response=flask.Response("r", 404)))
    return f"`{app.test_client().get('/api/page').text}`"


def finished(side: Side, path: str) -> str:
    app = side.shop(lambda: flask.abort(409, response=flask.Response("r")))
    app.jinja_loader = DictLoader({"error.html": "page"})
    response = app.test_client().get(path)
    return f"{response.status_code} {'`r`' if response.text == 'r' else 'a page'}"


def linked(side: Side) -> str:
    app, _ = side.app(ERROR_TYPE_URI="https://httpstatuses.com/{status}")
    return "yes" if 'href="https://httpstatuses.com/404"' in app.test_client().get("/nope").text else "no"


def described(side: Side) -> str:
    return f"`{side.shop(sold, page=True).test_client().get('/web/page').text}`"


def challenged() -> Any:
    raise Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "shop"}))


def too_many() -> Any:
    raise TooManyRequests(retry_after=3)


SITUATIONS: Mapping[str, Callable[[Side], str]] = {
    '`abort(409, "sold")`, `detail`': lambda side: said(side.shop(sold), "detail"),
    "`abort(409)`, `type`": lambda side: said(side.shop(sold), "type"),
    "`abort(409)`, `instance`": lambda side: said(side.shop(sold), "instance"),
    "`abort(409)`, `response`": lambda side: said(side.shop(sold), "response"),
    "405, the methods allowed": lambda side: member(side.shop(sold), "allowed", "response.allowed", method="DELETE"),
    "429 with `retry_after=3`": lambda side: member(side.shop(too_many), "retry_after", "response.retry_after"),
    "401 with `www_authenticate`": lambda side: form(side.shop(challenged), "/api/page").partition(" ")[0],
    "headers of one `ApiProblem` or `Problem`": headers,
    "uncaught exception": lambda side: form(side.shop(bug), "/api/page"),
    "uncaught exception in testing mode": lambda side: form(side.shop(bug, TESTING=True), "/api/page"),
    "uncaught exception in debug mode, the stack": stack,
    "`GET /apiary`": lambda side: form(side.shop(sold), "/apiary"),
    "the prefix is given to `register_blueprint`": late_prefix,
    "the API is nested in another blueprint": nested,
    "an API at `/web/v2`, registered after `/web`": deeper,
    "a handler for 404 of the application, then a dispatcher": partial(handler_of_the_application, handler_first=True),
    "a dispatcher, then a handler for 404 of the application": partial(handler_of_the_application, handler_first=False),
    "a handler returns text": lambda side: str(handled(side, 409, lambda exc: "mine", "/api/page").status_code),
    "a handler for 404 of a blueprint gets": lambda side: (
        f"`{handled(side, 404, lambda exc: type(exc).__name__, '/api/nope').text}`"
    ),
    "`Accept: application/json` at `/web`": lambda side: form(
        side.shop(sold), "/web/page", headers={"Accept": "application/json"}
    ),
    "`Accept: text/html` at `/api`": lambda side: form(side.shop(sold), "/api/page", headers={"Accept": "text/html"}),
    "XMLHttpRequest at `/web`": lambda side: form(
        side.shop(sold), "/web/page", headers={"X-Requested-With": "XMLHttpRequest"}
    ),
    "`failure_register(app)` and `abort(409)`": failure,
    "`abort(404, response=r)`": own_response,
    "`abort(409, response=r)`, where `r` has status 200, at `/api`": lambda side: finished(side, "/api/page"),
    "`abort(409, response=r)`, where `r` has status 200, at `/web`": lambda side: finished(side, "/web/page"),
    "the default page shows and links to `type`": linked,
    "`{{ error.description }}` in the template": described,
}

BEHAVIOUR = table("behaviour")


@pytest.mark.parametrize("row", BEHAVIOUR, ids=[row[0] for row in BEHAVIOUR])
def test_what_clients_see_is_what_the_page_says(row: list[str]) -> None:
    what, theirs, ours, _ = row

    assert (SITUATIONS[what](THERE), SITUATIONS[what](HERE)) == (theirs, ours)


def test_the_tests_of_the_other_package_that_fail_are_explained() -> None:
    suites = tomllib.loads((ROOT / ".ci" / "extensions" / "suites.toml").read_text(encoding="utf-8"))
    (different,) = suites["flask-errorshandler"]["differences"]

    assert {f"*::{row[0].strip('`')}" for row in table("tests")} == set(different["test"])


def test_every_situation_is_in_the_table() -> None:
    assert [row[0] for row in BEHAVIOUR] == list(SITUATIONS)


def test_every_public_name_of_the_other_package_is_in_the_table() -> None:
    said = {row[0].strip("`") for row in table("names")}
    classes = {
        name: value
        for name, value in vars(there).items()
        if isinstance(value, type) and value.__module__.startswith("flask_errors_handler")
    }
    wanted = set(classes)
    for name in ("ErrorHandler", "ErrorDispatcher", "ApiProblem"):
        wanted |= {
            f"{name}.{member}"
            for member, value in vars(classes[name]).items()
            if not member.startswith("_") and (callable(value) or isinstance(value, (staticmethod, str)))
        }
    wanted |= {f"ErrorHandler({name}=)" for name in list(inspect.signature(there.ErrorHandler.init_app).parameters)[2:]}
    # These are not methods but defaults of the arguments of the same name.
    wanted -= {"ErrorDispatcher.dispatch", "ApiProblem.type", "ApiProblem.instance"}

    assert wanted - said == set()
    assert {name for name in said - wanted if not name.startswith("ApiProblem(")} == set()


def test_what_replaces_a_name_exists() -> None:
    for _, ours, _ in table("names"):
        for name in re.findall(r"`errbridge\.(\w+)`", ours):
            assert hasattr(errbridge, name)
        for name in re.findall(r"`((?:\w+_register|register|init_app))", ours):
            assert hasattr(errbridge_flask.ErrorHandler, name)


def test_the_configuration_is_what_the_page_says() -> None:
    app = flask.Flask("moving")
    there.ErrorHandler.set_default_config(app)
    rows = {row[0].strip("`"): (row[1].strip("`"), row[2].strip("`")) for row in table("configuration")}

    theirs = {key: repr(value) for key, value in app.config.items() if key.startswith("ERROR_")}
    assert {key: row[0] for key, row in rows.items()} == theirs
    app = flask.Flask("here")
    errbridge_flask.ErrorHandler(app)
    ours = {key: repr(value) for key, value in app.config.items() if key.startswith("ERROR_")}
    assert {key: row[1] for key, row in rows.items()} == {key: ours[key] for key in rows}
    assert "ERROR_TYPE_URI" in set(ours) - set(rows)


def test_names_that_do_not_exist_are_errors_here_and_none_there() -> None:
    for key in ("ERROR_DISPATCHER", "ERROR_HANDLER"):
        app = flask.Flask("moving")
        app.config[key] = "nonsense"
        there.ErrorHandler(app)
        assert app.test_client().get("/nope").status_code == 404
        with pytest.raises(errbridge.SetupError):
            errbridge_flask.ErrorHandler(app)
