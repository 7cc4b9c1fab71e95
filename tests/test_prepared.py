"""What is prepared once is what would have been answered on the whole way, for the first error and for every other."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from errbridge.handling.prepared import _MOST, prepared
from werkzeug.exceptions import (
    BadGateway,
    Forbidden,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
)

from errbridge import AutoDispatcher, ErrorDispatcher, Problem, RequestFacts, plan
from errbridge.application.protocol import Place
from errbridge.http.accept import HTML
from errbridge.pallets.application import HTTP
from tests.clients import Request, Response
from tests.core.fakes import Application, HttpError, incident_of, installed, place, registered
from tests.twins import Twins, World

ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def build(world: World) -> None:
    api = world.Blueprint("api", __name__, url_prefix="/api")
    web = world.Blueprint("web", __name__, url_prefix="/web")
    handled = world.Blueprint("handled", __name__, url_prefix="/handled")
    native = world.Blueprint("native", __name__, url_prefix="/native")
    world.errors.api_register(api)
    world.errors.web_register(web)
    world.errors.register(handled, code=404)(lambda exc, incident: f"handled {incident.request.path}")
    native.register_error_handler(404, lambda exc: ("native", 404))

    def raising(exception: Any) -> Any:
        def view() -> None:
            raise exception() if callable(exception) else exception

        return view

    raised = {
        "forbidden": Forbidden,
        "said": lambda: Forbidden("in other words"),
        "crash": lambda: KeyError("a secret"),
        "busy": lambda: ServiceUnavailable(retry_after=7),
        "down": ServiceUnavailable,
        "own": lambda: MethodNotAllowed(["PUT", "GET"]),
        "problem": lambda: Problem(404),
    }
    for blueprint in (api, web, handled, native):
        for name, exception in raised.items():
            blueprint.add_url_rule(f"/{name}", name, raising(exception), methods=["GET", "PUT"])
        world.app.register_blueprint(blueprint)


def watched(world: World) -> None:
    """Build the same with a hook, which every error has to go the whole way for."""
    build(world)
    world.errors.on_incident(lambda incident, reply: None)


def seen(response: Response) -> tuple[Any, ...]:
    """Take the ids out, after a look that they are one and the same wherever they stand."""
    ids = set(ID.findall(response.text))
    assert len(ids) <= 1
    return response.status, response.headers, ID.sub("<id>", response.text), len(ids)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/xml", "text/plain", BROWSER])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "BREW"])
def test_a_prepared_answer_is_that_of_the_whole_way(accept: str, method: str) -> None:
    ordinary, whole = Twins.built(build), Twins.built(watched)
    names = ("nope", "forbidden", "said", "crash", "busy", "down", "own", "problem")
    # What Quart sends for HEAD of a native handler's text is its business.
    scopes = ("api", "web", "handled") if method == "HEAD" else ("api", "web", "handled", "native")
    paths = [f"/{scope}/{name}" for scope in scopes for name in names] + ["/", "/nope"]

    for path in paths:
        headers = [("Accept", accept)]
        expected = seen(whole.ask(path, method, headers=headers))
        for _ in range(3):
            assert seen(ordinary.ask(path, method, headers=headers)) == expected, path


def test_every_error_has_an_id_of_its_own() -> None:
    twins = Twins.built(build)
    ids = set()
    for _ in range(5):
        for world in twins.worlds:
            ids.update(ID.findall(world.call(Request("/api/nope")).text))

    assert len(ids) == 10


def test_a_trace_is_shown_after_an_answer_without_one_was_prepared(world: World) -> None:
    build(world)
    trace = ("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    assert "trace_id" not in world.call(Request("/api/nope")).text
    assert "0af7651916cd43dd8448eb211c80319c" in world.call(Request("/api/nope", headers=(trace,))).text
    assert "trace_id" not in world.call(Request("/api/nope")).text


def test_what_is_registered_or_configured_later_counts(world: World) -> None:
    build(world)
    assert "about:blank" in world.call(Request("/api/nope")).text

    world.app.config["ERROR_TYPE_URI"] = "https://example.com/{slug}"
    assert "https://example.com/not-found" in world.call(Request("/api/nope")).text

    world.errors.register("/api/nope", code=404)(lambda exc: "handled")
    assert world.call(Request("/api/nope")).text == "handled"


def test_what_is_answered_from_pieces_is_recorded_like_everything_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    build(world)
    caplog.set_level(logging.INFO, "errbridge")
    for path in ("/api/nope", "/api/nope", "/api/crash", "/api/crash"):
        answered = world.call(Request(path))
        record = [record for record in caplog.records if record.name == "errbridge"][-1]
        (incident_id,) = set(ID.findall(answered.text))
        assert (record.__dict__["incident_id"], record.__dict__["status"]) == (incident_id, answered.status)
        assert record.__dict__["scope"] == "api"
        assert (record.exc_info is not None) == path.endswith("crash")

    assert len([record for record in caplog.records if record.name == "errbridge"]) == 4


def test_a_dispatcher_of_the_application_is_asked_each_time(world: World) -> None:
    asked = []

    class Counting(AutoDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
            asked.append(request)
            return super().dispatch(exc, request)

    world.errors.dispatcher_register(world.app, Counting)
    for _ in range(3):
        world.call(Request("/nope"))

    assert len(asked) == 3


def serving(*places: Place) -> Application:
    """Make an application of no framework that has Werkzeug's exceptions."""
    app = Application(*places)
    app.http = HTTP
    return app


