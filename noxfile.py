"""One command for each purpose; every session makes its own virtual environment.

``nox`` runs the tests, ``nox -l`` lists the sessions, and ``nox -s tests -- -k accept`` passes arguments on.
``nox -s tests-3.12`` uses another Python. Where an interpreter is missing, its session is skipped; with ``CI`` in the
environment it fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["tests"]
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
EVERYTHING = "-e.[flask,quart,bridge,otel,sentry]"
COMBINATIONS = ("", "flask", "quart", "flask,quart", "bridge", "otel", "sentry")
CHECK_WHEEL = str(Path(".ci", "check_wheel.py").resolve())
NOT_ALONE = tuple(  # those of the core that take something else for an oracle, or for an example
    f"--ignore=tests/core/{name}" for name in ("test_accept.py", "test_public_names.py", "validation")
)
INTERRUPT_TIMEOUT = 15.0  # seconds that the demo has to end by itself after Ctrl-C
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
MEASURED = (3, 11)  # the Python with which the tests reach every line and branch
NEWEST = "3.13"  # the oldest that Quart 0.23 supports
SOURCES = {  # of the development versions
    "flask": "git+https://github.com/pallets/flask",
    "werkzeug": "git+https://github.com/pallets/werkzeug",
    "quart": "git+https://github.com/pallets/quart",
}
LOCK = ("--constraint", "requirements-dev.txt")
PARALLEL = ("-n", "2", "--dist", "worksteal")  # the slowest tests come last, and both workers share them
NO_BROWSER = (*PARALLEL, "-m", "not browser")
NO_DOCS = (*PARALLEL, "-m", "not browser and not docs")


def group(name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group, so that an old pip can install them."""
    return nox.project.dependency_groups(PYPROJECT, name)


def find_python(version: str) -> str:
    """Find an interpreter on PATH or among those of pyenv; return the version if there is none, for nox to say so."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    by_pyenv = sorted(pyenv.glob(f"{version}.*/bin/python{version}"), key=lambda path: (len(path.parts[-3]), path))
    for found in (shutil.which(f"python{version}"), *map(str, reversed(by_pyenv))):
        # pyenv puts a script on PATH for each Python, also for those that are not switched on.
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    return version


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with branch coverage, which has to be complete with Python 3.11 and the locked versions."""
    session.install(EVERYTHING, *group("tests"), *group("bench"), *LOCK)
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *PARALLEL, *session.posargs)
    session.run("coverage", "combine", "--quiet")
    if not session.posargs:
        # With other versions, the lines for these are not reached.
        session.run("coverage", "report", *([] if sys.version_info[:2] == MEASURED else ["--fail-under=0"]))


def tests_on(session: nox.Session) -> None:
    """Run the tests, except for those in a browser, with another Python."""
    # autobahn, which daphne needs, has no wheel for 3.15, and its extension in C can be left out.
    session.install(EVERYTHING, *group("tests"), *group("bench"), env={"AUTOBAHN_USE_NVX": "0"})
    session.run("pytest", *(session.posargs or NO_BROWSER))


for version in PYTHONS:
    nox.session(python=find_python(version), name=f"tests-{version}")(tests_on)


@nox.session
def quick(session: nox.Session) -> None:
    """Run the tests of the core and the conformance cases, without coverage, in less than 25 seconds."""
    session.install(EVERYTHING, *group("tests"), *LOCK)
    session.run("pytest", *PARALLEL, "tests/core", "tests/test_conformance.py", *session.posargs)


@nox.session
def min_versions(session: nox.Session) -> None:
    """Run the tests with the oldest versions that the extras allow, except for the browser and the documentation."""
    extras = PYPROJECT["project"]["optional-dependencies"]
    oldest = [wanted.replace(">=", "==") for wanted in (*extras["flask"], *extras["quart"], *extras["bridge"])]
    session.install(EVERYTHING, *group("tests"))
    # Without a look at what other extensions want: they are here for tests of newer versions, too.
    session.install("--no-deps", *oldest, "werkzeug==3.0.0")  # the oldest that Flask 3.0 allows
    session.run("pytest", *(session.posargs or NO_DOCS))


