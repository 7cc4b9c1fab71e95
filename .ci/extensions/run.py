"""Run the test suites of other extensions without errbridge and with it on every application, and compare.

    nox -s extensions                               all of them
    nox -s extensions -- flask-login quart-auth     some
    nox -s extensions -- --style api flask-login    in one style
    nox -s extensions -- --checkout quart=FOLDER    for a source distribution without tests: a checkout that has them

``suites.toml`` names the suites, and explains each difference. A difference without an explanation fails, and so does
an explanation without a difference.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
STYLES = ("none", "api", "web")
PYTEST = ("pytest<9", "pytest-cov")  # what almost all suites need; some use private parts of pytest 8
CONFIGURATIONS = {
    "pytest.ini": "[pytest]",
    "pyproject.toml": "[tool.pytest",
    "tox.ini": "[pytest]",
    "setup.cfg": "[tool:pytest]",
}
REPETITIONS = 3  # of each difference by itself: some tests depend on the clock, or on the tests before them
TIMEOUT = 3600.0  # seconds for one suite in one style; flask-security needs most, six minutes of computing

Outcomes = dict[str, tuple[str, str]]
"""The outcome of each test, and the message of its failure."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite of tests in a source distribution; each attribute is a key of ``suites.toml``.

    Attributes:
        name: The name of the distribution.
        version: Its version.
        requires: What its tests need besides.
        tests: Folders and files with tests.
        options: Options of pytest.
        styles: The styles to run it in.
        no_tests: Why the source distribution has no tests; it is then run from a checkout only.
        differences: Tables of ``test``, a pattern, or several; ``styles``, all by default; and ``reason``.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    tests: tuple[str, ...] = ("tests",)
    options: tuple[str, ...] = ()
    styles: tuple[str, ...] = STYLES
    no_tests: str = ""
    differences: tuple[Mapping[str, Any], ...] = field(default=())


def read_suites() -> dict[str, Suite]:
    """Read the table of suites."""
    table = tomllib.loads((HERE / "suites.toml").read_text(encoding="utf-8"))
    return {name: Suite(name, **row) for name, row in table.items()}


def call(*command: str, cwd: Path, log: Path, env: Mapping[str, str] | None = None, check: bool = False) -> None:
    """Run a command with its output in a file. The status of pytest says nothing: tests may fail without errbridge."""
    with log.open("ab") as output:
        subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=check,
        )


def install(suite: Suite, folder: Path, checkout: Path | None) -> Path:
    """Make the virtual environment of a suite and unpack its tests; return the folder with them."""
    log = folder / "install.log"
    requirement = f"{suite.name}=={suite.version}"
    python = str(folder / "venv" / "bin" / "python")
    stamp = folder / "installed"
    wanted = (requirement, *PYTEST, *suite.requires)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != str(wanted):
        shutil.rmtree(folder)
        folder.mkdir(parents=True)
        call(sys.executable, "-m", "venv", str(folder / "venv"), cwd=folder, log=log)
        pip = (python, "-m", "pip", "--disable-pip-version-check", "--no-input")
        call(*pip, "install", f"-e{REPOSITORY}", *wanted, check=True, cwd=folder, log=log)
        call(*pip, "download", "--no-deps", "--no-binary", suite.name, requirement, check=True, cwd=folder, log=log)
        for archive in folder.glob("*.tar.gz"):
            with tarfile.open(archive) as source:
                source.extractall(folder / "source", filter="data")
        stamp.write_text(str(wanted), encoding="utf-8")
    if checkout is not None:
        return checkout
    (unpacked,) = (folder / "source").iterdir()
    if not any(part in _read(unpacked / name) for name, part in CONFIGURATIONS.items()):
        (unpacked / "pytest.ini").touch()  # or pytest takes the one of a folder above
    return unpacked


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def run(suite: Suite, source: Path, folder: Path, style: str, tests: Iterable[str], name: str = "") -> Outcomes:
    """Run tests of a suite in one style, ``plain`` for without errbridge; *name* is for the files with the results."""
    name = name or style
    outcomes = folder / f"{name}.json"
    outcomes.unlink(missing_ok=True)
    command = (
        str(folder / "venv" / "bin" / "python"),
        "-m",
        "pytest",
        "-p",
        "everywhere",
        "-q",
        "--tb=short",
        "--continue-on-collection-errors",
    )
    env = {
        "ERRBRIDGE_STYLE": style,
        "ERRBRIDGE_OUTCOMES": str(outcomes),
        "PYTHONPATH": os.pathsep.join((str(HERE), str(REPOSITORY))),
    }
    log = folder / f"{name}.log"
    call(*command, *suite.options, *tests, cwd=source, env=env, log=log)
    if not outcomes.exists():
        raise RuntimeError(f"pytest did not come to an end; see {log}")
    return {test: (outcome, message) for test, (outcome, message) in json.loads(outcomes.read_text("utf-8")).items()}


