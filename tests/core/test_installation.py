"""errbridge in one application: what is registered and configured there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from errbridge import Problem, RequestFacts, Scope, SetupError
from errbridge.adapter import Installation
from errbridge.handlers.handlers import Handler
from errbridge.handlers.registry import Registry
from errbridge.representations.styles import API, WEB
from errbridge.scopes.dispatch import DefaultDispatcher
from errbridge.scopes.scope import ROOT
from tests.core.fakes import Application, answer, install, place, register


def chain(installation: Installation, **facts: Any) -> list[str]:
    found = installation.error_map().find_chain(Problem(404), RequestFacts(**facts))
    return [str(owner.scope) for owner in found.owners]


def test_applications_share_what_is_shared_and_nothing_else() -> None:
    shared = Registry()
    first, second = (Installation(Application(), shared) for _ in range(2))
    shared.set_style(Scope(prefix="/x"), "api")
    first.own.set_style(Scope(prefix="/y"), "api")

    assert chain(first, path="/x") == chain(second, path="/x") == ["/x", "app"]
    assert chain(first, path="/y") == ["/y", "app"]
    assert chain(second, path="/y") == ["app"]


def test_what_is_registered_for_all_applications_comes_before_what_one_has() -> None:
    installation = install()
    first = register(installation, ROOT, 404)(lambda exc: None)
    installation.own.add_handler(ROOT, [410], Handler.of(fail := lambda exc: None))

    listed = [handler.function for each in installation.registrations(ROOT) for _, handler in each.handlers()]

    assert listed == [first, fail]
    assert installation.registrations("nothing") == []


# The error map is built when the first error asks for it, and again after a registration.


def test_the_error_map_stays_the_same_as_long_as_nothing_is_registered() -> None:
    installation = install()

    assert installation.error_map() is installation.error_map()


@pytest.mark.parametrize(
    "change",
    [
        lambda installation, app: installation.shared.set_style(ROOT, "api"),
        lambda installation, app: installation.own.set_style(ROOT, "api"),
        lambda installation, app: app.registered.append(place("late", "/late")),
        lambda installation, app: installation.use_dispatcher(DefaultDispatcher),
        lambda installation, app: register(installation, ROOT, 404)(lambda exc: None),
    ],
)
def test_the_error_map_is_built_again_after_a_registration(
    change: Callable[[Installation, Application], object],
) -> None:
    app = Application()
    installation = install(app)
    before = installation.error_map()

    change(installation, app)

    assert installation.error_map() is not before
    assert installation.error_map() is installation.error_map()


def test_what_is_registered_later_counts_from_then_on() -> None:
    app = Application()
    installation = install(app)
    assert chain(installation, path="/late/x") == ["app"]

    app.registered.append(place("late", "/late"))
    assert chain(installation, path="/late/x") == ["late", "app"]


# Settings.


def test_a_wrong_configuration_is_refused_at_installation() -> None:
    with pytest.raises(SetupError, match="ERROR_PAGE"):
        install(Application(ERROR_PAGE=5))


def test_settings_are_read_with_the_first_error_and_again_after_a_registration() -> None:
    app = Application()
    installation = install(app)

    app.config["ERROR_PAGE"] = "after init_app.html"
    assert installation.error_map().settings.page == "after init_app.html"
    app.config["ERROR_PAGE"] = "after the first error.html"
    assert installation.error_map().settings.page == "after init_app.html"
    installation.shared.set_style(ROOT, "web")
    assert installation.error_map().settings.page == "after the first error.html"


def test_a_configuration_that_becomes_wrong_later_is_reported_and_not_followed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Application(ERROR_PAGE="right.html")
    installation = install(app)

    app.config["ERROR_PAGE"] = 5
    assert installation.error_map().settings.page == "right.html"
    assert installation.error_map().settings.page == "right.html"
    assert [logged.levelno for logged in caplog.records] == [logging.ERROR]

    app.config["ERROR_PAGE"] = "new.html"
    installation.shared.touch()
    assert installation.error_map().settings.page == "new.html"
    assert len(caplog.records) == 1


def test_a_configuration_that_became_wrong_keeps_no_error_from_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    app = Application(ERROR_HANDLER="api")
    installation = install(app)
    app.config["ERROR_HANDLER"] = "html"

    sent: Any = answer(installation, Problem(409))

    assert (sent.status, sent.content_type) == (409, "application/problem+json")


def test_an_option_wins_over_the_configuration() -> None:
    assert install(Application(ERROR_HANDLER="web")).error_map().root.style is WEB
    assert install(Application(ERROR_HANDLER="web"), style=API).error_map().root.style is API
