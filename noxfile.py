"""One command for each purpose; every session makes its own virtual environment.

``nox`` runs the tests, ``nox -l`` lists the sessions, ``nox -s tests -- -k accept`` passes arguments on, and
``nox -s tests --force-python 3.13`` uses another interpreter.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["tests"]
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
EVERYTHING = "-e.[flask,quart,bridge,otel]"
INTERRUPT_TIMEOUT = 15.0  # seconds that the demo has to end by itself after Ctrl-C


def group(name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group, so that an old pip can install them."""
    return nox.project.dependency_groups(PYPROJECT, name)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with branch coverage."""
    session.install(EVERYTHING, *group("tests"))
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    if not session.posargs:
        session.run("coverage", "report")


@nox.session
def min_versions(session: nox.Session) -> None:
    """Run the tests with the oldest Flask and Quart that are supported."""
    session.install(EVERYTHING, "flask[async]==3.0.*", "quart==0.20.*", *group("tests"))
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and who may import whom."""
    session.install(EVERYTHING, *group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with mypy and pyright."""
    session.install(EVERYTHING, *group("types"), *group("tests"), "nox")
    session.run("mypy")
    session.run("pyright")


@nox.session
def build(session: nox.Session) -> None:
    """Build the distributions, then install the wheel in fresh environments and import what must import."""
    session.install(*group("build"))
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    artifacts = sorted(str(path) for path in Path("dist").iterdir())
    session.run("twine", "check", "--strict", *artifacts)
    (wheel,) = (path.resolve() for path in Path("dist").glob("*.whl"))
    check = Path(".ci", "check_wheel.py").resolve()
    session.run("python", str(check), "contents", str(wheel))
    for extras in ("", "flask", "quart", "flask,quart", "bridge", "otel"):
        folder = Path(session.create_tmp(), f"venv-{extras.replace(',', '-') or 'none'}").resolve()
        session.run("python", "-m", "venv", "--clear", str(folder))
        python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
        wanted = f"errbridge[{extras}] @ {wheel.as_uri()}" if extras else str(wheel)
        session.run(python, "-m", "pip", "install", "--quiet", wanted, external=True)
        session.run(python, "-I", str(check), "imports", extras, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, warnings as errors, and check its links; neither needs a network."""
    session.install(EVERYTHING, *group("docs"))
    shutil.rmtree("build/docs", ignore_errors=True)
    session.run("sphinx-build", "-W", "--keep-going", "-n", "-q", "-b", "html", "docs", "build/docs")
    session.run("python", "docs/check.py", "build/docs")


@nox.session
def differential(session: nox.Session) -> None:
    """Compare the frameworks with each other and with an oracle on 50,000 random applications."""
    session.install(EVERYTHING, *group("tests"))
    examples = {"ERRBRIDGE_DIFFERENTIAL_EXAMPLES": "50000"}
    session.run("pytest", "tests/test_differential.py", *session.posargs, env=examples)


@nox.session
def memory(session: nox.Session) -> None:
    """Answer 100,000 errors with new paths and see that no memory is kept."""
    session.install(EVERYTHING, *group("tests"))
    session.run("python", "-m", "benchmarks.memory", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Send 50,000 mixed requests through the bridge, check every answer, and watch the memory."""
    session.install(EVERYTHING, *group("tests"))
    session.run("python", "-m", "benchmarks.soak", *(session.posargs or ("--requests", "50000")))


@nox.session
def bench(session: nox.Session) -> None:
    """Measure everything beside its peers, as ratios, in five minutes; ``-- --quick`` takes less than one."""
    session.install(EVERYTHING, *group("tests"), *group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def comparison(session: nox.Session) -> None:
    """Run the packages that docs/comparison.md compares, and compare what they do with what it says."""
    session.install(EVERYTHING, *group("comparison"))
    session.run("python", ".ci/check_comparison.py")


@nox.session
def demo(session: nox.Session) -> None:
    """Start the demo: one Flask app and one Quart app under one Hypercorn."""
    session.install(EVERYTHING)
    session.run("python", "-m", "examples.demo", *session.posargs, interrupt_timeout=INTERRUPT_TIMEOUT)
