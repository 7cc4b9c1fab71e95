"""``errors types`` and ``errors find``, and the group with all commands."""

from __future__ import annotations

import gzip
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.shop import data, run, said, start, view, words_of
from tests.servers import DEADLINE
from tests.twins import WORLDS, Twins
from tests.versions import QUART

# types


def test_types_shows_the_catalogue() -> None:
    output = said(lambda world: None, "types", config={"ERROR_TYPE_URI": "https://example.com/{slug}"})

    paragraph = next(each for each in output.split("\n\n") if each.startswith("out-of-tea"))
    assert (
        paragraph.splitlines()
        == [
            "out-of-tea: 409 Out of tea",
            "  https://example.com/out-of-tea",
            "  tests.commands.shop.OutOfTea(cups)",
            "  There is no tea left.",
        ]
        or "follows the name" in paragraph
    )


def test_types_gives_schemas_to_programs() -> None:
    schema = json.loads(said(lambda world: None, "types", "--schema"))
    openapi = json.loads(said(lambda world: None, "types", "--openapi"))

    assert data(lambda world: None, "types") == schema

    assert schema["$defs"]["OutOfTea"]["properties"]["status"] == {"type": "integer", "const": 409}
    assert openapi["components"]["schemas"]["OutOfTea"]["properties"]["cups"]["type"] == "integer"


# find


ID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
LOG = f"ERROR shop K\xe4se (incident {ID})\n".encode()


