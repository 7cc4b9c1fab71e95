"""A framework without blueprints, HTTP exceptions, templates and handlers: the adapter has what it has to, no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from errbridge import Problem, Reply, RequestFacts, SetupError
from errbridge.adapter import (
    Application,
    Draft,
    Installation,
    Raised,
    Response,
    install,
    respond,
    respond_to_result,
    take_apart,
)
from errbridge.application.installation import find_installation
from errbridge.testing import assert_no_findings


class Bare(Application):
    config: dict[str, Any] = {"ERROR_DEBUG_DOCUMENT": True}

    def make_response(self, draft: Draft, method: str) -> Response:
        return draft.finish(method, draft.body)

    def describe_response(self, value: Any) -> Reply:
        return Reply(value.body, value.status, value.headers)


JSON = RequestFacts.from_headers({"accept": "application/json"})


def test_a_problem_is_a_document_by_accept_and_an_uncaught_exception_is_the_frameworks() -> None:
    installation, bug = Installation(Bare()), KeyError("a bug")

    shown = respond(installation, Problem(404), JSON).outcome
    raised = respond(installation, bug, JSON).outcome

    assert isinstance(shown, Response)
    assert (shown.status, shown.content_type) == (404, "application/problem+json")
    assert raised == Raised(bug)


class Propagating(Bare):
    def propagates(self) -> bool:
        return True


def test_what_escaped_is_a_500_or_raised_and_never_described_without_a_debug_mode() -> None:
    bug = KeyError("a secret")

    shown, raised = (respond(Installation(cls()), bug, JSON, outside=True).outcome for cls in (Bare, Propagating))

    assert isinstance(shown, Response)
    assert shown.status == 500
    assert b"secret" not in (shown.body or b"")
    assert raised == Raised(bug)


def test_a_class_that_a_view_returns_is_raised() -> None:
    outcome = respond_to_result(Installation(Bare()), take_apart(KeyError), JSON).outcome

    assert isinstance(outcome, Raised)
    assert type(outcome.exception) is KeyError


class Slotted:
    """An application that cannot be referred to weakly, nor be the key of a table."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("app", [SimpleNamespace(), Slotted(), test_a_class_that_a_view_returns_is_raised])
def test_errbridge_is_found_in_any_application_that_an_adapter_installs_it_in(app: object) -> None:
    assert find_installation(app) is None

    installation = Installation(Bare())
    install(app, installation)

    assert find_installation(app) is installation


def test_there_is_nothing_to_check() -> None:
    app = SimpleNamespace()
    installation = Installation(Bare())
    install(app, installation)

    with pytest.raises(SetupError, match="has no ErrorHandler"):
        assert_no_findings(app)
