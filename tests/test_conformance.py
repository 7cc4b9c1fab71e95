"""The public conformance cases, with the two adapters that there are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from errbridge import Reply
from errbridge.testing import conformance
from errbridge.testing.conformance import (
    CASES,
    Application,
    Area,
    Ask,
    Case,
    Expected,
    Group,
    Question,
    Route,
    certify,
    differences,
)
from tests.clients import Request
from tests.twins import WORLDS, World


def built(make: Callable[..., World], application: Application) -> Ask:
    """Build an application of Flask or Quart as it is described."""
    world = make(config=application.config)
    errors, app = world.errors, world.app

    def add_routes(owner: Any, routes: tuple[Route, ...]) -> None:
        for number, route in enumerate(routes):
            owner.add_url_rule(route.path, f"view{number}", route.view(world.abort), methods=route.methods)

    def set_up(target: Any, described: Application | Area | Group) -> None:
        if described.style is not None:
            getattr(errors, f"{described.style}_register")(target)
        for on in described.handlers:
            errors.register(target, code=on.key)(on.handler(world.abort))

    def blueprint(group: Group) -> Any:
        made = world.Blueprint(group.name, __name__, url_prefix=group.prefix)
        add_routes(made, group.routes)
        set_up(made, group)
        if group.failure:
            errors.failure_register(made)
        for nested in group.nested:
            made.register_blueprint(blueprint(nested))
        return made

    add_routes(app, application.routes)
    set_up(app, application)
    for group in application.groups:
        app.register_blueprint(blueprint(group))
    for area in application.areas:
        set_up(area.scope, area)

    def ask(question: Question) -> Reply:
        headers = tuple(question.headers.items())
        answer = world.call(Request(question.path, question.method, headers, host=question.host))
        return Reply(answer.body, answer.status, answer.headers)

    return ask


@pytest.fixture(scope="module", params=sorted(WORLDS))
def asks(request: pytest.FixtureRequest) -> Callable[[Application], Ask]:
    """Build each application once."""
    made: dict[str, Ask] = {}

    def ask_of(application: Application) -> Ask:
        if application.name not in made:
            made[application.name] = built(WORLDS[request.param], application)
        return made[application.name]

    return ask_of


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_adapters_do_what_the_cases_say(asks: Callable[[Application], Ask], case: Case) -> None:
    assert differences(asks(case.application), case) == []


# The judge itself: whatever an adapter does wrong is found.

APPLICATION = CASES[0].application
DOCUMENT = {"Content-Type": "application/problem+json", "X-Content-Type-Options": "nosniff", "Vary": "Accept, X-Own"}
BODY = '{"type": "about:blank", "title": "Conflict", "status": 409, "instance": "urn:uuid:1", "nothing": null}'
RIGHT = Reply(BODY, 409, DOCUMENT)
CASE = Case(
    "a name",
    APPLICATION,
    Question("/"),
    Expected(
        409, "application/problem+json", members={"nothing": None, "more": None}, lists={"Vary": "X-Own"}, has="C"
    ),
)


def answering(reply: Reply, *records: dict[str, Any]) -> Ask:
    """Answer every question alike, and log this."""

    def ask(question: Question) -> Reply:
        for record in records:
            extra = {"incident_id": "1", "scope": "app", "status": 409, "method": "GET", **record}
            level = extra.pop("level", logging.INFO)
            logging.getLogger("errbridge").log(level, "answered", extra=extra)
        logging.getLogger("errbridge").info("not about an error")
        return reply

    return ask


def test_a_right_answer_has_no_differences() -> None:
    assert differences(answering(RIGHT, {}), CASE) == []


@pytest.mark.parametrize(
    ("reply", "records", "words"),
    [
        (Reply(BODY, 400, DOCUMENT), [{}], "the status is 400, not 409"),
        (Reply(BODY, 409, DOCUMENT | {"Content-Type": "text/html"}), [{}], "the content type is 'text/html'"),
        (Reply(BODY, 409, DOCUMENT | {"X-Content-Type-Options": "x"}), [{}], "X-Content-Type-Options is 'x'"),
        (Reply(BODY, 409, DOCUMENT | {"Vary": "Accept"}), [{}], "Vary is 'Accept', without 'X-Own'"),
        (Reply("", 409, DOCUMENT), [{}], "there is no content"),
        (Reply("<p>", 409, {"Content-Type": "text/html"}), [{}], "there is no JSON document"),
        (Reply("<p>", 409, {"Content-Type": "text/html"}), [{}], "the content is without 'C'"),
        (Reply("Fail", 409, {"Content-Type": "text/html"}), [{}], "tells what only the log may say"),
        (Reply("[1]", 409, DOCUMENT), [{}], "it is no object"),
        (Reply("{", 409, DOCUMENT), [{}], "the body is no problem document"),
        (Reply("[1]", 409, DOCUMENT | {"Content-Type": "application/json"}), [{}], "it is no object"),
        (Reply("{}", 409, DOCUMENT | {"Content-Type": "application/json"}), [{}], "the member status is None, not 409"),
        (Reply(BODY.replace('"instance"', '"other"'), 409, DOCUMENT), [{}], "the member instance is None, not 'urn:"),
        (Reply(BODY.replace("409", "409.0"), 409, DOCUMENT), [{}], "the member status is 409.0, not 409"),
        (Reply(BODY.replace("409", "410"), 409, DOCUMENT), [{}], "the member status is 410, not 409"),
        (Reply(BODY.replace('"about:blank"', "3"), 409, DOCUMENT), [{}], "the member type is 3, no text"),
        (Reply(BODY.replace('"nothing"', '"more"').replace("null", "1"), 409, DOCUMENT), [{}], "the member more is 1"),
        (Reply(BODY.replace("uuid:1", "uuid:2"), 409, DOCUMENT), [{}], "instance is 'urn:uuid:2'"),
        (RIGHT, [], "the log has 0 records"),
        (RIGHT, [{}, {}], "the log has 2 records"),
        (RIGHT, [{"scope": "api"}], "in the log, the scope is 'api', not 'app'"),
        (RIGHT, [{"status": 500}], "in the log, the status is 500, not 409"),
        (RIGHT, [{"method": "PUT"}], "in the log, the method is 'PUT'"),
        (RIGHT, [{"level": logging.ERROR}], "in the log, the levelname is 'ERROR', not 'INFO'"),
    ],
)
def test_a_wrong_answer_is_found_out(reply: Reply, records: list[dict[str, Any]], words: str) -> None:
    found = differences(answering(reply, *records), CASE)

    assert any(words in difference for difference in found), found


@pytest.mark.parametrize(
    ("question", "expected", "words"),
    [
        (Question("/", "HEAD"), Expected(409), "the answer to HEAD has content"),
        (Question("/"), Expected(409, body="other"), "not 'other'"),
        (Question("/"), Expected(409, headers={"Vary": None}), "the header Vary is 'Accept, X-Own', not None"),
        (Question("/"), Expected(409, members={"title": "x"}), "the member title is 'Conflict', not 'x'"),
        (Question("/"), Expected(409, members={"instance": "x"}), "the member instance is 'urn:uuid:1', not 'x'"),
        (Question("/"), Expected(500), "the status is 409, not 500"),
    ],
)
def test_what_is_expected_has_to_be_there(question: Question, expected: Expected, words: str) -> None:
    found = differences(answering(RIGHT, {}), Case("a name", APPLICATION, question, expected))

    assert any(words in difference for difference in found), found


@pytest.mark.parametrize("body", ["[]", "null", "404", '"text"', "{}", '{"title": "Not Found", "status": 404}'])
def test_a_document_has_to_be_one_even_if_nothing_is_expected_of_its_members(body: str) -> None:
    ask = answering(Reply(body, 404, DOCUMENT), {"status": 404})
    case = Case("a name", APPLICATION, Question("/"), Expected(404, "application/problem+json"))

    assert differences(ask, case) != []


def test_what_a_handler_made_need_not_be_a_document() -> None:
    ask = answering(Reply('{"own": 1}', 404, DOCUMENT | {"Content-Type": "application/json"}), {"status": 404})

    assert differences(ask, Case("a name", APPLICATION, Question("/"), Expected(404, "application/json"))) == []


@pytest.mark.parametrize(
    ("expected", "written"), [(True, "1"), (0, "false"), ([1], "[true]"), ({"a": 1}, '{"a": true}')]
)
def test_a_number_is_no_truth(expected: Any, written: str) -> None:
    ask = answering(Reply(BODY.replace("null", written), 409, DOCUMENT), {})
    found = differences(ask, Case("a name", APPLICATION, Question("/"), Expected(409, members={"nothing": expected})))

    assert [difference.partition(" is ")[0] for difference in found] == ["the member nothing"]


def test_a_server_error_must_not_be_stored() -> None:
    body = BODY.replace("409", "500")
    found = differences(
        answering(Reply(body, 500, DOCUMENT), {"status": 500, "level": logging.ERROR}),
        Case("a name", APPLICATION, Question("/"), Expected(500)),
    )

    assert found == ["the header Cache-Control is None, not 'no-store'"]


def test_certifying_builds_each_application_once_and_lists_what_differs() -> None:
    names: list[str] = []

    def make(application: Application) -> Ask:
        names.append(application.name)
        return answering(RIGHT, {})

    certify(make, [CASE, CASE])
    assert names == [APPLICATION.name]
    wrong = Case("another name", APPLICATION, Question("/"), Expected(410))
    with pytest.raises(AssertionError) as raised:
        certify(make, [CASE, wrong])
    assert str(raised.value).splitlines() == ["1 differences:", f"{wrong}: the status is 409, not 410"]


def test_the_cases_have_names_of_their_own() -> None:
    assert len({str(case) for case in CASES}) == len(CASES) >= 150


def test_the_public_names_are_sorted_and_documented() -> None:
    values = [getattr(conformance, name) for name in conformance.__all__]
    assert all(value.__doc__ for value in values if isinstance(value, type))
    assert conformance.__all__ == sorted(conformance.__all__, key=lambda name: (not name.isupper(), name))
