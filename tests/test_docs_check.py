"""What looks at the links of the built documentation finds those that lead nowhere, and names without an entry."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

import errbridge
from tests.servers import ROOT

pytestmark = pytest.mark.docs

CHECK: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "check.py"))


def complaints(folder: Path, **pages: str) -> list[str]:
    for name, text in pages.items():
        path = folder / f"{name.replace('_', '/')}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return list(CHECK["broken"](folder.resolve()))


@pytest.mark.parametrize(
    "link",
    [
        "b/page.html",
        "b/page.html#there",
        "#here",
        "",
        "b/page.html?x=1",
        "https://example.com/a#b",
        "mailto:a@b.example",
    ],
)
def test_a_link_that_leads_somewhere_is_fine(link: str, tmp_path: Path) -> None:
    assert complaints(tmp_path, a=f'<a href="{link}" id="here">', b_page='<h1 id="there">') == []


@pytest.mark.parametrize(
    ("tag", "complaint"),
    [
        ('<a href="b/nope.html">', "is no file"),
        ('<a href="b">', "is no file"),
        ('<img src="images/nope.png">', "is no file"),
        ('<a href="b/page.html#nope">', "is no anchor of the page"),
        ('<a href="#nope">', "is no anchor of the page"),
        ('<a href="http://example.com/">', "is no https URL with a host"),
        ('<a href="https://example/">', "is no https URL with a host"),
        ('<a href="https://example.com/a b">', "is no https URL with a host"),
        ('<a href="//example.com/">', "is no https URL with a host"),
        ('<a href="javascript:x">', "is no https URL with a host"),
    ],
)
def test_a_link_that_leads_nowhere_is_complained_of(tag: str, complaint: str, tmp_path: Path) -> None:
    (found,) = complaints(tmp_path, a=tag, b_page='<h1 id="there">')
    assert found.startswith("a.html: ")
    assert found.endswith(complaint)


def test_a_public_name_without_an_entry_is_complained_of(tmp_path: Path) -> None:
    known = "".join(f'<dt id="errbridge.{name}">' for name in errbridge.__all__ if name != "Scope")
    complaints(tmp_path, reference_core=known)
    found = list(CHECK["undocumented"](tmp_path))
    assert "errbridge.Scope is public, but not in the reference" in found
    assert "errbridge_flask.ErrorHandler is public, but not in the reference" in found
    assert not any(line.startswith("errbridge.Problem ") for line in found)