@nox.session(python=find_python(NEWEST))
def newest(session: nox.Session) -> None:
    """Install the wheel beside the newest Quart and ask small applications; run the tests without a browser."""
    wheel, _ = built(session)
    for extras, wanted in (("", "quart"), ("quart", "quart>=0.23")):
        python = installed(session, wheel, extras, wanted)
        session.run(python, "-I", CHECK_WHEEL, "answers", "quart", external=True)
        check = "import importlib.metadata as m; assert m.version('quart') >= '0.23', m.version('quart')"
        session.run(python, "-I", "-c", check, external=True)
    session.install(EVERYTHING, "quart>=0.23", *group("tests"), *group("bench"))
    session.run("pytest", *(session.posargs or NO_BROWSER))


@nox.session(python=find_python(NEWEST))
def dev_versions(session: nox.Session) -> None:
    """Run the tests with the development versions of the frameworks.

    They come from the network, or from the folders flask, werkzeug and quart in ``ERRBRIDGE_SOURCES``, if they exist.
    """
    folder = os.environ.get("ERRBRIDGE_SOURCES")
    here = {name: str(Path(folder, name)) for name in SOURCES if Path(folder, name).is_dir()} if folder else SOURCES
    session.install(EVERYTHING, *group("tests"))
    session.install("--no-deps", "--force-reinstall", *here.values())
    check = "import errbridge_flask, flask; errbridge_flask.ErrorHandler(flask.Flask('app'))"
    session.run("python", "-W", "error", "-c", check)
    # Quart itself uses what Werkzeug 3.2 deprecates.
    session.run("pytest", "-W", "default::DeprecationWarning", *(session.posargs or NO_DOCS))


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements-dev.txt: the versions with which the other sessions run, for every Python."""
    session.install("uv")
    arguments = "--universal --python-version 3.11 --all-extras --no-annotate --no-header --quiet --upgrade"
    groups = [word for name in ("dev", "bench") for word in ("--group", name)]
    session.run("uv", "pip", "compile", "pyproject.toml", *arguments.split(), *groups, "-o", LOCK[1])


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, docstrings, spelling, prose and who may import whom."""
    session.install(EVERYTHING, *group("lint"), *LOCK)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("interrogate", "errbridge", "errbridge_flask", "errbridge_quart")
    session.run("codespell")
    session.run("lint-imports")
    session.run("python", ".ci/prose.py")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with mypy and pyright, and what both accept and refuse of programs that use errbridge."""
    session.install(EVERYTHING, *group("types"), *group("tests"), *group("docs"), "nox", *LOCK)
    session.run("mypy")
    session.run("pyright")
    session.run("python", "-m", "typing_tests")


def built(session: nox.Session) -> tuple[Path, Path]:
    """Build the distributions, check them, and return the wheel and the source distribution."""
    session.install(*group("build"), *LOCK)
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    (wheel,) = (path.resolve() for path in Path("dist").glob("*.whl"))
    (source,) = (path.resolve() for path in Path("dist").glob("*.tar.gz"))
    session.run("twine", "check", "--strict", str(wheel), str(source))
    session.run("python", CHECK_WHEEL, "contents", str(wheel))
    return wheel, source


def installed(session: nox.Session, wheel: Path, extras: str, *others: str, name: str = "venv") -> str:
    """Install the wheel in a fresh environment with these extras, and return the path of its Python."""
    folder = Path(session.create_tmp(), f"{name}-{extras.replace(',', '-') or 'none'}").resolve()
    session.run("python", "-m", "venv", "--clear", str(folder))
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    wanted = f"errbridge[{extras}] @ {wheel.as_uri()}" if extras else str(wheel)
    session.run(python, "-m", "pip", "install", "--quiet", wanted, *others, external=True)
    return python


@nox.session
def build(session: nox.Session) -> None:
    """Build the distributions, then install the wheel in fresh environments and import what must import."""
    wheel, _ = built(session)
    for extras in COMBINATIONS:
        session.run(installed(session, wheel, extras), "-I", CHECK_WHEEL, "imports", extras, external=True)


@nox.session
def release(session: nox.Session) -> None:
    """Do what build does, ask small applications, and run the tests against the wheel: alone, and with everything."""
    wheel, source = built(session)
    for extras in COMBINATIONS:
        python = installed(session, wheel, extras)
        for command in ("imports", "answers"):
            session.run(python, "-I", CHECK_WHEEL, command, extras, external=True)

    # The tests of the source distribution, in a folder without the packages, so that only the wheel can be found.
    checkout = Path(session.create_tmp(), "checkout").resolve()
    shutil.rmtree(checkout, ignore_errors=True)
    with tarfile.open(source) as archive:
        archive.extractall(checkout, filter="data")
    (checkout,) = checkout.iterdir()
    for package in ("errbridge", "errbridge_flask", "errbridge_quart"):
        shutil.rmtree(checkout / package)
    (checkout / "errbridge_pytest.py").unlink()
    env = {"PYTHONPATH": str(Path(CHECK_WHEEL).parent)}
    for extras, requirements, arguments in (
        ("", group("tests-core"), ("--noconftest", "tests/core", *NOT_ALONE)),
        ("flask,quart,bridge,otel,sentry", group("tests"), tuple(session.posargs)),
    ):
        python = installed(session, wheel, extras, *requirements, name="tests")
        with session.chdir(checkout):
            session.run(python, "-m", "pytest", "-p", "only_installed", *arguments, env=env, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, warnings as errors, check its links, and search it; none of it needs a network."""
    session.install(EVERYTHING, *group("docs"), *LOCK)
    shutil.rmtree("build/docs", ignore_errors=True)
    session.run("sphinx-build", "-W", "--keep-going", "-n", "-q", "-b", "html", "docs", "build/docs")
    session.run("python", "docs/check.py", "build/docs")
    session.run("pytest", "-q", "docs/test_search.py", env={"ERRBRIDGE_DOCS": "build/docs"})


