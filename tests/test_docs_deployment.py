"""The unit and the container file of the deployment page work; its commands run with all other pages."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.pages import blocks_of
from tests.servers import DEADLINE, ROOT, as_typed, serving

pytestmark = [pytest.mark.servers, pytest.mark.docs]

PAGE = (ROOT / "docs" / "howto" / "deployment.md").read_text()


def written(name: str) -> str:
    """Return a file of the page."""
    found = re.search(rf"<!-- file: {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.py").write_text(written("server.py"))
    return tmp_path


def serves(words: list[str], folder: Path) -> None:
    """Start a server of the page on another port, and ask it."""
    line = re.sub(r" --(bind|host|port) \S+", "", shlex.join(words))
    with serving(as_typed(line), folder / "log.txt", cwd=folder) as server:
        assert server.curl("curl http://127.0.0.1:8000/legacy/").text == "Flask\n"
        assert server.curl("curl http://127.0.0.1:8000/").text == "Quart\n"


def test_the_command_of_the_unit_serves(folder: Path) -> None:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(written("shop.service"))
    program, *options = shlex.split(unit["Service"]["ExecStart"])
    serves([Path(program).name, *options], folder)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(folder: Path) -> None:
    unit = written("shop.service")
    for there, here in (("/srv/shop/venv/bin/hypercorn", sys.executable), ("/srv/shop", str(folder))):
        unit = unit.replace(there, here)
    (folder / "shop.service").write_text(unit.replace("User=shop", "User=root"))
    command = ["systemd-analyze", "verify", str(folder / "shop.service")]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    said = [line for line in checked.stderr.splitlines() if "shop.service" in line]
    assert said == []


def test_the_command_of_the_container_serves(folder: Path) -> None:
    lines = dict(line.split(" ", 1) for line in written("Dockerfile").splitlines())
    assert lines["COPY"] == "server.py ."
    serves(json.loads(lines["CMD"]), folder)


def test_every_server_that_the_page_names_is_started_by_it() -> None:
    commands = [block.text for block in blocks_of(PAGE) if block.language == "sh"]
    assert {command.split()[0] for command in commands} == {"hypercorn", "uvicorn", "gunicorn", "granian"}
