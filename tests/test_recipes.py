"""The programs of the documentation about logging and observing, each with the real library, in a process of its own.

A client asks for ``/crash``, and the id that it gets is searched for in what the program has written.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs.tabs import choose_quart
from tests.pages import blocks_of
from tests.servers import ROOT

pytestmark = [pytest.mark.docs, pytest.mark.slow]

CLIENT = """
import asyncio, importlib, inspect, json, sys
sys.path.insert(0, ".")
name = sys.argv[1]
if name == "with_sentry":
    import os, sentry_sdk.client, sentry_sdk.transport
    os.environ["SENTRY_DSN"] = "https://key@localhost/1"
    class Collecting(sentry_sdk.transport.Transport):
        def capture_envelope(self, envelope):
            for item in envelope.items:
                if item.type == "event":
                    print(json.dumps(item.payload.json, default=str), file=sys.stderr)
    sentry_sdk.client.make_transport = Collecting
module = importlib.import_module(name)
client = module.app.test_client()
def ask(path):
    answer = client.get(path, headers={"Accept": "application/json"})
    if not inspect.isawaitable(answer):
        return answer.text
    async def read():
        return await (await answer).get_data(as_text=True)
    return asyncio.run(read())
print("quoted", json.loads(ask("/crash"))["instance"].removeprefix("urn:uuid:"))
if name == "with_prometheus":
    print(ask("/metrics"))
"""

PAGES = "\n".join((ROOT / page).read_text() for page in ("docs/logging.md", "docs/observing.md"))


def list_programs(text: str) -> dict[str, str]:
    return {
        path.removesuffix(".py"): block.text
        for block in blocks_of(text)
        for path in [block.marks.get("file", "")]
        if path.endswith(".py") and not path.startswith(("shop/", "test_"))  # these run with their page
    }


PROGRAMS = {"flask": list_programs(PAGES), "quart": list_programs(choose_quart(PAGES))}
CRASHED = {"flask": "Exception on /crash [GET]", "quart": "Exception on request GET /crash"}


@pytest.fixture(params=PROGRAMS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def crash(name: str, framework: str, folder: Path) -> tuple[str, str]:
    """Crash a program; return the id that the client got, and what the program wrote."""
    folder.joinpath(f"{name}.py").write_text(PROGRAMS[framework][name])
    command = [sys.executable, "-c", CLIENT, name]
    environment = {"PYTHONPATH": f"{ROOT}", "PATH": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=120)
    (quoted,) = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("quoted ")]
    rest = [line for line in done.stdout.splitlines() if not line.startswith("quoted ")]
    return quoted, "\n".join((*rest, done.stderr))


def test_every_program_has_a_test(framework: str) -> None:
    assert PROGRAMS[framework].keys() == {
        *("json_lines", "structured", "with_loguru", "with_sentry", "with_prometheus", "traced"),
    }


@pytest.mark.parametrize(("name", "stack"), [("json_lines", "exc_info"), ("structured", "exception")])
def test_a_line_of_json_has_the_id_and_the_stack(name: str, stack: str, framework: str, tmp_path: Path) -> None:
    quoted, written = crash(name, framework, tmp_path)

    (line,) = [json.loads(line) for line in written.splitlines() if quoted in line]
    assert line["incident_id"] == quoted
    assert line["path"] == "/crash"
    assert "LookupError: a secret" in line[stack]
    assert "in crash" in line[stack]


def test_a_record_of_loguru_has_the_id_and_the_stack(framework: str, tmp_path: Path) -> None:
    quoted, written = crash("with_loguru", framework, tmp_path)

    (line,) = [line for line in written.splitlines() if quoted in line]
    assert f"ERROR {quoted} {CRASHED[framework]} (incident {quoted})" in line
    assert written.count("LookupError: a secret") == 1
    assert "in crash" in written


def test_the_one_event_of_sentry_has_the_id_and_the_stack(framework: str, tmp_path: Path) -> None:
    quoted, written = crash("with_sentry", framework, tmp_path)

    events = [json.loads(line) for line in written.splitlines() if line.startswith('{"') and '"event_id"' in line]
    (event,) = events
    assert event["tags"]["incident_id"] == quoted
    (value,) = event["exception"]["values"]
    assert (value["type"], value["value"]) == ("LookupError", "a secret")
    assert value["stacktrace"]["frames"][-1]["function"] == "crash"


def test_prometheus_counts_the_error(framework: str, tmp_path: Path) -> None:
    _, written = crash("with_prometheus", framework, tmp_path)

    assert 'errors_total{scope="app",status="500",type="about:blank"} 1.0' in written


def test_the_span_has_the_id_and_the_exception_once(framework: str, tmp_path: Path) -> None:
    quoted, written = crash("traced", framework, tmp_path)

    spans: list[dict[str, Any]] = []
    decoder, start = json.JSONDecoder(), written.find("{\n")
    while start >= 0:
        span, end = decoder.raw_decode(written, start)
        spans.append(span)
        start = written.find("{\n", end)
    (span,) = [span for span in spans if span["attributes"].get("errbridge.incident.id") == quoted]
    assert span["status"]["status_code"] == "ERROR"
    assert span["attributes"]["error.type"] == "LookupError"
    (event,) = [event for event in span["events"] if event["name"] == "exception"]
    assert "in crash" in event["attributes"]["exception.stacktrace"]
