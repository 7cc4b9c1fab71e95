"""The page about the architecture names every package of the core; its pictures are accessible."""

from __future__ import annotations

import re
import tomllib
from xml.etree import ElementTree

import pytest

from tests.servers import ROOT

pytestmark = pytest.mark.docs

DOCS = ROOT / "docs"
PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"!\[[^]]*\]\(images/([^)]+\.svg)\)", PAGE)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_can_be_read_without_seeing_it_and_in_both_colour_schemes(name: str) -> None:
    svg = ElementTree.parse(DOCS / "images" / name).getroot()
    words = {tag: svg.findtext(f"{{http://www.w3.org/2000/svg}}{tag}") for tag in ("title", "desc", "style")}

    assert all(words.values())
    assert "prefers-color-scheme:dark" in (words["style"] or "")
    assert re.search(rf"!\[[^]]{{40,}}\]\(images/{name}\)", PAGE)


def test_the_page_names_every_package_of_the_core() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == ["errbridge"])
    packages = {name for layer in layers for name in re.findall(r"\w+", layer)}

    assert packages - set(re.findall(r"`(?:errbridge\.)?(\w+)`", PAGE)) == set()
