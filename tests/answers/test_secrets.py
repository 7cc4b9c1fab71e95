"""An uncaught exception shows nothing of itself."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import pytest

from errbridge import Page, Reply
from tests.answers.every_style import EVERY, accepting, an_api_handler, in_every_style
from tests.applications import HTML, XML, Ask, aborting, an_api, an_app, with_templates


class SecretError(Exception):
    """An exception whose every part is a secret."""

    def __init__(self) -> None:
        super().__init__("secret-message")
        self.add_note("secret-note")
        self.description = "secret-description"
        self.title = "secret-title"
        self.headers = {"X-Secret": "secret-header"}


def crash() -> Any:
    local = "secret-local"
    try:
        raise LookupError("secret-cause")
    except LookupError as error:
        if local:
            raise SecretError from error


@pytest.mark.parametrize("style", ["api", "web", "default"])
@pytest.mark.parametrize("accept", EVERY)
def test_an_uncaught_exception_shows_the_default_message_and_nothing_of_itself(
    ask: Ask, style: str, accept: str
) -> None:
    response = ask(
        in_every_style(crash), f"/{style}/x", **accepting(accept), config={"ERROR_DEFAULT_MSG": "Oh no & <sorry>."}
    )

    sent = response.text + str(response.headers)
    assert response.status == 500
    message = "Oh no & <sorry>."
    if response.content_type == HTML:  # a sentence for people instead
        assert "Oh no" not in response.text
        assert "The mistake is on our side." in response.text
    else:
        assert (escape(message) if response.content_type == XML else message) in response.text
    for secret in ("secret", "Secret", "LookupError", "Traceback", "test_secrets", __file__, "local"):
        assert secret not in sent


@pytest.mark.parametrize("result", [lambda: "body", lambda: Reply("body"), lambda: Page("page.html")])
def test_nor_does_a_handler_of_it_send_its_parts_along(ask: Ask, result: Callable[[], Any]) -> None:
    response = ask(an_api_handler(result, crash), "/api/x")

    assert response.status == 500
    assert "ecret" not in response.text + str(response.headers)


def test_the_default_message_also_reaches_templates(ask: Ask) -> None:
    application = an_app(
        in_every_style(crash),
        with_templates({"errors/500.html": "{{ error.detail }}|{{ error.description }}|{{ error }}"}),
    )

    response = ask(application, "/web/x", config={"ERROR_DEFAULT_MSG": "Sorry."})

    assert response.text == "Sorry.|Sorry.|500 Internal Server Error: Sorry."


def test_an_aborted_500_keeps_its_words(ask: Ask) -> None:
    response = ask(an_api(aborting("/", 500, "on purpose")), "/")

    assert (response.status, response.json["detail"]) == (500, "on purpose")
