"""The comparison: its Python columns are asked by ``nox -s comparison``, here is what needs no other package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def table(text: str) -> list[list[str]]:
    """Read the rows of the comparison; none where a page has no such table."""
    block = re.search(r"<!-- table: comparison -->\n(.*?)<!-- table ends -->", text, re.DOTALL)
    lines = block[1].strip().splitlines() if block else []
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


def plain(row: list[str]) -> list[str]:
    return [re.sub(r"\s*\[\^\w+\]", "", cell) for cell in row]


def test_cells_say_yes_or_no() -> None:
    head, _, *rows = table(PAGE)

    for row in map(plain, rows):
        assert len(row) == len(head)
        assert row[0] == "Frameworks" or set(row[1:]) <= {"yes", "no", "by hand", "—"}


def test_every_note_is_referred_to_and_every_reference_has_a_note() -> None:
    defined = re.findall(r"^\[\^(\w+)\]:", PAGE, re.MULTILINE)
    referred = re.findall(r"\[\^(\w+)\](?!:)", PAGE)

    assert len(set(defined)) == len(defined)
    assert set(defined) == set(referred)


def test_what_was_only_read_has_its_source() -> None:
    """The last two columns were not run: what they claim has a note, unless it needs none."""
    evident = {
        "Shares handlers between two frameworks in one process",
        "Templates chosen by status (`404.html`, `4xx.html`)",
    }

    for row in table(PAGE)[2:]:
        if row[0] not in evident and row[0] != "Frameworks":
            assert all("[^" in cell for cell in row[-2:] if cell != "—"), row


def test_the_rows_that_are_asked_are_on_the_page() -> None:
    source = (ROOT / ".ci" / "check_comparison.py").read_text(encoding="utf-8")
    probes = re.findall(r'^    "(.+?)": (?:lambda|\w+,)', source, re.MULTILINE)

    assert probes
    assert set(probes) <= {row[0] for row in table(PAGE)}


@pytest.mark.parametrize("row", table(README)[:1] + table(README)[2:], ids=lambda row: row[0] or "head")
def test_a_row_of_the_readme_begins_one_of_the_page(row: list[str]) -> None:
    """The page has more columns."""
    assert row in [plain(each)[: len(row)] for each in table(PAGE)]
