"""``errors list``: what is registered."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from errbridge.inspection.subject import Source, find_source
from tests.commands.shop import HERE, data, later, line_of, native, nothing, said, shop, something, words_of
from tests.twins import World


def test_list_shows_hosts_prefixes_blueprints_styles_and_handlers_as_a_tree() -> None:
    later_at, nothing_at = line_of(later), line_of(nothing)
    native_at, something_at = line_of(native), line_of(something)
    here = "tests.commands.shop"

    assert said(shop, "list").splitlines() == [
        "tests.twins, by AutoDispatcher",
        "",
        "host *.example.com",
        "  /",
        f"      everything  {here}.nothing  {nothing_at}",
        "",
        "every host",
        "  /",
        f"      503  {here}.nothing  {nothing_at}",
        "    /api                  blueprint api        style api",
        f"        404  {here}.native (native)  {native_at}",
        f"        404  {here}.later            {later_at}",
        f"        4xx  {here}.later            {later_at}",
        "      /api/<int:version>  blueprint api.inner  style web",
        f"          {here}.Gone  {here}.nothing",
        f"              {nothing_at}",
        "",
        "no URLs of their own, only the errors of their views",
        "  blueprint tools",
        "",
        "the application",
        "  style default, plain page for uncaught exceptions",
        f"      {here}.Gone  {here}.native (native)",
        f"          {native_at}",
        f"      500  {here}.something  {something_at}",
    ]


def test_list_is_there_for_programs_too() -> None:
    listing = data(shop, "list")

    assert [scope["host"] for scope in listing["scopes"]] == ["*.example.com", None, None, None, None, None]
    api = listing["scopes"][2]
    assert (api["prefix"], api["blueprint"], api["depth"], api["style"]) == ("/api", "api", 1, "api")
    assert [(entry["key"], entry["native"]) for entry in api["handlers"]] == [
        ("404", True),
        ("404", False),
        ("4xx", False),
    ]
    assert api["handlers"][0]["source"] == {
        "name": "tests.commands.shop.native",
        "file": native.__code__.co_filename,
        "line": native.__code__.co_firstlineno,
    }
    assert listing["scopes"][-1]["failure"] is True


def test_a_prefix_is_inside_of_those_that_contain_it_and_of_no_other() -> None:
    def build(world: World) -> None:
        world.errors.api_register("/b", "/a/x/y", "/a", "/a/x", "/ab", "/a/<n>/z")

    assert [(scope["prefix"], scope["depth"]) for scope in data(build, "list")["scopes"]] == [
        ("/a", 0),
        ("/a/x", 1),
        ("/a/x/y", 2),
        ("/a/<n>/z", 1),
        ("/ab", 0),
        ("/b", 0),
        (None, 0),  # the application
    ]


def test_the_source_of_any_handler_is_found_or_said_to_be_none() -> None:
    class Callable_:  # noqa: N801 - only here
        def __call__(self, exc: Exception) -> None: ...

    assert find_source(partial(nothing)) == find_source(nothing)
    assert find_source(Callable_()).line == Callable_.__call__.__code__.co_firstlineno
    assert find_source(len) == Source("builtins.len", None, None)


def test_a_handler_without_source_or_outside_of_the_folder_is_listed_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def build(world: World) -> None:
        world.errors.register(world.app, code=404)(str)
        world.errors.register(world.app, code=405)(nothing)

    monkeypatch.chdir(tmp_path)
    output = words_of(said(build, "list"))

    assert "404 builtins.str (no source)" in output
    assert f"405 tests.commands.shop.nothing {HERE}:{nothing.__code__.co_firstlineno}" in output
