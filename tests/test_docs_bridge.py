"""The page about the bridge says what the code does: its table and its options; its examples run with all others."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from errbridge.asgi import Bridge
from tests.asgi.test_comparison import OTHERS, ROWS

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "bridge.md").read_text()
COLUMNS = {"asgiref": "asgiref", "Hypercorn": "hypercorn", "a2wsgi": "a2wsgi"}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_says_what_the_tests_say() -> None:
    block = re.search(r"<!-- comparison -->\n(.*?)<!-- comparison ends -->", PAGE, re.DOTALL)
    assert block
    head, _, *lines = block[1].strip().splitlines()
    assert cells(head) == ["", "this bridge", *COLUMNS]
    assert set(COLUMNS.values()) == OTHERS
    said = [(cells(line)[0].lower(), cells(line)[1:]) for line in lines]
    wanted = [
        (row.__name__.replace("_", " "), ["yes", *("yes" if name in right else "no" for name in COLUMNS.values())])
        for row, right in ROWS.items()
    ]
    assert said == wanted


def test_the_options_are_those_of_the_bridge() -> None:
    parameters = list(inspect.signature(Bridge).parameters.values())[1:]
    said = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, re.MULTILINE))
    words = {None: "no limit", (): "none", 1024**3: "1 GiB"}
    defaults = {
        parameter.name: words.get(parameter.default, str(parameter.default).removesuffix(".0"))
        for parameter in parameters
    }
    assert said == defaults


def test_the_files_and_modules_that_it_names_exist() -> None:
    for name in re.findall(r"`((?:tests|examples|docs)/[\w./]+)`", PAGE):
        assert (ROOT / name).exists(), name
    for module in re.findall(r"python -m ([\w.]+)", PAGE):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
