"""Support: a client quotes an id, which leads to one record and one event, each with the stack of that request."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from errbridge.inspection.finding import check_id, find_records

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("framework", ["flask", "quart"])
@pytest.mark.parametrize("place", ["alone", "bridge"])
def test_what_a_client_quotes_finds_the_stack_of_its_own_request(framework: str, place: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support", framework, place, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    quoted, events = result["quoted"], result["events"]

    assert len(set(quoted)) == len(quoted) == (400 if framework == "flask" else 200)
    assert len(events) == len(quoted)
    misses: list[Any] = []
    logs = {name: tmp_path.joinpath(name).read_text().splitlines() for name in ("text.log", "json.log")}
    records = {name: list(find_records("", name, lines)) for name, lines in logs.items()}
    assert {name: len(found) for name, found in records.items()} == {name: len(quoted) for name in logs}
    for number, text in enumerate(quoted):
        wanted = check_id(text)
        own = f"LookupError: request number {number} failed"
        for found in records.values():
            mine = [record.text for record in found if f"incident {wanted}" in record.text]
            if len(mine) != 1 or own not in mine[0] or "in crash" not in mine[0]:
                misses.append((number, text, mine))
        tagged = [event for event in events if event["tags"]["incident_id"].startswith(wanted)]
        if [event["exception"]["values"][-1]["value"] for event in tagged] != [f"request number {number} failed"]:
            misses.append((number, text, tagged))
    assert misses == []
