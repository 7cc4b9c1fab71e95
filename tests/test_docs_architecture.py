"""The page about the architecture names the modules that there are; its pictures are those that the script draws."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import errbridge

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")
DRAW: dict[str, Any] = runpy.run_path(str(DOCS / "images" / "draw.py"))


@pytest.mark.parametrize("name", sorted(DRAW["PICTURES"]))
def test_a_picture_is_the_one_that_the_script_draws(name: str) -> None:
    drawn = DRAW["PICTURES"][name]()

    assert (DOCS / "images" / name).read_text(encoding="utf-8") == drawn, "run: python docs/images/draw.py"


@pytest.mark.parametrize("name", sorted(DRAW["PICTURES"]))
def test_a_picture_can_be_read_without_seeing_it_and_in_both_colour_schemes(name: str) -> None:
    svg = ElementTree.parse(DOCS / "images" / name).getroot()
    words = {tag: svg.findtext(f"{{http://www.w3.org/2000/svg}}{tag}") for tag in ("title", "desc", "style")}

    assert all(words.values())
    assert "prefers-color-scheme:dark" in (words["style"] or "")
    assert re.search(rf"!\[[^]]{{40,}}\]\(images/{name}\)", PAGE)


def test_the_page_names_every_module_of_the_core() -> None:
    modules = {module for layer in DRAW["layers"]() for module in layer}
    named = set(re.findall(r"`(?:errbridge\.)?(\w+)`", PAGE))

    assert modules - named == set()


def test_the_modules_on_the_way_of_an_error_exist() -> None:
    notes = {part.strip() for _, note, _ in DRAW["WAY"] for part in note.split(",")} - {
        "what was raised",
        "the adapter",
    }
    package = Path(errbridge.__file__).parent

    for note in notes:
        path = package.joinpath(*note.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), note
