"""The same error gives the same status, headers and body on every stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import Request
from tests.stacks.servers import STACKS, Stack
from tests.stacks.table import QUESTIONS, an_app_of_everything
from tests.twins import Twins

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def twins() -> Twins:
    return Twins.built(an_app_of_everything)


@pytest.fixture(scope="module", params=list(STACKS))
def stack(request: pytest.FixtureRequest, twins: Twins) -> Iterator[Stack]:
    with STACKS[request.param](twins.flask.app, twins.quart.app) as running:
        yield running


def name(request: Request) -> str:
    headers = " ".join(f"{name}: {value[:20]}" for name, value in request.headers)
    return f"{request.method} {request.path[:40]} {headers}".strip()


@pytest.mark.parametrize("question", QUESTIONS, ids=name)
def test_flask_and_quart_agree(twins: Twins, question: Request) -> None:
    answer = twins.ask(**vars(question))

    assert 200 <= answer.status < 600


def test_every_stack_answers_as_the_bare_applications_do(stack: Stack, twins: Twins) -> None:
    differing: list[Any] = []
    for question in QUESTIONS:
        expected = twins.flask.call(question).comparable()
        answer = stack.ask(question).comparable()
        if answer != expected:
            differing.append((name(question), expected, answer))

    assert not differing, "\n".join(map(str, differing[:10])) + f"\n{len(differing)} of {len(QUESTIONS)} differ"
