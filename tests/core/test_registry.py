"""What was registered for which target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from errbridge import Handlers, Scope, SetupError
from errbridge.handlers.handlers import Handler
from errbridge.handlers.registry import Registrations, Registry
from errbridge.representations.styles import API, WEB

TARGET = Scope(prefix="/a")


def handler(label: str) -> Handler:
    def answer(exc: BaseException) -> None: ...

    answer.__qualname__ = label
    return Handler.of(answer)


def labels(registry: Registry, target: Any = TARGET) -> list[tuple[object, str]]:
    return [(key, each.function.__qualname__) for key, each in registry.targets[target].handlers()]


def test_handlers_of_a_target_stay_in_the_order_in_which_they_were_registered_or_included() -> None:
    registry, module, other = Registry(), Handlers(), Handlers()
    registry.add_handler(TARGET, [404], handler("first"))
    registry.include(TARGET, module)
    registry.add_handler(TARGET, [404, 405], handler("second"))
    registry.add_handler(TARGET, ["*"], handler("third"))
    registry.include(TARGET, other)
    module.add([410], handler("of the module"))
    other.add([411], handler("of the other"))

    assert labels(registry) == [
        (404, "first"),
        (410, "of the module"),
        (404, "second"),
        (405, "second"),
        ("*", "third"),
        (411, "of the other"),
    ]


def test_targets_do_not_share_anything() -> None:
    registry = Registry()
    registry.add_handler(TARGET, [404], handler("first"))
    registry.add_handler("blueprint", [404], handler("second"))
    registry.set_style("blueprint", "api")
    registry.set_failure(TARGET)

    assert labels(registry) == [(404, "first")]
    assert labels(registry, "blueprint") == [(404, "second")]
    assert (registry.targets[TARGET].style, registry.targets[TARGET].failure) == (None, True)
    assert (registry.targets["blueprint"].style, registry.targets["blueprint"].failure) == (API, False)


def test_the_last_style_counts() -> None:
    registry = Registry()
    registry.set_style(TARGET, "api")
    registry.set_style(TARGET, "web")

    assert registry.targets[TARGET].style is WEB


@pytest.mark.parametrize("name", ["API", "html", "", None, API])
def test_a_style_that_does_not_exist_is_refused_with_those_that_do(name: Any) -> None:
    with pytest.raises(SetupError, match="a style is one of 'api', 'web', 'default', not"):
        Registry().set_style(TARGET, name)


@pytest.mark.parametrize(
    "change",
    [
        lambda registry, module: registry.touch(),
        lambda registry, module: registry.add_handler(TARGET, [404], handler("x")),
        lambda registry, module: registry.include(TARGET, Handlers()),
        lambda registry, module: registry.set_style(TARGET, "api"),
        lambda registry, module: registry.set_failure(TARGET),
        lambda registry, module: module.register(404)(lambda exc: None),
    ],
)
def test_every_change_is_counted_that_of_an_included_module_too(change: Callable[[Registry, Handlers], object]) -> None:
    registry, module = Registry(), Handlers()
    registry.include(TARGET, module)
    before = registry.version

    change(registry, module)

    assert registry.version > before


def test_one_module_can_be_included_in_several_registries() -> None:
    module, registries = Handlers(), [Registry(), Registry()]
    for registry in registries:
        registry.include(TARGET, module)

    module.register(404)(lambda exc: None)

    assert [len(labels(registry)) for registry in registries] == [1, 1]


def test_nothing_is_registered_at_first() -> None:
    assert list(Registrations().handlers()) == []
