"""Plans and their two drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest

from errbridge.handling.context import Run
from errbridge.handling.drivers import adrive, drive
from errbridge.handling.plans import Call, Native, Outcome, Plan, Raised
from errbridge.http.request import RequestFacts
from tests.core.fakes import acall, call, finish, install


def step(function: Callable[..., Any], *args: Any) -> Call:
    return Call(function, args)


async def later(value: object) -> object:
    return value


def fails(error: BaseException) -> None:
    raise error


async def fails_later(error: BaseException) -> None:
    raise error


def start(plan: Plan) -> Run:
    return Run(install(), RequestFacts()).start(plan)


def calling(*steps: Call) -> Plan:
    """Make the calls, and give what each returned or raised."""
    seen: list[object] = []
    for each in steps:
        try:
            seen.append((yield each))
        except Exception as error:
            seen.append((type(error), str(error)))
    return Native(seen)


Driver = Callable[[Plan], Outcome]
DRIVERS: list[Driver] = [
    lambda plan: drive(start(plan), call),
    lambda plan: finish(adrive(start(plan), acall)),
    lambda plan: asyncio.run(adrive(start(plan), acall)),
]


@pytest.fixture(params=DRIVERS, ids=["drive", "adrive", "adrive in a loop"])
def driver(request: pytest.FixtureRequest) -> Driver:
    found: Driver = request.param
    return found


def test_each_call_is_made_in_turn_and_its_result_sent_back(driver: Driver) -> None:
    outcome = driver(
        calling(
            step(lambda: 1),
            step(lambda a, b: a + b, 2, 3),
            step(later, 4),
            step(lambda value: later(value), 5),
        )
    )

    assert outcome == Native([1, 5, 4, 5])


def test_what_a_call_raises_is_raised_in_the_plan_which_goes_on(driver: Driver) -> None:
    outcome = driver(
        calling(
            step(fails, KeyError("k")),
            step(fails_later, ValueError("v")),
            step(lambda: "still here"),
        )
    )

    assert outcome == Native([(KeyError, "'k'"), (ValueError, "v"), "still here"])


def test_a_plan_without_calls_ends_at_once(driver: Driver) -> None:
    assert driver(calling()) == Native([])


def test_a_stop_iteration_of_a_call_does_not_end_the_plan(driver: Driver) -> None:
    outcome = driver(calling(step(fails, StopIteration("v")), step(lambda: "still here")))

    assert isinstance(outcome, Native)
    assert outcome.value[1] == "still here"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError(), GeneratorExit()])
@pytest.mark.parametrize("run", DRIVERS[:2])
def test_what_ends_the_process_or_the_task_passes_through_untouched(run: Driver, error: BaseException) -> None:
    seen: list[BaseException] = []

    def plan() -> Plan:
        try:
            yield step(fails, error)
        except BaseException as thrown:
            seen.append(thrown)
            raise
        return Native(None)

    with pytest.raises(type(error)) as caught:
        run(plan())
    assert caught.value is error
    assert not any(thrown is error for thrown in seen)  # the plan is closed, not notified


def test_what_the_plan_itself_raises_reaches_the_caller(driver: Driver) -> None:
    def plan() -> Plan:
        yield step(lambda: None)
        raise LookupError("in the plan")

    with pytest.raises(LookupError, match="in the plan"):
        driver(plan())


def test_the_outcome_is_given_as_it_is(driver: Driver) -> None:
    outcome = Raised(ValueError())

    def plan() -> Generator[Call, Any, Outcome]:
        yield from ()
        return outcome

    assert driver(plan()) is outcome


def test_a_call_and_an_outcome_cannot_be_changed() -> None:
    for value, name in ((step(later), "args"), (Native(1), "value"), (Raised(ValueError()), "exception")):
        with pytest.raises(AttributeError):
            setattr(value, name, None)


def test_a_plan_is_started_at_once_up_to_its_first_call() -> None:
    first, second = step(lambda: 1), step(lambda: 2)
    run = start(calling(first, second))

    assert (run.call, run.outcome) == (first, None)
    run.send("one")
    assert (run.call, run.outcome) == (second, None)
    run.throw(KeyError("k"))
    assert run.outcome == Native(["one", (KeyError, "'k'")])