def test_find_reads_compressed_logs_beside_others(tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_bytes(LOG)
    (tmp_path / "shop.log.1.gz").write_bytes(gzip.compress(LOG + b"\xff\n" + LOG))
    logs = [str(tmp_path / name) for name in ("shop.log", "shop.log.1.gz")]

    found = data(view, "find", ID[:8], *logs)

    assert [(each["source"], each["line"]) for each in found] == [(logs[0], 1), (logs[1], 1), (logs[1], 3)]
    assert {each["text"] for each in found} == {LOG.decode().rstrip()}


@pytest.mark.parametrize(
    "content", [LOG, gzip.compress(LOG)[:-4], gzip.compress(LOG)[:12] + b"\xff" * 40], ids=["plain", "short", "broken"]
)
def test_find_refuses_what_only_looks_compressed(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "shop.log.gz").write_bytes(content)

    output = said(view, "find", ID, str(tmp_path / "shop.log.gz"), exit_code=2)

    assert output.splitlines()[-1].startswith(f"{tmp_path / 'shop.log.gz'} cannot be read to its end: ")


def test_find_goes_on_after_a_broken_file(tmp_path: Path) -> None:
    logs = [tmp_path / name for name in ("shop.log", "shop.log.1.gz", "shop.log.2.gz")]
    for log, content in zip(logs, (LOG, gzip.compress(LOG * 9)[:-8], gzip.compress(LOG)), strict=True):
        log.write_bytes(content)

    output = said(view, "find", ID, *map(str, logs), exit_code=2)

    assert [output.count(f"{log}:") for log in logs] == [1, 9, 1]
    assert output.splitlines()[-1].startswith(f"{logs[1]} cannot be read to its end: ")


def test_find_says_on_standard_error_that_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_bytes(LOG)

    said_nothing = said(view, "find", "00000000", str(tmp_path / "shop.log"), exit_code=1)
    assert said_nothing.startswith(
        "no record of 00000000 in what was read; errors of clients (4xx) have one only where"
    )
    assert json.loads(said(view, "find", "00000000", str(tmp_path / "shop.log"), "--json", exit_code=1)) == []


def test_find_shows_no_control_character_that_json_had_escaped(tmp_path: Path) -> None:
    said_by_a_client = {"incident_id": ID, "message": "\ud800\u001b[2J\nK\u00e4se"}
    (tmp_path / "shop.log").write_text(json.dumps(said_by_a_client))

    output = said(view, "find", ID, str(tmp_path / "shop.log"))

    assert r"\ud800\x1b[2J" in output
    assert "\nK\u00e4se" in output


def test_json_of_find_has_no_control_character_either(tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_text(f"ERROR \x9b2J (incident {ID})", encoding="utf-8")

    output = said(view, "find", ID, str(tmp_path / "shop.log"), "--json")

    assert "\x9b" not in output
    assert json.loads(output)[0]["text"].startswith("ERROR \x9b2J")


@pytest.mark.parametrize("is_json", [False, True])
def test_what_the_output_cannot_hold_is_escaped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_json: bool) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    (tmp_path / "shop.log").write_text(f"ERROR \u8336 (incident {ID})", encoding="utf-8")
    words = ["flask", "--app", "examples.demo.flask_app", "errors", "find", ID, str(tmp_path / "shop.log")]

    done = start(*words, *["--json"] * is_json)

    assert (done.returncode, r"\u8336" in done.stdout) == (0, True), done.stderr
    assert not is_json or json.loads(done.stdout)[0]["text"].startswith("ERROR \u8336")


# The group.


def test_the_group_names_its_commands() -> None:
    output = said(view, "--help")

    assert [line.split()[0] for line in output.partition("Commands:\n")[2].splitlines()] == [
        "check",
        "eject",
        "explain",
        "find",
        "list",
        "preview",
        "types",
    ]


# What cannot be done.


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("explain", "GET", "/", "200"), "an error has a status from 400 to 599, not 200"),
        (("explain", "GET", "/", "Nope"), "there is no exception 'Nope' in Python"),
        (("explain", "GET", "/", "no.such:Thing"), "'no.such:Thing' cannot be found"),
        (("explain", "GET", "/", "json.Nope"), "write it as package.module:Class"),
        (("explain", "GET", "/", "json:dumps"), "is no exception class that a handler could get"),
        (("explain", "GET", "/", "SystemExit"), "is no exception class that a handler could get"),
        (("explain", "GET", "/", "ExceptionGroup"), "name one of them"),
        (("explain", "GET", "/", "tests.commands.shop:Nothing"), "has no status of its own"),
        (("explain", "GET", "/", "pydantic_core:SchemaError"), "cannot be made without its library"),
        (("explain", "GET", "/"), "Missing argument"),
        (("explain", "GET", "site", "404"), "a path begins with a slash; write '/site'"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_2(words: tuple[str, ...], complaint: str) -> None:
    assert complaint in said(view, *words, exit_code=2)


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_an_application_without_errbridge_is_told_how_to_get_it(name: str) -> None:
    world = WORLDS[name]()
    commands = importlib.import_module(f"{world.adapter.__name__}.cli").errors
    result = world.app.test_cli_runner().invoke(commands, ["list"])

    assert result.exit_code == 2
    assert "has no ErrorHandler: write ErrorHandler(app) or errors.init_app(app)" in result.output


def test_a_host_that_cannot_be_one_is_answered_by_each_framework_in_its_own_way() -> None:
    twins = Twins.built(view)
    flask, quart = (run(world, "explain", "GET", "/site/", "404", "--host", "a..b") for world in twins.worlds)

    assert (flask.exit_code, quart.exit_code) == (0, 0 if QUART >= (0, 23) else 2)
    for result in (flask, quart):
        expected = "the framework refuses the request:" if result.exit_code else "routing itself says"
        assert f"{expected} 400 Bad Request" in words_of(result.output)


# As people start it.


@pytest.mark.parametrize("framework", ["flask", "quart"])
def test_the_framework_finds_the_commands_by_their_entry_point(framework: str) -> None:
    listed = start(framework, "--app", f"examples.demo.{framework}_app", "errors", "list")
    unknown = start(framework, "--app", "no_such_module", "errors", "list")

    assert (listed.returncode, listed.stderr) == (0, "")
    assert f"examples/demo/{framework}_app.py:" in listed.stdout
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "no_such_module" in unknown.stderr


SERVER = """
import errbridge_flask, errbridge_quart, flask, quart
from errbridge.asgi import Bridge

old, new = flask.Flask("old"), quart.Quart("new")
errbridge_flask.ErrorHandler(old, handler="api")
errbridge_quart.ErrorHandler(new, handler="web")
app = Bridge([new, old])
"""


@pytest.mark.parametrize(("framework", "name", "style"), [("flask", "old", "api"), ("quart", "new", "web")])
def test_an_application_beside_a_bridge_is_inspected_by_its_name(
    framework: str, name: str, style: str, tmp_path: Path
) -> None:
    (tmp_path / "server.py").write_text(SERVER)

    listed = start(framework, "--app", f"server:{name}", "errors", "list", cwd=tmp_path)

    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.startswith(f"{name}, by ")
    assert f"the application\n  style {style}" in listed.stdout


@pytest.mark.parametrize(
    "adapter", ["errbridge_flask", "errbridge_flask.cli", "errbridge_quart", "errbridge_quart.cli"]
)
def test_neither_an_adapter_nor_its_entry_point_loads_the_command_line_rooms(adapter: str) -> None:
    rooms = "('errbridge.inspection', 'errbridge.pallets.inspected', 'errbridge.pallets.commands')"
    code = f"import {adapter}, sys; print([name for name in sys.modules if name.startswith({rooms})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=DEADLINE)

    assert done.stdout == "[]\n"