def test_an_answer_is_not_kept_for_each_of_the_methods_and_mount_points_that_a_client_makes_up() -> None:
    installation = installed(serving())
    for number in range(3 * _MOST):
        facts = RequestFacts(method=f"M{number}", root_path="")
        assert prepared(installation.table(), NotFound(), facts) is None
    kept = installation.table().chain(incident_of()).prepared
    assert not kept
    for number in range(3 * _MOST):
        facts = RequestFacts(root_path=f"/mount{number}")
        assert prepared(installation.table(), NotFound(), facts) is not None
    assert len(kept) == _MOST


def test_not_more_answers_are_kept_where_there_are_many_blueprints() -> None:
    installation = installed(serving(*(place(f"b{number}", f"/b{number}") for number in range(100))))
    table = installation.table()
    for number in range(2 * _MOST):
        facts = RequestFacts(path=f"/b{number % 100}/x", root_path=f"/mount{number}")
        assert prepared(table, NotFound(), facts) is not None

    chains = [table.chain_at(RequestFacts(path=f"/b{number}/x")) for number in range(100)]
    assert sum(len(chain.prepared) for chain in chains if chain is not None) == _MOST


def test_answers_are_prepared_however_many_applications_have_words_of_their_own() -> None:
    installations = [installed(serving()) for _ in range(40)]
    for number, installation in enumerate(installations):
        installation.framework.config = {"ERROR_DEFAULT_MSG": f"Words {number}"}  # type: ignore[misc]
    for _ in range(5):
        for number, installation in enumerate(installations):
            found = prepared(installation.table(), InternalServerError(original_exception=KeyError()), RequestFacts())
            assert found is not None
            assert f"Words {number}<".encode() in (found.body or b"")

    assert {installation.table().kept for installation in installations} == {1}


def test_nothing_is_prepared_where_somebody_has_to_be_asked() -> None:
    installation = installed(serving(place("shop", "/shop")))
    registered(installation, "shop", 404)(lambda exc: None)

    assert prepared(installation.table(), NotFound(), RequestFacts(path="/shop")) is None
    assert prepared(installation.table(), NotFound(), RequestFacts(path="/shop")) is None
    assert prepared(installation.table(), NotFound(), RequestFacts(path="/")) is not None
    assert prepared(installation.table(), NotFound("said"), RequestFacts(path="/")) is None
    assert prepared(installation.table(), HttpError(), RequestFacts(path="/")) is None
    assert prepared(installation.table(), Problem(404), RequestFacts(path="/")) is None
    assert prepared(installed().table(), NotFound(), RequestFacts(path="/")) is None  # of another framework


def test_a_failing_representation_is_tried_again_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(incident: Any) -> bytes:
        raise RuntimeError("not now")

    installation = installed(serving())
    with monkeypatch.context() as patch:
        patch.setattr(plan, "REPRESENTATIONS", {HTML: failing})
        first = prepared(installation.table(), InternalServerError(original_exception=KeyError()), RequestFacts())
    assert first is not None
    assert first.body == b"500 Internal Server Error\n"
    assert prepared(installation.table(), InternalServerError(original_exception=KeyError()), RequestFacts()) is None


def test_a_dispatcher_of_ones_own_is_no_dispatcher_by_place() -> None:
    class Mine(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
            return ()

    class Almost(AutoDispatcher):
        """Its ``dispatch`` could look at the exception."""

    assert installed().table().chain_at(RequestFacts()) is not None
    assert installed(dispatcher=Mine).table().chain_at(RequestFacts()) is None
    assert installed(dispatcher=Almost).table().chain_at(RequestFacts()) is None


def test_the_words_of_a_class_may_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    build(world)
    assert "was not found" in world.call(Request("/api/nope")).text
    for words in ("Nicht da.", "Pas là."):  # as a lazy translation, or a configuration that is read late
        monkeypatch.setattr(NotFound, "description", words)
        assert words in world.call(Request("/api/nope")).text


def test_a_problem_may_have_a_member_named_like_an_attribute_of_other_exceptions(ask: Any) -> None:
    def raising(world: World) -> None:
        def view() -> None:
            raise Problem(409, code=["not", "hashable"], description="of its own", valid_methods=["GET"])

        world.app.add_url_rule("/", view_func=view)

    document = ask(raising, "/", headers=[("Accept", "application/json")]).json
    assert (document["code"], document["status"]) == (["not", "hashable"], 409)


def test_only_the_500_that_a_framework_made_tells_nothing(ask: Any) -> None:
    class Upstream(BadGateway):
        original_exception = KeyError("kept for the log")

    def raising(world: World) -> None:
        def view() -> None:
            raise Upstream("The other service failed.")

        world.app.add_url_rule("/", view_func=view)

    answered = ask(raising, "/", headers=[("Accept", "application/json")])
    assert (answered.status, answered.json["detail"]) == (502, "The other service failed.")


def test_the_methods_of_a_405_may_be_given_as_anything_that_werkzeug_can_join(ask: Any) -> None:
    def raising(world: World) -> None:
        def view() -> None:
            raise MethodNotAllowed(method for method in ("PUT", "GET"))

        world.app.add_url_rule("/", view_func=view)

    assert ask(raising, "/").header("Allow") == "GET, PUT"


def test_a_template_that_is_added_while_templates_are_reloaded_is_found(tmp_path: Any, world: World) -> None:
    world.app_options = {"template_folder": str(tmp_path)}
    world.errors.web_register(world.app)
    world.app.jinja_env.auto_reload = True
    page: Any = {"headers": (("Accept", "text/html"),)}
    assert "Page not found" in world.call(Request("/", **page)).text

    (tmp_path / "error.html").write_text("my own")
    assert world.call(Request("/", **page)).text == "my own"
