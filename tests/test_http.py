"""The rules of HTTP, on Flask and Quart at once: Accept, header fields and status codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException, TooManyRequests

from errbridge import Problem, Reply
from tests.clients import Request, Response
from tests.twins import Build, World

Ask = Callable[..., Response]

JSON = "application/problem+json"
HTML = "text/html; charset=utf-8"
MEDIA_TYPES = ["application/json", "application/xml", "text/html", "text/plain"]


def failing(raised: Callable[[], Any]) -> Build:
    """Build a website with a view that raises."""

    def build(world: World) -> None:
        def view() -> Any:
            raise raised()

        world.app.add_url_rule("/x", "x", view)
        world.errors.web_register(world.app)

    return build


def answering(handler: Callable[[BaseException], Any]) -> Build:
    """Build a website with a handler for a LookupError, and a view that raises one."""

    def build(world: World) -> None:
        failing(LookupError)(world)
        world.errors.register(world.app, code=LookupError)(handler)

    return build


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ('text/html;x=";q=0", application/json;q=0.5', HTML),
        ('text/html;x="a,b;q=0.1", application/json;q=0.5', HTML),
        ('application/json;x=",text/html;q=1", text/html;q=0.9', JSON),
        ("text/html;level=1, text/html;q=0.4, application/json;q=0.7", JSON),
        ("text/html;level=1, application/json;q=0.7", HTML),
    ],
)
def test_quoted_strings_and_parameters_of_accept_are_read_as_such(ask: Ask, accept: str, content_type: str) -> None:
    response = ask(failing(lambda: Problem(409)), "/x", headers=[("Accept", accept)])

    assert (response.status, response.content_type) == (409, content_type)


@pytest.mark.parametrize(
    ("weight", "is_read"),
    [(".5", True), ("0.", False), ("2", True), (" 0.55555 ", True), ("1_0", False), ("9e-1", False), ("-1", False)],
)
def test_a_weight_means_the_same_in_accept_and_accept_language(ask: Ask, weight: str, is_read: bool) -> None:
    headers = [
        ("Accept", f"text/html;q={weight}, application/json;q=0.1"),
        ("Accept-Language", f"de;q={weight}, fr;q=0.1"),
    ]

    response = ask(failing(lambda: Problem(409)), "/x", headers=headers, config={"ERROR_LANGUAGES": ("en", "de", "fr")})

    expected = (HTML, "de") if is_read else (JSON, "fr")
    assert (response.content_type, response.header("Content-Language")) == expected


class RateLimited(TooManyRequests):
    """Lists the wait itself, and so does the class that it is derived from, as that of quart-rate-limiter does."""

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        repeated = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Link", "</a>"), ("link", "</b>")]
        return [*super().get_headers(*args, **kwargs), ("retry-after", "7"), *repeated]


class Challenging(HTTPException):
    code = 401

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", "Basic realm=a"), ("WWW-Authenticate", "Bearer")]


def values_of(response: Response, name: str) -> list[str]:
    return [value for known, value in response.headers if known.lower() == name.lower()]


SEVERAL: Any = {"Retry-After": ["5", "7"], "Set-Cookie": ["a=1", "b=2"], "Link": ["</a>", "</b>"]}
TWICE: dict[str, Build] = {
    "an HTTP exception": failing(lambda: RateLimited(retry_after=5)),
    "a problem": failing(lambda: Problem(429, headers=SEVERAL)),
    "a reply": answering(lambda exc: Reply("slow", 429, SEVERAL)),
}


@pytest.mark.parametrize("accept", MEDIA_TYPES)
@pytest.mark.parametrize("brought_by", TWICE)
def test_a_header_that_may_occur_once_goes_out_once(ask: Ask, brought_by: str, accept: str) -> None:
    response = ask(TWICE[brought_by], "/x", headers=[("Accept", accept)])

    assert response.status == 429
    assert values_of(response, "Retry-After") == ["7"]
    assert values_of(response, "Set-Cookie") == ["a=1", "b=2"]
    assert values_of(response, "Link") == ["</a>", "</b>"]


def test_the_member_of_a_header_has_the_value_that_goes_out(ask: Ask) -> None:
    response = ask(failing(lambda: RateLimited(retry_after=5)), "/x", headers=[("Accept", "application/json")])

    assert response.json["retry_after"] == 7


def test_every_challenge_goes_out(ask: Ask) -> None:
    response = ask(failing(Challenging), "/x", headers=[("Accept", "application/json")])

    assert values_of(response, "WWW-Authenticate") == ["Basic realm=a", "Bearer"]
    assert response.json["authenticate"] == ["Basic realm=a", "Bearer"]


class Secretive:
    def __repr__(self) -> str:
        return "the secret"


@pytest.mark.parametrize(
    "given",
    [
        lambda: ("body", Secretive(), {}),
        lambda: ("body", "the secret " * 4, {}),
        lambda: Problem(Secretive()),  # type: ignore[arg-type]
        lambda: Problem("the secret " * 4),  # type: ignore[arg-type]
        lambda: ("body", 409, Secretive()),
    ],
)
def test_what_is_no_status_is_not_repeated_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture, given: Callable[[], Any]
) -> None:
    answering(lambda exc: given())(world)

    response = world.call(Request("/x"))

    assert response.status == 500
    logged = [record for record in caplog.records if record.exc_info]
    assert logged
    assert "the secret" not in response.text
    assert not any("the secret" in str(record.exc_info and record.exc_info[1]) for record in logged)
