"""Check with type checkers what they accept and refuse: ``python -m typing_tests mypy pyright``.

* ``accepted.py`` has no errors, and each second ``reveal_type`` shows the same as the one before it.
* ``refused.py`` has the errors that its comments announce, and no others.
* The programs of the documentation have no errors, unchanged.

Without a name, mypy and pyright are asked, and of ty and pyrefly those that are installed. These two are new: what they
get wrong is announced, too (``missed by``, ``refused by``). When it changes you see it, but it is no failure.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.pages import blocks_of

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGES = (
    "README.md",
    "docs/catalogue.md",
    "docs/command-line.md",
    "docs/howto/adapter.md",
    "docs/howto/application-layout.md",
    "docs/howto/deployment.md",
    "docs/howto/shared-handlers.md",
    "docs/howto/websockets.md",
    "docs/index.md",
    "docs/logging.md",
    "docs/moving/flask-to-quart.md",
    "docs/testing.md",
    "docs/tutorials/both.md",
    "docs/tutorials/flask.md",
    "docs/tutorials/quart.md",
)
"""Those with whole programs. Others have parts of programs, or use packages without types."""

WHOLE = ("README.md", "docs/index.md")
"""Of these, what is shown is a program as well; of the others only files are."""

NOT_OURS = "TestWebsocketConnectionProtocol"
"""A class of Quart's, which ty does not take for an asynchronous context manager."""

TIMEOUT = 600


class Report(NamedTuple):
    """What a checker says about a line; `is_note` for a revealed type."""

    file: str
    line: int
    text: str
    is_note: bool