@nox.session
def catalogues(session: nox.Session) -> None:
    """Collect the messages of errbridge, put them in the .po files of all languages, and compile those."""
    session.install(EVERYTHING, *group("i18n"))
    session.run("python", ".ci/catalogues.py")


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take pictures of the built-in page at all widths, light and dark, in all clothes, into build/screenshots."""
    session.install(EVERYTHING, *group("tests"))
    session.run("python", "-m", "docs.contact_sheet", *session.posargs)


@nox.session
def differential(session: nox.Session) -> None:
    """Compare the frameworks with each other and with an oracle on 50,000 random applications."""
    session.install(EVERYTHING, *group("tests"))
    examples = {"ERRBRIDGE_DIFFERENTIAL_EXAMPLES": "50000"}
    session.run("pytest", "tests/test_differential.py", *session.posargs, env=examples)


@nox.session
def extensions(session: nox.Session) -> None:
    """Run the test suites of other extensions without errbridge and with it, and compare; ``-- NAME`` runs one.

    All of them take hours, so this is a session of its own. Differences are explained in .ci/extensions/suites.toml.
    """
    session.run("python", ".ci/extensions/run.py", "--folder", session.create_tmp(), *session.posargs)


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
def attack(session: nox.Session) -> None:
    """Have clients do everything wrong for twenty minutes, and see that nothing of it is left."""
    session.install(EVERYTHING, *group("tests"))
    session.run("python", "-m", "benchmarks.attack", *(session.posargs or ("--seconds", "1200")))


@nox.session
def servers(session: nox.Session) -> None:
    """Measure Flask under the bridge, Quart, and Flask under other servers in turns, in six minutes; print tables."""
    session.install(EVERYTHING, *group("tests"), *group("bench"))
    session.run("python", "-m", "benchmarks.servers", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure everything beside its peers, as ratios, in ten minutes, and write it into docs/performance.md.

    ``-- --quick`` takes one or two minutes, and writes nothing.
    """
    session.install(EVERYTHING, *group("tests"), *group("bench"))
    written = ("--write", "docs/performance.md", "--plot", "docs/images/growth.svg")
    session.run("python", "-m", "benchmarks", *(session.posargs or written))


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
