"""Check with type checkers what they accept and refuse: ``python -m typing_tests mypy pyright``.

* ``accepted.py`` has no errors, and each second ``reveal_type`` shows the same as the one before it.
* ``refused.py`` has the errors that its comments announce, and no others.
* The programs of the tutorials have no errors, unchanged; their functions need no annotations.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.pages import blocks_of

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGES = ("docs/tutorials/flask.md", "docs/tutorials/quart.md", "docs/tutorials/both.md")
TIMEOUT = 600


class Report(NamedTuple):
    """What a checker says about a line; `note` for a revealed type."""

    file: str
    line: int
    text: str
    is_note: bool


def run(*command: str, folder: Path = ROOT) -> str:
    """Return what a checker prints; the exit status only says that there is something."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def ask_mypy(files: Sequence[Path], *, is_strict: bool = True) -> Iterator[Report]:
    """Ask mypy. Code without annotations is looked into as well where it may have none."""
    untyped = ("--allow-untyped-defs", "--allow-incomplete-defs", "--allow-untyped-calls", "--allow-untyped-decorators")
    options = ("--strict", "--config-file=", "--check-untyped-defs", *(() if is_strict else untyped))
    for line in run(sys.executable, "-m", "mypy", "--output=json", *options, *map(str, files)).splitlines():
        if line:
            said = json.loads(line)
            yield Report(Path(said["file"]).name, said["line"], said["message"], said["severity"] == "note")


def ask_pyright(files: Sequence[Path], *, is_strict: bool = True) -> Iterator[Report]:
    """Ask pyright, which is strict by the configuration of this project, and standard elsewhere."""
    folder = ROOT if is_strict else files[0].parent
    if not is_strict:
        (folder / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(ROOT)]}))
    said = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable, *map(str, files), folder=folder))
    for each in said["generalDiagnostics"]:
        line = each["range"]["start"]["line"] + 1
        yield Report(Path(each["file"]).name, line, each["message"], each["severity"] == "information")


CHECKERS: dict[str, Callable[..., Iterator[Report]]] = {"mypy": ask_mypy, "pyright": ask_pyright}


def check_accepted(name: str, ask: Callable[..., Iterator[Report]]) -> Iterator[str]:
    """Yield what is wrong with the answers about the programs that are right."""
    said = list(ask([HERE / "accepted.py"]))
    yield from (f"{name} refuses {each}" for each in said if not each.is_note)
    shown = [re.findall(r'is "(.*)"', each.text, re.DOTALL)[-1] for each in said if each.is_note]
    if not shown or len(shown) % 2:
        yield f"{name} reveals {len(shown)} types"
    yield from (
        f"{name}: {was}\n  became {now}" for was, now in zip(shown[::2], shown[1::2], strict=True) if was != now
    )


def check_refused(name: str, ask: Callable[..., Iterator[Report]]) -> Iterator[str]:
    """Yield what is wrong with the answers about the programs that are wrong."""
    lines = (HERE / "refused.py").read_text(encoding="utf-8").splitlines()
    announced = {
        number: found[1].strip()
        for number, line in enumerate(lines, 1)
        if (found := re.search(rf"# .*\b{name}: (.*?)(; pyright: |$)", line))
    }
    said: dict[int, str] = {}
    for each in ask([HERE / "refused.py"]):
        if not each.is_note:
            said[each.line] = f"{said.get(each.line, '')}{each.text}\n"
    for number in sorted(announced.keys() | said.keys()):
        if number not in said:
            yield f"{name} accepts line {number}: {lines[number - 1]}"
        elif number not in announced:
            yield f"{name} refuses line {number}: {said[number]}"
        elif announced[number] not in said[number]:
            yield f"{name} says of line {number}: {said[number]}  and not: {announced[number]}"


def write_programs(page: str, folder: Path) -> list[Path]:
    """Write the programs of a page to files, as its readers do."""
    files: dict[str, str] = {}
    for block in blocks_of((ROOT / page).read_text(encoding="utf-8")):
        if block.language == "python" and "not run" not in block.marks:
            name = block.marks.get("file") or block.marks.get("add to") or "shown.py"
            before = "" if "file" in block.marks or "alone" in block.marks else files.get(name, "")
            files[name] = before + block.text
    folder.mkdir()
    for name, code in files.items():
        (folder / name).write_text(code, encoding="utf-8")
    return [folder / name for name in files]


def check_programs(name: str, ask: Callable[..., Iterator[Report]]) -> Iterator[str]:
    """Yield what a checker refuses of the programs that users read."""
    with tempfile.TemporaryDirectory() as folder:
        for page in PAGES:
            files = write_programs(page, Path(folder, Path(page).stem))
            yield from (f"{name} refuses {page}: {e}" for e in ask(files, is_strict=False) if not e.is_note)


def main(names: Sequence[str]) -> int:
    """Ask these checkers, print what is wrong, and return the exit status."""
    faults: list[str] = []
    for name in names or CHECKERS:
        for check in (check_accepted, check_refused, check_programs):
            faults += check(name, CHECKERS[name])
    print("\n".join(faults) or "as announced")
    return bool(faults)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