def run(*command: str) -> str:
    """Return what a checker prints; the exit status only says that there is something."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def find(checker: str) -> str:
    """Find a checker beside this Python, or on PATH."""
    return shutil.which(checker, path=str(Path(sys.executable).parent)) or shutil.which(checker) or checker


def ask_mypy(folder: Path, files: Sequence[str]) -> Iterator[Report]:
    """Ask mypy, as strict as it can be, and without the configuration of this project."""
    options = ("--strict", "--config-file=", "--output=json", "--explicit-package-bases")
    # The folder last: mypy takes a file for the module that it is in the first of these in which it is.
    command = ("env", f"MYPYPATH={folder}:{ROOT}", sys.executable, "-m", "mypy", *options)
    for line in run(*command, *(str(folder / name) for name in files)).splitlines():
        if line:
            said = json.loads(line)
            yield Report(Path(said["file"]).name, said["line"], said["message"], said["severity"] == "note")


def ask_pyright(folder: Path, files: Sequence[str]) -> Iterator[Report]:
    """Ask pyright, which is strict by the configuration of this project, and standard elsewhere."""
    project = ROOT
    if not folder.is_relative_to(ROOT):
        project = folder
        (folder / "pyrightconfig.json").write_text(json.dumps({"include": files, "extraPaths": [str(ROOT)]}))
    names = () if project is folder else tuple(str(folder / name) for name in files)
    options = ("--outputjson", "--pythonpath", sys.executable)
    said = json.loads(run(find("pyright"), *options, *(("--project", str(folder)) if project is folder else names)))
    for each in said["generalDiagnostics"]:
        line = each["range"]["start"]["line"] + 1
        yield Report(Path(each["file"]).name, line, each["message"], each["severity"] == "information")


def ask_ty(folder: Path, files: Sequence[str]) -> Iterator[Report]:
    """Ask ty for its errors, and for the types that it reveals."""
    options = ("--python", sys.prefix, "--extra-search-path", str(ROOT), "--extra-search-path", str(folder))
    shown = run(find("ty"), "check", *options, "--output-format=concise", *(str(folder / name) for name in files))
    for name, line, kind, text in re.findall(r"^(.+?):(\d+):\d+: (error|info)\[[\w-]+\] (.*)$", shown, re.MULTILINE):
        yield Report(Path(name).name, int(line), text, kind == "info")


def ask_pyrefly(folder: Path, files: Sequence[str]) -> Iterator[Report]:
    """Ask pyrefly."""
    options = ("--python-interpreter-path", sys.executable, "--search-path", str(ROOT), "--search-path", str(folder))
    shown = run(find("pyrefly"), "check", *options, "--output-format=json", *(str(folder / name) for name in files))
    said: list[dict[str, Any]] = json.loads(shown)["errors"]
    for each in said:
        if each["severity"] in ("error", "info"):
            text = each["description"]
            yield Report(Path(each["path"]).name, each["line"], text, each["name"] == "reveal-type")


Ask = Callable[[Path, Sequence[str]], Iterator[Report]]
REQUIRED: dict[str, Ask] = {"mypy": ask_mypy, "pyright": ask_pyright}
CHECKERS: dict[str, Ask] = {**REQUIRED, "ty": ask_ty, "pyrefly": ask_pyrefly}


def check_accepted(name: str, ask: Ask) -> Iterator[str]:
    """Yield what is wrong with the answers about the programs that are right."""
    lines = (HERE / "accepted.py").read_text(encoding="utf-8").splitlines()
    announced = {number for number, line in enumerate(lines, 1) if re.search(rf"# refused by .*\b{name}\b", line)}
    said = list(ask(HERE, ["accepted.py"]))
    refused = {each.line: each for each in said if not each.is_note}
    yield from (f"{name} refuses {each}" for line, each in refused.items() if line not in announced)
    yield from (f"{name} accepts by now: {lines[line - 1]}" for line in sorted(announced - refused.keys()))
    words = r'^.*( is "|evealed type: `?(def \w+)?)|["`]( \[.*)?$'  # around the type
    shown = [re.sub(words, "", each.text, flags=re.DOTALL) for each in said if each.is_note]
    if not shown or len(shown) % 2:
        yield f"{name} reveals {len(shown)} types"
    yield from (
        f"{name}: {was}\n  became {now}" for was, now in zip(shown[::2], shown[1::2], strict=True) if was != now
    )


def check_refused(name: str, ask: Ask) -> Iterator[str]:
    """Yield what is wrong with the answers about the programs that are wrong."""
    lines = (HERE / "refused.py").read_text(encoding="utf-8").splitlines()
    announced: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        if "  # mypy: " in line and not re.search(rf"; missed by .*\b{name}\b", line):
            words = re.search(rf"\b{name}: (.*?)(; pyright: |; missed by |$)", line)
            announced[number] = words[1] if words else ""
    said: dict[int, str] = {}
    for each in ask(HERE, ["refused.py"]):
        if not each.is_note:
            said[each.line] = f"{said.get(each.line, '')}{each.text}\n"
    for number in sorted(announced.keys() | said.keys()):
        if number not in said:
            yield f"{name} accepts line {number}: {lines[number - 1]}"
        elif number not in announced:
            yield f"{name} refuses line {number}: {said[number]}"
        elif announced[number] not in said[number]:
            yield f"{name} says of line {number}: {said[number]}  and not: {announced[number]}"


def write_programs(page: str, folder: Path) -> list[str]:
    """Write the programs of a page to files, as its readers do, and return their names."""
    files: dict[str, str] = {}
    name = "shown.py"
    for block in blocks_of((ROOT / page).read_text(encoding="utf-8")):
        if block.language != "python" or "not run" in block.marks:
            continue
        if file := block.marks.get("file") or block.marks.get("add to"):
            files[file] = files.get(file, "") * ("add to" in block.marks) + block.text
        elif page in WHOLE:
            name = f"and_{name}" if "alone" in block.marks else name
            files[name] = files.get(name, "") + block.text
    for path, code in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(code, encoding="utf-8")
    return list(files)


def check_programs(name: str, ask: Ask) -> Iterator[str]:
    """Yield what a checker refuses of the programs that users read."""
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            files = write_programs(page, Path(folder).resolve())
            assert files, page
            said = [each for each in ask(Path(folder).resolve(), files) if not each.is_note]
            yield from (f"{name} refuses {page}: {each}" for each in said if name != "ty" or NOT_OURS not in each.text)


def main(names: Sequence[str]) -> int:
    """Ask these checkers, print what is not as announced, and return the exit status."""
    status = 0
    for name in names or [name for name in CHECKERS if name in REQUIRED or shutil.which(find(name))]:
        ask = CHECKERS[name]
        faults = [*check_accepted(name, ask), *check_refused(name, ask), *check_programs(name, ask)]
        print(f"{name}:", "\n".join(faults) or "as announced", flush=True)
        status |= bool(faults) and name in REQUIRED
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
