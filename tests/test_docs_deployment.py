"""The unit and the container file of the deployment page work; its commands run with all other pages."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import venv
from configparser import ConfigParser
from pathlib import Path

import httpx
import pytest

from tests.pages import blocks_of
from tests.servers import DEADLINE, ROOT, as_typed, free_port, serving

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


LINES = [line.split(" ", 1) for line in written("Dockerfile").splitlines()]
CONTAINER = dict(LINES)


def test_the_command_of_the_container_serves_and_is_healthy(folder: Path) -> None:
    assert [rest for name, rest in LINES if name == "COPY"] == ["requirements.txt .", "server.py ."]
    check = json.loads(CONTAINER["HEALTHCHECK"].removeprefix("CMD "))
    command = shlex.join(json.loads(CONTAINER["CMD"])).replace(" --port 8000", "").replace(" --host 0.0.0.0", "")
    with serving(as_typed(command), folder / "log.txt", cwd=folder) as server:
        assert server.curl("curl http://127.0.0.1:8000/legacy/").text == "Flask\n"
        words = [sys.executable, *check[1:-1], check[-1].replace("http://127.0.0.1:8000", server.base)]
        subprocess.run(words, check=True, timeout=DEADLINE)
    assert subprocess.run(words, capture_output=True, check=False, timeout=DEADLINE).returncode == 1


def test_the_container_installs_what_the_command_needs(tmp_path: Path) -> None:
    """The line runs in a new environment, which finds what is installed here instead of a package index."""
    (tmp_path / "requirements.txt").write_text(written("requirements.txt"))
    venv.create(tmp_path / "venv", with_pip=True)
    (site,) = tmp_path.glob("venv/lib/python*/site-packages")
    (site / "here.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    environment = {**os.environ, "PATH": f"{tmp_path}/venv/bin", "PIP_NO_INDEX": "1"}
    command = ["/bin/sh", "-c", CONTAINER["RUN"]]

    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "does not provide the extra" not in done.stderr


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_finds_nothing_wrong_with_the_container(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(written("Dockerfile"))
    done = subprocess.run(
        ["hadolint", "Dockerfile"], cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


RELOADING = [block.text.strip() for block in blocks_of(PAGE) if block.language == "sh" and "--reload" in block.text]


@pytest.mark.parametrize("command", RELOADING)
def test_a_reloading_server_answers_with_the_new_code(command: str, folder: Path) -> None:
    port = free_port()
    bind = f"--bind=127.0.0.1:{port}" if command.startswith("hypercorn") else f"--port={port}"
    with serving([sys.executable, "-m", *command.split(), bind], folder / "log.txt", cwd=folder) as server:
        assert server.curl("curl http://127.0.0.1:8000/legacy/").text == "Flask\n"
        changed = written("server.py").replace("Flask\\n", "Flask, changed\\n")
        deadline, answer, next_write = time.monotonic() + DEADLINE, "Flask\n", 0.0
        while answer != "Flask, changed\n" and time.monotonic() < deadline:
            if time.monotonic() > next_write:  # one that comes before the server first looks at the file is no change
                (folder / "server.py").write_text(changed)
                next_write = time.monotonic() + DEADLINE / 4
            with contextlib.suppress(httpx.TransportError):  # it is starting again
                answer = server.curl("curl http://127.0.0.1:8000/legacy/").text
            time.sleep(0.05)
        assert answer == "Flask, changed\n", server.output


def test_every_server_that_the_page_names_is_started_by_it() -> None:
    commands = [block.text for block in blocks_of(PAGE) if block.language == "sh"]
    assert {command.split()[0] for command in commands} == {"hypercorn", "uvicorn", "gunicorn", "granian"}
