"""A framework whose parts have changed is refused when errbridge is set up, not at the first error.

How handlers are searched is tried by the tests of the architecture.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import flask
import pytest
import quart
from werkzeug.datastructures import MultiDict

from errbridge import SetupError
from errbridge.pallets.private import _probe_recorder as find_recorder
from errbridge.pallets.private import read_request_values, ungroup
from tests.twins import World, quart_world

TASK_GROUP = "unhandled errors in a TaskGroup"


def test_a_quart_that_handles_exceptions_in_another_way_is_refused() -> None:
    class Changed(quart.Quart):
        async def handle_exception(self, ctx: Any, error: Any, more: Any) -> Any:  # type: ignore[override]
            raise error

    world = quart_world()
    world.app = Changed("changed")

    with pytest.raises(SetupError, match="Quart handles uncaught exceptions in a way that errbridge does not know"):
        _ = world.errors


@pytest.mark.parametrize("name", ["deferred_functions", "_blueprints"])
@pytest.mark.parametrize("framework", [flask, quart])
def test_blueprints_that_record_their_routes_in_another_way_are_refused(framework: Any, name: str) -> None:
    def missing(self: Any) -> Any:
        raise AttributeError(name)

    class Changed(framework.Blueprint):  # type: ignore[misc]
        pass

    setattr(Changed, name, property(missing, lambda self, value: None))

    with pytest.raises(SetupError, match=r"this version of .* keeps the routes of blueprints"):
        find_recorder(Changed)


def test_nothing_is_refused_of_the_frameworks_as_they_are(world: World) -> None:
    assert world.errors is not None


def test_a_request_without_what_is_read_of_its_body_costs_nothing_but_that() -> None:
    """No framework lacks it today. A missing key would then be named if it is nowhere else in the request."""
    request = SimpleNamespace(args=MultiDict({"a": "of the query"}), view_args=None, cookies={}, headers={})

    assert read_request_values(request) == {"a", "of the query"}
    request._cached_json = ({"b": ["of the body"]}, ...)
    assert read_request_values(request) == {"a", "of the query", "b", "of the body"}


def test_a_group_is_taken_apart_only_if_the_framework_made_it() -> None:
    error = KeyError("k")
    made = BaseExceptionGroup("Errors during context teardown", [ExceptionGroup(TASK_GROUP, [error])])
    of_two, foreign = ExceptionGroup(TASK_GROUP, [error, error]), ExceptionGroup("another message", [error])

    assert ungroup(made) is error
    assert ungroup(of_two) is of_two
    assert ungroup(foreign) is foreign
