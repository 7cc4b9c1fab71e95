"""Pages that extend the built-in one, in both frameworks, and the words that templates are given."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask
import pytest
import quart
from werkzeug.exceptions import TooManyRequests

import errbridge_flask
import errbridge_quart
from errbridge import Problem
from tests.applications import Ask, a_site, an_api, failing, with_templates
from tests.clients import OCCURRENCE
from tests.twins import World

PAST = datetime(2020, 1, 1, tzinfo=UTC)
EXTENDED = (
    '{% extends "errbridge/page.html" %}{% block header %}<header>{{ site }}</header>{% endblock %}'
    "{% block heading %}Oh no: {{ super() }}{% endblock %}"
)


class OutOfStock(Problem, status=409, title="Out of stock"):
    """There is nothing left."""

    sku: str


def test_a_template_that_changes_nothing_is_the_built_in_page_byte_by_byte(ask: Ask) -> None:
    built_in = a_site(failing("/sold", lambda: Problem(409, detail="<Sold>")), failing("/crash", KeyError))
    extended = a_site(
        with_templates({"error.html": '{% extends "errbridge/page.html" %}'}),
        failing("/sold", lambda: Problem(409, detail="<Sold>")),
        failing("/crash", KeyError),
    )

    for path in ("/nope", "/sold", "/crash"):
        one, other = (
            ask(application, path, config={"ERROR_SITE": {"name": "A & B", "accent": "#fc0"}})
            for application in (built_in, extended)
        )
        assert OCCURRENCE.sub("", one.text) == OCCURRENCE.sub("", other.text) + "\n"  # Jinja drops the last line end
        assert (one.status, one.content_type) == (other.status, other.content_type)


def test_blocks_of_the_page_can_be_replaced(ask: Ask) -> None:
    application = a_site(
        with_templates({"error.html": EXTENDED}),
        lambda world: world.app.context_processor(lambda: {"site": "Cheese & Co"}),
    )

    page = ask(application, "/nope").text

    assert "<header>Cheese &amp; Co</header>" in page
    assert '<h1 dir="auto">Oh no: Page not found</h1>' in page
    assert page.count("<main>") == 1


def test_the_page_has_the_delimiters_of_the_application(ask: Ask) -> None:
    def change(world: World) -> None:
        world.app.jinja_env.variable_start_string, world.app.jinja_env.variable_end_string = "[[", "]]"
        world.app.jinja_env.block_start_string, world.app.jinja_env.block_end_string = "<%", "%>"

    extended = EXTENDED.replace("{{", "[[").replace("}}", "]]").replace("{%", "<%").replace("%}", "%>")
    application = a_site(change, with_templates({"error.html": extended}))

    page = ask(application, "/nope").text

    assert '<h1 dir="auto">Oh no: Page not found</h1>' in page
    assert "{" not in page.partition("</style>")[2]


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (
            lambda: Problem(503, headers={"Retry-After": "30"}),
            "We will be back soon|The service is being maintained|30",
        ),
        (
            lambda: TooManyRequests(retry_after=datetime(2020, 1, 1, tzinfo=UTC)),
            "That was too much at once|Please wait|0",
        ),
        (lambda: Problem(409, retry_after="soon"), "Something has changed|This was changed|soon"),
        (lambda: Problem(409, detail="Sold."), "Something has changed||None"),
        (lambda: Problem(409, title="Sold out"), "Sold out||None"),
        (lambda: Problem(409, heading="mine", hint=None), "mine|None|None"),
    ],
)
def test_templates_are_given_the_words_of_the_page(ask: Ask, problem: Any, expected: str) -> None:
    template = "{{ error.heading }}|{{ error.hint }}|{{ error.retry_after }}"
    application = a_site(with_templates({"error.html": template}), failing("/x", problem))

    heading, hint, wait = ask(application, "/x").text.split("|")
    wanted = expected.split("|")

    assert (heading, wait) == (wanted[0], wanted[2])
    assert hint.startswith(wanted[1])
    assert bool(hint) is bool(wanted[1])


def test_templates_are_given_the_seconds_until_a_date(ask: Ask) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    templates = {"error.html": "{{ 3500 < error.retry_after <= 3601 }}"}

    assert (
        ask(a_site(with_templates(templates), failing("/x", lambda: TooManyRequests(retry_after=later))), "/x").text
        == "True"
    )


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        (("errors/409.html", "errors/out-of-stock.html", "error.html"), "errors/out-of-stock.html"),
        (("errors/409.html", "errors/4xx.html"), "errors/409.html"),
        (("errors/4xx.html", "errors/conflict.html"), "errors/4xx.html"),
    ],
)
def test_the_page_of_a_type_comes_before_that_of_its_status(ask: Ask, templates: Any, expected: str) -> None:
    application = a_site(
        with_templates({name: f"{name} {{{{ error.sku }}}}" for name in templates}),
        failing("/sold", lambda: OutOfStock(sku="a-1")),
    )

    assert ask(application, "/sold").text == f"{expected} a-1"


def test_a_problem_names_its_page_which_people_see_and_programs_do_not(ask: Ask) -> None:
    templates = with_templates({"gone.html": "Gone since {{ since }}: {{ error.since }} {{ error.status }}"})
    raised = failing("/x", lambda: Problem(410, template="gone.html", since=2020))

    for application in (a_site(templates, raised), an_api(templates, raised)):
        document = ask(application, "/x", headers=[("Accept", "application/json")]).json
        assert (document["status"], document["since"]) == (410, 2020)
        assert "template" not in document
    page = ask(a_site(templates, raised), "/x")
    assert (page.status, page.text) == (410, "Gone since 2020: 2020 410")


def test_a_member_does_not_take_the_place_of_a_variable_that_every_page_has(ask: Ask) -> None:
    templates = with_templates({"gone.html": "{{ error.status }} {{ error.error }} {{ incident.problem.status }}"})
    raised = failing("/x", lambda: Problem(410, template="gone.html", error="mine", incident="mine", errbridge="mine"))

    assert ask(a_site(templates, raised), "/x").text == "410 mine 410"


@pytest.mark.parametrize(("framework", "adapter"), [(flask.Flask, errbridge_flask), (quart.Quart, errbridge_quart)])
def test_eject_writes_the_template_into_the_application(framework: Any, adapter: Any, tmp_path: Path) -> None:
    app = framework("ejected", root_path=str(tmp_path))
    adapter.ErrorHandler(app, handler="web")
    app.config["ERROR_PAGE"] = "oops.html"  # after init_app, which warns of a template that does not exist
    commands = importlib.import_module(f"{adapter.__name__}.cli").errors

    def run(*arguments: str) -> Any:
        return app.test_cli_runner().invoke(commands, ["eject", *arguments])

    written = run()
    assert (written.exit_code, written.output.strip()) == (0, str(tmp_path / "templates" / "oops.html"))
    assert '<h1 dir="auto">{% block heading %}' in (tmp_path / "templates" / "oops.html").read_text()
    again = run()
    assert again.exit_code == 2
    assert "--force" in again.output
    assert run("--force").exit_code == 0
    other = run("other.html")
    assert 'Set ERROR_PAGE = "other.html"' in other.output
    assert json.loads(run("errors/404.html", "--json").output) == {"file": str(tmp_path / "templates/errors/404.html")}
    app.jinja_env.variable_start_string = "[["
    assert run("own.html").exit_code == 0
    assert "[[ errbridge.heading }}" in (tmp_path / "templates" / "own.html").read_text()
    for name in ("../oops.html", "a/../../oops.html", str(tmp_path / "oops.html"), "errors/404", "error.jinja"):
        refused = run(name)
        assert refused.exit_code == 2
        assert f"that ends in .html, for Jinja to escape it, not {name!r}" in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["templates"]
    below_a_file = run("other.html/404.html")
    assert below_a_file.exit_code == 2
    assert " cannot be written: " in below_a_file.output
