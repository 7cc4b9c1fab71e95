"""What is not installed is named by its extra, and what is installed may be in an archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.servers import ROOT, run_python


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("errbridge_flask", "flask", "flask"),
        ("errbridge_quart", "quart", "quart"),
        ("errbridge.asgi", "asgiref", "bridge"),
        ("errbridge.otel", "opentelemetry", "otel"),
        ("errbridge.sentry", "sentry_sdk", "sentry"),
    ],
)
def test_a_module_whose_package_is_missing_says_what_to_install(module: str, package: str, extra: str) -> None:
    program = f"import sys; sys.modules['{package}'] = None; import {module}"

    done = run_python("-c", program)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"ImportError: {module} needs ")
    assert done.stderr.splitlines()[-1].endswith(f": install errbridge[{extra}]")


PATCHED = """
import sys
from types import SimpleNamespace

import quart

sys.modules["flask"], sys.modules["flask.app"] = quart, SimpleNamespace(Flask=quart.Quart)
"""


def test_an_application_of_quart_flask_patch_has_the_package_of_quart() -> None:
    fitting = run_python("-c", f"{PATCHED}import errbridge_quart; errbridge_quart.ErrorHandler(quart.Quart('app'))")
    wrong = run_python("-c", f"{PATCHED}import errbridge_flask")

    assert fitting.returncode == 0, fitting.stderr
    assert wrong.returncode == 1
    assert wrong.stderr.endswith("write 'from errbridge_quart import ErrorHandler'\n")


ZIPPED = """
import asyncio, sys
import errbridge_flask, errbridge_quart, flask, quart

assert errbridge_flask.__file__.startswith(sys.argv[1])
german = {"Accept": "text/html", "Accept-Language": "de"}
app, service = flask.Flask("app"), quart.Quart("service")
errbridge_flask.ErrorHandler(app, ERROR_LANGUAGES=["en", "de"])
errbridge_quart.ErrorHandler(service, ERROR_LANGUAGES=["en", "de"])


async def ask():
    response = await service.test_client().get("/nope", headers=german)
    return await response.get_data(as_text=True)


print(app.test_client().get("/nope", headers=german).text, asyncio.run(ask()))
"""


def test_the_packages_may_be_in_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "program.pyz"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("__main__.py", ZIPPED)
        for package in ("errbridge", "errbridge_flask", "errbridge_quart"):
            for path in (ROOT / package).rglob("*.*"):
                packed.write(path, path.relative_to(ROOT))

    done = run_python(str(archive), str(archive), cwd=tmp_path)

    assert done.stderr == ""
    assert done.stdout.count(">Seite nicht gefunden</h1>") == 2