def compare(plain: Outcomes, styled: Outcomes) -> dict[str, tuple[str, str]]:
    """Return the tests with another outcome, and what it is."""
    tests = (*plain, *(test for test in styled if test not in plain))
    none = ("missing", "")
    return {test: styled.get(test, none) for test in tests if styled.get(test, none)[0] != plain.get(test, none)[0]}


def explain(suite: Suite, style: str, test: str) -> int | None:
    """Find the row that explains a difference."""
    for number, row in enumerate(suite.differences):
        patterns = [row["test"]] if isinstance(row["test"], str) else row["test"]
        if style in row.get("styles", suite.styles) and any(fnmatchcase(test, pattern) for pattern in patterns):
            return number
    return None


def check(suite: Suite, folder: Path, styles: Iterable[str], checkout: Path | None) -> list[str]:
    """Run a suite in the styles, and return what is not explained."""
    source = install(suite, folder, checkout)
    plain = run(suite, source, folder, "plain", suite.tests)
    passed = sum(outcome == "passed" for outcome, _ in plain.values())
    print(f"{suite.name} {suite.version}: {passed} of {len(plain)} tests pass without errbridge", flush=True)
    faults = [] if passed else [f"{suite.name}: no test passes without errbridge; see {folder}"]
    used: set[int] = set()
    for style in styles:
        different = compare(plain, run(suite, source, folder, style, suite.tests))
        for _ in range(REPETITIONS):
            if known := [test for test in different if test in plain]:
                alone = run(suite, source, folder, "plain", known, f"{style}-plain-again")
                again = compare(alone, run(suite, source, folder, style, known, f"{style}-again"))
                different = {test: found for test, found in different.items() if test in again or test not in plain}
        rows = {test: explain(suite, style, test) for test in different}
        used |= {row for row in rows.values() if row is not None}
        unexplained = [test for test, row in rows.items() if row is None]
        print(f"    {style}: {len(different)} differences, {len(unexplained)} not explained", flush=True)
        faults += [f"{suite.name} {style}: {test}: {': '.join(different[test])}" for test in unexplained]
    if set(styles) == set(suite.styles):
        for number, row in enumerate(suite.differences):
            if number not in used:
                faults.append(f"{suite.name}: no difference is explained by {row['test']!r}")
    return faults


def main() -> int:
    """Run the suites that the command line names."""
    suites = read_suites()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the extensions; all by default")
    parser.add_argument("--folder", type=Path, required=True, help="for environments, sources and results")
    parser.add_argument("--style", action="append", choices=STYLES, help="all by default")
    parser.add_argument("--checkout", action="append", default=[], metavar="NAME=FOLDER")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in suites]:
        parser.error(f"there is no suite {', '.join(unknown)}; there are {', '.join(suites)}")
    checkouts = {name: Path(folder).resolve() for name, _, folder in (each.partition("=") for each in given.checkout)}
    os.nice(19)  # the suites are long, and other work goes first
    faults: list[str] = []
    for name in given.names or suites:
        suite = suites[name]
        if suite.no_tests and name not in checkouts:
            print(f"{name} {suite.version}: left out, {suite.no_tests}", flush=True)
            continue
        folder = given.folder.resolve() / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            faults += check(suite, folder, given.style or suite.styles, checkouts.get(name))
        except (RuntimeError, subprocess.SubprocessError) as error:
            faults.append(f"{name}: {error}")
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
